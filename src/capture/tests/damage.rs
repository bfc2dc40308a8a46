//! Broken, cut and foreign files: read as far as they go, and named for what they are.

use std::io::{self, Cursor, Read};

use proptest::prelude::*;

use super::super::{CaptureError, from_reader, open};
use super::bytes::{Bytes, ethernet};
use super::{drain, read};

fn classic() -> Vec<u8> {
    let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 65535, 1);
    for i in 0..9 {
        file.record(i, 0, &[i as u8; 20], 20);
    }
    file.all
}

fn ng() -> Vec<u8> {
    let mut file = ethernet(true);
    for i in 0..9 {
        file.packet(0, i, &[i as u8; 21], 60);
    }
    file.block(4, |b| {
        b.option(1, b"\x0a\0\0\x01alpha\0").u32(0);
    });
    file.all
}

fn damage_of(file: &[u8]) -> (usize, u64, String) {
    let (frames, summary) = read(file);
    let damage = summary.damage.expect("damage is told");
    (frames.len(), damage.at_byte, damage.what)
}

fn refused(file: &[u8]) -> String {
    match from_reader("thing", Cursor::new(file.to_vec())) {
        Err(error @ CaptureError::NotACapture { .. }) => error.to_string(),
        Err(other) => panic!("refused as {other}"),
        Ok(_) => panic!("taken for a capture"),
    }
}

