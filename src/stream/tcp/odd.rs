//! What few connections show: a SYN that an older connection answers, a handshake whose end is passed over, small segments
//! that wait for a delayed acknowledgement.

use colloquy_dissectors::units::{PerSide, Side, Stamp};

use super::{Segment, Tcp, flags, offset_of};
use crate::stream::facts::{Challenge, WaitingSegment};

/// Acknowledgements are delayed by 40 ms (Linux), and by up to 200 ms (others; RFC 1122 section 4.2.3.2 allows 500 ms):
/// nanoseconds.
const DELAYS: [std::ops::RangeInclusive<i64>; 2] =
    [36_000_000..=60_000_000, 90_000_000..=260_000_000];
/// A round trip above this can't be told from a delay: nanoseconds.
const ROUND_TRIP: i64 = 20_000_000;
/// What a sender takes to send what the acknowledgement lets go: nanoseconds.
const AT_ONCE: i64 = 1_000_000;
/// A segment held back by Nagle's algorithm is smaller than this: bytes.
const SMALL: u32 = 1000;

impl Tcp {
    /// A SYN is answered by an acknowledgement of something else: a connection of the same ports that was there before (RFC
    /// 5961 section 4, RFC 9293 section 3.10.7.4). What the client answers, a reset, belongs to that one too.
    pub(super) fn of_an_older_connection(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        let facts = &mut self.facts;
        if facts.syn_ack.is_some() || facts.sides.client.syn_count == 0 {
            return false;
        }
        let others = flags::SYN | flags::FIN | flags::RST;
        match side {
            Side::Server if segment.flags & others == 0 && segment.wire_len == 0 => {
                let expected = self.halves.client.base;
                let highest = self.halves.client.highest as i64;
                let client = &facts.sides.client;
                let foreign = segment.has(flags::ACK)
                    && expected
                        .is_some_and(|e| !(0..=highest).contains(&offset_of(e, 0, segment.ack)))
                    && client.frames == u64::from(client.syn_count)
                    && facts.sides.server.frames == 0;
                if foreign {
                    let challenge = Challenge {
                        stamp: segment.stamp,
                        ack: segment.ack,
                        reset: None,
                    };
                    facts.odd.challenge.get_or_insert(challenge);
                    facts.odd.challenges += 1;
                }
                foreign
            }
            Side::Client if segment.has(flags::RST) && facts.odd.challenge.is_some() => {
                match &mut facts.odd.challenge {
                    Some(challenge) if challenge.ack == segment.seq => {
                        challenge.reset.get_or_insert(segment.stamp);
                        true
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The server answers the SYN once more, although the client had completed the handshake.
    pub(super) fn syn_ack_again(&mut self, stamp: Stamp) {
        let facts = &mut self.facts;
        let only_syn_acks = facts.sides.server.frames == u64::from(facts.syn_ack_count);
        if facts.established.is_none() || !only_syn_acks {
            return;
        }
        let client = &facts.sides.client;
        let passed_over = client.frames.saturating_sub(u64::from(client.syn_count));
        facts.odd.passed_over = passed_over;
        if facts.odd.syn_acks_again.len() < 8 {
            facts.odd.syn_acks_again.push(stamp);
        }
    }

    /// What new bytes say of segments that waited, or seemed to.
    fn does_not_wait(&mut self, side: Side, segment: &Segment<'_>) {
        let half = &self.halves[side];
        let on_the_way = half.highest.saturating_sub(half.acked);
        let odd = &mut self.facts.odd;
        if segment.wire_len < SMALL
            && (1..u64::from(SMALL)).contains(&on_the_way)
            && odd.waiting.has_begun(side)
        {
            odd.waiting.disproved = true;
        }
        if let Some(pending) = odd.waiting.pending
            && pending.side != side
        {
            // The peer answers what it has now: write, write, read.
            let waiting = &mut odd.waiting;
            waiting.pending = None;
            waiting.count += 1;
            waiting.nanos += pending.nanos();
            waiting.first.get_or_insert(pending);
        }
    }

    /// `segment` of `side` brings new bytes. Did it wait for the acknowledgement before it, which was delayed?
    /// `before`: each side's last frame before this one.
    pub(super) fn waited_for_ack(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        before: PerSide<Option<Stamp>>,
    ) {
        if self.facts.odd.is_written() {
            self.does_not_wait(side, segment);
        }
        let facts = &mut self.facts;
        let (Some(sent), Some(acked)) = (before[side], before[side.other()]) else {
            return;
        };
        let delay = acked.time.nanos_since(sent.time);
        if segment.wire_len >= SMALL || !DELAYS.iter().any(|range| range.contains(&delay)) {
            return;
        }
        let sides = &facts.sides;
        // An acknowledgement that comes with bytes which are sent again came when these were due.
        let peer = &self.halves[side.other()];
        let with_bytes = peer
            .recent
            .iter()
            .any(|r| r.frame == acked.frame && r.len > 0);
        let only_ack = sides[side.other()].last_data != Some(acked) && !with_bytes;
        let was_data = sides[side].last_data == Some(sent);
        let Some(round_trip) = facts.round_trip_nanos() else {
            return;
        };
        let after = segment.stamp.time.nanos_since(acked.time);
        let all_acked = self.halves[side].acked >= self.halves[side].highest;
        if only_ack
            && was_data
            && all_acked
            && round_trip < ROUND_TRIP
            && (0..=round_trip + AT_ONCE).contains(&after)
        {
            facts.odd.waiting.pending = Some(WaitingSegment {
                side,
                sent,
                acked,
                went: segment.stamp,
            });
        }
    }
}
