//! What the rules of DCE/RPC share: which faults mean what, and faults told once a kind.

use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::Stamp;

use crate::diagnosis::View;
use crate::session::exchange::Failure;
use crate::session::model::{SeenFact, Session};

/// All calls of the operation that a return value belongs to, which ended with it.
pub(super) fn returned_failure<'a>(session: &'a Session, fact: &SeenFact) -> Option<&'a Failure> {
    let (operation, code) = (fact.text("operation"), fact.int("status").unwrap_or(0));
    let same = |f: &&Failure| i64::from(f.status.code) == code && f.op.to_string() == operation;
    session.troubles.failures.iter().find(same)
}

/// `nca_s_fault_cancel`: the server says that it cancelled the call.
pub(super) const FAULT_CANCEL: i64 = 0x1c00_000d;

/// The server has no room for the call: too busy, out of memory or of other resources.
pub(super) const fn is_busy(status: i64) -> bool {
    matches!(
        status,
        0x1c01_0014 | 0x1c00_001b | 0x1c00_0019 | 1721 | 1723 | 0x8001_010a | 0xc000_009a
    )
}

/// The server does not let the caller do it, or does not trust its security.
pub(super) const fn is_denied(status: i64) -> bool {
    matches!(
        status,
        5 | 0x1c00_001d
            | 0x1c00_001f
            | 1747
            | 1748
            | 1825
            | 0x8007_0005
            | 0x8001_011b
            | 0xc000_0022
            | 0x8009_030c
    )
}

/// Why nothing is told of what was said when.
pub(super) const OUT_OF_STEP: &str =
    "frames of the two directions stand in the capture in another order than on the wire";

/// Why nothing is claimed where [`elsewhere`] holds.
pub(super) const ELSEWHERE: &str = "the other messages may be elsewhere: a pipe's on another connection of its SMB session, a datagram's at another port";

/// True where a pipe's other messages may have taken another connection (guard T13): SMB 3 spreads the requests of
/// one session over all its channels, a write here and the read that fetches the answer there. So may the answers to
/// datagrams, which a server may send from a port of its own: it does where none came back.
pub(crate) fn elsewhere(view: &View<'_>) -> bool {
    if view.session.protocol == "dcerpc" && view.tcp().is_none() {
        return view.session.requests.answered == 0;
    }
    let parent = view
        .session
        .parent
        .and_then(|p| view.flow.sessions.get(p as usize));
    let Some(smb) = parent.filter(|p| p.protocol == "smb2") else {
        return false;
    };
    let dialect = smb.detail("dialect").map(ToString::to_string);
    if dialect.is_some_and(|d| d.starts_with("2.")) {
        return false;
    }
    let (client, server) = (view.flow.client, view.flow.server);
    let own = view.tcp().and_then(|t| t.sides.client.syns.first());
    view.session.began_before_capture
        || view.began_late()
        || view.world.connects.iter().any(|c| {
            c.accepted && c.client == client.address && c.server == server && Some(&c.syn) != own
        })
}

/// Why nothing is claimed of the calls of [`bound_unseen`].
pub(super) const BOUND_UNSEEN: &str =
    "the interface was bound before the capture, so that the call may be one that waits by design";

/// The interface of a call is not known since its bind was not captured (guard T1): some interfaces have calls that wait
/// for hours, such as the witness's WitnessrAsyncNotify.
pub(super) fn bound_unseen(view: &View<'_>, op: Op) -> bool {
    let session = view.session;
    session.protocol == "dcerpc" && session.began_before_capture && op.group == "unknown interface"
}

/// The faults of one operation with one status.
pub(super) struct Faults<'a> {
    /// The first one.
    pub(super) fact: &'a SeenFact,
    /// How often.
    pub(super) count: u64,
    /// The last one.
    pub(super) last: Stamp,
}

impl Faults<'_> {
    /// `nca_s_op_rng_error (0x1c010002)`.
    pub(super) fn status(&self) -> String {
        named(self.fact)
    }

    /// What had been called: "srvsvc NetrShareEnum".
    pub(super) fn operation(&self) -> &str {
        match self.fact.text("operation") {
            "" => "a call",
            operation => operation,
        }
    }

    /// The last one, where it is not the first.
    pub(super) fn last(&self) -> Option<Stamp> {
        (self.last != self.fact.stamp).then_some(self.last)
    }

    /// ", 12 times up to frame 99", or nothing for a single one.
    pub(super) fn times(&self) -> String {
        match self.count {
            0 | 1 => String::new(),
            count => format!(", {count} times up to frame {}", self.last.frame),
        }
    }
}

