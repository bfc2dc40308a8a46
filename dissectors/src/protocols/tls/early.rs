//! Early data that could be opened (RFC 8446 4.2.10): kept until the server says whether it takes it. What it refuses was never
//! heard by the program behind it, and is said again.

use crate::units::StreamOffset;

/// Bytes that are kept: servers take 16 KiB at most, as a rule.
const KEPT: usize = 64 * 1024;

/// What waits for the server's answer.
#[derive(Debug, Default)]
pub(super) struct EarlyData {
    pieces: Vec<(StreamOffset, Vec<u8>)>,
    len: usize,
}

impl EarlyData {
    /// Keeps a piece; false where that is too much.
    pub(super) fn keep(&mut self, at: StreamOffset, bytes: &[u8]) -> bool {
        if self.len + bytes.len() > KEPT {
            return false;
        }
        self.len += bytes.len();
        self.pieces.push((at, bytes.to_vec()));
        true
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What was kept, in its order.
    pub(super) fn take(&mut self) -> Vec<(StreamOffset, Vec<u8>)> {
        self.len = 0;
        std::mem::take(&mut self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut early = EarlyData::default();
        assert!(early.keep(7, &vec![1; KEPT - 1]));
        assert!(!early.keep(8, &[1; 2]));
        assert!(early.keep(9, &[1]));
        assert_eq!(early.take().len(), 2);
        assert!(early.is_empty() && early.keep(0, &vec![1; KEPT]));
    }
}
