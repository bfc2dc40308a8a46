//! UDP (RFC 768), the tunnels over it, and IP protocols that are not followed.

use super::cursor::Cursor;
use super::decoded::{CutHeader, Decoded, Layer, Stop, Transport, UdpDatagram};
use super::walk::Step;
use super::{ip, tunnel};

/// Bytes of the header.
const UDP_HEADER: u32 = 8;

pub(super) fn udp<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let Some((src_port, dst_port)) = at.ports() else {
        return Err(at.cut(UDP_HEADER as usize, Layer::Udp));
    };
    let cut = Transport::Cut(CutHeader {
        protocol: ip::UDP,
        src_port,
        dst_port,
        seq: None,
    });
    let after = match at.pass(UDP_HEADER as usize, Layer::Udp) {
        Ok(after) => after,
        Err(stop) => {
            out.transport = cut;
            return Err(stop);
        }
    };
    // 0: a jumbogram (RFC 2675 s4) or a datagram that the network card was to cut.
    let wire_len = match u32::from(at.u16_at(4).unwrap_or_default()) {
        0 => after.wire,
        len if len < UDP_HEADER => {
            out.transport = cut;
            return Err(Stop::Malformed("bad udp length"));
        }
        len => (len - UDP_HEADER).min(after.wire),
    };
    let payload = after.limit(wire_len);
    out.transport = Transport::Udp(UdpDatagram {
        src_port,
        dst_port,
        payload: payload.extent(),
        wire_len,
    });
    // Stays what it is unless another IP header follows.
    Ok(tunnel::over_udp(src_port, dst_port, payload).unwrap_or(Step::Done))
}

/// Notes an IP protocol without a decoder.
pub(super) fn other(number: u8, out: &mut Decoded) -> Stop {
    out.transport = Transport::Other(number);
    match number {
        2 => Stop::Named("igmp"),
        50 => Stop::Named("esp"),
        ip::NO_NEXT_HEADER => Stop::Named("no next header"),
        89 => Stop::Named("ospf"),
        103 => Stop::Named("pim"),
        112 => Stop::Named("vrrp"),
        132 => Stop::Named("sctp"),
        _ => Stop::IpProtocol(number),
    }
}
