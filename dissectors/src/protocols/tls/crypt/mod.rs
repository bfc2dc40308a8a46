//! Reading encrypted records where the peers' secrets are known.
//!
//! Keys come from a [`Secrets`] store, never from the wire: with TLS 1.3 a secret for each side and each stretch of the session,
//! before it one master secret. What cannot be opened stays encrypted, as if there were no secrets.

mod inflate;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::inflate::Inflater;
use super::hello;
use super::suites;
use super::wire::{self, Cursor, Head, content, message, version};
use crate::cipher::{Cipher, Hash, Kind, old_prf, unchain};
use crate::secrets::{Label, Secrets};
use crate::units::{PerSide, Side};

/// Key updates of one side (RFC 8446 4.6.3).
const KEY_UPDATE: u8 = 24;

/// The compression method of RFC 3749.
const DEFLATE: u8 = 1;

/// The keys of one session, as they come and go.
pub(super) struct Crypt {
    secrets: Arc<Secrets>,
    client_random: [u8; 32],
    server_random: [u8; 32],
    version: u16,
    suite: u16,
    encrypt_then_mac: bool,
    compressed: bool,
    /// What opens a side's records now.
    openers: PerSide<Option<Opener>>,
    /// What is to be spoken inside.
    alpn: Vec<u8>,
}

/// Opens one side's records.
struct Opener {
    cipher: Cipher,
    kind: Kind,
    /// The fixed part of the nonce, or the vector of the next record's chaining.
    iv: Vec<u8>,
    mac: usize,
    /// Records so far.
    count: u64,
    /// From which the next keys are made (TLS 1.3).
    secret: Vec<u8>,
    inflater: Option<Inflater>,
}

/// A record's content in clear.
pub(super) struct Opened {
    pub(super) kind: u8,
    pub(super) bytes: Vec<u8>,
}

impl Crypt {
    pub(super) fn new(secrets: &Arc<Secrets>) -> Option<Box<Self>> {
        (!secrets.is_empty()).then(|| {
            Box::new(Self {
                secrets: Arc::clone(secrets),
                client_random: [0; 32],
                server_random: [0; 32],
                version: 0,
                suite: 0,
                encrypt_then_mac: false,
                compressed: false,
                openers: PerSide::default(),
                alpn: Vec::new(),
            })
        })
    }

    /// What is to be spoken inside, where it was agreed.
    pub(super) fn alpn(&self) -> &[u8] {
        &self.alpn
    }

    /// A handshake message of `side` was read: keys may change with it.
    pub(super) fn message(&mut self, side: Side, kind: u8, body: &[u8]) {
        match kind {
            message::CLIENT_HELLO => {
                if let Some(random) = random_of(body) {
                    self.client_random = random;
                }
            }
            message::SERVER_HELLO => self.server_hello(body),
            message::ENCRYPTED_EXTENSIONS => {
                let mut c = Cursor::new(body, 0, &[]);
                for (kind, data) in hello::extensions(&mut c) {
                    if kind == hello::extension::ALPN {
                        self.alpn = hello::alpn(data).unwrap_or(&[]).to_vec();
                    }
                }
            }
            message::FINISHED if wire::is_tls13(self.version) => {
                let label = match side {
                    Side::Client => Label::ClientTraffic,
                    Side::Server => Label::ServerTraffic,
                };
                self.take(side, label);
            }
            KEY_UPDATE if wire::is_tls13(self.version) => {
                let hash = self.hash();
                let next = self.openers[side]
                    .as_ref()
                    .map(|opener| hash.expand(&opener.secret, b"traffic upd", hash.len()));
                self.openers[side] = next.and_then(|secret| self.opener13(secret));
            }
            _ => {}
        }
    }

    fn server_hello(&mut self, body: &[u8]) {
        let (Some(hello), Some(random)) = (hello::server(body), random_of(body)) else {
            return;
        };
        if hello.retry {
            return;
        }
        self.server_random = random;
        self.version = hello.version;
        self.suite = hello.suite;
        self.alpn = hello.alpn.unwrap_or(&[]).to_vec();
        self.encrypt_then_mac = hello.encrypt_then_mac;
        self.compressed = hello.compression == DEFLATE;
        self.openers = PerSide::default();
        if wire::is_tls13(self.version) {
            self.take(Side::Client, Label::ClientHandshake);
            self.take(Side::Server, Label::ServerHandshake);
        }
    }

