//! `http-login-refused`.

use super::http::{clock, guard, request_words, status, status_words};
use super::http_auth_loop;
use crate::diagnosis::web::expired;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// Credentials were sent, and the server did not take them.
    ///
    /// ## Why it matters
    /// The user does not get in. The server answers quickly and in order; what is wrong is the user's name, the password,
    /// the token or what the user may do.
    ///
    /// ## How it is told
    /// A 401, 403 or 407 to a request with Authorization or Proxy-Authorization, or a 401 or 403 to a form that was posted to
    /// a place named like a login. The first request without credentials, the first steps of NTLM and Negotiate, and a
    /// Digest whose nonce was too old are no refusals. Refused again and again at one place it is `http-auth-loop`; tokens
    /// whose time is over are `http-token-expired`. A warning where the log-in succeeded in the end, and where the same
    /// credentials are taken for other things: then the user is known and may not do this.
    ///
    /// ## Example
    /// `login-refused`: a wrong password in a form, twice; 401 each time, and no cookie is set.
    ///
    /// ## What to do
    /// Look in the server's log for the user. 401: wrong name, password or token. 403: the user is known and lacks a right,
    /// or the form lacks a token against forgery.
    ///
    /// ## References
    /// RFC 9110 sections 15.5.2, 15.5.4 and 15.5.8.
    pub HttpLoginRefused = "http-login-refused" {
        summary: "Credentials were sent and refused",
        severity: Error,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 9110 sections 15.5.2, 15.5.4 and 15.5.8",
    }
}

impl HttpLoginRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut told: Vec<&SeenFact> = Vec::new();
        for first in view.session.facts_named("http.error") {
            if !tells(view, first) || told.iter().any(|t| is_alike(t, first)) {
                continue;
            }
            told.push(first);
            if let Some((guard, why)) = guard(view) {
                out.cannot_tell(&META, guard, why);
                continue;
            }
            let alike = |f: &&SeenFact| is_alike(first, f) && tells(view, f);
            let all: Vec<_> = view
                .session
                .facts_named("http.error")
                .filter(alike)
                .collect();
            out.raise(finding(view, first, &all));
        }
    }
}

/// Refusals to be told together.
fn is_alike(one: &SeenFact, other: &SeenFact) -> bool {
    let same = |key| one.text(key) == other.text(key);
    status(one) == status(other)
        && same("target")
        && same("method")
        && one.int("credential") == other.int("credential")
}

fn tells(view: &View<'_>, fact: &SeenFact) -> bool {
    let has_credentials = fact.int("credential").is_some();
    let step = fact.is("continues") || fact.is("stale") || fact.int("ntlm") == Some(1);
    let refused = match status(fact) {
        401 => has_credentials || fact.is("login"),
        403 => has_credentials || fact.is("login"),
        407 => has_credentials,
        _ => false,
    };
    refused && !step && !expired(fact) && http_auth_loop::of_loop(view, fact).is_none()
}

/// What became of it: the answer by which the same log-in succeeded.
fn taken<'a>(view: &View<'a>, last: &SeenFact) -> Option<&'a SeenFact> {
    let name = if last.is("login") {
        "http.login-answered"
    } else {
        "http.credentials-accepted"
    };
    let session = view.session;
    let later = |f: &&SeenFact| {
        f.fact.name == name && f.stamp > last.stamp && f.text("target") == last.text("target")
    };
    session.facts.iter().find(later)
}

/// The same credentials are good for something else.
fn good_elsewhere<'a>(view: &View<'a>, fact: &SeenFact) -> Option<&'a SeenFact> {
    let credential = fact.int("credential")?;
    let session = view.session;
    let good = |f: &&SeenFact| {
        f.fact.name == "http.credentials-accepted" && f.int("credential") == Some(credential)
    };
    session.facts.iter().find(good)
}

fn finding(view: &View<'_>, first: &SeenFact, all: &[&SeenFact]) -> Finding {
    let last = all.last().copied().unwrap_or(first);
    let code = status(first);
    let scheme = first.text("credentials");
    let what = if scheme.is_empty() {
        "a form to log in".to_owned()
    } else {
        format!("{scheme} credentials")
    };
    let (taken, elsewhere) = (taken(view, last), good_elsewhere(view, first));
    let then = match (taken, elsewhere) {
        (Some(t), _) => format!(" It succeeded in the end, in frame {}.", t.stamp.frame),
        (None, Some(e)) => format!(
            " The same credentials are taken for {} (frame {}): the user is known and may not do this.",
            e.text("target"),
            e.stamp.frame
        ),
        (None, None) => String::new(),
    };
    let said = match first.text("auth_error") {
        "" => String::new(),
        error => format!(" The server calls it {error}."),
    };
    let token = first.int("expires").map_or_else(String::new, |end| {
        format!(" The token says that it is good until {}.", clock(end))
    });
    let times = match all.len() {
        1 => String::new(),
        n => format!(", {n} times"),
    };
    let more: Vec<_> = all.iter().skip(1).map(|f| f.stamp).collect();
    let found = Finding::new(&META, first.stamp)
        .side(Culprit::Client)
        .maybe_frame(first.request, "request")
        .frame(first.stamp, "refusal")
        .frames(&more, "again")
        .maybe_frame(taken.map(|t| t.stamp), "taken")
        .title(format!("{}: {what} refused{times}", request_words(first)))
        .explain(format!(
            "{} sent {what} with {} and got {} in frame {}{times}.{said}{token}{then}",
            view.client(),
            request_words(first),
            status_words(first),
            first.stamp.frame
        ))
        .advise(match code {
            403 => "Look in the server's log for the user: a right, a group, or a token against forgery is missing.",
            _ => "Check user, password or token, and look in the server's log why it refused them.",
        })
        .number("status", code as f64)
        .number("refusals", all.len() as f64);
    if taken.is_some() || elsewhere.is_some() {
        found.severity(Severity::Warning)
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::http::{answer, ask, log_in, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud, outcome};

    const RULE: &str = "http-login-refused";

    #[test]
    fn a_wrong_password_in_a_form() {
        let no = answer(
            "401 Unauthorized",
            "WWW-Authenticate: Form realm=\"lab\"\r\n",
        );
        let script = turn(turn(to_web(), &log_in(), &no), &log_in(), &no);
        let found = findings(script.clone().close().frames(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
        assert!(found[0].numbers.contains(&("refusals", 2.0)));
        let right = turn(script, &log_in(), &answer("200 OK", "")).close();
        assert_eq!(
            findings(right.frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn known_and_not_allowed() {
        let who = "Authorization: Basic dTpwdw==\r\n";
        let script = turn(to_web(), &ask("GET /", who), &answer("200 OK", ""));
        let script = turn(
            script,
            &ask("GET /admin", who),
            &answer("403 Forbidden", ""),
        );
        let frames = script.close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        let all = format!(
            "{:?}",
            outcome(frames)
                .findings
                .iter()
                .map(|f| &f.finding)
                .collect::<Vec<_>>()
        );
        assert!(!all.contains("dTpw"), "{all}");
    }

    #[test]
    fn nobody_logged_in() {
        let no = answer(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"r\"\r\n",
        );
        let forbidden = answer("403 Forbidden", "");
        let script = turn(
            turn(to_web(), &ask("GET /", ""), &no),
            &ask("POST /authors", ""),
            &forbidden,
        );
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn a_gap_leaves_open_what_was_refused() {
        let script = to_web()
            .client(&ask("GET /a", ""))
            .server_lost(&answer("200 OK", ""));
        let script = turn(script, &log_in(), &answer("401 Unauthorized", "")).close();
        assert!(findings(script.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
