//! Colours and short words.

use crate::diagnosis::Severity;
use crate::session::model::State;

/// With colours for a terminal, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences at all.
    Plain,
    /// ANSI colours.
    Colour,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Title,
    Strong,
    Faint,
    Bad,
    Warn,
    Good,
}

impl Style {
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Title => "1;4",
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Bad => "1;31",
            Tone::Warn => "33",
            Tone::Good => "32",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// The severity's word, padded to eight columns.
    pub(super) fn severity(self, severity: Severity) -> String {
        let tone = match severity {
            Severity::Critical | Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Warn,
            Severity::Note => Tone::Faint,
        };
        self.paint(tone, &format!("{:<8}", severity.name()))
    }

    /// The state's word, padded to ten columns.
    pub(super) fn state(self, state: State) -> String {
        let tone = match state {
            State::Stuck | State::Aborted | State::Refused => Tone::Bad,
            State::Connecting | State::Releasing => Tone::Warn,
            State::Open | State::Closed => Tone::Good,
        };
        self.paint(tone, &format!("{:<10}", state.name()))
    }
}

/// `1 frame`, `2 frames`.
pub(super) fn plural(n: u64, word: &str) -> String {
    if n == 1 {
        format!("1 {word}")
    } else {
        format!("{n} {word}s")
    }
}

/// Bytes in decimal units: `1.9 kB`.
pub(super) fn bytes(n: u64) -> String {
    let value = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}
