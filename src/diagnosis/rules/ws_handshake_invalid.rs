//! `ws-handshake-invalid`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

use super::{ws, ws_refusal};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The heads that open the WebSocket do not fit together: the server's 101 lacks what it must have or grants what was
    /// not asked for, or the client's request is itself at fault.
    ///
    /// ## Why it matters
    /// A client has to check the answer and to fail the connection where it does not fit, although the server believes that
    /// all is well and begins to talk.
    ///
    /// ## How it is told
    /// In the 101: Sec-WebSocket-Accept is not the base64 of the SHA-1 of the client's key and the fixed GUID, or is absent;
    /// Upgrade or Connection is absent; a subprotocol or extension was chosen that the client had not offered. A warning
    /// where the client talks on all the same. A server that chooses none of the subprotocols offered may do so; that is told
    /// where the client then hung up without a word, as browsers do. In the request: each field that section 4.1 demands;
    /// a note, for `ws-upgrade-failed` names it where it mattered.
    ///
    /// ## Example
    /// `ws-subprotocol-unasked`: the server chooses a subprotocol that was never offered, and the client fails.
    ///
    /// ## What to do
    /// Wrong Accept: the server, or a proxy that answers from a cache, computes it from another key. Subprotocol: let both
    /// name a common one. Extension: switch it off at the server.
    ///
    /// ## References
    /// RFC 6455 sections 4.1 and 4.2.2.
    pub WsHandshakeInvalid = "ws-handshake-invalid" {
        summary: "WebSocket handshake invalid",
        severity: Error,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 4.1 and 4.2.2",
    }
}

impl WsHandshakeInvalid {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("ws.answer-fault") {
            out.raise(answer(view, fact));
        }
        if let Some(fact) = view.session.fact("ws.subprotocol-none") {
            no_subprotocol(view, fact, out);
        }
        if let Some(fact) = view.session.fact("ws.request-fault") {
            out.raise(request(view, fact));
        }
    }
}

/// True where the client has said something since the 101.
fn talks(view: &View<'_>) -> bool {
    let close = u64::from(ws::close_of(view, Side::Client).is_some());
    view.session.messages.client > 1 + close
}

/// The client's end of it, where it ended the matter without a word: its Close, FIN or reset.
pub(super) fn walked_out(view: &View<'_>) -> Option<Stamp> {
    if talks(view) {
        return None;
    }
    let close = ws::close_of(view, Side::Client).map(|c| c.stamp);
    let own = ws::hung_up(view).filter(|h| h.side == Side::Client);
    let end = close.or(own.map(|h| h.stamp))?;
    let server = ws::close_of(view, Side::Server).map(|c| c.stamp);
    server.is_none_or(|s| s > end).then_some(end)
}

fn answer(view: &View<'_>, fact: &SeenFact) -> Finding {
    let (what, expected, got) = (fact.text("what"), fact.text("expected"), fact.text("got"));
    let end = walked_out(view);
    let about_offer = what.contains("offered");
    let says = match got {
        "" => String::new(),
        got => format!(" It says \"{got}\"."),
    };
    let right = match (about_offer, expected) {
        (true, "") => " Nothing was offered.".to_owned(),
        (_, "") => String::new(),
        (true, offered) => format!(" Offered was \"{offered}\"."),
        (false, right) => format!(" Right would be \"{right}\"."),
    };
    let then = match end {
        Some(end) => format!(" The client ended the connection (frame {}).", end.frame),
        None if talks(view) => " The client talks on all the same; others will not.".to_owned(),
        None => String::new(),
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(Side::Server)
        .maybe_frame(view.session.entered(Phase::Connecting).map(|p| p.stamp), "request")
        .frame(fact.stamp, "answer")
        .maybe_frame(end, "consequence")
        .title(format!("The server's 101 is invalid: {what}"))
        .explain(format!(
            "The answer in frame {} to the upgrade at {} is at fault: {what}.{says}{right} A client has to fail the connection \
             over that.{then}",
            fact.stamp.frame,
            ws::path(view)
        ))
        .advise(advice(what));
    if talks(view) {
        finding.severity(Severity::Warning)
    } else {
        finding
    }
}

fn advice(what: &str) -> &'static str {
    if what.contains("Accept") {
        "See how the server computes Sec-WebSocket-Accept, and whether something on the way answers in its place or out of a cache."
    } else if what.contains("subprotocol") {
        "Let the server choose only from what the client offers, or nothing at all."
    } else if what.contains("extension") {
        "Let the server accept only extensions that the client offers."
    } else {
        "See which of the server and the proxies before it leaves the fields Upgrade: websocket and Connection: Upgrade out."
    }
}

