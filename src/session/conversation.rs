//! One TCP connection or UDP conversation while it runs: transport, dissectors and sessions together.

use std::sync::Arc;

use colloquy_dissectors::dissector::{Carrier, End, Input};
use colloquy_dissectors::event::Phase;
use colloquy_dissectors::protocols::PROTOCOLS;
use colloquy_dissectors::secrets::Secrets;
use colloquy_dissectors::stack::{Outcome, Stack};
use colloquy_dissectors::units::{PerSide, Side, Stamp, StreamOffset, Timestamp};
use thin_vec::ThinVec;

use super::carrier::{end_inner, tcp_carrier};
use super::ledger::Ledger;
use super::model::{Endpoint, Flow, Roles, Session, Transport};
use super::told::{Dialogue, Record};
use super::tracker::Tracker;
use crate::limits;
use crate::stream::facts::{Copies, IcmpError, TcpFacts};
use crate::stream::rare::Rare;
use crate::stream::tcp::{Receiver, Segment, Tcp, flags};

/// A conversation's identity, as the one who numbers conversations knows it.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Its number among all.
    pub index: u32,
    /// tshark's stream number.
    pub stream: u32,
    /// What carries it.
    pub transport: Transport,
    /// Who sent its first frame.
    pub first_sender: Endpoint,
    /// To whom.
    pub first_receiver: Endpoint,
    /// Another conversation had the same ends before.
    pub reused: bool,
    /// The messages are to be written down.
    pub tell: bool,
}

/// A UDP datagram as a conversation needs it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Where.
    pub stamp: Stamp,
    /// IP identification, 0 where there is none.
    pub ip_id: u32,
    /// Captured bytes.
    pub payload: &'a [u8],
    /// Bytes on the wire.
    pub wire_len: u32,
}

/// A conversation that runs.
pub struct Conversation {
    head: Head,
    /// When it ended, as far as that is known.
    ended: Option<Stamp>,
    rested: bool,
    transport: Running,
    ears: Ears,
}

/// What is known of a conversation whatever it carries.
#[derive(Clone, Copy)]
struct Head {
    opening: Opening,
    /// The first frame's sender is the client.
    sender_is_client: bool,
    roles: Roles,
    frames: u64,
    first: Stamp,
    last: Stamp,
}

enum Running {
    Tcp(Box<Tcp>),
    Udp(Box<Udp>),
}

#[derive(Default)]
struct Udp {
    offsets: PerSide<StreamOffset>,
    datagrams: PerSide<u64>,
    recent: [(i64, u32, u32, bool); 4],
    recent_at: usize,
    copies: Rare<Copies>,
    icmp: ThinVec<IcmpError>,
}

/// Hands what the transport delivers to the dissectors, and what they say to the tracker.
struct Ears {
    stack: Stack,
    tracker: Tracker,
    /// The content turned the sides round while the transport still holds to the old ones.
    turned: bool,
    /// The bytes, when they are to be shown.
    record: Option<Record>,
}

impl Receiver for Ears {
    fn unseen(&mut self, side: Side) {
        let side = if self.turned { side.other() } else { side };
        self.tracker.unseen(side);
    }

    fn deliver(&mut self, side: Side, at: StreamOffset, stamp: Stamp, input: Input<'_>) {
        let side = if self.turned { side.other() } else { side };
        self.tracker.place(side, at, stamp);
        if let Some(record) = &mut self.record {
            record.take(side, at, stamp, input);
        }
        if let Input::Gap { len } = input {
            self.tracker.missing(side, len);
        }
        if self.stack.handle(side, at, input, &mut self.tracker) == Outcome::Reversed {
            self.tracker.swap();
            self.turned = !self.turned;
            if let Some(record) = &mut self.record {
                record.swap();
            }
            self.stack
                .handle(side.other(), at, input, &mut self.tracker);
        }
    }
}

