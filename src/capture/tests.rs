//! Reading and writing captures, whole and broken.

mod bytes;
mod damage;
mod formats;
mod late;
#[cfg(feature = "live")]
mod live;
mod packed;
mod real;
mod round_trip;

use std::io::{Cursor, Read};

use super::{Block, CaptureError, CaptureSummary, Record, Source, from_reader};

/// Everything a source gives: the frames with their bytes, and the summary.
pub(super) type Everything = (Vec<(Record, Vec<u8>)>, CaptureSummary);

/// Reads a source to its end.
pub(super) fn drain(source: &mut dyn Source) -> Result<Everything, CaptureError> {
    let mut block = Block::new();
    let mut frames = Vec::new();
    while source.fill(&mut block)? {
        for record in &block.records {
            let bytes = block.bytes(record);
            assert_eq!(
                bytes.len(),
                record.len as usize,
                "frame {} lies outside its block",
                record.no
            );
            frames.push((*record, bytes.to_vec()));
        }
    }
    let summary = source.summary();
    assert_eq!(summary.frames, frames.len() as u64);
    assert_eq!(
        summary.bytes,
        frames
            .iter()
            .map(|(record, _)| u64::from(record.len))
            .sum::<u64>()
    );
    assert!(!source.fill(&mut block)?, "the end stays the end");
    Ok((frames, summary))
}

/// Reads a capture that lies in memory.
pub(super) fn read(file: &[u8]) -> Everything {
    read_from(Cursor::new(file.to_vec()))
}

/// Reads a capture from a reader.
pub(super) fn read_from(reader: impl Read + Send + 'static) -> Everything {
    let mut source = from_reader("test", reader).expect("it is a capture");
    drain(source.as_mut()).expect("it can be read")
}

/// Gives at most so many bytes at a time, as a slow pipe.
pub(super) struct Trickle(pub(super) Cursor<Vec<u8>>, pub(super) usize);

impl Read for Trickle {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let len = to.len().min(self.1);
        self.0.read(&mut to[..len])
    }
}
