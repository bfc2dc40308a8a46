//! `ws-policy-close`.

use super::ws;
use crate::diagnosis::{Finding, Severity, Verdicts, View, counted, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A side closed the WebSocket because a limit or rule of its own was hit: 1009 a message was too big, 1008 its policy
    /// was violated, 1013 it is too busy now.
    ///
    /// ## Why it matters
    /// The protocol was kept. The same will happen again until the limit is raised or the other side keeps to it.
    ///
    /// ## How it is told
    /// By the code of the Close; not where that may echo one that was not captured. A note where `ws-not-authorised` reads a
    /// 1008 more exactly.
    ///
    /// ## Example
    /// A client sends a picture of 2 MiB to a server whose library takes messages of up to 1 MiB: Close 1009.
    ///
    /// ## What to do
    /// 1009: raise the limit (`max_size`, `maxPayload`, `maxFrameSize`) or send in pieces. 1008: read the reason, and the
    /// log of the side that closed. 1013: connect again later, with growing pauses.
    ///
    /// ## References
    /// RFC 6455 section 7.4.1; IANA's registry of close codes.
    pub WsPolicyClose = "ws-policy-close" {
        summary: "Closed for a limit or policy",
        severity: Warning,
        category: Resources,
        protocols: ["websocket"],
        reference: "RFC 6455 section 7.4.1; IANA WebSocket Close Code Number Registry",
    }
}

impl WsPolicyClose {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let close = ws::telling_close(view);
        let limit = |c: &&SeenFact| matches!(c.int("code"), Some(1008 | 1009 | 1013));
        let Some(close) = close.filter(limit) else {
            return;
        };
        let doubt = ws::doubtful(view).or_else(|| ws::perhaps_an_echo(view, close));
        match doubt {
            Some((guard, why)) => out.cannot_tell(&META, guard, why),
            None => out.raise(finding(view, close)),
        }
    }
}

fn finding(view: &View<'_>, close: &SeenFact) -> Finding {
    let (side, peer) = (close.side, close.side.other());
    let code = close.int("code").unwrap_or_default();
    let words = ws::close_words(close);
    let (title, advice) = match code {
        1009 => (
            format!("A message of the {peer} was too big for the {side}: closed with {words}"),
            format!(
                "Raise the {side}'s limit for a message, or let the {peer} send less in one message."
            ),
        ),
        1013 => (
            format!("The {side} has no room now: closed with {words}"),
            format!(
                "See how loaded the {side} is; let clients connect again later, with growing pauses."
            ),
        ),
        _ => (
            format!("The {peer} broke a rule of the {side}: closed with {words}"),
            format!("Read the reason, and the log of the {side}, for the rule."),
        ),
    };
    let last = view.session.last_message[peer].map(|m| m.stamp);
    let finding = Finding::new(&META, close.stamp)
        .side(ws::accused(close))
        .maybe_frame(last.filter(|l| *l < close.stamp), "last-of-peer")
        .frame(close.stamp, "close")
        .title(title)
        .explain(format!(
            "In frame {} the {side} ({}) closed {} with {words}.{}",
            close.stamp.frame,
            view.end_of(side),
            ws::named(view),
            sent_before(view, close)
        ))
        .advise(advice)
        .number("code", code as f64);
    let broken = ws::breach(view, peer, close.stamp).is_some();
    if ws::turns_away(view, close) || broken {
        finding.severity(Severity::Note)
    } else {
        finding
    }
}

/// What the other side had sent by then, as far as all of it was read.
fn sent_before(view: &View<'_>, close: &SeenFact) -> String {
    let peer = close.side.other();
    let whole = close.int("peer_messages");
    let Some(whole) = whole.filter(|_| !ws::unread(view, peer)) else {
        return String::new();
    };
    let whole = counted(whole.unsigned_abs(), "whole message");
    match close.int("peer_half") {
        Some(half) => format!(
            " The {peer} had sent {whole} by then and was in the middle of one of at least {}.",
            counted(half.unsigned_abs(), "byte")
        ),
        None => format!(" The {peer} had sent {whole} by then."),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, frame, opened, ping, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-policy-close";

    fn talk() -> crate::capture::script::Script {
        opened()
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"))
    }

    #[test]
    fn limits_and_rules() {
        for (code, culprit) in [
            (1009, Culprit::Client),
            (1008, Culprit::Client),
            (1013, Culprit::Server),
        ] {
            let frames = ended(talk(), Side::Server, code, "");
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, culprit), "{code}");
            assert_eq!(loud(frames), [RULE], "{code}");
        }
        let frames = ended(talk(), Side::Client, 1009, "over size limit");
        assert_eq!(findings(frames, RULE)[0].side, Culprit::Server);
    }

    #[test]
    fn other_codes_are_told_elsewhere() {
        for code in [1000, 1002, 1011, 1012] {
            assert!(findings(ended(talk(), Side::Server, code, ""), RULE).is_empty());
        }
    }

    #[test]
    fn a_policy_on_who_may_be_in_is_told_once() {
        let frames = ended(talk(), Side::Server, 1008, "login required");
        assert_eq!(loud(frames), ["ws-not-authorised"]);
    }

    #[test]
    fn a_close_that_was_not_captured() {
        let script = talk().server_lost(&close(Side::Server, 1009, ""));
        assert!(findings(script.clone().close().frames(), RULE).is_empty());
        let echoed = script.client(&close(Side::Client, 1009, "")).close();
        assert_eq!(cannot_tell(echoed.frames(), RULE), ["T4"]);
    }

    #[test]
    fn what_was_sent_before_is_counted_without_handshake_and_close() {
        let told = |script| {
            let found = findings(ended(script, Side::Server, 1009, ""), RULE);
            found[0].explanation.clone()
        };
        let once = told(talk().client(&ping(Side::Client, "a")));
        assert!(
            once.ends_with("had sent 1 whole message by then."),
            "{once}"
        );
        let half = talk().client(&frame(Side::Client, 0x01, &[b'a'; 300]));
        let half = told(half.client(&[0x80, 0xfe, 0x02, 0x00]));
        assert!(
            half.contains(
                "1 whole message by then and was in the middle of one of at least 300 bytes"
            ),
            "{half}"
        );
        let lost = told(talk().client_lost(&text(Side::Client, "more")));
        assert!(!lost.contains("had sent"), "{lost}");
    }
}
