//! The dialogue of one session as text: a line for each message, with the silence between them and the requests
//! that nobody answered.

use std::fmt::Write as _;

use colloquy_dissectors::text::without_secrets;
use colloquy_dissectors::units::Side;

use super::json::rfc3339;
use super::text::Layout;
use crate::diagnosis::seconds;
use crate::session::model::{Part, Session};
use crate::session::told::{Dialogue, Told};

/// Silence that gets a line of its own: nanoseconds.
const SILENCE: i64 = 1_000_000_000;

/// The messages of the session at place `index`; its bytes' lengths where its protocol is not known.
pub fn text(dialogue: &Dialogue, index: u32, layout: &Layout) -> String {
    let flow = &dialogue.flow;
    let mut text = String::new();
    let Some(session) = flow.sessions.get(index as usize) else {
        return text;
    };
    let _ = writeln!(
        text,
        "{}  {} (client) → {} (server)",
        session.protocol, flow.client, flow.server
    );
    let _ = writeln!(text, "began {}\n", rfc3339(session.first.time));
    let mut messages: Vec<&Told> = dialogue
        .messages
        .iter()
        .filter(|m| m.session == index)
        .collect();
    // Behind a hole a side is read later than its peer; the reader wants the order of the frames.
    messages.sort_by_key(|m| m.stamp);
    if messages.is_empty() {
        let within: Vec<_> = flow.children(session).map(|s| s.protocol).collect();
        if within.is_empty() || index == 0 {
            bytes(dialogue, session, &mut text);
        } else {
            let _ = writeln!(
                text,
                "No messages of its own: it carries what is within ({}).",
                within.join(", ")
            );
        }
        return text;
    }
    let begin = session.first.time;
    let mut last = begin;
    for (at, message) in messages.iter().enumerate() {
        let silence = message.began.time.nanos_since(last);
        if silence >= SILENCE {
            let _ = writeln!(
                text,
                "{:>22}~ {} of silence ~",
                "",
                seconds(silence as f64 / 1e9)
            );
        }
        last = last.max(message.stamp.time);
        // Ids come again: the request is the nearest one before.
        let before = messages.get(..at).unwrap_or_default();
        line(
            message,
            before,
            message.stamp.time.since(begin),
            layout,
            &mut text,
        );
    }
    let one_sided = flow.tcp.as_deref().is_some_and(|t| t.one_sided().is_some());
    let fate = if one_sided {
        "its answer was not captured: there is one direction only"
    } else {
        "was not answered"
    };
    for open in &session.open {
        let arrow = arrow(open.side);
        let _ = writeln!(
            text,
            "{:>22}{arrow} {} (frame {}) {fate}",
            "", open.op, open.asked.frame
        );
    }
    text
}

fn line(message: &Told, before: &[&Told], at: f64, layout: &Layout, text: &mut String) {
    // The first line says what it is; below it may stand what it says.
    let (what, content) = message.text.split_once('\n').unwrap_or((&message.text, ""));
    let mut what = what.to_owned();
    if message.part == Part::Reply {
        let request = message.exchange.and_then(|id| {
            before.iter().rev().find(|m| {
                m.part == Part::Request && m.exchange == Some(id) && m.side != message.side
            })
        });
        if let Some(request) = request {
            let wait = message.stamp.time.since(request.stamp.time);
            let _ = write!(
                what,
                "  [{} after frame {}]",
                seconds(wait),
                request.stamp.frame
            );
        }
    }
    let failed = message.status.is_some_and(|s| s.failed);
    let mark = if failed { "!" } else { " " };
    let room = layout.width.max(60) - 24;
    let mut lines = textwrap::wrap(&what, room).into_iter();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(
        text,
        "{:>8} {at:>11.6} {mark}{} {first}",
        message.stamp.frame,
        arrow(message.side)
    );
    for rest in lines {
        let _ = writeln!(text, "{:>24}{rest}", "");
    }
    for line in content.lines() {
        let _ = writeln!(text, "{:>24}{line}", "");
    }
}

const fn arrow(side: Side) -> &'static str {
    match side {
        Side::Client => "→",
        Side::Server => "←",
    }
}

/// A conversation of an unknown protocol: who sent how much when.
fn bytes(dialogue: &Dialogue, session: &Session, text: &mut String) {
    for piece in &dialogue.pieces {
        let at = piece.stamp.time.since(session.first.time);
        let what = if piece.missing > 0 {
            format!("{} bytes were never captured", piece.missing)
        } else {
            let head: String = piece
                .bytes
                .iter()
                .take(48)
                .map(|b| {
                    if b.is_ascii_graphic() || *b == b' ' {
                        *b as char
                    } else {
                        '.'
                    }
                })
                .collect();
            format!("{} bytes  {}", piece.bytes.len(), without_secrets(&head))
        };
        let _ = writeln!(
            text,
            "{:>8} {at:>11.6}  {} {what}",
            piece.stamp.frame,
            arrow(piece.side)
        );
    }
}
