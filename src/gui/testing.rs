//! Documents and ladders of samples, for tests.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use colloquy::runner::{self, Options};

use super::document::{Document, Extent};
use super::panels::ladder::Which;
use super::panels::ladder::data::{Known, Ladder};
use super::selection::SessionKey;
use super::teller;

/// Where a sample is.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

/// A sample as a document.
pub(crate) fn sample(name: &str) -> Document {
    let outcome = runner::analyse_files(&[path(name)], &Options::default(), &|_| ()).unwrap();
    Document::new(outcome, Extent::Whole)
}

/// The ladder of the session with the first finding of a rule.
pub(crate) fn ladder(doc: &Document, rule: &str, whole: bool) -> Ladder {
    let rules: Vec<&str> = doc
        .outcome
        .findings
        .iter()
        .map(|f| f.finding.rule)
        .collect();
    let found = doc.outcome.findings.iter().find(|f| f.finding.rule == rule);
    let found = found.unwrap_or_else(|| panic!("no {rule} among {rules:?}"));
    ladder_of(doc, doc.key(found.session).unwrap(), whole)
}

/// The ladder of a session.
pub(crate) fn ladder_of(doc: &Document, key: SessionKey, whole: bool) -> Ladder {
    let which = Which {
        capture: key.capture,
        flow: key.flow,
        path: doc.path_of(key.capture).unwrap(),
        frames: 0,
        last: doc.flow(key).unwrap().flow.last.frame,
    };
    let dialogue = teller::tell(&which, &AtomicBool::new(false)).unwrap();
    let id = doc.row(key).unwrap().id;
    let proofs: Vec<_> = doc
        .findings_of(id)
        .flat_map(|f| f.finding.frames.clone())
        .collect();
    let session = (!whole).then_some(key.session);
    let known = Known {
        focus: Some(key.session),
        proofs: &proofs,
        unanswered: &doc.flow(key).unwrap().unanswered,
        end: doc.end,
    };
    Ladder::of(&dialogue, session, known)
}
