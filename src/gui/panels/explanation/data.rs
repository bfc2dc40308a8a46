//! The explanation of a finding and the facts of a session, as texts.

use std::fmt::Write as _;

use colloquy::analysis::Row;
use colloquy::diagnosis::{Certainty, Finding, Severity, all_rules, seconds};
use colloquy::report::text::guard_text;
use serde::Serialize;

use crate::gui::document::Document;
use crate::gui::format;
use crate::gui::panels::findings::data::question;
use crate::gui::selection::{FindingKey, Selection, SessionKey};

/// A frame that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    /// Its number.
    pub(crate) frame: u64,
    /// Its part.
    pub(crate) role: String,
}

/// A piece of a rule's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Piece {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// An entry of a list.
    Entry(String),
}

/// A finding in full.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FindingText {
    /// The session with the proofs, to click on.
    pub(crate) session: Option<SessionKey>,
    /// How bad.
    pub(crate) severity: Severity,
    /// One line.
    pub(crate) title: String,
    /// The question, the certainty, where it points, when.
    pub(crate) about: String,
    /// In plain words.
    pub(crate) explanation: String,
    /// The proof.
    pub(crate) proofs: Vec<Proof>,
    /// What to do.
    pub(crate) advice: String,
    /// The numbers it used.
    pub(crate) numbers: Vec<(String, String)>,
    /// Where it is written.
    pub(crate) reference: &'static str,
    /// The rule.
    pub(crate) rule: &'static str,
    /// The rule's page.
    pub(crate) page: Vec<Piece>,
}

/// A session in full.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SessionText {
    /// `smb2 session 4`.
    pub(crate) title: String,
    /// Name and value.
    pub(crate) facts: Vec<(String, String)>,
    /// What its protocol tells.
    pub(crate) details: Vec<(String, String)>,
    /// Its findings.
    #[serde(skip)]
    pub(crate) findings: Vec<(FindingKey, Severity, String)>,
    /// What could not be told, and why.
    pub(crate) cannot_tell: Vec<String>,
}

/// What there is to tell of the selection.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Explanation {
    /// The finding.
    pub(crate) finding: Option<FindingText>,
    /// The session.
    pub(crate) session: Option<SessionText>,
}

impl Explanation {
    /// Of what is selected.
    pub(crate) fn of(doc: &Document, selection: &Selection) -> Self {
        let finding = selection
            .finding()
            .and_then(|key| doc.finding(key).map(|f| finding_text(key, f)));
        let session = selection
            .session()
            .and_then(|key| doc.row(key))
            .map(|row| session_text(doc, &row));
        Self { finding, session }
    }

    /// As text, for the clipboard.
    pub(crate) fn text(&self) -> Option<String> {
        let finding = self.finding.as_ref()?;
        let mut text = format!("{}: {}\n", finding.severity.name(), finding.title);
        if let Some(session) = &self.session {
            let _ = writeln!(text, "{}", session.title);
        }
        let _ = writeln!(text, "{}\n\n{}", finding.about, finding.explanation);
        let proofs: Vec<String> = finding
            .proofs
            .iter()
            .map(|p| format!("{} ({})", p.frame, p.role))
            .collect();
        if !proofs.is_empty() {
            let _ = writeln!(text, "\nFrames: {}", proofs.join(", "));
        }
        let _ = writeln!(
            text,
            "\nWhat to do: {}\nReference: {}",
            finding.advice, finding.reference
        );
        Some(text)
    }
}

fn finding_text(key: &FindingKey, finding: &Finding) -> FindingText {
    let certainty = match finding.certainty {
        Certainty::Certain => "proven by its frames",
        Certainty::Likely => "likely, not proven",
    };
    let about = format!(
        "{}  ·  {certainty}  ·  points at the {}  ·  since {}",
        question(finding.category),
        finding.side.name(),
        format::clock(finding.at)
    );
    FindingText {
        session: key.session,
        severity: finding.severity,
        title: finding.title.clone(),
        about,
        explanation: finding.explanation.clone(),
        proofs: finding
            .frames
            .iter()
            .map(|e| Proof {
                frame: e.frame,
                role: e.role.replace('-', " "),
            })
            .collect(),
        advice: finding.advice.clone(),
        numbers: finding
            .numbers
            .iter()
            .map(|(n, v)| (n.replace('_', " "), number(*v)))
            .collect(),
        reference: finding.reference,
        rule: finding.rule,
        page: page(finding.rule),
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// The rule's page: what `colloquy explain` prints.
pub(crate) fn page(rule: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = false;
    let doc = all_rules().find(|r| r.name == rule).map_or("", |r| r.doc);
    for line in doc.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix("## ") {
            pieces.push(Piece::Heading(heading.to_owned()));
            open = false;
        } else if let Some(entry) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            pieces.push(Piece::Entry(plain(entry)));
            open = true;
        } else if line.is_empty() {
            open = false;
        } else {
            match pieces.last_mut().filter(|_| open) {
                Some(Piece::Paragraph(text) | Piece::Entry(text)) => {
                    text.push(' ');
                    text.push_str(&plain(line));
                }
                _ => pieces.push(Piece::Paragraph(plain(line))),
            }
            open = true;
        }
    }
    pieces
}

