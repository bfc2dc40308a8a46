//! The fields of one record and of the messages in it.

mod extensions;
mod hello;
mod inflate;
mod keys;

use super::assembly::Message;
use super::fields::{
    ALERT, ALERT_DESC, ALERT_LEVEL, CHANGE_CIPHER_SPEC, CONTENT_TYPE, HANDSHAKE, HANDSHAKE_LENGTH,
    HANDSHAKE_TYPE, HEARTBEAT, HEARTBEAT_LENGTH, HEARTBEAT_TYPE, OPAQUE_TYPE, PROTO, RECORD,
    RECORD_LENGTH, RECORD_VERSION, REQUEST_CONTEXT, REQUEST_CONTEXT_LENGTH,
};
use super::names;
use super::wire::{self, Cursor, Head, message, version};
use crate::field::{FieldId, Value, Writer};

/// A record, and what is known of its session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) head: Head,
    /// The session's version; 0 as long as it is not known.
    pub(super) version: u16,
    /// Its content type is only for show.
    pub(super) opaque: bool,
    /// What it carries in truth, where it could be opened.
    pub(super) inner: Option<u8>,
}

impl Record {
    fn protocol(&self) -> &'static str {
        wire::short_name(match self.version {
            0 => self.head.version,
            known => known,
        })
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    Data,
    Alert {
        level: u8,
        description: u8,
    },
    EncryptedAlert,
    ChangeCipherSpec,
    Heartbeat(&'a [u8]),
    Handshake {
        messages: &'a [Message<'a>],
        suite: u16,
        encrypted: bool,
    },
}

/// Describes a record by its head and what could be read of it.
pub(super) fn record(w: &mut Writer<'_>, record: &Record, content: &Content<'_>) {
    let head = record.head;
    let len = head.size();
    w.layer(PROTO, record.protocol(), 0, len, |w| {
        w.parts(RECORD, Value::Present, 0, len, |w| {
            let kind = if record.opaque {
                OPAQUE_TYPE
            } else {
                CONTENT_TYPE
            };
            w.uint(kind, head.kind, 0, 1);
            w.uint(RECORD_VERSION, head.version, 1, 2);
            w.uint(RECORD_LENGTH, head.len, 3, 2);
            if let Some(inner) = record.inner {
                w.uint(CONTENT_TYPE, inner, 0, 0);
            }
            inside(w, record, content);
        });
        w.info(|| info(content));
    });
}

/// Describes a message that began in an earlier record; positions count from that one's start.
pub(super) fn carried(w: &mut Writer<'_>, record: &Record, message: &Message<'_>, suite: u16) {
    let len = message.bytes.len() + message.seams.len() * wire::HEAD;
    w.layer(PROTO, record.protocol(), message.base, len, |w| {
        handshake(w, record, message, suite);
        w.info(|| names::handshake(message.kind).to_owned());
    });
}

/// Describes a message of TLS 1.3 that stands in no record. The columns are its carrier's.
pub(super) fn bare(w: &mut Writer<'_>, message: &Message<'_>) {
    let record = Record {
        head: Head::default(),
        version: version::TLS13,
        opaque: false,
        inner: None,
    };
    w.parts(PROTO, Value::Present, 0, message.bytes.len(), |w| {
        handshake(w, &record, message, 0);
    });
}

fn inside(w: &mut Writer<'_>, record: &Record, content: &Content<'_>) {
    let len = usize::from(record.head.len);
    match *content {
        Content::Data => {}
        Content::Alert { level, description } => {
            w.parts(ALERT, Value::Present, wire::HEAD, 2, |w| {
                w.uint(ALERT_LEVEL, level, wire::HEAD, 1);
                w.uint(ALERT_DESC, description, wire::HEAD + 1, 1);
            });
        }
        Content::EncryptedAlert => w.present(ALERT, wire::HEAD, len),
        Content::ChangeCipherSpec => w.present(CHANGE_CIPHER_SPEC, wire::HEAD, len),
        Content::Heartbeat(body) => heartbeat(w, body),
        Content::Handshake {
            messages,
            suite,
            encrypted,
        } => {
            for message in messages {
                handshake(w, record, message, suite);
            }
            if encrypted {
                w.present(HANDSHAKE, wire::HEAD, len);
            }
        }
    }
}

fn heartbeat(w: &mut Writer<'_>, body: &[u8]) {
    let &[kind @ 1..=2, high, low] = body.first_chunk().unwrap_or(&[0; 3]) else {
        return w.present(HEARTBEAT, wire::HEAD, body.len());
    };
    w.parts(HEARTBEAT, Value::Present, wire::HEAD, body.len(), |w| {
        w.uint(HEARTBEAT_TYPE, kind, wire::HEAD, 1);
        let len = u16::from_be_bytes([high, low]);
        w.uint(HEARTBEAT_LENGTH, len, wire::HEAD + 1, 2);
    });
}

