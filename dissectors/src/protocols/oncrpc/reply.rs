//! What a reply does to the conversation.

use super::auth::{AUTH_TLS, flavor_name};
use super::calls::{About, Asked};
use super::portmap::Wanted;
use super::record::Record;
use super::session::{Session, exchange_id, say};
use super::slots::{BADSESSION, Use};
use super::wire::{Outcome, Reply};
use super::xdr::{Xdr, text as printable};
use super::{clients, nfs4, portmap, programs, slots, status};
use crate::dissector::{Output, Scope};
use crate::event::{Act, Fact, Op, Phase, Status, Value};
use crate::text;
use crate::units::{Side, Span};

/// NFS4ERR_EXPIRED and NFS4ERR_STALE_CLIENTID.
const EXPIRED: u32 = 10_011;
const STALE_CLIENTID: u32 = 10_022;
/// Mappings kept for the details of a port mapper's session.
const MOST_MAPPINGS: usize = 16;

impl Session {
    pub(super) fn reply(
        &mut self,
        side: Side,
        record: Record<'_>,
        reply: &Reply<'_>,
        out: &mut Output<'_>,
    ) {
        let span = record.span;
        let id = exchange_id(side.other(), reply.xid);
        let Some(asked) = self.calls[side.other()].answer(reply.xid).cloned() else {
            self.unasked(side, span, id, reply, out);
            return;
        };
        let outcome = inner(&reply.outcome, &asked);
        let status = status_of(&outcome, &asked);
        if let Some(fact) = fact_of(&outcome, status, &asked) {
            say(
                asked.scope,
                side,
                span,
                Act::Fact(Box::new(fact.in_exchange(id))),
                out,
            );
        }
        if let (Outcome::Success(results), About::Place(wanted)) = (&outcome, &asked.about) {
            self.mapping(side, span, id, results, wanted, &asked, out);
        }
        if let (Some(gss), Outcome::Success(results)) = (asked.gss, &reply.outcome) {
            self.context(side, span, gss.procedure, results, asked.scope, out);
        }
        if let About::Compound(_) = asked.about {
            let fact = self.state_of(&outcome, status, &asked, reply.xid);
            if let Some(fact) = fact.map(|fact| Box::new(fact.in_exchange(id))) {
                say(asked.scope, side, span, Act::Fact(fact), out);
            }
        }
        if let Some(used) = asked.used {
            let results = match &outcome {
                Outcome::Success(results) => Some(*results),
                _ => None,
            };
            let tell = |act| say(asked.scope, side, span, act, out);
            self.slots.answered(used, reply.xid, results, tell);
        }
        self.enter(side, span, &outcome, &asked, out);
        if out.wants_text() {
            self.learn(&outcome, &asked);
            out.describe(|| reply_text(&outcome, status, &asked));
        }
        let act = if asked.one_way {
            Act::Message { op: asked.op }
        } else {
            Act::Reply { id, status }
        };
        say(asked.scope, side, span, act, out);
        let starttls = reply.verifier.is_some_and(|v| v.body == b"STARTTLS");
        if asked.who.flavor == AUTH_TLS && starttls && matches!(reply.outcome, Outcome::Success(_))
        {
            self.start_tls(side, span, out);
        }
    }

