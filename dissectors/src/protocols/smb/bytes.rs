//! Little-endian numbers and texts at an offset, as MS-CIFS and MS-SMB2 write their tables.

/// Characters of a text that are kept.
const MAX_TEXT: usize = 512;

pub(super) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|b| u16::from_le_bytes(*b))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|b| u32::from_le_bytes(*b))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|b| u64::from_le_bytes(*b))
}

/// `len` bytes from `at`, or those of them that are there.
pub(super) fn part(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or(&[]);
    rest.get(..len).unwrap_or(rest)
}

/// A UTF-16LE text, made printable.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16_at(pair, 0).unwrap_or_default());
    let mut text = String::with_capacity((bytes.len() / 2).min(MAX_TEXT));
    let chars = char::decode_utf16(units).take(MAX_TEXT);
    text.extend(chars.map(|c| printable(c.unwrap_or(char::REPLACEMENT_CHARACTER))));
    text
}

/// A text of an 8-bit character set, made printable.
pub(super) fn oem(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(MAX_TEXT)
        .map(|b| {
            if b.is_ascii() {
                printable(char::from(*b))
            } else {
                '?'
            }
        })
        .collect()
}

fn printable(c: char) -> char {
    if c.is_control() { '\u{FFFD}' } else { c }
}

/// Texts that end with a NUL, one behind the other, in UTF-16LE or an 8-bit character set.
pub(super) struct Texts<'a> {
    bytes: &'a [u8],
    unicode: bool,
}

impl<'a> Texts<'a> {
    /// `bytes` begin at `at` of their message: UTF-16 stands on even offsets of it (MS-CIFS 2.2.1.1.1).
    pub(super) fn new(bytes: &'a [u8], at: usize, unicode: bool) -> Self {
        let pad = usize::from(unicode && at % 2 == 1);
        Self {
            bytes: bytes.get(pad..).unwrap_or(&[]),
            unicode,
        }
    }
}

impl Iterator for Texts<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let (len, end) = if self.unicode {
            let len = self
                .bytes
                .chunks_exact(2)
                .position(|pair| pair == [0, 0])
                .map_or(self.bytes.len(), |units| units * 2);
            (len, len + 2)
        } else {
            let len = self.bytes.iter().position(|b| *b == 0);
            let len = len.unwrap_or(self.bytes.len());
            (len, len + 1)
        };
        let text = part(self.bytes, 0, len);
        self.bytes = self.bytes.get(end..).unwrap_or(&[]);
        Some(if self.unicode { utf16(text) } else { oem(text) })
    }
}
