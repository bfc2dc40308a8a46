//! NBSS packets as they are: bytes to typed records, no state, no judgement.

use std::fmt::Write as _;

/// SESSION MESSAGE (RFC 1002 4.3.6).
pub(super) const SESSION_MESSAGE: u8 = 0x00;
/// SESSION REQUEST (RFC 1002 4.3.2).
pub(super) const SESSION_REQUEST: u8 = 0x81;
/// POSITIVE SESSION RESPONSE (RFC 1002 4.3.3).
pub(super) const POSITIVE_RESPONSE: u8 = 0x82;
/// NEGATIVE SESSION RESPONSE (RFC 1002 4.3.4).
pub(super) const NEGATIVE_RESPONSE: u8 = 0x83;
/// SESSION RETARGET RESPONSE (RFC 1002 4.3.5).
pub(super) const RETARGET_RESPONSE: u8 = 0x84;
/// SESSION KEEP ALIVE (RFC 1002 4.3.7).
pub(super) const KEEP_ALIVE: u8 = 0x85;

/// Bytes of a packet's head.
pub(super) const HEAD: usize = 4;

/// The head of a packet (RFC 1002 4.3.1; MS-SMB2 2.1 for direct hosting).
///
/// ```text
///   byte       0          1          2          3
///           +--------+----------+---------------------+
///   139     | type   | 0000000E | length, 16 bits     |   E: bit 16 of the length
///   445     | 0      | length, 24 bits                |
///           +--------+----------+---------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) flags: u8,
    low: u16,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [kind, flags, high, low] = *bytes.first_chunk()?;
        Some(Self {
            kind,
            flags,
            low: u16::from_be_bytes([high, low]),
        })
    }

    /// Bytes that follow the head: 24 bits where SMB is hosted directly, 17 otherwise.
    pub(super) fn len(self, direct: bool) -> u64 {
        let mask = if direct { 0xFF } else { 1 };
        u64::from(self.flags & mask) << 16 | u64::from(self.low)
    }

    /// Flag bits that must be zero.
    pub(super) const fn reserved(self) -> u8 {
        self.flags & 0xFE
    }
}

/// The name of a packet type; empty for a number that the RFC does not know.
pub(super) const fn type_name(kind: u8) -> &'static str {
    match kind {
        SESSION_MESSAGE => "Session Message",
        SESSION_REQUEST => "Session Request",
        POSITIVE_RESPONSE => "Positive Session Response",
        NEGATIVE_RESPONSE => "Negative Session Response",
        RETARGET_RESPONSE => "Session Retarget Response",
        KEEP_ALIVE => "Session Keep Alive",
        _ => "",
    }
}

/// The reason in a negative response (RFC 1002 4.3.4); empty for a number that the RFC does not know.
pub(super) const fn reason(code: u8) -> &'static str {
    match code {
        0x80 => "Not listening on called name",
        0x81 => "Not listening for calling name",
        0x82 => "Called name not present",
        0x83 => "Called name present, but insufficient resources",
        0x8F => "Unspecified error",
        _ => "",
    }
}

/// The length that a control packet must have, where it is fixed.
pub(super) const fn fixed_len(kind: u8) -> Option<u64> {
    match kind {
        POSITIVE_RESPONSE | KEEP_ALIVE => Some(0),
        NEGATIVE_RESPONSE => Some(1),
        RETARGET_RESPONSE => Some(6),
        _ => None,
    }
}

/// The names of a session request. Either is `None` where it is not an encoded name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) called: Option<String>,
    pub(super) calling: Option<String>,
    /// Bytes behind the two names.
    pub(super) rest: usize,
}

impl Names {
    /// Reads the body of a session request.
    pub(super) fn read(body: &[u8]) -> Self {
        let Some((called, rest)) = name(body) else {
            return Self::default();
        };
        let (calling, rest) = name(rest).map_or((None, rest), |(n, rest)| (Some(n), rest));
        Self {
            called: Some(called),
            calling,
            rest: rest.len(),
        }
    }
}

/// Bytes of one first-level encoded name without scope: its length, 32 letters, the root.
pub(super) const NAME: usize = 34;

/// One name in first-level encoding (RFC 1001 14.1, RFC 1002 4.1): printable, trailing blanks cut, its type
/// kept (`FILESRV<20>`), the scope behind it. Gives the bytes behind it too.
pub(super) fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (&32, rest) = bytes.split_first()? else {
        return None;
    };
    let (letters, mut rest) = rest.split_first_chunk::<32>()?;
    let mut raw = [0_u8; 16];
    for (to, pair) in raw.iter_mut().zip(letters.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *to = nibble(high)? << 4 | nibble(low)?;
    }
    let [text @ .., kind] = &raw;
    let mut out = String::with_capacity(24);
    push_printable(&mut out, text.trim_ascii_end());
    write!(out, "<{kind:02x}>").ok()?;
    // The scope: labels up to the root; a name is at most 255 bytes (RFC 1002 4.1).
    loop {
        let (&len, behind) = rest.split_first()?;
        if len == 0 {
            return Some((out, behind));
        }
        let (label, behind) = behind.split_at_checked(usize::from(len))?;
        if len > 63 || out.len() > 255 {
            return None;
        }
        out.push('.');
        push_printable(&mut out, label);
        rest = behind;
    }
}

fn nibble(letter: u8) -> Option<u8> {
    letter.checked_sub(b'A').filter(|n| *n < 16)
}

fn push_printable(out: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        if byte == b' ' || byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// True when `bytes` begin with a control packet of the right length: in mid-stream, reading may begin with it.
pub(super) fn is_control(bytes: &[u8]) -> bool {
    Head::read(bytes).is_some_and(|head| match fixed_len(head.kind) {
        Some(len) => head.len(true) == len,
        None => head.kind == SESSION_REQUEST && bytes.get(HEAD) == Some(&32),
    })
}

/// True when `bytes`, the content of a session message, begin as SMB does: 0xFF SMB1, 0xFE SMB2, 0xFD its
/// encrypted and 0xFC its compressed form (MS-SMB2 2.2.1, 2.2.41, 2.2.42).
pub(super) fn is_smb(bytes: &[u8]) -> bool {
    matches!(bytes.first_chunk(), Some([0xFC..=0xFF, b'S', b'M', b'B']))
}

/// The shortest message of the SMB flavour that `bytes` begin.
pub(super) fn smb_minimum(bytes: &[u8]) -> u64 {
    match bytes.first() {
        Some(0xFF) => 35,
        Some(0xFE) => 64,
        Some(0xFD) => 52,
        _ => 16,
    }
}

/// Bytes that [`find_message`] looks at for one candidate.
pub(super) const WINDOW: usize = 10;

/// Where in `bytes` a session message with SMB in it begins: the strict check that reading resumes by.
pub(super) fn find_message(bytes: &[u8]) -> Option<usize> {
    bytes.windows(WINDOW).position(|window| {
        let (Some(head), Some(content)) = (Head::read(window), window.get(HEAD..)) else {
            return false;
        };
        head.kind == SESSION_MESSAGE
            && is_smb(content)
            && head.len(true) >= smb_minimum(content)
            && match content {
                // SMB2's StructureSize is always 64; an SMB1 command is followed by a status.
                [0xFE, _, _, _, size @ ..] => size == [64, 0],
                _ => true,
            }
    })
}
