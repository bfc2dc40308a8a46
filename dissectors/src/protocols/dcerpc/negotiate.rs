//! How an association is set up: bind, alter_context, their answers, auth3.

use super::contexts::{self, Pending, Refusal};
use super::names;
use super::ntlm;
use super::session::Association;
use super::state::On;
use super::wire::{self, Ack, Bind, Flags, Pdu, PduType, Syntax, Trailer};
use crate::dissector::Output;
use crate::event::{Act, Expect, Fact, Op, Status, digest};
use crate::token;
use crate::units::{Side, Span};

/// What is tagged onto a call id, so that a bind and a call of the same number are two exchanges.
const BIND_TAG: u64 = 1 << 32;
const ALTER_TAG: u64 = 2 << 32;

/// The exchange of a bind or an alter_context.
pub(super) const fn exchange(call_id: u32, alters: bool) -> u64 {
    let tag = if alters { ALTER_TAG } else { BIND_TAG };
    tag | call_id as u64
}

const BIND: Op = Op::new("Bind", PduType::BIND.0 as u32);
const ALTER_CONTEXT: Op = Op::new("AlterContext", PduType::ALTER_CONTEXT.0 as u32);

/// What a bind or alter_context asks.
pub(super) const fn op(alters: bool) -> Op {
    if alters { ALTER_CONTEXT } else { BIND }
}

const AUTH3: Op = Op::new("Auth3", PduType::AUTH3.0 as u32);

impl Association {
    pub(super) fn bind(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let alters = pdu.header.kind == PduType::ALTER_CONTEXT;
        let Some(bind) = Bind::read(pdu.body, pdu.header.big) else {
            let what = "bind cut short";
            return out.emit(side, span, Act::Malformed { what });
        };
        if pdu.whole && !bind.whole {
            let what = "presentation context list cut short";
            out.emit(side, span, Act::Malformed { what });
        }
        let call_id = pdu.header.call_id;
        let secured = pdu.trailer.is_some();
        if !self.contexts.offer(&bind, call_id, alters, secured) {
            self.limit(side, span, "presentation contexts", out);
        }
        if !alters {
            self.takes[side] = Some(bind.max_recv);
        }
        out.describe(|| describe_bind(&bind, alters));
        out.emit(
            side,
            span,
            Act::Request {
                id: exchange(call_id, alters),
                op: op(alters),
                expect: Expect::Answer,
                digest: digest(pdu.bytes),
            },
        );
        if !alters {
            self.advance(side, span, On::Bind, out);
        }
        self.note_interfaces(side, span, out);
        self.tell_offers(side, span, &bind, out);
        self.note_security(side, span, pdu.trailer, out);
    }

    fn note_interfaces(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let labels = self.contexts.labels();
        if labels != self.noted.interfaces {
            self.noted.interfaces.clone_from(&labels);
            out.detail(side, span, "interface", labels);
        }
    }

    fn note_security(
        &mut self,
        side: Side,
        span: Span,
        trailer: Option<Trailer<'_>>,
        out: &mut Output<'_>,
    ) {
        let Some(trailer) = trailer else {
            return;
        };
        let security = (trailer.kind, trailer.level);
        if side == Side::Client && self.noted.security != Some(security) {
            self.noted.security = Some(security);
            match names::auth_type(trailer.kind) {
                "" => out.detail(side, span, "auth_type", trailer.kind),
                name => out.detail(side, span, "auth_type", name),
            }
            match names::auth_level(trailer.level) {
                "" => out.detail(side, span, "auth_level", trailer.level),
                name => out.detail(side, span, "auth_level", name),
            }
        }
        self.note_token(side, span, trailer, out);
        if let Some(who) = ntlm::authenticate(trailer.token) {
            if who.user.is_empty() {
                out.detail(side, span, "anonymous", true);
            } else {
                out.detail(side, span, "user", who.user);
                out.detail(side, span, "domain", who.domain);
            }
            if !who.workstation.is_empty() {
                out.detail(side, span, "workstation", who.workstation);
            }
        }
    }

