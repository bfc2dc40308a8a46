//! WebSocket's dialogue: what each side is at, and what both have agreed.

use std::collections::VecDeque;

use super::answer::{self, Agreed, Answer};
use super::app::App;
use super::content::Content;
use super::control::Ping;
use super::deflate::Counter;
use super::frames::Progress;
use super::handshake::{self, Offer};
use super::show::{Compression, Show};
use super::turn::Turn;
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::event::{Act, Phase};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// A request's first word.
const GET: &[u8] = b"GET ";
/// The longest head of a request that comes behind its answer.
const LATE_HEAD: usize = 16 * 1024;

/// What a side is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// A head of the handshake comes next.
    #[default]
    Handshake,
    /// The request, which the capture has behind its answer.
    LateHead,
    /// A frame's header.
    Header,
    /// Payload that is looked at.
    Payload,
    /// Payload that is not.
    Skip,
    /// Nowhere: frames are sought.
    Lost,
    /// Nothing more is read: refused, or the stream is over.
    Over,
}

/// One side.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) reading: Reading,
    /// The frame and the message at hand.
    pub(super) progress: Progress,
    /// Kinds of fault that were told: each once.
    pub(super) faults: u32,
    /// Whole messages of data.
    pub(super) messages: u32,
    /// Frames were sought after a gap: what was found since then may be none.
    pub(super) sought: bool,
    /// It sent a Close.
    pub(super) closed: bool,
    /// Whether a message of this side is open is known: false after a gap and in mid-stream.
    pub(super) in_step: bool,
    /// Since where nothing could be read.
    pub(super) lost_since: Option<StreamOffset>,
    /// The search stands where a gap ended or the capture began.
    pub(super) at_edge: bool,
    /// Where its last control frame ended.
    pub(super) end: StreamOffset,
    /// Pings of this side without a Pong.
    pub(super) pings: VecDeque<Ping>,
    /// It sent a Pong that answers none of the other side's Pings, which was told: once.
    pub(super) pong_in_vain: bool,
    pub(super) show: Show,
    pub(super) content: Content,
    /// Counts what the message at hand inflates to, where that may be beyond reason.
    pub(super) counter: Option<Box<Counter>>,
}

/// One connection.
pub(super) struct WebSocket {
    inboxes: PerSide<Inbox>,
    talk: Talk,
}

/// The dialogue, apart from the bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) lanes: PerSide<Lane>,
    pub(super) turn: Turn,
    pub(super) app: App,
    pub(super) next_id: u64,
    /// What was agreed; `None` where the handshake was not seen.
    pub(super) agreed: Option<Agreed>,
    pub(super) first_closed: Option<Side>,
    offer: Option<Box<Offer>>,
    unasked: bool,
    pub(super) open: bool,
    pub(super) limit_told: bool,
}

impl WebSocket {
    pub(super) fn new(start: &Start<'_>) -> Self {
        let mut talk = Talk {
            unasked: start.is("unasked"),
            ..Talk::default()
        };
        if start.is("upgrade") {
            talk.turn = Turn::Idle(0);
            for side in Side::BOTH {
                talk.lanes[side].in_step = true;
            }
        } else {
            for side in Side::BOTH {
                talk.lanes[side].lose(0);
            }
        }
        Self {
            inboxes: PerSide::default(),
            talk,
        }
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let end = inbox.offset() + inbox.waiting() + len;
        let after = inbox.gap(len);
        let lane = &mut self.talk.lanes[side];
        match (lane.reading, after) {
            (Reading::Over, _) => {}
            (Reading::Skip, AfterGap::InBody) => {
                lane.progress.hole();
                lane.content.lose();
            }
            (Reading::Payload, AfterGap::Lost { dropped: 0 }) if lane.progress.left() >= len => {
                lane.progress.pass_over(len);
                lane.content.lose();
            }
            _ => {
                self.talk.turn.stop(out);
                self.talk.app.unread(side, Span::new(end, end), out);
                self.talk.assume_open(side);
                self.talk.lanes[side].lose(end);
                self.talk.lanes[side].sought = true;
            }
        }
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        self.talk.turn.stop(out);
        let inbox = &self.inboxes[side];
        let at = inbox.offset() + inbox.waiting();
        let lane = &mut self.talk.lanes[side];
        let (reading, closed) = (lane.reading, lane.closed);
        lane.reading = Reading::Over;
        let unfinished = match reading {
            Reading::Header | Reading::Payload | Reading::Skip if !closed => lane
                .progress
                .unfinished(at, inbox.waiting(), inbox.to_skip()),
            _ => None,
        };
        if let Some((span, act)) = unfinished {
            out.emit(side, span, act);
        }
        // TCP ends in order, the WebSocket did not (RFC 6455 section 7.1.5: 1006). Behind a gap a Close may be missing.
        let read_all = |lane: &Lane| lane.reading != Reading::Lost && !lane.sought;
        let in_sight =
            reading != Reading::Lost && Side::BOTH.iter().all(|s| read_all(&self.talk.lanes[*s]));
        if end == End::Fin && in_sight && self.talk.open && self.talk.first_closed.is_none() {
            out.emit(side, Span::new(at, at), Act::Phase(Phase::Aborted));
        }
    }
}

