//! The command palette: everything that can be done, by name.

mod ui;

pub(crate) use ui::palette_ui;

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct Palette {
    /// It is open.
    pub(crate) open: bool,
    words: String,
    at: usize,
}

impl Palette {
    /// Opens it, empty.
    pub(crate) fn open(&mut self) {
        *self = Self {
            open: true,
            ..Self::default()
        };
    }
}
