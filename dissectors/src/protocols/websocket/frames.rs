//! Frames and the messages they make (RFC 6455 sections 5.2 and 5.4).

use super::session::{Lane, Reading, Talk};
use super::turn::Message;
use super::wire::{self, CONTROL_MOST, HEADER_MOST, Header, Opcode, RSV1, Read, Utf8};
use super::{deflate, op, show};
use crate::dissector::Output;
use crate::event::{Act, Fact, Op};
use crate::inbox::Feed;
use crate::text::{printable, without_secrets};
use crate::units::{Side, Span, StreamOffset};

/// Bytes of a text message that its description shows.
const PREVIEW: usize = 80;

/// The kinds of fault; each is told once a side.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Mask,
    ControlTooLong,
    ControlFragmented,
    CloseOfOneByte,
    CloseCode,
    AfterClose,
    FragmentUnexpected,
    ContinuationUnexpected,
    Opcode,
    Bits,
    Length,
    TopBit,
    Utf8,
    Deflate,
}

impl Lane {
    /// Tells a fault the first time.
    pub(super) fn tell(
        &mut self,
        fault: Fault,
        side: Side,
        span: Span,
        fact: Fact,
        out: &mut Output<'_>,
    ) {
        let bit = 1 << fault as u32;
        if self.faults & bit != 0 {
            return;
        }
        self.faults |= bit;
        let fact = if self.sought {
            fact.with("after_gap", true)
        } else {
            fact
        };
        out.fact(side, span, fact);
    }
}

/// A message that is under way.
#[derive(Debug)]
struct Building {
    opcode: Opcode,
    start: StreamOffset,
    bytes: u64,
    compressed: bool,
    /// It is uncompressed text without a hole, so that its UTF-8 can be checked.
    check: Option<Utf8>,
    preview: Option<Vec<u8>>,
}

/// The frame and the message at hand.
#[derive(Debug, Default)]
pub(super) struct Progress {
    head: Header,
    start: StreamOffset,
    /// Payload bytes still to come.
    left: u64,
    message: Option<Building>,
}

impl Progress {
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Bytes of the payload were lost: its content can't be judged any more.
    pub(super) fn hole(&mut self) {
        if let Some(message) = &mut self.message {
            message.check = None;
        }
    }

    /// `len` bytes of the payload at hand were lost.
    pub(super) fn pass_over(&mut self, len: u64) {
        self.left = self.left.saturating_sub(len);
        self.hole();
    }

    /// What is lacking when the stream ends at `at`, if anything is.
    pub(super) fn unfinished(
        &self,
        at: StreamOffset,
        waiting: u64,
        to_skip: u64,
    ) -> Option<(Span, Act)> {
        let in_frame = self.left > 0 || to_skip > 0;
        if !in_frame && waiting == 0 && self.message.is_none() {
            return None;
        }
        let message = self.message.as_ref();
        let frame = if in_frame { self.start } else { at - waiting };
        let start = message.map_or(frame, |m| m.start);
        let opcode = message.map_or(self.head.opcode, |m| m.opcode);
        let present = at.saturating_sub(start);
        let expected = match (in_frame, waiting) {
            (true, _) => (self.start.saturating_sub(start))
                .saturating_add(self.head.size as u64)
                .saturating_add(self.head.len),
            // Of a frame whose header is not whole, or of which nothing came, only its least is known.
            (false, _) => present + 2,
        };
        let op = if in_frame || message.is_some() {
            op(opcode)
        } else {
            Op::new("Frame", 0)
        };
        let act = Act::Incomplete {
            op,
            expected: expected.max(present + 1),
            present,
        };
        Some((Span::new(start, at), act))
    }
}

