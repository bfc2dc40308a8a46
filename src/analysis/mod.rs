//! The pipeline, as the data flows:
//!
//! ```text
//!   Source ─ Block ─▶ Dispatcher: decode, defragment, number the conversation
//!                        └─ Batch ─▶ Shard: stream, dissectors, sessions
//!                                      └─ Flow ─▶ rules ─▶ Outcome ─▶ report
//! ```
//!
//! Nothing here has a thread or a clock. The dispatcher sees every frame in order and gives each conversation
//! its number; a shard owns some of the conversations. How many shards there are changes nothing in the result.

pub(crate) mod batch;
pub(crate) mod dispatch;
mod joins;
pub(crate) mod keys;
mod outcome;
mod pipes;
pub(crate) mod response_times;
pub(crate) mod shard;

use std::sync::Arc;

use colloquy_dissectors::units::Timestamp;

use crate::capture::{Block, CaptureError, CaptureSummary, Source};
use crate::diagnosis::{World, rules::capture_quality};
use crate::session::leads;
use crate::session::model::Flow;
use crate::session::told::Dialogue;
use batch::Batch;
use dispatch::Dispatcher;
use keys::Keys;
use shard::Shard;

pub use dispatch::FrameCounts;
pub use outcome::{CaptureRecord, Found, Judged, Outcome, PerSession, Row};
pub(crate) use outcome::{Judgement, judge};
pub use response_times::{Key, Places, ResponseTimes, Sum, Wanted};

/// One capture being analysed on the caller's own thread: what a live capture and a test use. Files that are
/// read as fast as possible go through [`runner`](crate::runner), with the same result.
pub struct Analysis {
    dispatcher: Dispatcher,
    shard: Shard,
    batches: Vec<Batch>,
    keys: Keys,
}

impl Analysis {
    /// An empty one. `watch`: remember what changes, for [`Analysis::changed`].
    pub fn new(watch: bool) -> Self {
        Self {
            dispatcher: Dispatcher::new(1, None),
            shard: Shard::new(1, watch),
            batches: Vec::new(),
            keys: Keys::default(),
        }
    }

    /// One that writes down the messages of one conversation.
    pub fn telling(flow: u32) -> Self {
        Self {
            dispatcher: Dispatcher::new(1, Some(flow)),
            shard: Shard::telling(flow),
            batches: Vec::new(),
            keys: Keys::default(),
        }
    }

    /// What the capture has told up to the frames that come next: the text of a key log, all of it, see [`Source::secrets`].
    pub fn secrets(&mut self, key_log: &str) {
        if let Some(secrets) = self.keys.fresh(key_log) {
            self.shard.learn(&secrets);
        }
    }

    /// Takes the next frames; gives the block back to be used again.
    pub fn push(&mut self, block: Block) -> Block {
        let block = Arc::new(block);
        self.dispatcher.dispatch(&block, &mut self.batches);
        for batch in &self.batches {
            self.shard.take(batch);
        }
        self.batches.clear();
        Arc::try_unwrap(block).unwrap_or_default()
    }

    /// The conversations that were touched since the last call, as they stand.
    pub fn changed(&mut self) -> Vec<Flow> {
        self.shard.changed()
    }

    /// All conversations as they stand.
    pub fn flows(&self) -> Vec<Flow> {
        self.shard.all()
    }

    /// What the frames were so far.
    pub fn counts(&self) -> &FrameCounts {
        &self.dispatcher.counts
    }

    /// The outcome as it stands, while the capture runs on; `now` is the present.
    pub fn snapshot(&self, summary: CaptureSummary, now: Timestamp) -> Outcome {
        let parts = Parts {
            summary,
            counts: self.dispatcher.counts.clone(),
            lost: self.dispatcher.lost.clone(),
            flows: self.shard.all(),
            times: None,
        };
        let mut outcome = Outcome::default();
        parts.judge(&mut outcome, Some(now), &HERE);
        outcome.settle();
        outcome
    }

