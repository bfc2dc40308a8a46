//! What is wrong, by the four questions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use super::style::{Tone, plural};
use super::{Layout, paragraph};
use crate::analysis::{Found, Outcome};
use crate::diagnosis::{Category, Certainty, Evidence, Severity};

/// Under the title of a finding.
const INDENT: &str = "           ";

/// Different titles of one rule's folded findings that are listed.
const TITLES: usize = 40;

/// The question that a category answers.
const fn question(category: Category) -> &'static str {
    match category {
        Category::Capture => "What limits what can be told?",
        Category::Establishment => "Do sessions come about, and end in order?",
        Category::Dialogue => "Does the dialogue go on?",
        Category::Resources => "Is something used up?",
        Category::Authentication => "Is somebody not let in?",
    }
}

pub(super) fn write(outcome: &Outcome, layout: &Layout, text: &mut String) {
    for category in Category::ALL {
        let of: Vec<&Found> = outcome
            .findings
            .iter()
            .filter(|f| f.finding.category == category)
            .collect();
        if of.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "{}",
            layout.style.paint(Tone::Title, question(category))
        );
        for (_, group) in by_rule(&of) {
            rule(outcome, layout, &group, text);
        }
        text.push('\n');
    }
}

/// Findings by rule, the worst rule first, in the order of time within.
fn by_rule<'a>(findings: &[&'a Found]) -> Vec<((Severity, &'static str), Vec<&'a Found>)> {
    let mut rules: BTreeMap<(std::cmp::Reverse<Severity>, &'static str), Vec<&Found>> =
        BTreeMap::new();
    for found in findings {
        let key = (
            std::cmp::Reverse(found.finding.severity),
            found.finding.rule,
        );
        rules.entry(key).or_default().push(found);
    }
    rules
        .into_iter()
        .map(|((severity, rule), of)| ((severity.0, rule), of))
        .collect()
}

fn rule(outcome: &Outcome, layout: &Layout, group: &[&Found], text: &mut String) {
    let (shown, rest) = differing(group, layout.like_findings);
    let mut said: Option<&str> = None;
    for (at, found) in shown.iter().enumerate() {
        one(outcome, layout, found, text);
        // What to do stands under the first: who reads from the top needs it there, and needs it once.
        let advice = found.finding.advice.as_str();
        if said != Some(advice) {
            what_to_do(layout, advice, text);
            said = Some(advice);
        }
        if at == 0 {
            let more = format!("colloquy explain {}", found.finding.rule);
            let _ = writeln!(text, "{INDENT}{}", layout.style.paint(Tone::Faint, &more));
        }
    }
    more(layout, &shown, &rest, text);
}

/// All findings where they are at most `most`; otherwise the first ones whose titles differ, and all others.
fn differing<'a>(group: &[&'a Found], most: usize) -> (Vec<&'a Found>, Vec<&'a Found>) {
    if group.len() <= most {
        return (group.to_vec(), Vec::new());
    }
    let (mut shown, mut rest) = (Vec::<&Found>::new(), Vec::new());
    for found in group {
        let told = |s: &&Found| s.finding.title == found.finding.title;
        if shown.len() < most && !shown.iter().any(told) {
            shown.push(found);
        } else {
            rest.push(*found);
        }
    }
    (shown, rest)
}

/// The findings of one rule that are not told one by one: how many, where, and what they say where that differs.
fn more(layout: &Layout, shown: &[&Found], rest: &[&Found], text: &mut String) {
    let Some(first) = rest.first() else { return };
    let of: BTreeSet<u32> = rest.iter().map(|f| f.session).collect();
    let titles = titles(rest);
    let differ = shown.len() > 1 || titles.len() > 1;
    let line = format!(
        "… and {} of {} in {} {}{}",
        plural(rest.len() as u64, "more finding"),
        first.finding.rule,
        if of.len() == 1 { "session" } else { "sessions" },
        ranges(&of),
        if differ { ":" } else { "" }
    );
    let _ = writeln!(text, "  {}", layout.style.paint(Tone::Faint, &line));
    if !differ {
        return;
    }
    let (listed, others) = titles.split_at(titles.len().min(TITLES));
    for (title, count) in listed {
        let line = format!("{count:>9} × {title}");
        let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, &line));
    }
    if !others.is_empty() {
        let line = format!(
            "{:>9}   and {} in other words (--format json has each)",
            "",
            plural(others.iter().map(|(_, n)| n).sum(), "finding")
        );
        let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, &line));
    }
}

