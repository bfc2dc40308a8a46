//! `smb2-signing-failed`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::smb::{FAILURES, or};
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The logon succeeded, but client and server do not agree on how its messages are protected: a request was not signed or not
    /// encrypted although the server wants it, its signature was wrong, or a check of what was negotiated made one side
    /// hang up.
    ///
    /// ## Why it matters
    /// To the user it looks like a missing permission or a broken network; no change of rights helps. It is also what a tampered
    /// connection looks like: a device on the way that changed NEGOTIATE.
    ///
    /// ## How it is told
    /// ACCESS_DENIED to a request that is not signed where the server requires signing, or not encrypted where the session's data
    /// must be, or to a TREE_CONNECT of SMB 3.1.1 that is neither, but for those of guests and of nobody (unless the server grants
    /// others like it); ACCESS_DENIED without a signature to a signed request on a connection whose other answers are signed
    /// (`likely`: many servers sign their refusals, but for a signature that they cannot verify; others sign these too, and then
    /// smb-access-denied tells of it). And FSCTL_VALIDATE_NEGOTIATE_INFO as the
    /// last request, after which the client ends the connection within two seconds, or which the server answers by ending
    /// it (`likely`).
    ///
    /// ## Example
    /// A server with `server signing = mandatory` and an old client whose policy switches signing off.
    ///
    /// ## What to do
    /// Compare the signing (and encryption) policies of both sides. Signed wrongly: look for a device that changes SMB on the
    /// way (WAN optimisers), and update the client. A failed validation: capture at both ends and compare NEGOTIATE.
    ///
    /// ## References
    /// MS-SMB2 3.2.5.1.3, 3.3.5.2.4, 3.3.5.2.9, 3.2.5.5, 3.3.5.7 and 3.3.5.15.12.
    pub Smb2SigningFailed = "smb2-signing-failed" {
        summary: "Signing or encryption refused or broken",
        severity: Error,
        category: Authentication,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.2.5.1.3, 3.3.5.2.4, 3.3.5.2.9, 3.2.5.5, 3.3.5.7 and 3.3.5.15.12",
    }
}

/// A client that does not like what is answered hangs up within: seconds.
const AT_ONCE: f64 = 2.0;

impl Smb2SigningFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut failed = view.session.facts.iter().filter(|f| tells(f));
        if let Some(first) = failed.next() {
            out.raise(refused(first, failed.count() + 1));
        }
        if let Some(fact) = view.session.fact("smb.validate-negotiate-last") {
            validation(view, fact, out);
        }
    }
}

/// True when the failure of `fact` is told here, not as a missing permission.
pub(super) fn tells(fact: &SeenFact) -> bool {
    FAILURES.contains(&fact.fact.name) && !fact.text("signing").is_empty()
}

fn refused(fact: &SeenFact, count: usize) -> Finding {
    let why = fact.text("signing");
    let command = match fact.fact.name {
        "smb.create-failed" => "CREATE",
        "smb.tree-connect-failed" => "TREE_CONNECT",
        _ => or(fact.text("command"), "request"),
    };
    let (culprit, what, advice) = match why {
        "not signed" => (
            Culprit::Client,
            "the request has no signature, and the server requires one",
            "Let the client sign: compare the signing policies of both sides.",
        ),
        "not encrypted" => (
            Culprit::Client,
            "the request came in the clear, and the session's data must be encrypted",
            "Let the client encrypt (SMB 3), or do without it on that server or share.",
        ),
        "neither signed nor encrypted" => (
            Culprit::Client,
            "with SMB 3.1.1 a share is connected by a request that is signed or encrypted, and this one is neither",
            "Let the client sign: its policy switches signing off, or its program leaves it out.",
        ),
        _ => (
            Culprit::Unknown,
            "the request is signed and the refusal is not, as servers refuse a signature that they cannot verify",
            "Look for a device on the way that changes SMB messages, and for a fault of the client.",
        ),
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(culprit)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "refused")
        .title(format!("{command} was refused because it is {why}"))
        .explain(format!(
            "In frame {} the server answered {command} with {}: {what}.",
            fact.stamp.frame,
            fact.text("status")
        ))
        .advise(advice)
        .number("times", count as f64);
    if why == "signed wrongly" {
        finding.likely()
    } else {
        finding
    }
}

