//! Characters to tokens.

use std::ops::Range;

use super::error::Fault;
use super::syntax::{Calculation, Relation};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A field, a protocol, a function, or a value without quotes.
    Word(&'t str),
    /// `"…"` or `r"…"`, its escapes replaced.
    Text(Vec<u8>),
    /// `'x'`.
    Char(u8),
    /// What stands between `[` and `]`.
    Brackets(&'t str),
    Open,
    Close,
    OpenBrace,
    CloseBrace,
    Comma,
    DotDot,
    Hash,
    Or,
    Xor,
    And,
    Not,
    Any,
    All,
    In,
    Relation(Relation),
    Calculation(Calculation),
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) at: Range<usize>,
}

/// The longest first, so that `===` is not `==` and `=`.
const SIGNS: &[(&str, Kind<'static>)] = &[
    ("===", Kind::Relation(Relation::AllEq)),
    ("!==", Kind::Relation(Relation::AnyNe)),
    ("==", Kind::Relation(Relation::Eq)),
    ("!=", Kind::Relation(Relation::Ne)),
    ("~=", Kind::Relation(Relation::AnyNe)),
    (">=", Kind::Relation(Relation::Ge)),
    ("<=", Kind::Relation(Relation::Le)),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("^^", Kind::Xor),
    ("..", Kind::DotDot),
    (">", Kind::Relation(Relation::Gt)),
    ("<", Kind::Relation(Relation::Lt)),
    ("~", Kind::Relation(Relation::Matches)),
    ("!", Kind::Not),
    ("&", Kind::Calculation(Calculation::And)),
    ("+", Kind::Calculation(Calculation::Add)),
    ("-", Kind::Calculation(Calculation::Subtract)),
    ("*", Kind::Calculation(Calculation::Multiply)),
    ("/", Kind::Calculation(Calculation::Divide)),
    ("%", Kind::Calculation(Calculation::Remainder)),
    ("(", Kind::Open),
    (")", Kind::Close),
    ("{", Kind::OpenBrace),
    ("}", Kind::CloseBrace),
    (",", Kind::Comma),
    ("#", Kind::Hash),
];

const KEYWORDS: &[(&str, Kind<'static>)] = &[
    ("and", Kind::And),
    ("or", Kind::Or),
    ("xor", Kind::Xor),
    ("not", Kind::Not),
    ("any", Kind::Any),
    ("all", Kind::All),
    ("in", Kind::In),
    ("eq", Kind::Relation(Relation::Eq)),
    ("any_eq", Kind::Relation(Relation::Eq)),
    ("ne", Kind::Relation(Relation::Ne)),
    ("all_ne", Kind::Relation(Relation::Ne)),
    ("all_eq", Kind::Relation(Relation::AllEq)),
    ("any_ne", Kind::Relation(Relation::AnyNe)),
    ("gt", Kind::Relation(Relation::Gt)),
    ("ge", Kind::Relation(Relation::Ge)),
    ("lt", Kind::Relation(Relation::Lt)),
    ("le", Kind::Relation(Relation::Le)),
    ("contains", Kind::Relation(Relation::Contains)),
    ("matches", Kind::Relation(Relation::Matches)),
    ("bitwise_and", Kind::Calculation(Calculation::And)),
];

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let (kind, len) = one(rest, at)?;
        tokens.push(Token {
            kind,
            at: at..at + len,
        });
        at += len;
    }
    Ok(tokens)
}

/// The token that `rest` begins with, and its bytes.
fn one(rest: &str, at: usize) -> Result<(Kind<'_>, usize), Fault> {
    if let Some(inner) = rest.strip_prefix("r\"") {
        let (bytes, len) = raw(inner).ok_or_else(|| unclosed(rest.len(), at, "text", '"'))?;
        return Ok((Kind::Text(bytes), len + 2));
    }
    if let Some(inner) = rest.strip_prefix('"') {
        let (bytes, len) = quoted(inner, b'"', at + 1)?;
        return Ok((Kind::Text(bytes), len + 1));
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let (bytes, len) = quoted(inner, b'\'', at + 1)?;
        return match *bytes {
            [byte] => Ok((Kind::Char(byte), len + 1)),
            _ => Err(Fault::new(
                "a character constant holds one byte; text stands in \"…\"",
                at..at + len + 1,
            )),
        };
    }
    if let Some(inner) = rest.strip_prefix('[') {
        let len = inner
            .find(']')
            .ok_or_else(|| unclosed(rest.len(), at, "slice", ']'))?;
        return Ok((Kind::Brackets(inner.get(..len).unwrap_or("")), len + 2));
    }
    let word = word(rest);
    if !word.is_empty() {
        let keyword = KEYWORDS.iter().find(|(name, _)| *name == word);
        let kind = keyword.map_or(Kind::Word(word), |(_, kind)| kind.clone());
        return Ok((kind, word.len()));
    }
    if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((kind.clone(), sign.len()));
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let what = match rest.as_bytes().first() {
        Some(b'=') => "= is no operator; equality is ==".to_owned(),
        Some(b'|') => "| is no operator; or is ||".to_owned(),
        Some(b'^') => "^ is no operator; exclusive or is ^^".to_owned(),
        Some(b'$') => "no frame is selected that $ could refer to".to_owned(),
        _ => format!("{} has no meaning here", rest.get(..first).unwrap_or("")),
    };
    Err(Fault::new(what, at..at + first))
}

