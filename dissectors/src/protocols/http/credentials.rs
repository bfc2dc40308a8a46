//! What is known of credentials (RFC 9110 section 11) without ever keeping them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::names;
use crate::event::Fact;

/// Bytes of a token that are read: tokens are a few hundred, tickets of Kerberos some thousands.
const TOKEN: usize = 16 * 1024;
/// Credentials of one connection whose acceptance is remembered.
const REMEMBERED: usize = 32;

/// What a request's Authorization or Proxy-Authorization says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) scheme: &'static str,
    /// Tells credentials apart and gives nothing away: of the user of Digest, of the whole value otherwise.
    pub(super) fingerprint: u64,
    /// NTLM, be it in Negotiate: its message number (MS-NLMP 2.2.1).
    pub(super) ntlm: Option<u8>,
    /// When a JSON Web Token expires, and from when on it counts: seconds since 1970 (RFC 7519 sections 4.1.4 and 4.1.5).
    pub(super) expires: Option<i64>,
    pub(super) not_before: Option<i64>,
}

/// FNV-1a. Positive as an `i64` too, so that reports print what rules compare; never 0.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 1 | 1
}

impl Credentials {
    /// Reads a field's value.
    pub(super) fn of(field: &[u8]) -> Self {
        let scheme = names::scheme(field);
        let token = token(field);
        let mut it = Self {
            scheme,
            fingerprint: fingerprint(field),
            ..Self::default()
        };
        match scheme {
            "NTLM" | "Negotiate" => it.ntlm = ntlm(token),
            "Bearer" | "DPoP" => {
                if let Some(claims) = claims(token) {
                    it.expires = number(&claims, b"\"exp\"");
                    it.not_before = number(&claims, b"\"nbf\"");
                }
            }
            "Digest" => {
                if let Some(user) = names::parameter(field, b"username=") {
                    it.fingerprint = fingerprint(user);
                }
            }
            _ => {}
        }
        it
    }

    /// The first message of NTLM holds none yet.
    pub(super) fn are_announced_only(&self) -> bool {
        self.ntlm == Some(1)
    }

    /// Adds what rules ask for.
    pub(super) fn describe(&self, mut fact: Fact) -> Fact {
        fact = fact
            .with("credentials", self.scheme)
            .with("credential", self.fingerprint);
        if let Some(message) = self.ntlm {
            fact = fact.with("ntlm", message);
        }
        for (key, time) in [("expires", self.expires), ("not_before", self.not_before)] {
            if let Some(time) = time {
                fact = fact.with(key, time);
            }
        }
        fact
    }
}

/// What follows the scheme.
fn token(field: &[u8]) -> &[u8] {
    let at = field.iter().position(|b| *b == b' ');
    let token = at.and_then(|at| field.get(at + 1..)).unwrap_or_default();
    token.get(..TOKEN).unwrap_or(token).trim_ascii()
}

/// The number of the NTLM message in a token, which may be wrapped in SPNEGO.
fn ntlm(token: &[u8]) -> Option<u8> {
    const SIGNATURE: &[u8] = b"NTLMSSP\0";
    let bytes = STANDARD.decode(token).ok()?;
    let at = bytes
        .windows(SIGNATURE.len())
        .position(|w| w == SIGNATURE)?;
    bytes.get(at + SIGNATURE.len()).copied()
}

/// The claims of a JSON Web Token: the middle of three parts (RFC 7519 section 3, RFC 7515 section 7.1).
fn claims(token: &[u8]) -> Option<Vec<u8>> {
    let mut parts = token.split(|b| *b == b'.');
    let (head, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    // `{"` in base64: every header is an object.
    if !head.starts_with(b"eyJ") && !head.starts_with(b"eyI") && !head.starts_with(b"ey") {
        return None;
    }
    URL_SAFE_NO_PAD.decode(claims.trim_ascii_end()).ok()
}

/// The number behind a name in JSON; fractions are cut.
fn number(json: &[u8], name: &[u8]) -> Option<i64> {
    let at = json.windows(name.len()).position(|w| w == name)?;
    let value = json.get(at + name.len()..)?.trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = super::wire::decimal(value.get(..digits)?)?;
    i64::try_from(number).ok()
}

/// Credentials that were taken on this connection.
#[derive(Debug, Default)]
pub(super) struct Accepted(Vec<u64>);

impl Accepted {
    /// True the first time.
    pub(super) fn is_new(&mut self, credentials: &Credentials) -> bool {
        let new = self.0.len() < REMEMBERED && !self.0.contains(&credentials.fingerprint);
        if new {
            self.0.push(credentials.fingerprint);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_times() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"u","exp": 1700000000.5,"nbf":1600000000}"#);
        let it = Credentials::of(format!("Bearer eyJhbGciOiJub25lIn0.{claims}.sig").as_bytes());
        assert_eq!(it.expires, Some(1_700_000_000));
        assert_eq!(it.not_before, Some(1_600_000_000));
        assert_eq!(Credentials::of(b"Bearer opaque.to.us").expires, None);
        assert_eq!(Credentials::of(b"Bearer ").expires, None);
    }

    #[test]
    fn ntlm_is_found_also_in_spnego() {
        let first = b"NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAFASgKAAAADw==";
        assert_eq!(Credentials::of(first).ntlm, Some(1));
        let wrapped = STANDARD.encode(b"\x60\x10\x06NTLMSSP\0\x03\0\0\0");
        let it = Credentials::of(format!("Negotiate {wrapped}").as_bytes());
        assert_eq!((it.scheme, it.ntlm), ("Negotiate", Some(3)));
        assert_eq!(Credentials::of(b"Negotiate YII=").ntlm, None);
    }

    #[test]
    fn digest_is_known_by_its_user() {
        let with = |nonce: &str, user: &str| {
            let field = format!("Digest username=\"{user}\", realm=\"r\", nonce=\"{nonce}\"");
            Credentials::of(field.as_bytes()).fingerprint
        };
        assert_eq!(with("1", "bob"), with("2", "bob"));
        assert_ne!(with("1", "bob"), with("1", "eve"));
    }
}
