//! Reading encrypted records where the peers' secrets are known.
//!
//! Keys come from a [`Secrets`] store, never from the wire: with TLS 1.3 a secret for each side and each stretch of the session,
//! before it one master secret. What cannot be opened stays encrypted, as if there were no secrets. What is opened is authentic: a
//! record that does not verify has another key, another number than was counted, or was altered.

mod inflate;
mod opener;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use self::inflate::Inflater;
pub(super) use self::opener::Opened;
use self::opener::{Mac, Opener, Progress, is_sealed};
use super::early::EarlyData;
use super::hello;
use super::suites;
use super::wire::{self, Cursor, Head, message, version};
use crate::cipher::{Hash, Kind, old_prf};
use crate::secrets::{Label, Secrets};
use crate::units::{PerSide, Side};

/// Key updates of one side (RFC 8446 4.6.3).
const KEY_UPDATE: u8 = 24;
/// The client's last message under its early keys (RFC 8446 4.5).
const END_OF_EARLY_DATA: u8 = 5;

/// The compression method of RFC 3749.
const DEFLATE: u8 = 1;

/// Suites whose keys early data may have: what the secret's length tells, the more usual first.
const EARLY_SUITES: [(u16, usize); 3] = [(0x1301, 32), (0x1302, 48), (0x1303, 32)];

/// The keys of one session, as they come and go.
pub(super) struct Crypt {
    secrets: Arc<Secrets>,
    /// Of the first hello, where that was read.
    client_random: Option<[u8; 32]>,
    server_random: [u8; 32],
    version: u16,
    suite: u16,
    encrypt_then_mac: bool,
    compressed: bool,
    /// The client has sent data before the server's answer, or wanted to.
    is_early: bool,
    /// What opens a side's records now.
    openers: PerSide<Option<Opener>>,
    /// Why a side's records are not opened.
    trouble: PerSide<Option<Trouble>>,
    /// What is to be spoken inside.
    alpn: Vec<u8>,
    /// Opened, and not known to be taken yet.
    pub(super) early_data: EarlyData,
}

/// Why records stay closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No secret is known.
    NoSecret,
    /// The secret opens no record.
    WrongSecret,
    /// The suite is not known here.
    UnknownSuite,
    /// Records were opened, and after others were lost or altered none can be any more.
    LostTrack,
}

/// What became of a record.
pub(super) enum Outcome {
    /// Its content.
    Opened(Opened),
    /// It is not encrypted, or there is nothing to open it with.
    Closed,
    /// It could not be opened; those behind it may be.
    Failed,
    /// Neither can those behind it.
    Over,
}

impl Crypt {
    pub(super) fn new(secrets: &Arc<Secrets>) -> Option<Box<Self>> {
        (!secrets.is_empty()).then(|| {
            Box::new(Self {
                secrets: Arc::clone(secrets),
                client_random: None,
                server_random: [0; 32],
                version: 0,
                suite: 0,
                encrypt_then_mac: false,
                compressed: false,
                is_early: false,
                openers: PerSide::default(),
                trouble: PerSide::default(),
                alpn: Vec::new(),
                early_data: EarlyData::default(),
            })
        })
    }

    /// What is known by now.
    pub(super) fn learn(&mut self, secrets: &Arc<Secrets>) {
        if !Arc::ptr_eq(&self.secrets, secrets) {
            self.secrets = Arc::clone(secrets);
        }
    }

    /// What is to be spoken inside, where it was agreed.
    pub(super) fn alpn(&self) -> &[u8] {
        &self.alpn
    }

