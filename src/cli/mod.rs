//! The command line: one subcommand a file. What was typed is resolved once, here and at the top of each `run`.

#[cfg(feature = "live")]
mod capture;
mod explain;
mod fields;
mod follow;
mod frames;
#[cfg(feature = "live")]
mod interfaces;
mod keys;
mod output;
mod report;
mod slice;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Shows sessions instead of packets: who waits for whom, what went wrong, and the frames that prove it.
///
/// Without a subcommand the window opens, with the captures given.
#[derive(Debug, Parser)]
#[command(name = "colloquy", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Captures to open in the window
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Saves a picture of the window, as PNG, once the captures are open, and ends
    #[arg(long, value_name = "FILE.png")]
    screenshot: Option<PathBuf>,
    /// The look of the window; else as last time
    #[arg(long, value_enum)]
    theme: Option<Look>,
    #[command(flatten)]
    keys: keys::Given,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Look {
    Dark,
    Light,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sessions and findings of one or many captures
    Report(report::Args),
    /// The dialogue of one session
    Follow(follow::Args),
    /// One row a frame, as tshark prints it
    Frames(frames::Args),
    /// The frames of sessions as pcapng, to open in Wireshark, with findings as comments
    Slice(slice::Args),
    /// Every field that `frames` and filters know, with its type
    Fields(fields::Args),
    /// Captures live traffic and tells findings as they become true
    #[cfg(feature = "live")]
    Capture(capture::Args),
    /// What can be captured on, and why not where it cannot
    #[cfg(feature = "live")]
    Interfaces,
    /// What a rule means, why it happens, what to do; without a rule, the list
    Explain(explain::Args),
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff
    Man,
}

/// The exit status for wrong usage and unreadable input.
const UNUSABLE: u8 = 2;

/// Runs what was asked for.
pub(crate) fn run() -> ExitCode {
    let result = match Args::parse() {
        Args {
            command: Some(command),
            ..
        } => dispatch(command),
        args => window(args),
    };
    match result {
        Ok(code) => code,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&output::told(&error));
            ExitCode::from(UNUSABLE)
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Report(args) => report::run(&args),
        Command::Follow(args) => follow::run(&args),
        Command::Frames(args) => frames::run(&args),
        Command::Slice(args) => slice::run(&args),
        Command::Fields(args) => fields::run(&args),
        #[cfg(feature = "live")]
        Command::Capture(args) => capture::run(&args),
        #[cfg(feature = "live")]
        Command::Interfaces => interfaces::run(),
        Command::Explain(args) => explain::run(&args),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "colloquy", &mut text);
            output::print(&text)
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Args::command()).render(&mut text)?;
            output::print(&text)
        }
    }
}

#[cfg(feature = "gui")]
fn window(args: Args) -> anyhow::Result<ExitCode> {
    crate::gui::run(crate::gui::Start {
        files: args.files,
        picture: args.screenshot,
        dark: args.theme.map(|look| look == Look::Dark),
        key_log: args.keys.read()?,
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn window(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        files,
        screenshot: _,
        theme: _,
        keys: _,
        ..
    } = args;
    let hint = files.first().map_or_else(String::new, |f| {
        format!("; try: colloquy report {}", f.display())
    });
    anyhow::bail!("this colloquy was built without its window (feature `gui`){hint}")
}
