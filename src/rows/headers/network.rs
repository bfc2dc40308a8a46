//! IP and ICMP.

use std::fmt::Display;

use colloquy_dissectors::field::{FieldId, Value, group};

use super::bytes::{Bytes, uint};
use super::{Out, Picked};
use crate::fields::engine::{icmp, icmpv6, ip, ipv6};

/// The fragment header among IPv6's extensions.
const FRAGMENT: u8 = 44;

/// What tshark says of a checksum that it was not told to verify.
pub(super) const UNVERIFIED: u32 = 2;

/// RFC 791 s3.1.
pub(super) fn ipv4(picked: &Picked, header: &[u8], wire: u32, out: &mut Out<'_>) {
    let wanted = picked.of(group::IP);
    let Some(h) = header.first_chunk::<20>() else {
        return;
    };
    let bytes = Bytes(h);
    let byte = |at: usize| bytes.u8(at).unwrap_or_default();
    let short = |at: usize| bytes.u16(at).unwrap_or_default();
    let (Some(src), Some(dst)) = (bytes.v4(12), bytes.v4(16)) else {
        return;
    };
    let (first, tos, fragment) = (byte(0), byte(1), short(6));
    let bit = |shift: u16| Value::Bool(fragment >> shift & 1 == 1);
    for id in wanted {
        match *id {
            ip::PROTO => {
                let len = u32::from(first & 0xf) * 4;
                let all = if short(2) == 0 { wire } else { short(2).into() };
                out.protocol(ip::PROTO, len, len, Bytes(header).first(all as usize));
            }
            ip::VERSION => out.put(*id, uint(first >> 4), 0, 1),
            ip::HDR_LEN => out.put(*id, uint(u64::from(first & 0xf) * 4), 0, 1),
            ip::DSFIELD => out.put(*id, uint(tos), 1, 1),
            ip::DSFIELD_DSCP => out.part(*id, uint(tos >> 2), 1, 1),
            ip::DSFIELD_ECN => out.part(*id, uint(tos & 3), 1, 1),
            // 0: the network card was to cut the segment and fill this in.
            ip::LEN if short(2) == 0 => out.put(*id, uint(wire), 2, 2),
            ip::LEN => out.put(*id, uint(short(2)), 2, 2),
            ip::ID => out.put(*id, uint(short(4)), 4, 2),
            ip::FLAGS => out.put(*id, uint(fragment >> 13), 6, 1),
            ip::FLAGS_RB => out.part(*id, bit(15), 6, 1),
            ip::FLAGS_DF => out.part(*id, bit(14), 6, 1),
            ip::FLAGS_MF => out.part(*id, bit(13), 6, 1),
            ip::FRAG_OFFSET => out.put(*id, uint(fragment & 0x1fff), 6, 2),
            ip::TTL => out.put(*id, uint(byte(8)), 8, 1),
            ip::PROTOCOL => out.put(*id, uint(byte(9)), 9, 1),
            ip::CHECKSUM => out.put(*id, uint(short(10)), 10, 2),
            ip::CHECKSUM_STATUS => out.computed(*id, uint(UNVERIFIED)),
            ip::SRC => out.put(*id, Value::Ipv4(src), 12, 4),
            ip::DST => out.put(*id, Value::Ipv4(dst), 16, 4),
            ip::ADDR => {
                out.put(*id, Value::Ipv4(src), 12, 4);
                out.put(*id, Value::Ipv4(dst), 16, 4);
            }
            ip::SRC_HOST => host(out, *id, src, 12, 4),
            ip::DST_HOST => host(out, *id, dst, 16, 4),
            ip::HOST => {
                host(out, *id, src, 12, 4);
                host(out, *id, dst, 16, 4);
            }
            _ => {}
        }
    }
}

/// RFC 8200 s3.
pub(super) fn ipv6(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    let wanted = picked.of(group::IPV6);
    let Some(h) = header.first_chunk::<40>() else {
        return;
    };
    let bytes = Bytes(h);
    let (Some(first), Some(src), Some(dst)) = (bytes.u32(0), bytes.v6(8), bytes.v6(24)) else {
        return;
    };
    let byte = |at: usize| bytes.u8(at).unwrap_or_default();
    let class = first >> 20 & 0xff;
    for id in wanted {
        match *id {
            ipv6::PROTO => {
                let carried = usize::from(bytes.u16(4).unwrap_or_default());
                out.protocol(ipv6::PROTO, 40, 40, Bytes(header).first(40 + carried));
            }
            ipv6::VERSION => out.put(*id, uint(first >> 28), 0, 1),
            ipv6::TCLASS => out.put(*id, uint(class), 0, 4),
            ipv6::TCLASS_DSCP => out.part(*id, uint(class >> 2), 0, 4),
            ipv6::TCLASS_ECN => out.part(*id, uint(class & 3), 0, 4),
            ipv6::FLOW => out.put(*id, uint(first & 0xf_ffff), 1, 3),
            ipv6::PLEN => out.put(*id, uint(bytes.u16(4).unwrap_or_default()), 4, 2),
            ipv6::NXT => out.put(*id, uint(byte(6)), 6, 1),
            ipv6::HLIM => out.put(*id, uint(byte(7)), 7, 1),
            ipv6::SRC => out.put(*id, Value::Ipv6(src), 8, 16),
            ipv6::DST => out.put(*id, Value::Ipv6(dst), 24, 16),
            ipv6::ADDR => {
                out.put(*id, Value::Ipv6(src), 8, 16);
                out.put(*id, Value::Ipv6(dst), 24, 16);
            }
            ipv6::SRC_HOST => host(out, *id, src, 8, 16),
            ipv6::DST_HOST => host(out, *id, dst, 24, 16),
            ipv6::HOST => {
                host(out, *id, src, 8, 16);
                host(out, *id, dst, 24, 16);
            }
            _ => {}
        }
    }
}

