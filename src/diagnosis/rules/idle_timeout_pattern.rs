//! `idle-timeout-pattern`.

use colloquy_dissectors::units::Side;

use super::ws;
use crate::diagnosis::world::IdleEnd;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// WebSockets to one server end again and again after the same time without traffic, without a Close: something on the
    /// way, or the server itself, ends what is idle for so long.
    ///
    /// ## Why it matters
    /// Users see connections break for no reason, and only when they did nothing for a while. Neither program did it: the
    /// setting of a proxy, a load balancer or a firewall did.
    ///
    /// ## How it is told
    /// At least three WebSockets to the same server were ended by the same side, with no Close of either, after silences of
    /// more than 3 s that agree within a tenth (and 2 s). Certainty is `likely`: the packet does not tell who gave up.
    ///
    /// ## Example
    /// nginx before the server with `proxy_read_timeout 60s`: each WebSocket ends 60 s after its last message.
    ///
    /// ## What to do
    /// Let Pings go at less than half of that time, or raise the time-out: `proxy_read_timeout` (nginx), `timeout tunnel`
    /// (HAProxy), the idle time-out of a load balancer.
    ///
    /// ## References
    /// RFC 6455 sections 5.5.2 and 7.1.5.
    pub IdleTimeoutPattern = "idle-timeout-pattern" {
        summary: "Ended at the same idle age again and again",
        severity: Error,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 5.5.2 and 7.1.5",
    }
}

/// So many make a pattern.
const LEAST: usize = 3;
/// How far they may be apart: this share, and never more than so many seconds.
const SHARE: f64 = 0.1;
const APART: f64 = 2.0;

impl IdleTimeoutPattern {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(end) = ws::hung_up(view) else { return };
        let ends = &view.world.idle_ends;
        let Some(this) = ends.iter().find(|e| e.stamp == end.stamp) else {
            return;
        };
        let apart = (this.idle * SHARE).min(APART);
        let like: Vec<&IdleEnd> = ends
            .iter()
            .filter(|e| e.server == this.server && e.side == this.side)
            .filter(|e| (e.idle - this.idle).abs() <= apart)
            .collect();
        // It is told with the last.
        if like.len() >= LEAST && like.last().is_some_and(|l| l.stamp == this.stamp) {
            out.raise(finding(view, this, &like));
        }
    }
}

fn finding(view: &View<'_>, this: &IdleEnd, like: &[&IdleEnd]) -> Finding {
    let stamps: Vec<_> = like.iter().map(|e| e.stamp).collect();
    let idle = like.iter().map(|e| e.idle).sum::<f64>() / like.len() as f64;
    let culprit = match this.side {
        Side::Server => Culprit::Network,
        Side::Client => Culprit::Client,
    };
    Finding::new(&META, this.stamp)
        .likely()
        .side(culprit)
        .frames(&stamps, "end")
        .title(format!(
            "{} WebSockets to {} ended after {} of silence each",
            like.len(),
            view.server(),
            seconds(idle)
        ))
        .explain(format!(
            "{} WebSockets to {} were ended from the {}'s side without a Close, each about {} after its last traffic. That is \
             an idle time-out: of a proxy, load balancer or firewall on that side, or of the {} itself.",
            like.len(),
            view.server(),
            this.side,
            seconds(idle),
            this.side
        ))
        .advise("Let Pings go at less than half of that time, or raise the time-out that ends them.")
        .number("sessions", like.len() as f64)
        .number("idle", idle)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::ws::{ANSWER, REQUEST, close, text};

    const RULE: &str = "idle-timeout-pattern";

    /// One after the other, each idle for so long before the server hangs up.
    fn idle(seconds: &[f64], closing: &[u8]) -> Vec<ScriptFrame> {
        let one = |(n, idle): (usize, &f64)| {
            let mut script = Script::tcp(&format!("10.0.0.1:{}", 40000 + n), "10.0.0.2:8080")
                .wait_secs(100.0 * n as f64)
                .connect()
                .client(format!("{REQUEST}\r\n").as_bytes())
                .server(format!("{ANSWER}\r\n").as_bytes())
                .client(&text(Side::Client, "hi"))
                .server(&text(Side::Server, "hi"))
                .wait_secs(*idle);
            if !closing.is_empty() {
                script = script.server(closing);
            }
            script.fin(Side::Server).fin(Side::Client)
        };
        Script::merge(seconds.iter().enumerate().map(one))
    }

    #[test]
    fn three_at_the_same_age() {
        let found = findings(idle(&[60.0, 60.2, 3.0, 59.9], b""), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].numbers.contains(&("sessions", 3.0)), "{found:?}");
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
