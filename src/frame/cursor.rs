//! The rest of a frame, and how much of it there was on the wire.

use super::decoded::{Extent, Layer, Stop};

/// What is left to read of a frame.
///
/// Invariant: `bytes.len() <= wire`; `bytes` begins at `offset` of the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    /// What was captured.
    pub(super) bytes: &'a [u8],
    /// Where `bytes` begins in the frame.
    pub(super) offset: u32,
    /// How many bytes there were on the wire.
    pub(super) wire: u32,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], wire_len: u32) -> Self {
        let bytes = bytes.get(..u32::MAX as usize).unwrap_or(bytes);
        Self {
            bytes,
            offset: 0,
            wire: wire_len.max(bytes.len() as u32),
        }
    }

    /// Passes over `count` bytes; past the end nothing is left.
    pub(super) fn skip(self, count: usize) -> Self {
        let captured = count.min(self.bytes.len());
        Self {
            bytes: self.bytes.get(captured..).unwrap_or_default(),
            offset: self.offset + captured as u32,
            wire: self.wire.saturating_sub(count as u32),
        }
    }

    /// The next `N` bytes and what follows them.
    pub(super) fn take<const N: usize>(self, layer: Layer) -> Result<(&'a [u8; N], Self), Stop> {
        match self.bytes.first_chunk::<N>() {
            Some(chunk) => Ok((chunk, self.skip(N))),
            None => Err(self.cut(N, layer)),
        }
    }

    /// Passes over `count` bytes that must have been captured.
    pub(super) fn pass(self, count: usize, layer: Layer) -> Result<Self, Stop> {
        if self.bytes.len() < count {
            return Err(self.cut(count, layer));
        }
        Ok(self.skip(count))
    }

    /// Sets the end where an inner length says it is. `wire` may grow: the header knows better than a frame that was cut
    /// before it was captured.
    pub(super) fn limit(self, wire: u32) -> Self {
        Self {
            bytes: self.bytes.get(..wire as usize).unwrap_or(self.bytes),
            offset: self.offset,
            wire,
        }
    }

    /// Why a header of `needed` bytes cannot be read here.
    pub(super) fn cut(self, needed: usize, layer: Layer) -> Stop {
        if self.wire as usize >= needed {
            Stop::SnapLength(layer)
        } else {
            Stop::Truncated(layer)
        }
    }

    /// The byte at `index`, if it was captured.
    pub(super) fn byte(self, index: usize) -> Option<u8> {
        self.bytes.get(index).copied()
    }

    /// The big-endian number at `index`, if it was captured.
    pub(super) fn u16_at(self, index: usize) -> Option<u16> {
        let chunk = self.bytes.get(index..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*chunk))
    }

    /// The big-endian number at `index`, if it was captured.
    pub(super) fn u32_at(self, index: usize) -> Option<u32> {
        let chunk = self.bytes.get(index..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*chunk))
    }

    /// The two port numbers with which TCP and UDP begin.
    pub(super) fn ports(self) -> Option<(u16, u16)> {
        Some((self.u16_at(0)?, self.u16_at(2)?))
    }

    /// Everything captured from here on.
    pub(super) fn extent(self) -> Extent {
        Extent {
            start: self.offset,
            len: self.bytes.len() as u32,
        }
    }
}
