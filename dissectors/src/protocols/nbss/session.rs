//! Packets out of each side's bytes: control packets go to the [`Link`], content goes down to the child.

use super::describe;
use super::link::{Link, message_of};
use super::wire::{self, Head};
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::event::{Act, Op};
use crate::inbox::{Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// The largest control packet: a session request with two names of 255 bytes (RFC 1002 4.1).
const MAX_CONTROL: u64 = 512;
/// The child that content is handed to.
const CHILD: u64 = 0;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    // In mid-stream the first bytes may be anything.
    let place = if start.beginning {
        Place::Head
    } else {
        Place::Lost { since: 0 }
    };
    let reader = || Reader {
        inbox: Inbox::default(),
        place,
    };
    Box::new(Nbss {
        readers: PerSide::new(reader(), reader()),
        link: Link::new(start.beginning, start.ports.server),
    })
}

struct Nbss {
    readers: PerSide<Reader>,
    link: Link,
}

struct Reader {
    inbox: Inbox,
    place: Place,
}

/// Where a side's reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before a packet's head.
    Head,
    /// In a session message (its head included) that began at `start`; `left` bytes are to come. `child`: they are handed on.
    Message {
        start: StreamOffset,
        left: u64,
        child: bool,
    },
    /// In a packet of unknown type.
    Unknown,
    /// A message's start is looked for; bytes since `since` could not be followed.
    Lost { since: StreamOffset },
}

impl Dissector for Nbss {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => self.data(side, bytes, out),
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}

impl Nbss {
    fn data(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let Reader { inbox, place } = &mut self.readers[side];
        let link = &mut self.link;
        let mut feed = inbox.feed(bytes);
        while match *place {
            Place::Head => head(&mut feed, place, link, side, out),
            Place::Message { start, left, child } => {
                message(&mut feed, place, (start, left, child), side, out)
            }
            Place::Unknown => {
                let done = feed.skipped();
                if done {
                    *place = Place::Head;
                }
                done
            }
            Place::Lost { since } => resume(&mut feed, place, since, side, out),
        } {}
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let Reader { inbox, place } = &mut self.readers[side];
        let at = inbox.offset();
        let known = inbox.waiting() + len;
        let since = at + known;
        inbox.gap(len);
        self.link.lost(side);
        match *place {
            Place::Message { start, left, child } => {
                if child {
                    out.child(CHILD, side, at, Input::Gap { len });
                }
                *place = match left.checked_sub(known) {
                    Some(0) => {
                        message_of(wire::SESSION_MESSAGE, side, Span::new(start, at + len), out);
                        Place::Head
                    }
                    Some(left) => Place::Message { start, left, child },
                    None => Place::Lost { since },
                };
            }
            Place::Head | Place::Unknown => {
                out.child(CHILD, side, at, Input::Gap { len });
                *place = Place::Lost { since };
            }
            Place::Lost { .. } => {}
        }
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let Reader { inbox, place } = &mut self.readers[side];
        let at = inbox.offset();
        let waiting = inbox.waiting();
        match *place {
            Place::Head if waiting > 0 => {
                let start = at;
                let mut feed = inbox.feed(&[]);
                let head = feed.peek(wire::HEAD).and_then(Head::read);
                let op = head.map_or_else(Op::default, |head| op(head.kind));
                let body = head.map_or(0, |head| head.len(self.link.is_direct()));
                incomplete(side, start, op, (wire::HEAD as u64 + body, waiting), out);
            }
            // The child tells of its own messages.
            Place::Message {
                start,
                left,
                child: false,
            } => {
                let present = at - start;
                incomplete(
                    side,
                    start,
                    op(wire::SESSION_MESSAGE),
                    (present + left, present),
                    out,
                );
            }
            _ => {}
        }
        self.link.end(side, at + waiting, end, out);
        self.readers[side].place = Place::Lost { since: at };
    }
}

fn op(kind: u8) -> Op {
    Op::new(wire::type_name(kind), u32::from(kind))
}

fn incomplete(
    side: Side,
    start: StreamOffset,
    op: Op,
    (expected, present): (u64, u64),
    out: &mut Output<'_>,
) {
    out.emit(
        side,
        Span::new(start, start + present),
        Act::Incomplete {
            op,
            expected,
            present,
        },
    );
}

