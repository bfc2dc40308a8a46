//! Where frames come from: capture files, standard input, memory and live interfaces.
//!
//! Heads up! Before working on this file read draft-ietf-opsawg-pcap (classic files) and draft-ietf-opsawg-pcapng (blocks).
//!
//! A [`Source`] fills a [`Block`] with about 1 MiB of frames at a time; a [`Record`] only points into it, so no frame is
//! copied or allocated. Everything known of the capture as a whole is in its [`CaptureSummary`]: a damaged file is read as far
//! as it goes and the summary says where it broke.
//!
//! ```no_run
//! use colloquy::capture::{self, Block};
//!
//! let mut source = capture::open("trouble.pcapng")?;
//! let mut block = Block::new();
//! while source.fill(&mut block)? {
//!     for record in &block.records {
//!         let frame: &[u8] = block.bytes(record);
//!         assert_eq!(frame.len(), record.len as usize);
//!     }
//! }
//! # Ok::<(), capture::CaptureError>(())
//! ```

mod classic;
mod error;
mod file;
mod foreign;
mod input;
mod keys;
mod late;
mod limits;
mod link;
#[cfg(feature = "live")]
pub mod live;
mod memory;
mod order;
mod pcapng;
pub mod script;
mod summary;
#[cfg(test)]
mod tests;
mod unpack;
mod writer;

use colloquy_dissectors::units::{FrameNo, Timestamp};

pub use error::CaptureError;
pub use file::{from_reader, open};
pub use keys::KeyLog;
pub use link::LinkType;
pub use memory::{MemoryFrame, MemorySource};
pub use summary::{Break, CaptureSummary, ClockSteps, Damage, InterfaceInfo};
pub use writer::{Writer, WriterOptions};

/// One frame of a capture, without its bytes: those lie in the [`Block`] it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The frame's number, from 1, as tshark counts: pcapng's custom, journal and system call blocks have numbers too, with the
    /// link type [`LinkType::NOT_A_PACKET`].
    pub no: FrameNo,
    /// When it was captured. A frame whose block has no time (simple packets, custom blocks) has that of the frame before.
    pub time: Timestamp,
    /// Where the record's header begins in the file, in bytes; in the unpacked stream of a compressed one.
    pub file_at: u64,
    /// The index of its interface in [`CaptureSummary::interfaces`].
    pub interface: u32,
    /// Where its bytes begin in [`Block::data`].
    pub start: u32,
    /// How many bytes were captured.
    pub len: u32,
    /// How many bytes it had on the wire, as the file says.
    pub wire_len: u32,
    /// What its bytes begin with.
    pub link: LinkType,
    /// Bytes of the record's header: the frame's own bytes are at `file_at + header_len` of the file.
    pub header_len: u16,
}

impl Record {
    /// True when the capture kept fewer bytes than were on the wire.
    pub fn is_cut(&self) -> bool {
        self.len < self.wire_len
    }
}

/// A piece of a capture: many frames and the buffer they lie in. Made once, filled again and again.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The bytes the records point into. Bytes that no record points to mean nothing, the end of the buffer included.
    pub data: Vec<u8>,
    /// The frames, in the order of the capture.
    pub records: Vec<Record>,
}

impl Block {
    /// An empty block; its buffers grow with the first [`Source::fill`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The captured bytes of a frame of this block.
    pub fn bytes(&self, record: &Record) -> &[u8] {
        let start = record.start as usize;
        let end = start.saturating_add(record.len as usize);
        self.data.get(start..end).unwrap_or_default()
    }

    /// Forgets the frames, keeps the buffers.
    pub fn clear(&mut self) {
        self.records.clear();
        self.data.clear();
    }

    /// Adds a frame and copies its bytes: for sources that have no file buffer to point into.
    pub(crate) fn push(&mut self, record: Record, bytes: &[u8]) {
        let start = self.data.len() as u32;
        self.data.extend_from_slice(bytes);
        self.records.push(Record {
            start,
            len: bytes.len() as u32,
            ..record
        });
    }
}

/// Where frames come from. Nothing behind it can tell a file from an interface.
pub trait Source: Send {
    /// Fills `block` (cleared first, its buffers used again) with the next frames, about 1 MiB of them; false at the end.
    /// Live sources return early with what is there, which may be nothing.
    ///
    /// # Errors
    /// [`CaptureError`] when the operating system refuses to read on. A damaged file is no error: it ends, and
    /// [`CaptureSummary::damage`] says why. All frames read before either were delivered.
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError>;

    /// The TLS secrets that the capture has told so far, as the text of a key log.
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "a source that has some gives its own"
    )]
    fn secrets(&self) -> &str {
        ""
    }

    /// What is known of the capture so far: valid at any time, complete after the end.
    fn summary(&self) -> CaptureSummary;
}
