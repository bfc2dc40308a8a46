//! `colloquy interfaces`.

use std::fmt::Write as _;
use std::process::ExitCode;

use colloquy::capture::{CaptureError, live};

use super::output;

/// Runs it.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let interfaces = live::interfaces()?;
    let width = interfaces.iter().map(|i| i.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for interface in &interfaces {
        let addresses: Vec<String> = interface
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut notes = vec![if interface.up { "up" } else { "down" }.to_owned()];
        if interface.loopback {
            notes.push("loopback".to_owned());
        }
        notes.push(match live::probe(&interface.name) {
            Ok(link) => link.name().into_owned(),
            Err(CaptureError::Live { reason, .. }) => format!("cannot capture: {reason}"),
            Err(why) => format!("cannot capture: {why}"),
        });
        notes.extend(interface.description.clone().filter(|d| !d.is_empty()));
        let line = format!(
            "{:<width$}  {}  {}",
            interface.name,
            notes.join(", "),
            addresses.join(" ")
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    output::print(text.as_bytes())
}
