//! What tshark calls the headers of a frame, for the list of its protocols.

use crate::capture::LinkType;
use crate::frame::{Header, HeaderKind};

/// Up to here the type field of an Ethernet header is a length (IEEE 802.3 3.2.6).
const MAX_LENGTH: u16 = 1500;

/// Of what is no header of its own: how the frame begins.
pub(super) const fn link(link: LinkType) -> &'static str {
    match link.0 {
        0 | 108 => "null",
        12 | 14 | 101 | 228 | 229 => "raw",
        113 | 276 => "sll:ethertype",
        127 => "radiotap:wlan_radio",
        239 => "nflog",
        _ => "",
    }
}

/// Appends the names of headers.
pub(super) fn headers(headers: &[Header], bytes: &[u8], out: &mut String) {
    for header in headers {
        let from = bytes.get(header.start as usize..).unwrap_or_default();
        let has_type = |at: usize| {
            let kind = from.get(at..).and_then(|b| b.first_chunk::<2>());
            kind.is_some_and(|kind| u16::from_be_bytes(*kind) > MAX_LENGTH)
        };
        let name = match header.kind {
            HeaderKind::Ethernet if has_type(12) => "eth:ethertype",
            HeaderKind::Ethernet => "eth",
            HeaderKind::Vlan if has_type(2) => "vlan:ethertype",
            HeaderKind::Vlan => "vlan",
            HeaderKind::Llc => "llc",
            HeaderKind::Ppp => "ppp",
            HeaderKind::Pppoe => "pppoes",
            HeaderKind::Wlan => "wlan",
            HeaderKind::Mpls => "mpls",
            HeaderKind::Arp => "arp",
            HeaderKind::Ipv4 => "ip",
            HeaderKind::Ipv6 => "ipv6",
            HeaderKind::Tcp => "tcp",
            HeaderKind::Udp => "udp",
            HeaderKind::Icmp => "icmp",
            HeaderKind::Icmpv6 => "icmpv6",
            HeaderKind::Gre => "gre",
            HeaderKind::Extension(0) => "ipv6.hopopts",
            HeaderKind::Extension(43) => "ipv6.routing",
            HeaderKind::Extension(44) => "ipv6.fraghdr",
            HeaderKind::Extension(60) => "ipv6.dstopts",
            HeaderKind::Extension(51) => "ah",
            HeaderKind::Other(2) => "igmp",
            HeaderKind::Other(50) => "esp",
            HeaderKind::Other(89) => "ospf",
            HeaderKind::Other(103) => "pim",
            HeaderKind::Other(112) => "vrrp",
            HeaderKind::Other(132) => "sctp",
            HeaderKind::Other(0x8137) => "ipx",
            HeaderKind::Other(0x8809) => "slow",
            HeaderKind::Other(0x8863) => "pppoed",
            HeaderKind::Other(0x888e) => "eapol",
            HeaderKind::Other(0x88cc) => "lldp",
            HeaderKind::Other(0x9000) => "loop",
            HeaderKind::Extension(_) | HeaderKind::Other(_) => continue,
        };
        if !out.is_empty() {
            out.push(':');
        }
        out.push_str(name);
    }
}

/// Appends what tshark calls the rest, where no message can be in it.
pub(super) fn data(headers: &[Header], bytes: &[u8], out: &mut String) {
    if let Some(header) = headers.last()
        && carries_data(header, bytes)
    {
        out.push_str(":data");
    }
}

/// The last header is of a fragment, or of an echo with data.
fn carries_data(header: &Header, bytes: &[u8]) -> bool {
    const ECHO_HEADER: usize = 8;
    let from = bytes.get(header.start as usize..).unwrap_or_default();
    match header.kind {
        HeaderKind::Ipv4 => {
            let place = from.get(6..).and_then(|b| b.first_chunk::<2>());
            place.is_some_and(|place| u16::from_be_bytes(*place) & 0x3fff != 0)
        }
        HeaderKind::Extension(44) => true,
        HeaderKind::Icmp => matches!(from, [0 | 8, ..]) && from.len() > ECHO_HEADER,
        HeaderKind::Icmpv6 => matches!(from, [128 | 129, ..]) && from.len() > ECHO_HEADER,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: HeaderKind, start: u32) -> Header {
        Header {
            kind,
            start,
            ..Header::default()
        }
    }

    fn names(headers_of: &[Header], bytes: &[u8]) -> String {
        let mut out = String::new();
        headers(headers_of, bytes, &mut out);
        data(headers_of, bytes, &mut out);
        out
    }

    #[test]
    fn types_and_lengths_of_ethernet() {
        let mut bytes = [0; 40];
        bytes[12] = 8;
        let ip = [
            header(HeaderKind::Ethernet, 0),
            header(HeaderKind::Ipv4, 14),
        ];
        assert_eq!(names(&ip, &bytes), "eth:ethertype:ip");
        bytes[12] = 0;
        bytes[13] = 38;
        let llc = [header(HeaderKind::Ethernet, 0), header(HeaderKind::Llc, 14)];
        assert_eq!(names(&llc, &bytes), "eth:llc");
    }

    #[test]
    fn fragments_and_echoes_carry_data() {
        let fragment = [0x45, 0, 0, 40, 0, 1, 0x20, 0, 64, 17];
        let ip = [header(HeaderKind::Ipv4, 0)];
        assert_eq!(names(&ip, &fragment), "ip:data");
        let whole = [0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 17];
        assert_eq!(names(&ip, &whole), "ip");
        let echo = [header(HeaderKind::Icmp, 0)];
        assert_eq!(names(&echo, &[8, 0, 0, 0, 0, 1, 0, 1, b'x']), "icmp:data");
        assert_eq!(names(&echo, &[8, 0, 0, 0, 0, 1, 0, 1]), "icmp");
        assert_eq!(names(&echo, &[3, 1, 0, 0, 0, 0, 0, 0, 0x45]), "icmp");
    }
}
