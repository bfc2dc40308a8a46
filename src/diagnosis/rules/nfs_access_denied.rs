//! `nfs-access-denied`.

use super::rpc::times;
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// The server knows who calls and does not let him: the file may not be read or written by that user, the file
    /// system is exported read-only, the export is not meant for that client, or wants stronger security.
    ///
    /// ## Why it matters
    /// The program on the client sees "Permission denied" although the mount works.
    ///
    /// ## How it is told
    /// The reply's status is ACCES, PERM, ROFS or (NFSv4) WRONGSEC; for MOUNT it is MNT3ERR_ACCES or MNT3ERR_PERM. The
    /// user and group of the call's AUTH_SYS credential are shown.
    ///
    /// ## Example
    /// `nfs3-mount-denied`: MNT of /etc, which is not exported.
    ///
    /// ## What to do
    /// MNT refused: look at the export list (`showmount -e`, `/etc/exports`) and at the client's address and name in
    /// it. User 0: root is made nobody by default (root_squash). Another user: compare the numbers on both machines;
    /// AUTH_SYS sends numbers, not names. WRONGSEC: mount with a flavor that the export allows (`sec=`).
    ///
    /// ## References
    /// RFC 1813 sections 2.6 and 5.1.5, RFC 8881 section 15.1.
    pub NfsAccessDenied = "nfs-access-denied" {
        summary: "Access refused by NFS or MOUNT",
        severity: Warning,
        category: Authentication,
        protocols: ["nfs", "mount"],
        reference: "RFC 1813 sections 2.6 and 5.1.5",
    }
}

impl NfsAccessDenied {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view.session.facts_named("nfs.access-denied").collect();
        let mut told: Vec<&SeenFact> = Vec::new();
        for fact in &all {
            if !told.iter().any(|t| same(t, fact)) {
                told.push(fact);
                let group: Vec<_> = all.iter().filter(|f| same(f, fact)).copied().collect();
                out.raise(finding(view, &group, fact));
            }
        }
    }
}

fn same(a: &SeenFact, b: &SeenFact) -> bool {
    ["status", "operation", "path"]
        .iter()
        .all(|k| a.text(k) == b.text(k))
        && a.int("uid") == b.int("uid")
}

fn finding(view: &View<'_>, group: &[&SeenFact], fact: &SeenFact) -> Finding {
    let (status, operation) = (fact.text("status"), fact.text("operation"));
    let last = group.last().map(|f| f.stamp).filter(|s| *s > fact.stamp);
    let user = match (fact.int("uid"), fact.int("gid")) {
        (Some(uid), Some(gid)) => format!("user {uid}, group {gid}"),
        _ => format!("a credential {}", fact.text("flavor_name")),
    };
    let path = match fact.text("path") {
        "" => String::new(),
        path => format!(" of {path}"),
    };
    let of_user = status != "NFS4ERR_WRONGSEC" && !status.ends_with("ERR_ROFS");
    let squash = if of_user && fact.int("uid") == Some(0) && view.session.protocol == "nfs" {
        " The server may be making root nobody (root_squash)."
    } else {
        ""
    };
    // WRONGSEC is how a server of NFSv4 asks for another flavor: routine when the client then goes on.
    let asked_on = view.session.last_message[Side::Client]
        .is_some_and(|m| m.stamp > last.unwrap_or(fact.stamp));
    let severity = if status == "NFS4ERR_WRONGSEC" && asked_on {
        Severity::Note
    } else {
        Severity::Warning
    };
    Finding::new(&META, fact.stamp)
        .severity(severity)
        .side(Side::Client)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .maybe_frame(last, "last-answer")
        .title(format!("{operation}{path} refused: {status}"))
        .explain(format!(
            "{} answered {operation}{path}, called by {user}, with {status} in frame {}: {}. Seen {}.{squash}",
            view.server(),
            fact.stamp.frame,
            meaning(status),
            times(group.len() as u64),
        ))
        .advise(match view.session.protocol {
            "mount" => "Compare the path and the client's address with the server's export list (`showmount -e`).",
            _ if status == "NFS4ERR_WRONGSEC" => "Mount with a flavor that the export allows (`sec=`).",
            _ if !of_user => "The export is read-only, or the file system behind it is: look at the server's export options.",
            _ => "Compare the user's numbers on both machines with the file's owner and mode, and the export's options.",
        })
        .number("count", group.len() as f64)
}

/// What a status says, in plain words.
fn meaning(status: &str) -> &'static str {
    match status {
        "NFS4ERR_WRONGSEC" => "it wants calls there under another security flavor than this one",
        _ if status.starts_with("MNT") => {
            "it does not export that to this client, or not to this user"
        }
        _ if status.ends_with("ERR_ROFS") => "the file system may only be read there",
        _ if status.ends_with("ERR_PERM") => "only the owner or a privileged user may do that",
        _ => "the caller lacks the right for it",
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{
        MOUNT, NFS, answers, asks, opaque, record, reply, words,
    };

    const RULE: &str = "nfs-access-denied";

    fn tcp(port: u16) -> Script {
        Script::tcp("10.0.0.1:700", &format!("10.0.0.2:{port}")).connect()
    }

    #[test]
    fn a_refused_mount_is_told_with_its_path_and_user() {
        let script = tcp(20048)
            .client(&asks(1, [MOUNT, 3, 1], &opaque(b"/etc")))
            .server(&answers(1, 0, &[13]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "mount3 MNT of /etc refused: MNT3ERR_ACCES");
        assert!(found[0].explanation.contains("user 1000, group 100"));
    }

    #[test]
    fn wrongsec_is_routine_while_the_client_goes_on() {
        let compound = words(&[0, 0, 2, 24, 15, 1, 0x7800_0000]);
        let refused = words(&[10016, 0, 2, 24, 0, 15, 10016]);
        let script = || {
            tcp(2049)
                .client(&asks(1, [NFS, 4, 1], &compound))
                .server(&record(&[reply(1, 0, &[]), refused.clone()].concat()))
        };
        let severities = |script: Script| -> Vec<_> {
            let found = findings(script.close().frames(), RULE);
            found.iter().map(|f| f.severity).collect()
        };
        assert_eq!(severities(script()), [Severity::Warning]);
        let told = findings(script().close().frames(), RULE);
        assert!(told[0].advice.contains("sec="));
        assert!(told[0].explanation.contains("another security flavor"));
        let goes_on = script()
            .client(&asks(2, [NFS, 4, 0], &[]))
            .server(&answers(2, 0, &[]));
        assert_eq!(severities(goes_on), [Severity::Note]);
    }

    #[test]
    fn a_read_only_file_system_is_told_in_plain_words() {
        let script = tcp(2049)
            .client(&asks(1, [NFS, 3, 12], &opaque(b"file")))
            .server(&answers(1, 0, &[30, 0]))
            .close();
        let found = findings(script.frames(), RULE);
        assert!(found[0].explanation.contains("only be read"), "{found:?}");
        assert!(found[0].advice.contains("read-only"));
    }

    #[test]
    fn other_failures_are_not_meant() {
        let script = tcp(2049)
            .client(&asks(1, [NFS, 3, 3], &opaque(b"directory")))
            .server(&answers(1, 0, &[2, 0]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = tcp(20048)
            .client(&asks(1, [MOUNT, 3, 1], &opaque(b"/etc")))
            .server_lost(&answers(1, 0, &[13]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
