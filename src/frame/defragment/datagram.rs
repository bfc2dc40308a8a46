//! The pieces of one datagram.

use std::collections::BTreeMap;

use colloquy_dissectors::units::{FrameNo, Timestamp};

use super::{End, Incomplete, Missing};
use crate::frame::decoded::{FragmentInfo, Network};

/// Neither IP version can carry more behind its header.
const MAX_LEN: u32 = 65_535;
/// What a piece costs besides its bytes: its node, its frame number and its fingerprint, roughly.
pub(super) const PIECE_COST: usize = 96;

/// Bytes of the datagram that one fragment was the first to bring.
///
/// Invariant: `bytes.len() <= wire_len`, less only where the snap length cut the fragment.
#[derive(Debug)]
struct Piece {
    wire_len: u32,
    bytes: Box<[u8]>,
}

/// A datagram that is being put together.
///
/// Invariants on `pieces`: keyed by their offset, they do not overlap; `covered` is the sum of their `wire_len`; when
/// `total` is known, none reaches beyond it. So the datagram is whole when `covered == total`.
#[derive(Debug)]
pub(super) struct Datagram {
    /// Of the first fragment as soon as it was seen, until then of any.
    pub(super) network: Network,
    pub(super) ports: Option<(u16, u16)>,
    pub(super) frames: Vec<FrameNo>,
    /// One a fragment: tells a copy of it that comes late from another datagram's fragment.
    pub(super) fingerprints: Vec<u64>,
    pub(super) began: Timestamp,
    /// Place in the order of arrival of datagrams.
    pub(super) serial: u64,
    /// Memory that its pieces are charged with.
    pub(super) cost: usize,
    pieces: BTreeMap<u32, Piece>,
    covered: u32,
    total: Option<u32>,
}

/// What a fragment did to its datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    /// It brought bytes that were not there.
    pub(super) is_new: bool,
    /// Some of its bytes were there already.
    pub(super) overlaps: bool,
    /// It disagrees with what was there, in bytes or in the total length.
    pub(super) conflicts: bool,
}

impl Datagram {
    pub(super) fn new(network: Network, began: Timestamp, serial: u64) -> Self {
        Self {
            network,
            ports: None,
            frames: Vec::new(),
            fingerprints: Vec::new(),
            began,
            serial,
            cost: PIECE_COST,
            pieces: BTreeMap::new(),
            covered: 0,
            total: None,
        }
    }

    /// Adds a fragment; where bytes are there already, the first ones stay.
    pub(super) fn add(&mut self, network: &Network, info: &FragmentInfo, bytes: &[u8]) -> Added {
        let start = info.offset;
        let mut added = Added::default();
        let Some(end) = end_of(info) else {
            return added;
        };
        if self.contradicts_total(start, end, info.more) {
            added.conflicts = true;
            return added;
        }
        // The last fragment says where the datagram ends, even if its bytes are there already.
        let tells_end = !info.more && self.total.is_none();
        if !info.more {
            self.total = Some(end);
        }
        if start == 0 && self.ports.is_none() {
            self.network = *network;
            self.ports = info.ports;
        }
        added.conflicts = self.differs(start, end, bytes);
        let gaps = self.gaps(start, end);
        let fresh: u32 = gaps.iter().map(|(from, to)| to - from).sum();
        added.is_new = fresh > 0 || tells_end;
        added.overlaps = fresh < info.wire_len;
        for (from, to) in gaps {
            self.insert(from, to, slice(bytes, start, from, to));
        }
        added
    }

    fn contradicts_total(&self, start: u32, end: u32, more: bool) -> bool {
        match self.total {
            Some(total) => end > total || (!more && end != total),
            None => {
                !more
                    && self
                        .pieces
                        .last_key_value()
                        .is_some_and(|(at, piece)| at + piece.wire_len > end.max(start))
            }
        }
    }

    /// The parts of `start..end` that no piece covers.
    fn gaps(&self, start: u32, end: u32) -> Vec<(u32, u32)> {
        let mut gaps = Vec::new();
        let mut at = start;
        for (from, to) in self.overlapping(start, end) {
            if at < from {
                gaps.push((at, from));
            }
            at = at.max(to);
        }
        if at < end {
            gaps.push((at, end));
        }
        gaps
    }

    /// The pieces that share bytes with `start..end`, in order.
    fn overlapping(&self, start: u32, end: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let first = self
            .pieces
            .range(..start)
            .next_back()
            .map_or(start, |(at, _)| *at);
        self.pieces
            .range(first..end.max(first))
            .map(|(at, piece)| (*at, at + piece.wire_len))
            .filter(move |(_, to)| *to > start)
    }

    fn insert(&mut self, from: u32, to: u32, bytes: &[u8]) {
        self.covered += to - from;
        self.cost += bytes.len() + PIECE_COST;
        self.pieces.insert(
            from,
            Piece {
                wire_len: to - from,
                bytes: bytes.into(),
            },
        );
    }

    /// Whether a fragment says other bytes than the pieces it overlaps, as far as both were captured.
    fn differs(&self, start: u32, end: u32, bytes: &[u8]) -> bool {
        self.overlapping(start, end).any(|(from, to)| {
            let (from_in, to_in) = (from.max(start), to.min(end));
            let theirs = self
                .pieces
                .get(&from)
                .map(|piece| slice(&piece.bytes, from, from_in, to_in))
                .unwrap_or_default();
            let ours = slice(bytes, start, from_in, to_in);
            ours.iter().zip(theirs).any(|(a, b)| a != b)
        })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.total == Some(self.covered)
    }

    /// The datagram's bytes up to the first that was not captured, and its length on the wire.
    pub(super) fn assemble(&self) -> (Vec<u8>, u32) {
        let mut bytes = Vec::with_capacity(self.covered as usize);
        for piece in self.pieces.values() {
            bytes.extend_from_slice(&piece.bytes);
            if piece.bytes.len() < piece.wire_len as usize {
                break;
            }
        }
        (bytes, self.covered)
    }

    /// What is left to say when it will not be whole any more.
    pub(super) fn give_up(self, end: End, at: Timestamp) -> Incomplete {
        let mut missing: Vec<Missing> = self
            .gaps(0, self.total.unwrap_or(0).max(self.last_end()))
            .into_iter()
            .map(|(start, end)| Missing {
                start,
                end: Some(end),
            })
            .collect();
        if self.total.is_none() {
            missing.push(Missing {
                start: self.last_end(),
                end: None,
            });
        }
        Incomplete {
            network: self.network,
            ports: self.ports,
            has_first: self.pieces.contains_key(&0),
            frames: self.frames,
            missing,
            began: self.began,
            ended: at,
            end,
        }
    }

    fn last_end(&self) -> u32 {
        self.pieces
            .last_key_value()
            .map_or(0, |(at, piece)| at + piece.wire_len)
    }
}

/// One past the last byte of a fragment; `None` when it is empty or longer than a datagram can be.
pub(super) fn end_of(info: &FragmentInfo) -> Option<u32> {
    let end = info.offset.checked_add(info.wire_len)?;
    (info.wire_len > 0 && end <= MAX_LEN).then_some(end)
}

/// `from..to` of `bytes`, which begin at `base`; less where they end before.
fn slice(bytes: &[u8], base: u32, from: u32, to: u32) -> &[u8] {
    let len = bytes.len();
    let start = (from.saturating_sub(base) as usize).min(len);
    let end = (to.saturating_sub(base) as usize).min(len);
    bytes.get(start..end).unwrap_or_default()
}
