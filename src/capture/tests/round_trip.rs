//! What is written is read again as it was.

use colloquy_dissectors::units::Timestamp;
use proptest::prelude::*;

use super::super::{InterfaceInfo, LinkType, MemoryFrame, MemorySource, Writer, WriterOptions};
use super::{drain, read};

fn info(link: LinkType) -> InterfaceInfo {
    InterfaceInfo {
        name: Some("eth0".to_owned()),
        description: Some("the wire".to_owned()),
        link,
        snap_len: 0,
        filter: Some("tcp port 445".to_owned()),
        resolution: 9,
        ..InterfaceInfo::default()
    }
}

#[test]
fn everything_the_writer_writes() {
    let at = Timestamp::from_nanos;
    let options = WriterOptions {
        hardware: Some("x86".to_owned()),
        os: Some("Linux".to_owned()),
        comment: Some("why".to_owned()),
        ..WriterOptions::default()
    };
    let mut writer = Writer::new(Vec::new(), &options).expect("writes");
    let eth = writer.interface(&info(LinkType::ETHERNET)).expect("writes");
    let raw = writer.interface(&info(LinkType::RAW)).expect("writes");
    writer.secrets("CLIENT_RANDOM 00 11").expect("writes");
    writer
        .frame(eth, at(1_700_000_000_123_456_789), b"abcde", 99)
        .expect("writes");
    writer
        .commented_frame(raw, at(i64::MAX), b"", 0, &["first", "zweiter ü"])
        .expect("writes");
    writer
        .statistics(eth, at(5), Some(12), Some(3))
        .expect("writes");
    assert!(writer.frame(2, at(0), b"", 0).is_err(), "not described");
    let (frames, summary) = read(&writer.finish().expect("writes"));
    assert_eq!(frames[0].0.time, at(1_700_000_000_123_456_789));
    assert_eq!(
        (frames[0].1.as_slice(), frames[0].0.wire_len),
        (b"abcde".as_slice(), 99)
    );
    assert_eq!(
        (frames[1].0.time, frames[1].0.link),
        (at(i64::MAX), LinkType::RAW)
    );
    let comments: Vec<_> = summary
        .comments
        .iter()
        .map(|(no, text)| (*no, text.as_str()))
        .collect();
    assert_eq!(
        comments,
        [(None, "why"), (Some(2), "first"), (Some(2), "zweiter ü")]
    );
    assert_eq!(summary.secrets, "CLIENT_RANDOM 00 11\n");
    assert_eq!((summary.received, summary.dropped), (Some(12), Some(3)));
    assert_eq!(
        (summary.hardware.as_deref(), summary.os.as_deref()),
        (Some("x86"), Some("Linux"))
    );
    assert!(
        summary
            .application
            .is_some_and(|name| name.starts_with("Colloquy "))
    );
    let expected = InterfaceInfo {
        frames: 1,
        received: Some(12),
        dropped: Some(3),
        ..info(LinkType::ETHERNET)
    };
    assert_eq!(summary.interfaces[0], expected);
    assert_eq!(summary.damage, None);
}

#[test]
fn memory_ends_blocks_where_told() {
    let frames: Vec<_> = (0..9)
        .map(|i| MemoryFrame::whole(Timestamp::from_nanos(i), LinkType::RAW, vec![i as u8; 10]))
        .collect();
    let (whole, _) = drain(&mut MemorySource::new(frames.clone())).expect("reads");
    let (pieces, summary) =
        drain(&mut MemorySource::new(frames).with_block_bytes(25)).expect("reads");
    assert_eq!(
        (whole.len(), pieces.len(), summary.format),
        (9, 9, "memory")
    );
    assert!(
        whole
            .iter()
            .zip(&pieces)
            .all(|(a, b)| a.1 == b.1 && a.0.no == b.0.no && a.0.time == b.0.time)
    );
    assert_eq!(pieces[3].0.start, 0, "the fourth frame begins a block");
}

proptest! {
    #[test]
    fn written_and_read(frames in prop::collection::vec((0_i64.., prop::collection::vec(any::<u8>(), 0..200), any::<u16>()), 0..40)) {
        let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).expect("writes");
        let id = writer.interface(&info(LinkType::ETHERNET)).expect("writes");
        for (time, bytes, wire_len) in &frames {
            writer.frame(id, Timestamp::from_nanos(*time), bytes, u32::from(*wire_len)).expect("writes");
        }
        let (back, summary) = read(&writer.finish().expect("writes"));
        let back: Vec<_> = back.into_iter().map(|(r, b)| (r.time.nanos(), b, r.wire_len as u16)).collect();
        prop_assert_eq!(back, frames);
        prop_assert_eq!(summary.damage, None);
    }
}
