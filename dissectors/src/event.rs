//! The vocabulary of what happened in a session, the same for every protocol.
//!
//! The words follow the session service of ITU-T X.215: connect, accept, refuse, negotiate,
//! authenticate, request, reply, release, abort. An event is neutral: it says what was seen, never
//! that it is wrong.

use std::fmt;

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Asked for, not yet granted.
    Connecting,
    /// Versions, dialects, contexts and options are being agreed.
    Negotiating,
    /// Who the peers are is being shown.
    Authenticating,
    /// Work can be done.
    Open,
    /// One side has asked to end it.
    Releasing,
    /// Ended as the protocol foresees.
    Closed,
    /// Ended otherwise.
    Aborted,
    /// Asked for and denied.
    Refused,
}

impl Phase {
    /// The word that reports print.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Negotiating => "negotiating",
            Self::Authenticating => "authenticating",
            Self::Open => "open",
            Self::Releasing => "releasing",
            Self::Closed => "closed",
            Self::Aborted => "aborted",
            Self::Refused => "refused",
        }
    }

    /// True where nothing more is expected.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Aborted | Self::Refused)
    }
}

/// What is asked for: an operation of the protocol, by its own number and name.
#[derive(Clone, Copy, Debug, Default, Eq, Hash)]
#[allow(
    clippy::derived_hash_with_manual_eq,
    reason = "equal ones are equal field by field, as the hash has it"
)]
pub struct Op {
    /// The protocol's own number: first, since it tells most operations apart at once.
    pub code: u32,
    /// Tells sets apart that have no name of their own: a fingerprint of their number; else 0.
    pub set: u32,
    /// What the number belongs to where one protocol has several sets: `nfs3`, `srvsvc`; else empty.
    pub group: &'static str,
    /// The field's name of the operation: `READ`, `NetrShareEnum`; empty for an unknown number.
    pub name: &'static str,
}

impl PartialEq for Op {
    /// Names come from tables: the same place is the same name, and nearly always tells.
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &'static str, b: &'static str| std::ptr::eq(a, b) || a == b;
        self.code == other.code
            && self.set == other.set
            && same(self.name, other.name)
            && same(self.group, other.group)
    }
}

impl Op {
    /// An operation of a protocol that has only one set.
    #[must_use]
    pub const fn new(name: &'static str, code: u32) -> Self {
        Self::of("", name, code)
    }

    /// An operation of a named set.
    #[must_use]
    pub const fn of(group: &'static str, name: &'static str, code: u32) -> Self {
        Self {
            code,
            set: 0,
            group,
            name,
        }
    }

    /// An operation of a set that has no name, told apart by a fingerprint of what its number is.
    #[must_use]
    pub const fn of_set(self, set: u32) -> Self {
        Self { set, ..self }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.group, self.name) {
            ("", "") => write!(f, "operation {}", self.code),
            ("", name) => f.write_str(name),
            (group, "") => write!(f, "{group} operation {}", self.code),
            (group, name) => write!(f, "{group} {name}"),
        }
    }
}

/// How a request was answered: the protocol's own number with its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status {
    /// The protocol's own number: an NTSTATUS, an `accept_stat`, an HTTP status.
    pub code: u32,
    /// Its name, `STATUS_ACCESS_DENIED`; empty where it is unknown or plain success.
    pub name: &'static str,
    /// True when the answer says that the request was not carried out.
    pub failed: bool,
}

impl Status {
    /// Success, with nothing to say about it.
    pub const OK: Self = Self {
        code: 0,
        name: "",
        failed: false,
    };

    /// A success that carries a number.
    #[must_use]
    pub const fn ok(code: u32, name: &'static str) -> Self {
        Self {
            code,
            name,
            failed: false,
        }
    }

