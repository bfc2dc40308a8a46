//! What a certificate says (RFC 5280), as far as the session needs it, and whether its chain hangs together.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

use super::wire::Cursor;
use crate::event::Value;
use crate::text;

/// Certificates of a chain that are looked at.
const CHAIN: usize = 10;
/// Names of a certificate that are kept.
const NAMES: usize = 16;
/// Characters of a name.
const NAME: usize = 255;

/// A peer's certificate with what its chain shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// DNS names and addresses it is for; the common name where it has none.
    pub(super) names: Vec<String>,
    /// `2021-01-01T00:00:00Z`.
    pub(super) not_before: String,
    pub(super) not_after: String,
    /// It is its own issuer.
    pub(super) self_signed: bool,
    /// Certificates that were sent.
    pub(super) chain: usize,
    /// Its issuer, where others were sent and that one's was not.
    pub(super) gap: Option<String>,
}

impl Certificate {
    /// `names` as a value.
    pub(super) fn names(&self) -> Value {
        let names = self.names.iter().cloned().map(Value::Text);
        Value::List(names.collect())
    }
}

/// What a Certificate message holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// No certificate at all.
    Nothing,
    /// One that can be read.
    Readable(Box<Certificate>),
    /// A key without certificate (RFC 7250), or one that can't be read.
    Other,
}

/// Messages whose reading is remembered, and the largest of them in bytes.
const KNOWN: usize = 8;
const KNOWN_BYTES: usize = 16_384;

/// What a Certificate message held.
struct Known {
    body: Vec<u8>,
    tls13: bool,
    shown: Arc<Shown>,
}

thread_local! {
    static LAST: RefCell<VecDeque<Known>> = const { RefCell::new(VecDeque::new()) };
}

/// Reads a Certificate message's body. A server shows the same certificates to every client: what the last ones said is
/// remembered.
pub(super) fn read(body: &[u8], tls13: bool) -> Arc<Shown> {
    LAST.with_borrow_mut(|last| {
        if let Some(known) = last.iter().find(|k| k.tls13 == tls13 && k.body == body) {
            return Arc::clone(&known.shown);
        }
        let shown = Arc::new(read_anew(body, tls13));
        if body.len() <= KNOWN_BYTES {
            last.truncate(KNOWN - 1);
            last.push_front(Known {
                body: body.to_vec(),
                tls13,
                shown: Arc::clone(&shown),
            });
        }
        shown
    })
}

/// Reads a Certificate message's body (RFC 5246 7.4.2, RFC 8446 4.4.2).
fn read_anew(body: &[u8], tls13: bool) -> Shown {
    let mut c = Cursor::new(body, 0, &[]);
    if tls13 {
        c.vector(1);
    }
    let Some(mut list) = c.vector(3) else {
        return Shown::Other;
    };
    let mut chain: Vec<&[u8]> = Vec::new();
    while let Some(der) = list.vector(3) {
        chain.push(der.rest());
        if tls13 {
            list.vector(2);
        }
    }
    match chain.split_first() {
        None => Shown::Nothing,
        Some((first, more)) => {
            of(first, more).map_or(Shown::Other, |found| Shown::Readable(Box::new(found)))
        }
    }
}

fn of(der: &[u8], more: &[&[u8]]) -> Option<Certificate> {
    let (_, leaf) = X509Certificate::from_der(der).ok()?;
    let validity = leaf.validity();
    Some(Certificate {
        subject: printable(leaf.subject().to_string().as_bytes()),
        issuer: printable(leaf.issuer().to_string().as_bytes()),
        names: names(&leaf),
        not_before: moment(validity.not_before),
        not_after: moment(validity.not_after),
        self_signed: leaf.subject().as_raw() == leaf.issuer().as_raw(),
        chain: 1 + more.len(),
        gap: gap(&leaf, more),
    })
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = leaf.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.iter().flat_map(|e| &e.value.general_names);
    let named: Vec<String> = alternatives
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(printable(name.as_bytes())),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(NAMES)
        .collect();
    if !named.is_empty() {
        return named;
    }
    let common = leaf.subject().iter_common_name();
    common
        .map(|name| printable(name.as_slice()))
        .take(1)
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(v6).to_string())
}

