//! `tcp-half-close-hanging`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// One side has closed its direction, the other has acknowledged that and does nothing: it neither sends nor closes.
    ///
    /// ## Why it matters
    /// Its program does not notice or does not care that the other has hung up. The connection stays in CLOSE-WAIT;
    /// programs that leak connections like this run out of file descriptors some day.
    ///
    /// ## How it is told
    /// A FIN of one side that was acknowledged, no FIN and no reset of the other, and no byte of it for longer than
    /// 60 s, until the capture ends. A side that goes on sending uses the half-open connection as TCP allows. It is a note
    /// where the other side closed after all.
    ///
    /// ## Example
    /// A connection pool whose client never looks at connections that its server has closed.
    ///
    /// ## What to do
    /// On the host that has not closed: `ss -tp state close-wait` names the program.
    ///
    /// ## References
    /// RFC 9293 section 3.6.1.
    pub TcpHalfCloseHanging = "tcp-half-close-hanging" {
        summary: "Half-closed and left hanging",
        severity: Warning,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.6.1",
    }
}

impl TcpHalfCloseHanging {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        let closed = Side::BOTH
            .into_iter()
            .filter(|s| tcp.sides[*s].fin.is_some());
        let Some(side) = closed.min_by_key(|s| tcp.sides[*s].fin) else {
            return;
        };
        let Some((fin, acked)) = tcp.sides[side].fin.zip(tcp.sides[side].fin_acked) else {
            return;
        };
        let idle = &tcp.sides[side.other()];
        let over = idle.fin.or_else(|| Some(tcp.reset()?.stamp));
        let said = idle.last_data.map_or(acked, |d| d.max(acked));
        let silent = over.map_or_else(|| view.until_end(said), |o| o.time.since(said.time));
        let limit = view.world.thresholds.half_close;
        let spoke = idle.last_data.is_some();
        if view.one_sided() {
            let why = "only one direction of this connection was captured";
            out.cannot_tell(&META, "T3", why);
        } else if over.is_none() && !tcp.saw_start() && !spoke {
            let why = "the other side may have closed before the capture began";
            out.cannot_tell(&META, "T1", why);
        } else if over.is_none() && view.lost(side.other()) {
            let why = "bytes of the other side are missing, and its FIN may be too";
            out.cannot_tell(&META, "T4", why);
        } else if silent < limit && over.is_some() {
            // It closed in good time.
        } else if silent < limit {
            let why = format!(
                "the capture ended {} after the FIN was acknowledged",
                seconds(silent)
            );
            out.cannot_tell(&META, "T2", why);
        } else {
            out.raise(finding(view, side, [fin, acked], (silent, over)));
        }
    }
}

fn finding(
    view: &View<'_>,
    side: Side,
    [fin, acked]: [Stamp; 2],
    (silent, over): (f64, Option<Stamp>),
) -> Finding {
    let idle = side.other();
    let last = view.tcp().and_then(|t| t.sides[idle].last);
    let (severity, end) = match over {
        Some(over) => (Severity::Note, format!(", until frame {}", over.frame)),
        None => (META.severity, String::new()),
    };
    Finding::new(&META, acked)
        .severity(severity)
        .side(idle)
        .frame(fin, "fin")
        .frame(acked, "ack")
        .maybe_frame(over.or(last), "last-of-peer")
        .title(format!(
            "The {side} closed, and the {idle} left the connection hanging"
        ))
        .explain(format!(
            "The {side} closed its direction in frame {}, the {idle} acknowledged that in frame {} and has neither sent \
             anything nor closed in {} since{end}.",
            fin.frame,
            acked.frame,
            seconds(silent)
        ))
        .advise(format!(
            "On {} look for connections in CLOSE-WAIT and the program that holds them.",
            view.flow.endpoint(idle).address
        ))
        .number("silent", silent)
        .number("threshold", view.world.thresholds.half_close)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "tcp-half-close-hanging";

    fn half_closed() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
            .fin(Side::Server)
    }

    /// Another conversation that makes the capture last on.
    fn elsewhere(seconds: f64) -> Script {
        Script::udp("10.0.0.7:1000", "10.0.0.8:2000")
            .wait_secs(seconds)
            .client(b"x")
    }

    #[test]
    fn nothing_for_more_than_a_minute() {
        let found = findings(Script::merge([half_closed(), elsewhere(90.0)]), RULE);
        assert_eq!(found[0].side, Culprit::Client);
    }

    #[test]
    fn a_side_that_still_sends_uses_its_right() {
        let script = half_closed().wait_secs(80.0).client(b"still here");
        let frames = Script::merge([script, elsewhere(90.0)]);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn the_capture_ends_too_early_to_tell() {
        let frames = half_closed().frames();
        assert_eq!(cannot_tell(frames.clone(), RULE), ["T2"]);
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn whoever_was_silent_may_have_closed_before_the_capture() {
        let end = || {
            Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
                .segment(Side::Client, flag::FIN | flag::ACK, 7, 9, b"")
                .segment(Side::Server, flag::ACK, 9, 8, b"")
        };
        let frames = Script::merge([end(), elsewhere(90.0)]);
        assert_eq!(cannot_tell(frames, RULE), ["T1"]);
        let spoke = end().segment(Side::Server, flag::ACK, 9, 8, b"not closed");
        let frames = Script::merge([spoke, elsewhere(90.0)]);
        assert_eq!(findings(frames, RULE).len(), 1);
    }

    #[test]
    fn closed_after_all_it_is_a_note() {
        let late = half_closed().wait_secs(90.0);
        for script in [late.clone().fin(Side::Client), late.reset(Side::Server)] {
            let found = findings(script.clone().frames(), RULE);
            assert_eq!(found[0].severity, Severity::Note);
            assert!(loud(script.frames()).is_empty());
        }
        let soon = half_closed().wait_secs(9.0).fin(Side::Client);
        assert!(findings(soon.frames(), RULE).is_empty());
    }

    #[test]
    fn the_other_fin_may_be_among_what_was_not_captured() {
        let script = half_closed().client_lost(b"the last words");
        let frames = Script::merge([script, elsewhere(90.0)]);
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }

    #[test]
    fn a_reset_ends_it_too() {
        let script = half_closed().wait_secs(5.0).reset(Side::Client);
        assert!(loud(Script::merge([script, elsewhere(90.0)])).is_empty());
    }
}
