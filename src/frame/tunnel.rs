//! What carries IP or Ethernet inside of IP, UDP or MPLS.
//!
//! Over UDP a port is a hint and no proof: a header that does not fit leaves the datagram as it is.

use super::cursor::Cursor;
use super::decoded::{Layer, Stop};
use super::link;
use super::walk::Step;

/// Registered ports (IANA) and, for VXLAN, the one Linux used before.
const L2TP: u16 = 1701;
const GTP_U: u16 = 2152;
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const GENEVE: u16 = 6081;
const MPLS_UDP: u16 = 6635;
const VXLAN_LINUX: u16 = 8472;

/// Ethernet types that occur in GRE only.
const GRE_PPP: u16 = 0x880b;
const GRE_WCCP: u16 = 0x883e;
const GRE_ERSPAN_2: u16 = 0x88be;
const GRE_ERSPAN_3: u16 = 0x22eb;

/// Labels followed in one stack.
const MAX_LABELS: usize = 16;

/// The tunnel in a UDP payload, if there is one.
pub(super) fn over_udp(src_port: u16, dst_port: u16, at: Cursor<'_>) -> Option<Step<'_>> {
    match dst_port {
        VXLAN | VXLAN_LINUX => vxlan(at),
        VXLAN_GPE => vxlan_gpe(at),
        GENEVE => geneve(at),
        GTP_U => gtp_u(at),
        L2TP => l2tp(at),
        MPLS_UDP => Some(Step::Mpls(at)),
        _ => match src_port {
            GTP_U => gtp_u(at),
            L2TP => l2tp(at),
            _ => None,
        },
    }
}

/// RFC 7348 s5; the group policy extension has one flag more and an identifier.
fn vxlan(at: Cursor<'_>) -> Option<Step<'_>> {
    let &[flags, policy, _, _, _, _, _, reserved] = at.bytes.first_chunk::<8>()?;
    let is_vxlan = flags & 0x7f == 0x08 && policy & 0xb7 == 0 && reserved == 0;
    let inner = at.skip(8);
    (is_vxlan && looks_like_ethernet(inner)).then_some(Step::Ethernet(inner))
}

/// The generic protocol extension: flags I and P, next protocol at byte 3.
fn vxlan_gpe(at: Cursor<'_>) -> Option<Step<'_>> {
    let &[flags, _, _, next, ..] = at.bytes.first_chunk::<8>()?;
    let inner = at.skip(8);
    match (flags & 0x0c, next) {
        (0x0c, 1) => Some(Step::Ipv4(inner)),
        (0x0c, 2) => Some(Step::Ipv6(inner)),
        (0x0c, 3) | (0x08, 0) => Some(Step::Ethernet(inner)),
        (0x0c, 5) => Some(Step::Mpls(inner)),
        _ => None,
    }
}

/// RFC 8926 s3.4: version 0, options in words of four bytes, Ethernet type.
fn geneve(at: Cursor<'_>) -> Option<Step<'_>> {
    let &[first, flags, k0, k1, _, _, _, reserved] = at.bytes.first_chunk::<8>()?;
    if first >> 6 != 0 || flags & 0x3f != 0 || reserved != 0 {
        return None;
    }
    let options = usize::from(first & 0x3f) * 4;
    let inner = at.skip(8).pass(options, Layer::Tunnel).ok()?;
    match u16::from_be_bytes([k0, k1]) {
        kind @ (link::IPV4 | link::IPV6 | link::TRANSPARENT_ETHERNET) => {
            Some(Step::EtherType(kind, inner))
        }
        _ => None,
    }
}

/// 3GPP TS 29.281 s5: only G-PDU messages carry a user's packet.
fn gtp_u(at: Cursor<'_>) -> Option<Step<'_>> {
    const G_PDU: u8 = 255;
    let &[flags, kind, l0, l1, ..] = at.bytes.first_chunk::<8>()?;
    if flags & 0xf0 != 0x30 || kind != G_PDU {
        return None;
    }
    let body = at.skip(8);
    let len = u32::from(u16::from_be_bytes([l0, l1]));
    let mut inner = body.limit(len.min(body.wire));
    if flags & 0x07 != 0 {
        let (optional, after) = inner.take::<4>(Layer::Tunnel).ok()?;
        let [_, _, _, mut next] = *optional;
        inner = after;
        // Extension headers: length in words, body, type of the next one. Each takes bytes, so this ends.
        while flags & 0x04 != 0 && next != 0 {
            let len = usize::from(inner.byte(0)?) * 4;
            next = inner.byte(len.checked_sub(1)?)?;
            inner = inner.skip(len);
        }
    }
    match inner.byte(0)? >> 4 {
        4 => Some(Step::Ipv4(inner)),
        6 => Some(Step::Ipv6(inner)),
        _ => None,
    }
}

/// L2TP version 2 data messages (RFC 2661 s3.1): PPP behind optional length, sequence and offset.
fn l2tp(at: Cursor<'_>) -> Option<Step<'_>> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    let flags = at.u16_at(0)?;
    if flags & CONTROL != 0 || flags & 0x000f != 2 {
        return None;
    }
    let mut len = 6;
    let mut inner = at;
    if flags & LENGTH != 0 {
        inner = at.limit(u32::from(at.u16_at(2)?).min(at.wire));
        len += 2;
    }
    if flags & SEQUENCE != 0 {
        len += 4;
    }
    if flags & OFFSET != 0 {
        len += 2 + usize::from(at.u16_at(len)?);
    }
    let inner = inner.pass(len, Layer::Tunnel).ok()?;
    Some(Step::Ppp(inner))
}

/// GRE (RFC 2784, RFC 2890) and its version 1, PPTP's (RFC 2637 s4.1).
pub(super) fn gre(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    let ([f0, f1, k0, k1], _) = at.take::<4>(Layer::Gre)?;
    let flags = u16::from_be_bytes([*f0, *f1]);
    let kind = u16::from_be_bytes([*k0, *k1]);
    let has = |flag: u16| flags & flag != 0;
    let mut len = 4 * (1 + usize::from(has(KEY)) + usize::from(has(SEQUENCE)));
    match flags & 7 {
        0 if has(ROUTING) => return Err(Stop::Named("gre source routing")),
        0 => len += 4 * usize::from(has(CHECKSUM)),
        1 if !has(SEQUENCE) => return Err(Stop::Named("gre acknowledgment")),
        1 => len += 4 * usize::from(has(ACKNOWLEDGMENT)),
        _ => return Err(Stop::Malformed("bad gre version")),
    }
    let inner = at.pass(len, Layer::Gre)?;
    match kind {
        GRE_PPP => Ok(Step::Ppp(inner)),
        // Version 2 of WCCP puts four bytes before the packet, version 1 does not.
        GRE_WCCP if inner.byte(0).is_some_and(|first| first >> 4 != 4) => {
            Ok(Step::Ipv4(inner.pass(4, Layer::Gre)?))
        }
        GRE_WCCP => Ok(Step::Ipv4(inner)),
        // Type I has neither a sequence number nor a header.
        GRE_ERSPAN_2 if !has(SEQUENCE) => Ok(Step::Ethernet(inner)),
        GRE_ERSPAN_2 => Ok(Step::Ethernet(inner.pass(8, Layer::Erspan)?)),
        GRE_ERSPAN_3 => erspan_3(inner),
        0 => Err(Stop::Named("gre keepalive")),
        kind => Ok(Step::EtherType(kind, inner)),
    }
}

/// ERSPAN type III: twelve bytes, and eight more when the last bit says so.
fn erspan_3(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let (header, after) = at.take::<12>(Layer::Erspan)?;
    let [.., last] = header;
    if last & 1 == 0 {
        return Ok(Step::Ethernet(after));
    }
    Ok(Step::Ethernet(after.pass(8, Layer::Erspan)?))
}

/// EtherIP (RFC 3378): version 3, then Ethernet.
pub(super) fn ether_ip(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([version, _], after) = at.take::<2>(Layer::Tunnel)?;
    if version >> 4 != 3 {
        return Err(Stop::Malformed("bad etherip version"));
    }
    Ok(Step::Ethernet(after))
}

/// MPLS (RFC 3032): labels to the bottom of the stack, then what the first nibble tells (RFC 4385 s2, RFC 4928).
pub(super) fn mpls(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let mut at = at;
    for _ in 0..MAX_LABELS {
        let ([_, _, bottom, _], after) = at.take::<4>(Layer::Mpls)?;
        at = after;
        if bottom & 1 == 1 {
            return under_labels(at);
        }
    }
    Err(Stop::TooDeep)
}

fn under_labels(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let first = at.byte(0).ok_or_else(|| at.cut(1, Layer::Mpls))?;
    let behind_control_word = at.skip(4);
    match first >> 4 {
        // A MAC address may begin like an IP header as well: only what looks like Ethernet is taken for it.
        4 if first & 0xf >= 5 => Ok(Step::Ipv4(at)),
        6 => Ok(Step::Ipv6(at)),
        0 if looks_like_ethernet(behind_control_word) => Ok(Step::Ethernet(behind_control_word)),
        1 => Err(Stop::Named("mpls associated channel")),
        _ if looks_like_ethernet(at) => Ok(Step::Ethernet(at)),
        _ => Err(Stop::Named("mpls payload")),
    }
}

/// True when the type of an Ethernet header here is one that frames of users have, or a length that fits.
fn looks_like_ethernet(at: Cursor<'_>) -> bool {
    const KNOWN: [u16; 11] = [
        0x0800, 0x0806, 0x8035, 0x8100, 0x86dd, 0x8847, 0x8848, 0x8863, 0x8864, 0x88a8, 0x88cc,
    ];
    at.u16_at(12).is_some_and(|kind| {
        KNOWN.contains(&kind) || ((3..=1500).contains(&kind) && u32::from(kind) + 14 <= at.wire)
    })
}
