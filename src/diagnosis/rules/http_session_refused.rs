//! `http-session-refused`.

use colloquy_dissectors::units::Stamp;

use super::http::{asks_for_scheme, guard, request_words, status, status_words};
use crate::diagnosis::web::{CookieLife, ints, is_removal};
use crate::diagnosis::{
    Certainty, Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds,
};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A session cookie that was good is good no more: the server answers with 401, 403 or the way to its login.
    ///
    /// ## Why it matters
    /// The user is thrown out in mid-work, what was not saved is lost. If it happens to many at once, the server lost its
    /// sessions: it was restarted, or another server answers that does not know them.
    ///
    /// ## How it is told
    /// Cookies are followed over all connections between a client and a server, by a number made of name and value. Refused
    /// is one that came with a request that was answered with 401, 403 or a redirect to a login, where the very same
    /// request had succeeded with it before; where it was given by the answer to a log-in and had been used since (not with
    /// 403, `likely`); where the server took it away with this answer; or where it had taken it away before, then it is the
    /// client who goes on with it. A redirect leads to a login where a whole part of its path or host says so. Not told where
    /// the cookie was good after the refusal, for the same request or for one that it was good for before, after a logout
    /// that left the cookie in place, where HTTP's own authentication is asked for, and of requests with Authorization. A
    /// warning where a new session was set soon after, and with 403, which may be for another reason.
    ///
    /// ## Example
    /// `stale-cookie`: the server takes the cookie away at the logout; the client sends it again and gets 401.
    ///
    /// ## What to do
    /// Compare the age of the cookie with the server's session time-out. Look whether the server was restarted, and whether
    /// the load balancer sends a session always to the same server. After a logout: see why the client keeps the cookie.
    ///
    /// ## References
    /// RFC 6265 sections 4.1.2 and 5.3; RFC 9110 section 15.5.2.
    pub HttpSessionRefused = "http-session-refused" {
        summary: "Session cookie refused or lost",
        severity: Error,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 6265 sections 4.1.2 and 5.3; RFC 9110 section 15.5.2",
    }
}

impl HttpSessionRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut told: Vec<u64> = Vec::new();
        for fact in view.session.facts.iter().filter(|f| is_refusal(f)) {
            for cookie in ints(fact.value("cookies")) {
                if told.contains(&cookie) {
                    continue;
                }
                let Some(case) = Case::of(view, fact, cookie) else {
                    continue;
                };
                told.push(cookie);
                match guard(view) {
                    Some((guard, why)) => out.cannot_tell(&META, guard, why),
                    None => out.raise(finding(view, fact, &case)),
                }
                break;
            }
        }
    }
}

fn is_refusal(fact: &SeenFact) -> bool {
    let refused = match fact.fact.name {
        "http.error" => matches!(status(fact), 401 | 403),
        "http.redirected-to-login" => true,
        _ => false,
    };
    refused && fact.int("credential").is_none() && !fact.is("login") && !asks_for_scheme(fact)
}

/// How it is known that the cookie is what was refused.
struct Case<'a> {
    life: Option<&'a CookieLife>,
    why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The server had taken it away.
    TakenAway(Stamp),
    /// The same request had succeeded with it.
    Succeeded(Stamp),
    /// It was given by a log-in, and then used.
    LoggedIn(Stamp),
    /// The refusal takes it away.
    TakesAway,
}

impl<'a> Case<'a> {
    fn of(view: &View<'a>, fact: &SeenFact, cookie: u64) -> Option<Self> {
        let life = view.world.web.life(view.flow, cookie);
        let asked = fact.request.unwrap_or(fact.began);
        let forbidden = status(fact) == 403;
        let reads = matches!(fact.text("method"), "GET" | "HEAD");
        let takes_away = || {
            let mut sets = view.session.facts_named("http.cookie-set");
            let this = |f: &SeenFact| f.request.is_some() && f.request == fact.request;
            sets.any(|f| this(f) && is_removal(f) && f.int("sent") == Some(cookie as i64))
        };
        let why = (|| {
            let life = life?;
            if let Some(removed) = life.removed_before(asked) {
                return Some(Why::TakenAway(removed));
            }
            if life.outlived(fact.int("place"), fact.stamp) {
                return None;
            }
            let used = life.used(None, asked)?;
            if life.logout.is_some_and(|l| l > used && l < fact.stamp) {
                return None;
            }
            let same = life
                .used(fact.int("place"), asked)
                .filter(|_| !forbidden || reads);
            if let Some(stamp) = same {
                return Some(Why::Succeeded(stamp));
            }
            (life.by_login && !forbidden).then_some(Why::LoggedIn(used))
        })();
        let why = why.or_else(|| takes_away().then_some(Why::TakesAway))?;
        Some(Self { life, why })
    }

