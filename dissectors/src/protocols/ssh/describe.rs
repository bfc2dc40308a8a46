//! The fields of version lines and packets.

use md5::{Digest as _, Md5};

use super::fields::{
    CIPHER_C2S, CIPHER_C2S_LENGTH, CIPHER_S2C, CIPHER_S2C_LENGTH, COMPRESSION_C2S,
    COMPRESSION_C2S_LENGTH, COMPRESSION_S2C, COMPRESSION_S2C_LENGTH, COOKIE, DEBUG_SHOW,
    DEBUG_TEXT, DEBUG_TEXT_LENGTH, DH_E, DH_F, DIRECTION, DISCONNECT_REASON, DISCONNECT_TEXT,
    DISCONNECT_TEXT_LENGTH, ECDH_Q_C, ECDH_Q_C_LENGTH, ECDH_Q_S, ECDH_Q_S_LENGTH,
    FIRST_KEX_FOLLOWS, GEX_BITS, GEX_G, GEX_MAX, GEX_MIN, GEX_P, HASSH, HASSH_ALGORITHMS,
    HASSHSERVER, HASSHSERVER_ALGORITHMS, HOST_KEY, HOST_KEY_DATA, HOST_KEY_DATA_LENGTH,
    HOST_KEY_LENGTH, HOST_KEY_TYPE, HOST_KEY_TYPE_LENGTH, HOST_SIG_DATA, HOST_SIG_LENGTH,
    HOST_SIG_TYPE, HOST_SIG_TYPE_LENGTH, IGNORE_DATA, IGNORE_LENGTH, KEX, KEX_LENGTH, LANG_TAG,
    LANG_TAG_LENGTH, LANGUAGES_C2S, LANGUAGES_C2S_LENGTH, LANGUAGES_S2C, LANGUAGES_S2C_LENGTH,
    MAC_C2S, MAC_C2S_LENGTH, MAC_S2C, MAC_S2C_LENGTH, MESSAGE_CODE, MPINT_LENGTH, PACKET_LENGTH,
    PADDING, PADDING_LENGTH, PAYLOAD, PROTO, PROTOCOL, RESERVED, SERVICE, SERVICE_LENGTH,
};
use super::names::{self, Method};
use super::wire::{Cursor, Head, KexInit, LISTS, list, message, without_end};
use crate::field::{FieldId, Writer};
use crate::text;
use crate::units::Side;

/// What is known of the session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) side: Side,
    pub(super) method: Method,
    /// SSH 1 is spoken.
    pub(super) old: bool,
}

impl Context {
    fn column(self) -> &'static str {
        if self.old { "SSHv1" } else { "SSHv2" }
    }

    fn layer(self, w: &mut Writer<'_>, len: usize, inner: impl FnOnce(&mut Writer<'_>)) {
        w.layer(PROTO, self.column(), 0, len, |w| {
            inner(w);
            w.bool(DIRECTION, self.side == Side::Server, 0, 0);
        });
    }

    fn info(self, w: &mut Writer<'_>, what: impl FnOnce() -> String) {
        let who = match self.side {
            Side::Client => "Client",
            Side::Server => "Server",
        };
        w.info(|| format!("{who}: {}", what()));
    }
}

/// A version line.
pub(super) fn version(w: &mut Writer<'_>, line: &[u8], context: Context) {
    let text = without_end(line);
    let text = || String::from_utf8_lossy(text).into_owned();
    context.layer(w, line.len(), |w| {
        w.text_with(PROTOCOL, text, 0, line.len());
        context.info(w, || format!("Protocol ({})", text()));
    });
}

/// Bytes that can't be read: as many packets as they may be.
pub(super) fn encrypted(w: &mut Writer<'_>, len: usize, context: Context) {
    context.layer(w, len, |w| {
        context.info(w, || format!("Encrypted packet (len={len})"));
    });
}

