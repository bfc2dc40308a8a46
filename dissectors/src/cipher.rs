//! Ciphers, as far as what peers have encrypted has to be opened with them: TLS records and QUIC packets.

mod derive;
mod mask;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::cipher::BlockDecrypt;
use aes_gcm::aes::{Aes128, Aes256};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use camellia::{Camellia128, Camellia256};
use ccm::Ccm;
use ccm::consts::{U8, U16};
use chacha20poly1305::ChaCha20Poly1305;
use des::{Des, TdesEde3};
use idea::Idea;
use kisaseed::SEED;
use rc2::Rc2;

pub(crate) use self::derive::{Hash, old_prf};
pub(crate) use self::mask::{MakeMask, SAMPLE};

/// Opens `bytes` with a nonce and additional data.
pub(crate) type OpenAead = Box<dyn Fn([u8; 12], &[u8], &[u8]) -> Option<Vec<u8>> + Send>;
/// Decrypts whole blocks in place, without chaining them.
type OpenBlocks = Box<dyn Fn(&mut [u8]) + Send>;

/// A cipher with its key.
pub(crate) enum Cipher {
    Aead(OpenAead),
    /// Blocks of so many bytes.
    Blocks(usize, OpenBlocks),
    Rc4(Box<Rc4>),
}

/// What a suite's records are encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With 8 bytes of the nonce in the record up to TLS 1.2.
    Gcm128,
    Gcm256,
    Ccm128,
    Ccm256,
    /// With a tag of 8 bytes.
    Ccm8_128,
    Ccm8_256,
    ChaCha20,
    Aes128,
    Aes256,
    Camellia128,
    Camellia256,
    CamelliaGcm128,
    CamelliaGcm256,
    Seed,
    Idea,
    TripleDes,
    Des,
    Rc2,
    Rc4,
}

impl Kind {
    /// By the suite's name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        const NAMES: [(&str, Kind); 23] = [
            ("AES_128_GCM", Kind::Gcm128),
            ("AES_256_GCM", Kind::Gcm256),
            ("AES_128_CCM_8", Kind::Ccm8_128),
            ("AES_256_CCM_8", Kind::Ccm8_256),
            ("AES_128_CCM", Kind::Ccm128),
            ("AES_256_CCM", Kind::Ccm256),
            ("CHACHA20_POLY1305", Kind::ChaCha20),
            ("AES_128_CBC", Kind::Aes128),
            ("AES_256_CBC", Kind::Aes256),
            ("CAMELLIA_128_CBC", Kind::Camellia128),
            ("CAMELLIA_256_CBC", Kind::Camellia256),
            ("CAMELLIA_128_GCM", Kind::CamelliaGcm128),
            ("CAMELLIA_256_GCM", Kind::CamelliaGcm256),
            ("SEED_CBC", Kind::Seed),
            ("IDEA_CBC", Kind::Idea),
            ("3DES_EDE_CBC", Kind::TripleDes),
            ("WITH_DES_CBC", Kind::Des),
            ("DES40_CBC", Kind::Des),
            ("WITH_DES_CBC_40", Kind::Des),
            ("RC2_CBC", Kind::Rc2),
            ("RC4_128", Kind::Rc4),
            ("RC4_56", Kind::Rc4),
            ("RC4_40", Kind::Rc4),
        ];
        let found = NAMES.iter().find(|(part, _)| name.contains(part))?;
        Some(found.1)
    }

    /// Bytes of secret key material, where the laws of the time wanted it weak (RFC 2246 6.3.1, draft-ietf-tls-56-bit-ciphersuites):
    /// the key is then derived from them.
    pub(crate) fn export_len(self, name: &str) -> Option<usize> {
        name.contains("EXPORT").then(|| match self {
            _ if name.contains("40") => 5,
            Self::Rc4 | Self::Rc2 => 7,
            _ => self.key_len(),
        })
    }

    /// Bytes of the key.
    pub(crate) const fn key_len(self) -> usize {
        match self {
            Self::Gcm256 | Self::Ccm256 | Self::Ccm8_256 | Self::ChaCha20 => 32,
            Self::Aes256 | Self::Camellia256 | Self::CamelliaGcm256 => 32,
            Self::TripleDes => 24,
            Self::Des => 8,
            _ => 16,
        }
    }

    /// It checks what it opens itself.
    pub(crate) const fn is_aead(self) -> bool {
        matches!(
            self,
            Self::Gcm128
                | Self::Gcm256
                | Self::Ccm128
                | Self::Ccm256
                | Self::Ccm8_128
                | Self::Ccm8_256
                | Self::ChaCha20
                | Self::CamelliaGcm128
                | Self::CamelliaGcm256
        )
    }

    /// Bytes of the block whose chaining begins with an initialisation vector.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes256 | Self::Camellia128 | Self::Camellia256 | Self::Seed => 16,
            Self::TripleDes | Self::Des | Self::Idea | Self::Rc2 => 8,
            _ => 0,
        }
    }

    /// With a key.
    pub(crate) fn with_key(self, key: &[u8]) -> Option<Cipher> {
        match self {
            Self::Gcm128 => aead::<Aes128Gcm>(key),
            Self::Gcm256 => aead::<Aes256Gcm>(key),
            Self::Ccm128 => aead::<Ccm<Aes128, U16, U12>>(key),
            Self::Ccm256 => aead::<Ccm<Aes256, U16, U12>>(key),
            Self::Ccm8_128 => aead::<Ccm<Aes128, U8, U12>>(key),
            Self::Ccm8_256 => aead::<Ccm<Aes256, U8, U12>>(key),
            Self::ChaCha20 => aead::<ChaCha20Poly1305>(key),
            Self::Aes128 => blocks::<Aes128>(self.block(), key),
            Self::Aes256 => blocks::<Aes256>(self.block(), key),
            Self::Camellia128 => blocks::<Camellia128>(self.block(), key),
            Self::Camellia256 => blocks::<Camellia256>(self.block(), key),
            Self::CamelliaGcm128 => aead::<AesGcm<Camellia128, U12>>(key),
            Self::CamelliaGcm256 => aead::<AesGcm<Camellia256, U12>>(key),
            Self::Seed => blocks::<SEED>(self.block(), key),
            Self::Idea => blocks::<Idea>(self.block(), key),
            Self::Rc2 => blocks::<Rc2>(self.block(), key),
            Self::TripleDes => blocks::<TdesEde3>(self.block(), key),
            Self::Des => blocks::<Des>(self.block(), key),
            Self::Rc4 => Some(Cipher::Rc4(Box::new(Rc4::new(key)))),
        }
    }
}

