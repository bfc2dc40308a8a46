//! Messages out of each side's bytes: finds out how much of one is needed, skips the rest.

use super::bytes::u16_at;
use super::connection::{At, Connection};
use super::smb1::Smb1;
use super::smb2::Smb2;
use super::{describe, names, wire1, wire2};
use crate::dissector::{Dissector, Input, Output, Start};
use crate::event::{Act, Fact, Op, Value};
use crate::inbox::{Feed, Inbox};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Bytes of the NBSS head before each message.
const LEAD: u64 = 4;
/// Bytes of a transform header (MS-SMB2 2.2.41).
const TRANSFORM: u64 = 52;
/// What is kept of one message at most: pipes negotiate far smaller fragments.
pub(super) const MAX_KEPT: usize = 256 * 1024;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Smb {
        readers: PerSide::default(),
        direct: start.is("direct_hosting"),
        ended: 0,
        speaker: Speaker {
            connection: Connection::new(start.beginning),
            smb1: Smb1::default(),
            smb2: Smb2::new(start.beginning),
        },
    })
}

struct Smb {
    readers: PerSide<Reader>,
    direct: bool,
    /// Sides that have ended.
    ended: u8,
    speaker: Speaker,
}

#[derive(Default)]
struct Reader {
    inbox: Inbox,
    place: Place,
    /// The message at hand: where it began, its NBSS head included, and how long it is.
    message: (StreamOffset, u64),
    /// The first bytes of an SMB message whose rest is being skipped.
    held: Vec<u8>,
}

/// Where a side's reading stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before an NBSS head.
    #[default]
    Head,
    /// Before an SMB message; `left` bytes of the NBSS message are to come.
    Smb { left: u64 },
    /// An SMB message is held and its rest skipped.
    Tail { pdu: Pdu, left: u64, cut: bool },
    /// The rest of an NBSS message is skipped.
    Rest,
    /// Over.
    End,
}

/// One SMB message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pdu {
    span: Span,
    base: StreamOffset,
    first: bool,
}

/// How an SMB message is to be read.
pub(super) enum Plan {
    /// More bytes are needed to tell.
    Need(usize),
    /// It is `size` bytes long, the first `keep` of them are needed.
    Take { size: u64, keep: usize },
    /// It can't be read; the NBSS message is given up.
    Bad(&'static str),
}

impl Dissector for Smb {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => self.data(side, bytes, out),
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(_) => self.end(side, out),
        }
    }
}

impl Smb {
    fn data(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let Reader {
            inbox,
            place,
            message,
            held,
        } = &mut self.readers[side];
        let speaker = &mut self.speaker;
        let mut feed = inbox.feed(bytes);
        while match *place {
            Place::Head => head(&mut feed, place, message, self.direct),
            Place::Smb { left } => {
                let first = feed.offset() == message.0 + LEAD;
                smb(&mut feed, place, held, (left, first), speaker, side, out)
            }
            Place::Tail { pdu, left, cut } => {
                let done = feed.skipped();
                if done {
                    speaker.pdu(side, held, pdu, cut, out);
                    held.clear();
                    *place = after(left);
                }
                done
            }
            Place::Rest => {
                let done = feed.skipped();
                if done {
                    *place = Place::Head;
                }
                done
            }
            Place::End => false,
        } {}
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        if let Place::Smb { left } = self.readers[side].place {
            self.break_off(side, left, out);
        }
        let Reader { inbox, place, .. } = &mut self.readers[side];
        match place {
            Place::End => {}
            Place::Head => {
                let at = inbox.offset();
                inbox.gap(len);
                self.speaker.lost(side, at, len, out);
            }
            _ => {
                let inside = inbox.to_skip().min(len);
                if inside > 0 {
                    inbox.gap(inside);
                }
                self.data(side, &[], out);
                if len > inside {
                    self.gap(side, len - inside, out);
                }
            }
        }
    }

