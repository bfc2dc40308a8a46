//! The sessions by health: trouble first.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::style::Tone;
use super::{Layout, Outcome};
use crate::analysis::Row;
use crate::diagnosis::seconds;
use crate::session::model::State;

pub(super) fn write(outcome: &Outcome, layout: &Layout, text: &mut String) {
    let mut rows: Vec<Row<'_>> = outcome.sessions().filter(is_told).collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|row| {
        (
            Reverse(row.worst()),
            health(row.state()),
            is_bare(row),
            row.id,
        )
    });
    let _ = writeln!(
        text,
        "{}",
        layout.style.paint(Tone::Title, "Sessions, by health")
    );
    let shown = rows.len().min(layout.sessions);
    let rows_shown: Vec<[String; 7]> = rows.iter().take(shown).map(cells).collect();
    let head = [
        "id",
        "protocol",
        "client → server",
        "worst",
        "asked/answered",
        "median",
        "frames",
    ];
    let mut widths = head.map(|h| h.chars().count());
    for cells in &rows_shown {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let _ = writeln!(
        text,
        "{}",
        layout.style.paint(
            Tone::Faint,
            &line(&head.map(str::to_owned), &widths, "state     ")
        )
    );
    for (row, cells) in rows.iter().zip(&rows_shown) {
        let _ = writeln!(
            text,
            "{}",
            line(cells, &widths, &layout.style.state(row.state())).trim_end()
        );
    }
    let left = rows.len() - shown;
    if left > 0 {
        let more = format!("  … and {left} more; --format json lists all, with their details");
        let _ = writeln!(text, "{}", layout.style.paint(Tone::Faint, &more));
    }
}

/// A session that only carries another, and has no finding itself, is told by that one.
fn is_told(row: &Row<'_>) -> bool {
    let only_carries = row.session.requests.sent == 0 || row.session.protocol == "nbss";
    row.worst().is_some() || !only_carries || row.judged.flow.children(row.session).next().is_none()
}

/// A connection in which no protocol was recognised comes behind those of which more can be told.
fn is_bare(row: &Row<'_>) -> bool {
    row.session.index == 0
}

fn health(state: State) -> u8 {
    match state {
        State::Stuck => 0,
        State::Refused => 1,
        State::Aborted => 2,
        State::Connecting => 3,
        State::Releasing => 4,
        State::Open => 5,
        State::Closed => 6,
    }
}

fn cells(row: &Row<'_>) -> [String; 7] {
    let flow = &row.judged.flow;
    let requests = row.requests();
    let asked = if requests.sent == 0 {
        String::new()
    } else {
        format!("{}/{}", requests.sent, requests.answered)
    };
    [
        row.id.to_string(),
        row.session.protocol.to_owned(),
        format!("{} → {}", flow.client, flow.server),
        row.worst().map_or("", |s| s.name()).to_owned(),
        asked,
        row.session
            .response_time
            .map_or_else(String::new, |t| seconds(t.median)),
        format!("{}–{}", row.session.first.frame, row.session.last.frame),
    ]
}

fn line(cells: &[String; 7], widths: &[usize; 7], state: &str) -> String {
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
