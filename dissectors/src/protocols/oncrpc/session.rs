//! One conversation: records in, calls and replies out.

use super::calls::Calls;
use super::clients::Clients;
use super::describe::{self, Whole};
use super::files::Files;
use super::gss::Contexts;
use super::programs;
use super::record::{Found, HEAD, Reader, Record, Unfinished};
use super::slots::Slots;
use super::wire::{self, Message};
use crate::dissector::{Dissector, Input, Output, Scope, Start};
use crate::event::{Act, Fact, Op, Phase, Value};
use crate::inbox::Inbox;
use crate::units::{PerSide, Side, Span};

/// The key of the TLS session that AUTH_TLS asks for.
const TLS: u64 = 1;

/// ONC RPC over a stream of records, or over datagrams.
pub(super) struct Rpc {
    inboxes: PerSide<Inbox>,
    readers: PerSide<Reader>,
    session: Session,
}

/// What both sides share.
pub(super) struct Session {
    /// By the side that asked.
    pub(super) calls: PerSide<Calls>,
    pub(super) served: Vec<Served>,
    pub(super) files: Files,
    /// By the side that calls.
    pub(super) gss: PerSide<Contexts>,
    /// Sessions of NFSv4.1.
    pub(super) slots: Slots,
    /// Client ids of NFSv4.
    pub(super) clients: Clients,
    /// Mappings that the port mapper told, for the session's details.
    pub(super) mappings: Vec<Value>,
    /// TLS was agreed on (RFC 9289): the rest of the connection is TLS.
    pub(super) tls: bool,
    opened: bool,
}

/// What is known of the calls of one session: that of a known program, or RPC's own.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) scope: Option<Scope>,
    pub(super) version: Option<u32>,
    /// A bit a flavor, its number below 31: told already.
    pub(super) flavors: u32,
    pub(super) phase: Option<Phase>,
    pub(super) encrypted: bool,
}

impl Rpc {
    pub(super) fn new(start: &Start<'_>) -> Self {
        Self {
            inboxes: PerSide::default(),
            readers: PerSide::new(Reader::new(start.beginning), Reader::new(start.beginning)),
            session: Session {
                calls: PerSide::default(),
                served: Vec::new(),
                files: Files::default(),
                gss: PerSide::default(),
                slots: Slots::default(),
                clients: Clients::default(),
                mappings: Vec::new(),
                tls: false,
                opened: false,
            },
        }
    }

    fn data(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        if out.wants_fields() {
            self.readers[side].keep_whole();
        }
        let mut feed = self.inboxes[side].feed(bytes);
        loop {
            let calls = &self.session.calls[side.other()];
            let found = self.readers[side].next(&mut feed, |xid| calls.may_be_answered(xid));
            let Some(found) = found else { break };
            self.session.found(side, found, out);
            if self.session.tls {
                break;
            }
        }
        drop(feed);
        if self.session.tls {
            self.rest_is_tls(side, out);
        }
    }

    /// What stands behind the reply that grants TLS is TLS already.
    fn rest_is_tls(&mut self, side: Side, out: &mut Output<'_>) {
        let mut feed = self.inboxes[side].feed(&[]);
        if let Some((bytes, span)) = feed.take_some(u64::MAX) {
            out.child(TLS, side, span.start, Input::Data(bytes));
        }
    }

    fn gap(&mut self, side: Side, len: u64, out: &mut Output<'_>) {
        let mut feed = self.inboxes[side].feed(&[]);
        let calls = &self.session.calls[side.other()];
        let resumed = self.readers[side].last_chance(&mut feed, |xid| calls.may_be_answered(xid));
        if let Some(found) = resumed {
            self.session.found(side, found, out);
        }
        drop(feed);
        self.data(side, &[], out);
        let feed = self.inboxes[side].feed(&[]);
        if out.wants_fields()
            && let Some(record) = self.readers[side].torn(&feed)
        {
            self.session.describe(side, record, out);
        }
        if let Some(record) = self.readers[side].gap(&feed, len) {
            self.session.record(side, record, out);
        }
        drop(feed);
        if side == Side::Server {
            self.session.slots.forget();
        }
        self.inboxes[side].gap(len);
    }

