//! TLS bytes: heads of records and messages, and a cursor over what is in them. No state of a session.

/// Bytes of a record's head.
pub(super) const HEAD: usize = 5;
/// Bytes of a handshake message's head.
pub(super) const MESSAGE_HEAD: usize = 4;
/// The longest record: 2^14 bytes and what compression and encryption may add (RFC 5246 6.2.3).
pub(super) const RECORD_MOST: u16 = (1 << 14) + 2048;
/// The longest handshake message that is waited for; longer ones are taken for encrypted bytes.
pub(super) const MESSAGE_MOST: usize = 1 << 16;

/// What records carry (RFC 8446 5.1, RFC 6520).
pub(super) mod content {
    pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(crate) const ALERT: u8 = 21;
    pub(crate) const HANDSHAKE: u8 = 22;
    pub(crate) const APPLICATION_DATA: u8 = 23;
    pub(crate) const HEARTBEAT: u8 = 24;
}

/// Handshake messages (RFC 8446 4, RFC 5246 7.4) that are told apart.
pub(super) mod message {
    pub(crate) const HELLO_REQUEST: u8 = 0;
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const SERVER_HELLO: u8 = 2;
    pub(crate) const NEW_SESSION_TICKET: u8 = 4;
    pub(crate) const END_OF_EARLY_DATA: u8 = 5;
    pub(crate) const HELLO_RETRY_REQUEST: u8 = 6;
    pub(crate) const ENCRYPTED_EXTENSIONS: u8 = 8;
    pub(crate) const CERTIFICATE: u8 = 11;
    pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(crate) const CERTIFICATE_REQUEST: u8 = 13;
    pub(crate) const SERVER_HELLO_DONE: u8 = 14;
    pub(crate) const CERTIFICATE_VERIFY: u8 = 15;
    pub(crate) const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub(crate) const FINISHED: u8 = 20;
    pub(crate) const CERTIFICATE_STATUS: u8 = 22;
    /// RFC 8879.
    pub(crate) const COMPRESSED_CERTIFICATE: u8 = 25;
}

/// Versions.
pub(super) mod version {
    pub(crate) const SSL2: u16 = 0x0002;
    pub(crate) const SSL3: u16 = 0x0300;
    pub(crate) const TLS10: u16 = 0x0301;
    pub(crate) const TLS12: u16 = 0x0303;
    pub(crate) const TLS13: u16 = 0x0304;
    /// Of the Chinese TLCP (GB/T 38636).
    pub(crate) const TLCP: u16 = 0x0101;
}

/// A version that a record or a hello may have; drafts of TLS 1.3 are 0x7fNN.
pub(super) const fn is_version(number: u16) -> bool {
    matches!(
        number,
        version::SSL3..=version::TLS13 | version::TLCP | 0x7F0E..=0x7F1C
    )
}

/// TLS 1.3, or one of its drafts.
pub(super) const fn is_tls13(number: u16) -> bool {
    matches!(number, version::TLS13 | 0x7F00..=0x7FFF)
}

/// Its name; empty for an unknown number.
pub(super) const fn version_name(number: u16) -> &'static str {
    match number {
        version::SSL2 => "SSL 2.0",
        version::SSL3 => "SSL 3.0",
        version::TLS10 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        version::TLS12 => "TLS 1.2",
        version::TLS13 => "TLS 1.3",
        0x7F00..=0x7FFF => "TLS 1.3 (draft)",
        version::TLCP => "TLCP",
        _ => "",
    }
}

/// What the protocol column says of a version.
pub(super) const fn short_name(number: u16) -> &'static str {
    match number {
        version::SSL2 => "SSLv2",
        version::SSL3 => "SSLv3",
        version::TLS10 => "TLSv1",
        0x0302 => "TLSv1.1",
        version::TLS12 => "TLSv1.2",
        version::TLS13 | 0x7F00..=0x7FFF => "TLSv1.3",
        version::TLCP => "TLCP",
        _ => "SSL",
    }
}

/// A value that is sent to keep peers tolerant (RFC 8701).
pub(super) const fn is_grease(number: u16) -> bool {
    number & 0x0F0F == 0x0A0A && number >> 8 == number & 0xFF
}

