//! Frames in memory as a [`Source`]: for tests, and for frames made from a script.

use std::collections::VecDeque;

use colloquy_dissectors::units::Timestamp;

use super::limits::READ_BYTES;
use super::summary::Tally;
use super::{Block, CaptureError, CaptureSummary, InterfaceInfo, LinkType, Record, Source};

/// One frame, with its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFrame {
    /// When it was captured.
    pub time: Timestamp,
    /// What its bytes begin with.
    pub link: LinkType,
    /// The captured bytes.
    pub bytes: Vec<u8>,
    /// How many bytes it had on the wire.
    pub wire_len: u32,
}

impl MemoryFrame {
    /// A frame captured in full.
    pub fn whole(time: Timestamp, link: LinkType, bytes: Vec<u8>) -> Self {
        let wire_len = bytes.len() as u32;
        Self {
            time,
            link,
            bytes,
            wire_len,
        }
    }
}

/// Frames in memory, given out once. There is one interface a link type.
#[derive(Debug)]
pub struct MemorySource {
    frames: VecDeque<MemoryFrame>,
    tally: Tally,
    block_bytes: usize,
    at: u64,
}

impl MemorySource {
    /// A source of these frames, in this order.
    pub fn new(frames: Vec<MemoryFrame>) -> Self {
        Self {
            frames: frames.into(),
            tally: Tally::new("memory", "memory"),
            block_bytes: READ_BYTES,
            at: 0,
        }
    }

    /// Ends each block after this many bytes of frames: to test that block boundaries don't matter.
    #[must_use]
    pub fn with_block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }

    fn interface(&mut self, link: LinkType) -> u32 {
        let known = self
            .tally
            .summary
            .interfaces
            .iter()
            .position(|info| info.link == link);
        known.map_or_else(
            || {
                self.tally.interface(InterfaceInfo {
                    link,
                    resolution: 9,
                    ..InterfaceInfo::default()
                })
            },
            |index| index as u32,
        )
    }
}

impl From<Vec<(Timestamp, LinkType, Vec<u8>)>> for MemorySource {
    fn from(frames: Vec<(Timestamp, LinkType, Vec<u8>)>) -> Self {
        Self::new(
            frames
                .into_iter()
                .map(|(time, link, bytes)| MemoryFrame::whole(time, link, bytes))
                .collect(),
        )
    }
}

impl Source for MemorySource {
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.clear();
        while block.records.is_empty() || block.data.len() < self.block_bytes {
            let Some(frame) = self.frames.pop_front() else {
                break;
            };
            let MemoryFrame {
                time,
                link,
                bytes,
                wire_len,
            } = frame;
            let interface = self.interface(link);
            let len = bytes.len() as u32;
            let no = self.tally.frame(time, interface, len, wire_len);
            let record = Record {
                no,
                time,
                file_at: self.at,
                interface,
                start: 0,
                len,
                wire_len,
                link,
                header_len: 0,
            };
            block.push(record, &bytes);
            self.at += bytes.len() as u64;
        }
        Ok(!block.records.is_empty())
    }

    fn summary(&self) -> CaptureSummary {
        self.tally.summary()
    }
}
