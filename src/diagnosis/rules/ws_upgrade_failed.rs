//! `ws-upgrade-failed`.

use super::ws;
use super::ws_refusal::{self, Refusal};
use crate::diagnosis::smb::{overdue, waited};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client asked to turn an HTTP connection into a WebSocket, and the server answered with something else than
    /// 101, or not at all.
    ///
    /// ## Why it matters
    /// There is no WebSocket. Browsers tell their page no reason, only that the connection failed with code 1006; the
    /// reason is in the answer's status.
    ///
    /// ## How it is told
    /// The final answer to the upgrade is not 101; or none came before the connection ended, or within 10 s. A 401 or
    /// 407 that is followed by a granted upgrade was the first leg of a log-on and is not told. It is only a note where
    /// the same client got its WebSocket within a minute, where the client hung up within a second, and where
    /// `ws-not-authorised` or `ws-upgrade-stripped` tells it more exactly.
    ///
    /// ## Example
    /// `ws-handshake-404`: nothing answers to that path.
    ///
    /// ## What to do
    /// 3xx: connect to the place in Location, WebSocket clients do not follow. 400 and 426: see what the request lacks and
    /// which Sec-WebSocket-Version the server speaks. 404: check the path. 5xx: see the server, or what stands behind
    /// the gateway. No answer: see what the server's program waits for.
    ///
    /// ## References
    /// RFC 6455 sections 4.1, 4.2.2 and 4.4.
    pub WsUpgradeFailed = "ws-upgrade-failed" {
        summary: "WebSocket upgrade refused or unanswered",
        severity: Error,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 4.1, 4.2.2 and 4.4",
    }
}

/// Seconds below which a client that hung up did not wait.
const DID_NOT_WAIT: f64 = 1.0;

impl WsUpgradeFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for refused in view.session.facts_named("ws.refused") {
            if let Some(finding) = refusal(view, refused, out) {
                out.raise(finding);
            }
        }
        let asked = |o: &&Open| o.op.name == "upgrade";
        if let Some(open) = view.session.open.iter().find(asked)
            && overdue(view, open, &META, out)
        {
            out.raise(unanswered(view, open));
        }
    }
}

fn refusal(view: &View<'_>, refused: &SeenFact, out: &mut Verdicts) -> Option<Finding> {
    let later = ws_refusal::got_in(view, refused);
    if ws_refusal::is_challenge(refused) {
        if later.is_some() {
            return None;
        }
        if let Some((guard, why)) = ws_refusal::unseen_retry(view, refused) {
            out.cannot_tell(&META, guard, why);
            return None;
        }
        if ws_refusal::second_leg_may_come(view, refused) {
            let why = "the capture ended where the log-on's second leg may follow";
            out.cannot_tell(&META, "T2", why);
            return None;
        }
    }
    let mut finding = refused_finding(view, refused);
    if let Some(granted) = later {
        let after = seconds(granted.time.since(refused.stamp.time));
        let told = format!(
            " {after} later the same client got its WebSocket (frame {}).",
            granted.frame
        );
        finding.explanation.push_str(&told);
        finding = finding.severity(Severity::Note).frame(granted, "granted");
    } else if ws_refusal::refusal(view, refused) != Refusal::Plain {
        finding = finding.severity(Severity::Note);
    }
    Some(finding)
}

