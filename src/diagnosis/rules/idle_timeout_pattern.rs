//! `idle-timeout-pattern`.

use colloquy_dissectors::units::Side;

use super::patterns::{heading, hearts, owner, table, this_session};
use crate::diagnosis::ends::{Alike, EVENTS, Pattern};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// Connections to one server, or over one hop, end again and again after the same time without traffic, and not as their
    /// protocol wants it: something on the way, or the server itself, ends what is idle for so long.
    ///
    /// ## Why it matters
    /// Users see connections break for no reason, and only when they did nothing for a while. Neither program did it: the
    /// setting of a proxy, a load balancer or a firewall did.
    ///
    /// ## How it is told
    /// At least three WebSockets to the same server were ended by the same side, with no Close of either, after silences of
    /// more than 3 s that agree within a tenth (and 2 s), or three streams of events (`text/event-stream`) without their last
    /// chunk, which is a warning; or at least three other connections were reset from the server's
    /// side, that nobody had closed, after such silences of more than 10 s, which is a note; or such ends of one client are
    /// spread over three servers and more, so that the cause is before the client. Ends at one moment are one event and no
    /// pattern. Certainty is `likely`: the packet does
    /// not tell who gave up, though a reset with another TTL than its sender's other segments was made on the way. The
    /// finding lists the connections, and says whether WebSockets with a heartbeat outlived it.
    ///
    /// ## Example
    /// nginx before the server with `proxy_read_timeout 60s`: each WebSocket ends 60 s after its last message.
    ///
    /// ## What to do
    /// Let Pings go at less than half of that time, or raise the time-out: `proxy_read_timeout` (nginx), `timeout tunnel`
    /// (HAProxy), the idle time-out of a load balancer; TCP keep-alives for what has no Pings.
    ///
    /// ## References
    /// RFC 6455 sections 5.5.2 and 7.1.5; RFC 5382 section 5.
    pub IdleTimeoutPattern = "idle-timeout-pattern" {
        summary: "Ended at the same idle age again and again",
        severity: Error,
        category: Establishment,
        protocols: [],
        reference: "RFC 6455 sections 5.5.2 and 7.1.5; RFC 5382 section 5",
    }
}

impl IdleTimeoutPattern {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(pattern) = this_session(view).filter(|p| p.alike != Alike::Age) {
            out.raise(finding(view, pattern));
        }
    }
}

