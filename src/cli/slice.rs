//! `colloquy slice`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, bail};
use colloquy::analysis::Outcome;
use colloquy::capture::{self, CaptureError, Source};
use colloquy::dissectors::units::FrameNo;
use colloquy::filter::Filter;
use colloquy::rows::{Plan, Row};
use colloquy::runner::{self, FrameSet, Options, SliceNotes};

use super::{keys, output};

/// Options of `slice`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The capture
    file: PathBuf,
    /// Sessions by their ids, as `report` prints them
    #[arg(value_name = "SESSION")]
    sessions: Vec<u32>,
    /// Sessions with a finding of this rule
    #[arg(long, value_name = "RULE")]
    finding: Vec<String>,
    /// Frames for which a display filter is true, in Wireshark's language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// Where it is written
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The frames as they are, without findings as comments
    #[arg(long)]
    no_comments: bool,
    #[command(flatten)]
    keys: keys::Given,
}

/// Runs it: once for sessions and findings, again for the frames of their conversations, and a third time to copy them.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = args.file.to_string_lossy();
    if path == "-" {
        bail!("slice reads the capture several times, so it needs a file, not standard input");
    }
    if same_file(&args.file, &args.output) {
        bail!("{path} would be overwritten while it is read: give another -o");
    }
    let by_session = !(args.sessions.is_empty() && args.finding.is_empty());
    if by_session == args.filter.is_some() {
        bail!(
            "choose frames by one of: session ids as `colloquy report` prints them, --finding RULE, -Y FILTER"
        );
    }
    let options = Options {
        key_log: args.keys.read()?,
        ..Options::default()
    };
    let outcome = runner::analyse_files(std::slice::from_ref(&args.file), &options, &|_| ())?;
    let open = || Ok::<_, CaptureError>(options.key_log.beside(capture::open(&path)?));
    let mut source = open()?;
    let frames = match &args.filter {
        Some(filter) => filtered(args, filter, source.as_mut(), &options)?,
        None => {
            let sessions = chosen(args, &outcome)?;
            let flows = flows(args, &outcome, &sessions)?;
            runner::frames_of(source.as_mut(), &flows, &AtomicBool::new(false))?
        }
    };
    let summary = source.summary();
    let mut notes = notes(args, &outcome, &frames);
    if !source.secrets().is_empty() {
        notes.secrets = runner::secrets_of(open()?.as_mut(), &options, &frames)?;
    }
    let mut source = open()?;
    let out = output::open(Some(&args.output))?;
    let written = runner::write_slice(source.as_mut(), &summary, &frames, &notes, out)?;
    for error in &outcome.errors {
        output::complain(error);
    }
    if summary.comments_left_out > 0 {
        output::complain(&format!(
            "{} comments of the capture were not kept: there are too many",
            summary.comments_left_out
        ));
    }
    let mut tell = std::io::stderr().lock();
    writeln!(
        tell,
        "{written} of {} frames written to {}",
        summary.frames,
        args.output.display()
    )
    .ok();
    Ok(ExitCode::SUCCESS)
}

/// The frames for which the filter is true.
fn filtered(
    args: &Args,
    filter: &str,
    source: &mut dyn Source,
    options: &Options,
) -> anyhow::Result<FrameSet> {
    let filter = super::frames::of_frames(Filter::compile(filter)?, &args.file, options)?;
    let mut plan = Plan::default();
    filter.add_to(&mut plan.wanted);
    let path = args.file.to_string_lossy();
    let open = || Ok::<_, CaptureError>(options.key_log.beside(capture::open(&path)?));
    let mut ahead = None;
    if plan.looks_ahead() {
        let found = runner::look_ahead(open()?.as_mut(), options, &plan, None)?;
        ahead = Some(Arc::new(found));
    }
    let keep = |row: &Row| filter.matches(row.stamp.frame, row.flow, &row.values);
    let mut again = open()?;
    Ok(runner::frames_where(
        source,
        again.as_mut(),
        options,
        &plan,
        &keep,
        ahead,
    )?)
}

fn same_file(a: &std::path::Path, b: &std::path::Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The ids of the sessions that were asked for.
fn chosen(args: &Args, outcome: &Outcome) -> anyhow::Result<BTreeSet<u32>> {
    let mut ids: BTreeSet<u32> = args.sessions.iter().copied().collect();
    for rule in &args.finding {
        let of_rule = outcome
            .findings
            .iter()
            .filter(|f| f.finding.rule == rule.as_str());
        let before = ids.len();
        ids.extend(of_rule.map(|f| f.session));
        if ids.len() == before
            && !outcome
                .findings
                .iter()
                .any(|f| f.finding.rule == rule.as_str())
        {
            let mut told: Vec<&str> = outcome.findings.iter().map(|f| f.finding.rule).collect();
            told.sort_unstable();
            told.dedup();
            let told = if told.is_empty() {
                "none at all".to_owned()
            } else {
                told.join(", ")
            };
            bail!(
                "no finding {rule} in {}: there is {told}",
                args.file.display()
            );
        }
    }
    Ok(ids)
}

/// Their conversations.
fn flows(
    args: &Args,
    outcome: &Outcome,
    sessions: &BTreeSet<u32>,
) -> anyhow::Result<BTreeSet<u32>> {
    let flow = |id: &u32| {
        let row = outcome.session(*id).with_context(|| {
            format!(
                "no session {id} in {}: there are {}",
                args.file.display(),
                outcome.session_count()
            )
        })?;
        Ok(row.judged.flow.index)
    };
    sessions.iter().map(flow).collect()
}

/// Comments of the capture and, behind them, what the findings say of their frames.
fn notes(args: &Args, outcome: &Outcome, frames: &FrameSet) -> SliceNotes {
    let mut notes = SliceNotes::default();
    let mut whole = Vec::new();
    for (frame, comment) in outcome.captures.iter().flat_map(|c| &c.summary.comments) {
        match frame {
            Some(frame) => note(&mut notes, *frame, comment.clone()),
            None => whole.push(comment.clone()),
        }
    }
    if args.no_comments {
        notes.capture = (!whole.is_empty()).then(|| whole.join("\n"));
        return notes;
    }
    for found in &outcome.findings {
        let f = &found.finding;
        let mut any = false;
        for evidence in f.frames.iter().filter(|e| frames.has(e.frame)) {
            let says = format!(
                "{} {} ({}): {}",
                f.severity.name(),
                f.rule,
                evidence.role,
                f.title
            );
            note(&mut notes, evidence.frame, says);
            any = true;
        }
        if any {
            whole.push(format!(
                "session {}: {} {}: {}",
                found.session,
                f.severity.name(),
                f.rule,
                f.title
            ));
        }
    }
    notes.capture = (!whole.is_empty()).then(|| whole.join("\n"));
    notes
}

fn note(notes: &mut SliceNotes, frame: FrameNo, text: String) {
    notes.frames.entry(frame).or_default().push(text);
}
