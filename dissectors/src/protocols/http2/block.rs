//! Header blocks out of the frames that carry them.

use super::hpack::{Bad, Decoder, List};
use super::wire::{Framed, Head, Kind, flag};

/// Bytes of the lines that are kept of one block.
const LINES_MOST: usize = 64 * 1024;

/// A header block on its way: HEADERS or PUSH_PROMISE and the CONTINUATION frames behind it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) stream: u32,
    pub(super) kind: Kind,
    pub(super) end_stream: bool,
    /// The known fields, a line `name: value` each.
    pub(super) lines: Vec<u8>,
}

impl Block {
    /// The value of a field, the first of its name.
    pub(super) fn find(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.lines.split(|b| *b == b'\n');
        lines.find_map(|line| {
            let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b": ")?;
            Some(value.strip_suffix(b"\r").unwrap_or(value))
        })
    }

    /// Adds known fields; false when there is no room for one.
    fn add(&mut self, list: &List) -> bool {
        let mut all_fit = true;
        let broken = |bytes: &[u8]| bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        for (name, value) in list.known() {
            let fits = self.lines.len() + name.len() + value.len() < LINES_MOST;
            all_fit &= fits;
            if fits && !broken(name) && !broken(value) {
                for part in [name, b": ", value, b"\r\n"] {
                    self.lines.extend_from_slice(part);
                }
            }
        }
        all_fit
    }
}

/// One side's blocks.
#[derive(Debug)]
pub(super) struct Blocks {
    decoder: Decoder,
    open: Option<Block>,
    /// What became whole with the last frame.
    pub(super) list: List,
    /// A block had more fields than are kept.
    pub(super) overflowed: bool,
}

impl Blocks {
    /// `whole`: all blocks will be seen.
    pub(super) fn new(whole: bool) -> Self {
        Self {
            decoder: Decoder::new(whole),
            open: None,
            list: List::default(),
            overflowed: false,
        }
    }

    /// A frame of a block was or may have been lost.
    pub(super) fn lose(&mut self) {
        self.open = None;
        self.decoder.lose();
    }

    /// Takes a frame that carries a part of a block; gives the block that ends with it.
    pub(super) fn take(&mut self, head: Head, payload: &[u8]) -> Result<Option<Block>, Bad> {
        self.list.clear();
        let Some(parts) = Framed::read(head, payload) else {
            self.lose();
            return Err(Bad("a frame shorter than its padding and priority"));
        };
        let mut block = match (self.open.take(), head.kind) {
            (Some(block), Kind::CONTINUATION) if block.stream == head.stream => block,
            (None, kind) if kind != Kind::CONTINUATION => Block {
                stream: head.stream,
                kind,
                end_stream: kind == Kind::HEADERS && head.has(flag::END_STREAM),
                lines: Vec::new(),
            },
            // What came before is not whole (RFC 9113 section 6.10).
            _ => {
                self.lose();
                return Err(Bad("a header block with another frame in it"));
            }
        };
        let last = head.has(flag::END_HEADERS);
        let fragment = payload.get(parts.start..parts.end).unwrap_or(&[]);
        let read = self.decoder.read(fragment, last, &mut self.list);
        self.overflowed |= !block.add(&self.list);
        read?;
        if last {
            return Ok(Some(block));
        }
        self.open = Some(block);
        Ok(None)
    }
}
