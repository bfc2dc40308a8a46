//! The session's life: which packet may come when, and what it means.

use super::wire::{self, Head, Names};
use crate::dissector::{End, Output};
use crate::event::{self, Act, Expect, Fact, Op, Phase, Status, Value};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Facts of faulty packets that are told a session, so that garbage does not fill the report.
const MAX_FAULTS: u32 = 32;

/// Where the session stands (RFC 1002 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was asked yet, or the capture joined later.
    Idle,
    /// A session request waits for its answer.
    Asked,
    /// Data may flow.
    Open,
    /// Refused or sent elsewhere.
    Over,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Idle => "no session request",
            Self::Asked => "session request not answered",
            Self::Open => "session established",
            Self::Over => "session refused",
        }
    }
}

/// What a control packet is at its place.
enum Step {
    Ask,
    Accept,
    Refuse,
    Retarget,
    KeepAlive,
    WrongWay,
    OutOfTurn,
}

/// The transition table.
const fn step(state: State, side: Side, kind: u8, unsure: bool) -> Step {
    use Side::{Client, Server};
    use wire::{
        KEEP_ALIVE, NEGATIVE_RESPONSE, POSITIVE_RESPONSE, RETARGET_RESPONSE, SESSION_REQUEST,
    };
    match (state, side, kind) {
        (_, _, KEEP_ALIVE) => Step::KeepAlive,
        (State::Open, Client, SESSION_REQUEST) if !unsure => Step::OutOfTurn,
        (_, Client, SESSION_REQUEST) => Step::Ask,
        (State::Asked, Server, POSITIVE_RESPONSE) => Step::Accept,
        // Something that is no session request may be refused too.
        (State::Idle | State::Asked, Server, NEGATIVE_RESPONSE) => Step::Refuse,
        (State::Asked, Server, RETARGET_RESPONSE) => Step::Retarget,
        // The request was not captured.
        (_, Server, POSITIVE_RESPONSE) if unsure => Step::Accept,
        (_, Server, NEGATIVE_RESPONSE) if unsure => Step::Refuse,
        (_, Server, RETARGET_RESPONSE) if unsure => Step::Retarget,
        (_, Server, POSITIVE_RESPONSE | NEGATIVE_RESPONSE | RETARGET_RESPONSE) => Step::OutOfTurn,
        // All other transitions go the wrong way.
        _ => Step::WrongWay,
    }
}

pub(super) struct Link {
    state: State,
    beginning: bool,
    server_port: u16,
    /// Known at the first session request or message.
    direct: Option<bool>,
    /// Bytes were lost on a side: what is missing there is not the peer's fault (guard T4).
    lost: PerSide<bool>,
    /// Packets of unknown type in a row.
    strayed: PerSide<u32>,
    ended: PerSide<bool>,
    names: Names,
    exchange: Option<u64>,
    requests: u64,
    retargets: u32,
    faults: u32,
    early: bool,
    open: bool,
}

impl Link {
    pub(super) fn new(beginning: bool, server_port: u16) -> Self {
        Self {
            state: State::Idle,
            beginning,
            server_port,
            direct: None,
            lost: PerSide::default(),
            strayed: PerSide::default(),
            ended: PerSide::default(),
            names: Names::default(),
            exchange: None,
            requests: 0,
            retargets: 0,
            faults: 0,
            early: false,
            open: false,
        }
    }

    pub(super) const fn beginning(&self) -> bool {
        self.beginning
    }

    pub(super) fn is_direct(&self) -> bool {
        self.direct == Some(true)
    }

    pub(super) fn lost(&mut self, side: Side) {
        self.lost[side] = true;
        self.strayed[side] = 0;
    }

    /// True when the last packets of `side` were of no known type either: it is no longer packets that are read.
    pub(super) fn strayed(&self, side: Side) -> bool {
        self.strayed[side] > 1
    }

    /// What went before may be missing from the capture.
    fn unsure(&self) -> bool {
        !self.beginning || self.lost.client || self.lost.server
    }

    fn fault(&mut self, side: Side, span: Span, fact: Fact, out: &mut Output<'_>) {
        if self.lost[side] {
            return;
        }
        self.faults += 1;
        match self.faults {
            ..MAX_FAULTS => out.fact(side, span, fact),
            MAX_FAULTS => out.emit(
                side,
                span,
                Act::Limit {
                    what: "facts of faulty NBSS packets",
                },
            ),
            _ => {}
        }
    }

