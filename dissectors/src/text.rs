//! Text from the wire made fit to print: bounded, without control characters, without secrets.

mod masks;

pub use masks::without_secrets;

/// At most `most` characters of `bytes`, read as UTF-8 as far as they are; what can't be shown becomes `·` or `�`, and
/// what is cut off `…`.
#[must_use]
pub fn printable(bytes: &[u8], most: usize) -> String {
    // No character takes more than four bytes.
    let enough = bytes.get(..most.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(enough);
    let mut out = String::with_capacity(text.len().min(most));
    for (count, c) in text.chars().enumerate() {
        if count == most {
            out.push('…');
            return out;
        }
        out.push(if c.is_control() { '·' } else { c });
    }
    if enough.len() < bytes.len() {
        out.push('…');
    }
    out
}

/// Bytes as they are written: `0a1b2c`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(pair).collect()
}

/// `version 3`, `versions 2 to 4`.
#[must_use]
pub fn versions(low: i64, high: i64) -> String {
    if low == high {
        format!("version {low}")
    } else {
        format!("versions {low} to {high}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_clean() {
        assert_eq!(printable(b"abc", 5), "abc");
        assert_eq!(printable(b"a\r\nb\x1b[1m", 9), "a··b·[1m");
        assert_eq!(printable("ééééé".as_bytes(), 3), "ééé…");
        assert_eq!(hex(&[0x0A, 0xF0]), "0af0");
        assert_eq!(printable(&[0xff; 100], 2), "\u{fffd}\u{fffd}…");
    }
}
