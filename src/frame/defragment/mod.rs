//! Putting fragmented IP datagrams together (RFC 791 s3.2, RFC 815, RFC 8200 s4.5), within bounds.
//!
//! Fragments may come in any order and twice. Where they overlap the bytes that came first stay, as RFC 791's procedure
//! leaves open and most attacks rely on, and it is counted. What does not become whole in time is handed out as
//! [`Incomplete`], with what is missing of it.

mod datagram;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher;
use std::net::IpAddr;

use colloquy_dissectors::units::{FrameNo, Timestamp};
use hashbrown::{DefaultHashBuilder, HashMap};

use super::decoded::{Decoded, FragmentInfo, Network, Transport};
use super::walk;
use datagram::{Datagram, PIECE_COST};

/// Fragments inside reassembled fragments that are followed.
const MAX_NESTING: u32 = 4;
/// Fingerprints kept of a datagram that became whole.
const MAX_FINGERPRINTS: usize = 64;

/// What the defragmenter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Datagrams under way; as many that became whole are remembered, to know late copies of their fragments.
    pub datagrams: usize,
    /// Memory for fragments, in bytes.
    pub bytes: usize,
    /// Nanoseconds of capture time from the first fragment until a datagram is given up.
    pub timeout: i64,
}

impl Default for Limits {
    /// 4096 datagrams, 16 MiB and the 30 seconds that hosts wait.
    fn default() -> Self {
        Self {
            datagrams: 4096,
            bytes: 16 << 20,
            timeout: 30_000_000_000,
        }
    }
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Fragments taken.
    pub fragments: u64,
    /// Datagrams that became whole.
    pub whole: u64,
    /// Fragments that brought nothing new and said the same as before: retransmitted or captured twice.
    pub duplicates: u64,
    /// Fragments that overlapped others; the bytes that came first were kept.
    pub overlaps: u64,
    /// Fragments that said otherwise than others, in bytes or in the datagram's length.
    pub conflicts: u64,
    /// Fragments without bytes, or reaching beyond the longest datagram there can be.
    pub malformed: u64,
    /// Datagrams given up after the time-out.
    pub timed_out: u64,
    /// Datagrams given up because [`Limits::datagrams`] or [`Limits::bytes`] was reached.
    pub evicted: u64,
    /// [`Incomplete`] datagrams that were thrown away because nobody took them.
    pub forgotten: u64,
}

/// What a fragment led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Defragmented {
    /// Not a fragment, or its datagram is not whole yet.
    Pending,
    /// A copy of a fragment that was there already.
    Duplicate,
    /// This fragment made its datagram whole.
    Whole(Box<Whole>),
}

/// A datagram put together.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its IP header, with what it carries as protocol.
    pub network: Network,
    /// What the IP header carried, up to the first byte that the snap length cut off.
    pub bytes: Vec<u8>,
    /// The same taken apart: offsets count from the start of `bytes`.
    pub decoded: Decoded,
    /// The frames of its fragments, in the order they were captured.
    pub frames: Vec<FrameNo>,
    /// When its first fragment was captured.
    pub began: Timestamp,
}

/// Bytes of a datagram that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first missing byte.
    pub start: u32,
    /// One past the last, or `None` when the last fragment is missing and so the length unknown.
    pub end: Option<u32>,
}

/// Why a datagram was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did not become whole in time.
    TimedOut,
    /// A bound was reached, and it was the oldest.
    Evicted,
    /// The capture ended.
    CaptureEnded,
}

/// A datagram that did not become whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// Its IP header: the first fragment's, if that was seen.
    pub network: Network,
    /// Source and destination port of TCP or UDP, if the first fragment was seen.
    pub ports: Option<(u16, u16)>,
    /// Whether the first fragment was seen; without it the capture may have begun too late.
    pub has_first: bool,
    /// The frames of the fragments that were seen.
    pub frames: Vec<FrameNo>,
    /// What did not come, in order.
    pub missing: Vec<Missing>,
    /// When its first fragment was captured.
    pub began: Timestamp,
    /// When it was given up.
    pub ended: Timestamp,
    /// Why.
    pub end: End,
}

