//! `colloquy frames`.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;
use colloquy::capture;
use colloquy::capture::Block;
use colloquy::dissectors::field::FieldInfo;
use colloquy::fields;
use colloquy::filter::Filter;
use colloquy::rows::print::{
    FieldsPrinter, JsonPrinter, Occurrence, Printer, Quote, TextPrinter, TimeFormat,
};
use colloquy::rows::{Forward, Plan};
use colloquy::runner::{self, Failed, Job, Options};
use colloquy::selection::FrameFilter;

use super::{keys, output};

/// Options of `frames`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The capture (pcap or pcapng, plain or in gzip, zstd, lz4); `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which frames: a display filter, in Wireshark's language
    #[arg(short = 'Y', long = "filter", value_name = "FILTER")]
    filter: Option<String>,
    /// How rows are written
    #[arg(short = 'T', value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// A field to be written; may be given again and again
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// How fields are written: header=y|n, separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, quote=d|s|n
    #[arg(short = 'E', value_name = "OPTION=VALUE")]
    options: Vec<String>,
    /// How -T text shows times: r relative, d delta, dd delta to the frame shown before, e epoch; a, ad, adoy the time of day,
    /// with date, with day of year; u, ud, udoy the same in UTC
    #[arg(short = 't', default_value = "r", value_parser = time_format, value_name = "FORMAT")]
    time: TimeFormat,
    /// Frames to be read at most
    #[arg(short = 'c', value_name = "COUNT")]
    count: Option<u64>,
    /// Where it is written, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Worker threads; 0 for as many as there are processors. The result is the same
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    keys: keys::Given,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary line a frame
    Text,
    /// The fields given with -e, a column each
    Fields,
    /// An array with an object a frame: the fields given with -e, or all
    Json,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let filter = args.filter.as_deref().map(Filter::compile).transpose()?;
    let (printer, mut plan) = printer_and_plan(args)?;
    let key_log = args.keys.read()?;
    let analysing = Options {
        key_log: key_log.clone(),
        ..Options::default()
    };
    let filter = filter
        .map(|filter| of_frames(filter, &args.file, &analysing))
        .transpose()?;
    if let Some(filter) = &filter {
        filter.add_to(&mut plan.wanted);
    }
    // The frame shown before is known only where one worker makes all rows.
    let one_worker = args.format == Format::Text && args.time == TimeFormat::DeltaDisplayed;
    let options = Options {
        threads: if one_worker { 1 } else { args.threads },
        key_log,
        ..Options::default()
    };
    let path = args.file.to_string_lossy();
    let ahead = look_ahead(args, &plan, &options)?;
    let mut source = options.key_log.beside(capture::open(&path)?);
    let mut out = BufWriter::with_capacity(1 << 16, output::open(args.output.as_deref())?);
    let job = Job {
        plan: &plan,
        keep: &|row| {
            let holds = |f: &FrameFilter| f.matches(row.stamp.frame, row.flow, &row.values);
            filter.as_ref().is_none_or(holds)
        },
        printer: printer.as_ref(),
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

/// How rows are written, and what they must hold for it.
fn printer_and_plan(args: &Args) -> anyhow::Result<(Box<dyn Printer>, Plan)> {
    let columns = columns(&args.fields)?;
    let ids = columns.iter().map(|f| f.id);
    Ok(match args.format {
        Format::Fields if columns.is_empty() => {
            bail!("-T fields needs at least one -e FIELD; `colloquy fields` lists them");
        }
        Format::Text if !columns.is_empty() => {
            bail!("-e is for -T fields and -T json");
        }
        Format::Fields => {
            let plan = Plan::of(ids);
            let printer = printer(&args.options, columns, args.fields.clone())?;
            (Box::new(printer), plan)
        }
        Format::Json => {
            let columns: Vec<_> = ids.collect();
            let plan = if columns.is_empty() {
                Plan::everything()
            } else {
                Plan::of(columns.iter().copied())
            };
            (Box::new(JsonPrinter { columns }), plan)
        }
        Format::Text => {
            let printer = TextPrinter::new(args.time, digits(args)?);
            let plan = Plan::of(printer.wants());
            (Box::new(printer), plan)
        }
    })
}

/// What only later frames tell, by a first pass where such a field is asked for.
fn look_ahead(args: &Args, plan: &Plan, options: &Options) -> anyhow::Result<Option<Arc<Forward>>> {
    if !plan.looks_ahead() {
        return Ok(None);
    }
    if args.file.as_os_str() == "-" {
        output::complain(
            "standard input is read once: fields that later frames decide, as the frame of a reply, are left out",
        );
        return Ok(None);
    }
    let source = capture::open(&args.file.to_string_lossy())?;
    let mut source = options.key_log.beside(source);
    let found = runner::look_ahead(source.as_mut(), options, plan, args.count)?;
    Ok(Some(Arc::new(found)))
}

/// The filter with what it reads of sessions, for which the capture is analysed first.
pub(super) fn of_frames(
    filter: Filter,
    file: &PathBuf,
    options: &Options,
) -> anyhow::Result<FrameFilter> {
    if !FrameFilter::needs_sessions(&filter) {
        return Ok(FrameFilter::of_frames(filter));
    }
    if file.as_os_str() == "-" {
        bail!(
            "a filter over sessions reads the capture twice, so it needs a file, not standard input"
        );
    }
    let files = std::slice::from_ref(file);
    let outcome = runner::analyse_files(files, options, &|_| ())?;
    Ok(FrameFilter::with_sessions(filter, &outcome, 0))
}

/// tshark's letters for the formats of time.
fn time_format(letters: &str) -> Result<TimeFormat, String> {
    let date = |utc, day_of_year| TimeFormat::Date { utc, day_of_year };
    Ok(match letters {
        "r" => TimeFormat::Relative,
        "d" => TimeFormat::Delta,
        "dd" => TimeFormat::DeltaDisplayed,
        "e" => TimeFormat::Epoch,
        "a" => TimeFormat::TimeOfDay { utc: false },
        "u" => TimeFormat::TimeOfDay { utc: true },
        "ad" => date(false, false),
        "adoy" => date(false, true),
        "ud" => date(true, false),
        "udoy" => date(true, true),
        _ => return Err("known are r, d, dd, e, a, ad, adoy, u, ud, udoy".to_owned()),
    })
}

/// Digits that the capture's times have behind the point, as far as its beginning tells.
fn digits(args: &Args) -> anyhow::Result<usize> {
    if args.file.as_os_str() == "-" {
        return Ok(9);
    }
    let mut source = capture::open(&args.file.to_string_lossy())?;
    source.fill(&mut Block::new())?;
    let units = source.summary().interfaces;
    let digits = units.iter().map(|i| match i.resolution {
        decimal @ ..=9 => usize::from(decimal),
        _ => 9,
    });
    Ok(digits.max().unwrap_or(6))
}

fn columns(names: &[String]) -> anyhow::Result<Vec<&'static FieldInfo>> {
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
