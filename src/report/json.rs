//! The JSON report, schema 1. Keys are only added, never renamed, within a schema number.
//!
//! It is written as it is walked, some thousand sessions at a time, so that a large report needs little memory of its own.

mod capture;
mod response_times;
mod session;
mod time;

use std::io::{self, Write};

use capture::CaptureJson;
use colloquy_dissectors::units::Timestamp;
use response_times::RowJson;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use session::Writer;
pub use time::rfc3339;

use super::names::Names;
use super::summary::Summary;
use crate::analysis::{Judged, Outcome};
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
    if let Some(times) = &outcome.response_times {
        to.write_all(b"],\n\"response_times\":[")?;
        list(to, times.rows().map(RowJson::of))?;
    }
    to.write_all(b"],\n\"summary\":")?;
    serde_json::to_writer(&mut *to, &Summary::of(outcome))?;
    to.write_all(b"}\n")
}

/// Conversations whose sessions are made text at once: some hundred kilobytes.
const AT_ONCE: usize = 128;

fn sessions(outcome: &Outcome, names: &Names, to: &mut dyn Write) -> io::Result<()> {
    // Of a selection the first need not be 1.
    let first = outcome.sessions().next().map(|row| row.id);
    let before = |id| if Some(id) == first { "\n" } else { ",\n" };
    let work = |writer: &mut Writer, flows: &[Judged], text: &mut Vec<u8>| {
        for judged in flows {
            writer.flow(judged, before, "", text);
        }
    };
    let begin = || Writer::new(names);
    parallel::write("report", &outcome.flows, AT_ONCE, begin, work, to)
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

/// Writes a line for each session and each finding: `{"session":{…}}`, `{"finding":{…}}`, for each row of response times
/// where they were asked for: `{"response_time":{…}}`, at last `{"summary":{…}}`.
///
/// # Errors
/// What `to` says.
pub fn write_lines(outcome: &Outcome, to: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(outcome);
    let work = |writer: &mut Writer, flows: &[Judged], text: &mut Vec<u8>| {
        for judged in flows {
            writer.flow(judged, |_| "{\"session\":", "}\n", text);
        }
    };
    let begin = || Writer::new(&names);
    parallel::write("report", &outcome.flows, AT_ONCE, begin, work, to)?;
    for (capture, finding) in outcome.quality() {
        write_finding(None, capture, finding, to)?;
    }
    for found in &outcome.findings {
        write_finding(Some(found.session), found.capture, &found.finding, to)?;
    }
    if let Some(times) = &outcome.response_times {
        for row in times.rows() {
            line(to, "response_time", &RowJson::of(row))?;
        }
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