impl Talk {
    pub(super) fn header(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let start = feed.offset();
        let head = match wire::header(feed.peek_up_to(HEADER_MOST)) {
            Read::Header(head) => head,
            Read::More => return false,
            Read::TopBit => return self.endless(side, start, feed, out),
        };
        // A control frame is read at once: its payload is short, and needed.
        let short_control =
            head.opcode.is_control() && !head.opcode.is_reserved() && head.len <= CONTROL_MOST;
        let look = self.looked_at(&head);
        let taken = head.size + if short_control { head.len } else { look } as usize;
        let Some((bytes, span)) = feed.take(taken) else {
            return false;
        };
        self.opened(side, span, out);
        self.judge_header(side, &head, span, out);
        let payload = bytes.get(head.size..).unwrap_or_default();
        if short_control {
            self.control(side, &head, payload, span, out);
            return true;
        }
        let lane = &mut self.lanes[side];
        if show::keeps(out) {
            lane.show.payload(payload, head.key);
        }
        if look > 0 && is_broken(payload, head.key) {
            let fact = Fact::new("ws.deflate-broken").with("opcode", u32::from(head.opcode.0));
            lane.tell(Fault::Deflate, side, span, fact, out);
        }
        lane.progress.head = head;
        lane.progress.start = start;
        lane.progress.left = head.len - look;
        if !head.opcode.is_control() && !head.opcode.is_reserved() {
            self.data_frame(side, &head, span, out);
        }
        let message = self.lanes[side].progress.message.as_ref();
        let wanted = message.is_some_and(|m| m.check.is_some()) && !head.opcode.is_control();
        if !wanted {
            feed.skip(head.len - look);
        }
        self.lanes[side].reading = if wanted {
            Reading::Payload
        } else {
            Reading::Skip
        };
        true
    }

    /// Skips payload; true when nothing more of it comes.
    pub(super) fn skip(&mut self, side: Side, feed: &mut Feed<'_>, out: &Output<'_>) -> bool {
        if !show::keeps(out) {
            return feed.skipped();
        }
        let Lane { show, progress, .. } = &mut self.lanes[side];
        feed.skipped_over(|bytes| show.payload(bytes, progress.head.key))
    }

    /// How many bytes of the payload are read with the header: the first of a compressed message.
    fn looked_at(&self, head: &Header) -> u64 {
        let first = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        let deflate = self.agreed.is_some_and(|a| a.deflate);
        if first && deflate && head.rsv == RSV1 {
            head.len.min(deflate::LOOK)
        } else {
            0
        }
    }

    /// A length that nothing can have (RFC 6455 section 5.2: "the most significant bit MUST be 0").
    fn endless(
        &mut self,
        side: Side,
        start: StreamOffset,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let span = Span::new(start, start + 10);
        let lane = &mut self.lanes[side];
        let fact = Fact::new("ws.length-top-bit");
        lane.tell(Fault::TopBit, side, span, fact, out);
        out.emit(
            side,
            span,
            Act::Malformed {
                what: "frame length with the highest bit set",
            },
        );
        let lane = &mut self.lanes[side];
        lane.lose(start);
        lane.at_edge = false;
        feed.take(1).is_some()
    }

    fn judge_header(&mut self, side: Side, head: &Header, span: Span, out: &mut Output<'_>) {
        let opcode = u32::from(head.opcode.0);
        let agreed = self.agreed;
        let lane = &mut self.lanes[side];
        let mut tell = |fault, fact: Fact| lane.tell(fault, side, span, fact, out);
        match (side, head.key) {
            (Side::Client, None) => tell(
                Fault::Mask,
                Fact::new("ws.client-unmasked").with("opcode", opcode),
            ),
            (Side::Server, Some(_)) => tell(
                Fault::Mask,
                Fact::new("ws.server-masked").with("opcode", opcode),
            ),
            _ => {}
        }
        let extended = agreed.is_some_and(|a| a.unknown_extension);
        if head.opcode.is_reserved() && !extended {
            tell(
                Fault::Opcode,
                Fact::new("ws.reserved-opcode").with("opcode", opcode),
            );
        }
        let first_data = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        let deflate = agreed.is_none_or(|a| a.deflate);
        if head.rsv != 0 && !extended && !(deflate && first_data && head.rsv == RSV1) {
            let fact = Fact::new("ws.reserved-bits")
                .with("bits", head.rsv)
                .with("opcode", opcode)
                .with("deflate", agreed.is_some_and(|a| a.deflate));
            tell(Fault::Bits, fact);
        }
        if !head.minimal {
            tell(
                Fault::Length,
                Fact::new("ws.length-not-minimal").with("length", head.len),
            );
        }
        if head.opcode.is_control() && !head.opcode.is_reserved() {
            if head.len > CONTROL_MOST {
                let fact = Fact::new("ws.control-too-long")
                    .with("opcode", opcode)
                    .with("length", head.len);
                tell(Fault::ControlTooLong, fact);
            }
            if !head.fin {
                tell(
                    Fault::ControlFragmented,
                    Fact::new("ws.control-fragmented").with("opcode", opcode),
                );
            }
        }
    }

