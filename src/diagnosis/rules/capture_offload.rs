//! `capture-offload`.

use crate::diagnosis::{CaptureView, Culprit, Finding, declare_capture_rule};
use crate::session::model::Flow;

declare_capture_rule! {
    /// ## What it means
    /// Segments are larger than a frame on the wire can be: the capture was made inside a host whose network card cuts
    /// and joins segments.
    ///
    /// ## Why it matters
    /// What the capture shows is not what was on the wire: sizes, numbers and times of segments, and checksums of what
    /// this host sent. None of that is a fault.
    ///
    /// ## How it is told
    /// TCP segments with more payload than 9000 bytes, which no Ethernet frame carries. Connections of a host with
    /// itself are left out: their frames may have 64 KB.
    ///
    /// ## Example
    /// A capture on a Linux server shows segments of 65,160 bytes.
    ///
    /// ## What to do
    /// Nothing, as a rule. Where the frames on the wire matter: capture at a mirror port, or switch offloading off
    /// (`ethtool -K eth0 gro off gso off tso off`) while measuring.
    ///
    /// ## References
    /// IEEE 802.3; Linux kernel documentation, segmentation offloads.
    pub CaptureOffload = "capture-offload" {
        summary: "Frames larger than the wire's",
        severity: Note,
        category: Capture,
        protocols: [],
        reference: "IEEE 802.3; Linux kernel documentation, segmentation offloads",
    }
}

/// The payload of the largest jumbo frame.
const LARGEST_FRAME: u32 = 9000;

impl CaptureOffload {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let mut large = view.flows.iter().filter(|f| largest(f) > LARGEST_FRAME);
        let example = large.next()?;
        let size = large.map(largest).fold(largest(example), u32::max);
        let finding = Finding::new(&META, example.first)
            .side(Culprit::Capture)
            .frame(example.first, "connection")
            .title(format!(
                "Segments of up to {size} bytes: captured before the network card cut them"
            ))
            .explain(format!(
                "TCP segments have up to {size} bytes, more than any frame on a wire. The capture was made inside a \
                 host with segmentation offload, so that sizes, numbers and checksums of frames are not the wire's."
            ))
            .advise("Keep it in mind when you look at frame sizes; it is no fault.")
            .number("largest_segment", f64::from(size))
            .number("frames", view.counts.giant as f64);
        Some(finding)
    }
}

fn largest(flow: &Flow) -> u32 {
    let within = flow.client.address == flow.server.address || flow.client.address.is_loopback();
    match flow.tcp.as_deref() {
        Some(tcp) if !within => tcp.sides.client.largest.max(tcp.sides.server.largest),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{loud, quality};

    #[test]
    fn segments_above_every_mtu_are_told_and_are_no_fault() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .segment_size(20_000)
            .connect()
            .client(&vec![1; 20_000])
            .close();
        assert_eq!(quality(script.clone().frames(), "capture-offload").len(), 1);
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn jumbo_frames_and_loopback_are_quiet() {
        let jumbo = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .segment_size(8960)
            .connect()
            .client(&vec![1; 20_000]);
        let loopback = Script::tcp("127.0.0.1:40000", "127.0.0.1:9999")
            .segment_size(32_000)
            .connect()
            .client(&vec![1; 32_000]);
        assert!(quality(jumbo.frames(), "capture-offload").is_empty());
        assert!(quality(loopback.frames(), "capture-offload").is_empty());
    }
}
