//! Resets of a TCP connection, and what goes with them.

use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset};

/// A reset.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    /// Where.
    pub stamp: Stamp,
    /// Whose address it bears.
    pub side: Side,
    /// It answers a SYN: the connection never was.
    pub to_syn: bool,
    /// The other side had closed in order before.
    pub after_fin: bool,
    /// Bytes that each side had sent and its peer had not acknowledged, the reset's own acknowledgement included.
    pub unacked: PerSide<u64>,
    /// Bytes of the other side that nothing acknowledged but the reset itself.
    pub last_received: u64,
    /// Where it acknowledges all of the other side's bytes, and is the first to do so for the last of them: how long after
    /// these it came, and the shortest time in which such an acknowledgement came before, the handshake's included.
    /// Nanoseconds.
    pub hurry: Option<Hurry>,
    /// Its TTL or hop limit.
    pub ttl: u8,
    /// The TTL or hop limit of the segments that this side sent before.
    pub usual_ttl: Option<u8>,
    /// They were several, and all had it.
    pub steady_ttl: bool,
    /// Nanoseconds since the connection's frame before it.
    pub idle_nanos: i64,
    /// Its sequence number stands exactly where the side's stream was, as far as that is known.
    pub in_sequence: bool,
    /// It carries an acknowledgement: sent by a host that knows the connection. Without one it answers a segment
    /// that fits no connection (RFC 9293 section 3.10.7.1).
    pub with_ack: bool,
    /// It answers a SYN and acknowledges something else: its receiver ignores it (RFC 9293 section 3.10.7.3).
    pub misses_syn: bool,
    /// The earlier frame of its side whose IP identification it bears, although that side counts them.
    pub id_of: Option<Stamp>,
    /// How far it acknowledges the other side's stream, as far as that is known: its host had these bytes, even
    /// where its program never read them.
    pub acked: Option<StreamOffset>,
    /// The last frame of its side before it.
    pub own_before: Option<Stamp>,
    /// The last frame of the other side before it.
    pub peer_before: Option<Stamp>,
}

/// How soon a reset acknowledges what it is the first to acknowledge.
#[derive(Clone, Copy, Debug)]
pub struct Hurry {
    /// Nanoseconds since the last bytes that it acknowledges were seen first.
    pub nanos: i64,
    /// The shortest time that passed between bytes and their acknowledgement before: nanoseconds.
    pub shortest: i64,
    /// The last frame with these bytes.
    pub sent: Stamp,
}

/// A reset that ended nothing: the side whose address it bears went on talking.
#[derive(Clone, Copy, Debug)]
pub struct VainReset {
    /// The reset.
    pub reset: Reset,
    /// Frames of its side after it.
    pub frames_after: u64,
    /// Those of them with bytes beyond what it had sent before.
    pub beyond: u64,
    /// The first of them.
    pub first_after: Stamp,
}

/// A SYN answered by an acknowledgement of something else: of an older connection of the same ports.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// Where.
    pub stamp: Stamp,
    /// What it acknowledges.
    pub ack: u32,
    /// The client's reset, with which the older connection is gone.
    pub reset: Option<Stamp>,
}
