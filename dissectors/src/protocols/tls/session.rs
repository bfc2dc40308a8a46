//! Records out of each side's bytes: what can be read goes to the [`Talk`], what is encrypted is counted.

mod opened;

use super::assembly::Assembly;
use super::crypt::{Crypt, Opened, Outcome};
use super::describe::{self, Content, Record};
use super::inside::Inside;
use super::suites;
use super::talk::{Seen, Talk};
use super::wire::{self, Head, Head2, content, version};
use super::{names, plain, ssl2};
use crate::dissector::{BEHIND, Dissector, End, Input, Output, Start};
use crate::event::{Act, Op};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Bytes of a peer's first words that are shown where they are not TLS.
const FIRST_WORDS: usize = 16;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    // In mid-stream the first bytes may be anything.
    let lane = || Lane {
        lost_since: (!start.beginning).then_some(0),
        ..Lane::default()
    };
    Box::new(Tls {
        inboxes: PerSide::default(),
        lanes: PerSide::new(lane(), lane()),
        talk: Talk::new(begun_behind(start), start.beginning),
        inside: Inside::default(),
        crypt: None,
    })
}

/// What is spoken before a session that begins in the middle of a connection, as its port has it.
fn begun_behind(start: &Start<'_>) -> &'static str {
    if start.is(BEHIND) {
        names::upgraded(start.ports.server)
    } else {
        ""
    }
}

struct Tls {
    inboxes: PerSide<Inbox>,
    lanes: PerSide<Lane>,
    talk: Talk,
    inside: Inside,
    /// Where secrets of peers are known, from the first hello on.
    crypt: Option<Box<Crypt>>,
}

/// One side's reading.
#[derive(Debug, Default)]
struct Lane {
    place: Place,
    assembly: Assembly,
    /// Where what came cannot be followed since.
    lost_since: Option<StreamOffset>,
    /// Where the bytes begin that could not be read as records, for who counts them.
    hole: Option<StreamOffset>,
}

/// Where a side's reading stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before a record's head.
    #[default]
    Head,
    /// In a record that began at `start` and whose content is not read.
    Body { start: StreamOffset, seen: Seen },
    /// A record's head is looked for.
    Lost,
    /// The stream is over.
    Over,
}

