//! One thing at a time that a thread finds out about a capture: a frame in full, the frames of a conversation.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use colloquy::dissectors::units::FrameNo;
use colloquy::runner::{self, Detail};
use crossbeam_channel::{Receiver, bounded};

use super::keys;
use super::loader::Wake;

/// Work on a thread of its own, with what it is about. Dropping it tells the thread to stop.
#[derive(Debug)]
pub(crate) struct Finding<K, T> {
    /// What it is about.
    pub(crate) about: K,
    cancel: Arc<AtomicBool>,
    result: Receiver<Result<T, String>>,
}

impl<K: Clone + Send + 'static, T: Send + 'static> Finding<K, T> {
    /// Begins.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        about: K,
        wake: Wake,
        work: impl FnOnce(&K, &AtomicBool) -> Result<T, String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let cancel = Arc::new(AtomicBool::new(false));
        let (sender, result) = bounded(1);
        let (of, stop) = (about.clone(), Arc::clone(&cancel));
        thread::Builder::new()
            .name("dissecting".to_owned())
            .spawn(move || {
                // Nobody is there any more once something else was asked for.
                let _ = sender.send(work(&of, &stop));
                wake();
            })?;
        Ok(Self {
            about,
            cancel,
            result,
        })
    }

    /// The result, once it is there.
    pub(crate) fn take(&self) -> Option<Result<T, String>> {
        self.result.try_recv().ok()
    }
}

impl<K, T> Drop for Finding<K, T> {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

/// A frame of the capture at `path` in full.
pub(crate) fn detail(path: &Path, frame: FrameNo, cancel: &AtomicBool) -> Result<Detail, String> {
    let path = path.to_string_lossy();
    let open = || keys::open(&path);
    runner::detail(&open, frame, cancel)
        .map_err(|e| e.to_string())?
        .ok_or_else(|| format!("{path} has no frame {frame} any more"))
}
