//! `nfs-resource-status`.

use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::exchange::Failure;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// Something at the server is used up or gone: space, quota, resources for the call, or what the client still holds
    /// (a file handle of a removed file, a lease, an open or lock state, a client id of before a restart).
    ///
    /// ## Why it matters
    /// Writes fail although the mount works; or programs see "Stale file handle" until they open the file anew.
    ///
    /// ## How it is told
    /// The reply's status is NOSPC, DQUOT, FBIG or STALE in any version, or RESOURCE, EXPIRED, LEASE_MOVED,
    /// ADMIN_REVOKED, STALE_CLIENTID, STALE_STATEID, FHEXPIRED in NFSv4.
    ///
    /// ## Example
    /// WRITE answered NFS3ERR_NOSPC.
    ///
    /// ## What to do
    /// NOSPC, DQUOT: make room or raise the quota. STALE: the file or file system was removed or exported anew; mount
    /// again. EXPIRED: the client did not renew its lease in time; look for gaps in its RENEW or SEQUENCE calls.
    /// STALE_CLIENTID, STALE_STATEID: the server was restarted, and the client will reclaim.
    ///
    /// ## References
    /// RFC 1813 section 2.6, RFC 8881 section 15.1.
    pub NfsResourceStatus = "nfs-resource-status" {
        summary: "No space, no quota, stale or expired",
        severity: Warning,
        category: Resources,
        protocols: ["nfs", "mount", "nlm"],
        reference: "RFC 1813 section 2.6; RFC 8881 section 15.1",
    }
}

/// The statuses, with what each means.
const STATUSES: [(&str, &str); 20] = [
    ("NFSERR_NOSPC", "the file system is full"),
    ("NFS3ERR_NOSPC", "the file system is full"),
    ("NFS4ERR_NOSPC", "the file system is full"),
    ("NFSERR_DQUOT", "the user's quota is used up"),
    ("NFS3ERR_DQUOT", "the user's quota is used up"),
    ("NFS4ERR_DQUOT", "the user's quota is used up"),
    ("NFSERR_FBIG", "the file is too large for the server"),
    ("NFS3ERR_FBIG", "the file is too large for the server"),
    ("NFS4ERR_FBIG", "the file is too large for the server"),
    ("NFSERR_STALE", "the file is gone that the handle stood for"),
    (
        "NFS3ERR_STALE",
        "the file is gone that the handle stood for",
    ),
    (
        "NFS4ERR_STALE",
        "the file is gone that the handle stood for",
    ),
    ("NFS4ERR_FHEXPIRED", "the handle has expired"),
    (
        "NFS4ERR_RESOURCE",
        "the server lacks resources for the compound",
    ),
    ("NFS4ERR_EXPIRED", "the client's lease has expired"),
    (
        "NFS4ERR_LEASE_MOVED",
        "the lease has moved to another server",
    ),
    (
        "NFS4ERR_ADMIN_REVOKED",
        "an administrator revoked the state",
    ),
    (
        "NFS4ERR_STALE_CLIENTID",
        "the server was restarted and does not know the client",
    ),
    (
        "NFS4ERR_STALE_STATEID",
        "the server was restarted and does not know the state",
    ),
    (
        "NLM4_STALE_FH",
        "the file is gone that the handle stood for",
    ),
];

/// What a status means, if it is one of these.
pub(crate) fn meaning(status: &str) -> Option<&'static str> {
    STATUSES
        .iter()
        .find(|(name, _)| *name == status)
        .map(|(_, meaning)| *meaning)
}

impl NfsResourceStatus {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for failure in &view.session.troubles.failures {
            if let Some(meaning) = meaning(failure.status.name) {
                out.raise(finding(view, failure, meaning));
            }
        }
    }
}

fn finding(view: &View<'_>, failure: &Failure, meaning: &str) -> Finding {
    let (first, last) = (failure.first, failure.last);
    Finding::new(&META, first.answered)
        .side(Side::Server)
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .maybe_frame((failure.count > 1).then_some(last.answered), "last-answer")
        .title(format!("{} failed: {}", failure.op, failure.status))
        .explain(format!(
            "{} answered {} with {} in frame {}: {meaning}. Seen {}.",
            view.server(),
            failure.op,
            failure.status,
            first.answered.frame,
            super::rpc::times(failure.count),
        ))
        .advise("Look at the server's file system: its space and quotas, whether it was exported anew, and when the server was restarted.")
        .number("count", failure.count as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, opaque};

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
