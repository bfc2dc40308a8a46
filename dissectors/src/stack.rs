//! What is spoken in one conversation: recognised by content, nested as deep as it goes.
//!
//! ```text
//!   carrier (TCP or UDP)          slot 0, known to the sink
//!   └─ layer: nbss                fed in order, with the offset of each piece in the carrier's stream
//!      └─ layer: smb              fed by nbss through Output::child
//!         ├─ layer: dcerpc        one a pipe, told apart by key
//!         └─ layer: dcerpc
//! ```

mod judge;
mod layer;
mod upgrade;

use std::sync::Arc;

use crate::dissector::{BEHIND, Carrier, Input, Probe, Protocol, Sink, Slot, Speaker, Start};
use crate::event::{Act, Value};
use crate::protocols::{mixed, refused};
use crate::secrets::Secrets;
use crate::units::{PerSide, Side, Span, StreamOffset};

use self::judge::{Judgement, judge};
pub(crate) use self::layer::Children;
use self::layer::Layer;
use self::upgrade::Upgrade;

/// Bytes of both sides that are kept while it is not clear yet what is spoken.
const HELD_BYTES: usize = 4096;
/// Data pieces of an unknown stream that are probed in mid-stream, before only every sixteenth is.
const PIECES_PROBED: u32 = 64;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken.
    Taken,
    /// Not taken: the content shows that who was held for the client is the server. Turn the sides round
    /// and hand the same input in again.
    Reversed,
}

/// The conversation's layers.
pub struct Stack {
    carrier: Carrier,
    ports: PerSide<u16>,
    /// False where the roles are certain (the SYN was seen), so that content can't turn them round.
    reversible: bool,
    beginning: PerSide<bool>,
    /// See [`Probe::joined_late`].
    joined_late: bool,
    /// The server said something.
    answered: bool,
    secrets: Option<Arc<Secrets>>,
    /// What is spoken, where the caller says so.
    given: Option<&'static Protocol>,
    /// TLS that was asked for in clear.
    upgrade: Option<Box<Upgrade>>,
    state: State,
}

enum State {
    Probing { held: Vec<Held>, bytes: usize },
    Unknown { pieces: u32, said: Said },
    Known(Layer),
}

/// How the last words of the server began, and where.
#[derive(Clone, Copy, Default)]
struct Said {
    at: StreamOffset,
    len: u8,
    bytes: [u8; 15],
}

impl Said {
    fn of(at: StreamOffset, bytes: &[u8]) -> Self {
        let mut said = Self {
            at,
            ..Self::default()
        };
        for (to, from) in said.bytes.iter_mut().zip(bytes) {
            *to = *from;
            said.len += 1;
        }
        said
    }

