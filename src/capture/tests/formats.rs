//! What the formats allow, and few files use.

use colloquy_dissectors::units::Timestamp;

use super::super::LinkType;
use super::bytes::{Bytes, ethernet};
use super::{Trickle, read, read_from};

#[test]
fn classic_in_both_orders_and_resolutions() {
    for big in [false, true] {
        for (magic, nanos) in [(0xa1b2_c3d4, 1_000_005_000), (0xa1b2_3c4d, 1_000_000_005)] {
            let mut file = Bytes::pcap(big, magic, 65535, 1);
            file.record(1, 5, b"abcd", 10).record(2, 0, b"", 0);
            let (frames, summary) = read(&file.all);
            assert_eq!(frames.len(), 2);
            assert_eq!(frames[0].0.time, Timestamp::from_nanos(nanos));
            assert_eq!(frames[0].1, b"abcd");
            assert_eq!((frames[0].0.wire_len, frames[0].0.is_cut()), (10, true));
            assert_eq!((frames[0].0.file_at, frames[0].0.header_len), (24, 16));
            assert_eq!((frames[1].0.no, frames[1].0.file_at), (2, 24 + 16 + 4));
            assert_eq!(
                (summary.format, summary.cut_frames, summary.damage),
                ("pcap", 1, None)
            );
            assert_eq!(summary.link_types, [LinkType::ETHERNET]);
        }
    }
}

#[test]
fn modified_classic_headers_are_eight_longer() {
    let mut file = Bytes::pcap(false, 0xa1b2_cd34, 65535, 1);
    file.u32(7)
        .u32(1)
        .u32(3)
        .u32(3)
        .u32(2)
        .u16(0x800)
        .raw(&[4, 0])
        .raw(b"xyz");
    let (frames, summary) = read(&file.all);
    assert_eq!(frames[0].1, b"xyz");
    assert_eq!((frames[0].0.header_len, summary.damage), (24, None));
}

#[test]
fn old_versions_wrote_the_captured_length_second() {
    let mut file = Bytes::default();
    file.u32(0xa1b2_c3d4)
        .u16(2)
        .u16(2)
        .u32(0)
        .u32(0)
        .u32(96)
        .u32(1);
    file.u32(1).u32(0).u32(1500).u32(2).raw(b"hi");
    let (frames, _) = read(&file.all);
    assert_eq!(
        (frames[0].1.as_slice(), frames[0].0.wire_len),
        (b"hi".as_slice(), 1500)
    );
}

#[test]
fn checksum_bits_do_not_disturb_the_link_type_and_raw_has_one_number() {
    for (number, link) in [
        (0x2400_0001, LinkType::ETHERNET),
        (12, LinkType::RAW),
        (14, LinkType::RAW),
    ] {
        let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 65535, number);
        file.record(1, 0, b"E", 1);
        assert_eq!(read(&file.all).0[0].0.link, link);
    }
    assert_eq!(LinkType(299).name(), "linktype-299");
}

#[test]
fn sections_have_their_own_order_and_interfaces() {
    let mut file = Bytes::default();
    file.section(true).interface(1, 0, |b| {
        b.option(2, b"en0").option(9, &[9]);
    });
    file.packet(0, 5_000_000_007, b"one", 3);
    file.section(false).interface(113, 0, |b| {
        b.option(9, &[0x8a])
            .option(14, &(-1_i64).to_le_bytes())
            .option(11, b"\0tcp");
    });
    file.packet(0, 7 * 1024 + 512, b"two", 3);
    let (frames, summary) = read(&file.all);
    assert_eq!(frames[0].0.time, Timestamp::from_nanos(5_000_000_007));
    assert_eq!(frames[1].0.time, Timestamp::from_nanos(6_500_000_000));
    assert_eq!((frames[0].0.interface, frames[1].0.interface), (0, 1));
    assert_eq!(
        summary.link_types,
        [LinkType::ETHERNET, LinkType::LINUX_SLL]
    );
    assert_eq!(summary.interfaces[0].name.as_deref(), Some("en0"));
    assert_eq!(summary.interfaces[1].filter.as_deref(), Some("tcp"));
    assert_eq!(
        (summary.interfaces[1].offset, summary.interfaces[1].frames),
        (-1, 1)
    );
    assert_eq!(summary.damage, None);
}

#[test]
fn simple_packets_are_cut_by_the_snap_length_and_take_the_time_before() {
    let mut file = Bytes::default();
    file.section(false)
        .interface(1, 5, |_| {})
        .packet(0, 9, b"abc", 3);
    file.block(3, |b| {
        b.u32(100).raw(b"12345");
    });
    let (frames, summary) = read(&file.all);
    assert_eq!(
        (frames[1].1.as_slice(), frames[1].0.wire_len),
        (b"12345".as_slice(), 100)
    );
    assert_eq!(frames[1].0.time, Timestamp::from_nanos(9000));
    assert_eq!((summary.untimed_frames, summary.cut_frames), (1, 1));
}

