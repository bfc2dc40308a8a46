//! Ethernet frames with right lengths and checksums, for [`super::Script`].

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};

use colloquy_dissectors::units::{PerSide, Side};
use etherparse::{
    IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6Header, PacketBuilder,
    PacketBuilderStep, TcpHeader,
};

/// Bytes of an Ethernet header.
const ETHERNET: usize = 14;
/// Bytes of an IPv4 header without options.
const IPV4: usize = 20;
/// Longest packet of an Ethernet.
const MTU: usize = 1500;
/// What an ICMP error quotes at most (RFC 1812 s4.3.2.3).
const MAX_QUOTE: usize = 548;

/// Flag bits of a TCP header, as in `tcp.flags`.
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u16 = 0x02;
    /// Reset the connection.
    pub const RST: u16 = 0x04;
    /// Push.
    pub const PSH: u16 = 0x08;
    /// The acknowledgment number counts.
    pub const ACK: u16 = 0x10;
}

/// What a TCP segment says besides its payload.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment<'a> {
    pub(super) flags: u16,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) window: u16,
    pub(super) options: &'a [u8],
}

/// The two ends, and the IP identification each will use next.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) ends: PerSide<SocketAddr>,
    ids: PerSide<u16>,
}

impl Wire {
    pub(super) fn new(client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            ends: PerSide::new(client, server),
            ids: PerSide::new(0x1000, 0x8000),
        }
    }

    pub(super) fn tcp(&mut self, from: Side, segment: &Segment<'_>, payload: &[u8]) -> Vec<u8> {
        let mut header = TcpHeader::new(
            self.ends[from].port(),
            self.ends[from.other()].port(),
            segment.seq,
            segment.window,
        );
        let has = |bit: u16| segment.flags & bit != 0;
        header.acknowledgment_number = segment.ack;
        header.fin = has(flag::FIN);
        header.syn = has(flag::SYN);
        header.rst = has(flag::RST);
        header.psh = has(flag::PSH);
        header.ack = has(flag::ACK);
        header.urg = has(0x20);
        header.ece = has(0x40);
        header.cwr = has(0x80);
        header.ns = has(0x100);
        must(header.set_options_raw(segment.options), "TCP options");
        let builder = self.ip(from).tcp_header(header);
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        must(builder.write(&mut bytes, payload), "TCP segment");
        bytes
    }

    /// A datagram, as fragments when it is too long for one IPv4 packet.
    pub(super) fn udp(&mut self, from: Side, payload: &[u8]) -> Vec<Vec<u8>> {
        let (src_port, dst_port) = (self.ends[from].port(), self.ends[from.other()].port());
        let builder = self.ip(from).udp(src_port, dst_port);
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        must(builder.write(&mut bytes, payload), "UDP datagram");
        if bytes.len() > ETHERNET + MTU && self.ends[from].is_ipv4() {
            return fragments(&bytes);
        }
        vec![bytes]
    }

    /// An ICMP error "port unreachable" from `from` about `frame`.
    pub(super) fn port_unreachable(&mut self, from: Side, frame: &[u8]) -> Vec<u8> {
        self.icmp_error(from, frame, [(3, 3), (1, 4)])
    }

    /// An ICMP error "fragment reassembly time exceeded" from `from` about `frame`.
    pub(super) fn reassembly_time_exceeded(&mut self, from: Side, frame: &[u8]) -> Vec<u8> {
        self.icmp_error(from, frame, [(11, 1), (3, 1)])
    }

    /// An error of that type and code, of ICMP or of ICMPv6.
    fn icmp_error(&mut self, from: Side, frame: &[u8], [v4, v6]: [(u8, u8); 2]) -> Vec<u8> {
        let packet = frame.get(ETHERNET..).unwrap_or_default();
        let quote = packet.get(..MAX_QUOTE).unwrap_or(packet);
        let is_v4 = self.ends[from].is_ipv4();
        let builder = self.ip(from);
        let mut bytes = Vec::new();
        let written = if is_v4 {
            builder
                .icmpv4_raw(v4.0, v4.1, [0; 4])
                .write(&mut bytes, quote)
        } else {
            builder
                .icmpv6_raw(v6.0, v6.1, [0; 4])
                .write(&mut bytes, quote)
        };
        must(written, "ICMP message");
        bytes
    }

    fn ip(&mut self, from: Side) -> PacketBuilderStep<IpHeaders> {
        let mac = |side: Side| [2, 0, 0, 0, 0, side.index() as u8 + 1];
        let id = self.ids[from];
        self.ids[from] = id.wrapping_add(1);
        let ethernet = PacketBuilder::ethernet2(mac(from), mac(from.other()));
        let addresses = (self.ends[from].ip(), self.ends[from.other()].ip());
        ethernet.ip(match addresses {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                // Length, protocol and checksum are filled in when the packet is written.
                let mut header = must(
                    Ipv4Header::new(0, 64, IpNumber::TCP, src.octets(), dst.octets()),
                    "IPv4 header",
                );
                header.identification = id;
                header.dont_fragment = true;
                IpHeaders::Ipv4(header, Ipv4Extensions::default())
            }
            (src, dst) => IpHeaders::Ipv6(
                Ipv6Header {
                    hop_limit: 64,
                    source: v6_octets(src),
                    destination: v6_octets(dst),
                    ..Ipv6Header::default()
                },
                Ipv6Extensions::default(),
            ),
        })
    }
}

fn v6_octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Cuts an IPv4 packet in an Ethernet frame into fragments (RFC 791 s3.2).
fn fragments(frame: &[u8]) -> Vec<Vec<u8>> {
    let (ethernet, packet) = frame.split_at(ETHERNET);
    let (mut header, body) = must(Ipv4Header::from_slice(packet), "IPv4 header");
    let piece_len = (MTU - IPV4) / 8 * 8;
    let count = body.len().div_ceil(piece_len);
    let mut frames = Vec::with_capacity(count);
    for (index, piece) in body.chunks(piece_len).enumerate() {
        header.dont_fragment = false;
        header.more_fragments = index + 1 < count;
        let offset = (index * piece_len / 8) as u16;
        header.fragment_offset = must(offset.try_into(), "fragment offset");
        must(header.set_payload_len(piece.len()), "fragment length");
        header.header_checksum = header.calc_header_checksum();
        let mut bytes = ethernet.to_vec();
        bytes.extend_from_slice(&header.to_bytes());
        bytes.extend_from_slice(piece);
        frames.push(bytes);
    }
    frames
}

/// A script is part of a test: a mistake in it must be loud.
#[expect(clippy::panic, reason = "a wrong script is a wrong test")]
pub(super) fn must<T, E: Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("script: {what}: {error}"))
}
