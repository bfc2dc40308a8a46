//! `http-token-expired`.

use colloquy_dissectors::units::Stamp;

use super::http::{clock, guard, request_words, status_words};
use crate::diagnosis::web::{Refusals, expired, is_bearer};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client goes on with a bearer token whose time is over, and the server refuses it.
    ///
    /// ## Why it matters
    /// Nothing is wrong with the user or the password. The client was to fetch a new token before the old one ended, or at
    /// the first 401, and did not.
    ///
    /// ## How it is told
    /// A bearer token that is a JSON Web Token says in clear when it expires (`exp`). Refused with 401 after that moment, by
    /// the clock of the capture, it was refused for that. `likely` where it expired less than a minute before, since the
    /// clocks of server and capture may differ. A note where the client stopped at once and fetched a new token, which was
    /// taken: so OAuth clients do who wait for the first 401. A warning where it sent the old one for longer before. Tokens
    /// and what else they hold are never shown.
    ///
    /// ## Example
    /// An API is asked every minute with a token of one hour: 60 answers 200, then 401 with
    /// `error="invalid_token"`.
    ///
    /// ## What to do
    /// See why the client does not renew the token: no refresh token, or that was refused too; or its clock is wrong.
    ///
    /// ## References
    /// RFC 6750 section 3.1; RFC 7519 section 4.1.4.
    pub HttpTokenExpired = "http-token-expired" {
        summary: "Token expired in mid-session",
        severity: Error,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 6750 section 3.1; RFC 7519 section 4.1.4",
    }
}

/// Clocks may differ by so much: seconds.
const SKEW: i64 = 60;
/// Who sends an old token for longer than this after it was refused has not stopped at once: seconds. Requests that were
/// under way meanwhile are refused as well.
const AT_ONCE: f64 = 5.0;
/// A new token that is taken later than this after the refusal was not fetched for it: seconds.
const RENEWED: f64 = 60.0;

impl HttpTokenExpired {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("http.error") {
            let Some(refusals) = view
                .world
                .web
                .expired(view.flow, fact)
                .filter(|_| expired(fact))
            else {
                continue;
            };
            // It is told where it was first refused, with all connections.
            if refusals.cited.first() != Some(&fact.stamp) {
                continue;
            }
            match guard(view) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, fact, refusals)),
            }
        }
    }
}

fn now(fact: &SeenFact) -> i64 {
    fact.stamp.time.nanos().div_euclid(1_000_000_000)
}

/// Another token that was taken soon after: of anything in this session, of the same request in another connection.
fn renewed(view: &View<'_>, first: &SeenFact, last: Stamp) -> Option<Stamp> {
    let soon = |s: &Stamp| *s > last && s.time.since(last.time) <= RENEWED;
    let own = view.session.facts_named("http.credentials-accepted");
    let own = own.filter(|f| is_bearer(f) && f.int("credential") != first.int("credential"));
    own.map(|f| f.stamp)
        .chain(view.world.web.taken(view.flow, first))
        .filter(soon)
        .min()
}

