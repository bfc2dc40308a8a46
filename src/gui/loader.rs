//! Captures are read and analysed on a thread of their own; the window asks now and then how far it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use colloquy::runner::{self, Options, Progress};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::document::{Document, Extent};
use super::keys;

/// Wakes the window up, from any thread.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// A capture longer than this is shown first as far as its first part tells.
const LONG: u64 = 96 << 20;
/// That first part.
const FIRST: u64 = 12 << 20;

/// What the thread hands over.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// The first results of a long capture.
    First(Arc<Document>),
    /// All of it, or what was read until it was cancelled.
    Done(Arc<Document>),
    /// Nothing could be opened.
    Failed(String),
}

#[derive(Debug, Default)]
struct Far {
    capture: AtomicUsize,
    bytes: AtomicU64,
    of_bytes: AtomicU64,
    frames: AtomicU64,
}

/// Captures being read.
#[derive(Debug)]
pub(crate) struct Loading {
    /// They.
    pub(crate) paths: Vec<PathBuf>,
    far: Arc<Far>,
    cancel: Arc<AtomicBool>,
    results: Receiver<Loaded>,
}

/// How far it is, for the progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HowFar {
    /// The part of all bytes, from 0 to 1; none where a size is not known.
    pub(crate) part: Option<f32>,
    /// Frames of the capture at work.
    pub(crate) frames: u64,
    /// The capture at work.
    pub(crate) capture: usize,
}

impl Loading {
    /// Begins to read.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(paths: Vec<PathBuf>, wake: Wake) -> std::io::Result<Self> {
        let far = Arc::new(Far::default());
        let cancel = Arc::new(AtomicBool::new(false));
        let (sender, results) = bounded(2);
        let job = Job {
            paths: paths.clone(),
            far: Arc::clone(&far),
            cancel: Arc::clone(&cancel),
            sender,
            wake,
        };
        thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || job.run())?;
        Ok(Self {
            paths,
            far,
            cancel,
            results,
        })
    }

    /// Asks to stop; what was read so far comes as the result.
    pub(crate) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// It was asked to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// What has come since the last call.
    pub(crate) fn take(&self) -> Option<Loaded> {
        self.results.try_recv().ok()
    }

    /// How far it is.
    pub(crate) fn how_far(&self) -> HowFar {
        let of = self.far.of_bytes.load(Ordering::Relaxed);
        let bytes = self.far.bytes.load(Ordering::Relaxed);
        let capture = self.far.capture.load(Ordering::Relaxed);
        let own = bytes as f32 / of.max(1) as f32;
        let part = (capture as f32 + own.min(1.0)) / self.paths.len().max(1) as f32;
        HowFar {
            part: (of > 0).then_some(part),
            frames: self.far.frames.load(Ordering::Relaxed),
            capture,
        }
    }

    /// Waits for the end, for tests.
    #[cfg(test)]
    pub(crate) fn wait(&self) -> Loaded {
        loop {
            match self.results.recv().unwrap() {
                Loaded::First(_) => {}
                end => return end,
            }
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.cancel();
    }
}

struct Job {
    paths: Vec<PathBuf>,
    far: Arc<Far>,
    cancel: Arc<AtomicBool>,
    sender: Sender<Loaded>,
    wake: Wake,
}

impl Job {
    fn run(self) {
        self.first();
        let options = Options {
            key_log: keys::log(),
            cancel: Arc::clone(&self.cancel),
            ..Options::default()
        };
        let result = runner::analyse_files(&self.paths, &options, &|p| self.progress(p));
        let loaded = match result {
            Ok(outcome) => {
                let extent = if self.cancel.load(Ordering::Relaxed) {
                    Extent::Cancelled
                } else {
                    Extent::Whole
                };
                Loaded::Done(Arc::new(Document::new(outcome, extent)))
            }
            Err(error) => Loaded::Failed(error.to_string()),
        };
        // Nobody is there any more once the window has gone on to something else.
        let _ = self.sender.send(loaded);
        (self.wake)();
    }

    fn progress(&self, progress: &Progress) {
        self.far.capture.store(progress.capture, Ordering::Relaxed);
        self.far.bytes.store(progress.bytes, Ordering::Relaxed);
        self.far
            .of_bytes
            .store(progress.of_bytes.unwrap_or(0), Ordering::Relaxed);
        self.far.frames.store(progress.frames, Ordering::Relaxed);
    }

    /// The first part of a long capture, to have something to look at while the rest is read.
    fn first(&self) {
        let Some(path) = self.paths.first() else {
            return;
        };
        if std::fs::metadata(path).map_or(0, |m| m.len()) < LONG {
            return;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let options = Options {
            key_log: keys::log(),
            cancel: Arc::clone(&stop),
            ..Options::default()
        };
        let progress = |p: &Progress| {
            if p.bytes >= FIRST || self.cancel.load(Ordering::Relaxed) {
                stop.store(true, Ordering::Relaxed);
            }
        };
        if let Ok(outcome) = runner::analyse_files(std::slice::from_ref(path), &options, &progress)
        {
            let document = Arc::new(Document::new(outcome, Extent::First));
            let _ = self.sender.send(Loaded::First(document));
            (self.wake)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::path;

    fn load(paths: Vec<PathBuf>) -> Loaded {
        Loading::start(paths, Arc::new(|| ())).unwrap().wait()
    }

    #[test]
    fn a_sample_is_loaded_off_the_thread() {
        let Loaded::Done(doc) = load(vec![
            path("websocket/echo.pcap"),
            path("ssh/password-login.pcap"),
        ]) else {
            panic!("not loaded");
        };
        assert_eq!(doc.outcome.captures.len(), 2);
        assert_eq!(doc.extent, Extent::Whole);
    }

    #[test]
    fn what_is_no_capture_is_told() {
        let Loaded::Failed(why) = load(vec![path("websocket/echo.toml")]) else {
            panic!("loaded");
        };
        assert!(why.contains("is not a capture file"), "{why}");
    }

    #[test]
    fn a_cancelled_load_says_so() {
        let (sender, results) = bounded(2);
        let job = Job {
            paths: vec![path("websocket/echo.pcap")],
            far: Arc::default(),
            cancel: Arc::new(AtomicBool::new(true)),
            sender,
            wake: Arc::new(|| ()),
        };
        job.run();
        let Loaded::Done(doc) = results.recv().unwrap() else {
            panic!("not loaded");
        };
        assert_eq!((doc.extent, doc.frames()), (Extent::Cancelled, 0));
    }
}
