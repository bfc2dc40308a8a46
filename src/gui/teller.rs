//! The messages of one conversation are read from its capture again, on a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use colloquy::capture::{Block, CaptureError, CaptureSummary, Source};
use colloquy::dissectors::units::FrameNo;
use colloquy::runner;
use colloquy::session::told::Dialogue;
use crossbeam_channel::{Receiver, bounded};

use super::keys;
use super::loader::Wake;
use super::panels::ladder::Which;

type Told = Result<Arc<Dialogue>, String>;

/// A conversation being read.
#[derive(Debug)]
pub(crate) struct Teller {
    which: Which,
    before: Option<Arc<Dialogue>>,
    cancel: Arc<AtomicBool>,
    result: Receiver<Told>,
    began: Instant,
}

impl Teller {
    /// Begins to read. `before` is shown meanwhile: the same conversation when it was shorter.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        which: Which,
        before: Option<Arc<Dialogue>>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let cancel = Arc::new(AtomicBool::new(false));
        let (sender, result) = bounded(1);
        let (job, stop) = (which.clone(), Arc::clone(&cancel));
        thread::Builder::new()
            .name("ladder".to_owned())
            .spawn(move || {
                // Nobody is there any more once something else was selected.
                let _ = sender.send(tell(&job, &stop));
                wake();
            })?;
        Ok(Self {
            which,
            before,
            cancel,
            result,
            began: Instant::now(),
        })
    }

    /// What is read.
    pub(crate) const fn which(&self) -> &Which {
        &self.which
    }

    /// What was known of it before.
    pub(crate) const fn before(&self) -> Option<&Arc<Dialogue>> {
        self.before.as_ref()
    }

    /// The result, once it is there, and how long it took.
    pub(crate) fn take(&self) -> Option<(Told, Duration)> {
        let told = self.result.try_recv().ok()?;
        Some((told, self.began.elapsed()))
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

/// Reads it here and now.
pub(crate) fn tell(which: &Which, cancel: &AtomicBool) -> Told {
    let source = keys::open(&which.path.to_string_lossy()).map_err(|e| e.to_string())?;
    let mut source = Until {
        source,
        last: which.last,
        over: false,
    };
    let told = runner::dialogue(&mut source, which.flow, cancel).map_err(|e| e.to_string())?;
    told.map(Arc::new)
        .ok_or_else(|| format!("{} changed while it was open", which.path.display()))
}

/// A capture as far as a conversation goes in it.
struct Until {
    source: Box<dyn Source>,
    last: FrameNo,
    over: bool,
}

impl Source for Until {
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        if self.over {
            return Ok(false);
        }
        let filled = self.source.fill(block)?;
        self.over = block.records.last().is_some_and(|r| r.no > self.last);
        Ok(filled)
    }

    fn secrets(&self) -> &str {
        self.source.secrets()
    }

    fn summary(&self) -> CaptureSummary {
        self.source.summary()
    }
}
