//! The JSON report, schema 1. Keys are only added, never renamed, within a schema number.
//!
//! It is written as it is walked, some thousand sessions at a time, so that a large report needs little memory of its own.

mod capture;

use std::io::{self, Write};

use capture::CaptureJson;
use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::{PerSide, Stamp, Timestamp};
use jiff::fmt::temporal::DateTimePrinter;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use super::names::Names;
use super::summary::Summary;
use crate::analysis::{Judged, Outcome, Row};
use crate::diagnosis::Finding;
use crate::parallel;
use crate::session::model::{CannotTell, Endpoint, PhaseChange};

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
            let mut text = Vec::new();
            for row in piece.iter().flat_map(Judged::rows) {
                text.extend_from_slice(b",\n");
                serde_json::to_writer(&mut text, &session(row, names))?;
            }
            io::Result::Ok(text)
        });
        for part in parts {
            let part = part?;
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

/// A time as RFC 3339 in UTC with nanoseconds.
pub fn rfc3339(time: Timestamp) -> String {
    static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(9));
    let mut text = String::with_capacity(30);
    if let Ok(at) = jiff::Timestamp::from_nanosecond(i128::from(time.0)) {
        // Writing to a String never fails.
        let _ = PRINTER.print_timestamp(&at, &mut text);
    }
    text
}

struct At(Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(self.0))
    }
}

#[derive(serde::Serialize)]
struct SidesJson<T> {
    client: T,
    server: T,
}

fn sides(pair: PerSide<u64>) -> SidesJson<u64> {
    SidesJson {
        client: pair.client,
        server: pair.server,
    }
}

#[derive(serde::Serialize)]
struct EndJson<'a> {
    address: std::net::IpAddr,
    port: u16,
    name: Option<&'a str>,
}

fn end<'a>(endpoint: Endpoint, capture: u32, names: &Names<'a>) -> EndJson<'a> {
    EndJson {
        address: endpoint.address,
        port: endpoint.port,
        name: names.get(capture, endpoint.address),
    }
}

#[derive(serde::Serialize)]
struct SessionJson<'a> {
    id: u32,
    parent: Option<u32>,
    capture: u32,
    protocol: &'static str,
    transport: &'static str,
    stream: u32,
    client: EndJson<'a>,
    server: EndJson<'a>,
    opened: At,
    closed: Option<At>,
    duration: f64,
    first_frame: u64,
    last_frame: u64,
    state: &'static str,
    began_before_capture: bool,
    ended_after_capture: bool,
    phases: PhasesJson<'a>,
    messages: SidesJson<u64>,
    bytes: SidesJson<u64>,
    requests: RequestsJson,
    response_time: Option<ResponseJson>,
    missing_bytes: SidesJson<u64>,
    details: DetailsJson<'a>,
    cannot_tell: Vec<CannotTellJson<'a>>,
}

#[derive(serde::Serialize)]
struct RequestsJson {
    sent: u64,
    answered: u64,
    failed: u64,
    unanswered: u64,
    pending: u64,
}

#[derive(serde::Serialize)]
struct ResponseJson {
    median: f64,
    p95: f64,
    max: f64,
}

#[derive(serde::Serialize)]
struct CannotTellJson<'a> {
    rule: &'static str,
    guard: &'static str,
    why: &'a str,
}

fn session<'a>(row: Row<'a>, names: &Names<'a>) -> SessionJson<'a> {
    let session = row.session;
    let flow = &row.judged.flow;
    let requests = row.requests();
    let why = |c: &'a CannotTell| CannotTellJson {
        rule: c.rule,
        guard: c.guard,
        why: &c.why,
    };
    let index = session.index;
    SessionJson {
        id: row.id,
        parent: row.parent(),
        capture: row.judged.capture,
        protocol: session.protocol,
        transport: flow.transport.name(),
        stream: flow.stream,
        client: end(flow.client, row.judged.capture, names),
        server: end(flow.server, row.judged.capture, names),
        opened: At(session.first.time),
        closed: row.closed().map(|s| At(s.time)),
        duration: session.last.time.since(session.first.time).max(0.0),
        first_frame: session.first.frame,
        last_frame: session.last.frame,
        state: row.state().name(),
        began_before_capture: session.began_before_capture,
        ended_after_capture: row.ended_after_capture(),
        phases: PhasesJson(&session.phases),
        messages: sides(session.messages),
        bytes: sides(session.bytes),
        requests: RequestsJson {
            sent: requests.sent,
            answered: requests.answered,
            failed: requests.failed,
            unanswered: requests.unanswered,
            pending: requests.pending,
        },
        response_time: session.response_time.map(|t| ResponseJson {
            median: t.median,
            p95: t.p95,
            max: t.max,
        }),
        missing_bytes: sides(session.missing),
        details: DetailsJson(&session.details),
        cannot_tell: row
            .judged
            .cannot_tell
            .iter()
            .filter(|(i, _)| *i == index)
            .map(|(_, c)| why(c))
            .collect(),
    }
}

struct PhasesJson<'a>(&'a [PhaseChange]);

#[derive(serde::Serialize)]
struct PhaseJson {
    phase: &'static str,
    at: At,
    frame: u64,
}

impl Serialize for PhasesJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut seq = to.serialize_seq(Some(self.0.len()))?;
        for change in self.0 {
            let Stamp { time, frame } = change.stamp;
            seq.serialize_element(&PhaseJson {
                phase: change.phase.name(),
                at: At(time),
                frame,
            })?;
        }
        seq.end()
    }
}

struct DetailsJson<'a>(&'a [(&'static str, Value)]);

impl Serialize for DetailsJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, &ValueJson(value))?;
        }
        map.end()
    }
}

struct ValueJson<'a>(&'a Value);

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(n) => to.serialize_i64(*n),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Name(s) => to.serialize_str(s),
            Value::Text(s) => to.serialize_str(s),
            Value::List(items) => to.collect_seq(items.iter().map(ValueJson)),
        }
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
    for row in outcome.sessions() {
        line(to, "session", &session(row, &names))?;
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
