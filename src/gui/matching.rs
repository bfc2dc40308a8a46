//! The frames for which a display filter holds, found on a thread of their own and handed over as they are found.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use colloquy::filter::Filter;
use colloquy::rows::print::Printer;
use colloquy::rows::{Plan, Row};
use colloquy::runner::{self, Job, Options};
use colloquy::selection::FrameFilter;

use super::document::Document;
use super::keys;
use super::loader::Wake;

/// Between two calls of the window while frames are found.
const PAUSE: Duration = Duration::from_millis(50);

/// What a filter is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The capture.
    pub(crate) path: PathBuf,
    /// Its place among those of the document.
    pub(crate) capture: u32,
    /// The expression.
    pub(crate) text: String,
    /// The document, where the filter reads its sessions.
    pub(crate) generation: Option<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Found and not yet taken, four bytes each.
    found: Mutex<Vec<u32>>,
    /// The last frame that was looked at, in the pass at work.
    seen: AtomicU64,
    over: AtomicBool,
    error: Mutex<Option<String>>,
}

/// A filter at work, or that has been.
#[derive(Debug)]
pub(crate) struct Matching {
    /// What it is applied to.
    pub(crate) target: Target,
    shared: Arc<Shared>,
    cancel: Arc<AtomicBool>,
}

impl Matching {
    /// Begins.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        target: Target,
        filter: Filter,
        doc: Arc<Document>,
        wake: Wake,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let cancel = Arc::new(AtomicBool::new(false));
        let (to, stop) = (Arc::clone(&shared), Arc::clone(&cancel));
        let (path, capture) = (target.path.clone(), target.capture);
        thread::Builder::new()
            .name("filter".to_owned())
            .spawn(move || {
                let filter = if FrameFilter::needs_sessions(&filter) {
                    FrameFilter::with_sessions(filter, &doc.outcome, capture)
                } else {
                    FrameFilter::of_frames(filter)
                };
                drop(doc);
                if let Err(why) = find(&path, &filter, &to, stop, &wake) {
                    *to.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                }
                to.over.store(true, Ordering::Release);
                wake();
            })?;
        Ok(Self {
            target,
            shared,
            cancel,
        })
    }

    /// Adds what was found since the last call to `frames`.
    pub(crate) fn take(&self, frames: &mut Vec<u32>) {
        let mut found = self
            .shared
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        frames.append(&mut found);
    }

    /// It is done, or was stopped.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::Acquire)
    }

    /// Frames that were looked at.
    pub(crate) fn seen(&self) -> u64 {
        self.shared.seen.load(Ordering::Relaxed)
    }

    /// Why it ended early.
    pub(crate) fn error(&self) -> Option<String> {
        let error = self.shared.error.lock();
        error.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops it; what was found so far stays.
    pub(crate) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// It was asked to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl Drop for Matching {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn find(
    path: &Path,
    filter: &FrameFilter,
    to: &Shared,
    cancel: Arc<AtomicBool>,
    wake: &Wake,
) -> Result<(), String> {
    let mut plan = Plan::of([]);
    filter.add_to(&mut plan.wanted);
    let options = Options {
        cancel,
        ..Options::default()
    };
    let path = path.to_string_lossy();
    let open = || keys::open(&path).map_err(|e| e.to_string());
    let ahead = if plan.looks_ahead() {
        let found = runner::look_ahead(open()?.as_mut(), &options, &plan, None);
        Some(Arc::new(found.map_err(|e| e.to_string())?))
    } else {
        None
    };
    let job = Job {
        plan: &plan,
        keep: &|row| {
            let frame = row.stamp.frame;
            if frame.is_multiple_of(1024) {
                to.seen.fetch_max(frame, Ordering::Relaxed);
            }
            filter.matches(frame, row.flow, &row.values)
        },
        printer: &Numbers,
        most: None,
    };
    let mut out = Found {
        to,
        wake,
        woken: Instant::now(),
    };
    runner::write_rows(open()?.as_mut(), &options, job, ahead, &mut out).map_err(|e| e.to_string())
}

/// Writes a frame's number in four bytes.
struct Numbers;

impl Printer for Numbers {
    fn begin(&self, _out: &mut Vec<u8>) {}

    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        out.extend_from_slice(&(row.stamp.frame as u32).to_le_bytes());
    }

    fn end(&self, _out: &mut Vec<u8>) {}
}

/// Takes what [`Numbers`] writes.
struct Found<'a> {
    to: &'a Shared,
    wake: &'a Wake,
    woken: Instant,
}

impl Write for Found<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (numbers, _) = bytes.as_chunks::<4>();
        self.to
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(numbers.iter().map(|n| u32::from_le_bytes(*n)));
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
    use crate::gui::testing::{path, sample};

    fn found(name: &str, text: &str) -> (Vec<u32>, Option<String>) {
        let target = Target {
            path: path(name),
            capture: 0,
            text: text.to_owned(),
            generation: None,
        };
        let filter = Filter::compile(text).unwrap();
        let doc = Arc::new(sample("smb/logon-failure.pcap"));
        let matching = Matching::start(target, filter, doc, Arc::new(|| ())).unwrap();
        while !matching.is_over() {
            thread::yield_now();
        }
        let mut frames = Vec::new();
        matching.take(&mut frames);
        (frames, matching.error())
    }

    #[test]
    fn headers_messages_sessions_and_what_later_frames_tell() {
        let name = "smb/logon-failure.pcap";
        assert_eq!(found(name, "frame.number in {3, 7..9}").0, [3, 7, 8, 9]);
        assert_eq!(found(name, "smb2.nt_status == 0xc000006d").0, [17]);
        assert_eq!(found(name, "smb2.response_in == 17").0, [16]);
        assert_eq!(found(name, "finding.role == \"request\"").0, [16]);
        assert!(found(name, "udp").0.is_empty());
    }

    #[test]
    fn what_is_no_capture_is_told() {
        let (frames, error) = found("README.md", "tcp");
        assert!(frames.is_empty() && error.is_some());
    }
}
