//! Frames out of each side's bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::block::Blocks;
use super::describe;
use super::streams::{Stream, Streams};
use super::wire::{self, Framed, HEAD, Head, Kind, PREFACE, flag};
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::event::{Act, Fact, Phase};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// The largest frame that is read whole.
const WHOLE: u64 = 256 * 1024;
/// The largest DATA frame that is read whole where its fields are wanted.
const WHOLE_DATA: u64 = 1 << 20;
/// Bytes that are looked through at once for the next frame: two heads with a usual payload between them, and more.
const SEEK: usize = 64 * 1024;
/// Frames behind a gap that must look like frames, one after another, until it is believed that they are.
const TRIAL: u8 = 8;

/// Where a side's reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Before the client's preface.
    Preface,
    /// Before a frame's head.
    Head,
    /// In the content of a DATA frame that a child is given: bytes left, and bytes of padding behind them.
    Content { left: u64, padding: u64 },
    /// In a frame that is counted only.
    Skip,
    /// A frame is sought; nothing since `since` could be read. `edge`: one may begin right here.
    Lost { since: StreamOffset, edge: bool },
    /// Nothing more is read.
    Over,
}

/// One side.
#[derive(Debug)]
struct Lane {
    reading: Reading,
    /// The frame at hand, and where it begins.
    frame: Head,
    start: StreamOffset,
    blocks: Blocks,
    /// So many frames more have to look like ones.
    trial: u8,
    /// Bytes were lost.
    holed: bool,
}

/// What was told of the connection.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) negotiating: bool,
    pub(super) open: bool,
    pub(super) releasing: bool,
    pub(super) closed: bool,
    pub(super) details: Vec<&'static str>,
}

/// One connection.
struct Http2 {
    inboxes: PerSide<Inbox>,
    talk: Talk,
}

/// The dialogue, apart from the bytes that wait.
pub(super) struct Talk {
    lanes: PerSide<Lane>,
    pub(super) streams: Streams,
    pub(super) told: Told,
    /// Sides that have sent SETTINGS.
    pub(super) set: PerSide<bool>,
    /// A GOAWAY named an error.
    pub(super) goaway_failed: bool,
    upgrade: bool,
}

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    if start.is("settings") {
        return Box::new(Settings);
    }
    let whole = start.beginning;
    let lane = |first| Lane {
        reading: if whole {
            first
        } else {
            Reading::Lost {
                since: 0,
                edge: true,
            }
        },
        frame: NONE,
        start: 0,
        blocks: Blocks::new(whole),
        trial: if whole { 0 } else { TRIAL },
        holed: !whole,
    };
    Box::new(Http2 {
        inboxes: PerSide::default(),
        talk: Talk {
            lanes: PerSide::new(lane(Reading::Preface), lane(Reading::Head)),
            streams: Streams::default(),
            told: Told::default(),
            set: PerSide::default(),
            goaway_failed: false,
            upgrade: start.is("upgrade"),
        },
    })
}

const NONE: Head = Head {
    len: 0,
    kind: Kind::DATA,
    flags: 0,
    reserved: false,
    stream: 0,
};

/// The settings in the request of HTTP/1 that asks for an upgrade (RFC 7540 section 3.2.1), for their fields.
struct Settings;

impl Dissector for Settings {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        if let Input::Datagram { bytes, wire_len } = input {
            let text = bytes.trim_ascii_end();
            if let Ok(payload) = URL_SAFE_NO_PAD.decode(text.strip_suffix(b"=").unwrap_or(text)) {
                let span = Span::new(0, wire_len);
                out.fields(side, span, |w| describe::settings(w, &payload, 0));
            }
        }
    }
}

