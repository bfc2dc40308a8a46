//! `capture-duplicates`.

use crate::diagnosis::{CaptureView, Culprit, Finding, declare_capture_rule, seconds};

declare_capture_rule! {
    /// ## What it means
    /// The same frames are in the capture twice: it recorded them twice, or the network delivered them twice.
    ///
    /// ## Why it matters
    /// Copies look like retransmissions and repeated requests. They are left out here; other tools count them.
    ///
    /// ## How it is told
    /// A copy has the same IP identification, sequence and acknowledgement numbers, flags, window and length, and comes
    /// within 1.5 ms; without an IP identification (IPv6) within 30 µs. A retransmission bears a new identification
    /// and comes after a round trip at the earliest. Who made the copies is in none of these bytes, so it is likely that the capture
    /// did. With another TTL or hop limit a router lies between the two: that is certain.
    ///
    /// ## Example
    /// A mirror port that copies a frame when it enters the switch and again when it leaves.
    ///
    /// ## What to do
    /// Mirror one direction of each port, or one VLAN, only; or run `editcap -d` before other tools. Where nothing is mirrored, look
    /// for what doubles frames on the way: a loop of switches, a bond, a bridge with two ways.
    ///
    /// ## References
    /// RFC 6864: the identification of IPv4 packets.
    pub CaptureDuplicates = "capture-duplicates" {
        summary: "Frames came twice",
        severity: Note,
        category: Capture,
        protocols: [],
        reference: "RFC 6864",
    }
}

impl CaptureDuplicates {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let copies = view.flows.iter().map(crate::session::model::Flow::copies);
        let (mut count, mut longest, mut first, mut routed) = (0, 0, None, 0);
        for one in copies {
            count += one.count;
            routed += one.routed;
            longest = longest.max(one.longest_nanos);
            first = match (first, one.first) {
                (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        if count == 0 {
            return None;
        }
        let share = 100.0 * count as f64 / view.counts.frames.max(1) as f64;
        let apart = seconds(longest as f64 / 1e9);
        let finding = Finding::new(&META, first.unwrap_or_default())
            .side(Culprit::Capture)
            .maybe_frame(first, "copy")
            .title(match count {
                1 => format!("1 frame ({share:.1} %) came twice, {apart} apart"),
                n => format!("{n} frames ({share:.1} %) came twice, at most {apart} apart"),
            })
            .explain(format!(
                "{count} of {} frames {}, at most {apart} apart{}. Not counted as retransmissions.",
                view.counts.frames,
                if count == 1 {
                    "is a copy of one before"
                } else {
                    "are copies of frames before"
                },
                if routed == count {
                    ", with another TTL: captured before and behind a router, or sent round"
                } else {
                    ": captured twice (by a mirror port, in two VLANs), or doubled by the network; their bytes do not tell which"
                }
            ))
            .advise(
                "Mirror only one direction of each port, or one VLAN. Where nothing is mirrored, look for what doubles frames on the \
                 way.",
            )
            .number("copies", count as f64)
            .number("share_percent", share)
            .number("longest_distance", longest as f64 / 1e9);
        Some(if routed == count {
            finding
        } else {
            finding.likely()
        })
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::{loud, quality};

    #[test]
    fn copies_of_a_mirror_port_are_told_and_counted_for_nothing_else() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client_unacknowledged(b"one")
            .duplicate_last()
            .server(b"two")
            .duplicate_last()
            .close();
        let frames = script.frames();
        let found = quality(frames.clone(), "capture-duplicates");
        assert!(found[0].numbers.contains(&("copies", 2.0)), "{found:?}");
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].explanation.contains("doubled by the network"));
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn copies_with_another_ttl_were_routed() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"one")
            .server_unacknowledged(b"two")
            .duplicate_last();
        let mut frames = script.frames();
        // The TTL behind 14 bytes of Ethernet.
        frames.last_mut().unwrap().bytes[14 + 8] -= 1;
        let found = quality(frames, "capture-duplicates");
        assert_eq!(found[0].certainty, Certainty::Certain, "{found:?}");
        assert!(found[0].explanation.contains("another TTL"));
    }

    #[test]
    fn a_retransmission_is_no_copy() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"one")
            .retransmit_last(Side::Client)
            .close();
        assert!(quality(script.frames(), "capture-duplicates").is_empty());
    }
}
