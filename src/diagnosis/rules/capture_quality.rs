//! What limits the verdicts: the rules on the capture itself, shown first of all. They never raise a session's severity.

use crate::analysis::FrameCounts;
use crate::capture::CaptureSummary;
use crate::diagnosis::{CAPTURE_RULES, CaptureView, Finding, World};
use crate::session::model::Flow;

use super::ip_fragment_lost;

/// Looks at a capture as a whole.
pub fn examine(
    summary: &CaptureSummary,
    counts: &FrameCounts,
    flows: &[Flow],
    world: &World,
) -> Vec<Finding> {
    let view = CaptureView {
        summary,
        counts,
        flows,
        world,
    };
    let own = CAPTURE_RULES.iter().filter_map(|rule| rule.check(&view));
    own.chain(ip_fragment_lost::of_no_session(&view)).collect()
}
