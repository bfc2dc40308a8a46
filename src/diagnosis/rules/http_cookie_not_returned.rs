//! `http-cookie-not-returned`.

use colloquy_dissectors::units::Stamp;

use super::http::{asks_for_scheme, guard, in_clear, request_words, status, status_words};
use crate::diagnosis::web::is_removal;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server set a session cookie, the client never sent it back, and was turned away for want of it.
    ///
    /// ## Why it matters
    /// To the server each request comes from a stranger. The user logs in with success and stands before the login again.
    ///
    /// ## How it is told
    /// On one connection: the answer to a log-in set a session cookie, no request came with it, and one without any session
    /// cookie was answered with 401, 403 or a redirect to a login; or a cookie was set before, and the log-in itself came
    /// without it and was refused. The finding says where the cookie's own words forbid to send it: Secure over clear text,
    /// a Path or a Domain that does not match, SameSite=None without Secure. Not told for other hosts on the connection,
    /// after the cookie's time is over, where a proxy speaks for several clients, and where HTTP's own authentication is
    /// asked for. `likely`, since behind an address there may be several clients.
    ///
    /// ## Example
    /// `cookie-lost`: the log-in gives `sid`, the next request comes without it and gets 401.
    ///
    /// ## What to do
    /// Look at the cookie's attributes in the browser's developer tools; a program has to keep cookies itself (`curl -b`,
    /// a session of its HTTP library).
    ///
    /// ## References
    /// RFC 6265 sections 5.3 and 5.4.
    pub HttpCookieNotReturned = "http-cookie-not-returned" {
        summary: "Cookie set but never sent back",
        severity: Warning,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 6265 sections 5.3 and 5.4",
    }
}

impl HttpCookieNotReturned {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let sets = view.session.facts_named("http.cookie-set");
        let mut sets = sets.filter(|f| f.is("session") && !is_removal(f));
        let Some((set, refused)) = sets.find_map(|set| Some((set, refused(view, set)?))) else {
            return;
        };
        if refused.is("proxied") {
            out.cannot_tell(
                &META,
                "T11",
                "a proxy speaks for its clients, which may be several",
            );
        } else if let Some((guard, why)) = guard(view) {
            out.cannot_tell(&META, guard, why);
        } else {
            out.raise(finding(view, set, refused));
        }
    }
}

/// The first request that was turned away without the cookie.
fn refused<'a>(view: &View<'a>, set: &SeenFact) -> Option<&'a SeenFact> {
    let session = view.session;
    let by_login = {
        let mut logins = session.facts_named("http.login-answered");
        logins.any(|l| l.request.is_some() && l.request == set.request)
    };
    let cookie = set.int("fingerprint");
    let sent = |f: &SeenFact| f.value("cookies").is_some() || f.int("sent").is_some();
    let used =
        |f: &SeenFact| f.fact.name == "http.cookie-accepted" && f.int("fingerprint") == cookie;
    if session
        .facts
        .iter()
        .any(|f| f.stamp > set.stamp && (sent(f) || used(f)))
    {
        return None;
    }
    let mut facts = session.facts.iter();
    facts.find(|f| {
        let turned_away = match f.fact.name {
            "http.error" => matches!(status(f), 401 | 403),
            "http.redirected-to-login" => true,
            _ => false,
        };
        let stranger = f.int("credential").is_none()
            && !asks_for_scheme(f)
            && f.int("host") == set.int("host");
        let asked = f.request.filter(|asked| *asked > set.stamp);
        turned_away
            && stranger
            && asked.is_some_and(|asked| is_alive(set, asked))
            && (by_login || f.is("login"))
    })
}

/// The time that the cookie was given is not over.
fn is_alive(set: &SeenFact, at: Stamp) -> bool {
    match (set.int("max_age"), set.int("expires")) {
        (Some(age), _) => at.time.since(set.stamp.time) < age as f64,
        (None, Some(end)) => at.time.nanos() / 1_000_000_000 < end,
        (None, None) => true,
    }
}

/// Why the cookie may not be sent, by its own words.
fn forbidden(view: &View<'_>, set: &SeenFact, refused: &SeenFact) -> Option<String> {
    let host = view
        .session
        .detail("host")
        .map(ToString::to_string)
        .unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let (path, domain) = (set.text("path"), set.text("domain").trim_start_matches('.'));
    let target = refused.text("target");
    if set.is("secure") && in_clear(view) {
        return Some("it is marked Secure, and this connection is not encrypted".to_owned());
    }
    if set.text("same_site").eq_ignore_ascii_case("none") && !set.is("secure") {
        return Some(
            "it is marked SameSite=None without Secure, which browsers do not take".to_owned(),
        );
    }
    if !domain.is_empty() && !host.is_empty() && !is_within(host, domain) {
        return Some(format!("its Domain is {domain}, and the host is {host}"));
    }
    if path.starts_with('/') && target.starts_with('/') && !covers(path, target) {
        return Some(format!("its Path is {path}, which does not cover {target}"));
    }
    None
}

