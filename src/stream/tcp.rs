//! One TCP connection: segments in, ordered bytes and gaps out.
//!
//! Sequence numbers are unwrapped into 64-bit offsets, 0 being the first byte after the SYN, or the first
//! byte seen where the capture began in mid-stream. Read RFC 9293 sections 3.4 and 3.8 first.

mod holes;
mod joining;
mod odd;
mod watch;

use colloquy_dissectors::dissector::{End, Input};
use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset};
use thin_vec::ThinVec;

use self::joining::Before;
use super::assembler::Assembler;
use super::facts::{Series, TcpFacts};

/// TCP flags.
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u16 = 0x02;
    /// Reset the connection.
    pub const RST: u16 = 0x04;
    /// The acknowledgement is meant.
    pub const ACK: u16 = 0x10;
}

/// A segment as the stream needs it.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Where.
    pub stamp: Stamp,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flags, see [`flags`].
    pub flags: u16,
    /// Window as sent.
    pub window: u16,
    /// Window scale option.
    pub wscale: Option<u8>,
    /// IP identification, 0 where there is none.
    pub ip_id: u32,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Captured bytes.
    pub payload: &'a [u8],
    /// Bytes on the wire; more than `payload` where the snap length cut it.
    pub wire_len: u32,
}

impl Segment<'_> {
    const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// Who takes the ordered stream.
pub trait Receiver {
    /// The next of `side` at `at` in its stream, seen at `stamp`.
    fn deliver(&mut self, side: Side, at: StreamOffset, stamp: Stamp, input: Input<'_>);

    /// Bytes of `side` were not captured where the capture joins the connection. Whether they came since or were under way
    /// before is not known, so that they do not count as missing.
    fn unseen(&mut self, _side: Side) {}

    /// Whether what comes now was in order among its side's bytes, and only waited for what was missing before it or of the other
    /// side.
    fn waited(&mut self, _waited: bool) {}
}

#[derive(Debug, Default)]
struct Half {
    /// Sequence number of offset 0.
    base: Option<u32>,
    /// While that is not known: how far it had got.
    before: Before,
    /// The next offset to be delivered.
    next: StreamOffset,
    /// One past the highest byte seen.
    highest: StreamOffset,
    /// One past the highest byte its peer acknowledged.
    acked: StreamOffset,
    /// Where its FIN stands.
    fin_at: Option<StreamOffset>,
    ended: bool,
    held: Assembler,
    /// Since when the hole before the held pieces is known to be acknowledged: frame count and place.
    acked_hole: Option<(u64, Stamp)>,
    scale: Option<u8>,
    scale_offered: Option<u8>,
    /// The last segments, to tell a mirror port's copies.
    recent: [Recent; 4],
    recent_at: usize,
    /// It reset the connection and has said nothing since: what its peer sends beyond this offset reaches nobody.
    gone: Option<StreamOffset>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Recent {
    nanos: i64,
    frame: u64,
    seq: u32,
    ack: u32,
    id: u32,
    len: u32,
    flags_window: u32,
}

/// The connection.
#[derive(Debug, Default)]
pub struct Tcp {
    halves: PerSide<Half>,
    /// The facts so far, which outlive the rest.
    pub facts: Box<TcpFacts>,
    frames: u64,
    last: Option<Stamp>,
    /// Where the first reset stands in its side's stream.
    reset_at: Option<i64>,
    /// The other side has said something since the first reset.
    reset_heard: bool,
}

/// No window is larger (RFC 7323 section 2.3: below 2^30): what is sent beyond it is damaged or does not belong here.
const IMPLAUSIBLE: i64 = 1 << 30;

impl Tcp {
    /// The first frame whose bytes wait for earlier ones.
    pub fn held_since(&self) -> Option<u64> {
        Side::BOTH
            .into_iter()
            .filter_map(|side| self.halves[side].held.first_frame())
            .min()
    }

