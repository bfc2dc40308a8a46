//! The walk from the link header to the transport: one step a header, no recursion.

use super::cursor::Cursor;
use super::decoded::{Decoded, Network, Stop, Transport};
use super::headers::{Headers, Trail};
use super::{extension, icmp, ip, link, tcp, transport, tunnel, wlan};
use crate::capture::LinkType;

/// Headers followed in one frame, a backstop: every step but a few of the link layer takes bytes off the frame.
const MAX_STEPS: u32 = 64;
/// IP headers around the innermost one.
const MAX_TUNNELS: u8 = 8;

/// What to read next, and where.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// An Ethernet header.
    Ethernet(Cursor<'a>),
    /// What an Ethernet type names.
    EtherType(u16, Cursor<'a>),
    /// An IEEE 802.2 LLC header.
    Llc(Cursor<'a>),
    /// A PPP protocol number, perhaps behind address and control.
    Ppp(Cursor<'a>),
    /// An IEEE 802.11 header; whether its length is padded to four bytes.
    Wlan(Cursor<'a>, bool),
    /// An MPLS label stack.
    Mpls(Cursor<'a>),
    /// An IP header of either version, told by its first nibble.
    Ip(Cursor<'a>),
    /// An IPv4 header.
    Ipv4(Cursor<'a>),
    /// An IPv6 header.
    Ipv6(Cursor<'a>),
    /// What an IP protocol number names.
    Protocol(u8, Cursor<'a>),
    /// Nothing more to read.
    Done,
}

/// Takes one frame apart. `wire_len` is its length before the snap length cut it, in bytes; a value below
/// `data.len()` is taken as `data.len()`. Never fails: [`Decoded::stop`] says what could not be read.
#[must_use]
pub fn decode(link_type: LinkType, data: &[u8], wire_len: u32) -> Decoded {
    follow(link_type, data, wire_len, &mut ())
}

/// The same, put in `out`, whatever that held: many frames one after the other are not copied.
pub(crate) fn decode_to(out: &mut Decoded, link_type: LinkType, data: &[u8], wire_len: u32) {
    *out = Decoded::default();
    take_apart(out, link_type, data, wire_len, &mut ());
}

/// The same, and every header on the way, those quoted by ICMP errors included.
pub fn decode_headers(
    link_type: LinkType,
    data: &[u8],
    wire_len: u32,
    headers: &mut Headers,
) -> Decoded {
    headers.clear();
    follow(link_type, data, wire_len, headers)
}

fn follow(link_type: LinkType, data: &[u8], wire_len: u32, trail: &mut impl Trail) -> Decoded {
    let mut out = Decoded::default();
    take_apart(&mut out, link_type, data, wire_len, trail);
    out
}

fn take_apart(
    out: &mut Decoded,
    link_type: LinkType,
    data: &[u8],
    wire_len: u32,
    trail: &mut impl Trail,
) {
    match link::start(link_type, Cursor::new(data, wire_len)) {
        Ok(step) => walk(step, out, trail),
        Err(stop) => out.stop = Some(stop),
    }
}

/// Takes apart the payload of an IP datagram that was put together from fragments: `network` is its header, `data` begins
/// behind it and had `wire_len` bytes on the wire. All offsets count from the start of `data`, and
/// [`Network::header_len`] becomes 0, as the header is not there. VLAN tags are not known here.
#[must_use]
pub fn decode_payload(network: &Network, data: &[u8], wire_len: u32) -> Decoded {
    payload(network, data, wire_len, &mut ())
}

/// The same, and every header on the way.
pub fn decode_payload_headers(
    network: &Network,
    data: &[u8],
    wire_len: u32,
    headers: &mut Headers,
) -> Decoded {
    headers.clear();
    payload(network, data, wire_len, headers)
}

fn payload(network: &Network, data: &[u8], wire_len: u32, trail: &mut impl Trail) -> Decoded {
    let mut out = Decoded {
        network: Some(Network {
            header_start: 0,
            header_len: 0,
            more_fragments: false,
            ..*network
        }),
        ..Decoded::default()
    };
    let start = Step::Protocol(network.protocol, Cursor::new(data, wire_len));
    walk(start, &mut out, trail);
    out
}

fn walk<T: Trail>(mut step: Step<'_>, out: &mut Decoded, trail: &mut T) {
    for _ in 0..MAX_STEPS {
        trail.note(&step);
        let next = match step {
            Step::Ethernet(at) => link::ethernet(at),
            Step::EtherType(kind, at) => link::ether_type(kind, at, out),
            Step::Llc(at) => link::llc(at),
            Step::Ppp(at) => link::ppp(at),
            Step::Wlan(at, padded) => wlan::data_frame(at, padded),
            Step::Mpls(at) => tunnel::mpls(at),
            Step::Ip(at) => ip::either(at),
            Step::Ipv4(at) => ip::v4(at, out, !T::DETAILED),
            Step::Ipv6(at) => ip::v6(at, out),
            Step::Protocol(number, at) => protocol(number, at, out),
            Step::Done => return,
        };
        if T::DETAILED
            && let Step::Protocol(ip::ICMP | ip::ICMP_V6, at) = step
            && let Some(quoted) = icmp::quoted_packet(at, out)
            && trail.quote(true)
        {
            walk(Step::Ip(quoted), &mut Decoded::default(), trail);
            trail.quote(false);
        }
        match next {
            Ok(next) => step = next,
            Err(stop) => {
                out.stop = Some(stop);
                return;
            }
        }
    }
    out.stop = Some(Stop::TooDeep);
}

/// Notes that another IP header follows; the one before it becomes a tunnel's.
pub(super) fn enter(out: &mut Decoded, network: Network) -> Result<(), Stop> {
    if out.network.is_some() {
        if out.tunnel_depth >= MAX_TUNNELS {
            return Err(Stop::TooDeep);
        }
        out.tunnel_depth += 1;
    }
    out.network = Some(network);
    out.transport = Transport::None;
    Ok(())
}

fn protocol<'a>(number: u8, at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    match number {
        ip::TCP => tcp::segment(at, out),
        ip::UDP => transport::udp(at, out),
        ip::ICMP => icmp::message(at, false, out),
        ip::ICMP_V6 => icmp::message(at, true, out),
        ip::HOP_BY_HOP | ip::ROUTING | ip::DESTINATION | ip::MOBILITY | ip::HIP | ip::SHIM6 => {
            extension::skip(at, out)
        }
        ip::AUTHENTICATION => extension::authentication(at, out),
        ip::FRAGMENT => extension::fragment(at, out),
        ip::IPV4 => Ok(Step::Ipv4(at)),
        ip::IPV6 => Ok(Step::Ipv6(at)),
        ip::GRE => tunnel::gre(at),
        ip::ETHER_IP => tunnel::ether_ip(at),
        ip::MPLS => Ok(Step::Mpls(at)),
        ip::ETHERNET => Ok(Step::Ethernet(at)),
        _ => Err(transport::other(number, out)),
    }
}
