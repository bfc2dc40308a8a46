//! Text from the wire made fit to print: bounded, without control characters, without secrets.

/// Names after which a value must not be printed. Matched without regard to case at the end of a longer name too
/// (`access_token`, `X-Api-Key`).
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "authorization",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "sid",
    "cookie",
    "signature",
    "sig",
    "ticket",
    "jwt",
    "otp",
    "auth",
];

/// What stands for a secret.
const MASK: &str = "***";

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

/// The same text with the values of what is named like a secret masked: `?token=abc&x=1` becomes `?token=***&x=1`.
///
/// A value follows its name after `=` or `:`, quoted or not, and ends at a quote, a separator or white space.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let separator = after.get(..1).unwrap_or("");
        out.push_str(separator);
        rest = after.get(1..).unwrap_or("");
        if names_a_secret(before) {
            rest = mask_value(rest, &mut out);
        }
    }
    out.push_str(rest);
    out
}

fn names_a_secret(before: &str) -> bool {
    let trimmed = before.trim_end_matches(['"', '\'', ' ', '\\']);
    let start = trimmed
        .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .map_or(0, |i| {
            i + trimmed
                .get(i..)
                .and_then(|t| t.chars().next())
                .map_or(1, char::len_utf8)
        });
    let name = trimmed.get(start..).unwrap_or("");
    SECRET_NAMES
        .iter()
        .any(|secret| ends_with_word(name, secret))
}

/// `accessToken` and `access_token` end with `token`, `compass` does not end with `pass`.
fn ends_with_word(name: &str, word: &str) -> bool {
    let Some(cut) = name.len().checked_sub(word.len()) else {
        return false;
    };
    let (Some(head), Some(tail)) = (name.get(..cut), name.get(cut..)) else {
        return false;
    };
    tail.eq_ignore_ascii_case(word)
        && (head.is_empty()
            || head.ends_with(['_', '-'])
            || tail.starts_with(|c: char| c.is_ascii_uppercase())
            || word.len() >= 5)
}

/// Puts the mask for the value at the start of `rest`; gives what follows the value.
fn mask_value<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let value = rest.trim_start_matches([' ', '"', '\'', '\\']);
    let lead = rest.len() - value.len();
    let quoted = rest.get(..lead).is_some_and(|l| l.contains(['"', '\'']));
    let end = value
        .find(|c: char| {
            if quoted {
                matches!(c, '"' | '\'')
            } else {
                matches!(c, '&' | ',' | ';' | '}' | ')' | '"' | '\n')
            }
        })
        .unwrap_or(value.len());
    if end == 0 {
        return rest;
    }
    out.push_str(rest.get(..lead).unwrap_or(""));
    out.push_str(MASK);
    value.get(end..).unwrap_or("")
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

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        assert_eq!(without_secrets("/a?token=abc&x=1"), "/a?token=***&x=1");
        assert_eq!(
            without_secrets("/a?x=1&access_token=abc"),
            "/a?x=1&access_token=***"
        );
        assert_eq!(
            without_secrets(r#"{"user":"bob","password": "p w","n":1}"#),
            r#"{"user":"bob","password": "***","n":1}"#
        );
        assert_eq!(
            without_secrets(r#"{"authToken":"x"}"#),
            r#"{"authToken":"***"}"#
        );
        assert_eq!(
            without_secrets("Authorization: Bearer abc"),
            "Authorization: ***"
        );
        assert_eq!(
            without_secrets("time: 12:30, inside=1"),
            "time: 12:30, inside=1"
        );
        assert_eq!(without_secrets("token="), "token=");
    }
}
