//! What is wrong, in the order in which it is asked: what limits the capture, then the four questions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use colloquy::analysis::{CaptureRecord, Found, Outcome};
use colloquy::diagnosis::{Category, Certainty, Finding, Severity, seconds};
use colloquy::report::summary::Summary;
use serde::Serialize;

use crate::gui::format::{self, plural};
use crate::gui::selection::{FindingKey, SessionKey};

/// Findings of one rule that are listed before the rest is folded.
pub(crate) const ALIKE: usize = 4;

/// The question that a category answers.
pub(crate) const fn question(category: Category) -> &'static str {
    match category {
        Category::Capture => "What limits what can be told?",
        Category::Establishment => "Do sessions come about, and end in order?",
        Category::Dialogue => "Does the dialogue go on?",
        Category::Resources => "Is something used up?",
        Category::Authentication => "Is somebody not let in?",
    }
}

/// One finding as the list shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Item {
    /// Which.
    #[serde(skip)]
    pub(crate) key: FindingKey,
    /// How bad.
    pub(crate) severity: Severity,
    /// Not proven.
    pub(crate) likely: bool,
    /// One line.
    pub(crate) title: String,
    /// Where: the session and its ends, or the capture.
    pub(crate) place: String,
}

/// The findings of one rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Alike {
    /// The rule.
    pub(crate) rule: &'static str,
    /// They.
    pub(crate) items: Vec<Item>,
}

/// The findings that answer one question.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    /// Which question.
    pub(crate) category: Category,
    /// How many findings.
    pub(crate) count: usize,
    /// The worst of them.
    pub(crate) worst: Option<Severity>,
    /// By rule, the worst first.
    pub(crate) rules: Vec<Alike>,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// The captures, a line each.
    pub(crate) captures: Vec<String>,
    /// The capture first, then the four questions.
    pub(crate) groups: Vec<Group>,
    /// What was checked, and what could not be judged.
    pub(crate) checked: String,
    /// How many findings there are of each severity that occurs, the worst first.
    pub(crate) by_severity: Vec<(Severity, usize)>,
}

/// A line of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line<'a> {
    /// A question.
    Question(&'a Group),
    /// What a capture is.
    Capture(&'a str),
    /// A question without findings.
    Nothing(&'static str),
    /// A finding.
    Item(&'a Item),
    /// Further findings of a rule are folded.
    More(&'static str, usize),
    /// All findings of a rule are shown.
    Fewer(&'static str),
}

impl Findings {
    /// Collects them.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let mut findings = Self {
            captures: outcome.captures.iter().map(facts).collect(),
            groups: Category::ALL.iter().map(|c| group(outcome, *c)).collect(),
            checked: checked(outcome),
            by_severity: Vec::new(),
        };
        findings.by_severity = findings.count();
        findings
    }

    /// The lines, with the rules in `unfolded` in full.
    pub(crate) fn lines(&self, unfolded: &BTreeSet<&'static str>) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for group in &self.groups {
            lines.push(Line::Question(group));
            if group.category == Category::Capture {
                lines.extend(self.captures.iter().map(|c| Line::Capture(c)));
            }
            if group.count == 0 {
                lines.push(Line::Nothing(nothing(group.category)));
            }
            for alike in &group.rules {
                let open = unfolded.contains(alike.rule);
                let shown = if open { usize::MAX } else { ALIKE };
                lines.extend(alike.items.iter().take(shown).map(Line::Item));
                match alike.items.len().saturating_sub(ALIKE) {
                    0 => {}
                    _ if open => lines.push(Line::Fewer(alike.rule)),
                    more => lines.push(Line::More(alike.rule, more)),
                }
            }
        }
        lines
    }

    /// All findings in the order of the list.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        self.groups
            .iter()
            .flat_map(|g| &g.rules)
            .flat_map(|r| &r.items)
    }

    fn count(&self) -> Vec<(Severity, usize)> {
        Severity::ALL
            .iter()
            .map(|s| (*s, self.items().filter(|i| i.severity == *s).count()))
            .filter(|(_, n)| *n > 0)
            .collect()
    }
}

const fn nothing(category: Category) -> &'static str {
    match category {
        Category::Capture => "Nothing in the capture itself limits what can be told.",
        Category::Establishment => "Yes: nothing found.",
        Category::Dialogue => "Yes: nothing found.",
        Category::Resources | Category::Authentication => "No: nothing found.",
    }
}

