//! `capture-cut-frames`.

use crate::diagnosis::{CaptureView, Culprit, Finding, Severity, declare_capture_rule};

declare_capture_rule! {
    /// ## What it means
    /// The snap length cut frames: their ends are not in the capture.
    ///
    /// ## Why it matters
    /// Messages that stood in the cut bytes cannot be read. Verdicts that would need them are withheld.
    ///
    /// ## How it is told
    /// The capture holds fewer bytes of a frame than were on the wire. It is a warning where bytes of a stream are
    /// hidden, a note where only padding or frames of no conversation are.
    ///
    /// ## Example
    /// `tcpdump -s 96` keeps the headers and the first bytes of each message.
    ///
    /// ## What to do
    /// Capture whole frames: `tcpdump -s 0`.
    ///
    /// ## References
    /// draft-ietf-opsawg-pcap: captured and original packet length.
    pub CaptureCutFrames = "capture-cut-frames" {
        summary: "The snap length cut frames",
        severity: Warning,
        category: Capture,
        protocols: [],
        reference: "draft-ietf-opsawg-pcap",
    }
}

impl CaptureCutFrames {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let cut = view.summary.cut_frames.max(view.counts.cut);
        if cut == 0 {
            return None;
        }
        let streams = view.flows.iter().filter_map(|f| f.tcp.as_deref());
        let hidden: u64 = streams
            .map(|t| t.sides.client.cut + t.sides.server.cut)
            .sum();
        let severity = if view.counts.cut > 0 {
            Severity::Warning
        } else {
            Severity::Note
        };
        let frames = view.counts.frames.max(1);
        let share = 100.0 * cut as f64 / frames as f64;
        let finding = Finding::new(&META, view.stamp(None))
            .severity(severity)
            .side(Culprit::Capture)
            .title(format!(
                "The snap length cut {cut} of {frames} frames ({share:.0} %)"
            ))
            .explain(format!(
                "{cut} of {frames} frames were captured only in part; {hidden} bytes of TCP streams are hidden by it. \
                 Messages in them cannot be read."
            ))
            .advise("Capture whole frames: tcpdump -s 0.")
            .number("frames", cut as f64)
            .number("hidden_bytes", hidden as f64);
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{quality, quality_cut};

    fn script() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(&[1; 400])
            .close()
    }

    #[test]
    fn hidden_bytes_are_counted() {
        let found = quality_cut(script().frames(), 154, "capture-cut-frames");
        assert!(
            found[0].numbers.contains(&("hidden_bytes", 300.0)),
            "{found:?}"
        );
    }

    #[test]
    fn whole_frames_are_quiet() {
        assert!(quality(script().frames(), "capture-cut-frames").is_empty());
    }
}