fn refused_finding(view: &View<'_>, refused: &SeenFact) -> Finding {
    let status = refused.int("status").unwrap_or_default();
    let faults = ws_refusal::request_faults(view);
    let culprit = match status {
        _ if !faults.is_empty() => Culprit::Client,
        500.. | 200..=299 => Culprit::Server,
        _ => Culprit::Client,
    };
    let words = format!("{status} {}", refused.text("reason"));
    let lacking = match faults.as_slice() {
        [] => String::new(),
        faults => format!(" The request itself is at fault: {}.", faults.join("; ")),
    };
    Finding::new(&META, refused.stamp)
        .side(culprit)
        .maybe_frame(refused.request, "request")
        .frame(refused.stamp, "answer")
        .title(format!(
            "{} refused {}: {}",
            view.server(),
            ws::named(view),
            words.trim()
        ))
        .explain(format!(
            "The client asked for a WebSocket at {} on {}. The server answered {} in frame {} instead of 101, so \
             there is no WebSocket.{}{lacking}",
            ws::path(view),
            view.session.detail("host").map_or_else(|| view.server(), ToString::to_string),
            words.trim(),
            refused.stamp.frame,
            particulars(refused),
        ))
        .advise(advice(status, refused, &faults))
        .number("status", status as f64)
}

/// What the answer's fields add.
fn particulars(refused: &SeenFact) -> String {
    let fields = [
        ("location", "It points to"),
        ("versions", "It speaks WebSocket version"),
        ("retry_after", "It asks to try again after"),
        ("via", "The answer came by way of"),
        ("server", "The answer was made by"),
    ];
    let there = fields
        .iter()
        .filter_map(|(key, name)| match refused.text(key) {
            "" => None,
            value => Some(format!(" {name} {value}.")),
        });
    there.collect()
}

fn advice(status: i64, refused: &SeenFact, faults: &[String]) -> String {
    let versions = refused.text("versions");
    let text = match status {
        _ if !faults.is_empty() => {
            "Mend the request: method GET, HTTP/1.1, Host, Upgrade: websocket, Connection: Upgrade, a fresh \
             Sec-WebSocket-Key, Sec-WebSocket-Version 13. If the client sends all that, something on the way removed it."
        }
        300..=399 => {
            "Give the client the address in Location; most WebSocket clients do not follow redirections. Often it is only \
             http to https: use wss."
        }
        404 | 410 => {
            "Check the path: no WebSocket lives there; a proxy in front may need a route of its own for it."
        }
        429 => "The client asks too often: let it wait as long as the server says.",
        400 | 426 if !versions.is_empty() => {
            "Let the client speak a WebSocket version that the server lists."
        }
        400 | 405 | 426 => {
            "See why the server does not take the request for an upgrade: its log, and proxies before it."
        }
        502..=504 => {
            "The gateway got no fit answer from the server behind it, or has none: see whether that one runs, and whether \
             the gateway passes upgrades on."
        }
        500.. => "See the server's log of that moment.",
        _ => "See what the server says in the body of its answer, and its log.",
    };
    text.to_owned()
}

