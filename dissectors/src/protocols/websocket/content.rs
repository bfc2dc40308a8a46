//! What messages say, kept of each side while somebody reads it: the dialogue's reader, or who pairs calls and answers.

use super::deflate::Inflater;
use super::wire;

/// Bytes of one message that are kept, as they came.
const MOST: usize = 256 * 1024;

/// One side's messages.
#[derive(Debug, Default)]
pub(super) struct Content {
    bytes: Vec<u8>,
    /// Some of the message at hand are not among them.
    cut: bool,
    inflater: Option<Box<Inflater>>,
}

impl Content {
    /// A new message begins.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        self.cut = false;
    }

    /// The next bytes of a payload, unmasked.
    pub(super) fn push(&mut self, plain: &[u8]) {
        let free = MOST.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(plain.get(..free).unwrap_or(plain));
        self.cut |= plain.len() > free;
    }

    /// As [`Self::push`], masked: the first bytes of a frame.
    pub(super) fn push_masked(&mut self, bytes: &[u8], key: Option<[u8; 4]>) {
        wire::unmasked(bytes, key, 0, |plain| self.push(plain));
    }

    /// Bytes were lost.
    pub(super) fn lose(&mut self) {
        self.cut = true;
        if let Some(inflater) = &mut self.inflater {
            inflater.lose();
        }
    }

    /// Nobody reads any more.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The message is whole: what it says, unless it is too long or bytes of it are missing, or it is compressed in a way
    /// that can't be undone. `forgets`: its sender forgets its window after each.
    pub(super) fn end(&mut self, compressed: bool, forgets: bool) -> Option<Vec<u8>> {
        let bytes = std::mem::take(&mut self.bytes);
        let cut = std::mem::take(&mut self.cut);
        if !compressed {
            return (!cut).then_some(bytes);
        }
        let inflater = self.inflater.get_or_insert_default();
        if cut {
            inflater.lose();
            return None;
        }
        inflater.message(&bytes, forgets)
    }
}
