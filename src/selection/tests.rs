//! Selections of the samples.

use std::path::PathBuf;

use super::{FrameFilter, Selection, describe};
use crate::analysis::Outcome;
use crate::fields;
use crate::fields::session::DETAIL;
use crate::filter::Filter;
use crate::runner::{self, Options};

fn sample(path: &str) -> Outcome {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "samples", path]
        .iter()
        .collect();
    runner::analyse_files(&[path], &Options::default(), &|_| ()).unwrap()
}

fn selected(outcome: &Outcome, text: &str) -> Vec<u32> {
    Selection::compile(text).unwrap().of(outcome)
}

#[test]
fn sessions_and_their_findings() {
    let mut outcome = sample("dcerpc/pipe-over-netbios.pcapng");
    let all: Vec<u32> = outcome.sessions().map(|row| row.id).collect();
    assert_eq!(selected(&outcome, ""), all);
    assert_eq!(selected(&outcome, "not session"), [0; 0]);
    assert_eq!(selected(&outcome, "session.id in {1..2}"), [1, 2]);
    let pipes = selected(&outcome, "session.detail.pipe");
    assert!(!pipes.is_empty());
    // A pipe is within SMB, and that within a NetBIOS session on a connection.
    let nested =
        "session.protocol == \"dcerpc\" and session.parent and session.transport == \"tcp\"";
    assert_eq!(selected(&outcome, nested), pipes);
    let row = outcome.session(1).map(|row| row.session.protocol);
    assert_eq!(row, Some("tcp"));
    outcome.select(&pipes);
    assert_eq!(
        outcome.sessions().map(|row| row.id).collect::<Vec<_>>(),
        pipes
    );
    assert!(outcome.findings.iter().all(|f| pipes.contains(&f.session)));
    assert_eq!(outcome.selected_count(), Some(pipes.len()));
    assert_eq!(outcome.session_count(), all.len());
}

#[test]
fn frames_of_sessions() {
    let outcome = sample("dcerpc/endpoint-not-registered.pcap");
    let found = outcome.findings.first().unwrap();
    let flow = outcome
        .session(found.session)
        .map(|row| row.judged.flow.index);
    let proof = found.finding.frames.first().map(|e| e.frame).unwrap();
    let rule = found.finding.rule;
    let matches = |text: &str, frame, flow| {
        let filter = Filter::compile(text).unwrap();
        assert!(FrameFilter::needs_sessions(&filter), "{text}");
        let filter = FrameFilter::with_sessions(filter, &outcome, 0);
        let values = colloquy_dissectors::field::Values::default();
        filter.matches(frame, flow, &values)
    };
    let of_rule = format!("finding.rule == \"{rule}\"");
    assert!(matches(&of_rule, proof, flow));
    assert!(matches(&of_rule, u64::MAX, flow));
    assert!(!matches(&of_rule, proof, None));
    assert!(matches("finding.frame", proof, flow));
    assert!(!matches("finding.frame", u64::MAX, flow));
    // Of one session both must be true.
    assert!(!matches(
        "session.protocol == \"tcp\" and session.protocol == \"dcerpc\"",
        1,
        flow
    ));
}

#[test]
fn what_only_frames_have_is_refused() {
    let error = Selection::compile("session.id == 1 && frame.len > 3").unwrap_err();
    assert_eq!(error.at(), 19..28);
    assert!(error.what().starts_with("frame.len is a field of frames"));
}

/// Every detail that the samples' sessions have can be asked for.
#[test]
fn every_detail_is_a_field() {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "samples"].iter().collect();
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root).unwrap().flatten() {
        let Ok(entries) = std::fs::read_dir(folder.path()) else {
            continue;
        };
        let paths = entries.flatten().map(|e| e.path());
        files.extend(paths.filter(|p| p.extension().is_some_and(|e| e == "pcap" || e == "pcapng")));
    }
    files.sort();
    assert!(files.len() > 20);
    let outcome = runner::analyse_files(&files, &Options::default(), &|_| ()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for row in outcome.sessions() {
        for (key, value) in &row.session.details {
            seen.insert(*key);
            let name = format!("{DETAIL}{key}");
            let field = fields::find(&name).unwrap_or_else(|| panic!("{name} is no field"));
            let mut wanted = colloquy_dissectors::field::Wanted::default();
            wanted.add(field.id);
            let mut values = colloquy_dissectors::field::Values::default();
            describe::session(&outcome, row, &wanted, &mut values);
            assert!(values.of(field.id).next().is_some(), "{name} of {value:?}");
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
}
