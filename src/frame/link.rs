//! Link layers down to the Ethernet type: what etherparse's lax slices lack.
//!
//! The layouts are those of the registry of link types at tcpdump.org; numbers are its `LINKTYPE_` values.

use etherparse::SingleVlanHeaderSlice;

use super::cursor::Cursor;
use super::decoded::{Decoded, Layer, Stop};
use super::walk::Step;
use super::wlan;
use crate::capture::LinkType;

/// Bytes of an Ethernet header.
const ETHERNET_LEN: usize = 14;
/// VLAN tags followed one in another.
const MAX_VLANS: u8 = 4;

/// Ethernet types that are followed (IANA, IEEE).
pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;
pub(super) const VLAN: u16 = 0x8100;
pub(super) const PROVIDER_VLAN: u16 = 0x88a8;
pub(super) const PPP: u16 = 0x880b;
pub(super) const MPLS_UNICAST: u16 = 0x8847;
pub(super) const MPLS_MULTICAST: u16 = 0x8848;
pub(super) const PPPOE_SESSION: u16 = 0x8864;
const CISCO_META_DATA: u16 = 0x8909;
const VN_TAG: u16 = 0x8926;
pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
/// Up to here the type field of an Ethernet header is a length (IEEE 802.3 s3.2.6).
const MAX_LENGTH: u16 = 1500;

/// Where the first header of a frame begins, and what it is.
pub(super) fn start(link_type: LinkType, at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    match link_type.0 {
        // OpenBSD's variant is always in network order, which `null` finds out as well.
        0 | 108 => null(at),
        1 => Ok(Step::Ethernet(at)),
        9 => Ok(Step::Ppp(at)),
        12 | 14 | 101 => Ok(Step::Ip(at)),
        50 | 104 => hdlc(at),
        51 => pppoe(at),
        105 => Ok(Step::Wlan(at, false)),
        113 => linux_sll(at),
        127 => wlan::radiotap(at),
        // One byte of direction first.
        204 => Ok(Step::Ppp(at.pass(1, Layer::Ppp)?)),
        228 => Ok(Step::Ipv4(at)),
        229 => Ok(Step::Ipv6(at)),
        239 => nflog(at),
        // The preamble first (IEEE 802.3br).
        274 => Ok(Step::Ethernet(at.pass(8, Layer::Link)?)),
        276 => linux_sll2(at),
        other => Err(Stop::LinkType(other)),
    }
}

pub(super) fn ethernet(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let kind = at
        .u16_at(12)
        .ok_or_else(|| at.cut(ETHERNET_LEN, Layer::Link))?;
    let payload = at.skip(ETHERNET_LEN);
    // A step less for nearly every frame there is.
    if kind == IPV4 {
        return Ok(Step::Ipv4(payload));
    }
    if kind <= MAX_LENGTH {
        // Novell's raw IPX has no LLC header.
        if payload.u16_at(0) == Some(0xffff) {
            return Err(Stop::Named("ipx"));
        }
        return Ok(Step::Llc(payload.limit(u32::from(kind).min(payload.wire))));
    }
    Ok(Step::EtherType(kind, payload))
}

/// Goes on with what an Ethernet type names.
pub(super) fn ether_type<'a>(
    kind: u16,
    at: Cursor<'a>,
    out: &mut Decoded,
) -> Result<Step<'a>, Stop> {
    match kind {
        IPV4 => Ok(Step::Ipv4(at)),
        IPV6 => Ok(Step::Ipv6(at)),
        VLAN | PROVIDER_VLAN | 0x9100 | 0x9200 => vlan(at, out),
        MPLS_UNICAST | MPLS_MULTICAST => Ok(Step::Mpls(at)),
        PPPOE_SESSION => pppoe(at),
        PPP => Ok(Step::Ppp(at)),
        TRANSPARENT_ETHERNET => Ok(Step::Ethernet(at)),
        CISCO_META_DATA | VN_TAG => tagged(kind, at),
        ARP => Err(Stop::Named("arp")),
        RARP => Err(Stop::Named("rarp")),
        0x88cc => Err(Stop::Named("lldp")),
        0x8863 => Err(Stop::Named("pppoe discovery")),
        0x888e => Err(Stop::Named("eapol")),
        0x88e5 => Err(Stop::Named("macsec")),
        0x8137 => Err(Stop::Named("ipx")),
        0x8809 => Err(Stop::Named("slow protocols")),
        0x88f7 => Err(Stop::Named("ptp")),
        0x9000 => Err(Stop::Named("loopback test")),
        _ => Err(Stop::EtherType(kind)),
    }
}

