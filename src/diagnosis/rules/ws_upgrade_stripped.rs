//! `ws-upgrade-stripped`.

use super::ws;
use super::ws_refusal::{self, Proxy, Refusal};
use crate::diagnosis::upgrades::{Stripped, lost_upgrade};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client's request to upgrade was sound, and was answered as if it had been an ordinary HTTP request: something
    /// before the WebSocket server does not pass the upgrade on, or what lives at that path speaks no WebSocket.
    ///
    /// ## Why it matters
    /// Upgrade and Connection are fields from hop to hop: a proxy that is not told to pass them on drops them. The
    /// WebSocket then works everywhere but behind that proxy.
    ///
    /// ## How it is told
    /// A request without any fault was answered with 2xx; or with 426 for the very version it asked for; or with 400,
    /// 426 or 501, by what says to be a proxy (Via) or may be one by its name (Server). A name alone does not point at the way,
    /// since nginx and its like serve pages themselves too, but for 426 and 501, which they don't answer of their own accord.
    /// A request with a Sec-WebSocket-Key and without Upgrade lost it on the way; where it is seen both before and behind a
    /// proxy, the second is the finding and the first a note. As a note, too: 502 by such a one, which more often means that
    /// nothing answers behind it.
    ///
    /// ## Example
    /// nginx in front without `proxy_set_header Upgrade $http_upgrade`: the server behind it gets a plain GET and answers 400.
    ///
    /// ## What to do
    /// Let the proxy pass Upgrade and Connection on and speak HTTP/1.1 to the server behind it. To see who is to blame,
    /// capture between the proxy and the server.
    ///
    /// ## References
    /// RFC 9110 sections 7.6.1 and 7.8; RFC 6455 section 4.2.
    pub WsUpgradeStripped = "ws-upgrade-stripped" {
        summary: "The upgrade was lost on the way",
        severity: Error,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 9110 sections 7.6.1 and 7.8; RFC 6455 section 4.2",
    }
}

impl WsUpgradeStripped {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for refused in view.session.facts_named("ws.refused") {
            let stripped = ws_refusal::refusal(view, refused) == Refusal::Stripped;
            let gateway = refused.int("status") == Some(502)
                && !refused.is("upgrade")
                && ws_refusal::proxy(refused).is_some();
            if ws_refusal::got_in(view, refused).is_some() {
                continue;
            }
            if stripped {
                out.raise(finding(view, refused));
            } else if gateway {
                out.raise(finding(view, refused).severity(Severity::Note));
            }
        }
    }
}

fn finding(view: &View<'_>, refused: &SeenFact) -> Finding {
    let status = refused.int("status").unwrap_or_default();
    let words = format!("{status} {}", refused.text("reason"));
    if lost_upgrade(view.session) {
        return lost_on_the_way(view, refused, words.trim());
    }
    let proxy = ws_refusal::proxy(refused);
    let behind = ws_refusal::behind(view, refused);
    let (culprit, who) = who_answered(status, proxy, behind);
    let closing = if refused.is("connection_close") {
        ", with Connection: close"
    } else {
        ""
    };
    let finding = Finding::new(&META, refused.stamp)
        .likely()
        .side(culprit)
        .maybe_frame(refused.request, "request")
        .maybe_frame(behind.map(|b| b.asked), "passed-on")
        .frame(refused.stamp, "answer")
        .title(format!(
            "The upgrade to WebSocket at {} was taken for plain HTTP: {}",
            ws::path(view),
            words.trim()
        ))
        .explain(format!(
            "The client's request for a WebSocket at {} has all that it needs, Upgrade and Connection among it. The answer in \
             frame {}, {}{closing}, is one to an ordinary request; {who}.",
            ws::path(view),
            refused.stamp.frame,
            words.trim()
        ))
        .advise(
            "Make every proxy between client and server pass Upgrade and Connection on over HTTP/1.1, and check the path; \
             a capture between the last proxy and the server shows who dropped them.",
        )
        .number("status", status as f64);
    // The one behind is the main finding.
    match behind {
        Some(_) => finding.severity(Severity::Note),
        None => finding,
    }
}

/// Who has taken the request for an ordinary one, as far as it shows.
fn who_answered(status: i64, proxy: Option<Proxy>, behind: Option<&Stripped>) -> (Culprit, String) {
    if let Some(behind) = behind {
        let frame = behind.asked.frame;
        let who = format!("who answered passed it on without them (frame {frame})");
        return (Culprit::Network, who);
    }
    match proxy {
        Some(Proxy::Certain(name)) => (
            Culprit::Network,
            format!("a proxy answered or passed the answer on ({name})"),
        ),
        // Servers of pages do not ask for an upgrade that was asked for, and they know GET.
        Some(Proxy::Possible(name)) if matches!(status, 426 | 501) => (
            Culprit::Network,
            format!("such an answer comes from behind a program like the one it names ({name})"),
        ),
        Some(Proxy::Possible(name)) if status < 300 => (
            Culprit::Server,
            format!(
                "either this path holds no WebSocket, or a proxy does not pass the upgrade on: what answered may be both ({name})"
            ),
        ),
        Some(Proxy::Possible(name)) => (
            Culprit::Unknown,
            format!("it may be of a proxy or of the server itself ({name})"),
        ),
        None => (
            Culprit::Server,
            "the answer names no proxy: it may also be that this path holds no WebSocket"
                .to_owned(),
        ),
    }
}

