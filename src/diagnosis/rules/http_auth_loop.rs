//! `http-auth-loop`.

use colloquy_dissectors::units::Stamp;

use super::http::{guard, request_words, status_words};
use crate::diagnosis::web::{expired, is_question};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A client sends its credentials for the same thing again and again, and the server asks for credentials each time; or it
    /// sends none at all to a proxy that asks for them each time.
    ///
    /// ## Why it matters
    /// Neither side says that it is over: the user sees a dialogue that comes back for ever, a program goes round in
    /// circles, and the account may get locked.
    ///
    /// ## How it is told
    /// At least two answers 401 or 407 to requests with the same credentials and the same method and target, over all
    /// connections of the client to the server; with NTLM, whose credentials differ each time, on one connection. What
    /// belongs to a log-in in several steps does not count: a first request without credentials, the first message of
    /// NTLM, a challenge with a token, a Digest whose nonce was too old. A warning where they were taken in the end. Tokens
    /// that have expired are `http-token-expired`. A warning is also told of a client that sent no credentials to a proxy in the
    /// whole capture and got at least three answers 407.
    ///
    /// ## Example
    /// A script with an old password asks every 10 s, and gets 401 every 10 s.
    ///
    /// ## What to do
    /// See what the server's log says of the user. Basic and Digest: user, password, realm. Negotiate and NTLM: the name
    /// that the client uses for the server, its clock, a proxy that spreads one login over several connections. Bearer:
    /// what `error` says (RFC 6750 section 3.1).
    ///
    /// ## References
    /// RFC 9110 section 15.5.2; RFC 6750 section 3.1; RFC 4559 section 5.
    pub HttpAuthLoop = "http-auth-loop" {
        summary: "Credentials refused again and again",
        severity: Error,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 9110 section 15.5.2; RFC 6750 section 3.1; RFC 4559 section 5",
    }
}

impl HttpAuthLoop {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        without_any(view, out);
        let mut told = Vec::new();
        for fact in view.session.facts_named("http.error") {
            let Some(refusals) = of_loop(view, fact) else {
                continue;
            };
            // It is told where it began.
            if refusals.first() != Some(&fact.stamp) || told.contains(&fact.stamp) {
                continue;
            }
            told.push(fact.stamp);
            match guard(view) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, fact, &refusals)),
            }
        }
    }
}

/// So many answers 407 are more than a question that somebody has still to answer.
const QUESTIONS: u64 = 3;

/// A proxy that asks for credentials, and a client that has none. It is told where it began.
fn without_any(view: &View<'_>, out: &mut Verdicts) {
    let mut questions = view
        .session
        .facts_named("http.error")
        .filter(|f| is_question(f));
    let Some(first) = questions.next() else {
        return;
    };
    let Some(asked) = view.world.web.asked(view.flow) else {
        return;
    };
    let told = asked.count >= QUESTIONS && !asked.has_sent;
    if !told || asked.cited.first() != Some(&first.stamp) {
        return;
    }
    if let Some((guard, why)) = guard(view) {
        out.cannot_tell(&META, guard, why);
        return;
    }
    let count = asked.count;
    let found = Finding::new(&META, first.stamp)
        .severity(Severity::Warning)
        .side(Culprit::Client)
        .maybe_frame(first.request, "request")
        .frames(&asked.cited, "refusal")
        .title(format!(
            "The proxy asked for credentials {count} times, and the client has sent none"
        ))
        .explain(format!(
            "{} answered {} of {} in frame {} with {}, and so {count} times: it lets nobody through without credentials. In the \
             whole capture no request of this client to it bears any.",
            view.server(),
            request_words(first),
            view.client(),
            first.stamp.frame,
            status_words(first)
        ))
        .advise("Give the client its user and password for the proxy, or let it through without.")
        .number("refusals", count as f64);
    out.raise(found);
}

/// The refusals of a loop that `fact` is one of.
pub(super) fn of_loop(view: &View<'_>, fact: &SeenFact) -> Option<Vec<Stamp>> {
    let refusals = view.world.web.refusals(view.flow, fact)?;
    if expired(fact) {
        return None;
    }
    let mut cited = refusals.cited.to_vec();
    if fact.int("ntlm").is_some() {
        let own = |s: &_| view.session.facts.iter().any(|f| f.stamp == *s);
        cited.retain(own);
    }
    (cited.len() >= 2).then_some(cited)
}

