//! What segments show beside their bytes: copies, windows, keep-alives, retransmissions, resets.

use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset, Timestamp};
use thin_vec::{ThinVec, thin_vec};

use super::{IMPLAUSIBLE, Receiver, Recent, Segment, Tcp, flags, offset_of};
use crate::stream::facts::{Arrived, Hurry, Reset, Series, VainReset};

/// Copies made by a mirror port or a second VLAN come within this many nanoseconds (T6).
const COPY_NANOS: i64 = 1_500_000;
/// Without an IP identification to go by, only a copy this close is one.
const COPY_NANOS_WITHOUT_ID: i64 = 30_000;
/// No retransmission timer is shorter in practice (RFC 6298 says one second, common stacks have 200 ms).
const TIMER_NANOS: i64 = 190_000_000;
/// Bytes sent again so often would have been acknowledged by a peer that had got them.
const DEAF_AFTER: u32 = 2;

impl Tcp {
    pub(super) fn is_copy(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        // Without an identification a repeated bare ACK is more likely a duplicate ACK than a copy, and a repeated reset
        // answers the next segment.
        let control = flags::SYN | flags::FIN;
        if segment.ip_id == 0 && segment.wire_len == 0 && segment.flags & control == 0 {
            return false;
        }
        let half = &mut self.halves[side];
        let now = Recent {
            nanos: segment.stamp.time.nanos(),
            frame: segment.stamp.frame,
            seq: segment.seq,
            ack: segment.ack,
            id: segment.ip_id,
            len: segment.wire_len,
            flags_window: u32::from(segment.flags) << 16 | u32::from(segment.window),
        };
        let limit = if segment.ip_id == 0 {
            COPY_NANOS_WITHOUT_ID
        } else {
            COPY_NANOS
        };
        for old in &half.recent {
            let apart = now.nanos.saturating_sub(old.nanos);
            if old.nanos != 0
                && (Recent {
                    nanos: now.nanos,
                    frame: now.frame,
                    ..*old
                }) == now
                && (0..=limit).contains(&apart)
            {
                let facts = &mut self.facts;
                let copies = &mut facts.copies;
                copies.count += 1;
                let usual_ttl = facts.sides[side].ttl;
                copies.routed += u64::from(usual_ttl.is_some_and(|ttl| ttl != segment.ttl));
                copies.longest_nanos = copies.longest_nanos.max(apart);
                copies.first.get_or_insert(segment.stamp);
                return true;
            }
        }
        half.recent_at = (half.recent_at + 1) % half.recent.len();
        if let Some(slot) = half.recent.get_mut(half.recent_at) {
            *slot = now;
        }
        false
    }

    pub(super) fn note_frame(&mut self, side: Side, segment: &Segment<'_>) {
        let stamp = segment.stamp;
        if let Some(last) = self.last {
            let idle = stamp.time.nanos_since(last.time);
            self.facts.idle_before_last_nanos = idle;
            let longest = self
                .facts
                .longest_idle
                .map_or(0, |(a, b)| b.time.nanos_since(a.time));
            if idle > longest {
                self.facts.longest_idle = Some((last, stamp));
            }
        }
        let facts = &mut self.facts.sides[side];
        facts.frames += 1;
        facts.first.get_or_insert(stamp);
        facts.last = Some(stamp);
        facts.largest = facts.largest.max(segment.wire_len);
        if !segment.has(flags::RST) {
            facts.ttl = Some(segment.ttl);
            // Whoever speaks is alive: its peer's unanswered sending is over, if it was heard.
            let repeats = self.repeats_meanwhile(side, segment);
            let deaf = self.is_deaf(side, segment, repeats);
            self.arrived(side, segment);
            let peer = &mut self.facts.sides[side.other()];
            if !deaf {
                peer.series = None;
            } else if repeats {
                peer.stalls.peer_again = Some(stamp);
            }
            if !peer.keepalives_unanswered.is_empty() {
                peer.keepalives_unanswered.clear();
            }
        }
    }

    /// True for bytes that `side` sends again while its peer sends its own again.
    fn repeats_meanwhile(&self, side: Side, segment: &Segment<'_>) -> bool {
        let series = self.facts.sides[side.other()].series.as_ref();
        let half = &self.halves[side];
        series.is_some_and(|s| s.count > 0)
            && segment.wire_len > 0
            && half.base.is_some_and(|base| {
                let start = offset_of(base, half.next, segment.seq);
                start + i64::from(segment.wire_len) <= half.highest as i64
            })
    }

