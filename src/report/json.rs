//! The JSON report, schema 1. Keys are only added, never renamed, within a schema number.
//!
//! It is written as it is walked, some thousand sessions at a time, so that a large report needs little memory of its own.

mod capture;
mod session;
mod time;

use std::io::{self, Write};

use capture::CaptureJson;
use colloquy_dissectors::units::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use session::Writer;
pub use time::rfc3339;

use super::names::Names;
use super::summary::Summary;
use crate::analysis::Outcome;
use crate::diagnosis::Finding;
use crate::parallel;

/// The number of the schema.
pub const SCHEMA: u32 = 1;

/// Who wrote it.
pub const GENERATOR: &str = concat!("colloquy ", env!("CARGO_PKG_VERSION"));

/// Writes the whole report.
///
/// # Errors
/// What `to` says.
pub fn write(outcome: &Outcome, to: &mut dyn Write) -> io::Result<()> {
    write!(
        to,
        "{{\"schema\":{SCHEMA},\"generator\":\"{GENERATOR}\",\n\"captures\":["
    )?;
    list(to, outcome.captures.iter().map(CaptureJson::of))?;
    to.write_all(b"],\n\"sessions\":[")?;
    sessions(outcome, &Names::of(outcome), to)?;
    to.write_all(b"],\n\"findings\":[")?;
    let quality = outcome
        .quality()
        .map(|(capture, finding)| finding_json(None, capture, finding));
    let sessions = outcome
        .findings
        .iter()
        .map(|f| finding_json(Some(f.session), f.capture, &f.finding));
    list(to, quality.chain(sessions))?;
    to.write_all(b"],\n\"summary\":")?;
    serde_json::to_writer(&mut *to, &Summary::of(outcome))?;
    to.write_all(b"}\n")
}

/// Conversations whose sessions are made text at once: a few megabytes.
const ROUND: usize = 2048;
/// Conversations from which on several threads are worth it.
const MANY: usize = 256;

fn sessions(outcome: &Outcome, names: &Names, to: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for round in outcome.flows.chunks(ROUND) {
        let parts = parallel::in_pieces("report", round, MANY, |piece| {
            let mut writer = Writer::new(names);
            for judged in piece {
                writer.flow(judged, ",\n", "");
            }
            writer.text
        });
        for part in parts {
            // The first one has nothing before it.
            let skip = usize::from(first && !part.is_empty());
            first &= part.is_empty();
            to.write_all(part.get(skip..).unwrap_or_default())?;
        }
    }
    Ok(())
}

fn list<T: Serialize>(to: &mut dyn Write, items: impl Iterator<Item = T>) -> io::Result<()> {
    for (index, item) in items.enumerate() {
        to.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *to, &item)?;
    }
    Ok(())
}

struct At(Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(self.0))
    }
}

#[derive(serde::Serialize)]
struct FindingJson<'a> {
    rule: &'static str,
    severity: &'static str,
    certainty: crate::diagnosis::Certainty,
    category: &'static str,
    session: Option<u32>,
    capture: u32,
    at: At,
    side: &'static str,
    frames: &'a [crate::diagnosis::Evidence],
    title: &'a str,
    explanation: &'a str,
    advice: &'a str,
    reference: &'static str,
    numbers: NumbersJson<'a>,
}

struct NumbersJson<'a>(&'a [(&'static str, f64)]);

impl Serialize for NumbersJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            if value.fract() == 0.0 && value.abs() < 1e15 {
                map.serialize_entry(key, &(*value as i64))?;
            } else {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

fn finding_json(session: Option<u32>, capture: u32, finding: &Finding) -> FindingJson<'_> {
    FindingJson {
        rule: finding.rule,
        severity: finding.severity.name(),
        certainty: finding.certainty,
        category: finding.category.name(),
        session,
        capture,
        at: At(finding.at),
        side: finding.side.name(),
        frames: &finding.frames,
        title: &finding.title,
        explanation: &finding.explanation,
        advice: &finding.advice,
        reference: finding.reference,
        numbers: NumbersJson(&finding.numbers),
    }
}

/// Writes a line for each session and each finding: `{"session":{…}}`, `{"finding":{…}}`, at last `{"summary":{…}}`.
///
/// # Errors
/// What `to` says.
pub fn write_lines(outcome: &Outcome, to: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(outcome);
    let mut writer = Writer::new(&names);
    for judged in &outcome.flows {
        writer.flow(judged, "{\"session\":", "}\n");
        to.write_all(&writer.text)?;
        writer.text.clear();
    }
    for (capture, finding) in outcome.quality() {
        write_finding(None, capture, finding, to)?;
    }
    for found in &outcome.findings {
        write_finding(Some(found.session), found.capture, &found.finding, to)?;
    }
    line(to, "summary", &Summary::of(outcome))
}

/// One finding as a line of JSON: `{"finding":{…}}`.
///
/// # Errors
/// What `to` says.
pub fn write_finding(
    session: Option<u32>,
    capture: u32,
    finding: &Finding,
    to: &mut dyn Write,
) -> io::Result<()> {
    line(to, "finding", &finding_json(session, capture, finding))
}

fn line<T: Serialize>(to: &mut dyn Write, key: &str, value: &T) -> io::Result<()> {
    write!(to, "{{\"{key}\":")?;
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"}\n")
}
