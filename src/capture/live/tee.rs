//! A copy of what is captured in a pcapng file.

use std::fs::File;
use std::io;
use std::path::Path;

use super::super::{CaptureError, CaptureSummary, InterfaceInfo, Record, Writer, WriterOptions};

/// A copy of the frames in a file. The first failure is kept and told by the next [`Self::flush`].
pub(super) struct Tee {
    path: String,
    writer: Writer<File>,
    failure: Option<io::Error>,
}

impl Tee {
    pub(super) fn create(path: &Path, info: &InterfaceInfo) -> Result<Self, CaptureError> {
        let name = path.display().to_string();
        let begin = || {
            let mut writer = Writer::new(File::create(path)?, &WriterOptions::default())?;
            writer.interface(info)?;
            writer.flush()?;
            Ok(writer)
        };
        match begin() {
            Ok(writer) => Ok(Self {
                path: name,
                writer,
                failure: None,
            }),
            Err(source) => Err(CaptureError::Write { path: name, source }),
        }
    }

    pub(super) fn frame(&mut self, record: &Record, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self
                .writer
                .frame(0, record.time, bytes, record.wire_len)
                .err();
        }
    }

    pub(super) fn flush(&mut self) -> Result<(), CaptureError> {
        let done = self.failure.take().map_or_else(|| self.writer.flush(), Err);
        done.map_err(|source| CaptureError::Write {
            path: self.path.clone(),
            source,
        })
    }

    pub(super) fn close(mut self, summary: &CaptureSummary) -> Result<(), CaptureError> {
        self.flush()?;
        let Self {
            path, mut writer, ..
        } = self;
        let at = summary.last.unwrap_or_default();
        let end = || {
            writer.statistics(0, at, summary.received, summary.dropped)?;
            writer.finish().map(drop)
        };
        end().map_err(|source| CaptureError::Write { path, source })
    }
}
