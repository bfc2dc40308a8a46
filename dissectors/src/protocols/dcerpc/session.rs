//! An association: PDU after PDU off both sides, resynchronisation after a loss, and the end.

use super::calls::Calls;
use super::contexts::Contexts;
use super::interfaces::{self, Interface};
use super::state::{self, On};
use super::wire::{HEADER, Header, Pdu, PduType};
use super::{describe, told};
use crate::dissector::{Carrier, Dissector, End, Input, Output, Start};
use crate::event::{Act, Fact, Op, Phase};
use crate::inbox::{AfterGap, Feed, Inbox};
use crate::token::legs::Legs;
use crate::units::{PerSide, Side, Span};

/// Facts of one name in one association; beyond it they are dropped, so that a peer that repeats itself leaves
/// room for the others.
const FACTS: u16 = 32;
/// Kinds of failed calls that are told of one association.
const FAILED: usize = 64;
/// Bytes that are looked through at once for the next header.
const SCANNED: usize = 64 * 1024;

/// One side of the carrier.
#[derive(Debug, Default)]
struct Half {
    inbox: Inbox,
    /// Where the next PDU begins is unknown; bytes passed over so far.
    lost: Option<u64>,
    /// Its beginning, or something since, was not captured.
    holed: bool,
    ended: bool,
}

/// One association.
#[derive(Debug)]
pub(super) struct Association {
    halves: PerSide<Half>,
    pub(super) phase: Option<Phase>,
    pub(super) contexts: Contexts,
    pub(super) calls: Calls,
    /// The longest fragment that a side takes, as it said itself.
    pub(super) takes: PerSide<Option<u16>>,
    /// The interface that the pipe's name promises.
    pub(super) by_pipe: Option<&'static Interface>,
    pipe: Option<String>,
    /// Tells the pipe from others, where its SMB session may have several connections.
    pub(super) file: Option<u64>,
    pub(super) beginning: bool,
    /// The call id of the last auth3: a fault may answer it.
    pub(super) auth3: Option<u32>,
    pub(super) noted: Noted,
    pub(super) inside: bool,
    /// It is no DCE/RPC at all, but another use of a pipe.
    foreign: bool,
    heard: bool,
    facts: Vec<(&'static str, u16)>,
    /// For the fields of PDUs.
    told: told::Calls,
}

/// What was said of the session as a whole, to say it once.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) security: Option<(u8, u8)>,
    pub(super) group: Option<u32>,
    pub(super) interfaces: String,
    pub(super) transfer: &'static str,
    pub(super) too_large: PerSide<bool>,
    pub(super) wrong_way: bool,
    pub(super) big_endian: bool,
    pub(super) multiplexing: bool,
    /// Contexts that were told.
    pub(super) offers: u8,
    pub(super) limit: bool,
    /// Legs of NTLM, and whether the end was told of them.
    pub(super) legs: Legs,
    pub(super) challenged: bool,
    /// A call was answered in order since the last auth3.
    pub(super) worked: bool,
    failed: Vec<(Op, u32)>,
}

impl Association {
    pub(super) fn start(start: &Start<'_>) -> Self {
        let half = || Half {
            lost: (!start.beginning).then_some(0),
            holed: !start.beginning,
            ..Half::default()
        };
        Self {
            halves: PerSide::new(half(), half()),
            phase: None,
            contexts: Contexts::default(),
            calls: Calls::default(),
            takes: PerSide::default(),
            by_pipe: start.text("pipe").and_then(interfaces::by_pipe),
            pipe: start
                .text("pipe")
                .map(|p| p.trim_start_matches('\\').to_owned())
                .filter(|p| !p.is_empty()),
            file: start.number("file").map(|file| file as u64),
            beginning: start.beginning,
            auth3: None,
            noted: Noted::default(),
            inside: start.carrier == Carrier::Inside,
            foreign: false,
            heard: false,
            facts: Vec::new(),
            told: told::Calls::default(),
        }
    }

    /// True when something that `side` said was not captured.
    pub(super) fn holed(&self, side: Side) -> bool {
        self.halves[side].holed
    }