/// IEEE 802.1Q and 802.1ad: tag, then another Ethernet type, or a length with LLC behind it.
fn vlan<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let tag = SingleVlanHeaderSlice::from_slice(at.bytes)
        .map_err(|error| at.cut(error.required_len, Layer::Vlan))?;
    let id = tag.vlan_identifier().value();
    match &mut out.vlans {
        [slot @ None, _] | [_, slot @ None] => *slot = Some(id),
        _ if out.vlan_tags >= MAX_VLANS => return Err(Stop::TooDeep),
        _ => {}
    }
    out.vlan_tags += 1;
    let payload = at.skip(tag.slice().len());
    match tag.ether_type().0 {
        kind if kind <= MAX_LENGTH => Ok(Step::Llc(payload)),
        kind => Ok(Step::EtherType(kind, payload)),
    }
}

/// Cisco meta data (its length in words at byte 1) and VN-tag (four bytes): a tag, then another Ethernet type.
fn tagged(kind: u16, at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let len = match kind {
        CISCO_META_DATA => 6,
        _ => 4,
    };
    let (next, after) = at.pass(len, Layer::Link)?.take::<2>(Layer::Link)?;
    Ok(Step::EtherType(u16::from_be_bytes(*next), after))
}

/// IEEE 802.2: SNAP is followed, and IP by its own service access point.
pub(super) fn llc(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([dsap, ssap, control], after) = at.take::<3>(Layer::Llc)?;
    match (dsap, ssap, control) {
        (0xaa, 0xaa, 3) => snap(after),
        (0x06, 0x06, 3) => Ok(Step::Ipv4(after)),
        (0x42, ..) => Err(Stop::Named("stp")),
        (0xe0, ..) => Err(Stop::Named("ipx")),
        (0xf0, ..) => Err(Stop::Named("netbeui")),
        (0xfe, ..) => Err(Stop::Named("osi")),
        _ => Err(Stop::Llc(*dsap)),
    }
}

/// A SNAP header (RFC 1042): organization and, under 0 and the bridge tunnel's 00-00-f8, an Ethernet type.
fn snap(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([o0, o1, o2, k0, k1], after) = at.take::<5>(Layer::Llc)?;
    let kind = u16::from_be_bytes([*k0, *k1]);
    match ([*o0, *o1, *o2], kind) {
        ([0, 0, 0 | 0xf8], kind) => Ok(Step::EtherType(kind, after)),
        ([0, 0, 0x0c], 0x2000) => Err(Stop::Named("cdp")),
        ([0, 0, 0x0c], 0x010b) => Err(Stop::Named("stp")),
        // IEEE 802.1 bridged Ethernet without and with its check sum (RFC 2684 s5.2), behind two bytes of padding.
        ([0, 0x80, 0xc2], 1 | 7) => Ok(Step::Ethernet(after.pass(2, Layer::Llc)?)),
        _ => Err(Stop::Named("snap")),
    }
}

/// PPP (RFC 1661), with or without address and control (RFC 1662), protocol in one byte or two.
pub(super) fn ppp(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let at = match at.bytes {
        [0xff, 0x03, ..] => at.skip(2),
        _ => at,
    };
    let (kind, after) = match *at.take::<1>(Layer::Ppp)?.0 {
        [short] if short & 1 == 1 => (u16::from(short), at.skip(1)),
        _ => {
            let (kind, after) = at.take::<2>(Layer::Ppp)?;
            (u16::from_be_bytes(*kind), after)
        }
    };
    match kind {
        0x0021 => Ok(Step::Ipv4(after)),
        0x0057 => Ok(Step::Ipv6(after)),
        0x0281 | 0x0283 => Ok(Step::Mpls(after)),
        0x00fd => Err(Stop::Named("ppp compressed")),
        0xc021 => Err(Stop::Named("ppp lcp")),
        0x8021 => Err(Stop::Named("ppp ipcp")),
        0x8057 => Err(Stop::Named("ppp ipv6cp")),
        0xc023 => Err(Stop::Named("ppp pap")),
        0xc223 => Err(Stop::Named("ppp chap")),
        _ => Err(Stop::Ppp(kind)),
    }
}

