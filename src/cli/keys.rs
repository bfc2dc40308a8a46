//! The key log beside a capture, as it is given on the command line.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use colloquy::capture::KeyLog;

/// Where programs that are told to write their secrets.
const VARIABLE: &str = "SSLKEYLOGFILE";

/// The option for it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Given {
    /// TLS secrets, with which sessions are decrypted: a key log as SSLKEYLOGFILE makes programs write it. Without this option
    /// the file that the variable SSLKEYLOGFILE names is read, where there is one; secrets in a pcapng are used in any case
    #[arg(long, value_name = "FILE")]
    pub(crate) keylog: Option<PathBuf>,
}

impl Given {
    /// Reads it. A file that only the environment names may be missing.
    pub(crate) fn read(&self) -> anyhow::Result<KeyLog> {
        if let Some(path) = &self.keylog {
            return KeyLog::read(path)
                .with_context(|| format!("cannot read the key log {}", path.display()));
        }
        let named = env::var_os(VARIABLE).filter(|name| !name.is_empty());
        let log = named.and_then(|name| KeyLog::read(&PathBuf::from(name)).ok());
        Ok(log.unwrap_or_default())
    }
}