impl Dissector for Tls {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let first = side == Side::Client && self.talk.is_before_hello();
                let mut feed = self.inboxes[side].feed(bytes);
                let mut reader = Reader {
                    lane: &mut self.lanes[side],
                    talk: &mut self.talk,
                    inside: &mut self.inside,
                    crypt: &mut self.crypt,
                    side,
                };
                while reader.step(&mut feed, out) {}
                drop(feed);
                if first && self.talk.is_answer(Side::Server) {
                    self.greeted();
                }
            }
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Tls {
    /// The client says hello behind words of the server that are none of TLS (a greeting): what the server says from here on
    /// is its answer.
    fn greeted(&mut self) {
        let lane = &mut self.lanes.server;
        if self.talk.beginning && lane.place == Place::Lost {
            *lane = Lane::default();
            self.inboxes.server.feed(&[]).take_some(u64::MAX);
        }
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let lane = &mut self.lanes[side];
        let opens = self.crypt.as_ref().is_some_and(|c| c.opens(side));
        let (start, to_skip) = (inbox.offset(), inbox.to_skip());
        let at = start + inbox.waiting();
        let damaged = if opens && lane.place == Place::Head {
            let mut feed = inbox.feed(&[]);
            let head = feed.peek(wire::HEAD).and_then(Head::read);
            // Its end is known where it is data: nothing else is skipped.
            head.filter(|h| h.is_plausible() && h.kind == content::APPLICATION_DATA)
                .filter(|h| at + len <= start + h.size() as u64)
        } else {
            None
        };
        match (lane.place, inbox.gap(len)) {
            (Place::Over, _) => {}
            (Place::Body { start, seen }, AfterGap::InBody) => {
                if inbox.to_skip() == 0 {
                    self.talk
                        .record(side, Span::new(start, at + len), seen, out);
                    lane.place = Place::Head;
                }
            }
            (Place::Head, _) if let Some(head) = damaged => {
                if let Some(crypt) = &mut self.crypt {
                    crypt.missed(side, head.size() as u64);
                }
                let end = start + head.size() as u64;
                inbox.feed(&[]).skip(end - (at + len));
                let seen = Seen::Data(head.len);
                lane.place = Place::Body { start, seen };
                if inbox.to_skip() == 0 {
                    self.talk.record(side, Span::new(start, end), seen, out);
                    lane.place = Place::Head;
                }
            }
            _ => {
                lane.assembly.clear();
                lane.hole.get_or_insert(start + to_skip);
                if !opens {
                    self.inside.gap((side, at), None, out);
                }
                // Behind a gap a record often begins where a segment does.
                lane.place = Place::Head;
                lane.lost_since.get_or_insert(at + len);
            }
        }
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let (at, waiting, left) = (inbox.offset(), inbox.waiting(), inbox.to_skip());
        let lane = &mut self.lanes[side];
        let unread = lane.place == Place::Head && waiting > 0 && lane.lost_since.is_none();
        if unread && self.talk.is_answer(side) {
            let first = inbox.feed(&[]).peek_up_to(FIRST_WORDS).to_vec();
            if !Head::read(&first).is_some_and(Head::is_plausible) && !first.is_empty() {
                plain::not_spoken(side, Span::new(at, at + waiting), &first, out);
                lane.lost_since = Some(at);
            }
        }
        let unfinished = match lane.place {
            Place::Head if waiting > 0 && lane.lost_since.is_none() => {
                let mut feed = inbox.feed(&[]);
                let head = feed.peek(wire::HEAD).and_then(Head::read);
                let op = head.map_or_else(Op::default, |head| op(head.kind));
                let expected = head.map_or(wire::HEAD, Head::size) as u64;
                (expected > waiting).then_some((at, op, expected, waiting))
            }
            Place::Body { start, seen } if left > 0 => {
                Some((start, op(seen.kind()), at + left - start, at - start))
            }
            _ => None,
        };
        if let Some((start, op, expected, present)) = unfinished {
            let act = Act::Incomplete {
                op,
                expected,
                present,
            };
            out.emit(side, Span::new(start, start + present), act);
        }
        lane.place = Place::Over;
        if let Some(crypt) = &mut self.crypt {
            let end = at + waiting;
            if let Some(hole) = lane.hole.take() {
                crypt.missed(side, end.saturating_sub(hole));
            }
            let hole = crypt.hole(side);
            if hole > 0 {
                self.inside
                    .gap((side, end.saturating_sub(hole)), Some(hole), out);
            }
        }
        self.inside.end(side, end, out);
        self.talk.end(side, at + waiting, end, out);
    }
}

fn op(kind: u8) -> Op {
    Op::new(names::content(kind), u32::from(kind))
}

/// How the content of a record is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It is not encrypted, or hides that it is.
    Clear,
    /// It is encrypted.
    Secret,
    /// It was encrypted.
    Opened,
    /// Its suite only authenticates.
    Bare,
}

/// One side at work.
struct Reader<'a> {
    lane: &'a mut Lane,
    talk: &'a mut Talk,
    inside: &'a mut Inside,
    crypt: &'a mut Option<Box<Crypt>>,
    side: Side,
}

