//! HTTP/1's dialogue: heads and bodies of each side in, requests and answers out.

use super::circle::Circle;
use super::cookies::Jar;
use super::credentials::Accepted;
use super::describe;
use super::facts::ErrorsTold;
use super::pending::Queue;
use super::show::Show;
use super::start::{self, Beginning};
use super::tunnel;
use super::wire;
use crate::dissector::{Dissector, End, Input, Output};
use crate::event::{Act, Op};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// The largest head that is waited for (servers take 8 to 64 KiB).
const HEAD_BYTES: usize = 64 * 1024;

/// What a side is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// Between two messages.
    #[default]
    Between,
    /// In a head.
    Head,
    /// In a body of known length.
    Fixed,
    /// At a chunk's first line.
    ChunkLine,
    /// In a chunk's data.
    ChunkData,
    /// At the line end behind a chunk's data.
    ChunkEnd,
    /// In the trailer section.
    Trailer,
    /// In a body that ends with the stream.
    UntilClose,
    /// Nowhere: the next message is sought.
    Lost,
    /// After a gap of that many bytes which may have held the answer to an upgrade.
    Unsure(u64),
    /// No more HTTP.
    Tunnel,
    /// The stream is over.
    Ended,
}

/// Where what follows HTTP goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tunnel {
    /// The client's first bytes will tell.
    Undecided,
    /// To a child.
    Child(u64),
    /// Nowhere.
    Opaque,
}

/// Whether more requests may come on the connection (RFC 9112 section 9.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Closing {
    /// They may.
    #[default]
    Not,
    /// That side said `Connection: close`.
    Said(Side),
    /// A request came behind that, and was told.
    Told,
}

/// One side of the dialogue.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) reading: Reading,
    /// Where the message at hand begins.
    pub(super) start: StreamOffset,
    /// The head of the message at hand.
    pub(super) head: Span,
    pub(super) op: Op,
    /// Bytes of the whole message where they are known.
    pub(super) expected: Option<u64>,
    /// Bytes of the head that hold no end.
    pub(super) searched: usize,
    /// Since where nothing could be read.
    pub(super) lost_since: Option<StreamOffset>,
    /// The message at hand has a hole.
    pub(super) holed: bool,
    /// The message at hand is a feed of events.
    pub(super) endless: bool,
    /// Bytes of this side were seen.
    pub(super) seen: bool,
    /// A whole message of this side was read, or a gap hides whether one was.
    pub(super) spoke: bool,
    /// What to say of the message at hand when it is whole.
    pub(super) text: Option<String>,
}

/// One connection.
pub(super) struct Http {
    inboxes: PerSide<Inbox>,
    talk: Talk,
}

/// The dialogue, apart from the bytes that wait.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) lanes: PerSide<Lane>,
    pub(super) queue: Queue,
    pub(super) jar: Jar,
    pub(super) accepted: Accepted,
    pub(super) errors: ErrorsTold,
    pub(super) next_id: u64,
    pub(super) beginning: bool,
    pub(super) tunnel: Option<Tunnel>,
    pub(super) open: bool,
    pub(super) closed: bool,
    pub(super) host_told: bool,
    pub(super) agent_told: bool,
    pub(super) server_told: bool,
    pub(super) closing: Closing,
    /// Slow answers whose targets were told.
    pub(super) slow_told: u8,
    /// The client closed its direction, or reset the connection.
    pub(super) client_left: bool,
    pub(super) scheme_told: Option<&'static str>,
    /// Redirections that follow each other.
    pub(super) circle: Option<Box<Circle>>,
    /// Both are inside of TLS, or of a tunnel.
    pub(super) inside: bool,
    pub(super) show: Show,
}

