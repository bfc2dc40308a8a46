//! Response times by operation and server, a table for each protocol: who leaves most unanswered first, then who is slowest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use colloquy_dissectors::units::Side;

use super::style::Tone;
use super::{Layout, paragraph};
use crate::analysis::{Key, ResponseTimes, Sum};

/// What stands in front of an operation's numbers takes at least and at most so many columns.
const NARROWEST: usize = 14;
const WIDEST: usize = 40;

const HEAD: [&str; 10] = [
    "calls",
    "answered",
    "failed",
    "unanswered",
    "pending",
    "min",
    "median",
    "p95",
    "p99",
    "max",
];
/// The place of the first time in a row.
const TIMES: usize = 5;
/// Columns of a time.
const TIME: usize = 6;

type Row<'a> = (&'a Key, &'a Sum);

/// Rows of one table: its title and what it counts.
fn table_of(protocol: &str) -> (&str, &'static str) {
    match protocol {
        "smb2" => ("SMB2", "command"),
        "smb" => ("SMB1", "command"),
        "rpc" | "nfs" | "mount" | "portmap" | "nlm" | "nsm" => ("ONC RPC", "procedure"),
        "dcerpc" => ("DCE/RPC", "operation"),
        "http" => ("HTTP", "method"),
        "http2" => ("HTTP/2", "method"),
        "grpc" => ("gRPC", "method"),
        "websocket" => ("WebSocket", "message"),
        "nbss" => ("NetBIOS", "message"),
        other => (other, "operation"),
    }
}

/// What belongs under one heading: a server, a set of operations, who answers.
type Group<'a> = (Option<String>, &'a str, Side);

pub(super) fn write(times: &ResponseTimes, layout: &Layout, text: &mut String) {
    let mut tables: BTreeMap<(&str, &str), BTreeMap<Group<'_>, Vec<Row<'_>>>> = BTreeMap::new();
    for row in times.rows() {
        let (key, _) = row;
        let group = (
            key.server.map(|s| s.to_string()),
            key.op.group,
            key.answerer,
        );
        let table = tables.entry(table_of(key.protocol)).or_default();
        table.entry(group).or_default().push(row);
    }
    let title = "Response times, from a request's last byte to its answer's";
    let _ = writeln!(text, "\n{}", layout.style.paint(Tone::Title, title));
    if tables.is_empty() {
        let _ = writeln!(text, "  Nothing was asked that has an answer.");
    }
    let mut waits = BTreeSet::new();
    for ((title, what), groups) in tables {
        let rows = || groups.values().flatten();
        waits.extend(rows().filter_map(|(key, _)| key.waits));
        let widths = widths(rows());
        let labels = labels(&widths, layout);
        heading(&format!("{title} by {what}"), &widths, labels, layout, text);
        let mut groups: Vec<_> = groups.into_iter().collect();
        for (_, rows) in &mut groups {
            rows.sort_by_key(worst);
        }
        groups.sort_by_key(|(_, rows)| {
            let unanswered: u64 = rows.iter().map(|(_, sum)| sum.unanswered).sum();
            (Reverse(unanswered), rows.first().map(worst))
        });
        for (group, rows) in &groups {
            let _ = writeln!(
                text,
                "  {}",
                layout.style.paint(Tone::Strong, &named(group))
            );
            for row in rows {
                line(row, &widths, labels, layout, text);
            }
        }
    }
    if !waits.is_empty() {
        let waits: Vec<_> = waits.into_iter().collect();
        let why = format!("May wait by design, told apart: {}.", waits.join("; "));
        paragraph(text, layout, "  ", &why);
    }
}

/// What waits by design comes last: its times say nothing of the server.
fn worst((key, sum): &Row<'_>) -> impl Ord + use<> {
    let [p95, max] = sum.times.quantiles([0.95, 1.0]).unwrap_or_default();
    let nanos = |secs: f64| (secs * 1e9) as u64;
    (
        key.waits.is_some(),
        Reverse((sum.unanswered, nanos(p95), nanos(max), sum.calls())),
    )
}

