//! `nbss-keepalive-irregular`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::rhythm::Beats;

declare_rule! {
    /// ## What it means
    /// One side sent NetBIOS keep-alives at regular intervals, and then no more; or for hours nothing but keep-alives was said.
    ///
    /// ## Why it matters
    /// A keep-alive that fails to come is often the first sign of a host that hangs or of a path that is gone, long before
    /// somebody asks something. A session that only keep-alives hold open takes up resources on both sides.
    ///
    /// ## How it is told
    /// At least four keep-alives of one side came with nothing else between them and at intervals that agree within a
    /// quarter; then the side said nothing for more than three such intervals, until the connection or the capture ended.
    /// Or: for two hours neither side said anything but keep-alives. Both are notes: a session may be idle for as long as
    /// it likes (RFC 1001 section 16.1.3).
    ///
    /// ## Example
    /// A client of which the keep-alives stop after a few minutes, since its host was suspended.
    ///
    /// ## What to do
    /// They stopped: see whether the host still answers, and what happened there at that time. Only keep-alives: find out
    /// which program holds the session open, and whether it still needs it.
    ///
    /// ## References
    /// RFC 1002 sections 4.3.7, 5.3 and 6 (SSN_KEEP_ALIVE_TIMEOUT).
    pub NbssKeepaliveIrregular = "nbss-keepalive-irregular" {
        summary: "Keep-alives stopped, or nothing but keep-alives",
        severity: Note,
        category: Dialogue,
        protocols: ["nbss"],
        reference: "RFC 1002 sections 4.3.7, 5.3 and 6",
    }
}

/// Pairs of keep-alives that make a rhythm.
const PAIRS: u64 = 3;
/// Missing keep-alives that are told.
const MISSING: f64 = 3.0;
/// Seconds of nothing but keep-alives that are told.
const HOURS: f64 = 7200.0;

impl NbssKeepaliveIrregular {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let beats = view.session.troubles.beats.iter().map(|b| (b.side, b));
        for (side, beats) in beats.clone() {
            if let Some((interval, silence)) = stopped(view, side, beats) {
                if view.lost(side) || view.one_sided() {
                    let why = "bytes are missing, and what stopped may only not have been captured";
                    out.cannot_tell(&META, "T4", why);
                } else {
                    out.raise(no_more(view, side, beats, interval, silence));
                }
            }
        }
        let alone = |b: &Beats| b.last.time.since(b.alone_since.time);
        let longest = beats
            .filter(|(_, b)| alone(b) >= HOURS)
            .max_by(|(_, a), (_, b)| alone(a).total_cmp(&alone(b)));
        if let Some((side, beats)) = longest {
            out.raise(nothing_else(view, side, beats));
        }
    }
}

/// The interval of a rhythm that broke off, and the silence since, in seconds.
fn stopped(view: &View<'_>, side: Side, beats: &Beats) -> Option<(f64, f64)> {
    let idle = beats.idle;
    let (shortest, longest) = (idle.shortest as f64 / 1e9, idle.longest as f64 / 1e9);
    let regular = idle.count >= PAIRS && shortest >= 1.0 && longest <= 1.25 * shortest;
    let until = view.ending().map_or_else(|| view.now(), |e| e.stamp().time);
    let silence = until.since(beats.last.time);
    (regular && silence > MISSING * longest && said_last(view, side) == Some(beats.last))
        .then_some((longest, silence))
}

/// The side's last bytes.
fn said_last(view: &View<'_>, side: Side) -> Option<Stamp> {
    let message = view.session.last_message[side].map(|m| m.stamp);
    let bytes = view.tcp().and_then(|t| t.sides[side].last_data);
    message.max(bytes)
}

fn no_more(view: &View<'_>, side: Side, beats: &Beats, interval: f64, silence: f64) -> Finding {
    Finding::new(&META, beats.last)
        .side(Culprit::from(side))
        .frame(beats.first, "first-keep-alive")
        .frame(beats.last, "last-keep-alive")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!(
            "The keep-alives of the {side} stopped {} before the end",
            seconds(silence)
        ))
        .explain(format!(
            "{} sent {} keep-alives, one every {}, the last in frame {}. In the {} after it neither another one came nor \
             anything else.",
            view.end_of(side),
            beats.count,
            seconds(interval),
            beats.last.frame,
            seconds(silence)
        ))
        .advise("See whether that host still answers, and what happened to it at that time.")
        .number("interval", interval)
        .number("silence", silence)
        .number("keep_alives", beats.count as f64)
}

fn nothing_else(view: &View<'_>, side: Side, beats: &Beats) -> Finding {
    let alone = beats.last.time.since(beats.alone_since.time);
    Finding::new(&META, beats.last)
        .side(Culprit::Unknown)
        .frame(beats.alone_since, "first-keep-alive")
        .frame(beats.last, "last-keep-alive")
        .title(format!("Nothing but keep-alives for {}", seconds(alone)))
        .explain(format!(
            "From frame {} to frame {}, {}, the session of {} with {} carried nothing but keep-alives (of the {side} and \
             perhaps of the other).",
            beats.alone_since.frame,
            beats.last.frame,
            seconds(alone),
            view.client(),
            view.server()
        ))
        .advise("Find out which program holds the session open, and whether it still needs it.")
        .number("seconds", alone)
        .number("keep_alives", beats.count as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{GRANTED, session_request, to};

    const RULE: &str = "nbss-keepalive-irregular";
    const KEEP_ALIVE: [u8; 4] = [0x85, 0, 0, 0];

    fn beating(count: usize, every: f64) -> Script {
        let open = to(139).client(&session_request("FILESRV")).server(&GRANTED);
        (0..count).fold(open, |s, _| s.wait_secs(every).client(&KEEP_ALIVE))
    }

    #[test]
    fn five_a_minute_apart_and_then_none() {
        let found = findings(beating(5, 60.0).wait_secs(200.0).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("keep_alives", 5.0)));
    }

    #[test]
    fn nothing_else_for_three_hours() {
        let found = findings(beating(190, 60.0).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.starts_with("Nothing but keep-alives"));
    }

    #[test]
    fn on_time_or_without_a_rhythm_it_is_quiet() {
        let on_time = beating(20, 60.0).wait_secs(60.0).close();
        assert!(findings(on_time.frames(), RULE).is_empty());
        let at_random = beating(2, 60.0).wait_secs(20.0).client(&KEEP_ALIVE);
        let at_random = at_random.wait_secs(70.0).client(&KEEP_ALIVE);
        assert!(findings(at_random.wait_secs(500.0).close().frames(), RULE).is_empty());
    }

    #[test]
    fn those_that_were_not_captured_are_not_missed() {
        let script = beating(5, 60.0).wait_secs(60.0).client_lost(&KEEP_ALIVE);
        let frames = script.wait_secs(200.0).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
