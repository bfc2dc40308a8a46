//! The key log that was given with the window: it lies beside every capture that is opened in it.

use std::sync::OnceLock;

use colloquy::capture::{self, CaptureError, KeyLog, Source};

static LOG: OnceLock<KeyLog> = OnceLock::new();

/// Sets it, once and before anything is opened.
pub(crate) fn set(log: KeyLog) {
    let _ = LOG.set(log);
}

/// The log; an empty one where none was given.
pub(crate) fn log() -> KeyLog {
    LOG.get().cloned().unwrap_or_default()
}

/// Opens a capture with it.
pub(crate) fn open(path: &str) -> Result<Box<dyn Source>, CaptureError> {
    Ok(log().beside(capture::open(path)?))
}
