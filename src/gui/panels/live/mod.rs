//! Choosing an interface and a filter, starting and stopping.

pub(crate) mod data;
mod ui;

use crossbeam_channel::Receiver;

use self::data::{Filter, InterfaceRow};
use crate::gui::loader::Wake;
use crate::gui::recorder::{self, Interfaces};

pub(crate) use ui::live_ui;

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct LivePage {
    /// The interfaces, once they are known.
    rows: Option<Result<Vec<InterfaceRow>, String>>,
    looking: Option<Receiver<Interfaces>>,
    /// The interface that is chosen.
    pub(crate) chosen: Option<String>,
    /// The filter.
    pub(crate) filter: Filter,
    /// Leave out frames for others.
    only_own: bool,
}

impl LivePage {
    /// Looks for interfaces, again.
    pub(crate) fn look(&mut self, wake: Wake) {
        match recorder::look_for_interfaces(wake) {
            Ok(receiver) => self.looking = Some(receiver),
            Err(error) => self.rows = Some(Err(error.to_string())),
        }
    }

    /// Takes what was found.
    pub(crate) fn drain(&mut self) {
        if let Some(found) = self.looking.as_ref().and_then(|r| r.try_recv().ok()) {
            self.found(found);
        }
    }

    /// Shows what was found, and chooses the likeliest.
    pub(crate) fn found(&mut self, found: Interfaces) {
        self.looking = None;
        let rows = found.map(|all| all.iter().map(InterfaceRow::of).collect::<Vec<_>>());
        if let Ok(rows) = &rows {
            let there = |name: &String| rows.iter().any(|r| r.name == *name && r.why_not.is_none());
            if !self.chosen.as_ref().is_some_and(there) {
                let best = rows
                    .iter()
                    .find(|r| r.why_not.is_none() && r.up && !r.loopback);
                let best = best.or_else(|| rows.iter().find(|r| r.why_not.is_none()));
                self.chosen = best.map(|r| r.name.clone());
            }
        }
        self.rows = Some(rows);
    }

    /// The row that is chosen.
    fn row(&self) -> Option<&InterfaceRow> {
        let rows = self.rows.as_ref()?.as_ref().ok()?;
        let name = self.chosen.as_ref()?;
        rows.iter().find(|r| r.name == *name)
    }

    /// What to capture, if all is well with it.
    pub(crate) fn wanted(&self) -> Option<(String, String, bool)> {
        let name = self.chosen.clone()?;
        let usable = self.rows.is_none() || self.row().is_some_and(|r| r.why_not.is_none());
        (usable && self.filter.fault().is_none())
            .then(|| (name, self.filter.text.trim().to_owned(), !self.only_own))
    }
}