    /// From here on `side` uses its new keys (up to TLS 1.2).
    pub(super) fn change(&mut self, side: Side) {
        if !wire::is_tls13(self.version) {
            self.openers[side] = self.opener12(side);
        }
    }

    /// Bytes were lost: records can't be counted any more.
    pub(super) fn lost(&mut self, side: Side) {
        self.openers[side] = None;
    }

    /// True when records of `side` can be opened.
    pub(super) fn opens(&self, side: Side) -> bool {
        self.openers[side].is_some()
    }

    /// Opens a record.
    pub(super) fn open(&mut self, side: Side, head: Head, body: &[u8]) -> Option<Opened> {
        let (version, etm) = (self.version, self.encrypt_then_mac);
        let opener = self.openers[side].as_mut()?;
        if wire::is_tls13(version) {
            // Change of keys for show only, and alerts before the keys.
            return (head.kind == content::APPLICATION_DATA)
                .then(|| opener.open13(head, body))
                .flatten();
        }
        let mut bytes = opener.open12(head, body, (version, etm))?;
        if let Some(inflater) = &mut opener.inflater {
            bytes = inflater.record(&bytes)?;
        }
        let kind = head.kind;
        Some(Opened { kind, bytes })
    }

    fn hash(&self) -> Hash {
        if suites::name(self.suite).ends_with("SHA384") {
            Hash::Sha384
        } else {
            Hash::Sha256
        }
    }

    fn take(&mut self, side: Side, label: Label) {
        let secret = self.secrets.get(self.client_random, label);
        let secret = secret.map(<[u8]>::to_vec);
        self.openers[side] = secret.and_then(|secret| self.opener13(secret));
    }

    fn opener13(&self, secret: Vec<u8>) -> Option<Opener> {
        let kind = Kind::of(suites::name(self.suite))?;
        let hash = self.hash();
        let key = hash.expand(&secret, b"key", kind.key_len());
        Some(Opener {
            cipher: kind.with_key(&key)?,
            kind,
            iv: hash.expand(&secret, b"iv", 12),
            mac: 0,
            count: 0,
            secret,
            inflater: None,
        })
    }

    /// Keys for one side out of the master secret (RFC 5246 6.3).
    fn opener12(&self, side: Side) -> Option<Opener> {
        let name = suites::name(self.suite);
        let kind = Kind::of(name)?;
        let master = self.secrets.get(self.client_random, Label::Master)?;
        let mac = match name.rsplit('_').next()? {
            _ if kind.is_aead() => 0,
            "MD5" => Hash::Md5.len(),
            "SHA" => Hash::Sha1.len(),
            "SHA256" => Hash::Sha256.len(),
            "SHA384" => Hash::Sha384.len(),
            _ => return None,
        };
        let iv = match kind {
            Kind::ChaCha20 => 12,
            _ if kind.is_aead() => 4,
            // From TLS 1.1 on each record brings its own.
            _ if self.version <= version::TLS10 => kind.block(),
            _ => 0,
        };
        let export = kind.export_len(name);
        let key_len = export.unwrap_or(kind.key_len());
        let len = 2 * (mac + key_len + iv);
        let seed = [self.server_random, self.client_random].concat();
        let label = b"key expansion";
        let prf = |secret: &[u8], label: &[u8], seed: &[u8], len| match self.version {
            version::TLS12 => Some(self.hash().prf(secret, label, seed, len)),
            version::TLS10..version::TLS12 => Some(old_prf(secret, label, seed, len)),
            _ => None,
        };
        let keys = prf(master, label, &seed, len)?;
        let mut c = Cursor::new(&keys, 0, &[]);
        c.take(2 * mac)?;
        let mut pick = |n| {
            let pair = [c.take(n)?, c.take(n)?];
            pair.get(side.index()).copied()
        };
        let (key, iv) = (pick(key_len)?, pick(iv)?);
        let (mut key, mut iv) = (key.to_vec(), iv.to_vec());
        if export.is_some() {
            let seed = [self.client_random, self.server_random].concat();
            let label: &[u8] = match side {
                Side::Client => b"client write key",
                Side::Server => b"server write key",
            };
            key = prf(&key, label, &seed, kind.key_len())?;
            let ivs = prf(&[], b"IV block", &seed, 2 * iv.len())?;
            iv = ivs
                .get(side.index() * iv.len()..)?
                .get(..iv.len())?
                .to_vec();
        }
        Some(Opener {
            cipher: kind.with_key(&key)?,
            kind,
            iv,
            mac,
            count: 0,
            secret: Vec::new(),
            inflater: self.compressed.then(Inflater::new),
        })
    }
}

