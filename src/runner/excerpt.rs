//! The frames of one conversation, cut out of a capture to be taken apart again and again without reading it each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use colloquy_dissectors::units::FrameNo;

use super::rows::Told;
use super::slice::{FrameSet, add_fragments};
use super::{Detail, detail::keep};
use crate::analysis::batch::Batch;
use crate::analysis::dispatch::Dispatcher;
use crate::capture::{Block, CaptureError, Source};
use crate::limits;
use crate::rows::{Forward, Plan, RowShard};

/// A conversation with all its frames.
#[derive(Debug)]
pub struct Excerpt {
    flow: u32,
    frames: FrameSet,
    /// A batch a frame; none where they are more than [`limits::EXCERPT_BYTES`].
    batches: Option<Vec<Batch>>,
    ahead: Arc<Forward>,
}

impl Excerpt {
    /// Reads a capture once for the conversation of that number. None when `cancel` was set.
    ///
    /// # Errors
    /// What [`Source::fill`] says.
    pub fn of(
        source: &mut dyn Source,
        flow: u32,
        cancel: &AtomicBool,
    ) -> Result<Option<Self>, CaptureError> {
        let mut dispatcher = Dispatcher::of_every_frame(1);
        let mut cutting = Cutting::new(flow);
        let mut frames = FrameSet::default();
        let mut batches = Vec::new();
        let mut block = Block::new();
        let mut told = Told::new(&Plan::everything());
        while source.fill(&mut block)? {
            if cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let shared = Arc::new(block);
            dispatcher.dispatch(&shared, &mut batches);
            told.hand(source, &mut batches);
            for batch in &batches {
                cutting.take(batch, &mut frames);
            }
            add_fragments(&mut frames, &mut dispatcher);
            batches.clear();
            block = Arc::try_unwrap(shared).unwrap_or_default();
        }
        let mut excerpt = Self {
            flow,
            frames,
            batches: cutting.kept,
            ahead: Arc::default(),
        };
        let plan = Plan::everything();
        let mut collecting = excerpt.shard(|shards| RowShard::collecting(&plan, shards));
        for batch in excerpt.batches.iter().flatten() {
            collecting.take(batch, &mut |_| ());
        }
        excerpt.ahead = Arc::new(collecting.finish(&mut |_| ()).unwrap_or_default());
        Ok(Some(excerpt))
    }

    /// The number of the conversation.
    pub const fn flow(&self) -> u32 {
        self.flow
    }

    /// Its frames, with fragments of its datagrams and ICMP errors about it.
    pub const fn frames(&self) -> &FrameSet {
        &self.frames
    }

    /// One of its frames in full, as [`detail`](super::detail()) has it. None for a frame that is not kept, and when `cancel` was set.
    pub fn detail(&self, frame: FrameNo, cancel: &AtomicBool) -> Option<Detail> {
        let batches = self.batches.as_ref()?;
        let of = |batch: &Batch| batch.items.first().map_or(0, |i| i.stamp.frame);
        let at = batches.binary_search_by_key(&frame, of).ok()?;
        let plan = Plan::everything();
        let mut shard = self
            .shard(|shards| RowShard::new(&plan, shards, Some(Arc::clone(&self.ahead))))
            .only(Some(self.flow), frame);
        let mut row = None;
        for batch in batches.iter().take(at + 1) {
            if cancel.load(Ordering::Relaxed) {
                return None;
            }
            shard.take(batch, &mut |r| keep(r, frame, &mut row));
        }
        shard.finish(&mut |r| keep(r, frame, &mut row));
        let block = &batches.get(at)?.block;
        let record = block.records.first()?;
        let row = row?;
        Some(Detail {
            flow: Some(self.flow),
            link: record.link,
            bytes: block.bytes(record).to_vec(),
            messages: row.messages.iter().map(|m| shard.bytes(m)).collect(),
            row,
        })
    }

    /// Of so many shards that this conversation is the first one of its own.
    fn shard(&self, make: impl Fn(usize) -> RowShard) -> RowShard {
        make(self.flow as usize + 1)
    }
}

/// Collects the frames of a conversation.
struct Cutting {
    flow: u32,
    kept: Option<Vec<Batch>>,
    bytes: usize,
    /// What was told since the last frame that was kept: the opening, secrets.
    before: Batch,
}

