//! Keys out of secrets (RFC 2246 5, RFC 5246 5, RFC 8446 7.1).

use hmac::{Mac as _, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

/// A hash function of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

impl Hash {
    /// Bytes of its digest.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// A code over `parts`; `HKDF-Extract` too, with the salt for a key (RFC 5869 2.2).
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        macro_rules! mac {
            ($hash:ty) => {
                // A key of any length is taken.
                SimpleHmac::<$hash>::new_from_slice(key)
                    .map(|mut mac| {
                        for part in parts {
                            mac.update(part);
                        }
                        mac.finalize().into_bytes().to_vec()
                    })
                    .unwrap_or_default()
            };
        }
        match self {
            Self::Md5 => mac!(Md5),
            Self::Sha1 => mac!(Sha1),
            Self::Sha256 => mac!(Sha256),
            Self::Sha384 => mac!(Sha384),
        }
    }

    /// `P_hash` (RFC 5246 5).
    fn stretch(self, secret: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len + self.len());
        let mut a = self.hmac(secret, &[seed]);
        while out.len() < len {
            out.extend(self.hmac(secret, &[&a, seed]));
            a = self.hmac(secret, &[&a]);
        }
        out.truncate(len);
        out
    }

    /// The PRF of TLS 1.2.
    pub(crate) fn prf(self, secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
        self.stretch(secret, &[label, seed].concat(), len)
    }

    /// `HKDF-Expand-Label` without context, for at most one digest's bytes and a bit.
    pub(crate) fn expand(self, secret: &[u8], label: &[u8], len: usize) -> Vec<u8> {
        let mut info = (len as u16).to_be_bytes().to_vec();
        info.push(6 + label.len() as u8);
        info.extend(b"tls13 ");
        info.extend(label);
        info.push(0);
        let mut out = Vec::with_capacity(len + self.len());
        let mut last = Vec::new();
        let mut count = 0;
        while out.len() < len {
            count += 1;
            last = self.hmac(secret, &[&last, &info, &[count]]);
            out.extend(&last);
        }
        out.truncate(len);
        out
    }
}

/// The PRF of TLS 1.0 and 1.1: two digests of one half of the secret each.
pub(crate) fn old_prf(secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let half = secret.len().div_ceil(2);
    let first = secret.get(..half).unwrap_or(secret);
    let second = secret.get(secret.len() - half..).unwrap_or(secret);
    let one = Hash::Md5.prf(first, label, seed, len);
    let two = Hash::Sha1.prf(second, label, seed, len);
    one.iter().zip(two).map(|(a, b)| a ^ b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(pair).collect()
    }

    #[test]
    fn keys_of_tls_1_3_are_those_of_rfc_8448() {
        // Section 3, "derive write traffic keys for handshake data", the server's.
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let key = Hash::Sha256.expand(&secret, b"key", 16);
        assert_eq!(key, hex("3fce516009c21727d0f2e4e86ee403bc"));
        let iv = Hash::Sha256.expand(&secret, b"iv", 12);
        assert_eq!(iv, hex("5d313eb2671276ee13000b30"));
    }

    #[test]
    fn keys_of_tls_1_2_are_those_of_the_known_vectors() {
        // The vectors for P_SHA256 that the TLS working group was given in 2009.
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let out = Hash::Sha256.prf(&secret, b"test label", &seed, 32);
        assert_eq!(
            out,
            hex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a")
        );
    }
}
