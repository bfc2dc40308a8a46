//! Reading on threads: a reader that takes blocks apart, and workers that own the conversations.

mod detail;
mod excerpt;
mod pool;
mod rows;
mod slice;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::analysis::batch::Batch;
use crate::analysis::dispatch::Dispatcher;
use crate::analysis::keys::Keys;
use crate::analysis::shard::Shard;
use crate::analysis::{
    Analysis, Judgement, Outcome, Parts, ResponseTimes, Wanted, Work, judge, learn,
};
use crate::capture::{self, Block, CaptureError, KeyLog, Source};
use crate::diagnosis::World;
use crate::parallel;
use crate::session::model::Flow;
use crate::session::told::Dialogue;

pub use detail::{Detail, detail};
pub use excerpt::Excerpt;
pub use rows::{Failed, Job, look_ahead, write_rows};
pub use slice::{FrameSet, SliceNotes, frames_of, frames_where, secrets_of, write_slice};

/// Batches that may wait for one worker.
const QUEUE: usize = 4;

/// How captures are analysed.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Threads; 0 for as many as there are processors.
    pub threads: usize,
    /// TLS secrets beside the captures: what they encrypted is read with them and with those that a capture brings along.
    pub key_log: KeyLog,
    /// Set by another thread to stop early: what was read so far is the result.
    pub cancel: Arc<AtomicBool>,
    /// Whether response times are added up: [`Outcome::response_times`].
    pub response_times: Wanted,
}

/// How far it is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The capture's place among those given.
    pub capture: usize,
    /// Its bytes that were read.
    pub bytes: u64,
    /// Its size, where it is known.
    pub of_bytes: Option<u64>,
    /// Frames so far.
    pub frames: u64,
}

/// Analyses captures one after the other; `-` is standard input. `progress` is called now and then.
///
/// One that cannot be opened, is none, or cannot be read to its end does not stop the others: what went wrong is in
/// [`Outcome::errors`].
///
/// # Errors
/// The first one's, when no capture could be opened at all. A damaged one is no error: see
/// [`CaptureRecord`](crate::analysis::CaptureRecord).
pub fn analyse_files(
    paths: &[PathBuf],
    options: &Options,
    progress: &dyn Fn(&Progress),
) -> Result<Outcome, CaptureError> {
    let mut outcome = Outcome::default();
    let mut first_error = None;
    for (capture, path) in paths.iter().enumerate() {
        let mut source = match capture::open(&path.to_string_lossy()) {
            Ok(source) => options.key_log.beside(source),
            Err(error) => {
                outcome.errors.push(error.to_string());
                first_error.get_or_insert(error);
                continue;
            }
        };
        let of_bytes = size(path);
        let report = |bytes, frames| {
            progress(&Progress {
                capture,
                bytes,
                of_bytes,
                frames,
            });
        };
        let times = ResponseTimes::of_capture(&options.response_times, capture as u32);
        let (parts, error) = read(source.as_mut(), options, times, &report);
        outcome.errors.extend(error.map(|e| e.to_string()));
        parts.judge(&mut outcome, None, &ON_THREADS);
    }
    match first_error {
        Some(error) if outcome.captures.is_empty() => Err(error),
        _ => {
            outcome.settle();
            Ok(outcome)
        }
    }
}

fn size(path: &std::path::Path) -> Option<u64> {
    std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|m| m.len())
}

/// Analyses one source as far as it can be read; why it could not be read on is in [`Outcome::errors`].
pub fn analyse(source: &mut dyn Source, options: &Options) -> Outcome {
    let mut outcome = Outcome::default();
    let times = ResponseTimes::of_capture(&options.response_times, 0);
    let (parts, error) = read(source, options, times, &|_, _| ());
    outcome.errors.extend(error.map(|e| e.to_string()));
    parts.judge(&mut outcome, None, &ON_THREADS);
    outcome.settle();
    outcome
}

