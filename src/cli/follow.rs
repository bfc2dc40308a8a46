//! `colloquy follow`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use colloquy::capture;
use colloquy::dissectors::units::{Side, Span};
use colloquy::report::dialogue;
use colloquy::runner::{self, Options};
use colloquy::session::told::{Dialogue, Piece};

use super::{keys, output};

/// Options of `follow`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The capture
    file: PathBuf,
    /// The session's id, as `report` prints it
    session: u32,
    /// How it is shown
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Only what one side said, for raw bytes
    #[arg(long, value_enum)]
    side: Option<Speaker>,
    /// Where it is written, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    keys: keys::Given,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A line for each message
    Text,
    /// A hex dump of its bytes
    Hex,
    /// Its bytes as they are
    Raw,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speaker {
    Client,
    Server,
}

/// Runs it: once for the sessions, and again for the messages of one conversation.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.file.as_os_str() == "-" {
        bail!("follow reads the capture twice, so it needs a file, not standard input");
    }
    let options = Options {
        key_log: args.keys.read()?,
        ..Options::default()
    };
    let files = std::slice::from_ref(&args.file);
    let outcome = runner::analyse_files(files, &options, &|_| ())?;
    let Some(row) = outcome.session(args.session) else {
        bail!(
            "no session {} in {}: there are {}",
            args.session,
            args.file.display(),
            outcome.session_count()
        );
    };
    let source = capture::open(&args.file.to_string_lossy())?;
    let mut source = options.key_log.beside(source);
    let told = runner::dialogue(
        source.as_mut(),
        row.judged.flow.index,
        &AtomicBool::new(false),
    )?
    .with_context(|| format!("{} changed while it was read", args.file.display()))?;
    let index = row.session.index;
    let mut out = output::open(args.output.as_deref())?;
    match args.format {
        Format::Text => {
            let text = dialogue::text(&told, index, &output::layout(args.output.is_some()));
            out.write_all(text.as_bytes())?;
        }
        Format::Hex => out.write_all(hex(&told, index, args.side).as_bytes())?,
        Format::Raw => {
            pieces(&told, index, args.side).try_for_each(|piece| out.write_all(&piece.bytes))?;
        }
    }
    out.flush()?;
    if told.cut {
        output::complain("the dialogue is longer than what is shown");
    }
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a session: all of them for the carrier and for one that was decrypted, those of its messages for another.
fn pieces(told: &Dialogue, session: u32, side: Option<Speaker>) -> impl Iterator<Item = Piece> {
    let wanted = move |s: Side| match side {
        Some(Speaker::Client) => s == Side::Client,
        Some(Speaker::Server) => s == Side::Server,
        None => true,
    };
    let spans: Vec<(Side, Span)> = told
        .messages
        .iter()
        .filter(|m| m.session == session)
        .map(|m| (m.side, m.span))
        .collect();
    let around = opened_around(told, session);
    let opened = told.opened.iter().filter(move |(s, _)| Some(*s) == around);
    let opened = opened.map(|(_, piece)| piece);
    let as_captured = told.pieces.iter().filter(move |_| around.is_none());
    as_captured
        .chain(opened)
        .filter(move |p| wanted(p.side))
        .flat_map(move |piece| {
            if session == 0 || around == Some(session) {
                return vec![piece.clone()];
            }
            let parts = spans.iter().filter(|(side, _)| *side == piece.side);
            parts.filter_map(|(_, span)| part(piece, *span)).collect()
        })
}

/// The session, or that around it, whose content was decrypted.
fn opened_around(told: &Dialogue, session: u32) -> Option<u32> {
    let mut at = Some(session);
    while let Some(index) = at {
        if told.opened.iter().any(|(s, _)| *s == index) {
            return Some(index);
        }
        at = told
            .flow
            .sessions
            .get(index as usize)
            .and_then(|s| s.parent);
    }
    None
}

/// What of a piece lies in a span.
fn part(piece: &Piece, span: Span) -> Option<Piece> {
    let end = piece.at + piece.bytes.len() as u64;
    let (from, until) = (piece.at.max(span.start), end.min(span.end));
    let bytes = piece
        .bytes
        .get((from.checked_sub(piece.at)?) as usize..(until.checked_sub(piece.at)?) as usize)?;
    (!bytes.is_empty()).then(|| Piece {
        at: from,
        bytes: bytes.to_vec(),
        ..piece.clone()
    })
}

fn hex(told: &Dialogue, session: u32, side: Option<Speaker>) -> String {
    let mut text = String::new();
    for piece in pieces(told, session, side) {
        let arrow = if piece.side == Side::Client { ">" } else { "<" };
        if piece.missing > 0 {
            let _ = writeln!(
                text,
                "{arrow} {:08x}  [{} bytes were never captured]",
                piece.at, piece.missing
            );
        }
        for (row, line) in piece.bytes.chunks(16).enumerate() {
            let codes: Vec<String> = line.iter().map(|b| format!("{b:02x}")).collect();
            let shown: String = line
                .iter()
                .map(|b| {
                    if b.is_ascii_graphic() || *b == b' ' {
                        *b as char
                    } else {
                        '.'
                    }
                })
                .collect();
            let at = piece.at + row as u64 * 16;
            let _ = writeln!(text, "{arrow} {at:08x}  {:<47}  {shown}", codes.join(" "));
        }
    }
    text
}