/// RFC 6265 section 5.1.3.
fn is_within(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host == domain || host.strip_suffix(&domain).is_some_and(|h| h.ends_with('.'))
}

/// RFC 6265 section 5.1.4.
fn covers(path: &str, target: &str) -> bool {
    let target = target.split('?').next().unwrap_or_default();
    let rest = target.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

fn finding(view: &View<'_>, set: &SeenFact, refused: &SeenFact) -> Finding {
    let name = set.text("name");
    let why = forbidden(view, set, refused);
    let reason = why.as_ref().map_or_else(
        || "Nothing in the cookie forbids it".to_owned(),
        |why| format!("The client may not send it: {why}"),
    );
    let got = match refused.text("location") {
        "" => status_words(refused),
        place => format!("{} to {place}", status_words(refused)),
    };
    Finding::new(&META, refused.stamp)
        .likely()
        .side(if why.is_some() { Culprit::Server } else { Culprit::Client })
        .maybe_frame(set.request, "cookie-asked")
        .frame(set.stamp, "cookie-set")
        .maybe_frame(refused.request, "request-without")
        .frame(refused.stamp, "refusal")
        .title(format!("The cookie {name} was never sent back"))
        .explain(format!(
            "{} set the cookie {name} in frame {}; {} asked for {} without it {} later and got {got} in frame {}. {reason}.",
            view.server(),
            set.stamp.frame,
            view.client(),
            request_words(refused),
            seconds(refused.request.unwrap_or(refused.began).time.since(set.stamp.time)),
            refused.stamp.frame,
        ))
        .advise(if why.is_some() {
            "Set the cookie with attributes that fit how the site is reached."
        } else {
            "See whether the client keeps cookies at all, and whether it takes this one."
        })
        .number("status", status(refused) as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::http::{answer, ask, log_in, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "http-cookie-not-returned";

    fn logged_in(attributes: &str) -> Script {
        let set = format!("Set-Cookie: sid=abc123{attributes}\r\n");
        turn(to_web(), &log_in(), &answer("200 OK", &set))
    }

    fn turned_away(script: Script, fields: &str) -> Script {
        turn(
            script,
            &ask("GET /me", fields),
            &answer("401 Unauthorized", ""),
        )
    }

    #[test]
    fn a_client_without_memory() {
        let found = findings(
            turned_away(logged_in("; Path=/"), "").close().frames(),
            RULE,
        );
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert!(!found[0].explanation.contains("abc123"));
    }

    #[test]
    fn a_cookie_that_forbids_it() {
        for (attributes, why) in [
            ("; Secure", "Secure"),
            ("; Path=/app", "Path is /app"),
            ("; Domain=other.example", "Domain is other.example"),
            ("; SameSite=None", "SameSite"),
        ] {
            let found = findings(
                turned_away(logged_in(attributes), "").close().frames(),
                RULE,
            );
            assert_eq!(found[0].side, Culprit::Server, "{attributes}");
            assert!(
                found[0].explanation.contains(why),
                "{}",
                found[0].explanation
            );
        }
    }

    #[test]
    fn returned_it_is_not_missed() {
        let script = turn(
            logged_in(""),
            &ask("GET /", "Cookie: sid=abc123\r\n"),
            &answer("200 OK", ""),
        );
        assert!(loud(turned_away(script, "").close().frames()).is_empty());
        let served = turn(logged_in(""), &ask("GET /", ""), &answer("200 OK", ""));
        assert!(loud(served.close().frames()).is_empty());
        let over = turned_away(logged_in("; Max-Age=10").wait_secs(20.0), "");
        assert!(loud(over.close().frames()).is_empty());
    }

    #[test]
    fn a_session_before_the_login_is_missed_by_nobody() {
        let set = answer("200 OK", "Set-Cookie: sid=abc123\r\n");
        let script = turn(to_web(), &ask("GET /", ""), &set);
        assert!(loud(turned_away(script.clone(), "").close().frames()).is_empty());
        let refused = turn(script, &log_in(), &answer("403 Forbidden", ""));
        assert_eq!(findings(refused.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn who_speaks_for_others_and_what_is_missing() {
        let proxied = turned_away(logged_in(""), "X-Forwarded-For: 10.9.9.9\r\n").close();
        assert!(findings(proxied.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(proxied.frames(), RULE), ["T11"]);
        let lost = logged_in("")
            .client(&ask("GET /x", ""))
            .server_lost(&answer("200 OK", ""));
        let lost = turned_away(lost, "").close();
        assert!(findings(lost.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(lost.frames(), RULE), ["T4"]);
    }
}
