//! ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443), with the packet an error quotes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cursor::Cursor;
use super::decoded::{Decoded, IcmpMessage, Layer, Quoted, Stop, Transport};
use super::ip;
use super::walk::Step;

/// Bytes before the body: type, code, checksum and a word that depends on the type.
const HEADER: usize = 8;
/// Extension headers followed in a quoted IPv6 packet.
const MAX_EXTENSIONS: usize = 8;

pub(super) fn message<'a>(at: Cursor<'a>, v6: bool, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let ([kind, code], _) = at.take::<2>(Layer::Icmp)?;
    let body = at.skip(HEADER);
    let is_error = is_error(v6, *kind);
    out.transport = Transport::Icmp(IcmpMessage {
        v6,
        kind: *kind,
        code: *code,
        rest: at.u32_at(4).unwrap_or_default(),
        quoted: is_error.then(|| quoted(body)).flatten(),
        payload: body.extent(),
        wire_len: body.wire,
    });
    if at.bytes.len() < HEADER {
        return Err(at.cut(HEADER, Layer::Icmp));
    }
    Ok(Step::Done)
}

/// Messages that quote the packet they are about.
fn is_error(v6: bool, kind: u8) -> bool {
    if v6 {
        (1..=4).contains(&kind)
    } else {
        matches!(kind, 3 | 4 | 5 | 11 | 12)
    }
}

/// Where the packet begins that the message at `at` quotes.
pub(super) fn quoted_packet<'a>(at: Cursor<'a>, out: &Decoded) -> Option<Cursor<'a>> {
    let Transport::Icmp(icmp) = &out.transport else {
        return None;
    };
    is_error(icmp.v6, icmp.kind).then(|| at.skip(HEADER))
}

/// Reads the start of a quoted packet. Its lengths are those of the whole packet, so none is believed.
fn quoted(at: Cursor<'_>) -> Option<Quoted> {
    match at.byte(0)? >> 4 {
        4 => quoted_v4(at),
        6 => quoted_v6(at),
        _ => None,
    }
}

fn quoted_v4(at: Cursor<'_>) -> Option<Quoted> {
    let header_len = usize::from(at.byte(0)? & 0x0f) * 4;
    let protocol = at.byte(9)?;
    // A later fragment has no transport header.
    let is_first = at.u16_at(6)? << 3 == 0;
    let inner = (is_first && header_len >= 20).then(|| at.skip(header_len));
    Some(Quoted {
        src: IpAddr::V4(Ipv4Addr::from(at.u32_at(12)?)),
        dst: IpAddr::V4(Ipv4Addr::from(at.u32_at(16)?)),
        id: u32::from(at.u16_at(4)?),
        ..with_ports(protocol, inner)
    })
}

fn quoted_v6(at: Cursor<'_>) -> Option<Quoted> {
    let src = at.bytes.get(8..)?.first_chunk::<16>()?;
    let dst = at.bytes.get(24..)?.first_chunk::<16>()?;
    let mut protocol = at.byte(6)?;
    let mut inner = Some(at.skip(40));
    for _ in 0..MAX_EXTENSIONS {
        let Some(header) = inner else { break };
        let len = match protocol {
            ip::HOP_BY_HOP | ip::ROUTING | ip::DESTINATION => {
                header.byte(1).map(|len| usize::from(len) * 8 + 8)
            }
            ip::AUTHENTICATION => header.byte(1).map(|len| usize::from(len) * 4 + 8),
            ip::FRAGMENT => header
                .u16_at(2)
                .filter(|offset| offset & 0xfff8 == 0)
                .map(|_| 8),
            _ => break,
        };
        protocol = header.byte(0).unwrap_or(protocol);
        inner = len.map(|len| header.skip(len));
    }
    Some(Quoted {
        src: IpAddr::V6(Ipv6Addr::from(*src)),
        dst: IpAddr::V6(Ipv6Addr::from(*dst)),
        ..with_ports(protocol, inner)
    })
}

/// The transport part of a quote; the addresses are filled in by the caller.
fn with_ports(protocol: u8, inner: Option<Cursor<'_>>) -> Quoted {
    let inner = inner.filter(|_| matches!(protocol, ip::TCP | ip::UDP));
    Quoted {
        src: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        dst: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        protocol,
        id: 0,
        ports: inner.and_then(Cursor::ports),
        seq: inner
            .filter(|_| protocol == ip::TCP)
            .and_then(|header| header.u32_at(4)),
    }
}
