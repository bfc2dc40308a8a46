//! The first bytes of a compressed message (RFC 7692 section 7.2, RFC 1951 section 3.2).
//!
//! What a message says needs the window of all messages before it, and that is not kept. Where its first block's
//! header is none, no window helps.

/// Bytes that are looked at: a block's header, and the two lengths of a stored block.
pub(super) const LOOK: u64 = 5;
/// The largest HLIT: 286 literal and length codes, less 257 (RFC 1951 section 3.2.7).
const MOST_LITERALS: u8 = 29;

/// True when no inflater can take a message that begins with `bytes`.
pub(super) fn is_broken(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return false;
    };
    match first >> 1 & 3 {
        0 => match *bytes {
            [_, a, b, c, d, ..] => u16::from_le_bytes([a, b]) != !u16::from_le_bytes([c, d]),
            _ => false,
        },
        1 => false,
        2 => first >> 3 > MOST_LITERALS,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_broken;

    #[test]
    fn blocks_that_may_be() {
        for bytes in [
            &b""[..],
            b"\x00",
            b"\x00\x05\x00\xfa\xff",
            b"\xf2\x48\xcd\xc9\xc9\x07\x00",
            b"\x04\xc0\x81\x08\x00",
        ] {
            assert!(!is_broken(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn blocks_that_cannot_be() {
        for bytes in [&b"\xff\xff"[..], b"\x06", b"\x00\x05\x00\x05\x00", b"\xf4"] {
            assert!(is_broken(bytes), "{bytes:x?}");
        }
    }
}
