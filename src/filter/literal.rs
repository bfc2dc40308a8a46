//! Values as they are written in an expression.

mod date;

use std::net::{Ipv4Addr, Ipv6Addr};

use super::program::Constant;
use super::types::Type;

/// A value as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written<'t> {
    /// Without quotes.
    Word(&'t str),
    /// In `"`.
    Text(&'t [u8]),
    /// In `'`.
    Char(u8),
}

/// A value of type `wanted`, or what is wrong with it.
pub(super) fn constant(written: Written<'_>, wanted: Type) -> Result<Constant, String> {
    let found = match (wanted, written) {
        (Type::Text, Written::Word(word)) => Some(Constant::Text(word.as_bytes().into())),
        (Type::Text | Type::Bytes, Written::Text(text)) => Some(Constant::Text(text.into())),
        (Type::Text, Written::Char(byte)) => Some(Constant::Text([byte].into())),
        (Type::Bytes, Written::Char(byte)) => Some(Constant::Bytes([byte].into())),
        (Type::Number, Written::Char(byte)) => Some(Constant::Uint(byte.into())),
        (Type::Bool, Written::Char(byte)) => Some(Constant::Bool(byte != 0)),
        (Type::Time, Written::Text(text)) => std::str::from_utf8(text)
            .ok()
            .and_then(date::nanos)
            .map(Constant::Time),
        (Type::Guid, Written::Text(text)) => std::str::from_utf8(text).ok().and_then(guid),
        (_, Written::Word(word)) => from_word(word, wanted)?,
        _ => None,
    };
    found.ok_or_else(|| {
        let shown = match written {
            Written::Word(word) => word.to_owned(),
            Written::Text(text) => format!("\"{}\"", text.escape_ascii()),
            Written::Char(byte) => format!("'{}'", byte.escape_ascii()),
        };
        format!("{shown} is no {}; {}", wanted.name(), example(wanted))
    })
}

fn from_word(word: &str, wanted: Type) -> Result<Option<Constant>, String> {
    Ok(match wanted {
        Type::Bool => match word {
            "True" | "TRUE" | "true" => Some(Constant::Bool(true)),
            "False" | "FALSE" | "false" => Some(Constant::Bool(false)),
            _ => number(word)?.map(|n| Constant::Bool(n != 0)),
        },
        Type::Number => number(word)?.map(Constant::Uint),
        Type::Double => fraction(word).map(Constant::Double),
        Type::Bytes => bytes(word).map(|b| Constant::Bytes(b.into())),
        Type::Ether => bytes(word)
            .and_then(|b| b.try_into().ok())
            .map(Constant::Ether),
        Type::Ipv4 => network(word, 32)?.and_then(|(address, bits)| {
            let address = address.parse::<Ipv4Addr>().ok()?;
            Some(Constant::Ipv4(address, bits.unwrap_or(32)))
        }),
        Type::Ipv6 => network(word, 128)?.and_then(|(address, bits)| {
            let address = address.parse::<Ipv6Addr>().ok()?;
            Some(Constant::Ipv6(address, bits.unwrap_or(128)))
        }),
        Type::Address if word.contains(':') => from_word(word, Type::Ipv6)?,
        Type::Address => from_word(word, Type::Ipv4)?,
        Type::Guid => guid(word),
        Type::Time => seconds(word)
            .or_else(|| date::nanos(word))
            .map(Constant::Time),
        Type::Duration => seconds(word).map(Constant::Duration),
        Type::Text | Type::Protocol | Type::Flag => None,
    })
}

/// How a value of the type is written.
fn example(wanted: Type) -> &'static str {
    match wanted {
        Type::Protocol | Type::Flag => "it has no value to compare",
        Type::Bool => "write True or False",
        Type::Number => "write 80, 0x50, 0120, 0b1010000 or 'P'",
        Type::Double => "write 1.5",
        Type::Text => "write \"text\"",
        Type::Bytes => "write 00:0a:ff or \"text\"",
        Type::Ether => "write 00:0c:29:3e:5f:01",
        Type::Ipv4 => "write 10.0.0.1 or 10.0.0.0/8",
        Type::Ipv6 => "write fe80::1 or fe80::/10",
        Type::Address => "write 10.0.0.1, 10.0.0.0/8 or fe80::1",
        Type::Guid => "write 367abb81-9844-35f1-ad32-98f038001003",
        Type::Time => "write \"2024-05-31 12:30:00\" (UTC) or seconds since 1970",
        Type::Duration => "write seconds: 0.25",
    }
}

/// `80`, `0x50`, `0120`, `0b1010000`.
fn number(word: &str) -> Result<Option<u64>, String> {
    let lower = word.to_ascii_lowercase();
    let (digits, base) = if let Some(hex) = lower.strip_prefix("0x") {
        (hex, 16)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (binary, 2)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (lower.as_str(), 8)
    } else {
        (lower.as_str(), 10)
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Ok(None);
    }
    match u64::from_str_radix(digits, base) {
        Ok(n) => Ok(Some(n)),
        Err(_) => Err(format!("{word} is larger than any number here")),
    }
}

/// Digits on both sides of a point, or digits only.
fn fraction(word: &str) -> Option<f64> {
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(part)).then(|| word.parse().ok())?
}

/// Seconds with up to nine digits behind the point, as nanoseconds.
fn seconds(word: &str) -> Option<i64> {
    fraction(word)?;
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    let nanos: i64 = format!("{:0<9}", part.get(..part.len().min(9))?)
        .parse()
        .ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000_000_000)?
        .checked_add(nanos)
}

/// An address and the bits of its prefix.
fn network(word: &str, most: u8) -> Result<Option<(&str, Option<u8>)>, String> {
    let Some((address, bits)) = word.split_once('/') else {
        return Ok(Some((word, None)));
    };
    match bits.parse() {
        Ok(bits) if bits <= most => Ok(Some((address, Some(bits)))),
        Ok(_) | Err(_) => Err(format!("a prefix has {most} bits at most, not {bits}")),
    }
}

/// `00:0a:ff`, `00-0a-ff`, `00.0a.ff`, `000aff`, `0x0a`.
fn bytes(word: &str) -> Option<Vec<u8>> {
    if let Some(hex) = word.strip_prefix("0x").filter(|h| h.len() == 2) {
        return Some(vec![u8::from_str_radix(hex, 16).ok()?]);
    }
    let word = word.strip_suffix([':', '.']).unwrap_or(word);
    let is_list = word.contains([':', '-', '.']);
    let mut bytes = Vec::new();
    for part in word.split([':', '-', '.']) {
        if !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        match part.len() {
            0 => return None,
            1 => bytes.push(u8::from_str_radix(part, 16).ok()?),
            len if len % 2 == 0 && (len <= 4 || !is_list) => {
                for at in (0..len).step_by(2) {
                    bytes.push(u8::from_str_radix(part.get(at..at + 2)?, 16).ok()?);
                }
            }
            _ => return None,
        }
    }
    Some(bytes)
}

/// `367abb81-9844-35f1-ad32-98f038001003`.
fn guid(word: &str) -> Option<Constant> {
    let lengths = word.split('-').map(str::len);
    if !lengths.eq([8, 4, 4, 4, 12]) {
        return None;
    }
    let digits = word.replace('-', "");
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u128::from_str_radix(&digits, 16).ok()?;
    Some(Constant::Guid(value.to_be_bytes()))
}
