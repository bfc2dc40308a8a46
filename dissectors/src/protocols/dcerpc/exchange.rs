//! Calls: requests, and what gives them up.

use super::calls::{Call, Chain};
use super::contexts::{self, Standing};
use super::epm;
use super::interfaces::Interface;
use super::names;
use super::pipes;
use super::session::Association;
use super::state::On;
use super::wire::{Flags, Pdu, PduType, Request, Uuid};
use crate::dissector::{End, Output};
use crate::event::{Act, Expect, Fact, Op, digest};
use crate::units::{Side, Span};

/// What every receiver must take, whatever was negotiated (C706 12.6.2: MustRecvFragSize).
const MUST_RECEIVE: u16 = 1432;

impl Association {
    pub(super) fn request(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let Some(request) = Request::read(pdu) else {
            if pdu.whole {
                let what = "request cut short";
                out.emit(side, span, Act::Malformed { what });
            }
            return;
        };
        self.check_size(side, span, pdu, out);
        let flags = pdu.header.flags;
        let call_id = pdu.header.call_id;
        let old = if flags.has(Flags::FIRST) {
            self.calls.take(call_id)
        } else {
            None
        };
        if old.is_some_and(|c| c.request.open && !c.request.holed && !c.answered) {
            self.broken(side, span, "a second first fragment", call_id, None, out);
        }
        let going_on = self.calls.find(call_id).is_some_and(|c| c.request.open);
        if !going_on {
            if !flags.has(Flags::FIRST) && !self.holed(side) {
                let what = "a fragment without a first";
                self.broken(side, span, what, call_id, None, out);
            }
            self.begin(side, span, pdu, &request, out);
        }
        let last = flags.has(Flags::LAST);
        if let Some(call) = self.calls.find(call_id) {
            call.request.add(span, request.stub.len(), last);
        }
        if last {
            self.requested(side, call_id, out);
        }
    }

    fn begin(
        &mut self,
        side: Side,
        span: Span,
        pdu: &Pdu<'_>,
        request: &Request<'_>,
        out: &mut Output<'_>,
    ) {
        let big = pdu.header.big;
        let context = self.contexts.find(request.context);
        let wide = context.is_some_and(|c| c.wide);
        let interface = match context {
            Some(context) => context.interface,
            None if self.contexts.bound => None,
            None => self.by_pipe,
        };
        let readable = pdu.trailer.is_none_or(|t| t.level != names::PRIVACY);
        let question = match interface {
            Some(i) if i.name == "epmapper" && readable => {
                epm::question(request.operation, request.stub, big, wide)
            }
            _ => None,
        };
        let unnamed = context.map(|c| c.syntax.uuid);
        let unnamed = unnamed.filter(|_| interface.is_none());
        let set = self.set_of_call(context, request.context);
        let call = Call {
            op: operation(interface, (unnamed, set), request.operation),
            interface,
            unnamed,
            context: request.context,
            operation: request.operation,
            digest: digest(pdu.bytes),
            maybe: pdu.header.flags.has(Flags::MAYBE),
            request: Chain::begin(span),
            question: question.map(Box::new),
            ..Call::unseen(pdu.header.call_id, span)
        };
        if !self.calls.push(call) {
            self.limit(side, span, "calls without an answer", out);
        }
    }

    /// The last fragment of a request is there.
    fn requested(&mut self, side: Side, call_id: u32, out: &mut Output<'_>) {
        let Some(call) = self.calls.find(call_id) else {
            return;
        };
        let answered = call.answered;
        if !answered {
            call.told = true;
            tell(side, call, out);
        }
        let (span, context, op, maybe) = (call.request.span, call.context, call.op, call.maybe);
        if answered || maybe {
            self.calls.take(call_id);
        }
        if !answered {
            self.check_context(side, span, context, op, call_id, out);
            // A call without a bind opens nothing, unless the bind was before the capture.
            if self.contexts.bound || !self.beginning {
                self.advance(side, span, On::Call, out);
            }
        }
    }

    /// A call on a context that was not agreed: told only where everything before it was seen.
    fn check_context(
        &mut self,
        side: Side,
        span: Span,
        context: u16,
        op: Op,
        call_id: u32,
        out: &mut Output<'_>,
    ) {
        let seen = self.beginning && !self.holed(Side::Client);
        let why = match self.contexts.find(context).map(|c| c.standing) {
            Some(Standing::Rejected(why)) => ("rejected", why),
            Some(_) => return,
            None if !seen || self.contexts.incomplete => return,
            None if self.contexts.bound => ("never offered", ""),
            // SMB 3 may have sent a pipe's bind over another connection.
            None if self.inside => return,
            None => ("no bind", ""),
        };
        let interface = self
            .contexts
            .find(context)
            .map(|c| contexts::label(&c.syntax));
        let fact = Fact::new("dcerpc.unknown-context")
            .in_exchange(u64::from(call_id))
            .with("context", context)
            .with("why", why.0)
            .with("reason", why.1)
            .with("interface", interface.unwrap_or_default())
            .with("operation", op.to_string());
        self.fact(side, span, fact, out);
    }

