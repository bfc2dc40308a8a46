//! The sessions by health: trouble first. Many that are alike are one line.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::about::about;
use super::style::Tone;
use super::{Layout, Outcome};
use crate::analysis::Row;
use crate::diagnosis::{Severity, seconds};
use crate::session::model::State;

/// So many sessions that are alike are told one by one, more in one line.
const ALIKE: usize = 3;
/// Columns of the table, the state apart, which may be coloured.
const COLUMNS: usize = 8;
/// Different words of a line for many.
const WORDS: usize = 3;

const HEAD: [&str; COLUMNS] = [
    "id",
    "protocol",
    "client → server",
    "worst",
    "asked/answered",
    "median",
    "frames",
    "about",
];

/// One line of the table.
struct Line {
    cells: [String; COLUMNS],
    state: State,
    sessions: usize,
}

pub(super) fn write(outcome: &Outcome, layout: &Layout, text: &mut String) {
    let mut rows: Vec<Row<'_>> = outcome.sessions().collect();
    // Of a selection all are told.
    if outcome.selected_count().is_none() {
        rows.retain(is_told);
    }
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|row| {
        (
            Reverse(row.worst()),
            trouble(row.state()),
            is_bare(row),
            health(row.state()),
            row.id,
        )
    });
    let lines = lines(&rows);
    let _ = writeln!(
        text,
        "{}",
        layout.style.paint(Tone::Title, "Sessions, by health")
    );
    table(&lines, layout, text);
    let left: usize = lines.iter().skip(layout.sessions).map(|l| l.sessions).sum();
    if left > 0 {
        let more = format!("  … and {left} more; --format json lists all, with their details");
        let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, &more));
    }
}

fn table(lines: &[Line], layout: &Layout, text: &mut String) {
    let shown = lines.get(..layout.sessions).unwrap_or(lines);
    let mut widths = HEAD.map(|h| h.chars().count());
    for line in shown {
        for (width, cell) in widths.iter_mut().zip(&line.cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head = printed(&HEAD.map(str::to_owned), &widths, "state     ");
    let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, head.trim_end()));
    for line in shown {
        let state = layout.style.state(line.state);
        let _ = writeln!(text, "{}", printed(&line.cells, &widths, &state).trim_end());
    }
}

/// What makes sessions alike: protocol, client, server with its port, state and worst finding. The ports of refused
/// connects do not matter: somebody tries them all.
type Kind<'a> = (
    &'a str,
    IpAddr,
    IpAddr,
    Option<u16>,
    State,
    Option<Severity>,
);

fn kind<'a>(row: &Row<'a>) -> Kind<'a> {
    let flow = &row.judged.flow;
    let port = Some(flow.server.port).filter(|_| row.state() != State::Refused);
    (
        row.session.protocol,
        flow.client.address,
        flow.server.address,
        port,
        row.state(),
        row.worst(),
    )
}

/// A line a session, or for many alike, in the place of the first of them.
fn lines(rows: &[Row<'_>]) -> Vec<Line> {
    let mut alike: HashMap<Kind<'_>, Vec<&Row<'_>>> = HashMap::new();
    for row in rows {
        alike.entry(kind(row)).or_default().push(row);
    }
    let mut lines = Vec::new();
    for row in rows {
        match alike.get(&kind(row)) {
            Some(group) if group.len() > ALIKE => {
                if group.first().is_some_and(|first| first.id == row.id) {
                    lines.push(many(group));
                }
            }
            _ => lines.push(single(row)),
        }
    }
    lines
}

/// A session that only carries another, and has no finding itself, is told by that one.
fn is_told(row: &Row<'_>) -> bool {
    let only_carries = row.session.requests.sent == 0 || row.session.protocol == "nbss";
    row.worst().is_some() || !only_carries || row.judged.flow.children(row.session).next().is_none()
}

/// A connection in which no protocol was recognised comes behind those of which more can be told.
const fn is_bare(row: &Row<'_>) -> bool {
    row.session.index == 0
}

const fn trouble(state: State) -> u8 {
    match state {
        State::Stuck => 0,
        State::Refused => 1,
        State::Aborted => 2,
        State::Connecting | State::Releasing | State::Open | State::Closed => 3,
    }
}

const fn health(state: State) -> u8 {
    match state {
        State::Connecting => 1,
        State::Releasing => 2,
        State::Open => 3,
        State::Closed => 4,
        State::Stuck | State::Refused | State::Aborted => 0,
    }
}

fn single(row: &Row<'_>) -> Line {
    let flow = &row.judged.flow;
    let requests = row.requests();
    let cells = [
        row.id.to_string(),
        row.session.protocol.to_owned(),
        format!("{} → {}", flow.client, flow.server),
        row.worst().map_or("", |s| s.name()).to_owned(),
        asked(requests.sent, requests.answered),
        row.session
            .response_time()
            .map_or_else(String::new, |t| seconds(t.median)),
        format!("{}–{}", row.session.first.frame, row.session.last.frame),
        about(flow, row.session),
    ];
    Line {
        cells,
        state: row.state(),
        sessions: 1,
    }
}

fn many(group: &[&Row<'_>]) -> Line {
    let Some(first) = group.first() else {
        return Line {
            cells: Default::default(),
            state: State::Closed,
            sessions: 0,
        };
    };
    let flow = &first.judged.flow;
    let same = |of: fn(&Row<'_>) -> u16| group.iter().all(|row| of(row) == of(first));
    let client = end(flow.client, same(|r| r.judged.flow.client.port));
    let server = end(flow.server, same(|r| r.judged.flow.server.port));
    let requests = || group.iter().map(|row| row.requests());
    let from = group.iter().map(|r| r.session.first.frame).min();
    let to = group.iter().map(|r| r.session.last.frame).max();
    let cells = [
        format!("{}…", first.id),
        format!("{} ×{}", first.session.protocol, group.len()),
        format!("{client} → {server}"),
        first.worst().map_or("", |s| s.name()).to_owned(),
        asked(
            requests().map(|r| r.sent).sum(),
            requests().map(|r| r.answered).sum(),
        ),
        String::new(),
        format!("{}–{}", from.unwrap_or(0), to.unwrap_or(0)),
        words(group),
    ];
    Line {
        cells,
        state: first.state(),
        sessions: group.len(),
    }
}

/// An end of many connections: without its port where they differ in it.
fn end(end: crate::session::model::Endpoint, port: bool) -> String {
    if port {
        end.to_string()
    } else {
        end.address.to_string()
    }
}

fn asked(sent: u64, answered: u64) -> String {
    if sent == 0 {
        String::new()
    } else {
        format!("{sent}/{answered}")
    }
}

/// What many sessions are about: the first different words.
fn words(group: &[&Row<'_>]) -> String {
    let mut words: Vec<String> = Vec::new();
    for row in group {
        let about = about(&row.judged.flow, row.session);
        if !about.is_empty() && !words.contains(&about) {
            words.push(about);
        }
    }
    let more = words.len().saturating_sub(WORDS);
    words.truncate(WORDS);
    let mut text = words.join(", ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

fn printed(cells: &[String; COLUMNS], widths: &[usize; COLUMNS], state: &str) -> String {
    let mut text = String::from("  ");
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let pad = width - cell.chars().count().min(*width);
        // Numbers stand at the right.
        if matches!(index, 0 | 4 | 5) {
            let _ = write!(text, "{:pad$}{cell}  ", "");
        } else {
            let _ = write!(text, "{cell}{:pad$}  ", "");
        }
        if index == 2 {
            let _ = write!(text, "{state}  ");
        }
    }
    text
}
