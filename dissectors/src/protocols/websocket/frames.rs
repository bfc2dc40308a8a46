//! Frames and the messages they make (RFC 6455 sections 5.2 and 5.4).

use super::session::{Lane, Reading, Talk};
use super::wire::{self, CONTROL_MOST, HEADER_MOST, Header, Opcode, RSV1, Read, Utf8};
use super::{deflate, op, show};
use crate::dissector::Output;
use crate::event::{Act, Fact, Op};
use crate::inbox::Feed;
use crate::units::{Side, Span, StreamOffset};

/// Bytes of a message that may be a sign of life.
const SHORT: usize = 64;

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
    Bomb,
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
pub(super) struct Building {
    pub(super) opcode: Opcode,
    pub(super) start: StreamOffset,
    pub(super) bytes: u64,
    pub(super) compressed: bool,
    /// It is uncompressed text without a hole, so that its UTF-8 can be checked.
    check: Option<Utf8>,
    /// It is uncompressed text, or text that somebody reads.
    pub(super) short: Short,
}

/// The start of a text message: all of it where it is short.
#[derive(Debug)]
pub(super) struct Short {
    bytes: [u8; SHORT],
    len: usize,
}

impl Short {
    const EMPTY: Self = Self {
        bytes: [0; SHORT],
        len: 0,
    };

    fn push(&mut self, plain: &[u8]) {
        let free = self.bytes.iter_mut().skip(self.len);
        for (to, from) in free.zip(plain) {
            *to = *from;
        }
        self.len = self.len.saturating_add(plain.len());
    }

    /// The whole message, if it is short.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len)
    }
}

/// The frame and the message at hand.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) head: Header,
    start: StreamOffset,
    /// Payload bytes still to come.
    pub(super) left: u64,
    pub(super) message: Option<Building>,
}

impl Progress {
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Bytes of the message under way, as far as its frames have announced them; 0 where there is none.
    pub(super) fn begun(&self) -> u64 {
        let in_frame = if self.left > 0 && !self.head.opcode.is_control() {
            self.head.len
        } else {
            0
        };
        let message = self.message.as_ref();
        message.map_or(0, |m| m.bytes.saturating_add(in_frame))
    }

    /// Bytes of the payload were lost: its content can't be judged any more.
    pub(super) fn hole(&mut self) {
        if let Some(message) = &mut self.message {
            message.check = None;
            message.short.len = SHORT + 1;
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
        let reads = self.app.reads() || out.wants_text();
        let lane = &mut self.lanes[side];
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
        let Lane {
            content, progress, ..
        } = &mut self.lanes[side];
        let message = progress.message.as_ref();
        let is_data = !head.opcode.is_control() && !head.opcode.is_reserved();
        let reads = reads && is_data && message.is_some_and(|m| m.opcode == Opcode::TEXT);
        if reads {
            if head.opcode == Opcode::TEXT {
                content.begin();
            }
            content.push_masked(payload, head.key);
        }
        let checks = message.is_some_and(|m| m.check.is_some()) && !head.opcode.is_control();
        if is_data && head.opcode != Opcode::CONTINUATION {
            self.lanes[side].counter = None;
        }
        if look == deflate::BOMB_LOOK {
            self.suspect(side, &head, payload, span, out);
        }
        let wanted = reads || checks || is_data && self.lanes[side].counter.is_some();
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
        match head.len {
            _ if !(first && deflate && head.rsv == RSV1) => 0,
            deflate::BOMB_LEAST.. => deflate::BOMB_LOOK,
            short => short.min(deflate::LOOK),
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
            short: Short::EMPTY,
        });
    }

    pub(super) fn payload(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let reads = self.app.reads() || out.wants_text();
        let Lane {
            show,
            progress,
            content,
            ..
        } = &mut self.lanes[side];
        if progress.left == 0 {
            return self.frame_end(side, feed.offset(), out);
        }
        let Some((bytes, span)) = feed.take_some(progress.left) else {
            return false;
        };
        if show::keeps(out) {
            show.payload(bytes, progress.head.key);
        }
        let done = progress.head.len - progress.left;
        progress.left -= bytes.len() as u64;
        if let Some(Building {
            check,
            short,
            opcode,
            ..
        }) = &mut progress.message
        {
            let reads = reads && *opcode == Opcode::TEXT;
            wire::unmasked(bytes, progress.head.key, done, |plain| {
                if let Some(utf8) = check {
                    utf8.push(plain);
                    if short.len <= SHORT {
                        short.push(plain);
                    }
                }
                if reads {
                    content.push(plain);
                }
            });
        }
        if self.lanes[side].counter.is_some() {
            let (key, mut plain) = (
                self.lanes[side].progress.head.key,
                Vec::with_capacity(bytes.len()),
            );
            wire::unmasked(bytes, key, done, |part| plain.extend_from_slice(part));
            self.count(side, &plain, span, out);
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
}

/// True when the payload cannot begin a compressed message.
fn is_broken(masked: &[u8], key: Option<[u8; 4]>) -> bool {
    let mut plain = Vec::with_capacity(masked.len());
    wire::unmasked(masked, key, 0, |bytes| plain.extend_from_slice(bytes));
    deflate::is_broken(&plain)
}
