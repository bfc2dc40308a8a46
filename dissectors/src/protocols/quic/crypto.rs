//! The bytes of CRYPTO frames put in order (RFC 9000 19.6).

use std::collections::BTreeMap;

/// Bytes that wait for earlier ones, at most: a TLS message is no longer.
const HELD_BYTES: usize = 1 << 16;
/// Pieces that wait, at most.
const HELD_PIECES: usize = 1024;

/// One side's handshake bytes of one level. Pieces may come in any order and more than once; what came first counts.
///
/// Invariant: all of `held` begins behind `next`, and its pieces are `bytes` long in sum.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
}

/// What a piece has made available.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fresh {
    /// The piece's own bytes from here on.
    pub(super) skip: usize,
    /// What had waited for it.
    pub(super) waited: Vec<u8>,
}

impl InOrder {
    /// Takes a piece. `None` when it does not bring the next byte.
    pub(super) fn push(&mut self, offset: u64, bytes: &[u8]) -> Option<Fresh> {
        let end = offset.checked_add(bytes.len() as u64)?;
        if end <= self.next {
            return None;
        }
        if offset > self.next {
            self.hold(offset, bytes);
            return None;
        }
        let skip = (self.next - offset) as usize;
        self.next = end;
        let mut waited = Vec::new();
        while let Some(entry) = self.held.first_entry()
            && *entry.key() <= self.next
        {
            let (at, piece) = entry.remove_entry();
            self.bytes -= piece.len();
            let known = (self.next - at) as usize;
            let new = piece.get(known..).unwrap_or(&[]);
            self.next += new.len() as u64;
            waited.extend_from_slice(new);
        }
        Some(Fresh { skip, waited })
    }

    fn hold(&mut self, offset: u64, bytes: &[u8]) {
        let known = self.held.get(&offset).map_or(0, Vec::len);
        let more = self.held.len() >= HELD_PIECES || self.bytes + bytes.len() > HELD_BYTES;
        if known >= bytes.len() || more {
            return;
        }
        self.bytes += bytes.len() - known;
        self.held.insert(offset, bytes.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(skip: usize, waited: &[u8]) -> Fresh {
        let waited = waited.to_vec();
        Fresh { skip, waited }
    }

    #[test]
    fn pieces_come_in_any_order_and_twice() {
        let mut order = InOrder::default();
        assert_eq!(order.push(4, b"efg"), None);
        assert_eq!(order.push(2, b"cd"), None);
        assert_eq!(order.push(2, b"c"), None, "shorter than what is there");
        assert_eq!(order.push(8, b"i"), None);
        assert_eq!(order.push(0, b"ab"), Some(fresh(0, b"cdefg")));
        assert_eq!(order.push(0, b"abcd"), None, "again");
        assert_eq!(order.push(5, b"fgh"), Some(fresh(2, b"i")));
        assert_eq!((order.next, order.bytes), (9, 0));
        assert!(order.held.is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = InOrder::default();
        for n in 0..(2 * HELD_PIECES as u64) {
            assert_eq!(order.push(2 * n + 1, b"x"), None);
        }
        assert_eq!(order.held.len(), HELD_PIECES);
        let mut order = InOrder::default();
        for n in 0..100 {
            assert_eq!(order.push(1 + n * 2000, &[0; 1500]), None);
        }
        assert!(order.bytes <= HELD_BYTES);
        assert_eq!(order.push(u64::MAX, b"xy"), None);
    }
}