impl Conversation {
    /// Begins with its first frame, of which only what tells the roles is looked at.
    pub fn new(opening: Opening, stamp: Stamp, tcp_flags: u16) -> Self {
        let (sender_is_client, roles) = first_roles(&opening, tcp_flags);
        let (client, server) = if sender_is_client {
            (opening.first_sender, opening.first_receiver)
        } else {
            (opening.first_receiver, opening.first_sender)
        };
        let ports = PerSide::new(client.port, server.port);
        let (carrier, transport) = match opening.transport {
            Transport::Tcp => (Carrier::Stream, Running::Tcp(Box::default())),
            Transport::Udp => (Carrier::Datagrams, Running::Udp(Box::default())),
        };
        let beginning = roles == Roles::Seen || opening.transport == Transport::Udp;
        let stack = Stack::new(carrier, ports, beginning, roles != Roles::Seen);
        let tracker = Tracker::new(opening.transport.name(), stamp, opening.tell);
        Self {
            head: Head {
                opening,
                sender_is_client,
                roles,
                frames: 0,
                first: stamp,
                last: stamp,
            },
            ended: None,
            rested: false,
            transport,
            ears: Ears {
                stack,
                tracker,
                turned: false,
                record: opening.tell.then(Record::default),
            },
        }
    }

    /// TLS secrets, all that are known by now.
    pub(crate) fn learn(&mut self, secrets: &Arc<Secrets>) {
        self.ears.stack.learn(secrets);
    }

    /// Takes a segment. `from_first`: from the address that sent the first frame.
    pub fn segment(&mut self, from_first: bool, segment: &Segment<'_>) {
        self.note(segment.stamp);
        let side = self.side(from_first);
        if let Running::Tcp(tcp) = &mut self.transport {
            tcp.segment(side, segment, &mut self.ears);
            let facts = &tcp.facts;
            if !self.ears.turned {
                let peer = &facts.sides[side.other()];
                let acked = || peer.stream_bytes.saturating_sub(peer.unacked);
                let tracker = &mut self.ears.tracker;
                tracker.acknowledged(side.other(), acked, segment.stamp);
                let arrived = peer.stalls.arrived.as_ref();
                if let Some(arrived) = arrived.filter(|a| a.acked == segment.stamp) {
                    tracker.arrived_late(side.other(), arrived);
                }
            }
            let may_end = segment.flags & (flags::FIN | flags::RST) != 0;
            if may_end || self.ended.is_some() || facts.reset().is_some() {
                self.ended = facts.end();
            }
            if std::mem::take(&mut self.ears.turned) {
                tcp.swap();
                self.turn();
            }
        }
    }

    /// Takes a datagram.
    pub fn datagram(&mut self, from_first: bool, datagram: &Datagram<'_>) {
        self.note(datagram.stamp);
        let side = self.side(from_first);
        let Running::Udp(udp) = &mut self.transport else {
            return;
        };
        if udp.is_copy(from_first, datagram) {
            return;
        }
        udp.datagrams[side] += 1;
        let at = udp.offsets[side];
        udp.offsets[side] += datagram.payload.len() as u64;
        if let Some(carrier) = self.ears.tracker.carrier() {
            carrier.messages[side] += 1;
            carrier.bytes[side] += u64::from(datagram.wire_len);
        }
        let input = Input::Datagram {
            bytes: datagram.payload,
            wire_len: u64::from(datagram.wire_len),
        };
        self.ears.deliver(side, at, datagram.stamp, input);
        if std::mem::take(&mut self.ears.turned) {
            if let Running::Udp(udp) = &mut self.transport {
                udp.offsets.swap();
                udp.datagrams.swap();
                for error in &mut udp.icmp {
                    error.about = error.about.other();
                }
            }
            self.turn();
        }
    }

