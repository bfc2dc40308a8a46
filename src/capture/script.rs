//! Readable conversations that become frames: for tests, examples and benchmarks of the whole program.
//!
//! A script has its own clock and is written down as the conversation went. It is captured at the client, so the server's
//! answers come one round trip later and the client's at once. Every frame is Ethernet with right lengths and checksums and
//! an IP identification that grows.
//!
//! ```
//! use colloquy::capture::script::Script;
//! use colloquy_dissectors::units::Side;
//!
//! let frames = Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
//!     .connect()
//!     .client(b"a request")
//!     .server(&[0; 3000])          // three segments
//!     .wait_secs(12.0)
//!     .client_lost(b"not captured")
//!     .server(b"an answer to it")
//!     .reset(Side::Server)
//!     .frames();
//! assert_eq!(frames.len(), 3 + 2 + 4 + 1 + 2 + 1);
//! assert!(frames.iter().is_sorted_by_key(|frame| frame.time));
//! ```
//!
//! # Panics
//!
//! A script with a mistake in it (an address that is none, a datagram longer than 65,507 bytes) panics: it is part of a test.

mod packet;
mod sending;
#[cfg(test)]
mod tests;

use colloquy_dissectors::units::{PerSide, Side, Timestamp};

pub use packet::flag;
use packet::{Segment, Wire, must};

/// When every script begins: 2026-01-01T00:00:00 UTC.
pub const START: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000_000;
/// Between two frames of one sender.
const STEP: i64 = 10 * MICROSECOND;
/// Before a segment is sent again.
const RETRANSMISSION_TIMEOUT: i64 = 200 * MILLISECOND;
/// Segments sent before an acknowledgment is awaited (RFC 6928).
const FLIGHT: usize = 10;
/// Window in a SYN, not scaled, and after it, scaled by 2^7.
const SYN_WINDOW: u16 = 64_240;
const WINDOW: u16 = 502;

/// A frame of a script: Ethernet, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFrame {
    /// When it was captured.
    pub time: Timestamp,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

/// What becomes of bytes that a side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    NotAcknowledged,
    /// They arrive and are acknowledged, but the capture does not have them.
    NotCaptured,
}

/// One side of a TCP connection.
#[derive(Clone, Debug)]
struct Sender {
    /// The next sequence number to send.
    next: u32,
    /// The next one expected of the peer.
    expected: u32,
    window: u16,
    /// The initial sequence number.
    first: u32,
    /// Sequence number and bytes of the last segment with data.
    last: Option<(u32, Vec<u8>)>,
}

/// A conversation over TCP or UDP, in the making. Methods that only TCP has are marked so and do nothing over UDP.
#[derive(Clone, Debug)]
pub struct Script {
    is_tcp: bool,
    wire: Wire,
    sides: PerSide<Sender>,
    now: Timestamp,
    round_trip: i64,
    segment_size: usize,
    frames: Vec<ScriptFrame>,
    /// Who sent the last frame.
    last_side: Side,
    /// First frame and number of frames that are to be captured in reverse order.
    reorder: Option<(usize, usize)>,
}

impl Script {
    /// A TCP conversation between two addresses with ports, `10.0.0.1:40000` or `[fe80::1]:40000`.
    #[must_use]
    pub fn tcp(client: &str, server: &str) -> Self {
        Self::new(true, client, server)
    }

    /// A UDP conversation. A datagram too long for one packet goes in IPv4 fragments.
    #[must_use]
    pub fn udp(client: &str, server: &str) -> Self {
        Self::new(false, client, server)
    }

    fn new(is_tcp: bool, client: &str, server: &str) -> Self {
        let wire = Wire::new(
            must(client.parse(), "client address"),
            must(server.parse(), "server address"),
        );
        let script = Self {
            is_tcp,
            wire,
            sides: PerSide::new(Sender::new(), Sender::new()),
            now: START,
            round_trip: MILLISECOND,
            segment_size: 1460,
            frames: Vec::new(),
            last_side: Side::Client,
            reorder: None,
        };
        script.initial(0x1000_0000, 0x8000_0000)
    }

    /// TCP: sets the initial sequence numbers, before anything is sent.
    #[must_use]
    pub fn initial(mut self, client: u32, server: u32) -> Self {
        for (side, own, peer) in [
            (Side::Client, client, server),
            (Side::Server, server, client),
        ] {
            self.sides[side].first = own;
            self.sides[side].next = own.wrapping_add(1);
            self.sides[side].expected = peer.wrapping_add(1);
        }
        self
    }