    pub(super) fn check_size(
        &mut self,
        side: Side,
        span: Span,
        pdu: &Pdu<'_>,
        out: &mut Output<'_>,
    ) {
        let length = pdu.header.frag_length;
        let Some(limit) = self.takes[side.other()].map(|l| l.max(MUST_RECEIVE)) else {
            return;
        };
        if length > limit && !self.noted.too_large[side] {
            self.noted.too_large[side] = true;
            let fact = Fact::new("dcerpc.fragment-too-large")
                .with("length", length)
                .with("limit", limit);
            self.fact(side, span, fact, out);
        }
    }

    pub(super) fn broken(
        &mut self,
        side: Side,
        span: Span,
        what: &'static str,
        call_id: u32,
        exchange: Option<u64>,
        out: &mut Output<'_>,
    ) {
        let mut fact = Fact::new("dcerpc.fragments-broken")
            .with("what", what)
            .with("call", call_id);
        fact.exchange = exchange;
        self.fact(side, span, fact, out);
    }

    /// A co_cancel or an orphaned.
    pub(super) fn give_up(&mut self, side: Side, span: Span, pdu: &Pdu<'_>, out: &mut Output<'_>) {
        let call_id = pdu.header.call_id;
        let id = u64::from(call_id);
        let orphaned = pdu.header.kind == PduType::ORPHANED;
        let (name, fact) = if orphaned {
            ("orphaned", "dcerpc.orphaned")
        } else {
            ("co_cancel", "dcerpc.cancelled")
        };
        let call = self.calls.find(call_id);
        let op = call.as_ref().map_or_else(Op::default, |c| c.op);
        let open = call.is_some();
        let waits = call.as_ref().is_some_and(|c| c.may_wait());
        if let Some(call) = call
            && !call.told
            && call.seen()
        {
            call.told = true;
            tell(side, call, out);
        }
        let mut fact = Fact::new(fact).with("call", call_id).with("open", open);
        if open {
            fact = fact
                .with("operation", op.to_string())
                .with("long_wait", waits)
                .in_exchange(id);
        }
        self.fact(side, span, fact, out);
        out.describe(|| format!("{name} of call {call_id}"));
        out.emit(side, span, Act::Cancel { id });
        if orphaned && let Some(call) = self.calls.find(call_id) {
            // No more fragments come.
            call.request.open = false;
        }
    }

    pub(super) fn shutdown(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let open = self.calls.len() as u64;
        let fact = Fact::new("dcerpc.shutdown").with("open_calls", open);
        self.fact(side, span, fact, out);
        let op = Op::new("Shutdown", u32::from(PduType::SHUTDOWN.0));
        out.describe(|| "shutdown: the server asks the client to end the connection".to_owned());
        out.emit(side, span, Act::Message { op });
        self.advance(side, span, On::Shutdown, out);
    }

    /// Chains that the end of a side leaves without a last fragment.
    pub(super) fn unfinished_chains(
        &mut self,
        side: Side,
        here: Span,
        end: End,
        out: &mut Output<'_>,
    ) {
        let ended = match end {
            End::Fin => "fin",
            End::Reset => "reset",
            End::CaptureStopped => "capture",
        };
        let mut unfinished = Vec::new();
        for call in self.calls.all() {
            let chain = match side {
                Side::Client if call.seen() && !call.answered => Some(&mut call.request),
                Side::Client => None,
                Side::Server => call.response.as_mut(),
            };
            if let Some(chain) = chain.filter(|c| c.open && !c.holed) {
                // Once: a side may be told its end more than once.
                chain.holed = true;
                unfinished.push((call.id, chain.span, call.told));
            }
        }
        for (id, span, told) in unfinished {
            let mut fact = Fact::new("dcerpc.fragments-broken")
                .with("what", "no last fragment")
                .with("call", id)
                .with("ended", ended);
            fact.exchange = told.then_some(u64::from(id));
            let span = Span::new(span.start, here.start.min(span.end));
            self.fact(side, span, fact, out);
        }
    }
}

/// Reports a request.
pub(super) fn tell(side: Side, call: &Call, out: &mut Output<'_>) {
    let expect = if call.maybe {
        Expect::Nothing
    } else if call.may_wait() {
        Expect::LongWait("the server answers when something happens")
    } else {
        Expect::Answer
    };
    out.describe(|| describe_request(call));
    if let Some(uuid) = call.unnamed {
        out.name(|| pipes::named(uuid, call.operation.into()));
    }
    out.emit(
        side,
        call.request.span,
        Act::Request {
            id: u64::from(call.id),
            op: call.op,
            expect,
            digest: call.digest,
        },
    );
}

/// `set`: of a context that was agreed elsewhere.
pub(super) fn operation(
    interface: Option<&'static Interface>,
    (unnamed, set): (Option<Uuid>, u32),
    number: u16,
) -> Op {
    match interface {
        Some(i) => Op::of(i.name, i.operation(number), u32::from(number)).of_set(set),
        None => {
            let op = Op::of(pipes::UNKNOWN, "", u32::from(number));
            op.of_set(unnamed.map_or(set, pipes::set_of))
        }
    }
}

fn describe_request(call: &Call) -> String {
    let mut parts = vec![format!("{}, {} bytes of stub", call.op, call.request.stub)];
    if call.request.fragments > 1 {
        parts.push(format!("in {} fragments", call.request.fragments));
    }
    if let Some(question) = &call.question {
        parts.push(format!("asks for {}", contexts::label(&question.interface)));
        if !question.protocol.is_empty() {
            parts.push(format!("over {}", question.protocol));
        }
    }
    parts.join(", ")
}
