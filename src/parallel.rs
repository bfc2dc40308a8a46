//! Work that falls into independent pieces, on all processors.

use std::io::{self, Write};
use std::num::NonZero;
use std::panic;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Does `work` on pieces of `items`, one a processor and all at once, and gives the results in the items' order. Fewer
/// than `least` items are one piece, done here.
pub(crate) fn in_pieces<T: Sync, R: Send>(
    name: &str,
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let threads = processors();
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

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Texts of one thread that may wait to be written.
const WAITING: usize = 2;

/// Makes text of `items`, so many at once and on all processors, and writes it in their order. `work` begins with the
/// state that `begin` makes for each thread, and adds to the text; buffers are used again and again.
///
/// # Errors
/// What `to` says.
pub(crate) fn write<T: Sync, S>(
    name: &str,
    items: &[T],
    at_once: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &[T], &mut Vec<u8>) + Sync,
    to: &mut dyn Write,
) -> io::Result<()> {
    let threads = processors().min(items.len() / at_once.max(1) / 2);
    let (begin, work) = (&begin, &work);
    if threads < 2 {
        let (mut state, mut text) = (begin(), Vec::new());
        for some in items.chunks(at_once.max(1)) {
            text.clear();
            work(&mut state, some, &mut text);
            to.write_all(&text)?;
        }
        return Ok(());
    }
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        for index in 0..threads {
            let (full, texts) = sync_channel::<Vec<u8>>(WAITING);
            let (back, spent) = sync_channel::<Vec<u8>>(WAITING + 1);
            let make = move || {
                let mut state = begin();
                for some in items.chunks(at_once).skip(index).step_by(threads) {
                    let mut text = spent.try_recv().unwrap_or_default();
                    text.clear();
                    work(&mut state, some, &mut text);
                    // Nobody waits for it any more when writing failed.
                    if full.send(text).is_err() {
                        return;
                    }
                }
            };
            let builder = thread::Builder::new().name(name.to_owned());
            builder.spawn_scoped(scope, make)?;
            workers.push((texts, back));
        }
        // Each thread makes every so manieth piece; one that panicked ends the writing, and the scope says so.
        for (texts, back) in workers.iter().cycle() {
            let Ok(text) = texts.recv() else { break };
            to.write_all(&text)?;
            let _ = back.try_send(text);
        }
        Ok(())
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

    #[test]
    fn texts_stand_in_the_items_order_and_an_error_ends_it() {
        let line = |count: &mut u32, some: &[u32], text: &mut Vec<u8>| {
            *count += 1;
            for item in some {
                let _ = writeln!(text, "{item}");
            }
        };
        for items in [0_u32, 1, 9, 1000] {
            let all: Vec<u32> = (0..items).collect();
            let mut text = Vec::new();
            write("test", &all, 7, || 0, line, &mut text).unwrap();
            let expected = (0..items).fold(String::new(), |all, i| all + &i.to_string() + "\n");
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
        let all: Vec<u32> = (0..10_000).collect();
        let mut small = [0; 100];
        assert!(write("test", &all, 7, || 0, line, &mut small.as_mut_slice()).is_err());
    }
}
