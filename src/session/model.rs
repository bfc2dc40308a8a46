//! A session and the conversation that carries it, as plain data.

use std::net::IpAddr;

use colloquy_dissectors::event::{Fact, Op, Phase, Value};
use colloquy_dissectors::units::{PerSide, Side, Stamp};
use serde::Serialize;
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::exchange::Open;
use super::times::Times;
use super::troubles::Troubles;
use crate::stream::facts::{Copies, IcmpError, TcpFacts};
use crate::stream::rare::Rare;

/// What carries a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// `tcp` or `udp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// IP address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.address {
            IpAddr::V4(a) => write!(f, "{a}:{}", self.port),
            IpAddr::V6(a) => write!(f, "[{a}]:{}", self.port),
        }
    }
}

/// A session's condition at the end of the capture, or now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Asked for, not granted yet, still within its time.
    Connecting,
    /// At work.
    Open,
    /// Somebody waits longer than is reasonable.
    Stuck,
    /// One side has closed, the other not yet.
    Releasing,
    /// Ended in order.
    Closed,
    /// Ended otherwise.
    Aborted,
    /// Asked for and denied.
    Refused,
}

impl State {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Stuck => "stuck",
            Self::Releasing => "releasing",
            Self::Closed => "closed",
            Self::Aborted => "aborted",
            Self::Refused => "refused",
        }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Connecting,
        Self::Open,
        Self::Stuck,
        Self::Releasing,
        Self::Closed,
        Self::Aborted,
        Self::Refused,
    ];
}

/// A change of phase.
#[derive(Clone, Copy, Debug)]
pub struct PhaseChange {
    /// Into which.
    pub phase: Phase,
    /// Where.
    pub stamp: Stamp,
    /// By whose message.
    pub side: Side,
}

/// A fact with its place.
#[derive(Clone, Debug)]
pub struct SeenFact {
    /// The fact.
    pub fact: Fact,
    /// Whose bytes show it.
    pub side: Side,
    /// Where these bytes begin.
    pub began: Stamp,
    /// Where they end.
    pub stamp: Stamp,
    /// The request of the exchange it belongs to.
    pub request: Option<Stamp>,
    /// Where it ended, of one that took time.
    pub ended: Option<Stamp>,
}

impl SeenFact {
    /// A value by name.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.fact
            .values
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v)
    }

    /// A number by name.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.value(key)? {
            Value::Int(n) => Some(*n),
            Value::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// A text by name; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        match self.value(key) {
            Some(Value::Text(s)) => s,
            Some(Value::Name(s)) => s,
            _ => "",
        }
    }

    /// A yes or no by name; no where there is none.
    pub fn is(&self, key: &str) -> bool {
        matches!(self.value(key), Some(Value::Bool(true)))
    }
}

/// The last complete message of a side.
#[derive(Clone, Copy, Debug)]
pub struct LastMessage {
    /// What it was.
    pub op: Op,
    /// Where it ended.
    pub stamp: Stamp,
    /// What part it plays.
    pub part: Part,
}

/// The part of a message in the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It asks.
    Request,
    /// It answers for the time being.
    Interim,
    /// It answers.
    Reply,
    /// Neither.
    Message,
}

/// Counts of requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestCounts {
    /// Asked, without those that expect no answer.
    pub sent: u64,
    /// Finally answered, failures included.
    pub answered: u64,
    /// Of those, answered with a failure.
    pub failed: u64,
    /// Expecting no answer by design.
    pub one_way: u64,
    /// Let go unanswered because a bound was reached.
    pub let_go: u64,
}

/// A verdict that a rule could not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotTell {
    /// Which rule.
    pub rule: &'static str,
    /// Which guard of the findings' list forbids it.
    pub guard: &'static str,
    /// Why, in words.
    pub why: String,
}

/// Times of one operation in one session.
#[derive(Clone, Debug)]
pub struct OpTimes {
    /// The operation.
    pub op: Op,
    /// Its response times.
    pub times: Times,
    /// Answered with a failure.
    pub failed: u64,
}

/// Response times of a session in short, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResponseTime {
    /// Half of the answers came within this.
    pub median: f64,
    /// 95 of 100 answers came within this.
    pub p95: f64,
    /// The slowest.
    pub max: f64,
}

impl ResponseTime {
    fn of(times: &Times) -> Option<Self> {
        let [median, p95] = times.quantiles([0.5, 0.95])?;
        Some(Self {
            median,
            p95,
            max: times.max(),
        })
    }
}