/// FSCTL_VALIDATE_NEGOTIATE_INFO was the last request.
fn validation(view: &View<'_>, fact: &SeenFact, out: &mut Verdicts) {
    let Some(end) = view.ending() else { return };
    if view.lost(Side::Client) || view.lost(Side::Server) || view.one_sided() {
        return out.cannot_tell(
            &META,
            "T4",
            "messages after the check of the negotiation may be missing",
        );
    }
    if view.session.encrypted.is_some() || view.has_channels() {
        return;
    }
    let answered = fact.is("answered");
    let (by, at) = ended_by(view, end);
    let last = view.session.last_message[Side::Server].map(|m| m.stamp);
    let since = match (answered, last) {
        (true, Some(last)) => at.time.since(last.time),
        _ => at.time.since(fact.stamp.time),
    };
    let (who, how) = match (by, answered) {
        (Side::Client, true) if since <= AT_ONCE => ("client", "did not like the answer"),
        (Side::Server, false) => ("server", "ended the connection instead of answering"),
        _ => return,
    };
    out.raise(
        Finding::new(&META, at)
            .likely()
            .side(Culprit::Unknown)
            .frame(fact.stamp, "validation")
            .frame(at, "end")
            .title("The connection ended right after the check of what was negotiated")
            .explain(format!(
                "In frame {} the client had the server confirm what NEGOTIATE had agreed (FSCTL_VALIDATE_NEGOTIATE_INFO); the {who} {how}, \
                 and the connection ended in frame {}. Each side does so when what it sees is not what it sent.",
                fact.stamp.frame, at.frame
            ))
            .advise("Capture at both ends and compare NEGOTIATE: something on the way changes it, or one side answers wrongly.")
            .number("since", since),
    );
}