/// A record's head.
///
/// ```text
///   0        1        2        3        4
///  +--------+--------+--------+--------+--------+
///  | type   | version         | length          |
///  +--------+--------+--------+--------+--------+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) version: u16,
    pub(super) len: u16,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[kind, major, minor, high, low] = bytes.first_chunk()?;
        Some(Self {
            kind,
            version: u16::from_be_bytes([major, minor]),
            len: u16::from_be_bytes([high, low]),
        })
    }

    /// The head as it is written.
    pub(super) fn bytes(self) -> [u8; HEAD] {
        let [major, minor] = self.version.to_be_bytes();
        let [high, low] = self.len.to_be_bytes();
        [self.kind, major, minor, high, low]
    }

    /// It may be a record's head.
    pub(super) const fn is_plausible(self) -> bool {
        matches!(
            self.kind,
            content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT
        ) && is_version(self.version)
            && self.len <= RECORD_MOST
            // Only application data may be empty, to hide how much there is.
            && (self.len > 0 || self.kind == content::APPLICATION_DATA)
    }

    /// Bytes of the record with its head.
    pub(super) const fn size(self) -> usize {
        HEAD + self.len as usize
    }
}

/// A record's head in SSL 2.0: two bytes, or three with padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head2 {
    pub(super) size: usize,
    pub(super) len: usize,
    pub(super) escape: bool,
    pub(super) padding: u8,
}

impl Head2 {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[first, second] = bytes.first_chunk()?;
        if first & 0x80 != 0 {
            return Some(Self {
                size: 2,
                len: usize::from(u16::from_be_bytes([first & 0x7F, second])),
                escape: false,
                padding: 0,
            });
        }
        Some(Self {
            size: 3,
            len: usize::from(u16::from_be_bytes([first & 0x3F, second])),
            escape: first & 0x40 != 0,
            padding: *bytes.get(2)?,
        })
    }
}

/// Messages of SSL 2.0 that are sent in clear.
pub(super) mod message2 {
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const CLIENT_MASTER_KEY: u8 = 2;
    pub(crate) const SERVER_HELLO: u8 = 4;
}

/// A ClientHello in the form of SSL 2.0 (RFC 5246 E.2), by its record's first bytes; `None` when more are needed.
pub(super) fn is_hello2(bytes: &[u8]) -> Option<bool> {
    if bytes.first()? & 0x80 == 0 {
        return Some(false);
    }
    if *bytes.get(2)? != message2::CLIENT_HELLO {
        return Some(false);
    }
    let &[
        major,
        minor,
        ciphers,
        cipher_bytes,
        id,
        id_bytes,
        challenge,
        challenge_bytes,
    ] = bytes.get(3..)?.first_chunk()?;
    let number = |a, b| usize::from(u16::from_be_bytes([a, b]));
    let offered = number(ciphers, cipher_bytes);
    let id = number(id, id_bytes);
    let challenge = number(challenge, challenge_bytes);
    let known = matches!(
        u16::from_be_bytes([major, minor]),
        version::SSL2 | version::SSL3..=version::TLS13
    );
    let len = Head2::read(bytes)?.len;
    Some(
        known
            && offered > 0
            && offered % 3 == 0
            && (16..=32).contains(&challenge)
            && matches!(id, 0 | 16 | 32)
            && len == 9 + offered + id + challenge,
    )
}

/// Bytes are read from it field by field; it knows where each stands in the record, also where a message goes on in the
/// next record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begin in the message.
    at: usize,
    /// Where the message begins in the record.
    base: usize,
    /// Places in the message at which another record begins.
    seams: &'a [usize],
}

impl<'a> Cursor<'a> {
    /// Over a message that begins at `base` and goes on in further records at `seams`.
    pub(super) const fn new(bytes: &'a [u8], base: usize, seams: &'a [usize]) -> Self {
        Self {
            bytes,
            at: 0,
            base,
            seams,
        }
    }

    /// Where the next byte stands.
    pub(super) fn at(&self) -> usize {
        let heads = self.seams.iter().filter(|seam| **seam <= self.at).count();
        self.base + self.at + heads * HEAD
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `n` bytes as a cursor of their own.
    pub(super) fn part(&mut self, n: usize) -> Option<Self> {
        let (part, rest) = self.bytes.split_at_checked(n)?;
        let inner = Self {
            bytes: part,
            ..*self
        };
        self.bytes = rest;
        self.at += n;
        Some(inner)
    }

    /// The next `n` bytes.
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        self.part(n).map(|part| part.bytes)
    }

    fn number(&mut self, n: usize) -> Option<u32> {
        let bytes = self.take(n)?;
        Some(
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
        )
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.number(1).map(|n| n as u8)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.number(2).map(|n| n as u16)
    }

    pub(super) fn u24(&mut self) -> Option<u32> {
        self.number(3)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.number(4)
    }

    /// A vector with `n` bytes of length before it; what there is of it where it is cut.
    pub(super) fn vector(&mut self, n: usize) -> Option<Self> {
        let len = self.number(n)? as usize;
        self.part(len.min(self.len()))
    }
}