    /// A gap begins in an SMB message: what is there of it still tells what it was, its rest is skipped.
    fn break_off(&mut self, side: Side, left: u64, out: &mut Output<'_>) {
        let Reader {
            inbox,
            place,
            message,
            held,
        } = &mut self.readers[side];
        let base = inbox.offset();
        let first = base == message.0 + LEAD;
        let mut feed = inbox.feed(&[]);
        let speaker = &self.speaker;
        let Some((bytes, known, cut)) = feed.take_some(left).map(|(bytes, _)| {
            held.extend_from_slice(bytes);
            match speaker.plan(bytes, left, false) {
                // Only fields want what is missing.
                Plan::Take { size, keep } if keep <= bytes.len() => {
                    (bytes.len(), Some(size), false)
                }
                _ => (bytes.len(), broken_size(bytes, left), true),
            }
        }) else {
            feed.skip(left);
            *place = Place::Rest;
            drop(feed);
            self.speaker.lost(side, base, left, out);
            return;
        };
        let bytes = bytes as u64;
        if let Some(size) = known.filter(|size| *size >= bytes) {
            feed.skip(size - bytes);
            let lead = if first { LEAD } else { 0 };
            let span = Span::new(base - lead, base + size);
            let pdu = Pdu { span, base, first };
            *place = Place::Tail {
                pdu,
                left: left - size,
                cut,
            };
            return;
        }
        feed.skip(left - bytes);
        *place = Place::Rest;
        drop(feed);
        let lead = if first { LEAD } else { 0 };
        let span = Span::new(base - lead, base + left);
        self.speaker.stub(side, held, (span, base), out);
        held.clear();
        self.speaker.lost(side, base, left, out);
    }

    fn end(&mut self, side: Side, out: &mut Output<'_>) {
        let Reader {
            inbox,
            place,
            message,
            held,
        } = &mut self.readers[side];
        let mut feed = inbox.feed(&[]);
        let bytes = feed.peek_up_to(wire2::HEADER);
        let (op, cut) = match *place {
            Place::Smb { .. } => (op_of(bytes), false),
            Place::Tail { cut, .. } => (op_of(held), cut),
            _ => (Op::default(), true),
        };
        drop(feed);
        if !cut {
            let present = inbox.offset() + inbox.waiting() - message.0;
            let span = Span::new(message.0, message.0 + present);
            let expected = message.1;
            out.emit(
                side,
                span,
                Act::Incomplete {
                    op,
                    expected,
                    present,
                },
            );
        }
        *place = Place::End;
        let base = inbox.offset();
        self.ended = self.ended.saturating_add(1);
        if self.ended == 2 {
            self.speaker.over(side, base, out);
        }
    }
}

/// How long the broken SMB message is that `bytes` begin, when its header is there.
fn broken_size(bytes: &[u8], left: u64) -> Option<u64> {
    match bytes.first()? {
        0xFE => match u64::from(wire2::Header::read(bytes)?.next) {
            0 => Some(left),
            next => (next <= left).then_some(next),
        },
        0xFF => wire1::Header::read(bytes).map(|_| left),
        _ => None,
    }
}

const fn after(left: u64) -> Place {
    if left == 0 {
        Place::Head
    } else {
        Place::Smb { left }
    }
}

fn op_of(bytes: &[u8]) -> Op {
    match bytes.first() {
        Some(0xFE) => u16_at(bytes, 12).map(names::smb2),
        Some(0xFF) => bytes.get(4).map(|command| names::smb1(*command)),
        _ => None,
    }
    .unwrap_or_default()
}

fn head(
    feed: &mut Feed<'_>,
    place: &mut Place,
    message: &mut (StreamOffset, u64),
    direct: bool,
) -> bool {
    let Some(([_, high, rest @ ..], span)) = feed.take(LEAD as usize) else {
        return false;
    };
    let high = if direct { *high } else { high & 1 };
    let low = rest.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
    let left = u64::from(high) << 16 | u64::from(low);
    *message = (span.start, LEAD + left);
    *place = after(left);
    true
}

/// Reads one SMB message. False when more bytes are needed.
fn smb(
    feed: &mut Feed<'_>,
    place: &mut Place,
    held: &mut Vec<u8>,
    (left, first): (u64, bool),
    speaker: &mut Speaker,
    side: Side,
    out: &mut Output<'_>,
) -> bool {
    let lead = if first { LEAD } else { 0 };
    let base = feed.offset();
    let mut need = 4;
    let (size, keep) = loop {
        let Some(bytes) = feed.peek(need.min(usize::try_from(left).unwrap_or(usize::MAX))) else {
            return false;
        };
        match speaker.plan(bytes, left, out.wants_fields()) {
            Plan::Need(n) => need = n,
            Plan::Take { size, keep } => break (size, keep),
            Plan::Bad(what) => {
                let span = Span::new(base - lead, base + bytes.len() as u64);
                out.emit(side, span, Act::Malformed { what });
                feed.skip(left);
                *place = Place::Rest;
                return true;
            }
        }
    };
    let pdu = Pdu {
        span: Span::new(base - lead, base + size),
        base,
        first,
    };
    let whole = feed.available() as u64 >= size;
    let Some((bytes, _)) = feed.take(keep) else {
        return false;
    };
    if whole {
        speaker.pdu(side, bytes, pdu, false, out);
        feed.skip(size - keep as u64);
        feed.skipped();
        *place = after(left - size);
    } else {
        held.extend_from_slice(bytes);
        feed.skip(size - keep as u64);
        *place = Place::Tail {
            pdu,
            left: left - size,
            cut: false,
        };
    }
    true
}

