//! `http-redirect-loop`.

use super::http::{guard, request_words, status_words};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server's redirections lead in a circle: the client follows each of them, and is sent back to where it began.
    ///
    /// ## Why it matters
    /// The page never comes. Browsers give up after about twenty redirections, and say that there were too many.
    ///
    /// ## How it is told
    /// One place (host and target) redirects for the fifth time within 30 seconds on one connection, every request in between asked for what
    /// the answer before it named, and every answer was another redirection. Over several connections it is not told. From http to
    /// https is no circle on the connection that is seen. Where the server sets a cookie each time and the client sends none,
    /// it may wait for that cookie: then the client may be at fault as well.
    ///
    /// ## Example
    /// `redirect-loop`: one rule of nginx adds a slash to the address, another takes it away.
    ///
    /// ## What to do
    /// See which rule of the server, or of the program behind it, sends the client away: a log-in that does not know its own cookie, two
    /// rules for one address (with and without www, with and without a slash), or a proxy that ends TLS and does not say so.
    ///
    /// ## References
    /// RFC 9110 section 15.4.
    pub HttpRedirectLoop = "http-redirect-loop" {
        summary: "Redirections lead in a circle",
        severity: Error,
        category: Dialogue,
        protocols: ["http"],
        reference: "RFC 9110 section 15.4",
    }
}

/// Further redirections by the place where a circle began: the fifth in all.
const ROUNDS: usize = 4;
/// Who follows by itself does so at once: seconds for that many.
const WITHIN: f64 = 30.0;

impl HttpRedirectLoop {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view.session.facts_named("http.redirected-again").collect();
        for circle in all.chunk_by(|a, b| a.int("round") < b.int("round")) {
            let quick = |rounds: &[&SeenFact]| {
                rounds
                    .first()
                    .zip(rounds.last())
                    .is_some_and(|(first, last)| last.stamp.time.since(first.stamp.time) <= WITHIN)
            };
            if !circle.windows(ROUNDS).any(quick) {
                continue;
            }
            match guard(view) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, circle)),
            }
        }
    }
}

fn finding(view: &View<'_>, circle: &[&SeenFact]) -> Finding {
    let (first, last) = match circle {
        [first, .., last] => (*first, *last),
        _ => return Finding::new(&META, view.session.first),
    };
    let places = first.int("places").unwrap_or(1);
    let way = if places > 1 {
        format!(
            "by way of {} and back, {places} places in all",
            first.text("location")
        )
    } else {
        "to itself".to_owned()
    };
    let no_cookie = circle
        .iter()
        .all(|f| f.is("sets_cookie") && !f.is("has_cookie"));
    let cookie = if no_cookie {
        " Each time the server sets a cookie, and the client sends none: the server may send it round until it does."
    } else {
        ""
    };
    let more: Vec<_> = circle.iter().skip(1).map(|f| f.stamp).collect();
    let finding = Finding::new(&META, first.stamp)
        .side(if no_cookie { Culprit::Unknown } else { Culprit::Server })
        .maybe_frame(first.request, "request")
        .frame(first.stamp, "answer")
        .frames(&more, "again")
        .title(format!(
            "{} redirects in a circle: the client never arrives",
            request_words(first)
        ))
        .explain(format!(
            "{} answered {} with {}, {way}. The client followed each redirection at once, and came back there {} times in {} (until \
             frame {}).{cookie}",
            view.server(),
            request_words(first),
            status_words(first),
            circle.len(),
            seconds(last.stamp.time.since(first.began.time)),
            last.stamp.frame
        ))
        .advise(
            "See which rule of the server sends the client away from there: a log-in that does not know its own cookie, two rules for one \
             address, or a proxy that ends TLS and does not say so.",
        )
        .number("rounds", (circle.len() + 1) as f64);
    if no_cookie { finding.likely() } else { finding }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "http-redirect-loop";

    /// Each of these asks, and is sent on to the next; `more` are further fields of answers.
    fn sent_on(script: Script, places: &[&str], times: usize, more: &str) -> Script {
        let ring = places.iter().cycle().zip(places.iter().cycle().skip(1));
        ring.take(times).fold(script, |script, (here, next)| {
            let asked = ask(&format!("GET {here}"), "");
            let moved = answer("302 Found", &format!("Location: {next}\r\n{more}"));
            turn(script, &asked, &moved).wait_secs(0.1)
        })
    }

    #[test]
    fn a_place_leads_back_to_itself() {
        let script = sent_on(to_web(), &["/loop"], 10, "").close();
        let found = findings(script.clone().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert_eq!(found[0].certainty, Certainty::Certain);
        assert!(found[0].numbers.contains(&("rounds", 10.0)), "{found:?}");
        assert_eq!(loud(script.frames()), [RULE]);
    }

    #[test]
    fn two_places_send_each_other_the_client() {
        let ring = ["/", "http://WEB.example/login?next=/#top"];
        let asked = ["/", "/login?next=/"];
        let script = (0..10).fold(to_web(), |script, n| {
            let moved = format!(
                "Location: {}\r\nSet-Cookie: sid=a{n}\r\n",
                ring[(n + 1) % 2]
            );
            let asked = ask(&format!("GET {}", asked[n % 2]), "");
            turn(script, &asked, &answer("302 Found", &moved))
        });
        let lead = turn(
            to_web(),
            &ask("GET /old", ""),
            &answer("301 Moved", "Location: /\r\n"),
        );
        let found = findings(script.close().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Unknown));
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].explanation.contains("2 places"), "{found:?}");
        // What leads into a circle is none of it.
        let led = sent_on(lead, &["/", "/a"], 10, "").close();
        assert_eq!(findings(led.frames(), RULE).len(), 1);
    }

    #[test]
    fn who_arrives_is_in_no_circle() {
        let four = sent_on(to_web(), &["/loop"], 4, "");
        let arrived = turn(four, &ask("GET /loop", ""), &answer("200 OK", ""));
        let again = sent_on(arrived, &["/loop"], 4, "").close();
        assert!(findings(again.frames(), RULE).is_empty());
        // A monitor asks again and again, and follows nothing; http leads to https.
        for to in ["/page", "https://web.example/"] {
            let moved = answer("302 Found", &format!("Location: {to}\r\n"));
            let script = (0..10).fold(to_web(), |s, _| turn(s, &ask("GET /", ""), &moved));
            assert!(findings(script.close().frames(), RULE).is_empty(), "{to}");
        }
        let slow = (0..10).fold(to_web(), |script, _| {
            sent_on(script, &["/loop"], 1, "").wait_secs(20.0)
        });
        assert!(findings(slow.close().frames(), RULE).is_empty());
    }

    #[test]
    fn with_a_gap_it_may_have_arrived_in_between() {
        let script = sent_on(to_web(), &["/loop"], 5, "");
        let script = script
            .client(&ask("GET /loop", ""))
            .server_lost(&answer("200 OK", ""));
        let script = sent_on(script, &["/loop"], 5, "").close();
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
