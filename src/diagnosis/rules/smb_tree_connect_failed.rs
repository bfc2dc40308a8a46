//! `smb-tree-connect-failed`.

use super::smb2_signing_failed;
use crate::diagnosis::smb::{ACCESS, GONE, Group, RESOURCES, below_smb3, code, group, or};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client was logged on and asked for a share, and did not get it.
    ///
    /// ## Why it matters
    /// Without the tree no file of the share can be reached, however good the logon was.
    ///
    /// ## How it is told
    /// TREE_CONNECT answered with a failure: BAD_NETWORK_NAME (no such share), ACCESS_DENIED (not for this user),
    /// NETWORK_NAME_DELETED (the share is gone), or another. Tries of the same path are told together.
    ///
    /// ## Example
    /// `smb2-bad-share-name`, `smb2-access-denied-share`.
    ///
    /// ## What to do
    /// Compare the path with the server's list of shares; for ACCESS_DENIED look at the share's own permissions, which
    /// are apart from those of its files, and, where the client speaks no SMB 3, whether the share must be encrypted.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.7; MS-CIFS 3.3.5.44.
    pub SmbTreeConnectFailed = "smb-tree-connect-failed" {
        summary: "Share not connected",
        severity: Warning,
        category: Establishment,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.7; MS-CIFS 3.3.5.44",
    }
}

impl SmbTreeConnectFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let failed = view.session.facts_named("smb.tree-connect-failed");
        let failed = failed.filter(|f| !smb2_signing_failed::tells(f));
        for group in group(failed, "path") {
            out.raise(finding(view, &group));
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let path = or(fact.text("path"), "a share");
    let status = group.status();
    let user = who(view, fact);
    let code = code(fact);
    let (culprit, advice) = if ACCESS.contains(&code) {
        (
            Culprit::Server,
            "Look at the permissions of the share itself, apart from those of its files.",
        )
    } else if RESOURCES.contains(&code) {
        (
            Culprit::Server,
            "The server is out of something: see its log and its number of sessions.",
        )
    } else if GONE.contains(&code) {
        (
            Culprit::Server,
            "The share or the logon went away under the client: see what was restarted at the server.",
        )
    } else {
        (
            Culprit::Client,
            "Compare the path with the shares that the server has (smbclient -L, net view).",
        )
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(culprit)
        .title(format!(
            "{path} was not connected: {status}{}",
            group.times()
        ))
        .explain(format!(
            "{user} asked {} for {path}; the server answered {status} in frame {}{}.",
            view.server(),
            fact.stamp.frame,
            group.times()
        ))
        .advise(advice);
    let finding = if ACCESS.contains(&code) && below_smb3(view) {
        finding.also("A share that must be encrypted refuses clients below SMB 3 so, too.")
    } else {
        finding
    };
    group.cite(finding)
}

/// Who was logged on when the share was asked for.
fn who(view: &View<'_>, fact: &SeenFact) -> String {
    let before = |f: &&SeenFact| f.stamp <= fact.stamp;
    let logon = view.session.facts_named("smb.logged-on").filter(before);
    match logon.last() {
        Some(logon) if logon.is("anonymous") => "An anonymous user".to_owned(),
        Some(logon) if logon.is("guest") => "A guest".to_owned(),
        Some(logon) if !logon.text("user").is_empty() => format!("User {}", logon.text("user")),
        _ => match view.session.detail("user") {
            Some(user) => format!("User {user}"),
            None => "The client".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, tree, tree_answer};

    const RULE: &str = "smb-tree-connect-failed";

    #[test]
    fn a_share_that_is_not_there_is_told_once() {
        let mut script = at_work();
        for id in 3..6 {
            script = script
                .client(&tree(id, "\\\\SRV\\nope"))
                .server(&tree_answer(id, 0xC000_00CC, 0));
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].title.contains("\\\\SRV\\nope") && found[0].title.contains("BAD_NETWORK_NAME")
        );
        assert!(
            found[0].explanation.contains("alice"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn a_connected_share_is_quiet_and_so_is_a_lost_refusal() {
        assert!(findings(at_work().close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&tree(3, "\\\\SRV\\nope"))
            .server_lost(&tree_answer(3, 0xC000_00CC, 0));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