fn finding(view: &View<'_>, pattern: &Pattern) -> Finding {
    let last = pattern.ends[pattern.ends.len() - 1];
    let stamps: Vec<_> = pattern.ends.iter().map(|e| e.stamp).collect();
    let after = seconds(pattern.after);
    let culprit = match (pattern.alike, last.side) {
        (Alike::Idle, Side::Client) => Culprit::Client,
        _ => Culprit::Network,
    };
    let (severity, without) = match last.protocol {
        "websocket" => (META.severity, " without a Close"),
        // Who reads them asks again by itself.
        EVENTS => (Severity::Warning, " without the last chunk"),
        _ => (Severity::Note, ", which nobody had closed"),
    };
    Finding::new(&META, last.stamp)
        .likely()
        .severity(severity)
        .side(culprit)
        .frames(&stamps, "end")
        .title(format!("{} ended after {after} of silence each", heading(view, pattern)))
        .explain(format!(
            "{} were ended from the {}'s side{without}, each about {after} after its last traffic. That is an idle time-out. \
             {}{} {}",
            heading(view, pattern),
            last.side,
            owner(pattern),
            hearts(view, pattern),
            table(pattern)
        ))
        .advise(match last.protocol {
            EVENTS => "Let the server send a comment line at less than half of that time, or raise the time-out that ends them.",
            _ => "Let Pings or keep-alives go at less than half of that time, or raise the time-out that ends them.",
        })
        .number("sessions", pattern.ends.len() as f64)
        .number("idle", pattern.after)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::ws::{ANSWER, REQUEST, close, ping, pong, text};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "idle-timeout-pattern";

    /// Idle for so long before the server hangs up.
    fn one(n: usize, idle: f64, closing: &[u8]) -> Script {
        let mut script = Script::tcp(&format!("10.0.0.1:{}", 40000 + n), "10.0.0.2:8080")
            .wait_secs(100.0 * n as f64)
            .connect()
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes())
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"))
            .wait_secs(idle);
        if !closing.is_empty() {
            script = script.server(closing);
        }
        script.fin(Side::Server).fin(Side::Client)
    }

    /// One after the other.
    fn idle(seconds: &[f64], closing: &[u8]) -> Vec<ScriptFrame> {
        Script::merge(
            seconds
                .iter()
                .enumerate()
                .map(|(n, idle)| one(n, *idle, closing)),
        )
    }

    #[test]
    fn three_at_the_same_age() {
        let found = findings(idle(&[60.0, 60.2, 3.0, 59.9], b""), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].numbers.contains(&("sessions", 3.0)), "{found:?}");
    }

    #[test]
    fn a_begin_that_was_not_captured_does_not_matter() {
        let whole = idle(&[60.0, 60.2, 59.9], b"");
        let mut frames = whole.clone();
        // The SYN and SYN-ACK of the last.
        let last = frames
            .iter()
            .rposition(|f| f.bytes[14 + 20 + 13] == 0x02)
            .unwrap();
        frames.drain(last..last + 2);
        assert_eq!(findings(frames, RULE).len(), findings(whole, RULE).len());
    }

    #[test]
    fn a_heartbeat_outlives_it() {
        let mut beating = Script::tcp("10.0.0.1:50000", "10.0.0.2:8080")
            .connect()
            .client(format!("{REQUEST}\r\n").as_bytes())
            .server(format!("{ANSWER}\r\n").as_bytes());
        for _ in 0..20 {
            beating = beating
                .wait_secs(25.0)
                .server(&ping(Side::Server, "a"))
                .client(&pong(Side::Client, "a"));
        }
        let frames = Script::merge([
            one(0, 60.0, b""),
            one(1, 60.1, b""),
            one(2, 60.0, b""),
            beating,
        ]);
        let found = findings(frames, RULE);
        let said = &found[0].explanation;
        assert!(
            said.contains("a heartbeat every 25.00 s outlived it"),
            "{said}"
        );
        assert!(said.contains("10.0.0.1:40001 after 60.1"), "{said}");
        assert!(said.contains("nginx"), "{said}");
    }

    #[test]
    fn one_event_is_no_pattern() {
        let frames = Script::merge((0..4).map(|n| {
            Script::tcp(&format!("10.0.0.1:{}", 41_000 + n), "10.0.0.2:8080")
                .connect()
                .client(format!("{REQUEST}\r\n").as_bytes())
                .server(format!("{ANSWER}\r\n").as_bytes())
                .wait_secs(60.0)
                .fin(Side::Server)
                .fin(Side::Client)
        }));
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn resets_of_other_connections_are_a_note() {
        let reset = |n: u16, server: &str, idle: f64| {
            Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), server)
                .wait_secs(10.0 * f64::from(n))
                .connect()
                .client(b"one thing or another")
                .server(b"well")
                .wait_secs(idle)
                .reset(Side::Server)
        };
        let same = (0..3).map(|n| reset(n, "10.0.0.2:7000", 120.0));
        let found = findings(Script::merge(same), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        let three = ["10.0.0.2:7000", "10.0.0.3:7001", "10.0.0.4:7002"];
        let spread = (0..3).map(|n| reset(n, three[usize::from(n)], 120.0));
        let found = findings(Script::merge(spread), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
        assert!(found[0].title.contains("3 servers"), "{}", found[0].title);
        let two = (0..3).map(|n| reset(n, three[usize::from(n % 2)], 120.0));
        assert!(findings(Script::merge(two), RULE).is_empty());
    }

    #[test]
    fn streams_of_events_are_idle_by_habit() {
        let feed = |n: u16, idle: f64, last: &[u8]| {
            let script = Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), "10.0.0.2:80")
                .wait_secs(10.0 * f64::from(n))
                .connect()
                .client(b"GET /events HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n")
                .server(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                    Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                )
                .wait_secs(idle);
            let script = if last.is_empty() {
                script
            } else {
                script.server(last)
            };
            script.fin(Side::Server).fin(Side::Client)
        };
        let told = |idle: [f64; 3], last: &[u8]| {
            let feeds = idle.iter().enumerate();
            let feeds = feeds.map(|(n, idle)| feed(n as u16, *idle, last));
            findings(Script::merge(feeds), RULE)
        };
        let found = told([4.0, 4.05, 4.02], b"");
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(found[0].title.contains("3 streams of events"), "{found:?}");
        assert!(told([4.0, 9.0, 14.0], b"").is_empty());
        assert!(told([4.0, 4.05, 4.02], b"0\r\n\r\n").is_empty());
    }

    #[test]
    fn ages_that_differ_are_no_pattern() {
        assert!(findings(idle(&[60.0, 20.0, 40.0, 90.0], b""), RULE).is_empty());
        assert!(findings(idle(&[60.0, 60.0], b""), RULE).is_empty());
    }

    #[test]
    fn closed_by_agreement_it_is_no_accident() {
        let goodbye = close(Side::Server, 1001, "idle");
        assert!(findings(idle(&[60.0, 60.0, 60.0], &goodbye), RULE).is_empty());
    }

    #[test]
    fn what_was_not_captured_may_be_a_close() {
        let lost = |n: usize| {
            Script::tcp(&format!("10.0.0.1:{}", 40000 + n), "10.0.0.2:8080")
                .connect()
                .client(format!("{REQUEST}\r\n").as_bytes())
                .server(format!("{ANSWER}\r\n").as_bytes())
                .wait_secs(60.0)
                .server_lost(&close(Side::Server, 1001, ""))
                .close()
        };
        assert!(findings(Script::merge((0..4).map(lost)), RULE).is_empty());
    }
}
