//! External Data Representation (RFC 4506): big-endian words of four bytes.

/// Reads XDR items one after the other. Every read answers `None` where the bytes end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Xdr<'a> {
    rest: &'a [u8],
}

impl<'a> Xdr<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An unsigned integer, an enum or a bool (RFC 4506 section 4.2).
    pub(super) fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*word))
    }

    /// An unsigned hyper (section 4.5).
    pub(super) fn hyper(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*word))
    }

    /// Opaque data of fixed length, with its padding (section 4.9).
    pub(super) fn fixed(&mut self, len: usize) -> Option<&'a [u8]> {
        let (data, rest) = self.rest.split_at_checked(len)?;
        // The padding of the last item may be cut off with the capture; the item itself is whole.
        let padding = len.next_multiple_of(4) - len;
        self.rest = rest.get(padding..).unwrap_or(&[]);
        Some(data)
    }

    /// Opaque data or a string of variable length, at most `most` bytes (section 4.10).
    pub(super) fn opaque(&mut self, most: u32) -> Option<&'a [u8]> {
        let len = self.word()?;
        if len > most {
            return None;
        }
        self.fixed(len as usize)
    }

    /// Passes over `count` words.
    pub(super) fn skip_words(&mut self, count: usize) -> Option<()> {
        self.rest = self.rest.get(count.checked_mul(4)?..)?;
        Some(())
    }

    /// An optional item's discriminator (section 4.19).
    pub(super) fn present(&mut self) -> Option<bool> {
        self.word().map(|w| w != 0)
    }
}

/// Text of the wire, made printable: controls become dots, bad UTF-8 the replacement character.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '.' } else { c })
        .collect()
}

/// A fingerprint of a file handle, for maps and for reports: FNV-1a, 32 bits.
pub(super) fn handle_hash(handle: &[u8]) -> u32 {
    handle.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
