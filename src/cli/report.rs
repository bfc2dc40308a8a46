//! `colloquy report`.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use colloquy::analysis::{Outcome, Wanted};
use colloquy::diagnosis::Severity;
use colloquy::report::{json, text};
use colloquy::runner::{self, Options, Progress};
use colloquy::selection::Selection;
use indicatif::{ProgressBar, ProgressStyle};

use super::{keys, output};

/// Options of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Captures (pcap or pcapng, plain or in gzip, zstd, lz4); `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which sessions, with their findings: a filter in the language of display filters, as 'session.state == "stuck"'
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// How it is written [default: text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Tables as well. srt: response times by operation and server (SMB commands, ONC RPC procedures, DCE/RPC operations,
    /// HTTP and gRPC methods). Unanswered requests are counted, interim answers are none, and what waits by design, such as
    /// CHANGE_NOTIFY, has rows of its own. Percentiles are exact up to 64 times, beyond that within 0.8 %
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TABLE")]
    tables: Vec<Table>,
    /// Where it is written, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with status 1 when a finding is at least this severe
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Least>,
    /// Worker threads; 0 for as many as there are processors. The result is the same
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    keys: keys::Given,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: schema 1
    Json,
    /// For pipelines: a line for each session and each finding
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Response times by operation and server
    Srt,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Least {
    Note,
    Warning,
    Error,
    Critical,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Note => Self::Note,
            Least::Warning => Self::Warning,
            Least::Error => Self::Error,
            Least::Critical => Self::Critical,
        }
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let wants_times = args.tables.contains(&Table::Srt);
    let selection = args.filter.as_deref().map(Selection::compile).transpose()?;
    // Which sessions a filter selects is known at the end; the captures are read again for their response times.
    let is_twice = wants_times && selection.is_some();
    if is_twice && args.files.iter().any(|f| f.as_os_str() == "-") {
        anyhow::bail!(
            "--tables with --filter reads captures twice, which standard input cannot be"
        );
    }
    let mut options = Options {
        threads: args.threads,
        key_log: args.keys.read()?,
        ..Options::default()
    };
    if wants_times && !is_twice {
        options.response_times = Wanted::All;
    }
    let bar = progress_bar(args);
    let show = |p: &Progress| {
        if let Some(bar) = &bar {
            tell(bar, p);
        }
    };
    let outcome = runner::analyse_files(&args.files, &options, &show);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let mut outcome = outcome?;
    if let Some(selection) = selection {
        let ids = selection.of(&outcome);
        if is_twice {
            options.response_times = Wanted::Of(Arc::new(outcome.places(&ids)));
            drop(outcome);
            outcome = runner::analyse_files(&args.files, &options, &|_| ())?;
        }
        outcome.select(&ids);
    }
    let mut out = output::open(args.output.as_deref())?;
    write(&outcome, args, &mut out)?;
    out.flush()?;
    for error in &outcome.errors {
        output::complain(error);
    }
    let failed = args
        .fail_on
        .is_some_and(|least| outcome.worst() >= Some(least.into()));
    let code = match (outcome.errors.is_empty(), failed) {
        (false, _) => ExitCode::from(super::UNUSABLE),
        (true, true) => ExitCode::FAILURE,
        (true, false) => ExitCode::SUCCESS,
    };
    // The program ends here: to take a large outcome apart piece by piece would only cost time.
    std::mem::forget(outcome);
    Ok(code)
}

fn write(outcome: &Outcome, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args.format.unwrap_or(Format::Text) {
        Format::Text => text::write(outcome, &output::layout(args.output.is_some()), out)?,
        Format::Json => json::write(outcome, out)?,
        Format::Jsonl => json::write_lines(outcome, out)?,
    }
    Ok(())
}

fn progress_bar(args: &Args) -> Option<ProgressBar> {
    if args.no_progress || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec} {msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

fn tell(bar: &ProgressBar, progress: &Progress) {
    if let Some(bytes) = progress.of_bytes {
        bar.set_length(bytes);
    }
    bar.set_position(progress.bytes);
    bar.set_message(format!("{} frames", progress.frames));
}
