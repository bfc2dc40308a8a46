//! TCP analysis as Wireshark defines it: what a segment is to those before it in its connection.
//!
//! Heads up, read first: "TCP Analysis" in the Wireshark User's Guide. The definitions are Wireshark's, also where they
//! mislead (a port mirrored twice gives retransmissions); sessions have their own (`stream::tcp`).

mod half;
mod remarks;
#[cfg(test)]
mod tests;

use colloquy_dissectors::units::{FrameNo, Timestamp};

use half::Half;
pub(super) use half::Scale;
pub(super) use remarks::{ALL as REMARKS, Remarks};

use crate::frame::TcpFlags;

/// Nanoseconds within which a segment that was overtaken counts as out of order while no round trip time is known.
const OUT_OF_ORDER: i64 = 3_000_000;
/// Nanoseconds after a duplicate ACK within which the segment it asks for is a fast retransmission.
const FAST_RETRANSMISSION: i64 = 20_000_000;

/// A TCP segment, as far as the analysis needs it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Segment {
    pub(super) frame: FrameNo,
    pub(super) time: Timestamp,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: TcpFlags,
    /// As on the wire.
    pub(super) window: u16,
    /// Bytes of payload.
    pub(super) len: u32,
    /// Of the option.
    pub(super) wscale: Option<u8>,
    /// Bytes between the edges of the SACK option.
    pub(super) sacked: u32,
}

impl Segment {
    const fn has(&self, flag: TcpFlags) -> bool {
        self.flags.has(flag)
    }

    const fn any(&self, flags: TcpFlags) -> bool {
        self.flags.0 & flags.0 != 0
    }

    /// SYN without ACK.
    const fn opens(&self) -> bool {
        self.has(TcpFlags::SYN) && !self.has(TcpFlags::ACK)
    }
}

/// What flags a segment of mere data or acknowledgment has not.
const SYN_FIN_RST: TcpFlags = TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST);
const SYN_FIN: TcpFlags = TcpFlags::SYN.with(TcpFlags::FIN);

/// Parts of a connection that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Completeness(pub(super) u8);

impl Completeness {
    /// Both together.
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const SYN: u8 = 1;
    const SYN_ACK: u8 = 2;
    const ACK: u8 = 4;
    const DATA: u8 = 8;
    const FIN: u8 = 16;
    const RST: u8 = 32;
}

/// What was found out about one segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Sequence number that the sender began with, and the one that it acknowledges from.
    pub(super) bases: [u32; 2],
    pub(super) scale: Scale,
    pub(super) remarks: Remarks,
    /// Which duplicate it is, and of which frame.
    pub(super) duplicate: (u32, FrameNo),
    /// The frame that it acknowledges, and the nanoseconds since then.
    pub(super) acks: Option<(FrameNo, i64)>,
    pub(super) in_flight: Option<u32>,
    pub(super) push_bytes: Option<u32>,
    /// Nanoseconds since the frame whose segment it repeats.
    pub(super) rto: Option<(i64, FrameNo)>,
    /// The handshake's round trip, as known by now.
    pub(super) initial_rtt: Option<i64>,
    /// It acknowledges more than was seen, whether that is remarked or not.
    acks_unseen: bool,
    /// Parts of the connection seen before it, and with it.
    pub(super) parts_before: Completeness,
    pub(super) parts: Completeness,
}

impl Seen {
    /// Wireshark shows an analysis of this segment.
    pub(super) const fn is_something(&self) -> bool {
        !self.remarks.is_empty()
            || self.acks.is_some()
            || self.in_flight.is_some()
            || self.push_bytes.is_some()
            || self.acks_unseen
    }
}

/// The connection's past.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    halves: [Half; 2],
    /// Of all segments, and of all but the first, of which Wireshark's first pass notes a SYN only.
    parts: Completeness,
    later_parts: Completeness,
    begun: bool,
    /// The last SYN.
    opened: Option<Timestamp>,
    initial_rtt: Option<i64>,
    /// Ports that a connection had before.
    reused: bool,
}

impl Connection {
    /// `reused`: another connection had the same ends before.
    pub(super) fn new(reused: bool) -> Self {
        Self {
            reused,
            ..Self::default()
        }
    }

    /// What Wireshark's first pass knows of the connection at its end.
    pub(super) const fn later_parts(&self) -> Completeness {
        self.later_parts
    }

    /// What was seen of it until now.
    pub(super) const fn parts(&self) -> Completeness {
        self.parts
    }

    pub(super) const fn initial_rtt(&self) -> Option<i64> {
        self.initial_rtt
    }

    /// The sequence numbers that both sides began with, the sender's first.
    pub(super) fn bases(&self, from_first: bool) -> [u32; 2] {
        let [first, second] = &self.halves;
        let bases = [first.base.unwrap_or(0), second.base.unwrap_or(0)];
        if from_first {
            bases
        } else {
            [bases[1], bases[0]]
        }
    }

