//! `capture-damaged`.

use crate::diagnosis::{CaptureView, Culprit, Finding, declare_capture_rule};

declare_capture_rule! {
    /// ## What it means
    /// The file breaks off or holds bytes that are no frame.
    ///
    /// ## Why it matters
    /// What stood there is unknown. A session that seems to hang may have gone on in the part that is lost.
    ///
    /// ## How it is told
    /// The file's own lengths do not fit: a record longer than the file, a block without its end. Reading went on
    /// behind it where the next record could be found.
    ///
    /// ## Example
    /// A capture that was copied while tcpdump still wrote it ends in the middle of a frame.
    ///
    /// ## What to do
    /// Copy the file again after the capturing program ended, in binary mode, and compare its size with the original.
    ///
    /// ## References
    /// draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
    pub CaptureDamaged = "capture-damaged" {
        summary: "The file is cut or broken",
        severity: Warning,
        category: Capture,
        protocols: [],
        reference: "draft-ietf-opsawg-pcap; draft-ietf-opsawg-pcapng",
    }
}

impl CaptureDamaged {
    fn run(view: &CaptureView<'_>) -> Option<Finding> {
        let damage = view.summary.damage.as_ref()?;
        let places = view.summary.damages.max(1);
        let finding = Finding::new(&META, view.counts.last.unwrap_or_default())
            .side(Culprit::Capture)
            .title(format!(
                "The file is broken at byte {}: {}",
                damage.at_byte, damage.what
            ))
            .explain(format!(
                "At byte {} of the file: {}. {} frames could be read; what is missing is unknown.",
                damage.at_byte, damage.what, view.summary.frames
            ))
            .advise(
                "Copy the file again once the capturing program has ended, and compare the sizes.",
            )
            .number("at_byte", damage.at_byte as f64)
            .number("places", places as f64);
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::capture::{CaptureSummary, Damage};
    use crate::diagnosis::rules::bench::{quality, quality_with};

    #[test]
    fn a_broken_place_is_told_with_its_byte() {
        let summary = CaptureSummary {
            damage: Some(Damage {
                at_byte: 4711,
                what: "the last frame is cut".to_owned(),
            }),
            damages: 1,
            ..CaptureSummary::default()
        };
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9").connect();
        let found = quality_with(script.frames(), &summary, "capture-damaged");
        assert!(found[0].title.contains("4711"), "{found:?}");
    }

    #[test]
    fn a_whole_file_is_quiet() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9").connect();
        assert!(quality(script.frames(), "capture-damaged").is_empty());
    }
}
