//! The hellos, with their fingerprints.

use md5::{Digest as _, Md5};

use super::super::fields::{
    CIPHER_SUITE, CIPHER_SUITES, CIPHER_SUITES_LENGTH, COMP_METHOD, COMP_METHODS,
    COMP_METHODS_LENGTH, JA3, JA3_FULL, JA3S, JA3S_FULL, RANDOM, RANDOM_BYTES, RANDOM_TIME,
    SESSION_ID, SESSION_ID_LENGTH, VERSION,
};
use super::super::fingerprint::dashed;
use super::super::hello;
use super::super::wire::{self, Cursor, message};
use super::{extensions, list, number, vector};
use crate::field::{FieldId, Value, Writer};
use crate::text;

/// What JA3 is made of besides version and cipher suites.
#[derive(Debug, Default)]
pub(super) struct Fingerprint {
    pub(super) extensions: Vec<u16>,
    pub(super) groups: Vec<u16>,
    pub(super) point_formats: Vec<u16>,
}

/// A ClientHello (RFC 8446 4.1.2).
pub(super) fn client(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let offered = hello::client(c.rest()).map_or(0, |hello| hello.version);
    let version = number(w, VERSION, c, 2)?;
    random(w, c, offered)?;
    vector(w, (SESSION_ID_LENGTH, SESSION_ID), c, 1)?;
    let mut suites = *c;
    list(
        w,
        (CIPHER_SUITES_LENGTH, Some(CIPHER_SUITES), CIPHER_SUITE),
        c,
        (2, 2),
    )?;
    list(
        w,
        (COMP_METHODS_LENGTH, Some(COMP_METHODS), COMP_METHOD),
        c,
        (1, 1),
    )?;
    let mut print = Fingerprint::default();
    // A fingerprint needs the whole list; what is cut ends it.
    let _ = extensions::all(w, message::CLIENT_HELLO, c, Some(&mut print));
    if w.wants(JA3) || w.wants(JA3_FULL) {
        let suites = suites.vector(2)?;
        let offered = suites.rest().chunks_exact(2);
        let offered: Vec<u16> = offered
            .filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes))
            .collect();
        let full = format!(
            "{version},{},{},{},{}",
            dashed(offered.iter().copied()),
            dashed(print.extensions.iter().copied()),
            dashed(print.groups.iter().copied()),
            dashed(print.point_formats.iter().copied())
        );
        fingerprint(w, (JA3_FULL, JA3), &full);
    }
    Some(())
}

/// A ServerHello or a HelloRetryRequest (RFC 8446 4.1.3).
pub(super) fn server(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let chosen = hello::server(c.rest()).map_or(0, |hello| hello.version);
    let version = number(w, VERSION, c, 2)?;
    let draft = hello::is_early_draft(version as u16);
    random(w, c, chosen)?;
    if !draft {
        vector(w, (SESSION_ID_LENGTH, SESSION_ID), c, 1)?;
    }
    let suite = number(w, CIPHER_SUITE, c, 2)?;
    if !draft {
        number(w, COMP_METHOD, c, 1)?;
    }
    let mut print = Fingerprint::default();
    let _ = extensions::all(w, message::SERVER_HELLO, c, Some(&mut print));
    if w.wants(JA3S) || w.wants(JA3S_FULL) {
        let full = format!(
            "{version},{suite},{}",
            dashed(print.extensions.iter().copied())
        );
        fingerprint(w, (JA3S_FULL, JA3S), &full);
    }
    Some(())
}

/// The HelloRetryRequest of drafts of TLS 1.3.
pub(super) fn retry(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let version = number(w, VERSION, c, 2)?;
    if (0x7F13..=0x7F15).contains(&version) {
        number(w, CIPHER_SUITE, c, 2)?;
    }
    extensions::all(w, message::HELLO_RETRY_REQUEST, c, None)
}

/// A ServerHello's body is a HelloRetryRequest's.
pub(super) fn is_retry(body: &[u8]) -> bool {
    hello::server(body).is_some_and(|hello| hello.retry)
}

/// The random; before TLS 1.3 it began with the time.
fn random(w: &mut Writer<'_>, c: &mut Cursor<'_>, version: u16) -> Option<()> {
    let (at, bytes) = (c.at(), c.take(32)?);
    w.parts(RANDOM, Value::Bytes(bytes), at, 32, |w| {
        if !wire::is_tls13(version)
            && let Some((time, rest)) = bytes.split_first_chunk::<4>()
        {
            let seconds = u32::from_be_bytes(*time);
            let nanos = i64::from(seconds) * 1_000_000_000;
            w.put(RANDOM_TIME, Value::Time(nanos), at, 4);
            w.bytes(RANDOM_BYTES, rest, at + 4);
        }
    });
    Some(())
}

fn fingerprint(w: &mut Writer<'_>, (full_id, id): (FieldId, FieldId), full: &str) {
    w.text(full_id, full, 0, 0);
    w.text_with(id, || text::hex(&Md5::digest(full)), 0, 0);
}
