//! Records out of each side's bytes: what can be read goes to the [`Talk`], what is encrypted is counted.

use super::assembly::Assembly;
use super::crypt::{Crypt, Opened};
use super::describe::{self, Content, Record};
use super::suites;
use super::talk::{Seen, Talk};
use super::wire::{self, Head, Head2, content, version};
use super::{names, ssl2};
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::event::{Act, Op};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Bytes of a peer's first words that are shown where they are not TLS.
const FIRST_WORDS: usize = 64;
/// The child that data in clear is handed to.
const INSIDE: u64 = 0;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    // In mid-stream the first bytes may be anything.
    let lane = || Lane {
        lost_since: (!start.beginning).then_some(0),
        ..Lane::default()
    };
    Box::new(Tls {
        inboxes: PerSide::default(),
        lanes: PerSide::new(lane(), lane()),
        talk: Talk::default(),
        crypt: start.secrets.and_then(Crypt::new),
    })
}

struct Tls {
    inboxes: PerSide<Inbox>,
    lanes: PerSide<Lane>,
    talk: Talk,
    /// Where the peers' secrets are known.
    crypt: Option<Box<Crypt>>,
}

/// One side's reading.
#[derive(Debug, Default)]
struct Lane {
    place: Place,
    assembly: Assembly,
    /// Where what came cannot be followed since.
    lost_since: Option<StreamOffset>,
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
                let mut feed = self.inboxes[side].feed(bytes);
                let mut reader = Reader {
                    lane: &mut self.lanes[side],
                    talk: &mut self.talk,
                    crypt: self.crypt.as_deref_mut(),
                    side,
                };
                while reader.step(&mut feed, out) {}
            }
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Tls {
    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let inbox = &mut self.inboxes[side];
        let lane = &mut self.lanes[side];
        let at = inbox.offset() + inbox.waiting();
        match (lane.place, inbox.gap(len)) {
            (Place::Over, _) => {}
            (Place::Body { start, seen }, AfterGap::InBody) => {
                if inbox.to_skip() == 0 {
                    self.talk
                        .record(side, Span::new(start, at + len), seen, out);
                    lane.place = Place::Head;
                }
            }
            _ => {
                lane.assembly.clear();
                if let Some(crypt) = &mut self.crypt {
                    crypt.lost(side);
                }
                out.end_child(INSIDE, End::CaptureStopped);
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
        self.talk.end(side, at + waiting, end, out);
    }
}

fn op(kind: u8) -> Op {
    Op::new(names::content(kind), u32::from(kind))
}

/// A request's method or a status line.
fn looks_like_http(bytes: &[u8]) -> bool {
    let word = bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let behind = bytes.get(word..).unwrap_or(&[]);
    bytes.starts_with(b"HTTP/1.") || (3..=10).contains(&word) && behind.starts_with(b" /")
}

/// One side at work.
struct Reader<'a> {
    lane: &'a mut Lane,
    talk: &'a mut Talk,
    crypt: Option<&'a mut Crypt>,
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
        let opened = self.crypt.as_mut().and_then(|c| c.open(side, head, body));
        if let Some(Opened { kind, bytes }) = opened {
            let record = Record {
                inner: record.opaque.then_some(kind),
                ..*record
            };
            self.content(&record, span, (kind, &bytes), false, out);
            return true;
        }
        let secret = self.talk.is_secret(side);
        // What is not encrypted by its suite has a code behind it.
        let mac = secret
            .then(|| suites::clear_with_mac(self.talk.suite()))
            .flatten();
        let secret = secret && mac.is_none();
        let clear = body
            .get(..body.len().saturating_sub(mac.unwrap_or(0)))
            .unwrap_or(body);
        self.content(record, span, (head.kind, clear), secret, out);
        true
    }

    /// What a record holds. `secret`: it is encrypted.
    fn content(
        &mut self,
        record: &Record,
        span: Span,
        (kind, clear): (u8, &[u8]),
        secret: bool,
        out: &mut Output<'_>,
    ) {
        let side = self.side;
        let (content, seen) = match kind {
            content::HANDSHAKE => return self.handshake(record, span, clear, secret, out),
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
            content::APPLICATION_DATA => (Content::Data, Seen::Data(record.head.len)),
            _ => (Content::Heartbeat(clear), Seen::Heartbeat),
        };
        out.fields(side, span, |w| describe::record(w, record, &content));
        self.talk.record(side, span, seen, out);
        if kind == content::APPLICATION_DATA && !secret {
            self.inside(span.start + wire::HEAD as u64, clear, out);
        }
    }

    /// Hands data in clear to what is spoken inside: as was agreed, or as its first bytes tell.
    fn inside(&self, at: StreamOffset, clear: &[u8], out: &mut Output<'_>) {
        if !out.has_child(INSIDE) {
            let agreed = self.crypt.as_ref().map_or(&[][..], |crypt| crypt.alpn());
            let name = match agreed {
                b"h2" => "http2",
                _ if clear.starts_with(b"PRI * HTTP/2") => "http2",
                _ if looks_like_http(clear) => "http",
                _ => return,
            };
            out.start_child(INSIDE, name, true, &[]);
        }
        out.child(INSIDE, self.side, at, Input::Data(clear));
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
            if let Some(crypt) = &mut self.crypt {
                crypt.message(side, message.kind, message.body());
            }
            self.talk
                .message(side, span, message.kind, message.body(), out);
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
            let first = feed.peek_up_to(FIRST_WORDS);
            if start > 0 || !self.talk.not_spoken(self.side, span, first, out) {
                let what = "not a record";
                out.emit(self.side, span, Act::Malformed { what });
            }
            self.lane.lost_since = Some(start);
        }
        self.lane.assembly.clear();
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
