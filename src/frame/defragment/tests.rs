use proptest::prelude::*;

use super::*;
use crate::capture::LinkType;
use crate::capture::script::{Script, ScriptFrame};
use crate::frame::decode;

const SECOND: i64 = 1_000_000_000;

/// The fragments of one datagram of `len` bytes, as Ethernet frames.
fn datagram(len: usize) -> (Vec<u8>, Vec<ScriptFrame>) {
    let payload: Vec<u8> = (0..len).map(|n| (n / 3) as u8).collect();
    let frames = Script::udp("10.0.0.1:700", "10.0.0.2:2049")
        .client(&payload)
        .frames();
    (payload, frames)
}

fn push(defragmenter: &mut Defragmenter, bytes: &[u8], at: i64, frame: u64) -> Defragmented {
    push_cut(defragmenter, bytes, bytes.len(), at, frame)
}

fn push_cut(
    defragmenter: &mut Defragmenter,
    bytes: &[u8],
    captured: usize,
    at: i64,
    frame: u64,
) -> Defragmented {
    let data = &bytes[..captured];
    let decoded = decode(LinkType(1), data, bytes.len() as u32);
    assert!(matches!(decoded.transport, Transport::Fragment(_)));
    defragmenter.push(&decoded, data, Timestamp::from_nanos(at), frame)
}

fn whole(result: Defragmented) -> Whole {
    match result {
        Defragmented::Whole(whole) => *whole,
        other => panic!("{other:?}"),
    }
}

fn udp_payload(whole: &Whole) -> (&[u8], u32) {
    match whole.decoded.transport {
        Transport::Udp(udp) => (udp.payload.of(&whole.bytes), udp.wire_len),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fragments_become_a_datagram() {
    let (payload, frames) = datagram(8000);
    assert_eq!(frames.len(), 6);
    let mut defragmenter = Defragmenter::new(Limits::default());
    for (number, frame) in (1..).zip(&frames[..5]) {
        assert_eq!(
            push(&mut defragmenter, &frame.bytes, 0, number),
            Defragmented::Pending
        );
    }
    let whole = whole(push(&mut defragmenter, &frames[5].bytes, 0, 9));
    assert_eq!(udp_payload(&whole), (&payload[..], 8000));
    assert_eq!(whole.frames, [1, 2, 3, 4, 5, 9]);
    assert_eq!(defragmenter.pending(), 0);
    assert_eq!(defragmenter.cost, 0);
    assert_eq!(
        crate::frame::checksum::transport_ok(&whole.decoded, &whole.bytes),
        Some(true)
    );
}

#[test]
fn copies_are_told_from_new_fragments() {
    let (_, frames) = datagram(4000);
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &frames[0].bytes, 0, 1);
    let copy = push(&mut defragmenter, &frames[0].bytes, 1, 2);
    assert_eq!(copy, Defragmented::Duplicate);
    push(&mut defragmenter, &frames[1].bytes, 2, 3);
    whole(push(&mut defragmenter, &frames[2].bytes, 3, 4));
    // A mirror's copies after the datagram became whole begin no new one.
    for frame in &frames {
        let late = push(&mut defragmenter, &frame.bytes, 4, 5);
        assert_eq!(late, Defragmented::Duplicate);
    }
    assert_eq!(defragmenter.pending(), 0);
    assert_eq!(defragmenter.counters().duplicates, 4);
    // The same identification with other bytes is another datagram.
    let mut other = frames[0].bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(push(&mut defragmenter, &other, 5, 6), Defragmented::Pending);
    assert_eq!(defragmenter.pending(), 1);
}

#[test]
fn what_is_missing_is_told_after_the_time_out() {
    let (_, frames) = datagram(4000);
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &frames[0].bytes, 0, 1);
    push(&mut defragmenter, &frames[2].bytes, SECOND, 3);
    defragmenter.expire(Timestamp::from_nanos(30 * SECOND));
    assert!(defragmenter.take_incomplete().is_empty());
    defragmenter.expire(Timestamp::from_nanos(30 * SECOND + 1));
    let [incomplete] = &defragmenter.take_incomplete()[..] else {
        panic!();
    };
    assert_eq!(incomplete.ports, Some((700, 2049)));
    assert_eq!(incomplete.frames, [1, 3]);
    assert_eq!(
        incomplete.missing,
        [Missing {
            start: 1480,
            end: Some(2960)
        }]
    );
    assert!(incomplete.has_first);
    assert_eq!(incomplete.end, End::TimedOut);
    assert_eq!(defragmenter.counters().timed_out, 1);
}

#[test]
fn without_the_last_fragment_the_end_is_open() {
    let (_, frames) = datagram(4000);
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &frames[1].bytes, 0, 2);
    defragmenter.finish(Timestamp::from_nanos(SECOND));
    let [incomplete] = &defragmenter.take_incomplete()[..] else {
        panic!();
    };
    assert!(!incomplete.has_first);
    assert_eq!(incomplete.ports, None);
    let ranges: Vec<_> = incomplete
        .missing
        .iter()
        .map(|missing| (missing.start, missing.end))
        .collect();
    assert_eq!(ranges, [(0, Some(1480)), (2960, None)]);
    assert_eq!(incomplete.end, End::CaptureEnded);
}

