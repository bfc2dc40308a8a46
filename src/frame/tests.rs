use std::net::IpAddr;

use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder, TcpOptionElement};
use proptest::prelude::*;

use super::*;
use crate::capture::LinkType;
use crate::capture::script::Script;

const ETHERNET: LinkType = LinkType(1);
const LINK_TYPES: [u16; 21] = [
    0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 127, 204, 220, 228, 229, 239, 274, 276, 999,
];

/// An IPv4 packet with a TCP segment of `payload`, from 10.0.0.1:1000 to 10.0.0.2:445.
fn tcp_v4(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(1000, 445, 7, 512)
        .ack(9)
        .options(&[
            TcpOptionElement::MaximumSegmentSize(1400),
            TcpOptionElement::WindowScale(7),
            TcpOptionElement::Timestamp(11, 12),
        ])
        .unwrap()
        .write(&mut bytes, payload)
        .unwrap();
    bytes
}

/// An IPv6 packet with a UDP datagram of `payload`.
fn udp_v6(dst_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 64)
        .udp(1000, dst_port)
        .write(&mut bytes, payload)
        .unwrap();
    bytes
}

fn udp_v4(dst_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(40_000, dst_port)
        .write(&mut bytes, payload)
        .unwrap();
    bytes
}

fn protocol_v4(number: u8, payload: &[u8]) -> Vec<u8> {
    let header = Ipv4Header::new(
        payload.len() as u16,
        64,
        IpNumber(number),
        [192, 0, 2, 1],
        [192, 0, 2, 2],
    )
    .unwrap();
    [&header.to_bytes()[..], payload].concat()
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &kind.to_be_bytes(), payload].concat()
}

fn whole(link_type: u16, data: &[u8]) -> Decoded {
    decode(LinkType(link_type), data, data.len() as u32)
}

fn tcp(decoded: &Decoded) -> TcpSegment {
    match decoded.transport {
        Transport::Tcp(tcp) => tcp,
        other => panic!("{other:?}, {:?}", decoded.stop),
    }
}

/// Asserts that the TCP segment of [`tcp_v4`] is found, and its payload.
fn assert_tcp(link_type: u16, data: &[u8]) -> Decoded {
    let decoded = whole(link_type, data);
    let tcp = tcp(&decoded);
    assert_eq!((tcp.src_port, tcp.dst_port), (1000, 445));
    assert_eq!(tcp.payload.of(data), b"hello");
    assert_eq!(tcp.wire_len, 5);
    assert_eq!(checksum::transport_ok(&decoded, data), Some(true));
    assert_eq!(decoded.stop, None);
    decoded
}

#[test]
fn tcp_header_and_options() {
    let decoded = assert_tcp(101, &tcp_v4(b"hello"));
    let tcp = tcp(&decoded);
    assert_eq!((tcp.seq, tcp.ack, tcp.window), (7, 9, 512));
    assert_eq!(tcp.flags, TcpFlags::ACK);
    assert_eq!(tcp.options.mss, Some(1400));
    assert_eq!(tcp.options.window_scale, Some(7));
    assert_eq!(tcp.options.timestamps, Some((11, 12)));
    assert!(tcp.options.sack.is_empty());
    let network = decoded.network.unwrap();
    assert_eq!(network.src, IpAddr::from([10, 0, 0, 1]));
    assert_eq!((network.version(), network.header_len), (4, 20));
}

#[test]
fn an_unknown_option_does_not_hide_the_next() {
    let options = [
        34, 4, 1, 2, // TCP fast open
        5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, // two SACK blocks
        4, 2,
    ];
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(1, 2, 3, 4)
        .options_raw(&options)
        .unwrap()
        .write(&mut bytes, &[])
        .unwrap();
    let tcp = tcp(&whole(101, &bytes));
    let blocks: Vec<_> = tcp.options.sack.iter().collect();
    assert_eq!(blocks, [(1, 2), (3, 4)]);
    assert!(tcp.options.sack_permitted);
}

