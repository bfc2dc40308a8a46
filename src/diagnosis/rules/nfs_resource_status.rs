//! `nfs-resource-status`.

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Failure;
use colloquy_dissectors::units::{Side, Stamp};

declare_rule! {
    /// ## What it means
    /// Something at the server is used up or gone: space, quota, resources for the call or for locks, or what the client still holds
    /// (a file handle of a removed file, a lease, an open or lock state, a client id).
    ///
    /// ## Why it matters
    /// Writes fail although the mount works; or programs see "Stale file handle" until they open the file anew.
    ///
    /// ## How it is told
    /// The reply's status is NOSPC, DQUOT, FBIG or STALE in any version, or RESOURCE, EXPIRED, LEASE_MOVED,
    /// ADMIN_REVOKED, STALE_CLIENTID, STALE_STATEID, FHEXPIRED in NFSv4, or DENIED_NOLOCKS of the lock manager.
    ///
    /// STALE_CLIENTID and STALE_STATEID say only that the server does not know the id: it was restarted, it let the client go, or
    /// nobody gave that id. So it is certain only where the capture shows on another connection that the server gave the client id.
    /// EXPIRED is the client's where nothing came on its connection for five seconds or more before: the lease is not in the capture,
    /// so that this is likely.
    ///
    /// ## Example
    /// WRITE answered NFS3ERR_NOSPC.
    ///
    /// ## What to do
    /// NOSPC, DQUOT: make room or raise the quota. STALE: the file or file system was removed or exported anew; mount
    /// again. EXPIRED: the client did not renew its lease in time; look for gaps in its RENEW or SEQUENCE calls.
    /// STALE_CLIENTID, STALE_STATEID: find out whether the server was restarted; the client reclaims its state by itself.
    ///
    /// ## References
    /// RFC 1813 section 2.6, RFC 7530 sections 9.5, 9.6 and 13.1, RFC 8881 section 15.1.
    pub NfsResourceStatus = "nfs-resource-status" {
        summary: "No space, no quota, stale or expired",
        severity: Warning,
        category: Resources,
        protocols: ["nfs", "mount", "nlm"],
        reference: "RFC 1813 section 2.6; RFC 7530 section 13.1; RFC 8881 section 15.1",
    }
}

/// What is used up or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Space,
    Quota,
    Size,
    File,
    Handle,
    Compound,
    Locks,
    Lease,
    Moved,
    Revoked,
    Client,
    State,
}

const STATUSES: [(&str, Kind); 22] = [
    ("NFSERR_NOSPC", Kind::Space),
    ("NFS3ERR_NOSPC", Kind::Space),
    ("NFS4ERR_NOSPC", Kind::Space),
    ("NFSERR_DQUOT", Kind::Quota),
    ("NFS3ERR_DQUOT", Kind::Quota),
    ("NFS4ERR_DQUOT", Kind::Quota),
    ("NFSERR_FBIG", Kind::Size),
    ("NFS3ERR_FBIG", Kind::Size),
    ("NFS4ERR_FBIG", Kind::Size),
    ("NFSERR_STALE", Kind::File),
    ("NFS3ERR_STALE", Kind::File),
    ("NFS4ERR_STALE", Kind::File),
    ("NLM4_STALE_FH", Kind::File),
    ("NFS4ERR_FHEXPIRED", Kind::Handle),
    ("NFS4ERR_RESOURCE", Kind::Compound),
    ("LCK_DENIED_NOLOCKS", Kind::Locks),
    ("NLM4_DENIED_NOLOCKS", Kind::Locks),
    ("NFS4ERR_EXPIRED", Kind::Lease),
    ("NFS4ERR_LEASE_MOVED", Kind::Moved),
    ("NFS4ERR_ADMIN_REVOKED", Kind::Revoked),
    ("NFS4ERR_STALE_CLIENTID", Kind::Client),
    ("NFS4ERR_STALE_STATEID", Kind::State),
];

