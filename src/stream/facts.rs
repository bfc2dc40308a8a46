//! What a TCP connection shows beside its bytes: the facts that rules on transport judge.

use std::net::IpAddr;

use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::rare::{Rare, Unremarkable};
pub use super::resets::{Challenge, Hurry, Reset, VainReset};

/// A small segment that was sent as soon as the one before it was acknowledged, and that was late.
#[derive(Clone, Copy, Debug)]
pub struct WaitingSegment {
    /// Who waited.
    pub side: Side,
    /// The segment before it.
    pub sent: Stamp,
    /// The delayed acknowledgement.
    pub acked: Stamp,
    /// It.
    pub went: Stamp,
}

impl WaitingSegment {
    /// Nanoseconds that it waited.
    pub fn nanos(&self) -> i64 {
        self.acked.time.nanos_since(self.sent.time)
    }
}

/// Small segments that waited for a delayed acknowledgement, and were answered then (RFC 896, RFC 1122 section 4.2.3.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Waiting {
    /// How many.
    pub count: u32,
    /// Nanoseconds in all.
    pub nanos: i64,
    /// The first.
    pub first: Option<WaitingSegment>,
    /// One whose answer has not come yet.
    pub(super) pending: Option<WaitingSegment>,
    /// The same side sent a small segment while another one was on its way: it does not wait.
    pub disproved: bool,
}

impl Waiting {
    /// `side` has waited at least once, as it seems.
    pub(super) fn has_begun(&self, side: Side) -> bool {
        let one = self.first.or(self.pending);
        one.is_some_and(|one| one.side == side)
    }
}

/// A frame that shows that a side had sent more than was seen of it.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    /// The first such frame.
    pub stamp: Stamp,
    /// How far the side had sent by then.
    pub offset: StreamOffset,
}

/// What few connections show.
#[derive(Clone, Debug, Default)]
pub struct Odd {
    /// A side's own segment without data that stands behind what was seen.
    pub(super) ahead: PerSide<Option<Ahead>>,
    /// An acknowledgement of bytes, or the FIN behind them, before they were seen.
    pub(super) unseen: PerSide<Option<Ahead>>,
    /// A side's segments have different times to live.
    pub(super) ttl_varies: PerSide<bool>,
    /// A reset before [`TcpFacts::reset`] that ended nothing.
    pub vain_reset: Option<VainReset>,
    /// The first answer to its SYN by an older connection.
    pub challenge: Option<Challenge>,
    /// Such answers in all.
    pub challenges: u32,
    /// SYN-ACKs after the client had completed the handshake, while the server said nothing else.
    pub syn_acks_again: SmallVec<[Stamp; 4]>,
    /// Frames of the client after the SYN that the server had not taken by the last of them.
    pub passed_over: u64,
    /// Small segments that waited for a delayed acknowledgement.
    pub waiting: Waiting,
    /// Segments that the capture has behind their acknowledgement: its order is not that of the wire.
    pub acked_before: u64,
}

impl Unremarkable for Odd {
    const DEFAULT: &'static Self = &Self {
        ahead: PerSide::new(None, None),
        unseen: PerSide::new(None, None),
        ttl_varies: PerSide::new(false, false),
        vain_reset: None,
        challenge: None,
        challenges: 0,
        syn_acks_again: SmallVec::new_const(),
        passed_over: 0,
        waiting: Waiting {
            count: 0,
            nanos: 0,
            first: None,
            pending: None,
            disproved: false,
        },
        acked_before: 0,
    };
}

/// Silences that only a retransmission ended: the sender waited for its timer (RFC 6298).
#[derive(Clone, Debug, Default)]
pub struct Stalls {
    /// How many.
    pub count: u32,
    /// Nanoseconds in all.
    pub nanos: i64,
    /// The longest: the last frame before it, and the retransmission.
    pub longest: Option<(Stamp, Stamp)>,
    /// The bytes that arrived last after they had been sent again more than once.
    pub arrived: Option<Arrived>,
    /// Where its peer last sent own bytes again, and acknowledged nothing of those that this side had sent again.
    pub peer_again: Option<Stamp>,
}

