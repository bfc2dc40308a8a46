//! The list of what is wrong.

pub(crate) mod data;
mod ui;

use std::collections::BTreeSet;

use crate::gui::widgets::rows::Rows;

pub(crate) use ui::findings_ui;

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct FindingsPanel {
    rows: Rows,
    ends: Vec<f64>,
    built_for: (u64, usize, u32),
    seen: u64,
    /// Rules of which all findings are shown.
    pub(crate) unfolded: BTreeSet<&'static str>,
}
