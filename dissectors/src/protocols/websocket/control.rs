//! Control frames: Close, Ping, Pong (RFC 6455 section 5.5).

use std::collections::VecDeque;

use super::describe;
use super::frames::Fault;
use super::op;
use super::session::{Lane, Reading, Talk};
use super::wire::{self, Header, Opcode, Utf8};
use crate::dissector::Output;
use crate::event::{Act, Expect, Fact, Phase, Status};
use crate::text::{printable, without_secrets};
use crate::units::{PerSide, Side, Span};

/// Pings of one side that may wait for their Pong.
const PINGS: usize = 64;

/// A Ping without a Pong.
#[derive(Clone, Debug)]
pub(super) struct Ping {
    id: u64,
    payload: Payload,
}

/// A control frame's payload, unmasked.
#[derive(Clone, Copy, Debug)]
struct Payload {
    bytes: [u8; 125],
    len: u8,
}

impl Payload {
    fn new(masked: &[u8], key: Option<[u8; 4]>) -> Self {
        let mut bytes = [0; 125];
        let mut len = 0;
        wire::unmasked(masked, key, 0, |plain| {
            for (to, from) in bytes.iter_mut().zip(plain) {
                *to = *from;
                len += 1;
            }
        });
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// True for a code that may stand in a Close frame (RFC 6455 section 7.4 and the IANA registry).
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// True for a code by which a side says that the other went beyond what it takes.
const fn is_limit(code: u16) -> bool {
    matches!(code, 1008 | 1009 | 1013)
}

impl Talk {
    /// Takes a whole control frame.
    pub(super) fn control(
        &mut self,
        side: Side,
        head: &Header,
        masked: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) {
        let payload = Payload::new(masked, head.key);
        self.lanes[side].end = span.end;
        let deflate = self.compression(side).deflate;
        out.fields(side, span, |w| {
            let payload = describe::Payload::Alone(payload.bytes());
            describe::frame(w, head, deflate, payload);
        });
        match head.opcode {
            Opcode::CLOSE => self.close(side, payload.bytes(), span, out),
            Opcode::PING => self.ping(side, payload, span, out),
            _ => self.pong(side, payload.bytes(), span, out),
        }
    }

    fn ping(&mut self, side: Side, payload: Payload, span: Span, out: &mut Output<'_>) {
        out.emit(side, span, Act::Beat);
        out.describe(|| text("Ping", payload.bytes()));
        let op = op(Opcode::PING);
        // Once a Close was sent nobody need answer a Ping.
        if self.first_closed.is_some() {
            out.emit(side, span, Act::Message { op });
            return;
        }
        self.next_id += 1;
        let id = self.next_id;
        let expect = Expect::Answer;
        out.emit(
            side,
            span,
            Act::Request {
                id,
                op,
                expect,
                digest: 0,
            },
        );
        let pings = &mut self.lanes[side].pings;
        if pings.len() >= PINGS {
            pings.pop_front();
            if !std::mem::replace(&mut self.limit_told, true) {
                out.emit(
                    side,
                    span,
                    Act::Limit {
                        what: "pings without an answer",
                    },
                );
            }
        }
        pings.push_back(Ping { id, payload });
    }

    fn pong(&mut self, side: Side, payload: &[u8], span: Span, out: &mut Output<'_>) {
        let pings = &mut self.lanes[side.other()].pings;
        let Some(newest) = pings.iter().rposition(|p| p.payload.bytes() == payload) else {
            // Unsolicited pongs are legal (section 5.5.3), but do for no Ping.
            let in_vain = !pings.is_empty();
            if in_vain && !std::mem::replace(&mut self.lanes[side].pong_in_vain, true) {
                out.fact(side, span, Fact::new("ws.pong-in-vain"));
            }
            out.emit(side, span, Act::Beat);
            out.describe(|| text("Pong", payload));
            out.emit(
                side,
                span,
                Act::Message {
                    op: op(Opcode::PONG),
                },
            );
            return;
        };
        if let Some(answered) = pings.remove(newest) {
            out.describe(|| text("Pong", payload));
            out.emit(
                side,
                span,
                Act::Reply {
                    id: answered.id,
                    status: Status::OK,
                },
            );
        }
        // A newer Pong does for older Pings (section 5.5.3).
        let older: VecDeque<Ping> = pings.drain(..newest).collect();
        for ping in older {
            out.describe(|| "the same Pong answers this Ping too".to_owned());
            out.emit(
                side,
                span,
                Act::Reply {
                    id: ping.id,
                    status: Status::OK,
                },
            );
        }
    }

    fn close(&mut self, side: Side, payload: &[u8], span: Span, out: &mut Output<'_>) {
        self.turn.stop(out);
        let code = payload.first_chunk::<2>().map(|c| u16::from_be_bytes(*c));
        let reason = payload.get(2..).unwrap_or_default();
        close_faults(&mut self.lanes[side], side, payload, span, out);
        let first = self.first_closed.is_none();
        if !std::mem::replace(&mut self.lanes[side].closed, true) {
            let mut fact = Fact::new("ws.close");
            if let Some(code) = code {
                fact = fact.with("code", code);
            }
            let pings = self.lanes[side].pings.len() as u64;
            let mut fact = fact
                .with("reason", without_secrets(&printable(reason, 123)))
                .with("first", first)
                .with("pings_open", pings);
            if code.is_some_and(is_limit) {
                fact = self.with_messages(side.other(), fact);
            }
            out.fact(side, span, fact);
        }
        self.cancel_pings(span, side, out);
        let ends = PerSide::new(
            self.place(Side::Client, side, span),
            self.place(Side::Server, side, span),
        );
        self.app.close(ends, out);
        out.describe(|| match code {
            Some(code) => format!("Close {code} {}", without_secrets(&printable(reason, 123))),
            None => "Close".to_owned(),
        });
        out.emit(
            side,
            span,
            Act::Message {
                op: op(Opcode::CLOSE),
            },
        );
        if first {
            self.first_closed = Some(side);
            if let Some(code) = code {
                out.detail(side, span, "close_code", code);
            }
            if !reason.is_empty() {
                out.detail(
                    side,
                    span,
                    "close_reason",
                    without_secrets(&printable(reason, 123)),
                );
            }
            out.detail(side, span, "closed_by", side.name());
            out.phase(side, span, Phase::Releasing);
        } else if self.first_closed == Some(side.other()) && self.lanes[side].closed {
            out.phase(side, span, Phase::Closed);
        }
    }

    /// With what `peer` has sent by now, where all of it was read.
    fn with_messages(&self, peer: Side, fact: Fact) -> Fact {
        let lane = &self.lanes[peer];
        if self.agreed.is_none() || lane.sought || lane.reading == Reading::Lost {
            return fact;
        }
        let fact = fact.with("peer_messages", lane.messages);
        match lane.progress.begun() {
            0 => fact,
            half => fact.with("peer_half", half),
        }
    }

    /// Whoever closes, Pings on the way may stay without answer.
    fn cancel_pings(&mut self, span: Span, side: Side, out: &mut Output<'_>) {
        for asker in Side::BOTH {
            for ping in std::mem::take(&mut self.lanes[asker].pings) {
                let place = self.place(asker, side, span);
                out.emit(asker, place, Act::Cancel { id: ping.id });
            }
        }
    }

    /// Where `asker` gives up over the Close of `side` in `span`: what it had said last where the closer is another.
    fn place(&self, asker: Side, side: Side, span: Span) -> Span {
        let end = self.lanes[asker].end;
        if asker == side {
            span
        } else {
            Span::new(end, end)
        }
    }
}

fn close_faults(lane: &mut Lane, side: Side, payload: &[u8], span: Span, out: &mut Output<'_>) {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        if !payload.is_empty() {
            let fact = Fact::new("ws.close-body-of-one-byte");
            lane.tell(Fault::CloseOfOneByte, side, span, fact, out);
        }
        return;
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        let fact = Fact::new("ws.close-code-invalid").with("code", code);
        lane.tell(Fault::CloseCode, side, span, fact, out);
    }
    let mut utf8 = Utf8::default();
    utf8.push(reason);
    if utf8.is_unfinished() {
        let fact = Fact::new("ws.text-not-utf8").with("in", "Close");
        lane.tell(Fault::Utf8, side, span, fact, out);
    }
}

fn text(name: &str, payload: &[u8]) -> String {
    if payload.is_empty() {
        return name.to_owned();
    }
    format!("{name} {} bytes", payload.len())
}