fn unanswered(view: &View<'_>, open: &Open) -> Finding {
    let (culprit, had) = match view.acknowledged(open) {
        Some(false) => (Culprit::Network, "TCP there never acknowledged the request"),
        _ => (
            Culprit::Server,
            "TCP there acknowledged the request, so the server's program had it",
        ),
    };
    let hasty = ws::hung_up(view)
        .filter(|h| h.side == open.side && h.stamp.time.since(open.asked.time) < DID_NOT_WAIT);
    let finding = Finding::new(&META, open.asked)
        .side(culprit)
        .frame(open.asked, "request")
        .maybe_frame(open.interim, "interim-answer")
        .maybe_frame(ws::hung_up(view).map(|h| h.stamp), "end")
        .title(format!(
            "{} never answered the upgrade to WebSocket at {}",
            view.server(),
            ws::path(view)
        ))
        .explain(format!(
            "The client asked for a WebSocket at {} in frame {} and got no answer: {}. {had}.",
            ws::path(view),
            open.asked.frame,
            waited(view, open)
        ))
        .advise(match culprit {
            Culprit::Network => "Look at the path between the two: what arrives at the server?",
            _ => "Look at the server's program: what does it do between reading the request and answering it? A server that \
                  speaks no HTTP on this port is silent too.",
        })
        .number("waited", view.waited(open))
        .number("patience", view.patience(open));
    match hasty {
        Some(_) => finding.side(Culprit::Client).severity(Severity::Note),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::ws::{
        ANSWER, REQUEST, asked, elsewhere, refused, text, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "ws-upgrade-failed";

    fn answered(status: &str, fields: &str) -> Script {
        asked().server(&refused(status, fields)).close()
    }

    #[test]
    fn each_status_is_told_with_its_side() {
        for (status, side) in [
            ("301 Moved Permanently", Culprit::Client),
            ("400 Bad Request", Culprit::Client),
            ("404 Not Found", Culprit::Client),
            ("426 Upgrade Required", Culprit::Client),
            ("500 Internal Server Error", Culprit::Server),
            ("502 Bad Gateway", Culprit::Server),
            ("503 Service Unavailable", Culprit::Server),
        ] {
            let frames = answered(status, "").frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!(found.len(), 1, "{status}");
            assert_eq!(
                (found[0].severity, found[0].side),
                (Severity::Error, side),
                "{status}"
            );
            assert!(found[0].title.contains(status), "{}", found[0].title);
            assert_eq!(loud(frames), [RULE], "{status}");
        }
    }

    #[test]
    fn the_version_is_named() {
        let request = REQUEST.replace("Version: 13", "Version: 8");
        let script = to(8080)
            .client(format!("{request}\r\n").as_bytes())
            .server(&refused(
                "426 Upgrade Required",
                "Sec-WebSocket-Version: 13\r\n",
            ));
        let found = findings(script.close().frames(), RULE);
        assert!(
            found[0].explanation.contains("version 13"),
            "{}",
            found[0].explanation
        );
        assert!(
            found[0].explanation.contains("not 13 (but \"8\")"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn a_granted_upgrade_is_quiet_on_any_port() {
        for port in [80, 1234, 8080, 50_000] {
            let script = to(port)
                .client(format!("{REQUEST}\r\n").as_bytes())
                .server(format!("{ANSWER}\r\n").as_bytes())
                .client(&text(Side::Client, "hi"))
                .server(&text(Side::Server, "hi"));
            assert!(loud(script.frames()).is_empty(), "{port}");
        }
    }

    #[test]
    fn the_first_leg_of_a_log_on_is_quiet() {
        let with = REQUEST.replace("Host: h", "Host: h\r\nAuthorization: Negotiate YII");
        let script = asked()
            .server(&refused(
                "401 Unauthorized",
                "WWW-Authenticate: Negotiate\r\n",
            ))
            .client(format!("{with}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes());
        assert!(loud(script.frames()).is_empty());
        let cut = asked().server(&refused("401 Unauthorized", "WWW-Authenticate: NTLM\r\n"));
        assert_eq!(cannot_tell(cut.clone().frames(), RULE), ["T2"]);
        assert!(loud(cut.frames()).is_empty());
    }

    #[test]
    fn a_client_that_tries_again_and_gets_it_leaves_a_note() {
        let again = Script::tcp("10.0.0.1:40001", "10.0.0.2:8080")
            .wait_secs(3.0)
            .connect()
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes());
        let frames = Script::merge([answered("503 Service Unavailable", ""), again]);
        assert_eq!(findings(frames.clone(), RULE)[0].severity, Severity::Note);
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn silence_is_told_once_it_is_long() {
        let found = findings(elsewhere(asked(), 15.0), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert_eq!(loud(elsewhere(asked(), 15.0)), [RULE]);
        assert_eq!(cannot_tell(elsewhere(asked(), 5.0), RULE), ["T2"]);
        let ended = asked().wait_secs(3.0).close().frames();
        assert_eq!(findings(ended, RULE)[0].severity, Severity::Error);
        assert!(loud(asked().wait_ms(30).close().frames()).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_is_no_silence() {
        let script = asked()
            .server_lost(format!("{ANSWER}\r\n").as_bytes())
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "a longer text that can be found again"));
        assert!(findings(elsewhere(script, 20.0), RULE).is_empty());
    }
}