fn no_subprotocol(view: &View<'_>, fact: &SeenFact, out: &mut Verdicts) {
    /// A client that fails on it does so at once: seconds.
    const AT_ONCE: f64 = 5.0;
    let Some(end) = walked_out(view).filter(|end| end.time.since(fact.stamp.time) <= AT_ONCE)
    else {
        return;
    };
    if ws::unread(view, Side::Client) {
        let why = "bytes are missing where the client may have spoken";
        out.cannot_tell(&META, "T4", why);
        return;
    }
    let offered = fact.text("offered");
    out.raise(
        Finding::new(&META, fact.stamp)
            .likely()
            .side(Culprit::Client)
            .maybe_frame(view.session.entered(Phase::Connecting).map(|p| p.stamp), "request")
            .frame(fact.stamp, "answer")
            .frame(end, "consequence")
            .title(format!("No common subprotocol: the server speaks none of \"{offered}\""))
            .explain(format!(
                "The client offered the subprotocols \"{offered}\". The server granted the WebSocket in frame {} without \
                 choosing one, as it may where it knows none of them, and the client ended the connection without a word \
                 (frame {}). Browsers and many libraries do that.",
                fact.stamp.frame, end.frame
            ))
            .advise("Let the client offer a subprotocol that this server speaks, or none; mind versions in their names."),
    );
}

fn request(view: &View<'_>, fact: &SeenFact) -> Finding {
    let faults = ws_refusal::request_faults(view).join("; ");
    let refused = view.session.fact("ws.refused");
    let then = match refused {
        Some(refused) => format!(" The server refused it (frame {}).", refused.stamp.frame),
        None => " The server granted it all the same.".to_owned(),
    };
    Finding::new(&META, fact.stamp)
        .severity(Severity::Note)
        .side(Side::Client)
        .frame(fact.stamp, "request")
        .maybe_frame(refused.map(|r| r.stamp), "answer")
        .title(format!("The client's upgrade request is at fault: {faults}"))
        .explain(format!(
            "The request for a WebSocket at {} in frame {} breaks RFC 6455 section 4.1: {faults}.{then}",
            ws::path(view),
            fact.stamp.frame
        ))
        .advise("Mend the client, or see what on the way changed its request.")
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::ws::{ANSWER, REQUEST, opened_with, text, to};
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "ws-handshake-invalid";

    fn granted(answer: &str) -> Script {
        to(8080)
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{answer}\r\n").as_bytes())
    }

    #[test]
    fn an_answer_that_a_client_must_not_take() {
        let lame = [
            ANSWER.replace("s3pP", "xxxx"),
            ANSWER.replace("Sec-WebSocket-Accept", "X-Accept"),
            ANSWER.replace("Upgrade: websocket\r\n", ""),
            ANSWER.replace("Connection: Upgrade\r\n", "Connection: close\r\n"),
            format!("{ANSWER}Sec-WebSocket-Protocol: chat\r\n"),
            format!("{ANSWER}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        ];
        for answer in lame {
            let frames = granted(&answer).close().frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!(found.len(), 1, "{answer}");
            assert_eq!(
                (found[0].severity, found[0].side),
                (Severity::Error, Culprit::Server)
            );
            assert_eq!(loud(frames), [RULE], "{answer}");
        }
        let found = findings(
            granted(&ANSWER.replace("s3pP", "xxxx")).close().frames(),
            RULE,
        );
        assert!(
            found[0]
                .explanation
                .contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            "{found:?}"
        );
    }

    #[test]
    fn a_client_that_does_not_mind() {
        let script = granted(&ANSWER.replace("s3pP", "xxxx")).client(&text(Side::Client, "hi"));
        assert_eq!(
            findings(script.frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn no_common_subprotocol_matters_to_a_client_that_walks_out() {
        let offered = || opened_with("Sec-WebSocket-Protocol: chat.v2\r\n", "");
        let frames = offered().close().frames();
        assert_eq!(loud(frames.clone()), [RULE]);
        assert_eq!(findings(frames, RULE)[0].side, Culprit::Client);
        let works = offered()
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"));
        assert!(findings(works.close().frames(), RULE).is_empty());
        let listens = offered()
            .server(&text(Side::Server, "news"))
            .wait_secs(30.0);
        assert!(findings(listens.close().frames(), RULE).is_empty());
        assert!(loud(offered().frames()).is_empty());
        let chosen = opened_with(
            "Sec-WebSocket-Protocol: a, b\r\n",
            "Sec-WebSocket-Protocol: b\r\n",
        );
        assert!(findings(chosen.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_sloppy_request_that_was_granted_is_a_note() {
        let request = REQUEST.replace("Version: 13", "Version: 12");
        let script = to(8080)
            .client(format!("{request}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes())
            .client(&text(Side::Client, "hi"));
        assert_eq!(
            findings(script.clone().frames(), RULE)[0].severity,
            Severity::Note
        );
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn what_the_client_said_was_not_captured() {
        let script = opened_with("Sec-WebSocket-Protocol: chat.v2\r\n", "")
            .client_lost(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi there, how are you today?"));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
