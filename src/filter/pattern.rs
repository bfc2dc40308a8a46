//! Regular expressions as Wireshark understands them: over bytes, in any case of letters.

use std::fmt::Write as _;

use regex::bytes::{Regex, RegexBuilder};

use crate::limits;

/// The end of the text as Perl's `$` means it: a line feed may follow.
const END: &str = r"(?:\n?\z)";

/// Of a pattern in Perl's syntax, as far as the `regex` crate has it.
pub(super) fn perl(pattern: &str) -> Result<Regex, String> {
    compiled(&translated(pattern), true)
}

/// Of bytes to be found as they are.
pub(super) fn literal(bytes: &[u8]) -> Result<Regex, String> {
    let mut pattern = String::with_capacity(bytes.len() * 4);
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(pattern, "\\x{byte:02x}");
    }
    compiled(&pattern, false)
}

fn compiled(pattern: &str, any_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(any_case)
        .size_limit(limits::FILTER_REGEX_BYTES)
        .build()
        .map_err(|error| {
            // The last line of a syntax error says what it is; those before draw the pattern.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            let last = last.trim().trim_start_matches("error: ");
            format!("not a regular expression: {last}")
        })
}

/// `$` and `\Z` as Perl means them, and in a class no signs that only the `regex` crate knows.
fn translated(pattern: &str) -> String {
    let lines = has_flag(pattern, 'm');
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    // In a class, and how many characters of it there were.
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        let begins = class == Some(0);
        match (c, &mut class) {
            ('\\', class) => {
                match chars.next() {
                    Some('Z') if class.is_none() => out.push_str(END),
                    Some(escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                }
                if let Some(n) = class {
                    *n += 1;
                }
            }
            ('$', None) if !lines => out.push_str(END),
            ('[', None) => {
                class = Some(0);
                out.push(c);
                out.extend(chars.next_if_eq(&'^'));
            }
            (']', Some(_)) if !begins => {
                class = None;
                out.push(c);
            }
            (']', Some(n)) => {
                *n += 1;
                out.push_str("\\]");
            }
            ('[', Some(n)) => {
                *n += 1;
                if chars.peek() == Some(&':') {
                    // `[:alpha:]`, up to its end.
                    out.push(c);
                    for c in chars.by_ref() {
                        out.push(c);
                        if c == ']' {
                            break;
                        }
                    }
                } else {
                    out.push_str("\\[");
                }
            }
            ('&' | '~', Some(n)) => {
                *n += 1;
                out.extend(['\\', c]);
            }
            (c, class) => {
                if let Some(n) = class {
                    *n += 1;
                }
                out.push(c);
            }
        }
    }
    out
}

/// True where `(?flags` has the flag anywhere.
fn has_flag(pattern: &str, flag: char) -> bool {
    pattern.match_indices("(?").any(|(at, sign)| {
        let flags = pattern.get(at + sign.len()..).unwrap_or("").chars();
        let mut flags = flags.take_while(char::is_ascii_alphabetic);
        flags.any(|f| f == flag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, text: &[u8]) -> bool {
        perl(pattern).is_ok_and(|regex| regex.is_match(text))
    }

    #[test]
    fn as_perl_has_it() {
        for (pattern, text, found) in [
            (".$", &b"a\r\n"[..], true),
            ("a$", b"a\n", true),
            ("a$", b"a\n\n", false),
            (r"a\z", b"a\n", false),
            (r"a\Z", b"a\n", true),
            ("(?m)a$", b"a\nb", true),
            (r"a\$", b"a$", true),
            ("[$]", b"$", true),
            ("[$]", b"a", false),
            ("[]$]", b"]", true),
            ("[^]$]+$", b"]", false),
            ("[a[]", b"[", true),
            ("[[:digit:]]", b"7", true),
            ("[a&&b]", b"&", true),
            ("ABC", b"xabc", true),
            ("(?-i)ABC", b"abc", false),
            (r"\xff\x00", b"\xff\0", true),
            ("^.$", b"\xff", true),
        ] {
            assert_eq!(
                finds(pattern, text),
                found,
                "{pattern} in {}",
                text.escape_ascii()
            );
        }
        assert!(perl("(?=a)").is_err());
        assert!(literal(b"\0.[\xff").is_ok_and(|regex| regex.is_match(b"a\0.[\xffb")));
    }
}