    /// The end: the outcome of the whole capture.
    pub fn finish(mut self, summary: CaptureSummary) -> Outcome {
        self.dispatcher.finish();
        let flows = self.shard.finish();
        let parts = Parts {
            summary,
            counts: self.dispatcher.counts,
            lost: self.dispatcher.lost,
            flows,
            times: None,
        };
        let mut outcome = Outcome::default();
        parts.judge(&mut outcome, None, &HERE);
        outcome.settle();
        outcome
    }

    /// The end: what the conversation said that was asked for.
    pub fn finish_telling(mut self) -> Option<Dialogue> {
        self.dispatcher.finish();
        self.shard.finish_telling()
    }
}

/// What is done with all conversations of a capture, one after the other here and on several threads in the runner.
pub(crate) struct Work {
    /// Learns from them.
    pub(crate) learn: fn(&[Flow]) -> World,
    /// Judges them.
    pub(crate) judge: fn(&[Flow], &World) -> Vec<Judgement>,
    /// Takes apart what was learned.
    pub(crate) discard: fn(World),
}

/// All of it on this thread.
const HERE: Work = Work {
    learn,
    judge,
    discard: drop,
};

/// What the conversations teach.
pub(crate) fn learn(flows: &[Flow]) -> World {
    let mut world = World::default();
    for flow in flows {
        world.learn(flow);
    }
    world
}

/// What the stages made of one capture, before it is judged.
pub(crate) struct Parts {
    pub(crate) summary: CaptureSummary,
    pub(crate) counts: FrameCounts,
    pub(crate) lost: Vec<crate::diagnosis::world::LostDatagram>,
    pub(crate) flows: Vec<Flow>,
    /// Response times, where they are wanted; so far of requests that are over.
    pub(crate) times: Option<Box<ResponseTimes>>,
}

impl Parts {
    /// Runs the rules and adds the result. `now`: the present, while the capture runs on.
    pub(crate) fn judge(mut self, outcome: &mut Outcome, now: Option<Timestamp>, work: &Work) {
        leads::join(&mut self.flows);
        let bound = pipes::name_calls(&mut self.flows, self.times.as_deref_mut());
        // What the reader says leaves out frames without a time.
        let told = (self.summary.first, self.summary.last);
        let counted = (self.counts.first, self.counts.last);
        let start = told.0.or(counted.0.map(|s| s.time)).unwrap_or_default();
        let end = told.1.or(counted.1.map(|s| s.time)).unwrap_or_default();
        let mut world = World {
            start,
            end: now.map_or(end, |n| n.max(end)),
            breaks: self.summary.breaks.clone(),
            running: now.is_some(),
            dropped: self.summary.dropped.unwrap_or(0),
            lost_datagrams: self.lost,
            ..(work.learn)(&self.flows)
        };
        world.place_lost(&self.flows);
        world.settle();
        joins::tell(
            &mut self.flows,
            &world,
            bound,
            outcome.session_count() as u32 + 1,
        );
        let quality = capture_quality::examine(&self.summary, &self.counts, &self.flows, &world);
        let record = CaptureRecord {
            summary: self.summary,
            counts: self.counts,
            quality,
        };
        let judgements = (work.judge)(&self.flows, &world);
        if let Some(mut times) = self.times {
            outcome::count_open(&self.flows, &world, &mut times);
            match &mut outcome.response_times {
                Some(all) => all.merge(*times),
                none => *none = Some(times),
            }
        }
        (work.discard)(world);
        outcome.add(record, self.flows, judgements);
    }
}

/// Analyses one source on this thread.
pub fn analyse(source: &mut dyn Source) -> Result<Outcome, CaptureError> {
    let mut analysis = Analysis::new(false);
    let mut block = Block::new();
    while source.fill(&mut block)? {
        analysis.secrets(source.secrets());
        block = analysis.push(block);
    }
    Ok(analysis.finish(source.summary()))
}