/// The status is one of these.
pub(crate) fn tells(status: &str) -> bool {
    kind(status).is_some()
}

fn kind(status: &str) -> Option<Kind> {
    let known = STATUSES.iter().find(|(name, _)| *name == status);
    known.map(|(_, kind)| *kind)
}

impl Kind {
    /// What the status says.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Space => "the file system is full",
            Self::Quota => "the user's quota is used up",
            Self::Size => "the file is too large for the server",
            Self::File => "the file is gone that the handle stood for",
            Self::Handle => "the handle has expired",
            Self::Compound => "the server lacks resources for the compound",
            Self::Locks => "the server has no resources left for locks",
            Self::Lease => "the client's lease has expired",
            Self::Moved => "the lease has moved to another server",
            Self::Revoked => "an administrator revoked the state",
            Self::Client => "the server does not know the client id",
            Self::State => "the server does not know the state id",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Space => "Look at the space and the inodes of the server's file system.",
            Self::Quota => "Look at the quotas of the server's file system.",
            Self::Size => "Look at the largest file that the server's file system can hold.",
            Self::File => {
                "Find out who removed the file. Where all handles of an export are stale, it was exported anew or its file system \
                 replaced: mount again."
            }
            Self::Handle => "Look whether the server's file system was moved or mounted anew.",
            Self::Compound => {
                "Look at the server's load and its limits; note both versions where it goes on."
            }
            Self::Locks => "Look at the server's memory and the number of its locks.",
            Self::Lease => {
                "Find out why the client did not renew its lease: RENEW or SEQUENCE has to come within the lease time that the server \
                 is set to."
            }
            Self::Moved => "Look where the file system has moved (fs_locations).",
            Self::Revoked => "Ask the server's administrator.",
            Self::Client | Self::State => {
                "Find out whether the server was restarted; the client gets a new client id and reclaims its state by itself. Where it \
                 was not, look at the client that uses the id."
            }
        }
    }
}

impl NfsResourceStatus {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for failure in &view.session.troubles.failures {
            if let Some(kind) = kind(failure.status.name) {
                out.raise(finding(view, failure, kind));
            }
        }
    }
}

fn finding(view: &View<'_>, failure: &Failure, kind: Kind) -> Finding {
    let (first, last) = (failure.first, failure.last);
    let found = Finding::new(&META, first.answered)
        .side(Side::Server)
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .maybe_frame((failure.count > 1).then_some(last.answered), "last-answer")
        .title(format!("{} failed: {}", failure.op, failure.status))
        .explain(format!(
            "{} answered {} with {} in frame {}: {}. Seen {}.",
            view.server(),
            failure.op,
            failure.status,
            first.answered.frame,
            kind.meaning(),
            super::rpc::times(failure.count),
        ))
        .advise(kind.advice())
        .number("count", failure.count as f64);
    match kind {
        Kind::Lease => expired(view, failure, found),
        Kind::Client => unknown_client(view, failure, found),
        Kind::State => unknown_state(view, failure, found),
        _ => found,
    }
}

/// Seconds of silence before a refusal that may have cost the lease; its length is not in the capture, and 90 s by default.
const SILENCE: f64 = 5.0;

/// The longest silence of the connection, where it came before `asked` and may have cost the lease.
fn silence(view: &View<'_>, asked: Stamp) -> Option<(Stamp, Stamp)> {
    let (last, next) = view.tcp()?.longest_idle?;
    (next <= asked && next.time.since(last.time) >= SILENCE).then_some((last, next))
}

fn silent(found: Finding, (last, next): (Stamp, Stamp)) -> Finding {
    let secs = next.time.since(last.time);
    found
        .side(Side::Client)
        .frame(last, "last-before-silence")
        .frame(next, "first-after-silence")
        .also(&format!(
            "Nothing came on this connection for {} (frames {} to {}), no RENEW either, and the lease ran out meanwhile.",
            seconds(secs),
            last.frame,
            next.frame
        ))
        .number("silence", secs)
}

