//! The headers of one frame, one after the other: for those who show them, which is nobody who only follows sessions.

use super::FlowKey;
use super::cursor::Cursor;
use super::decoded::{Network, Transport};
use super::walk::Step;
use super::{ip, link};

/// Headers kept of one frame; a frame that nests deeper shows the outer ones.
const MAX_HEADERS: usize = 40;

/// What a header is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderKind {
    /// Ethernet.
    #[default]
    Ethernet,
    /// An 802.1Q or 802.1ad tag, behind its Ethernet type.
    Vlan,
    /// IEEE 802.2 LLC.
    Llc,
    /// PPP, perhaps with address and control.
    Ppp,
    /// PPPoE, behind its Ethernet type.
    Pppoe,
    /// IEEE 802.11.
    Wlan,
    /// MPLS labels.
    Mpls,
    /// ARP or RARP.
    Arp,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// An IPv6 extension header, or AH, by IP's number.
    Extension(u8),
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// ICMPv6.
    Icmpv6,
    /// GRE.
    Gre,
    /// What another Ethernet type or IP protocol names.
    Other(u16),
}

/// A header and what is behind it, as far as the headers before say that it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: HeaderKind,
    /// Where it begins.
    pub start: u32,
    /// Bytes captured from there on.
    pub len: u32,
    /// Bytes from there on that there were on the wire.
    pub wire: u32,
    /// It is in the packet that an ICMP error quotes.
    pub quoted: bool,
}

impl Header {
    const fn is_transport(&self) -> bool {
        matches!(self.kind, HeaderKind::Tcp | HeaderKind::Udp)
    }
}

/// The headers of a frame, the outermost first.
#[derive(Clone, Debug)]
pub struct Headers {
    all: [Header; MAX_HEADERS],
    count: usize,
    quoting: bool,
}

impl Default for Headers {
    fn default() -> Self {
        Self {
            all: [Header::default(); MAX_HEADERS],
            count: 0,
            quoting: false,
        }
    }
}

impl Headers {
    /// Forgets all.
    pub const fn clear(&mut self) {
        self.count = 0;
        self.quoting = false;
    }

    /// All, the outermost first.
    #[must_use]
    pub fn all(&self) -> &[Header] {
        self.all.get(..self.count).unwrap_or_default()
    }

    /// The keys of the UDP headers around the innermost TCP or UDP header, the outermost first. `data` is what was decoded;
    /// `around`: the IP header before it, if that is not in `data`.
    pub fn outer_udp(
        &self,
        data: &[u8],
        around: Option<&Network>,
        innermost: &Transport,
    ) -> impl Iterator<Item = (FlowKey, bool)> {
        let mut addresses = around.map(|network| (network.src, network.dst));
        let is_conversation = matches!(
            innermost,
            Transport::Tcp(_) | Transport::Udp(_) | Transport::Cut(_)
        );
        let own = self.all().iter().filter(|header| !header.quoted);
        let transports = own.clone().filter(|header| header.is_transport()).count();
        let outer = transports.saturating_sub(usize::from(is_conversation));
        own.filter_map(move |header| {
            let bytes = data.get(header.start as usize..)?;
            match header.kind {
                HeaderKind::Ipv4 => addresses = ip::v4_addresses(bytes),
                HeaderKind::Ipv6 => addresses = ip::v6_addresses(bytes),
                HeaderKind::Udp => {
                    let (src, dst) = addresses?;
                    let &[s0, s1, d0, d1] = bytes.first_chunk()?;
                    let port = |high, low| u16::from_be_bytes([high, low]);
                    let ends = ((src, port(s0, s1)), (dst, port(d0, d1)));
                    return Some(FlowKey::new(ends.0, ends.1, ip::UDP));
                }
                _ => {}
            }
            None
        })
        .take(outer)
    }

    fn push(&mut self, kind: HeaderKind, at: Cursor<'_>) {
        if let Some(slot) = self.all.get_mut(self.count) {
            *slot = Header {
                kind,
                start: at.offset,
                len: at.bytes.len() as u32,
                wire: at.wire,
                quoted: self.quoting,
            };
            self.count += 1;
        }
    }
}

/// What the walk tells of its way. `()` is told nothing and costs nothing.
pub(super) trait Trail {
    /// Whether it wants to know each header: then no step is left out, and what ICMP errors quote is walked as well.
    const DETAILED: bool;

    /// The walk is at this header.
    fn note(&mut self, step: &Step<'_>);

    /// What comes now is the packet that an ICMP error quotes, or is not any more. False where that is not wanted.
    fn quote(&mut self, begins: bool) -> bool;
}

impl Trail for () {
    const DETAILED: bool = false;

    fn note(&mut self, _step: &Step<'_>) {}

    fn quote(&mut self, _begins: bool) -> bool {
        false
    }
}

impl Trail for Headers {
    const DETAILED: bool = true;

    fn note(&mut self, step: &Step<'_>) {
        match *step {
            Step::Ethernet(at) => self.push(HeaderKind::Ethernet, at),
            Step::EtherType(kind, at) => {
                if let Some(kind) = of_ether_type(kind) {
                    self.push(kind, at);
                }
            }
            Step::Llc(at) => self.push(HeaderKind::Llc, at),
            Step::Ppp(at) => self.push(HeaderKind::Ppp, at),
            Step::Wlan(at, _) => self.push(HeaderKind::Wlan, at),
            Step::Mpls(at) => self.push(HeaderKind::Mpls, at),
            Step::Ipv4(at) => self.push(HeaderKind::Ipv4, at),
            Step::Ipv6(at) => self.push(HeaderKind::Ipv6, at),
            Step::Protocol(number, at) => {
                if let Some(kind) = of_protocol(number) {
                    self.push(kind, at);
                }
            }
            Step::Ip(_) | Step::Done => {}
        }
    }

    fn quote(&mut self, begins: bool) -> bool {
        // A quote inside a quote is not followed.
        let follows = begins != self.quoting;
        self.quoting = begins;
        follows
    }
}

/// The header that an Ethernet type names; `None` where the next step names it.
const fn of_ether_type(kind: u16) -> Option<HeaderKind> {
    Some(match kind {
        link::VLAN | link::PROVIDER_VLAN | 0x9100 | 0x9200 => HeaderKind::Vlan,
        link::PPPOE_SESSION => HeaderKind::Pppoe,
        link::ARP | link::RARP => HeaderKind::Arp,
        link::IPV4
        | link::IPV6
        | link::MPLS_UNICAST
        | link::MPLS_MULTICAST
        | link::PPP
        | link::TRANSPARENT_ETHERNET => return None,
        other => HeaderKind::Other(other),
    })
}

/// The header that an IP protocol number names; `None` where the next step names it.
const fn of_protocol(number: u8) -> Option<HeaderKind> {
    Some(match number {
        ip::TCP => HeaderKind::Tcp,
        ip::UDP => HeaderKind::Udp,
        ip::ICMP => HeaderKind::Icmp,
        ip::ICMP_V6 => HeaderKind::Icmpv6,
        ip::GRE => HeaderKind::Gre,
        ip::IPV4 | ip::IPV6 | ip::MPLS | ip::ETHERNET => return None,
        ip::HOP_BY_HOP
        | ip::ROUTING
        | ip::FRAGMENT
        | ip::DESTINATION
        | ip::MOBILITY
        | ip::HIP
        | ip::SHIM6
        | ip::AUTHENTICATION => HeaderKind::Extension(number),
        other => HeaderKind::Other(other as u16),
    })
}