impl Cutting {
    fn new(flow: u32) -> Self {
        Self {
            flow,
            kept: Some(Vec::new()),
            bytes: 0,
            before: Batch::default(),
        }
    }

    fn take(&mut self, batch: &Batch, frames: &mut FrameSet) {
        let openings = batch.openings.iter();
        let own = openings.filter(|(opening, _)| opening.index == self.flow);
        self.before.openings.extend(own);
        if batch.secrets.is_some() {
            self.before.secrets.clone_from(&batch.secrets);
        }
        for (at, item) in batch.items.iter().enumerate() {
            if item.flow != self.flow {
                continue;
            }
            frames.insert(item.stamp.frame);
            let Some(kept) = &mut self.kept else { continue };
            let Some(mut one) = batch.excerpt(at) else {
                continue;
            };
            one.openings = std::mem::take(&mut self.before.openings);
            one.secrets = self.before.secrets.take();
            self.bytes += one.size();
            kept.push(one);
            if self.bytes > limits::EXCERPT_BYTES {
                self.kept = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::filter::{self, Filter};
    use crate::runner::detail;
    use crate::{capture, fields};

    /// What an excerpt says of a frame is what the whole capture says of it.
    #[test]
    fn an_excerpt_tells_what_the_capture_tells() {
        let never = AtomicBool::new(false);
        let mut seen = 0;
        for name in [
            "smb/logon-failure.pcap",
            "dcerpc/pipe-over-netbios.pcapng",
            "oncrpc/replies-reversed.pcap",
            "websocket/echo.pcap",
        ] {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("samples")
                .join(name);
            let open = || capture::open(&path.to_string_lossy());
            for flow in 0..3 {
                let excerpt = Excerpt::of(open().unwrap().as_mut(), flow, &never);
                let excerpt = excerpt.unwrap().unwrap();
                for frame in excerpt.frames().iter().step_by(3) {
                    let expected = detail(&open, frame, &never).unwrap().unwrap();
                    let told = excerpt.detail(frame, &never).unwrap();
                    assert_eq!(
                        format!("{told:?}"),
                        format!("{expected:?}"),
                        "{name} {frame}"
                    );
                    seen += 1;
                }
                assert!(excerpt.detail(1_000_000, &never).is_none());
            }
        }
        assert!(seen > 20, "{seen}");
    }

    /// Of all values of samples, as one clicks on them: the expression compiles, and holds for the frame that has the value.
    #[test]
    fn what_was_clicked_is_found() {
        let never = AtomicBool::new(false);
        let mut kinds = BTreeSet::new();
        let mut seen = 0;
        for name in [
            "smb/logon-failure.pcap",
            "dcerpc/pipe-over-netbios.pcapng",
            "oncrpc/replies-reversed.pcap",
            "websocket/echo.pcap",
            "ssh/password-login.pcap",
        ] {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("samples")
                .join(name);
            let mut source = capture::open(&path.to_string_lossy()).unwrap();
            let excerpt = Excerpt::of(source.as_mut(), 0, &never).unwrap().unwrap();
            for frame in excerpt.frames().iter() {
                let detail = excerpt.detail(frame, &never).unwrap();
                for entry in detail.row.values.iter() {
                    let Some(info) = fields::info(entry.id).filter(|i| !i.name.is_empty()) else {
                        continue;
                    };
                    let Some(text) = filter::equality(info, entry.value) else {
                        continue;
                    };
                    let filter = Filter::compile(&text);
                    let holds = filter.map(|filter| filter.matches(&detail.row.values));
                    assert_eq!(holds, Ok(true), "{text} in frame {frame} of {name}");
                    kinds.insert(fields::type_name(info.kind));
                    seen += 1;
                }
            }
        }
        assert!(seen > 2000 && kinds.len() > 10, "{seen}: {kinds:?}");
    }

    #[test]
    fn who_does_not_want_it_any_more_gets_nothing() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/websocket/echo.pcap");
        let mut source = capture::open(path).unwrap();
        let stopped = Excerpt::of(source.as_mut(), 0, &AtomicBool::new(true));
        assert!(stopped.unwrap().is_none());
    }
}
