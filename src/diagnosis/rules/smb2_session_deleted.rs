//! `smb2-session-deleted`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::smb::{FAILURES, GONE, Group, failures, group_by};
use crate::diagnosis::smb_joins::Replaced;
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
    /// itself ended that very session or share connection before, by LOGOFF, TREE_DISCONNECT or a later logon that names the
    /// session as its previous one, it is at fault; else the server took the session or the share away: a restart, an
    /// administrator, a cluster that moved. It is `likely` where requests are missing, where the session has several
    /// connections, with ids that the server was not seen to give, and with SMB1, whose ids are not followed.
    ///
    /// ## Example
    /// `smb2-session-gone`: the client logs off, then uses the old SessionId. `smb2-tree-gone`.
    ///
    /// ## What to do
    /// Look at the server's log at that time. Many sessions at once mean a restart. The client has to log on anew.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.2.9, 3.3.5.2.11 and 3.3.5.5.3.
    pub Smb2SessionDeleted = "smb2-session-deleted" {
        summary: "Session or share gone under the client",
        severity: Error,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.2.9, 3.3.5.2.11 and 3.3.5.5.3",
    }
}

impl Smb2SessionDeleted {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let refused = failures(view, FAILURES, GONE).filter(|f| !is_routine(f));
        for group in group_by(refused, |f| (f.int("session"), f.int("tree"))) {
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
    let what = if is_tree(fact) {
        "share connection"
    } else {
        "session"
    };
    let end = TheEnd::of(view, fact, what);
    let finding = Finding::new(&META, fact.stamp)
        .side(end.culprit)
        .maybe_frame(end.proof, end.role)
        .title(format!("The {what} is gone: {status}{}", group.times()))
        .explain(format!(
            "The server answered a request with {status} in frame {}{}: it does not know the {what} that the client uses. {}",
            fact.stamp.frame,
            group.times(),
            end.why
        ))
        .advise(end.advice);
    let finding = if end.is_sure {
        finding
    } else {
        finding.likely()
    };
    group.cite(finding)
}

/// Who ended the session or the share connection.
struct TheEnd {
    culprit: Culprit,
    why: String,
    advice: &'static str,
    is_sure: bool,
    /// The request that did it.
    proof: Option<Stamp>,
    role: &'static str,
}

const LOOK_AT_THE_CLIENT: &str = "A program goes on with what it has closed: look at the client.";
const LOOK_AT_THE_SERVER: &str = "See what happened at the server at that time: a restart, an administrator, a fail-over. \
                                  The client must log on anew.";

impl TheEnd {
    fn new(culprit: Culprit, why: String, advice: &'static str) -> Self {
        Self {
            culprit,
            why,
            advice,
            is_sure: true,
            proof: None,
            role: "",
        }
    }

    fn of(view: &View<'_>, fact: &SeenFact, what: &str) -> Self {
        let asked = fact.request.unwrap_or(fact.stamp);
        let same = |f: &&SeenFact| {
            ["session", "tree"]
                .iter()
                .all(|key| f.int(key) == fact.int(key))
        };
        let mut left = view.session.facts_named("smb.left").filter(same);
        if let Some(left) = left.find(|f| f.stamp < asked) {
            let frame = left.stamp.frame;
            let why = format!("The client itself ended this {what} before (frame {frame}).");
            return Self {
                proof: Some(left.stamp),
                role: "left",
                ..Self::new(Culprit::Client, why, LOOK_AT_THE_CLIENT)
            };
        }
        let session = fact.int("session").filter(|_| !is_tree(fact));
        let server = view.flow.server.address;
        let logon = session.and_then(|id| view.world.smb.replaced(server, id as u64, asked));
        if let Some(logon) = logon {
            return Self::replaced(logon);
        }
        Self::unknown(view, fact, what)
    }

