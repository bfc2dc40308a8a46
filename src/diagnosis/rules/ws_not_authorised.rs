//! `ws-not-authorised`.

use super::ws;
use super::ws_refusal::{self, Refusal};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server does not let this client have the WebSocket: the upgrade was refused with 401, 403 or 407, or the
    /// server closed it with a code or a reason that says so.
    ///
    /// ## Why it matters
    /// A browser hides the status from its page, so a missing cookie, an expired token or a foreign origin all look like a
    /// connection that failed with 1006.
    ///
    /// ## How it is told
    /// By status 401, 403 or 407; by close code 3000 (unauthorized) or 3003 (forbidden) of the registry, 4401 or 4403 of
    /// convention; by close code 1008 or one of the application's whose reason speaks of rights, tokens or log-on, or 1008
    /// without a reason before the server has said anything. A 401 or 407 that is followed by a granted upgrade was the
    /// first leg of a log-on and is not told; nor one behind which the capture lacks what may have been the second.
    ///
    /// ## Example
    /// `ws-handshake-origin`: the page's origin is not among those that the server allows.
    ///
    /// ## What to do
    /// 401: send credentials (cookies go along only to their own site). 403 with an Origin: add that origin to those that the
    /// server allows. Closed after a while: renew the token before it expires, then connect again.
    ///
    /// ## References
    /// RFC 6455 sections 4.2.2, 7.4 and 10.2; IANA's registry of close codes.
    pub WsNotAuthorised = "ws-not-authorised" {
        summary: "WebSocket refused: not authorised",
        severity: Error,
        category: Authentication,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 4.2.2, 7.4 and 10.2; IANA WebSocket Close Code Number Registry",
    }
}

impl WsNotAuthorised {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for refused in view.session.facts_named("ws.refused") {
            if ws_refusal::refusal(view, refused) == Refusal::NotAuthorised {
                upgrade(view, refused, out);
            }
        }
        let close = ws::telling_close(view).filter(|c| ws::turns_away(view, c));
        let Some(close) = close else { return };
        let doubt = ws::doubtful(view).or_else(|| ws::perhaps_an_echo(view, close));
        match doubt {
            Some((guard, why)) => out.cannot_tell(&META, guard, why),
            None => out.raise(closed(view, close)),
        }
    }
}

fn upgrade(view: &View<'_>, refused: &SeenFact, out: &mut Verdicts) {
    let later = ws_refusal::got_in(view, refused);
    if ws_refusal::is_challenge(refused) && later.is_some() {
        return;
    }
    let challenge = ws_refusal::is_challenge(refused) && later.is_none();
    if let Some((guard, why)) = ws_refusal::unseen_retry(view, refused).filter(|_| challenge) {
        out.cannot_tell(&META, guard, why);
        return;
    }
    if challenge && ws_refusal::second_leg_may_come(view, refused) {
        let why = "the capture ended where the log-on's second leg may follow";
        out.cannot_tell(&META, "T2", why);
        return;
    }
    let mut finding = refused_finding(view, refused);
    if let Some(granted) = later {
        let after = seconds(granted.time.since(refused.stamp.time));
        let told = format!(
            " {after} later the same client was let in (frame {}).",
            granted.frame
        );
        finding.explanation.push_str(&told);
        finding = finding.severity(Severity::Note).frame(granted, "granted");
    }
    out.raise(finding);
}

fn refused_finding(view: &View<'_>, refused: &SeenFact) -> Finding {
    let status = refused.int("status").unwrap_or_default();
    let origin = view.session.detail("origin").map(ToString::to_string);
    let words = format!("{status} {}", refused.text("reason"));
    let had = match (refused.is("credentials"), refused.text("challenge")) {
        (true, _) => "The request bore credentials or cookies; they were not enough".to_owned(),
        (false, "") => "The request bore neither credentials nor cookies".to_owned(),
        (false, scheme) => {
            format!("The request bore no credentials, and the server asks for {scheme}")
        }
    };
    let from = match &origin {
        Some(origin) => format!(". Its Origin is {origin}"),
        None => ", and no Origin".to_owned(),
    };
    let advice = match (status, &origin) {
        (407, _) => "Give the client the proxy's credentials.",
        (401, _) => {
            "Log on first, and see that the cookie or token goes along with the upgrade request."
        }
        (_, Some(_)) => {
            "See whether the server allows this origin, and whether it lets this user in: its log tells which of the two it was."
        }
        _ => {
            "See the server's log for why: rights of the user, a missing token, an origin that it wants to see."
        }
    };
    Finding::new(&META, refused.stamp)
        .side(Culprit::Client)
        .maybe_frame(refused.request, "request")
        .frame(refused.stamp, "answer")
        .title(format!(
            "{} does not let the client have {}: {}",
            view.server(),
            ws::named(view),
            words.trim()
        ))
        .explain(format!(
            "The client asked for a WebSocket at {} in frame {}; the server answered {} in frame {}. {had}{from}.",
            ws::path(view),
            refused.request.map_or(0, |r| r.frame),
            words.trim(),
            refused.stamp.frame
        ))
        .advise(advice)
        .number("status", status as f64)
}