    /// A failure.
    #[must_use]
    pub const fn failure(code: u32, name: &'static str) -> Self {
        Self {
            code,
            name,
            failed: true,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name, self.code) {
            ("", 0) if !self.failed => f.write_str("ok"),
            ("", code) if code > 0xFFFF => write!(f, "0x{code:08x}"),
            ("", code) => write!(f, "{code}"),
            (name, _) => f.write_str(name),
        }
    }
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// An answer, soon.
    Answer,
    /// No answer, by design: one-way and batched calls, CANCEL.
    Nothing,
    /// An answer that may come after hours, by design; the text says why ("CHANGE_NOTIFY waits for a change").
    LongWait(&'static str),
}

/// A value in a session's details or in a fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Int(i64),
    /// A yes or no.
    Bool(bool),
    /// A text that stands in this program.
    Name(&'static str),
    /// A text from the wire, already made printable.
    Text(String),
    /// Several values.
    List(Vec<Self>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Name(s) => f.write_str(s),
            Self::Text(s) => f.write_str(s),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}
impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}
impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Int(i64::from(n))
    }
}
impl From<u16> for Value {
    fn from(n: u16) -> Self {
        Self::Int(i64::from(n))
    }
}
impl From<u8> for Value {
    fn from(n: u8) -> Self {
        Self::Int(i64::from(n))
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<&'static str> for Value {
    fn from(s: &'static str) -> Self {
        Self::Name(s)
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

/// Something specific to a protocol that a rule may want to know: neutral, named, with its values.
///
/// Facts are for what is out of the ordinary or happens a few times in a session; ordinary messages
/// are requests, replies and messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// `protocol.what`, for example `ws.masked-by-server`; each is listed in its protocol's `mod.rs`.
    pub name: &'static str,
    /// The open exchange that it belongs to, so that evidence can name the request too.
    pub exchange: Option<u64>,
    /// Its values by name.
    pub values: Vec<(&'static str, Value)>,
    /// It is told when it ends, and its place is where it began: only worth keeping where it took long.
    pub lasted: bool,
}

impl Fact {
    /// A fact without values.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            exchange: None,
            values: Vec::new(),
            lasted: false,
        }
    }

    /// As something that began in its place and ends now.
    #[must_use]
    pub const fn that_lasted(mut self) -> Self {
        self.lasted = true;
        self
    }

    /// With one value more.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.values.push((key, value.into()));
        self
    }

    /// As part of an exchange that is open at this moment.
    #[must_use]
    pub const fn in_exchange(mut self, id: u64) -> Self {
        self.exchange = Some(id);
        self
    }
}

impl Act {
    /// An interim answer after which the final one may take as long as it likes.
    #[must_use]
    pub const fn interim(id: u64) -> Self {
        Self::Interim {
            id,
            by_design: true,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The session enters a phase.
    Phase(Phase),
    /// Something was asked for. `id` pairs it with its answer: unique among the open exchanges of the session.
    Request {
        /// The protocol's own id (xid, MessageId, call_id, a counter where order pairs).
        id: u64,
        /// What is asked.
        op: Op,
        /// What is waited for.
        expect: Expect,
        /// [`digest`] of the message, to tell a repeated request from a reused id; 0 where it can't be told.
        digest: u32,
    },
    /// An interim answer: the peer has the request and is at work (SMB2 STATUS_PENDING, HTTP 100).
    Interim {
        /// Of which request.
        id: u64,
        /// It may take as long as it likes.
        by_design: bool,
    },
    /// A sign of life that its sender gives by itself, beside the message that shows it, which is told too.
    Beat,
    /// The answer.
    Reply {
        /// Of which request.
        id: u64,
        /// How it went.
        status: Status,
    },
    /// The requester gives the request up. An answer may still come.
    Cancel {
        /// Of which request.
        id: u64,
    },
    /// A message that asks nothing and answers nothing: data, keep-alive, control.
    Message {
        /// What kind of message.
        op: Op,
    },
    /// A fact for the rules.
    Fact(Box<Fact>),
    /// Something to know of the session as a whole; the last value of a key stays.
    Detail {
        /// The key in the report's `details`.
        key: &'static str,
        /// The value.
        value: Value,
    },
    /// A message is not what its protocol says; reading goes on at the next one that can be found.
    Malformed {
        /// What is wrong with it, in words: "length below the header's own".
        what: &'static str,
    },
    /// A message began, and its end has not come when the stream ended, broke off or was given up.
    Incomplete {
        /// What kind of message, as far as its head tells.
        op: Op,
        /// Bytes that its header promised, header included.
        expected: u64,
        /// Bytes that came.
        present: u64,
    },
    /// From here on the content is encrypted: only sizes and times are known (guard T8).
    Encrypted,
    /// Bytes could not be followed: skipped up to the next message that was found.
    Skipped {
        /// How many.
        bytes: u64,
    },
    /// A bound was reached, and something was dropped.
    Limit {
        /// What was dropped.
        what: &'static str,
    },
}

/// A cheap fingerprint of a message: its length and up to 64 bytes of it. Never 0.
#[must_use]
pub fn digest(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32 ^ bytes.len() as u32;
    let mut add = |word: [u8; 4]| {
        hash = (hash ^ u32::from_le_bytes(word))
            .wrapping_mul(0x0100_0193)
            .rotate_left(5);
    };
    let (words, rest) = bytes.get(..64).unwrap_or(bytes).as_chunks::<4>();
    for word in words {
        add(*word);
    }
    if !rest.is_empty() {
        let mut last = [0; 4];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        add(last);
    }
    hash | 1
}
