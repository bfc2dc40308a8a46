//! The timeline: a lane a session.

pub(crate) mod data;
mod ui;

use self::data::Window;
use crate::gui::widgets::rows::Rows;

pub(crate) use ui::{Shown, timeline_ui};

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct TimelinePanel {
    rows: Rows,
    /// The time that is shown; all of it where it is none.
    pub(crate) window: Option<Window>,
    seen: u64,
}

impl TimelinePanel {
    /// Lanes that were drawn last.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> std::ops::Range<usize> {
        self.rows.drawn()
    }
}
