//! Holes: what is missing of a side's bytes, how long it is waited for, and what waits with it.
//!
//! ```text
//!   client   [request 1][  hole  ][request 3 held]
//!   server                                        [reply 3: acknowledges request 3, so it waits for it]
//! ```
//!
//! A reply that waits for its request's bytes reaches the dissectors after them, as it did on the wire. So a hole mixes up no
//! exchange behind it; when it is given up, both sides go on.

use colloquy_dissectors::dissector::Input;
use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset};

use super::{Half, IMPLAUSIBLE, Receiver, Tcp};
use crate::limits;
use crate::stream::assembler::Assembler;
use crate::stream::facts::{Ahead, Missing};

impl Tcp {
    /// True when what `side` says now answers bytes of its peer that wait behind a hole.
    pub(super) fn waits(&self, side: Side) -> bool {
        let (half, peer) = (&self.halves[side], &self.halves[side.other()]);
        let held = peer.held.first_start().filter(|_| half.gone.is_none());
        held.is_some_and(|start| start > peer.next && peer.acked > start)
    }

    /// Delivers what waits no longer, of both sides in the order of the capture. `filled`: the side of which the segment at hand
    /// filled a hole.
    pub(super) fn release(&mut self, filled: Option<Side>, to: &mut dyn Receiver) {
        while let Some(side) = self.next_ready() {
            to.waited(filled != Some(side));
            self.deliver_first(side, to);
        }
        to.waited(false);
    }

    fn next_ready(&self) -> Option<Side> {
        let frame = |side: Side| {
            let half = &self.halves[side];
            let first = half.held.first().filter(|piece| piece.start <= half.next)?;
            (!self.waits(side)).then_some((first.stamp.frame, side))
        };
        let (client, server) = (frame(Side::Client), frame(Side::Server));
        let first = |a: &(u64, Side), b: &(u64, Side)| a.0 <= b.0;
        match (client, server) {
            (Some(a), Some(b)) => Some(if first(&a, &b) { a.1 } else { b.1 }),
            (a, b) => a.or(b).map(|(_, side)| side),
        }
    }

    /// Delivers the first piece that waits, if its turn has come.
    fn deliver_first(&mut self, side: Side, to: &mut dyn Receiver) {
        let half = &mut self.halves[side];
        let next = half.next;
        let Some(piece) = half.held.take_ready(next) else {
            return;
        };
        if half.held.is_empty() {
            half.acked_hole = None;
        }
        if piece.end() > next {
            let old = (next - piece.start) as usize;
            let bytes = piece.bytes.get(old..).unwrap_or(&[]);
            let cut = piece.end() - next - bytes.len() as u64;
            self.deliver(side, next, piece.stamp, bytes, cut, to);
        }
    }

    /// Bytes from `next` on that never come.
    pub(super) fn missing(
        &mut self,
        side: Side,
        len: u64,
        stamp: Stamp,
        cut: bool,
        to: &mut dyn Receiver,
    ) {
        let half = &mut self.halves[side];
        let at = half.next;
        half.next += len;
        half.acked_hole = None;
        half.highest = half.highest.max(half.next);
        let facts = &mut self.facts.sides[side];
        facts.acked_unseen = half.acked.saturating_sub(half.highest);
        facts.missing += len;
        if cut {
            facts.cut += len;
        }
        if self.facts.holes.len() < limits::EXAMPLES {
            let stamp = if cut {
                stamp
            } else {
                self.behind(side, (at, at + len), stamp)
            };
            self.facts.holes.push(Missing {
                side,
                offset: at,
                len,
                stamp,
                cut,
            });
        }
        to.deliver(side, at, stamp, Input::Gap { len });
    }

