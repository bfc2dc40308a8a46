//! The result: conversations, sessions, findings, and what limits them.

use colloquy_dissectors::event::{Expect, Phase};
use colloquy_dissectors::units::{Stamp, Timestamp};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::dispatch::FrameCounts;
use super::response_times::{Places, ResponseTimes};
use crate::capture::CaptureSummary;
use crate::diagnosis::rules::dcerpc;
use crate::diagnosis::{CAPTURE_RULES, Category, Finding, RULES, Severity, View, World, examine};
use crate::session::exchange::Open;
use crate::session::ledger::{Entry, Fate};
use crate::session::model::{CannotTell, Flow, Session, State};

/// One capture as it was read.
#[derive(Clone, Debug)]
pub struct CaptureRecord {
    /// What the reader tells.
    pub summary: CaptureSummary,
    /// What the frames are.
    pub counts: FrameCounts,
    /// What limits the verdicts: findings of the category `capture`.
    pub quality: Vec<Finding>,
}

/// A finding with its session.
#[derive(Clone, Debug)]
pub struct Found {
    /// The session's id.
    pub session: u32,
    /// The capture's place among those given.
    pub capture: u32,
    /// What was found.
    pub finding: Finding,
}

/// A value for each session of a conversation, of which most have few.
pub type PerSession<T> = SmallVec<[T; 4]>;

/// A conversation with the verdicts on its sessions.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The capture's place among those given.
    pub capture: u32,
    /// The id of its first session; the others follow.
    pub first_id: u32,
    /// The conversation.
    pub flow: Flow,
    /// The state of each session.
    pub states: PerSession<State>,
    /// The worst finding of each session.
    pub worst: PerSession<Option<Severity>>,
    /// Requests of each session that nobody will answer.
    pub unanswered: PerSession<u32>,
    /// What could not be told, by session's place in the flow.
    pub cannot_tell: ThinVec<(u32, CannotTell)>,
    /// The places of the sessions that were selected, where not all were.
    selected: Option<Vec<u32>>,
}

impl Judged {
    /// Its sessions, in the order of ids; the selected ones.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let is_selected = |index| match &self.selected {
            Some(places) => places.binary_search(&index).is_ok(),
            None => true,
        };
        let sessions = self.flow.sessions.iter();
        sessions
            .filter(move |s| is_selected(s.index))
            .map(|session| Row {
                id: self.first_id + session.index,
                judged: self,
                session,
            })
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The captures in the order given.
    pub captures: Vec<CaptureRecord>,
    /// The conversations in the order of their first frames, capture by capture.
    pub flows: Vec<Judged>,
    /// The findings by time, capture by capture.
    pub findings: Vec<Found>,
    /// Captures that could not be opened or not be read to their end, a line each.
    pub errors: Vec<String>,
    /// Response times by operation and server, where they were asked for.
    pub response_times: Option<Box<ResponseTimes>>,
    sessions: u32,
    /// Sessions that were selected, where not all were.
    selected: Option<u32>,
}

/// One session with everything around it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Its id, from 1.
    pub id: u32,
    /// Its conversation.
    pub judged: &'a Judged,
    /// It.
    pub session: &'a Session,
}

/// Counts of a session's requests as a report tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Asked, without those that expect no answer.
    pub sent: u64,
    /// Finally answered, failures included.
    pub answered: u64,
    /// Of those, answered with a failure.
    pub failed: u64,
    /// Without an answer, and none will come or it is overdue.
    pub unanswered: u64,
    /// Without an answer at the end of the capture, and not overdue; given up; or waiting by design.
    pub pending: u64,
}

impl Row<'_> {
    /// Its requests.
    pub fn requests(&self) -> Requests {
        let counts = self.session.requests;
        let index = self.session.index as usize;
        let unanswered =
            u64::from(self.judged.unanswered.get(index).copied().unwrap_or(0)) + counts.let_go;
        Requests {
            sent: counts.sent,
            answered: counts.answered,
            failed: counts.failed,
            unanswered,
            pending: counts.sent.saturating_sub(counts.answered + unanswered),
        }
    }

    /// Where it ended.
    pub fn closed(&self) -> Option<Stamp> {
        let last = self.session.phases.last().filter(|p| p.phase.is_final())?;
        Some(last.stamp)
    }

    /// It had not ended when the capture did.
    pub fn ended_after_capture(&self) -> bool {
        !self.session.phase.is_final()
    }

    /// Its parent's id.
    pub fn parent(&self) -> Option<u32> {
        self.session.parent.map(|p| self.judged.first_id + p)
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.judged
            .states
            .get(self.session.index as usize)
            .copied()
            .unwrap_or(State::Open)
    }

    /// Its worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.judged
            .worst
            .get(self.session.index as usize)
            .copied()
            .flatten()
    }

    /// What could not be told of it.
    pub fn cannot_tell(&self) -> impl Iterator<Item = &CannotTell> {
        let index = self.session.index;
        self.judged
            .cannot_tell
            .iter()
            .filter(move |(i, _)| *i == index)
            .map(|(_, c)| c)
    }
}

