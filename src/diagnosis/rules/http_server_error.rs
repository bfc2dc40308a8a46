//! `http-server-error`.

use super::http::{answered, asked, by_status, guard, status, status_words};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server answered with a status of 500 or above: it understood the request and could not carry it out.
    ///
    /// ## Why it matters
    /// The fault is at the server or behind it. No other request of the client would have done better.
    ///
    /// ## How it is told
    /// A 5xx, other than 503 with Retry-After, which is `http-throttled`. Errors of one status on one connection are told
    /// together. 501 and 505 are warnings, for then the server lacks what the client asked for, and nothing broke. Refused
    /// upgrades to WebSocket have rules of their own. Where the capture holds the other side of a gateway as well, the request
    /// that it gave up at that moment is named.
    ///
    /// ## Example
    /// `bad-gateway`: a 502, since the program behind the server is gone.
    ///
    /// ## What to do
    /// 500: the server's log of that moment. 502 and 504: the server that this one asks; capture between the two. 503: its
    /// load and its health checks.
    ///
    /// ## References
    /// RFC 9110 section 15.6.
    pub HttpServerError = "http-server-error" {
        summary: "The server failed",
        severity: Error,
        category: Dialogue,
        protocols: ["http"],
        reference: "RFC 9110 section 15.6",
    }
}

impl HttpServerError {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for all in by_status(view, is_failure) {
            if let Some(first) = all.first() {
                out.raise(finding(view, first, &all));
            }
        }
    }
}

fn is_failure(fact: &SeenFact) -> bool {
    match status(fact) {
        503 => fact.text("retry_after").is_empty(),
        code => code >= 500,
    }
}

/// What the status says, who is at fault, and what to do.
const fn meaning(code: i64) -> (&'static str, &'static str) {
    match code {
        501 => (
            "The server does not know what was asked for.",
            "Ask for what the server can do, or look for what stands before the one that can.",
        ),
        502 => (
            "The server is a gateway, and the one behind it gave no valid answer.",
            "Look at the server behind this one: is it up, does it close or reset? Capture between the two.",
        ),
        503 => (
            "The server can't answer for now, and does not say until when.",
            "Look at the server's load, and at the health of what is behind it.",
        ),
        504 => (
            "The server is a gateway, and the one behind it did not answer in time.",
            "Look at the server behind this one: what does it wait for? Capture between the two.",
        ),
        505 => (
            "The server does not speak this version of HTTP.",
            "Use a version that the server speaks.",
        ),
        _ => (
            "Something in the server broke at this request.",
            "Look in the server's log at that moment.",
        ),
    }
}

fn finding(view: &View<'_>, first: &SeenFact, all: &[&SeenFact]) -> Finding {
    let code = status(first);
    let (meaning, advice) = meaning(code);
    // Without all bytes it may have been another's answer.
    let request = first.request.filter(|_| guard(view).is_none());
    let asked = asked(first, request);
    let again = match all.len() {
        1 => String::new(),
        n => format!(" So it answered {n} times on this connection."),
    };
    let who = match (first.text("server"), first.text("via")) {
        ("", "") => String::new(),
        (server, "") => format!(" It calls itself \"{server}\"."),
        (_, via) => format!(" It was passed on by \"{via}\"."),
    };
    let behind = view.world.given_up_for(view.flow, first.began);
    let hop = behind.map_or_else(String::new, |b| {
        format!(
            " At that moment a request to {} was given up, {} after it was asked (frame {}) and soon after this one: that is the \
             server behind it, as it seems, which did not answer in time.",
            b.server,
            seconds(b.ended.time.since(b.asked.time)),
            b.asked.frame
        )
    });
    let more: Vec<_> = all.iter().skip(1).map(|f| f.stamp).collect();
    let severity = match code {
        501 | 505 => Severity::Warning,
        _ => META.severity,
    };
    Finding::new(&META, first.stamp)
        .severity(severity)
        .side(Culprit::Server)
        .maybe_frame(request, "request")
        .frame(first.stamp, "answer")
        .frames(&more, "again")
        .maybe_frame(behind.map(|b| b.asked), "request-behind")
        .maybe_frame(behind.map(|b| b.ended), "given-up")
        .title(answered(first, request, all.len()))
        .explain(format!(
            "{} answered {asked} with {} in frame {}. {meaning}{again}{who}{hop}",
            view.server(),
            status_words(first),
            first.stamp.frame
        ))
        .advise(advice)
        .number("status", code as f64)
        .number("answers", all.len() as f64)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};

    const RULE: &str = "http-server-error";

    #[test]
    fn a_gateway_without_what_is_behind_it() {
        let gone = answer("502 Bad Gateway", "Server: nginx\r\n");
        let script = turn(to_web(), &ask("GET /a", ""), &gone);
        let script = turn(script, &ask("GET /b", ""), &gone);
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("answers", 2.0)));
        assert!(
            found[0].explanation.contains("GET /a"),
            "{}",
            found[0].explanation
        );
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn what_it_does_not_know_is_a_warning() {
        let script = turn(
            to_web(),
            &ask("PURGE /", ""),
            &answer("501 Not Implemented", ""),
        );
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn busy_for_a_while_is_another_thing() {
        let busy = answer("503 Service Unavailable", "Retry-After: 30\r\n");
        let script = turn(to_web(), &ask("GET /", ""), &busy);
        let script = turn(script, &ask("GET /x", ""), &answer("404 Not Found", ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn with_a_gap_no_request_is_blamed() {
        let script = to_web()
            .client(&ask("GET /a", ""))
            .server_lost(&answer("200 OK", ""))
            .client(&ask("GET /b", ""))
            .server(&answer("500 Oops", ""));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            !found[0].explanation.contains("GET"),
            "{}",
            found[0].explanation
        );
    }
}