/// What fragments of one datagram have in common. IPv6 leaves the protocol out (RFC 8200 s4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    protocol: u8,
}

/// A datagram that became whole lately.
#[derive(Debug)]
struct Done {
    at: Timestamp,
    serial: u64,
    fingerprints: Vec<u64>,
}

/// Puts datagrams together.
///
/// Invariant: `order` holds the serial of every datagram in `pending`, and `cost` is the sum of theirs.
#[derive(Debug, Default)]
pub struct Defragmenter {
    limits: Limits,
    pending: HashMap<Key, Datagram>,
    order: BTreeMap<u64, Key>,
    done: HashMap<Key, Done>,
    done_order: VecDeque<(Key, u64)>,
    given_up: Vec<Incomplete>,
    cost: usize,
    next_serial: u64,
    counters: Counters,
    hasher: DefaultHashBuilder,
}

impl Defragmenter {
    /// An empty defragmenter.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Datagrams under way.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Takes a frame that was decoded to a [`Transport::Fragment`]; `data` is what `decoded` was made of. Anything else is
    /// left alone.
    pub fn push(
        &mut self,
        decoded: &Decoded,
        data: &[u8],
        time: Timestamp,
        frame: FrameNo,
    ) -> Defragmented {
        self.expire(time);
        let mut result = self.push_one(decoded, data, time, &[frame]);
        // A tunnel whose outer packet and whose inner packet were both fragmented.
        for _ in 0..MAX_NESTING {
            match result {
                Defragmented::Whole(outer)
                    if matches!(outer.decoded.transport, Transport::Fragment(_)) =>
                {
                    result = self.push_one(&outer.decoded, &outer.bytes, time, &outer.frames);
                }
                other => return other,
            }
        }
        result
    }