fn group(outcome: &Outcome, category: Category) -> Group {
    let mut rules: BTreeMap<(Reverse<Severity>, &'static str), Vec<Item>> = BTreeMap::new();
    let mut add = |item: Item, rule| {
        rules
            .entry((Reverse(item.severity), rule))
            .or_default()
            .push(item);
    };
    for (capture, finding) in outcome.quality().filter(|(_, f)| f.category == category) {
        let key = crate::gui::document::key_of(capture, None, finding);
        add(
            item(key, finding, capture_name(outcome, capture)),
            finding.rule,
        );
    }
    for found in outcome
        .findings
        .iter()
        .filter(|f| f.finding.category == category)
    {
        let (session, place) = place(outcome, found);
        let key = crate::gui::document::key_of(found.capture, session, &found.finding);
        add(item(key, &found.finding, place), found.finding.rule);
    }
    Group {
        category,
        count: rules.values().map(Vec::len).sum(),
        worst: rules.keys().next().map(|(severity, _)| severity.0),
        rules: rules
            .into_iter()
            .map(|((_, rule), items)| Alike { rule, items })
            .collect(),
    }
}

fn item(key: FindingKey, finding: &Finding, place: String) -> Item {
    Item {
        key,
        severity: finding.severity,
        likely: finding.certainty == Certainty::Likely,
        title: finding.title.clone(),
        place,
    }
}

fn place(outcome: &Outcome, found: &Found) -> (Option<SessionKey>, String) {
    let Some(row) = outcome.session(found.session) else {
        return (None, String::new());
    };
    let flow = &row.judged.flow;
    let key = SessionKey {
        capture: row.judged.capture,
        flow: flow.index,
        session: row.session.index,
    };
    let mut text = format!(
        "{} {}  ·  {} → {}",
        row.session.protocol, found.session, flow.client, flow.server
    );
    if outcome.captures.len() > 1 {
        let _ = write!(text, "  ·  {}", capture_name(outcome, found.capture));
    }
    (Some(key), text)
}

fn capture_name(outcome: &Outcome, capture: u32) -> String {
    outcome
        .captures
        .get(capture as usize)
        .map(|c| format::file_name(&c.summary.path).to_owned())
        .unwrap_or_default()
}

/// What a capture is, in one line.
fn facts(capture: &CaptureRecord) -> String {
    let summary = &capture.summary;
    let mut line = format!(
        "{}: {}, {}",
        format::file_name(&summary.path),
        plural(summary.frames, "frame"),
        format::bytes(summary.bytes)
    );
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let _ = write!(
            line,
            ", {} from {}",
            seconds(last.since(first)),
            format::date(first)
        );
    }
    if let Some(damage) = &summary.damage {
        let _ = write!(
            line,
            "; damaged at byte {}: {}",
            damage.at_byte, damage.what
        );
    }
    line
}

fn checked(outcome: &Outcome) -> String {
    let summary = Summary::of(outcome);
    let mut text = format!(
        "Checked {} with {}",
        plural(summary.sessions as u64, "session"),
        plural(summary.rules_checked as u64, "rule")
    );
    let _ = match summary.by_severity.values().sum::<u64>() {
        0 => write!(text, ": no findings"),
        n => write!(text, ": {}", plural(n, "finding")),
    };
    if summary.not_judged > 0 {
        let _ = write!(
            text,
            "; {} could not be judged in full",
            plural(summary.not_judged, "session")
        );
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::sample;

    #[test]
    fn the_questions_stand_in_their_order_with_what_was_found() {
        let doc = sample("dcerpc/path-dark.pcap");
        let order: Vec<Category> = doc.findings.groups.iter().map(|g| g.category).collect();
        assert_eq!(order, Category::ALL);
        let dialogue = &doc.findings.groups[2];
        assert!(
            dialogue.count > 0 && dialogue.worst >= Some(Severity::Error),
            "{dialogue:?}"
        );
        assert!(
            doc.findings
                .items()
                .any(|i| i.key.rule == "request-unanswered")
        );
        assert!(
            doc.findings.checked.contains("rules"),
            "{}",
            doc.findings.checked
        );
    }

    #[test]
    fn an_empty_result_says_what_was_checked() {
        let doc = sample("websocket/echo.pcap");
        let lines = doc.findings.lines(&BTreeSet::new());
        assert!(lines.iter().any(|l| matches!(l, Line::Nothing(_))));
        assert!(
            doc.findings.checked.starts_with("Checked "),
            "{}",
            doc.findings.checked
        );
    }

    #[test]
    fn many_findings_of_a_rule_are_folded_until_asked_for() {
        let doc = sample("dcerpc/path-dark.pcap");
        let mut findings = doc.findings.clone();
        let item = findings.items().next().unwrap().clone();
        let rule = item.key.rule;
        findings.groups = vec![Group {
            category: Category::Dialogue,
            count: 10,
            worst: Some(item.severity),
            rules: vec![Alike {
                rule,
                items: vec![item; 10],
            }],
        }];
        let folded = findings.lines(&BTreeSet::new());
        assert!(matches!(folded.last(), Some(Line::More(_, 6))));
        let unfolded = findings.lines(&BTreeSet::from([rule]));
        assert_eq!(unfolded.len(), 1 + 10 + 1);
        assert!(matches!(unfolded.last(), Some(Line::Fewer(_))));
    }
}
