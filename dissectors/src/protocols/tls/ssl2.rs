//! The form of SSL 2.0, which the first message may have even where a later version is offered in it (RFC 5246 E.2).

use super::fields::{
    CERT_TYPE, CERTIFICATE, CHALLENGE, CHALLENGE_LENGTH, CIPHER_SPEC, CIPHER_SPEC_LENGTH,
    CLEAR_KEY_LENGTH, CONNECTION_ID_LENGTH, ENCRYPTED_KEY_LENGTH, HANDSHAKE_TYPE, IS_ESCAPE,
    KEY_ARG_LENGTH, PADDING_LENGTH, PROTO, RECORD, RECORD_LENGTH, RECORD_VERSION, SESSION_ID,
    SESSION_ID_HIT, SESSION_ID_LENGTH, VERSION,
};
use super::names;
use super::wire::{self, Cursor, Head2, message2, version};
use crate::field::{FieldId, Value, Writer};
use crate::units::Side;

/// The side's first record is one of SSL 2.0; `None` when more bytes are needed. `known`: the version, where it is.
pub(super) fn begins(bytes: &[u8], side: Side, known: u16) -> Option<bool> {
    if known != 0 {
        return Some(false);
    }
    if side == Side::Client {
        return wire::is_hello2(bytes);
    }
    let [_, _, kind, hit, _, high, low] = bytes.first_chunk()?;
    let number = u16::from_be_bytes([*high, *low]);
    Some(*kind == message2::SERVER_HELLO && *hit <= 1 && number == version::SSL2)
}

/// What message a record holds; `None` for encrypted bytes.
pub(super) fn readable(body: &[u8]) -> Option<u8> {
    let mut c = Cursor::new(body, 0, &[]);
    let kind = c.u8()?;
    let is_ssl = |number| number == version::SSL2 || wire::is_version(number);
    let fits = match kind {
        message2::CLIENT_HELLO => is_ssl(c.u16()?),
        message2::SERVER_HELLO => {
            c.take(2)?;
            is_ssl(c.u16()?)
        }
        message2::CLIENT_MASTER_KEY => {
            c.take(3)?;
            let parts = [c.u16()?, c.u16()?, c.u16()?];
            parts.iter().map(|n| usize::from(*n)).sum::<usize>() <= body.len()
        }
        _ => false,
    };
    fits.then_some(kind)
}

/// The version that a ClientHello offers.
pub(super) fn offered(body: &[u8]) -> u16 {
    let mut c = Cursor::new(body, 0, &[]);
    c.u8().and_then(|_| c.u16()).unwrap_or(0)
}

/// Describes a record.
pub(super) fn describe(w: &mut Writer<'_>, head: Head2, kind: Option<u8>, body: &[u8]) {
    let len = head.size + body.len();
    w.layer(PROTO, "SSLv2", 0, len, |w| {
        w.parts(RECORD, Value::Present, 0, len, |w| {
            w.uint(RECORD_VERSION, version::SSL2, 0, 0);
            let Some(kind) = kind else {
                return;
            };
            w.uint(RECORD_LENGTH, head.len as u64, 0, head.size);
            if head.size == 3 {
                w.bool(IS_ESCAPE, head.escape, 0, 1);
                w.uint(PADDING_LENGTH, head.padding, 2, 1);
            }
            w.uint(HANDSHAKE_TYPE, kind, head.size, 1);
            let mut c = Cursor::new(body, head.size, &[]);
            // What is cut ends the description.
            let _ = match kind {
                message2::CLIENT_HELLO => client_hello(w, &mut c),
                message2::SERVER_HELLO => server_hello(w, &mut c),
                _ => master_key(w, &mut c),
            };
        });
        w.info(|| kind.map_or("Encrypted Data", names::handshake2).to_owned());
    });
}

fn number(w: &mut Writer<'_>, id: FieldId, c: &mut Cursor<'_>) -> Option<usize> {
    let at = c.at();
    let n = c.u16()?;
    w.uint(id, n, at, 2);
    Some(usize::from(n))
}

fn client_hello(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    c.u8()?;
    number(w, VERSION, c)?;
    let suites = number(w, CIPHER_SPEC_LENGTH, c)?;
    let id = number(w, SESSION_ID_LENGTH, c)?;
    let challenge = number(w, CHALLENGE_LENGTH, c)?;
    suite_list(w, c.part(suites)?);
    if id > 0 {
        let at = c.at();
        w.bytes(SESSION_ID, c.take(id)?, at);
    }
    w.present(CHALLENGE, c.at(), challenge);
    Some(())
}

fn server_hello(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    c.u8()?;
    let at = c.at();
    w.bool(SESSION_ID_HIT, c.u8()? != 0, at, 1);
    let at = c.at();
    w.uint(CERT_TYPE, c.u8()?, at, 1);
    number(w, VERSION, c)?;
    let certificate = c.u16()?;
    let suites = number(w, CIPHER_SPEC_LENGTH, c)?;
    number(w, CONNECTION_ID_LENGTH, c)?;
    let at = c.at();
    w.bytes(CERTIFICATE, c.take(certificate.into())?, at);
    suite_list(w, c.part(suites)?);
    Some(())
}

fn master_key(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    c.u8()?;
    suite_list(w, c.part(3)?);
    number(w, CLEAR_KEY_LENGTH, c)?;
    number(w, ENCRYPTED_KEY_LENGTH, c)?;
    number(w, KEY_ARG_LENGTH, c)?;
    Some(())
}

fn suite_list(w: &mut Writer<'_>, mut list: Cursor<'_>) {
    let mut at = list.at();
    while let Some(suite) = list.u24() {
        w.uint(CIPHER_SPEC, suite, at, 3);
        at = list.at();
    }
}
