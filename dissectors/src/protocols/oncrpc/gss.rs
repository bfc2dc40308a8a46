//! RPCSEC_GSS contexts of one side's calls: windows and sequence numbers (RFC 2203 sections 5.2.3.1 and 5.3.3.1).

use std::collections::VecDeque;

use super::xdr::Xdr;
use crate::event::{Fact, digest};

/// Contexts of one side that are known at once; the oldest is let go.
const MOST_CONTEXTS: usize = 16;
/// Sequence numbers of a context that are remembered, as many as the largest windows in use.
const MOST_SEQUENCES: usize = 256;

/// The contexts of one side.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    known: VecDeque<Context>,
    /// How many were seen to be made.
    pub(super) created: u32,
    /// How many were seen to be destroyed.
    pub(super) destroyed: u32,
}

#[derive(Debug)]
struct Context {
    /// Fingerprint of its handle.
    handle: u32,
    /// Sequence numbers that the server takes below the highest; unknown where its making was not captured.
    window: Option<u32>,
    highest: u32,
    /// Sequence number and xid of the last calls.
    recent: VecDeque<(u32, u32)>,
}

impl Contexts {
    /// A context was made; `results` is `rpc_gss_init_res`. Its window.
    pub(super) fn created(&mut self, results: &[u8]) -> Option<u32> {
        let mut xdr = Xdr::new(results);
        let handle = digest(xdr.opaque(1024)?);
        let (major, _minor, window) = (xdr.word()?, xdr.word()?, xdr.word()?);
        if major != 0 {
            return None;
        }
        self.created = self.created.saturating_add(1);
        self.known.retain(|c| c.handle != handle);
        self.add(handle, Some(window));
        Some(window)
    }

    /// A context was destroyed.
    pub(super) fn destroyed(&mut self) {
        self.destroyed = self.destroyed.saturating_add(1);
    }

    fn add(&mut self, handle: u32, window: Option<u32>) {
        if self.known.len() >= MOST_CONTEXTS {
            self.known.pop_front();
        }
        self.known.push_back(Context {
            handle,
            window,
            highest: 0,
            recent: VecDeque::new(),
        });
    }

    /// A call under the context of `handle`: a fact where the server is to discard it without a word.
    pub(super) fn used(&mut self, handle: &[u8], sequence: u32, xid: u32) -> Option<Fact> {
        let handle = digest(handle);
        if !self.known.iter().any(|c| c.handle == handle) {
            self.add(handle, None);
        }
        let context = self.known.iter_mut().find(|c| c.handle == handle)?;
        let fact = context.discarded(sequence, xid);
        context.highest = context.highest.max(sequence);
        if context.recent.len() >= MOST_SEQUENCES {
            context.recent.pop_front();
        }
        context.recent.push_back((sequence, xid));
        fact
    }
}

impl Context {
    fn discarded(&self, sequence: u32, xid: u32) -> Option<Fact> {
        // The very same message again is a copy on the way, or of the capture.
        let used = self.recent.iter().any(|(s, x)| *s == sequence && *x != xid);
        let below = self
            .window
            .is_some_and(|w| u64::from(sequence) + u64::from(w) <= u64::from(self.highest));
        (used || below).then(|| {
            Fact::new("rpc.gss-discardable")
                .with("sequence", sequence)
                .with("highest", self.highest)
                .with("window", self.window.unwrap_or(0))
                .with("used_before", used)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: &[u8] = b"ctx1";

    fn made(window: u32) -> Contexts {
        let words = [4_u32, 0x6374_7831, 0, 0, window, 0];
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        let mut contexts = Contexts::default();
        assert_eq!(contexts.created(&bytes), Some(window));
        contexts
    }

    #[test]
    fn a_number_below_the_window_is_to_be_discarded() {
        let mut contexts = made(8);
        assert!(contexts.used(HANDLE, 10, 1).is_none());
        assert!(contexts.used(HANDLE, 3, 2).is_none(), "within the window");
        assert!(contexts.used(HANDLE, 2, 3).is_some());
    }

    #[test]
    fn a_number_of_another_call_is_to_be_discarded_and_a_copy_is_none() {
        let mut contexts = Contexts::default();
        assert!(contexts.used(HANDLE, 10, 1).is_none());
        assert!(contexts.used(HANDLE, 10, 1).is_none(), "a copy");
        assert!(contexts.used(HANDLE, 10, 2).is_some());
        assert!(contexts.used(b"another", 10, 3).is_none());
        assert!(contexts.used(HANDLE, 1, 4).is_none(), "unknown window");
    }

    #[test]
    fn few_contexts_and_numbers_are_kept() {
        let mut contexts = Contexts::default();
        for n in 0..1000_u32 {
            contexts.used(&n.to_be_bytes(), n, n);
            contexts.used(HANDLE, n, n);
        }
        assert_eq!(contexts.known.len(), MOST_CONTEXTS);
        assert!(
            contexts
                .known
                .iter()
                .all(|c| c.recent.len() <= MOST_SEQUENCES)
        );
        assert!(contexts.created(&[0; 3]).is_none());
    }
}
