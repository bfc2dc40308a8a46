//! Keys of packets, and packets opened with them (RFC 9001 5, RFC 9369 3.3).

use super::wire::{Form, Version, bits, full_number};
use crate::cipher::{Cipher, Hash, Kind, MakeMask, OpenAead, SAMPLE};
use crate::units::PerSide;

/// The sample begins this far behind the packet number's first byte (RFC 9001 5.4.2).
const SAMPLE_AT: usize = 4;

/// What one side's packets of one level are opened with.
pub(super) struct Keys {
    version: Version,
    suite: (Kind, Hash),
    secret: Vec<u8>,
    open: OpenAead,
    iv: [u8; 12],
    mask: MakeMask,
}

/// A packet's header without its protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bare {
    pub(super) first: u8,
    /// Bytes of the packet number.
    pub(super) number_len: usize,
    /// The packet number as it was sent.
    truncated: u64,
}

impl Bare {
    /// Bit of a short header by which the sides tell each other that their keys are new (RFC 9001 6).
    pub(super) const fn phase(self) -> bool {
        self.first & bits::KEY_PHASE != 0
    }
}

/// A packet in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) first: u8,
    pub(super) number_len: usize,
    pub(super) number: u64,
    /// Its frames; they stand where the ciphertext stood, behind the packet number.
    pub(super) plain: Vec<u8>,
}

/// What a cipher suite of TLS 1.3 encrypts with (RFC 8446 B.4, RFC 9001 5.3).
const fn suite(number: u16) -> Option<(Kind, Hash)> {
    Some(match number {
        0x1301 => (Kind::Gcm128, Hash::Sha256),
        0x1302 => (Kind::Gcm256, Hash::Sha384),
        0x1303 => (Kind::ChaCha20, Hash::Sha256),
        0x1304 => (Kind::Ccm128, Hash::Sha256),
        _ => return None,
    })
}

impl Keys {
    /// Keys of a secret that TLS has given.
    pub(super) fn new(version: Version, suite_number: u16, secret: &[u8]) -> Option<Self> {
        Self::with(version, suite(suite_number)?, secret.to_vec())
    }

    /// Both sides' keys of Initial packets, from the connection id that the client has made up first (RFC 9001 5.2).
    pub(super) fn initial(version: Version, dcid: &[u8]) -> Option<PerSide<Self>> {
        let hash = Hash::Sha256;
        let initial = hash.hmac(version.salt()?, &[dcid]);
        let side = |label: &[u8]| {
            let secret = hash.expand(&initial, label, hash.len());
            Self::with(version, (Kind::Gcm128, hash), secret)
        };
        Some(PerSide::new(side(b"client in")?, side(b"server in")?))
    }

    fn with(version: Version, suite: (Kind, Hash), secret: Vec<u8>) -> Option<Self> {
        let (kind, hash) = suite;
        let [key, iv, hp, _] = labels(version);
        let mask = kind.masks(&hash.expand(&secret, hp, kind.key_len()))?;
        let Cipher::Aead(open) = kind.with_key(&hash.expand(&secret, key, kind.key_len()))? else {
            return None;
        };
        Some(Self {
            version,
            suite,
            open,
            iv: hash.expand(&secret, iv, 12).try_into().ok()?,
            mask,
            secret,
        })
    }

    /// The keys that follow these (RFC 9001 6.1). Headers stay protected as they were, by the first keys.
    pub(super) fn updated(&self) -> Option<Self> {
        let hash = self.suite.1;
        let [_, _, _, update] = labels(self.version);
        let secret = hash.expand(&self.secret, update, hash.len());
        Self::with(self.version, self.suite, secret)
    }

    /// Takes the protection off a packet's header. `at` is where its number begins.
    pub(super) fn bare(&self, packet: &[u8], form: Form, at: usize) -> Option<Bare> {
        let sample = packet.get(at + SAMPLE_AT..)?.first_chunk::<SAMPLE>()?;
        let [mask, number_mask @ ..] = (self.mask)(sample);
        let protected = if form == Form::Short { 0x1F } else { 0x0F };
        let first = packet.first()? ^ (mask & protected);
        let number_len = usize::from(first & bits::NUMBER_LENGTH) + 1;
        let number = packet.get(at..at + number_len)?.iter().zip(number_mask);
        let truncated = number.fold(0, |sum, (byte, mask)| sum << 8 | u64::from(byte ^ mask));
        Some(Bare {
            first,
            number_len,
            truncated,
        })
    }

    /// Opens a packet. `largest`: the largest packet number that came before it.
    pub(super) fn open(
        &self,
        packet: &[u8],
        bare: Bare,
        at: usize,
        largest: Option<u64>,
    ) -> Option<Opened> {
        let Bare {
            first, number_len, ..
        } = bare;
        let number = full_number(largest, bare.truncated, 8 * number_len as u32);
        let (head, sealed) = packet.split_at_checked(at + number_len)?;
        // What is authenticated with it is the header without protection.
        let mut head = head.to_vec();
        *head.first_mut()? = first;
        let sent = bare.truncated.to_be_bytes();
        for (byte, bare) in head
            .iter_mut()
            .rev()
            .zip(sent.iter().rev())
            .take(number_len)
        {
            *byte = *bare;
        }
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        let plain = (self.open)(nonce, &head, sealed)?;
        Some(Opened {
            first,
            number_len,
            number,
            plain,
        })
    }
}

/// The labels of key, vector, header protection and key update.
const fn labels(version: Version) -> [&'static [u8]; 4] {
    if version.0 == Version::V2.0 {
        [b"quicv2 key", b"quicv2 iv", b"quicv2 hp", b"quicv2 ku"]
    } else {
        [b"quic key", b"quic iv", b"quic hp", b"quic ku"]
    }
}
