//! `smb2-session-deleted`.

use crate::diagnosis::smb::{FAILURES, GONE, Group, failures, group};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

/// Waits that end with their session or tree, and its own end: to be told there that it is gone is routine.
const ENDINGS: [&str; 4] = ["LOGOFF", "LOGOFF_ANDX", "CHANGE_NOTIFY", "LOCK"];

declare_rule! {
    /// ## What it means
    /// The client uses a session or a share connection that the server no longer knows.
    ///
    /// ## Why it matters
    /// Open files are lost with it. Programs see errors in the middle of their work, although the network is fine.
    ///
    /// ## How it is told
    /// A request answered with USER_SESSION_DELETED or NETWORK_NAME_DELETED (SMB1: ERRbaduid, ERRinvtid). When the client
    /// itself logged off or disconnected the share before, it is at fault; else the server took the session or the
    /// share away: a restart, an administrator, a cluster that moved.
    ///
    /// ## Example
    /// `smb2-session-gone`: the client logs off, then uses the old SessionId. `smb2-tree-gone`.
    ///
    /// ## What to do
    /// Look at the server's log at that time. Many sessions at once mean a restart. The client has to log on anew.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.2.9 and 3.3.5.2.11.
    pub Smb2SessionDeleted = "smb2-session-deleted" {
        summary: "Session or share gone under the client",
        severity: Error,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.2.9 and 3.3.5.2.11",
    }
}

impl Smb2SessionDeleted {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let refused = failures(view, FAILURES, GONE).filter(|f| !is_routine(f));
        for group in group(refused, "") {
            out.raise(finding(view, &group));
        }
    }
}

fn is_routine(fact: &SeenFact) -> bool {
    let command = fact.text("command");
    ENDINGS.contains(&command) || command == "TREE_DISCONNECT" && is_tree(fact)
}

/// The share connection is gone; else the whole session.
fn is_tree(fact: &SeenFact) -> bool {
    matches!(
        fact.text("status"),
        "STATUS_NETWORK_NAME_DELETED" | "ERRinvtid"
    )
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let status = group.status();
    let tree = is_tree(fact);
    let (what, endings) = if tree {
        ("share connection", ["TREE_DISCONNECT"].as_slice())
    } else {
        ("session", ["LOGOFF", "LOGOFF_ANDX"].as_slice())
    };
    let mut operations = view.session.operations.iter();
    let by_client = operations.any(|o| endings.contains(&o.op.name));
    let (culprit, why) = if by_client {
        (
            Culprit::Client,
            format!("The client itself ended this {what} before."),
        )
    } else {
        (
            Culprit::Server,
            format!("The client did not end this {what}: the server took it away."),
        )
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(culprit)
        .title(format!("The {what} is gone: {status}{}", group.times()))
        .explain(format!(
            "The server answered a request with {status} in frame {}{}: it does not know the {what} that the client uses. {why}",
            fact.stamp.frame,
            group.times()
        ))
        .advise(if by_client {
            "A program goes on with what it has closed: look at the client."
        } else {
            "See what happened at the server at that time: a restart, an administrator, a fail-over. The client must log on anew."
        });
    group.cite(finding)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, no, read, smb2};

    const RULE: &str = "smb2-session-deleted";
    const DELETED: u32 = 0xC000_0203;

    #[test]
    fn a_session_that_the_server_took_away_is_told() {
        let script = at_work().client(&read(3)).server(&no(8, 3, DELETED));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].side, Culprit::Server);
    }

    #[test]
    fn after_its_own_logoff_the_client_is_at_fault() {
        let script = at_work()
            .client(&smb2(2, 3, None, &[4, 0, 0, 0]))
            .server(&smb2(2, 3, Some(0), &[4, 0, 0, 0]))
            .client(&read(4))
            .server(&no(8, 4, DELETED));
        assert_eq!(
            findings(script.close().frames(), RULE)[0].side,
            Culprit::Client
        );
    }

    #[test]
    fn a_logoff_too_many_and_a_lost_answer_are_quiet() {
        let twice = at_work()
            .client(&smb2(2, 3, None, &[4, 0, 0, 0]))
            .server(&no(2, 3, DELETED));
        assert!(findings(twice.close().frames(), RULE).is_empty());
        let lost = at_work().client(&read(3)).server_lost(&no(8, 3, DELETED));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