    /// True for bytes or a FIN of a side that still acknowledges nothing of what its peer has sent again and again: they
    /// are of its own accord, or sent again (`repeats`) for want of an answer, and what the peer sends does not arrive. An
    /// acknowledgement alone answers something.
    fn is_deaf(&self, side: Side, segment: &Segment<'_>, repeats: bool) -> bool {
        let peer = &self.halves[side.other()];
        let series = self.facts.sides[side.other()].series.as_ref();
        let unheard = series.filter(|s| repeats || s.count >= DEAF_AFTER);
        let unheard = unheard.zip(peer.base);
        let speaks = segment.wire_len > 0 || segment.has(flags::FIN);
        speaks
            && segment.has(flags::ACK)
            && unheard.is_some_and(|(series, base)| {
                offset_of(base, peer.next.max(peer.acked), segment.ack) <= series.offset as i64
            })
    }

    /// Remembers of its peer's bytes that were sent again and again that `side` acknowledges them now. A window that was shut
    /// explains it otherwise.
    fn arrived(&mut self, side: Side, segment: &Segment<'_>) {
        let peer = side.other();
        let series = self.facts.sides[peer].series.as_ref();
        let again = series.is_some_and(|s| s.count >= DEAF_AFTER);
        if !again || self.facts.sides[side].zero_window.since.is_some() {
            return;
        }
        let Some(series) = self.facts.sides[peer].series.as_mut() else {
            return;
        };
        let half = &self.halves[peer];
        let acks = segment.has(flags::ACK)
            && half.base.is_some_and(|base| {
                offset_of(base, half.next.max(half.acked), segment.ack) > series.offset as i64
            });
        if acks {
            let (sent, count) = (series.first, series.count);
            let again = std::mem::take(&mut series.again);
            let stalls = &mut self.facts.sides[peer].stalls;
            stalls.arrived = Some(Arrived {
                sent,
                again,
                count,
                peer_again: stalls.peer_again.filter(|a| *a > sent),
                acked: segment.stamp,
            });
        }
    }

    /// What a frame says of a reset before it.
    pub(super) fn note_after_reset(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        to: &mut dyn Receiver,
    ) {
        let Some(reset) = self.facts.reset() else {
            return;
        };
        if segment.has(flags::RST) {
            self.facts.reset_accepted |= reset.side != side && !self.reset_heard;
            return;
        }
        if reset.side == side {
            let half = &self.halves[side];
            let starts = half
                .base
                .map(|base| offset_of(base, half.next, segment.seq));
            let beyond = segment.wire_len > 0 && starts.is_some() && starts >= self.reset_at;
            let facts = &mut self.facts;
            facts.after_reset += 1;
            facts.after_reset_first.get_or_insert(segment.stamp);
            facts.after_reset_beyond += u64::from(beyond);
        } else {
            self.reset_heard = true;
        }
        // The reset was not its own: what waited for it is delivered after all.
        if self.halves[side].gone.take().is_some() {
            self.release(None, to);
        }
    }

    pub(super) fn syn(&mut self, side: Side, segment: &Segment<'_>) {
        let half = &mut self.halves[side];
        half.base.get_or_insert(segment.seq.wrapping_add(1));
        half.scale_offered = segment.wscale;
        let facts = &mut self.facts;
        if segment.has(flags::ACK) {
            facts.syn_ack.get_or_insert(segment.stamp);
            facts.syn_ack_count += 1;
            self.syn_ack_again(segment.stamp);
        } else {
            let s = &mut facts.sides[side];
            s.syn_count += 1;
            if s.syns.len() < 8 {
                s.syns.push(segment.stamp);
            }
        }
        let (a, b) = (
            self.halves.client.scale_offered,
            self.halves.server.scale_offered,
        );
        if let (Some(a), Some(b)) = (a, b) {
            self.halves.client.scale = Some(a.min(14));
            self.halves.server.scale = Some(b.min(14));
        }
    }

    pub(super) fn window(&mut self, side: Side, segment: &Segment<'_>) {
        if segment.has(flags::RST) || segment.has(flags::SYN) {
            return;
        }
        let scale = self.halves[side].scale.unwrap_or(0);
        let window = u32::from(segment.window) << scale;
        let facts = &mut self.facts.sides[side];
        facts.window = window;
        let zero = &mut facts.zero_window;
        if window == 0 && !segment.has(flags::FIN) {
            if zero.since.is_none() {
                zero.since = Some(segment.stamp);
                zero.episodes += 1;
                zero.probes.clear();
            }
        } else if let Some(since) = zero.since {
            zero.since = None;
            let held = segment.stamp.time.nanos_since(since.time);
            let longest = zero.longest.map_or(0, |(a, b)| b.time.nanos_since(a.time));
            if held > longest {
                zero.longest = Some((since, segment.stamp));
            }
        }
    }

