//! `http-tunnel-refused`.

use super::http::{by_status, guard, status, status_words};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A client asked its proxy for a tunnel to another server (CONNECT), and the proxy refused.
    ///
    /// ## Why it matters
    /// What was to run in the tunnel, mostly HTTPS, does not come about, and the client can only say that it has no connection.
    /// The server it wants was never asked.
    ///
    /// ## How it is told
    /// A 4xx to CONNECT with a host and a port: 403 where the proxy's policy forbids the server or its port, 404 and 405 where it makes no
    /// tunnels, 400 where it makes nothing of the target. Refusals of one status on one connection are told together. 407 asks for credentials
    /// (`http-auth-loop`, `http-login-refused`), 408, 413, 429 and 431 are `http-throttled`; a 5xx is `http-server-error`: then the
    /// proxy tried, and the server behind it failed.
    ///
    /// ## Example
    /// `tunnel-refused`: CONNECT to port 25, which Apache's mod_proxy_connect does not allow.
    ///
    /// ## What to do
    /// 403: allow the server and its port in the proxy's rules (AllowCONNECT of Apache, SSL_ports of Squid), or go another way.
    /// 405: see whether the address is a proxy's at all.
    ///
    /// ## References
    /// RFC 9110 section 9.3.6.
    pub HttpTunnelRefused = "http-tunnel-refused" {
        summary: "A proxy refuses a tunnel",
        severity: Error,
        category: Establishment,
        protocols: ["http"],
        reference: "RFC 9110 section 9.3.6",
    }
}

impl HttpTunnelRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for all in by_status(view, is_refusal) {
            let Some(first) = all.first() else {
                continue;
            };
            match guard(view) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, first, &all)),
            }
        }
    }
}

/// Others have rules of their own: what was asked with credentials, too.
fn is_refusal(fact: &SeenFact) -> bool {
    let others = matches!(status(fact), 407 | 408 | 413 | 429 | 431);
    let is_client_error = (400..500).contains(&status(fact));
    let anonymous = fact.int("credential").is_none() || status(fact) == 405;
    // The target is host and port (RFC 9110 section 9.3.6); anything else is no wish for a tunnel.
    let target = fact.text("target");
    let is_authority = target.contains(':') && !target.contains('/');
    let asks = fact.text("method") == "CONNECT" && is_authority;
    asks && is_client_error && !others && anonymous
}

/// What the status says, who is at fault, and what to do. A server that knows of no tunnels is asked by who takes it for a proxy.
const fn meaning(code: i64) -> (&'static str, Culprit, &'static str) {
    match code {
        403 => (
            "Its rules forbid this server, or the port.",
            Culprit::Server,
            "Allow the server and its port in the proxy's rules, or let the client go another way.",
        ),
        404 | 405 => (
            "It makes no tunnels: it may be a web server and no proxy.",
            Culprit::Client,
            "See whether the client's proxy is the right one, and whether it may make tunnels.",
        ),
        400 => (
            "It could not make anything of what it was asked for: it may be a web server and no proxy.",
            Culprit::Client,
            "See whether the client's proxy is the right one, and the target in the request.",
        ),
        401 => (
            "It asks for a log-in as a web server does, and not as a proxy.",
            Culprit::Client,
            "See whether the client's proxy is the right one.",
        ),
        _ => (
            "It will not carry what the client wants to say to that server.",
            Culprit::Server,
            "See the proxy's log at that moment.",
        ),
    }
}

fn finding(view: &View<'_>, first: &SeenFact, all: &[&SeenFact]) -> Finding {
    let (meaning, side, advice) = meaning(status(first));
    let mut targets: Vec<String> = Vec::new();
    for fact in all {
        let target = fact.text("target").to_owned();
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    let more: Vec<_> = all.iter().skip(1).map(|f| f.stamp).collect();
    let others = match targets.get(1..) {
        None | Some([]) => String::new(),
        Some(others) => format!(" It refused tunnels to {} as well.", others.join(", ")),
    };
    let again = match all.len() {
        1 => String::new(),
        n => format!(" It answered so {n} times on this connection."),
    };
    let who = match first.text("server") {
        "" => String::new(),
        server => format!(" It calls itself \"{server}\"."),
    };
    let asked = first.request.map_or_else(
        || "The client asked".to_owned(),
        |request| format!("In frame {} the client asked", request.frame),
    );
    Finding::new(&META, first.stamp)
        .side(side)
        .maybe_frame(first.request, "request")
        .frame(first.stamp, "answer")
        .frames(&more, "again")
        .title(format!(
            "{} refuses a tunnel to {}: {}",
            view.server(),
            first.text("target"),
            status_words(first)
        ))
        .explain(format!(
            "{asked} for a tunnel to {}, and got {} (frame {}). {meaning}{others}{again}{who}",
            first.text("target"),
            status_words(first),
            first.stamp.frame
        ))
        .advise(advice)
        .number("status", status(first) as f64)
        .number("answers", all.len() as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::http::{answer, ask, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "http-tunnel-refused";

    fn to_proxy() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:3128").connect()
    }

    fn connect(to: &str) -> Vec<u8> {
        ask(&format!("CONNECT {to}"), "")
    }

    #[test]
    fn a_proxy_forbids_what_is_asked_for() {
        let no = answer("403 Forbidden", "Server: Squid\r\n");
        let script = turn(to_proxy(), &connect("mail.example:25"), &no);
        let script = turn(script, &connect("mail.example:587"), &no).close();
        let found = findings(script.clone().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        for words in ["mail.example:25", "mail.example:587", "Squid"] {
            assert!(found[0].explanation.contains(words), "{:?}", found[0]);
        }
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["request", "answer", "again"]);
        assert_eq!(loud(script.frames()), [RULE]);
        let web = turn(to_proxy(), &connect("a.example:443"), &answer("405 No", ""));
        let found = findings(web.clone().close().frames(), RULE);
        assert_eq!(found[0].side, Culprit::Client, "it may be no proxy");
        assert_eq!(loud(web.close().frames()), [RULE]);
    }

    #[test]
    fn other_answers_have_rules_of_their_own() {
        for (status, fields) in [
            (
                "407 Who are you",
                "Proxy-Authenticate: Basic realm=\"p\"\r\n",
            ),
            ("429 Too Many Requests", "Retry-After: 3\r\n"),
            ("502 Bad Gateway", ""),
        ] {
            let no = answer(status, fields);
            let script = turn(to_proxy(), &connect("a.example:443"), &no);
            assert!(
                findings(script.close().frames(), RULE).is_empty(),
                "{status}"
            );
        }
        let known = ask(
            "CONNECT a.example:443",
            "Proxy-Authorization: Basic YTpi\r\n",
        );
        let script = turn(to_proxy(), &known, &answer("403 Forbidden", ""));
        assert_eq!(loud(script.close().frames()), ["http-login-refused"]);
        for line in ["GET /", "CONNECT /", "CONNECT http://a.example:80/"] {
            let no = answer("400 Bad Request", "");
            let script = turn(to_proxy(), &ask(line, ""), &no);
            assert!(findings(script.close().frames(), RULE).is_empty(), "{line}");
        }
    }

    #[test]
    fn with_a_gap_no_answer_belongs_to_a_request_for_certain() {
        let script = to_proxy()
            .client(&ask("GET http://a.example/", ""))
            .server_lost(&answer("200 OK", ""))
            .client(&connect("a.example:25"))
            .server(&answer("403 Forbidden", ""));
        assert_eq!(cannot_tell(script.close().frames(), RULE), ["T4"]);
    }
}
