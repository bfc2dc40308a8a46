use super::*;

const ACK: TcpFlags = TcpFlags::ACK;
const MS: i64 = 1_000_000;

/// A dialogue: the client begins at sequence number 1000, the server at 5000; times in milliseconds.
#[derive(Default)]
struct Dialogue {
    connection: Connection,
    frame: FrameNo,
}

impl Dialogue {
    fn say(&mut self, client: bool, ms: i64, numbers: (u32, u32), segment: Segment) -> Seen {
        self.frame += 1;
        let (seq, ack) = if client {
            (1000 + numbers.0, 5000 + numbers.1)
        } else {
            (5000 + numbers.0, 1000 + numbers.1)
        };
        let segment = Segment {
            frame: self.frame,
            time: Timestamp::from_nanos(ms * MS),
            seq,
            ack,
            ..segment
        };
        self.connection.segment(client, &segment)
    }

    /// After a handshake of 20 ms whose windows are scaled by 1 and by 2.
    fn opened() -> Self {
        let mut it = Self::default();
        it.say(true, 0, (0, 0), with(TcpFlags::SYN, 0, 60_000).scaled(0));
        it.say(false, 10, (0, 1), with(SYN_ACK, 0, 2000).scaled(1));
        it.say(true, 20, (1, 1), with(ACK, 0, 60_000));
        it
    }
}

impl Segment {
    fn scaled(self, shift: u8) -> Self {
        Self {
            wscale: Some(shift),
            ..self
        }
    }
}

fn with(flags: TcpFlags, len: u32, window: u16) -> Segment {
    Segment {
        flags,
        window,
        len,
        ..Segment::default()
    }
}

fn data(len: u32) -> Segment {
    with(ACK.with(TcpFlags::PSH), len, 60_000)
}

/// The names of the remarks.
fn told(seen: &Seen) -> Vec<&'static str> {
    let all = REMARKS.iter().filter(|(r, ..)| seen.remarks.has(*r));
    all.map(|(_, _, words)| *words).collect()
}

#[test]
fn a_handshake_gives_bases_scale_and_round_trip() {
    let mut it = Dialogue::default();
    let syn = it.say(true, 0, (0, 0), with(TcpFlags::SYN, 0, 60_000).scaled(0));
    assert!(!syn.is_something());
    let answer = it.say(false, 10, (0, 1), with(SYN_ACK, 0, 2000).scaled(1));
    assert_eq!(answer.acks, Some((1, 10 * MS)));
    let last = it.say(true, 20, (1, 1), with(ACK, 0, 60_000));
    assert_eq!(last.acks, Some((2, 10 * MS)));
    assert_eq!(last.initial_rtt, Some(20 * MS));
    assert_eq!(last.bases, [1000, 5000]);
    let first = it.say(false, 21, (1, 1), data(5));
    assert_eq!(first.scale, Scale::By(1));
    assert_eq!(first.in_flight, Some(5));
    assert_eq!(it.connection.parts(), Completeness(15));
    it.say(false, 22, (6, 1), with(ACK.with(TcpFlags::FIN), 0, 2000));
    assert_eq!(it.connection.parts(), Completeness(31));
}

#[test]
fn a_side_that_does_not_scale_keeps_the_other_from_it() {
    let mut it = Dialogue::default();
    it.say(true, 0, (0, 0), with(TcpFlags::SYN, 0, 60_000).scaled(7));
    it.say(false, 1, (0, 1), with(SYN_ACK, 0, 2000));
    assert_eq!(it.say(true, 2, (1, 1), data(1)).scale, Scale::None);
}

#[test]
fn what_was_sent_before_is_told_apart_by_time_and_acknowledgments() {
    let mut it = Dialogue::opened();
    it.say(true, 30, (1, 1), data(100));
    it.say(true, 30, (101, 1), data(100));
    let late = it.say(true, 430, (1, 1), data(100));
    assert_eq!(told(&late), ["TCP Retransmission"]);
    assert_eq!(late.rto, Some((400 * MS, 4)));

    // Within a round trip time of what overtook it.
    it.say(true, 500, (301, 1), data(100));
    let overtaken = it.say(true, 505, (201, 1), data(50));
    assert_eq!(told(&overtaken), ["TCP Out-Of-Order"]);

    it.say(false, 510, (1, 251), with(ACK, 0, 2000));
    for _ in 0..2 {
        it.say(false, 511, (1, 251), with(ACK, 0, 2000));
    }
    let asked_for = it.say(true, 512, (251, 1), data(50));
    assert_eq!(
        told(&asked_for),
        ["TCP Fast Retransmission", "TCP Retransmission"]
    );

    it.say(false, 520, (1, 401), with(ACK, 0, 2000));
    let needless = it.say(true, 530, (251, 1), data(50));
    assert_eq!(
        told(&needless),
        ["TCP Spurious Retransmission", "TCP Retransmission"]
    );
}

