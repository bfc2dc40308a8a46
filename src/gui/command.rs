//! What the user can do. An [`Action`] has its words and its key in one table, read by the menus, the keyboard and the palette
//! alike; a [`Command`] is an action or a choice with a value. Panels send commands while a frame is drawn, the application
//! carries them out after it.

use std::path::PathBuf;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::panels::sessions::data::Column;
use super::selection::Pick;

/// Something that a panel wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// One of the actions.
    Do(Action),
    /// Open these captures.
    Open(Vec<PathBuf>),
    /// Select.
    Select(Pick),
    /// A click on a heading of the sessions table.
    Sort(Column),
    /// Show only sessions with these words.
    Filter(String),
    /// Show all findings of a rule, or only the first ones.
    Fold(&'static str),
    /// An error was read.
    Dismiss(usize),
    /// Capture on an interface.
    #[cfg(feature = "live")]
    Capture {
        /// Which.
        interface: String,
        /// In libpcap's language; empty for all.
        filter: String,
        /// See frames for others, too.
        promiscuous: bool,
    },
}

/// Something that can be done at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Open,
    Reload,
    Close,
    Cancel,
    LivePage,
    StartOrStop,
    SaveCapture,
    NextFinding,
    PreviousFinding,
    NextSession,
    PreviousSession,
    NextMessage,
    PreviousMessage,
    FilterSessions,
    ByHealth,
    WholeConnection,
    FitTimeline,
    ZoomToSession,
    ShowFindings,
    ShowTimeline,
    ShowLadder,
    SwitchTheme,
    CopyFinding,
    Palette,
    Quit,
}

/// The words and the key of an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// What stands in the menu.
    pub(crate) text: &'static str,
    /// What it does, in a sentence.
    pub(crate) tooltip: &'static str,
    /// Its key.
    pub(crate) shortcut: Option<KeyboardShortcut>,
}

const fn spec(
    text: &'static str,
    tooltip: &'static str,
    shortcut: Option<KeyboardShortcut>,
) -> Spec {
    Spec {
        text,
        tooltip,
        shortcut,
    }
}

const fn ctrl(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const fn ctrl_shift(key: Key) -> Option<KeyboardShortcut> {
    let modifiers = Modifiers {
        shift: true,
        ..Modifiers::COMMAND
    };
    Some(KeyboardShortcut::new(modifiers, key))
}

const fn plain(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

const fn shift(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::SHIFT, key))
}

impl Action {
    /// In the order of the palette; those with more modifiers before those with fewer on the same key.
    pub(crate) const ALL: [Self; 25] = [
        Self::Palette,
        Self::Open,
        Self::Reload,
        Self::Close,
        Self::Cancel,
        Self::LivePage,
        Self::StartOrStop,
        Self::SaveCapture,
        Self::PreviousFinding,
        Self::NextFinding,
        Self::PreviousSession,
        Self::NextSession,
        Self::PreviousMessage,
        Self::NextMessage,
        Self::FilterSessions,
        Self::ByHealth,
        Self::WholeConnection,
        Self::FitTimeline,
        Self::ZoomToSession,
        Self::ShowFindings,
        Self::ShowTimeline,
        Self::ShowLadder,
        Self::SwitchTheme,
        Self::CopyFinding,
        Self::Quit,
    ];

