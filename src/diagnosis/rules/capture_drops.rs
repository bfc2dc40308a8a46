//! `capture-drops`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{CaptureView, Culprit, Finding, declare_capture_rule};
use crate::session::model::Flow;

declare_capture_rule! {
    /// ## What it means
    /// Frames went over the wire that the capture does not have.
    ///
    /// ## Why it matters
    /// What was lost in the capture looks like what was lost on the network. Where the answer to a request may stand
    /// in the missing bytes, no verdict on that request is given.
    ///
    /// ## How it is told
    /// By what the capturing system says of dropped frames, and by acknowledgements: a receiver that acknowledges
    /// bytes has got them, so bytes that were acknowledged and never seen were lost by the capture alone.
    ///
    /// ## Example
    /// `dcerpc-smb2-twenty-pipes-with-gaps`: the peer acknowledges dozens of segments that are not in the file.
    ///
    /// ## What to do
    /// Capture with a larger buffer (`tcpdump -B 16384`), a filter, or a short snap length, on a disk that keeps up;
    /// at a mirror port look at its load.
    ///
    /// ## References
    /// RFC 9293 section 3.4: what an acknowledgement says.
    pub CaptureDrops = "capture-drops" {
        summary: "The capture lost frames",
        severity: Warning,
        category: Capture,
        protocols: [],
        reference: "RFC 9293 section 3.4",
    }
}

impl CaptureDrops {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let dropped = view.summary.dropped.unwrap_or(0);
        let (mut bytes, mut flows) = (0, 0_u64);
        let mut example: Option<Stamp> = None;
        for flow in view.flows {
            let (lost, place) = unseen(flow);
            if lost > 0 {
                bytes += lost;
                flows += 1;
                example = example.or(place);
            }
        }
        if dropped == 0 && bytes == 0 {
            return None;
        }
        let mut said = Vec::new();
        if dropped > 0 {
            said.push(format!("the capturing system dropped {dropped} frames"));
        }
        if bytes > 0 {
            said.push(format!(
                "{bytes} bytes in {flows} {} were acknowledged or passed over and never captured",
                if flows == 1 {
                    "connection"
                } else {
                    "connections"
                }
            ));
        }
        let said = said.join("; ");
        let finding = Finding::new(&META, example.unwrap_or_else(|| view.stamp(None)))
            .side(Culprit::Capture)
            .maybe_frame(example, "behind-the-hole")
            .title(format!("The capture is incomplete: {said}"))
            .explain("Where an answer may stand in what is missing, no verdict is given.")
            .advise("Capture again with a larger buffer or a filter, so that nothing is dropped.")
            .number("dropped_frames", dropped as f64)
            .number("missing_bytes", bytes as f64)
            .number("connections", flows as f64);
        Some(finding)
    }
}

/// Bytes of a connection that were on the wire and not in the capture, apart from what the snap length cut.
fn unseen(flow: &Flow) -> (u64, Option<Stamp>) {
    let Some(tcp) = flow.tcp.as_deref() else {
        return (0, None);
    };
    let of = |side: Side| {
        let facts = &tcp.sides[side];
        // What was passed over because a bound was reached may have come later.
        if facts.bound_hits > 0 {
            return facts.acked_unseen;
        }
        facts.missing.saturating_sub(facts.cut) + facts.acked_unseen
    };
    let place = tcp.holes.iter().find(|h| !h.cut).map(|h| h.stamp);
    let lost = of(Side::Client) + of(Side::Server);
    (lost, place.or(Some(flow.last)))
}

#[cfg(test)]
mod tests {
    use crate::capture::CaptureSummary;
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{quality, quality_with};

    fn connected() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").connect()
    }

    #[test]
    fn acknowledged_bytes_that_nobody_saw_were_lost_by_the_capture() {
        let script = connected()
            .client(b"one")
            .server_lost(&[7; 500])
            .client(b"two")
            .server(b"three")
            .close();
        let found = quality(script.frames(), "capture-drops");
        assert!(
            found[0].numbers.contains(&("missing_bytes", 500.0)),
            "{found:?}"
        );
    }

    #[test]
    fn what_the_system_says_it_dropped_is_told() {
        let summary = CaptureSummary {
            dropped: Some(12),
            ..CaptureSummary::default()
        };
        let found = quality_with(connected().close().frames(), &summary, "capture-drops");
        assert!(found[0].numbers.contains(&("dropped_frames", 12.0)));
    }

    #[test]
    fn retransmissions_are_no_loss_of_the_capture() {
        let script = connected()
            .client(b"one")
            .retransmit_last(colloquy_dissectors::units::Side::Client)
            .server(b"two")
            .close();
        assert!(quality(script.frames(), "capture-drops").is_empty());
    }
}
