//! What is typed above the table: words to be found, or an expression in the language of display filters.

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use colloquy::fields;
use colloquy::selection::{self, Selection};
use crossbeam_channel::{Receiver, bounded};

use crate::gui::document::Document;
use crate::gui::loader::Wake;
use crate::gui::widgets::filter_bar::{Name, Verdict};

/// Sessions from which on they are chosen on a thread of their own.
const MANY: usize = 2000;

/// What the text means.
#[derive(Debug, Default)]
pub(crate) enum Meaning {
    /// Words that a session must have.
    #[default]
    Words,
    /// An expression.
    Expression(Box<Selection>),
    /// Nearly an expression: what is wrong, and with which bytes of it.
    Fault(String, Range<usize>),
}

impl From<&Meaning> for Verdict {
    fn from(meaning: &Meaning) -> Self {
        match meaning {
            Meaning::Words => Self::Plain,
            Meaning::Expression(_) => Self::Good,
            Meaning::Fault(what, at) => Self::Bad(what.clone(), at.clone()),
        }
    }
}

impl Meaning {
    /// Of the text as it is.
    pub(crate) fn of(text: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Words;
        }
        match Selection::compile(text) {
            Ok(selection) => Self::Expression(Box::new(selection)),
            Err(error) if is_expression(text) => Self::Fault(error.what().to_owned(), error.at()),
            Err(_) => Self::Words,
        }
    }
}

/// True for a text that was hardly meant as words to be found.
fn is_expression(text: &str) -> bool {
    let signs = ["==", "!=", ">", "<", "&&", "||", "~", "!", "(", "{", "\""];
    let words = [
        "and", "or", "not", "in", "contains", "matches", "eq", "ne", "gt", "lt", "ge", "le",
    ];
    signs.iter().any(|sign| text.contains(sign))
        || text.split_whitespace().any(|word| {
            words.contains(&word) || word.starts_with("session.") || word.starts_with("finding.")
        })
}

/// The ids that an expression chose of a document.
type Chosen = (u64, String, Vec<u32>);

/// The sessions that an expression chooses, found on a thread of their own where they are many.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    chosen: Option<Chosen>,
    at_work: Option<(u64, String, Receiver<Chosen>)>,
}

impl Choice {
    /// The ids of the sessions in order, once they are known.
    pub(crate) fn of(
        &mut self,
        text: &str,
        selection: &Selection,
        doc: &Arc<Document>,
        wake: &Wake,
    ) -> Option<&[u32]> {
        if let Some((_, _, result)) = &self.at_work
            && let Ok(chosen) = result.try_recv()
        {
            self.chosen = Some(chosen);
            self.at_work = None;
        }
        let is_wanted = |generation: u64, of: &str| generation == doc.generation && of == text;
        let is_known = self
            .chosen
            .as_ref()
            .is_some_and(|(g, t, _)| is_wanted(*g, t));
        if !is_known && doc.sessions.entries.len() < MANY {
            self.chosen = Some((doc.generation, text.to_owned(), selection.of(&doc.outcome)));
        } else if !is_known && self.at_work.is_none() {
            // One at a time: what was typed meanwhile has its turn when this is done.
            self.at_work = start(text, selection, doc, wake);
        }
        let chosen = self.chosen.as_ref().filter(|(g, t, _)| is_wanted(*g, t))?;
        Some(&chosen.2)
    }

    /// True while sessions are being chosen.
    pub(crate) const fn is_at_work(&self) -> bool {
        self.at_work.is_some()
    }
}

fn start(
    text: &str,
    selection: &Selection,
    doc: &Arc<Document>,
    wake: &Wake,
) -> Option<(u64, String, Receiver<Chosen>)> {
    let (sender, result) = bounded(1);
    let (doc_there, wake, selection) = (Arc::clone(doc), Arc::clone(wake), selection.clone());
    let (generation, there) = (doc.generation, text.to_owned());
    let worker = thread::Builder::new().name("filter".to_owned());
    let spawned = worker.spawn(move || {
        let ids = selection.of(&doc_there.outcome);
        // Nobody is there any more when the window closes.
        let _ = sender.send((generation, there, ids));
        wake();
    });
    spawned
        .is_ok()
        .then(|| (generation, text.to_owned(), result))
}

/// All names that may be typed, and what they are.
pub(crate) fn names() -> impl Iterator<Item = Name> {
    selection::names().map(|name| (name, fields::find(name).map_or("", |info| info.title)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::sample;

    #[test]
    fn words_and_expressions() {
        for words in ["", "stuck", "10.0.0.1 smb2", "alice"] {
            assert!(matches!(Meaning::of(words), Meaning::Words), "{words}");
        }
        for text in [
            "session.state == \"stuck\"",
            "smb2 and finding",
            "session.id in {1..3}",
        ] {
            assert!(
                matches!(Meaning::of(text), Meaning::Expression(_)),
                "{text}"
            );
        }
        let Meaning::Fault(what, at) = Meaning::of("session.stat == \"stuck\"") else {
            panic!("a fault was expected");
        };
        assert_eq!(at, 0..12);
        assert!(what.ends_with("did you mean session.state?"), "{what}");
    }

    #[test]
    fn only_names_of_sessions_are_offered() {
        let all: Vec<&str> = names().map(|(name, _)| name).collect();
        for name in ["finding.rule", "session.state", "ip.addr", "smb2"] {
            assert!(all.contains(&name), "{name}");
        }
        assert!(!all.contains(&"frame.len"));
    }

    #[test]
    fn an_expression_chooses() {
        let doc = Arc::new(sample("dcerpc/pipe-over-netbios.pcapng"));
        let wake: Wake = Arc::new(|| ());
        let text = "session.protocol == \"dcerpc\"";
        let Meaning::Expression(selection) = Meaning::of(text) else {
            panic!("an expression was expected");
        };
        let mut choice = Choice::default();
        let ids = choice
            .of(text, &selection, &doc, &wake)
            .map(<[u32]>::to_vec);
        assert_eq!(ids, Some(selection.of(&doc.outcome)));
        assert!(!choice.is_at_work());
    }
}
