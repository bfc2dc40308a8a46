//! Certificates, key exchanges and tickets, as they are in clear up to TLS 1.2 (RFC 5246 7.4, RFC 8422, RFC 5077).

use super::super::fields::{
    CERT_TYPE, CERT_TYPES, CERT_TYPES_COUNT, CERT_VERIFY_SIG, CERT_VERIFY_SIG_LEN, CERTIFICATE,
    CERTIFICATE_LENGTH, CERTIFICATES, CERTIFICATES_LENGTH, CLIENT_POINT, CLIENT_POINT_LEN,
    COMPRESS_CERT_ALGORITHM, COMPRESS_CERT_MESSAGE, COMPRESS_CERT_MESSAGE_LENGTH,
    COMPRESS_CERT_UNCOMPRESSED, CURVE_TYPE, DNAME_LEN, DNAMES, DNAMES_LEN, EPMS, EPMS_LEN, G,
    G_LEN, NAMED_CURVE, OCSP_RESPONSE_LEN, P, P_LEN, REQUEST_CONTEXT, REQUEST_CONTEXT_LENGTH,
    SERVER_POINT, SERVER_POINT_LEN, SIG, SIG_ALGS, SIG_ALGS_LENGTH, SIG_LEN, STATUS_REQUEST_TYPE,
    TICKET, TICKET_AGE_ADD, TICKET_LENGTH, TICKET_LIFETIME, TICKET_NONCE, TICKET_NONCE_LENGTH, YC,
    YC_LEN, YS, YS_LEN,
};
use super::super::suites::{self, KeyExchange};
use super::super::wire::{self, Cursor, message, version};
use super::extensions::{self, signature_algorithm};
use super::{inflate, list, number, vector};
use crate::field::{Value, Writer};

/// Curve named by number (RFC 8422 5.4).
const NAMED: u32 = 3;

pub(super) fn certificates(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, CERTIFICATES_LENGTH, c, 3)? as usize;
    let (at, mut list) = (c.at(), c.part(len)?);
    w.parts(CERTIFICATES, Value::Present, at, len, |w| {
        while vector(w, (CERTIFICATE_LENGTH, CERTIFICATE), &mut list, 3).is_some() {}
    });
    Some(())
}

/// Of TLS 1.3, each certificate with its extensions (RFC 8446 4.4.2).
pub(super) fn certificates13(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    vector(w, (REQUEST_CONTEXT_LENGTH, REQUEST_CONTEXT), c, 1)?;
    let len = number(w, CERTIFICATES_LENGTH, c, 3)? as usize;
    let (at, mut list) = (c.at(), c.part(len)?);
    w.parts(CERTIFICATES, Value::Present, at, len, |w| {
        while vector(w, (CERTIFICATE_LENGTH, CERTIFICATE), &mut list, 3).is_some() {
            if extensions::all(w, message::CERTIFICATE, &mut list, None).is_none() {
                break;
            }
        }
    });
    Some(())
}

/// A certificate message of TLS 1.3 that was compressed (RFC 8879 4).
pub(super) fn compressed(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let algorithm = number(w, COMPRESS_CERT_ALGORITHM, c, 2)?;
    let len = number(w, COMPRESS_CERT_UNCOMPRESSED, c, 3)? as usize;
    let ids = (COMPRESS_CERT_MESSAGE_LENGTH, COMPRESS_CERT_MESSAGE);
    let bytes = vector(w, ids, c, 3)?;
    let bytes = inflate::certificates(algorithm, bytes, len)?;
    w.unplaced(|w| {
        // What is cut or odd ends the description.
        let _ = certificates13(w, &mut Cursor::new(&bytes, 0, &[]));
    });
    Some(())
}

pub(super) fn status(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    number(w, STATUS_REQUEST_TYPE, c, 1)?;
    number(w, OCSP_RESPONSE_LEN, c, 3)?;
    Some(())
}

