//! Compressed captures, whole and broken.

use std::io::{Cursor, Write};

use super::super::from_reader;
use super::bytes::Bytes;
use super::{drain, read};

fn classic() -> Vec<u8> {
    let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 65535, 1);
    for i in 0..5000_u32 {
        file.record(
            i,
            0,
            &i.wrapping_mul(2_654_435_761).to_le_bytes().repeat(9),
            36,
        );
    }
    file.all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("packs");
    packer.finish().expect("packs")
}

fn lz4(bytes: &[u8], block: lz4_flex::frame::BlockSize) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(block)
        .content_checksum(true);
    let mut packer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    packer.write_all(bytes).expect("packs");
    packer.finish().expect("packs")
}

/// Each kind of packing, in two members, frames or so one after the other.
fn packed(file: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    use lz4_flex::frame::BlockSize::{Max64KB, Max256KB};
    let (a, b) = file.split_at(file.len() / 3);
    let zstd = |bytes| zstd::encode_all(bytes, 1).expect("packs");
    [
        ("gzip", [gzip(a), gzip(b)].concat()),
        ("zstd", [zstd(a), zstd(b)].concat()),
        ("lz4", [lz4(a, Max256KB), lz4(b, Max64KB)].concat()),
    ]
}

#[test]
fn all_kinds_in_several_members() {
    let file = classic();
    let (plain, _) = read(&file);
    for (name, bytes) in packed(&file) {
        let size = bytes.len() as u64;
        let (frames, summary) = read(&bytes);
        assert!(
            frames
                .iter()
                .map(|(r, b)| (r.no, r.file_at, b))
                .eq(plain.iter().map(|(r, b)| (r.no, r.file_at, b)))
        );
        assert_eq!((summary.compression, summary.damage), (Some(name), None));
        assert_eq!((summary.file_bytes, summary.read_bytes), (size, size));
    }
}

#[test]
fn a_cut_or_broken_stream_keeps_what_came_before() {
    for (name, bytes) in packed(&classic()) {
        for keep in [bytes.len() * 2 / 3, bytes.len() - 9] {
            let (frames, summary) = read(&bytes[..keep]);
            let damage = summary.damage.expect(name);
            assert!(frames.len() > 500, "{name}: {} frames", frames.len());
            assert!(damage.what.contains("unpacked"), "{}", damage.what);
        }
        let mut broken = bytes.clone();
        let middle = broken.len() * 3 / 4;
        broken[middle..middle + 40].fill(0x55);
        let (frames, summary) = read(&broken);
        assert!(
            frames.len() > 500 && summary.damage.is_some(),
            "{name}: {:?}",
            summary.damage
        );
    }
}

#[test]
fn packed_text_is_no_capture() {
    let line = from_reader("notes.gz", Cursor::new(gzip(b"hello")))
        .err()
        .expect("refused")
        .to_string();
    assert_eq!(
        line,
        "notes.gz is not a capture file: it is text and begins \"hello\", gzip-compressed"
    );
}

#[test]
fn flipped_bits_never_panic() {
    for (_, bytes) in packed(&classic()[..20_000]) {
        for at in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
            let mut broken = bytes.clone();
            broken[at] ^= 1 << (at % 8);
            if let Ok(mut source) = from_reader("broken", Cursor::new(broken)) {
                drain(source.as_mut()).expect("damage is no error");
            }
        }
    }
}
