//! The counts at the end of a report.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::Outcome;

/// How many of what.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Frames read.
    pub frames: u64,
    /// Sessions; of a filtered report those that the filter selects.
    pub sessions: usize,
    /// Sessions in all, of a filtered report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_sessions: Option<usize>,
    /// Sessions of each protocol.
    pub by_protocol: BTreeMap<&'static str, u64>,
    /// Sessions in each state.
    pub by_state: BTreeMap<&'static str, u64>,
    /// Findings of each severity, those on the captures included.
    pub by_severity: BTreeMap<&'static str, u64>,
    /// Rules that were asked.
    pub rules_checked: usize,
    /// Sessions of which some rule could not tell.
    pub not_judged: u64,
}

impl Summary {
    /// Counts.
    pub fn of(outcome: &Outcome) -> Self {
        let mut summary = Self {
            frames: outcome.captures.iter().map(|c| c.summary.frames).sum(),
            sessions: outcome.selected_count().unwrap_or(outcome.session_count()),
            of_sessions: outcome.selected_count().map(|_| outcome.session_count()),
            by_protocol: BTreeMap::new(),
            by_state: BTreeMap::new(),
            by_severity: BTreeMap::new(),
            rules_checked: outcome.rules_checked(),
            not_judged: 0,
        };
        for row in outcome.sessions() {
            *summary.by_protocol.entry(row.session.protocol).or_default() += 1;
            *summary.by_state.entry(row.state().name()).or_default() += 1;
            summary.not_judged += u64::from(row.cannot_tell().next().is_some());
        }
        let quality = outcome.quality().map(|(_, f)| f.severity);
        for severity in outcome
            .findings
            .iter()
            .map(|f| f.finding.severity)
            .chain(quality)
        {
            *summary.by_severity.entry(severity.name()).or_default() += 1;
        }
        summary
    }
}
