//! Rows of frames on threads: a reader, workers that own the conversations, and the caller who writes in order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use colloquy_dissectors::units::FrameNo;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Options, QUEUE};
use crate::analysis::batch::{Batch, Labels};
use crate::analysis::dispatch::Dispatcher;
use crate::analysis::keys::Keys;
use crate::capture::{Block, CaptureError, Source};
use crate::rows::print::Printer;
use crate::rows::{Forward, Plan, Row, RowShard};

/// What becomes of rows.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What they hold.
    pub plan: &'a Plan,
    /// Which are written.
    pub keep: &'a (dyn Fn(&Row) -> bool + Sync),
    /// How.
    pub printer: &'a dyn Printer,
    /// Frames to be read at most.
    pub most: Option<u64>,
}

/// Lines of some frames of one worker.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// The frame of each line and where it ends.
    ends: VecDeque<(FrameNo, u32)>,
    /// All frames of this worker before this one are done.
    until: FrameNo,
}

/// Finds out what only later frames tell: a first pass over the capture.
///
/// # Errors
/// What [`Source::fill`] says.
pub fn look_ahead(
    source: &mut dyn Source,
    options: &Options,
    plan: &Plan,
    most: Option<u64>,
) -> Result<Forward, CaptureError> {
    let nothing = |_: &Row| false;
    let mut found = Forward::default();
    let printer = Silent;
    let job = Job {
        plan,
        keep: &nothing,
        printer: &printer,
        most,
    };
    let pass = Pass {
        job,
        collect: true,
        ahead: None,
    };
    let parts = run(source, options, &pass, &mut io::sink()).map_err(Failed::into_capture)?;
    for part in parts {
        found.join(part);
    }
    Ok(found)
}

/// Writes the rows of `source` to `out`, in the order of the capture. `ahead`: what a first pass found.
///
/// # Errors
/// What [`Source::fill`] or `out` say; all rows of the frames before were written.
pub fn write_rows(
    source: &mut dyn Source,
    options: &Options,
    job: Job<'_>,
    ahead: Option<Arc<Forward>>,
    out: &mut dyn Write,
) -> Result<(), Failed> {
    let pass = Pass {
        job,
        collect: false,
        ahead,
    };
    let mut edge = Vec::new();
    job.printer.begin(&mut edge);
    out.write_all(&edge).map_err(Failed::Output)?;
    run(source, options, &pass, out)?;
    edge.clear();
    job.printer.end(&mut edge);
    out.write_all(&edge).map_err(Failed::Output)
}

/// Why rows ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The capture could not be read on.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The rows could not be written.
    #[error(transparent)]
    Output(io::Error),
}

impl Failed {
    fn into_capture(self) -> CaptureError {
        match self {
            Self::Capture(error) => error,
            Self::Output(source) => CaptureError::Open {
                path: "the output".to_owned(),
                source,
            },
        }
    }
}

/// Writes nothing.
pub(super) struct Silent;

impl Printer for Silent {
    fn begin(&self, _out: &mut Vec<u8>) {}
    fn row(&self, _row: &Row, _out: &mut Vec<u8>) {}
    fn end(&self, _out: &mut Vec<u8>) {}
}

struct Pass<'a> {
    job: Job<'a>,
    collect: bool,
    ahead: Option<Arc<Forward>>,
}

impl Pass<'_> {
    fn shard(&self, shards: usize) -> RowShard {
        if self.collect {
            RowShard::collecting(self.job.plan, shards)
        } else {
            RowShard::new(self.job.plan, shards, self.ahead.clone())
        }
    }

    fn print(&self, row: &Row, lines: &mut Lines) {
        if (self.job.keep)(row) {
            self.job.printer.row(row, &mut lines.bytes);
            lines
                .ends
                .push_back((row.stamp.frame, lines.bytes.len() as u32));
        }
    }
}

fn run(
    source: &mut dyn Source,
    options: &Options,
    pass: &Pass<'_>,
    out: &mut dyn Write,
) -> Result<Vec<Forward>, Failed> {
    let threads = super::threads(options);
    thread::scope(|scope| {
        let (back, free) = bounded::<Block>(QUEUE * threads);
        let mut queues: Vec<Sender<Batch>> = Vec::new();
        // One for all: a worker must be able to go on while another's rows wait.
        let (lines, results) = bounded::<(usize, Lines)>(QUEUE * threads);
        let mut workers = Vec::new();
        for index in 0..threads {
            let (sender, receiver) = bounded::<Batch>(QUEUE);
            let (back, lines) = (back.clone(), lines.clone());
            let builder = thread::Builder::new().name(format!("rows-{index}"));
            let worker = builder.spawn_scoped(scope, move || {
                work(&receiver, &back, pass, (index, threads), &lines)
            });
            match worker {
                Ok(worker) => workers.push(worker),
                Err(source) => {
                    let path = "a worker thread".to_owned();
                    return Err(Failed::Capture(CaptureError::Open { path, source }));
                }
            }
            queues.push(sender);
        }
        drop(lines);
        let reader = thread::Builder::new().name("reader".to_owned());
        let reader =
            reader.spawn_scoped(scope, move || read(source, options, &queues, &free, pass));
        let written = merge(&results, threads, pass.job.printer.between(), out);
        // Whoever still works for an output that is gone notices it by this.
        drop(results);
        let mut parts = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(part) => parts.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match reader.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result?,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(source) => {
                let path = "a reader thread".to_owned();
                return Err(Failed::Capture(CaptureError::Open { path, source }));
            }
        }
        written.map_err(Failed::Output)?;
        Ok(parts)
    })
}