/// Seen where the request arrives, behind the proxy.
fn lost_on_the_way(view: &View<'_>, refused: &SeenFact, words: &str) -> Finding {
    let path = ws::path(view);
    Finding::new(&META, refused.stamp)
        .side(Culprit::Network)
        .maybe_frame(refused.request, "request")
        .frame(refused.stamp, "answer")
        .title(format!("The request for the WebSocket {path} came without its Upgrade: {words}"))
        .explain(format!(
            "The request for {path} has a Sec-WebSocket-Key, so its client wanted a WebSocket; but no field Upgrade. {} passed \
             it on as a plain request, and the server answered it as one in frame {}: {words}.",
            view.flow.client.address, refused.stamp.frame
        ))
        .advise(
            "Make this proxy pass Upgrade and Connection on, over HTTP/1.1. nginx: proxy_http_version 1.1; proxy_set_header \
             Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\".",
        )
        .number("status", refused.int("status").unwrap_or_default() as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::ws::{ANSWER, REQUEST, asked, refused, to};
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "ws-upgrade-stripped";

    #[test]
    fn seen_behind_the_proxy_the_field_is_gone() {
        let without = REQUEST.replace(
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Connection: close\r\n",
        );
        let script = to(8080)
            .client(format!("{without}\r\n").as_bytes())
            .server(&refused("400 Bad Request", ""));
        let found = findings(script.close().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
        assert!(found[0].title.contains("without its Upgrade"), "{found:?}");
    }

    #[test]
    fn seen_on_both_sides_of_the_proxy_it_is_one_trouble() {
        let without = REQUEST.replace(
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Connection: close\r\n",
        );
        let front = |ms| {
            asked()
                .wait_ms(ms)
                .server(&refused("400 Bad Request", "Server: nginx\r\n"))
        };
        let back = Script::tcp("10.1.0.1:50000", "10.1.0.2:9000")
            .wait_ms(20)
            .connect()
            .client(format!("{without}\r\n").as_bytes())
            .server(&refused("400 Bad Request", ""));
        let found = findings(Script::merge([front(100), back.clone()]), RULE);
        let told: Vec<_> = found.iter().map(|f| (f.severity, f.side)).collect();
        assert!(
            told.contains(&(Severity::Error, Culprit::Network)),
            "{told:?}"
        );
        assert!(
            told.contains(&(Severity::Note, Culprit::Network)),
            "{told:?}"
        );
        // One that came after the answer has nothing to do with it.
        let found = findings(Script::merge([front(1), back]), RULE);
        assert!(found.iter().all(|f| f.severity == Severity::Error));
    }

    #[test]
    fn an_ordinary_answer() {
        for (status, fields, side) in [
            ("200 OK", "", Culprit::Server),
            ("200 OK", "Via: 1.1 squid\r\n", Culprit::Network),
            ("200 OK", "Server: nginx/1.24.0\r\n", Culprit::Server),
            (
                "400 Bad Request",
                "Server: nginx/1.24.0\r\n",
                Culprit::Unknown,
            ),
            (
                "400 Bad Request",
                "Server: nginx/1.24.0\r\nVia: 1.1 nginx\r\n",
                Culprit::Network,
            ),
            (
                "426 Upgrade Required",
                "Sec-WebSocket-Version: 13\r\n",
                Culprit::Server,
            ),
        ] {
            let frames = asked().server(&refused(status, fields)).close().frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, side), "{status} {fields}");
            assert_eq!(loud(frames), [RULE], "{status} {fields}");
        }
    }

    #[test]
    fn a_gateway_with_nothing_behind_it_is_told_elsewhere() {
        let frames = asked()
            .server(&refused("502 Bad Gateway", "Server: nginx\r\n"))
            .close()
            .frames();
        assert_eq!(findings(frames.clone(), RULE)[0].severity, Severity::Note);
        assert_eq!(loud(frames), ["ws-upgrade-failed"]);
    }

    #[test]
    fn a_request_that_asks_wrongly_lost_nothing_on_the_way() {
        let request = REQUEST.replace("Connection: Upgrade", "Connection: keep-alive");
        let script = to(8080)
            .client(format!("{request}\r\n").as_bytes())
            .server(&refused("400 Bad Request", "Server: nginx\r\n"));
        assert!(findings(script.close().frames(), RULE).is_empty());
        let plain = asked().server(&refused("404 Not Found", "Server: nginx\r\n"));
        assert!(findings(plain.close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured() {
        let script = asked().server_lost(format!("{ANSWER}\r\n").as_bytes());
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
