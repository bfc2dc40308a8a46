//! `ws-close-error-code`.

use super::ws;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A side closed the WebSocket with a code that says that something went wrong.
    ///
    /// ## Why it matters
    /// The code and its reason are the closer's own words for why it ended, often the only ones.
    ///
    /// ## How it is told
    /// A Close with another code than 1000 (normal) and 1001 (going away), or none: 1002 protocol error, 1003 data of a kind
    /// it can't take, 1007 bad data, 1008 policy, 1009 too big, 1010 extension missing, 1011 internal error, 1012 to 1014
    /// restart, try later, bad gateway, 3000 to 4999 a library's or application's own, whose meaning only their
    /// authors know. The code of the first Close counts; that of the answer where the first says nothing. Not told where the
    /// only Close that is seen may echo one that was not captured. A note where another finding tells the cause.
    ///
    /// ## Example
    /// `ws-ping-no-pong`: the server closes with 1011, "keepalive ping timeout".
    ///
    /// ## What to do
    /// 1002, 1003, 1007: see what the other side sent just before. 1011 to 1014: see the log of the side that closed.
    /// 3000 to 4999: look the code up in the application's documentation.
    ///
    /// ## References
    /// RFC 6455 section 7.4; IANA's registry of close codes.
    pub WsCloseErrorCode = "ws-close-error-code" {
        summary: "WebSocket closed with an error",
        severity: Warning,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 section 7.4; IANA WebSocket Close Code Number Registry",
    }
}

impl WsCloseErrorCode {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(close) = ws::telling_close(view) else {
            return;
        };
        let doubt = ws::doubtful(view).or_else(|| ws::perhaps_an_echo(view, close));
        match doubt {
            Some((guard, why)) => out.cannot_tell(&META, guard, why),
            None => out.raise(finding(view, close)),
        }
    }
}

/// What other findings say of it.
fn told_elsewhere(view: &View<'_>, close: &SeenFact) -> Option<(String, Culprit)> {
    if ws::turns_away(view, close) {
        return Some((
            "The client may not be in: see ws-not-authorised".to_owned(),
            Culprit::Client,
        ));
    }
    let peer = close.side.other();
    if let Some(breach) = ws::breach(view, peer, close.stamp)
        && ws::unsure(view, breach).is_none()
    {
        let what = ws::breach_words(breach);
        let text = format!(
            "Before that, in frame {}, the {peer} had sent {what}",
            breach.stamp.frame
        );
        return Some((text, peer.into()));
    }
    if ws::gave_up_pinging(close) {
        let text = format!("The {peer} had not answered its Pings: see ws-ping-unanswered");
        return Some((text, peer.into()));
    }
    limit(close)
}

/// A limit or policy, which has a rule of its own.
fn limit(close: &SeenFact) -> Option<(String, Culprit)> {
    let code = close.int("code").unwrap_or_default();
    matches!(code, 1008 | 1009 | 1013)
        .then(|| ("See ws-policy-close".to_owned(), ws::accused(close)))
}

fn finding(view: &View<'_>, close: &SeenFact) -> Finding {
    let (side, peer) = (close.side, close.side.other());
    let code = close.int("code").unwrap_or_default();
    let words = ws::close_words(close);
    let told = told_elsewhere(view, close);
    let unseen = told.is_none() && ws::pings_unseen(view, close);
    let culprit = match &told {
        Some((_, culprit)) => *culprit,
        None if unseen => peer.into(),
        None => ws::accused(close),
    };
    let why = match &told {
        Some((why, _)) => format!(" {why}."),
        None if unseen => format!(
            " By its reason the {peer} had not answered its Pings; none is seen, but bytes of the {side} are missing."
        ),
        None => String::new(),
    };
    let only_client = if code == 1010 && side == colloquy_dissectors::units::Side::Server {
        " Only clients may send this code."
    } else {
        ""
    };
    let last = view.session.last_message[peer].map(|m| m.stamp);
    let since = seconds(close.stamp.time.since(view.session.first.time));
    let open_for = match view.session.detail("path") {
        Some(_) => format!("{since} after the upgrade was asked for"),
        None => format!("{since} after its first frame here"),
    };
    let mut finding = Finding::new(&META, close.stamp)
        .side(culprit)
        .maybe_frame(last.filter(|l| *l < close.stamp), "last-of-peer")
        .frame(close.stamp, "close")
        .title(format!("The {side} closed the WebSocket with {words}"))
        .explain(format!(
            "In frame {}, {open_for}, the {side} ({}) closed {} with {words}.{why}{only_client}",
            close.stamp.frame,
            view.end_of(side),
            ws::named(view)
        ))
        .advise(if ws::gave_up_pinging(close) || unseen {
            format!("See why the {peer} does not answer Pings.")
        } else {
            advice(code, side.name(), peer.name())
        })
        .number("code", code as f64);
    if told.is_some() {
        finding = finding.severity(Severity::Note);
    }
    // What a code of an application means only its authors know.
    if code >= 3000 || unseen {
        finding.likely()
    } else {
        finding
    }
}

