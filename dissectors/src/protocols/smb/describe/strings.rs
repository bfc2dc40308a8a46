//! Texts that end with a NUL, one behind the other, in UTF-16LE or an 8-bit character set (MS-CIFS 2.2.1.1).

use super::text16;
use crate::field::{FieldId, Writer};

/// Reads texts with their places.
pub(super) struct Strings<'a> {
    bytes: &'a [u8],
    from: usize,
    /// Where `bytes` begin in their message: UTF-16 stands on even offsets of it.
    base: usize,
    /// Added to places that are told.
    shift: usize,
    unicode: bool,
}

impl<'a> Strings<'a> {
    /// `bytes` begin at `base` of their message.
    pub(super) const fn new(bytes: &'a [u8], base: usize, unicode: bool) -> Self {
        Self {
            bytes,
            from: 0,
            base,
            shift: 0,
            unicode,
        }
    }

    /// Steps over `count` bytes.
    pub(super) const fn skip(&mut self, count: usize) {
        self.from += count;
    }

    /// The next texts are in UTF-16, or not.
    pub(super) const fn is_unicode(&mut self, unicode: bool) {
        self.unicode = unicode;
    }

    /// Places are told by so many bytes more.
    pub(super) const fn shift(&mut self, by: usize) {
        self.shift = by;
    }

    /// The next text, its place in the message and its bytes without the NUL.
    pub(super) fn next_text(&mut self) -> Option<(String, usize, usize)> {
        if self.unicode && (self.base + self.from) % 2 == 1 {
            self.from += 1;
        }
        let rest = self.bytes.get(self.from..).filter(|r| !r.is_empty())?;
        let at = self.base + self.shift + self.from;
        let (len, nul) = if self.unicode {
            let mut units = rest.chunks_exact(2);
            let len = units.position(|unit| unit == [0, 0]);
            (len.map_or(rest.len(), |units| units * 2), 2)
        } else {
            let len = rest.iter().position(|byte| *byte == 0);
            (len.unwrap_or(rest.len()), 1)
        };
        let text = rest.get(..len).unwrap_or(rest);
        self.from += len + nul;
        let text = if self.unicode {
            text16(text)
        } else {
            String::from_utf8_lossy(text).into_owned()
        };
        Some((text, at, len))
    }

    /// Writes the next text as a field.
    pub(super) fn write(&mut self, w: &mut Writer<'_>, id: FieldId) {
        if let Some((text, at, len)) = self.next_text() {
            w.text(id, &text, at, len);
        }
    }
}
