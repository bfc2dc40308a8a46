//! What decoding gives: plain values, places as offsets into the frame.

use std::fmt;
use std::net::IpAddr;

use crate::capture::LinkType;

/// One frame taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The innermost IP header that could be read.
    pub network: Option<Network>,
    /// What the innermost IP header carries. Of a tunnel over UDP in which no IP was found the UDP datagram, with `stop`
    /// saying what was found instead.
    pub transport: Transport,
    /// Why decoding ended before a transport header was read in full; `None` when nothing was left out.
    pub stop: Option<Stop>,
    /// The outermost two VLAN identifiers (12 bits each), outermost first.
    pub vlans: [Option<u16>; 2],
    /// VLAN tags in all.
    pub vlan_tags: u8,
    /// IP headers around the innermost one: 0 without a tunnel.
    pub tunnel_depth: u8,
}

/// The fields of an IP header (RFC 791 s3.1, RFC 8200 s3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Source address; its variant tells the IP version.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Protocol of the payload: behind all extension headers for IPv6 and AH.
    pub protocol: u8,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Identification: 16 bits for IPv4; of IPv6 that of the fragment header, else 0.
    pub id: u32,
    /// Length in bytes of header and payload according to the header; where that says 0, what the frame holds. Of a
    /// datagram that was reassembled the length of its payload.
    pub total_len: u32,
    /// Where the header begins in the frame.
    pub header_start: u32,
    /// Bytes of the header with options and extension headers; 0 when the datagram was reassembled.
    pub header_len: u16,
    /// The don't-fragment flag of IPv4.
    pub dont_fragment: bool,
    /// The more-fragments flag.
    pub more_fragments: bool,
}

impl Network {
    /// 4 or 6.
    #[must_use]
    pub const fn version(&self) -> u8 {
        match self.src {
            IpAddr::V4(_) => 4,
            IpAddr::V6(_) => 6,
        }
    }
}

/// Bytes of a frame that were captured, by place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Offset of the first byte.
    pub start: u32,
    /// Bytes captured.
    pub len: u32,
}

impl Extent {
    /// The bytes of this extent in the frame (or reassembled datagram) that was decoded; empty when `data` is not that.
    #[must_use]
    pub fn of(self, data: &[u8]) -> &[u8] {
        let start = self.start as usize;
        start
            .checked_add(self.len as usize)
            .and_then(|end| data.get(start..end))
            .unwrap_or_default()
    }
}

/// What the innermost IP header carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// No IP, or nothing readable in it.
    #[default]
    None,
    /// A TCP segment whose fixed header is whole.
    Tcp(TcpSegment),
    /// A UDP datagram whose header is whole.
    Udp(UdpDatagram),
    /// An ICMP or ICMPv6 message.
    Icmp(IcmpMessage),
    /// A piece of a fragmented datagram.
    Fragment(FragmentInfo),
    /// TCP or UDP of which only the ports could be read.
    Cut(CutHeader),
    /// Another IP protocol, by number.
    Other(u8),
}

/// A TCP header (RFC 9293 s3.1) and where its payload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpSegment {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number as on the wire.
    pub seq: u32,
    /// Acknowledgment number as on the wire; meaningless without the ACK flag.
    pub ack: u32,
    /// The flags, with the three reserved bits above NS as they were.
    pub flags: TcpFlags,
    /// Window as on the wire, not scaled.
    pub window: u16,
    /// Urgent pointer.
    pub urgent: u16,
    /// Bytes of the header with options.
    pub header_len: u8,
    /// The options that could be read.
    pub options: TcpOptions,
    /// The payload as far as it was captured.
    pub payload: Extent,
    /// Bytes of payload according to IP, also where the snap length cut it.
    pub wire_len: u32,
}

impl TcpSegment {
    /// Sequence numbers this segment takes: payload, SYN and FIN.
    #[must_use]
    pub const fn seq_len(&self) -> u32 {
        self.wire_len
            .wrapping_add(self.flags.has(TcpFlags::SYN) as u32)
            .wrapping_add(self.flags.has(TcpFlags::FIN) as u32)
    }
}

/// The flags of a TCP header: the twelve bits behind its length, as tshark's `tcp.flags`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// Finish.
    pub const FIN: Self = Self(0x001);
    /// Synchronize.
    pub const SYN: Self = Self(0x002);
    /// Reset.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// Acknowledgment.
    pub const ACK: Self = Self(0x010);
    /// Urgent.
    pub const URG: Self = Self(0x020);
    /// ECN echo.
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x080);
    /// ECN nonce, now accurate ECN.
    pub const NS: Self = Self(0x100);

    /// True when every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"];
        let mut names = NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| *name);
        write!(f, "[")?;
        if let Some(first) = names.next() {
            f.write_str(first)?;
        }
        names.try_for_each(|name| write!(f, ",{name}"))?;
        write!(f, "]")
    }
}

/// The TCP options that matter to a session (RFC 9293 s3.2, RFC 7323, RFC 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size in bytes.
    pub mss: Option<u16>,
    /// Window scale: a shift count, as on the wire (values above 14 are to be taken as 14, RFC 7323 s2.3).
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamp value and echo reply.
    pub timestamps: Option<(u32, u32)>,
    /// Selective acknowledgments.
    pub sack: SackBlocks,
}

/// Up to four selectively acknowledged ranges (RFC 2018 s3), as on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    pub(super) edges: [(u32, u32); 4],
    pub(super) count: u8,
}