impl Outcome {
    /// Adds one capture's conversations with the verdicts on them. `flows` are in the order of their numbers.
    pub(crate) fn add(
        &mut self,
        record: CaptureRecord,
        flows: Vec<Flow>,
        judgements: Vec<Judgement>,
    ) {
        let capture = self.captures.len() as u32;
        self.flows.reserve_exact(flows.len());
        for (flow, judgement) in flows.into_iter().zip(judgements) {
            self.add_flow(capture, flow, judgement);
        }
        self.captures.push(record);
    }

    fn add_flow(&mut self, capture: u32, flow: Flow, judgement: Judgement) {
        let first_id = self.sessions + 1;
        self.sessions += flow.sessions.len() as u32;
        for (index, finding) in judgement.findings {
            self.findings.push(Found {
                session: first_id + index,
                capture,
                finding,
            });
        }
        self.flows.push(Judged {
            capture,
            first_id,
            states: judgement.states,
            worst: judgement.worst,
            unanswered: judgement.unanswered,
            cannot_tell: judgement.cannot_tell,
            selected: None,
            flow,
        });
    }

    /// Brings the findings into the order of time.
    pub(crate) fn settle(&mut self) {
        self.findings
            .sort_by_key(|f| (f.capture, f.finding.at, f.session));
    }

    /// Leaves only these sessions, by their ids in order, and what was found of them. What is said of captures stays.
    pub fn select(&mut self, ids: &[u32]) {
        let is_selected = |id: u32| ids.binary_search(&id).is_ok();
        self.flows.retain_mut(|judged| {
            let first = judged.first_id;
            let places = 0..judged.flow.sessions.len() as u32;
            let places: Vec<u32> = places.filter(|p| is_selected(first + p)).collect();
            judged.cannot_tell.retain(|(p, _)| is_selected(first + p));
            let is_any = !places.is_empty();
            judged.selected = Some(places);
            is_any
        });
        self.findings.retain(|f| is_selected(f.session));
        self.selected = Some(ids.len() as u32);
    }

    /// Where these sessions are, by their ids in order.
    pub fn places(&self, ids: &[u32]) -> Places {
        let is_named = |row: &Row<'_>| ids.binary_search(&row.id).is_ok();
        let rows = self.sessions().filter(is_named);
        rows.map(|r| (r.judged.capture, r.judged.flow.index, r.session.index))
            .collect()
    }

    /// Sessions that were selected, if not all were.
    pub fn selected_count(&self) -> Option<usize> {
        self.selected.map(|n| n as usize)
    }

    /// Sessions in all.
    pub fn session_count(&self) -> usize {
        self.sessions as usize
    }

    /// Every session, in the order of ids.
    pub fn sessions(&self) -> impl Iterator<Item = Row<'_>> {
        self.flows.iter().flat_map(Judged::rows)
    }

    /// The session of that id.
    pub fn session(&self, id: u32) -> Option<Row<'_>> {
        let after = self.flows.partition_point(|j| j.first_id <= id);
        let judged = self.flows.get(after.checked_sub(1)?)?;
        let session = judged.flow.sessions.get((id - judged.first_id) as usize)?;
        Some(Row {
            id,
            judged,
            session,
        })
    }

    /// The findings on one session.
    pub fn findings_of(&self, id: u32) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |f| f.session == id)
            .map(|f| &f.finding)
    }

    /// The findings on the captures themselves, with the capture's place.
    pub fn quality(&self) -> impl Iterator<Item = (u32, &Finding)> {
        self.captures
            .iter()
            .enumerate()
            .flat_map(|(i, c)| c.quality.iter().map(move |f| (i as u32, f)))
    }

    /// The worst severity among all findings on sessions and captures.
    pub fn worst(&self) -> Option<Severity> {
        let quality = self.quality().map(|(_, f)| f.severity);
        self.findings
            .iter()
            .map(|f| f.finding.severity)
            .chain(quality)
            .max()
    }

    /// How many rules were asked.
    pub fn rules_checked(&self) -> usize {
        RULES.len() + CAPTURE_RULES.len()
    }

    /// The time of the last frame of all captures.
    pub fn end(&self) -> Option<Timestamp> {
        self.captures.iter().filter_map(|c| c.summary.last).max()
    }
}