#[test]
fn every_link_layer_leads_to_ip() {
    let ip = tcp_v4(b"hello");
    let with = |header: &[u8]| [header, &ip[..]].concat();
    let mut sll = vec![0; 16];
    sll[14..].copy_from_slice(&[8, 0]);
    let mut sll2 = vec![0; 20];
    sll2[..2].copy_from_slice(&[8, 0]);
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let pppoe = [0x11, 0, 0, 1, 0, ip.len() as u8 + 2, 0, 0x21];
    let mut qos = vec![0x88, 0x01];
    qos.resize(26, 0);
    let nflog_len = (ip.len() as u8 + 4).to_le_bytes()[0];
    let radiotap = [0, 0, 9, 0, 2, 0, 0, 0, 0x20];
    for (link_type, frame) in [
        (0, with(&[2, 0, 0, 0])),
        (0, with(&[0, 0, 0, 2])),
        (108, with(&[0, 0, 0, 2])),
        (1, ethernet(0x0800, &ip)),
        (1, ethernet(ip.len() as u16 + 8, &with(&snap))),
        (1, ethernet(0x8100, &with(&[0, 5, 8, 0]))),
        (1, ethernet(0x8864, &with(&pppoe))),
        (1, ethernet(0x8847, &with(&[0, 1, 0, 64, 0, 2, 1, 64]))),
        (9, with(&[0xff, 3, 0, 0x21])),
        (9, with(&[0x21])),
        (50, with(&[0x0f, 0, 8, 0])),
        (51, with(&pppoe)),
        (105, [&qos[..], &snap, &ip].concat()),
        (127, [&radiotap, &qos[..], &[0, 0], &snap, &ip].concat()),
        (113, with(&sll)),
        (276, with(&sll2)),
        (228, ip.clone()),
        (
            239,
            with(&[2, 0, 0, 0, 6, 0, 10, 0, 7, 7, 0, 0, nflog_len, 0, 9, 0]),
        ),
        (274, [&[0x55; 8][..], &ethernet(0x0800, &ip)].concat()),
    ] {
        assert_tcp(link_type, &frame);
    }
}

#[test]
fn tunnels_are_followed_to_the_innermost() {
    let ip = tcp_v4(b"hello");
    let frame = ethernet(0x0800, &ip);
    let with = |header: &[u8], inner: &[u8]| [header, inner].concat();
    let gtp_len = ip.len() as u8 + 8;
    let gtp = [0x34, 255, 0, gtp_len, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0];
    let vxlan = udp_v4(4789, &with(&[8, 0, 0, 0, 0, 0, 5, 0], &frame));
    for packet in [
        vxlan.clone(),
        udp_v6(4789, &with(&[8, 0, 0, 0, 0, 0, 5, 0], &frame)),
        udp_v4(4790, &with(&[0x0c, 0, 0, 1, 0, 0, 5, 0], &ip)),
        udp_v4(
            6081,
            &with(&[1, 0, 0x65, 0x58, 0, 0, 5, 0, 9, 9, 9, 9], &frame),
        ),
        udp_v4(2152, &with(&gtp, &ip)),
        udp_v4(1701, &with(&[0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21], &ip)),
        protocol_v4(4, &ip),
        protocol_v4(47, &with(&[0, 0, 8, 0], &ip)),
        protocol_v4(
            47,
            &with(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &ip),
        ),
        protocol_v4(47, &with(&[0, 0, 0x65, 0x58], &frame)),
        protocol_v4(47, &with(&[0, 0, 0x88, 0xbe], &frame)),
        protocol_v4(
            47,
            &with(&[0x30, 1, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1, 0x21], &ip),
        ),
        protocol_v4(97, &with(&[0x30, 0], &frame)),
    ] {
        assert_eq!(assert_tcp(101, &packet).tunnel_depth, 1);
    }
    let nested = (0..8).fold(ip.clone(), |inner, _| protocol_v4(4, &inner));
    assert_eq!(assert_tcp(101, &nested).tunnel_depth, 8);
    assert_eq!(
        whole(101, &protocol_v4(4, &nested)).stop,
        Some(Stop::TooDeep)
    );
}

