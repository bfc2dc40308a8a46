//! What a call does to the conversation.

use super::auth::{self, Gss};
use super::calls::{About, Asked, Who};
use super::nfs4::{self, Channel};
use super::record::Record;
use super::session::{Session, exchange_id, say};
use super::wire::{Call, call_digest};
use super::xdr::{Xdr, text};
use super::{portmap, programs};
use crate::dissector::{Output, Scope};
use crate::event::{Act, Expect, Fact, Op, Phase, Value};
use crate::units::{Side, Span};

/// Bytes of a call up to the flavor of its credential.
const FLAVOR_ENDS: usize = 28;
/// The longest path of MNT (RFC 1813 section 5.1.4).
const LONGEST_PATH: u32 = 1024;

impl Session {
    pub(super) fn call(
        &mut self,
        side: Side,
        record: Record<'_>,
        call: &Call<'_>,
        out: &mut Output<'_>,
    ) {
        let span = record.span;
        let scope = self.scope_of(side, call.program);
        let program = self.service(side, call.program);
        let gss = call.cred.as_ref().and_then(auth::gss);
        let args = match (call.args, gss) {
            (Some(args), Some(gss)) => gss.inner(args),
            (args, _) => args,
        };
        let mut shown = out.wants_text().then(String::new);
        let about = about(program, call, args, shown.as_mut());
        let op = op(program, call, gss, &about);
        let makes = self.tell(program, call, args, &mut shown);
        self.introduce(side, span, scope, call, gss, out);
        Self::describe_about(scope, side, span, &about, out);
        let used = match (args, &about) {
            (Some(args), About::Compound(c)) if c.channel == Channel::Fore => {
                self.clients.called(op.code, args, call.xid);
                let tell = |act| say(scope, side, span, act, out);
                self.slots.called(args, call.xid, tell)
            }
            _ => None,
        };
        let expect = expect(program, call);
        if let Some(shown) = shown {
            out.describe(|| call_text(op, call, gss, &shown));
        }
        let id = exchange_id(side, call.xid);
        let request = Act::Request {
            id,
            op,
            expect,
            digest: call_digest(call, record.len),
        };
        let is_control = gss.is_some_and(|gss| gss.procedure != 0);
        if out.wants_names()
            && !is_control
            && let Some(name) = programs::full_name(op, program, call.version)
        {
            out.name(|| name);
        }
        say(scope, side, span, request, out);
        self.oddities(side, span, scope, call, gss, out);
        let sys = call.cred.as_ref().and_then(auth::sys);
        let asked = Asked {
            scope,
            op,
            program,
            version: call.version,
            procedure: call.procedure,
            who: Who::new(call.cred.map_or(0, |c| c.flavor), sys),
            gss,
            one_way: expect == Expect::Nothing,
            about,
            used,
            cut: call.cred.is_none() && record.head.len() < FLAVOR_ENDS,
            makes,
        };
        if !self.calls[side].ask(call.xid, asked) {
            let what = "calls that wait for their reply: the oldest were let go";
            say(scope, side, span, Act::Limit { what }, out);
        }
    }

    /// Another version of RPC, and what the call does to its RPCSEC_GSS context.
    fn oddities(
        &mut self,
        side: Side,
        span: Span,
        scope: Option<Scope>,
        call: &Call<'_>,
        gss: Option<Gss>,
        out: &mut Output<'_>,
    ) {
        let id = exchange_id(side, call.xid);
        if call.rpcvers != 2 {
            let fact = Fact::new("rpc.version").with("rpcvers", call.rpcvers);
            say(
                scope,
                side,
                span,
                Act::Fact(Box::new(fact.in_exchange(id))),
                out,
            );
        }
        if let Some(cred) = call.cred.as_ref()
            && let Some(gss) = gss.filter(|gss| gss.procedure == 0)
            && let Some(handle) = auth::gss_handle(cred)
            && let Some(fact) = self.gss[side].used(handle, gss.sequence, call.xid)
        {
            let fact = Act::Fact(Box::new(fact.in_exchange(id)));
            say(scope, side, span, fact, out);
        }
    }

    /// The call's arguments in words, and the path that its answer may give a handle to.
    fn tell(
        &self,
        program: u32,
        call: &Call<'_>,
        args: Option<&[u8]>,
        shown: &mut Option<String>,
    ) -> Option<Box<str>> {
        let (shown, args) = (shown.as_mut()?, args?);
        match program {
            programs::NFS if call.version < 4 => {
                let told = self.files.tell(call.version, call.procedure, args);
                shown.push_str(&told.text);
                told.makes
            }
            programs::PORTMAP => {
                shown.push_str(&portmap::tell(call.version, call.procedure, args));
                None
            }
            programs::MOUNT if matches!(call.procedure, 1 | 3) => {
                let path = text(Xdr::new(args).opaque(LONGEST_PATH)?);
                shown.push_str(&path);
                Some(path.into())
            }
            _ => None,
        }
    }