impl Opener {
    /// The fixed part of the nonce with the record's number (RFC 8446 5.3).
    fn nonce(&self) -> Option<[u8; 12]> {
        let mut nonce: [u8; 12] = self.iv.as_slice().try_into().ok()?;
        let count = self.count.to_be_bytes();
        for (byte, part) in nonce.iter_mut().skip(4).zip(count) {
            *byte ^= part;
        }
        Some(nonce)
    }

    fn open13(&mut self, head: Head, body: &[u8]) -> Option<Opened> {
        let Cipher::Aead(open) = &self.cipher else {
            return None;
        };
        let mut bytes = open(self.nonce()?, &head.bytes(), body)?;
        self.count += 1;
        // The type stands behind the content, zeros may follow.
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let kind = bytes.pop()?;
        Some(Opened { kind, bytes })
    }

    fn open12(&mut self, head: Head, body: &[u8], (known, etm): (u16, bool)) -> Option<Vec<u8>> {
        let mac = self.mac;
        let without_mac = |bytes: &[u8]| {
            bytes
                .get(..bytes.len().checked_sub(mac)?)
                .map(<[u8]>::to_vec)
        };
        let chacha = self.kind == Kind::ChaCha20;
        match &mut self.cipher {
            Cipher::Aead(_) => {
                let (nonce, sealed) = if chacha {
                    (self.nonce()?, body)
                } else {
                    let (explicit, sealed) = body.split_first_chunk::<8>()?;
                    let nonce = [self.iv.as_slice(), explicit].concat();
                    (nonce.try_into().ok()?, sealed)
                };
                let tag = match self.kind {
                    Kind::Ccm8_128 | Kind::Ccm8_256 => 8,
                    _ => 16,
                };
                let len = sealed.len().checked_sub(tag)? as u16;
                let mut aad = self.count.to_be_bytes().to_vec();
                aad.extend(Head { len, ..head }.bytes());
                let Cipher::Aead(open) = &self.cipher else {
                    return None;
                };
                let bytes = open(nonce, &aad, sealed)?;
                self.count += 1;
                Some(bytes)
            }
            Cipher::Blocks(size, open) => {
                let sealed = if etm {
                    without_mac(body)?
                } else {
                    body.to_vec()
                };
                let (iv, sealed) = if known > version::TLS10 {
                    sealed.split_at_checked(*size)?
                } else {
                    (self.iv.as_slice(), sealed.as_slice())
                };
                let plain = unchain(*size, open, iv, sealed)?;
                if known <= version::TLS10 {
                    self.iv = sealed.get(sealed.len().checked_sub(*size)?..)?.to_vec();
                }
                let padding = usize::from(*plain.last()?) + 1;
                let bytes = plain.get(..plain.len().checked_sub(padding)?)?;
                if etm {
                    Some(bytes.to_vec())
                } else {
                    without_mac(bytes)
                }
            }
            Cipher::Rc4(cipher) => without_mac(&cipher.open(body)),
        }
    }
}

/// The random of a hello's body.
fn random_of(body: &[u8]) -> Option<[u8; 32]> {
    body.get(2..)?.first_chunk().copied()
}