/// Titles of the findings, each with how many have it, the first time first; where there are too many for all to be listed,
/// those that begin with another word stand before those that begin like one.
fn titles<'a>(findings: &[&'a Found]) -> Vec<(&'a str, u64)> {
    let mut titles: Vec<(&str, u64)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for found in findings {
        let title = found.finding.title.as_str();
        let at = *places.entry(title).or_insert_with(|| {
            titles.push((title, 0));
            titles.len() - 1
        });
        if let Some((_, count)) = titles.get_mut(at) {
            *count += 1;
        }
    }
    if titles.len() > TITLES {
        let mut words = BTreeSet::new();
        titles.sort_by_cached_key(|(title, _)| !words.insert(title.split(' ').next()));
    }
    titles
}

/// `4–179, 181, 190–200`, the first ones.
fn ranges(numbers: &BTreeSet<u32>) -> String {
    const SHOWN: usize = 8;
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let texts: Vec<_> = runs
        .iter()
        .take(SHOWN)
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}–{last}"),
        })
        .collect();
    let tail = if runs.len() > SHOWN { ", …" } else { "" };
    texts.join(", ") + tail
}

fn one(outcome: &Outcome, layout: &Layout, found: &Found, text: &mut String) {
    let finding = &found.finding;
    let mark = layout.style.severity(finding.severity);
    let _ = writeln!(
        text,
        "  {mark} {}",
        layout.style.paint(Tone::Strong, &finding.title)
    );
    let mut whose = String::new();
    if let Some(row) = outcome.session(found.session) {
        let flow = &row.judged.flow;
        let _ = write!(
            whose,
            "session {}: {} {} → {}",
            found.session, row.session.protocol, flow.client, flow.server
        );
        if outcome.captures.len() > 1
            && let Some(capture) = outcome.captures.get(found.capture as usize)
        {
            let _ = write!(whose, " in {}", capture.summary.path);
        }
    }
    let _ = writeln!(text, "{INDENT}{}", layout.style.paint(Tone::Faint, &whose));
    paragraph(text, layout, INDENT, &finding.explanation);
    if !finding.frames.is_empty() {
        let sure = if finding.certainty == Certainty::Likely {
            " (likely, not proven)"
        } else {
            ""
        };
        let line = format!(
            "Frames: {}. Points at: {}{sure}.",
            frames(&finding.frames),
            finding.side.name()
        );
        paragraph(text, layout, INDENT, &line);
    }
}

fn what_to_do(layout: &Layout, advice: &str, text: &mut String) {
    if !advice.is_empty() {
        let line = format!("What to do: {advice}");
        paragraph(text, layout, INDENT, &line);
    }
}

/// `12 (request), 15 (reset)`; frames of one part together.
fn frames(evidence: &[Evidence]) -> String {
    let mut parts: Vec<(&str, Vec<String>)> = Vec::new();
    for item in evidence {
        match parts.iter_mut().find(|(role, _)| *role == item.role) {
            Some((_, numbers)) => numbers.push(item.frame.to_string()),
            None => parts.push((item.role, vec![item.frame.to_string()])),
        }
    }
    let texts: Vec<String> = parts
        .into_iter()
        .map(|(role, numbers)| format!("{} ({})", numbers.join(" "), role.replace('-', " ")))
        .collect();
    texts.join(", ")
}
