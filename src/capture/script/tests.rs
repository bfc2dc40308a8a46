use colloquy_dissectors::units::Side;

use super::*;
use crate::capture::LinkType;
use crate::frame::{Decoded, TcpFlags, TcpSegment, Transport, checksum, decode};

fn decoded(frame: &ScriptFrame) -> Decoded {
    let decoded = decode(LinkType(1), &frame.bytes, frame.bytes.len() as u32);
    assert_eq!(checksum::transport_ok(&decoded, &frame.bytes), Some(true));
    assert_ne!(
        checksum::ipv4_header_ok(&decoded, &frame.bytes),
        Some(false)
    );
    decoded
}

fn segments(frames: &[ScriptFrame]) -> Vec<(TcpSegment, &[u8])> {
    frames
        .iter()
        .map(|frame| match decoded(frame).transport {
            Transport::Tcp(tcp) => (tcp, tcp.payload.of(&frame.bytes)),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Each segment as flags, sequence and acknowledgment relative to the first SYN's, and length.
fn summary(frames: &[ScriptFrame]) -> Vec<(String, u32, u32, u32)> {
    segments(frames)
        .iter()
        .map(|(tcp, _)| {
            let (own, peer) = match tcp.src_port {
                40_000 => (0x1000_0000, 0x8000_0000),
                _ => (0x8000_0000, 0x1000_0000u32),
            };
            let ack = if tcp.flags.has(TcpFlags::ACK) {
                tcp.ack.wrapping_sub(peer)
            } else {
                0
            };
            (
                format!("{:?}", tcp.flags),
                tcp.seq.wrapping_sub(own),
                ack,
                tcp.wire_len,
            )
        })
        .collect()
}

fn tcp() -> Script {
    Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
}

fn rows(rows: &[(&str, u32, u32, u32)]) -> Vec<(String, u32, u32, u32)> {
    rows.iter()
        .map(|(flags, seq, ack, len)| (format!("[{flags}]"), *seq, *ack, *len))
        .collect()
}

#[test]
fn a_whole_conversation() {
    let frames = tcp()
        .connect()
        .client(b"ask")
        .server(&[1; 2000])
        .close()
        .frames();
    assert_eq!(
        summary(&frames),
        rows(&[
            ("SYN", 0, 0, 0),
            ("SYN,ACK", 0, 1, 0),
            ("ACK", 1, 1, 0),
            ("PSH,ACK", 1, 1, 3),
            ("ACK", 1, 4, 0),
            ("ACK", 1, 4, 1460),
            ("PSH,ACK", 1461, 4, 540),
            ("ACK", 4, 2001, 0),
            ("FIN,ACK", 4, 2001, 0),
            ("FIN,ACK", 2001, 5, 0),
            ("ACK", 5, 2002, 0),
        ])
    );
    assert_eq!(frames[0].time, START);
    assert!(frames.is_sorted_by_key(|frame| frame.time));
    assert_eq!(segments(&frames)[0].0.options.window_scale, Some(7));
}

#[test]
fn trouble_on_the_way() {
    let frames = tcp()
        .client_lost(b"lost")
        .client_unacknowledged(b"one")
        .retransmit_last(Side::Client)
        .duplicate_last()
        .keepalive(Side::Server)
        .zero_window(Side::Server)
        .window_update(Side::Server)
        .reset(Side::Client)
        .frames();
    assert_eq!(
        summary(&frames),
        rows(&[
            ("ACK", 1, 5, 0),
            ("PSH,ACK", 5, 1, 3),
            ("PSH,ACK", 5, 1, 3),
            ("ACK", 1, 8, 0),
            ("ACK", 1, 8, 0),
            ("ACK", 0, 8, 0),
            ("ACK", 8, 1, 0),
            ("ACK", 1, 8, 0),
            ("ACK", 1, 8, 0),
            ("RST,ACK", 8, 1, 0),
        ])
    );
    assert_eq!(frames[3].bytes, frames[4].bytes);
    let windows: Vec<u16> = segments(&frames)
        .iter()
        .map(|(tcp, _)| tcp.window)
        .collect();
    assert_eq!(windows[7..9], [0, 502]);
    let ids = |at: usize| decoded(&frames[at]).network.unwrap().id;
    assert_eq!(ids(2), ids(1) + 1);
}

#[test]
fn reordered_frames_keep_the_times() {
    let straight = tcp().client(&[7; 4000]).frames();
    let reordered = tcp().reorder_next(3).client(&[7; 4000]).frames();
    let times = |frames: &[ScriptFrame]| frames.iter().map(|f| f.time).collect::<Vec<_>>();
    assert_eq!(times(&straight), times(&reordered));
    assert_eq!(straight[0].bytes, reordered[2].bytes);
    assert_eq!(straight[2].bytes, reordered[0].bytes);
    assert_eq!(straight[3], reordered[3]);
    // Fewer frames than were to be turned round.
    let short = tcp().reorder_next(9).client(b"x").frames();
    assert_eq!(short.len(), 2);
    assert!(segments(&short)[0].1.is_empty());
}

#[test]
fn connections_that_fail() {
    let refused = tcp().refuse().frames();
    assert_eq!(
        summary(&refused)[1..],
        rows(&[("RST,ACK", 0x8000_0000, 1, 0)])
    );
    let silent = tcp().syn_only().frames();
    assert_eq!(silent.len(), 4);
    let waits: Vec<i64> = silent
        .windows(2)
        .map(|pair| pair[1].time.nanos_since(pair[0].time) / 1_000_000_000)
        .collect();
    assert_eq!(waits, [1, 2, 4]);
}

#[test]
fn sequence_numbers_wrap() {
    let frames = tcp()
        .initial(u32::MAX - 1, u32::MAX)
        .connect()
        .client(b"four")
        .frames();
    let segments = segments(&frames);
    assert_eq!(segments[3].0.seq, u32::MAX);
    assert_eq!(segments[4].0.ack, 3);
    assert_eq!(segments[4].0.seq, 0);
}

#[test]
fn udp_and_several_at_once() {
    let udp = Script::udp("[fd00::1]:5000", "[fd00::2]:53")
        .client(b"query")
        .server(b"answer");
    let frames = Script::merge([tcp().wait_ms(3).connect(), udp]);
    let kinds: Vec<bool> = frames
        .iter()
        .map(|frame| matches!(decoded(frame).transport, Transport::Udp(_)))
        .collect();
    assert_eq!(kinds, [true, true, false, false, false]);
    assert!(frames[1].time.nanos_since(frames[0].time) >= 1_000_000);
}

#[test]
fn any_segment_by_hand() {
    let frames = tcp()
        .segment(Side::Server, flag::RST, 5, 6, b"")
        .client(b"next")
        .drop_last()
        .frames();
    assert_eq!(
        summary(&frames),
        rows(&[("RST", 5, 0, 0), ("PSH,ACK", 1, 1, 4)])
    );
}