    /// A client id or session that a compound was given or refused.
    fn state_of(
        &self,
        outcome: &Outcome<'_>,
        status: Status,
        asked: &Asked,
        xid: u32,
    ) -> Option<Fact> {
        let Outcome::Success(results) = outcome else {
            return None;
        };
        let client = |name, client: u64| Fact::new(name).with("client", format!("{client:016x}"));
        let session = |name, id: slots::SessionId| Fact::new(name).with("session", text::hex(&id));
        match (status.code, asked.op.code) {
            (0, clients::EXCHANGE_ID) => {
                clients::given(results).map(|id| client("nfs.client-given", id))
            }
            (0, clients::SETCLIENTID_CONFIRM) => {
                let confirmed = self.clients.named_in(xid);
                confirmed.map(|id| client("nfs.client-given", id))
            }
            (0, slots::CREATE_SESSION) => {
                let given = slots::first_result(results).and_then(|mut xdr| slots::id(&mut xdr));
                given.map(|id| session("nfs.session-given", id))
            }
            (0, slots::DESTROY_SESSION) => {
                let ended = self.slots.leaving();
                ended.map(|id| session("nfs.session-ended", id))
            }
            (EXPIRED | STALE_CLIENTID, _) => {
                let refused = self.clients.named_in(xid);
                refused.map(|id| client("nfs.client-refused", id))
            }
            (BADSESSION, _) => match asked.used {
                Some(Use::Slot(slot)) => {
                    let (id, known) = self.slots.holder(slot, xid)?;
                    Some(session("nfs.session-refused", id).with("known", known))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What an RPCSEC_GSS control call did (RFC 2203 section 5.2).
    fn context(
        &mut self,
        side: Side,
        span: Span,
        procedure: u32,
        results: &[u8],
        scope: Option<Scope>,
        out: &mut Output<'_>,
    ) {
        let contexts = &mut self.gss[side.other()];
        let mut detail = |key, value: u32| {
            let value = Value::from(value);
            say(scope, side, span, Act::Detail { key, value }, out);
        };
        match procedure {
            1 | 2 => {
                if let Some(window) = contexts.created(results) {
                    detail("gss_window", window);
                    detail("gss_contexts", contexts.created);
                }
            }
            3 => {
                contexts.destroyed();
                detail("gss_contexts_destroyed", contexts.destroyed);
            }
            _ => {}
        }
    }

    /// A reply whose call was not seen: told in the only session there is, or in RPC's own.
    fn unasked(
        &mut self,
        side: Side,
        span: Span,
        id: u64,
        reply: &Reply<'_>,
        out: &mut Output<'_>,
    ) {
        let scope = match self.served.as_slice() {
            [only] => only.scope,
            _ => None,
        };
        let status = rpc_status(&reply.outcome).unwrap_or(Status::OK);
        out.describe(|| {
            format!(
                "reply to xid 0x{:08x}, whose call was not captured",
                reply.xid
            )
        });
        say(scope, side, span, Act::Reply { id, status }, out);
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one event and all that it is about"
    )]
    fn mapping(
        &mut self,
        side: Side,
        span: Span,
        id: u64,
        results: &[u8],
        wanted: &Wanted,
        asked: &Asked,
        out: &mut Output<'_>,
    ) {
        let Some(place) = portmap::place(asked.version, results) else {
            return;
        };
        let fact = Fact::new("portmap.answer")
            .with("program", wanted.program)
            .with("program_name", programs::name(wanted.program))
            .with("version", wanted.version)
            .with("protocol", wanted.netid.clone())
            .with("port", place.port)
            .with("address", place.address.clone())
            .in_exchange(id);
        say(asked.scope, side, span, Act::Fact(Box::new(fact)), out);
        if self.mappings.len() < MOST_MAPPINGS {
            let to = match (place.port, place.address.as_str()) {
                (0, "") => "not registered".to_owned(),
                (0, address) => address.to_owned(),
                (port, _) => format!("port {port}"),
            };
            let told = Value::Text(format!("{}: {to}", wanted.title()));
            if self.mappings.contains(&told) {
                return;
            }
            self.mappings.push(told);
            let value = Value::List(self.mappings.clone());
            say(
                asked.scope,
                side,
                span,
                Act::Detail {
                    key: "mappings",
                    value,
                },
                out,
            );
        }
    }

    /// A program's session is refused until a call of it was accepted.
    fn enter(
        &mut self,
        side: Side,
        span: Span,
        outcome: &Outcome<'_>,
        asked: &Asked,
        out: &mut Output<'_>,
    ) {
        let refused = matches!(
            outcome,
            Outcome::RpcMismatch { .. }
                | Outcome::AuthError(_)
                | Outcome::ProgMismatch { .. }
                | Outcome::Accepted(1)
        );
        let authenticating = asked.gss.is_some_and(|g| g.procedure != 0);
        let served = self.served(asked.scope);
        let next = match (served.phase, outcome) {
            (Some(Phase::Open), _) => return,
            (_, Outcome::Success(_)) if !authenticating => Phase::Open,
            (Some(Phase::Refused), _) => return,
            _ if refused => Phase::Refused,
            _ => return,
        };
        let before = served.phase.replace(next);
        // A session is open from its first message on unless something else was said.
        if before.is_some() || next == Phase::Refused {
            say(asked.scope, side, span, Act::Phase(next), out);
        }
    }

    fn learn(&mut self, outcome: &Outcome<'_>, asked: &Asked) {
        let (Outcome::Success(results), Some(path)) = (outcome, &asked.makes) else {
            return;
        };
        match (asked.program, asked.version, asked.procedure) {
            (programs::MOUNT, version, 1) => self.files.learn_answer(version, false, results, path),
            (programs::NFS, 2, _) | (programs::NFS, 3, 3) => {
                self.files.learn_answer(asked.version, false, results, path);
            }
            (programs::NFS, 3, 8..=11) => self.files.learn_answer(3, true, results, path),
            _ => {}
        }
    }
}

/// The procedure's own results out of RPCSEC_GSS.
fn inner<'a>(outcome: &Outcome<'a>, asked: &Asked) -> Outcome<'a> {
    match (outcome, asked.gss) {
        (Outcome::Success(results), Some(gss)) if gss.procedure == 0 => {
            Outcome::Success(gss.inner(results).unwrap_or(&[]))
        }
        _ => *outcome,
    }
}

/// What RPC itself says; `None` where it is up to the program.
fn rpc_status(outcome: &Outcome<'_>) -> Option<Status> {
    match outcome {
        Outcome::Success(_) | Outcome::Cut => None,
        Outcome::ProgMismatch { .. } => Some(status::accept_stat(2)),
        Outcome::Accepted(code) => Some(status::accept_stat(*code)),
        Outcome::RpcMismatch { .. } => Some(Status::failure(0, "RPC_MISMATCH")),
        Outcome::AuthError(code) => Some(status::auth_stat(*code)),
        Outcome::Unknown(code) => Some(Status::failure(*code, "")),
    }
}

fn status_of(outcome: &Outcome<'_>, asked: &Asked) -> Status {
    if let Some(status) = rpc_status(outcome) {
        return status;
    }
    let Outcome::Success(results) = outcome else {
        return Status::OK;
    };
    program_status(results, asked).unwrap_or(Status::OK)
}

fn program_status(results: &[u8], asked: &Asked) -> Option<Status> {
    let mut xdr = Xdr::new(results);
    match (asked.gss, asked.program, asked.procedure) {
        // rpc_gss_init_res: the context handle, then GSS-API's major status.
        (Some(gss), ..) if matches!(gss.procedure, 1 | 2) => {
            let _handle = xdr.opaque(1024)?;
            Some(gss_status(xdr.word()?))
        }
        (Some(gss), ..) if gss.procedure == 3 => None,
        (_, _, 0) => None,
        // ROOT and WRITECACHE of NFSv2 answer nothing.
        (_, programs::NFS, 3 | 7) if asked.version == 2 => None,
        (_, programs::NFS | programs::NFS4_CALLBACK | programs::NFSACL, _) => {
            let version = if asked.program == programs::NFS4_CALLBACK {
                4
            } else {
                asked.version
            };
            Some(status::nfs(version, xdr.word()?))
        }
        (_, programs::MOUNT, 1) => Some(status::mount(xdr.word()?)),
        (_, programs::NLM, 1..=4 | 20 | 21 | 22) => {
            let _cookie = xdr.opaque(1024)?;
            Some(status::nlm(asked.version, xdr.word()?))
        }
        (_, programs::NSM, 1 | 2) => Some(match xdr.word()? {
            0 => Status::OK,
            code => Status::failure(code, "STAT_FAIL"),
        }),
        _ => None,
    }
}

/// GSS-API's routine errors stand in the upper half (RFC 2743 section 1.2.1.1).
fn gss_status(major: u32) -> Status {
    match major {
        0 => Status::OK,
        1 => Status::ok(1, "GSS_S_CONTINUE_NEEDED"),
        other => Status::failure(other, "GSS_S_FAILURE"),
    }
}

/// The fact that an answer gives the rules.
fn fact_of(outcome: &Outcome<'_>, status: Status, asked: &Asked) -> Option<Fact> {
    let base = |name| {
        Fact::new(name)
            .with("program", asked.program)
            .with("program_name", programs::name(asked.program))
            .with("version", asked.version)
            .with("procedure", asked.procedure)
    };
    match outcome {
        Outcome::ProgMismatch { low, high } => {
            let fact = base("rpc.program-unavailable").with("accept_stat", "PROG_MISMATCH");
            Some(fact.with("low", *low).with("high", *high))
        }
        Outcome::Accepted(1 | 3) => {
            Some(base("rpc.program-unavailable").with("accept_stat", status.name))
        }
        Outcome::Accepted(code) => Some(
            base("rpc.server-error")
                .with("accept_stat", status.name)
                .with("code", *code),
        ),
        Outcome::RpcMismatch { low, high } => Some(
            base("rpc.version-mismatch")
                .with("low", *low)
                .with("high", *high),
        ),
        Outcome::AuthError(code) => Some(whose(
            base("rpc.auth-error")
                .with("auth_stat", status.name)
                .with("code", *code)
                .with("flavor", asked.who.flavor)
                .with("flavor_name", flavor_name(asked.who.flavor)),
            asked,
        )),
        Outcome::Success(results) => nfs_denied(results, status, asked),
        Outcome::Unknown(code) => Some(base("rpc.unknown-reply").with("code", *code)),
        Outcome::Cut => None,
    }
}

/// Access refused by NFS or MOUNT: 1 PERM, 13 ACCES, 30 ROFS, 10016 WRONGSEC.
fn nfs_denied(results: &[u8], status: Status, asked: &Asked) -> Option<Fact> {
    let of_files = matches!(
        asked.scope,
        Some(Scope {
            protocol: "nfs" | "mount",
            ..
        })
    );
    if !of_files || !status.failed || !matches!(status.code, 1 | 13 | 30 | 10016) {
        return None;
    }
    let mut fact = Fact::new("nfs.access-denied")
        .with("status", status.name)
        .with("operation", operation(results, asked).to_string())
        .with("flavor_name", flavor_name(asked.who.flavor));
    if let About::Export(path) = &asked.about {
        fact = fact.with("path", path.to_string());
    }
    Some(whose(fact, asked))
}

fn whose(fact: Fact, asked: &Asked) -> Fact {
    match asked.who.ids {
        Some((uid, gid)) => fact.with("uid", uid).with("gid", gid),
        None => fact,
    }
}

/// The operation that an answer is about: in a compound the one that ended it.
fn operation(results: &[u8], asked: &Asked) -> Op {
    if let (About::Compound(compound), Some((_, done))) = (&asked.about, nfs4::result(results)) {
        let name = compound.last_of(done);
        if !name.is_empty() {
            return Op::of(asked.op.group, name, 0);
        }
        // No operation was begun: the compound itself is refused.
        if done == 0 && asked.op.group == "nfs4" {
            return Op::of(asked.op.group, "COMPOUND", 1);
        }
    }
    asked.op
}

fn reply_text(outcome: &Outcome<'_>, status: Status, asked: &Asked) -> String {
    let op = asked.op;
    match outcome {
        Outcome::ProgMismatch { low, high } => {
            let has = text::versions(i64::from(*low), i64::from(*high));
            format!("{op}: PROG_MISMATCH, the server has {has}")
        }
        Outcome::RpcMismatch { low, high } => {
            let speaks = text::versions(i64::from(*low), i64::from(*high));
            format!("{op}: RPC_MISMATCH, the server speaks RPC {speaks}")
        }
        Outcome::Success(results) if status.failed => match operation(results, asked) {
            last if last.name == op.name => format!("{op}: {status}"),
            last => format!("{op}: {status} by {}", last.name),
        },
        Outcome::Success(results) => {
            let more = success_text(results, asked).unwrap_or_default();
            format!("{op}: {status}{more}")
        }
        Outcome::Cut => format!("{op}: cut off in the capture"),
        _ => format!("{op}: {status}"),
    }
}

fn success_text(results: &[u8], asked: &Asked) -> Option<String> {
    let mut xdr = Xdr::new(results);
    match (asked.program, asked.version, asked.procedure) {
        (programs::PORTMAP, version, procedure) if portmap::asks_place(version, procedure) => {
            let place = portmap::place(version, results)?;
            Some(match (place.port, place.address.as_str()) {
                (0, "") => ", not registered".to_owned(),
                (port, "") => format!(", port {port}"),
                (_, address) => format!(", address {}", printable(address.as_bytes())),
            })
        }
        (programs::NFS, 3, 6) => {
            xdr.word()?;
            if xdr.present()? {
                xdr.skip_words(21)?;
            }
            let (count, eof) = (xdr.word()?, xdr.present()?);
            Some(format!(
                ", {count} bytes{}",
                if eof { ", end of file" } else { "" }
            ))
        }
        (programs::NFS, 3, 7) => {
            xdr.word()?;
            if xdr.present()? {
                xdr.skip_words(6)?;
            }
            if xdr.present()? {
                xdr.skip_words(21)?;
            }
            Some(format!(", {} bytes", xdr.word()?))
        }
        _ => None,
    }
}
