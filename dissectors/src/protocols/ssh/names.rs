//! Names of the numbers in messages.

/// What a key exchange method's messages 30 to 34 mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    /// A fixed group (RFC 4253 8), or not known.
    #[default]
    Dh,
    /// A group that the server picks (RFC 4419).
    GroupExchange,
    /// Elliptic curves (RFC 5656, RFC 8731), and those mixed with post-quantum methods.
    Ecdh,
}

impl Method {
    /// By the method's name.
    pub(super) fn of(name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name);
        if name.starts_with("diffie-hellman-group-exchange") {
            Self::GroupExchange
        } else if ["ecdh", "curve25519", "curve448", "x25519"]
            .iter()
            .any(|part| name.contains(part))
            || name.starts_with("mlkem")
        {
            Self::Ecdh
        } else {
            Self::Dh
        }
    }
}

/// A message of SSH 2 (RFC 4250 4.1.2, RFC 8308); empty for an unknown one.
pub(super) const fn message(code: u8, method: Method) -> &'static str {
    match (code, method) {
        (1, _) => "Disconnect",
        (2, _) => "Ignore",
        (3, _) => "Unimplemented",
        (4, _) => "Debug",
        (5, _) => "Service Request",
        (6, _) => "Service Accept",
        (7, _) => "Extension Information",
        (8, _) => "New Compression",
        (20, _) => "Key Exchange Init",
        (21, _) => "New Keys",
        (30, Method::Dh) => "Diffie-Hellman Key Exchange Init",
        (31, Method::Dh) => "Diffie-Hellman Key Exchange Reply",
        (30, Method::Ecdh) => "Elliptic Curve Diffie-Hellman Key Exchange Init",
        (31, Method::Ecdh) => "Elliptic Curve Diffie-Hellman Key Exchange Reply",
        (30, Method::GroupExchange) => "Diffie-Hellman Group Exchange Request (Old)",
        (31, Method::GroupExchange) => "Diffie-Hellman Group Exchange Group",
        (32, Method::GroupExchange) => "Diffie-Hellman Group Exchange Init",
        (33, Method::GroupExchange) => "Diffie-Hellman Group Exchange Reply",
        (34, Method::GroupExchange) => "Diffie-Hellman Group Exchange Request",
        (50, _) => "User Authentication Request",
        (51, _) => "User Authentication Failure",
        (52, _) => "User Authentication Success",
        (53, _) => "User Authentication Banner",
        _ => "",
    }
}

/// A message of SSH 1 that is sent in clear; empty for another.
pub(super) const fn message1(code: u8) -> &'static str {
    match code {
        0 => "No Message",
        1 => "Disconnect",
        2 => "Public Key",
        3 => "Session Key",
        _ => "",
    }
}

/// Why a peer disconnects (RFC 4250 4.2.2); empty for an unknown reason.
pub(super) const fn disconnect(code: u32) -> &'static str {
    match code {
        1 => "host not allowed to connect",
        2 => "protocol error",
        3 => "key exchange failed",
        4 => "reserved",
        5 => "MAC error",
        6 => "compression error",
        7 => "service not available",
        8 => "protocol version not supported",
        9 => "host key not verifiable",
        10 => "connection lost",
        11 => "by application",
        12 => "too many connections",
        13 => "authentication cancelled by user",
        14 => "no more authentication methods available",
        15 => "illegal user name",
        _ => "",
    }
}
