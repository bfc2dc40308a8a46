//! `nbss-session-refused`.

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

/// CALLED NAME NOT PRESENT: the one reason that trying another name answers.
const NOT_PRESENT: i64 = 0x82;
/// Told by its own rule.
const INSUFFICIENT: i64 = 0x83;
/// Seconds within which another try belongs to this one.
const SAME_TRY: f64 = 10.0;

declare_rule! {
    /// ## What it means
    /// The server answered a NetBIOS session request with a refusal, and said why.
    ///
    /// ## Why it matters
    /// There is no session, so nothing of SMB can be said on this connection.
    ///
    /// ## How it is told
    /// A NEGATIVE SESSION RESPONSE (0x83) with its code: 0x80 not listening on called name, 0x81 not listening for
    /// calling name, 0x82 called name not present, 0x83 insufficient resources, 0x8F unspecified. A client that does
    /// not know the server's name asks for `*SMBSERVER` before or after another name; that such a try is refused is
    /// normal and not told. A refusal that nobody asked for, the first that is said on a connection, is told as what it is: the server
    /// does not admit the host. It is only a note when the same client got its session with another name, or over port
    /// 445, within 10 s.
    ///
    /// ## Example
    /// `nbss-called-name-refused`: the client asks for WRONG, which the server is not called.
    ///
    /// ## What to do
    /// 0x80 and 0x82: ask for a name that the server owns (`nmblookup -A`, `nbtstat -A`), or connect to port 445, which
    /// needs no name. 0x81: see which clients the server listens for. 0x83: the server has no room for one session more.
    ///
    /// ## References
    /// RFC 1002 section 4.3.4.
    pub NbssSessionRefused = "nbss-session-refused" {
        summary: "NetBIOS session refused",
        severity: Error,
        category: Establishment,
        protocols: ["nbss"],
        reference: "RFC 1002 section 4.3.4",
    }
}

impl NbssSessionRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("nbss.refused") {
            if is_probing(view, fact) {
                continue;
            }
            if is_unasked(view, fact) {
                out.raise(unasked(view, fact));
                continue;
            }
            let mut finding = finding(view, fact);
            if fact.int("code") == Some(INSUFFICIENT) {
                // nbss-insufficient-resources tells it.
                finding = finding.severity(Severity::Note);
            }
            if fact.request.is_none() && !view.began_late() {
                // What was refused is no session request.
                finding = finding.severity(Severity::Warning);
            }
            if let Some(how) = got_in(view, fact) {
                finding.explanation.push_str(&how);
                finding = finding.severity(Severity::Note);
            }
            out.raise(finding);
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let code = fact.int("code").unwrap_or_default();
    let reason =
        crate::diagnosis::smb::or(fact.text("reason"), "a reason that RFC 1002 does not know");
    let called = crate::diagnosis::smb::or(fact.text("called_name"), "an unreadable name");
    let calling = crate::diagnosis::smb::or(fact.text("calling_name"), "an unreadable name");
    let (culprit, advice) = match code {
        0x80 => (
            Culprit::Server,
            "Start the service that listens on this name at the server.",
        ),
        0x81 => (
            Culprit::Client,
            "The server listens on this name, but not for this caller: check the client's NetBIOS name and what the server allows.",
        ),
        NOT_PRESENT => (
            Culprit::Client,
            "Ask for a name that the server owns (nmblookup -A, nbtstat -A), or connect to port 445, which needs no name.",
        ),
        0x83 => (
            Culprit::Server,
            "The server has no room for one session more: see how many it has and allows.",
        ),
        _ => (Culprit::Server, "See the server's log."),
    };
    Finding::new(&META, fact.stamp)
        .side(culprit)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "refusal")
        .title(format!("{} refused the session for {called}: {reason}", view.server()))
        .explain(format!(
            "{calling} asked for a NetBIOS session with {called}. The server refused it in frame {} with code 0x{code:02x}: {reason}.",
            fact.stamp.frame
        ))
        .advise(advice)
        .number("code", code as f64)
}

/// The refusal is the first that was said on the connection: nobody had asked for a session.
fn is_unasked(view: &View<'_>, fact: &SeenFact) -> bool {
    fact.request.is_none() && !view.began_late() && view.session.first >= fact.stamp
}

