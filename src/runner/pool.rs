//! The reader and its workers: as many threads as were asked for, each with something to do.
//!
//! Conversations are spread over lanes, a few for each thread. A lane's batches are taken one after the other, by
//! whichever thread is free, so that no result depends on how many there are. The reader goes ahead of the workers by a
//! bounded number of batches, and works on a lane itself when it is that far ahead: with a thread for each processor
//! nobody waits for a processor, and nobody sleeps while there is work.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Feed, Made};
use crate::analysis::ResponseTimes;
use crate::analysis::batch::Batch;
use crate::analysis::dispatch::Dispatcher;
use crate::analysis::shard::Shard;
use crate::capture::{Block, CaptureError};

/// Lanes a thread: more of them share the work more evenly, and make smaller batches.
const LANES: usize = 2;

/// Batches a lane that the reader may be ahead.
const AHEAD: usize = 2;

/// Something to do.
#[derive(Clone, Copy)]
enum Job {
    /// The lane has batches, and nobody works on them.
    Take(usize),
    /// The lane has seen everything.
    Finish(usize),
    /// There will be nothing more.
    Stop,
}

/// The conversations of one lane, and what they have not seen yet.
struct Lane {
    waiting: Mutex<Waiting>,
    shard: Mutex<Shard>,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    /// A job for it is on its way or at work.
    is_due: bool,
}

struct Pool {
    lanes: Vec<Lane>,
    due: Sender<Job>,
    jobs: Receiver<Job>,
    /// Batches that were taken, emptied, to be used again.
    spent: Sender<Batch>,
    /// Buffers of blocks that all lanes are done with.
    blocks: Sender<Block>,
    nothing: Arc<Block>,
    has_failed: AtomicBool,
}

/// A panic in a worker passes on at its end; nothing that it locked is looked at before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn send(&self, job: Job) {
        // It holds the other end itself.
        let _ = self.due.send(job);
    }

    /// Hands a batch to its lane.
    fn push(&self, at: usize, batch: Batch) {
        let Some(lane) = self.lanes.get(at) else {
            return;
        };
        let mut waiting = lock(&lane.waiting);
        waiting.batches.push_back(batch);
        if !std::mem::replace(&mut waiting.is_due, true) {
            self.send(Job::Take(at));
        }
    }

    /// Does one job; false when it was the last one.
    fn work(&self, job: Job) -> bool {
        match job {
            Job::Take(at) => self.take(at),
            Job::Finish(at) => {
                if let Some(lane) = self.lanes.get(at) {
                    let shard = std::mem::take(&mut *lock(&lane.shard));
                    *lock(&lane.made) = shard.finish_timing();
                }
            }
            Job::Stop => return false,
        }
        true
    }

    /// Takes a lane's next batch, and puts the lane behind the others where it has more.
    fn take(&self, at: usize) {
        let Some(lane) = self.lanes.get(at) else {
            return;
        };
        let next = lock(&lane.waiting).batches.pop_front();
        if let Some(mut batch) = next {
            lock(&lane.shard).take(&batch);
            let block = std::mem::replace(&mut batch.block, Arc::clone(&self.nothing));
            if let Ok(block) = Arc::try_unwrap(block) {
                let _ = self.blocks.try_send(block);
            }
            let _ = self.spent.send(batch);
        }
        let mut waiting = lock(&lane.waiting);
        waiting.is_due = !waiting.batches.is_empty();
        if waiting.is_due {
            self.send(Job::Take(at));
        }
    }
}

/// Wakes the reader when its worker panics.
struct Alarm<'a>(&'a Pool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.has_failed.store(true, Ordering::Relaxed);
            let _ = self.0.spent.send(Batch::default());
        }
    }
}

/// The reader's view of the pool.
struct Reader<'a> {
    pool: &'a Pool,
    spent: Receiver<Batch>,
    blocks: Receiver<Block>,
    /// Emptied batches.
    empty: Vec<Batch>,
    /// Batches that are not taken yet.
    ahead: usize,
}