pub(super) fn ticket(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    number(w, TICKET_LIFETIME, c, 4)?;
    vector(w, (TICKET_LENGTH, TICKET), c, 2)?;
    Some(())
}

/// Of TLS 1.3 (RFC 8446 4.6.1).
pub(super) fn ticket13(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    number(w, TICKET_LIFETIME, c, 4)?;
    number(w, TICKET_AGE_ADD, c, 4)?;
    vector(w, (TICKET_NONCE_LENGTH, TICKET_NONCE), c, 1)?;
    vector(w, (TICKET_LENGTH, TICKET), c, 2)?;
    extensions::all(w, message::NEW_SESSION_TICKET, c, None)
}

pub(super) fn request(w: &mut Writer<'_>, known: u16, c: &mut Cursor<'_>) -> Option<()> {
    let ids = (CERT_TYPES_COUNT, Some(CERT_TYPES), CERT_TYPE);
    list(w, ids, c, (1, 1))?;
    if known == version::TLS12 {
        let len = number(w, SIG_ALGS_LENGTH, c, 2)? as usize;
        let (at, mut list) = (c.at(), c.part(len)?);
        w.parts(SIG_ALGS, Value::Present, at, len, |w| {
            while signature_algorithm(w, &mut list).is_some() {}
        });
    }
    let len = number(w, DNAMES_LEN, c, 2)? as usize;
    if len == 0 {
        return Some(());
    }
    let (at, mut list) = (c.at(), c.part(len)?);
    w.parts(DNAMES, Value::Present, at, len, |w| {
        while let Some(len) = number(w, DNAME_LEN, &mut list, 2) {
            if list.take(len as usize).is_none() {
                break;
            }
        }
    });
    Some(())
}

pub(super) fn server(w: &mut Writer<'_>, known: u16, suite: u16, c: &mut Cursor<'_>) -> Option<()> {
    match suites::key_exchange(suite) {
        KeyExchange::Ecdh => {
            if number(w, CURVE_TYPE, c, 1)? != NAMED {
                return None;
            }
            number(w, NAMED_CURVE, c, 2)?;
            vector(w, (SERVER_POINT_LEN, SERVER_POINT), c, 1)?;
        }
        KeyExchange::Dh => {
            vector(w, (P_LEN, P), c, 2)?;
            vector(w, (G_LEN, G), c, 2)?;
            vector(w, (YS_LEN, YS), c, 2)?;
        }
        KeyExchange::Rsa | KeyExchange::Other => return None,
    }
    // Where nobody shows a certificate nothing is signed.
    if c.is_empty() {
        return Some(());
    }
    if known == version::TLS12 {
        signature_algorithm(w, c)?;
    }
    vector(w, (SIG_LEN, SIG), c, 2)?;
    Some(())
}

pub(super) fn client(w: &mut Writer<'_>, known: u16, suite: u16, c: &mut Cursor<'_>) -> Option<()> {
    match suites::key_exchange(suite) {
        KeyExchange::Ecdh => vector(w, (CLIENT_POINT_LEN, CLIENT_POINT), c, 1)?,
        KeyExchange::Dh => vector(w, (YC_LEN, YC), c, 2)?,
        // SSL 3.0 has no length here.
        KeyExchange::Rsa if known == version::SSL3 => {
            w.bytes(EPMS, c.rest(), c.at());
            return Some(());
        }
        KeyExchange::Rsa => vector(w, (EPMS_LEN, EPMS), c, 2)?,
        KeyExchange::Other => return None,
    };
    Some(())
}

pub(super) fn verify(w: &mut Writer<'_>, known: u16, c: &mut Cursor<'_>) -> Option<()> {
    if known == version::TLS12 || wire::is_tls13(known) {
        signature_algorithm(w, c)?;
    }
    vector(w, (CERT_VERIFY_SIG_LEN, CERT_VERIFY_SIG), c, 2)?;
    Some(())
}