    /// Begins or continues a message.
    fn data_frame(&mut self, side: Side, head: &Header, span: Span, out: &mut Output<'_>) {
        let lane = &mut self.lanes[side];
        let opcode = u32::from(head.opcode.0);
        if lane.closed {
            let fact = Fact::new("ws.data-after-close")
                .with("opcode", opcode)
                .with("length", head.len);
            lane.tell(Fault::AfterClose, side, span, fact, out);
        }
        let continues = head.opcode == Opcode::CONTINUATION;
        let open = lane.progress.message.is_some();
        if continues && open {
            return;
        }
        if continues && lane.in_step {
            let fact = Fact::new("ws.continuation-unexpected");
            lane.tell(Fault::ContinuationUnexpected, side, span, fact, out);
        }
        if !continues && open {
            let fact = Fact::new("ws.fragment-unexpected").with("opcode", opcode);
            lane.tell(Fault::FragmentUnexpected, side, span, fact, out);
        }
        let plain_text = head.opcode == Opcode::TEXT && head.rsv == 0;
        lane.progress.message = Some(Building {
            opcode: head.opcode,
            start: span.start,
            bytes: 0,
            compressed: head.rsv & RSV1 != 0,
            check: plain_text.then(Utf8::default),
            preview: (plain_text && out.wants_text()).then(Vec::new),
        });
    }

    pub(super) fn payload(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let Lane { show, progress, .. } = &mut self.lanes[side];
        if progress.left == 0 {
            return self.frame_end(side, feed.offset(), out);
        }
        let Some((bytes, _)) = feed.take_some(progress.left) else {
            return false;
        };
        if show::keeps(out) {
            show.payload(bytes, progress.head.key);
        }
        let done = progress.head.len - progress.left;
        progress.left -= bytes.len() as u64;
        if let Some(Building { check, preview, .. }) = &mut progress.message {
            wire::unmasked(bytes, progress.head.key, done, |plain| {
                if let Some(utf8) = check {
                    utf8.push(plain);
                }
                if let Some(shown) = preview
                    && shown.len() < PREVIEW
                {
                    shown.extend_from_slice(plain.get(..PREVIEW).unwrap_or(plain));
                }
            });
        }
        true
    }

    /// The frame at hand is whole.
    pub(super) fn frame_end(
        &mut self,
        side: Side,
        end: StreamOffset,
        out: &mut Output<'_>,
    ) -> bool {
        let compression = self.compression(side);
        let lane = &mut self.lanes[side];
        lane.reading = Reading::Header;
        lane.progress.left = 0;
        let head = lane.progress.head;
        let frame = Span::new(lane.progress.start, end);
        lane.show.frame(side, &head, compression, frame, out);
        if head.opcode.is_control() || head.opcode.is_reserved() {
            let span = Span::new(lane.progress.start, end);
            out.emit(
                side,
                span,
                Act::Message {
                    op: op(head.opcode),
                },
            );
            return true;
        }
        if let Some(message) = &mut lane.progress.message {
            message.bytes = message.bytes.saturating_add(head.len);
            let bad = message
                .check
                .is_some_and(|utf8| utf8.is_bad() || head.fin && utf8.is_unfinished());
            if bad {
                message.check = None;
                let fact = Fact::new("ws.text-not-utf8").with("in", "Text");
                lane.tell(Fault::Utf8, side, frame, fact, out);
            }
        }
        if head.fin {
            self.message_end(side, end, out);
        }
        true
    }

    fn message_end(&mut self, side: Side, end: StreamOffset, out: &mut Output<'_>) {
        let lane = &mut self.lanes[side];
        let known = std::mem::replace(&mut lane.in_step, true);
        let Some(message) = lane.progress.message.take() else {
            return;
        };
        let text = out.wants_text().then(|| describe(&message));
        let whole = Message {
            opcode: message.opcode,
            span: Span::new(message.start, end),
            text,
        };
        if !known {
            self.turn.stop(out);
        }
        self.turn.message(side, whole, &mut self.next_id, out);
    }
}

/// True when the payload cannot begin a compressed message.
fn is_broken(masked: &[u8], key: Option<[u8; 4]>) -> bool {
    let mut plain = Vec::with_capacity(masked.len());
    wire::unmasked(masked, key, 0, |bytes| plain.extend_from_slice(bytes));
    deflate::is_broken(&plain)
}

fn describe(message: &Building) -> String {
    let name = match message.opcode {
        Opcode::CONTINUATION => "End of a message",
        opcode => opcode.name(),
    };
    let compressed = if message.compressed {
        ", compressed"
    } else {
        ""
    };
    let start = format!("{name} {} bytes{compressed}", message.bytes);
    match &message.preview {
        Some(shown) if !shown.is_empty() => {
            format!("{start}: {}", without_secrets(&printable(shown, PREVIEW)))
        }
        _ => start,
    }
}