    /// The first frame that shows that these bytes of `side` were sent: one that acknowledges them, a FIN or another segment without
    /// data behind them, or the first bytes behind them. `latest` where none is known.
    fn behind(&self, side: Side, (at, end): (StreamOffset, StreamOffset), latest: Stamp) -> Stamp {
        let odd = &self.facts.odd;
        let shown = |by: Option<Ahead>| by.filter(|a| a.offset > at).map(|a| a.stamp);
        let (acked, ahead) = (shown(odd.unseen[side]), shown(odd.ahead[side]));
        let held = self.halves[side].held.first();
        let held = held.filter(|h| h.start >= end).map(|h| h.stamp);
        [acked, ahead, held]
            .into_iter()
            .flatten()
            .fold(latest, Stamp::min)
    }

    pub(super) fn lose_until(
        &mut self,
        side: Side,
        until: StreamOffset,
        stamp: Stamp,
        to: &mut dyn Receiver,
    ) {
        let next = self.halves[side].next;
        if until > next {
            self.missing(side, until - next, stamp, false, to);
        }
    }

    /// Delivers all that waits of one side, holes as gaps, and what is known to be missing behind it.
    pub(super) fn flush(&mut self, side: Side, to: &mut dyn Receiver) {
        self.drop_unheard(side);
        while !self.halves[side].held.is_empty() {
            self.give_up_first(side, to);
        }
        self.lose_tail(side, to);
    }

    /// The same of both sides, in the order of the capture.
    pub(super) fn flush_both(&mut self, to: &mut dyn Receiver) {
        for side in Side::BOTH {
            self.drop_unheard(side);
        }
        let frame = |halves: &PerSide<Half>, side: Side| {
            let piece = halves[side].held.first()?;
            Some((piece.stamp.frame, side == Side::Server, side))
        };
        while let Some((_, _, side)) = Side::BOTH
            .into_iter()
            .filter_map(|side| frame(&self.halves, side))
            .min_by_key(|(frame, server, _)| (*frame, *server))
        {
            self.give_up_first(side, to);
        }
        for side in Side::BOTH {
            self.lose_tail(side, to);
        }
    }

    /// What waits of a side whose peer is gone reaches nobody.
    fn drop_unheard(&mut self, side: Side) {
        if self.halves[side.other()].gone.is_some() {
            self.halves[side].held = Assembler::default();
        }
    }

    fn give_up_first(&mut self, side: Side, to: &mut dyn Receiver) {
        if let Some(start) = self.halves[side].held.first_start() {
            self.lose_until(side, start, self.last.unwrap_or_default(), to);
            // It may wait for a hole of the other side, too.
            to.waited(true);
            self.deliver_first(side, to);
            self.release(None, to);
        }
    }

    /// Bytes behind the last that is there, of which it is known that they were sent.
    fn lose_tail(&mut self, side: Side, to: &mut dyn Receiver) {
        if self.facts.sides[side].frames == 0 || self.halves[side.other()].gone.is_some() {
            return;
        }
        // The peer has them, whatever the capture shows of them.
        let acked = self.halves[side].acked;
        self.lose_until(side, acked, self.last.unwrap_or_default(), to);
        // Its FIN stands behind them.
        let half = &self.halves[side];
        let sent = half
            .fin_at
            .filter(|at| at.saturating_sub(half.next) < IMPLAUSIBLE as u64);
        if let Some(sent) = sent {
            self.lose_until(side, sent, self.last.unwrap_or_default(), to);
        }
    }

    /// A hole that the receiver acknowledged was filled on the wire and missed by the capture.
    pub(super) fn give_up_holes(&mut self, now: Stamp, to: &mut dyn Receiver) {
        for side in Side::BOTH {
            if self.halves[side.other()].gone.is_some() {
                continue;
            }
            let one_sided = self.facts.sides[side.other()].frames == 0;
            let frames = self.frames;
            let half = &mut self.halves[side];
            let fin_beyond = half
                .fin_at
                .is_some_and(|at| at > half.next && half.acked >= at);
            let target = match half.held.first_start() {
                Some(start) => start,
                None if fin_beyond => half.fin_at.unwrap_or(half.next),
                None => continue,
            };
            if half.acked < target && !one_sided {
                continue;
            }
            let (since_frames, since) = *half.acked_hole.get_or_insert((frames, now));
            let waited = now.time.nanos_since(since.time);
            let enough = if one_sided {
                waited > limits::NANOS_UNTIL_MISSING_ONE_SIDED
            } else {
                frames - since_frames >= u64::from(limits::FRAMES_UNTIL_MISSING)
                    || waited > limits::NANOS_UNTIL_MISSING
            };
            if enough {
                self.lose_until(side, target, since, to);
                self.release(None, to);
            }
        }
    }

