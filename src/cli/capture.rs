//! `colloquy capture`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use colloquy::analysis::Outcome;
use colloquy::capture::Block;
use colloquy::capture::live::{Live, LiveOptions};
use colloquy::dissectors::units::Timestamp;
use colloquy::report::{json, text};
use colloquy::watch::Watch;

use super::{keys, output};

/// How often the rules run on what changed.
const LOOK: Duration = Duration::from_millis(500);

/// Options of `capture`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The interface; `any` for all
    #[arg(short, long, value_name = "IFACE")]
    interface: String,
    /// A capture filter in libpcap's language
    #[arg(short = 'f', long, value_name = "BPF")]
    filter: Option<String>,
    /// A pcapng file to write every frame to
    #[arg(short, long, value_name = "FILE.pcapng")]
    write: Option<PathBuf>,
    /// Stop after so many frames
    #[arg(short = 'c', long, value_name = "N")]
    count: Option<u64>,
    /// Stop after a time or size: duration:SECONDS, filesize:KB, packets:N
    #[arg(short = 'a', long, value_name = "WHAT:N", value_parser = autostop)]
    autostop: Vec<Autostop>,
    /// How findings and the summary are written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The most bytes to keep of a frame
    #[arg(short, long, value_name = "BYTES")]
    snaplen: Option<u32>,
    /// Leave the interface out of promiscuous mode
    #[arg(short = 'p', long)]
    no_promiscuous_mode: bool,
    #[command(flatten)]
    keys: keys::Given,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Jsonl,
}

#[derive(Clone, Copy, Debug)]
enum Autostop {
    Duration(Duration),
    Bytes(u64),
    Frames(u64),
}

fn autostop(text: &str) -> Result<Autostop, String> {
    let (what, n) = text
        .split_once(':')
        .ok_or("it is WHAT:N, such as duration:10")?;
    let number: f64 = n.parse().map_err(|_| format!("\"{n}\" is no number"))?;
    if !number.is_finite() || number < 0.0 {
        return Err(format!("\"{n}\" is out of range"));
    }
    match what {
        "duration" => Duration::try_from_secs_f64(number)
            .map(Autostop::Duration)
            .map_err(|e| e.to_string()),
        "filesize" => Ok(Autostop::Bytes((number * 1000.0) as u64)),
        "packets" => Ok(Autostop::Frames(number as u64)),
        other => Err(format!(
            "\"{other}\" is none of duration, filesize, packets"
        )),
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut options = LiveOptions::new(&args.interface);
    options.filter.clone_from(&args.filter);
    options.write_to.clone_from(&args.write);
    options.max_frames = most_frames(args);
    options.promiscuous = !args.no_promiscuous_mode;
    if let Some(bytes) = args.snaplen.filter(|n| *n > 0) {
        options.snap_len = bytes;
    }
    let key_log = args.keys.read()?;
    let live = Live::open(&options)?;
    let stop = live.stop_handle();
    let mut live = key_log.beside_running(Box::new(live));
    stop_on_signals(&stop)?;
    output::complain(&format!("capturing on {}; Ctrl-C ends it", args.interface));
    let mut watch = Watch::new();
    let mut out = io::stdout().lock();
    let begin = Instant::now();
    let mut looked = begin;
    let mut block = Block::new();
    while live.fill(&mut block)? {
        watch.secrets(live.secrets());
        block = watch.push(block);
        if enough(args, begin.elapsed(), watch.bytes()) {
            stop.store(true, Ordering::Relaxed);
        }
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            tell(&mut watch, args, &mut out)?;
        }
    }
    let outcome = watch.finish(live.summary());
    summary(&outcome, args, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn stop_on_signals(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(stop))
            .context("cannot listen for Ctrl-C")?;
    }
    Ok(())
}

fn enough(args: &Args, elapsed: Duration, bytes: u64) -> bool {
    args.autostop.iter().any(|stop| match stop {
        Autostop::Duration(most) => elapsed >= *most,
        Autostop::Bytes(most) => bytes >= *most,
        Autostop::Frames(_) => false,
    })
}

/// The source itself ends after the last frame that is wanted.
fn most_frames(args: &Args) -> Option<u64> {
    let stops = args.autostop.iter().filter_map(|stop| match stop {
        Autostop::Frames(most) => Some(*most),
        _ => None,
    });
    stops.chain(args.count).min()
}

/// Findings that became true since the last look.
fn tell(watch: &mut Watch, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    for new in watch.look(now()) {
        match args.format {
            Format::Text => text::write_live(&new.flow, &new.finding, &output::layout(false), out)?,
            Format::Jsonl => json::write_finding(None, 0, &new.finding, out)?,
        }
    }
    out.flush()?;
    Ok(())
}

fn summary(outcome: &Outcome, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args.format {
        Format::Text => text::write(outcome, &output::layout(false), out)?,
        Format::Jsonl => json::write_lines(outcome, out)?,
    }
    out.flush()?;
    if let Some(error) = outcome.errors.first() {
        bail!("{error}");
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