fn expired(view: &View<'_>, failure: &Failure, found: Finding) -> Finding {
    let found = found.likely().side(Culprit::Unknown);
    match silence(view, failure.first.asked) {
        Some(gap) => silent(found, gap),
        None => found.also("The client did not renew it in time, or what it sent did not arrive."),
    }
}

fn unknown_client(view: &View<'_>, failure: &Failure, found: Finding) -> Finding {
    let asked = failure.first.asked;
    let mut refused = view.session.facts_named("nfs.client-refused");
    let named = refused.find(|fact| fact.request == Some(asked));
    let server = view.flow.server.address;
    let given = named.and_then(|f| view.world.nfs.client(server, f.text("client"), asked));
    let Some(given) = given else {
        return found.likely().side(Culprit::Unknown).also(
            "The capture does not show that this id was given: it is of before a restart of the server or of a lease that has \
             expired, or the client made it up.",
        );
    };
    let found = found.frame(given.stamp, "client-id-given");
    if given.flow != view.flow.index {
        return found.also(&format!(
            "It gave this id in frame {} and does not know it any more: it was restarted, or it let the client go since its lease \
             had expired.",
            given.stamp.frame
        ));
    }
    let found = found.likely().side(Culprit::Unknown).also(&format!(
        "It gave this id in frame {} on this same connection, which hardly outlives a restart: it let the client go, as it may \
         once the lease has expired.",
        given.stamp.frame
    ));
    match silence(view, asked).filter(|(last, _)| *last >= given.stamp) {
        Some(gap) => silent(found, gap),
        None => found,
    }
}

