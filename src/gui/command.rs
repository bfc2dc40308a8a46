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
    /// Show the frames that pass this display filter.
    FilterFrames(String),
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
    PreviousFrame,
    NextFrame,
    PreviousInConversation,
    NextInConversation,
    GoToFrame,
    FilterSessions,
    FilterFrames,
    ByHealth,
    WholeConnection,
    FitTimeline,
    ZoomToSession,
    ShowFindings,
    ShowTimeline,
    ShowLadder,
    ShowFrames,
    FramesAlone,
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

/// An action without a key.
const fn plain(text: &'static str, tooltip: &'static str) -> Spec {
    Spec {
        text,
        tooltip,
        shortcut: None,
    }
}

/// An action with a key of its own.
const fn on(modifiers: Modifiers, key: Key, text: &'static str, tooltip: &'static str) -> Spec {
    Spec {
        text,
        tooltip,
        shortcut: Some(KeyboardShortcut::new(modifiers, key)),
    }
}

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

impl Action {
    /// In the order of the palette; those with more modifiers before those with fewer on the same key.
    pub(crate) const ALL: [Self; 33] = [
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
        Self::PreviousFrame,
        Self::NextFrame,
        Self::PreviousInConversation,
        Self::NextInConversation,
        Self::GoToFrame,
        Self::FilterFrames,
        Self::FilterSessions,
        Self::ByHealth,
        Self::WholeConnection,
        Self::FitTimeline,
        Self::ZoomToSession,
        Self::ShowFindings,
        Self::ShowTimeline,
        Self::ShowLadder,
        Self::ShowFrames,
        Self::FramesAlone,
        Self::SwitchTheme,
        Self::CopyFinding,
        Self::Quit,
    ];

    /// Its words and its key.
    #[rustfmt::skip]
    pub(crate) const fn spec(self) -> Spec {
        match self {
            Self::Palette => on(CTRL_SHIFT, Key::P, "Command palette…", "Everything that can be done, by name"),
            Self::Open => on(CTRL, Key::O, "Open…", "Open one or several captures"),
            Self::Reload => on(CTRL, Key::R, "Read again", "Analyse the open captures again"),
            Self::Close => on(CTRL, Key::W, "Close", "Back to the first page"),
            Self::Cancel => plain("Stop reading", "Keep what was read so far"),
            Self::LivePage => on(CTRL, Key::K, "Capture…", "Choose an interface to capture on"),
            Self::StartOrStop => on(CTRL, Key::E, "Start or stop capturing", "On the interface that is chosen"),
            Self::SaveCapture => on(CTRL, Key::S, "Save capture as…", "Keep the frames of the live capture as pcapng"),
            Self::PreviousFinding => on(SHIFT, Key::F8, "Previous finding", "Select the finding before"),
            Self::NextFinding => on(NONE, Key::F8, "Next finding", "Select the finding after"),
            Self::PreviousSession => on(NONE, Key::ArrowUp, "Previous session", "Select the session above"),
            Self::NextSession => on(NONE, Key::ArrowDown, "Next session", "Select the session below"),
            Self::PreviousMessage => on(NONE, Key::ArrowLeft, "Previous message", "Select the message before"),
            Self::NextMessage => on(NONE, Key::ArrowRight, "Next message", "Select the message after"),
            Self::PreviousFrame => on(SHIFT, Key::F3, "Previous frame", "Select the frame above in the list: the match before"),
            Self::NextFrame => on(NONE, Key::F3, "Next frame", "Select the frame below in the list: the next match"),
            Self::PreviousInConversation => on(CTRL, Key::ArrowUp, "Previous frame of the conversation", "Whatever the list shows"),
            Self::NextInConversation => on(CTRL, Key::ArrowDown, "Next frame of the conversation", "Whatever the list shows"),
            Self::GoToFrame => on(CTRL, Key::G, "Go to frame…", "By its number"),
            Self::FilterFrames => on(CTRL_SHIFT, Key::F, "Filter frames", "Type a display filter, in Wireshark's language"),
            Self::FilterSessions => on(CTRL, Key::F, "Find sessions", "Type words that the sessions must have"),
            Self::ByHealth => plain("Sessions by health", "What is stuck, refused or aborted first"),
            Self::WholeConnection => on(CTRL, Key::L, "Whole connection", "The ladder shows all sessions of the connection"),
            Self::FitTimeline => on(NONE, Key::Home, "Whole timeline", "Show all of the time"),
            Self::ZoomToSession => on(CTRL, Key::J, "Zoom to the session", "Show the time of the selected session"),
            Self::ShowFindings => on(CTRL, Key::Num1, "Findings", "Show or hide what is wrong"),
            Self::ShowTimeline => on(CTRL, Key::Num2, "Timeline", "Show or hide the timeline"),
            Self::ShowLadder => on(CTRL, Key::Num3, "Ladder", "Show or hide the ladder"),
            Self::ShowFrames => on(CTRL, Key::Num4, "Frames", "Show the frames with their fields and bytes, or the ladder"),
            Self::FramesAlone => on(CTRL, Key::Num5, "Frames alone", "The frames in all of the window, or beside sessions and findings"),
            Self::SwitchTheme => on(CTRL, Key::T, "Dark or light", "The other look"),
            Self::CopyFinding => on(CTRL_SHIFT, Key::C, "Copy finding", "The selected finding as text"),
            Self::Quit => on(CTRL, Key::Q, "Quit", "Close the window"),
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
        let others = Self::ALL.into_iter().filter(|a| *a != Self::Palette);
        others.filter(fits).collect()
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
        assert_eq!(Action::matching("").len(), Action::ALL.len() - 1);
        assert!(Action::matching("no such thing").is_empty());
    }
}