impl Reader<'_> {
    /// Spreads what `feed` has over the lanes.
    fn distribute(
        &mut self,
        feed: &mut Feed<'_>,
        dispatcher: &mut Dispatcher,
    ) -> Option<CaptureError> {
        let mut batches = Vec::new();
        loop {
            let block = match feed.next(self.blocks.try_recv().unwrap_or_default()) {
                Ok(Some(block)) => block,
                Ok(None) => return None,
                Err(error) => return Some(error),
            };
            let shared = Arc::new(block);
            dispatcher.dispatch(&shared, &mut batches);
            feed.hand(&mut batches);
            drop(shared);
            for (at, batch) in batches.iter_mut().enumerate() {
                if !batch.is_empty() {
                    let empty = self.empty.pop().unwrap_or_default();
                    self.ahead += 1;
                    self.pool.push(at, std::mem::replace(batch, empty));
                }
            }
            self.settle(AHEAD * self.pool.lanes.len());
            feed.told(dispatcher.counts.frames);
        }
    }

    /// Works until no more than `ahead` batches wait.
    fn settle(&mut self, ahead: usize) {
        loop {
            while let Ok(batch) = self.spent.try_recv() {
                self.back(batch);
            }
            if self.ahead <= ahead || self.pool.has_failed.load(Ordering::Relaxed) {
                return;
            }
            if let Ok(job) = self.pool.jobs.try_recv() {
                self.pool.work(job);
            } else if let Ok(batch) = self.spent.recv() {
                self.back(batch);
            }
        }
    }

    fn back(&mut self, batch: Batch) {
        self.ahead = self.ahead.saturating_sub(1);
        self.empty.push(batch);
    }
}

/// Lanes for `threads` threads, of which the reader is one.
pub(super) const fn lanes(threads: usize) -> usize {
    threads * LANES
}

/// Reads all of `feed` with `threads` threads, this one among them. `dispatcher` is one for [`lanes`] of them.
pub(super) fn run(
    mut feed: Feed<'_>,
    dispatcher: &mut Dispatcher,
    threads: usize,
    mut times: Option<Box<ResponseTimes>>,
) -> (Made, Option<CaptureError>) {
    let count = lanes(threads);
    // None of them is ever full: a lane has one job at a time and one at its end, and a block more than the reader may be
    // ahead is on its way.
    let (due, jobs) = bounded(2 * count + threads);
    let (spent, emptied) = bounded((AHEAD + 1) * count + threads);
    let (blocks, free) = bounded((AHEAD + 1) * count);
    let lane = || Lane {
        waiting: Mutex::default(),
        // The empty table, for each to fill.
        shard: Mutex::new(Shard::timing(count, times.clone())),
        made: Mutex::default(),
    };
    let pool = Pool {
        lanes: std::iter::repeat_with(lane).take(count).collect(),
        due,
        jobs,
        spent,
        blocks,
        nothing: Arc::default(),
        has_failed: AtomicBool::new(false),
    };
    let error = thread::scope(|scope| {
        let mut workers = Vec::new();
        for index in 1..threads {
            let builder = thread::Builder::new().name(format!("worker-{index}"));
            let pool = &pool;
            // With fewer threads than were asked for it only takes longer.
            workers.extend(builder.spawn_scoped(scope, move || {
                let _alarm = Alarm(pool);
                while pool.jobs.recv().is_ok_and(|job| pool.work(job)) {}
            }));
        }
        let mut reader = Reader {
            pool: &pool,
            spent: emptied,
            blocks: free,
            empty: Vec::new(),
            ahead: 0,
        };
        let error = reader.distribute(&mut feed, dispatcher);
        reader.settle(0);
        (0..pool.lanes.len()).for_each(|at| pool.send(Job::Finish(at)));
        while let Ok(job) = pool.jobs.try_recv() {
            pool.work(job);
        }
        for _ in &workers {
            pool.send(Job::Stop);
        }
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
        error
    });
    let mut flows = Vec::new();
    for lane in &pool.lanes {
        let (part, timed) = std::mem::take(&mut *lock(&lane.made));
        if flows.is_empty() {
            flows = part;
            flows.reserve_exact(flows.len() * (pool.lanes.len() - 1) + pool.lanes.len());
        } else {
            flows.extend(part);
        }
        if let (Some(all), Some(timed)) = (&mut times, timed) {
            all.merge(*timed);
        }
    }
    ((flows, times), error)
}
