//! SSH bytes: version lines, packets, name-lists. No state of a session.

/// Bytes before a packet's padding: its length and that of its padding (RFC 4253 6).
pub(super) const HEAD: usize = 5;
/// The longest packet in clear that is waited for; OpenSSH takes no longer one.
pub(super) const PACKET_MOST: usize = 256 * 1024;
/// The longest line before the first packet (RFC 4253 4.2 allows 255 characters for the version).
pub(super) const LINE_MOST: usize = 4096;

/// Messages that the session reads (RFC 4250 4.1.2).
pub(super) mod message {
    pub(crate) const DISCONNECT: u8 = 1;
    pub(crate) const IGNORE: u8 = 2;
    pub(crate) const DEBUG: u8 = 4;
    pub(crate) const SERVICE_REQUEST: u8 = 5;
    pub(crate) const SERVICE_ACCEPT: u8 = 6;
    pub(crate) const KEXINIT: u8 = 20;
    pub(crate) const NEWKEYS: u8 = 21;
    /// 30 to 49 belong to the key exchange method.
    pub(crate) const KEX_FIRST: u8 = 30;
    pub(crate) const KEX_LAST: u8 = 49;
}

/// Messages of SSH 1 that are sent in clear.
pub(super) mod message1 {
    pub(crate) const DISCONNECT: u8 = 1;
    pub(crate) const SESSION_KEY: u8 = 3;
}

/// The bytes begin a version line: `SSH-` and a digit; `None` when more are needed.
pub(super) fn begins_version(bytes: &[u8]) -> Option<bool> {
    const START: &[u8] = b"SSH-";
    match bytes.strip_prefix(START) {
        Some(rest) => rest.first().map(u8::is_ascii_digit),
        None if !bytes.is_empty() && START.starts_with(bytes) => None,
        None => Some(false),
    }
}

/// A version line without its end.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The protocol version of a version line: `SSH-2.0-OpenSSH_9.2` gives (2, 0).
pub(super) fn protocol_version(line: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(line.get(..16.min(line.len()))?).ok()?;
    let (version, _) = text.strip_prefix("SSH-")?.split_once('-')?;
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A packet's head (RFC 4253 6). SSH 1 has only a length, which counts neither itself nor the padding.
///
/// ```text
///   0     4      5                          5+n          5+n+padding
///  +-----+------+--------------------------+-------------+
///  | len | pad  | payload: number, content | padding     |
///  +-----+------+--------------------------+-------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) len: usize,
    pub(super) padding: usize,
    /// Of SSH 1.
    pub(super) old: bool,
}

impl Head {
    pub(super) fn read(bytes: &[u8], old: bool) -> Option<Self> {
        let len = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
        let padding = if old {
            8 - len % 8
        } else {
            usize::from(*bytes.get(4)?)
        };
        Some(Self { len, padding, old })
    }

    /// Bytes of the whole packet.
    pub(super) const fn size(self) -> usize {
        4 + self.len + if self.old { self.padding } else { 0 }
    }

    /// Where the payload stands in the packet.
    pub(super) const fn payload(self) -> std::ops::Range<usize> {
        if self.old {
            // The last four bytes are a check sum.
            4 + self.padding..4 + self.padding + self.len.saturating_sub(4)
        } else {
            HEAD..(4 + self.len).saturating_sub(self.padding)
        }
    }

    /// It may be a packet's head: a payload of one byte at least, and four bytes of padding.
    pub(super) const fn is_plausible(self) -> bool {
        self.len >= 5
            && self.len <= PACKET_MOST
            && (self.old || self.padding >= 4 && self.padding + 1 < self.len)
    }
}

/// Bytes are read from it field by field; it knows where each stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Over bytes whose first stands at `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.bytes.split_at_checked(n)?;
        self.bytes = rest;
        self.at += n;
        Some(part)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// A `string`, `mpint` or `name-list` (RFC 4251 5).
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()?;
        self.take(len as usize)
    }
}

/// The ten name-lists of a KEXINIT, in their order (RFC 4253 7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KexInit<'a> {
    pub(super) lists: [&'a [u8]; LISTS],
}

/// Name-lists of a KEXINIT.
pub(super) const LISTS: usize = 10;

/// Places in [`KexInit::lists`].
pub(super) mod list {
    pub(crate) const KEX: usize = 0;
    pub(crate) const HOST_KEY: usize = 1;
    pub(crate) const CIPHER_TO_SERVER: usize = 2;
    pub(crate) const CIPHER_TO_CLIENT: usize = 3;
    pub(crate) const MAC_TO_SERVER: usize = 4;
    pub(crate) const MAC_TO_CLIENT: usize = 5;
    pub(crate) const COMPRESSION_TO_SERVER: usize = 6;
    pub(crate) const COMPRESSION_TO_CLIENT: usize = 7;
}

impl<'a> KexInit<'a> {
    /// Reads what follows the message's number.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut c = Cursor::new(body, 0);
        c.take(16)?;
        let mut lists = [&[][..]; LISTS];
        for list in &mut lists {
            *list = c.string()?;
        }
        Some(Self { lists })
    }
}

/// What is agreed: the first of the client's names that the server knows too (RFC 4253 7.1).
pub(super) fn agreed<'a>(client: &'a [u8], server: &[u8]) -> Option<&'a [u8]> {
    client
        .split(|byte| *byte == b',')
        .find(|name| !name.is_empty() && server.split(|byte| *byte == b',').any(|s| s == *name))
}