#[test]
fn duplicates_are_counted_from_the_first_that_said_it() {
    let mut it = Dialogue::opened();
    it.say(true, 30, (1, 1), data(100));
    it.say(false, 31, (1, 101), with(ACK, 0, 2000));
    it.say(false, 32, (1, 101), with(ACK, 0, 2000));
    let third = it.say(false, 33, (1, 101), with(ACK, 0, 2000));
    assert_eq!(told(&third), ["TCP Dup ACK"]);
    assert_eq!(third.duplicate, (2, 5));
    let more_room = it.say(false, 34, (1, 101), with(ACK, 0, 3000));
    assert_eq!(told(&more_room), ["TCP Window Update"]);
}

#[test]
fn holes_are_remarked_on_both_sides() {
    let mut it = Dialogue::opened();
    let behind_a_hole = it.say(true, 30, (501, 1), data(100));
    assert_eq!(told(&behind_a_hole), ["TCP Previous segment not captured"]);
    assert_eq!(behind_a_hole.in_flight, None);
    let unseen = it.say(false, 31, (1, 601), with(ACK, 0, 2000));
    assert_eq!(told(&unseen), ["TCP ACKed unseen segment"]);
    let beyond = it.say(false, 32, (1, 901), with(ACK, 0, 2000));
    assert_eq!(told(&beyond), ["TCP ACKed unseen segment"]);
    let still = it.say(false, 33, (1, 1001), with(ACK, 0, 2000));
    assert!(told(&still).is_empty() && still.is_something());
}

#[test]
fn a_connection_is_kept_alive() {
    let mut it = Dialogue::opened();
    it.say(true, 30, (1, 1), data(100));
    it.say(false, 31, (1, 101), with(ACK, 0, 2000));
    let question = it.say(true, 9000, (100, 1), with(ACK, 0, 60_000));
    assert_eq!(told(&question), ["TCP Keep-Alive"]);
    let answer = it.say(false, 9001, (1, 101), with(ACK, 0, 2000));
    assert_eq!(told(&answer), ["TCP Keep-Alive ACK"]);
}

#[test]
fn a_window_fills_closes_is_probed_and_opens() {
    let mut it = Dialogue::opened();
    it.say(false, 25, (1, 1), with(ACK, 0, 100));
    // The server's window counts twice.
    let full = it.say(true, 30, (1, 1), data(200));
    assert_eq!(told(&full), ["TCP Window Full"]);
    let closed = it.say(false, 31, (1, 201), with(ACK, 0, 0));
    assert_eq!(told(&closed), ["TCP ZeroWindow"]);
    let probe = it.say(true, 300, (201, 1), data(1));
    assert_eq!(told(&probe), ["TCP ZeroWindowProbe"]);
    let still_closed = it.say(false, 301, (1, 201), with(ACK, 0, 0));
    assert_eq!(
        told(&still_closed),
        ["TCP ZeroWindowProbeAck", "TCP ZeroWindow"]
    );
    let open = it.say(false, 400, (1, 201), with(ACK, 0, 100));
    assert_eq!(told(&open), ["TCP Window Update"]);
}

#[test]
fn bytes_since_a_push_are_counted() {
    let mut it = Dialogue::opened();
    assert_eq!(
        it.say(true, 30, (1, 1), with(ACK, 10, 60_000)).push_bytes,
        Some(10)
    );
    assert_eq!(it.say(true, 31, (11, 1), data(5)).push_bytes, Some(15));
    assert_eq!(it.say(true, 32, (16, 1), data(7)).push_bytes, Some(7));
}

#[test]
fn ports_are_used_again() {
    let mut connection = Connection::new(true);
    let syn = with(TcpFlags::SYN, 0, 1000);
    assert_eq!(
        told(&connection.segment(true, &syn)),
        ["TCP Port numbers reused"]
    );
    let next = Segment {
        seq: 1,
        ack: 1,
        ..with(ACK, 0, 1000)
    };
    assert!(told(&connection.segment(true, &next)).is_empty());
}
