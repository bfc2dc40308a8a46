//! Lines and packets out of each side's bytes, as long as they are in clear.

use super::describe;
use super::talk::Talk;
use super::wire::{self, Head};
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::event::{Act, Op};
use crate::field::Writer;
use crate::inbox::{Feed, Inbox};
use crate::text;
use crate::units::{PerSide, Side, Span};

/// Lines of text that a server may send before its version.
const LINES: u32 = 1024;
/// Characters of such text that are kept.
const TEXT: usize = 200;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Ssh {
        inboxes: PerSide::default(),
        lanes: PerSide::default(),
        talk: Talk::new(start.beginning),
    })
}

struct Ssh {
    inboxes: PerSide<Inbox>,
    lanes: PerSide<Lane>,
    talk: Talk,
}

/// One side's reading.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    place: Place,
    /// Lines of text so far.
    lines: u32,
}

/// Where a side's reading stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the version line.
    #[default]
    Banner,
    /// Before a packet in clear.
    Packet,
    /// Nothing more can be read.
    Opaque,
}

impl Dissector for Ssh {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let mut feed = self.inboxes[side].feed(bytes);
                let mut reader = Reader {
                    lane: &mut self.lanes[side],
                    talk: &mut self.talk,
                    side,
                };
                while reader.step(&mut feed, out) {}
            }
            Input::Gap { len } => {
                self.inboxes[side].gap(len);
                let lane = &mut self.lanes[side];
                if lane.place != Place::Opaque {
                    lane.place = Place::Opaque;
                    self.talk.lost(side);
                }
            }
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Ssh {
    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let (at, waiting) = (inbox.offset(), inbox.waiting());
        let lane = &mut self.lanes[side];
        if lane.place == Place::Packet && waiting > 0 {
            let mut feed = inbox.feed(&[]);
            let head = feed
                .peek_up_to(wire::HEAD)
                .first_chunk::<{ wire::HEAD }>()
                .and_then(|bytes| Head::read(bytes, self.talk.is_old()));
            let act = Act::Incomplete {
                op: Op::default(),
                expected: head.map_or(wire::HEAD, Head::size) as u64,
                present: waiting,
            };
            out.emit(side, Span::new(at, at + waiting), act);
        }
        lane.place = Place::Opaque;
        self.talk.end(side, at + waiting, end, out);
    }
}

/// One side at work.
struct Reader<'a> {
    lane: &'a mut Lane,
    talk: &'a mut Talk,
    side: Side,
}

impl Reader<'_> {
    /// Reads on by one step; false when more bytes are needed.
    fn step(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        match self.lane.place {
            Place::Banner => self.line(feed, out),
            Place::Packet => self.packet(feed, out),
            Place::Opaque => self.opaque(feed, out),
        }
    }

    fn line(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let side = self.side;
        let bytes = feed.peek_up_to(wire::LINE_MOST);
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            let endless = bytes.len() >= wire::LINE_MOST;
            return endless && self.lose("a line without end", feed, out);
        };
        let Some((line, span)) = feed.take(end + 1) else {
            return false;
        };
        if wire::begins_version(line) == Some(true) {
            self.talk.version(side, span, line, out);
            let context = self.talk.context(side);
            self.fields(span, out, |w| describe::version(w, line, context));
            self.lane.place = Place::Packet;
            return true;
        }
        if self.lane.lines == 0 {
            let text = text::printable(wire::without_end(line), TEXT);
            let text = text::without_secrets(&text);
            self.talk.text(side, span, text, out);
        }
        self.lane.lines += 1;
        self.lane.lines <= LINES || self.lose("text instead of a version", feed, out)
    }

    fn packet(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let side = self.side;
        let Some(head) = feed
            .peek(wire::HEAD)
            .and_then(|bytes| Head::read(bytes, self.talk.is_old()))
        else {
            return false;
        };
        if !head.is_plausible() {
            return self.lose("not a packet", feed, out);
        }
        let Some((bytes, span)) = feed.take(head.size()) else {
            return false;
        };
        let payload = bytes.get(head.payload()).unwrap_or(&[]);
        let Some((&code, body)) = payload.split_first() else {
            return true;
        };
        let last = self.talk.message(side, span, code, body, out);
        let context = self.talk.context(side);
        self.fields(span, out, |w| describe::packet(w, head, bytes, context));
        if last {
            self.lane.place = Place::Opaque;
        }
        true
    }

    /// Bytes that can't be read are passed over; for fields each piece is told, since nobody knows where packets begin.
    fn opaque(&self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let Some((bytes, span)) = feed.take_some(u64::MAX) else {
            return false;
        };
        let (len, context) = (bytes.len(), self.talk.context(self.side));
        self.fields(span, out, |w| describe::encrypted(w, len, context));
        true
    }

    /// Gives fields. Wireshark takes text before the version line (RFC 4253 section 4.2) for a packet of the length that its first
    /// four letters make, and shows nothing more of that side. Fields keep that; what is told of the session does not.
    fn fields(&self, span: Span, out: &mut Output<'_>, describe: impl FnOnce(&mut Writer<'_>)) {
        if self.lane.lines == 0 {
            out.fields(self.side, span, describe);
        }
    }

    fn lose(&mut self, what: &'static str, feed: &Feed<'_>, out: &mut Output<'_>) -> bool {
        let span = Span::new(feed.offset(), feed.offset() + 1);
        out.emit(self.side, span, Act::Malformed { what });
        self.lane.place = Place::Opaque;
        self.talk.lost(self.side);
        true
    }
}
