//! What is open: the outcome, and what the panels derive from it once. Made on the thread that analysed, so that a frame of
//! the window only reads it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use colloquy::analysis::{Found, Judged, Outcome, Row};
use colloquy::diagnosis::Finding;
use colloquy::dissectors::units::Timestamp;

use super::panels::findings::data::Findings;
use super::panels::sessions::data::Sessions;
use super::selection::{FindingKey, SessionKey};

/// Why a document is not the whole capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// The first results, while the rest is being read.
    First,
    /// Reading was cancelled.
    Cancelled,
    /// The capture runs.
    Running,
}

/// What is open.
#[derive(Debug)]
pub(crate) struct Document {
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// The rows of the sessions table.
    pub(crate) sessions: Sessions,
    /// The list of what is wrong.
    pub(crate) findings: Findings,
    /// How much of the captures it is.
    pub(crate) extent: Extent,
    /// Tells one document from the next.
    pub(crate) generation: u64,
    /// The time of the first frame.
    pub(crate) start: Timestamp,
    /// The time of the last frame.
    pub(crate) end: Timestamp,
    /// Where the frames of a live capture are kept; else each capture is read again from its own path.
    pub(crate) kept_in: Option<PathBuf>,
    by_session: Vec<(u32, u32)>,
}

impl Document {
    /// Derives all that the panels need.
    pub(crate) fn new(outcome: Outcome, extent: Extent) -> Self {
        let end = outcome.end();
        Self::until(outcome, extent, end)
    }

    /// Of a capture that runs: what waits has waited until now.
    #[cfg(feature = "live")]
    pub(crate) fn running(outcome: Outcome, now: Timestamp) -> Self {
        let end = outcome.end().map(|end| end.max(now));
        Self::until(outcome, Extent::Running, end)
    }

    fn until(outcome: Outcome, extent: Extent, end: Option<Timestamp>) -> Self {
        static GENERATION: AtomicU64 = AtomicU64::new(1);
        let first = outcome
            .captures
            .iter()
            .filter_map(|c| c.summary.first)
            .min();
        let start = first.unwrap_or_default();
        let now = end.filter(|_| extent == Extent::Running);
        let sessions = Sessions::of(&outcome, start, now);
        let findings = Findings::of(&outcome);
        let mut by_session: Vec<(u32, u32)> = outcome
            .findings
            .iter()
            .enumerate()
            .map(|(index, found)| (found.session, index as u32))
            .collect();
        by_session.sort_unstable();
        Self {
            end: end.unwrap_or(start),
            sessions,
            findings,
            extent,
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            start,
            kept_in: None,
            by_session,
            outcome,
        }
    }

    /// The session's conversation.
    pub(crate) fn flow(&self, key: SessionKey) -> Option<&Judged> {
        let place = |j: &Judged| (j.capture, j.flow.index);
        let flows = &self.outcome.flows;
        let index = flows.partition_point(|j| place(j) < (key.capture, key.flow));
        flows
            .get(index)
            .filter(|j| place(j) == (key.capture, key.flow))
    }

    /// The session with everything around it.
    pub(crate) fn row(&self, key: SessionKey) -> Option<Row<'_>> {
        let judged = self.flow(key)?;
        let session = judged.flow.sessions.get(key.session as usize)?;
        Some(Row {
            id: judged.first_id + key.session,
            judged,
            session,
        })
    }

    /// The key of the session of that id.
    pub(crate) fn key(&self, id: u32) -> Option<SessionKey> {
        let row = self.outcome.session(id)?;
        Some(SessionKey {
            capture: row.judged.capture,
            flow: row.judged.flow.index,
            session: row.session.index,
        })
    }

    /// The key of a finding on a session.
    pub(crate) fn finding_key(&self, found: &Found) -> FindingKey {
        key_of(found.capture, self.key(found.session), &found.finding)
    }

    /// The findings on a session, in the order of time.
    pub(crate) fn findings_of(&self, id: u32) -> impl Iterator<Item = &Found> {
        let from = self
            .by_session
            .partition_point(|(session, _)| *session < id);
        self.by_session
            .iter()
            .skip(from)
            .take_while(move |(session, _)| *session == id)
            .filter_map(|(_, index)| self.outcome.findings.get(*index as usize))
    }

    /// The finding of that key.
    pub(crate) fn finding(&self, key: &FindingKey) -> Option<&Finding> {
        let same = |f: &&Finding| f.rule == key.rule && f.at == key.at && f.frames == key.frames;
        let Some(session) = key.session else {
            let record = self.outcome.captures.get(key.capture as usize)?;
            return record.quality.iter().find(same);
        };
        let id = self.row(session)?.id;
        self.findings_of(id).map(|f| &f.finding).find(same)
    }

    /// Where the frames of a capture can be read again; none for standard input.
    pub(crate) fn path_of(&self, capture: u32) -> Option<PathBuf> {
        if let Some(path) = &self.kept_in {
            return Some(path.clone());
        }
        let path = &self.outcome.captures.get(capture as usize)?.summary.path;
        (path != "-").then(|| PathBuf::from(path))
    }

    /// Frames of all captures.
    pub(crate) fn frames(&self) -> u64 {
        self.outcome.captures.iter().map(|c| c.summary.frames).sum()
    }
}

/// The key of a finding.
pub(crate) fn key_of(capture: u32, session: Option<SessionKey>, finding: &Finding) -> FindingKey {
    FindingKey {
        capture,
        session,
        rule: finding.rule,
        at: finding.at,
        frames: finding.frames.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::sample;

    #[test]
    fn every_session_and_finding_is_found_by_its_key() {
        let doc = sample("smb/logon-failure.pcap");
        assert!(!doc.outcome.findings.is_empty());
        for row in doc.outcome.sessions() {
            let key = doc.key(row.id).unwrap();
            assert_eq!(doc.row(key).unwrap().id, row.id);
        }
        for found in &doc.outcome.findings {
            let key = doc.finding_key(found);
            assert_eq!(doc.finding(&key).unwrap().title, found.finding.title);
        }
        for (capture, finding) in doc.outcome.quality() {
            let key = key_of(capture, None, finding);
            assert_eq!(doc.finding(&key).unwrap().title, finding.title);
        }
    }
}
