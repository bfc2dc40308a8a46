//! The masks that protect headers of QUIC packets (RFC 9001 5.4).

use aes_gcm::aead::KeyInit;
use aes_gcm::aes::cipher::BlockEncrypt;
use aes_gcm::aes::{Aes128, Aes256};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};

use super::Kind;

/// Bytes of ciphertext that a mask is made of.
pub(crate) const SAMPLE: usize = 16;
/// A mask: for the first byte, and for up to four bytes of the packet number.
pub(crate) type Mask = [u8; 5];
/// Makes the mask for a sample.
pub(crate) type MakeMask = Box<dyn Fn(&[u8; SAMPLE]) -> Mask + Send>;
/// Bytes that one step of ChaCha20's counter stands for.
const CHACHA_BLOCK: u64 = 64;

impl Kind {
    /// The function that makes masks with `key`, for what QUIC encrypts with.
    pub(crate) fn masks(self, key: &[u8]) -> Option<MakeMask> {
        match self {
            Self::Gcm128 | Self::Ccm128 => aes::<Aes128>(key),
            Self::Gcm256 => aes::<Aes256>(key),
            Self::ChaCha20 => {
                let key: [u8; 32] = key.try_into().ok()?;
                Some(Box::new(move |sample| chacha(&key, sample)))
            }
            _ => None,
        }
    }
}

fn aes<C>(key: &[u8]) -> Option<MakeMask>
where
    C: BlockEncrypt + KeyInit + Send + 'static,
{
    let cipher = C::new_from_slice(key).ok()?;
    Some(Box::new(move |sample| {
        let mut block = *sample;
        // AES has blocks of 16 bytes, whatever the key.
        for block in block.chunks_exact_mut(C::block_size()) {
            cipher.encrypt_block(block.into());
        }
        block.first_chunk().copied().unwrap_or_default()
    }))
}

/// The sample is a counter of four bytes and the nonce.
fn chacha(key: &[u8; 32], sample: &[u8; SAMPLE]) -> Mask {
    let mut mask = Mask::default();
    if let Some((counter, nonce)) = sample.split_first_chunk::<4>()
        && let Ok(mut cipher) = ChaCha20::new_from_slices(key, nonce)
        && cipher
            .try_seek(u64::from(u32::from_le_bytes(*counter)) * CHACHA_BLOCK)
            .is_ok()
    {
        // The key stream of the last counters is cut off.
        let _ = cipher.try_apply_keystream(&mut mask);
    }
    mask
}