#[test]
fn of_overlapping_bytes_the_first_stay() {
    let (payload, frames) = datagram(4000);
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &frames[1].bytes, 0, 1);
    // The first fragment once more, but ending 8 bytes inside the second, with other bytes there.
    let mut longer = frames[0].bytes.clone();
    longer.extend([0xee; 8]);
    longer[16..18].copy_from_slice(&1508u16.to_be_bytes());
    push(&mut defragmenter, &longer, 0, 2);
    let whole = whole(push(&mut defragmenter, &frames[2].bytes, 0, 3));
    assert_eq!(udp_payload(&whole).0, payload);
    assert_eq!(defragmenter.counters().overlaps, 1);
    assert_eq!(defragmenter.counters().conflicts, 1);
}

#[test]
fn a_cut_fragment_gives_what_stands_before_the_cut() {
    let (payload, frames) = datagram(4000);
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &frames[0].bytes, 0, 1);
    push_cut(&mut defragmenter, &frames[1].bytes, 134, 0, 2);
    let whole = whole(push(&mut defragmenter, &frames[2].bytes, 0, 3));
    // 1472 bytes of the first, and 100 of the second behind its headers.
    assert_eq!(udp_payload(&whole), (&payload[..1572], 4000));
}

#[test]
fn bounds_are_kept_and_counted() {
    let limits = Limits {
        datagrams: 4,
        bytes: 20_000,
        ..Limits::default()
    };
    let mut defragmenter = Defragmenter::new(limits);
    let (_, frames) = datagram(4000);
    for id in 0..1000u16 {
        let mut bytes = frames[0].bytes.clone();
        bytes[18..20].copy_from_slice(&id.to_be_bytes());
        push(&mut defragmenter, &bytes, 0, u64::from(id) + 1);
        assert!(defragmenter.pending() <= 4);
        assert!(defragmenter.cost <= 20_000);
    }
    assert_eq!(defragmenter.counters().evicted, 996);
    assert_eq!(defragmenter.take_incomplete().len(), 4);
    assert_eq!(defragmenter.counters().forgotten, 992);
}

#[test]
fn a_datagram_cannot_be_longer_than_ip_allows() {
    let (_, frames) = datagram(4000);
    let mut bytes = frames[1].bytes.clone();
    bytes[20..22].copy_from_slice(&0x1fffu16.to_be_bytes());
    let mut defragmenter = Defragmenter::new(Limits::default());
    push(&mut defragmenter, &bytes, 0, 1);
    assert_eq!(defragmenter.counters().malformed, 1);
    assert_eq!(defragmenter.pending(), 0);
}

#[test]
fn a_last_fragment_whose_bytes_are_there_already_ends_the_datagram() {
    let network = decode(LinkType(1), &datagram(10).1[0].bytes, 60)
        .network
        .unwrap();
    let mut defragmenter = Defragmenter::new(Limits::default());
    let mut piece = |offset: u32, len: u32, more: bool| {
        let decoded = Decoded {
            network: Some(network),
            transport: Transport::Fragment(FragmentInfo {
                protocol: 17,
                offset,
                more,
                ports: None,
                payload: crate::frame::Extent { start: 0, len },
                wire_len: len,
            }),
            ..Decoded::default()
        };
        let data = vec![0; len as usize];
        matches!(
            defragmenter.push(&decoded, &data, Timestamp::from_nanos(0), 1),
            Defragmented::Whole(_)
        )
    };
    assert!(!piece(0, 16, true));
    assert!(!piece(16, 24, true));
    assert!(piece(24, 16, false));
}

proptest! {
    /// Any order of the fragments, with copies among them, gives the same datagram.
    #[test]
    fn any_order_gives_the_same_datagram(
        len in 1473usize..20_000,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        keys in prop::collection::vec(any::<u32>(), 20),
    ) {
        let (payload, frames) = datagram(len);
        let mut picked: Vec<usize> = order.iter().map(|index| index.index(frames.len())).collect();
        let mut all: Vec<usize> = (0..frames.len()).collect();
        all.sort_by_key(|index| keys[*index]);
        picked.extend(all);
        let mut defragmenter = Defragmenter::new(Limits::default());
        let mut found = Vec::new();
        for (number, index) in (1..).zip(picked) {
            if let Defragmented::Whole(whole) = push(&mut defragmenter, &frames[index].bytes, 0, number) {
                found.push(whole);
            }
        }
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(udp_payload(&found[0]).0, &payload[..]);
        prop_assert_eq!(found[0].frames.len(), frames.len());
        prop_assert_eq!((defragmenter.pending(), defragmenter.cost), (0, 0));
    }

    /// Whatever the fragments say, what was charged is given back.
    #[test]
    fn random_pieces(pieces in prop::collection::vec((0u32..80, 1u32..200, any::<bool>(), any::<u8>()), 1..60)) {
        let network = decode(LinkType(1), &datagram(10).1[0].bytes, 60).network.unwrap();
        let mut defragmenter = Defragmenter::new(Limits::default());
        for (offset, len, more, fill) in pieces {
            let data = vec![fill; len as usize];
            let decoded = Decoded {
                network: Some(network),
                transport: Transport::Fragment(FragmentInfo {
                    protocol: 17,
                    offset: offset * 8,
                    more,
                    ports: None,
                    payload: crate::frame::Extent { start: 0, len },
                    wire_len: len,
                }),
                ..Decoded::default()
            };
            if let Defragmented::Whole(whole) = defragmenter.push(&decoded, &data, Timestamp::from_nanos(0), 1) {
                prop_assert!(!whole.bytes.is_empty());
            }
        }
        defragmenter.finish(Timestamp::from_nanos(0));
        prop_assert_eq!((defragmenter.pending(), defragmenter.cost), (0, 0));
        for incomplete in defragmenter.take_incomplete() {
            prop_assert!(!incomplete.missing.is_empty());
        }
    }
}
