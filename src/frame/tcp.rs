//! The TCP header (RFC 9293 s3.1) and its options.

use super::cursor::Cursor;
use super::decoded::{
    CutHeader, Decoded, Layer, SackBlocks, Stop, TcpFlags, TcpOptions, TcpSegment, Transport,
};
use super::ip;
use super::walk::Step;

/// Bytes of the header without options.
const FIXED: usize = 20;

/// Option kinds (IANA; RFC 9293 s3.2, RFC 7323, RFC 2018).
const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

pub(super) fn segment<'a>(at: Cursor<'a>, out: &mut Decoded) -> Result<Step<'a>, Stop> {
    let Some(header) = at.bytes.first_chunk::<FIXED>() else {
        out.transport = cut(at);
        return Err(at.cut(FIXED, Layer::Tcp));
    };
    let [
        s0,
        s1,
        d0,
        d1,
        q0,
        q1,
        q2,
        q3,
        a0,
        a1,
        a2,
        a3,
        f0,
        f1,
        w0,
        w1,
        _,
        _,
        u0,
        u1,
    ] = *header;
    let header_len = usize::from(f0 >> 4) * 4;
    if header_len < FIXED {
        out.transport = cut(at);
        return Err(Stop::Malformed("bad tcp header length"));
    }
    if header_len > at.wire as usize {
        out.transport = cut(at);
        return Err(Stop::Truncated(Layer::Tcp));
    }
    let payload = at.skip(header_len);
    let is_cut = header_len > at.bytes.len();
    let options = at
        .bytes
        .get(FIXED..header_len.min(at.bytes.len()))
        .unwrap_or_default();
    out.transport = Transport::Tcp(TcpSegment {
        src_port: u16::from_be_bytes([s0, s1]),
        dst_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: TcpFlags(u16::from_be_bytes([f0 & 0x0f, f1])),
        window: u16::from_be_bytes([w0, w1]),
        urgent: u16::from_be_bytes([u0, u1]),
        header_len: header_len as u8,
        options: read_options(options),
        payload: payload.extent(),
        wire_len: payload.wire,
    });
    if is_cut {
        return Err(Stop::SnapLength(Layer::Tcp));
    }
    Ok(Step::Done)
}

/// What can be said of a header that is not whole.
fn cut(at: Cursor<'_>) -> Transport {
    at.ports().map_or(Transport::None, |(src_port, dst_port)| {
        Transport::Cut(CutHeader {
            protocol: ip::TCP,
            src_port,
            dst_port,
            seq: at.u32_at(4),
        })
    })
}

/// Reads options as far as they make sense; an option cut short or with a bad length ends the list.
fn read_options(mut rest: &[u8]) -> TcpOptions {
    let mut options = TcpOptions::default();
    while let Some((&kind, after)) = rest.split_first() {
        match kind {
            END => break,
            NOP => rest = after,
            _ => {
                let Some((&len, _)) = after.split_first() else {
                    break;
                };
                let Some((option, next)) = rest.split_at_checked(len as usize) else {
                    break;
                };
                let Some(value) = option.get(2..) else {
                    break;
                };
                read_option(kind, value, &mut options);
                rest = next;
            }
        }
    }
    options
}

fn read_option(kind: u8, value: &[u8], options: &mut TcpOptions) {
    match (kind, value) {
        (MSS, &[high, low]) => options.mss = Some(u16::from_be_bytes([high, low])),
        (WINDOW_SCALE, &[shift]) => options.window_scale = Some(shift),
        (SACK_PERMITTED, []) => options.sack_permitted = true,
        (TIMESTAMPS, value) => {
            if let (&[pair], []) = value.as_chunks::<8>() {
                options.timestamps = Some(split_pair(pair));
            }
        }
        (SACK, value) => options.sack = read_sack(value),
        _ => {}
    }
}

fn read_sack(value: &[u8]) -> SackBlocks {
    let mut blocks = SackBlocks::default();
    let (pairs, _) = value.as_chunks::<8>();
    for (slot, pair) in blocks.edges.iter_mut().zip(pairs) {
        *slot = split_pair(*pair);
        blocks.count += 1;
    }
    blocks
}

fn split_pair(pair: [u8; 8]) -> (u32, u32) {
    let both = u64::from_be_bytes(pair);
    ((both >> 32) as u32, both as u32)
}