    /// The legs of NTLM, and Kerberos errors.
    fn note_token(&mut self, side: Side, span: Span, trailer: Trailer<'_>, out: &mut Output<'_>) {
        let told = token::read(trailer.token);
        let key = u32::from_le_bytes(trailer.context).into();
        if let Some(message) = told.ntlm {
            let legs = &mut self.noted.legs;
            let wrong = match side {
                Side::Client => legs.client(key, message),
                Side::Server => legs.server(key, message, span),
            };
            if let Some(what) = wrong.filter(|_| self.beginning && side == Side::Client) {
                out.fact(
                    side,
                    span,
                    Fact::new("ntlm.out-of-order").with("what", what),
                );
            }
        }
        let Some(error) = told.kerberos.as_ref().and_then(|k| k.error.as_ref()) else {
            return;
        };
        let fact = Fact::new("kerberos.error")
            .with("code", error.code)
            .with("name", error.name())
            .with("text", error.text.clone())
            .with("asked", "AP-REQ");
        out.fact(
            side,
            span,
            match error.time {
                Some((time, micros)) => fact.with("time", time).with("micros", micros),
                None => fact,
            },
        );
    }

    pub(super) fn ack(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let header = &pdu.header;
        let alters = header.kind == PduType::ALTER_CONTEXT_RESP;
        let pending = self.contexts.answered(header.call_id, Some(alters));
        let id = exchange(
            header.call_id,
            pending.as_ref().map_or(alters, |p| p.alters),
        );
        let Some(ack) = Ack::read(pdu.body, header.big) else {
            if pdu.whole {
                let what = "answer to a bind cut short";
                out.emit(side, span, Act::Malformed { what });
            }
            out.emit(
                side,
                span,
                Act::Reply {
                    id,
                    status: Status::OK,
                },
            );
            return;
        };
        if !alters {
            self.takes[side] = Some(ack.max_recv);
            self.note_ack(side, span, &ack, out);
            if header.flags.has(Flags::CONC_MPX) && !self.noted.multiplexing {
                self.noted.multiplexing = true;
                out.detail(side, span, "multiplexing", true);
            }
        }
        let mut status = Status::OK;
        if let Some(pending) = &pending {
            self.contexts.settle(pending, &ack);
            self.tell_refusals(side, span, pending, &ack, out);
            if pending.accepted(&ack) == 0 && !pending.offers.is_empty() {
                let code = ack.answers.iter().find(|a| a.result != 0);
                status = Status {
                    code: code.map_or(0, |a| u32::from(a.reason)),
                    name: "all contexts rejected",
                    failed: true,
                };
            }
        }
        out.describe(|| describe_ack(pending.as_ref(), &ack, alters));
        out.emit(side, span, Act::Reply { id, status });
        let more = pending.is_some_and(|p| p.secured) && header.auth_length > 0 && !alters;
        let on = if status.failed {
            On::Rejected
        } else {
            On::Accepted { more }
        };
        self.advance(side, span, on, out);
        self.note_security(side, span, pdu.trailer, out);
    }

    fn note_ack(&mut self, side: Side, span: Span, ack: &Ack, out: &mut Output<'_>) {
        if self.noted.group != Some(ack.group) {
            self.noted.group = Some(ack.group);
            out.detail(
                side,
                span,
                "association_group",
                format!("0x{:08x}", ack.group),
            );
            out.detail(side, span, "max_xmit_frag", ack.max_xmit);
            out.detail(side, span, "max_recv_frag", ack.max_recv);
            if !ack.secondary.is_empty() {
                out.detail(side, span, "secondary_address", ack.secondary.clone());
            }
        }
        let transfer = ack.answers.iter().find(|a| a.result == 0);
        let transfer = transfer.map_or("", |a| a.transfer.transfer_name());
        if !transfer.is_empty() && transfer != self.noted.transfer {
            self.noted.transfer = transfer;
            out.detail(side, span, "transfer_syntax", transfer);
        }
    }