impl Dissector for Http2 {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let mut feed = self.inboxes[side].feed(bytes);
                self.talk.begin(side, feed.offset(), out);
                while self.talk.step(side, &mut feed, out) {}
            }
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Http2 {
    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let at = inbox.offset();
        let end = at + inbox.waiting() + len;
        let after = inbox.gap(len);
        let lane = &mut self.talk.lanes[side];
        match (lane.reading, after) {
            (Reading::Over, _) => {}
            (Reading::Skip, AfterGap::InBody) if !lane.frame.kind.has_block() => lane.holed = true,
            (Reading::Content { left, padding }, AfterGap::Lost { dropped: 0 }) if len <= left => {
                lane.holed = true;
                lane.reading = Reading::Content {
                    left: left - len,
                    padding,
                };
                out.child(lane.frame.stream.into(), side, at, Input::Gap { len });
            }
            (reading, _) => {
                if matches!(reading, Reading::Content { .. }) {
                    out.child(lane.frame.stream.into(), side, at, Input::Gap { len });
                }
                lane.lose(end, true);
            }
        }
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let (offset, waiting) = (self.inboxes[side].offset(), self.inboxes[side].waiting());
        let at = offset + waiting;
        let lane = &mut self.talk.lanes[side];
        let reading = std::mem::replace(&mut lane.reading, Reading::Over);
        let unfinished = match reading {
            Reading::Head if waiting > 0 => {
                let head = self.inboxes[side].feed(&[]).peek(HEAD).and_then(Head::read);
                Some((
                    offset,
                    head.map_or(HEAD as u64, Head::size),
                    head.unwrap_or(NONE),
                ))
            }
            Reading::Content { .. } | Reading::Skip => {
                Some((lane.start, lane.frame.size(), lane.frame))
            }
            _ => None,
        };
        if let Some((start, expected, head)) = unfinished.filter(|_| !lane.holed) {
            let op = head.kind.op();
            let present = at - start;
            out.emit(
                side,
                Span::new(start, at),
                Act::Incomplete {
                    op,
                    expected,
                    present,
                },
            );
        }
        let in_order = unfinished.is_none() && !matches!(reading, Reading::Lost { .. });
        self.talk.finish(side, end, in_order, at, out);
    }
}

impl Lane {
    /// Frames are to be sought from `since` on.
    fn lose(&mut self, since: StreamOffset, edge: bool) {
        let since = match self.reading {
            Reading::Lost { since, .. } => since,
            _ => since,
        };
        self.reading = Reading::Lost { since, edge };
        self.blocks.lose();
        self.trial = TRIAL;
        self.holed = true;
    }
}

impl Talk {
    /// The first bytes of a connection that HTTP/1 gave up: its stream 1 is the request that was told there.
    fn begin(&mut self, side: Side, at: StreamOffset, out: &mut Output<'_>) {
        if std::mem::take(&mut self.upgrade) {
            let span = Span::new(at, at);
            let mut stream = Stream::untold();
            stream.ended.client = true;
            self.streams.add(1, stream, span, out);
            out.detail(side, span, "upgrade", true);
        }
    }

    /// Reads on by one step; false when more bytes are needed.
    fn step(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        match self.lanes[side].reading {
            Reading::Preface => self.preface(side, feed, out),
            Reading::Head => self.head(side, feed, out),
            Reading::Content { left, padding } => self.content(side, (left, padding), feed, out),
            Reading::Skip => feed.skipped() && self.counted(side, feed.offset(), out),
            Reading::Lost { since, edge } => self.seek(side, since, edge, feed, out),
            Reading::Over => feed.take_some(u64::MAX).is_some(),
        }
    }

    fn go(&mut self, side: Side, reading: Reading) -> bool {
        self.lanes[side].reading = reading;
        true
    }

    fn preface(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let seen = feed.peek_up_to(PREFACE.len());
        if PREFACE.get(..seen.len()) != Some(seen) {
            let span = Span::new(feed.offset(), feed.offset() + 1);
            let what = "a client that does not begin with the connection preface";
            out.emit(side, span, Act::Malformed { what });
            out.fact(side, span, Fact::new("h2.no-preface"));
            return self.go(side, Reading::Over);
        }
        let Some((_, span)) = feed.take(PREFACE.len()) else {
            return false;
        };
        out.fields(side, span, describe::preface);
        self.prefaced(span, out);
        self.go(side, Reading::Head)
    }

