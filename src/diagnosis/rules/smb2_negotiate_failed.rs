//! `smb2-negotiate-failed`.

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::smb::{code, overdue, unseen, waited};
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::exchange::Open;
use crate::session::model::{Part, SeenFact};

/// The answer that asks for a second NEGOTIATE (MS-SMB2 3.3.5.3.1): DialectRevision 0x02FF.
const WILDCARD: &str = "2.???";

declare_rule! {
    /// ## What it means
    /// No dialect of SMB came about between client and server: no answer came, the server refused, or the client did not go
    /// on after an answer that asks for a second NEGOTIATE.
    ///
    /// ## Why it matters
    /// Nothing else of SMB can be said. Often one side allows only dialects that the other does not have (SMB1 switched
    /// off, an old device), or the port is not SMB's.
    ///
    /// ## How it is told
    /// NEGOTIATE without an answer when the connection ended or the answer is overdue (`likely` where the server ended it: no
    /// answer is no disagreement, it may also have no room, or not admit the client); an answer with a failure
    /// (NOT_SUPPORTED), in another protocol or, in SMB1, with no dialect; DialectRevision 0x02FF as the last word on a
    /// connection that ended.
    ///
    /// ## Example
    /// A client with SMB1 only at a server that closes the connection.
    ///
    /// ## What to do
    /// Compare the dialects that both allow (`client min protocol`, `server min protocol`, Get-SmbServerConfiguration). Where no
    /// answer came, see also how many connections or processes the server allows, and which hosts.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.3 and 3.3.5.4; MS-CIFS 3.3.5.42.
    pub Smb2NegotiateFailed = "smb2-negotiate-failed" {
        summary: "No dialect agreed on",
        severity: Error,
        category: Establishment,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.3 and 3.3.5.4; MS-CIFS 3.3.5.42",
    }
}

impl Smb2NegotiateFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        if let Some(open) = session.open.iter().find(|o| o.op.name == "NEGOTIATE") {
            if let Some(answer) = foreign_answer(view) {
                out.raise(another_protocol(view, open, answer));
            } else if overdue(view, open, &META, out) {
                out.raise(unanswered(view, open));
            }
            return;
        }
        if let Some(fact) = session.fact("smb.negotiate-failed") {
            let offered = fact
                .value("dialects")
                .map(Value::to_string)
                .unwrap_or_default();
            let how = format!(
                "the server answered {}; offered were: {offered}",
                fact.text("status")
            );
            let finding = Finding::new(&META, fact.stamp)
                .maybe_frame(fact.request, "request")
                .frame(fact.stamp, "answer")
                .number("status", f64::from(code(fact)));
            out.raise(told(
                finding,
                Culprit::Client,
                "The server accepts none of the dialects",
                &how,
            ));
            return;
        }
        let wildcard = session
            .detail("dialect")
            .is_some_and(|d| d.to_string() == WILDCARD);
        let said = session.last_message;
        if let (true, Some(end), Some(asked), Some(last)) =
            (wildcard, view.ending(), said.client, said.server)
            && asked.op.name == "NEGOTIATE"
            && last.part == Part::Reply
            && !unseen(view, Side::Client)
        {
            let finding = Finding::new(&META, last.stamp)
                .frame(last.stamp, "answer")
                .frame(end.stamp(), "end");
            let how = "the server asked for a second NEGOTIATE (dialect 0x02FF), and the connection ended without one";
            out.raise(told(
                finding,
                Culprit::Client,
                "The client did not negotiate on",
                how,
            ));
        }
    }
}

/// No answer is no disagreement: only how the connection went on tells something.
fn unanswered(view: &View<'_>, open: &Open) -> Finding {
    let fact = view.session.fact("smb.negotiate-unanswered");
    let dialects = fact.and_then(|f| f.value("dialects"));
    let offered = dialects.map_or_else(String::new, |d| format!(" It offered {d}."));
    let refused = refused_before(view, open);
    let no = No::of(view, open, refused);
    let finding = Finding::new(&META, open.asked)
        .severity(refused.map_or(META.severity, |_| Severity::Warning))
        .side(no.culprit)
        .maybe_frame(refused, "refused-before")
        .frame(open.asked, "request")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title("NEGOTIATE was never answered")
        .explain(format!(
            "The client asked for SMB in frame {}, and {}.{offered} {}",
            open.asked.frame,
            waited(view, open),
            no.why
        ))
        .advise(no.advice);
    if no.is_sure {
        finding
    } else {
        finding.likely()
    }
}

/// The server's refusal of the connection as such, of which nbss-session-refused tells.
fn refused_before(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let nbss = view.flow.parent(view.session)?;
    let refused = nbss.facts_named("nbss.refused").map(|f| f.stamp);
    refused.filter(|stamp| *stamp < open.asked).last()
}

/// What is to be said of a NEGOTIATE without an answer.
struct No {
    culprit: Culprit,
    why: &'static str,
    advice: &'static str,
    is_sure: bool,
}

impl No {
    fn of(view: &View<'_>, open: &Open, refused: Option<Stamp>) -> Self {
        if refused.is_some() {
            return Self {
                culprit: Culprit::Server,
                why: "The server had refused the connection before: the cause is told by nbss-session-refused.",
                advice: "See why the server refused the connection.",
                is_sure: true,
            };
        }
        if view.acknowledged(open) != Some(true) {
            return Self {
                culprit: Culprit::Unknown,
                why: "TCP at the server was not seen to acknowledge the request.",
                advice: "Look at the path between the two, and see whether the server is alive.",
                is_sure: false,
            };
        }
        if ended_by_server(view) {
            return Self {
                culprit: Culprit::Server,
                why: "The server had the request and ended the connection without a word of why. Servers do so where they have none \
                      of the dialects that are offered, where they have room for no further connection, and where their policy \
                      does not admit the client.",
                advice: "See the server's log. Compare the dialects that both allow, its limit of connections or processes, and the \
                         hosts that it admits.",
                is_sure: false,
            };
        }
        Self {
            culprit: Culprit::Server,
            why: "TCP at the server had the request, its program did not answer.",
            advice: "Look at the server's SMB service, and see whether it is SMB that listens on this port.",
            is_sure: view.ending().is_none(),
        }
    }
}