/// Who ended the connection first, and where.
fn ended_by(view: &View<'_>, end: Ending) -> (Side, Stamp) {
    let fin = |side: Side| view.tcp().and_then(|t| t.sides[side].fin);
    let reset = match end {
        Ending::Reset(stamp, side) => Some((side, stamp)),
        Ending::Fin(_) => None,
    };
    let fins = Side::BOTH.into_iter().filter_map(|s| Some((s, fin(s)?)));
    let first = fins.chain(reset).min_by_key(|(_, stamp)| *stamp);
    first.unwrap_or((Side::Client, end.stamp()))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{
        at_work, close, create, no, opened, read, setup, setup_answer, smb2, to, tree, tree_answer,
    };

    const RULE: &str = "smb2-signing-failed";
    const DENIED: u32 = 0xC000_0022;
    const END_OF_FILE: u32 = 0xC000_0011;

    fn signed(mut message: Vec<u8>) -> Vec<u8> {
        message[4 + 16] |= 8;
        message
    }

    /// Logged on at a server that requires signing, or not.
    fn logged_on(required: bool) -> Script {
        let mut request = vec![36, 0, 1, 0];
        request.resize(36, 0);
        request.extend([2, 3]);
        let mut answer = vec![65, 0, if required { 3 } else { 1 }, 0, 2, 3];
        answer.resize(64, 0);
        to(445)
            .client(&smb2(0, 0, None, &request))
            .server(&smb2(0, 0, Some(0), &answer))
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0))
    }

    #[test]
    fn a_request_that_is_not_signed_is_told_and_by_this_rule_alone() {
        let refused = |required| {
            let script = logged_on(required)
                .client(&tree(2, "\\\\SRV\\data"))
                .server(&no(3, 2, DENIED));
            script.close().frames()
        };
        let found = findings(refused(true), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(findings(refused(true), "smb-tree-connect-failed").is_empty());
        assert!(findings(refused(false), RULE).is_empty());
        assert_eq!(findings(refused(false), "smb-tree-connect-failed").len(), 1);
    }

    #[test]
    fn a_refusal_without_a_signature_is_likely_a_wrong_one() {
        let at_work = || {
            logged_on(true)
                .client(&signed(tree(2, "\\\\SRV\\data")))
                .server(&signed(tree_answer(2, 0, 1)))
                .client(&signed(create(3, "a.txt")))
        };
        let found = findings(at_work().server(&no(5, 3, DENIED)).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].certainty, Certainty::Likely);
        let rights = at_work().server(&signed(no(5, 3, DENIED))).close();
        assert!(findings(rights.clone().frames(), RULE).is_empty());
        assert_eq!(findings(rights.frames(), "smb-access-denied").len(), 1);
    }

    /// Logged on with SMB 3.1.1 and without a signature policy; `flags` of the session.
    fn latest(flags: u8) -> Script {
        latest_of("alice", flags)
    }

    fn latest_of(user: &str, flags: u8) -> Script {
        let mut request = vec![36, 0, 1, 0];
        request.resize(36, 0);
        request.extend([0x11, 3]);
        let mut answer = vec![65, 0, 1, 0, 0x11, 3];
        answer.resize(64, 0);
        let mut granted = setup_answer(1, 0);
        granted[4 + 64 + 2] = flags;
        to(445)
            .client(&smb2(0, 0, None, &request))
            .server(&smb2(0, 0, Some(0), &answer))
            .client(&setup(1, user))
            .server(&granted)
    }

    #[test]
    fn a_share_is_connected_with_a_signature_in_the_latest_dialect() {
        let refused = |script: Script, id: u64, wrap: fn(Vec<u8>) -> Vec<u8>| {
            let script = script.client(&wrap(tree(id, "\\\\SRV\\data")));
            script.server(&no(3, id, DENIED)).close().frames()
        };
        let found = findings(refused(latest(0), 2, |m| m), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].side, crate::diagnosis::Culprit::Client);
        // A guest need not sign, nor who has no name, and a signed request is refused for another reason.
        for frames in [
            refused(latest(1), 2, |m| m),
            refused(latest_of("", 0), 2, |m| m),
            refused(latest(0), 2, signed),
        ] {
            assert!(findings(frames.clone(), RULE).is_empty());
            assert_eq!(findings(frames, "smb-tree-connect-failed").len(), 1);
        }
        // A server that grants others does not ask for signatures.
        let lenient = latest(0)
            .client(&tree(2, "\\\\SRV\\IPC$"))
            .server(&tree_answer(2, 0, 2));
        assert!(findings(refused(lenient, 3, |m| m), RULE).is_empty());
        // Without NEGOTIATE nobody knows the dialect.
        let lost = at_work().client(&tree(3, "\\\\SRV\\b"));
        let lost = lost.server(&no(3, 3, DENIED)).close().frames();
        assert!(findings(lost, RULE).is_empty());
    }

    #[test]
    fn a_signed_refusal_of_the_like_of_what_was_granted_is_in_doubt() {
        let at_work = || {
            logged_on(true)
                .client(&signed(tree(2, "\\\\SRV\\data")))
                .server(&signed(tree_answer(2, 0, 1)))
                .client(&signed(create(3, "a.txt")))
                .server(&signed(opened(3, 9)))
                .client(&signed(create(4, "b.txt")))
                .server(&signed(no(5, 4, DENIED)))
        };
        let rule = "smb-access-denied";
        let found = findings(at_work().close().frames(), rule);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].explanation.contains("signature"));
        // What follows is granted: the client's signatures are good.
        let good = at_work().client(&signed(close(5, 9)));
        let good = good.server(&signed(smb2(6, 5, Some(0), &[0; 60])));
        let found = findings(good.close().frames(), rule);
        assert_eq!(found[0].certainty, Certainty::Certain);
    }

    fn validating() -> Script {
        let mut body = vec![57, 0, 0, 0, 4, 2, 0x14, 0];
        body.resize(56, 0xFF);
        logged_on(true)
            .client(&signed(tree(2, "\\\\SRV\\data")))
            .server(&signed(tree_answer(2, 0, 1)))
            .client(&signed(smb2(11, 3, None, &body)))
    }

    #[test]
    fn hanging_up_after_the_validation_is_told() {
        let mut answer = vec![49, 0, 0, 0, 4, 2, 0x14, 0];
        answer.resize(48, 0);
        let answered = || validating().server(&signed(smb2(11, 3, Some(0), &answer)));
        assert_eq!(
            findings(answered().reset(Side::Client).frames(), RULE).len(),
            1
        );
        assert_eq!(
            findings(validating().reset(Side::Server).frames(), RULE).len(),
            1
        );
        let later = answered().wait_secs(60.0).reset(Side::Client);
        assert!(findings(later.frames(), RULE).is_empty());
        let goes_on = answered()
            .client(&signed(read(4)))
            .server(&signed(no(8, 4, END_OF_FILE)))
            .reset(Side::Client);
        assert!(findings(goes_on.frames(), RULE).is_empty());
        let lost = answered()
            .client_lost(&read(4))
            .wait_secs(1.0)
            .reset(Side::Client);
        assert_eq!(cannot_tell(lost.frames(), RULE), ["T4"]);
    }
}
