//! Extensions of hellos (RFC 8446 4.2, RFC 6066 and others).

use super::super::fields::{
    ALPN_LEN, ALPN_LIST, ALPN_STR, ALPN_STR_LEN, COMPRESS_CERT_ALGORITHM, COMPRESS_CERT_LENGTH,
    COOKIE, COOKIE_LEN, EXTENSION_DATA, EXTENSION_LEN, EXTENSION_TYPE, EXTENSIONS_LENGTH, GROUP,
    GROUPS, GROUPS_LENGTH, HEARTBEAT_MODE, KEY_SHARE_GROUP, KEY_SHARE_KEY, KEY_SHARE_KEY_LENGTH,
    KEY_SHARE_LENGTH, KEY_SHARE_SELECTED, MAX_EARLY_DATA, MAX_FRAGMENT_LENGTH, NPN_STR,
    NPN_STR_LEN, PADDING_DATA, POINT_FORMAT, POINT_FORMATS, POINT_FORMATS_LENGTH, PSK_BINDERS,
    PSK_BINDERS_LEN, PSK_IDENTITIES_LENGTH, PSK_IDENTITY, PSK_IDENTITY_LENGTH, PSK_MODE,
    PSK_MODES_LENGTH, PSK_SELECTED, PSK_TICKET_AGE, RECORD_SIZE_LIMIT, RENEG_INFO, RENEG_INFO_LEN,
    SERVER_NAME, SERVER_NAME_LEN, SERVER_NAME_LIST_LEN, SERVER_NAME_TYPE, SIG_ALG, SIG_ALG_HASH,
    SIG_ALG_SIG, SIG_ALGS, SIG_ALGS_LENGTH, STATUS_REQUEST_TYPE, SUPPORTED_VERSION, VERSIONS_LEN,
};
use super::super::names;
use super::super::wire::{Cursor, message};
use super::hello::Fingerprint;
use super::{list, number, vector};
use crate::field::{FieldId, Value, Writer};

/// The list of extensions of the handshake message `of`, as far as it goes.
pub(super) fn all(
    w: &mut Writer<'_>,
    of: u8,
    c: &mut Cursor<'_>,
    mut print: Option<&mut Fingerprint>,
) -> Option<()> {
    if c.len() < 2 {
        return Some(());
    }
    let len = number(w, EXTENSIONS_LENGTH, c, 2)? as usize;
    let mut list = c.part(len.min(c.len()))?;
    while !list.is_empty() {
        let mut head = list;
        let (kind, len) = (list.u16()?, list.u16()?);
        let (at, mut data) = (list.at(), list.part(len.into())?);
        if let Some(print) = print.as_deref_mut() {
            print.add(kind, data);
        }
        let label = || format!("Extension: {} (len={len})", names::extension(kind));
        w.branch(label, head.at(), at - head.at() + usize::from(len), |w| {
            number(w, EXTENSION_TYPE, &mut head, 2);
            number(w, EXTENSION_LEN, &mut head, 2);
            let _ = one(w, of, kind, &mut data);
        });
    }
    Some(())
}

impl Fingerprint {
    fn add(&mut self, kind: u16, mut data: Cursor<'_>) {
        self.extensions.push(kind);
        match kind {
            10 => {
                if let Some(mut list) = data.vector(2) {
                    self.groups.extend(std::iter::from_fn(|| list.u16()));
                }
            }
            11 => {
                if let Some(mut list) = data.vector(1) {
                    self.point_formats
                        .extend(std::iter::from_fn(|| list.u8().map(u16::from)));
                }
            }
            _ => {}
        }
    }
}

fn one(w: &mut Writer<'_>, of: u8, kind: u16, c: &mut Cursor<'_>) -> Option<()> {
    match kind {
        0 => server_names(w, c),
        1 => number(w, MAX_FRAGMENT_LENGTH, c, 1).map(|_| ()),
        5 if of == message::CLIENT_HELLO => number(w, STATUS_REQUEST_TYPE, c, 1).map(|_| ()),
        10 => list(w, (GROUPS_LENGTH, Some(GROUPS), GROUP), c, (2, 2)),
        11 => {
            let ids = (POINT_FORMATS_LENGTH, Some(POINT_FORMATS), POINT_FORMAT);
            list(w, ids, c, (1, 1))
        }
        13 | 50 => signature_algorithms(w, c),
        15 => number(w, HEARTBEAT_MODE, c, 1).map(|_| ()),
        16 => alpn(w, c),
        21 => {
            rest(w, PADDING_DATA, c);
            Some(())
        }
        27 => {
            let ids = (COMPRESS_CERT_LENGTH, None, COMPRESS_CERT_ALGORITHM);
            list(w, ids, c, (1, 2))
        }
        28 => number(w, RECORD_SIZE_LIMIT, c, 2).map(|_| ()),
        40 | 51 => key_share(w, of, c),
        41 if of == message::CLIENT_HELLO => pre_shared_keys(w, c),
        41 => number(w, PSK_SELECTED, c, 2).map(|_| ()),
        42 if of == message::NEW_SESSION_TICKET => number(w, MAX_EARLY_DATA, c, 4).map(|_| ()),
        43 if of == message::CLIENT_HELLO => {
            list(w, (VERSIONS_LEN, None, SUPPORTED_VERSION), c, (1, 2))
        }
        43 => number(w, SUPPORTED_VERSION, c, 2).map(|_| ()),
        44 => vector(w, (COOKIE_LEN, COOKIE), c, 2).map(|_| ()),
        45 => list(w, (PSK_MODES_LENGTH, None, PSK_MODE), c, (1, 1)),
        // Parameters of QUIC, which have fields of their own.
        57 | 0xFFA5 => Some(()),
        13172 => npn(w, c),
        65281 => vector(w, (RENEG_INFO_LEN, RENEG_INFO), c, 1).map(|_| ()),
        _ => {
            rest(w, EXTENSION_DATA, c);
            Some(())
        }
    }
}