    /// A handshake message of `side` was read: keys may change with it.
    pub(super) fn message(&mut self, side: Side, kind: u8, body: &[u8]) {
        match kind {
            message::CLIENT_HELLO => self.client_hello(body),
            message::SERVER_HELLO => self.server_hello(body),
            message::ENCRYPTED_EXTENSIONS => {
                let mut c = Cursor::new(body, 0, &[]);
                for (kind, data) in hello::extensions(&mut c) {
                    if kind == hello::extension::ALPN {
                        self.alpn = hello::alpn(data).unwrap_or(&[]).to_vec();
                    }
                }
            }
            END_OF_EARLY_DATA if wire::is_tls13(self.version) && side == Side::Client => {
                self.take(side, Label::ClientHandshake);
            }
            // One of the client's may come later, where it is asked for its certificate (RFC 8446 4.6.2).
            message::FINISHED if wire::is_tls13(self.version) && !self.is_past(side) => {
                self.take(side, traffic(side));
            }
            KEY_UPDATE if wire::is_tls13(self.version) => {
                let hash = self.hash();
                let old = self.openers[side].take();
                self.openers[side] = old.and_then(|old| {
                    let secret = hash.expand(&old.secret, b"traffic upd", hash.len());
                    let mut new = opener13(self.suite, secret, old.label)?;
                    new.progress.proven = true;
                    Some(new)
                });
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, body: &[u8]) {
        let Some(random) = random_of(body) else {
            return;
        };
        self.client_random = Some(random);
        let early = hello::client(body).is_some_and(|hello| hello.early_data);
        self.is_early |= early;
        if !early {
            return;
        }
        let early = self.secrets.get(random, Label::EarlyTraffic);
        let secret = early.map(<[u8]>::to_vec).unwrap_or_default();
        // Until the server answers only the secret's length tells the hash.
        let fits = EARLY_SUITES.iter().find(|(_, len)| *len == secret.len());
        if let Some((suite, _)) = fits {
            self.openers.client = opener13(*suite, secret, Label::EarlyTraffic);
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
        if wire::is_tls13(self.version) {
            let is_early = |opener: &Opener| opener.label == Label::EarlyTraffic;
            if !self.openers.client.as_ref().is_some_and(is_early) {
                self.take(Side::Client, Label::ClientHandshake);
            }
            self.take(Side::Server, Label::ServerHandshake);
        }
    }

    /// From here on `side` uses its new keys (up to TLS 1.2). Where the keys are agreed anew, the old ones are used until then.
    pub(super) fn change(&mut self, side: Side) {
        // Before the server's answer it stands for show before early data.
        if self.version == 0 || wire::is_tls13(self.version) {
            return;
        }
        let opener = self.opener12(side);
        self.trouble[side] = match (&opener, Kind::of(suites::name(self.suite))) {
            (Some(_), _) => None,
            (None, None) => Some(Trouble::UnknownSuite),
            (None, Some(_)) => Some(self.none_of(Label::Master)),
        };
        self.openers[side] = opener;
    }

    fn none_of(&self, label: Label) -> Trouble {
        match self.secret(label) {
            Some(_) => Trouble::WrongSecret,
            None => Trouble::NoSecret,
        }
    }

    /// Bytes of the stream were lost, or could not be read as records.
    pub(super) fn missed(&mut self, side: Side, bytes: u64) {
        if let Some(opener) = &mut self.openers[side] {
            opener.missed(bytes);
        }
    }

    /// Bytes of the stream that were lost since the last record that was opened.
    pub(super) fn hole(&self, side: Side) -> u64 {
        self.openers[side].as_ref().map_or(0, Opener::hole)
    }

    /// Records of the client may be early data, which nothing is known to open with.
    pub(super) fn misses_early(&self) -> bool {
        let client = self.openers.client.as_ref();
        let waits = |o: &Opener| o.label == Label::ClientHandshake && !o.progress.proven;
        self.is_early && client.is_none_or(waits)
    }

    /// What opens the client's records are the keys of early data.
    pub(super) fn opens_early(&self) -> bool {
        let client = self.openers.client.as_ref();
        client.is_some_and(|o| o.label == Label::EarlyTraffic)
    }

    /// True when records of `side` can be opened.
    pub(super) fn opens(&self, side: Side) -> bool {
        self.openers[side].is_some()
    }

    /// Why records of `side` are not opened, and the random by which key logs name the session.
    pub(super) fn excuse(&self, side: Side) -> Option<String> {
        let trouble = self.trouble[side]?;
        let says = match trouble {
            Trouble::NoSecret => "the key log has no secret",
            Trouble::WrongSecret => "the key log's secret opens no record",
            Trouble::UnknownSuite => "its cipher suite cannot be decrypted",
            Trouble::LostTrack => "decryption ended where records were lost or altered",
        };
        let Some(random) = self.client_random else {
            return Some(
                "its ClientHello was not read, by whose random key logs name sessions".to_owned(),
            );
        };
        let mut text = format!("{says}; client random ");
        for byte in random {
            let _ = write!(text, "{byte:02x}");
        }
        Some(text)
    }

    /// Opens a record.
    pub(super) fn open(&mut self, side: Side, head: Head, body: &[u8]) -> Outcome {
        let is_early = |opener: &Opener| opener.label == Label::EarlyTraffic;
        let early = self.openers[side].as_ref().is_some_and(is_early);
        // Change of keys for show only, and alerts before the keys.
        if !early && !is_sealed(head.kind, self.version)
            || early && !is_sealed(head.kind, version::TLS13)
        {
            return Outcome::Closed;
        }
        let Some(opener) = self.openers[side].as_mut() else {
            return Outcome::Closed;
        };
        if let Some(opened) = opener.open(head, body) {
            return Outcome::Opened(opened);
        }
        if let Some(opened) = self.with_next_keys(side, head, body) {
            return Outcome::Opened(opened);
        }
        let Some(opener) = self.openers[side].as_mut() else {
            return Outcome::Closed;
        };
        let proven = opener.progress.proven;
        if opener.failed(head.size() as u64) {
            return if proven {
                Outcome::Failed
            } else {
                Outcome::Closed
            };
        }
        self.openers[side] = None;
        if early && !proven {
            return Outcome::Closed;
        }
        self.trouble[side] = Some(if proven {
            Trouble::LostTrack
        } else {
            Trouble::WrongSecret
        });
        Outcome::Over
    }

    /// Opens a record of TLS 1.3 before which the change of keys was not seen: the message that tells it was lost, early data
    /// were refused, or their suite was another one.
    fn with_next_keys(&mut self, side: Side, head: Head, body: &[u8]) -> Option<Opened> {
        let old = self.openers[side].as_ref()?;
        let hole = old.hole();
        let next = match old.label {
            Label::EarlyTraffic => {
                let secret = old.secret.clone();
                let (proven, other) = (old.progress.proven, EARLY_SUITES.iter().rev());
                let mut suites = other.filter(|(_, len)| *len == secret.len() && !proven);
                let other = suites.next().map(|(suite, _)| *suite);
                let early = |suite| opener13(suite, secret, Label::EarlyTraffic);
                let refused = || self.opener_of(Label::ClientHandshake);
                let opened = |mut opener: Opener| Some((opener.open(head, body)?, opener));
                other
                    .and_then(early)
                    .and_then(opened)
                    .or_else(|| refused().and_then(opened))
            }
            Label::ClientHandshake | Label::ServerHandshake if hole > 0 => {
                let mut opener = self.opener_of(traffic(side))?.within(hole);
                opener.open(head, body).map(|opened| (opened, opener))
            }
            _ => None,
        };
        let (opened, opener) = next?;
        self.openers[side] = Some(opener);
        Some(opened)
    }

    /// The keys of `side` are those of the data already.
    fn is_past(&self, side: Side) -> bool {
        let opener = self.openers[side].as_ref();
        opener.is_some_and(|o| o.label == traffic(side) && !o.progress.tolerant)
    }

    fn take(&mut self, side: Side, label: Label) {
        self.openers[side] = self.opener_of(label);
        if self.openers[side].is_none() && label != traffic(side) {
            // Without the keys of the handshake those of the data are waited for.
            self.openers[side] = self.opener_of(traffic(side)).map(|mut opener| {
                opener.progress.tolerant = true;
                opener
            });
        }
        self.trouble[side] = match (&self.openers[side], Kind::of(suites::name(self.suite))) {
            (Some(_), _) => None,
            (None, None) => Some(Trouble::UnknownSuite),
            (None, Some(_)) => Some(self.none_of(label)),
        };
        // Early data that were refused come under keys that nobody has.
        if let (Some(opener), Label::ClientHandshake) = (&mut self.openers[side], label) {
            opener.progress.tolerant |= self.is_early;
        }
    }

    fn secret(&self, label: Label) -> Option<&[u8]> {
        self.secrets.get(self.client_random?, label)
    }

    fn opener_of(&self, label: Label) -> Option<Opener> {
        let secret = self.secret(label)?.to_vec();
        opener13(self.suite, secret, label)
    }

    fn hash(&self) -> Hash {
        hash_of(self.suite)
    }

    /// Keys for one side out of the master secret (RFC 5246 6.3).
    fn opener12(&self, side: Side) -> Option<Opener> {
        let name = suites::name(self.suite);
        let kind = Kind::of(name)?;
        let master = self.secret(Label::Master)?;
        let client_random = self.client_random?;
        let mac = match name.rsplit('_').next()? {
            _ if kind.is_aead() => None,
            "MD5" => Some(Hash::Md5),
            "SHA" => Some(Hash::Sha1),
            "SHA256" => Some(Hash::Sha256),
            "SHA384" => Some(Hash::Sha384),
            _ => return None,
        };
        let mac_len = mac.map_or(0, Hash::len);
        let iv = match kind {
            Kind::ChaCha20 => 12,
            _ if kind.is_aead() => 4,
            // From TLS 1.1 on each record brings its own.
            _ if self.version <= version::TLS10 => kind.block(),
            _ => 0,
        };
        let export = kind.export_len(name);
        let key_len = export.unwrap_or(kind.key_len());
        let len = 2 * (mac_len + key_len + iv);
        let seed = [self.server_random, client_random].concat();
        let label = b"key expansion";
        let prf = |secret: &[u8], label: &[u8], seed: &[u8], len| match self.version {
            version::TLS12 => Some(self.hash().prf(secret, label, seed, len)),
            version::TLS10..version::TLS12 => Some(old_prf(secret, label, seed, len)),
            _ => None,
        };
        let keys = prf(master, label, &seed, len)?;
        let mut c = Cursor::new(&keys, 0, &[]);
        let mut pick = |n| {
            let pair = [c.take(n)?, c.take(n)?];
            pair.get(side.index()).copied()
        };
        let (code, key, iv) = (pick(mac_len)?, pick(key_len)?, pick(iv)?);
        let (mut key, mut iv) = (key.to_vec(), iv.to_vec());
        if export.is_some() {
            let seed = [client_random, self.server_random].concat();
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
            mac: mac.map(|hash| Mac {
                hash,
                key: code.to_vec(),
                outside: self.encrypt_then_mac,
            }),
            version: self.version,
            secret: Vec::new(),
            label: Label::Master,
            inflater: self.compressed.then(Inflater::new),
            progress: Progress::default(),
        })
    }
}

/// Keys out of a secret of TLS 1.3 (RFC 8446 7.3).
fn opener13(suite: u16, secret: Vec<u8>, label: Label) -> Option<Opener> {
    let kind = Kind::of(suites::name(suite))?;
    let hash = hash_of(suite);
    let key = hash.expand(&secret, b"key", kind.key_len());
    Some(Opener {
        cipher: kind.with_key(&key)?,
        kind,
        iv: hash.expand(&secret, b"iv", 12),
        mac: None,
        version: version::TLS13,
        secret,
        label,
        inflater: None,
        progress: Progress::default(),
    })
}

/// The secrets of the data of `side`.
const fn traffic(side: Side) -> Label {
    match side {
        Side::Client => Label::ClientTraffic,
        Side::Server => Label::ServerTraffic,
    }
}

fn hash_of(suite: u16) -> Hash {
    if suites::name(suite).ends_with("SHA384") {
        Hash::Sha384
    } else {
        Hash::Sha256
    }
}

/// The random of a hello's body.
fn random_of(body: &[u8]) -> Option<[u8; 32]> {
    body.get(2..)?.first_chunk().copied()
}