fn named((server, group, answerer): &Group<'_>) -> String {
    let server = server.as_deref().unwrap_or("all other servers together");
    let mut text = server.to_owned();
    if !group.is_empty() {
        text.extend([", ", group]);
    }
    if *answerer == Side::Client {
        text.push_str(", asked by it and answered by its client");
    }
    text
}

fn heading(
    title: &str,
    widths: &[usize; HEAD.len()],
    labels: usize,
    layout: &Layout,
    text: &mut String,
) {
    let mut head = format!("{title:<labels$}");
    for (word, width) in HEAD.iter().zip(widths) {
        let _ = write!(head, " {word:>width$}");
    }
    let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, &head));
}

fn line(
    (key, sum): &Row<'_>,
    widths: &[usize; HEAD.len()],
    labels: usize,
    layout: &Layout,
    text: &mut String,
) {
    let mut label = match (&sum.name, key.op.name) {
        (Some(name), _) => format!("    {name}"),
        (None, "") if key.server.is_none() => "    without a name".to_owned(),
        (None, "") => format!("    operation {}", key.op.code),
        (None, name) => format!("    {name}"),
    };
    if key.waits.is_some() {
        label.push_str(" (may wait)");
    }
    // A name that is too long has a line of its own.
    if label.chars().count() > labels {
        let _ = writeln!(text, "{label}");
        label.clear();
    }
    let mut line = format!("{label:<labels$}");
    for (index, (cell, width)) in cells(sum).iter().zip(widths).enumerate() {
        let padded = format!(" {cell:>width$}");
        let tone = match index {
            2 if sum.failed > 0 => Some(Tone::Warn),
            3 if sum.unanswered > 0 => Some(Tone::Bad),
            _ => None,
        };
        line += &tone.map_or(padded.clone(), |tone| layout.style.paint(tone, &padded));
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

fn widths<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> [usize; HEAD.len()] {
    let mut widths = HEAD.map(str::len);
    for width in widths.iter_mut().skip(TIMES) {
        *width = (*width).max(TIME);
    }
    for (_, sum) in rows {
        for (width, cell) in widths.iter_mut().zip(cells(sum)) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

/// Columns for names: what the numbers leave.
fn labels(widths: &[usize; HEAD.len()], layout: &Layout) -> usize {
    let numbers: usize = widths.iter().map(|w| w + 1).sum();
    layout
        .width
        .saturating_sub(numbers)
        .clamp(NARROWEST, WIDEST)
}

fn cells(sum: &Sum) -> [String; HEAD.len()] {
    let times = sum.times.quantiles([0.5, 0.95, 0.99]);
    let times = times
        .map(|[median, p95, p99]| [sum.times.min(), median, p95, p99, sum.times.max()].map(short));
    let [min, median, p95, p99, max] =
        times.unwrap_or_else(|| [const { "–" }; 5].map(str::to_owned));
    [
        sum.calls().to_string(),
        sum.answered.to_string(),
        sum.failed.to_string(),
        sum.unanswered.to_string(),
        sum.pending.to_string(),
        min,
        median,
        p95,
        p99,
        max,
    ]
}

/// A duration with its unit in six columns, of three digits: `123µs`, `1.23ms`, `45.6s`, `3.2h`.
fn short(secs: f64) -> String {
    let digits = |value: f64| match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    match secs {
        ..0.000_999_5 => format!("{:.0}µs", secs * 1e6),
        ..0.999_5 => format!("{}ms", digits(secs * 1e3)),
        ..999.5 => format!("{}s", digits(secs)),
        ..86_400.0 => format!("{:.1}h", secs / 3600.0),
        _ => format!("{:.0}d", secs / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_and_have_three_digits() {
        let told = [
            (0.0, "0µs"),
            (0.000_123_4, "123µs"),
            (0.000_999_7, "1.00ms"),
            (0.001_234, "1.23ms"),
            (0.009_996, "10.0ms"),
            (0.999_6, "1.00s"),
            (45.67, "45.7s"),
            (600.0, "600s"),
            (7_200.0, "2.0h"),
            (864_000.0, "10d"),
        ];
        for (secs, text) in told {
            assert_eq!(short(secs), text);
            assert!(short(secs).chars().count() <= TIME);
        }
    }
}