/// Reads a capture again for the messages of one conversation.
pub fn dialogue(
    source: &mut dyn Source,
    flow: u32,
    cancel: &AtomicBool,
) -> Result<Option<Dialogue>, CaptureError> {
    let mut analysis = Analysis::telling(flow);
    let mut block = Block::new();
    while !cancel.load(Ordering::Relaxed) && source.fill(&mut block)? {
        analysis.secrets(source.secrets());
        block = analysis.push(block);
    }
    Ok(analysis.finish_telling())
}

/// Conversations from which on several threads are worth it.
const MANY: usize = 2000;

const ON_THREADS: Work = Work {
    learn: learn_all,
    judge: judge_all,
    discard: |world| {
        // Beside the rest of the work; where there is no thread for it, here.
        let _ = thread::Builder::new().spawn(move || drop(world));
    },
};

/// Learns from all conversations, from many of them on several threads.
fn learn_all(flows: &[Flow]) -> World {
    let mut worlds = parallel::in_pieces("learn", flows, MANY, learn).into_iter();
    let mut world = worlds.next().unwrap_or_default();
    worlds.for_each(|later| world.learn_from(later));
    world
}

/// Judges all conversations, many of them on several threads: each is judged by itself.
fn judge_all(flows: &[Flow], world: &World) -> Vec<Judgement> {
    let parts = parallel::in_pieces("rules", flows, MANY, |piece| judge(piece, world));
    parts.into_iter().flatten().collect()
}

fn threads(options: &Options) -> usize {
    match options.threads {
        0 => thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n.min(64),
    }
}

/// What the stages made of a source, and why it could not be read to its end.
fn read(
    source: &mut dyn Source,
    options: &Options,
    times: Option<Box<ResponseTimes>>,
    progress: &dyn Fn(u64, u64),
) -> (Parts, Option<CaptureError>) {
    let threads = threads(options);
    let lanes = if threads == 1 {
        1
    } else {
        pool::lanes(threads)
    };
    let mut dispatcher = Dispatcher::new(lanes, None);
    let feed = Feed {
        source: &mut *source,
        options,
        progress,
        keys: Keys::default(),
    };
    let ((mut flows, times), error) = if threads == 1 {
        on_this_thread(feed, &mut dispatcher, times)
    } else {
        pool::run(feed, &mut dispatcher, threads, times)
    };
    flows.sort_unstable_by_key(|f| f.index);
    dispatcher.finish();
    let parts = Parts {
        summary: source.summary(),
        counts: dispatcher.counts,
        lost: dispatcher.lost,
        flows,
        times,
    };
    (parts, error)
}

/// Where blocks come from, until they end, fail or are not wanted any more.
struct Feed<'a> {
    source: &'a mut dyn Source,
    options: &'a Options,
    progress: &'a dyn Fn(u64, u64),
    keys: Keys,
}

impl Feed<'_> {
    /// The next block, in the buffers of `block`.
    fn next(&mut self, mut block: Block) -> Result<Option<Block>, CaptureError> {
        if self.options.cancel.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(self.source.fill(&mut block)?.then_some(block))
    }

    /// Gives the batches of a block what the capture has told up to its end.
    fn hand(&mut self, batches: &mut [Batch]) {
        self.keys.hand(self.source.secrets(), batches);
    }

    fn told(&self, frames: u64) {
        (self.progress)(self.source.summary().read_bytes, frames);
    }
}

/// What a shard, or all of them, made of their conversations.
type Made = (Vec<Flow>, Option<Box<ResponseTimes>>);

fn on_this_thread(
    mut feed: Feed<'_>,
    dispatcher: &mut Dispatcher,
    times: Option<Box<ResponseTimes>>,
) -> (Made, Option<CaptureError>) {
    let mut shard = Shard::timing(1, times);
    let mut batches = Vec::new();
    let mut block = Block::new();
    let error = loop {
        match feed.next(block) {
            Ok(Some(full)) => {
                let shared = Arc::new(full);
                dispatcher.dispatch(&shared, &mut batches);
                feed.hand(&mut batches);
                for batch in &batches {
                    shard.take(batch);
                }
                batches.clear();
                block = Arc::try_unwrap(shared).unwrap_or_default();
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        feed.told(dispatcher.counts.frames);
    };
    (shard.finish_timing(), error)
}
