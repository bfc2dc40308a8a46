//! `colloquy frames`.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;
use colloquy::capture;
use colloquy::dissectors::field::FieldInfo;
use colloquy::fields;
use colloquy::rows::Plan;
use colloquy::rows::print::{FieldsPrinter, Occurrence, Quote};
use colloquy::runner::{self, Failed, Job, Options};

use super::output;

/// Options of `frames`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The capture (pcap or pcapng, plain or in gzip, zstd, lz4); `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How rows are written
    #[arg(short = 'T', value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// A field to be written; may be given again and again
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// How fields are written: header=y|n, separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, quote=d|s|n
    #[arg(short = 'E', value_name = "OPTION=VALUE")]
    options: Vec<String>,
    /// Frames to be read at most
    #[arg(short = 'c', value_name = "COUNT")]
    count: Option<u64>,
    /// Where it is written, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Worker threads; 0 for as many as there are processors. The result is the same
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary line a frame
    Text,
    /// The fields given with -e, a column each
    Fields,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let columns = columns(&args.fields)?;
    let printer = printer(&args.options, columns, args.fields.clone())?;
    let plan = Plan::of(printer.columns.iter().map(|f| f.id));
    let options = Options {
        threads: args.threads,
        ..Options::default()
    };
    let path = args.file.to_string_lossy();
    let mut ahead = None;
    if plan.looks_ahead() {
        let mut source = capture::open(&path)?;
        let found = runner::look_ahead(source.as_mut(), &options, &plan, args.count)?;
        ahead = Some(Arc::new(found));
    }
    let mut source = capture::open(&path)?;
    let mut out = BufWriter::with_capacity(1 << 16, output::open(args.output.as_deref())?);
    let job = Job {
        plan: &plan,
        keep: &|_| true,
        printer: &printer,
        most: args.count,
    };
    let result = runner::write_rows(source.as_mut(), &options, job, ahead, &mut out);
    out.flush()?;
    match result {
        Ok(()) => {}
        Err(Failed::Output(error)) => return Err(error.into()),
        Err(Failed::Capture(error)) => return Err(error.into()),
    }
    if let Some(damage) = &source.summary().damage {
        output::complain(&format!(
            "{path}: broken at byte {}: {}",
            damage.at_byte, damage.what
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn columns(names: &[String]) -> anyhow::Result<Vec<&'static FieldInfo>> {
    if names.is_empty() {
        bail!("-T fields needs at least one -e FIELD; `colloquy fields` lists them");
    }
    names
        .iter()
        .map(|name| {
            fields::find(name).ok_or_else(|| {
                let meant = fields::nearest(name)
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                anyhow::anyhow!("no field is called {name}{meant}")
            })
        })
        .collect()
}

fn printer(
    options: &[String],
    columns: Vec<&'static FieldInfo>,
    names: Vec<String>,
) -> anyhow::Result<FieldsPrinter> {
    let mut printer = FieldsPrinter {
        columns,
        names,
        header: false,
        separator: "\t".to_owned(),
        aggregator: ",".to_owned(),
        occurrence: Occurrence::All,
        quote: Quote::None,
    };
    for option in options {
        let Some((key, value)) = option.split_once('=') else {
            bail!("-E {option}: not of the form option=value");
        };
        match (key, value) {
            ("header", "y" | "n") => printer.header = value == "y",
            ("separator", _) => printer.separator = character(value),
            ("aggregator", _) => printer.aggregator = character(value),
            ("occurrence", "f") => printer.occurrence = Occurrence::First,
            ("occurrence", "l") => printer.occurrence = Occurrence::Last,
            ("occurrence", "a") => printer.occurrence = Occurrence::All,
            ("quote", "d") => printer.quote = Quote::Double,
            ("quote", "s") => printer.quote = Quote::Single,
            ("quote", "n") => printer.quote = Quote::None,
            _ => bail!(
                "-E {option}: no such option or value; known are header=y|n, separator=, occurrence=f|l|a, aggregator=, quote=d|s|n"
            ),
        }
    }
    Ok(printer)
}

/// `/t` and `/s` are a tab and a blank, as in tshark.
fn character(value: &str) -> String {
    match value {
        "/t" => "\t".to_owned(),
        "/s" => " ".to_owned(),
        other => other.to_owned(),
    }
}