    fn end(&mut self, side: Side, out: &mut Output<'_>) {
        let feed = self.inboxes[side].feed(&[]);
        if let Some(unfinished) = self.readers[side].unfinished(&feed) {
            self.session.unfinished(side, unfinished, out);
        }
    }

    fn datagram(&mut self, side: Side, bytes: &[u8], wire_len: u64, out: &mut Output<'_>) {
        let start = self.inboxes[side].offset();
        let len = bytes.len() as u64;
        self.inboxes[side].gap(len);
        let record = Record {
            span: Span::new(start, start + len),
            head: bytes.get(..HEAD).unwrap_or(bytes),
            bytes,
            came: start + len,
            len: wire_len,
            told: false,
            mark: None,
        };
        self.session.record(side, record, out);
    }
}

impl Dissector for Rpc {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        if self.session.tls {
            let at = self.inboxes[side].offset();
            match input {
                Input::Data(bytes) => drop(self.inboxes[side].gap(bytes.len() as u64)),
                Input::Gap { len } => drop(self.inboxes[side].gap(len)),
                Input::Datagram { .. } | Input::End(_) => return,
            }
            out.child(TLS, side, at, input);
            return;
        }
        match input {
            Input::Data(bytes) => self.data(side, bytes, out),
            Input::Datagram { bytes, wire_len } => self.datagram(side, bytes, wire_len, out),
            Input::Gap { len } => self.gap(side, len, out),
            Input::End(_) => self.end(side, out),
        }
    }
}

impl Session {
    fn found(&mut self, side: Side, found: Found<'_>, out: &mut Output<'_>) {
        match found {
            Found::Message(record) => self.record(side, record, out),
            Found::Fragment { span, mark } => {
                out.fields(side, span, |w| describe::fragment(w, mark));
            }
            Found::AbsurdMark {
                span,
                mark,
                after_loss,
            } => {
                let fact = Fact::new("rpc.record-mark-absurd")
                    .with("mark", mark.0)
                    .with("length", mark.len())
                    .with("last", mark.is_last())
                    .with("beginning", span.start == 0)
                    .with("after_loss", after_loss);
                out.fact(side, span, with_text(fact, mark.0));
                let what = "a record mark that no record can have";
                out.emit(side, span, Act::Malformed { what });
            }
            Found::NotRpc { span, after_loss } => {
                let fact = Fact::new("rpc.not-rpc")
                    .with("beginning", span.start == 0)
                    .with("after_loss", after_loss);
                out.fact(side, span, fact);
                let what = "a record without an RPC message in it";
                out.emit(side, span, Act::Malformed { what });
            }
            Found::LastMissing { record, fragments } => {
                self.last_missing(side, record, fragments, out);
            }
            Found::Resumed { span, bytes } => out.emit(side, span, Act::Skipped { bytes }),
        }
    }

    fn last_missing(
        &mut self,
        side: Side,
        record: Record<'_>,
        fragments: u32,
        out: &mut Output<'_>,
    ) {
        let (scope, op) = self.belongs(side, record.head);
        let fact = Fact::new("rpc.last-fragment-missing")
            .with("followed", true)
            .with("fragments", fragments)
            .with("bytes", record.len);
        out.fact(side, record.span, fact);
        let present = record.span.len();
        let act = Act::Incomplete {
            op,
            expected: present + wire::MARK as u64,
            present,
        };
        say(scope, side, record.span, act, out);
    }

    fn unfinished(&mut self, side: Side, unfinished: Unfinished<'_>, out: &mut Output<'_>) {
        let (scope, op) = self.belongs(side, unfinished.head);
        if unfinished.whole_fragments > 0 {
            let fact = Fact::new("rpc.last-fragment-missing")
                .with("followed", false)
                .with("between_fragments", unfinished.between_fragments)
                .with("fragments", unfinished.whole_fragments)
                .with("bytes", unfinished.present);
            out.fact(side, unfinished.span, fact);
        }
        let act = Act::Incomplete {
            op,
            expected: unfinished.expected,
            present: unfinished.present,
        };
        say(scope, side, unfinished.span, act, out);
    }

    /// The session and operation of a message of which only the head came.
    fn belongs(&self, side: Side, head: &[u8]) -> (Option<Scope>, Op) {
        match wire::message(head) {
            Message::Call(call) => (
                self.scope_of(side, call.program),
                programs::op(call.program, call.version, call.procedure),
            ),
            Message::Reply(reply) => self.calls[side.other()]
                .look(reply.xid)
                .map_or((None, Op::default()), |asked| (asked.scope, asked.op)),
            Message::Neither => (None, Op::default()),
        }
    }

