//! `capture-cut-frames`.

use crate::diagnosis::{CaptureView, Culprit, Finding, Severity, declare_capture_rule};
use crate::session::model::Transport;

declare_capture_rule! {
    /// ## What it means
    /// The snap length cut frames: their ends are not in the capture.
    ///
    /// ## Why it matters
    /// Messages that stood in the cut bytes cannot be read. Verdicts that would need them are withheld.
    ///
    /// ## How it is told
    /// The capture holds fewer bytes of a frame than were on the wire. It is a warning where bytes of a stream
    /// or datagrams are hidden, a note where only padding, copies or frames of no conversation are. A frame that ends before
    /// its IP header says was cut as well, whatever the file says.
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
        let datagrams = view.flows.iter().any(|f| f.transport == Transport::Udp);
        let severity = if hidden > 0 || datagrams && view.counts.cut > 0 {
            Severity::Warning
        } else {
            Severity::Note
        };
        let frames = view.counts.frames.max(1);
        let share = 100.0 * cut as f64 / frames as f64;
        let of = format!("{cut} of {frames} frames");
        let (title, how) = if view.summary.cut_frames > 0 {
            (
                format!("The snap length cut {of} ({share:.0} %)"),
                format!("{of} were captured only in part"),
            )
        } else {
            (
                format!("{of} ({share:.0} %) are shorter than their IP headers say"),
                format!(
                    "{of} end before their IP headers say, and the file does not know that they were cut"
                ),
            )
        };
        let what = if hidden > 0 {
            format!(
                "{hidden} bytes of TCP streams are hidden by it. Messages in them cannot be read."
            )
        } else if view.counts.cut > 0 && datagrams {
            "No byte of a TCP stream is hidden by it; the ends of datagrams may be.".to_owned()
        } else {
            "No byte of a TCP stream is hidden by it.".to_owned()
        };
        let finding = Finding::new(&META, view.stamp(None))
            .severity(severity)
            .side(Culprit::Capture)
            .title(title)
            .explain(format!("{how}. {what}"))
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
    fn frames_shorter_than_their_ip_headers_were_cut_by_somebody_else() {
        let found = quality_cut(script().frames(), 154, "capture-cut-frames");
        assert!(
            found[0].title.starts_with("The snap length cut 1 of 8"),
            "{found:?}"
        );
        let mut frames = script().frames();
        let long = frames.iter_mut().find(|f| f.bytes.len() > 300).unwrap();
        long.bytes.truncate(154);
        let found = quality(frames, "capture-cut-frames");
        assert!(
            found[0].title.contains("shorter than their IP headers say"),
            "{found:?}"
        );
    }

    #[test]
    fn whole_frames_are_quiet() {
        assert!(quality(script().frames(), "capture-cut-frames").is_empty());
    }
}