#[test]
fn every_cut_keeps_the_frames_before_it() {
    for cut in 24..classic().len() {
        let (frames, summary) = read(&classic()[..cut]);
        assert_eq!(frames.len(), (cut - 24) / 36);
        let clean = (cut - 24).is_multiple_of(36);
        assert_eq!(
            summary.damage.as_ref().map(|d| d.at_byte),
            (!clean).then_some(24 + (cut as u64 - 24) / 36 * 36)
        );
    }
    for cut in 12..ng().len() {
        let (frames, _) = read(&ng()[..cut]);
        assert_eq!(
            frames.len(),
            (cut.saturating_sub(48) / 56).min(9),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_cut_says_where_and_how() {
    let file = classic();
    let (frames, at, what) = damage_of(&file[..24 + 36 + 20]);
    assert_eq!(
        (frames, at, what.as_str()),
        (
            1,
            60,
            "the file ends inside a frame: 4 of its 20 bytes are there"
        )
    );
    let (_, _, what) = damage_of(&file[..24 + 5]);
    assert_eq!(
        what,
        "the file ends after 5 of the 16 bytes of a record header"
    );
    let (_, at, what) = damage_of(&ng()[..60]);
    assert_eq!(
        (at, what.as_str()),
        (
            48,
            "the file ends inside a block of type 0x6: 12 of its 56 bytes are there"
        )
    );
}

#[test]
fn an_impossible_length_ends_reading() {
    let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 65535, 1);
    file.record(1, 0, b"ok", 2)
        .u32(1)
        .u32(1)
        .u32(1_131_376_244)
        .u32(4)
        .raw(&[0; 400]);
    let (frames, at, what) = damage_of(&file.all);
    assert_eq!((frames, at), (1, 42));
    assert_eq!(
        what,
        "the record header says 1131376244 bytes, more than 262144 at most"
    );
}

#[test]
fn block_lengths_that_disagree_end_reading() {
    let mut file = ethernet(false);
    file.packet(0, 1, b"x", 1);
    let at = file.all.len();
    file.packet(0, 2, b"y", 1).packet(0, 3, b"z", 1);
    file.all[at + 4] ^= 4;
    let (frames, at_byte, what) = damage_of(&file.all);
    assert_eq!((frames, at_byte), (1, at as u64));
    assert!(
        what.starts_with("the block of type 0x6 begins with length 32 and ends with length"),
        "{what}"
    );
}

#[test]
fn a_fault_inside_a_sound_block_costs_that_block() {
    let mut file = ethernet(false);
    file.packet(0, 1, b"x", 1);
    let at = file.all.len() as u64;
    file.packet(9, 2, b"y", 1).packet(0, 3, b"z", 1);
    let (frames, summary) = read(&file.all);
    assert_eq!(frames.len(), 2);
    assert_eq!(summary.damages, 1);
    let damage = summary.damage.expect("told");
    assert_eq!(damage.at_byte, at);
    assert_eq!(
        damage.what,
        "a packet of interface 9, but the section has described only 1"
    );
}

#[test]
fn foreign_files_are_named() {
    // Two Ethernet records of 16 + 2 + 60 bytes, of November 2023.
    let mut erf = Vec::new();
    for _ in 0..2 {
        erf.extend(0x6553_f100_0000_0000_u64.to_le_bytes());
        erf.extend([2, 4, 0, 78, 0, 0, 0, 60]);
        erf.extend([0; 62]);
    }
    let mut other = erf.clone();
    other[78 + 8] = 99;
    for (file, what) in [
        (b"".as_slice(), "thing is not a capture file: it is empty"),
        (b"snoop\0\0\0\0\0\0\x02", "it is a Solaris snoop file"),
        (&erf, "it looks like an Endace ERF file"),
        (&other, "it begins with the unknown bytes 00 00"),
        (b"\x7fELF\x02\x01\x01", "it is an ELF program"),
        (b"hello\nworld\n", "it is text and begins \"hello\""),
        (&[0; 300], "its first 300 bytes are all zero"),
        (
            &[1, 2, 3, 0xff],
            "it begins with the unknown bytes 01 02 03 ff",
        ),
        (
            b"\xd4\xc3\xb2\xa1\x02\0",
            "it begins as pcap but ends after 6 of the 24 bytes",
        ),
        (
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0",
            "it begins as pcapng but ends after 8 bytes",
        ),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0abcdefgh", "no byte-order magic"),
        (
            b"\x1f\x8b\x08",
            "it begins like gzip but cannot be unpacked",
        ),
    ] {
        let line = refused(file);
        assert!(line.contains(what) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn files_that_cannot_be_opened() {
    let line = |path: &str| open(path).err().expect("refused").to_string();
    assert_eq!(
        line("/no/such/file.pcap"),
        "cannot open /no/such/file.pcap: No such file or directory"
    );
    assert_eq!(line("/"), "/ is not a capture file: it is a directory");
}

/// Gives its bytes, then fails as a disk does.
struct FailingDisk(Cursor<Vec<u8>>);

impl Read for FailingDisk {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.0.read(to)? {
            0 => Err(io::Error::from_raw_os_error(5)),
            n => Ok(n),
        }
    }
}

#[test]
fn a_failing_disk_is_an_error_after_the_frames_before_it() {
    let mut source = from_reader("disk", FailingDisk(Cursor::new(classic()))).expect("opens");
    let mut block = super::Block::new();
    assert!(source.fill(&mut block).expect("the first frames"));
    assert_eq!(block.records.len(), 9);
    let error = source.fill(&mut block).expect_err("then the error");
    assert_eq!(
        error.to_string(),
        "cannot read disk at byte 348: Input/output error"
    );
    assert!(!source.fill(&mut block).expect("then the end"));
}

#[test]
fn a_lying_length_takes_no_memory() {
    let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 256 << 20, 1);
    file.u32(1).u32(1).u32(256 << 20).u32(4).raw(&[0; 4000]);
    let mut source = from_reader("lie", Cursor::new(file.all)).expect("opens");
    let mut block = super::Block::new();
    assert!(!source.fill(&mut block).expect("reads"));
    assert!(block.data.capacity() <= 2 << 20);
    assert!(source.summary().damage.is_some());
}

proptest! {
    #[test]
    fn flipped_bits_never_panic(ng_file: bool, flips in prop::collection::vec((0_usize..4096, 0_u8..8), 1..6)) {
        let mut file = if ng_file { ng() } else { classic() };
        for (at, bit) in flips {
            let len = file.len();
            file[at % len] ^= 1 << bit;
        }
        if let Ok(mut source) = from_reader("flipped", Cursor::new(file)) {
            drain(source.as_mut()).expect("damage is no error");
        }
    }

    #[test]
    fn any_bytes_never_panic(ng_file: bool, junk in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut file = if ng_file { ethernet(false).all } else { Bytes::pcap(true, 0xa1b2_3c4d, 0, 1).all };
        file.extend(junk);
        let mut source = from_reader("junk", Cursor::new(file)).expect("it begins well");
        drain(source.as_mut()).expect("damage is no error");
    }

    #[test]
    fn any_block_body_never_panics(kind in 0_u32..12, body in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut file = ethernet(false);
        file.block(kind, |b| { b.raw(&body); }).packet(0, 1, b"after", 5);
        let (frames, summary) = read(&file.all);
        prop_assert!(frames.iter().any(|(_, bytes)| bytes == b"after") || summary.damage.is_some());
    }
}