impl Http {
    pub(super) fn new(beginning: bool, inside: bool) -> Self {
        Self {
            inboxes: PerSide::default(),
            talk: Talk {
                beginning,
                inside,
                ..Talk::default()
            },
        }
    }

    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let mut feed = self.inboxes[side].feed(bytes);
        let mut in_tunnel = self.talk.lanes[side].reading == Reading::Tunnel;
        while self.talk.step(side, &mut feed, out) {
            if !in_tunnel && self.talk.lanes[side].reading == Reading::Tunnel {
                in_tunnel = true;
                // What the other side said before the tunnel was there comes before what goes on behind its head.
                drop(feed);
                self.catch_up(side.other(), out);
                feed = self.inboxes[side].feed(&[]);
            }
        }
    }

    /// Hands down what was said before the tunnel was granted.
    fn catch_up(&mut self, side: Side, out: &mut Output<'_>) {
        if self.talk.lanes[side].reading == Reading::Tunnel && self.inboxes[side].waiting() > 0 {
            self.read(side, &[], out);
        }
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let at = self.inboxes[side].offset() + self.inboxes[side].waiting();
        let after = self.inboxes[side].gap(len);
        let lane = &mut self.talk.lanes[side];
        match (lane.reading, after) {
            (Reading::Tunnel, _) => self.talk.pass(side, at, Input::Gap { len }, out),
            (Reading::UntilClose, _) => self.talk.show.lose(side),
            (Reading::Ended, _) => {}
            (_, AfterGap::InBody) => {
                lane.holed = true;
                self.talk.show.lose(side);
            }
            (_, AfterGap::Lost { .. }) => self.talk.lose(side, len, at + len),
        }
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let inbox = &self.inboxes[side];
        let (offset, waiting) = (inbox.offset(), inbox.waiting());
        let promised = inbox.to_skip();
        self.talk.end(side, end, offset, waiting, promised, out);
    }
}