    /// Moves the clock to `time`.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.now = time;
        self
    }

    /// Sets the round-trip time, 1 ms unless told otherwise.
    #[must_use]
    pub fn round_trip_ms(mut self, milliseconds: i64) -> Self {
        self.round_trip = milliseconds * MILLISECOND;
        self
    }

    /// TCP: sets the largest payload of a segment in bytes, 1460 unless told otherwise.
    #[must_use]
    pub fn segment_size(mut self, bytes: usize) -> Self {
        self.segment_size = bytes.max(1);
        self
    }

    /// Lets time pass.
    #[must_use]
    pub fn wait_secs(mut self, seconds: f64) -> Self {
        self.now = self.now.plus_nanos((seconds * 1e9) as i64);
        self
    }

    /// Lets time pass.
    #[must_use]
    pub fn wait_ms(mut self, milliseconds: i64) -> Self {
        self.now = self.now.plus_nanos(milliseconds * MILLISECOND);
        self
    }

    /// TCP: SYN, SYN-ACK, ACK.
    #[must_use]
    pub fn connect(mut self) -> Self {
        if self.is_tcp {
            self.syn(Side::Client);
            self.turn(Side::Server);
            self.syn(Side::Server);
            self.turn(Side::Client);
            self.acknowledge(Side::Client);
        }
        self
    }

    /// TCP: a SYN that nobody answers, sent again after 1, 2 and 4 seconds.
    #[must_use]
    pub fn syn_only(mut self) -> Self {
        if self.is_tcp {
            self.syn(Side::Client);
            for seconds in [1, 2, 4] {
                self = self.wait_ms(seconds * 1000);
                self.syn(Side::Client);
            }
        }
        self
    }

    /// TCP: a SYN answered with a reset.
    #[must_use]
    pub fn refuse(mut self) -> Self {
        if self.is_tcp {
            self.syn(Side::Client);
            self.turn(Side::Server);
            let ack = self.sides[Side::Server].expected;
            let segment = Segment {
                flags: flag::RST | flag::ACK,
                ack,
                ..Segment::default()
            };
            self.send(Side::Server, &segment, &[]);
        }
        self
    }

    /// The client sends `bytes`, and the server acknowledges them; over UDP one datagram.
    #[must_use]
    pub fn client(self, bytes: &[u8]) -> Self {
        self.data(Side::Client, bytes, Fate::Acknowledged)
    }

    /// The server sends `bytes`, and the client acknowledges them; over UDP one datagram.
    #[must_use]
    pub fn server(self, bytes: &[u8]) -> Self {
        self.data(Side::Server, bytes, Fate::Acknowledged)
    }

    /// As [`Script::client`] or [`Script::server`].
    #[must_use]
    pub fn say(self, side: Side, bytes: &[u8]) -> Self {
        self.data(side, bytes, Fate::Acknowledged)
    }

    /// The client sends `bytes`, and no acknowledgment is seen.
    #[must_use]
    pub fn client_unacknowledged(self, bytes: &[u8]) -> Self {
        self.data(Side::Client, bytes, Fate::NotAcknowledged)
    }

    /// The server sends `bytes`, and no acknowledgment is seen.
    #[must_use]
    pub fn server_unacknowledged(self, bytes: &[u8]) -> Self {
        self.data(Side::Server, bytes, Fate::NotAcknowledged)
    }

    /// The client sends `bytes` which the capture misses; the server's acknowledgment is seen.
    #[must_use]
    pub fn client_lost(self, bytes: &[u8]) -> Self {
        self.data(Side::Client, bytes, Fate::NotCaptured)
    }

    /// The server sends `bytes` which the capture misses; the client's acknowledgment is seen.
    #[must_use]
    pub fn server_lost(self, bytes: &[u8]) -> Self {
        self.data(Side::Server, bytes, Fate::NotCaptured)
    }

    /// TCP: `side` sends its last segment with data again, and the peer acknowledges it.
    #[must_use]
    pub fn retransmit_last(mut self, side: Side) -> Self {
        if self.sides[side].last.is_some() {
            self = self.retransmit_last_unheard(side);
            self.turn(side.other());
            self.acknowledge(side.other());
        }
        self
    }

    /// TCP: `side` sends its last segment with data again, and nobody says anything to it.
    #[must_use]
    pub fn retransmit_last_unheard(mut self, side: Side) -> Self {
        if let Some((seq, bytes)) = self.sides[side].last.clone() {
            self.now = self.now.plus_nanos(RETRANSMISSION_TIMEOUT);
            let segment = self.plain(side, flag::PSH | flag::ACK);
            self.send(side, &Segment { seq, ..segment }, &bytes);
        }
        self
    }

    /// The last frame is captured once more, as a mirror port does.
    #[must_use]
    pub fn duplicate_last(mut self) -> Self {
        if let Some(last) = self.frames.last().cloned() {
            self.push(last.bytes);
        }
        self
    }

    /// The capture misses the last frame.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.frames.pop();
        self
    }

    /// The next `count` frames are captured in reverse order.
    #[must_use]
    pub fn reorder_next(mut self, count: usize) -> Self {
        self.reorder = Some((self.frames.len(), count));
        self
    }

    /// TCP: a keep-alive of `side` (RFC 9293 s3.8.4), answered.
    #[must_use]
    pub fn keepalive(mut self, side: Side) -> Self {
        self = self.keepalive_unanswered(side);
        if self.is_tcp {
            self.turn(side.other());
            self.acknowledge(side.other());
        }
        self
    }

    /// TCP: a keep-alive of `side` that nobody answers.
    #[must_use]
    pub fn keepalive_unanswered(mut self, side: Side) -> Self {
        if self.is_tcp {
            let segment = self.plain(side, flag::ACK);
            let seq = segment.seq.wrapping_sub(1);
            self.send(side, &Segment { seq, ..segment }, &[]);
        }
        self
    }

    /// TCP: `side` announces that it can take no more bytes.
    #[must_use]
    pub fn zero_window(self, side: Side) -> Self {
        self.announce(side, 0)
    }

    /// TCP: `side` announces that it can take bytes again.
    #[must_use]
    pub fn window_update(self, side: Side) -> Self {
        self.announce(side, WINDOW)
    }

    /// TCP: `side` ends its direction, and the peer acknowledges that.
    #[must_use]
    pub fn fin(mut self, side: Side) -> Self {
        if self.is_tcp {
            self.finish(side);
            self.turn(side.other());
            self.acknowledge(side.other());
        }
        self
    }

    /// TCP: both directions are ended, the client's first.
    #[must_use]
    pub fn close(mut self) -> Self {
        if self.is_tcp {
            self.finish(Side::Client);
            self.turn(Side::Server);
            self.finish(Side::Server);
            self.turn(Side::Client);
            self.acknowledge(Side::Client);
        }
        self
    }

    /// TCP: `side` resets the connection.
    #[must_use]
    pub fn reset(mut self, side: Side) -> Self {
        if self.is_tcp {
            let segment = self.plain(side, flag::RST | flag::ACK);
            self.send(side, &segment, &[]);
        }
        self
    }

    /// The receiver of the last frame answers that nobody listens on its port.
    #[must_use]
    pub fn icmp_port_unreachable(mut self) -> Self {
        let Some(last) = self.frames.last().map(|frame| frame.bytes.clone()) else {
            return self;
        };
        let from = self.last_side.other();
        self.turn(from);
        let bytes = self.wire.port_unreachable(from, &last);
        self.push(bytes);
        self.last_side = from;
        self
    }

    /// `from` says that it waited in vain for the other fragments of a datagram of which it has that frame.
    #[must_use]
    pub fn reassembly_time_exceeded(mut self, from: Side, fragment: usize) -> Self {
        if let Some(fragment) = self.frames.get(fragment).map(|frame| frame.bytes.clone()) {
            self.turn(from);
            let bytes = self.wire.reassembly_time_exceeded(from, &fragment);
            self.push(bytes);
            self.last_side = from;
        }
        self
    }

    /// TCP: any segment. `flags` as [`flag`] has them, `seq` and `ack` relative to the initial sequence numbers (a SYN is
    /// 0). What the script sends next does not change.
    #[must_use]
    pub fn segment(mut self, side: Side, flags: u16, seq: u32, ack: u32, payload: &[u8]) -> Self {
        if self.is_tcp {
            let segment = Segment {
                flags,
                seq: self.sides[side].first.wrapping_add(seq),
                ack: self.sides[side.other()].first.wrapping_add(ack),
                window: self.sides[side].window,
                options: &[],
            };
            self.send(side, &segment, payload);
        }
        self
    }

    /// The frames, by time.
    #[must_use]
    pub fn frames(mut self) -> Vec<ScriptFrame> {
        self.apply_reorder(true);
        self.frames.sort_by_key(|frame| frame.time);
        self.frames
    }

    /// The frames of several conversations in one capture, by time.
    #[must_use]
    pub fn merge(scripts: impl IntoIterator<Item = Self>) -> Vec<ScriptFrame> {
        let mut frames: Vec<ScriptFrame> = scripts.into_iter().flat_map(Self::frames).collect();
        frames.sort_by_key(|frame| frame.time);
        frames
    }
}
