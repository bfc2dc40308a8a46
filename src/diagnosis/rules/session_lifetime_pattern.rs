//! `session-lifetime-pattern`.

use super::patterns::{heading, owner, table, this_session};
use crate::diagnosis::ends::{Alike, Pattern};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// Sessions to one server are ended at the same age, in mid-work: there is a longest time that one may live.
    ///
    /// ## Why it matters
    /// Long transfers and long sessions never come to their end, however alive they are. It looks like chance until the ages
    /// are compared.
    ///
    /// ## How it is told
    /// At least three sessions to one server, each older than 30 s and at work within the last twentieth of its life, were
    /// ended by the server's side at ages that agree within 2 %: WebSockets without a Close, or closed with 1001, 1012 or a
    /// code of the application; other connections by a reset. Sessions that began at nearly the same time do not count, for
    /// then the same event may have ended them. Certainty is `likely`.
    ///
    /// ## Example
    /// A gateway ends each WebSocket after two hours, whatever goes over it.
    ///
    /// ## What to do
    /// Look for a longest life of connections: `max_connection_duration` (Envoy), gateways of cloud providers, the life of a
    /// token or a Kerberos ticket. Have the client connect anew before, or at once after.
    ///
    /// ## References
    /// None: experience.
    pub SessionLifetimePattern = "session-lifetime-pattern" {
        summary: "Ended at the same age again and again",
        severity: Warning,
        category: Resources,
        protocols: [],
        reference: "no standard says how long a session may live",
    }
}

impl SessionLifetimePattern {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(pattern) = this_session(view).filter(|p| p.alike == Alike::Age) {
            out.raise(finding(view, pattern));
        }
    }
}

fn finding(view: &View<'_>, pattern: &Pattern) -> Finding {
    let last = pattern.ends[pattern.ends.len() - 1];
    let stamps: Vec<_> = pattern.ends.iter().map(|e| e.stamp).collect();
    let after = seconds(pattern.after);
    Finding::new(&META, last.stamp)
        .likely()
        .side(Culprit::Server)
        .frames(&stamps, "end")
        .title(format!("{} ended at the age of {after} each", heading(view, pattern)))
        .explain(format!(
            "{} were ended from the server's side when they were {after} old, and at work until then: there is a longest time \
             that a session may live. {} {}",
            heading(view, pattern),
            owner(pattern),
            table(pattern)
        ))
        .advise("Find the limit on the age of connections, or have the client connect anew before it.")
        .number("sessions", pattern.ends.len() as f64)
        .number("age", pattern.after)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::ws::{ANSWER, REQUEST, close, text};

    const RULE: &str = "session-lifetime-pattern";

    /// At work for so long.
    fn at_work(n: u16, start: f64, age: f64) -> Script {
        let mut script = Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), "10.0.0.2:8080")
            .wait_secs(start)
            .connect()
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes());
        for _ in 0..100 {
            script = script
                .wait_secs(age / 100.0)
                .client(&text(Side::Client, "on and on"));
        }
        script
    }

    fn cut(n: u16, start: f64, age: f64) -> Script {
        at_work(n, start, age).fin(Side::Server).fin(Side::Client)
    }

    #[test]
    fn three_that_got_as_old() {
        let frames = Script::merge([
            cut(0, 0.0, 600.0),
            cut(1, 50.0, 601.0),
            cut(2, 170.0, 600.0),
        ]);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert!(
            found[0].explanation.contains("10.0.0.1:40001 after 10 min"),
            "{}",
            found[0].explanation
        );
        assert!(findings(frames, "idle-timeout-pattern").is_empty());
        let away = |n: u16, start: f64| {
            at_work(n, start, 600.0)
                .server(&close(Side::Server, 1001, ""))
                .close()
        };
        let frames = Script::merge([away(0, 0.0), away(1, 100.0), away(2, 200.0)]);
        assert_eq!(findings(frames, RULE).len(), 1);
    }

    #[test]
    fn one_event_and_good_ends_are_none() {
        let together = Script::merge([cut(0, 0.0, 600.0), cut(1, 5.0, 599.0), cut(2, 10.0, 600.0)]);
        assert!(findings(together, RULE).is_empty());
        let differ = Script::merge([
            cut(0, 0.0, 600.0),
            cut(1, 100.0, 650.0),
            cut(2, 200.0, 700.0),
        ]);
        assert!(findings(differ, RULE).is_empty());
        let done = |n: u16, start: f64| {
            at_work(n, start, 600.0)
                .server(&close(Side::Server, 1000, ""))
                .close()
        };
        let done = Script::merge([done(0, 0.0), done(1, 100.0), done(2, 200.0)]);
        assert!(findings(done, RULE).is_empty());
    }

    #[test]
    fn what_was_not_captured_may_be_a_good_end() {
        let lost = |n: u16, start: f64| {
            at_work(n, start, 600.0)
                .server_lost(&close(Side::Server, 1000, ""))
                .fin(Side::Server)
                .fin(Side::Client)
        };
        let frames = Script::merge([lost(0, 0.0), lost(1, 100.0), lost(2, 200.0)]);
        assert!(findings(frames, RULE).is_empty());
    }
}