    /// Its words and its key.
    pub(crate) const fn spec(self) -> Spec {
        match self {
            Self::Palette => spec(
                "Command palette…",
                "Everything that can be done, by name",
                ctrl_shift(Key::P),
            ),
            Self::Open => spec("Open…", "Open one or several captures", ctrl(Key::O)),
            Self::Reload => spec(
                "Read again",
                "Analyse the open captures again",
                ctrl(Key::R),
            ),
            Self::Close => spec("Close", "Back to the first page", ctrl(Key::W)),
            Self::Cancel => spec("Stop reading", "Keep what was read so far", None),
            Self::LivePage => spec(
                "Capture…",
                "Choose an interface to capture on",
                ctrl(Key::K),
            ),
            Self::StartOrStop => spec(
                "Start or stop capturing",
                "On the interface that is chosen",
                ctrl(Key::E),
            ),
            Self::SaveCapture => spec(
                "Save capture as…",
                "Keep the frames of the live capture as pcapng",
                ctrl(Key::S),
            ),
            Self::PreviousFinding => spec(
                "Previous finding",
                "Select the finding before",
                shift(Key::F8),
            ),
            Self::NextFinding => spec("Next finding", "Select the finding after", plain(Key::F8)),
            Self::PreviousSession => spec(
                "Previous session",
                "Select the session above",
                plain(Key::ArrowUp),
            ),
            Self::NextSession => spec(
                "Next session",
                "Select the session below",
                plain(Key::ArrowDown),
            ),
            Self::PreviousMessage => spec(
                "Previous message",
                "Select the message before",
                plain(Key::ArrowLeft),
            ),
            Self::NextMessage => spec(
                "Next message",
                "Select the message after",
                plain(Key::ArrowRight),
            ),
            Self::FilterSessions => spec(
                "Find sessions",
                "Type words that the sessions must have",
                ctrl(Key::F),
            ),
            Self::ByHealth => spec(
                "Sessions by health",
                "What is stuck, refused or aborted first",
                None,
            ),
            Self::WholeConnection => spec(
                "Whole connection",
                "The ladder shows all sessions of the connection",
                ctrl(Key::L),
            ),
            Self::FitTimeline => spec("Whole timeline", "Show all of the time", plain(Key::Home)),
            Self::ZoomToSession => spec(
                "Zoom to the session",
                "Show the time of the selected session",
                ctrl(Key::J),
            ),
            Self::ShowFindings => spec("Findings", "Show or hide what is wrong", ctrl(Key::Num1)),
            Self::ShowTimeline => spec("Timeline", "Show or hide the timeline", ctrl(Key::Num2)),
            Self::ShowLadder => spec("Ladder", "Show or hide the ladder", ctrl(Key::Num3)),
            Self::SwitchTheme => spec("Dark or light", "The other look", ctrl(Key::T)),
            Self::CopyFinding => spec(
                "Copy finding",
                "The selected finding as text",
                ctrl_shift(Key::C),
            ),
            Self::Quit => spec("Quit", "Close the window", ctrl(Key::Q)),
        }
    }

    /// The actions whose name has all these words, for the palette.
    pub(crate) fn matching(words: &str) -> Vec<Self> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let fits = |action: &Self| {
            let spec = action.spec();
            let text = format!("{} {}", spec.text, spec.tooltip).to_lowercase();
            words.iter().all(|w| text.contains(w.as_str()))
        };
        Self::ALL.into_iter().filter(fits).collect()
    }
}

/// The actions whose keys were pressed. Plain keys belong to a text field while one has the focus.
pub(crate) fn pressed(ctx: &egui::Context) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let mut actions = Vec::new();
    ctx.input_mut(|input| {
        for action in Action::ALL {
            let Some(shortcut) = action.spec().shortcut else {
                continue;
            };
            let free = shortcut.modifiers.command || !typing;
            if free && input.consume_shortcut(&shortcut) {
                actions.push(action);
            }
        }
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_key_or_a_name() {
        for (index, one) in Action::ALL.iter().enumerate() {
            for other in &Action::ALL[index + 1..] {
                assert_ne!(one.spec().text, other.spec().text);
                let (a, b) = (one.spec().shortcut, other.spec().shortcut);
                assert!(a.is_none() || a != b, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn the_palette_finds_by_words() {
        assert_eq!(Action::matching("next find"), [Action::NextFinding]);
        assert_eq!(Action::matching("").len(), Action::ALL.len());
        assert!(Action::matching("no such thing").is_empty());
    }
}
