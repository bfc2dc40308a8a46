//! A key log beside a capture: secrets of TLS sessions in a file of their own, as programs write it that are told to by the
//! environment variable `SSLKEYLOGFILE` (draft-ietf-tls-keylogfile).

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::limits::KEY_LOG_BYTES;
use super::{Block, CaptureError, CaptureSummary, Source};

/// The text of a key log, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct KeyLog {
    text: Arc<str>,
    path: Option<Arc<PathBuf>>,
}

impl KeyLog {
    /// Reads a file; of one that is very long the end, where the newest secrets are.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self {
            text: tail(path)?.into(),
            path: Some(Arc::new(path.to_owned())),
        })
    }

    /// A log that is in memory.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            text: text.into(),
            path: None,
        }
    }

    /// A capture with this log beside it.
    #[must_use]
    pub fn beside(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        if self.text.is_empty() {
            return source;
        }
        Box::new(WithKeys::new(source, self.clone(), None))
    }

    /// The same for a running capture: what programs write into the file meanwhile is read too.
    #[must_use]
    pub fn beside_running(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        match &self.path {
            Some(path) => {
                let len = size(path);
                Box::new(WithKeys::new(source, self.clone(), Some(len)))
            }
            None => self.beside(source),
        }
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let surplus = file.metadata()?.len().saturating_sub(KEY_LOG_BYTES);
    if surplus > 0 {
        file.seek(SeekFrom::Start(surplus))?;
    }
    let mut bytes = Vec::new();
    // A pipe has no length.
    file.take(KEY_LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A source with a key log beside it.
struct WithKeys {
    source: Box<dyn Source>,
    log: KeyLog,
    /// The file's length when it was read last, where it grows.
    growing: Option<u64>,
    /// What the capture itself told, of so many bytes, behind the log.
    own: usize,
    text: String,
}

impl WithKeys {
    fn new(source: Box<dyn Source>, log: KeyLog, growing: Option<u64>) -> Self {
        let mut new = Self {
            source,
            log,
            growing,
            own: 0,
            text: String::new(),
        };
        new.join();
        new
    }

    fn join(&mut self) {
        let own = self.source.secrets();
        self.own = own.len();
        self.text = format!("{}\n{own}", self.log.text);
    }

    /// Reads the file again where it has grown.
    fn look(&mut self) -> bool {
        let (Some(known), Some(path)) = (self.growing, &self.log.path) else {
            return false;
        };
        let len = size(path);
        let Some(text) = (len != known).then(|| tail(path).ok()).flatten() else {
            return false;
        };
        self.growing = Some(len);
        self.log.text = text.into();
        true
    }
}

impl Source for WithKeys {
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        let more = self.source.fill(block)?;
        if self.look() || self.source.secrets().len() != self.own {
            self.join();
        }
        Ok(more)
    }

    fn secrets(&self) -> &str {
        &self.text
    }

    fn summary(&self) -> CaptureSummary {
        self.source.summary()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::capture;

    const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/tls/tls13.pcap");

    #[test]
    fn a_log_that_grows_is_read_again_beside_a_running_capture_only() {
        let path = std::env::temp_dir().join(format!("colloquy-keys-{}", std::process::id()));
        std::fs::write(&path, "CLIENT_RANDOM 00 11\n").unwrap();
        let log = KeyLog::read(&path).unwrap();
        let source = || capture::open(SAMPLE).unwrap();
        let mut still = log.beside(source());
        let mut running = log.beside_running(source());
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"CLIENT_RANDOM 22 33\n").unwrap();
        for source in [&mut still, &mut running] {
            source.fill(&mut Block::new()).unwrap();
        }
        std::fs::remove_file(&path).unwrap();
        assert!(still.secrets().starts_with("CLIENT_RANDOM 00 11\n"));
        assert!(!still.secrets().contains("22 33"));
        assert!(running.secrets().contains("CLIENT_RANDOM 22 33\n"));
        assert!(running.summary().frames > 0);
    }

    #[test]
    fn without_a_log_a_source_stays_as_it_is() {
        let none = KeyLog::default().beside(capture::open(SAMPLE).unwrap());
        assert_eq!(none.secrets(), "");
        let none = KeyLog::of("").beside_running(capture::open(SAMPLE).unwrap());
        assert_eq!(none.secrets(), "");
    }
}