    fn good_use(&self) -> Option<Stamp> {
        match self.why {
            Why::Succeeded(stamp) | Why::LoggedIn(stamp) => Some(stamp),
            Why::TakenAway(removed) => self.life?.used(None, removed),
            Why::TakesAway => None,
        }
    }
}

/// A session cookie that is set soon after.
fn renewed<'a>(view: &View<'a>, fact: &SeenFact) -> Option<&'a SeenFact> {
    let session = view.session;
    let set = |f: &&SeenFact| f.fact.name == "http.cookie-set" && f.is("session") && !is_removal(f);
    session
        .facts
        .iter()
        .filter(set)
        .find(|f| f.stamp > fact.stamp)
}

fn finding(view: &View<'_>, fact: &SeenFact, case: &Case<'_>) -> Finding {
    let name = case.life.map(|l| l.name.as_str()).filter(|n| !n.is_empty());
    let cookie = name.map_or_else(
        || "a session cookie".to_owned(),
        |n| format!("the cookie {n}"),
    );
    let set = case.life.and_then(|l| l.set);
    let age = set.map(|s| fact.stamp.time.since(s.time));
    let good = case.good_use();
    let renewed = renewed(view, fact);
    let got = match fact.text("location") {
        "" => status_words(fact),
        place => format!("{} to {place}", status_words(fact)),
    };
    let history = match case.why {
        Why::TakenAway(stamp) => format!(
            "The server had taken it away in frame {}, {} before: the client should have forgotten it",
            stamp.frame,
            seconds(fact.stamp.time.since(stamp.time))
        ),
        Why::Succeeded(stamp) => format!(
            "The same request had succeeded with it in frame {}, {} before",
            stamp.frame,
            seconds(fact.stamp.time.since(stamp.time))
        ),
        Why::LoggedIn(stamp) => format!(
            "It was given by the answer to a log-in, and was still good in frame {}, {} before",
            stamp.frame,
            seconds(fact.stamp.time.since(stamp.time))
        ),
        Why::TakesAway => "The same answer takes it away".to_owned(),
    };
    let aged = age.map_or_else(String::new, |age| {
        format!(" It was set {} before.", seconds(age))
    });
    let then = renewed.map_or_else(String::new, |f| {
        format!(" A new one was set in frame {}.", f.stamp.frame)
    });
    let stale = matches!(case.why, Why::TakenAway(_));
    let found = Finding::new(&META, fact.stamp)
        .side(if stale { Culprit::Client } else { Culprit::Server })
        .maybe_frame(set, "cookie-set")
        .maybe_frame(good, "good-use")
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "refusal")
        .maybe_frame(renewed.map(|f| f.stamp), "new-session")
        .title(format!("{}: {cookie} was refused", request_words(fact)))
        .explain(format!(
            "{} sent {cookie} with {} and got {got} in frame {}. {history}.{aged}{then}",
            view.client(),
            request_words(fact),
            fact.stamp.frame
        ))
        .advise(if stale {
            "See why the client keeps a cookie that it was told to forget."
        } else {
            "Compare the cookie's age with the server's session time-out; look whether the server was restarted, or another \
             one answers that does not know the session."
        })
        .number("status", status(fact) as f64)
        .number("age", age.unwrap_or(0.0));
    let found = if renewed.is_some() || status(fact) == 403 || case.why == Why::TakesAway {
        found.severity(Severity::Warning)
    } else {
        found
    };
    Finding {
        certainty: certainty(fact, case),
        ..found
    }
}

