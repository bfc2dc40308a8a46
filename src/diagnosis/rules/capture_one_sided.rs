//! `capture-one-sided`.

use crate::diagnosis::{CaptureView, Culprit, Finding, Severity, declare_capture_rule};

declare_capture_rule! {
    /// ## What it means
    /// Of some connections only one direction was captured, although the other side spoke too.
    ///
    /// ## Why it matters
    /// Whether a request was answered cannot be told when the answers are not in the capture. All such verdicts are
    /// withheld for these connections.
    ///
    /// ## How it is told
    /// One side acknowledges, or talks beyond its SYN, and the other side has no frame at all.
    ///
    /// ## Example
    /// Asymmetric routing: requests leave by one router, answers come by another.
    ///
    /// ## What to do
    /// Capture where both directions pass, at best at one of the two hosts.
    ///
    /// ## References
    /// RFC 9293 section 3.4.
    pub CaptureOneSided = "capture-one-sided" {
        summary: "Only one direction was captured",
        severity: Warning,
        category: Capture,
        protocols: [],
        reference: "RFC 9293 section 3.4",
    }
}

impl CaptureOneSided {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let tcp = || {
            view.flows
                .iter()
                .filter_map(|f| Some((f, f.tcp.as_deref()?)))
        };
        let total = tcp().count();
        let mut sided = tcp().filter(|(_, t)| t.one_sided().is_some());
        let (example, _) = sided.next()?;
        let count = 1 + sided.count();
        let share = 100.0 * count as f64 / total as f64;
        let severity = if share >= 50.0 {
            Severity::Warning
        } else {
            Severity::Note
        };
        let finding = Finding::new(&META, example.first)
            .severity(severity)
            .side(Culprit::Capture)
            .frame(example.first, "one-direction-only")
            .title(if total == 1 {
                "The only TCP connection was captured in one direction only".to_owned()
            } else {
                format!(
                    "{count} of {total} TCP connections {} captured in one direction only",
                    if count == 1 { "was" } else { "were" }
                )
            })
            .explain(format!(
                "Of {} there are frames of one side only, which acknowledge the other's. What \
                 the other side answered is unknown.",
                match total {
                    1 => "the only connection".to_owned(),
                    total if total == count => "all connections".to_owned(),
                    _ => format!("{share:.0} % of the connections"),
                }
            ))
            .advise("Capture at a place that both directions pass, at best at one of the hosts.")
            .number("connections", count as f64)
            .number("share_percent", share);
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::quality;

    #[test]
    fn acknowledgements_of_an_unseen_peer_are_told() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Client, flag::ACK, 1, 1, b"")
            .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, b"question");
        assert_eq!(quality(script.frames(), "capture-one-sided").len(), 1);
    }

    #[test]
    fn a_connect_that_nobody_answers_is_not_one_sided() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").syn_only();
        assert!(quality(script.frames(), "capture-one-sided").is_empty());
    }
}
