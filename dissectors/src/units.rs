//! The words every part shares: time, side, offset, span.

use std::fmt;
use std::num::NonZeroU64;

/// A moment: nanoseconds since 1970-01-01T00:00:00 UTC, taken from a packet and never from a clock.
///
/// A moment that is not known takes no more room than one that is: captures have very many of both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

/// Turns the order of signed numbers into that of unsigned ones, and the smallest of them into 0.
const SIGN: u64 = 1 << 63;

impl Timestamp {
    /// The moment `nanos` after 1970-01-01T00:00:00 UTC. The smallest number of all, in the year 1677, stands for the next one.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos.cast_unsigned() ^ SIGN) {
            Some(ordered) => Self(ordered),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Nanoseconds since 1970-01-01T00:00:00 UTC.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// Seconds from `earlier` to this moment; negative when the clock went back.
    #[must_use]
    pub fn since(self, earlier: Self) -> f64 {
        self.nanos_since(earlier) as f64 / 1e9
    }

    /// Nanoseconds from `earlier` to this moment.
    #[must_use]
    pub fn nanos_since(self, earlier: Self) -> i64 {
        self.nanos().saturating_sub(earlier.nanos())
    }

    /// This moment and `nanos` more.
    #[must_use]
    pub fn plus_nanos(self, nanos: i64) -> Self {
        Self::from_nanos(self.nanos().saturating_add(nanos))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_nanos(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.nanos()).finish()
    }
}

/// The number of a frame in its capture, from 1, as tshark counts.
pub type FrameNo = u64;

/// Who speaks. The client is who opened the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who opened the conversation.
    Client,
    /// Who was called.
    Server,
}

impl Side {
    /// Both, the client first.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The peer.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// 0 for the client, 1 for the server.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// `client` or `server`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A pair with one value a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSide<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> PerSide<T> {
    /// Builds both values.
    pub const fn new(client: T, server: T) -> Self {
        Self { client, server }
    }

    /// Exchanges the two, when the sides turn out to be the other way round.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
    }
}

impl<T> std::ops::Index<Side> for PerSide<T> {
    type Output = T;
    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// A byte's place in the ordered stream of one side, from 0, gaps counted.
pub type StreamOffset = u64;

/// A half-open range of stream offsets of one side: `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: StreamOffset,
    /// One past the last byte.
    pub end: StreamOffset,
}

impl Span {
    /// The range `start..end`.
    #[must_use]
    pub const fn new(start: StreamOffset, end: StreamOffset) -> Self {
        Self { start, end }
    }

    /// Bytes in the range.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// True for a range of no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// Where and when one byte (or the end of a message) was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// When.
    pub time: Timestamp,
    /// In which frame.
    pub frame: FrameNo,
}
