//! `smb2-message-id-invalid`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::smb::or;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client sent a request under a MessageId that it may not use: one that it had used before, or one that the credits
    /// which the server granted do not reach.
    ///
    /// ## Why it matters
    /// Answers are told apart by the MessageId alone. A server that sees a wrong one does not trust the connection any more and
    /// ends it: everything that is open on it is lost, without a word of why.
    ///
    /// ## How it is told
    /// A window of ids is kept from the first message on: it begins with id 0, each credit that is granted adds one, each
    /// request takes as many ids as its CreditCharge. A used id is known also where the capture begins later. CANCEL has the
    /// id of what it cancels and is left out. The same request twice while it waits is told by duplicate-message. It is
    /// a warning where the server goes on with the connection. An id beyond the window is told only where every message was
    /// captured in the clear and the server did not carry the request out.
    ///
    /// ## Example
    /// A client library that counts large READs as one credit takes ids that are not granted yet; the server answers with
    /// a reset.
    ///
    /// ## What to do
    /// It is a fault of the client's program, or of something on the way that repeats or joins messages of several clients.
    /// Update the client; capture at both ends.
    ///
    /// ## References
    /// MS-SMB2 3.2.4.1.6, 3.3.1.1 and 3.3.5.2.3.
    pub Smb2MessageIdInvalid = "smb2-message-id-invalid" {
        summary: "MessageId reused or not granted",
        severity: Error,
        category: Dialogue,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.2.4.1.6, 3.3.1.1 and 3.3.5.2.3",
    }
}

const REUSED: &str = "smb.message-id-reused";
const BEYOND: &str = "smb.message-id-beyond";

impl Smb2MessageIdInvalid {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let misuses: Vec<&SeenFact> = view
            .session
            .facts
            .iter()
            .filter(|f| match f.fact.name {
                REUSED => !is_repeat(view, f),
                BEYOND => is_beyond(view, f, out),
                _ => false,
            })
            .collect();
        let [first, more @ ..] = misuses.as_slice() else {
            return;
        };
        let id = first.int("message_id").unwrap_or_default();
        let ended = ended(view, first);
        let refused = refused(view, first);
        let what = match (first.fact.name, first.int("limit")) {
            (BEYOND, Some(limit)) => format!(
                "the credits that the server had granted reach to MessageId {} only",
                limit - 1
            ),
            _ => format!(
                "an earlier request on this connection had taken MessageId {id}, as its own or among those that its \
                 CreditCharge takes"
            ),
        };
        let then = match (ended, refused) {
            (Some(Ending::Reset(stamp, _)), _) => {
                format!(" The server reset the connection (frame {}).", stamp.frame)
            }
            (Some(Ending::Fin(stamp)), _) => {
                format!(" The server closed the connection (frame {}).", stamp.frame)
            }
            (None, Some((status, _))) => format!(" The server refused it with {status}."),
            (None, None) => String::new(),
        };
        let finding = Finding::new(&META, first.stamp)
            .severity(ended.map_or(Severity::Warning, |_| META.severity))
            .side(Culprit::Client)
            .frame(first.stamp, "request")
            .maybe_frame(refused.map(|(_, stamp)| stamp), "answer")
            .maybe_frame(ended.map(Ending::stamp), "end")
            .frames(&more.iter().map(|f| f.stamp).collect::<Vec<_>>(), "again")
            .title(match first.fact.name {
                BEYOND => format!("MessageId {id} was used without a credit for it"),
                _ => format!("MessageId {id} was used a second time"),
            })
            .explain(format!(
                "The client sent {} under MessageId {id} in frame {}; {what}.{then}",
                or(first.text("command"), "a request"),
                first.stamp.frame
            ))
            .advise("Look for a fault of the client's program, or of a device on the way that changes or repeats messages.")
            .number("message_id", id as f64)
            .number("requests", misuses.len() as f64);
        out.raise(match first.int("limit") {
            Some(limit) => finding.number("granted", limit as f64),
            None => finding,
        });
    }
}

/// True where the server ended the connection over the MessageId of `open`, or over that of a request before it.
pub(super) fn spoiled(view: &View<'_>, open: &Open) -> bool {
    let mut facts = view.session.facts.iter().filter(|f| match f.fact.name {
        REUSED => !is_repeat(view, f),
        BEYOND => !view.one_sided() && !view.lost(Side::Server),
        _ => false,
    });
    facts.any(|f| f.stamp <= open.asked && ended(view, f).is_some())
}

/// The same request again while it waited: `duplicate-message` tells of it.
fn is_repeat(view: &View<'_>, fact: &SeenFact) -> bool {
    let id = fact.int("message_id").unwrap_or_default() as u64;
    let repeats = &view.session.troubles.repeats;
    repeats.iter().any(|r| r.id == id && !r.differs)
        || view
            .session
            .open
            .iter()
            .any(|o| o.id == id && o.repeat_count > 0)
}

/// No guard forbids to hold an id for beyond the window, and the server did not take it.
fn is_beyond(view: &View<'_>, fact: &SeenFact, out: &mut Verdicts) -> bool {
    let id = fact.int("message_id").unwrap_or_default() as u64;
    let unanswered = view.session.open.iter().any(|o| o.id == id);
    if view.one_sided() {
        out.cannot_tell(
            &META,
            "T3",
            "only one direction of this connection was captured",
        );
    } else if view.lost(Side::Server) {
        out.cannot_tell(
            &META,
            "T4",
            "answers are missing, which may have granted credits",
        );
    } else if !unanswered && refused(view, fact).is_none() {
        let why = "the server carried the request out, so the ledger of credits is not complete";
        out.cannot_tell(&META, "T4", why);
    } else {
        return true;
    }
    false
}

