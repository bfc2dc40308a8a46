//! The ladder: what the selected session said, message by message.

mod collect;
pub(crate) mod data;
mod step;
mod ui;

use std::path::PathBuf;
use std::sync::Arc;

use colloquy::analysis::Judged;
use colloquy::dissectors::units::FrameNo;
use colloquy::session::told::Dialogue;

use self::data::{Known, Ladder};
use crate::gui::document::Document;
use crate::gui::selection::{Selection, SessionKey};
use crate::gui::teller::Teller;
use crate::gui::widgets::rows::Rows;

pub(crate) use ui::ladder_ui;

/// A conversation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Which {
    /// The capture's place among those given.
    pub(crate) capture: u32,
    /// The conversation's number in it.
    pub(crate) flow: u32,
    /// The file it is read from.
    pub(crate) path: PathBuf,
    /// The frames it had when it was asked for: a running one grows.
    pub(crate) frames: u64,
    /// Its last frame: what comes behind it need not be read.
    pub(crate) last: FrameNo,
}

impl Which {
    /// The same conversation, perhaps longer by now.
    pub(crate) fn continues(&self, other: &Self) -> bool {
        (self.capture, self.flow) == (other.capture, other.flow) && self.path == other.path
    }
}

/// How far the reading of the selected conversation is.
#[derive(Debug, Default)]
pub(crate) enum Telling {
    /// Nothing is selected.
    #[default]
    Nothing,
    /// It is being read.
    Reading(Teller),
    /// It was read.
    Told(Which, Arc<Dialogue>),
    /// It could not be read.
    Failed(Which, String),
}

impl Telling {
    /// What it is about.
    pub(crate) const fn which(&self) -> Option<&Which> {
        match self {
            Self::Nothing => None,
            Self::Reading(teller) => Some(teller.which()),
            Self::Told(which, _) | Self::Failed(which, _) => Some(which),
        }
    }

    /// The messages of the conversation of `key`, if they were read; those of a shorter past while it is read again.
    pub(crate) fn dialogue(&self, key: SessionKey) -> Option<&Arc<Dialogue>> {
        let (which, dialogue) = match self {
            Self::Told(which, dialogue) => (which, Some(dialogue)),
            Self::Reading(teller) => (teller.which(), teller.before()),
            _ => return None,
        };
        dialogue.filter(|_| (which.capture, which.flow) == (key.capture, key.flow))
    }
}

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct LadderPanel {
    rows: Rows,
    /// All sessions of the connection.
    pub(crate) whole: bool,
    /// What is shown.
    pub(crate) ladder: Option<Ladder>,
    built_for: Option<BuiltFor>,
    seen: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct BuiltFor {
    dialogue: usize,
    session: SessionKey,
    whole: bool,
    generation: u64,
}

impl LadderPanel {
    /// Builds the rows again, where something has changed since.
    pub(crate) fn bring_up_to_date(
        &mut self,
        doc: &Document,
        selection: &Selection,
        telling: &Telling,
    ) {
        let told = selection
            .session()
            .and_then(|key| telling.dialogue(key).map(|dialogue| (key, dialogue)));
        let Some((key, dialogue)) = told else {
            self.ladder = None;
            self.built_for = None;
            return;
        };
        let wanted = BuiltFor {
            dialogue: Arc::as_ptr(dialogue) as usize,
            session: key,
            whole: self.whole,
            generation: doc.generation,
        };
        if self.built_for.as_ref() == Some(&wanted) {
            return;
        }
        self.ladder = doc
            .flow(key)
            .map(|judged| ladder(doc, judged, dialogue, key, self.whole));
        let same = |b: &BuiltFor| b.session == key && b.whole == self.whole;
        if !self.built_for.as_ref().is_some_and(same) {
            self.rows = Rows::default();
            if doc.extent != crate::gui::document::Extent::Running {
                self.rows.rewind();
            }
            self.seen = 0;
        }
        self.built_for = Some(wanted);
    }

    /// The frame of the message before or after the selected one.
    pub(crate) fn step(&self, from: Option<u64>, by: isize) -> Option<u64> {
        let ladder = self.ladder.as_ref()?;
        let frames: Vec<u64> = {
            let mut frames: Vec<u64> = ladder
                .rows
                .iter()
                .map(|r| r.frame)
                .filter(|f| *f > 0)
                .collect();
            frames.dedup();
            frames
        };
        let at = from.and_then(|frame| frames.iter().position(|f| *f >= frame));
        let to = at.map_or(0, |at| at.saturating_add_signed(by));
        frames.get(to.min(frames.len().checked_sub(1)?)).copied()
    }
}

/// The ladder of a session; of the whole connection also where the session only carries others and says nothing itself.
fn ladder(
    doc: &Document,
    judged: &Judged,
    dialogue: &Dialogue,
    key: SessionKey,
    whole: bool,
) -> Ladder {
    let speaks = dialogue.messages.iter().any(|m| m.session == key.session);
    let carries = !speaks && !dialogue.messages.is_empty();
    let session = (!whole && !carries).then_some(key.session);
    let of = |s: &u32| session.is_none_or(|only| only == *s);
    let ids = (0..judged.flow.sessions.len() as u32)
        .filter(of)
        .map(|s| judged.first_id + s);
    let proofs: Vec<_> = ids
        .flat_map(|id| doc.findings_of(id))
        .flat_map(|found| found.finding.frames.iter().copied())
        .collect();
    let known = Known {
        focus: speaks.then_some(key.session),
        proofs: &proofs,
        unanswered: &judged.unanswered,
        end: doc.end,
    };
    Ladder::of(dialogue, session, known)
}
