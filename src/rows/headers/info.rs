//! The columns of a summary line: each header says what it would say if nothing were in it.

use std::fmt::Write as _;

use colloquy_dissectors::field::{INFO_COLUMN, PROTOCOL_COLUMN, Value};

use super::bytes::Bytes;
use super::transport::TcpHeader;
use super::{Out, Picked};
use crate::frame::{Header, HeaderKind};

/// What a header's text is made of.
pub(super) struct Said<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) tcp: Option<&'a TcpHeader<'a>>,
    /// The time to live of the IPv4 header around it.
    pub(super) ttl: Option<u8>,
}

pub(super) fn columns(picked: &Picked, header: &Header, said: &Said<'_>, out: &mut Out<'_>) {
    let Said { bytes, tcp, ttl } = *said;
    let name = match header.kind {
        HeaderKind::Ethernet => "Ethernet",
        HeaderKind::Llc => "LLC",
        HeaderKind::Ppp => "PPP",
        HeaderKind::Pppoe => "PPPoE",
        HeaderKind::Wlan => "802.11",
        HeaderKind::Mpls => "MPLS",
        HeaderKind::Arp => "ARP",
        HeaderKind::Ipv4 => "IPv4",
        HeaderKind::Ipv6 => "IPv6",
        HeaderKind::Tcp => "TCP",
        HeaderKind::Udp => "UDP",
        HeaderKind::Icmp => "ICMP",
        HeaderKind::Icmpv6 => "ICMPv6",
        HeaderKind::Gre => "GRE",
        HeaderKind::Other(number) => match other(number) {
            Some(name) => name,
            None => return,
        },
        HeaderKind::Vlan | HeaderKind::Extension(_) => return,
    };
    if picked.protocol {
        out.computed(PROTOCOL_COLUMN, Value::Text(name));
    }
    if !picked.info {
        return;
    }
    let mut text = String::new();
    // Writing to a String can't fail, and what was not captured is not told.
    let _ = match header.kind {
        HeaderKind::Ethernet => ethernet(bytes, &mut text),
        HeaderKind::Arp => arp(bytes, &mut text),
        HeaderKind::Ipv4 => ipv4(bytes, &mut text),
        HeaderKind::Udp => udp(bytes, &mut text),
        HeaderKind::Icmp => icmp(bytes, ttl, &mut text),
        HeaderKind::Icmpv6 => icmpv6(bytes, &mut text),
        HeaderKind::Tcp => tcp.map(|tcp| tcp.info(&mut text)),
        _ => None,
    };
    out.computed(INFO_COLUMN, Value::Text(&text));
}

/// What other Ethernet types and IP protocols are called.
const fn other(number: u16) -> Option<&'static str> {
    Some(match number {
        2 => "IGMP",
        50 => "ESP",
        89 => "OSPF",
        103 => "PIM",
        112 => "VRRP",
        132 => "SCTP",
        0x8137 => "IPX",
        0x8809 => "Slow Protocols",
        0x8863 => "PPPoED",
        0x888e => "EAPOL",
        0x88cc => "LLDP",
        0x88e5 => "MACSEC",
        0x88f7 => "PTPv2",
        0x9000 => "LOOP",
        _ => return None,
    })
}

fn ethernet(bytes: Bytes<'_>, out: &mut String) -> Option<()> {
    let kind = bytes.u16(12)?;
    if kind > 1500 {
        out.push_str("Ethernet II");
    }
    Some(())
}

fn arp(bytes: Bytes<'_>, out: &mut String) -> Option<()> {
    let (from, to) = (bytes.v4(14)?, bytes.v4(24)?);
    let written = match bytes.u16(6)? {
        1 if from == to => write!(out, "ARP Announcement for {from}"),
        1 if from.is_unspecified() => write!(out, "Who has {to}? (ARP Probe)"),
        1 => write!(out, "Who has {to}? Tell {from}"),
        2 if from == to => write!(out, "Gratuitous ARP for {from} (Reply)"),
        2 => {
            let mac = bytes.0.get(8..14)?;
            let _ = write!(out, "{from} is at ");
            mac.iter().enumerate().try_for_each(|(i, byte)| {
                let colon = if i == 0 { "" } else { ":" };
                write!(out, "{colon}{byte:02x}")
            })
        }
        other => write!(out, "Opcode {other}"),
    };
    written.ok()
}

