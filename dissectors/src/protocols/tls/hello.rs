//! What the two hellos say, as far as the session needs it.

use super::wire::{self, Cursor};

/// Extensions that the session reads (the IANA registry "TLS ExtensionType Values").
pub(super) mod extension {
    pub(crate) const SERVER_NAME: u16 = 0;
    pub(crate) const SUPPORTED_GROUPS: u16 = 10;
    pub(crate) const EC_POINT_FORMATS: u16 = 11;
    pub(crate) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(crate) const ALPN: u16 = 16;
    pub(crate) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(crate) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(crate) const SESSION_TICKET: u16 = 35;
    pub(crate) const PRE_SHARED_KEY: u16 = 41;
    pub(crate) const EARLY_DATA: u16 = 42;
    pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
    pub(crate) const KEY_SHARE: u16 = 51;
}

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3).
pub(super) const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// A ClientHello (RFC 8446 4.1.2).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClientHello<'a> {
    /// The highest version that is offered.
    pub(super) version: u16,
    /// What stands in the field of that name.
    pub(super) legacy_version: u16,
    pub(super) session_id: &'a [u8],
    /// Numbers of two bytes each, as the next four.
    pub(super) suites: &'a [u8],
    pub(super) versions: &'a [u8],
    pub(super) groups: &'a [u8],
    pub(super) signature_algorithms: &'a [u8],
    pub(super) point_formats: &'a [u8],
    /// Names, each with its length before it.
    pub(super) alpn: &'a [u8],
    /// The extensions, with their length before them.
    pub(super) extensions: &'a [u8],
    pub(super) server_name: Option<&'a [u8]>,
    /// The ticket to resume with (RFC 5077); empty where one is only asked for.
    pub(super) ticket: &'a [u8],
    /// The first key that is offered (RFC 8446 4.2.11).
    pub(super) psk: Option<&'a [u8]>,
    /// Its age is zero, as that of a key from elsewhere than an earlier session has to be; a ticket's is masked.
    pub(super) psk_is_external: bool,
    /// RFC 7627.
    pub(super) extended_master_secret: bool,
    /// Data comes before the server's answer.
    pub(super) early_data: bool,
}

/// A ServerHello or a HelloRetryRequest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerHello<'a> {
    /// The version that was chosen.
    pub(super) version: u16,
    pub(super) session_id: &'a [u8],
    pub(super) suite: u16,
    pub(super) compression: u8,
    pub(super) retry: bool,
    pub(super) alpn: Option<&'a [u8]>,
    /// The group of the key share, or the one that a HelloRetryRequest asks for.
    pub(super) group: Option<u16>,
    /// The extensions, with their length before them.
    pub(super) extensions: &'a [u8],
    /// RFC 7627.
    pub(super) extended_master_secret: bool,
    /// One of the client's keys is taken.
    pub(super) psk: bool,
    /// The code goes over the encrypted bytes (RFC 7366).
    pub(super) encrypt_then_mac: bool,
}

/// Reads a ClientHello's body, as far as it goes.
pub(super) fn client(body: &[u8]) -> Option<ClientHello<'_>> {
    let mut c = Cursor::new(body, 0, &[]);
    let version = c.u16()?;
    let mut hello = ClientHello {
        version,
        legacy_version: version,
        ..ClientHello::default()
    };
    c.take(32)?;
    hello.session_id = c.vector(1)?.rest();
    hello.suites = c.vector(2)?.rest();
    c.vector(1)?;
    hello.extensions = c.rest();
    for (kind, mut data) in extensions(&mut c) {
        let mut list = |n| data.vector(n).map_or(&[][..], |list| list.rest());
        match kind {
            extension::SUPPORTED_GROUPS => hello.groups = list(2),
            extension::EC_POINT_FORMATS => hello.point_formats = list(1),
            extension::SIGNATURE_ALGORITHMS => hello.signature_algorithms = list(2),
            extension::ALPN => hello.alpn = list(2),
            extension::SESSION_TICKET => hello.ticket = data.rest(),
            extension::PRE_SHARED_KEY => {
                let (key, age) = first_key(data).unzip();
                hello.psk = key;
                hello.psk_is_external = age == Some(0);
            }
            extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
            extension::SERVER_NAME => hello.server_name = server_name(data),
            extension::EARLY_DATA => hello.early_data = true,
            extension::SUPPORTED_VERSIONS => {
                hello.versions = list(1);
                let best = numbers(hello.versions)
                    .filter(|number| wire::is_version(*number))
                    .max_by_key(|number| (wire::is_tls13(*number), *number));
                hello.version = best.unwrap_or(hello.version);
            }
            _ => {}
        }
    }
    Some(hello)
}

/// Numbers of two bytes each, without those that are sent to keep peers tolerant.
pub(super) fn numbers(list: &[u8]) -> impl Iterator<Item = u16> + '_ {
    list.chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes))
        .filter(|number| !wire::is_grease(*number))
}

/// Reads a ServerHello's body. Drafts of TLS 1.3 before the 22nd have neither session id nor compression.
pub(super) fn server(body: &[u8]) -> Option<ServerHello<'_>> {
    let mut c = Cursor::new(body, 0, &[]);
    let mut hello = ServerHello {
        version: c.u16()?,
        ..ServerHello::default()
    };
    hello.retry = c.take(32)? == RETRY;
    let draft = is_early_draft(hello.version);
    if !draft {
        hello.session_id = c.vector(1)?.rest();
    }
    hello.suite = c.u16()?;
    if !draft {
        hello.compression = c.u8()?;
    }
    hello.extensions = c.rest();
    for (kind, mut data) in extensions(&mut c) {
        match kind {
            extension::KEY_SHARE => hello.group = data.u16(),
            extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
            extension::ALPN => hello.alpn = alpn(data),
            extension::ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
            extension::PRE_SHARED_KEY => hello.psk = true,
            extension::SUPPORTED_VERSIONS => hello.version = data.u16().unwrap_or(hello.version),
            _ => {}
        }
    }
    Some(hello)
}

/// A draft whose ServerHello is shorter.
pub(super) const fn is_early_draft(version: u16) -> bool {
    matches!(version, 0x7F00..=0x7F15)
}

/// The extensions, each with its content.
pub(super) fn extensions<'a>(c: &mut Cursor<'a>) -> impl Iterator<Item = (u16, Cursor<'a>)> {
    let mut list = c.vector(2);
    std::iter::from_fn(move || {
        let list = list.as_mut()?;
        Some((list.u16()?, list.vector(2)?))
    })
}

/// The protocol that a server has chosen (RFC 7301).
pub(super) fn alpn(mut data: Cursor<'_>) -> Option<&[u8]> {
    let mut list = data.vector(2)?;
    list.vector(1).map(|name| name.rest())
}

/// The identity of the first key, and its obfuscated age (RFC 8446 4.2.11).
fn first_key(mut data: Cursor<'_>) -> Option<(&[u8], u32)> {
    let mut identities = data.vector(2)?;
    let identity = identities.vector(2)?.rest();
    Some((identity, identities.u32().unwrap_or(1)))
}

/// The host name of the extension (RFC 6066 3).
fn server_name(mut data: Cursor<'_>) -> Option<&[u8]> {
    let mut list = data.vector(2)?;
    (list.u8()? == 0).then_some(())?;
    list.vector(2).map(|name| name.rest())
}
