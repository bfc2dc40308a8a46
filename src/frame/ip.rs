//! IP headers (RFC 791, RFC 8200), through etherparse's slices.

use std::net::IpAddr;

use etherparse::err::{ipv4, ipv6};
use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::cursor::Cursor;
use super::decoded::{Decoded, Layer, Network, Stop};
use super::extension::Piece;
use super::tcp;
use super::walk::{self, Step};

/// IP protocol numbers that are followed (IANA).
pub(super) const HOP_BY_HOP: u8 = 0;
pub(super) const ICMP: u8 = 1;
pub(super) const IPV4: u8 = 4;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const IPV6: u8 = 41;
pub(super) const ROUTING: u8 = 43;
pub(super) const FRAGMENT: u8 = 44;
pub(super) const GRE: u8 = 47;
pub(super) const AUTHENTICATION: u8 = 51;
pub(super) const ICMP_V6: u8 = 58;
pub(super) const NO_NEXT_HEADER: u8 = 59;
pub(super) const DESTINATION: u8 = 60;
pub(super) const ETHER_IP: u8 = 97;
pub(super) const MOBILITY: u8 = 135;
pub(super) const MPLS: u8 = 137;
pub(super) const HIP: u8 = 139;
pub(super) const SHIM6: u8 = 140;
pub(super) const ETHERNET: u8 = 143;

/// Bytes of the fixed headers.
const V4_MIN: usize = 20;
const V6_LEN: usize = 40;

/// An IP header whose version only its first nibble tells.
pub(super) fn either(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    match at.byte(0).map(|first| first >> 4) {
        Some(4) => Ok(Step::Ipv4(at)),
        Some(6) => Ok(Step::Ipv6(at)),
        Some(_) => Err(Stop::Malformed("bad ip version")),
        None => Err(at.cut(1, Layer::Ipv4)),
    }
}

/// `hurry`: a TCP header is read at once.
pub(super) fn v4<'a>(at: Cursor<'a>, out: &mut Decoded, hurry: bool) -> Result<Step<'a>, Stop> {
    let header = Ipv4HeaderSlice::from_slice(at.bytes).map_err(|error| match error {
        ipv4::HeaderSliceError::Len(error) => at.cut(error.required_len.max(V4_MIN), Layer::Ipv4),
        ipv4::HeaderSliceError::Content(ipv4::HeaderError::UnexpectedVersion { .. }) => {
            Stop::Malformed("bad ipv4 version")
        }
        ipv4::HeaderSliceError::Content(ipv4::HeaderError::HeaderLengthSmallerThanHeader {
            ..
        }) => Stop::Malformed("bad ihl"),
    })?;
    let header_len = header.slice().len();
    // 0: the sender's network card was to cut the segment and fill this in.
    let total_len = match header.total_len() {
        0 => at.wire,
        len => len as u32,
    };
    let protocol = header.protocol().0;
    walk::enter(
        out,
        Network {
            src: IpAddr::V4(header.source_addr()),
            dst: IpAddr::V4(header.destination_addr()),
            protocol,
            ttl: header.ttl(),
            id: header.identification() as u32,
            total_len,
            header_start: at.offset,
            header_len: header_len as u16,
            dont_fragment: header.dont_fragment(),
            more_fragments: header.more_fragments(),
        },
    )?;
    if (total_len as usize) < header_len {
        return Err(Stop::Malformed("bad ipv4 total length"));
    }
    let payload = at.limit(total_len).skip(header_len);
    if header.is_fragmenting_payload() {
        return Ok(Piece {
            protocol,
            offset: u32::from(header.fragments_offset().value()) * 8,
            more: header.more_fragments(),
        }
        .note(payload, out));
    }
    // A step less for nearly every frame there is.
    if hurry && protocol == TCP {
        return tcp::segment(payload, out);
    }
    Ok(Step::Protocol(protocol, payload))
}

/// Source and destination of an IPv4 header.
pub(super) fn v4_addresses(header: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let header = Ipv4HeaderSlice::from_slice(header).ok()?;
    Some((
        IpAddr::V4(header.source_addr()),
        IpAddr::V4(header.destination_addr()),
    ))
}

/// Source and destination of an IPv6 header.
pub(super) fn v6_addresses(header: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let header = Ipv6HeaderSlice::from_slice(header).ok()?;
    Some((
        IpAddr::V6(header.source_addr()),
        IpAddr::V6(header.destination_addr()),
    ))
}

pub(super) fn v6<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let header = Ipv6HeaderSlice::from_slice(at.bytes).map_err(|error| match error {
        ipv6::HeaderSliceError::Len(_) => at.cut(V6_LEN, Layer::Ipv6),
        ipv6::HeaderSliceError::Content(_) => Stop::Malformed("bad ipv6 version"),
    })?;
    // 0: a jumbogram (RFC 2675) or a segment that the network card was to cut.
    let total_len = match header.payload_length() {
        0 if header.next_header().0 != NO_NEXT_HEADER => at.wire,
        len => len as u32 + V6_LEN as u32,
    };
    let protocol = header.next_header().0;
    walk::enter(
        out,
        Network {
            src: IpAddr::V6(header.source_addr()),
            dst: IpAddr::V6(header.destination_addr()),
            protocol,
            ttl: header.hop_limit(),
            id: 0,
            total_len,
            header_start: at.offset,
            header_len: V6_LEN as u16,
            dont_fragment: false,
            more_fragments: false,
        },
    )?;
    Ok(Step::Protocol(protocol, at.limit(total_len).skip(V6_LEN)))
}
