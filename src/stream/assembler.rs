//! Segments that came before their turn.
//!
//! Invariant on `held`: sorted by start, no two overlap, each lies behind `next` (the caller's).
//! Worst case: [`OUT_OF_ORDER_SEGMENTS`](crate::limits::OUT_OF_ORDER_SEGMENTS) one-byte segments; the
//! bytes are bounded too, and when either bound is reached the caller declares the hole missing.

use std::collections::VecDeque;

use colloquy_dissectors::units::{Stamp, StreamOffset};

use crate::limits;

/// A piece of a stream that waits for what stands before it.
#[derive(Clone, Debug)]
pub struct Held {
    /// Offset of its first byte.
    pub start: StreamOffset,
    /// Its captured bytes.
    pub bytes: Vec<u8>,
    /// Bytes it had on the wire beyond the captured ones.
    pub cut: u64,
    /// Where it was seen.
    pub stamp: Stamp,
}

impl Held {
    /// One past its last byte.
    pub fn end(&self) -> StreamOffset {
        self.start + self.bytes.len() as u64 + self.cut
    }
}

/// Out-of-order pieces of one side.
#[derive(Debug, Default)]
pub struct Assembler {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Assembler {
    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// True when another piece would go beyond a bound.
    pub fn is_full(&self) -> bool {
        self.held.len() >= limits::OUT_OF_ORDER_SEGMENTS || self.bytes >= limits::OUT_OF_ORDER_BYTES
    }

    /// The first waiting piece.
    pub fn first(&self) -> Option<&Held> {
        self.held.front()
    }

    /// Where the first waiting piece begins.
    pub fn first_start(&self) -> Option<StreamOffset> {
        self.held.front().map(|h| h.start)
    }

    /// The first frame of which a piece waits.
    pub fn first_frame(&self) -> Option<u64> {
        self.held.iter().map(|h| h.stamp.frame).min()
    }

    /// True when all of `start..end` waits already.
    pub fn covers(&self, start: StreamOffset, end: StreamOffset) -> bool {
        let mut at = start;
        let begin = self.held.partition_point(|h| h.end() <= start);
        for piece in self.held.range(begin..) {
            if piece.start > at {
                return false;
            }
            at = at.max(piece.end());
            if at >= end {
                return true;
            }
        }
        false
    }

    /// Keeps a piece; what overlaps with pieces that were there first is left out.
    /// Returns false when all of it was there.
    pub fn insert(&mut self, start: StreamOffset, bytes: &[u8], cut: u64, stamp: Stamp) -> bool {
        let end = start + bytes.len() as u64 + cut;
        let mut at = start;
        let mut added = false;
        let mut index = self.held.partition_point(|h| h.end() <= start);
        while at < end {
            let (next_start, next_end) = self
                .held
                .get(index)
                .map_or((u64::MAX, u64::MAX), |h| (h.start, h.end()));
            if next_start <= at {
                at = at.max(next_end);
                index += 1;
                continue;
            }
            let until = end.min(next_start);
            added = true;
            self.put(index, at, until, (start, bytes), stamp);
            index += 1;
            at = until;
        }
        added
    }

    fn put(
        &mut self,
        index: usize,
        from: StreamOffset,
        until: StreamOffset,
        (start, bytes): (StreamOffset, &[u8]),
        stamp: Stamp,
    ) {
        let low = ((from - start) as usize).min(bytes.len());
        let high = ((until - start) as usize).min(bytes.len());
        let part = bytes.get(low..high).unwrap_or(&[]).to_vec();
        self.bytes += part.len();
        let cut = (until - from) - part.len() as u64;
        self.held.insert(
            index,
            Held {
                start: from,
                bytes: part,
                cut,
                stamp,
            },
        );
    }

    /// Takes the first piece when it begins at or before `next`.
    pub fn take_ready(&mut self, next: StreamOffset) -> Option<Held> {
        if self.held.front()?.start > next {
            return None;
        }
        let piece = self.held.pop_front()?;
        self.bytes -= piece.bytes.len();
        Some(piece)
    }
}