    /// Takes an ICMP error that quotes a packet of this conversation, sent by `from_first`.
    pub fn icmp(&mut self, from_first: bool, mut error: IcmpError) {
        error.about = self.side(from_first);
        self.note(error.stamp);
        let errors = match &mut self.transport {
            Running::Tcp(tcp) => &mut tcp.facts.icmp,
            Running::Udp(udp) => &mut udp.icmp,
        };
        if errors.len() < limits::EXAMPLES {
            errors.push(error);
        }
    }

    /// A frame of it that cannot be used (its headers were cut).
    pub fn note(&mut self, stamp: Stamp) {
        // By its own time, so that it does not matter whether a sweep came by before.
        self.rest(stamp.time);
        self.rested = false;
        self.head.frames += 1;
        self.head.last = self.head.last.max(stamp);
    }

    /// Keeps less when it has been silent for long.
    pub fn rest(&mut self, now: Timestamp) {
        if !self.rested && now.nanos_since(self.head.last.time) > limits::REST_NANOS {
            self.rested = true;
            self.ears.tracker.rest();
            self.ears.stack.rest();
        }
    }

    /// When it ended, if it did.
    pub fn ended(&self) -> Option<Stamp> {
        self.ended
    }

    /// Bytes that wait out of order.
    pub fn waiting_bytes(&self) -> usize {
        match &self.transport {
            Running::Tcp(tcp) => tcp.waiting_bytes(),
            Running::Udp(_) => 0,
        }
    }

    /// Lends it a ledger, or takes it back: see [`Ledger`].
    pub(crate) fn swap_ledger(&mut self, ledger: &mut Option<Box<Ledger>>) {
        std::mem::swap(&mut self.ears.tracker.ledger, ledger);
    }

    /// Who is the server, as far as that is known.
    pub(crate) fn server(&self) -> Endpoint {
        self.head.ends().1
    }

    /// Ends it, and writes down what became of the requests that this answers.
    pub(crate) fn finish_with(mut self, ledger: &mut Option<Box<Ledger>>) -> Flow {
        self.swap_ledger(ledger);
        self.end();
        self.swap_ledger(ledger);
        self.into_flow()
    }

    /// Ends it.
    pub fn finish(mut self) -> Flow {
        self.end();
        self.into_flow()
    }

    fn into_flow(self) -> Flow {
        let facts = match self.transport {
            Running::Tcp(tcp) => Facts::Tcp(tcp.facts),
            Running::Udp(udp) => Facts::Udp(udp.copies, udp.icmp),
        };
        self.head.flow(self.ears.tracker.sessions, facts)
    }

    /// Ends it, with all that was written down of its messages.
    pub fn finish_telling(mut self) -> Dialogue {
        self.end();
        let told = self.ears.tracker.take_told();
        let flow = self.snapshot();
        let Record { pieces, cut, .. } = self.ears.record.take().unwrap_or_default();
        let cut = cut || told.cut || told.messages.len() >= limits::DIALOGUE_MESSAGES;
        Dialogue {
            flow,
            messages: told.messages,
            pieces,
            opened: told.opened,
            cut,
        }
    }

    fn end(&mut self) {
        match &mut self.transport {
            Running::Tcp(tcp) => {
                tcp.finish(&mut self.ears);
                if std::mem::take(&mut self.ears.turned) {
                    tcp.swap();
                    self.turn();
                }
            }
            Running::Udp(udp) => {
                for side in Side::BOTH {
                    self.ears.deliver(
                        side,
                        udp.offsets[side],
                        self.head.last,
                        Input::End(End::CaptureStopped),
                    );
                }
            }
        }
        self.ears.tracker.settle();
    }

    /// It as it stands now, while it runs on.
    pub fn snapshot(&self) -> Flow {
        let facts = match &self.transport {
            Running::Tcp(tcp) => Facts::Tcp(tcp.facts.clone()),
            Running::Udp(udp) => Facts::Udp(udp.copies.clone(), udp.icmp.clone()),
        };
        self.head.flow(self.ears.tracker.snapshot(), facts)
    }