/// Both dialects and what they share.
struct Speaker {
    connection: Connection,
    smb1: Smb1,
    smb2: Smb2,
}

impl Speaker {
    /// `bytes` begin an SMB message in an NBSS message of which `left` bytes are to come.
    /// `described`: whole, as far as that is bounded.
    fn plan(&self, bytes: &[u8], left: u64, described: bool) -> Plan {
        match bytes {
            [0xFE, b'S', b'M', b'B', ..] => {
                self.smb2
                    .plan(bytes, left, &self.connection.files, described)
            }
            [0xFF, b'S', b'M', b'B', ..] => {
                self.smb1
                    .plan(bytes, left, &self.connection.files, described)
            }
            // Transform and compression headers: nothing behind them can be read (guard T8).
            [0xFD | 0xFC, b'S', b'M', b'B', ..] => Plan::Take {
                size: left,
                keep: if described {
                    left.min(TRANSFORM) as usize
                } else {
                    4
                },
            },
            _ => Plan::Bad("session message without an SMB header"),
        }
    }

    /// A whole SMB message, of which `bytes` are the first.
    fn pdu(&mut self, side: Side, bytes: &[u8], pdu: Pdu, cut: bool, out: &mut Output<'_>) {
        let Pdu { span, base, first } = pdu;
        let mut at = At {
            side,
            span,
            base,
            cut,
            out,
        };
        match bytes.first() {
            Some(0xFE) => self.smb2.pdu(bytes, first, &mut self.connection, &mut at),
            Some(0xFF) => self.smb1.pdu(bytes, &mut self.connection, &mut at),
            Some(0xFD) => {
                at.fields(|w, size| describe::smb2::encrypted(w, bytes, size));
                self.opaque("Encrypted message", 0xFD, &mut at);
            }
            _ => {
                at.fields(|w, size| describe::smb2::compressed(w, bytes, size));
                self.opaque("Compressed message", 0xFC, &mut at);
            }
        }
    }

    fn opaque(&mut self, name: &'static str, code: u32, at: &mut At<'_, '_>) {
        self.connection.speaks_smb2(at);
        self.connection.works(at);
        // Whatever it is, it may grant credits.
        self.smb2.lost();
        if code == 0xFD {
            self.connection.encrypts(at);
        } else {
            self.connection.detail("compressed", true, at);
        }
        at.out
            .describe(|| format!("{name}, {} bytes", at.span.len()));
        at.emit(Act::Message {
            op: Op::new(name, code),
        });
    }

    /// The first bytes of an SMB2 message, too few to tell of which exchange it is.
    fn stub(
        &mut self,
        side: Side,
        bytes: &[u8],
        (span, base): (Span, StreamOffset),
        out: &mut Output<'_>,
    ) {
        let op = match bytes {
            [0xFE, b'S', b'M', b'B', ..] if bytes.len() >= wire2::NAMED => op_of(bytes),
            _ => return,
        };
        let mut at = At {
            side,
            span,
            base,
            cut: true,
            out,
        };
        at.fields(|w, size| describe::smb2::stub(w, bytes, size));
        self.connection.speaks_smb2(&mut at);
        at.out
            .describe(|| format!("{}, cut by the snap length", op.name));
        at.emit(Act::Message { op });
    }

    /// Both sides have ended.
    fn over(&mut self, side: Side, base: StreamOffset, out: &mut Output<'_>) {
        let at = &mut At::nothing(side, base, out);
        self.connection.over(at);
        self.smb2.over(&mut self.connection, at);
        if self.connection.is_negotiating() {
            let offered = self.smb2.offered();
            let offered = offered.or_else(|| self.smb1.offered());
            if let Some(dialects) = offered {
                let fact = Fact::new("smb.negotiate-unanswered");
                at.fact(fact.with("dialects", Value::List(dialects)));
            }
        }
    }

    fn lost(&mut self, side: Side, base: StreamOffset, len: u64, out: &mut Output<'_>) {
        let mut at = At::nothing(side, base, out);
        self.connection.files.lose(side, len, &mut at);
        self.smb2.lost();
        self.connection.security.lose();
    }
}
