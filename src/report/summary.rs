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
        let (mut protocols, mut states) = (Words::default(), Words::default());
        for row in outcome.sessions() {
            protocols.count(row.session.protocol);
            states.count(row.state().name());
            summary.not_judged += u64::from(row.cannot_tell().next().is_some());
        }
        protocols.add_to(&mut summary.by_protocol);
        states.add_to(&mut summary.by_state);
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

/// Words of this program, counted: a few, each in one or two places of it, that come again and again.
#[derive(Default)]
struct Words(Vec<(&'static str, u64)>);

impl Words {
    fn count(&mut self, word: &'static str) {
        match self.0.iter_mut().find(|(w, _)| std::ptr::eq(*w, word)) {
            Some((_, n)) => *n += 1,
            None => self.0.push((word, 1)),
        }
    }

    fn add_to(self, counts: &mut BTreeMap<&'static str, u64>) {
        for (word, n) in self.0 {
            *counts.entry(word).or_default() += n;
        }
    }
}
