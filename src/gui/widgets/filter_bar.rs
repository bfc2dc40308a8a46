//! A field for display filters: green or red as the expression is valid or not, a line under what is wrong with it and the reason
//! below, names of fields offered while one is typed, the last expressions offered while there is none.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Area, CompletionPopup, CompletionQuery, FontId, Frame, Id, Key, Margin, Order, RectAlign,
    Stroke, Suggestion, TextBuffer, TextEdit, Ui,
};

use crate::gui::theme::{self, Theme};

/// Names offered at once.
const OFFERED: usize = 40;
/// Room that the explanation of a name takes at most.
const TITLE_CHARS: usize = 48;

/// What the text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No expression: nothing, or words.
    Plain,
    /// A valid expression.
    Good,
    /// What is wrong, and with which bytes of the text.
    Bad(String, Range<usize>),
}

/// What the user did in one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// The text is another.
    pub(crate) changed: bool,
    /// Enter was pressed, or one of the last expressions chosen.
    pub(crate) entered: bool,
    /// Escape was pressed.
    pub(crate) escaped: bool,
}

/// A field's name, and what it is.
pub(crate) type Name = (&'static str, &'static str);

/// How a bar looks.
pub(crate) struct FilterBar<'a> {
    /// Of the text field.
    pub(crate) id: Id,
    /// For screen readers.
    pub(crate) label: &'a str,
    /// What stands in it while it is empty.
    pub(crate) hint: &'a str,
    /// Points.
    pub(crate) width: f32,
    /// What the text is.
    pub(crate) verdict: &'a Verdict,
    /// Expressions that were used before, the last one first.
    pub(crate) past: &'a [String],
    /// The colours.
    pub(crate) theme: &'a Theme,
}

impl FilterBar<'_> {
    /// Draws it. `names`: all that may be typed.
    pub(crate) fn show<N: Iterator<Item = Name>>(
        &self,
        ui: &mut Ui,
        text: &mut String,
        names: impl Fn() -> N,
    ) -> Done {
        let (tint, bad) = match self.verdict {
            Verdict::Plain => (self.theme.base, None),
            Verdict::Good => (self.theme.tint(self.theme.good), None),
            Verdict::Bad(_, at) => (self.theme.tint(self.theme.failed()), Some(at.clone())),
        };
        let mut layouter = |ui: &Ui, text: &dyn TextBuffer, _: f32| {
            let job = marked(text.as_str(), bad.clone(), self.theme);
            ui.fonts_mut(|fonts| fonts.layout_job(job))
        };
        let was_empty = text.is_empty();
        let field = TextEdit::singleline(text)
            .hint_text(self.hint)
            .layouter(&mut layouter)
            .background_color(tint)
            .desired_width(self.width);
        let shown = CompletionPopup::new(self.id)
            .word_boundary(|c| !is_part(c))
            .align(RectAlign::BOTTOM_START)
            .accept_keys([Key::Tab])
            .show(ui, field, |query| self.suggestions(query, names()));
        let response = &shown.text_edit.response;
        let response = response.response.clone().accessible_name(self.label);
        let pressed = |key| response.lost_focus() && ui.input(|i| i.key_pressed(key));
        let done = Done {
            changed: response.changed() || shown.accepted.is_some(),
            entered: pressed(Key::Enter) || was_empty && shown.accepted.is_some(),
            escaped: pressed(Key::Escape),
        };
        if let Verdict::Bad(what, _) = self.verdict
            && (response.has_focus() || response.hovered())
            && !shown.is_open
        {
            self.fault_ui(ui, response.rect, what);
        }
        done
    }

    fn fault_ui(&self, ui: &Ui, field: egui::Rect, what: &str) {
        Area::new(self.id.with("fault"))
            .order(Order::Tooltip)
            .fixed_pos(field.left_bottom() + egui::vec2(0.0, 3.0))
            .interactable(false)
            .show(ui.ctx(), |ui| {
                let frame = Frame::popup(ui.style()).inner_margin(Margin::symmetric(8, 4));
                frame.show(ui, |ui| {
                    ui.set_max_width(field.width().max(360.0));
                    let said = egui::RichText::new(what).size(theme::SMALL);
                    ui.add(egui::Label::new(said.color(self.theme.failed())).selectable(false));
                });
            });
    }

    fn suggestions(
        &self,
        query: &CompletionQuery<'_>,
        names: impl Iterator<Item = Name>,
    ) -> Vec<Suggestion> {
        if query.text.is_empty() {
            return self.past.iter().map(Suggestion::new).collect();
        }
        let start = query.word_range.start.0;
        let before: String = query.text.chars().take(start).collect();
        matching(&before, query.word, names)
            .into_iter()
            .map(|(name, title)| {
                let title: String = title.chars().take(TITLE_CHARS).collect();
                let small = egui::RichText::new(title).size(theme::SMALL);
                Suggestion::new(name).description(small)
            })
            .collect()
    }
}