    fn replaced(logon: &Replaced) -> Self {
        let why = format!(
            "The client itself gave it up: when {} logged on anew in frame {}, it named this session as its previous one \
             (PreviousSessionId), which the server then ends.",
            logon.client, logon.stamp.frame
        );
        let advice = "See why the client logs on anew while it still uses the session: a reconnect that came too early, or two \
                      programs that share one session's id.";
        Self {
            proof: Some(logon.stamp),
            role: "new-logon",
            ..Self::new(Culprit::Client, why, advice)
        }
    }

    /// No request that ended it was seen.
    fn unknown(view: &View<'_>, fact: &SeenFact, what: &str) -> Self {
        if view.session.protocol == "smb" {
            // SMB1's ids are not followed.
            let ending = if is_tree(fact) {
                "TREE_DISCONNECT"
            } else {
                "LOGOFF_ANDX"
            };
            let mut operations = view.session.operations.iter();
            if operations.any(|o| o.op.name == ending) {
                let why = format!("The client sent {ending} on this connection.");
                return Self {
                    is_sure: false,
                    ..Self::new(Culprit::Client, why, LOOK_AT_THE_CLIENT)
                };
            }
        }
        let unseen = view.lost(Side::Client) || view.has_channels();
        if view.session.protocol == "smb2" && !fact.is("known") && !view.began_late() && !unseen {
            let why =
                format!("That the server gave it this {what} was not seen on this connection.");
            let advice = "See where the client has the ids of the session and of the share from.";
            return Self {
                is_sure: false,
                ..Self::new(Culprit::Unknown, why, advice)
            };
        }
        let why = format!("The client was not seen to end this {what}: the server took it away.");
        Self {
            is_sure: !unseen,
            ..Self::new(Culprit::Server, why, LOOK_AT_THE_SERVER)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, negotiated, no, read, setup, setup_answer, smb2,
    };
    use crate::diagnosis::{Certainty, Culprit};

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
    fn only_the_share_that_it_left_is_its_own_doing() {
        const GONE: u32 = 0xC000_00C9;
        let of_tree = |mut message: Vec<u8>, tree: u8| {
            message[4 + 36] = tree;
            message
        };
        let left = |tree: u8| {
            at_work()
                .client(&of_tree(smb2(4, 3, None, &[4, 0, 0, 0]), tree))
                .server(&of_tree(smb2(4, 3, Some(0), &[4, 0, 0, 0]), tree))
                .client(&read(4))
                .server(&no(8, 4, GONE))
        };
        let other = findings(left(9).close().frames(), RULE);
        assert_eq!(other[0].side, Culprit::Server);
        assert_eq!(other[0].certainty, Certainty::Certain);
        let same = findings(left(5).close().frames(), RULE);
        assert_eq!(same[0].side, Culprit::Client);
        assert_eq!(same[0].frames[0].role, "left");
    }

    #[test]
    fn a_logon_that_takes_its_place_is_the_clients() {
        let on = |client: &str, previous: u8| {
            let mut leg = setup(1, "alice");
            leg[4 + 64 + 16] = previous;
            let mut answer = setup_answer(1, 0);
            answer[4 + 40] = 8;
            negotiated(Script::tcp(client, "10.0.0.2:445").connect())
                .wait_secs(1.0)
                .client(&leg)
                .server(&answer)
        };
        let used = || {
            let script = at_work().wait_secs(5.0).client(&read(3));
            script.server(&no(8, 3, DELETED)).close()
        };
        let of = |previous| {
            let frames = Script::merge([used(), on("10.0.0.1:40001", previous)]);
            findings(frames, RULE).remove(0)
        };
        let replaced = of(7);
        assert_eq!(replaced.side, Culprit::Client);
        assert_eq!(replaced.frames[0].role, "new-logon");
        assert_eq!(of(0).side, Culprit::Server);
        assert_eq!(of(6).side, Culprit::Server);
    }

    #[test]
    fn where_requests_are_missing_it_is_likely() {
        let lost = at_work().client_lost(&smb2(4, 3, None, &[4, 0, 0, 0]));
        let script = lost.client(&read(4)).server(&no(8, 4, DELETED));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
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