fn unasked(view: &View<'_>, fact: &SeenFact) -> Finding {
    let code = fact.int("code").unwrap_or_default();
    let reason =
        crate::diagnosis::smb::or(fact.text("reason"), "a reason that RFC 1002 does not know");
    Finding::new(&META, fact.stamp)
        .side(Culprit::Server)
        .frame(fact.stamp, "refusal")
        .title(format!(
            "{} refused the connection unasked: {reason}",
            view.server()
        ))
        .explain(format!(
            "In frame {} the server answered the connection itself with a negative session response (code 0x{code:02x}: {reason}), \
             before the client had asked for anything. Servers do so with hosts that their policy does not admit, on port 445 too.",
            fact.stamp.frame
        ))
        .advise("See which hosts the server admits (Samba: hosts allow, hosts deny), and whether it takes connections at all.")
        .number("code", code as f64)
}

/// True for a try of `*SMBSERVER` beside another name (guard T14): what is refused there is told with that name.
pub(super) fn is_probing(view: &View<'_>, fact: &SeenFact) -> bool {
    let wildcard = |name: &str| name.starts_with("*SMBSERVER");
    wildcard(fact.text("called_name"))
        && view
            .world
            .calls_near(
                view.flow.client.address,
                view.flow.server.address,
                fact.stamp.time,
                SAME_TRY,
            )
            .any(|call| !wildcard(&call.called))
}

/// How the same client got its session all the same.
fn got_in(view: &View<'_>, fact: &SeenFact) -> Option<String> {
    if fact.int("code") != Some(NOT_PRESENT) {
        return None;
    }
    let (client, server) = (view.flow.client.address, view.flow.server.address);
    let mut calls = view
        .world
        .calls_near(client, server, fact.stamp.time, SAME_TRY);
    if let Some(call) = calls.find(|c| c.granted.is_some_and(|g| g > fact.stamp)) {
        let after = seconds(call.asked.time.since(fact.stamp.time));
        let called = crate::diagnosis::smb::or(&call.called, "another name");
        return Some(format!(
            " {after} later the same client asked for {called} and got its session (frame {}).",
            call.asked.frame
        ));
    }
    let begun = fact.stamp.time.plus_nanos(-10_000_000_000);
    view.world
        .connects_to(server, Some(445), begun, 2.0 * SAME_TRY)
        .find(|c| c.client == client && c.accepted)
        .map(|c| {
            format!(
                " The same client connected to port 445 at that time (frame {}).",
                c.syn.frame
            )
        })
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{GRANTED, refused, session_request, to};

    const RULE: &str = "nbss-session-refused";

    fn second(answer: &[u8]) -> Script {
        Script::tcp("10.0.0.1:40001", "10.0.0.2:139")
            .wait_secs(0.5)
            .connect()
            .client(&session_request("*SMBSERVER"))
            .server(answer)
            .close()
    }

    fn first(name: &str, code: u8) -> Script {
        to(139)
            .client(&session_request(name))
            .server(&refused(code))
            .close()
    }

    #[test]
    fn each_reason_is_told_with_its_names() {
        for (code, part) in [
            (0x80, "Not listening on"),
            (0x81, "for calling"),
            (0x82, "not present"),
            (0x8F, "Unspecified"),
        ] {
            let found = findings(first("WRONG", code).frames(), RULE);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].severity, Severity::Error);
            assert!(
                found[0].title.contains("WRONG<20>") && found[0].title.contains(part),
                "{}",
                found[0].title
            );
            let roles: Vec<_> = found[0].frames.iter().map(|f| f.role).collect();
            assert_eq!(roles, ["request", "refusal"]);
        }
    }

    #[test]
    fn the_probe_that_follows_is_not_told() {
        let frames = Script::merge([first("WRONG", 0x82), second(&refused(0x82))]);
        let found = findings(frames, RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("WRONG"));
    }

    #[test]
    fn a_refusal_that_the_next_name_mends_is_a_note() {
        let found = findings(
            Script::merge([first("WRONG", 0x82), second(&GRANTED)]),
            RULE,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Note);
        let other = findings(
            Script::merge([first("WRONG", 0x80), second(&GRANTED)]),
            RULE,
        );
        assert_eq!(
            other[0].severity,
            Severity::Error,
            "another reason is not about the name"
        );
    }

    #[test]
    fn the_only_name_that_was_tried_is_told() {
        assert_eq!(findings(first("*SMBSERVER", 0x82).frames(), RULE).len(), 1);
    }

    #[test]
    fn a_granted_session_is_quiet_even_when_its_request_is_missing() {
        let script = to(139)
            .client_lost(&session_request("FILESRV"))
            .server(&GRANTED);
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