    fn head(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let Some(head) = feed.peek(HEAD).and_then(Head::read) else {
            return false;
        };
        let lane = &mut self.lanes[side];
        lane.frame = head;
        lane.start = feed.offset();
        if lane.trial > 0 {
            if !head.is_plausible() {
                lane.lose(feed.offset(), false);
                return true;
            }
            lane.trial -= 1;
        }
        if head.kind == Kind::DATA {
            return self.data(side, head, feed, out);
        }
        if head.size() > WHOLE {
            let span = Span::new(feed.offset(), feed.offset() + HEAD as u64);
            if head.kind.has_block() {
                self.lanes[side].blocks.lose();
                let what = "a header block beyond 256 KiB";
                out.emit(side, span, Act::Limit { what });
            }
            self.without_payload(side, head, out);
            feed.skip(head.size());
            return self.go(side, Reading::Skip);
        }
        let Some((bytes, span)) = feed.take(head.size() as usize) else {
            return false;
        };
        let payload = bytes.get(HEAD..).unwrap_or(&[]);
        self.frame(side, head, payload, span, out);
        true
    }

    /// A whole frame, but DATA.
    fn frame(&mut self, side: Side, head: Head, payload: &[u8], span: Span, out: &mut Output<'_>) {
        let blocks = &mut self.lanes[side].blocks;
        blocks.list.clear();
        let block = if head.kind.has_block() {
            Some(blocks.take(head, payload))
        } else {
            None
        };
        if std::mem::take(&mut blocks.overflowed) {
            let what = "fields of one header block beyond 64 KiB";
            out.emit(side, span, Act::Limit { what });
        }
        let list = &blocks.list;
        out.fields(side, span, |w| {
            describe::frame(w, head, Some(payload), list, "");
        });
        match block {
            Some(Ok(Some(block))) => self.block(side, &block, span, out),
            Some(Ok(None)) => out.emit(side, span, Act::Message { op: head.kind.op() }),
            Some(Err(bad)) => {
                // Behind lost bytes a block may be the rest of one.
                if !self.lanes[side].holed {
                    out.emit(side, span, Act::Malformed { what: bad.0 });
                }
                out.emit(side, span, Act::Message { op: head.kind.op() });
                if head.kind == Kind::HEADERS && head.has(flag::END_STREAM) {
                    self.streams.end(side, head.stream, span, out);
                }
            }
            None => self.control(side, head, payload, span, out),
        }
    }

    /// DATA: whole where its fields are wanted, else as it comes.
    fn data(&mut self, side: Side, head: Head, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let inner = self.streams.get(head.stream).is_some_and(|s| s.inner);
        if out.wants_fields() && head.size() <= WHOLE_DATA {
            let Some((bytes, span)) = feed.take(head.size() as usize) else {
                return false;
            };
            let payload = bytes.get(HEAD..).unwrap_or(&[]);
            let list = &mut self.lanes[side].blocks.list;
            list.clear();
            let what = if inner { " (GRPC)" } else { "" };
            out.fields(side, span, |w| {
                describe::frame(w, head, Some(payload), list, what);
            });
            if let Some(parts) = Framed::read(head, payload).filter(|_| inner) {
                let content = payload.get(parts.start..parts.end).unwrap_or(&[]);
                let at = span.start + (HEAD + parts.start) as u64;
                if !content.is_empty() {
                    out.child(head.stream.into(), side, at, Input::Data(content));
                }
            }
            self.counted(side, span.end, out);
            return true;
        }
        let padded = head.has(flag::PADDED) && head.len > 0;
        let Some((bytes, _)) = feed.take(HEAD + usize::from(padded)) else {
            return false;
        };
        let padding = if padded {
            bytes.get(HEAD).copied().map_or(0, u64::from)
        } else {
            0
        };
        let rest = u64::from(head.len) - u64::from(padded);
        self.without_payload(side, head, out);
        match rest.checked_sub(padding) {
            Some(left) if inner && left > 0 => self.go(side, Reading::Content { left, padding }),
            _ => {
                feed.skip(rest);
                self.go(side, Reading::Skip)
            }
        }
    }