/// A packet in clear.
pub(super) fn packet(w: &mut Writer<'_>, head: Head, bytes: &[u8], context: Context) {
    context.layer(w, bytes.len(), |w| {
        w.uint(PACKET_LENGTH, head.len as u64, 0, 4);
        let padding_size = usize::from(!head.old);
        w.uint(PADDING_LENGTH, head.padding as u64, 4, padding_size);
        let place = head.payload();
        let payload = bytes.get(place.clone()).unwrap_or(&[]);
        let mut c = Cursor::new(payload, place.start);
        let Some(code) = c.u8() else {
            return;
        };
        w.uint(MESSAGE_CODE, code, place.start, 1);
        if head.old {
            let rest = bytes.get(c.at()..).unwrap_or(&[]);
            w.bytes(PAYLOAD, rest, c.at());
        } else {
            // What is cut or odd ends the description.
            let _ = content(w, code, &mut c, context);
            let padding = bytes.get(place.end..).unwrap_or(&[]);
            w.bytes(PADDING, padding, place.end);
        }
        context.info(w, || {
            let name = if head.old {
                names::message1(code)
            } else {
                names::message(code, context.method)
            };
            match name {
                "" => format!("Unknown ({code})"),
                name => name.to_owned(),
            }
        });
    });
}

fn content(w: &mut Writer<'_>, code: u8, c: &mut Cursor<'_>, context: Context) -> Option<()> {
    match code {
        message::DISCONNECT => {
            number(w, DISCONNECT_REASON, c)?;
            string_text(w, (DISCONNECT_TEXT_LENGTH, DISCONNECT_TEXT), c)?;
            string_text(w, (LANG_TAG_LENGTH, LANG_TAG), c)
        }
        message::IGNORE => string(w, (IGNORE_LENGTH, IGNORE_DATA), c).map(|_| ()),
        message::DEBUG => {
            let at = c.at();
            w.bool(DEBUG_SHOW, c.u8()? != 0, at, 1);
            string_text(w, (DEBUG_TEXT_LENGTH, DEBUG_TEXT), c)?;
            string_text(w, (LANG_TAG_LENGTH, LANG_TAG), c)
        }
        message::SERVICE_REQUEST | message::SERVICE_ACCEPT => {
            string_text(w, (SERVICE_LENGTH, SERVICE), c)
        }
        message::KEXINIT => kex_init(w, c, context.side),
        message::KEX_FIRST..=message::KEX_LAST => exchange(w, code, c, context.method),
        _ => Some(()),
    }
}

/// The name-lists of a KEXINIT, in their order.
const LIST_FIELDS: [(FieldId, FieldId); LISTS] = [
    (KEX_LENGTH, KEX),
    (HOST_KEY_LENGTH, HOST_KEY),
    (CIPHER_C2S_LENGTH, CIPHER_C2S),
    (CIPHER_S2C_LENGTH, CIPHER_S2C),
    (MAC_C2S_LENGTH, MAC_C2S),
    (MAC_S2C_LENGTH, MAC_S2C),
    (COMPRESSION_C2S_LENGTH, COMPRESSION_C2S),
    (COMPRESSION_S2C_LENGTH, COMPRESSION_S2C),
    (LANGUAGES_C2S_LENGTH, LANGUAGES_C2S),
    (LANGUAGES_S2C_LENGTH, LANGUAGES_S2C),
];

fn kex_init(w: &mut Writer<'_>, c: &mut Cursor<'_>, side: Side) -> Option<()> {
    let lists = KexInit::read(c.rest());
    let at = c.at();
    w.bytes(COOKIE, c.take(16)?, at);
    for ids in LIST_FIELDS {
        string_text(w, ids, c)?;
    }
    let at = c.at();
    w.uint(FIRST_KEX_FOLLOWS, c.u8()?, at, 1);
    let at = c.at();
    w.bytes(RESERVED, c.take(4)?, at);
    fingerprint(w, &lists?, side);
    Some(())
}

