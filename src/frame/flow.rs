//! The key of a flow: the same for both directions.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use super::decoded::{Decoded, Quoted, Transport};
use super::ip;

/// Who talks to whom over what: the lower end first, so that both directions have one key.
///
/// IPv4 addresses are kept as mapped IPv6 addresses (RFC 4291 s2.5.5.2), and the version apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    first: u128,
    second: u128,
    /// First and second port, protocol, IP version.
    rest: u64,
}

impl FlowKey {
    /// The key of a TCP or UDP frame, and whether its source is the key's first end. `None` for anything else, fragments
    /// included.
    #[must_use]
    pub fn of(decoded: &Decoded) -> Option<(Self, bool)> {
        let network = decoded.network.as_ref()?;
        let (protocol, src_port, dst_port) = match &decoded.transport {
            Transport::Tcp(tcp) => (ip::TCP, tcp.src_port, tcp.dst_port),
            Transport::Udp(udp) => (ip::UDP, udp.src_port, udp.dst_port),
            Transport::Cut(cut) => (cut.protocol, cut.src_port, cut.dst_port),
            _ => return None,
        };
        Some(Self::new(
            (network.src, src_port),
            (network.dst, dst_port),
            protocol,
        ))
    }

    /// The key of the flow an ICMP error is about; true when the quoted packet's source is the key's first end.
    #[must_use]
    pub fn of_quoted(quoted: &Quoted) -> Option<(Self, bool)> {
        let (src_port, dst_port) = quoted.ports?;
        Some(Self::new(
            (quoted.src, src_port),
            (quoted.dst, dst_port),
            quoted.protocol,
        ))
    }

    /// The key of two ends, and whether `src` is the first. `protocol` is IP's number.
    #[must_use]
    pub fn new(src: (IpAddr, u16), dst: (IpAddr, u16), protocol: u8) -> (Self, bool) {
        let (src_bits, dst_bits) = (bits(src.0), bits(dst.0));
        let is_src_first = (src_bits, src.1) <= (dst_bits, dst.1);
        let [(first, low), (second, high)] = if is_src_first {
            [(src_bits, src.1), (dst_bits, dst.1)]
        } else {
            [(dst_bits, dst.1), (src_bits, src.1)]
        };
        let rest = u64::from(low) << 32
            | u64::from(high) << 16
            | u64::from(protocol) << 8
            | u64::from(src.0.is_ipv6());
        (
            Self {
                first,
                second,
                rest,
            },
            is_src_first,
        )
    }

    /// IP's protocol number: 6 or 17 for what [`FlowKey::of`] makes.
    #[must_use]
    pub const fn protocol(&self) -> u8 {
        (self.rest >> 8) as u8
    }

    /// Both ends, address and port, the first one first.
    #[must_use]
    pub fn ends(&self) -> [(IpAddr, u16); 2] {
        let address = |bits: u128| {
            let v6 = Ipv6Addr::from_bits(bits);
            match v6.to_ipv4_mapped() {
                Some(v4) if self.rest & 1 == 0 => IpAddr::V4(v4),
                _ => IpAddr::V6(v6),
            }
        };
        [
            (address(self.first), (self.rest >> 32) as u16),
            (address(self.second), (self.rest >> 16) as u16),
        ]
    }

    /// Which of `count` shards has this flow: the same on every run and machine; 0 when `count` is 0.
    #[must_use]
    pub const fn shard(&self, count: usize) -> usize {
        let folded = self.first ^ self.second.rotate_left(64);
        let mixed =
            (folded as u64 ^ (folded >> 64) as u64 ^ self.rest).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match count {
            0 => 0,
            count => (mixed >> 32) as usize % count,
        }
    }
}

impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.first);
        state.write_u128(self.second);
        state.write_u64(self.rest);
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
