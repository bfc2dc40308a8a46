//! `capture-clock`.

use crate::capture::{Break, ClockSteps};
use crate::diagnosis::{CaptureView, Culprit, Finding, Severity, declare_capture_rule, seconds};

declare_capture_rule! {
    /// ## What it means
    /// The time of some frames is before that of the frame before them, or the recording was interrupted.
    ///
    /// ## Why it matters
    /// Waits and response times are differences of frame times. Where the clock stepped or files were joined out of
    /// order, they are wrong.
    ///
    /// ## How it is told
    /// Frames whose time goes back by a millisecond or more, and frames without any time. Smaller steps are usual with
    /// several receive queues. Above a second it is a warning. Half a day without any frame, or a minute where a new
    /// section of a pcapng file begins, is held for an interruption: nobody is said to have waited through it.
    ///
    /// ## Example
    /// Two captures joined with `mergecap -a`, or a clock set by NTP while capturing.
    ///
    /// ## What to do
    /// Join captures by time (`mergecap` without `-a`), sort them with `reordercap`, and keep the clock of the
    /// capturing host steady.
    ///
    /// ## References
    /// draft-ietf-opsawg-pcapng: timestamps.
    pub CaptureClock = "capture-clock" {
        summary: "The clock stepped, or files are out of order",
        severity: Warning,
        category: Capture,
        protocols: [],
        reference: "draft-ietf-opsawg-pcapng",
    }
}

/// Below this several receive queues explain it: nanoseconds.
const USUAL_NANOS: i64 = 1_000_000;

impl CaptureClock {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let steps = view.summary.clock_steps;
        let stepped = steps.largest_nanos >= USUAL_NANOS;
        let pauses: Vec<_> = view.summary.breaks.iter().filter(|b| b.nanos > 0).collect();
        let longest = pauses.iter().max_by_key(|b| b.nanos).copied();
        let untimed = view.summary.untimed_frames;
        let mut told = Vec::new();
        if stepped {
            told.push(went_back(steps));
        }
        if let Some(longest) = longest {
            told.push(paused(longest, pauses.len()));
        }
        if untimed > 0 {
            told.push((
                format!("{} without a time", frames(untimed)),
                "Frames without a time of their own have that of the frame before them.".to_owned(),
            ));
        }
        let (title, _) = told.first()?.clone();
        let texts: Vec<_> = told.into_iter().map(|(_, text)| text).collect();
        let largest = steps.largest_nanos as f64 / 1e9;
        let severity = if largest >= 1.0 {
            Severity::Warning
        } else {
            Severity::Note
        };
        let place = view.stamp(steps.frame.filter(|_| stepped));
        let resumed = view.stamp(longest.map(|l| l.frame));
        let finding = Finding::new(&META, if stepped { place } else { resumed })
            .severity(severity)
            .side(Culprit::Capture)
            .frame(place, "time-goes-back")
            .frame(resumed, "after-the-pause")
            .title(title)
            .explain(texts.join(" "))
            .advise("Sort the capture with reordercap, or join its parts by time.")
            .number("steps", steps.count as f64)
            .number("largest_step", largest)
            .number("untimed_frames", untimed as f64)
            .number("pauses", pauses.len() as f64);
        Some(finding)
    }
}

fn went_back(steps: ClockSteps) -> (String, String) {
    let back = seconds(steps.largest_nanos as f64 / 1e9);
    let title = match steps.count {
        1 => format!("The time goes back once, by {back}"),
        n => format!("The time goes back {n} times, by up to {back}"),
    };
    let text = format!("{title}. Waits that span such a place are wrong by as much.");
    (title, text)
}

fn paused(longest: &Break, count: usize) -> (String, String) {
    let pause = seconds(longest.nanos as f64 / 1e9);
    let title = match count {
        1 => format!("The recording pauses once, for {pause}"),
        n => format!("The recording pauses {n} times, for up to {pause}"),
    };
    let text = format!(
        "{title} (before frame {}): no frame at all came in that time, so that it was either interrupted or joined of \
         several. Conversations that end there are judged as if the capture ended there.",
        longest.frame
    );
    (title, text)
}

fn frames(count: u64) -> String {
    match count {
        1 => "1 frame".to_owned(),
        n => format!("{n} frames"),
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::capture::{CaptureSummary, ClockSteps};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::calls::{call, healthy, over_tcp, record};
    use crate::diagnosis::rules::bench::{loud, quality, quality_with};

    fn stepped(nanos: i64) -> Vec<Severity> {
        let summary = CaptureSummary {
            clock_steps: ClockSteps {
                count: 1,
                largest_nanos: nanos,
                frame: Some(2),
            },
            ..CaptureSummary::default()
        };
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").connect();
        let found = quality_with(script.frames(), &summary, "capture-clock");
        found.iter().map(|f| f.severity).collect()
    }

    #[test]
    fn a_step_back_is_told_by_its_size() {
        assert_eq!(stepped(3_000_000_000), [Severity::Warning]);
        assert_eq!(stepped(5_000_000), [Severity::Note]);
    }

    #[test]
    fn an_interruption_is_a_note() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .wait_secs(50_000.0)
            .client(b"good morning");
        let found = quality(script.frames(), "capture-clock");
        assert_eq!(found[0].severity, Severity::Note);
        assert_eq!(found[0].title, "The recording pauses once, for 13.9 h");
        let evening = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .wait_secs(40_000.0)
            .client(b"good evening");
        assert!(quality(evening.frames(), "capture-clock").is_empty());
    }

    /// A call that nobody answers, and other hosts that talk so many seconds later.
    fn open_call(secs: f64) -> Vec<&'static str> {
        let mut frames = healthy(over_tcp(), 1).client(&record(&call(9))).frames();
        let mut later = Script::tcp("10.0.0.8:40000", "10.0.0.9:9999")
            .connect()
            .client(b"hello")
            .frames();
        let shift = frames.last().unwrap().time.nanos_since(later[0].time) + (secs * 1e9) as i64;
        for frame in &mut later {
            frame.time = frame.time.plus_nanos(shift);
        }
        frames.append(&mut later);
        loud(frames)
    }

    #[test]
    fn nobody_waits_through_an_interruption() {
        assert_eq!(open_call(40_000.0), ["request-unanswered"]);
        assert!(open_call(50_000.0).is_empty());
    }

    #[test]
    fn receive_queues_out_of_step_by_microseconds_are_quiet() {
        assert!(stepped(40_000).is_empty());
    }
}