    /// Takes a segment of the side that sent the connection's first frame, or of the other one.
    pub(super) fn segment(&mut self, from_first: bool, s: &Segment) -> Seen {
        let mut seen = Seen::default();
        let reused = std::mem::take(&mut self.reused);
        if reused {
            seen.remarks.add(Remarks::REUSED_PORTS);
        }
        seen.parts_before = self.parts;
        self.note_parts(s);
        let rtt = self.initial_rtt;
        let [first, second] = &mut self.halves;
        let (own, peer) = if from_first {
            (first, second)
        } else {
            (second, first)
        };
        if s.has(SYN_ACK) && own.base.is_some_and(|base| base != s.seq) {
            seen.remarks.add(Remarks::REUSED_PORTS);
            own.base = Some(s.seq);
        }
        learn_bases(own, peer, s);
        if s.has(TcpFlags::ACK) {
            peer.flight_is_known = true;
        }
        judge(own, peer, s, &mut seen);
        judge_ack(own, peer, s, &mut seen);
        judge_repeat(own, peer, s, rtt, &mut seen);
        own.sent(s, seen.remarks);
        peer.acknowledged(s, &mut seen);
        own.in_flight(s, peer.sacked_of_peer(), &mut seen);
        own.received(s);
        if s.has(TcpFlags::SYN) {
            learn_scale(own, peer, s);
        }
        seen.bases = [own.base.unwrap_or(0), peer.base.unwrap_or(0)];
        seen.scale = own.scale;
        seen.initial_rtt = self.initial_rtt;
        seen.parts = self.parts;
        seen
    }

    /// Handshake, data and end, and how long the handshake took.
    fn note_parts(&mut self, s: &Segment) {
        let mut parts = 0;
        let is_ack = s.has(TcpFlags::ACK) && !s.has(TcpFlags::SYN);
        if s.opens() {
            parts |= Completeness::SYN;
            self.opened = Some(s.time);
        } else if s.has(TcpFlags::SYN) {
            parts |= Completeness::SYN_ACK;
        } else if is_ack && s.len == 0 {
            parts |= Completeness::ACK;
        }
        if s.len > 0 {
            parts |= Completeness::DATA;
        }
        if s.has(TcpFlags::FIN) {
            parts |= Completeness::FIN;
        }
        if s.has(TcpFlags::RST) {
            parts |= Completeness::RST;
        }
        // Time stamps may be too coarse for the handshake.
        if is_ack
            && self.initial_rtt.is_none_or(|nanos| nanos == 0)
            && let Some(opened) = self.opened
        {
            self.initial_rtt = Some(s.time.nanos_since(opened));
        }
        self.parts.0 |= parts;
        if self.begun || s.opens() {
            self.later_parts.0 |= parts;
        }
        self.begun = true;
    }
}

const SYN_ACK: TcpFlags = TcpFlags::SYN.with(TcpFlags::ACK);

fn learn_bases(own: &mut Half, peer: &mut Half, s: &Segment) {
    own.base.get_or_insert(if s.has(TcpFlags::SYN) {
        s.seq
    } else {
        s.seq.wrapping_sub(1)
    });
    if s.has(TcpFlags::ACK) {
        peer.base.get_or_insert(s.ack.wrapping_sub(1));
    }
}

/// Windows are scaled only if both sides' SYNs say so (RFC 7323 2.2).
fn learn_scale(own: &mut Half, peer: &mut Half, s: &Segment) {
    own.scale = s.wscale.map_or(Scale::None, Scale::By);
    if s.has(TcpFlags::ACK) {
        match (own.scale, peer.scale) {
            (Scale::None, _) | (_, Scale::None) => {
                own.scale = Scale::None;
                peer.scale = Scale::None;
            }
            _ => {}
        }
    }
}