/// Reads a head and a control packet. False when more bytes are needed.
fn head(
    feed: &mut Feed<'_>,
    place: &mut Place,
    link: &mut Link,
    side: Side,
    out: &mut Output<'_>,
) -> bool {
    let Some(head) = feed.peek(wire::HEAD).and_then(Head::read) else {
        return false;
    };
    let start = feed.offset();
    if head.kind == wire::SESSION_MESSAGE {
        return message_head(feed, place, head, link, side, out);
    }
    let len = head.len(false);
    if wire::type_name(head.kind).is_empty() {
        link.unknown(side, Span::new(start, start + wire::HEAD as u64), head, out);
        // One packet of a type that is not known may be stepped over; two in a row are no packets.
        *place = if link.strayed(side) {
            Place::Lost { since: start }
        } else {
            feed.skip(wire::HEAD as u64 + len);
            Place::Unknown
        };
        return true;
    }
    if len > MAX_CONTROL {
        let what = "control packet longer than two names";
        let span = Span::new(start, start + wire::HEAD as u64);
        out.emit(side, span, Act::Malformed { what });
        // Behind its head, so that the same packet is not found again.
        feed.skip(wire::HEAD as u64);
        feed.skipped();
        *place = Place::Lost { since: start };
        return true;
    }
    let Some((packet, span)) = feed.take(wire::HEAD + len as usize) else {
        return false;
    };
    let body = packet.get(wire::HEAD..).unwrap_or(&[]);
    out.fields(side, span, |w| describe::packet(w, head, body, false));
    link.control(side, span, head, body, out);
    true
}

/// Reads the head of a session message, and starts the child at the first that carries SMB.
fn message_head(
    feed: &mut Feed<'_>,
    place: &mut Place,
    head: Head,
    link: &mut Link,
    side: Side,
    out: &mut Output<'_>,
) -> bool {
    let start = feed.offset();
    let seen = head.len(true).min(4) as usize;
    let Some(bytes) = feed.peek(wire::HEAD + seen) else {
        return false;
    };
    let smb = wire::is_smb(bytes.get(wire::HEAD..).unwrap_or(&[]));
    let span = Span::new(start, start + wire::HEAD as u64);
    link.message_head(side, span, head, smb, out);
    let direct = link.is_direct();
    let child = out.has_child(CHILD)
        || smb
            && out.start_child(
                CHILD,
                "smb",
                link.beginning(),
                &[("direct_hosting", direct.into())],
            );
    let left = wire::HEAD as u64 + head.len(direct);
    out.fields(side, Span::new(start, start + left), |w| {
        describe::packet(w, head, &[], direct);
    });
    *place = Place::Message { start, left, child };
    true
}

fn message(
    feed: &mut Feed<'_>,
    place: &mut Place,
    (start, left, child): (StreamOffset, u64, bool),
    side: Side,
    out: &mut Output<'_>,
) -> bool {
    let Some((bytes, span)) = feed.take_some(left) else {
        return false;
    };
    if child {
        out.child(CHILD, side, span.start, Input::Data(bytes));
    }
    let left = left - span.len();
    if left > 0 {
        *place = Place::Message { start, left, child };
        return false;
    }
    message_of(wire::SESSION_MESSAGE, side, Span::new(start, span.end), out);
    *place = Place::Head;
    true
}

/// Looks for a session message with SMB in it. False when none is there yet.
fn resume(
    feed: &mut Feed<'_>,
    place: &mut Place,
    since: StreamOffset,
    side: Side,
    out: &mut Output<'_>,
) -> bool {
    let here = feed.offset();
    let bytes = feed.peek_up_to(usize::MAX);
    if here == 0 && wire::is_control(bytes) {
        *place = Place::Head;
        return true;
    }
    let Some(found) = wire::find_message(bytes) else {
        let useless = bytes.len().saturating_sub(wire::WINDOW - 1);
        feed.skip(useless as u64);
        feed.skipped();
        return false;
    };
    feed.skip(found as u64);
    feed.skipped();
    let next = here + found as u64;
    if next > since {
        out.emit(
            side,
            Span::new(since, next),
            Act::Skipped {
                bytes: next - since,
            },
        );
    }
    *place = Place::Head;
    true
}