fn advice(code: i64, closer: &str, peer: &str) -> String {
    match code {
        1002 | 1007 => {
            format!("See what the {peer} sent last, and which library makes its frames.")
        }
        1003 => format!(
            "The {closer} takes another kind of message (text or binary) than the {peer} sent."
        ),
        1008 => format!("The {closer}'s rules forbid something that the {peer} did: see its log."),
        1009 => {
            format!("Let the {peer} send smaller messages, or raise the limit of the {closer}.")
        }
        1010 => "Let the server negotiate the extension that the client needs.".to_owned(),
        1011 => format!("See the log of the {closer} of that moment: something failed there."),
        1012 | 1013 => "Let the client connect again later, with growing pauses.".to_owned(),
        1014 => format!("See what stands behind the {closer}: it got no fit answer from there."),
        _ => "Look the code up in the documentation of the application or library.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::ws::{at_length, close, ended, frame, opened, ping, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "ws-close-error-code";

    fn talk() -> crate::capture::script::Script {
        opened()
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"))
    }

    #[test]
    fn each_code_accuses_the_right_side() {
        for (code, culprit) in [
            (1002, Culprit::Client),
            (1003, Culprit::Client),
            (1007, Culprit::Client),
            (1010, Culprit::Server),
            (1011, Culprit::Server),
            (1012, Culprit::Server),
            (1014, Culprit::Server),
            (3999, Culprit::Unknown),
            (4000, Culprit::Unknown),
            (4999, Culprit::Unknown),
        ] {
            let frames = ended(talk(), Side::Server, code, "why");
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, culprit), "{code}");
            assert_eq!(found[0].severity, Severity::Warning, "{code}");
            assert!(found[0].title.contains("\"why\""), "{}", found[0].title);
            assert_eq!(loud(frames), [RULE], "{code}");
        }
        let found = findings(ended(talk(), Side::Client, 1002, ""), RULE);
        assert_eq!(found[0].side, Culprit::Server);
    }

    #[test]
    fn ordinary_codes_are_quiet() {
        for code in [0, 1000, 1001] {
            assert!(findings(ended(talk(), Side::Server, code, ""), RULE).is_empty());
        }
    }

    #[test]
    fn the_answer_counts_where_the_first_says_nothing() {
        let script = talk().client(&close(Side::Client, 1000, "")).server(&close(
            Side::Server,
            1011,
            "too late",
        ));
        assert_eq!(
            findings(script.close().frames(), RULE)[0].side,
            Culprit::Server
        );
        let echoed =
            talk()
                .client(&close(Side::Client, 1009, ""))
                .server(&close(Side::Server, 1000, ""));
        assert_eq!(findings(echoed.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn a_close_that_may_be_an_echo() {
        let (first, echo) = (
            close(Side::Server, 1011, "failed"),
            close(Side::Client, 1011, ""),
        );
        let script = talk().server_lost(&first).client(&echo);
        assert_eq!(cannot_tell(script.close().frames(), RULE), ["T4"]);
        let mut alone = talk().server(&first).client(&echo).close().frames();
        // The source address in the IPv4 header, behind the Ethernet header.
        alone.retain(|f| f.bytes[26..30] == [10, 0, 0, 1]);
        assert_eq!(cannot_tell(alone.clone(), RULE), ["T3"]);
        assert!(loud(alone).is_empty());
        // What was lost before the client's last message was no Close.
        let before = opened()
            .client_lost(&text(Side::Client, "a message that was lost"))
            .server(&text(Side::Server, "hi"));
        let before = (0..4).fold(before, |script, _| {
            script.client(&text(Side::Client, "a message that was captured"))
        });
        let script = before.server(&first);
        assert_eq!(findings(script.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn pings_that_were_not_captured() {
        let gave_up = |script: crate::capture::script::Script| {
            let reason = "keepalive ping timeout";
            findings(ended(script, Side::Server, 1011, reason), RULE)
        };
        let found = gave_up(
            talk()
                .server_lost(&ping(Side::Server, "a"))
                .server(&text(Side::Server, "a message after it"))
                .wait_secs(20.0),
        );
        assert_eq!(
            (found[0].side, found[0].certainty),
            (Culprit::Client, Certainty::Likely)
        );
        assert_eq!(gave_up(talk().wait_secs(20.0))[0].side, Culprit::Server);
    }

    #[test]
    fn a_breach_is_the_finding_and_the_code_a_note() {
        let frames = ended(
            talk().client(&frame(Side::Client, 0x83, b"?")),
            Side::Server,
            1002,
            "invalid opcode",
        );
        let found = findings(frames.clone(), RULE);
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Note, Culprit::Client)
        );
        assert_eq!(loud(frames), ["ws-frame-invalid"]);
    }

    #[test]
    fn joined_in_mid_session_both_sides_must_speak() {
        let script = at_length(talk());
        let late = ended(script, Side::Server, 1011, "down").split_off(9);
        assert_eq!(loud(late.clone()), [RULE]);
        let server: Vec<_> = late
            .into_iter()
            .filter(|f| f.bytes[26..30] == [10, 0, 0, 2])
            .collect();
        assert!(loud(server).is_empty());
    }

    #[test]
    fn a_close_that_was_not_captured() {
        let script = talk().server_lost(&close(Side::Server, 1011, ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