    fn side(&self, from_first: bool) -> Side {
        if from_first == self.head.sender_is_client {
            Side::Client
        } else {
            Side::Server
        }
    }

    fn turn(&mut self) {
        self.head.sender_is_client = !self.head.sender_is_client;
        self.head.roles = Roles::Told;
    }
}

/// What its carrier shows.
enum Facts {
    Tcp(Box<TcpFacts>),
    Udp(Rare<Copies>, ThinVec<IcmpError>),
}

impl Head {
    /// The client and the server.
    fn ends(&self) -> (Endpoint, Endpoint) {
        let Opening {
            first_sender,
            first_receiver,
            ..
        } = self.opening;
        if self.sender_is_client {
            (first_sender, first_receiver)
        } else {
            (first_receiver, first_sender)
        }
    }

    fn flow(self, mut sessions: Vec<Session>, facts: Facts) -> Flow {
        let (client, server) = self.ends();
        let (tcp, (udp_copies, icmp)) = match facts {
            Facts::Tcp(tcp) => (Some(tcp), Default::default()),
            Facts::Udp(copies, icmp) => (None, (copies, icmp)),
        };
        if let Some(carrier) = sessions.first_mut() {
            carrier.first = self.first;
            carrier.last = self.last;
            match &tcp {
                Some(facts) => tcp_carrier(carrier, facts),
                None => carrier.phase = Phase::Open,
            }
        }
        if let Some(facts) = &tcp {
            end_inner(&mut sessions, facts);
        }
        Flow {
            index: self.opening.index,
            stream: self.opening.stream,
            transport: self.opening.transport,
            client,
            server,
            roles: self.roles,
            reused: self.opening.reused,
            tcp,
            udp_copies,
            icmp,
            frames: self.frames,
            first: self.first,
            last: self.last,
            sessions,
        }
    }
}

impl Udp {
    fn is_copy(&mut self, from_first: bool, datagram: &Datagram<'_>) -> bool {
        let now = datagram.stamp.time.nanos();
        let digest = colloquy_dissectors::event::digest(datagram.payload);
        let same = |r: &&(i64, u32, u32, bool)| {
            r.1 == datagram.ip_id
                && r.2 == digest
                && r.3 == from_first
                && (0..1_500_000).contains(&now.saturating_sub(r.0))
        };
        let original = self.recent.iter().find(same).map(|r| r.0);
        if let Some(original) = original.filter(|_| datagram.ip_id != 0) {
            let copies = &mut self.copies;
            copies.count += 1;
            copies.longest_nanos = copies.longest_nanos.max(now.saturating_sub(original));
            copies.first.get_or_insert(datagram.stamp);
            return true;
        }
        self.recent_at = (self.recent_at + 1) % self.recent.len();
        if let Some(slot) = self.recent.get_mut(self.recent_at) {
            *slot = (now, datagram.ip_id, digest, from_first);
        }
        false
    }
}

/// Who is the client, as far as the first frame tells.
pub(crate) fn first_roles(opening: &Opening, tcp_flags: u16) -> (bool, Roles) {
    if opening.transport == Transport::Tcp && tcp_flags & flags::SYN != 0 {
        return (tcp_flags & flags::ACK == 0, Roles::Seen);
    }
    let (from, to) = (opening.first_sender.port, opening.first_receiver.port);
    // Protocols without sessions have no say.
    let known = |port: u16| {
        let mut protocols = PROTOCOLS.iter().filter(|p| !p.sessions.is_empty());
        protocols.any(|p| p.ports.contains(&port))
    };
    let sender_is_client = match (known(from), known(to)) {
        (true, false) => false,
        (false, true) => true,
        // Well-known below registered below ephemeral; equal ones leave it to who spoke first.
        _ => class(from) >= class(to),
    };
    (sender_is_client, Roles::Guessed)
}

fn class(port: u16) -> u8 {
    match port {
        0..=1023 => 0,
        1024..=32767 => 1,
        _ => 2,
    }
}