fn read(
    source: &mut dyn Source,
    options: &Options,
    queues: &[Sender<Batch>],
    free: &Receiver<Block>,
    pass: &Pass<'_>,
) -> Result<(), CaptureError> {
    let mut dispatcher = Dispatcher::of_every_frame(queues.len());
    let mut batches = Vec::new();
    let mut told = Told::new(pass.job.plan);
    let mut left = pass.job.most.unwrap_or(u64::MAX);
    while left > 0 && !options.cancel.load(std::sync::atomic::Ordering::Relaxed) {
        let mut block = free.try_recv().unwrap_or_default();
        if !source.fill(&mut block)? {
            break;
        }
        block
            .records
            .truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= block.records.len() as u64;
        let shared = Arc::new(block);
        dispatcher.dispatch(&shared, &mut batches);
        drop(shared);
        told.hand(source, &mut batches);
        for (queue, batch) in queues.iter().zip(batches.drain(..)) {
            // Also an empty one: it tells how far the capture was read.
            if queue.send(batch).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// TLS secrets and words on their way from the capture to those who dissect and show.
pub(super) struct Told {
    keys: Keys,
    /// Comments that were handed on, where words are asked for.
    comments: Option<usize>,
}

impl Told {
    /// For those who have this plan.
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            keys: Keys::default(),
            comments: plan.words().then_some(0),
        }
    }

    /// Gives the batches what the capture has told up to their end, where that is more than before.
    pub(super) fn hand(&mut self, source: &dyn Source, batches: &mut [Batch]) {
        self.label(source, batches);
        self.keys.hand(source.secrets(), batches);
    }

    fn label(&mut self, source: &dyn Source, batches: &mut [Batch]) {
        let Some(seen) = &mut self.comments else {
            return;
        };
        let summary = source.summary();
        let names = summary.interfaces.into_iter().map(|i| i.name);
        let has_names = summary.format == "pcapng";
        let new = summary.comments.get(*seen..).unwrap_or_default().iter();
        let of_frame = |(no, text): &(Option<FrameNo>, String)| no.map(|no| (no, text.clone()));
        let labels = Arc::new(Labels {
            interfaces: names.filter(|_| has_names).collect(),
            comments: new.filter_map(of_frame).collect(),
        });
        *seen = summary.comments.len();
        for batch in batches {
            batch.beside.labels = Some(Arc::clone(&labels));
        }
    }
}

fn work(
    batches: &Receiver<Batch>,
    back: &Sender<Block>,
    pass: &Pass<'_>,
    (index, shards): (usize, usize),
    out: &Sender<(usize, Lines)>,
) -> Option<Forward> {
    let mut shard = pass.shard(shards);
    for batch in batches {
        let mut lines = Lines::default();
        shard.take(&batch, &mut |row| pass.print(row, &mut lines));
        let read_until = batch.block.records.last().map_or(0, |r| r.no + 1);
        lines.until = shard.given_until(read_until);
        if let Ok(block) = Arc::try_unwrap(batch.block) {
            let _ = back.try_send(block);
        }
        if out.send((index, lines)).is_err() {
            return None;
        }
    }
    let mut lines = Lines {
        until: FrameNo::MAX,
        ..Lines::default()
    };
    let forward = shard.finish(&mut |row| pass.print(row, &mut lines));
    let _ = out.send((index, lines));
    forward
}

/// What came of one worker and is not written yet.
#[derive(Default)]
struct Lane {
    lines: VecDeque<Lines>,
    /// Bytes of the first lines that were written.
    at: u32,
    until: FrameNo,
}

impl Lane {
    fn next(&self) -> Option<FrameNo> {
        self.lines.iter().find_map(|l| l.ends.front()).map(|e| e.0)
    }

    /// The next line, which [`Lane::next`] said is there.
    fn line(&mut self) -> &[u8] {
        while self.lines.front().is_some_and(|l| l.ends.is_empty()) {
            self.lines.pop_front();
            self.at = 0;
        }
        let Some(first) = self.lines.front_mut() else {
            return &[];
        };
        let end = first.ends.pop_front().map_or(self.at, |(_, end)| end);
        let start = std::mem::replace(&mut self.at, end);
        first.bytes.get(start as usize..end as usize).unwrap_or(&[])
    }
}

/// Writes the lines of all workers in the order of their frames.
fn merge(
    results: &Receiver<(usize, Lines)>,
    workers: usize,
    between: &'static [u8],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut lanes: Vec<Lane> = Vec::new();
    lanes.resize_with(workers, Lane::default);
    let mut buffer = Vec::new();
    let mut is_first = true;
    for (index, lines) in results {
        if let Some(lane) = lanes.get_mut(index) {
            lane.until = lines.until;
            lane.lines.push_back(lines);
        }
        let until = lanes.iter().map(|l| l.until).min().unwrap_or(0);
        while let Some(lane) = lanes
            .iter_mut()
            .filter(|lane| lane.next().is_some_and(|frame| frame < until))
            .min_by_key(|lane| lane.next())
        {
            if !std::mem::take(&mut is_first) {
                buffer.extend_from_slice(between);
            }
            buffer.extend_from_slice(lane.line());
        }
        out.write_all(&buffer)?;
        buffer.clear();
    }
    Ok(())
}