/// hassh: a digest of what a program offers (of each pair of lists, its own direction).
fn fingerprint(w: &mut Writer<'_>, init: &KexInit<'_>, side: Side) {
    let (ids, places) = match side {
        Side::Client => (
            (HASSH_ALGORITHMS, HASSH),
            [
                list::KEX,
                list::CIPHER_TO_SERVER,
                list::MAC_TO_SERVER,
                list::COMPRESSION_TO_SERVER,
            ],
        ),
        Side::Server => (
            (HASSHSERVER_ALGORITHMS, HASSHSERVER),
            [
                list::KEX,
                list::CIPHER_TO_CLIENT,
                list::MAC_TO_CLIENT,
                list::COMPRESSION_TO_CLIENT,
            ],
        ),
    };
    if !w.wants(ids.0) && !w.wants(ids.1) {
        return;
    }
    let lists = places.map(|place| init.lists.get(place).copied().unwrap_or(&[]));
    let full = lists.join(&b';');
    w.text(ids.0, &String::from_utf8_lossy(&full), 0, 0);
    w.text(ids.1, &text::hex(&Md5::digest(&full)), 0, 0);
}

fn exchange(w: &mut Writer<'_>, code: u8, c: &mut Cursor<'_>, method: Method) -> Option<()> {
    match (method, code) {
        (Method::Dh, 30) | (Method::GroupExchange, 32) => mpint(w, DH_E, c),
        (Method::Dh, 31) | (Method::GroupExchange, 33) => {
            host_key(w, c)?;
            mpint(w, DH_F, c)?;
            signature(w, c)
        }
        (Method::Ecdh, 30) => string(w, (ECDH_Q_C_LENGTH, ECDH_Q_C), c).map(|_| ()),
        (Method::Ecdh, 31) => {
            host_key(w, c)?;
            string(w, (ECDH_Q_S_LENGTH, ECDH_Q_S), c)?;
            signature(w, c)
        }
        (Method::GroupExchange, 30) => number(w, GEX_BITS, c).map(|_| ()),
        (Method::GroupExchange, 31) => {
            mpint(w, GEX_P, c)?;
            mpint(w, GEX_G, c)
        }
        (Method::GroupExchange, 34) => {
            number(w, GEX_MIN, c)?;
            number(w, GEX_BITS, c)?;
            number(w, GEX_MAX, c).map(|_| ())
        }
        _ => Some(()),
    }
}

fn host_key(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, HOST_KEY_DATA_LENGTH, c)? as usize;
    let (at, bytes) = (c.at(), c.take(len)?);
    let mut key = Cursor::new(bytes, at);
    string_text(w, (HOST_KEY_TYPE_LENGTH, HOST_KEY_TYPE), &mut key)?;
    w.bytes(HOST_KEY_DATA, key.rest(), key.at());
    Some(())
}

fn signature(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, HOST_SIG_LENGTH, c)? as usize;
    let (at, bytes) = (c.at(), c.take(len)?);
    let mut signature = Cursor::new(bytes, at);
    string_text(w, (HOST_SIG_TYPE_LENGTH, HOST_SIG_TYPE), &mut signature)?;
    w.bytes(HOST_SIG_DATA, signature.rest(), signature.at());
    Some(())
}

fn number(w: &mut Writer<'_>, id: FieldId, c: &mut Cursor<'_>) -> Option<u32> {
    let at = c.at();
    let value = c.u32()?;
    w.uint(id, value, at, 4);
    Some(value)
}

fn mpint(w: &mut Writer<'_>, id: FieldId, c: &mut Cursor<'_>) -> Option<()> {
    string(w, (MPINT_LENGTH, id), c).map(|_| ())
}

fn string<'a>(
    w: &mut Writer<'_>,
    (len_id, id): (FieldId, FieldId),
    c: &mut Cursor<'a>,
) -> Option<&'a [u8]> {
    let len = number(w, len_id, c)? as usize;
    let (at, bytes) = (c.at(), c.take(len)?);
    w.bytes(id, bytes, at);
    Some(bytes)
}

fn string_text(
    w: &mut Writer<'_>,
    (len_id, id): (FieldId, FieldId),
    c: &mut Cursor<'_>,
) -> Option<()> {
    let len = number(w, len_id, c)? as usize;
    let (at, bytes) = (c.at(), c.take(len)?);
    w.text_with(id, || String::from_utf8_lossy(bytes).into_owned(), at, len);
    Some(())
}