    /// A reset stands behind the last byte that its side sent: what is missing up to it was not captured.
    pub(super) fn lose_before_reset(&mut self, side: Option<Side>, to: &mut dyn Receiver) {
        let (Some(side), Some(at)) = (side, self.reset_at) else {
            return;
        };
        if self.halves[side].fin_at.is_some() {
            return;
        }
        let next = self.halves[side].next;
        let len = at - next as i64;
        if (1..IMPLAUSIBLE).contains(&len) && self.facts.after_reset == 0 {
            self.lose_until(side, next + len as u64, self.last.unwrap_or_default(), to);
        }
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::dissector::End;
    use colloquy_dissectors::units::Timestamp;

    use super::*;
    use crate::stream::tcp::{Segment, flags};

    /// What was delivered: side and offset of data, and the length of gaps.
    #[derive(Default)]
    struct Heard(Vec<(Side, u64, String)>);

    impl Receiver for Heard {
        fn deliver(&mut self, side: Side, at: StreamOffset, _: Stamp, input: Input<'_>) {
            let what = match input {
                Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
                Input::Gap { len } => format!("gap {len}"),
                Input::End(End::Fin) => "fin".to_owned(),
                Input::End(_) => "over".to_owned(),
            };
            self.0.push((side, at, what));
        }
    }

    /// Takes segments of (side, offset, what it acknowledges of the other side, bytes), then the end of the capture.
    fn heard(segments: &[(Side, u32, u32, &str)], until: usize) -> Vec<(Side, u64, String)> {
        heard_from(true, segments.get(..until).unwrap_or(segments)).0
    }

    /// The same, with the handshake or joined behind it; and what is held to be missing of the server's.
    fn heard_from(
        handshake: bool,
        segments: &[(Side, u32, u32, &str)],
    ) -> (Vec<(Side, u64, String)>, u64) {
        let (mut tcp, mut heard) = (Tcp::default(), Heard::default());
        let mut frame = 0;
        let mut take =
            |tcp: &mut Tcp, (side, seq, ack, bytes): (Side, u32, u32, &str), flag: u16| {
                frame += 1;
                let segment = Segment {
                    stamp: Stamp {
                        frame,
                        time: Timestamp::from_nanos(frame as i64 * 1_000_000),
                    },
                    seq,
                    ack,
                    flags: flag,
                    window: 1000,
                    wscale: None,
                    ip_id: frame as u32,
                    ttl: 64,
                    payload: bytes.as_bytes(),
                    wire_len: bytes.len() as u32,
                };
                tcp.segment(side, &segment, &mut heard);
            };
        if handshake {
            take(&mut tcp, (Side::Client, 99, 0, ""), flags::SYN);
            take(
                &mut tcp,
                (Side::Server, 499, 100, ""),
                flags::SYN | flags::ACK,
            );
        }
        for (side, at, ack, bytes) in segments.iter().copied() {
            let (own, other) = match side {
                Side::Client => (100, 500),
                Side::Server => (500, 100),
            };
            take(&mut tcp, (side, own + at, other + ack, bytes), flags::ACK);
        }
        tcp.finish(&mut heard);
        heard.0.retain(|(_, _, what)| what != "over");
        let facts = &tcp.facts.sides.server;
        (heard.0, facts.missing + facts.acked_unseen)
    }

    fn words(heard: &[(Side, u64, String)]) -> Vec<&str> {
        heard.iter().map(|(_, _, what)| what.as_str()).collect()
    }

    /// `b` is missing; `B` answers `c`, which waits for it.
    const DIALOGUE: [(Side, u32, u32, &str); 8] = [
        (Side::Client, 0, 0, "a"),
        (Side::Server, 0, 1, "A"),
        (Side::Client, 2, 1, "c"),
        (Side::Server, 1, 3, "C"),
        (Side::Client, 3, 2, "d"),
        (Side::Server, 2, 4, "D"),
        (Side::Client, 4, 3, "e"),
        (Side::Server, 3, 5, "E"),
    ];

    #[test]
    fn an_answer_waits_for_what_it_answers() {
        let all = heard(&DIALOGUE, DIALOGUE.len());
        assert_eq!(
            words(&all),
            ["a", "A", "gap 1", "c", "C", "d", "D", "e", "E"]
        );
        for until in 0..DIALOGUE.len() {
            let some = heard(&DIALOGUE, until);
            assert!(
                all.starts_with(&some) || words(&some).ends_with(&["gap 1"]),
                "{some:?}"
            );
        }
    }

    #[test]
    fn what_comes_late_goes_first() {
        let mut dialogue = DIALOGUE.to_vec();
        dialogue.insert(5, (Side::Client, 1, 1, "b"));
        let all = heard(&dialogue, dialogue.len());
        assert_eq!(words(&all), ["a", "A", "b", "c", "C", "d", "D", "e", "E"]);
    }

    #[test]
    fn holes_of_both_sides_block_nobody() {
        let mut dialogue = DIALOGUE.to_vec();
        dialogue.remove(3);
        let all = heard(&dialogue, dialogue.len());
        assert_eq!(
            words(&all),
            ["a", "A", "gap 1", "c", "d", "gap 1", "D", "e", "E"]
        );
    }

    #[test]
    fn nobody_waits_for_what_was_not_acknowledged() {
        let all = heard(
            &[
                (Side::Client, 0, 0, "a"),
                (Side::Client, 2, 0, "c"),
                (Side::Server, 0, 1, "A"),
            ],
            3,
        );
        assert_eq!(words(&all), ["a", "A", "gap 1", "c"]);
    }

    /// A connection that the capture joins: asked and acknowledged, and what answers was not captured.
    const JOINED: [(Side, u32, u32, &str); 3] = [
        (Side::Client, 0, 0, "a"),
        (Side::Server, 0, 1, ""),
        (Side::Client, 1, 40, ""),
    ];

    #[test]
    fn an_acknowledgement_tells_what_is_missing_behind_an_empty_segment() {
        let (all, missing) = heard_from(false, &JOINED);
        assert_eq!((words(&all), missing), (vec!["a", "gap 40"], 40));
        let data = [&JOINED[..2], &[(Side::Server, 40, 1, "A")]].concat();
        let (all, missing) = heard_from(false, &data);
        assert_eq!((words(&all), missing), (vec!["a", "gap 40", "A"], 40));
        let late = [
            &JOINED[..],
            &[(Side::Server, 0, 1, "an acknowledgement was captured first")],
        ]
        .concat();
        assert_eq!(heard_from(false, &late).1, 3);
    }

    #[test]
    fn what_was_under_way_when_the_capture_joined_is_not_missing() {
        let under_way = [
            (Side::Client, 0, 10, ""),
            (Side::Client, 0, 20, ""),
            (Side::Server, 40, 0, "E"),
            (Side::Client, 0, 41, ""),
        ];
        assert_eq!(heard_from(false, &under_way).1, 0);
        // A keep-alive stands one byte before the next.
        let probed = [
            (Side::Server, 9, 0, ""),
            (Side::Client, 0, 10, ""),
            (Side::Server, 10, 0, "A"),
            (Side::Client, 0, 11, ""),
        ];
        let (all, missing) = heard_from(false, &probed);
        assert_eq!((words(&all), missing), (vec!["A"], 0));
        // A segment without data, and nothing but data behind it.
        let whole = [
            (Side::Server, 10, 0, ""),
            (Side::Server, 10, 0, "A"),
            (Side::Client, 0, 11, ""),
        ];
        assert_eq!(heard_from(false, &whole).1, 0);
    }
}