/// All that is left; nothing where the extension is empty.
fn rest(w: &mut Writer<'_>, id: FieldId, c: &Cursor<'_>) {
    if !c.is_empty() {
        w.bytes(id, c.rest(), c.at());
    }
}

/// A server sends the extension empty, to say that it has used the name.
fn server_names(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    if c.is_empty() {
        return Some(());
    }
    let len = number(w, SERVER_NAME_LIST_LEN, c, 2)?;
    let mut list = c.part(len as usize)?;
    while !list.is_empty() {
        number(w, SERVER_NAME_TYPE, &mut list, 1)?;
        text(w, (SERVER_NAME_LEN, SERVER_NAME), &mut list, 2)?;
    }
    Some(())
}

/// Text with its length before it.
fn text(
    w: &mut Writer<'_>,
    (len_id, id): (FieldId, FieldId),
    c: &mut Cursor<'_>,
    size: usize,
) -> Option<()> {
    let len = number(w, len_id, c, size)? as usize;
    let (at, bytes) = (c.at(), c.take(len)?);
    w.text(id, &String::from_utf8_lossy(bytes), at, len);
    Some(())
}

fn alpn(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, ALPN_LEN, c, 2)? as usize;
    let (at, mut list) = (c.at(), c.part(len)?);
    w.parts(ALPN_LIST, Value::Present, at, len, |w| {
        while text(w, (ALPN_STR_LEN, ALPN_STR), &mut list, 1).is_some() {}
    });
    Some(())
}

fn npn(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    while !c.is_empty() {
        text(w, (NPN_STR_LEN, NPN_STR), c, 1)?;
    }
    Some(())
}

fn signature_algorithms(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, SIG_ALGS_LENGTH, c, 2)? as usize;
    let (at, mut list) = (c.at(), c.part(len)?);
    w.parts(SIG_ALGS, Value::Present, at, len, |w| {
        while signature_algorithm(w, &mut list).is_some() {}
    });
    Some(())
}

/// One algorithm, with its two bytes as they were read before TLS 1.3.
pub(super) fn signature_algorithm(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let (at, mut bytes) = (c.at(), *c);
    let algorithm = c.u16()?;
    w.parts(SIG_ALG, Value::Uint(algorithm.into()), at, 2, |w| {
        number(w, SIG_ALG_HASH, &mut bytes, 1);
        number(w, SIG_ALG_SIG, &mut bytes, 1);
    });
    Some(())
}

fn key_share(w: &mut Writer<'_>, of: u8, c: &mut Cursor<'_>) -> Option<()> {
    // A HelloRetryRequest names only the group.
    if of != message::CLIENT_HELLO && c.len() == 2 {
        return number(w, KEY_SHARE_SELECTED, c, 2).map(|_| ());
    }
    let mut list = *c;
    if of == message::CLIENT_HELLO {
        let len = number(w, KEY_SHARE_LENGTH, c, 2)?;
        list = c.part(len as usize)?;
    }
    while !list.is_empty() {
        number(w, KEY_SHARE_GROUP, &mut list, 2)?;
        vector(w, (KEY_SHARE_KEY_LENGTH, KEY_SHARE_KEY), &mut list, 2)?;
    }
    Some(())
}

fn pre_shared_keys(w: &mut Writer<'_>, c: &mut Cursor<'_>) -> Option<()> {
    let len = number(w, PSK_IDENTITIES_LENGTH, c, 2)?;
    let mut identities = c.part(len as usize)?;
    while !identities.is_empty() {
        vector(w, (PSK_IDENTITY_LENGTH, PSK_IDENTITY), &mut identities, 2)?;
        number(w, PSK_TICKET_AGE, &mut identities, 4)?;
    }
    let len = number(w, PSK_BINDERS_LEN, c, 2)?;
    w.present(PSK_BINDERS, c.at(), len as usize);
    Some(())
}