    pub(super) fn is_keepalive(&self, side: Side, segment: &Segment<'_>) -> bool {
        let half = &self.halves[side];
        let others = flags::SYN | flags::FIN | flags::RST;
        segment.flags & others == 0
            // A single byte that is still unacknowledged is sent again, not a probe.
            && (segment.wire_len == 0 || segment.wire_len == 1 && half.acked >= half.highest)
            && half.base.is_some_and(|base| {
                half.highest > 0
                    && offset_of(base, half.highest, segment.seq) == half.highest as i64 - 1
            })
    }

    /// Linux probes a shut window with a segment like a keep-alive's.
    pub(super) fn probe_or_keepalive(&mut self, side: Side, segment: &Segment<'_>) {
        if self.facts.sides[side.other()].zero_window.since.is_some() {
            self.probe(side, segment.stamp);
        } else {
            self.keepalive(side, segment);
        }
    }

    fn keepalive(&mut self, side: Side, segment: &Segment<'_>) {
        let facts = &mut self.facts.sides[side];
        facts.keepalives += 1;
        if facts.keepalives_unanswered.len() < 16 {
            facts.keepalives_unanswered.push(segment.stamp);
        }
    }

    pub(super) fn probe(&mut self, side: Side, stamp: Stamp) {
        let zero = &mut self.facts.sides[side.other()].zero_window;
        zero.probe_count += 1;
        if zero.probes.len() < 16 {
            zero.probes.push(stamp);
        }
    }

    pub(super) fn sent_again(&mut self, side: Side, start: i64, segment: &Segment<'_>) {
        if self.facts.sides[side.other()].zero_window.since.is_some() && segment.wire_len == 1 {
            self.probe(side, segment.stamp);
            return;
        }
        self.stalled(side, segment.stamp);
        let facts = &mut self.facts.sides[side];
        facts.retransmissions += 1;
        if let Some(series) = &mut facts.series
            && start <= series.offset as i64
        {
            series.count += 1;
            if series.again.len() < 16 {
                series.again.push(segment.stamp);
            }
        } else if facts.unacked > 0 {
            let offset = start.max(0) as u64;
            let again = thin_vec![segment.stamp];
            let first = facts.last_data.unwrap_or(segment.stamp);
            facts.series = Some(Series {
                offset,
                first,
                again,
                count: 1,
            });
        }
    }

    /// A FIN alone that was sent before.
    pub(super) fn fin_again(&mut self, side: Side, stamp: Stamp) {
        let at = self.halves[side].fin_at.unwrap_or_default();
        let facts = &mut self.facts.sides[side];
        facts.retransmissions += 1;
        let Some(first) = facts.fin.filter(|_| facts.fin_acked.is_none()) else {
            return;
        };
        let series = facts.series.get_or_insert_with(|| Series {
            offset: at,
            first,
            again: ThinVec::new(),
            count: 0,
        });
        series.count += 1;
        if series.again.len() < 16 {
            series.again.push(stamp);
        }
    }

    /// Bytes that were sent again after a silence: their sender waited for its timer all that time.
    pub(super) fn stalled(&mut self, side: Side, now: Stamp) {
        let (Some(last), idle) = (self.last, self.facts.idle_before_last_nanos) else {
            return;
        };
        let facts = &mut self.facts.sides[side];
        if idle < TIMER_NANOS || facts.unacked == 0 {
            return;
        }
        let stalls = &mut facts.stalls;
        stalls.count += 1;
        stalls.nanos = stalls.nanos.saturating_add(idle);
        let longest = stalls
            .longest
            .map_or(0, |(a, b)| b.time.nanos_since(a.time));
        if idle > longest {
            stalls.longest = Some((last, now));
        }
    }

    pub(super) fn reset(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        before: PerSide<Option<Stamp>>,
        to: &mut dyn Receiver,
    ) {
        self.facts.resets += 1;
        let (unacked, received) = self.told_by_reset(side, segment);
        if self.facts.reset.is_some() && !self.set_aside_vain_reset() {
            self.halves[side].gone = Some(received);
            return;
        }
        let half = &self.halves[side];
        let at = half
            .base
            .map(|base| offset_of(base, half.next, segment.seq));
        let in_sequence = at.is_none_or(|at| at == half.highest.max(half.acked) as i64);
        self.reset_at = at;
        let peer = &self.halves[side.other()];
        let acked = peer.base.filter(|_| segment.has(flags::ACK)).map(|base| {
            offset_of(base, peer.next.max(peer.acked), segment.ack).clamp(0, peer.highest as i64)
                as u64
        });
        let sides = &self.facts.sides;
        let to_syn = sides[side.other()].syn_count > 0
            && self.facts.syn_ack.is_none()
            && sides[side].frames <= 1 + u64::from(sides[side].syn_count);
        self.facts.reset = Some(Box::new(Reset {
            stamp: segment.stamp,
            side,
            to_syn,
            after_fin: sides.client.fin.is_some() || sides.server.fin.is_some(),
            unacked,
            last_received: sides[side.other()]
                .unacked
                .saturating_sub(unacked[side.other()]),
            hurry: self.hurry(side, segment, unacked[side.other()]),
            ttl: segment.ttl,
            usual_ttl: sides[side].ttl,
            idle_nanos: self.facts.idle_before_last_nanos,
            in_sequence,
            with_ack: segment.has(flags::ACK),
            misses_syn: to_syn && segment.has(flags::ACK) && self.misses_syn(side, segment),
            id_of: self.id_of(side, segment),
            acked,
            own_before: before[side],
            peer_before: before[side.other()],
        }));
        // What it acknowledges was sent, even where the capture has not seen it.
        let peer = &mut self.halves[side.other()];
        if received > peer.highest + 1 && received - peer.highest < IMPLAUSIBLE as u64 {
            peer.acked = received;
        }
        // The end is told at `finish`: a forged reset does not end anything, and its victims talk on.
        for side in Side::BOTH {
            self.flush(side, to);
        }
        self.halves[side].gone = Some(received);
    }

