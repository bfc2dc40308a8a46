//! Numbers in a header, where it was captured that far.

use std::net::{Ipv4Addr, Ipv6Addr};

use colloquy_dissectors::field::Value;

/// The bytes of a header from its first on.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    fn chunk<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk::<N>().copied()
    }

    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.chunk(at).map(u16::from_be_bytes)
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.chunk(at).map(u32::from_be_bytes)
    }

    pub(super) fn ether(self, at: usize) -> Option<Value<'a>> {
        self.chunk(at).map(Value::Ether)
    }

    pub(super) fn v4(self, at: usize) -> Option<Ipv4Addr> {
        self.chunk::<4>(at).map(Ipv4Addr::from)
    }

    pub(super) fn v6(self, at: usize) -> Option<Ipv6Addr> {
        self.chunk::<16>(at).map(Ipv6Addr::from)
    }

    /// The first `len`, or as many as there are.
    pub(super) fn first(self, len: usize) -> &'a [u8] {
        self.0.get(..len).unwrap_or(self.0)
    }

    pub(super) fn from(self, at: usize) -> &'a [u8] {
        self.0.get(at..).unwrap_or_default()
    }
}

/// A number as a value.
pub(super) fn uint<'v>(n: impl Into<u64>) -> Value<'v> {
    Value::Uint(n.into())
}