impl Dissector for WebSocket {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let mut feed = self.inboxes[side].feed(bytes);
                while self.talk.step(side, &mut feed, out) {}
            }
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Lane {
    /// Frames are to be sought from `since` on.
    pub(super) fn lose(&mut self, since: StreamOffset) {
        self.lost_since.get_or_insert(since);
        self.reading = Reading::Lost;
        self.progress = Progress::default();
        self.show.lose();
        self.content.lose();
        self.counter = None;
        self.in_step = false;
        self.at_edge = true;
    }
}

impl Talk {
    /// Reads on by one step; false when more bytes are needed.
    fn step(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        match self.lanes[side].reading {
            Reading::Handshake => self.handshake(side, feed, out),
            Reading::LateHead => self.late_head(feed, out),
            Reading::Header => self.header(side, feed, out),
            Reading::Payload => self.payload(side, feed, out),
            Reading::Skip => self.skip(side, feed, out) && self.frame_end(side, feed.offset(), out),
            Reading::Lost => self.seek(side, feed, out),
            Reading::Over => feed.take_some(u64::MAX).is_some(),
        }
    }

    /// What the frames of a side are described with.
    pub(super) fn compression(&self, side: Side) -> Compression {
        let agreed = self.agreed.unwrap_or_default();
        Compression {
            deflate: agreed.deflate,
            forgets: match side {
                Side::Client => agreed.client_forgets,
                Side::Server => agreed.server_forgets,
            },
        }
    }

    /// A head, which HTTP hands over whole.
    fn handshake(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let Some((bytes, span)) = feed.take_some(u64::MAX) else {
            return false;
        };
        if side == Side::Client {
            self.offer = Some(Box::new(handshake::request(bytes, false, span, out)));
            self.lanes.client.reading = Reading::Header;
            return true;
        }
        match answer::answer(bytes, self.offer.as_deref(), self.unasked, span, out) {
            Answer::Interim => {}
            Answer::Accepted(agreed) => {
                self.agreed = Some(agreed);
                self.app.spoken = agreed.spoken;
                self.open = true;
                self.lanes.server.reading = Reading::Header;
                if self.lanes.client.reading == Reading::Handshake {
                    self.lanes.client.reading = if self.offer.is_none() {
                        Reading::LateHead
                    } else {
                        Reading::Header
                    };
                }
            }
            Answer::Refused => {
                for side in Side::BOTH {
                    self.lanes[side].reading = Reading::Over;
                }
            }
        }
        self.offer = None;
        true
    }

    /// What the client says first where a 101 answers nothing: frames, or the request. A capture of several queues may have
    /// the two the wrong way round.
    fn late_head(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let seen = feed.peek_up_to(LATE_HEAD);
        let start = GET.get(..seen.len().min(GET.len())).unwrap_or(GET);
        if !seen.starts_with(start) {
            self.lanes.client.reading = Reading::Header;
            return true;
        }
        let end = seen.windows(4).position(|w| w == b"\r\n\r\n");
        let Some(len) = end.map(|at| at + 4) else {
            let endless = seen.len() >= LATE_HEAD;
            if endless {
                self.lanes.client.lose(feed.offset());
            }
            return endless;
        };
        if let Some((bytes, span)) = feed.take(len) {
            handshake::request(bytes, true, span, out);
        }
        self.lanes.client.reading = Reading::Header;
        true
    }

    /// The answer to the upgrade fell into a gap, and frames follow.
    fn assume_open(&mut self, side: Side) {
        if side == Side::Server && self.lanes.server.reading == Reading::Handshake {
            self.offer = None;
        }
        if self.lanes.client.reading == Reading::Handshake {
            self.lanes.client.reading = Reading::Header;
        }
    }

    /// The first frame of a session whose 101 was not seen.
    pub(super) fn opened(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !std::mem::replace(&mut self.open, true) {
            out.phase(side, span, Phase::Open);
        }
    }

    /// Reading goes on at `start`.
    pub(super) fn resumed(&mut self, side: Side, start: StreamOffset, out: &mut Output<'_>) {
        let lane = &mut self.lanes[side];
        lane.reading = Reading::Header;
        if let Some(since) = lane.lost_since.take()
            && start > since
        {
            let bytes = start - since;
            out.emit(side, Span::new(since, start), Act::Skipped { bytes });
        }
    }
}