fn handshake(w: &mut Writer<'_>, record: &Record, message: &Message<'_>, suite: u16) {
    let mut c = Cursor::new(message.bytes, message.base, message.seams);
    w.parts(
        HANDSHAKE,
        Value::Present,
        message.base,
        message.bytes.len(),
        |w| {
            number(w, HANDSHAKE_TYPE, &mut c, 1);
            number(w, HANDSHAKE_LENGTH, &mut c, 3);
            // What is cut or odd ends the description.
            let _ = body(w, record.version, message.kind, &mut c, suite);
        },
    );
}

fn body(w: &mut Writer<'_>, known: u16, kind: u8, c: &mut Cursor<'_>, suite: u16) -> Option<()> {
    match kind {
        message::CLIENT_HELLO => hello::client(w, c),
        message::SERVER_HELLO => hello::server(w, c),
        message::HELLO_RETRY_REQUEST => hello::retry(w, c),
        message::ENCRYPTED_EXTENSIONS => extensions::all(w, kind, c, None),
        message::NEW_SESSION_TICKET if wire::is_tls13(known) => keys::ticket13(w, c),
        message::NEW_SESSION_TICKET => keys::ticket(w, c),
        message::CERTIFICATE if wire::is_tls13(known) => keys::certificates13(w, c),
        message::CERTIFICATE => keys::certificates(w, c),
        message::COMPRESSED_CERTIFICATE => keys::compressed(w, c),
        message::CERTIFICATE_STATUS => keys::status(w, c),
        message::CERTIFICATE_REQUEST if wire::is_tls13(known) => {
            vector(w, (REQUEST_CONTEXT_LENGTH, REQUEST_CONTEXT), c, 1)?;
            extensions::all(w, kind, c, None)
        }
        message::CERTIFICATE_REQUEST => keys::request(w, known, c),
        message::SERVER_KEY_EXCHANGE => keys::server(w, known, suite, c),
        message::CLIENT_KEY_EXCHANGE => keys::client(w, known, suite, c),
        message::CERTIFICATE_VERIFY => keys::verify(w, known, c),
        message::FINISHED => {
            w.present(super::fields::VERIFY_DATA, c.at(), c.len());
            Some(())
        }
        _ => Some(()),
    }
}

/// A number of `size` bytes.
fn number(w: &mut Writer<'_>, id: FieldId, c: &mut Cursor<'_>, size: usize) -> Option<u32> {
    let at = c.at();
    let value = match size {
        1 => c.u8()?.into(),
        2 => c.u16()?.into(),
        3 => c.u24()?,
        _ => c.u32()?,
    };
    w.uint(id, value, at, size);
    Some(value)
}

/// Bytes with `size` bytes of length before them.
fn vector<'a>(
    w: &mut Writer<'_>,
    (len_id, id): (FieldId, FieldId),
    c: &mut Cursor<'a>,
    size: usize,
) -> Option<&'a [u8]> {
    let len = number(w, len_id, c, size)? as usize;
    let at = c.at();
    let bytes = c.take(len)?;
    if !bytes.is_empty() {
        w.bytes(id, bytes, at);
    }
    Some(bytes)
}

/// A list of numbers of `size` bytes, with `len_size` bytes of length before it.
fn list(
    w: &mut Writer<'_>,
    (len_id, list_id, id): (FieldId, Option<FieldId>, FieldId),
    c: &mut Cursor<'_>,
    (len_size, size): (usize, usize),
) -> Option<()> {
    let len = number(w, len_id, c, len_size)? as usize;
    let (at, mut inner) = (c.at(), c.part(len)?);
    let items = |w: &mut Writer<'_>| while number(w, id, &mut inner, size).is_some() {};
    match list_id {
        Some(list_id) => w.parts(list_id, Value::Present, at, len, items),
        None => {
            let mut items = items;
            items(w);
        }
    }
    Some(())
}

fn info(content: &Content<'_>) -> String {
    match *content {
        Content::Data => "Application Data".to_owned(),
        Content::Alert { level, description } => {
            let description = match names::alert(description) {
                "" => format!("Unknown ({description})"),
                name => name.to_owned(),
            };
            let level = names::alert_level(level);
            format!("Alert (Level: {level}, Description: {description})")
        }
        Content::EncryptedAlert => "Encrypted Alert".to_owned(),
        Content::ChangeCipherSpec => "Change Cipher Spec".to_owned(),
        Content::Heartbeat(_) => "Heartbeat".to_owned(),
        Content::Handshake {
            messages,
            encrypted,
            ..
        } => {
            let names = messages.iter().map(|m| match m.kind {
                message::SERVER_HELLO if hello::is_retry(m.body()) => "Hello Retry Request",
                kind => names::handshake(kind),
            });
            let end = encrypted.then_some("Encrypted Handshake Message");
            names.chain(end).collect::<Vec<_>>().join(", ")
        }
    }
}
