//! Fingerprints of hellos: JA3 and JA3S (salesforce/ja3), and JA4 (FoxIO-LLC/ja4, of which the TLS client's is free for all).

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::hello::{self, ClientHello, ServerHello, extension};
use super::wire::{self, Cursor, version};
use crate::text;

/// Decimal numbers joined by dashes, without those against ossification.
pub(super) fn dashed(numbers: impl IntoIterator<Item = u16>) -> String {
    let mut all = String::with_capacity(96);
    for number in numbers.into_iter().filter(|n| !wire::is_grease(*n)) {
        let dash = if all.is_empty() { "" } else { "-" };
        // Writing to a text never fails.
        let _ = write!(all, "{dash}{number}");
    }
    all
}

/// JA3 of a ClientHello.
pub(super) fn ja3(hello: &ClientHello<'_>) -> String {
    let full = format!(
        "{},{},{},{},{}",
        hello.legacy_version,
        dashed(hello::numbers(hello.suites)),
        dashed(kinds(hello.extensions)),
        dashed(hello::numbers(hello.groups)),
        dashed(hello.point_formats.iter().map(|n| u16::from(*n)))
    );
    text::hex(&Md5::digest(full))
}

/// JA3S of a ServerHello. `legacy_version`: what stands in the field of that name.
pub(super) fn ja3s(legacy_version: u16, hello: &ServerHello<'_>) -> String {
    let kinds = dashed(kinds(hello.extensions));
    let full = format!("{legacy_version},{},{kinds}", hello.suite);
    text::hex(&Md5::digest(full))
}

/// JA4 of a ClientHello over TCP.
pub(super) fn ja4(hello: &ClientHello<'_>) -> String {
    let kinds: Vec<u16> = kinds(hello.extensions).collect();
    let mut suites: Vec<u16> = hello::numbers(hello.suites).collect();
    let named = if kinds.contains(&extension::SERVER_NAME) {
        'd'
    } else {
        'i'
    };
    let head = format!(
        "t{}{named}{:02}{:02}{}",
        version_of(hello),
        suites.len().min(99),
        kinds.len().min(99),
        ends_of(first_protocol(hello))
    );
    suites.sort_unstable();
    let mut rest: Vec<u16> = kinds
        .into_iter()
        .filter(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN))
        .collect();
    rest.sort_unstable();
    let algorithms: Vec<u16> = hello::numbers(hello.signature_algorithms).collect();
    let mut how = commas(&rest);
    if !algorithms.is_empty() && !how.is_empty() {
        how = format!("{how}_{}", commas(&algorithms));
    }
    format!("{head}_{}_{}", short(&commas(&suites)), short(&how))
}

/// The kinds of a list of extensions, without those against ossification.
fn kinds(list: &[u8]) -> impl Iterator<Item = u16> {
    let mut c = Cursor::new(list, 0, &[]);
    let kinds: Vec<u16> = hello::extensions(&mut c).map(|(kind, _)| kind).collect();
    kinds.into_iter().filter(|kind| !wire::is_grease(*kind))
}

fn version_of(hello: &ClientHello<'_>) -> &'static str {
    match hello.version {
        number if wire::is_tls13(number) => "13",
        version::TLS12 => "12",
        0x0302 => "11",
        version::TLS10 => "10",
        version::SSL3 => "s3",
        version::SSL2 => "s2",
        _ => "00",
    }
}

fn first_protocol<'a>(hello: &ClientHello<'a>) -> &'a [u8] {
    let list = Cursor::new(hello.alpn, 0, &[]).vector(1);
    list.map_or(&[], |name| name.rest())
}

/// First and last character; of their hexadecimal digits where they are no letters.
fn ends_of(name: &[u8]) -> String {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return "00".to_owned();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [*first, *last].map(char::from).iter().collect();
    }
    let digits = text::hex(&[*first, *last]);
    let digits = digits
        .chars()
        .next()
        .into_iter()
        .chain(digits.chars().last());
    digits.collect()
}

fn commas(numbers: &[u16]) -> String {
    let mut all = String::with_capacity(5 * numbers.len());
    for number in numbers {
        let comma = if all.is_empty() { "" } else { "," };
        // Writing to a text never fails.
        let _ = write!(all, "{comma}{number:04x}");
    }
    all
}

/// Six bytes of a digest; zeros for nothing.
fn short(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    let digest = Sha256::digest(text);
    text::hex(digest.get(..6).unwrap_or(&[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: &[u16]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    /// The example of the specification of JA4: a browser of 2023.
    #[test]
    fn ja4_is_that_of_its_specification() {
        let suites = bytes(&[
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ]);
        let kinds = [
            0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
            0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
        ];
        let list: Vec<u8> = kinds.iter().flat_map(|kind| bytes(&[*kind, 0])).collect();
        let extensions = [bytes(&[list.len() as u16]), list].concat();
        let algorithms = bytes(&[
            0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
        ]);
        let hello = ClientHello {
            version: version::TLS13,
            legacy_version: version::TLS12,
            suites: &suites,
            signature_algorithms: &algorithms,
            alpn: b"\x02h2\x08http/1.1",
            extensions: &extensions,
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn what_is_not_offered_is_zero() {
        let hello = ClientHello {
            version: version::TLS10,
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello), "t10i000000_000000000000_000000000000");
        assert_eq!(ends_of(&[0xAB, b'x', 0xCD]), "ad");
    }
}