/// A status by name and number.
pub(super) fn named(fact: &SeenFact) -> String {
    let code = fact.int("status").unwrap_or(0);
    let number = match code {
        0..=0xffff => code.to_string(),
        _ => format!("0x{code:08x}"),
    };
    match fact.text("name") {
        "" => number,
        name => format!("{name} ({number})"),
    }
}

/// The faults of a session, one entry an operation and status, that `wanted` takes by status. A fault that only
/// answers a cancel of the client's own is none.
pub(super) fn faults(session: &Session, wanted: fn(i64) -> bool) -> Vec<Faults<'_>> {
    let mut kinds: Vec<Faults<'_>> = Vec::new();
    for fact in session.facts_named("dcerpc.fault") {
        let status = fact.int("status").unwrap_or(0);
        if !wanted(status) || answers_cancel(session, fact) {
            continue;
        }
        let same = |k: &&mut Faults<'_>| {
            k.fact.int("status") == Some(status)
                && k.fact.text("operation") == fact.text("operation")
        };
        if let Some(kind) = kinds.iter_mut().find(same) {
            kind.count += 1;
            kind.last = fact.stamp;
        } else {
            kinds.push(Faults {
                fact,
                count: 1,
                last: fact.stamp,
            });
        }
    }
    for kind in &mut kinds {
        count_all(session, kind);
    }
    kinds
}

/// Facts are bounded; failures by operation and status are counted to the end.
fn count_all(session: &Session, kind: &mut Faults<'_>) {
    let failure = session.troubles.failures.iter().find(|f| {
        i64::from(f.status.code) == kind.fact.int("status").unwrap_or(-1)
            && f.op.to_string() == kind.fact.text("operation")
    });
    if let Some(failure) = failure
        && failure.count > kind.count
    {
        kind.count = failure.count;
        kind.last = failure.last.answered;
    }
}

/// The client gave the call up, or may have done so unseen: then the fault is what it asked for.
fn answers_cancel(session: &Session, fault: &SeenFact) -> bool {
    let unseen = session.missing.client > 0 || session.began_before_capture;
    given_up(session, fault) || (fault.int("status") == Some(FAULT_CANCEL) && unseen)
}

/// True when the client had cancelled or orphaned the call before its answer.
pub(super) fn given_up(session: &Session, answer: &SeenFact) -> bool {
    let gave_up = |name| {
        session
            .facts_named(name)
            .any(|f| f.request.is_some() && f.request == answer.request)
    };
    gave_up("dcerpc.cancelled") || gave_up("dcerpc.orphaned")
}

/// True when a fault is most likely all that is said of a refused logon: an auth3 has no answer of its own, so that its
/// failure is told to the first call behind it (MS-RPCE 3.3.1.5.2.2); some servers say "protocol error" then.
pub(super) fn refuses_logon(fault: &SeenFact) -> bool {
    fault.is("after_auth3") && matches!(fault.int("status"), Some(0x1c01_000b | 1728))
}

/// True when `answer` answers a call on a context that was never agreed.
pub(super) fn on_unknown_context(session: &Session, answer: &SeenFact) -> bool {
    session
        .facts_named("dcerpc.unknown-context")
        .any(|f| f.request.is_some() && f.request == answer.request)
}

