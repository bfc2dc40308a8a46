//! The first page: open something.

mod ui;

pub(crate) use ui::welcome_ui;

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct Welcome {
    /// What was typed as a path.
    pub(crate) path: String,
}