    pub(super) fn record(&mut self, side: Side, record: Record<'_>, out: &mut Output<'_>) {
        if !self.opened {
            self.opened = true;
            out.phase(side, record.span, Phase::Open);
        }
        if out.wants_fields() && !record.told {
            self.describe(side, record, out);
        }
        match wire::message(record.head) {
            Message::Call(call) => self.call(side, record, &call, out),
            Message::Reply(reply) => self.reply(side, record, &reply, out),
            Message::Neither => {
                let what = "too short for the RPC message that it begins";
                out.emit(side, record.span, Act::Malformed { what });
            }
        }
    }

    /// Gives the fields of a message. Replies whose call was not seen are none: nothing tells what they answer.
    fn describe(&self, side: Side, record: Record<'_>, out: &mut Output<'_>) {
        let span = Span::new(record.span.start, record.came);
        let whole = Whole {
            mark: record.mark,
            bytes: record.bytes,
        };
        match wire::message(record.head) {
            Message::Call(call) => {
                let service = self.service(side, call.program);
                let key = exchange_id(side, call.xid);
                out.fields(side, span, |w| {
                    describe::call(w, whole, service, key);
                });
            }
            Message::Reply(reply) => {
                let caller = side.other();
                if let Some(asked) = self.calls[caller].look(reply.xid) {
                    let service = self.service(caller, asked.program);
                    let key = exchange_id(caller, reply.xid);
                    out.fields(side, span, |w| {
                        describe::reply(w, whole, asked, service, key);
                    });
                }
            }
            Message::Neither => {}
        }
    }

    /// The session that calls of a program are told in; `None` for RPC's own.
    pub(super) fn scope_of(&self, side: Side, program: u32) -> Option<Scope> {
        let number = self.service(side, program);
        let known = programs::program(number).filter(|p| !p.session.is_empty())?;
        // Companions of NFS on its connection belong to its session.
        let number = match number {
            programs::NFSACL | programs::NFS4_CALLBACK => programs::NFS,
            other => other,
        };
        Some(Scope {
            protocol: known.session,
            key: u64::from(number) << 32,
        })
    }

    /// The program whose tables a call is read with: a server of NFS that calls back uses a transient number.
    pub(super) fn service(&self, side: Side, program: u32) -> u32 {
        let transient = (0x4000_0000..0x6000_0000).contains(&program);
        let nfs = |s: &Served| s.scope.is_some_and(|s| s.protocol == "nfs");
        if transient && side == Side::Server && self.served.iter().any(nfs) {
            programs::NFS4_CALLBACK
        } else {
            program
        }
    }

    /// What is known of a session, from its first call on.
    pub(super) fn served(&mut self, scope: Option<Scope>) -> &mut Served {
        let at = self.served.iter().position(|s| s.scope == scope);
        let at = at.unwrap_or_else(|| {
            self.served.push(Served {
                scope,
                version: None,
                flavors: 0,
                phase: None,
                encrypted: false,
            });
            self.served.len() - 1
        });
        &mut self.served[at]
    }

    /// Starts TLS on this connection.
    pub(super) fn start_tls(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        self.tls = true;
        out.emit(side, span, Act::Encrypted);
        out.start_child(TLS, "tls", true, &[]);
    }
}

/// Says it in a program's session, or in RPC's own.
pub(super) fn say(scope: Option<Scope>, side: Side, span: Span, act: Act, out: &mut Output<'_>) {
    match scope {
        Some(scope) => out.emit_in(scope, side, span, act),
        None => out.emit(side, span, act),
    }
}

/// The id of an exchange: the xid, and a bit for the direction, since both sides may call.
pub(super) const fn exchange_id(caller: Side, xid: u32) -> u64 {
    (caller.index() as u64) << 32 | xid as u64
}

/// Four letters where a mark should be are the best hint at what is spoken instead.
fn with_text(fact: Fact, mark: u32) -> Fact {
    let bytes = mark.to_be_bytes();
    if bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        fact.with("text", String::from_utf8_lossy(&bytes).into_owned())
    } else {
        fact
    }
}
