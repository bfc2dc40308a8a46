//! Content codings (RFC 9110 section 8.4.1), undone within bounds.

use flate2::{Decompress, FlushDecompress, Status};

use super::show::CONTENT;

/// Bits of the largest window (RFC 1951 section 2).
const WINDOW_BITS: u8 = 15;

/// The content behind a coding that is known; `None` for another coding and for none.
pub(super) fn decoded(coding: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
    if is(b"gzip") || is(b"x-gzip") {
        read(Decompress::new_gzip(WINDOW_BITS), content)
    } else if is(b"deflate") {
        // Some servers send it without the zlib head that it is to have.
        read(Decompress::new(true), content).or_else(|| read(Decompress::new(false), content))
    } else {
        None
    }
}

/// As much as comes out before an error or the bound, if anything does.
fn read(mut state: Decompress, content: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut buffer = [0; 4096];
    let mut ended = false;
    while plain.len() < CONTENT {
        let (read, made) = (state.total_in(), state.total_out());
        let rest = content.get(read as usize..).unwrap_or_default();
        let status = state.decompress(rest, &mut buffer, FlushDecompress::None);
        let made = (state.total_out() - made) as usize;
        let free = (CONTENT - plain.len()).min(made);
        plain.extend_from_slice(buffer.get(..free).unwrap_or_default());
        ended = matches!(status, Ok(Status::StreamEnd));
        let stuck = made == 0 && state.total_in() == read;
        if ended || status.is_err() || stuck {
            break;
        }
    }
    (ended || !plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn codings_are_undone() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::default());
        gz.write_all(b"hello hello").unwrap();
        assert_eq!(
            decoded(b"GZip", &gz.finish().unwrap()).unwrap(),
            b"hello hello"
        );
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"hello hello").unwrap();
        assert_eq!(
            decoded(b"deflate", &zlib.finish().unwrap()).unwrap(),
            b"hello hello"
        );
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"hello hello").unwrap();
        assert_eq!(
            decoded(b"deflate", &raw.finish().unwrap()).unwrap(),
            b"hello hello"
        );
        assert_eq!(decoded(b"br", b"hello"), None);
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::best());
        gz.write_all(&vec![0; 4 * CONTENT]).unwrap();
        let plain = decoded(b"gzip", &gz.finish().unwrap()).unwrap();
        assert_eq!(plain.len(), CONTENT);
    }
}