/// What begins at `at` and goes on to the end of the expression, `len` bytes further.
fn unclosed(len: usize, at: usize, what: &str, end: char) -> Fault {
    Fault::new(format!("the {what} has no closing {end}"), at..at + len)
}

/// The word that `rest` begins with: names, numbers, addresses, bytes. `/` belongs to it behind an address only, `-` inside.
fn word(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let mut len = 0;
    while let Some(byte) = bytes.get(len) {
        let next = bytes.get(len + 1);
        let belongs = match byte {
            b'.' if next == Some(&b'.') => false,
            // A point alone is no word, but `.name` is.
            b'.' => len > 0 || next.is_some_and(part),
            b':' => len > 0 || next.is_some_and(|b| part(b) || *b == b':'),
            b'-' => len > 0 && next.is_some_and(part),
            b'/' => {
                rest.get(..len)
                    .is_some_and(|w| w.parse::<std::net::IpAddr>().is_ok())
                    && next.is_some_and(u8::is_ascii_digit)
            }
            byte => part(byte),
        };
        if !belongs {
            break;
        }
        len += 1;
    }
    rest.get(..len).unwrap_or("")
}

/// Text up to its closing quote, in which a backslash is one, and its bytes with the quote.
fn raw(inner: &str) -> Option<(Vec<u8>, usize)> {
    let mut escaped = false;
    for (i, byte) in inner.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return Some((inner.as_bytes().get(..i)?.to_vec(), i + 1)),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// Text up to `quote` with its escapes replaced, and its bytes with the quote.
fn quoted(inner: &str, quote: u8, at: usize) -> Result<(Vec<u8>, usize), Fault> {
    let bytes = inner.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            _ if byte == quote => return Ok((out, i + 1)),
            b'\\' => {
                let len = escape(bytes.get(i + 1..).unwrap_or(&[]), &mut out).ok_or_else(|| {
                    let end = inner.get(i + 1..).and_then(|s| s.chars().next());
                    let len = 1 + end.map_or(0, char::len_utf8);
                    let token = inner.get(i..i + len).unwrap_or("\\");
                    let hint = "; a backslash itself is \\\\, or write r\"…\"";
                    Fault::new(format!("{token} is no escape{hint}"), at + i..at + i + len)
                })?;
                i += 1 + len;
            }
            _ => {
                out.push(byte);
                i += 1;
            }
        }
    }
    let what = if quote == b'"' {
        "text"
    } else {
        "character constant"
    };
    // The quote that opens it belongs to it.
    Err(unclosed(inner.len() + 1, at - 1, what, quote.into()))
}

/// Appends what stands behind a backslash, and says how many bytes that took.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let plain = match rest.first()? {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'x' => {
            let (value, len) = digits(rest.get(1..)?, 16, 2)?;
            out.push(value as u8);
            return Some(len + 1);
        }
        b'u' | b'U' => {
            let most = if rest.first() == Some(&b'u') { 4 } else { 8 };
            let (value, len) = digits(rest.get(1..)?, 16, most)?;
            let c = char::from_u32(value).filter(|_| len == most)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(len + 1);
        }
        b'0'..=b'7' => {
            let (value, len) = digits(rest, 8, 3)?;
            out.push(u8::try_from(value).ok()?);
            return Some(len);
        }
        quote @ (b'\'' | b'"' | b'\\') => *quote,
        _ => return None,
    };
    out.push(plain);
    Some(1)
}

/// A number of up to `most` digits, and how many it had.
fn digits(rest: &[u8], base: u32, most: usize) -> Option<(u32, usize)> {
    let found = rest
        .iter()
        .take(most)
        .map_while(|b| char::from(*b).to_digit(base));
    let (value, len) = found.fold((0_u32, 0), |(v, n), d| (v.wrapping_mul(base) + d, n + 1));
    (len > 0).then_some((value, len))
}