    /// Delivers what waits, without what it waits for.
    pub fn give_up(&mut self, to: &mut dyn Receiver) {
        let holds = |side: Side| !self.halves[side].held.is_empty();
        match (holds(Side::Client), holds(Side::Server)) {
            (true, true) => self.flush_both(to),
            (true, false) => self.flush(Side::Client, to),
            (false, true) => self.flush(Side::Server, to),
            (false, false) => {}
        }
    }

    /// Takes the next segment of `side`, in the order of the capture.
    pub fn segment(&mut self, side: Side, segment: &Segment<'_>, to: &mut dyn Receiver) {
        if self.is_copy(side, segment) {
            return;
        }
        if self.of_an_older_connection(side, segment) {
            return;
        }
        self.frames += 1;
        let before = PerSide::new(self.facts.sides.client.last, self.facts.sides.server.last);
        self.note_frame(side, segment);
        self.note_after_reset(side, segment, to);
        if segment.has(flags::SYN) {
            self.syn(side, segment);
        }
        if segment.has(flags::ACK) && !segment.has(flags::RST) {
            self.acknowledge(side, segment, to);
        }
        self.window(side, segment);
        if self.halves[side].base.is_none() {
            self.joined(side, segment, to);
        }
        if segment.wire_len > 0 && !segment.has(flags::RST) {
            self.data(side, segment, before, to);
        } else {
            self.without_data(side, segment);
        }
        if segment.has(flags::FIN) {
            self.fin(side, segment);
        }
        let may_lack = |half: &Half| half.fin_at.is_some() || !half.held.is_empty();
        if may_lack(&self.halves.client) || may_lack(&self.halves.server) {
            self.give_up_holes(segment.stamp, to);
            self.release(None, to);
            self.end_in_order(to);
        }
        if segment.has(flags::RST) {
            self.reset(side, segment, before, to);
        }
        self.last = Some(segment.stamp);
    }

    /// Turns the sides round: who was held for the client is the server.
    pub fn swap(&mut self) {
        self.halves.swap();
        let facts = &mut self.facts;
        facts.sides.swap();
        if facts.odd.is_written() {
            let odd = &mut *facts.odd;
            odd.ahead.swap();
            odd.unseen.swap();
            odd.ttl_varies.swap();
        }
        let vain = (facts.odd.vain_reset.is_some()).then(|| &mut *facts.odd);
        let vain = vain
            .and_then(|odd| odd.vain_reset.as_mut())
            .map(|v| &mut v.reset);
        for reset in facts.reset.as_deref_mut().into_iter().chain(vain) {
            reset.side = reset.side.other();
            reset.unacked.swap();
        }
        for hole in &mut facts.holes {
            hole.side = hole.side.other();
        }
        for error in &mut facts.icmp {
            error.about = error.about.other();
        }
    }

    /// The connection or the capture is over: what waits behind holes is delivered with the holes as gaps, and
    /// both sides end.
    pub fn finish(&mut self, to: &mut dyn Receiver) {
        let reset = self.facts.reset().filter(|_| self.facts.was_reset());
        let (at, end) = match reset {
            Some(reset) => (reset.stamp, End::Reset),
            None => (self.last.unwrap_or_default(), End::CaptureStopped),
        };
        self.flush_both(to);
        self.lose_before_reset(reset.map(|r| r.side), to);
        self.end_in_order(to);
        for side in Side::BOTH {
            self.end(side, at, end, to);
        }
    }

    /// Bytes that wait for a hole to be filled.
    pub fn waiting_bytes(&self) -> usize {
        self.halves.client.held.bytes() + self.halves.server.held.bytes()
    }

