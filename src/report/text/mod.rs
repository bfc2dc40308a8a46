//! The report for someone in trouble: what limits the verdicts first, then what is wrong by the four questions, then
//! the sessions by health.

mod about;
mod findings;
mod origin;
mod response_times;
mod sessions;
mod style;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::{self, Write};

use colloquy_dissectors::units::Timestamp;

use super::json::rfc3339;
use super::summary::Summary;
use crate::analysis::{CaptureRecord, Outcome};
use crate::diagnosis::{Finding, Severity};
use crate::session::model::Flow;
pub use style::Style;
use style::{Tone, bytes, plural};

/// How the text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Colours, or plain.
    pub style: Style,
    /// Columns of the terminal.
    pub width: usize,
    /// Lines of sessions at most.
    pub sessions: usize,
    /// Findings of one rule told in full at most.
    pub like_findings: usize,
}

impl Default for Layout {
    /// Plain, 100 columns, 40 sessions, 3 findings of a rule.
    fn default() -> Self {
        Self {
            style: Style::Plain,
            width: 100,
            sessions: 40,
            like_findings: 3,
        }
    }
}

/// Writes the whole report.
///
/// # Errors
/// What `to` says.
pub fn write(outcome: &Outcome, layout: &Layout, to: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    captures(outcome, layout, &mut text);
    findings::write(outcome, layout, &mut text);
    to.write_all(text.as_bytes())?;
    text.clear();
    sessions::write(outcome, layout, &mut text);
    if let Some(times) = &outcome.response_times {
        response_times::write(times, layout, &mut text);
    }
    verdict(outcome, layout, &mut text);
    to.write_all(text.as_bytes())
}

/// One finding of a running capture.
///
/// # Errors
/// What `to` says.
pub fn write_live(
    flow: &Flow,
    finding: &Finding,
    layout: &Layout,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut text = String::new();
    let mark = layout.style.severity(finding.severity);
    let time = short_time(finding.at);
    let _ = writeln!(
        text,
        "{time}  {mark} {}",
        layout.style.paint(Tone::Strong, &finding.title)
    );
    paragraph(
        &mut text,
        layout,
        "      ",
        &format!("{} → {}. {}", flow.client, flow.server, finding.explanation),
    );
    to.write_all(text.as_bytes())
}

fn captures(outcome: &Outcome, layout: &Layout, text: &mut String) {
    for (index, capture) in outcome.captures.iter().enumerate() {
        let _ = writeln!(
            text,
            "{}",
            layout.style.paint(Tone::Title, &capture.summary.path)
        );
        let _ = writeln!(text, "  {}", facts(capture));
        origin::write(&capture.summary, layout, text);
        if let Some(counted) = not_understood(capture) {
            paragraph(text, layout, "  ", &counted);
        }
        let mut any = false;
        for (_, finding) in outcome.quality().filter(|(i, _)| *i as usize == index) {
            any = true;
            let mark = layout.style.severity(finding.severity);
            let _ = writeln!(
                text,
                "  {mark} {}",
                layout.style.paint(Tone::Strong, &finding.title)
            );
            paragraph(text, layout, "      ", &finding.explanation);
        }
        if !any {
            let _ = writeln!(
                text,
                "  Nothing in the capture itself limits what can be told."
            );
        }
    }
    text.push('\n');
}

fn facts(capture: &CaptureRecord) -> String {
    let summary = &capture.summary;
    let mut line = format!(
        "{}, {}",
        plural(summary.frames, "frame"),
        bytes(summary.bytes)
    );
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let _ = write!(
            line,
            ", {} from {}",
            crate::diagnosis::seconds(last.since(first)),
            short_time(first)
        );
    }
    let links: Vec<_> = summary
        .link_types
        .iter()
        .map(|l| l.name().into_owned())
        .collect();
    let _ = write!(line, "; {}", summary.format);
    if let Some(compression) = summary.compression {
        let _ = write!(line, " in {compression}");
    }
    if !links.is_empty() {
        let _ = write!(line, ", {}", links.join(", "));
    }
    line
}

