//! The display filter above the list: what is typed, what is applied, what was.

use colloquy::fields;
use colloquy::filter::{self, Filter};

use crate::gui::widgets::filter_bar::{Name, Verdict};

/// Expressions that are remembered.
const REMEMBERED: usize = 16;

/// What the text means.
#[derive(Debug)]
enum Meaning {
    Nothing,
    Expression(Box<Filter>),
}

/// The text of a filter, and the one that is applied.
#[derive(Debug)]
pub(crate) struct FilterText {
    /// What stands in the bar.
    pub(crate) text: String,
    /// Of which text the meaning is.
    read: String,
    meaning: Meaning,
    verdict: Verdict,
    applied: Option<(String, Box<Filter>)>,
    /// Those applied before, the last one first.
    pub(crate) past: Vec<String>,
}

impl Default for FilterText {
    fn default() -> Self {
        Self {
            text: String::new(),
            read: String::new(),
            meaning: Meaning::Nothing,
            verdict: Verdict::Plain,
            applied: None,
            past: Vec::new(),
        }
    }
}

impl FilterText {
    /// Reads the text, where it is another one.
    pub(crate) fn read(&mut self) {
        if self.read == self.text {
            return;
        }
        self.read.clone_from(&self.text);
        (self.meaning, self.verdict) = if self.text.trim().is_empty() {
            (Meaning::Nothing, Verdict::Plain)
        } else {
            match Filter::compile(&self.text) {
                Ok(filter) => (Meaning::Expression(Box::new(filter)), Verdict::Good),
                Err(error) => {
                    let verdict = Verdict::Bad(error.what().to_owned(), error.at());
                    (Meaning::Nothing, verdict)
                }
            }
        };
    }

    /// What the text is.
    pub(crate) const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Applies the text; one that is no filter changes nothing, an empty one ends the filter before.
    pub(crate) fn apply(&mut self) {
        self.read();
        match (&self.meaning, &self.verdict) {
            (_, Verdict::Bad(..)) => {}
            (Meaning::Nothing, _) => self.applied = None,
            (Meaning::Expression(filter), _) => {
                let text = self.text.trim().to_owned();
                self.past.retain(|past| *past != text);
                self.past.insert(0, text.clone());
                self.past.truncate(REMEMBERED);
                self.applied = Some((text, filter.clone()));
            }
        }
    }

    /// Without a filter.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.apply();
    }

    /// The filter that is applied, with its text.
    pub(crate) fn applied(&self) -> Option<(&str, &Filter)> {
        self.applied
            .as_ref()
            .map(|(text, filter)| (text.as_str(), filter.as_ref()))
    }

    /// True when the text could be applied, and is not.
    pub(crate) fn is_new(&self) -> bool {
        let applied = self.applied.as_ref().map_or("", |(text, _)| text.as_str());
        !matches!(self.verdict, Verdict::Bad(..)) && self.text.trim() != applied
    }
}

/// All names that may be typed, and what they are.
pub(crate) fn names() -> impl Iterator<Item = Name> {
    let own = fields::all().map(|info| (info.name, info.title));
    own.chain(filter::aliases().map(|name| (name, "")))
        .filter(|(name, _)| !name.is_empty())
}

/// How a new expression goes with the one applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// In its place.
    Only,
    /// In its place, the contrary.
    Not,
    /// Both must hold.
    And,
    /// One of them must hold.
    Or,
    /// The new one must not hold.
    AndNot,
}

/// The expression that comes of it.
pub(crate) fn joined(applied: Option<&str>, join: Join, new: &str) -> String {
    let negated = || match new.split_once(" == ") {
        Some((name, value)) if join == Join::Not => format!("{name} != {value}"),
        Some(_) => format!("not ({new})"),
        None => format!("not {new}"),
    };
    let around = |text: &str| {
        let is_simple = [" and ", " or ", "&&", "||", " xor ", "^^", "not ", "!"];
        if is_simple.iter().any(|part| text.contains(part)) {
            format!("({text})")
        } else {
            text.to_owned()
        }
    };
    match (join, applied) {
        (Join::Only, _) | (Join::And | Join::Or, None) => new.to_owned(),
        (Join::Not, _) | (Join::AndNot, None) => negated(),
        (Join::And, Some(applied)) => format!("{} and {new}", around(applied)),
        (Join::Or, Some(applied)) => format!("{} or {new}", around(applied)),
        (Join::AndNot, Some(applied)) => format!("{} and {}", around(applied), negated()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> FilterText {
        let mut filter = FilterText {
            text: text.to_owned(),
            ..FilterText::default()
        };
        filter.read();
        filter
    }

    #[test]
    fn a_text_is_judged_and_applied_only_when_it_is_a_filter() {
        let mut filter = typed(" smb2.cmd == 5 ");
        assert_eq!((filter.verdict(), filter.is_new()), (&Verdict::Good, true));
        assert!(filter.applied().is_none());
        filter.apply();
        assert_eq!(filter.applied().map(|a| a.0), Some("smb2.cmd == 5"));
        assert!(!filter.is_new());
        filter.text = "smb2.cmdd == 5".to_owned();
        filter.apply();
        let Verdict::Bad(what, at) = filter.verdict() else {
            panic!("a fault was expected");
        };
        assert_eq!(*at, 0..9);
        assert!(what.ends_with("did you mean smb2.cmd?"), "{what}");
        assert_eq!(filter.applied().map(|a| a.0), Some("smb2.cmd == 5"));
        filter.clear();
        assert!(filter.applied().is_none());
        assert_eq!(filter.verdict(), &Verdict::Plain);
    }

    #[test]
    fn the_last_filter_comes_first_and_only_once() {
        let mut filter = FilterText::default();
        for text in ["tcp", "udp", "tcp"] {
            filter.text = text.to_owned();
            filter.apply();
        }
        assert_eq!(filter.past, ["tcp", "udp"]);
        for port in 1..40 {
            filter.text = format!("tcp.port == {port}");
            filter.apply();
        }
        assert_eq!(filter.past.len(), REMEMBERED);
        assert_eq!(filter.past[0], "tcp.port == 39");
    }

    #[test]
    fn expressions_are_joined_to_valid_ones() {
        let applied = Some("tcp.port == 445 or smb2");
        let new = "smb2.cmd == 5";
        for (join, expected) in [
            (Join::Only, "smb2.cmd == 5"),
            (Join::Not, "smb2.cmd != 5"),
            (Join::And, "(tcp.port == 445 or smb2) and smb2.cmd == 5"),
            (Join::Or, "(tcp.port == 445 or smb2) or smb2.cmd == 5"),
            (
                Join::AndNot,
                "(tcp.port == 445 or smb2) and not (smb2.cmd == 5)",
            ),
        ] {
            let text = joined(applied, join, new);
            assert_eq!(text, expected);
            assert_eq!(typed(&text).verdict(), &Verdict::Good, "{text}");
        }
        assert_eq!(joined(None, Join::And, "smb2"), "smb2");
        assert_eq!(joined(None, Join::AndNot, "smb2"), "not smb2");
        assert_eq!(
            joined(Some("tcp"), Join::AndNot, "smb2"),
            "tcp and not smb2"
        );
    }

    #[test]
    fn names_of_frames_and_of_sessions_are_offered() {
        let all: Vec<&str> = names().map(|(name, _)| name).collect();
        for name in ["frame.len", "smb2.cmd", "tcp.port", "session.state"] {
            assert!(all.contains(&name), "{name}");
        }
    }
}