/// Bytes that were acknowledged at last, after they had been sent again.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Where they were sent first.
    pub sent: Stamp,
    /// Where they were sent again.
    pub again: ThinVec<Stamp>,
    /// Times they were sent again, also those not kept, without a word of the peer about them between.
    pub count: u32,
    /// Where the peer sent own bytes again meanwhile: it had nothing of these by then.
    pub peer_again: Option<Stamp>,
    /// Where they were acknowledged.
    pub acked: Stamp,
}

impl Arrived {
    /// Nanoseconds until they were acknowledged.
    pub fn nanos(&self) -> i64 {
        self.acked.time.nanos_since(self.sent.time)
    }
}

/// Sending the same bytes again and again while the peer is silent.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Offset of the bytes.
    pub offset: StreamOffset,
    /// Where they were sent first.
    pub first: Stamp,
    /// Where they were sent again.
    pub again: ThinVec<Stamp>,
    /// Times they were sent again, also those not kept.
    pub count: u32,
}

/// Times at which a side could take no more bytes.
#[derive(Clone, Debug, Default)]
pub struct ZeroWindow {
    /// Since when the window is shut now.
    pub since: Option<Stamp>,
    /// Episodes.
    pub episodes: u32,
    /// The longest, begin and end.
    pub longest: Option<(Stamp, Stamp)>,
    /// Window probes of the peer in the episode at hand or the last.
    pub probes: SmallVec<[Stamp; 1]>,
    /// All probes.
    pub probe_count: u32,
}

impl Unremarkable for Stalls {
    const DEFAULT: &'static Self = &Self {
        count: 0,
        nanos: 0,
        longest: None,
        arrived: None,
        peer_again: None,
    };
}

impl Unremarkable for Copies {
    const DEFAULT: &'static Self = &Self {
        count: 0,
        longest_nanos: 0,
        first: None,
        routed: 0,
    };
}

impl Unremarkable for ZeroWindow {
    const DEFAULT: &'static Self = &Self {
        since: None,
        episodes: 0,
        longest: None,
        probes: SmallVec::new_const(),
        probe_count: 0,
    };
}

/// An ICMP error that quotes this conversation.
#[derive(Clone, Copy, Debug)]
pub struct IcmpError {
    /// Where.
    pub stamp: Stamp,
    /// Who sent it.
    pub from: IpAddr,
    /// True for `ICMPv6`.
    pub v6: bool,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Which side's packet it quotes.
    pub about: Side,
}

impl IcmpError {
    /// Destination unreachable (RFC 792; RFC 4443 section 3.1), apart from "fragmentation needed", which only asks
    /// for smaller packets.
    pub const fn is_unreachable(&self) -> bool {
        if self.v6 {
            self.kind == 1
        } else {
            self.kind == 3 && self.code != 4
        }
    }

    /// Not all fragments of a datagram came to who sends this, in time (RFC 792; RFC 4443 section 3.3).
    pub const fn is_reassembly_time_exceeded(&self) -> bool {
        matches!(
            (self.v6, self.kind, self.code),
            (false, 11, 1) | (true, 3, 1)
        )
    }

    /// Nobody listens on the port.
    pub const fn is_port_unreachable(&self) -> bool {
        matches!(
            (self.v6, self.kind, self.code),
            (false, 3, 3) | (true, 1, 4)
        )
    }

    /// What an unreachable's code says, in the words of the RFCs.
    pub const fn meaning(&self) -> &'static str {
        match (self.v6, self.code) {
            (_, 0) => "no route to the network",
            (false, 1) | (true, 3) => "host unreachable",
            (false, 2) => "protocol unreachable",
            (false, 3) | (true, 4) => "port unreachable",
            (false, 9 | 10 | 13) | (true, 1) => "communication administratively prohibited",
            (true, 5 | 6) => "rejected by a policy or route",
            _ => "destination unreachable",
        }
    }
}

/// Bytes that were never captured.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    /// Whose.
    pub side: Side,
    /// Where they stand in the side's stream.
    pub offset: StreamOffset,
    /// How many.
    pub len: u64,
    /// The frame behind the hole.
    pub stamp: Stamp,
    /// They were on the wire and the snap length cut them.
    pub cut: bool,
}