    fn acknowledge(&mut self, side: Side, segment: &Segment<'_>, to: &mut dyn Receiver) {
        let peer = side.other();
        if side == Side::Client && self.facts.syn_ack.is_some() && !segment.has(flags::SYN) {
            self.facts.established.get_or_insert(segment.stamp);
        }
        let half = &mut self.halves[peer];
        let Some(base) = half.base else {
            // The SYN or SYN-ACK was not captured: what acknowledges it tells the place where its peer begins.
            if segment.has(flags::SYN) || !self.facts.sides[side].syns.is_empty() {
                half.base = Some(segment.ack);
            } else if half.lacks_until(segment.ack).is_some() {
                half.base_at(segment.ack);
                self.acknowledge(side, segment, to);
            } else {
                self.acknowledges_unseen(side, segment, to);
            }
            return;
        };
        let acked = offset_of(base, half.next.max(half.acked), segment.ack);
        if acked <= half.acked as i64 {
            return;
        }
        let acked = acked as u64;
        let fin_byte = u64::from(half.fin_at.is_some_and(|at| acked > at));
        if half.fin_at.is_some_and(|at| acked > at) {
            self.facts.sides[peer]
                .fin_acked
                .get_or_insert(segment.stamp);
        }
        let bytes = acked - fin_byte;
        if bytes > half.highest + 1 {
            let unseen = bytes - half.highest;
            // An acknowledgement far beyond anything plausible is damage, not loss.
            if unseen > u64::from(u32::MAX / 2) {
                return;
            }
            // Of whom no frame was captured nothing is missing: one direction is (T3).
            if self.facts.sides[peer].frames > 0 {
                self.facts.sides[peer].acked_unseen = unseen;
                self.note_unseen(peer, bytes, segment.stamp);
            }
        }
        let half = &mut self.halves[peer];
        half.acked = bytes;
        let facts = &mut self.facts.sides[peer];
        if let Some(sent) = facts.last_data.filter(|_| bytes == half.highest) {
            let nanos = segment.stamp.time.nanos_since(sent.time).max(1);
            let nanos = u32::try_from(nanos).unwrap_or(u32::MAX);
            facts.shortest_ack = match facts.shortest_ack {
                0 => nanos,
                shortest => shortest.min(nanos),
            };
        }
        facts.unacked = half.highest.saturating_sub(bytes);
    }

    fn data(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        before: PerSide<Option<Stamp>>,
        to: &mut dyn Receiver,
    ) {
        self.facts.sides[side].data_segments += 1;
        let half = &mut self.halves[side];
        let extra = u32::from(segment.has(flags::SYN));
        let seq = segment.seq.wrapping_add(extra);
        let base = half.base_at(seq);
        let start = offset_of(base, half.next, seq);
        let end = start + i64::from(segment.wire_len);
        if start - half.next.max(half.acked) as i64 > IMPLAUSIBLE {
            self.facts.sides[side].implausible += 1;
            return;
        }
        if self.is_keepalive(side, segment) {
            self.probe_or_keepalive(side, segment);
            return;
        }
        let half = &mut self.halves[side];
        if end <= half.next as i64 || half.held.covers(start.max(0) as u64, end.max(0) as u64) {
            self.sent_again(side, start, segment);
            return;
        }
        if self.facts.sides[side.other()].zero_window.since.is_some() && segment.wire_len == 1 {
            self.probe(side, segment.stamp);
        }
        self.waited_for_ack(side, segment, before);
        self.new_bytes(side, (start, end), segment, to);
    }

