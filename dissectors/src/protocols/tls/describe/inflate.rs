//! Compressed certificates (RFC 8879).

use std::io::Read;

use brotli_decompressor::Decompressor;
use flate2::read::ZlibDecoder;

use super::super::wire::MESSAGE_MOST;

/// Bytes that Brotli reads at a time.
const BUFFER: usize = 4096;

/// Algorithms for the compression of certificates (RFC 8879 7.3).
mod algorithm {
    pub(super) const ZLIB: u32 = 1;
    pub(super) const BROTLI: u32 = 2;
    pub(super) const ZSTD: u32 = 3;
}

/// The message, which must be `len` bytes long. `None` for what can't be decompressed, or becomes too long.
pub(super) fn certificates(algorithm: u32, bytes: &[u8], len: usize) -> Option<Vec<u8>> {
    if len > MESSAGE_MOST {
        return None;
    }
    let plain = match algorithm {
        algorithm::ZLIB => read(ZlibDecoder::new(bytes), len)?,
        algorithm::BROTLI => read(Decompressor::new(bytes, BUFFER), len)?,
        algorithm::ZSTD => zstd::bulk::decompress(bytes, len).ok()?,
        _ => return None,
    };
    (plain.len() == len).then_some(plain)
}

/// All that there is, but no more than one byte beyond `len`.
fn read(from: impl Read, len: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(len + 1);
    from.take(len as u64 + 1).read_to_end(&mut plain).ok()?;
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2000 zeros.
    const ZEROS: [(u32, &[u8]); 3] = [
        (algorithm::ZLIB, b"\x78\xda\x63\x60\x18\x05\xa3\x60\x14\x8c\x82\x51\x30\x0a\x46\xc1\x50\x07\x00\x07\xd0\x00\x01"),
        (algorithm::BROTLI, b"\x1b\xcf\x07\xf8\x27\x00\xc2\xb1\x40\x20\x71"),
        (algorithm::ZSTD, b"\x28\xb5\x2f\xfd\x00\x68\x45\x00\x00\x08\x00\x01\x00\xcc\xff\x40\x08"),
    ];

    #[test]
    fn what_was_compressed_comes_back_and_no_more_than_was_told() {
        for (algorithm, bytes) in ZEROS {
            assert_eq!(certificates(algorithm, bytes, 2000), Some(vec![0; 2000]));
            assert_eq!(certificates(algorithm, bytes, 1999), None, "{algorithm}");
            assert_eq!(certificates(algorithm, bytes, 2001), None, "{algorithm}");
            let cut = bytes.get(..bytes.len() / 2).unwrap();
            assert_eq!(certificates(algorithm, cut, 2000), None, "{algorithm}");
        }
        assert_eq!(certificates(9, b"", 0), None);
        assert_eq!(certificates(algorithm::ZLIB, b"", MESSAGE_MOST + 1), None);
    }
}