fn not_understood(capture: &CaptureRecord) -> Option<String> {
    let outside: Vec<String> = capture
        .counts
        .other
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    if outside.is_empty() {
        None
    } else {
        Some(format!("Outside of sessions: {}.", outside.join(", ")))
    }
}

/// The closing line: what was checked, and what could not be.
fn verdict(outcome: &Outcome, layout: &Layout, text: &mut String) {
    let summary = Summary::of(outcome);
    let sessions = match summary.of_sessions {
        Some(all) => format!("{} of {}", summary.sessions, plural(all as u64, "session")),
        None => plural(summary.sessions as u64, "session"),
    };
    let mut line = format!(
        "{sessions}, {}: ",
        plural(summary.rules_checked as u64, "rule")
    );
    let counts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|s| {
            summary
                .by_severity
                .get(s.name())
                .map(|n| plural(*n, s.name()))
        })
        .collect();
    line += &if counts.is_empty() {
        "no findings".to_owned()
    } else {
        counts.join(", ")
    };
    if summary.not_judged > 0 {
        let _ = write!(
            line,
            "; {} could not be judged in full because {}",
            plural(summary.not_judged, "session"),
            reasons(outcome)
        );
    }
    let encrypted = outcome.sessions().filter(|r| r.session.encrypted.is_some());
    let encrypted = encrypted.count() as u64;
    if encrypted > 0 {
        let _ = write!(
            line,
            "; of {} only times and sizes are known where the content is encrypted",
            plural(encrypted, "session")
        );
    }
    line.push('.');
    text.push('\n');
    paragraph(text, layout, "", &line);
    bounds(outcome, layout, text);
}

/// Bounds that were reached, each with how many sessions it was reached in.
fn bounds(outcome: &Outcome, layout: &Layout, text: &mut String) {
    let mut counts = std::collections::BTreeMap::<&str, (u64, u32)>::new();
    for row in outcome.sessions() {
        for what in &row.session.troubles.limits {
            let (count, _) = counts.entry(what).or_insert((0, row.id));
            *count += 1;
        }
    }
    for (what, (count, first)) in counts {
        let first = if count == 1 {
            format!("session {first}")
        } else {
            format!("{} (the first: {first})", plural(count, "session"))
        };
        paragraph(
            text,
            layout,
            "",
            &format!("A bound was reached in {first}: {what}."),
        );
    }
}

/// The reasons for which sessions could not be judged, the most frequent first.
fn reasons(outcome: &Outcome) -> String {
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for judged in &outcome.flows {
        for (_, reason) in &judged.cannot_tell {
            *counts.entry(guard_text(reason.guard)).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let texts: Vec<_> = counts
        .into_iter()
        .take(3)
        .map(|(reason, _)| reason)
        .collect();
    texts.join(", or ")
}

/// What a guard means, as the end of a sentence.
pub fn guard_text(guard: &str) -> &'static str {
    match guard {
        "T1" => "the capture began in mid-session",
        "T2" => "the capture ended too soon",
        "T3" => "only one direction was captured",
        "T4" => "bytes are missing from the capture",
        "T6" => "frames were captured twice",
        "T7" => "the wait may be by design",
        "T8" => "the content is encrypted",
        "T9" => "the clock stepped or frames are out of order",
        "T11" => "a proxy speaks for its clients",
        "T13" => "the answer may come on another connection",
        _ => "the frames do not tell",
    }
}

/// Text at an indent, wrapped to the width.
fn paragraph(text: &mut String, layout: &Layout, indent: &str, content: &str) {
    if content.is_empty() {
        return;
    }
    let options = textwrap::Options::new(layout.width.clamp(40, 120))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false);
    for line in textwrap::wrap(content, options) {
        text.push_str(&line);
        text.push('\n');
    }
}

/// `2026-11-23 23:35:47 UTC`.
fn short_time(time: Timestamp) -> String {
    let full = rfc3339(time);
    match (full.get(..10), full.get(11..19)) {
        (Some(date), Some(clock)) => format!("{date} {clock} UTC"),
        _ => full,
    }
}