/// One conversation with a lifecycle, at one layer. A capture has very many, most of them without trouble: what few have
/// is kept in `ThinVec`, a word each while empty.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its place within its flow: 0 is the carrier.
    pub index: u32,
    /// Its parent's place within the flow.
    pub parent: Option<u32>,
    /// Its protocol's name in reports.
    pub protocol: &'static str,
    /// Tells several of one protocol apart.
    pub key: u64,
    /// Its establishment was not captured (guard T1).
    pub began_before_capture: bool,
    /// Its first frame.
    pub first: Stamp,
    /// Its last frame.
    pub last: Stamp,
    /// Phase changes, the first ones.
    pub phases: SmallVec<[PhaseChange; 4]>,
    /// The phase it is in.
    pub phase: Phase,
    /// Messages a side.
    pub messages: PerSide<u64>,
    /// Bytes of its messages a side.
    pub bytes: PerSide<u64>,
    /// Requests.
    pub requests: RequestCounts,
    /// Requests without a final answer.
    pub open: ThinVec<Open>,
    /// Times by operation.
    pub operations: ThinVec<OpTimes>,
    /// What went otherwise than it should.
    pub troubles: Rare<Troubles>,
    /// Facts of its protocol.
    pub facts: ThinVec<SeenFact>,
    /// From where on its content is encrypted (guard T8).
    pub encrypted: Option<Stamp>,
    /// Bytes that were never captured, while this session ran.
    pub missing: PerSide<u64>,
    /// The last complete message of each side.
    pub last_message: PerSide<Option<LastMessage>>,
    /// What the protocol tells of it.
    pub details: ThinVec<(&'static str, Value)>,
}

impl Session {
    /// A session first seen at `first`.
    pub fn new(index: u32, parent: Option<u32>, protocol: &'static str, first: Stamp) -> Self {
        Self {
            index,
            parent,
            protocol,
            key: 0,
            began_before_capture: false,
            first,
            last: first,
            phases: SmallVec::new(),
            phase: Phase::Open,
            messages: PerSide::default(),
            bytes: PerSide::default(),
            requests: RequestCounts::default(),
            open: ThinVec::new(),
            operations: ThinVec::new(),
            troubles: Rare::default(),
            facts: ThinVec::new(),
            encrypted: None,
            missing: PerSide::default(),
            last_message: PerSide::default(),
            details: ThinVec::new(),
        }
    }

    /// The facts of one name.
    pub fn facts_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SeenFact> + 'a {
        self.facts.iter().filter(move |f| f.fact.name == name)
    }

    /// The first fact of one name.
    pub fn fact(&self, name: &str) -> Option<&SeenFact> {
        self.facts.iter().find(|f| f.fact.name == name)
    }

    /// A value of the details.
    pub fn detail(&self, key: &str) -> Option<&Value> {
        self.details.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// When it entered `phase` first.
    pub fn entered(&self, phase: Phase) -> Option<PhaseChange> {
        self.phases.iter().find(|p| p.phase == phase).copied()
    }

    /// Response times of all operations in short.
    pub fn response_time(&self) -> Option<ResponseTime> {
        if let [only] = self.operations.as_slice() {
            return ResponseTime::of(&only.times);
        }
        let mut all = Times::default();
        for operation in &self.operations {
            all.merge(&operation.times);
        }
        ResponseTime::of(&all)
    }

    /// The last complete message of either side.
    pub fn last_said(&self) -> Option<(Side, LastMessage)> {
        Side::BOTH
            .iter()
            .filter_map(|s| self.last_message[*s].map(|m| (*s, m)))
            .max_by_key(|(_, m)| m.stamp)
    }
}

/// One TCP connection or UDP conversation with all the sessions in it.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its number among all conversations, in the order of first frames.
    pub index: u32,
    /// tshark's `tcp.stream` or `udp.stream`.
    pub stream: u32,
    /// What carries it.
    pub transport: Transport,
    /// Who opened it.
    pub client: Endpoint,
    /// Who was called.
    pub server: Endpoint,
    /// The roles were seen (SYN), told by content, or only guessed.
    pub roles: Roles,
    /// Another conversation had the same ends before.
    pub reused: bool,
    /// TCP's facts.
    pub tcp: Option<Box<TcpFacts>>,
    /// Datagrams that came twice, for UDP; for TCP see [`Flow::copies`].
    pub udp_copies: Rare<Copies>,
    /// ICMP errors that quote it, for UDP.
    pub icmp: ThinVec<IcmpError>,
    /// Frames in all.
    pub frames: u64,
    /// The first frame.
    pub first: Stamp,
    /// The last frame.
    pub last: Stamp,
    /// The sessions: the carrier first, parents before children.
    pub sessions: Vec<Session>,
}

/// How it is known who is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// The SYN or SYN-ACK was seen.
    Seen,
    /// The content tells.
    Told,
    /// By port numbers and who spoke first.
    Guessed,
}

impl Flow {
    /// Frames that came twice because the capture copied them (guard T6).
    pub fn copies(&self) -> Copies {
        *self
            .tcp
            .as_deref()
            .map_or(&*self.udp_copies, |t| &*t.copies)
    }

    /// The end at which `side` sits.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// The sessions directly within `session`.
    pub fn children<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = &'a Session> + 'a {
        self.sessions
            .iter()
            .filter(move |s| s.parent == Some(session.index) && s.index != session.index)
    }

    /// The session that `session` is in.
    pub fn parent(&self, session: &Session) -> Option<&Session> {
        self.sessions.get(session.parent? as usize)
    }
}