fn aead<A>(key: &[u8]) -> Option<Cipher>
where
    A: Aead<NonceSize = U12> + KeyInit + Send + 'static,
{
    let cipher = A::new_from_slice(key).ok()?;
    let open = move |nonce: [u8; 12], aad: &[u8], msg: &[u8]| {
        cipher.decrypt(&nonce.into(), Payload { msg, aad }).ok()
    };
    Some(Cipher::Aead(Box::new(open)))
}

fn blocks<C>(size: usize, key: &[u8]) -> Option<Cipher>
where
    C: BlockDecrypt + KeyInit + Send + 'static,
{
    let cipher = C::new_from_slice(key).ok()?;
    let open = move |bytes: &mut [u8]| {
        for block in bytes.chunks_exact_mut(size) {
            cipher.decrypt_block(block.into());
        }
    };
    Some(Cipher::Blocks(size, Box::new(open)))
}

/// Undoes cipher block chaining; `None` for what is not whole blocks.
pub(crate) fn unchain(size: usize, open: &OpenBlocks, iv: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(size) || iv.len() != size {
        return None;
    }
    let mut out = bytes.to_vec();
    open(&mut out);
    for (byte, before) in out.iter_mut().zip(iv.iter().chain(bytes)) {
        *byte ^= before;
    }
    Some(out)
}

/// RC4, whose state goes on from record to record.
pub(crate) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    fn new(key: &[u8]) -> Self {
        let mut state = std::array::from_fn(|at| at as u8);
        let mut j = 0_u8;
        for (i, k) in (0..=255_u8).zip(key.iter().cycle()) {
            j = j.wrapping_add(at(&state, i)).wrapping_add(*k);
            state.swap(i.into(), j.into());
        }
        Self { state, i: 0, j: 0 }
    }

    pub(crate) fn open(&mut self, bytes: &[u8]) -> Vec<u8> {
        let next = |byte: &u8| {
            self.i = self.i.wrapping_add(1);
            self.j = self.j.wrapping_add(at(&self.state, self.i));
            self.state.swap(self.i.into(), self.j.into());
            let sum = at(&self.state, self.i).wrapping_add(at(&self.state, self.j));
            byte ^ at(&self.state, sum)
        };
        bytes.iter().map(next).collect()
    }
}

fn at(state: &[u8; 256], index: u8) -> u8 {
    state.get(usize::from(index)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_is_that_of_rfc_6229() {
        let mut cipher = Rc4::new(&[1, 2, 3, 4, 5]);
        let stream = cipher.open(&[0; 16]);
        assert_eq!(
            stream[..8],
            [0xB2, 0x39, 0x63, 0x05, 0xF0, 0x3D, 0xC0, 0x27]
        );
    }

    #[test]
    fn suites_name_their_ciphers() {
        let of = Kind::of;
        assert_eq!(of("TLS_AES_128_CCM_8_SHA256"), Some(Kind::Ccm8_128));
        assert_eq!(of("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), Some(Kind::TripleDes));
        assert_eq!(of("TLS_RSA_WITH_DES_CBC_SHA"), Some(Kind::Des));
        assert_eq!(of("TLS_RSA_WITH_SEED_CBC_SHA"), Some(Kind::Seed));
        let export = |name| of(name).map(|kind| (kind, kind.export_len(name)));
        let weak = [
            ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", Kind::Des, 5),
            ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", Kind::Rc2, 5),
            ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", Kind::Rc4, 5),
            ("TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", Kind::Rc4, 7),
            ("TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", Kind::Des, 8),
        ];
        for (name, kind, len) in weak {
            assert_eq!(export(name), Some((kind, Some(len))), "{name}");
        }
        assert_eq!(export("TLS_RSA_WITH_RC4_128_SHA"), Some((Kind::Rc4, None)));
        assert_eq!(of("TLS_RSA_WITH_NULL_SHA"), None);
    }
}