/// Frames that came twice: the capture copied them (guard T6), or the network did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copies {
    /// How many.
    pub count: u64,
    /// The longest distance between the two, in nanoseconds.
    pub longest_nanos: i64,
    /// The first one's frame.
    pub first: Option<Stamp>,
    /// Of TCP: those with another TTL than their side's last frame, which a router lies between.
    pub routed: u64,
}

/// What one side of a connection did.
#[derive(Clone, Debug, Default)]
pub struct SideFacts {
    /// SYNs: the first ones' places.
    pub syns: SmallVec<[Stamp; 1]>,
    /// SYNs in all.
    pub syn_count: u32,
    /// FIN.
    pub fin: Option<Stamp>,
    /// The acknowledgement of its FIN.
    pub fin_acked: Option<Stamp>,
    /// Its first frame.
    pub first: Option<Stamp>,
    /// Its last frame.
    pub last: Option<Stamp>,
    /// Its last frame with new bytes.
    pub last_data: Option<Stamp>,
    /// Frames.
    pub frames: u64,
    /// Segments with bytes, new or again.
    pub data_segments: u64,
    /// Different bytes of its stream, missing ones included.
    pub stream_bytes: u64,
    /// Segments that only carried bytes sent before.
    pub retransmissions: u32,
    /// Segments that came behind later ones.
    pub out_of_order: u32,
    /// Silences that its retransmissions ended.
    pub stalls: Rare<Stalls>,
    /// Segments far outside anything its peer could take; they are left out.
    pub implausible: u32,
    /// Keep-alive probes.
    pub keepalives: u32,
    /// Where its last keep-alive probes stand that its peer has not answered.
    pub keepalives_unanswered: ThinVec<Stamp>,
    /// The last series of unanswered sending.
    pub series: Option<Series>,
    /// Its receive window, shut.
    pub zero_window: Rare<ZeroWindow>,
    /// The last window it offered, scaled where the scale is known.
    pub window: u32,
    /// Bytes sent that its peer has not acknowledged.
    pub unacked: u64,
    /// The shortest time from its last bytes to the acknowledgement of them all: nanoseconds, 0 where there was none yet.
    pub shortest_ack: u32,
    /// Bytes that were never captured.
    pub missing: u64,
    /// Of those, bytes that the snap length cut.
    pub cut: u64,
    /// The largest segment.
    pub largest: u32,
    /// Bytes its peer acknowledged beyond everything that was captured.
    pub acked_unseen: u64,
    /// TTL or hop limit of its last segment.
    pub ttl: Option<u8>,
    /// A bound made the assembler give up holes this many times.
    pub bound_hits: u32,
}

/// What a connection did.
#[derive(Clone, Debug, Default)]
pub struct TcpFacts {
    /// A side each.
    pub sides: PerSide<SideFacts>,
    /// The SYN-ACK.
    pub syn_ack: Option<Stamp>,
    /// SYN-ACKs in all.
    pub syn_ack_count: u32,
    /// The handshake's third part.
    pub established: Option<Stamp>,
    /// See [`TcpFacts::reset`].
    pub(super) reset: Option<Box<Reset>>,
    /// What few connections show.
    pub odd: Rare<Odd>,
    /// Resets in all.
    pub resets: u32,
    /// Frames with bytes, or without, from the reset's side after it.
    pub after_reset: u64,
    /// The first such frame.
    pub after_reset_first: Option<Stamp>,
    /// Of those, segments whose bytes stand behind the reset in the stream: nobody sends them who sent the reset.
    pub after_reset_beyond: u64,
    /// The first word of the other side after the reset is a reset too: it took it for good.
    pub reset_accepted: bool,
    /// ICMP errors that quote it.
    pub icmp: ThinVec<IcmpError>,
    /// Frames that came twice.
    pub copies: Rare<Copies>,
    /// Holes, the first ones.
    pub holes: ThinVec<Missing>,
    /// Seconds of silence before the last frame.
    pub idle_before_last_nanos: i64,
    /// The longest silence: its last frame before and first frame after.
    pub longest_idle: Option<(Stamp, Stamp)>,
}

