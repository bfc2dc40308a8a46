//! The table of sessions.

mod column;
pub(crate) mod data;
mod filter;
mod ui;

use std::sync::Arc;

use colloquy::analysis::Outcome;
use serde::{Deserialize, Serialize};

use self::data::{Column, Entry, Sessions, Sort};
use self::filter::{Choice, Meaning};
use crate::gui::document::Document;
use crate::gui::loader::Wake;
use crate::gui::selection::SessionKey;
use crate::gui::widgets::filter_bar::Verdict;
use crate::gui::widgets::rows::Rows;

pub(crate) use ui::{focus_filter, sessions_ui};

/// What is remembered from one start to the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Layout {
    /// How the rows are sorted.
    pub(crate) sort: Sort,
    widths: Vec<(Column, f32)>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            sort: Sort::default(),
            widths: Column::ALL.map(|c| (c, c.width())).to_vec(),
        }
    }
}

impl Layout {
    fn width(&self, column: Column) -> f32 {
        let known = self.widths.iter().find(|(c, _)| *c == column);
        known.map_or(column.width(), |(_, w)| w.clamp(24.0, 800.0))
    }

    fn widen(&mut self, column: Column, by: f32) {
        let width = (self.width(column) + by).clamp(24.0, 800.0);
        self.widths.retain(|(c, _)| *c != column);
        self.widths.push((column, width));
    }
}

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct SessionsPanel {
    rows: Rows,
    across: f32,
    /// How it looks.
    pub(crate) layout: Layout,
    /// Words that the sessions shown must have, or an expression that must hold for them.
    pub(crate) filter: String,
    /// What that text means, and of which text it was read.
    meaning: (String, Meaning),
    choice: Choice,
    order: Vec<u32>,
    built_for: Option<(u64, Sort, String)>,
    seen: u64,
}

impl SessionsPanel {
    /// Sorts and filters again, where something has changed since. What is no expression yet changes nothing.
    pub(crate) fn bring_up_to_date(&mut self, doc: &Arc<Document>, wake: &Wake) {
        if self.meaning.0 != self.filter {
            self.meaning = (self.filter.clone(), Meaning::of(&self.filter));
        }
        let wanted = (doc.generation, self.layout.sort, self.filter.clone());
        if self.built_for.as_ref() == Some(&wanted) {
            return;
        }
        let sort = self.layout.sort;
        self.order = match &self.meaning.1 {
            Meaning::Words => doc.sessions.order(&doc.outcome, sort, &self.filter),
            Meaning::Expression(selection) => {
                let Some(ids) = self.choice.of(&self.filter, selection, doc, wake) else {
                    self.drop_what_is_gone(doc);
                    return;
                };
                let is_chosen = |e: &Entry| ids.binary_search(&e.id).is_ok();
                doc.sessions.order_of(&doc.outcome, sort, is_chosen)
            }
            Meaning::Fault(..) => {
                let same = |(generation, by, _): &(u64, Sort, String)| {
                    *generation == doc.generation && *by == sort
                };
                if self.built_for.as_ref().is_some_and(same) {
                    return;
                }
                doc.sessions.order(&doc.outcome, sort, "")
            }
        };
        self.built_for = Some(wanted);
    }

    /// Until sessions of another document are chosen, its rows are all shown.
    fn drop_what_is_gone(&mut self, doc: &Document) {
        let of_another = |(generation, ..): &(u64, Sort, String)| *generation != doc.generation;
        if self.built_for.as_ref().is_none_or(of_another) {
            self.order = doc.sessions.order(&doc.outcome, self.layout.sort, "");
            self.built_for = Some((doc.generation, self.layout.sort, String::new()));
        }
    }

    /// What the text above the table is.
    fn verdict(&self) -> Verdict {
        Verdict::from(&self.meaning.1)
    }

    /// True while sessions are being chosen.
    pub(crate) const fn is_choosing(&self) -> bool {
        self.choice.is_at_work()
    }

    /// The rows as they are shown, by their places among the entries.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Rows that were drawn last.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> std::ops::Range<usize> {
        self.rows.drawn()
    }

    /// The place of a session among the rows shown.
    pub(crate) fn position(&self, sessions: &Sessions, key: SessionKey) -> Option<usize> {
        let is = |i: &u32| {
            sessions
                .entries
                .get(*i as usize)
                .is_some_and(|e| e.key == key)
        };
        self.order.iter().position(is)
    }

    /// The session so many rows below the one selected; the first one where none is.
    pub(crate) fn step(
        &self,
        sessions: &Sessions,
        from: Option<SessionKey>,
        by: isize,
    ) -> Option<SessionKey> {
        let at = from.and_then(|key| self.position(sessions, key));
        let to = at.map_or(0, |at| at.saturating_add_signed(by));
        let place = self.order.get(to.min(self.order.len().checked_sub(1)?))?;
        sessions.entries.get(*place as usize).map(|e| e.key)
    }

    fn columns(outcome: &Outcome) -> impl Iterator<Item = Column> {
        let several = outcome.captures.len() > 1;
        Column::ALL
            .into_iter()
            .filter(move |c| several || *c != Column::Capture)
    }

    fn entry<'a>(&self, doc: &'a Document, row: usize) -> Option<&'a Entry> {
        doc.sessions.entries.get(*self.order.get(row)? as usize)
    }
}
