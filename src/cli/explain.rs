//! `colloquy explain`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use colloquy::diagnosis::{Category, RuleMeta, all_rules};

use super::output;

/// Options of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The rule's name, as it stands in a finding; without it all are listed
    rule: Option<String>,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = match &args.rule {
        None => list(),
        Some(name) => match all_rules().find(|r| r.name == name) {
            Some(rule) => page(rule),
            None => bail!(
                "no rule \"{name}\"{}; `colloquy explain` lists them",
                nearest(name)
            ),
        },
    };
    output::print(text.as_bytes())
}

fn list() -> String {
    let mut text = String::new();
    for category in Category::ALL {
        let _ = writeln!(text, "{}:", category.name());
        for rule in all_rules().filter(|r| r.category == category) {
            let _ = writeln!(
                text,
                "  {:<32} {:<8} {}",
                rule.name,
                rule.severity.name(),
                rule.summary
            );
        }
        text.push('\n');
    }
    text
}

fn page(rule: &RuleMeta) -> String {
    let mut text = format!(
        "# {}: {}\n\nSeverity: {}. Category: {}. Reference: {}.\n\n",
        rule.name,
        rule.summary,
        rule.severity.name(),
        rule.category.name(),
        rule.reference
    );
    for line in rule.doc.lines() {
        text.push_str(line.strip_prefix(' ').unwrap_or(line));
        text.push('\n');
    }
    text
}

/// The name that was probably meant.
fn nearest(name: &str) -> String {
    all_rules()
        .map(|rule| (distance(rule.name, name), rule.name))
        .min()
        .filter(|(distance, _)| *distance <= name.len().div_ceil(2))
        .map_or_else(String::new, |(_, near)| format!(", did you mean {near}?"))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let change = row.get(j).copied().unwrap_or(0) + usize::from(ca != *cb);
            let drop = row.get(j + 1).copied().unwrap_or(0) + 1;
            let add = next.last().copied().unwrap_or(0) + 1;
            next.push(change.min(drop).min(add));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