impl TcpFacts {
    /// The reset that counts: the first, or one after which its side fell silent.
    pub fn reset(&self) -> Option<Reset> {
        self.reset.as_deref().copied()
    }

    /// True when the SYN was seen, so that the stream is known from its first byte.
    pub fn saw_start(&self) -> bool {
        self.syn_ack.is_some() || self.sides[Side::Client].syn_count > 0
    }

    /// True when only one side's frames were captured although bytes went both ways or were acknowledged (T3).
    pub fn one_sided(&self) -> Option<Side> {
        let seen = |s: Side| self.sides[s].frames > 0;
        match (seen(Side::Client), seen(Side::Server)) {
            (true, false) if self.established_by_ack(Side::Client) => Some(Side::Client),
            (false, true) => Some(Side::Server),
            _ => None,
        }
    }

    /// A side that was only ever seen alone, yet acknowledges: its peer spoke unseen.
    fn established_by_ack(&self, side: Side) -> bool {
        // Lone SYNs are an unanswered connect, not a one-sided capture.
        self.sides[side].frames > u64::from(self.sides[side].syn_count)
    }

    /// Where a segment without data shows that `side` had sent bytes that came by neither here nor at its peer: the way lost them.
    /// `None` where the capture lacks frames of that side, so that these bytes may be among them.
    pub fn never_arrived(&self, side: Side) -> Option<(Ahead, u64)> {
        let facts = &self.sides[side];
        let ahead =
            self.odd.ahead[side].filter(|_| facts.missing == 0 && facts.acked_unseen == 0)?;
        let bytes = ahead.offset.checked_sub(facts.stream_bytes)?;
        (bytes > 0 && self.one_sided().is_none()).then_some((ahead, bytes))
    }

    /// The connection's last frame.
    pub fn last(&self) -> Option<Stamp> {
        Side::BOTH.iter().filter_map(|s| self.sides[*s].last).max()
    }

    /// True when both sides closed in order.
    pub fn both_fins(&self) -> bool {
        self.sides.client.fin.is_some() && self.sides.server.fin.is_some()
    }

    /// True when a reset ended it: its side fell silent with it, or the other side took it for good. A side that talks
    /// on did not send it.
    pub fn was_reset(&self) -> bool {
        self.reset.is_some() && (self.after_reset == 0 || self.reset_accepted)
    }

    /// Nanoseconds of one round trip, as the handshake tells: between SYN and SYN-ACK, or between SYN-ACK and ACK,
    /// whichever is longer, so that it does not matter where it was captured. `None` where a SYN was repeated.
    pub fn round_trip_nanos(&self) -> Option<i64> {
        let [syn] = self.sides.client.syns.as_slice() else {
            return None;
        };
        let syn_ack = self.syn_ack.filter(|_| self.syn_ack_count == 1)?;
        let first = syn_ack.time.nanos_since(syn.time);
        let second = self
            .established
            .map_or(0, |e| e.time.nanos_since(syn_ack.time));
        Some(first.max(second).max(0))
    }

    /// The capture was made nearer to the client than to the server, as the handshake tells.
    pub fn is_near_client(&self) -> bool {
        let syn_ack = self.syn_ack.map(|s| s.time);
        let syn = self.sides.client.syns.first().map(|s| s.time);
        let ack = self.established.map(|s| s.time);
        match (syn, syn_ack, ack) {
            (Some(syn), Some(syn_ack), Some(ack)) => {
                syn_ack.nanos_since(syn) > ack.nanos_since(syn_ack)
            }
            _ => false,
        }
    }

    /// True when the connection ended: both FINs or a reset.
    pub fn ended(&self) -> bool {
        self.both_fins() || self.was_reset()
    }

    /// When it ended: the reset, or the later FIN.
    pub fn end(&self) -> Option<Stamp> {
        let fins = self
            .both_fins()
            .then(|| self.sides.client.fin.max(self.sides.server.fin))
            .flatten();
        match (
            self.reset().filter(|_| self.was_reset()).map(|r| r.stamp),
            fins,
        ) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
