//! The summary line of every frame of a capture: made on a thread of its own and kept in a nameless file, so that the list of
//! ten million frames takes eight bytes a frame of memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use colloquy::capture;
use colloquy::dissectors::units::FrameNo;
use colloquy::rows::Plan;
use colloquy::rows::print::{TextPrinter, TimeFormat};
use colloquy::runner::{self, Job, Options};

use super::loader::Wake;

/// One frame as the list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// No., time, source, destination, protocol, length, info.
    pub(crate) cells: [String; 7],
}

#[derive(Debug)]
struct Shared {
    file: Mutex<File>,
    /// Where the line of each frame ends.
    ends: Mutex<Vec<u64>>,
    over: AtomicBool,
    error: Mutex<Option<String>>,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The summaries of one capture.
#[derive(Debug)]
pub(crate) struct Spool {
    /// The capture.
    pub(crate) path: PathBuf,
    shared: Arc<Shared>,
    cancel: Arc<AtomicBool>,
}

impl Spool {
    /// Begins to make them.
    ///
    /// # Errors
    /// Where the system gives no thread or no file.
    pub(crate) fn start(path: &Path, wake: Wake) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            file: Mutex::new(tempfile::tempfile()?),
            ends: Mutex::default(),
            over: AtomicBool::new(false),
            error: Mutex::default(),
        });
        let cancel = Arc::new(AtomicBool::new(false));
        let (job, to, stop) = (path.to_owned(), Arc::clone(&shared), Arc::clone(&cancel));
        thread::Builder::new()
            .name("frames".to_owned())
            .spawn(move || {
                if let Err(why) = fill(&job, &to, stop, &wake) {
                    *open(&to.error) = Some(why);
                }
                to.over.store(true, Ordering::Release);
                wake();
            })?;
        Ok(Self {
            path: path.to_owned(),
            shared,
            cancel,
        })
    }

    /// Frames that are there so far.
    pub(crate) fn len(&self) -> usize {
        open(&self.shared.ends).len()
    }

    /// All are there, or no more will be.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::Acquire)
    }

    /// Why they ended early.
    pub(crate) fn error(&self) -> Option<String> {
        open(&self.shared.error).clone()
    }

    /// The summary of a frame, once it is there.
    pub(crate) fn summary(&self, frame: FrameNo) -> Option<Summary> {
        let at = frame.checked_sub(1)? as usize;
        let (start, end) = {
            let ends = open(&self.shared.ends);
            let start = at
                .checked_sub(1)
                .map_or(Some(0), |before| ends.get(before).copied())?;
            (start, *ends.get(at)?)
        };
        let mut line = vec![0; usize::try_from(end - start).ok()?];
        let mut file = open(&self.shared.file);
        file.seek(SeekFrom::Start(start)).ok()?;
        file.read_exact(&mut line).ok()?;
        drop(file);
        let line = String::from_utf8_lossy(&line);
        let mut cells = line.trim_end_matches('\n').splitn(7, '\t');
        Some(Summary {
            cells: std::array::from_fn(|_| cells.next().unwrap_or_default().to_owned()),
        })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

fn fill(path: &Path, to: &Shared, cancel: Arc<AtomicBool>, wake: &Wake) -> Result<(), String> {
    let mut source = capture::open(&path.to_string_lossy()).map_err(|e| e.to_string())?;
    let printer = TextPrinter::new(TimeFormat::Relative, 6).tabbed();
    let plan = Plan::of(printer.wants());
    let job = Job {
        plan: &plan,
        keep: &|_| true,
        printer: &printer,
        most: None,
    };
    let options = Options { threads: 0, cancel };
    let mut out = Lines { to, at: 0, wake };
    runner::write_rows(source.as_mut(), &options, job, None, &mut out).map_err(|e| e.to_string())
}

/// Notes where each line ends.
struct Lines<'a> {
    to: &'a Shared,
    at: u64,
    wake: &'a Wake,
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = open(&self.to.file);
        file.seek(SeekFrom::Start(self.at))?;
        file.write_all(bytes)?;
        drop(file);
        let breaks = bytes
            .iter()
            .zip(self.at + 1..)
            .filter(|(b, _)| **b == b'\n');
        open(&self.to.ends).extend(breaks.map(|(_, end)| end));
        self.at += bytes.len() as u64;
        (self.wake)();
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
