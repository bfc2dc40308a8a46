//! How a script's steps become frames.

use colloquy_dissectors::units::Side;

use super::packet::{Segment, flag};
use super::{FLIGHT, Fate, MICROSECOND, STEP, SYN_WINDOW, Script, ScriptFrame, Sender, WINDOW};

/// Options of a SYN: maximum segment size 1460, SACK permitted, window scale 7.
const SYN_OPTIONS: [u8; 12] = [2, 4, 0x05, 0xb4, 4, 2, 1, 1, 1, 3, 3, 7];
/// What the client takes to answer.
const REACTION: i64 = 50 * MICROSECOND;

impl Sender {
    pub(super) const fn new() -> Self {
        Self {
            next: 0,
            expected: 0,
            window: WINDOW,
            first: 0,
            last: None,
        }
    }
}

impl Script {
    pub(super) fn data(mut self, side: Side, bytes: &[u8], fate: Fate) -> Self {
        if !self.is_tcp {
            self.datagram(side, bytes, fate);
            return self;
        }
        let size = self.segment_size;
        for flight in bytes.chunks(size * FLIGHT) {
            let count = flight.len().div_ceil(size);
            for (index, piece) in flight.chunks(size).enumerate() {
                let push = if index + 1 == count { flag::PSH } else { 0 };
                let segment = self.plain(side, push | flag::ACK);
                if fate == Fate::NotCaptured {
                    self.now = self.now.plus_nanos(STEP);
                } else {
                    self.sides[side].last = Some((segment.seq, piece.to_vec()));
                    self.send(side, &segment, piece);
                }
                self.advance(side, piece.len() as u32);
            }
            if fate != Fate::NotAcknowledged {
                self.turn(side.other());
                self.acknowledge(side.other());
            }
        }
        self
    }

    fn datagram(&mut self, side: Side, bytes: &[u8], fate: Fate) {
        if self.last_side != side {
            self.turn(side);
        }
        for packet in self.wire.udp(side, bytes) {
            if fate == Fate::NotCaptured {
                self.now = self.now.plus_nanos(STEP);
            } else {
                self.push(packet);
            }
        }
        self.last_side = side;
    }

    pub(super) fn syn(&mut self, side: Side) {
        let is_answer = side == Side::Server;
        let plain = self.plain(side, flag::SYN);
        let segment = Segment {
            flags: flag::SYN | if is_answer { flag::ACK } else { 0 },
            seq: self.sides[side].first,
            ack: if is_answer { plain.ack } else { 0 },
            window: SYN_WINDOW,
            options: &SYN_OPTIONS,
        };
        self.send(side, &segment, &[]);
    }

    pub(super) fn acknowledge(&mut self, side: Side) {
        let segment = self.plain(side, flag::ACK);
        self.send(side, &segment, &[]);
    }

    pub(super) fn announce(mut self, side: Side, window: u16) -> Self {
        if self.is_tcp {
            self.sides[side].window = window;
            self.acknowledge(side);
        }
        self
    }

    pub(super) fn finish(&mut self, side: Side) {
        let segment = self.plain(side, flag::FIN | flag::ACK);
        self.send(side, &segment, &[]);
        self.advance(side, 1);
    }

    /// The next segment of `side`, without options.
    pub(super) fn plain(&self, side: Side, flags: u16) -> Segment<'static> {
        let sender = &self.sides[side];
        Segment {
            flags,
            seq: sender.next,
            ack: sender.expected,
            window: sender.window,
            options: &[],
        }
    }

    /// `side` has sent `count` sequence numbers, and the peer has got them.
    fn advance(&mut self, side: Side, count: u32) {
        let sender = &mut self.sides[side];
        sender.next = sender.next.wrapping_add(count);
        self.sides[side.other()].expected = self.sides[side].next;
    }

    /// Lets the time pass until `side` can answer what was just sent.
    pub(super) fn turn(&mut self, side: Side) {
        self.now = self.now.plus_nanos(match side {
            Side::Client => REACTION,
            Side::Server => self.round_trip,
        });
    }

    pub(super) fn send(&mut self, side: Side, segment: &Segment<'_>, payload: &[u8]) {
        let bytes = self.wire.tcp(side, segment, payload);
        self.push(bytes);
        self.last_side = side;
    }

    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        self.frames.push(ScriptFrame {
            time: self.now,
            bytes,
        });
        self.now = self.now.plus_nanos(STEP);
        self.apply_reorder(false);
    }

    /// Turns the frames round that were to be, when all are there or no more will come. Times stay.
    pub(super) fn apply_reorder(&mut self, is_end: bool) {
        let Some((start, count)) = self.reorder else {
            return;
        };
        if self.frames.len() < start + count && !is_end {
            return;
        }
        self.reorder = None;
        let end = self.frames.len().min(start + count);
        let Some(range) = self.frames.get_mut(start..end) else {
            return;
        };
        let times: Vec<_> = range.iter().map(|frame| frame.time).collect();
        range.reverse();
        for (frame, time) in range.iter_mut().zip(times) {
            frame.time = time;
        }
    }
}