/// PPPoE in its session stage (RFC 2516 s4).
fn pppoe(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([version_type, code, _, _, len0, len1], after) = at.take::<6>(Layer::Pppoe)?;
    if *version_type != 0x11 {
        return Err(Stop::Malformed("bad pppoe version"));
    }
    if *code != 0 {
        return Err(Stop::Named("pppoe discovery"));
    }
    let len = u32::from(u16::from_be_bytes([*len0, *len1]));
    Ok(Step::Ppp(after.limit(len.min(after.wire))))
}

/// Cisco HDLC: address, control, Ethernet type; behind any other address PPP.
fn hdlc(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    if !matches!(at.byte(0), Some(0x0f | 0x8f)) {
        return Ok(Step::Ppp(at));
    }
    let ([_, _, k0, k1], after) = at.take::<4>(Layer::Link)?;
    match u16::from_be_bytes([*k0, *k1]) {
        0x8035 => Err(Stop::Named("slarp")),
        0x2000 => Err(Stop::Named("cdp")),
        kind => Ok(Step::EtherType(kind, after)),
    }
}

/// An address family in the byte order of the capturing host, which is not known: families are small numbers.
fn null(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let (bytes, after) = at.take::<4>(Layer::Link)?;
    let value = u32::from_le_bytes(*bytes);
    let value = match value >> 16 {
        0 => value,
        _ => value.swap_bytes(),
    };
    family(value, after)
}

/// Families of BSD, Darwin and Linux that mean IP.
fn family(value: u32, at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    match value {
        2 => Ok(Step::Ipv4(at)),
        10 | 23 | 24 | 28 | 30 => Ok(Step::Ipv6(at)),
        _ => Err(Stop::Family(value)),
    }
}

/// Linux cooked capture: packet type, ARPHRD type, address length, address, protocol.
fn linux_sll(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([_, _, h0, h1, .., k0, k1], after) = at.take::<16>(Layer::Link)?;
    cooked(
        u16::from_be_bytes([*h0, *h1]),
        u16::from_be_bytes([*k0, *k1]),
        after,
    )
}

/// Linux cooked capture, version 2: protocol, reserved, interface, ARPHRD type, packet type, address length, address.
fn linux_sll2(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([k0, k1, _, _, _, _, _, _, h0, h1, ..], after) = at.take::<20>(Layer::Link)?;
    cooked(
        u16::from_be_bytes([*h0, *h1]),
        u16::from_be_bytes([*k0, *k1]),
        after,
    )
}

/// The protocol of a cooked header is an Ethernet type, but below 1536 a number of Linux's `if_ether.h`; some devices
/// (ARPHRD) use it otherwise.
fn cooked(device: u16, kind: u16, at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    match (device, kind) {
        (824, _) => Err(Stop::Named("netlink")),
        (801, _) => Ok(Step::Wlan(at, false)),
        (803, _) => wlan::radiotap(at),
        (_, 0x0001) => Err(Stop::Named("ipx")),
        (_, 0x0004) => Ok(Step::Llc(at)),
        (_, 0x000c..=0x000e) => Err(Stop::Named("can")),
        (_, kind) => Ok(Step::EtherType(kind, at)),
    }
}

/// Linux netfilter log: family, version, resource, then type-length-values of which one holds the packet.
fn nflog(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    const PAYLOAD: u16 = 9;
    let ([family_value, version, _, _], mut at) = at.take::<4>(Layer::Nflog)?;
    if *version != 0 {
        return Err(Stop::Malformed("bad nflog version"));
    }
    loop {
        // Lengths are in the byte order of the host; all that write this are little-endian.
        let ([l0, l1, t0, t1], value) = at.take::<4>(Layer::Nflog)?;
        let len = u16::from_le_bytes([*l0, *l1]);
        let Some(value_len) = len.checked_sub(4) else {
            return Err(Stop::Malformed("bad nflog attribute"));
        };
        // The upper two bits are flags of netlink.
        if u16::from_le_bytes([*t0, *t1]) & 0x3fff == PAYLOAD {
            let packet = value.limit(u32::from(value_len).min(value.wire));
            return family(u32::from(*family_value), packet);
        }
        at = at.pass(usize::from(len).next_multiple_of(4), Layer::Nflog)?;
    }
}