fn finding(view: &View<'_>, first: &SeenFact, refusals: &[Stamp]) -> Finding {
    let last = refusals.last().copied().unwrap_or(first.stamp);
    let count = view
        .world
        .web
        .refusals(view.flow, first)
        .map_or(2, |r| r.count);
    let count = if first.int("ntlm").is_some() {
        refusals.len() as u64
    } else {
        count
    };
    let mut taken = view.session.facts_named("http.credentials-accepted");
    let taken = taken.find(|f| f.stamp > last && f.text("target") == first.text("target"));
    let scheme = first.text("credentials");
    let said = match first.text("auth_error") {
        "" => String::new(),
        error => format!(" The server calls it {error}."),
    };
    let then = taken.map_or_else(String::new, |t| {
        format!(
            " Credentials were taken in the end, in frame {}.",
            t.stamp.frame
        )
    });
    let found = Finding::new(&META, first.stamp)
        .side(Culprit::Client)
        .maybe_frame(first.request, "request")
        .frames(refusals, "refusal")
        .maybe_frame(taken.map(|t| t.stamp), "taken")
        .title(format!(
            "{}: {scheme} credentials refused {count} times",
            request_words(first)
        ))
        .explain(format!(
            "{} asked for {} with {scheme} credentials and got {}; it asked again with {} in frame {} and others, and was \
             refused again: {count} times within {}.{said}{then}",
            view.client(),
            request_words(first),
            status_words(first),
            if first.int("ntlm").is_some() { "such credentials" } else { "the same credentials" },
            last.frame,
            seconds(last.time.since(first.stamp.time)),
        ))
        .advise("See in the server's log why it refuses them; have the client stop after the first refusal.")
        .number("refusals", count as f64);
    if taken.is_some() {
        found.severity(Severity::Warning)
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::http::{answer, ask, from, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "http-auth-loop";
    const WRONG: &str = "Authorization: Basic d3Jvbmc6d3Jvbmc=\r\n";
    const RIGHT: &str = "Authorization: Basic cmlnaHQ6cmlnaHQ=\r\n";
    const FIRST_OF_NTLM: &str = "Authorization: NTLM TlRMTVNTUAABAAAA\r\n";
    const THIRD_OF_NTLM: &str = "Authorization: NTLM TlRMTVNTUAADAAAA\r\n";

    fn refused(script: Script, credentials: &str, challenge: &str) -> Script {
        let challenge = format!("WWW-Authenticate: {challenge}\r\n");
        turn(
            script,
            &ask("GET /", credentials),
            &answer("401 Unauthorized", &challenge),
        )
    }

    fn basic(script: Script, credentials: &str) -> Script {
        refused(script, credentials, "Basic realm=\"r\"")
    }

    #[test]
    fn round_and_round() {
        let script = basic(basic(basic(to_web(), ""), WRONG), WRONG);
        let frames = script.clone().close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
        assert!(found[0].numbers.contains(&("refusals", 2.0)), "{found:?}");
        assert_eq!(loud(frames), [RULE]);
        let right = turn(script, &ask("GET /", RIGHT), &answer("200 OK", ""));
        assert_eq!(
            findings(right.close().frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn over_several_connections_it_is_told_once() {
        let one = |n: u16| basic(from(40_000 + n), WRONG).close();
        let later = one(1).wait_secs(0.0);
        let found = findings(Script::merge([one(0), later, one(2)]), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("refusals", 3.0)), "{found:?}");
    }

    #[test]
    fn a_proxy_that_asks_in_vain() {
        let question = answer(
            "407 Proxy Authentication Required",
            "Proxy-Authenticate: Basic realm=\"p\"\r\n",
        );
        let asked = |script: Script| turn(script, &ask("GET http://a.example/", ""), &question);
        let thrice = asked(asked(asked(to_web())));
        let found = findings(thrice.clone().close().frames(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(findings(asked(asked(to_web())).close().frames(), RULE).is_empty());
        // Over several connections as well, if none bears any.
        let one = |n: u16, fields: &str| {
            turn(
                from(40_000 + n),
                &ask("GET http://a.example/", fields),
                &question,
            )
            .close()
        };
        let many = Script::merge([one(0, ""), one(1, ""), one(2, "")]);
        assert_eq!(findings(many, RULE).len(), 1);
        let sent = "Proxy-Authorization: Basic cmlnaHQ6cmlnaHQ=\r\n";
        let many = Script::merge([one(0, ""), one(1, ""), one(2, ""), one(3, sent)]);
        assert!(findings(many, RULE).is_empty());
        let lost = thrice
            .client(&ask("GET http://a.example/", ""))
            .server_lost(&question);
        let frames = asked(lost).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }

    #[test]
    fn the_steps_of_a_login_are_none() {
        let script = refused(to_web(), "", "NTLM");
        let script = refused(script, FIRST_OF_NTLM, "NTLM TlRMTVNTUAACAAAA");
        let script = turn(script, &ask("GET /", THIRD_OF_NTLM), &answer("200 OK", ""));
        assert!(loud(script.close().frames()).is_empty());
        let stale = "Digest realm=\"r\", nonce=\"2\", stale=true";
        let user = "Authorization: Digest username=\"u\", nonce=\"1\"\r\n";
        let script = refused(refused(to_web(), user, stale), user, stale);
        let script = turn(script, &ask("GET /", user), &answer("200 OK", ""));
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn ntlm_that_is_refused_twice() {
        let mut script = to_web();
        for _ in 0..2 {
            script = refused(script, FIRST_OF_NTLM, "NTLM TlRMTVNTUAACAAAA");
            script = refused(script, THIRD_OF_NTLM, "NTLM");
        }
        assert_eq!(findings(script.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn a_single_refusal_is_no_loop() {
        let frames = basic(to_web(), WRONG).close().frames();
        assert_eq!(loud(frames), ["http-login-refused"]);
    }

    #[test]
    fn a_gap_leaves_open_what_was_refused() {
        let script = to_web()
            .client(&ask("GET /a", ""))
            .server_lost(&answer("200 OK", ""));
        let script = basic(script, WRONG).wait_secs(1.0);
        let script = basic(basic(script, WRONG).wait_secs(1.0), WRONG);
        let frames = script.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
