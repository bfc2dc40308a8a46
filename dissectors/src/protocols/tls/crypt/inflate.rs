//! Records that were compressed before they were encrypted (RFC 3749).

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes that one record may become (RFC 5246 6.2.1).
const MOST: usize = 1 << 14;

/// Decompresses the records of one side, which share a window.
#[derive(Debug)]
pub(super) struct Inflater(Decompress);

impl Inflater {
    pub(super) fn new() -> Self {
        Self(Decompress::new(true))
    }

    /// The next record's content; `None` for what can't be decompressed.
    pub(super) fn record(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        // One byte more, so that all input is taken.
        let mut plain = Vec::with_capacity(MOST + 1);
        let status = self
            .0
            .decompress_vec(bytes, &mut plain, FlushDecompress::Sync)
            .ok()?;
        (plain.len() <= MOST && status != Status::BufError).then_some(plain)
    }
}