/// Without Markdown's marks for code and emphasis.
fn plain(text: &str) -> String {
    text.replace(['`', '*'], "")
}

fn session_text(doc: &Document, row: &Row<'_>) -> SessionText {
    SessionText {
        title: format!("{} session {}", row.session.protocol, row.id),
        facts: facts(doc, row),
        details: row
            .session
            .details
            .iter()
            .map(|(key, value)| (key.replace('_', " "), value.to_string()))
            .collect(),
        findings: doc
            .findings_of(row.id)
            .map(|f| {
                (
                    doc.finding_key(f),
                    f.finding.severity,
                    f.finding.title.clone(),
                )
            })
            .collect(),
        cannot_tell: row
            .cannot_tell()
            .map(|c| {
                let why = if c.why.is_empty() {
                    guard_text(c.guard)
                } else {
                    &c.why
                };
                format!("{}: {why}", c.rule)
            })
            .collect(),
    }
}

fn facts(doc: &Document, row: &Row<'_>) -> Vec<(String, String)> {
    let (session, flow) = (row.session, &row.judged.flow);
    let first = &session.first;
    let phases: Vec<String> = session
        .phases
        .iter()
        .map(|p| format!("{} ({})", p.phase.name(), p.stamp.frame))
        .collect();
    let within = row.parent().map(|parent| {
        let outer = doc.outcome.session(parent);
        format!(
            "session {parent}, {}",
            outer.map_or("", |r| r.session.protocol)
        )
    });
    let began = session
        .began_before_capture
        .then(|| "before the capture".to_owned());
    let lasted = seconds(session.last.time.since(first.time));
    let facts = [
        ("state", Some(row.state().name().to_owned())),
        ("client", Some(flow.client.to_string())),
        ("server", Some(flow.server.to_string())),
        (
            "connection",
            Some(format!("{} stream {}", flow.transport.name(), flow.stream)),
        ),
        ("within", within),
        ("began", began),
        (
            "first frame",
            Some(format!("{}, {}", first.frame, format::date(first.time))),
        ),
        (
            "last frame",
            Some(format!("{}, {lasted} later", session.last.frame)),
        ),
        ("phases", Some(phases.join(" → "))),
    ];
    let facts = facts.into_iter().chain(counts(row));
    facts
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn counts(row: &Row<'_>) -> [(&'static str, Option<String>); 4] {
    let (session, requests) = (row.session, row.requests());
    let messages = format!(
        "{} client, {} server",
        session.messages.client, session.messages.server
    );
    let asked = format!(
        "{} sent, {} answered, {} failed, {} without answer, {} pending",
        requests.sent, requests.answered, requests.failed, requests.unanswered, requests.pending
    );
    let times = session.response_time().map(|times| {
        format!(
            "median {}, 95% {}, slowest {}",
            seconds(times.median),
            seconds(times.p95),
            seconds(times.max)
        )
    });
    let missing = session.missing.client + session.missing.server;
    let missing = (missing > 0).then(|| format!("{} were never captured", format::bytes(missing)));
    [
        ("messages", Some(messages)),
        ("requests", Some(asked)),
        ("response time", times),
        ("missing", missing),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::selection::Pick;
    use crate::gui::testing::sample;

    #[test]
    fn a_finding_is_told_in_full_with_its_rules_page() {
        let doc = sample("dcerpc/path-dark.pcap");
        let found = doc
            .outcome
            .findings
            .iter()
            .find(|f| f.finding.rule == "request-unanswered")
            .unwrap();
        let mut selection = Selection::default();
        selection.pick(Pick::Finding(doc.finding_key(found)));
        let told = Explanation::of(&doc, &selection);
        let finding = told.finding.as_ref().unwrap();
        assert!(!finding.proofs.is_empty() && !finding.advice.is_empty());
        assert!(
            finding
                .page
                .iter()
                .any(|p| matches!(p, Piece::Heading(h) if h == "What to do"))
        );
        assert!(
            told.session
                .as_ref()
                .unwrap()
                .facts
                .iter()
                .any(|(n, v)| n == "state" && v == "stuck")
        );
        let text = told.text().unwrap();
        assert!(
            text.contains("Frames: ") && text.contains("What to do: "),
            "{text}"
        );
    }

    #[test]
    fn every_rule_has_a_page() {
        for rule in all_rules() {
            let pieces = page(rule.name);
            assert!(pieces.len() > 3, "{}", rule.name);
            assert!(matches!(pieces[0], Piece::Heading(_)), "{}", rule.name);
        }
    }
}