    /// Gives the fields of a frame whose payload is not kept.
    fn without_payload(&mut self, side: Side, head: Head, out: &mut Output<'_>) {
        let lane = &mut self.lanes[side];
        lane.blocks.list.clear();
        let span = Span::new(lane.start, lane.start + head.size());
        let list = &lane.blocks.list;
        out.fields(side, span, |w| describe::frame(w, head, None, list, ""));
    }

    fn content(
        &mut self,
        side: Side,
        (left, padding): (u64, u64),
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        if left > 0 {
            let Some((bytes, span)) = feed.take_some(left) else {
                return false;
            };
            let stream = self.lanes[side].frame.stream;
            out.child(stream.into(), side, span.start, Input::Data(bytes));
            let left = left - span.len();
            return self.go(side, Reading::Content { left, padding });
        }
        feed.skip(padding);
        self.go(side, Reading::Skip)
    }

    /// The end of a frame that was not read whole, and of DATA.
    fn counted(&mut self, side: Side, end: StreamOffset, out: &mut Output<'_>) -> bool {
        let Lane {
            frame: head, start, ..
        } = self.lanes[side];
        let span = Span::new(start, end);
        let ends = head.kind == Kind::DATA && head.has(flag::END_STREAM);
        self.opened(side, span, out);
        out.describe(|| format!("{}[{}] length {}", head.kind.name(), head.stream, head.len));
        self.streams
            .message(side, head.stream, head.kind, (ends, span), out);
        if ends {
            self.streams.end(side, head.stream, span, out);
        }
        self.go(side, Reading::Head)
    }

    /// Looks for the next frame. False when none is there yet.
    fn seek(
        &mut self,
        side: Side,
        since: StreamOffset,
        edge: bool,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let here = feed.offset();
        let found = if edge {
            let seen = feed.peek_up_to(PREFACE.len());
            if here == 0 && side == Side::Client && PREFACE.starts_with(seen) {
                if seen.len() < PREFACE.len() {
                    return false;
                }
                // Nothing came before it: both sides are seen whole.
                for side in Side::BOTH {
                    self.lanes[side].blocks = Blocks::new(true);
                }
                return self.go(side, Reading::Preface);
            }
            let Some(head) = feed.peek(HEAD).and_then(Head::read) else {
                return false;
            };
            if !head.is_plausible() {
                return self.go(side, Reading::Lost { since, edge: false });
            }
            0
        } else {
            match wire::find(feed.peek_up_to(SEEK)) {
                wire::Found::At(at) => at,
                wire::Found::NotBefore(at) => {
                    feed.skip(at as u64);
                    feed.skipped();
                    return at > 0 && feed.available() >= SEEK;
                }
            }
        };
        feed.skip(found as u64);
        feed.skipped();
        let next = here + found as u64;
        if next > since {
            let bytes = next - since;
            out.emit(side, Span::new(since, next), Act::Skipped { bytes });
        }
        self.go(side, Reading::Head)
    }

    /// A side's stream ended.
    fn finish(
        &mut self,
        side: Side,
        end: End,
        in_order: bool,
        at: StreamOffset,
        out: &mut Output<'_>,
    ) {
        if end != End::Fin || !in_order || self.told.closed {
            return;
        }
        let phase = match (self.goaway_failed, self.streams.is_idle()) {
            (true, _) => Phase::Aborted,
            (false, true) => Phase::Closed,
            (false, false) => return,
        };
        self.told.closed = true;
        out.phase(side, Span::new(at, at), phase);
    }
}