    pub(super) fn unknown(&mut self, side: Side, span: Span, head: Head, out: &mut Output<'_>) {
        self.strayed[side] += 1;
        let fact = Fact::new("nbss.unknown-type").with("type", head.kind);
        self.fault(side, span, fact, out);
    }

    fn check_flags(&mut self, side: Side, span: Span, head: Head, out: &mut Output<'_>) {
        self.strayed[side] = 0;
        if head.reserved() != 0 && !self.is_direct() {
            let fact = Fact::new("nbss.reserved-flags")
                .with("type", head.kind)
                .with("flags", head.flags);
            self.fault(side, span, fact, out);
        }
    }

    /// A whole control packet.
    pub(super) fn control(
        &mut self,
        side: Side,
        span: Span,
        head: Head,
        body: &[u8],
        out: &mut Output<'_>,
    ) {
        self.check_flags(side, span, head, out);
        let expected = wire::fixed_len(head.kind).unwrap_or(body.len() as u64);
        if body.len() as u64 != expected {
            self.bad_length(side, span, head, body.len() as u64, expected, out);
        }
        match step(self.state, side, head.kind, self.unsure()) {
            Step::Ask => self.ask(side, span, head, body, out),
            Step::Accept => self.accept(side, span, out),
            Step::Refuse => self.refuse(side, span, body, out),
            Step::Retarget => self.retarget(side, span, body, out),
            Step::KeepAlive => {
                message_of(head.kind, side, span, out);
                out.emit(side, span, Act::Beat);
            }
            Step::WrongWay => self.misplaced("nbss.wrong-way", side, span, head, out),
            Step::OutOfTurn => self.misplaced("nbss.out-of-turn", side, span, head, out),
        }
    }

    fn bad_length(
        &mut self,
        side: Side,
        span: Span,
        head: Head,
        length: u64,
        expected: u64,
        out: &mut Output<'_>,
    ) {
        let fact = Fact::new("nbss.bad-length")
            .with("type", head.kind)
            .with("name", wire::type_name(head.kind))
            .with("length", length)
            .with("expected", expected);
        self.fault(side, span, fact, out);
    }

    fn misplaced(
        &mut self,
        name: &'static str,
        side: Side,
        span: Span,
        head: Head,
        out: &mut Output<'_>,
    ) {
        let fact = Fact::new(name)
            .with("type", head.kind)
            .with("name", wire::type_name(head.kind))
            .with("state", self.state.name());
        self.fault(side, span, fact, out);
        message_of(head.kind, side, span, out);
    }

    fn ask(&mut self, side: Side, span: Span, head: Head, body: &[u8], out: &mut Output<'_>) {
        self.names = Names::read(body);
        if self.names.calling.is_none() || self.names.rest > 0 {
            let expected = 2 * wire::NAME as u64;
            self.bad_length(side, span, head, body.len() as u64, expected, out);
        }
        self.set_direct(false, side, span, out);
        for (key, name) in [
            ("called_name", &self.names.called),
            ("calling_name", &self.names.calling),
        ] {
            if let Some(name) = name {
                out.detail(side, span, key, name.clone());
            }
        }
        out.phase(side, span, Phase::Connecting);
        self.requests += 1;
        self.exchange = Some(self.requests);
        self.state = State::Asked;
        self.open = false;
        let names = &self.names;
        out.describe(|| {
            let of = |name: &Option<String>| name.as_deref().unwrap_or("?").to_owned();
            format!(
                "Session Request to {} from {}",
                of(&names.called),
                of(&names.calling)
            )
        });
        out.emit(
            side,
            span,
            Act::Request {
                id: self.requests,
                op: Op::new(wire::type_name(head.kind), u32::from(head.kind)),
                expect: Expect::Answer,
                digest: event::digest(body),
            },
        );
    }

    fn answer(&mut self, side: Side, span: Span, status: Status, out: &mut Output<'_>) {
        match self.exchange.take() {
            Some(id) => out.emit(side, span, Act::Reply { id, status }),
            // The request was not captured.
            None => message_of(status.code as u8, side, span, out),
        }
    }