    fn words(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl State {
    fn unknown() -> Self {
        Self::Unknown {
            pieces: 0,
            said: Said::default(),
        }
    }
}

struct Held {
    side: Side,
    at: StreamOffset,
    bytes: Vec<u8>,
}

impl Stack {
    /// A conversation of which nothing is known but its ports. `beginning`: whether the stream of each side
    /// is seen from its first byte.
    #[must_use]
    pub const fn new(
        carrier: Carrier,
        ports: PerSide<u16>,
        beginning: bool,
        reversible: bool,
    ) -> Self {
        Self {
            carrier,
            ports,
            reversible,
            beginning: PerSide {
                client: beginning,
                server: beginning,
            },
            joined_late: !beginning,
            answered: false,
            secrets: None,
            given: None,
            upgrade: None,
            state: State::Probing {
                held: Vec::new(),
                bytes: 0,
            },
        }
    }

    /// A conversation that is `protocol`, whatever its content is like. Nothing is probed, and its sides are what they are said to be.
    #[must_use]
    pub fn speaking(
        protocol: &'static Protocol,
        carrier: Carrier,
        ports: PerSide<u16>,
        beginning: bool,
    ) -> Self {
        Self {
            given: Some(protocol),
            ..Self::new(carrier, ports, beginning, false)
        }
    }

    /// With what encrypted sessions can be read with.
    #[must_use]
    pub fn with_secrets(self, secrets: Option<Arc<Secrets>>) -> Self {
        Self { secrets, ..self }
    }

    /// The same later, where more has become known.
    pub fn learn(&mut self, secrets: &Arc<Secrets>) {
        let is_known = |known: &Arc<Secrets>| Arc::ptr_eq(known, secrets);
        if self.secrets.as_ref().is_some_and(is_known) {
            return;
        }
        self.secrets = Some(Arc::clone(secrets));
        if let State::Known(layer) = &mut self.state {
            layer.learn(secrets);
        }
    }

    /// True when a protocol was recognised.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        matches!(self.state, State::Known(_))
    }

    /// True while bytes are kept until it is clear what is spoken.
    #[must_use]
    pub const fn is_probing(&self) -> bool {
        matches!(self.state, State::Probing { .. })
    }

    /// The conversation has been idle for long: gives memory back that only busy ones need.
    pub fn rest(&mut self) {
        if let State::Known(layer) = &mut self.state {
            layer.rest();
        }
    }

    /// True when it is fed datagrams.
    #[must_use]
    pub fn is_datagrams(&self) -> bool {
        self.carrier == Carrier::Datagrams
    }

    /// Takes the next input of `side`; `at` is its offset in the carrier's stream.
    pub fn handle(
        &mut self,
        side: Side,
        at: StreamOffset,
        input: Input<'_>,
        sink: &mut dyn Sink,
    ) -> Outcome {
        if let Some(protocol) = self.given {
            match &mut self.state {
                State::Known(layer) => layer.handle(side, at, input, None, sink),
                _ => self.begin(protocol, side, at, input, sink),
            }
            return Outcome::Taken;
        }
        if self.upgrade.is_some() || self.may_ask() {
            upgrade::follow(&mut self.upgrade, side, at, input, sink);
        }
        if let Input::Data(bytes) = input
            && sink.wants_fields()
            && self.is_answered_otherwise(side, bytes, sink)
        {
            let (held, bytes) = (Vec::new(), 0);
            self.state = State::Probing { held, bytes };
        }
        if let Input::Data(bytes) = input
            && at == 0
            && self.mixes_in_tls(side, bytes, sink)
        {
            return Outcome::Taken;
        }
        if let State::Known(layer) = &mut self.state {
            layer.handle(side, at, input, None, sink);
            return Outcome::Taken;
        }
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                self.probe(side, at, bytes, input, sink)
            }
            Input::Gap { .. } => {
                // What comes after a gap begins anywhere.
                self.beginning[side] = false;
                self.joined_late = true;
                self.give_up();
                if let State::Unknown { said, .. } = &mut self.state {
                    *said = Said::default();
                }
                Outcome::Taken
            }
            Input::End(_) => Outcome::Taken,
        }
    }

    /// What is spoken has no sessions, so that a client may ask for TLS in it.
    fn may_ask(&self) -> bool {
        let silent = match &self.state {
            State::Known(layer) => layer.is_silent(),
            _ => true,
        };
        silent && self.carrier == Carrier::Stream
    }

    /// One side's first words are of TLS and the other side's are not. True where nothing can be read on for that.
    fn mixes_in_tls(&self, side: Side, bytes: &[u8], sink: &mut dyn Sink) -> bool {
        let (known, slot) = match &self.state {
            State::Known(layer) => (Some(layer.protocol), layer.slot()),
            _ => (None, Slot::ROOT),
        };
        let Some(fact) = mixed(side, bytes, known) else {
            return false;
        };
        let span = Span::new(0, bytes.len() as u64);
        sink.event(slot, side, span, Act::Fact(Box::new(fact)), None);
        known.is_none() && !sink.wants_fields()
    }

    /// The first words of a server are those of another protocol, which its port is for: a client asked for the wrong one
    /// (a scanner). Fields are shown of what the server speaks, as tshark does.
    fn is_answered_otherwise(&mut self, side: Side, bytes: &[u8], sink: &dyn Sink) -> bool {
        let State::Known(layer) = &self.state else {
            return false;
        };
        if side != Side::Server || std::mem::replace(&mut self.answered, true) {
            return false;
        }
        let name = layer.protocol;
        matches!(self.judge(side, bytes, sink), Judgement::Is(protocol, Speaker::Server, _)
            if protocol.name != name && protocol.ports.contains(&self.ports.server))
    }

    fn give_up(&mut self) {
        if matches!(self.state, State::Probing { .. }) {
            self.state = State::unknown();
        }
    }

    fn probe(
        &mut self,
        side: Side,
        at: StreamOffset,
        bytes: &[u8],
        input: Input<'_>,
        sink: &mut dyn Sink,
    ) -> Outcome {
        if let State::Unknown { pieces, said } = &mut self.state {
            *pieces = pieces.saturating_add(1);
            if side == Side::Server {
                *said = Said::of(at, bytes);
            }
            if *pieces > PIECES_PROBED && *pieces % 16 != 0 {
                return Outcome::Taken;
            }
            return self.probe_piece(side, at, bytes, input, sink);
        }
        let joined = self.joined(side, bytes);
        let probed = joined.as_deref().unwrap_or(bytes);
        let mut judgement = self.judge(side, probed, sink);
        if joined.is_some() && !matches!(judgement, Judgement::Is(..)) {
            // Behind words that are none of ours a session may begin with this piece.
            let alone = self.judge(side, bytes, sink);
            if matches!(alone, Judgement::Is(_, _, true)) {
                self.give_up();
                judgement = alone;
            }
        }
        match judgement {
            Judgement::Is(protocol, speaker, _) => {
                if self.reverse(side, speaker) {
                    return Outcome::Reversed;
                }
                self.begin(protocol, side, at, input, sink);
            }
            Judgement::Wait => self.hold(side, at, bytes),
            Judgement::Nothing => {
                // One side may be opaque (a banner that is not ours) while the other tells; wait a little for it.
                let both = self.spoke(side.other());
                if both || self.carrier == Carrier::Datagrams {
                    self.give_up();
                } else {
                    self.hold(side, at, bytes);
                }
            }
        }
        Outcome::Taken
    }

    /// In mid-stream a message may begin where a piece begins.
    fn probe_piece(
        &mut self,
        side: Side,
        at: StreamOffset,
        bytes: &[u8],
        input: Input<'_>,
        sink: &mut dyn Sink,
    ) -> Outcome {
        self.beginning = PerSide {
            client: false,
            server: false,
        };
        if let Judgement::Is(protocol, speaker, begins) = self.judge(side, bytes, sink) {
            if self.reverse(side, speaker) {
                return Outcome::Reversed;
            }
            self.beginning = PerSide::new(begins, begins);
            self.begin(protocol, side, at, input, sink);
        }
        Outcome::Taken
    }

    fn judge(&self, side: Side, bytes: &[u8], sink: &dyn Sink) -> Judgement {
        let probe = Probe {
            bytes,
            beginning: self.beginning[side],
            joined_late: self.joined_late,
            side,
            ports: self.ports,
            carrier: self.carrier,
        };
        judge(&probe, sink.wants_fields())
    }

    fn reverse(&mut self, side: Side, speaker: Speaker) -> bool {
        let real = match speaker {
            Speaker::Client => Side::Client,
            Speaker::Server => Side::Server,
            Speaker::Unknown => return false,
        };
        if real == side || !self.reversible {
            return false;
        }
        // Once: content that contradicts itself must not turn the sides for ever.
        self.reversible = false;
        self.ports.swap();
        self.beginning.swap();
        self.upgrade = None;
        if let State::Probing { held, .. } = &mut self.state {
            for piece in held {
                piece.side = piece.side.other();
            }
        }
        true
    }

    fn begin(
        &mut self,
        protocol: &'static Protocol,
        side: Side,
        at: StreamOffset,
        input: Input<'_>,
        sink: &mut dyn Sink,
    ) {
        let beginning = self.beginning[Side::Client] && self.beginning[Side::Server];
        let first = match &self.state {
            State::Probing { held, .. } => held.first().map_or(at, |piece| piece.at),
            _ => at,
        };
        let begins_behind = beginning && first > 0 && self.carrier == Carrier::Stream;
        let behind = [(BEHIND, Value::Bool(true))];
        let start = Start {
            beginning,
            ports: self.ports,
            carrier: self.carrier,
            context: if begins_behind { &behind } else { &[] },
            secrets: self.secrets.as_ref(),
        };
        let said = match &self.state {
            State::Unknown { said, .. } => Some(*said),
            _ => None,
        };
        let slot = sink.open(Slot::ROOT, protocol.name, beginning, 0);
        let mut layer = Layer::new(protocol, &start, slot);
        let old = std::mem::replace(&mut self.state, State::unknown());
        if let State::Probing { held, .. } = old {
            for piece in held {
                let again = match self.carrier {
                    Carrier::Datagrams => Input::Datagram {
                        bytes: &piece.bytes,
                        wire_len: piece.bytes.len() as u64,
                    },
                    _ => Input::Data(&piece.bytes),
                };
                layer.handle(piece.side, piece.at, again, None, sink);
            }
        }
        layer.handle(side, at, input, None, sink);
        if let Some(said) = said
            && side == Side::Client
            && let Some(fact) = refused(protocol.name, said.words())
        {
            let span = Span::new(said.at, said.at + u64::from(said.len));
            sink.event(slot, Side::Server, span, Act::Fact(Box::new(fact)), None);
        }
        self.state = State::Known(layer);
    }

    fn hold(&mut self, side: Side, at: StreamOffset, bytes: &[u8]) {
        let State::Probing { held, bytes: total } = &mut self.state else {
            return;
        };
        if *total + bytes.len() > HELD_BYTES {
            self.give_up();
            return;
        }
        *total += bytes.len();
        match held.last_mut() {
            Some(last) if last.side == side && self.carrier != Carrier::Datagrams => {
                last.bytes.extend_from_slice(bytes);
            }
            _ => held.push(Held {
                side,
                at,
                bytes: bytes.to_vec(),
            }),
        }
    }

    fn spoke(&self, side: Side) -> bool {
        match &self.state {
            State::Probing { held, .. } => held.iter().any(|h| h.side == side),
            _ => true,
        }
    }

    /// All that `side` said so far with `bytes` behind it, or `None` when `bytes` are all.
    fn joined(&self, side: Side, bytes: &[u8]) -> Option<Vec<u8>> {
        let State::Probing { held, .. } = &self.state else {
            return None;
        };
        if self.carrier == Carrier::Datagrams || !held.iter().any(|h| h.side == side) {
            return None;
        }
        let mut all = Vec::with_capacity(HELD_BYTES);
        for piece in held.iter().filter(|h| h.side == side) {
            all.extend_from_slice(&piece.bytes);
        }
        all.extend_from_slice(bytes);
        Some(all)
    }
}
