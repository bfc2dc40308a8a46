//! Checksums, on demand: an analyzer does not reject a frame for one, as offloading leaves them unfilled (RFC 1071).

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::decoded::{Decoded, Extent, Transport};
use super::ip;

/// Whether the TCP, UDP or ICMP checksum is right. `None` when it cannot be told: no such header, the snap length cut the
/// segment, a fragment, or UDP over IPv4 without a checksum. `data` is what `decoded` was made of.
#[must_use]
pub fn transport_ok(decoded: &Decoded, data: &[u8]) -> Option<bool> {
    let network = decoded.network.as_ref()?;
    let (protocol, header_len, payload, wire_len) = match &decoded.transport {
        Transport::Tcp(tcp) => (
            ip::TCP,
            u32::from(tcp.header_len),
            tcp.payload,
            tcp.wire_len,
        ),
        Transport::Udp(udp) => (ip::UDP, 8, udp.payload, udp.wire_len),
        Transport::Icmp(icmp) if icmp.v6 => (ip::ICMP_V6, 8, icmp.payload, icmp.wire_len),
        Transport::Icmp(icmp) => (ip::ICMP, 8, icmp.payload, icmp.wire_len),
        _ => return None,
    };
    if payload.len != wire_len {
        return None;
    }
    let segment = Extent {
        start: payload.start.checked_sub(header_len)?,
        len: payload.len + header_len,
    }
    .of(data);
    if segment.is_empty() {
        return None;
    }
    // RFC 768: 0 means that the sender made none; IPv6 forbids it (RFC 8200 s8.1).
    if protocol == ip::UDP && network.version() == 4 && segment.get(6..8) == Some(&[0, 0]) {
        return None;
    }
    let sum = match (network.src, network.dst) {
        _ if protocol == ip::ICMP => Sum16BitWords::new(),
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let mut sum = Sum16BitWords::new().add_4bytes(src.octets());
            sum.add_4bytes(dst.octets())
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let mut sum = Sum16BitWords::new().add_16bytes(src.octets());
            sum.add_16bytes(dst.octets())
        }
        _ => return None,
    };
    let sum = match protocol {
        ip::ICMP => sum,
        _ => sum
            .add_2bytes([0, protocol])
            .add_4bytes((segment.len() as u32).to_be_bytes()),
    };
    Some(sum.add_slice(segment).ones_complement() == 0)
}

/// Whether the checksum of the innermost IPv4 header is right; `None` for IPv6 and where the header is not in `data`.
#[must_use]
pub fn ipv4_header_ok(decoded: &Decoded, data: &[u8]) -> Option<bool> {
    let network = decoded.network.as_ref()?;
    if network.version() != 4 {
        return None;
    }
    // An authentication header is counted to the header, its bytes are not in the sum.
    let first = *data.get(network.header_start as usize)?;
    let header = Extent {
        start: network.header_start,
        len: u32::from(first & 0x0f) * 4,
    };
    if network.header_len == 0 || header.len == 0 {
        return None;
    }
    let header = header.of(data);
    (!header.is_empty()).then(|| Sum16BitWords::new().add_slice(header).ones_complement() == 0)
}