/// A text in front of what follows it, or nothing.
pub(super) fn with_reason(reason: &str, code: i64) -> String {
    match reason {
        "" => format!("reason {code}"),
        reason => format!("{reason} (reason {code})"),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Stamp;

    use super::*;
    use crate::diagnosis::World;
    use crate::diagnosis::rules::bench::dcerpc::{bind, bound};
    use crate::diagnosis::rules::bench::outcome;
    use crate::diagnosis::world::Connect;
    use crate::session::model::Flow;

    /// An association in a pipe of an SMB2 session with that dialect.
    fn piped(dialect: &'static str) -> Flow {
        let outcome = outcome(bound().client(&bind()).close().frames());
        let row = outcome.sessions().find(|r| r.session.protocol == "dcerpc");
        let mut flow = row.unwrap().judged.flow.clone();
        let parent = flow.sessions.len() as u32;
        let mut smb = Session::new(parent, None, "smb2", Stamp::default());
        smb.details.push(("dialect", dialect.into()));
        flow.sessions[1].parent = Some(parent);
        flow.sessions.push(smb);
        flow
    }

    fn is_elsewhere(flow: &Flow, connects: Vec<Connect>) -> bool {
        let world = World {
            connects,
            ..World::default()
        };
        elsewhere(&View {
            session: &flow.sessions[1],
            flow,
            world: &world,
        })
    }

    #[test]
    fn a_pipe_is_elsewhere_only_with_several_connections_of_smb_3() {
        let connect = |flow: &Flow, frame| Connect {
            syn: Stamp {
                frame,
                ..flow.tcp.as_deref().unwrap().sides.client.syns[0]
            },
            ..Connect::of(flow).unwrap()
        };
        let smb3 = piped("3.1.1");
        let own = connect(&smb3, 1);
        let other = connect(&smb3, 90);
        assert!(!is_elsewhere(&smb3, vec![own]));
        assert!(is_elsewhere(&smb3, vec![own, other]));
        assert!(!is_elsewhere(&piped("2.1"), vec![own, other]));
        let mut plain = piped("3.1.1");
        plain.sessions[1].parent = Some(0);
        assert!(!is_elsewhere(&plain, vec![own, other]));
    }

    #[test]
    fn a_pipe_that_was_opened_unseen_may_be_elsewhere() {
        let mut flow = piped("3.0");
        assert!(!is_elsewhere(&flow, Vec::new()));
        flow.sessions[1].began_before_capture = true;
        assert!(is_elsewhere(&flow, Vec::new()));
    }

    /// Two calls in datagrams; the first is answered, or not.
    fn datagrams(answered: bool) -> Vec<crate::capture::script::ScriptFrame> {
        use crate::capture::script::Script;
        use crate::diagnosis::rules::bench::dcerpc::datagram;
        let script = Script::udp("10.0.0.1:1025", "10.0.0.2:1026").client(&datagram(0, 1, b"hi"));
        let script = if answered {
            script.server(&datagram(2, 1, &[0; 4]))
        } else {
            script
        };
        let script = script.wait_secs(1.0).client(&datagram(0, 2, b"ho"));
        let script = script.wait_secs(2.0).client(&datagram(0, 2, b"ho"));
        script
            .wait_secs(300.0)
            .client(&datagram(1, 2, b""))
            .frames()
    }

    #[test]
    fn calls_in_datagrams_are_missed_only_where_answers_come_back_here() {
        use crate::diagnosis::rules::bench::{cannot_tell, findings};
        use crate::session::model::State;
        const RULE: &str = "request-unanswered";
        let found = findings(datagrams(true), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("NetrSendMessage"), "{found:?}");
        assert!(findings(datagrams(false), RULE).is_empty());
        assert_eq!(cannot_tell(datagrams(false), RULE), ["T13"]);
        let states = |answered| {
            let outcome = outcome(datagrams(answered));
            let rows = outcome
                .sessions()
                .filter(|r| r.session.protocol == "dcerpc");
            rows.map(|r| r.state()).collect::<Vec<_>>()
        };
        assert_eq!(
            (states(true), states(false)),
            (vec![State::Stuck], vec![State::Open])
        );
    }

    #[test]
    fn a_call_in_datagrams_that_is_rejected_is_told_once() {
        use crate::capture::script::Script;
        use crate::diagnosis::rules::bench::dcerpc::datagram;
        let unknown = 0x1c01_0003_u32.to_le_bytes();
        let script = Script::udp("10.0.0.1:1025", "10.0.0.2:1026").client(&datagram(0, 1, b"hi"));
        let outcome = outcome(script.server(&datagram(6, 1, &unknown)).frames());
        let told: Vec<_> = outcome.findings.iter().map(|f| &f.finding).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].explanation.contains("nca_s_unk_if"), "{told:?}");
    }
}
