//! What the dispatcher remembers of a conversation.

use crate::frame::{TcpFlags, TcpSegment};

/// In no block: the first is 1.
pub(super) const NEVER: (u32, u32) = (0, 0);

#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) flow: u32,
    pub(super) stream: u32,
    /// The last block with a frame of it, and where in the shard's batch of that block the last one stands.
    pub(super) last: (u32, u32),
    /// The key's first end sent the conversation's first frame.
    pub(super) key_order: bool,
    pub(super) bases: [Option<u32>; 2],
    /// Only quoted by ICMP so far: no conversation was opened for it.
    pub(super) phantom: bool,
}

impl Known {
    /// Its next frame will stand `at` in the batch of this block: where its last one stands, if there is one.
    pub(super) fn follow(&mut self, block: u32, at: u32) -> Option<u32> {
        let before = std::mem::replace(&mut self.last, (block, at));
        (before.0 == block).then_some(before.1)
    }

    /// A SYN with another sequence number than the conversation began with opens a new one, as in tshark.
    pub(super) fn is_new_incarnation(&self, side: usize, tcp: &TcpSegment) -> bool {
        tcp.flags.has(TcpFlags::SYN)
            && !tcp.flags.has(TcpFlags::ACK)
            && self
                .bases
                .get(side)
                .copied()
                .flatten()
                .is_some_and(|base| base != tcp.seq)
    }

    /// Where each side begins, as far as this segment of `side` tells.
    pub(super) fn learn_bases(&mut self, side: usize, tcp: &TcpSegment) {
        let syn = tcp.flags.has(TcpFlags::SYN);
        if let Some(base) = self.bases.get_mut(side) {
            base.get_or_insert(if syn {
                tcp.seq
            } else {
                tcp.seq.wrapping_sub(1)
            });
        }
        if tcp.flags.has(TcpFlags::ACK)
            && let Some(base) = self.bases.get_mut(1 - side)
        {
            base.get_or_insert(tcp.ack.wrapping_sub(1));
        }
    }
}
