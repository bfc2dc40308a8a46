//! IPv6 extension headers (RFC 8200 s4), the authentication header (RFC 4302) and fragments of both IP versions.

use etherparse::{Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice};

use super::cursor::Cursor;
use super::decoded::{Decoded, FragmentInfo, Layer, Stop, Transport};
use super::ip;
use super::walk::Step;

/// Where a fragment belongs.
pub(super) struct Piece {
    pub(super) protocol: u8,
    pub(super) offset: u32,
    pub(super) more: bool,
}

impl Piece {
    /// Ends the walk at a fragment.
    pub(super) fn note<'a>(self, payload: Cursor<'a>, out: &mut Decoded) -> Step<'a> {
        let has_ports = self.offset == 0 && matches!(self.protocol, ip::TCP | ip::UDP);
        out.transport = Transport::Fragment(FragmentInfo {
            protocol: self.protocol,
            offset: self.offset,
            more: self.more,
            ports: has_ports.then(|| payload.ports()).flatten(),
            payload: payload.extent(),
            wire_len: payload.wire,
        });
        Step::Done
    }
}

/// Hop-by-hop, routing, destination options and the others of the same shape.
pub(super) fn skip<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let header = Ipv6RawExtHeaderSlice::from_slice(at.bytes)
        .map_err(|error| at.cut(error.required_len, Layer::Ipv6Extension))?;
    let next = header.next_header().0;
    Ok(advance(at, header.slice().len(), next, out))
}

pub(super) fn authentication<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let ([next, len], _) = at.take::<2>(Layer::Authentication)?;
    // In units of four bytes, less two (RFC 4302 s2.2).
    let len = (*len as usize + 2) * 4;
    at.pass(len, Layer::Authentication)?;
    Ok(advance(at, len, *next, out))
}

pub(super) fn fragment<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let header = Ipv6FragmentHeaderSlice::from_slice(at.bytes)
        .map_err(|error| at.cut(error.required_len, Layer::Ipv6Extension))?;
    let piece = Piece {
        protocol: header.next_header().0,
        offset: u32::from(header.fragment_offset().value()) * 8,
        more: header.more_fragments(),
    };
    if let Some(network) = &mut out.network {
        network.id = header.identification();
        network.more_fragments = piece.more;
    }
    let len = header.slice().len();
    let is_atomic = !header.is_fragmenting_payload();
    let step = advance(at, len, piece.protocol, out);
    Ok(if is_atomic {
        step
    } else {
        piece.note(at.skip(len), out)
    })
}

/// Counts `len` bytes to the IP header and goes on behind them.
fn advance<'a>(at: Cursor<'a>, len: usize, next: u8, out: &mut Decoded) -> Step<'a> {
    if let Some(network) = &mut out.network {
        network.protocol = next;
        network.header_len = network.header_len.saturating_add(len as u16);
    }
    Step::Protocol(next, at.skip(len))
}