    /// A segment of which at least the last byte is seen for the first time.
    fn new_bytes(
        &mut self,
        side: Side,
        (start, end): (i64, i64),
        segment: &Segment<'_>,
        to: &mut dyn Receiver,
    ) {
        let half = &self.halves[side];
        let fills_a_hole = (end as u64) <= half.highest;
        if fills_a_hole {
            self.stalled(side, segment.stamp);
        }
        let half = &mut self.halves[side];
        // What overlaps with delivered bytes is left out: the first sight of a byte counts (T10).
        let old = (half.next as i64 - start).max(0) as usize;
        let bytes = segment.payload.get(old..).unwrap_or(&[]);
        let from = (start + old as i64) as u64;
        let cut = (end as u64 - from).saturating_sub(bytes.len() as u64);
        if fills_a_hole {
            self.facts.sides[side].out_of_order += 1;
        } else if end as u64 <= half.acked {
            self.facts.odd.acked_before += 1;
        }
        half.highest = half.highest.max(end as u64);
        let facts = &mut self.facts.sides[side];
        facts.unacked = half.highest.saturating_sub(half.acked);
        // A capture may show an acknowledgement before what it acknowledges.
        facts.acked_unseen = half.acked.saturating_sub(half.highest);
        facts.last_data = Some(segment.stamp);
        facts.stream_bytes = half.highest;
        if facts.series.is_none() && facts.unacked > 0 {
            facts.series = Some(Series {
                offset: from,
                first: segment.stamp,
                again: ThinVec::new(),
                count: 0,
            });
        }
        let heard = self.halves[side.other()]
            .gone
            .is_none_or(|until| end as u64 <= until);
        let waits = self.waits(side);
        let half = &mut self.halves[side];
        if from == half.next && heard && !waits {
            self.deliver(side, from, segment.stamp, bytes, cut, to);
            if !(self.halves.client.held.is_empty() && self.halves.server.held.is_empty()) {
                self.release(Some(side), to);
            }
        } else {
            half.held.insert(from, bytes, cut, segment.stamp);
            if half.held.is_full() {
                self.facts.sides[side].bound_hits += u32::from(heard);
                self.flush(side, to);
            }
        }
    }

    fn deliver(
        &mut self,
        side: Side,
        at: StreamOffset,
        stamp: Stamp,
        bytes: &[u8],
        cut: u64,
        to: &mut dyn Receiver,
    ) {
        if !bytes.is_empty() {
            to.deliver(side, at, stamp, Input::Data(bytes));
        }
        let half = &mut self.halves[side];
        half.next = at + bytes.len() as u64;
        half.acked_hole = None;
        if cut > 0 {
            self.missing(side, cut, stamp, true, to);
        }
    }

    fn fin(&mut self, side: Side, segment: &Segment<'_>) {
        let half = &mut self.halves[side];
        let extra = u32::from(segment.has(flags::SYN));
        let base = half.base_at(segment.seq);
        let seq = segment
            .seq
            .wrapping_add(extra)
            .wrapping_add(segment.wire_len);
        let at = offset_of(base, half.next, seq);
        if half.fin_at.is_some() && segment.wire_len == 0 {
            self.fin_again(side, segment.stamp);
        } else if at >= 0 {
            half.fin_at.get_or_insert(at as u64);
            let lacking = at - half.highest as i64;
            if (1..IMPLAUSIBLE).contains(&lacking) {
                self.note_unseen(side, at as u64, segment.stamp);
            }
        }
        self.facts.sides[side].fin.get_or_insert(segment.stamp);
    }

    fn end_in_order(&mut self, to: &mut dyn Receiver) {
        for side in Side::BOTH {
            let half = &self.halves[side];
            if !half.ended && half.fin_at.is_some_and(|at| half.next >= at) {
                let stamp = self.facts.sides[side].fin.unwrap_or_default();
                self.end(side, stamp, End::Fin, to);
            }
        }
    }

    fn end(&mut self, side: Side, stamp: Stamp, end: End, to: &mut dyn Receiver) {
        let half = &mut self.halves[side];
        if !half.ended {
            half.ended = true;
            let at = half.next;
            to.deliver(side, at, stamp, Input::End(end));
        }
    }
}

/// The offset of `seq`, nearest to `near`; negative before the stream's first byte.
fn offset_of(base: u32, near: StreamOffset, seq: u32) -> i64 {
    let near_seq = base.wrapping_add(near as u32);
    near as i64 + i64::from(seq.wrapping_sub(near_seq) as i32)
}
