//! The summary line of every frame of a capture: made on a thread of its own and kept in a file without a name, so that the list
//! of ten million frames takes little memory: four bytes a frame for its conversation, an eighth of one for its line's place.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use colloquy::dissectors::units::FrameNo;
use colloquy::rows::print::{Printer, TextPrinter, TimeFormat};
use colloquy::rows::{Plan, Row};
use colloquy::runner::{self, Job, Options};

use super::keys;
use super::loader::Wake;

/// Lines that are read at once.
const BLOCK: usize = 64;
/// Blocks that are remembered: more than a list shows, even where each of its lines stands in another block.
const REMEMBERED: usize = 128;
/// Between two calls of the window while lines are made.
const PAUSE: Duration = Duration::from_millis(50);

/// One frame as the list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// No., time, source, destination, protocol, length, info.
    pub(crate) cells: [String; 7],
}

/// What is known of the lines.
#[derive(Debug, Default)]
struct Index {
    /// Where each block of lines begins.
    blocks: Vec<u64>,
    /// The number of each frame's conversation; `u32::MAX` for none.
    flows: Vec<u32>,
    /// Where the last line ends.
    end: u64,
}

#[derive(Debug, Default)]
struct Shared {
    index: Mutex<Index>,
    over: AtomicBool,
    error: Mutex<Option<String>>,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lines of a block that were read.
#[derive(Debug)]
struct Lines {
    block: usize,
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

/// What reads lines: with a file of its own, so that it never waits for who writes them.
#[derive(Debug)]
struct Reader {
    file: File,
    /// The one used last comes first.
    blocks: VecDeque<Lines>,
}

/// The summaries of one capture.
#[derive(Debug)]
pub(crate) struct Spool {
    /// The capture.
    pub(crate) path: PathBuf,
    shared: Arc<Shared>,
    reader: Mutex<Reader>,
    cancel: Arc<AtomicBool>,
}

impl Spool {
    /// Begins to make them.
    ///
    /// # Errors
    /// Where the system gives no thread or no file.
    pub(crate) fn start(path: &Path, wake: Wake) -> io::Result<Self> {
        let named = tempfile::NamedTempFile::new()?;
        let reading = named.reopen()?;
        // From here on it is gone as soon as nobody has it open.
        let (writing, name) = named.into_parts();
        name.close()?;
        let shared = Arc::new(Shared::default());
        let cancel = Arc::new(AtomicBool::new(false));
        let (job, to, stop) = (path.to_owned(), Arc::clone(&shared), Arc::clone(&cancel));
        thread::Builder::new()
            .name("frames".to_owned())
            .spawn(move || {
                if let Err(why) = fill(&job, writing, &to, stop, &wake) {
                    *open(&to.error) = Some(why);
                }
                to.over.store(true, Ordering::Release);
                wake();
            })?;
        let reader = Mutex::new(Reader {
            file: reading,
            blocks: VecDeque::new(),
        });
        Ok(Self {
            path: path.to_owned(),
            shared,
            reader,
            cancel,
        })
    }

    /// Frames that are there so far.
    pub(crate) fn len(&self) -> usize {
        open(&self.shared.index).flows.len()
    }

    /// All are there, or no more will be.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::Acquire)
    }

    /// Why they ended early.
    pub(crate) fn error(&self) -> Option<String> {
        open(&self.shared.error).clone()
    }

    /// The number of a frame's conversation, once that is known.
    pub(crate) fn flow(&self, frame: FrameNo) -> Option<u32> {
        let at = frame.checked_sub(1)? as usize;
        let flow = open(&self.shared.index).flows.get(at).copied();
        flow.filter(|flow| *flow != u32::MAX)
    }

