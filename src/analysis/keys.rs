//! TLS secrets on their way from a capture to those who dissect it.

use std::sync::Arc;

use colloquy_dissectors::secrets::Secrets;

use super::batch::Batch;

/// How far a capture's key log was read.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Its bytes that were read.
    seen: usize,
}

impl Keys {
    /// All secrets, where `text`, the key log so far, has more than it had before.
    pub(crate) fn fresh(&mut self, text: &str) -> Option<Arc<Secrets>> {
        if text.len() == self.seen {
            return None;
        }
        self.seen = text.len();
        Some(Arc::new(Secrets::read(text)))
    }

    /// The same for batches of a block, before which the capture has told `text`.
    pub(crate) fn hand(&mut self, text: &str, batches: &mut [Batch]) {
        if let Some(secrets) = self.fresh(text) {
            for batch in batches {
                batch.secrets = Some(Arc::clone(&secrets));
            }
        }
    }
}