    fn accept(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        out.describe(|| "Positive Session Response".to_owned());
        self.answer(
            side,
            span,
            Status::ok(
                u32::from(wire::POSITIVE_RESPONSE),
                "Positive Session Response",
            ),
            out,
        );
        self.state = State::Open;
        self.set_direct(false, side, span, out);
        self.opened(side, span, out);
    }

    fn refuse(&mut self, side: Side, span: Span, body: &[u8], out: &mut Output<'_>) {
        let code = body.first().copied().unwrap_or_default();
        let reason = wire::reason(code);
        let mut fact = Fact::new("nbss.refused")
            .with("code", code)
            .with("reason", reason);
        fact.exchange = self.exchange;
        out.fact(side, span, self.with_names(fact));
        out.describe(|| format!("Negative Session Response 0x{code:02x} {reason}"));
        self.answer(side, span, Status::failure(u32::from(code), reason), out);
        self.state = State::Over;
        out.phase(side, span, Phase::Refused);
    }

    fn retarget(&mut self, side: Side, span: Span, body: &[u8], out: &mut Output<'_>) {
        let Some([a, b, c, d, high, low]) = body.first_chunk() else {
            // Too short to say where; `nbss.bad-length` is told.
            self.answer(
                side,
                span,
                Status::failure(u32::from(wire::RETARGET_RESPONSE), "Retarget"),
                out,
            );
            return;
        };
        let (address, port) = (
            format!("{a}.{b}.{c}.{d}"),
            u16::from_be_bytes([*high, *low]),
        );
        self.retargets += 1;
        let mut fact = Fact::new("nbss.retarget")
            .with("address", address.clone())
            .with("port", port)
            .with("count", self.retargets);
        fact.exchange = self.exchange;
        out.fact(side, span, self.with_names(fact));
        out.detail(side, span, "retarget", format!("{address}:{port}"));
        out.describe(|| format!("Session Retarget Response to {address}:{port}"));
        self.answer(
            side,
            span,
            Status::failure(u32::from(wire::RETARGET_RESPONSE), "Retarget"),
            out,
        );
        self.state = State::Over;
        out.phase(side, span, Phase::Refused);
    }

    fn with_names(&self, mut fact: Fact) -> Fact {
        for (key, name) in [
            ("called_name", &self.names.called),
            ("calling_name", &self.names.calling),
        ] {
            if let Some(name) = name {
                fact.values.push((key, Value::Text(name.clone())));
            }
        }
        fact
    }

    /// The head of a session message; `smb`: its content begins as SMB does.
    pub(super) fn message_head(
        &mut self,
        side: Side,
        span: Span,
        head: Head,
        smb: bool,
        out: &mut Output<'_>,
    ) {
        if self.direct.is_none() {
            let direct = match self.server_port {
                445 => true,
                139 => smb && head.reserved() != 0 && !self.beginning,
                _ => smb,
            };
            if direct || self.beginning {
                self.set_direct(direct, side, span, out);
            } else {
                self.direct = Some(false);
            }
        }
        self.check_flags(side, span, head, out);
        let waits = matches!(self.state, State::Idle | State::Asked);
        if !self.is_direct() && waits && !self.early && !self.unsure() {
            self.early = true;
            let mut fact = Fact::new("nbss.data-before-session").with("state", self.state.name());
            fact.exchange = self.exchange;
            self.fault(side, span, fact, out);
        }
        if self.state == State::Idle {
            self.opened(side, span, out);
        }
    }

    pub(super) fn end(&mut self, side: Side, at: StreamOffset, end: End, out: &mut Output<'_>) {
        self.ended[side] = true;
        // A NetBIOS session ends with its connection (RFC 1001 16.1.2).
        if end == End::Fin && self.ended.client && self.ended.server && self.open {
            out.phase(side, Span::new(at, at), Phase::Closed);
        }
    }

    fn opened(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !self.open {
            self.open = true;
            out.phase(side, span, Phase::Open);
        }
    }

    fn set_direct(&mut self, direct: bool, side: Side, span: Span, out: &mut Output<'_>) {
        if self.direct != Some(direct) {
            self.direct = Some(direct);
            out.detail(side, span, "direct_hosting", direct);
        }
    }
}

/// A message that asks nothing and answers nothing.
pub(super) fn message_of(kind: u8, side: Side, span: Span, out: &mut Output<'_>) {
    let op = Op::new(wire::type_name(kind), u32::from(kind));
    out.describe(|| op.to_string());
    out.emit(side, span, Act::Message { op });
}