    /// The summary of a frame, once it is there.
    pub(crate) fn summary(&self, frame: FrameNo) -> Option<Summary> {
        let at = frame.checked_sub(1)? as usize;
        let block = at / BLOCK;
        let (start, end) = {
            let index = open(&self.shared.index);
            if at >= index.flows.len() {
                return None;
            }
            let end = index.blocks.get(block + 1).copied();
            (*index.blocks.get(block)?, end.unwrap_or(index.end))
        };
        let mut reader = open(&self.reader);
        let lines = reader.lines(block, start, usize::try_from(end - start).ok()?)?;
        let line = lines.line(at % BLOCK)?;
        let line = String::from_utf8_lossy(line);
        let mut cells = line.splitn(7, '\t');
        Some(Summary {
            cells: std::array::from_fn(|_| cells.next().unwrap_or_default().to_owned()),
        })
    }
}

impl Reader {
    /// The lines of a block of `len` bytes at `start`.
    fn lines(&mut self, block: usize, start: u64, len: usize) -> Option<&Lines> {
        // The last one may have grown since.
        let is_it = |l: &Lines| l.block == block && l.bytes.len() == len;
        let known = self.blocks.iter().position(is_it);
        let lines = match known.and_then(|at| self.blocks.remove(at)) {
            Some(lines) => lines,
            None => {
                let mut bytes = vec![0; len];
                self.file.seek(SeekFrom::Start(start)).ok()?;
                self.file.read_exact(&mut bytes).ok()?;
                let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
                let ends = ends.map(|(at, _)| at).collect();
                Lines { block, bytes, ends }
            }
        };
        self.blocks.truncate(REMEMBERED - 1);
        self.blocks.push_front(lines);
        self.blocks.front()
    }
}

impl Lines {
    fn line(&self, at: usize) -> Option<&[u8]> {
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.map_or(0, |end| end + 1);
        self.bytes.get(start..*self.ends.get(at)?)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

fn fill(
    path: &Path,
    file: File,
    to: &Shared,
    cancel: Arc<AtomicBool>,
    wake: &Wake,
) -> Result<(), String> {
    let mut source = keys::open(&path.to_string_lossy()).map_err(|e| e.to_string())?;
    let printer = WithFlow(TextPrinter::new(TimeFormat::Relative, 6).tabbed());
    let plan = Plan::of(printer.0.wants());
    let job = Job {
        plan: &plan,
        keep: &|_| true,
        printer: &printer,
        most: None,
    };
    let options = Options {
        cancel,
        ..Options::default()
    };
    let mut out = Indexer {
        to,
        file,
        wake,
        woken: Instant::now(),
        text: Vec::new(),
    };
    runner::write_rows(source.as_mut(), &options, job, None, &mut out).map_err(|e| e.to_string())
}

/// Writes before each line the number of the conversation and the bytes of the line, four bytes each.
struct WithFlow(TextPrinter);

impl Printer for WithFlow {
    fn begin(&self, _out: &mut Vec<u8>) {}

    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        let flow = row.flow.unwrap_or(u32::MAX);
        out.extend_from_slice(&[flow.to_le_bytes(), [0; 4]].concat());
        let start = out.len();
        self.0.row(row, out);
        let len = (out.len() - start) as u32;
        if let Some(place) = out.get_mut(start - 4..start) {
            place.copy_from_slice(&len.to_le_bytes());
        }
    }

    fn end(&self, _out: &mut Vec<u8>) {}
}

/// Takes whole lines of [`WithFlow`]: notes the conversations and where blocks begin, writes the text.
struct Indexer<'a> {
    to: &'a Shared,
    file: File,
    wake: &'a Wake,
    woken: Instant,
    text: Vec<u8>,
}

impl Write for Indexer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.clear();
        let mut flows = Vec::new();
        let mut lens = Vec::new();
        let mut rest = bytes;
        while let Some((flow, len, after)) = rest
            .split_first_chunk::<4>()
            .and_then(|(flow, rest)| rest.split_first_chunk::<4>().map(|(len, r)| (flow, len, r)))
        {
            let len = (u32::from_le_bytes(*len) as usize).min(after.len());
            let (line, after) = after.split_at(len);
            flows.push(u32::from_le_bytes(*flow));
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            lens.push(line.len() as u64 + 1);
            // Whatever was on the wire, a line stays one.
            let one_line = line.iter().map(|b| if *b == b'\n' { b' ' } else { *b });
            self.text.extend(one_line);
            self.text.push(b'\n');
            rest = after;
        }
        self.file.write_all(&self.text)?;
        let mut index = open(&self.to.index);
        for (flow, len) in flows.into_iter().zip(lens) {
            if index.flows.len().is_multiple_of(BLOCK) {
                let end = index.end;
                index.blocks.push(end);
            }
            index.flows.push(flow);
            index.end += len;
        }
        drop(index);
        if self.woken.elapsed() > PAUSE {
            self.woken = Instant::now();
            (self.wake)();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::path;

    #[test]
    fn every_frame_of_a_sample_has_a_line() {
        let spool = Spool::start(&path("smb/logon-failure.pcap"), Arc::new(|| ())).unwrap();
        while !spool.is_over() {
            thread::yield_now();
        }
        assert_eq!(spool.error(), None);
        assert!(spool.len() > 10);
        for frame in 1..=spool.len() as u64 {
            let summary = spool.summary(frame).unwrap();
            assert_eq!(summary.cells[0], frame.to_string());
            assert!(!summary.cells[6].is_empty() && !summary.cells[6].contains('\n'));
            assert_eq!(spool.flow(frame), (frame > 2).then_some(0));
        }
        assert!(spool.summary(0).is_none() && spool.summary(spool.len() as u64 + 1).is_none());
    }

    #[test]
    fn what_is_no_capture_is_told() {
        let spool = Spool::start(&path("README.md"), Arc::new(|| ())).unwrap();
        while !spool.is_over() {
            thread::yield_now();
        }
        assert!(spool.error().is_some() && spool.len() == 0);
    }
}
