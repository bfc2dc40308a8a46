//! `colloquy fields`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use colloquy::fields;

use super::output;

/// Options of `fields`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those whose names begin with this, such as `smb2` or `tcp.analysis`
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
}

/// Runs it: a line a field with its name, type and what it is, tabs between.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let prefix = args.prefix.as_deref().unwrap_or("");
    let mut text = String::new();
    for field in fields::all().filter(|f| f.name.starts_with(prefix) && f.name != "_ws.branch") {
        writeln!(
            text,
            "{}\t{}\t{}",
            field.name,
            fields::type_name(field.kind),
            field.title
        )?;
    }
    if text.is_empty() {
        let meant = fields::nearest(prefix)
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        bail!("no field begins with {prefix}{meant}");
    }
    output::print(text.as_bytes())
}
