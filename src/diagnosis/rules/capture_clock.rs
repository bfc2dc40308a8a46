//! `capture-clock`.

use crate::diagnosis::{CaptureView, Culprit, Finding, Severity, declare_capture_rule, seconds};

declare_capture_rule! {
    /// ## What it means
    /// The time of some frames is before that of the frame before them.
    ///
    /// ## Why it matters
    /// Waits and response times are differences of frame times. Where the clock stepped or files were joined out of
    /// order, they are wrong.
    ///
    /// ## How it is told
    /// Frames whose time goes back by a millisecond or more, and frames without any time. Smaller steps are usual with
    /// several receive queues. Above a second it is a warning.
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
        let untimed = view.summary.untimed_frames;
        if steps.largest_nanos < USUAL_NANOS && untimed == 0 {
            return None;
        }
        let largest = steps.largest_nanos as f64 / 1e9;
        let severity = if largest >= 1.0 {
            Severity::Warning
        } else {
            Severity::Note
        };
        let back = seconds(largest);
        let title = if steps.largest_nanos < USUAL_NANOS {
            format!("{untimed} frames have no time")
        } else {
            format!("The time goes back {} times, by up to {back}", steps.count)
        };
        let place = view.stamp(steps.frame);
        let finding = Finding::new(&META, place)
            .severity(severity)
            .side(Culprit::Capture)
            .frame(place, "time-goes-back")
            .title(title)
            .explain(format!(
                "The time of {} frames is before that of the frame before them, by up to {back}; {untimed} frames have \
                 no time of their own. Waits that span such a place are wrong by as much.",
                steps.count
            ))
            .advise("Sort the capture with reordercap, or join its parts by time.")
            .number("steps", steps.count as f64)
            .number("largest_step", largest)
            .number("untimed_frames", untimed as f64);
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::capture::{CaptureSummary, ClockSteps};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::quality_with;

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
    fn receive_queues_out_of_step_by_microseconds_are_quiet() {
        assert!(stepped(40_000).is_empty());
    }
}