fn finding(view: &View<'_>, first: &SeenFact, refusals: &Refusals) -> Finding {
    let (expires, now) = (first.int("expires").unwrap_or_default(), now(first));
    let over = now - expires;
    let since = match over {
        ..1 => "just expired".to_owned(),
        _ => format!("expired {} before", seconds(over as f64)),
    };
    let mut taken = view.session.facts_named("http.credentials-accepted");
    let taken =
        taken.find(|f| f.int("credential") == first.int("credential") && f.stamp < first.stamp);
    let before = taken.map_or_else(String::new, |t| {
        format!(
            " The same token was taken before (frame {}).",
            t.stamp.frame
        )
    });
    let last = refusals.cited.last().copied().unwrap_or(first.stamp);
    let stopped = last.time.since(first.stamp.time) <= AT_ONCE && !refusals.more_than_cited();
    let renewed = renewed(view, first, last);
    let again = match (refusals.count, renewed) {
        (1, _) => String::new(),
        (n, Some(_)) if stopped => format!(" So it did {n} times."),
        (n, _) => format!(" The client sent it {n} times all the same."),
    };
    let then = renewed.map_or_else(String::new, |r| {
        format!(
            " The client fetched a new one, which was taken in frame {}.",
            r.frame
        )
    });
    let said = match first.text("auth_error") {
        "" => String::new(),
        error => format!(" The server calls it {error}."),
    };
    let found = Finding::new(&META, first.stamp)
        .side(Culprit::Client)
        .maybe_frame(taken.map(|t| t.stamp), "good-use")
        .maybe_frame(first.request, "request")
        .frame(first.stamp, "refusal")
        .frames(refusals.cited.get(1..).unwrap_or_default(), "again")
        .maybe_frame(renewed, "new-token")
        .title(format!("{}: the token had {since}", request_words(first)))
        .explain(format!(
            "The token that {} sent with {} says of itself that it expires at {}; the server answered with {} at {} by the \
             clock of the capture.{before}{said}{again}{then}",
            view.client(),
            request_words(first),
            clock(expires),
            status_words(first),
            clock(now)
        ))
        .advise(match (renewed, stopped) {
            (Some(_), true) => "Nothing, or have the client fetch a new token before the old one ends: that saves the refusal.",
            (Some(_), false) => "See why the client goes on with the old token for so long before it fetches a new one.",
            _ => "See why the client does not fetch a new token; compare the clocks of server and client with the capture's.",
        })
        .number("expired", over as f64)
        .number("refusals", refusals.count as f64);
    let found = match (renewed, stopped) {
        (Some(_), true) => found.severity(Severity::Note),
        (Some(_), false) => found.severity(Severity::Warning),
        _ => found,
    };
    if over < SKEW { found.likely() } else { found }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::http::{answer, ask, from, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, outcome};
    use crate::diagnosis::{Certainty, Severity};

    const RULE: &str = "http-token-expired";
    /// `{"alg":"none"}`, and `{"exp":1}`: long over in any capture.
    const OLD: &str = "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln\r\n";
    /// `{"exp":99999999999}`.
    const GOOD: &str =
        "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5fQ.c2ln\r\n";

    fn refused(script: Script, token: &str) -> Script {
        let no = "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n";
        turn(
            script,
            &ask("GET /api", token),
            &answer("401 Unauthorized", no),
        )
    }

    #[test]
    fn an_old_token_twice() {
        let script = turn(to_web(), &ask("GET /open", OLD), &answer("200 OK", ""));
        let frames = refused(refused(script, OLD), OLD).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Certain));
        assert!(found[0].numbers.contains(&("refusals", 2.0)));
        assert!(
            found[0].explanation.contains("1970-01-01 00:00:01"),
            "{}",
            found[0].explanation
        );
        assert!(found[0].frames.iter().any(|e| e.role == "good-use"));
        let all = format!(
            "{:?}",
            outcome(frames)
                .findings
                .iter()
                .map(|f| &f.finding)
                .collect::<Vec<_>>()
        );
        assert!(!all.contains("eyJ") && !all.contains("c2ln"), "{all}");
        assert!(
            !all.contains("http-login-refused") && !all.contains("http-auth-loop"),
            "{all}"
        );
    }

    fn taken(script: Script, line: &str, token: &str) -> Script {
        turn(script, &ask(line, token), &answer("200 OK", ""))
    }

    fn severity(script: Script) -> Severity {
        findings(script.close().frames(), RULE)[0].severity
    }

    #[test]
    fn who_fetches_a_new_token_at_the_refusal_does_as_is_usual() {
        let fetched = |script| turn(script, &ask("POST /token", ""), &answer("200 OK", ""));
        let at_once = fetched(refused(refused(to_web(), OLD), OLD));
        let found = findings(
            taken(at_once.clone(), "GET /api", GOOD).close().frames(),
            RULE,
        );
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(found[0].frames.iter().any(|e| e.role == "new-token"));
        // Without a success nobody knows that it is one.
        assert_eq!(severity(at_once), Severity::Error);
        let stubborn = fetched(refused(refused(to_web(), OLD).wait_secs(9.0), OLD));
        assert_eq!(
            severity(taken(stubborn, "GET /api", GOOD)),
            Severity::Warning
        );
        let late = fetched(refused(to_web(), OLD).wait_secs(600.0));
        assert_eq!(severity(taken(late, "GET /api", GOOD)), Severity::Error);
    }

    #[test]
    fn the_new_token_may_be_taken_on_another_connection() {
        let elsewhere = |line| {
            let after = taken(from(40_001).wait_secs(1.0), line, GOOD).close();
            let frames = Script::merge([refused(to_web(), OLD).close(), after]);
            findings(frames, RULE)[0].severity
        };
        assert_eq!(elsewhere("GET /api"), Severity::Note);
        // It may be that of somebody else.
        assert_eq!(elsewhere("GET /other"), Severity::Error);
    }

    #[test]
    fn a_token_in_force_was_refused_for_something_else() {
        let frames = refused(to_web(), GOOD).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(findings(frames, "http-login-refused").len(), 1);
    }

    #[test]
    fn taken_though_it_is_old_is_the_servers_affair() {
        let script = turn(to_web(), &ask("GET /api", OLD), &answer("200 OK", ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_gap_leaves_open_what_was_refused() {
        let script = to_web()
            .client(&ask("GET /a", ""))
            .server_lost(&answer("200 OK", ""));
        let frames = refused(script, OLD).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
