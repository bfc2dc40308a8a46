//! One side of a connection: what it sent, and what it said of the other side's bytes.

use std::collections::VecDeque;

use colloquy_dissectors::units::{FrameNo, Timestamp};

use super::{Remarks, SYN_FIN, Seen, Segment, after};
use crate::frame::TcpFlags;
use crate::limits;

/// By what windows are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rows) enum Scale {
    /// The handshake was not seen.
    #[default]
    Unknown,
    /// By nothing.
    None,
    /// By two to this power.
    By(u8),
}

/// A segment that was not acknowledged yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) frame: FrameNo,
    pub(super) time: Timestamp,
    seq: u32,
    end: u32,
}

/// Sequence numbers are 0 as long as they are not known, which Wireshark takes them for as well.
#[derive(Clone, Debug)]
pub(super) struct Half {
    /// What relative numbers count from.
    pub(super) base: Option<u32>,
    pub(super) scale: Scale,
    /// One past the highest byte sent, and the frame that brought it there.
    pub(super) next: u32,
    pub(super) next_time: Timestamp,
    pub(super) next_frame: FrameNo,
    /// One past the highest byte before which nothing is missing.
    pub(super) contiguous: u32,
    /// It acknowledged more than the peer was seen to send; remarked once, until it acknowledges just what was seen.
    pub(super) is_beyond: bool,
    /// What it acknowledged last, and when.
    pub(super) ack: u32,
    pub(super) ack_time: Timestamp,
    /// The first frame that acknowledged that.
    pub(super) first_ack: FrameNo,
    pub(super) duplicates: u32,
    /// The last window, as on the wire.
    pub(super) window: Option<u32>,
    /// The last window was a SYN's, which is not scaled.
    window_of_syn: bool,
    /// Remarks on its last segment.
    pub(super) said: Remarks,
    /// Its bytes in flight can be told.
    pub(super) flight_is_known: bool,
    push_bytes: u32,
    pushed: bool,
    /// Bytes that its last SACK option names.
    sacked: u32,
    /// The oldest first.
    unacked: VecDeque<Sent>,
}

impl Default for Half {
    fn default() -> Self {
        Self {
            base: None,
            scale: Scale::Unknown,
            next: 0,
            next_time: Timestamp::default(),
            next_frame: 0,
            contiguous: 0,
            is_beyond: false,
            ack: 0,
            ack_time: Timestamp::default(),
            first_ack: 0,
            duplicates: 0,
            window: None,
            window_of_syn: false,
            said: Remarks::default(),
            flight_is_known: true,
            push_bytes: 0,
            pushed: false,
            sacked: 0,
            unacked: VecDeque::new(),
        }
    }
}

impl Half {
    /// One past the last byte that this side would take; `None` while its scale is not known.
    pub(super) fn edge(&self) -> Option<u32> {
        let shift = match self.scale {
            Scale::Unknown => return None,
            Scale::By(shift) if !self.window_of_syn => u32::from(shift),
            _ => 0,
        };
        let window = self.window?;
        Some(
            self.ack
                .wrapping_add(window.checked_shl(shift).unwrap_or(0)),
        )
    }

    /// The segment that waits for its acknowledgement for longest.
    pub(super) fn eldest(&self) -> Option<&Sent> {
        self.unacked.front()
    }

    /// Notes what it sent.
    pub(super) fn sent(&mut self, s: &Segment, remarks: Remarks) {
        let mut end = s.seq.wrapping_add(s.len);
        if (s.len > 0 || s.any(SYN_FIN)) && self.unacked.len() < limits::UNACKED_SEGMENTS {
            end = end.wrapping_add(u32::from(s.any(SYN_FIN)));
            self.unacked.push_back(Sent {
                frame: s.frame,
                time: s.time,
                seq: s.seq,
                end,
            });
        }
        let probe = remarks.has(Remarks::ZERO_WINDOW_PROBE);
        if !probe && (self.next == 0 || after(end, self.next)) {
            self.next = end;
            self.next_frame = s.frame;
            self.next_time = s.time;
        }
        if !probe && (self.contiguous == 0 || s.seq == self.contiguous) {
            self.contiguous = self.next;
        }
        self.said = remarks;
        self.window = Some(u32::from(s.window));
        self.window_of_syn = s.has(TcpFlags::SYN);
        self.ack = s.ack;
        self.ack_time = s.time;
    }

    /// The peer acknowledged what this side sent.
    pub(super) fn acknowledged(&mut self, s: &Segment, seen: &mut Seen) {
        let ack = s.ack;
        let nothing_new = self.unacked.iter().all(|sent| !after(ack, sent.seq));
        if nothing_new {
            return;
        }
        // Newest first, as the last of several that end here is the one that was sent first.
        for sent in self.unacked.iter_mut().rev() {
            if sent.end == ack {
                seen.acks = Some((sent.frame, s.time.nanos_since(sent.time)));
            } else if after(ack, sent.seq) && !after(ack, sent.end) {
                sent.seq = ack;
            }
        }
        self.unacked.retain(|sent| after(sent.end, ack));
    }

    /// Bytes sent and not acknowledged, once this segment is on its way.
    pub(super) fn in_flight(&mut self, s: &Segment, sacked: u32, seen: &mut Seen) {
        if s.len == 0 || self.unacked.is_empty() || !self.flight_is_known {
            return;
        }
        let base = self.base.unwrap_or(0);
        let (mut first, mut last) = (u32::MAX, 0);
        for sent in &self.unacked {
            first = first.min(sent.seq.wrapping_sub(base));
            last = last.max(sent.end.wrapping_sub(base));
        }
        let fin = u32::from(s.has(TcpFlags::FIN));
        let bytes = last.wrapping_sub(first).wrapping_sub(sacked + fin);
        if bytes > 0 && bytes < 2_000_000_000 {
            seen.in_flight = Some(bytes);
        }
        let push = s.has(TcpFlags::PSH);
        if self.pushed {
            self.push_bytes = s.len;
        } else {
            self.push_bytes = self.push_bytes.wrapping_add(s.len);
        }
        self.pushed = push;
        seen.push_bytes = Some(self.push_bytes);
    }

    /// Bytes of the peer that this side has beyond a hole.
    pub(super) const fn sacked_of_peer(&self) -> u32 {
        self.sacked
    }

    /// Notes what its options say.
    pub(super) const fn received(&mut self, s: &Segment) {
        self.sacked = s.sacked;
    }
}
