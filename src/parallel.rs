//! Work that falls into independent pieces, on all processors.

use std::num::NonZero;
use std::panic;
use std::thread;

/// Does `work` on pieces of `items`, one a processor and all at once, and gives the results in the items' order. Fewer
/// than `least` items are one piece, done here.
pub(crate) fn in_pieces<T: Sync, R: Send>(
    name: &str,
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    if items.len() < least || items.is_empty() || threads == 1 {
        return vec![work(items)];
    }
    let work = &work;
    thread::scope(|scope| {
        let mut pieces = items.chunks(items.len().div_ceil(threads));
        let own = pieces.next().unwrap_or_default();
        let workers: Vec<_> = pieces
            .map(|piece| {
                let builder = thread::Builder::new().name(name.to_owned());
                (piece, builder.spawn_scoped(scope, move || work(piece)))
            })
            .collect();
        let mut all = Vec::with_capacity(threads);
        all.push(work(own));
        for (piece, worker) in workers {
            all.push(match worker.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(part)) => part,
                Ok(Err(panic)) => panic::resume_unwind(panic),
                Err(_) => work(piece),
            });
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_stand_in_the_items_order() {
        let items: Vec<u32> = (0..1000).collect();
        for least in [0, 1, 5000] {
            let parts = in_pieces("test", &items, least, <[u32]>::to_vec);
            assert_eq!(parts.concat(), items);
        }
        assert_eq!(in_pieces("test", &[] as &[u32], 0, <[u32]>::len), [0]);
    }
}