/// The issuer, where certificates follow and its own is not among them. Alone, a certificate shows nothing: its issuer may be
/// one that the peer has (RFC 8446 4.4.2).
fn gap(leaf: &X509Certificate<'_>, more: &[&[u8]]) -> Option<String> {
    let issuer = leaf.issuer();
    let is_issuer = |der: &&[u8]| {
        let next = X509Certificate::from_der(der);
        next.map_or(true, |(_, next)| next.subject().as_raw() == issuer.as_raw())
    };
    let alone = more.is_empty() || leaf.subject().as_raw() == issuer.as_raw();
    (!alone && !more.iter().take(CHAIN).any(is_issuer))
        .then(|| printable(issuer.to_string().as_bytes()))
}

/// `2021-01-01T00:00:00Z`.
fn moment(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", time.date())
}

fn printable(name: &[u8]) -> String {
    text::printable(name, NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For www.example.org, its own issuer, valid in 2020.
    const DER: &str = "\
        3082016030820106a003020102020102300a06082a8648ce3d040302301a3118301606035504030c0f7777772e6578616d706c652e6f7267\
        301e170d3230303130313030303030305a170d3231303130313030303030305a301a3118301606035504030c0f7777772e6578616d706c65\
        2e6f72673059301306072a8648ce3d020106082a8648ce3d03010703420004bde03d317258c3643b62f8415ba899ca91b46b52755dc84efc\
        806bb1da3633e8c95148bba15f94b724fe40e18dff063419fb9935811509c8819c44c6a32b7be9a33d303b301a0603551d1104133011820f\
        7777772e6578616d706c652e6f7267301d0603551d0e04160414626bbd6423db746177a542b3f7c7ae87ea1a5f70300a06082a8648ce3d04\
        0302034800304502204bfd2fab6c7ee2ea6ef434b553363f4bc695320fc5da5a354692da91629f7b35022100e7939cab9dad5d3cc89ceae1\
        5eddde8bc0105ded8c3397e90be9aeeff43f8119\
    ";

    fn der() -> Vec<u8> {
        let digits = DER.trim().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
    }

    fn vector(body: &[u8]) -> Vec<u8> {
        let len = (body.len() as u32).to_be_bytes();
        [&len[1..], body].concat()
    }

    fn read_all(chain: &[Vec<u8>], tls13: bool) -> Shown {
        let entry = |der: &Vec<u8>| {
            let end: &[u8] = if tls13 { &[0, 0] } else { &[] };
            [vector(der), end.to_vec()].concat()
        };
        let list: Vec<u8> = chain.iter().flat_map(entry).collect();
        let context: &[u8] = if tls13 { &[0] } else { &[] };
        read_anew(&[context, &vector(&list)].concat(), tls13)
    }

    #[test]
    fn names_and_dates_are_read_in_both_forms() {
        for tls13 in [false, true] {
            let Shown::Readable(found) = read_all(&[der()], tls13) else {
                panic!("it is readable");
            };
            assert_eq!(found.subject, "CN=www.example.org");
            assert_eq!(found.names, ["www.example.org"]);
            assert_eq!(found.not_before, "2020-01-01T00:00:00Z");
            assert_eq!(found.not_after, "2021-01-01T00:00:00Z");
            assert!(found.self_signed && found.gap.is_none());
            assert_eq!(read_all(&[], tls13), Shown::Nothing);
        }
    }

    #[test]
    fn an_issuer_that_is_not_sent_is_a_gap() {
        // Another issuer's name, of the same length.
        let mut leaf = der();
        let at = leaf.windows(3).position(|w| w == b"www").unwrap();
        leaf[at..at + 3].copy_from_slice(b"ca1");
        let gap = |chain: &[Vec<u8>]| match read_all(chain, false) {
            Shown::Readable(found) => found.gap,
            _ => None,
        };
        assert_eq!(gap(&[leaf.clone()]), None);
        assert_eq!(
            gap(&[leaf.clone(), der()]).as_deref(),
            Some("CN=ca1.example.org")
        );
        assert_eq!(gap(&[der(), leaf]), None);
    }

    #[test]
    fn cut_and_foreign_bytes_are_not_read() {
        for len in 0..der().len() {
            let cut = der()[..len].to_vec();
            assert_eq!(read_all(&[cut], false), Shown::Other, "{len}");
        }
        assert_eq!(read_all(&[vec![0xFF; 300]], true), Shown::Other);
    }
}