#[test]
fn a_port_is_no_proof_of_a_tunnel() {
    let decoded = whole(101, &udp_v4(4789, b"not a VXLAN header at all, just text"));
    assert!(matches!(decoded.transport, Transport::Udp(udp) if udp.dst_port == 4789));
    let arp = udp_v4(
        4789,
        &[&[8, 0, 0, 0, 0, 0, 5, 0][..], &ethernet(0x0806, &[0; 28])].concat(),
    );
    let decoded = whole(101, &arp);
    assert!(matches!(decoded.transport, Transport::Udp(_)));
    assert_eq!(decoded.stop, Some(Stop::Named("arp")));
}

#[test]
fn ipv6_extension_headers() {
    let udp = udp_v6(53, b"query");
    let (header, body) = udp.split_at(40);
    let mut packet = header.to_vec();
    packet[6] = 0;
    packet[5] = body.len() as u8 + 8 + 16 + 12;
    packet.extend([60, 0, 0, 0, 0, 0, 0, 0]); // hop-by-hop
    packet.extend([51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // destination options
    packet.extend([17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]); // authentication
    packet.extend(body);
    let decoded = whole(101, &packet);
    let Transport::Udp(datagram) = decoded.transport else {
        panic!("{decoded:?}");
    };
    assert_eq!(datagram.payload.of(&packet), b"query");
    let network = decoded.network.unwrap();
    assert_eq!((network.protocol, network.header_len), (17, 76));
}

#[test]
fn vlan_tags_are_noted_and_bounded() {
    let tags = |count: usize| {
        let tags: Vec<u8> = (1..=count)
            .flat_map(|n| [0, n as u8, if n == count { 0x08 } else { 0x81 }, 0])
            .collect();
        ethernet(0x88a8, &[&tags[..], &tcp_v4(b"hello")].concat())
    };
    let decoded = assert_tcp(1, &tags(4));
    assert_eq!(decoded.vlans, [Some(1), Some(2)]);
    assert_eq!(decoded.vlan_tags, 4);
    assert_eq!(whole(1, &tags(5)).stop, Some(Stop::TooDeep));
}

#[test]
fn lengths_come_from_ip() {
    let mut padded = ethernet(0x0800, &tcp_v4(b"hello"));
    padded.extend([0; 12]);
    assert_tcp(1, &padded);

    let mut offloaded = tcp_v4(&[7; 3000]);
    offloaded[2..4].copy_from_slice(&[0, 0]);
    assert_eq!(tcp(&whole(101, &offloaded)).wire_len, 3000);

    let cut = &tcp_v4(&[7; 1000])[..100];
    let segment = tcp(&decode(LinkType(101), cut, 1040));
    let header_len = 20 + u32::from(segment.header_len);
    assert_eq!(segment.wire_len, 1000);
    assert_eq!(segment.payload.len, 100 - header_len);
}

#[test]
fn cut_headers_keep_what_stands_before_the_cut() {
    let packet = tcp_v4(b"hello");
    let at = |len: usize| decode(LinkType(101), &packet[..len], packet.len() as u32);
    // In the options: the fixed header is whole.
    let segment = tcp(&at(44));
    assert_eq!((segment.seq, segment.wire_len), (7, 5));
    assert_eq!(segment.options.mss, Some(1400));
    assert_eq!(at(44).stop, Some(Stop::SnapLength(Layer::Tcp)));
    // In the fixed header: ports and sequence number.
    let Transport::Cut(cut) = at(30).transport else {
        panic!();
    };
    assert_eq!((cut.src_port, cut.dst_port, cut.seq), (1000, 445, Some(7)));
    assert!(at(20).network.is_some());
    assert_eq!(at(19).stop, Some(Stop::SnapLength(Layer::Ipv4)));
    let short = decode(LinkType(101), &packet[..19], 19);
    assert_eq!(short.stop, Some(Stop::Truncated(Layer::Ipv4)));
    assert_eq!(short.stop.unwrap().to_string(), "truncated ipv4 header");
}

#[test]
fn malformed_headers_stop_with_a_reason() {
    let mut bad_ihl = tcp_v4(b"");
    bad_ihl[0] = 0x44;
    assert_eq!(whole(101, &bad_ihl).stop, Some(Stop::Malformed("bad ihl")));
    let mut bad_total = tcp_v4(b"");
    bad_total[2..4].copy_from_slice(&[0, 19]);
    assert_eq!(
        whole(101, &bad_total).stop,
        Some(Stop::Malformed("bad ipv4 total length"))
    );
    let lldp = whole(1, &ethernet(0x88cc, &[0; 40]));
    assert_eq!(lldp.stop.unwrap().to_string(), "lldp");
    let ospf = whole(101, &protocol_v4(90, &[0; 20]));
    assert_eq!(ospf.transport, Transport::Other(90));
    assert_eq!(ospf.stop.unwrap().to_string(), "ip protocol 90");
    let usb = whole(220, &[0; 64]);
    assert_eq!(usb.stop.unwrap().to_string(), "link type usb-linux-mmapped");
}

#[test]
fn icmp_errors_quote_their_flow() {
    for (client, server) in [
        ("10.0.0.1:40000", "10.0.0.2:53"),
        ("[fd00::1]:40000", "[fd00::2]:53"),
    ] {
        let frames = Script::udp(client, server)
            .client(b"query")
            .icmp_port_unreachable()
            .frames();
        let [query, error] = &frames[..] else {
            panic!("{} frames", frames.len());
        };
        let query = whole(1, &query.bytes);
        let decoded = whole(1, &error.bytes);
        let Transport::Icmp(message) = decoded.transport else {
            panic!("{decoded:?}");
        };
        assert_eq!(checksum::transport_ok(&decoded, &error.bytes), Some(true));
        let quoted = message.quoted.unwrap();
        assert_eq!(quoted.ports, Some((40_000, 53)));
        assert_eq!(FlowKey::of_quoted(&quoted), FlowKey::of(&query));
    }
}

#[test]
fn checksums_are_judged_on_demand() {
    let mut bytes = tcp_v4(b"hello");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let decoded = whole(101, &bytes);
    assert_eq!(checksum::transport_ok(&decoded, &bytes), Some(false));
    assert_eq!(checksum::ipv4_header_ok(&decoded, &bytes), Some(true));
    bytes[8] ^= 1;
    let decoded = whole(101, &bytes);
    assert_eq!(checksum::ipv4_header_ok(&decoded, &bytes), Some(false));
    let cut = decode(LinkType(101), &bytes[..last], bytes.len() as u32);
    assert_eq!(checksum::transport_ok(&cut, &bytes[..last]), None);
}

#[test]
fn a_key_is_the_same_both_ways() {
    let frames = Script::tcp("10.0.0.9:40000", "10.0.0.2:445")
        .connect()
        .frames();
    let keys: Vec<_> = frames
        .iter()
        .map(|frame| FlowKey::of(&whole(1, &frame.bytes)).unwrap())
        .collect();
    assert!(keys.iter().all(|(key, _)| *key == keys[0].0));
    assert_eq!(keys[0].1, !keys[1].1);
    assert_eq!(
        keys[0].0.ends(),
        [
            (IpAddr::from([10, 0, 0, 2]), 445),
            (IpAddr::from([10, 0, 0, 9]), 40_000)
        ]
    );
    assert_eq!(keys[0].0.protocol(), 6);
    let mapped = |v6: [u16; 8]| (IpAddr::from(v6), 1);
    let v6 = FlowKey::new(
        mapped([0, 0, 0, 0, 0, 0xffff, 0x0a00, 2]),
        mapped([0, 0, 0, 0, 0, 0xffff, 0x0a00, 9]),
        6,
    );
    let v4 = FlowKey::new(
        (IpAddr::from([10, 0, 0, 2]), 1),
        (IpAddr::from([10, 0, 0, 9]), 1),
        6,
    );
    assert_ne!(v6.0, v4.0);
}

#[test]
fn shards_are_used_evenly() {
    let mut counts = [0; 4];
    for port in 0..4000 {
        let ends = [
            (IpAddr::from([10, 0, 0, 1]), 30_000 + port),
            (IpAddr::from([10, 0, 0, 2]), 443),
        ];
        counts[FlowKey::new(ends[0], ends[1], 6).0.shard(4)] += 1;
    }
    assert!(
        counts.iter().all(|count| (800..1200).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_fragment_is_no_segment() {
    let mut header = Ipv4Header::new(8, 64, IpNumber::UDP, [1; 4], [2; 4]).unwrap();
    header.identification = 77;
    header.more_fragments = true;
    let body = [0x9c, 0x40, 0, 53, 0, 100, 0, 0];
    let first = whole(101, &[&header.to_bytes()[..], &body].concat());
    let Transport::Fragment(info) = first.transport else {
        panic!("{first:?}");
    };
    assert_eq!((info.offset, info.more), (0, true));
    assert_eq!(info.ports, Some((40_000, 53)));
    assert_eq!(FlowKey::of(&first), None);
    header.fragment_offset = IpFragOffset::try_new(1).unwrap();
    let second = whole(101, &[&header.to_bytes()[..], &body].concat());
    assert!(
        matches!(second.transport, Transport::Fragment(info) if info.offset == 8 && info.ports.is_none())
    );
}

/// Every place that decoding tells must lie in the frame.
fn assert_places(decoded: &Decoded, data: &[u8]) {
    let extent = match decoded.transport {
        Transport::Tcp(tcp) => (tcp.payload, tcp.wire_len),
        Transport::Udp(udp) => (udp.payload, udp.wire_len),
        Transport::Icmp(icmp) => (icmp.payload, icmp.wire_len),
        Transport::Fragment(fragment) => (fragment.payload, fragment.wire_len),
        _ => return,
    };
    assert!((extent.0.start + extent.0.len) as usize <= data.len());
    assert!(extent.0.len <= extent.1);
    let _ = checksum::transport_ok(decoded, data);
    let _ = checksum::ipv4_header_ok(decoded, data);
}

#[test]
fn truncated_anywhere() {
    let inner = ethernet(0x0800, &tcp_v4(b"hello"));
    let vxlan = udp_v6(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0][..], &inner].concat());
    let frame = ethernet(0x86dd, &vxlan);
    for len in 0..frame.len() {
        let data = &frame[..len];
        assert_places(&whole(1, data), data);
        assert_places(&decode(ETHERNET, data, frame.len() as u32), data);
    }
}

proptest! {
    #[test]
    fn random_bytes(
        link_type in prop::sample::select(&LINK_TYPES[..]),
        data in prop::collection::vec(any::<u8>(), 0..200),
        wire_len in 0u32..300,
    ) {
        assert_places(&decode(LinkType(link_type), &data, wire_len), &data);
    }

    #[test]
    fn flipped_bytes(
        flips in prop::collection::vec((0usize..140, any::<u8>()), 1..6),
        link_type in prop::sample::select(&[1u16, 101, 113, 0][..]),
    ) {
        let inner = ethernet(0x0800, &tcp_v4(b"hello"));
        let mut data = ethernet(0x86dd, &udp_v6(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0][..], &inner].concat()));
        for (at, value) in flips {
            if let Some(byte) = data.get_mut(at) {
                *byte = value;
            }
        }
        assert_places(&whole(link_type, &data), &data);
    }
}
