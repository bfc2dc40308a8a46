//! `http-throttled`.

use super::http::{answered, asked, by_status, guard, status, status_words};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server turned a request away because it was too much: too many of them, too large, too late.
    ///
    /// ## Why it matters
    /// The client has to slow down or ask for less. If it just asks again, it is turned away again, and the server has the
    /// more to do.
    ///
    /// ## How it is told
    /// The status 429 (too many requests), 503 with Retry-After (overloaded, or closed for a while), 408 (the request did
    /// not come in time), 413 (its content is too large) or 431 (its header fields are). Answers of one status on one
    /// connection are told together; those that came before the time of Retry-After was over are counted.
    ///
    /// ## Example
    /// A script that asks a hundred times a second gets 429 with `Retry-After: 30`, and goes on asking.
    ///
    /// ## What to do
    /// Have the client wait as long as Retry-After says, and longer each time. 413 and 431: send less, or raise the
    /// server's limit. 408: see why the client, or the path, is slow with its request.
    ///
    /// ## References
    /// RFC 6585 sections 4 and 5; RFC 9110 sections 10.2.3, 15.5.9, 15.5.14 and 15.6.4.
    pub HttpThrottled = "http-throttled" {
        summary: "Turned away because it was too much",
        severity: Warning,
        category: Resources,
        protocols: ["http"],
        reference: "RFC 6585 sections 4 and 5; RFC 9110 sections 10.2.3, 15.5.9, 15.5.14 and 15.6.4",
    }
}

impl HttpThrottled {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for all in by_status(view, is_throttle) {
            if let Some(first) = all.first() {
                out.raise(finding(view, first, &all));
            }
        }
    }
}

fn is_throttle(fact: &SeenFact) -> bool {
    match status(fact) {
        408 | 413 | 429 | 431 => true,
        503 => !fact.text("retry_after").is_empty(),
        _ => false,
    }
}

const fn meaning(code: i64) -> (&'static str, &'static str, Culprit) {
    match code {
        408 => (
            "the request did not come in time",
            "See why the client, or the path, is so slow with its request.",
            Culprit::Client,
        ),
        413 => (
            "the content of the request is larger than the server takes",
            "Send less at once, or raise the server's limit (nginx: client_max_body_size).",
            Culprit::Client,
        ),
        429 => (
            "the client asks too often",
            "Have the client wait as long as Retry-After says, and longer each time; ask less.",
            Culprit::Client,
        ),
        431 => (
            "the header fields of the request are larger than the server takes; cookies are the usual cause",
            "See which field is so large; delete the cookies of this host, or raise the server's limit.",
            Culprit::Client,
        ),
        _ => (
            "the server can't serve it for now",
            "Look at the server's load; have clients wait as long as Retry-After says.",
            Culprit::Server,
        ),
    }
}

/// Seconds that an answer asks to wait, where it says so in seconds.
fn delay(fact: &SeenFact) -> Option<f64> {
    fact.text("retry_after").parse::<u32>().ok().map(f64::from)
}

/// Answers to requests that did not wait as the answer before asked.
fn too_soon(all: &[&SeenFact]) -> usize {
    let pairs = all.iter().zip(all.iter().skip(1));
    pairs
        .filter(|(one, next)| {
            let asked = next.request.unwrap_or(next.began);
            delay(one).is_some_and(|d| asked.time.since(one.stamp.time) < d)
        })
        .count()
}

fn finding(view: &View<'_>, first: &SeenFact, all: &[&SeenFact]) -> Finding {
    let code = status(first);
    let (meaning, advice, culprit) = meaning(code);
    let request = first.request.filter(|_| guard(view).is_none());
    let asked = asked(first, request);
    let wait = match (delay(first), first.text("retry_after")) {
        (_, "") => String::new(),
        (Some(delay), _) => format!(" It asks to wait for {}.", seconds(delay)),
        (None, until) => format!(" It asks to wait until {until}."),
    };
    let soon = too_soon(all);
    let again = match (all.len(), soon) {
        (1, _) => String::new(),
        (n, 0) => format!(" So it answered {n} times on this connection."),
        (n, soon) => format!(
            " So it answered {n} times on this connection, {soon} times to a client that had not waited as long as it \
             was asked to."
        ),
    };
    let more: Vec<_> = all.iter().skip(1).map(|f| f.stamp).collect();
    Finding::new(&META, first.stamp)
        .side(culprit)
        .maybe_frame(request, "request")
        .frame(first.stamp, "answer")
        .frames(&more, "again")
        .title(answered(first, request, all.len()))
        .explain(format!(
            "{} turned {asked} away with {} in frame {}: {meaning}.{wait}{again}",
            view.server(),
            status_words(first),
            first.stamp.frame
        ))
        .advise(advice)
        .number("status", code as f64)
        .number("answers", all.len() as f64)
        .number("retry_after", delay(first).unwrap_or(0.0))
        .number("too_soon", soon as f64)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};

    const RULE: &str = "http-throttled";

    #[test]
    fn a_client_that_does_not_wait() {
        let slower = answer("429 Too Many Requests", "Retry-After: 30\r\n");
        let mut script = to_web();
        for _ in 0..3 {
            script = turn(script.wait_secs(1.0), &ask("GET /", ""), &slower);
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].numbers.contains(&("too_soon", 2.0)), "{found:?}");
        assert_eq!(found[0].side, Culprit::Client);
    }

    #[test]
    fn closed_for_a_while() {
        let closed = answer(
            "503 Maintenance",
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
        );
        let found = findings(
            turn(to_web(), &ask("GET /", ""), &closed).close().frames(),
            RULE,
        );
        assert_eq!(found[0].side, Culprit::Server);
        assert!(
            found[0].explanation.contains("until Fri"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn other_refusals_are_no_throttling() {
        let script = turn(to_web(), &ask("GET /", ""), &answer("503 Oops", ""));
        let script = turn(script, &ask("GET /", ""), &answer("404 Not Found", ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn with_a_gap_no_request_is_blamed() {
        let script = to_web()
            .client(&ask("GET /a", ""))
            .server_lost(&answer("200 OK", ""))
            .client(&ask("GET /b", ""))
            .server(&answer("429 Too Many Requests", ""));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            !found[0].explanation.contains("GET"),
            "{}",
            found[0].explanation
        );
    }
}