impl Reader<'_> {
    /// Reads on by one step; false when more bytes are needed.
    fn step(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        match self.lane.place {
            Place::Head => self.head(feed, out),
            Place::Body { start, seen } => {
                let done = feed.skipped();
                if done {
                    let span = Span::new(start, feed.offset());
                    self.talk.record(self.side, span, seen, out);
                    self.look(span, out);
                    self.lane.place = Place::Head;
                }
                done
            }
            Place::Lost => self.seek(feed),
            Place::Over => feed.take_some(u64::MAX).is_some(),
        }
    }

    fn head(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        if self.talk.version() == version::SSL2 {
            return self.record2(feed, out);
        }
        let bytes = feed.peek_up_to(wire::HEAD + 6);
        // The hello of SSL 2.0 has its own form, also where later versions are offered in it.
        if bytes.first().is_some_and(|first| first & 0x80 != 0) && self.lane.lost_since.is_none() {
            match ssl2::begins(bytes, self.side, self.talk.version()) {
                None => return false,
                Some(true) => return self.record2(feed, out),
                Some(false) => {}
            }
        }
        let Some(head) = Head::read(bytes) else {
            return false;
        };
        if !head.is_plausible() {
            return self.foreign(feed, out);
        }
        self.resumed(feed.offset(), out);
        if let (Some(hole), Some(crypt)) = (self.lane.hole.take(), self.crypt.as_mut()) {
            crypt.missed(self.side, feed.offset().saturating_sub(hole));
        }
        self.talk.versioned(head);
        let start = feed.offset();
        let span = Span::new(start, start + head.size() as u64);
        let opaque = head.kind == content::APPLICATION_DATA && self.talk.is_tls13();
        let record = Record {
            head,
            version: self.talk.version(),
            opaque,
            inner: None,
        };
        let opens = self.crypt.as_ref().is_some_and(|c| c.opens(self.side))
            || self.talk.is_clear(self.side);
        if head.kind != content::APPLICATION_DATA || opens {
            return self.whole(feed, &record, out);
        }
        out.fields(self.side, span, |w| {
            describe::record(w, &record, &Content::Data);
        });
        feed.skip(head.size() as u64);
        let seen = Seen::Data(head.len);
        self.lane.place = Place::Body { start, seen };
        true
    }

    /// A record that is read whole.
    fn whole(&mut self, feed: &mut Feed<'_>, record: &Record, out: &mut Output<'_>) -> bool {
        let Some((bytes, span)) = feed.take(record.head.size()) else {
            return false;
        };
        let body = bytes.get(wire::HEAD..).unwrap_or(&[]);
        let (side, head) = (self.side, record.head);
        let outcome = match self.crypt.as_mut() {
            Some(crypt) => crypt.open(side, head, body),
            None => Outcome::Closed,
        };
        match outcome {
            Outcome::Opened(Opened { kind, bytes, lost }) => {
                if let Some(lost) = lost {
                    let at = span.start.saturating_sub(lost.hole);
                    self.inside.gap((side, at), lost.content, out);
                }
                let record = Record {
                    inner: record.opaque.then_some(kind),
                    ..*record
                };
                self.content(&record, span, (kind, &bytes), Sight::Opened, out);
                return true;
            }
            Outcome::Failed => self.inside.blind((side, span.start), false, out),
            Outcome::Over => {
                self.inside.blind((side, span.start), true, out);
                self.talk.blinded(side, span, out);
            }
            Outcome::Closed => {
                let crypt = self.crypt.as_ref();
                let is_data = head.kind == content::APPLICATION_DATA && side == Side::Client;
                if is_data && crypt.is_some_and(|c| c.misses_early()) {
                    self.inside.missed();
                }
            }
        }
        let secret = self.talk.is_secret(side);
        // What is not encrypted by its suite has a code behind it.
        let mac = secret
            .then(|| suites::clear_with_mac(self.talk.suite()))
            .flatten();
        let clear = body
            .get(..body.len().saturating_sub(mac.unwrap_or(0)))
            .unwrap_or(body);
        let sight = match mac {
            Some(_) => Sight::Bare,
            None if secret => Sight::Secret,
            None => Sight::Clear,
        };
        self.content(record, span, (head.kind, clear), sight, out);
        true
    }

    /// What a record holds.
    fn content(
        &mut self,
        record: &Record,
        span: Span,
        (kind, clear): (u8, &[u8]),
        sight: Sight,
        out: &mut Output<'_>,
    ) {
        let side = self.side;
        let opened = sight == Sight::Opened;
        self.look(span, out);
        let (content, seen) = match kind {
            content::HANDSHAKE => {
                let secret = sight == Sight::Secret;
                return self.handshake(record, span, clear, secret, out);
            }
            content::ALERT => {
                let alert = match clear {
                    [level, description] if !names::alert_level(*level).is_empty() => {
                        Some((*level, *description))
                    }
                    _ => None,
                };
                let content = alert.map_or(Content::EncryptedAlert, |(level, description)| {
                    Content::Alert { level, description }
                });
                (content, Seen::Alert(alert))
            }
            content::CHANGE_CIPHER_SPEC => {
                if let Some(crypt) = &mut self.crypt {
                    crypt.change(side);
                }
                (Content::ChangeCipherSpec, Seen::ChangeCipherSpec)
            }
            content::APPLICATION_DATA if opened => (Content::Data, Seen::Opened),
            content::APPLICATION_DATA => (Content::Data, Seen::Data(record.head.len)),
            _ => (Content::Heartbeat(clear), Seen::Heartbeat),
        };
        out.fields(side, span, |w| describe::record(w, record, &content));
        self.talk.record(side, span, seen, out);
        self.look(span, out);
        match seen {
            Seen::Data(_) | Seen::Opened if opened || sight == Sight::Bare => {
                // It is complete with the last byte of its record.
                let at = span.end.saturating_sub(clear.len() as u64);
                out.opened(side, at, clear);
                self.talk.demands(side, span, clear, out);
                if self.talk.has_early() && self.waits((side, at), clear, out) {
                    return;
                }
                let agreed = self.crypt.as_ref().map_or(&[][..], |crypt| crypt.alpn());
                self.inside.data((side, at), clear, agreed, out);
            }
            Seen::Alert(Some((_, names::CLOSE_NOTIFY))) if opened || sight == Sight::Bare => {
                self.inside.close(side, out);
            }
            _ => {}
        }
    }

    fn handshake(
        &mut self,
        record: &Record,
        span: Span,
        body: &[u8],
        secret: bool,
        out: &mut Output<'_>,
    ) {
        let side = self.side;
        let mut kept = Assembly::default();
        let found = self.lane.assembly.push(body, span.start, secret, &mut kept);
        for (start, message) in found.all(span.start) {
            let span = Span::new(start, span.end);
            self.keys(message.kind, message.body(), out);
            self.talk
                .message(side, span, message.kind, message.body(), out);
            if !self.talk.awaits_early() {
                self.release(self.talk.takes_early(), out);
            }
            self.look(span, out);
        }
        // What the hellos in it have agreed is known now.
        let record = Record {
            version: self.talk.version(),
            ..*record
        };
        let suite = self.talk.suite();
        if let Some((start, message)) = &found.carried {
            let span = Span::new(*start, span.end);
            out.fields(side, span, |w| {
                describe::carried(w, &record, message, suite);
            });
        }
        let content = Content::Handshake {
            messages: &found.whole,
            suite,
            encrypted: found.encrypted,
        };
        out.fields(side, span, |w| describe::record(w, &record, &content));
        if found.encrypted {
            self.talk.record(side, span, Seen::Encrypted, out);
        }
    }

    /// A record of SSL 2.0. Always read whole: it holds 32 KiB at most, and is a thing of the past.
    fn record2(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let Some(head) = feed.peek(3).and_then(Head2::read) else {
            return false;
        };
        let Some((bytes, span)) = feed.take(head.size + head.len) else {
            return false;
        };
        let body = bytes.get(head.size..).unwrap_or(&[]);
        let kind = ssl2::readable(body);
        let offered = ssl2::offered(body);
        out.fields(self.side, span, |w| ssl2::describe(w, head, kind, body));
        self.talk.message2(self.side, span, kind, offered, out);
        true
    }

    /// What stands where a record should begin is none.
    fn foreign(&mut self, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let start = feed.offset();
        if self.lane.lost_since.is_none() {
            let span = Span::new(start, start + wire::HEAD as u64);
            if self.talk.is_answer(self.side) {
                let Some(first) = feed.peek(FIRST_WORDS) else {
                    return false;
                };
                plain::not_spoken(self.side, span, first, out);
            } else {
                let what = "not a record";
                out.emit(self.side, span, Act::Malformed { what });
            }
            self.lane.lost_since = Some(start);
        }
        self.lane.assembly.clear();
        self.lane.hole.get_or_insert(start);
        self.lane.place = Place::Lost;
        true
    }

    /// Looks for a record with another right behind it.
    fn seek(&mut self, feed: &mut Feed<'_>) -> bool {
        const MOST: usize = wire::RECORD_MOST as usize + 2 * wire::HEAD;
        let bytes = feed.peek_up_to(MOST);
        let found = bytes
            .windows(wire::HEAD)
            .position(|window| Head::read(window).is_some_and(Head::is_plausible));
        let Some(at) = found else {
            let useless = bytes.len().saturating_sub(wire::HEAD - 1);
            return useless > 0 && feed.take(useless).is_some();
        };
        if at > 0 {
            return feed.take(at).is_some();
        }
        let behind =
            Head::read(bytes).and_then(|head| bytes.get(head.size()..)?.first_chunk::<5>());
        match behind {
            None => false,
            Some(next) if Head::read(next).is_some_and(Head::is_plausible) => {
                self.lane.place = Place::Head;
                true
            }
            Some(_) => feed.take(1).is_some(),
        }
    }

    /// A record begins at `start`.
    fn resumed(&mut self, start: StreamOffset, out: &mut Output<'_>) {
        if let Some(since) = self.lane.lost_since.take()
            && start > since
        {
            let bytes = start - since;
            let span = Span::new(since, start);
            out.emit(self.side, span, Act::Skipped { bytes });
        }
    }
}
