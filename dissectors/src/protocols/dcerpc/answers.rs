//! Answers: responses with their return values and endpoints, and faults.

use super::calls::{Call, Chain};
use super::contexts;
use super::epm;
use super::exchange::tell;
use super::names;
use super::negotiate::{self, or_number};
use super::session::Association;
use super::state::On;
use super::statuses;
use super::wire::{self, Flags, Pdu, PduType};
use crate::dissector::Output;
use crate::event::{Act, Fact, Op, Status};
use crate::units::{Side, Span};

impl Association {
    pub(super) fn response(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        self.check_size(side, span, pdu, out);
        self.advance(side, span, On::Call, out);
        let call_id = pdu.header.call_id;
        self.open_call(side, span, call_id, out);
        if let Some(what) = self.response_break(side, pdu) {
            self.broken(side, span, what, call_id, Some(u64::from(call_id)), out);
        }
        let flags = pdu.header.flags;
        let Some(call) = self.calls.find(call_id) else {
            return;
        };
        let stub = wire::response_stub(pdu);
        let started = call.response.is_some() && !flags.has(Flags::FIRST);
        let mut chain = match call.response {
            Some(chain) if started => chain,
            _ => Chain::begin(span),
        };
        if !started {
            call.opaque = !flags.has(Flags::FIRST);
        }
        chain.add(span, stub.len(), flags.has(Flags::LAST));
        call.response = Some(chain);
        let encrypted = pdu.trailer.is_some_and(|t| t.level == names::PRIVACY);
        call.opaque |= encrypted || !pdu.whole;
        call.tail.add(stub);
        if chain.fragments == 1 && call.question.is_some() && !encrypted {
            let wide = self.contexts.find(call.context).is_some_and(|c| c.wide);
            call.towers = epm::towers(stub, pdu.header.big, wide);
        }
        if !chain.open {
            self.answered(side, call_id, pdu.header.big, out);
        } else if chain.fragments == 1 && call.told {
            let id = u64::from(call_id);
            out.describe(|| format!("response, first fragment, {} bytes of stub", stub.len()));
            out.emit(side, span, Act::interim(id));
        }
    }

    /// Makes sure that there is an entry for what an answer belongs to, and that its request is told.
    fn open_call(&mut self, side: Side, span: Span, call_id: u32, out: &mut Output<'_>) {
        match self.calls.find(call_id) {
            None => {
                if !self.calls.push(Call::unseen(call_id, span)) {
                    self.limit(side, span, "calls without an answer", out);
                }
            }
            Some(call) => {
                // Answered before its last fragment: what came of it was the request.
                if call.request.open && !call.told {
                    call.told = true;
                    tell(side.other(), call, out);
                }
            }
        }
    }

