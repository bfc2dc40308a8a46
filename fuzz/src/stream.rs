//! ```text
//!   an input is segments of 10 bytes:
//!   side, kind (1)  flags (1)  sequence number, from -32768 around the side's own (2)  length, in eighths (1)  cut (1)
//!   acknowledgement, likewise around its peer's (2)  milliseconds (1)  window (1)
//! ```

use colloquy::limits;
use colloquy::stream::tcp::{Receiver, Segment, Tcp, flags};
use colloquy_dissectors::dissector::Input;
use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset, Timestamp};

/// Segments read of one input.
const SEGMENTS: usize = 4096;
/// Sequence numbers of the first bytes: one of them wraps round soon.
const FIRST: PerSide<u32> = PerSide::new(0xFFFF_F000, 1000);

/// Whatever order segments come in: each side's bytes are delivered in order, once, and are those that were sent; what is
/// missing is told; what waits is bounded; nothing comes after the end.
pub fn check(input: &[u8]) {
    let mut tcp = Tcp::default();
    let mut streams = Streams::default();
    let mut sent = FIRST;
    let mut millis = 0_i64;
    let mut payload = Vec::new();
    for (index, chunk) in input.chunks_exact(10).take(SEGMENTS).enumerate() {
        let &[head, bits, s0, s1, len, cut, a0, a1, wait, window] = chunk else {
            unreachable!("chunks of ten bytes");
        };
        let side = Side::BOTH[(head & 1) as usize];
        let near = |seq: u32, low, high| {
            let away = i32::from(i16::from_le_bytes([low, high]));
            // Mostly near, now and then anywhere.
            let away = if head & 6 == 6 { away << 16 } else { away };
            seq.wrapping_add_signed(away)
        };
        let len = u32::from(len) * u32::from(len) / 8;
        let seq = if head & 8 == 0 {
            sent[side]
        } else {
            near(sent[side], s0, s1)
        };
        let flags = u16::from(bits & 0x17) & if head & 0x10 == 0 { flags::ACK } else { 0x17 };
        let syn = u32::from(flags & flags::SYN != 0);
        payload.clear();
        let whole = len.saturating_sub(if head & 0x20 == 0 { 0 } else { u32::from(cut) });
        // Each byte is its sequence number's lowest, so that each that is delivered can be checked.
        payload.extend((0..whole).map(|i| seq.wrapping_add(syn).wrapping_add(i) as u8));
        sent[side] = seq.wrapping_add(len).wrapping_add(syn);
        millis += i64::from(wait) * if head & 0x40 == 0 { 1 } else { 100 };
        let stamp = Stamp {
            frame: index as u64 + 1,
            time: Timestamp::from_nanos(millis * 1_000_000),
        };
        let segment = Segment {
            stamp,
            seq,
            ack: near(sent[side.other()], a0, a1),
            flags,
            window: u16::from(window) << 8,
            wscale: (syn > 0).then_some(window & 15),
            ip_id: u32::from(cut),
            ttl: 64,
            payload: &payload,
            wire_len: len,
        };
        tcp.segment(side, &segment, &mut streams);
        let most = 2 * (limits::OUT_OF_ORDER_BYTES + 8192);
        assert!(tcp.waiting_bytes() <= most, "{}", tcp.waiting_bytes());
    }
    tcp.finish(&mut streams);
    for side in Side::BOTH {
        assert!(streams.sides[side].ended, "{side} never ends");
    }
    assert_eq!(tcp.waiting_bytes(), 0, "nothing waits after the end");
}

#[derive(Default)]
struct Streams {
    sides: PerSide<Stream>,
}

#[derive(Default)]
struct Stream {
    next: StreamOffset,
    /// The lowest byte of offset 0's sequence number, as the first bytes tell.
    base: Option<u8>,
    ended: bool,
}

impl Receiver for Streams {
    fn deliver(&mut self, side: Side, at: StreamOffset, _stamp: Stamp, input: Input<'_>) {
        let stream = &mut self.sides[side];
        assert_eq!(at, stream.next, "{side}: {input:?}");
        match input {
            Input::Data(bytes) => {
                assert!(!bytes.is_empty(), "{side}: nothing is no data");
                stream.next += bytes.len() as u64;
                for (index, byte) in bytes.iter().enumerate() {
                    let base = byte.wrapping_sub(at as u8).wrapping_sub(index as u8);
                    let known = *stream.base.get_or_insert(base);
                    assert_eq!(base, known, "{side}: not the byte at {at}, {index} further");
                }
            }
            Input::Gap { len } => {
                assert!(len > 0, "{side}: no gap");
                stream.next += len;
            }
            Input::End(_) => {
                assert!(!stream.ended, "{side} ends twice");
                stream.ended = true;
            }
            Input::Datagram { .. } => unreachable!("a stream has none"),
        }
    }
}
