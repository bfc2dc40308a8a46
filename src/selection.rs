//! Sessions selected by a filter expression, and the frames of such sessions.
//!
//! A session has the fields of the groups `session` and `finding`, the latter with the values of all its findings. Besides,
//! it has what all its frames have: the names of its protocol and of those around it, addresses, ports, the number of the
//! stream; both ends count in either direction.

mod describe;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use colloquy_dissectors::field::{FieldId, Value, Values, Wanted, group};
use colloquy_dissectors::units::FrameNo;
use hashbrown::HashMap;

use crate::analysis::{Outcome, Row};
use crate::diagnosis::Finding;
use crate::fields;
use crate::fields::session::finding;
use crate::filter::{Error, Filter};

/// A filter over sessions.
#[derive(Clone, Debug)]
pub struct Selection {
    filter: Filter,
    wanted: Wanted,
}

impl Selection {
    /// Compiles the expression.
    ///
    /// # Errors
    /// What is wrong with it, and where; also a field that only frames have.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let filter = Filter::compile_for(text, &|id, bytes| {
            let name = fields::info(id).map_or("", |info| info.name);
            if bytes {
                return Some(format!(
                    "{name} has bytes in frames only; of sessions it is there or not"
                ));
            }
            (!describe::is_told(id)).then(|| {
                format!("{name} is a field of frames; sessions have session.…, finding.…, addresses, ports, streams and protocols")
            })
        })?;
        let mut wanted = Wanted::default();
        filter.fields().iter().for_each(|id| wanted.add(*id));
        Ok(Self { filter, wanted })
    }

    /// The ids of the sessions that it selects, in order.
    pub fn of(&self, outcome: &Outcome) -> Vec<u32> {
        let findings = by_session(outcome);
        let mut values = Values::default();
        let mut ids = Vec::new();
        for row in outcome.sessions() {
            let findings = findings.get(&row.id).map_or(&[][..], Vec::as_slice);
            values.clear();
            describe::session(outcome, row, &self.wanted, &mut values);
            describe::findings(findings, &self.wanted, &mut values);
            if self.filter.matches(&values) {
                ids.push(row.id);
            }
        }
        ids
    }
}

/// The names of all fields that sessions have, also those that stand for several.
pub fn names() -> impl Iterator<Item = &'static str> {
    let own = fields::all().filter(|info| describe::is_told(info.id));
    own.map(|info| info.name)
        .chain(crate::filter::aliases().filter(|name| {
            let is_own = |id: &FieldId| describe::is_told(*id);
            crate::filter::fields_of(name).is_some_and(|ids| ids.iter().all(is_own))
        }))
}

fn by_session(outcome: &Outcome) -> HashMap<u32, Vec<&Finding>> {
    let mut by = HashMap::<u32, Vec<&Finding>>::new();
    for found in &outcome.findings {
        by.entry(found.session).or_default().push(&found.finding);
    }
    by
}

/// A filter over frames that reads fields of their sessions: it holds for a frame when it holds together with one of the
/// sessions of the frame's conversation. `finding.frame` is there only on the frames that prove a finding.
#[derive(Debug)]
pub struct FrameFilter {
    filter: Filter,
    /// Of each conversation its sessions' values, where the filter reads such; those for which it can't hold are left out.
    sessions: Option<BTreeMap<u32, Vec<Told>>>,
}

/// What is told of one session.
#[derive(Debug, Default)]
struct Told {
    values: Values,
    /// The frames that prove its findings, and what they are to them.
    proof: Vec<(FrameNo, &'static str)>,
}

impl FrameFilter {
    /// True when the filter reads fields of sessions, so that these must be known first.
    pub fn needs_sessions(filter: &Filter) -> bool {
        filter.fields().iter().any(|id| is_of_session(*id))
    }

    /// One that reads frames only.
    pub const fn of_frames(filter: Filter) -> Self {
        Self {
            filter,
            sessions: None,
        }
    }

    /// One that also reads the sessions of a capture, by its place among those of `outcome`.
    pub fn with_sessions(filter: Filter, outcome: &Outcome, capture: u32) -> Self {
        let mut wanted = Wanted::default();
        let own = filter.fields().iter().filter(|id| is_of_session(**id));
        own.for_each(|id| wanted.add(*id));
        let findings = by_session(outcome);
        let told = |row: Row<'_>| {
            let mut told = Told::default();
            let findings = findings.get(&row.id).map_or(&[][..], Vec::as_slice);
            describe::session(outcome, row, &wanted, &mut told.values);
            let mut rest = wanted.clone();
            for of_frame in [finding::FRAME, finding::ROLE] {
                if rest.has(of_frame) {
                    rest.remove(of_frame);
                    let proof = findings.iter().flat_map(|f| &f.frames);
                    told.proof = proof.map(|e| (e.frame, e.role)).collect();
                }
            }
            describe::findings(findings, &rest, &mut told.values);
            told
        };
        let of_frame = |id| id == finding::FRAME || id == finding::ROLE;
        let knows = |id| is_of_session(id) && !of_frame(id);
        let may = |told: &Told| filter.may_match(&told.values, &knows);
        let flows = outcome.flows.iter().filter(|j| j.capture == capture);
        let sessions = flows.map(|j| (j.flow.index, j.rows().map(told).filter(may).collect()));
        let sessions = Some(sessions.collect());
        Self { filter, sessions }
    }

    /// Adds what it reads to what is wanted.
    pub fn add_to(&self, wanted: &mut Wanted) {
        self.filter.add_to(wanted);
    }

    /// True when it holds for a frame with these values, which belongs to conversation `flow`.
    pub fn matches(&self, frame: FrameNo, flow: Option<u32>, values: &Values) -> bool {
        let Some(sessions) = &self.sessions else {
            return self.filter.matches(values);
        };
        let Some(told) = flow.and_then(|flow| sessions.get(&flow)) else {
            return self.filter.matches(values);
        };
        told.iter().any(|told| {
            let mut all = values.clone();
            all.append(&told.values);
            for (_, role) in told.proof.iter().filter(|(f, _)| *f == frame) {
                describe::put(&mut all, finding::FRAME, Value::Uint(frame));
                describe::put(&mut all, finding::ROLE, Value::Text(role));
            }
            self.filter.matches(&all)
        })
    }
}

const fn is_of_session(id: FieldId) -> bool {
    matches!(id.group(), group::SESSION | group::FINDING)
}