/// What the rules said of one conversation: see [`Judged`]. Findings have the session's place in the flow with them.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    states: PerSession<State>,
    worst: PerSession<Option<Severity>>,
    unanswered: PerSession<u32>,
    findings: ThinVec<(u32, Finding)>,
    cannot_tell: ThinVec<(u32, CannotTell)>,
}

/// Judges conversations; each is judged by itself, so that it may be done in pieces.
pub(crate) fn judge(flows: &[Flow], world: &World) -> Vec<Judgement> {
    flows.iter().map(|flow| judge_one(flow, world)).collect()
}

fn judge_one(flow: &Flow, world: &World) -> Judgement {
    let mut judgement = Judgement::default();
    for (index, session) in flow.sessions.iter().enumerate() {
        let verdicts = examine(session, flow, world);
        let unanswered = unanswered(session, flow, world);
        // What waits on a carrier that is stuck is stuck with it.
        let waits = unanswered > 0
            || (judgement.states.first() == Some(&State::Stuck) && !session.open.is_empty());
        let state = state_of(session, flow, &verdicts.findings, waits);
        let worst = verdicts.findings.iter().map(|f| f.severity).max();
        judgement.states.push(state);
        judgement.worst.push(worst);
        judgement.unanswered.push(unanswered);
        let index = index as u32;
        let findings = verdicts.findings.into_iter().map(|f| (index, f));
        judgement.findings.extend(findings);
        let cannot_tell = verdicts.cannot_tell.into_iter().map(|c| (index, c));
        judgement.cannot_tell.extend(cannot_tell);
    }
    judgement
}

/// A session's condition: its phase, and whether somebody waits in vain.
fn state_of(session: &Session, flow: &Flow, findings: &[Finding], waits: bool) -> State {
    match session.phase {
        Phase::Refused => return State::Refused,
        Phase::Closed => return State::Closed,
        Phase::Aborted => return State::Aborted,
        _ => {}
    }
    let ended = flow.tcp.as_ref().is_some_and(|t| t.ended());
    let stuck = waits
        || findings.iter().any(|f| {
            f.severity >= Severity::Error
                && matches!(f.category, Category::Dialogue | Category::Establishment)
        });
    match session.phase {
        _ if stuck && !ended => State::Stuck,
        Phase::Connecting | Phase::Negotiating | Phase::Authenticating => State::Connecting,
        Phase::Releasing => State::Releasing,
        _ => State::Open,
    }
}

/// Open requests that nobody will answer: their connection ended, or they are overdue.
fn unanswered(session: &Session, flow: &Flow, world: &World) -> u32 {
    lost(session, flow, world).count() as u32
}

fn lost<'a>(
    session: &'a Session,
    flow: &'a Flow,
    world: &'a World,
) -> impl Iterator<Item = &'a Open> {
    let view = View {
        session,
        flow,
        world,
    };
    // Of answers that the capture could not show, or shows on another connection, nothing is claimed.
    let is_pipe = session.protocol == "dcerpc" && !session.open.is_empty();
    let open = if view.one_sided() || (is_pipe && dcerpc::elsewhere(&view)) {
        &[]
    } else {
        session.open.as_slice()
    };
    let ended = view.ending().is_some();
    let lost = move |open: &&Open| {
        open.cancelled.is_none()
            && !open.answer_may_be_missing
            && !matches!(open.expect, Expect::LongWait(_))
            && (ended || view.waited(open) >= view.patience(open))
    };
    open.iter().filter(lost)
}

/// Adds the requests that are still open to the response times.
pub(super) fn count_open(flows: &[Flow], world: &World, times: &mut ResponseTimes) {
    for flow in flows {
        for session in &flow.sessions {
            let mut lost = lost(session, flow, world).peekable();
            for open in &session.open {
                let is_lost = lost.next_if(|l| std::ptr::eq(*l, open)).is_some();
                let fate = if is_lost {
                    Fate::Unanswered
                } else {
                    Fate::Pending
                };
                let entry = Entry::of(session.index, session.protocol, open, fate);
                times.add(flow.index, flow.server, entry);
            }
        }
    }
}