fn unknown_state(view: &View<'_>, failure: &Failure, found: Finding) -> Finding {
    let asked = failure.first.asked;
    let found = found.likely().side(Culprit::Unknown);
    let mut failures = view.session.troubles.failures.iter();
    let lease = failures.find(|f| kind(f.status.name) == Some(Kind::Lease));
    let mut given = view.session.facts_named("nfs.client-given");
    if let Some(lease) = lease.filter(|lease| lease.first.answered < asked) {
        found
            .side(Side::Client)
            .frame(lease.first.answered, "lease-expired")
            .also(&format!(
                "The client's lease had expired before (frame {}), and its state with it; or nobody gave this state id.",
                lease.first.answered.frame
            ))
    } else if let Some(given) = given.find(|given| given.stamp < asked) {
        found.frame(given.stamp, "client-id-given").also(&format!(
            "The client got its client id in frame {} on this same connection, which hardly outlives a restart: the state id is of an \
             earlier time, or nobody gave it.",
            given.stamp.frame
        ))
    } else {
        found.also("It is of before a restart of the server, or nobody gave it.")
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, opaque, words};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "nfs-resource-status";

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn a_full_file_system_is_told_once_with_its_count() {
        let mut script = tcp();
        for xid in 0..5 {
            script = script
                .client(&asks(xid, [NFS, 3, 7], &opaque(b"file")))
                .server(&answers(xid, 0, &[28, 0, 0]));
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("NFS3ERR_NOSPC"));
        assert_eq!(found[0].numbers, [("count", 5.0)]);
        assert_eq!(found[0].frames.len(), 3);
    }

    #[test]
    fn the_advice_is_by_the_kind_of_status() {
        let advice = |program, procedure, results: &[u32]| {
            let script = tcp()
                .client(&asks(
                    1,
                    [program, if program == NFS { 3 } else { 4 }, procedure],
                    &opaque(b"file"),
                ))
                .server(&answers(1, 0, results))
                .close();
            let found = findings(script.frames(), RULE);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].severity, Severity::Warning);
            found[0].advice.clone()
        };
        assert!(advice(NFS, 7, &[28, 0, 0]).contains("space"));
        assert!(advice(NFS, 7, &[69, 0, 0]).contains("quotas"));
        assert!(advice(NFS, 1, &[70]).contains("removed the file"));
        // NLM4_DENIED_NOLOCKS, behind an empty cookie.
        assert!(advice(100_021, 2, &[0, 2]).contains("locks"));
    }

    /// A compound of one operation that names a client id.
    fn named(xid: u32, operation: u32, client: u32) -> Vec<u8> {
        let mut args = vec![0, 0, 1, operation, 7, client];
        if operation == 36 {
            args.extend([1, 2]);
        }
        asks(xid, [NFS, 4, 1], &words(&args))
    }

    fn result(xid: u32, operation: u32, status: u32) -> Vec<u8> {
        answers(xid, 0, &[status, 0, 1, operation, status])
    }

    /// The client id 7 is confirmed.
    fn confirmed(script: Script) -> Script {
        script.client(&named(1, 36, 7)).server(&result(1, 36, 0))
    }

    fn renewed(script: Script, client: u32, status: u32) -> Script {
        let (call, answer) = (named(2, 30, client), result(2, 30, status));
        script.client(&call).server(&answer)
    }

    #[test]
    fn a_client_id_that_nobody_gave_proves_no_restart() {
        for script in [
            renewed(tcp(), 7, 10_022),
            renewed(confirmed(tcp()), 8, 10_022),
        ] {
            let found = findings(script.close().frames(), RULE);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].certainty, Certainty::Likely);
            assert_eq!(found[0].side, Culprit::Unknown);
            assert!(found[0].explanation.contains("made it up"), "{found:?}");
            assert!(!found[0].advice.contains("quotas"));
        }
    }

    #[test]
    fn a_client_id_that_was_given_and_is_refused() {
        let same = renewed(confirmed(tcp()).wait_secs(100.0), 7, 10_022);
        let found = findings(same.close().frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert_eq!(found[0].side, Culprit::Client);
        let other = Script::tcp("10.0.0.1:701", "10.0.0.2:2049").wait_secs(9.0);
        let scripts = [
            confirmed(tcp()).close(),
            renewed(other.connect(), 7, 10_022).close(),
        ];
        let found = findings(Script::merge(scripts), RULE);
        assert_eq!(found[0].certainty, Certainty::Certain);
        assert_eq!(found[0].side, Culprit::Server);
        assert!(found[0].explanation.contains("restarted"), "{found:?}");
    }

    #[test]
    fn a_lease_that_expired_in_a_silence_is_the_clients() {
        let late = renewed(confirmed(tcp()).wait_secs(25.0), 7, 10_011);
        let found = findings(late.close().frames(), RULE);
        assert_eq!(found[0].side, Culprit::Client);
        assert!(
            found[0]
                .numbers
                .iter()
                .any(|(name, secs)| *name == "silence" && *secs > 24.0)
        );
        let prompt = findings(renewed(confirmed(tcp()), 7, 10_011).close().frames(), RULE);
        assert_eq!(prompt[0].side, Culprit::Unknown);
        let later = renewed(confirmed(tcp()), 7, 10_011).wait_secs(25.0).close();
        assert_eq!(findings(later.frames(), RULE)[0].side, Culprit::Unknown);
    }

    #[test]
    fn a_state_id_that_is_not_known_proves_no_restart() {
        let script = renewed(confirmed(tcp()), 7, 10_023).close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].explanation.contains("nobody gave it"));
    }

    #[test]
    fn a_missing_file_is_not_meant() {
        let script = tcp()
            .client(&asks(1, [NFS, 3, 3], &opaque(b"file")))
            .server(&answers(1, 0, &[2, 0]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = tcp()
            .client(&asks(1, [NFS, 3, 7], &opaque(b"file")))
            .server_lost(&answers(1, 0, &[28, 0, 0]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