    fn response_break(&mut self, side: Side, pdu: &Pdu<'_>) -> Option<&'static str> {
        let holed = self.holed(side);
        let call = self.calls.find(pdu.header.call_id)?;
        let first = pdu.header.flags.has(Flags::FIRST);
        match call.response {
            Some(chain) if first && chain.open && !chain.holed => Some("a second first fragment"),
            None if !first && !holed => Some("a fragment without a first"),
            _ => None,
        }
    }

    /// The last fragment of a response is there.
    fn answered(&mut self, side: Side, call_id: u32, big: bool, out: &mut Output<'_>) {
        let Some(call) = self.finish(call_id) else {
            return;
        };
        self.noted.worked = true;
        let id = u64::from(call_id);
        let chain = call.response.unwrap_or_default();
        let span = chain.span;
        let mut status = Status::OK;
        if let Some((returns, code)) = call.returned(big)
            && let Some(name) = statuses::failure(returns, code)
        {
            if !self.tell_not_registered(side, span, &call, code, out)
                && self.fails_first(call.op, code)
            {
                let fact = Fact::new("dcerpc.call-failed")
                    .in_exchange(id)
                    .with("operation", call.op.to_string())
                    .with("status", code)
                    .with("name", name);
                self.fact(side, span, fact, out);
            }
            // "There is none" without a question for one interface is the end of a list, and no failure.
            let mapper = call.interface.is_some_and(|i| i.name == "epmapper");
            let asked = call.question.as_ref().is_some_and(|q| q.first);
            let ended = mapper && !asked && code == statuses::EPT_S_NOT_REGISTERED;
            status = Status {
                code,
                name,
                failed: !ended,
            };
        }
        self.tell_endpoints(side, span, &call, out);
        out.describe(|| describe_response(&call, chain, status));
        out.emit(side, span, Act::Reply { id, status });
    }

    /// Forgets an answered call, unless more of its request is to come.
    fn finish(&mut self, call_id: u32) -> Option<Call> {
        let call = self.calls.take(call_id)?;
        if call.request.open {
            let rest = Call {
                answered: true,
                request: call.request,
                ..Call::unseen(call_id, call.request.span)
            };
            self.calls.push(rest);
        }
        Some(call)
    }

    /// True when the status is the endpoint mapper's "there is none", which is told as such.
    fn tell_not_registered(
        &mut self,
        side: Side,
        span: Span,
        call: &Call,
        code: u32,
        out: &mut Output<'_>,
    ) -> bool {
        let mapper = call.interface.is_some_and(|i| i.name == "epmapper");
        if !mapper || code != statuses::EPT_S_NOT_REGISTERED {
            return false;
        }
        // Without a question for one interface it is the end of a list.
        if let Some(question) = call.question.as_ref().filter(|q| q.first) {
            let fact = Fact::new("dcerpc.endpoint-not-registered")
                .in_exchange(u64::from(call.id))
                .with("interface", contexts::label(&question.interface))
                .with("protocol", question.protocol);
            self.fact(side, span, fact, out);
        }
        true
    }

    fn tell_endpoints(&mut self, side: Side, span: Span, call: &Call, out: &mut Output<'_>) {
        for tower in &call.towers {
            if tower.protocol.is_empty() {
                continue;
            }
            let fact = Fact::new("dcerpc.endpoint-mapped")
                .in_exchange(u64::from(call.id))
                .with("interface", contexts::label(&tower.interface))
                .with("protocol", tower.protocol)
                .with("address", tower.address.clone())
                .with("port", tower.port.unwrap_or(0))
                .with("pipe", tower.pipe.clone());
            self.fact(side, span, fact, out);
        }
    }

    pub(super) fn fault(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let call_id = pdu.header.call_id;
        let code = wire::fault_status(pdu).unwrap_or(0);
        let name = statuses::fault(code);
        let awaited = self.contexts.awaits(call_id);
        let is_call = self.calls.find(call_id).is_some();
        if is_call {
            self.open_call(side, span, call_id, out);
        }
        let call = self.finish(call_id);
        let pending = match call {
            None if awaited => self.contexts.answered(call_id, None),
            _ => None,
        };
        let id = match &pending {
            Some(p) => negotiate::exchange(call_id, p.alters),
            None => u64::from(call_id),
        };
        let seen = call.as_ref().filter(|c| c.seen());
        let operation = match (seen, &pending) {
            (Some(call), _) => call.op.to_string(),
            (None, Some(p)) => negotiate::op(p.alters).to_string(),
            (None, None) => String::new(),
        };
        let answers_bind = pending.as_ref().is_some_and(|p| !p.alters);
        let fact = Fact::new("dcerpc.fault")
            .in_exchange(id)
            .with("status", code)
            .with("name", name)
            .with("operation", operation)
            .with(
                "did_not_execute",
                pdu.header.flags.has(Flags::DID_NOT_EXECUTE),
            )
            .with("before_call", call.is_none())
            .with("answers_bind", answers_bind)
            .with("after_auth3", self.auth3.is_some() && !self.noted.worked);
        self.fact(side, span, fact, out);
        out.describe(|| format!("fault: {}", or_number(name, code)));
        if call.is_none() && pending.is_none() && self.auth3 == Some(call_id) {
            // It says what became of the authentication: no call is open for it.
            let op = Op::new("Fault", u32::from(PduType::FAULT.0));
            return out.emit(side, span, Act::Message { op });
        }
        let status = Status {
            code,
            name,
            failed: true,
        };
        out.emit(side, span, Act::Reply { id, status });
        self.advance(side, span, On::Call, out);
    }
}

fn describe_response(call: &Call, chain: Chain, status: Status) -> String {
    let mut parts = vec![format!("response, {} bytes of stub", chain.stub)];
    if chain.fragments > 1 {
        parts.push(format!("in {} fragments", chain.fragments));
    }
    if status != Status::OK {
        parts.push(status.to_string());
    }
    parts.extend(call.towers.iter().map(|tower| match tower.port {
        Some(port) => format!("{} {} port {port}", tower.protocol, tower.address),
        None => format!("{} {} at {}", tower.protocol, tower.pipe, tower.address),
    }));
    parts.join(", ")
}
