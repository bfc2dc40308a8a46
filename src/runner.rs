//! Reading on threads: a reader that takes blocks apart, and workers that own the conversations.

mod detail;
mod excerpt;
mod rows;
mod slice;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::analysis::batch::Batch;
use crate::analysis::dispatch::Dispatcher;
use crate::analysis::shard::Shard;
use crate::analysis::{Analysis, Judgement, Outcome, Parts, Work, judge, learn};
use crate::capture::{self, Block, CaptureError, Source};
use crate::diagnosis::World;
use crate::parallel;
use crate::session::model::Flow;
use crate::session::told::Dialogue;

pub use detail::{Detail, detail};
pub use excerpt::Excerpt;
pub use rows::{Failed, Job, look_ahead, write_rows};
pub use slice::{FrameSet, SliceNotes, frames_of, frames_where, write_slice};

/// Batches that may wait for one worker.
const QUEUE: usize = 4;

/// How captures are analysed.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Workers; 0 for as many as there are processors.
    pub threads: usize,
    /// Set by another thread to stop early: what was read so far is the result.
    pub cancel: Arc<AtomicBool>,
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
            Ok(source) => source,
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
        let (parts, error) = read(source.as_mut(), options, &report);
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
    let (parts, error) = read(source, options, &|_, _| ());
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
        block = analysis.push(block);
    }
    Ok(analysis.finish_telling())
}

/// Conversations from which on several threads are worth it.
const MANY: usize = 2000;

const ON_THREADS: Work = Work {
    learn: learn_all,
    judge: judge_all,
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
    progress: &dyn Fn(u64, u64),
) -> (Parts, Option<CaptureError>) {
    let threads = threads(options);
    let mut dispatcher = Dispatcher::new(threads, None);
    let feed = Feed {
        source: &mut *source,
        options,
        progress,
    };
    let (mut flows, error) = if threads == 1 {
        on_this_thread(feed, &mut dispatcher)
    } else {
        sharded(feed, &mut dispatcher, threads)
    };
    flows.sort_unstable_by_key(|f| f.index);
    dispatcher.finish();
    let parts = Parts {
        summary: source.summary(),
        counts: dispatcher.counts,
        lost: dispatcher.lost,
        flows,
    };
    (parts, error)
}

/// Where blocks come from, until they end, fail or are not wanted any more.
struct Feed<'a> {
    source: &'a mut dyn Source,
    options: &'a Options,
    progress: &'a dyn Fn(u64, u64),
}

impl Feed<'_> {
    /// The next block, in the buffers of `block`.
    fn next(&mut self, mut block: Block) -> Result<Option<Block>, CaptureError> {
        if self.options.cancel.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(self.source.fill(&mut block)?.then_some(block))
    }

    fn told(&self, frames: u64) {
        (self.progress)(self.source.summary().read_bytes, frames);
    }
}

fn on_this_thread(
    mut feed: Feed<'_>,
    dispatcher: &mut Dispatcher,
) -> (Vec<Flow>, Option<CaptureError>) {
    let mut shard = Shard::new(1, false);
    let mut batches = Vec::new();
    let mut block = Block::new();
    let error = loop {
        match feed.next(block) {
            Ok(Some(full)) => {
                let shared = Arc::new(full);
                dispatcher.dispatch(&shared, &mut batches);
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
    (shard.finish(), error)
}

/// What comes back from the workers to be used again.
struct Spent {
    blocks: Receiver<Block>,
    batches: Receiver<Batch>,
}

/// The reader runs on this thread, the workers on their own.
fn sharded(
    mut feed: Feed<'_>,
    dispatcher: &mut Dispatcher,
    threads: usize,
) -> (Vec<Flow>, Option<CaptureError>) {
    thread::scope(|scope| {
        let (back, blocks) = bounded::<Block>(QUEUE * threads);
        let (emptied, batches) = bounded::<Batch>(QUEUE * threads);
        let mut workers = Vec::new();
        let mut queues: Vec<Sender<Batch>> = Vec::new();
        for index in 0..threads {
            let (sender, receiver) = bounded::<Batch>(QUEUE);
            let (back, emptied) = (back.clone(), emptied.clone());
            let name = format!("shard-{index}");
            let builder = thread::Builder::new().name(name);
            match builder.spawn_scoped(scope, move || work(&receiver, &back, &emptied, threads)) {
                Ok(worker) => workers.push(worker),
                Err(source) => {
                    let path = "a worker thread".to_owned();
                    return (Vec::new(), Some(CaptureError::Open { path, source }));
                }
            }
            queues.push(sender);
        }
        let error = distribute(&mut feed, dispatcher, &queues, &Spent { blocks, batches });
        drop(queues);
        let mut flows = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(part) if flows.is_empty() => {
                    flows = part;
                    flows.reserve_exact(flows.len() * (threads - 1) + threads);
                }
                Ok(part) => flows.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        (flows, error)
    })
}

fn distribute(
    feed: &mut Feed<'_>,
    dispatcher: &mut Dispatcher,
    queues: &[Sender<Batch>],
    spent: &Spent,
) -> Option<CaptureError> {
    let mut batches = Vec::new();
    loop {
        let block = match feed.next(spent.blocks.try_recv().unwrap_or_default()) {
            Ok(Some(block)) => block,
            Ok(None) => return None,
            Err(error) => return Some(error),
        };
        let shared = Arc::new(block);
        dispatcher.dispatch(&shared, &mut batches);
        drop(shared);
        for (queue, batch) in queues.iter().zip(&mut batches) {
            if !batch.is_empty() {
                let empty = spent.batches.try_recv().unwrap_or_default();
                // A worker that is gone has panicked; its join says so.
                let _ = queue.send(std::mem::replace(batch, empty));
            }
        }
        feed.told(dispatcher.counts.frames);
    }
}

fn work(
    receiver: &Receiver<Batch>,
    back: &Sender<Block>,
    emptied: &Sender<Batch>,
    shards: usize,
) -> Vec<Flow> {
    let mut shard = Shard::new(shards, false);
    let nothing = Arc::new(Block::default());
    for mut batch in receiver {
        shard.take(&batch);
        let block = std::mem::replace(&mut batch.block, Arc::clone(&nothing));
        let _ = emptied.try_send(batch);
        // The last worker to be done with a block gives its buffers back to the reader.
        if let Ok(block) = Arc::try_unwrap(block) {
            let _ = back.try_send(block);
        }
    }
    shard.finish()
}
