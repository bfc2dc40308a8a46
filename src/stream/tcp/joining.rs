//! Where a capture joins a connection in mid-stream: how far each side had got before its first bytes that were captured.

use colloquy_dissectors::units::Side;

use super::{Half, IMPLAUSIBLE, Receiver, Segment, Tcp, flags};

/// How far a side had got before the first of its bytes that was captured: a sequence number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Before {
    /// Nothing tells.
    #[default]
    Unknown,
    /// Its last segment without data stands here: this is the byte to come.
    Stood(u32),
    /// No frame of it was captured, and bytes of its peer acknowledge it up to here.
    Acked(u32),
}

/// Two or more bytes further on than `at`: a keep-alive stands one byte before the next.
fn is_further(seq: u32, at: u32) -> bool {
    (2..IMPLAUSIBLE as u32).contains(&seq.wrapping_sub(at))
}

impl Half {
    /// Sequence number of offset 0, where the side is first seen to have got to `seq`: there; or at a segment without data that came
    /// before, from which on every byte should have been captured.
    pub(super) fn base_at(&mut self, seq: u32) -> u32 {
        let stood = self.lacks_until(seq);
        *self.base.get_or_insert(stood.unwrap_or(seq))
    }

    /// Where it stood before, if bytes up to `seq` are missing since.
    pub(super) fn lacks_until(&self, seq: u32) -> Option<u32> {
        match self.before {
            Before::Stood(at) if is_further(seq, at) => Some(at),
            _ => None,
        }
    }
}

impl Tcp {
    /// A segment of a side of which no bytes were captured yet.
    pub(super) fn joined(&mut self, side: Side, segment: &Segment<'_>, to: &mut dyn Receiver) {
        let half = &mut self.halves[side];
        if let Before::Acked(at) = half.before
            && is_further(segment.seq, at)
        {
            to.unseen(side);
        }
        if segment.wire_len == 0 && segment.flags == flags::ACK {
            half.before = Before::Stood(segment.seq);
        }
    }

    /// `side` acknowledges a peer of which nothing was captured yet. What it acknowledges beyond what it had when it sent
    /// bytes itself may be an answer to these, or was under way when the capture began.
    pub(super) fn acknowledges_unseen(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        to: &mut dyn Receiver,
    ) {
        let peer = side.other();
        let half = &mut self.halves[peer];
        match half.before {
            Before::Unknown if segment.wire_len > 0 => half.before = Before::Acked(segment.ack),
            Before::Acked(at) if is_further(segment.ack, at) => {
                half.before = Before::Acked(segment.ack);
                to.unseen(peer);
            }
            _ => {}
        }
    }
}