/// True for what a field's name is made of.
const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

/// Names that a word behind `before` may become: those that begin with it, then those of which a later part does.
fn matching(before: &str, word: &str, names: impl Iterator<Item = Name>) -> Vec<Name> {
    // Within quotes nothing is a name.
    if word.len() < 2 || before.matches('"').count() % 2 == 1 {
        return Vec::new();
    }
    let word = word.to_ascii_lowercase();
    let part = format!(".{word}");
    let rank = |name: &str| match name {
        _ if name == word => None,
        _ if name.starts_with(&word) => Some(false),
        _ if name.contains(&part) => Some(true),
        _ => None,
    };
    let mut found: Vec<(bool, Name)> = names
        .filter_map(|name| rank(name.0).map(|rank| (rank, name)))
        .collect();
    found.sort_unstable();
    found.truncate(OFFERED);
    found.into_iter().map(|(_, name)| name).collect()
}

/// The text with a line under what is wrong with it.
fn marked(text: &str, bad: Option<Range<usize>>, theme: &Theme) -> LayoutJob {
    let plain = TextFormat::simple(FontId::proportional(theme::TEXT), theme.strong);
    let wrong = TextFormat {
        underline: Stroke::new(1.5, theme.failed()),
        ..plain.clone()
    };
    let mut job = LayoutJob::default();
    let at = bad.filter(|at| text.is_char_boundary(at.start) && text.is_char_boundary(at.end));
    let at = at.unwrap_or(text.len()..text.len());
    for (part, format) in [
        (0..at.start, &plain),
        (at.clone(), &wrong),
        (at.end..text.len(), &plain),
    ] {
        job.append(text.get(part).unwrap_or(""), 0.0, format.clone());
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [Name; 4] = [
        ("tcp.port", "Port"),
        ("tcp.analysis.retransmission", "Retransmission"),
        ("tcp", "Transmission Control Protocol"),
        ("smb2.cmd", "Command"),
    ];

    fn offered(before: &str, word: &str) -> Vec<&'static str> {
        let names = matching(before, word, NAMES.into_iter());
        names.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn names_are_offered_by_their_beginning_and_by_that_of_a_part() {
        assert_eq!(
            offered("smb2 && ", "TC"),
            ["tcp", "tcp.analysis.retransmission", "tcp.port"]
        );
        assert_eq!(offered("", "retr"), ["tcp.analysis.retransmission"]);
        assert_eq!(
            offered("", "tcp"),
            ["tcp.analysis.retransmission", "tcp.port"]
        );
        assert!(offered("", "t").is_empty());
        assert!(offered("smb2.filename contains \"", "tcp").is_empty());
        assert_eq!(offered("a == \"b\" or ", "smb"), ["smb2.cmd"]);
    }

    #[test]
    fn what_is_wrong_is_underlined() {
        let job = marked("tcp.prt == 1", Some(0..7), &Theme::of(true));
        let lines = |at: usize| job.sections[at].format.underline.width > 0.0;
        assert_eq!([lines(0), lines(1), lines(2)], [false, true, false]);
        assert_eq!(marked("tcp", None, &Theme::of(true)).text, "tcp");
        // At the end, and beyond it.
        assert_eq!(
            marked("tcp ==", Some(6..6), &Theme::of(true)).text,
            "tcp =="
        );
        assert_eq!(marked("tcp", Some(7..9), &Theme::of(true)).text, "tcp");
    }
}
