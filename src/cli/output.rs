//! Where results and complaints go.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use colloquy::report::text::{Layout, Style};

/// Standard output, or a file.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) if path != Path::new("-") => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::with_capacity(1 << 16, file))
        }
        _ => Box::new(BufWriter::with_capacity(1 << 16, io::stdout().lock())),
    })
}

/// Colours and width for standard output, or plain text for a file.
pub(crate) fn layout(to_file: bool) -> Layout {
    let terminal = !to_file && io::stdout().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let width = terminal
        .then(terminal_size::terminal_size)
        .flatten()
        .map(|(w, _)| usize::from(w.0));
    let style = if colour { Style::Colour } else { Style::Plain };
    let default = Layout::default();
    Layout {
        style,
        width: width.unwrap_or(default.width),
        ..default
    }
}

/// Writes to standard output in one go.
pub(crate) fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// One line to standard error.
pub(crate) fn complain(text: &str) {
    // Nothing can be done where standard error is closed.
    let _ = writeln!(io::stderr().lock(), "colloquy: {text}");
}

/// What went wrong and why, on one line. A cause that is in the text before it is not told again.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let mut text = cause.to_string();
        if let Some(at) = text.find(" (os error ") {
            text.truncate(at);
        }
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

/// The reader of our output went away: no reason to complain.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        io.map(io::Error::kind).or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