    pub(super) fn advance(&mut self, side: Side, span: Span, on: On, out: &mut Output<'_>) {
        if let Some(next) = state::next(self.phase, on, self.contexts.any_accepted())
            && self.phase != Some(next)
        {
            self.phase = Some(next);
            out.phase(side, span, next);
        }
    }

    pub(super) fn fact(&mut self, side: Side, span: Span, fact: Fact, out: &mut Output<'_>) {
        let counted = match self.facts.iter_mut().find(|(name, _)| *name == fact.name) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                // There are a dozen names.
                self.facts.push((fact.name, 1));
                1
            }
        };
        if counted <= FACTS {
            out.fact(side, span, fact);
        } else {
            self.limit(side, span, "facts of an association", out);
        }
    }

    /// True for the first failure of `op` with `status`: more of the same are told by their replies alone.
    pub(super) fn fails_first(&mut self, op: Op, status: u32) -> bool {
        let known = self.noted.failed.contains(&(op, status));
        if !known && self.noted.failed.len() < FAILED {
            self.noted.failed.push((op, status));
            return true;
        }
        false
    }

    pub(super) fn limit(
        &mut self,
        side: Side,
        span: Span,
        what: &'static str,
        out: &mut Output<'_>,
    ) {
        if !self.noted.limit {
            self.noted.limit = true;
            out.emit(side, span, Act::Limit { what });
        }
    }

    fn data(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let mut inbox = std::mem::take(&mut self.halves[side].inbox);
        let mut feed = inbox.feed(bytes);
        while self.next(side, &mut feed, out) {}
        drop(feed);
        self.halves[side].inbox = inbox;
    }

    /// Reads one PDU, or passes over what can't be read. False when more bytes are needed.
    fn next(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        if self.foreign {
            let rest = feed.available() as u64;
            feed.skip(rest);
        }
        if !feed.skipped() || self.foreign {
            return false;
        }
        if self.halves[side].lost.is_some() {
            return self.search(side, feed, out);
        }
        let at = feed.offset();
        let Some(head) = feed.peek(HEADER) else {
            return false;
        };
        match Header::read(head) {
            Ok(header) => {
                let Some((bytes, span)) = feed.take(usize::from(header.frag_length)) else {
                    return false;
                };
                self.heard = true;
                self.pdu(side, span, &Pdu::read(header, bytes), out);
            }
            Err(_) if self.inside && !self.heard => self.foreign = true,
            Err(what) => {
                let span = Span::new(at, at + HEADER as u64);
                out.emit(side, span, Act::Malformed { what });
                self.halves[side].holed = true;
                self.halves[side].lost = Some(0);
            }
        }
        true
    }

    /// Looks for the next header. True when one was found.
    fn search(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let held = feed.peek_up_to(SCANNED);
        // After a malformed header the same bytes are met again: strictness decides.
        let found = held
            .windows(HEADER)
            .position(|w| w.starts_with(&[5]) && Header::read_strictly(w).is_some());
        let passed = found.unwrap_or_else(|| held.len().saturating_sub(HEADER - 1));
        let full = held.len() == SCANNED;
        feed.skip(passed as u64);
        feed.skipped();
        let half = &mut self.halves[side];
        let before = half.lost.unwrap_or(0) + passed as u64;
        if found.is_none() {
            half.lost = Some(before);
            return full;
        }
        half.lost = None;
        if before > 0 {
            let at = feed.offset();
            let span = Span::new(at.saturating_sub(before), at);
            out.emit(side, span, Act::Skipped { bytes: before });
        }
        true
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        self.halves[side].holed = true;
        for call in self.calls.all() {
            match side {
                Side::Client => call.request.holed = true,
                Side::Server => {
                    call.opaque |= call.response.is_some();
                    if let Some(chain) = &mut call.response {
                        chain.holed = true;
                    }
                }
            }
        }
        self.save_the_started(side, out);
        let half = &mut self.halves[side];
        if let AfterGap::Lost { .. } = half.inbox.gap(len) {
            half.lost = Some(0);
        }
    }

    /// A PDU of which a gap takes the end is still known by its head, and where the next begins is too.
    fn save_the_started(&mut self, side: Side, out: &mut Output<'_>) {
        if self.foreign || self.halves[side].lost.is_some() {
            return;
        }
        let mut inbox = std::mem::take(&mut self.halves[side].inbox);
        let mut feed = inbox.feed(&[]);
        let there = feed.available();
        if let Some(Ok(header)) = feed.peek(HEADER).map(Header::read)
            && let Some((bytes, span)) = feed.take(there)
        {
            self.pdu(side, span, &Pdu::read(header, bytes), out);
            feed.skip(u64::from(header.frag_length).saturating_sub(there as u64));
        }
        drop(feed);
        self.halves[side].inbox = inbox;
    }

    fn end(&mut self, side: Side, end: End, out: &mut Output<'_>) {
        let half = &self.halves[side];
        let at = half.inbox.offset();
        let waiting = half.inbox.waiting();
        let span = Span::new(at, at + waiting);
        if waiting > 0 && half.lost.is_none() && !self.foreign {
            self.unfinished(side, span, out);
        }
        let here = Span::new(span.end, span.end);
        self.unfinished_chains(side, here, end, out);
        self.unfinished_logon(out);
        match end {
            End::Fin => {
                self.halves[side].ended = true;
                let both = self.halves.client.ended && self.halves.server.ended;
                self.advance(side, here, if both { On::Fin } else { On::HalfClosed }, out);
            }
            End::Reset => self.advance(side, here, On::Reset, out),
            End::CaptureStopped => {}
        }
    }

    /// A logon that was challenged and never answered.
    fn unfinished_logon(&mut self, out: &mut Output<'_>) {
        let Some((span, count)) = self.noted.legs.unanswered() else {
            return;
        };
        if !std::mem::replace(&mut self.noted.challenged, true) {
            let fact = Fact::new("ntlm.challenge-unanswered").with("count", count as u64);
            out.fact(Side::Server, span, fact);
        }
    }

    fn unfinished(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let mut feed = self.halves[side].inbox.feed(&[]);
        let (op, expected) = match feed.peek(HEADER).map(Header::read) {
            Some(Ok(header)) => (
                Op::new(header.kind.name(), u32::from(header.kind.0)),
                u64::from(header.frag_length),
            ),
            _ => (Op::default(), HEADER as u64),
        };
        let present = span.len();
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

    fn pdu(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        if let Some(pipe) = self.pipe.take() {
            out.detail(side, span, "pipe", pipe);
        }
        self.describe(side, span, pdu, out);
        self.check_way(side, span, pdu, out);
        match pdu.header.kind {
            PduType::REQUEST => self.request(side, span, pdu, out),
            PduType::RESPONSE => self.response(side, span, pdu, out),
            PduType::FAULT => self.fault(side, span, pdu, out),
            PduType::BIND | PduType::ALTER_CONTEXT => self.bind(side, span, pdu, out),
            PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => self.ack(side, span, pdu, out),
            PduType::BIND_NAK => self.nak(side, span, pdu, out),
            PduType::AUTH3 => self.auth3(side, span, pdu, out),
            PduType::CO_CANCEL | PduType::ORPHANED => self.give_up(side, span, pdu, out),
            PduType::SHUTDOWN => self.shutdown(side, span, out),
            PduType(number) => {
                let op = Op::new("", u32::from(number));
                out.describe(|| format!("PDU of unknown type {number}"));
                out.emit(side, span, Act::Message { op });
            }
        }
    }

    /// Gives the fields of a PDU; of a bind before its contexts are noted, of an answer before its call is forgotten.
    fn describe(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        if out.wants_fields() {
            let (call, stub) = self.told.note(&self.contexts, pdu);
            out.fields(side, span, |w| describe::pdu(w, pdu, call, stub));
        }
    }

    fn check_way(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        if pdu.header.big && !self.noted.big_endian {
            self.noted.big_endian = true;
            out.detail(side, span, "data_representation", "big-endian");
        }
        let from_client = side == Side::Client;
        let right = pdu.header.kind.is_clients().unwrap_or(from_client);
        if right != from_client && !self.noted.wrong_way {
            self.noted.wrong_way = true;
            let fact = Fact::new("dcerpc.unexpected-pdu").with("pdu", pdu.header.kind.name());
            self.fact(side, span, fact, out);
        }
    }
}

impl Dissector for Association {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => self.data(side, bytes, out),
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(end) => self.end(side, end, out),
        }
    }
}