fn ended_by_server(view: &View<'_>) -> bool {
    match view.ending() {
        Some(Ending::Reset(_, side)) => side == Side::Server,
        Some(Ending::Fin(_)) => view.tcp().is_some_and(|tcp| {
            let [client, server] = [Side::Client, Side::Server].map(|side| tcp.sides[side].fin);
            server.is_some() && (client.is_none() || server < client)
        }),
        None => false,
    }
}

/// What the server said where the answer was awaited, and what is no packet of the session service.
fn foreign_answer<'a>(view: &View<'a>) -> Option<&'a SeenFact> {
    let nbss = view.flow.parent(view.session)?;
    let mut strange = nbss.facts.iter();
    strange.find(|f| f.fact.name == "nbss.unknown-type" && f.side == Side::Server)
}

fn another_protocol(view: &View<'_>, open: &Open, answer: &SeenFact) -> Finding {
    let first = answer.int("type").unwrap_or_default();
    let looks = match first {
        0x05 => ", as DCE/RPC does",
        0x15 | 0x16 => ", as TLS does",
        0x48 => ", as HTTP does",
        0x53 => ", as SSH does",
        _ => "",
    };
    Finding::new(&META, open.asked)
        .side(Culprit::Client)
        .frame(open.asked, "request")
        .frame(answer.stamp, "answer")
        .title(format!("{} does not speak SMB", view.server()))
        .explain(format!(
            "The client asked for SMB in frame {}; {} answered in frame {} in another protocol: its answer begins with \
             0x{first:02x}{looks}.",
            open.asked.frame,
            view.server(),
            answer.stamp.frame,
        ))
        .advise("Ask at the port where the server has SMB (445, or 139 for NetBIOS); a scanner tries every port like this.")
}

fn told(finding: Finding, culprit: Culprit, title: &str, how: &str) -> Finding {
    finding
        .side(culprit)
        .title(title)
        .explain(format!("Client and server did not agree on a dialect of SMB: {how}."))
        .advise("Compare the dialects that both allow, and see whether it is SMB that listens on this port.")
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, negotiated, no, refused, smb2, to};
    use crate::diagnosis::{Certainty, Severity};

    const RULE: &str = "smb2-negotiate-failed";

    fn offer() -> Vec<u8> {
        let mut body = vec![36, 0, 1, 0];
        body.resize(36, 0);
        body.extend([0x02, 0x02]);
        smb2(0, 0, None, &body)
    }

    #[test]
    fn silence_and_refusal_are_told() {
        let silent = findings(
            to(445).client(&offer()).wait_secs(50.0).close().frames(),
            RULE,
        );
        assert_eq!(silent.len(), 1);
        let refused = to(445).client(&offer()).server(&no(0, 0, 0xC000_00BB));
        let found = findings(refused.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].explanation.contains("STATUS_NOT_SUPPORTED")
                && found[0].explanation.contains("2.0.2")
        );
    }

    #[test]
    fn a_server_that_hangs_up_need_not_disagree() {
        let shut = to(445).client(&offer()).fin(Side::Server);
        let found = findings(shut.fin(Side::Client).frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        let text = &found[0].explanation;
        assert!(text.contains("2.0.2") && text.contains("room"), "{text}");
        // Refused before anybody asked: the refusal is the main finding.
        let refused = to(445).server(&refused(0x81)).client(&offer());
        let frames = refused.fin(Side::Server).fin(Side::Client).frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].frames[0].role, "refused-before");
        let found = findings(frames, "nbss-session-refused");
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].title.contains("unasked"), "{}", found[0].title);
    }

    #[test]
    fn an_answer_in_another_protocol_is_told_once() {
        let nak = [
            5, 0, 13, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 5, 0, 0, 0, 0,
        ];
        let frames = to(1025).client(&offer()).server(&nak).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].explanation.contains("0x05, as DCE/RPC does"),
            "{}",
            found[0].explanation
        );
        assert!(findings(frames, "nbss-unexpected-message").is_empty());
    }

    #[test]
    fn a_wildcard_answer_that_nobody_follows_is_told() {
        let mut wildcard = vec![65, 0, 1, 0, 0xFF, 0x02];
        wildcard.resize(64, 0);
        let script = to(445)
            .client(&offer())
            .server(&smb2(0, 0, Some(0), &wildcard));
        assert_eq!(findings(script.close().frames(), RULE).len(), 1);
        let goes_on = to(445)
            .client(&offer())
            .server(&smb2(0, 0, Some(0), &wildcard));
        assert!(findings(negotiated(goes_on).close().frames(), RULE).is_empty());
    }

    #[test]
    fn agreement_is_quiet_and_a_lost_answer_cannot_be_told() {
        assert!(findings(at_work().close().frames(), RULE).is_empty());
        let lost = to(445)
            .client(&offer())
            .server_lost(&no(0, 0, 0))
            .wait_secs(1.0);
        assert_eq!(cannot_tell(lost.close().frames(), RULE), ["T4"]);
    }
}
