//! A session out of two sides' bytes, holes and ends; [`records`](super::records) has how one side's are read.

use super::crypt::Crypt;
use super::inside::Inside;
use super::records::{FIRST_WORDS, Lane, Place, Reader, op};
use super::talk::{Seen, Talk};
use super::wire::{self, Head, content};
use super::{names, plain};
use crate::dissector::{BEHIND, Dissector, End, Input, Output, Start};
use crate::event::{Act, Op};
use crate::inbox::{AfterGap, Inbox};
use crate::units::{PerSide, Side, Span};

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    // In mid-stream the first bytes may be anything.
    let lane = || Lane {
        lost_since: (!start.beginning).then_some(0),
        ..Lane::default()
    };
    Box::new(Tls {
        inboxes: PerSide::default(),
        lanes: PerSide::new(lane(), lane()),
        talk: Talk::new(begun_behind(start)),
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

impl Dissector for Tls {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let mut feed = self.inboxes[side].feed(bytes);
                let mut reader = Reader {
                    lane: &mut self.lanes[side],
                    talk: &mut self.talk,
                    inside: &mut self.inside,
                    crypt: &mut self.crypt,
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
        if unread && at == 0 && self.talk.is_answer(side) {
            let first = inbox.feed(&[]).peek_up_to(FIRST_WORDS).to_vec();
            if !Head::read(&first).is_some_and(Head::is_plausible) && !first.is_empty() {
                plain::not_spoken(side, Span::new(0, waiting), &first, out);
                lane.lost_since = Some(0);
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