/// Of a fragment; what else IPv4 carries says itself what it is.
fn ipv4(bytes: Bytes<'_>, out: &mut String) -> Option<()> {
    let fragment = bytes.u16(6)?;
    let (has_more, place) = (fragment & 0x2000 != 0, u32::from(fragment & 0x1fff));
    if !has_more && place == 0 {
        return None;
    }
    let protocol = bytes.u8(9)?;
    let name = match protocol {
        1 => "ICMP ",
        6 => "TCP ",
        17 => "UDP ",
        _ => "",
    };
    let offset = place * 8;
    let id = bytes.u16(4)?;
    write!(
        out,
        "Fragmented IP protocol (proto={name}{protocol}, off={offset}, ID={id:04x})"
    )
    .ok()
}

fn udp(bytes: Bytes<'_>, out: &mut String) -> Option<()> {
    let len = bytes.u16(4)?.saturating_sub(8);
    write!(out, "{} → {} Len={len}", bytes.u16(0)?, bytes.u16(2)?).ok()
}

/// RFC 792 and IANA's list of codes.
fn icmp(bytes: Bytes<'_>, ttl: Option<u8>, out: &mut String) -> Option<()> {
    const UNREACHABLE: [&str; 16] = [
        "Network unreachable",
        "Host unreachable",
        "Protocol unreachable",
        "Port unreachable",
        "Fragmentation needed",
        "Source route failed",
        "Network unknown",
        "Host unknown",
        "Source host isolated",
        "Network administratively prohibited",
        "Host administratively prohibited",
        "Network unreachable for TOS",
        "Host unreachable for TOS",
        "Communication administratively filtered",
        "Host precedence violation",
        "Precedence cutoff in effect",
    ];
    const REDIRECT: [&str; 4] = [
        "Redirect for network",
        "Redirect for host",
        "Redirect for Type of Service and network",
        "Redirect for Type of Service and host",
    ];
    const EXCEEDED: [&str; 2] = [
        "Time to live exceeded in transit",
        "Fragment reassembly time exceeded",
    ];
    let (kind, code) = (bytes.u8(0)?, usize::from(bytes.u8(1)?));
    let (name, codes): (&str, &[&str]) = match kind {
        0 | 8 => {
            let what = if kind == 8 { "request" } else { "reply  " };
            let seq = bytes.u16(6)?;
            let id = bytes.u16(4)?;
            let swapped = seq.swap_bytes();
            let _ = write!(
                out,
                "Echo (ping) {what}  id=0x{id:04x}, seq={seq}/{swapped}"
            );
            return ttl.map_or(Some(()), |ttl| write!(out, ", ttl={ttl}").ok());
        }
        3 => ("Destination unreachable", &UNREACHABLE),
        4 => ("Source quench (flow control)", &[]),
        5 => ("Redirect", &REDIRECT),
        9 => ("Router advertisement", &[]),
        10 => ("Router solicitation", &[]),
        11 => ("Time-to-live exceeded", &EXCEEDED),
        12 => ("Parameter problem", &[]),
        13 => ("Timestamp request", &[]),
        14 => ("Timestamp reply", &[]),
        _ => ("Unknown ICMP", &[]),
    };
    out.push_str(name);
    if let Some(code) = codes.get(code) {
        let _ = write!(out, " ({code})");
    }
    Some(())
}

/// RFC 4443, RFC 4861.
fn icmpv6(bytes: Bytes<'_>, out: &mut String) -> Option<()> {
    const UNREACHABLE: [&str; 7] = [
        "no route to destination",
        "Administratively prohibited",
        "Beyond scope of source address",
        "Address unreachable",
        "Port unreachable",
        "Source address failed ingress/egress policy",
        "Reject route to destination",
    ];
    const EXCEEDED: [&str; 2] = [
        "hop limit exceeded in transit",
        "fragment reassembly time exceeded",
    ];
    let (kind, code) = (bytes.u8(0)?, usize::from(bytes.u8(1)?));
    let (name, codes): (&str, &[&str]) = match kind {
        1 => ("Destination Unreachable", &UNREACHABLE),
        2 => ("Packet Too Big", &[]),
        3 => ("Time Exceeded", &EXCEEDED),
        4 => ("Parameter Problem", &[]),
        128 | 129 => {
            let what = if kind == 128 { "request" } else { "reply" };
            let (id, seq) = (bytes.u16(4)?, bytes.u16(6)?);
            return write!(out, "Echo (ping) {what} id=0x{id:04x}, seq={seq}").ok();
        }
        133 => ("Router Solicitation", &[]),
        134 => ("Router Advertisement", &[]),
        135 => return write!(out, "Neighbor Solicitation for {}", bytes.v6(8)?).ok(),
        136 => return write!(out, "Neighbor Advertisement {}", bytes.v6(8)?).ok(),
        137 => ("Redirect", &[]),
        143 => ("Multicast Listener Report Message v2", &[]),
        _ => ("Unknown", &[]),
    };
    out.push_str(name);
    if let Some(code) = codes.get(code) {
        let _ = write!(out, " ({code})");
    }
    Some(())
}
