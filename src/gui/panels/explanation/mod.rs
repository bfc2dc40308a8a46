//! What the selected finding means, or what is known of the selected session.

pub(crate) mod data;
mod ui;

use self::data::Explanation;
use crate::gui::document::Document;
use crate::gui::selection::Selection;

pub(crate) use ui::explanation_ui;

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct ExplanationPanel {
    shown: Explanation,
    built_for: Option<(u64, u64)>,
}

impl ExplanationPanel {
    /// Collects it again, where something has changed since.
    pub(crate) fn bring_up_to_date(&mut self, doc: &Document, selection: &Selection) {
        let wanted = Some((doc.generation, selection.serial()));
        if self.built_for != wanted {
            self.shown = Explanation::of(doc, selection);
            self.built_for = wanted;
        }
    }

    /// As text, for the clipboard.
    pub(crate) fn text(&self) -> Option<String> {
        self.shown.text()
    }
}