    /// Says who calls which program, when it is new.
    fn introduce(
        &mut self,
        side: Side,
        span: Span,
        scope: Option<Scope>,
        call: &Call<'_>,
        gss: Option<Gss>,
        out: &mut Output<'_>,
    ) {
        let served = self.served(scope);
        let mut detail = |key, value| say(scope, side, span, Act::Detail { key, value }, out);
        if served.version != Some(call.version) {
            served.version = Some(call.version);
            detail("program", call.program.into());
            let name = programs::name(call.program);
            if !name.is_empty() {
                detail("program_name", name.into());
            }
            detail("version", call.version.into());
        }
        if let Some(cred) = &call.cred {
            let bit = 1_u32 << cred.flavor.min(31);
            if served.flavors & bit == 0 {
                served.flavors |= bit;
                for (key, value) in who(cred, gss) {
                    detail(key, value);
                }
            }
        }
        let served = self.served(scope);
        match gss {
            Some(gss) if gss.is_private() && !served.encrypted => {
                served.encrypted = true;
                say(scope, side, span, Act::Encrypted, out);
            }
            Some(Gss { procedure: 1, .. }) if served.phase.is_none() => {
                served.phase = Some(Phase::Authenticating);
                say(scope, side, span, Act::Phase(Phase::Authenticating), out);
            }
            _ => {}
        }
    }

    fn describe_about(
        scope: Option<Scope>,
        side: Side,
        span: Span,
        about: &About,
        out: &mut Output<'_>,
    ) {
        if let About::Export(path) = about {
            let value = Value::Text(path.to_string());
            say(
                scope,
                side,
                span,
                Act::Detail {
                    key: "export",
                    value,
                },
                out,
            );
        }
    }
}

/// The details that a credential gives.
fn who(cred: &super::wire::Auth<'_>, gss: Option<Gss>) -> Vec<(&'static str, Value)> {
    let name = auth::flavor_name(cred.flavor);
    let flavor = if name.is_empty() {
        Value::from(cred.flavor)
    } else {
        Value::from(name)
    };
    let mut all = vec![("auth_flavor", flavor)];
    if let Some(sys) = auth::sys(cred) {
        all.push(("machine_name", sys.machine_name().into()));
        all.push(("uid", sys.uid.into()));
        all.push(("gid", sys.gid.into()));
    }
    if let Some(gss) = gss {
        all.push(("gss_service", gss.service_name().into()));
    }
    all
}

/// What of the arguments the reply will need.
fn about(program: u32, call: &Call<'_>, args: Option<&[u8]>, shown: Option<&mut String>) -> About {
    let Some(args) = args else {
        return About::Nothing;
    };
    let compound =
        |channel| nfs4::compound(args, channel, shown).map_or(About::Nothing, About::Compound);
    match (program, call.version, call.procedure) {
        (programs::NFS, 4, 1) => compound(Channel::Fore),
        (programs::NFS4_CALLBACK, _, 1) => compound(Channel::Back),
        (programs::PORTMAP, version, procedure) if portmap::asks_place(version, procedure) => {
            portmap::wanted(version, args).map_or(About::Nothing, |w| About::Place(Box::new(w)))
        }
        (programs::MOUNT, _, 1) => Xdr::new(args)
            .opaque(LONGEST_PATH)
            .map_or(About::Nothing, |path| About::Export(text(path).into())),
        (programs::NFS, 3, 4) => {
            let mut xdr = Xdr::new(args);
            let rights = xdr.opaque(64).and_then(|_| xdr.word());
            rights.map_or(About::Nothing, About::Rights)
        }
        _ => About::Nothing,
    }
}

fn op(program: u32, call: &Call<'_>, gss: Option<Gss>, about: &About) -> Op {
    match (gss, about) {
        (Some(gss), _) if gss.procedure != 0 => {
            Op::of("rpcsec_gss", gss.procedure_name(), gss.procedure)
        }
        (_, About::Compound(compound)) => compound.main(),
        _ => programs::op(program, call.version, call.procedure),
    }
}

/// Calls that are answered only sometimes, by design.
fn expect(program: u32, call: &Call<'_>) -> Expect {
    match (program, call.procedure) {
        // The called machine answers a broadcast only when the inner call succeeds (RFC 1833 section 2.2.1).
        (programs::PORTMAP, procedure) if portmap::is_broadcast(procedure) => Expect::Nothing,
        // NLM's asynchronous procedures are answered by another call, not by a reply (X/Open C702).
        (programs::NLM, 6..=15) => Expect::Nothing,
        (programs::YPSERV, 2) => Expect::Nothing,
        _ => Expect::Answer,
    }
}

fn call_text(op: Op, call: &Call<'_>, gss: Option<Gss>, shown: &str) -> String {
    let mut text = op.to_string();
    if programs::name(call.program).is_empty() && op.group.is_empty() {
        text = format!("program {} version {} {text}", call.program, call.version);
    }
    if op.group == "nfs4" && !op.name.is_empty() && shown.starts_with(op.name) {
        // A compound that begins with what it is about.
        text = format!("{} {shown}", op.group);
    } else if !shown.is_empty() {
        text.push_str(if op.group == "nfs4" { ": " } else { " " });
        text.push_str(shown);
    }
    if let Some(gss) = gss {
        let (service, sequence) = (gss.service_name(), gss.sequence);
        text.extend([
            " (RPCSEC_GSS ",
            service,
            ", sequence ",
            &sequence.to_string(),
            ")",
        ]);
    }
    if call.rpcvers != 2 {
        text.extend([" (RPC version ", &call.rpcvers.to_string(), ")"]);
    }
    text
}
