//! TLS secrets that stand in a pcapng behind the packets they open.
//!
//! A file is read once and in order, and secrets count from the block on in which they are met. A file that can be opened again
//! is read a second time, for its secrets alone, as soon as it shows that some come late: where a secrets block stands behind
//! its last packet (found from the end, block by block, before anything is read), or where one is met after packets were given.
//! A file without such blocks costs the look at its end, some ten system calls.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::file::from_reader;
use super::order::Order;
use super::pcapng::{is_packet, is_secrets};
use super::{Block, Source};

/// Blocks behind the last packet that are looked at.
const LOOKED_AT: usize = 32;

/// The secrets of a file, as far as they come late.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// The file, where it can be opened again and was not yet.
    path: Option<String>,
    /// Bytes of the secrets that were told in order.
    seen: usize,
    /// Packets were given.
    began: bool,
    /// All secrets of the file.
    all: Option<String>,
}

impl Late {
    /// Of a pcapng file that is not compressed.
    pub(super) fn of_file(path: &str) -> Self {
        let mut it = Self {
            path: Some(path.to_owned()),
            ..Self::default()
        };
        if has_at_its_end(path).unwrap_or(false) {
            it.read();
        }
        it
    }

    /// Packets were given, and `told` are the secrets that were met in order.
    pub(super) fn look(&mut self, told: &str) {
        if self.began && told.len() > self.seen {
            self.read();
        }
        self.began = true;
        self.seen = told.len();
    }

    /// All secrets where some come late, otherwise what was told.
    pub(super) fn of<'a>(&'a self, told: &'a str) -> &'a str {
        self.all.as_deref().unwrap_or(told)
    }

    fn read(&mut self) {
        if let Some(path) = self.path.take() {
            self.all = all_of(&path).filter(|all| !all.is_empty());
        }
    }
}

/// All secrets of a file, as far as it can be read.
fn all_of(path: &str) -> Option<String> {
    let mut source: Box<dyn Source> = from_reader(path, File::open(path).ok()?).ok()?;
    let mut block = Block::new();
    while source.fill(&mut block).unwrap_or(false) {}
    Some(source.summary().secrets)
}

/// True where a secrets block stands behind the last packet.
fn has_at_its_end(path: &str) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    for _ in 0..LOOKED_AT {
        let Some((start, kind)) = block_before(&mut file, end)? else {
            return Ok(false);
        };
        if is_packet(kind) || is_secrets(kind) {
            return Ok(is_secrets(kind));
        }
        end = start;
    }
    Ok(false)
}

/// Where the block begins that ends at `end`, and its type: the length behind a block is also in front of it.
fn block_before(file: &mut File, end: u64) -> io::Result<Option<(u64, u32)>> {
    let Some(trailer) = end.checked_sub(4) else {
        return Ok(None);
    };
    let (mut behind, mut front) = ([0; 4], [0; 8]);
    file.seek(SeekFrom::Start(trailer))?;
    file.read_exact(&mut behind)?;
    for order in [Order::Little, Order::Big] {
        let len = u64::from(order.u32(behind));
        let start = end
            .checked_sub(len)
            .filter(|_| len >= 12 && len.is_multiple_of(4));
        let Some(start) = start else { continue };
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut front)?;
        if let Some([kind, total]) = order.words(&front)
            && u64::from(total) == len
        {
            return Ok(Some((start, kind)));
        }
    }
    Ok(None)
}
