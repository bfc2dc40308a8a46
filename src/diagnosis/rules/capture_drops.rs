//! `capture-drops`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{CaptureView, Culprit, Finding, counted, declare_capture_rule};
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
    /// bytes has got them, so bytes that were acknowledged and never seen were lost by the capture alone. Cited is the first frame
    /// that shows that they were sent.
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
            let frames = counted(dropped, "frame");
            said.push(format!("the capturing system dropped {frames}"));
        }
        if bytes > 0 {
            said.push(format!(
                "{} in {} {} acknowledged or passed over and never captured",
                counted(bytes, "byte"),
                counted(flows, "connection"),
                if bytes == 1 { "was" } else { "were" }
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
    let holes = tcp.holes.iter().filter(|h| !h.cut);
    let place = holes.map(|h| h.stamp).min();
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
    fn the_first_frame_behind_the_hole_is_cited() {
        let lost = || connected().client(b"one").server_lost(b"two");
        let tail = lost().wait_ms(100).close();
        // SYN, SYN-ACK, ACK, data, ACK, what is lost, and its acknowledgement.
        let cited = |script: Script| quality(script.frames(), "capture-drops")[0].frames[0].frame;
        assert_eq!(cited(tail), 6);
        let held = lost().drop_last().server(b"three").wait_ms(100).close();
        assert_eq!(cited(held), 6);
        // Bytes that the capture has behind their acknowledgement are there: the hole is the later one.
        let late = connected()
            .client(b"one")
            .reorder_next(2)
            .server(b"two")
            .client(b"more")
            .server_lost(b"four")
            .close();
        assert_eq!(cited(late), 10);
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