impl SackBlocks {
    /// The ranges as (left edge, right edge), in the order of the option.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.edges.iter().take(self.count as usize).copied()
    }

    /// True without the option.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A UDP header (RFC 768) and where its payload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpDatagram {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// The payload as far as it was captured.
    pub payload: Extent,
    /// Bytes of payload according to the UDP length, also where the snap length cut it.
    pub wire_len: u32,
}

/// An ICMP (RFC 792) or ICMPv6 (RFC 4443) message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpMessage {
    /// ICMPv6.
    pub v6: bool,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The second word of the header: identifier and sequence of an echo, gateway, or next-hop MTU; 0 where cut.
    pub rest: u32,
    /// The packet an error message is about: ICMP types 3, 4, 5, 11, 12 and ICMPv6 types 1 to 4.
    pub quoted: Option<Quoted>,
    /// What follows the eight bytes of header, as far as it was captured.
    pub payload: Extent,
    /// Bytes that follow the header on the wire.
    pub wire_len: u32,
}

impl IcmpMessage {
    /// Nobody listens on the port (RFC 792; RFC 4443 section 3.1).
    pub const fn is_port_unreachable(&self) -> bool {
        matches!(
            (self.v6, self.kind, self.code),
            (false, 3, 3) | (true, 1, 4)
        )
    }
}

/// The packet that an ICMP error quotes: who sent what to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its source.
    pub src: IpAddr,
    /// Its destination.
    pub dst: IpAddr,
    /// Its transport protocol.
    pub protocol: u8,
    /// Its IPv4 identification; 0 for IPv6.
    pub id: u32,
    /// Source and destination port, of TCP and UDP, where the quote reaches that far.
    pub ports: Option<(u16, u16)>,
    /// Sequence number of a quoted TCP segment.
    pub seq: Option<u32>,
}

/// A piece of a fragmented datagram (RFC 791 s3.2, RFC 8200 s4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentInfo {
    /// Protocol of the first header of the fragmented part.
    pub protocol: u8,
    /// Place of this piece in the fragmented part, in bytes.
    pub offset: u32,
    /// More pieces follow.
    pub more: bool,
    /// Source and destination port, where this is the first piece of TCP or UDP.
    pub ports: Option<(u16, u16)>,
    /// The piece as far as it was captured.
    pub payload: Extent,
    /// Bytes of the piece on the wire.
    pub wire_len: u32,
}

/// TCP or UDP of which little more than the ports could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutHeader {
    /// IP protocol: 6 or 17.
    pub protocol: u8,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number, of TCP.
    pub seq: Option<u32>,
}

/// A header that can be cut or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is named by its Display")]
pub enum Layer {
    Link,
    Llc,
    Vlan,
    Mpls,
    Ppp,
    Pppoe,
    Wlan,
    Radiotap,
    Nflog,
    Gre,
    Erspan,
    Tunnel,
    Ipv4,
    Ipv6,
    Ipv6Extension,
    Authentication,
    Tcp,
    Udp,
    Icmp,
}

impl Layer {
    /// The name in messages: `ipv4 header`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "link header",
            Self::Llc => "llc header",
            Self::Vlan => "vlan tag",
            Self::Mpls => "mpls label stack",
            Self::Ppp => "ppp header",
            Self::Pppoe => "pppoe header",
            Self::Wlan => "802.11 header",
            Self::Radiotap => "radiotap header",
            Self::Nflog => "nflog header",
            Self::Gre => "gre header",
            Self::Erspan => "erspan header",
            Self::Tunnel => "tunnel header",
            Self::Ipv4 => "ipv4 header",
            Self::Ipv6 => "ipv6 header",
            Self::Ipv6Extension => "ipv6 extension header",
            Self::Authentication => "authentication header",
            Self::Tcp => "tcp header",
            Self::Udp => "udp header",
            Self::Icmp => "icmp header",
        }
    }
}

/// Why decoding ended early; equal values are one kind to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// The snap length of the capture cut this header.
    SnapLength(Layer),
    /// The packet itself ends inside this header.
    Truncated(Layer),
    /// A header contradicts itself; the text says how.
    Malformed(&'static str),
    /// A protocol that carries no IP, or hides it, by its usual name: `arp`, `lldp`, `802.11 protected`.
    Named(&'static str),
    /// An Ethernet type without a decoder.
    EtherType(u16),
    /// An IEEE 802.2 service access point without a decoder.
    Llc(u8),
    /// A PPP protocol without a decoder.
    Ppp(u16),
    /// An address family of a loopback or NFLOG header without a decoder.
    Family(u32),
    /// An IP protocol without a decoder.
    IpProtocol(u8),
    /// A link type without a decoder.
    LinkType(u16),
    /// More headers in each other than are followed.
    TooDeep,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SnapLength(layer) => write!(f, "snap length cuts {}", layer.name()),
            Self::Truncated(layer) => write!(f, "truncated {}", layer.name()),
            Self::Malformed(what) | Self::Named(what) => f.write_str(what),
            Self::EtherType(number) => write!(f, "ethertype 0x{number:04x}"),
            Self::Llc(sap) => write!(f, "llc sap 0x{sap:02x}"),
            Self::Ppp(number) => write!(f, "ppp protocol 0x{number:04x}"),
            Self::Family(number) => write!(f, "address family {number}"),
            Self::IpProtocol(number) => write!(f, "ip protocol {number}"),
            Self::LinkType(number) => write!(f, "link type {}", LinkType(*number)),
            Self::TooDeep => f.write_str("nested too deeply"),
        }
    }
}