/// Windows, keep-alives, duplicate ACKs, holes.
fn judge(own: &mut Half, peer: &mut Half, s: &Segment, seen: &mut Seen) {
    let plain = !s.any(SYN_FIN_RST);
    let in_order = s.seq == own.next;
    let says_again = s.ack == own.ack && in_order && s.len == 0 && plain;
    if s.len == 1 && in_order && peer.window == Some(0) {
        seen.remarks.add(Remarks::ZERO_WINDOW_PROBE);
        return;
    }
    if s.window == 0 && plain {
        seen.remarks.add(Remarks::ZERO_WINDOW);
    }
    if own.next != 0 && after(s.seq, own.next) && !s.has(TcpFlags::RST) {
        seen.remarks.add(Remarks::LOST_SEGMENT);
        own.flight_is_known = false;
    }
    if s.len <= 1 && s.seq == own.next.wrapping_sub(1) && plain {
        seen.remarks.add(Remarks::KEEP_ALIVE);
    }
    let same_window = own.window == Some(u32::from(s.window));
    if says_again && s.window != 0 && !same_window {
        seen.remarks.add(Remarks::WINDOW_UPDATE);
    }
    if s.len > 0
        && plain
        && peer
            .edge()
            .is_some_and(|edge| s.seq.wrapping_add(s.len) == edge)
    {
        seen.remarks.add(Remarks::WINDOW_FULL);
    }
    if says_again && s.window != 0 && same_window && peer.said.has(Remarks::KEEP_ALIVE) {
        seen.remarks.add(Remarks::KEEP_ALIVE_ACK);
        return;
    }
    let next_or_same = s.ack == own.ack || s.ack == own.ack.wrapping_add(1);
    if s.len == 0
        && s.window == 0
        && same_window
        && in_order
        && plain
        && next_or_same
        && peer.said.has(Remarks::ZERO_WINDOW_PROBE)
    {
        seen.remarks.add(Remarks::ZERO_WINDOW_PROBE_ACK);
        // The receiver took the probe's byte after all.
        if s.ack != own.ack {
            if after(s.ack, peer.next) {
                peer.next = s.ack;
            }
            peer.contiguous = s.ack;
        }
        return;
    }
    if says_again && s.window != 0 && same_window {
        own.duplicates += 1;
        seen.remarks.add(Remarks::DUPLICATE_ACK);
        seen.duplicate = (own.duplicates, own.first_ack);
    }
}

/// What it acknowledges.
fn judge_ack(own: &mut Half, peer: &mut Half, s: &Segment, seen: &mut Seen) {
    if s.ack != own.ack {
        own.first_ack = s.frame;
        own.duplicates = 0;
    }
    if peer.contiguous == 0 || !s.has(TcpFlags::ACK) {
        return;
    }
    if !after(s.ack, peer.contiguous) {
        own.is_beyond &= s.ack != peer.next;
        return;
    }
    seen.acks_unseen = true;
    let reopens = s.ack == own.ack.wrapping_add(1)
        && s.seq == own.next
        && s.window != 0
        && peer.said.has(Remarks::ZERO_WINDOW_PROBE);
    if reopens {
        seen.remarks.add(Remarks::WINDOW_UPDATE);
        if after(s.ack, peer.next) {
            peer.next = s.ack;
        }
        peer.contiguous = s.ack;
        return;
    }
    let is_beyond = after(s.ack, peer.next) && peer.contiguous == peer.next;
    if !(is_beyond && own.is_beyond) {
        seen.remarks.add(Remarks::ACK_LOST_SEGMENT);
    }
    own.is_beyond |= is_beyond;
    peer.contiguous = peer.next;
}

/// Whether it was sent before, or was overtaken.
fn judge_repeat(own: &Half, peer: &Half, s: &Segment, rtt: Option<i64>, seen: &mut Seen) {
    if (s.len == 0 && !s.any(SYN_FIN)) || seen.remarks.has(Remarks::KEEP_ALIVE) {
        return;
    }
    let end = s.seq.wrapping_add(s.len);
    if s.len > 0 && peer.ack != 0 && !after(end, peer.ack) {
        seen.remarks.add(Remarks::RETRANSMISSION);
        seen.remarks.add(Remarks::SPURIOUS_RETRANSMISSION);
        return;
    }
    // What begins with the byte of a zero window probe brings new bytes.
    let behind_probe = s.len > 1 && own.next.wrapping_sub(1) == s.seq;
    if own.next == 0 || !after(own.next, s.seq) || behind_probe {
        return;
    }
    let since_ack = s.time.nanos_since(peer.ack_time);
    if peer.duplicates >= 2 && peer.ack == s.seq && (0..FAST_RETRANSMISSION).contains(&since_ack) {
        seen.remarks.add(Remarks::RETRANSMISSION);
        seen.remarks.add(Remarks::FAST_RETRANSMISSION);
        return;
    }
    let since_next = s.time.nanos_since(own.next_time);
    let threshold = rtt.filter(|rtt| *rtt != 0).unwrap_or(OUT_OF_ORDER);
    let end = end.wrapping_add(u32::from(s.any(SYN_FIN)));
    if (0..threshold).contains(&since_next) && own.next != end {
        seen.remarks.add(Remarks::OUT_OF_ORDER);
        return;
    }
    seen.remarks.add(Remarks::RETRANSMISSION);
    let (sent, frame) = own
        .eldest()
        .map_or((own.next_time, own.next_frame), |sent| {
            (sent.time, sent.frame)
        });
    seen.rto = Some((s.time.nanos_since(sent), frame));
}

/// True when `a` is behind `b`, counting as TCP does (RFC 9293 3.4).
const fn after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}