impl Dissector for Http {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                self.talk.lanes[side].seen = true;
                self.read(side, bytes, out);
                self.catch_up(side.other(), out);
            }
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Talk {
    /// Reads on by one step; false when more bytes are needed.
    fn step(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        match self.lanes[side].reading {
            Reading::Between => self.between(side, feed),
            Reading::Head => self.head(side, feed, out),
            Reading::Fixed => self.content(side, feed) && self.whole(side, feed.offset(), out),
            Reading::ChunkLine => self.chunk_line(side, feed, out),
            Reading::ChunkData => self.content(side, feed) && self.go(side, Reading::ChunkEnd),
            Reading::ChunkEnd => self.chunk_end(side, feed, out),
            Reading::Trailer => self.trailer(side, feed, out),
            Reading::UntilClose => self.rest(side, feed, out),
            Reading::Ended => feed.take_some(u64::MAX).is_some(),
            Reading::Lost => self.seek(side, feed),
            Reading::Unsure(gap) => self.after_gap(side, gap, feed, out),
            Reading::Tunnel => self.tunnelled(side, feed, out),
        }
    }

    pub(super) fn go(&mut self, side: Side, reading: Reading) -> bool {
        self.lanes[side].reading = reading;
        true
    }

    /// Skips content; true when nothing more of it comes.
    fn content(&mut self, side: Side, feed: &mut Feed<'_>) -> bool {
        if self.show.has(side) {
            feed.skipped_over(|bytes| self.show.content(side, bytes))
        } else {
            feed.skipped()
        }
    }

    /// Content that goes on until the stream ends.
    fn rest(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let Some((bytes, span)) = feed.take_some(u64::MAX) else {
            return false;
        };
        if self.show.has(side) {
            self.show.content(side, bytes);
        } else {
            out.fields(side, span, |w| describe::continuation(w, bytes));
        }
        true
    }

    fn between(&mut self, side: Side, feed: &mut Feed<'_>) -> bool {
        match feed.peek(1) {
            None => return false,
            // An empty line before a message is to be ignored (RFC 9112 section 2.2).
            Some(b"\r" | b"\n") => return feed.take(1).is_some(),
            Some(_) => {}
        }
        let lane = &mut self.lanes[side];
        lane.start = feed.offset();
        lane.searched = 0;
        lane.holed = false;
        lane.expected = None;
        lane.op = Op::new(
            if side == Side::Client {
                "request"
            } else {
                "response"
            },
            0,
        );
        self.go(side, Reading::Head)
    }

    fn head(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let bytes = feed.peek_up_to(HEAD_BYTES);
        let lane = &mut self.lanes[side];
        if lane.searched == 0 {
            match start::beginning(side, bytes) {
                Beginning::Yes => {}
                Beginning::More => return false,
                Beginning::No(at) => return self.foreign(side, at, feed, out),
            }
        }
        let Some(len) = wire::head_end(bytes, lane.searched) else {
            if bytes.len() < HEAD_BYTES {
                // The line feed that ends the head may be the next byte but one.
                lane.searched = bytes.len().saturating_sub(2).max(1);
                return false;
            }
            let span = Span::new(lane.start, lane.start + HEAD_BYTES as u64);
            out.emit(
                side,
                span,
                Act::Limit {
                    what: "a head beyond 64 KiB",
                },
            );
            self.give_up(side, span.start);
            return feed.take(1).is_some();
        };
        let Some((bytes, span)) = feed.take(len) else {
            return false;
        };
        self.lanes[side].head = span;
        self.show.head(side, bytes, span, out);
        let body = match side {
            Side::Client => self.request(bytes, span, out),
            Side::Server => self.response(bytes, span, out),
        };
        if let Body::Length(n) = body {
            feed.skip(n);
        }
        self.enter(side, body, span, out)
    }

    /// Goes on to the body.
    fn enter(&mut self, side: Side, body: Body, head: Span, out: &mut Output<'_>) -> bool {
        let lane = &mut self.lanes[side];
        if !matches!(body, Body::Unreadable) {
            lane.spoke = true;
        }
        lane.endless = body == Body::Feed;
        match body {
            Body::None => return self.whole(side, head.end, out),
            Body::Length(n) => {
                lane.expected = Some(head.len().saturating_add(n));
                lane.reading = Reading::Fixed;
            }
            Body::Chunked | Body::Feed => lane.reading = Reading::ChunkLine,
            Body::UntilClose => lane.reading = Reading::UntilClose,
            Body::Tunnel => {
                self.show.whole(side, head.end, out);
                for side in Side::BOTH {
                    if self.lanes[side].reading != Reading::Ended {
                        self.lanes[side].reading = Reading::Tunnel;
                    }
                }
            }
            Body::Unreadable => self.show.whole(side, head.end, out),
        }
        true
    }

    /// The message at hand is whole.
    pub(super) fn whole(&mut self, side: Side, end: StreamOffset, out: &mut Output<'_>) -> bool {
        self.show.whole(side, end, out);
        if side == Side::Client {
            let span = Span::new(self.lanes.client.start, end);
            if self.queue.back().is_some_and(|p| !p.told) {
                self.tell_last(span, out);
            }
        }
        self.go(side, Reading::Between)
    }

    /// What stands where a message should begin is none.
    fn foreign(
        &mut self,
        side: Side,
        at: usize,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let start = self.lanes[side].start;
        let span = Span::new(start, start + at as u64 + 1);
        if side == Side::Client && self.early_tunnel() {
            return self.go(side, Reading::Tunnel);
        }
        if self.lanes[side].lost_since.is_some() {
            let _ = feed.take(1);
            return self.go(side, Reading::Lost);
        }
        if side == Side::Server
            && self.beginning
            && !self.lanes.server.spoke
            && self.lanes.client.seen
        {
            return match tunnel::begins_http2(feed.peek_up_to(tunnel::HTTP2_HEAD)) {
                None => false,
                Some(true) => self.answered_in_http2(span, out),
                Some(false) => self.headless(span, out),
            };
        }
        let what = match side {
            Side::Client => "not a request line",
            Side::Server => "not a status line",
        };
        out.emit(side, span, Act::Malformed { what });
        self.give_up(side, start);
        feed.take(1).is_some()
    }

    pub(super) fn unreadable(
        &mut self,
        side: Side,
        span: Span,
        what: &'static str,
        out: &mut Output<'_>,
    ) -> Body {
        if self.lanes[side].lost_since.is_none() {
            out.emit(side, span, Act::Malformed { what });
        }
        self.give_up(side, span.start);
        Body::Unreadable
    }

    pub(super) fn give_up(&mut self, side: Side, since: StreamOffset) {
        let lane = &mut self.lanes[side];
        lane.lost_since.get_or_insert(since);
        lane.reading = Reading::Lost;
        if side == Side::Server {
            self.queue.lose();
        }
    }

    /// A gap took what was being read, or what is next.
    fn lose(&mut self, side: Side, len: u64, end: StreamOffset) {
        self.give_up(side, end);
        self.show.lose(side);
        let lane = &mut self.lanes[side];
        lane.holed = true;
        lane.spoke = true;
        lane.text = None;
        if side == Side::Client {
            // A request whose end was lost was asked all the same, but who can tell where it ends.
            return;
        }
        if self.queue.front().is_some_and(|p| p.child.is_some()) {
            self.lanes.server.reading = Reading::Unsure(len);
        }
    }

    pub(super) fn resumed(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if let Some(since) = self.lanes[side].lost_since.take()
            && span.start > since
        {
            let bytes = span.start - since;
            out.emit(side, Span::new(since, span.start), Act::Skipped { bytes });
        }
    }
}

/// How a message goes on behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked,
    /// Chunks of events that end when either side has enough.
    Feed,
    UntilClose,
    Tunnel,
    Unreadable,
}
