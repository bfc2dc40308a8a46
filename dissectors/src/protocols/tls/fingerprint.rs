//! Fingerprints of hellos: JA3 and JA3S (salesforce/ja3), and JA4 (FoxIO-LLC/ja4, of which the TLS client's is free for all).

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::hello::{self, ClientHello, ServerHello, extension};
use super::wire::{self, Cursor, version};
use crate::text;

/// Decimal numbers joined by dashes, without those against ossification.
pub(super) fn dashed(numbers: impl IntoIterator<Item = u16>) -> String {
    let kept = numbers.into_iter().filter(|n| !wire::is_grease(*n));
    let texts: Vec<String> = kept.map(|n| n.to_string()).collect();
    texts.join("-")
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
    let texts: Vec<String> = numbers.iter().map(|n| format!("{n:04x}")).collect();
    texts.join(",")
}

/// Six bytes of a digest; zeros for nothing.
fn short(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    let digest = Sha256::digest(text);
    text::hex(digest.get(..6).unwrap_or(&[]))
}