    /// What is not acknowledged when `side` resets with `segment`, which may acknowledge more itself; and how far it has
    /// received its peer's stream.
    fn told_by_reset(&self, side: Side, segment: &Segment<'_>) -> (PerSide<u64>, StreamOffset) {
        let sides = &self.facts.sides;
        let mut unacked = PerSide::new(sides.client.unacked, sides.server.unacked);
        let half = &self.halves[side.other()];
        let Some(base) = half.base.filter(|_| segment.has(flags::ACK)) else {
            return (unacked, half.acked);
        };
        let acked = offset_of(base, half.next.max(half.acked), segment.ack);
        let fin_byte = i64::from(half.fin_at.is_some_and(|at| acked > at as i64));
        let acked = u64::try_from(acked - fin_byte).unwrap_or(0).max(half.acked);
        unacked[side.other()] = half.highest.saturating_sub(acked);
        (unacked, acked)
    }

    /// How soon a reset acknowledges its peer's last bytes, of which it leaves `unacked`. Acknowledgements of bytes may be put
    /// off, those of the handshake are not: both are needed to know the way.
    fn hurry(&self, side: Side, segment: &Segment<'_>, unacked: u64) -> Option<Hurry> {
        let facts = &self.facts;
        let peer = &facts.sides[side.other()];
        if !segment.has(flags::ACK) || peer.unacked == 0 || unacked > 0 {
            return None;
        }
        let syn_ack = facts.syn_ack.filter(|_| facts.syn_ack_count == 1)?;
        let (from, to) = match (side, facts.sides.client.syns.as_slice()) {
            (Side::Client, _) => (syn_ack, facts.established?),
            (Side::Server, [syn]) => (*syn, syn_ack),
            (Side::Server, _) => return None,
        };
        let sent = peer.last_data?;
        let handshake = to.time.nanos_since(from.time);
        Some(Hurry {
            nanos: segment.stamp.time.nanos_since(sent.time),
            shortest: handshake.min(i64::from(peer.shortest_ack)),
            sent,
        })
    }

    /// A reset after which its side talked on, and which the other did not take for good, ended nothing; the next one may.
    fn set_aside_vain_reset(&mut self) -> bool {
        let facts = &mut self.facts;
        let (Some(reset), Some(first_after)) = (facts.reset(), facts.after_reset_first) else {
            return false;
        };
        if facts.reset_accepted {
            return false;
        }
        self.reset_heard = false;
        let vain = VainReset {
            reset,
            frames_after: facts.after_reset,
            beyond: facts.after_reset_beyond,
            first_after,
        };
        facts.odd.vain_reset.get_or_insert(vain);
        facts.after_reset = 0;
        facts.after_reset_beyond = 0;
        facts.after_reset_first = None;
        true
    }

    /// An answer to a SYN acknowledges the SYN and perhaps data that came with it.
    fn misses_syn(&self, side: Side, segment: &Segment<'_>) -> bool {
        let peer = &self.halves[side.other()];
        peer.base.is_some_and(|base| {
            let past = offset_of(base, 0, segment.ack);
            past < 0 || past as u64 > peer.highest
        })
    }

    /// An earlier frame with the identification of this one, where the side's other frames have others: a reset made by
    /// somebody who copied a frame.
    fn id_of(&self, side: Side, segment: &Segment<'_>) -> Option<Stamp> {
        let earlier = || {
            let recent = self.halves[side].recent.iter();
            recent.filter(|r| r.nanos != 0 && r.frame != segment.stamp.frame)
        };
        let counts = earlier().any(|r| r.id != segment.ip_id);
        let same = earlier().find(|r| segment.ip_id != 0 && r.id == segment.ip_id)?;
        counts.then_some(Stamp {
            time: Timestamp::from_nanos(same.nanos),
            frame: same.frame,
        })
    }
}