/// An address as text: names are not asked for.
fn host(out: &mut Out<'_>, id: FieldId, address: impl Display, at: u32, len: u32) {
    out.put(id, Value::Text(&address.to_string()), at, len);
}

/// Of IPv6's extension headers the fragment header has fields (RFC 8200 s4.5).
pub(super) fn extension(picked: &Picked, number: u8, header: &[u8], out: &mut Out<'_>) {
    let bytes = Bytes(header);
    if number != FRAGMENT {
        return;
    }
    let (Some(next), Some(place), Some(ident)) = (bytes.u8(0), bytes.u16(2), bytes.u32(4)) else {
        return;
    };
    for id in picked.of(group::IPV6) {
        match *id {
            ipv6::FRAGHDR_NXT => out.put(*id, uint(next), 0, 1),
            ipv6::FRAGHDR_OFFSET => out.put(*id, uint(place >> 3), 2, 2),
            ipv6::FRAGHDR_MORE => out.put(*id, Value::Bool(place & 1 == 1), 2, 2),
            ipv6::FRAGHDR_IDENT => out.put(*id, uint(ident), 4, 4),
            _ => {}
        }
    }
}

/// RFC 792.
pub(super) fn icmp(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    const ECHO: [u8; 2] = [0, 8];
    let bytes = Bytes(header);
    let (Some(kind), Some(code)) = (bytes.u8(0), bytes.u8(1)) else {
        return;
    };
    for id in picked.of(group::ICMP) {
        match *id {
            icmp::PROTO => {
                let len = header.len() as u32;
                out.protocol(icmp::PROTO, len, len, header);
            }
            icmp::TYPE => out.put(*id, uint(kind), 0, 1),
            icmp::CODE => out.put(*id, uint(code), 1, 1),
            icmp::CHECKSUM => number(out, *id, bytes.u16(2), 2, 2),
            icmp::IDENT if ECHO.contains(&kind) => number(out, *id, bytes.u16(4), 4, 2),
            icmp::SEQ if ECHO.contains(&kind) => number(out, *id, bytes.u16(6), 6, 2),
            icmp::MTU if (kind, code) == (3, 4) => number(out, *id, bytes.u16(6), 6, 2),
            icmp::REDIR_GW if kind == 5 => {
                if let Some(gateway) = bytes.v4(4) {
                    out.put(*id, Value::Ipv4(gateway), 4, 4);
                }
            }
            _ => {}
        }
    }
}

/// RFC 4443, RFC 4861.
pub(super) fn icmpv6(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    const ECHO: [u8; 2] = [128, 129];
    let bytes = Bytes(header);
    let (Some(kind), Some(code)) = (bytes.u8(0), bytes.u8(1)) else {
        return;
    };
    for id in picked.of(group::ICMPV6) {
        match *id {
            icmpv6::PROTO => {
                let len = header.len() as u32;
                out.protocol(icmpv6::PROTO, len, len, header);
            }
            icmpv6::TYPE => out.put(*id, uint(kind), 0, 1),
            icmpv6::CODE => out.put(*id, uint(code), 1, 1),
            icmpv6::CHECKSUM => number(out, *id, bytes.u16(2), 2, 2),
            icmpv6::MTU if kind == 2 => number(out, *id, bytes.u32(4), 4, 4),
            icmpv6::ECHO_IDENTIFIER if ECHO.contains(&kind) => {
                number(out, *id, bytes.u16(4), 4, 2);
            }
            icmpv6::ECHO_SEQUENCE_NUMBER if ECHO.contains(&kind) => {
                number(out, *id, bytes.u16(6), 6, 2);
            }
            icmpv6::ND_NS_TARGET_ADDRESS if kind == 135 => target(out, *id, bytes),
            icmpv6::ND_NA_TARGET_ADDRESS if kind == 136 => target(out, *id, bytes),
            _ => {}
        }
    }
}

fn target(out: &mut Out<'_>, id: FieldId, bytes: Bytes<'_>) {
    if let Some(target) = bytes.v6(8) {
        out.put(id, Value::Ipv6(target), 8, 16);
    }
}

fn number(out: &mut Out<'_>, id: FieldId, n: Option<impl Into<u64>>, at: u32, len: u32) {
    if let Some(n) = n {
        out.put(id, uint(n), at, len);
    }
}