/// How the server refused the request: with the status that servers give for a wrong id.
fn refused<'a>(
    view: &View<'a>,
    fact: &SeenFact,
) -> Option<(&'a str, colloquy_dissectors::units::Stamp)> {
    /// STATUS_INVALID_PARAMETER.
    const INVALID: u32 = 0xC000_000D;
    let failures = view.session.troubles.failures.iter();
    failures
        .filter(|f| f.status.code == INVALID)
        .flat_map(|f| [f.first, f.last])
        .find(|a| a.asked == fact.stamp)
        .map(|a| (a.status.name, a.answered))
}

/// The server was the first to end the connection after it: by whatever came first, its FIN or its reset. SMB knows no
/// half-closed connections.
fn ended(view: &View<'_>, fact: &SeenFact) -> Option<Ending> {
    let tcp = view.tcp()?;
    let reset = tcp.reset().filter(|_| tcp.was_reset());
    let end_of = |side: Side| {
        let fin = tcp.sides[side].fin.map(Ending::Fin);
        let reset = reset.filter(|r| r.side == side);
        let reset = reset.map(|r| Ending::Reset(r.stamp, side));
        fin.into_iter().chain(reset).min_by_key(|end| end.stamp())
    };
    let server = end_of(Side::Server).filter(|end| end.stamp() >= fact.stamp)?;
    let first = end_of(Side::Client).is_none_or(|client| server.stamp() < client.stamp());
    first.then_some(server)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, no, read, smb2};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "smb2-message-id-invalid";
    const END_OF_FILE: u32 = 0xC000_0011;

    fn answered(id: u64) -> Script {
        at_work().client(&read(id)).server(&no(8, id, END_OF_FILE))
    }

    #[test]
    fn an_id_that_was_used_before_is_told() {
        let again = answered(3).client(&smb2(13, 3, None, &[4, 0, 0, 0]));
        let frames = again.clone().reset(Side::Server).frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        // That it was not answered is a consequence, and not the server's fault.
        for told in findings(frames, "request-unanswered") {
            let told = (told.severity, told.side);
            assert_eq!(told, (Severity::Warning, Culprit::Client));
        }
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].frames.iter().any(|e| e.role == "end"));
        let tolerated = again.server(&smb2(13, 3, Some(0), &[4, 0, 0, 0]));
        let found = findings(tolerated.close().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn what_ended_it_first_is_cited() {
        let again = || answered(3).client(&smb2(13, 3, None, &[4, 0, 0, 0]));
        let end = |script: Script| {
            let frames = script.frames();
            let found = findings(frames, RULE).remove(0);
            let end = found.frames.iter().find(|e| e.role == "end");
            (found.severity, end.map(|e| e.frame), found.explanation)
        };
        let closed_at = again().frames().len() as u64 + 1;
        for then in [Side::Server, Side::Client] {
            let script = again().fin(Side::Server).wait_ms(50).reset(then);
            let (severity, frame, explanation) = end(script);
            assert_eq!(
                (severity, frame),
                (Severity::Error, Some(closed_at)),
                "{then:?}"
            );
            assert!(
                explanation.contains("closed the connection"),
                "{explanation}"
            );
        }
        // Who was closed by its client may reset what is left.
        let script = again().fin(Side::Client).wait_ms(50).reset(Side::Server);
        let (severity, frame, _) = end(script);
        assert_eq!((severity, frame), (Severity::Warning, None));
    }

    #[test]
    fn an_id_without_a_credit_is_told() {
        // Three credits were granted after the first: ids 0 to 3.
        let found = findings(
            at_work().client(&read(9)).reset(Side::Server).frames(),
            RULE,
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("granted", 4.0)), "{found:?}");
        let asked = at_work().client(&read(9)).client(&read(3));
        let told = findings(asked.reset(Side::Server).frames(), "request-unanswered");
        let told: Vec<_> = told.iter().map(|f| (f.severity, f.side)).collect();
        assert_eq!(told, [(Severity::Warning, Culprit::Client)]);
        let asked = at_work().client(&read(3)).reset(Side::Server).frames();
        let told = findings(asked, "request-unanswered");
        assert_eq!(told[0].side, Culprit::Server);
    }

    #[test]
    fn ids_in_any_order_and_a_request_that_is_sent_again_are_quiet() {
        let mut generous = no(8, 3, END_OF_FILE);
        generous[4 + 14] = 4;
        let script = at_work()
            .client(&read(3))
            .server(&generous)
            .client(&read(6))
            .client(&read(4))
            .client(&read(5))
            .server(&no(8, 5, END_OF_FILE))
            .server(&no(8, 4, END_OF_FILE))
            .server(&no(8, 6, END_OF_FILE));
        assert!(findings(script.close().frames(), RULE).is_empty());
        let twice = at_work().client(&read(3)).client(&read(3));
        let frames = twice.server(&no(8, 3, END_OF_FILE)).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(findings(frames, "duplicate-message").len(), 1);
    }

    #[test]
    fn what_is_missing_may_have_granted_credits() {
        let lost = at_work()
            .client(&read(3))
            .server_lost(&no(8, 3, END_OF_FILE));
        let frames = lost.client(&read(4)).client(&read(9)).wait_secs(1.0);
        assert!(findings(frames.reset(Side::Server).frames(), RULE).is_empty());
        let taken = at_work().client(&read(9)).server(&no(8, 9, END_OF_FILE));
        assert_eq!(cannot_tell(taken.close().frames(), RULE), ["T4"]);
    }
}