#[test]
fn obsolete_packets_tell_of_drops() {
    let mut file = ethernet(true);
    file.block(2, |b| {
        b.u16(0)
            .u16(3)
            .u32(0)
            .u32(4)
            .u32(2)
            .u32(2)
            .raw(b"hi\0\0")
            .option(1, b"old")
            .u32(0);
    });
    let (frames, summary) = read(&file.all);
    assert_eq!(
        (frames[0].1.as_slice(), frames[0].0.time),
        (b"hi".as_slice(), Timestamp::from_nanos(4000))
    );
    assert_eq!(
        (summary.dropped, summary.interfaces[0].dropped_between),
        (Some(3), 3)
    );
    assert_eq!(summary.comments, [(Some(1), "old".to_owned())]);
}

#[test]
fn statistics_names_secrets_and_comments_are_kept() {
    let mut file = ethernet(false);
    file.block(5, |b| {
        b.u32(0)
            .u32(0)
            .u32(0)
            .option(4, &100_u64.to_le_bytes())
            .option(5, &2_u64.to_le_bytes());
        b.option(7, &3_u64.to_le_bytes()).u32(0);
    });
    file.block(4, |b| {
        b.option(1, b"\x0a\0\0\x01alpha\0beta\0").u32(0);
    });
    file.block(10, |b| {
        b.u32(0x544c_534b).u32(5).raw(b"CLIEN\0\0\0");
    });
    file.block(6, |b| {
        b.u32(0).u32(0).u32(1).u32(1).u32(1).raw(b"x\0\0\0");
        b.option(2, &[0; 4]).option(1, "größer".as_bytes()).u32(0);
    });
    let (_, summary) = read(&file.all);
    assert_eq!((summary.received, summary.dropped), (Some(100), Some(5)));
    let names: Vec<_> = summary
        .names
        .iter()
        .map(|(ip, name)| format!("{ip} {name}"))
        .collect();
    assert_eq!(names, ["10.0.0.1 alpha", "10.0.0.1 beta"]);
    assert_eq!(summary.secrets, "CLIEN\n");
    assert_eq!(summary.comments, [(Some(1), "größer".to_owned())]);
}

#[test]
fn custom_and_journal_blocks_have_frame_numbers_unknown_ones_do_not() {
    let mut file = ethernet(false);
    file.block(0xbad, |b| {
        b.u32(12345).raw(b"what");
    });
    file.block(0x77, |b| {
        b.u32(1);
    });
    file.block(9, |b| {
        b.raw(b"MESSAGE=x\n");
    });
    file.packet(0, 1, b"x", 1);
    let (frames, summary) = read(&file.all);
    let links: Vec<_> = frames.iter().map(|(record, _)| record.link).collect();
    assert_eq!(
        links,
        [
            LinkType::NOT_A_PACKET,
            LinkType::NOT_A_PACKET,
            LinkType::ETHERNET
        ]
    );
    assert_eq!(frames[0].1, b"\x39\x30\0\0what");
    assert_eq!(summary.first, Some(Timestamp::from_nanos(1000)));
    assert_eq!(
        summary.skipped_blocks.into_iter().collect::<Vec<_>>(),
        [(9, 1), (0x77, 1), (0xbad, 1)]
    );
}

#[test]
fn a_clock_that_goes_back_is_noted() {
    let mut file = Bytes::pcap(false, 0xa1b2_c3d4, 65535, 1);
    file.record(10, 0, b"a", 1)
        .record(9, 0, b"b", 1)
        .record(9, 5, b"c", 1)
        .record(4, 5, b"d", 1);
    let steps = read(&file.all).1.clock_steps;
    assert_eq!(
        (steps.count, steps.largest_nanos, steps.frame),
        (2, 5_000_000_000, Some(4))
    );
}

#[test]
fn large_packets_where_the_snap_length_or_the_link_type_allows_them() {
    let large = vec![7; 3 << 20];
    for (snap_len, link, frames_read) in [
        (4 << 20, 1, 2),
        (262_144, 220, 2),
        (262_144, 1, 0),
        (u32::MAX, 1, 0),
    ] {
        let mut file = Bytes::pcap(false, 0xa1b2_c3d4, snap_len, link);
        file.record(1, 0, &large, large.len() as u32)
            .record(2, 0, b"x", 1);
        let (frames, summary) = read(&file.all);
        assert_eq!(
            frames.len(),
            frames_read,
            "snap length {snap_len}, link type {link}"
        );
        assert_eq!(summary.damage.is_none(), frames_read == 2);
        assert!(frames.iter().take(1).all(|(_, bytes)| *bytes == large));
    }
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let mut classic = Bytes::pcap(false, 0xa1b2_c3d4, 65535, 1);
    let mut ng = ethernet(true);
    for i in 0..50_u32 {
        let bytes = vec![i as u8; (i * 37 % 90) as usize];
        classic.record(i, 0, &bytes, 100);
        ng.packet(0, u64::from(i), &bytes, 100);
    }
    for file in [classic.all, ng.all] {
        let (whole, _) = read(&file);
        assert_eq!(whole.len(), 50);
        for size in [1, 3, 16, 17, 1000] {
            let (pieces, _) = read_from(Trickle(std::io::Cursor::new(file.clone()), size));
            let flat = |frames: &[(super::super::Record, Vec<u8>)]| -> Vec<_> {
                frames
                    .iter()
                    .map(|(r, b)| (r.no, r.time, r.file_at, b.clone()))
                    .collect()
            };
            assert_eq!(flat(&pieces), flat(&whole), "in pieces of {size}");
        }
    }
}