    /// Gives up what is older than the time-out at `now`. [`Defragmenter::push`] does so too.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((&serial, key)) = self.order.first_key_value() {
            let is_old = self
                .pending
                .get(key)
                .is_none_or(|datagram| now.nanos_since(datagram.began) > self.limits.timeout);
            if !is_old {
                break;
            }
            self.counters.timed_out += 1;
            self.give_up(serial, End::TimedOut, now);
        }
    }

    /// Gives up everything, at the end of a capture.
    pub fn finish(&mut self, now: Timestamp) {
        while let Some((&serial, _)) = self.order.first_key_value() {
            self.give_up(serial, End::CaptureEnded, now);
        }
    }

    /// What was given up since the last call. To be called now and then: at most [`Limits::datagrams`] wait here.
    pub fn take_incomplete(&mut self) -> Vec<Incomplete> {
        std::mem::take(&mut self.given_up)
    }

    fn push_one(
        &mut self,
        decoded: &Decoded,
        data: &[u8],
        time: Timestamp,
        frames: &[FrameNo],
    ) -> Defragmented {
        let (Some(network), Transport::Fragment(info)) = (&decoded.network, &decoded.transport)
        else {
            return Defragmented::Pending;
        };
        self.counters.fragments += 1;
        if datagram::end_of(info).is_none() {
            self.counters.malformed += 1;
            return Defragmented::Pending;
        }
        let key = Key {
            src: network.src,
            dst: network.dst,
            id: network.id,
            protocol: match network.version() {
                4 => info.protocol,
                _ => 0,
            },
        };
        let bytes = info.payload.of(data);
        let fingerprint = self
            .hasher
            .hash_one((info.offset, info.wire_len, info.more, bytes));
        if self.is_late_copy(&key, fingerprint, time) {
            self.counters.duplicates += 1;
            return Defragmented::Duplicate;
        }
        self.make_room(bytes.len(), time);
        self.add(key, (network, info, bytes), (time, frames, fingerprint))
            .map_or_else(
                |unfinished| unfinished,
                |datagram| self.complete(key, datagram, decoded, time),
            )
    }

    /// Adds a fragment to its datagram, and takes that out when it became whole.
    fn add(
        &mut self,
        key: Key,
        (network, info, bytes): (&Network, &FragmentInfo, &[u8]),
        (time, frames, fingerprint): (Timestamp, &[FrameNo], u64),
    ) -> Result<Datagram, Defragmented> {
        let serial = self.next_serial;
        let datagram = self.pending.entry(key).or_insert_with(|| {
            self.next_serial += 1;
            self.order.insert(serial, key);
            self.cost += PIECE_COST;
            Datagram::new(*network, time, serial)
        });
        let cost_before = datagram.cost;
        let added = datagram.add(network, info, bytes);
        self.cost += datagram.cost - cost_before;
        self.counters.overlaps += u64::from(added.overlaps && added.is_new);
        self.counters.conflicts += u64::from(added.conflicts);
        if !added.is_new {
            self.counters.duplicates += u64::from(!added.conflicts);
            return Err(if added.conflicts {
                Defragmented::Pending
            } else {
                Defragmented::Duplicate
            });
        }
        datagram.frames.extend_from_slice(frames);
        datagram.fingerprints.push(fingerprint);
        if !datagram.is_whole() {
            return Err(Defragmented::Pending);
        }
        self.remove(&key).ok_or(Defragmented::Pending)
    }

    fn complete(
        &mut self,
        key: Key,
        mut datagram: Datagram,
        decoded: &Decoded,
        time: Timestamp,
    ) -> Defragmented {
        self.counters.whole += 1;
        let (bytes, wire_len) = datagram.assemble();
        let network = Network {
            total_len: wire_len,
            ..datagram.network
        };
        let mut inner = walk::decode_payload(&network, &bytes, wire_len);
        inner.vlans = decoded.vlans;
        inner.vlan_tags = decoded.vlan_tags;
        inner.tunnel_depth = inner.tunnel_depth.saturating_add(decoded.tunnel_depth);
        datagram.fingerprints.truncate(MAX_FINGERPRINTS);
        datagram.fingerprints.shrink_to_fit();
        self.remember(key, datagram.serial, datagram.fingerprints, time);
        Defragmented::Whole(Box::new(Whole {
            network,
            bytes,
            decoded: inner,
            frames: datagram.frames,
            began: datagram.began,
        }))
    }

    fn is_late_copy(&self, key: &Key, fingerprint: u64, time: Timestamp) -> bool {
        self.done.get(key).is_some_and(|done| {
            time.nanos_since(done.at) <= self.limits.timeout
                && done.fingerprints.contains(&fingerprint)
        })
    }

    fn remember(&mut self, key: Key, serial: u64, fingerprints: Vec<u64>, at: Timestamp) {
        self.done.insert(
            key,
            Done {
                at,
                serial,
                fingerprints,
            },
        );
        self.done_order.push_back((key, serial));
        while self.done_order.len() > self.limits.datagrams {
            let Some((oldest, serial)) = self.done_order.pop_front() else {
                break;
            };
            if self
                .done
                .get(&oldest)
                .is_some_and(|done| done.serial == serial)
            {
                self.done.remove(&oldest);
            }
        }
    }

    /// Gives up the oldest datagrams until one more fragment of `len` bytes fits.
    fn make_room(&mut self, len: usize, now: Timestamp) {
        let needed = len + 2 * PIECE_COST;
        while self.pending.len() >= self.limits.datagrams.max(1)
            || self.cost + needed > self.limits.bytes
        {
            let Some((&serial, _)) = self.order.first_key_value() else {
                break;
            };
            self.counters.evicted += 1;
            self.give_up(serial, End::Evicted, now);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.pending.remove(key)?;
        self.order.remove(&datagram.serial);
        self.cost = self.cost.saturating_sub(datagram.cost);
        Some(datagram)
    }

    fn give_up(&mut self, serial: u64, end: End, now: Timestamp) {
        let Some(key) = self.order.remove(&serial) else {
            return;
        };
        let Some(datagram) = self.remove(&key) else {
            return;
        };
        if self.given_up.len() >= self.limits.datagrams.max(1) {
            self.counters.forgotten += 1;
            return;
        }
        self.given_up.push(datagram.give_up(end, now));
    }
}