    fn tell_refusals(
        &mut self,
        side: Side,
        span: Span,
        pending: &Pending,
        ack: &Ack,
        out: &mut Output<'_>,
    ) {
        let accepted = pending.accepted(ack);
        let id = exchange(pending.call_id, pending.alters);
        for Refusal { offer, answer } in pending.refusals(ack) {
            // Only a provider rejection (2) has a reason.
            let reason = match answer.result {
                2 => names::provider_reason(answer.reason),
                _ => "",
            };
            let fact = Fact::new("dcerpc.context-rejected")
                .in_exchange(id)
                .with("context", offer.id)
                .with("interface", contexts::label(&offer.interface))
                .with("version", version(&offer.interface))
                .with("transfer", contexts::transfers(offer))
                .with("result", names::result(answer.result))
                .with("reason_code", answer.reason)
                .with("reason", reason)
                .with("accepted", accepted as u64)
                .with("alter", pending.alters);
            self.fact(side, span, fact, out);
        }
    }

    pub(super) fn nak(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let call_id = pdu.header.call_id;
        let (reason, versions) = wire::bind_nak(pdu.body, pdu.header.big).unwrap_or_default();
        let name = names::nak_reason(reason);
        let pending = self.contexts.answered(call_id, Some(false));
        if let Some(pending) = &pending {
            self.contexts.refuse(pending);
        }
        // Some servers answer a call without a bind in this way.
        let call = match pending {
            None => self.calls.take(call_id),
            Some(_) => None,
        };
        let id = match (&call, &pending) {
            (Some(call), _) => u64::from(call.id),
            (None, pending) => exchange(call_id, pending.as_ref().is_some_and(|p| p.alters)),
        };
        let offered = versions
            .iter()
            .map(|(major, minor)| format!("{major}.{minor}"))
            .collect::<Vec<_>>();
        let fact = Fact::new("dcerpc.bind-nak")
            .in_exchange(id)
            .with("reason_code", reason)
            .with("reason", name)
            .with("versions", offered.join(", "))
            .with("answers_bind", call.is_none());
        self.fact(side, span, fact, out);
        out.describe(|| format!("bind_nak: {}", or_number(name, u32::from(reason))));
        let status = Status {
            code: u32::from(reason),
            name,
            failed: true,
        };
        out.emit(side, span, Act::Reply { id, status });
        self.advance(side, span, On::Nak, out);
    }

    pub(super) fn auth3(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        self.auth3 = Some(pdu.header.call_id);
        self.noted.worked = false;
        out.describe(|| "auth3: last leg of the authentication".to_owned());
        out.emit(side, span, Act::Message { op: AUTH3 });
        self.note_security(side, span, pdu.trailer, out);
        self.advance(side, span, On::Auth3, out);
    }
}

/// A name, or the number where there is none.
pub(super) fn or_number(name: &str, number: u32) -> String {
    match (name, number) {
        ("", n) if n > 0xffff => format!("0x{n:08x}"),
        ("", n) => n.to_string(),
        (name, _) => name.to_owned(),
    }
}

fn version(syntax: &Syntax) -> String {
    format!("{}.{}", syntax.major, syntax.minor)
}

fn describe_bind(bind: &Bind, alters: bool) -> String {
    let offers = bind
        .offers
        .iter()
        .take(8)
        .map(|o| {
            let (label, version) = (contexts::label(&o.interface), version(&o.interface));
            format!("{} {label} {version} ({})", o.id, contexts::transfers(o))
        })
        .collect::<Vec<_>>();
    let verb = if alters { "alter_context" } else { "bind" };
    format!("{verb}: {}", offers.join("; "))
}

fn describe_ack(pending: Option<&Pending>, ack: &Ack, alters: bool) -> String {
    let answers = ack.answers.iter().take(8).enumerate().map(|(at, a)| {
        let id = pending
            .and_then(|p| p.offers.get(at))
            .map_or(at, |o| o.id.into());
        match a.result {
            2 => format!("{id} rejected, {}", names::provider_reason(a.reason)),
            result => format!("{id} {}", or_number(names::result(result), result.into())),
        }
    });
    let verb = if alters {
        "alter_context_resp"
    } else {
        "bind_ack"
    };
    format!("{verb}: {}", answers.collect::<Vec<_>>().join("; "))
}