fn certainty(fact: &SeenFact, case: &Case<'_>) -> Certainty {
    match case.why {
        Why::LoggedIn(_) => Certainty::Likely,
        _ if status(fact) == 403 => Certainty::Likely,
        _ => Certainty::Certain,
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::http::{answer, ask, from, log_in, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud, outcome};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "http-session-refused";
    const SET: &str = "Set-Cookie: sid=abc123; Path=/; HttpOnly\r\n";
    const TAKE: &str = "Set-Cookie: sid=; Max-Age=0\r\n";
    const WITH: &str = "Cookie: sid=abc123\r\n";

    fn logged_in(script: Script) -> Script {
        turn(script, &log_in(), &answer("200 OK", SET))
    }

    fn page(script: Script, line: &str, status: &str, fields: &str) -> Script {
        turn(script, &ask(line, WITH), &answer(status, fields))
    }

    fn at_work() -> Script {
        page(logged_in(to_web()), "GET /me", "200 OK", "")
    }

    fn told(frames: Vec<ScriptFrame>) -> Vec<(Severity, Culprit, Certainty)> {
        let found = findings(frames, RULE);
        found
            .iter()
            .map(|f| (f.severity, f.side, f.certainty))
            .collect()
    }

    #[test]
    fn thrown_out_in_mid_work() {
        let out = page(at_work().wait_secs(60.0), "GET /me", "401 Unauthorized", "");
        let frames = out.clone().close().frames();
        let certain = (Severity::Error, Culprit::Server, Certainty::Certain);
        assert_eq!(told(frames.clone()), [certain]);
        let found = findings(frames.clone(), RULE);
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["cookie-set", "good-use", "request", "refusal"]);
        let all = format!(
            "{:?}",
            outcome(frames)
                .findings
                .iter()
                .map(|f| &f.finding)
                .collect::<Vec<_>>()
        );
        assert!(
            all.contains("the cookie sid") && !all.contains("abc123"),
            "{all}"
        );
        let again = turn(out, &log_in(), &answer("200 OK", "Set-Cookie: sid=new\r\n"));
        assert_eq!(told(again.close().frames())[0].0, Severity::Warning);
    }

    #[test]
    fn another_page_and_another_connection() {
        let second = from(40_001).wait_secs(60.0);
        let to_login = page(
            second,
            "GET /a",
            "302 Found",
            "Location: /login?next=/a\r\n",
        );
        let frames = Script::merge([at_work().close(), to_login.close()]);
        assert_eq!(
            told(frames),
            [(Severity::Error, Culprit::Server, Certainty::Likely)]
        );
    }

    #[test]
    fn the_client_goes_on_after_the_logout() {
        let script = page(at_work(), "GET /logout", "200 OK", TAKE);
        let script = page(script, "GET /me", "401 Unauthorized", "");
        assert_eq!(
            told(script.close().frames()),
            [(Severity::Error, Culprit::Client, Certainty::Certain)]
        );
    }

    #[test]
    fn what_is_normal_is_quiet() {
        // A logout that leaves the cookie, and what the client then gets to see.
        let script = page(
            at_work(),
            "GET /logout",
            "302 Found",
            "Location: /login\r\n",
        );
        let script = page(script, "GET /me", "302 Found", "Location: /login\r\n");
        assert!(loud(script.close().frames()).is_empty());
        // A session before the log-in is none yet.
        let script = turn(to_web(), &ask("GET /", ""), &answer("200 OK", SET));
        let script = page(script, "GET /style.css", "200 OK", "");
        let script = page(script, "GET /me", "302 Found", "Location: /login\r\n");
        assert!(loud(script.close().frames()).is_empty());
        // A right that is missing.
        let script = page(at_work(), "GET /admin", "403 Forbidden", "");
        assert!(loud(script.close().frames()).is_empty());
        // NTLM logs in each connection for itself.
        let ntlm = "WWW-Authenticate: NTLM\r\n";
        let script = page(at_work(), "GET /me", "401 Unauthorized", ntlm);
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn an_article_on_logins_is_none_and_a_good_use_later_tells_that_it_was_not_refused() {
        let moved = "Location: /blog/login-tips\r\n";
        let script = page(at_work(), "GET /old", "302 Found", moved);
        assert!(loud(script.close().frames()).is_empty());
        let login = "Location: /login\r\n";
        let script = page(at_work(), "GET /admin", "302 Found", login);
        let refused = told(script.clone().close().frames());
        assert_eq!(
            refused,
            [(Severity::Error, Culprit::Server, Certainty::Likely)]
        );
        let good = page(script.clone(), "GET /me", "200 OK", "");
        assert!(loud(good.close().frames()).is_empty());
        // The page that the login itself shows says nothing.
        let asked = page(script, "GET /login", "200 OK", "");
        assert_eq!(told(asked.close().frames()), refused);
    }

    #[test]
    fn a_gap_leaves_open_whose_answer_it_is() {
        let script = at_work()
            .client(&ask("GET /x", WITH))
            .server_lost(&answer("200 OK", ""));
        let frames = page(script, "GET /me", "401 Unauthorized", "")
            .close()
            .frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