fn closed(view: &View<'_>, close: &SeenFact) -> Finding {
    let words = ws::close_words(close);
    let finding = Finding::new(&META, close.stamp)
        .side(Culprit::Client)
        .frame(close.stamp, "close")
        .title(format!("The server turned the client away: closed with {words}"))
        .explain(format!(
            "The server granted {} and closed it {} later, in frame {}, with {words}.",
            ws::named(view),
            seconds(close.stamp.time.since(view.session.first.time)),
            close.stamp.frame
        ))
        .advise("Renew what the client shows (cookie, token, log-on) and connect again; see the server's log for what it lacked.")
        .number("code", close.int("code").unwrap_or_default() as f64);
    // Only these two are the registry's own.
    if matches!(close.int("code"), Some(3000 | 3003)) {
        finding
    } else {
        finding.likely()
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::ws::{
        ANSWER, REQUEST, asked, close, ended, opened, refused, text, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "ws-not-authorised";

    #[test]
    fn the_upgrade_is_denied() {
        for status in [
            "401 Unauthorized",
            "403 Forbidden",
            "407 Proxy Authentication Required",
        ] {
            let frames = asked().server(&refused(status, "")).close().frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!(
                (found.len(), found[0].side),
                (1, Culprit::Client),
                "{status}"
            );
            assert!(
                found[0].explanation.contains("http://o.example"),
                "{}",
                found[0].explanation
            );
            assert_eq!(loud(frames), [RULE], "{status}");
        }
    }

    #[test]
    fn the_second_leg_gets_in() {
        let script = asked()
            .server(&refused("401 Unauthorized", "WWW-Authenticate: NTLM\r\n"))
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(&refused(
                "401 Unauthorized",
                "WWW-Authenticate: NTLM TlRM\r\n",
            ))
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes());
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn the_second_leg_was_not_captured() {
        let asked = || asked().server(&refused("401 Unauthorized", ""));
        let retry = format!("{REQUEST}\r\n");
        let answer = format!("{ANSWER}\r\n");
        let granted = asked()
            .client_lost(retry.as_bytes())
            .server(answer.as_bytes())
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"));
        for frames in [
            ended(granted, Side::Client, 1000, ""),
            asked().client_lost(retry.as_bytes()).close().frames(),
        ] {
            assert_eq!(cannot_tell(frames.clone(), RULE), ["T4"]);
            assert!(loud(frames).is_empty());
        }
        // A WebSocket of another server is no second try.
        let other = to(9090)
            .wait_ms(50)
            .server(answer.as_bytes())
            .client(&text(Side::Client, "hi"));
        let frames = Script::merge([asked().close(), other]);
        assert_eq!(findings(frames, RULE).len(), 1);
    }

    #[test]
    fn closed_for_want_of_rights() {
        for (code, reason) in [
            (3000, ""),
            (4401, ""),
            (4403, "no"),
            (1008, "invalid token"),
            (4001, "Unauthorized"),
            (1008, ""),
        ] {
            let frames = ended(opened(), Side::Server, code, reason);
            assert_eq!(findings(frames.clone(), RULE).len(), 1, "{code} {reason}");
            assert_eq!(loud(frames), [RULE], "{code} {reason}");
        }
        let found = findings(ended(opened(), Side::Server, 4401, ""), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
    }

    #[test]
    fn closed_for_other_reasons() {
        let talk = || {
            opened()
                .server(&text(Side::Server, "hello"))
                .client(&text(Side::Client, "x"))
        };
        for (side, code, reason) in [
            (Side::Server, 1008, ""),
            (Side::Server, 1008, "rate limit"),
            (Side::Server, 4000, "Unexpected token in JSON"),
            (Side::Client, 4401, ""),
            (Side::Server, 1000, "logout, token dropped"),
        ] {
            let frames = ended(talk(), side, code, reason);
            assert!(findings(frames, RULE).is_empty(), "{code} {reason}");
        }
    }

    #[test]
    fn a_close_that_was_not_captured_accuses_nobody() {
        let script = opened()
            .server_lost(&close(Side::Server, 4401, ""))
            .client(&close(Side::Client, 4401, ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
