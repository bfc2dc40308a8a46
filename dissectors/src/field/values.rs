//! The values of one message or one frame.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{FieldId, Name, Pair};

/// Values that one message may give; what goes beyond is left out and [`Values::is_cut`] says so.
const VALUES: usize = 1 << 16;
/// Bytes of text and of byte strings that one message may give.
const BYTES: usize = 1 << 22;

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of a protocol or a flag: it is there.
    Present,
    /// True or false.
    Bool(bool),
    /// A number without a sign; of a frame its number.
    Uint(u64),
    /// A number with a sign.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// The bytes of a protocol: how many of them are its own, with those behind it that it carries.
    Contents(u32, &'a [u8]),
    /// A hardware address.
    Ether([u8; 6]),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// A UUID, its bytes in the order in which it is written.
    Guid([u8; 16]),
    /// A moment: nanoseconds since 1970.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
}

#[derive(Clone, Copy, Debug)]
enum Stored {
    Present,
    Bool(bool),
    Uint(u64),
    Int(i64),
    Double(f64),
    Text(u32, u32),
    Bytes(u32, u32),
    Contents(u32, u32, u32),
    Ether([u8; 6]),
    Ipv4(Ipv4Addr),
    Ipv6(u32),
    Guid(u32),
    Time(i64),
    Duration(i64),
}

/// A value with its field and its place in the message.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The field.
    pub id: FieldId,
    /// The value.
    pub value: Value<'a>,
    /// Branches that it stands in.
    pub depth: u8,
    /// Its first byte, from the start of the message (of the frame for its headers).
    pub at: u32,
    /// Its bytes; 0 for what was computed.
    pub len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    id: FieldId,
    depth: u8,
    at: u32,
    len: u32,
    stored: Stored,
}

/// What a message is to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its request.
    Request,
    /// A further part of its request, whose first part counts.
    Part,
    /// Its reply, or a part of it.
    Reply,
    /// It says that the reply is still to come.
    Interim,
    /// The reply to the last request before it, if that has none yet; there is no key.
    Answer,
}

/// What a message is to an exchange, see [`Pair`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Of which kind.
    pub pair: &'static Pair,
    /// By what the two are paired.
    pub key: u64,
    /// What it is to the exchange.
    pub role: Role,
}

/// What a message says or shows of a [`Name`].
#[derive(Clone, Debug)]
pub struct Said {
    /// Of which kind.
    pub of: &'static Name,
    /// By what it is known.
    pub key: u64,
    /// What is said; `None` where it is only shown.
    pub said: Option<(Box<str>, u64)>,
}

/// Values in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub struct Values {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    names: Vec<Said>,
    cut: bool,
}

impl Values {
    /// Adds one.
    pub fn push(&mut self, entry: Entry<'_>) {
        if self.slots.len() >= VALUES {
            self.cut = true;
            return;
        }
        let stored = match entry.value {
            Value::Present => Stored::Present,
            Value::Bool(b) => Stored::Bool(b),
            Value::Uint(n) => Stored::Uint(n),
            Value::Int(n) => Stored::Int(n),
            Value::Double(n) => Stored::Double(n),
            Value::Text(text) => match self.keep(text.as_bytes()) {
                Some((at, len)) => Stored::Text(at, len),
                None => return,
            },
            Value::Bytes(bytes) => match self.keep(bytes) {
                Some((at, len)) => Stored::Bytes(at, len),
                None => return,
            },
            Value::Contents(own, bytes) => match self.keep(bytes) {
                Some((at, len)) => Stored::Contents(own, at, len),
                None => Stored::Present,
            },
            Value::Ether(mac) => Stored::Ether(mac),
            Value::Ipv4(ip) => Stored::Ipv4(ip),
            Value::Ipv6(ip) => match self.keep(&ip.octets()) {
                Some((at, _)) => Stored::Ipv6(at),
                None => return,
            },
            Value::Guid(guid) => match self.keep(&guid) {
                Some((at, _)) => Stored::Guid(at),
                None => return,
            },
            Value::Time(n) => Stored::Time(n),
            Value::Duration(n) => Stored::Duration(n),
        };
        self.slots.push(Slot {
            id: entry.id,
            depth: entry.depth,
            at: entry.at,
            len: entry.len,
            stored,
        });
    }

    fn keep(&mut self, bytes: &[u8]) -> Option<(u32, u32)> {
        if self.bytes.len() + bytes.len() > BYTES {
            self.cut = true;
            return None;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Some((at, bytes.len() as u32))
    }

    /// Says what the message is to an exchange.
    pub fn mark(&mut self, mark: Mark) {
        if self.marks.len() < VALUES {
            self.marks.push(mark);
        }
    }

    /// What the message is to exchanges.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Says what a name stands for, or that it is to be shown.
    pub fn name(&mut self, said: Said) {
        if self.names.len() < VALUES {
            self.names.push(said);
        }
    }

    /// What the message says and shows of names.
    #[must_use]
    pub fn names(&self) -> &[Said] {
        &self.names
    }

    /// Forgets all, keeps the room.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.bytes.clear();
        self.marks.clear();
        self.names.clear();
        self.cut = false;
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// True without a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// True when values were left out because a bound was reached.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.slots.iter().map(|slot| self.entry(slot))
    }

    /// Those of one field, in order.
    pub fn of(&self, id: FieldId) -> impl Iterator<Item = Value<'_>> {
        self.slots
            .iter()
            .filter(move |slot| slot.id == id)
            .map(|slot| self.entry(slot).value)
    }

    /// Changes the last value of a field to `text`.
    pub fn set_text(&mut self, id: FieldId, text: &str) {
        let place = self.slots.iter().rposition(|slot| slot.id == id);
        if let Some(place) = place
            && let Some((at, len)) = self.keep(text.as_bytes())
            && let Some(slot) = self.slots.get_mut(place)
        {
            slot.stored = Stored::Text(at, len);
        }
    }

    /// Gives protocols that are merely there their bytes, where `bytes` knows them by the protocol, place and length: how many
    /// are its own, and all.
    pub fn fill<'b>(
        &mut self,
        protocols: &[FieldId],
        mut bytes: impl FnMut(FieldId, u32, u32) -> Option<(u32, &'b [u8])>,
    ) {
        for place in 0..self.slots.len() {
            let Some(slot) = self.slots.get(place).copied() else {
                break;
            };
            if matches!(slot.stored, Stored::Present)
                && protocols.contains(&slot.id)
                && let Some((own, found)) = bytes(slot.id, slot.at, slot.len)
                && let Some((at, len)) = self.keep(found)
                && let Some(slot) = self.slots.get_mut(place)
            {
                slot.stored = Stored::Contents(own, at, len);
            }
        }
    }

    /// Adds all of `other`, its marks too.
    pub fn append(&mut self, other: &Self) {
        if self.slots.len() + other.slots.len() > VALUES
            || self.bytes.len() + other.bytes.len() > BYTES
        {
            self.cut = true;
            return;
        }
        let shift = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&other.bytes);
        self.slots.extend(other.slots.iter().map(|slot| Slot {
            stored: slot.stored.moved(shift),
            ..*slot
        }));
        self.marks.extend_from_slice(&other.marks);
        self.names.extend_from_slice(&other.names);
        self.cut |= other.cut;
    }

    fn entry(&self, slot: &Slot) -> Entry<'_> {
        let bytes = |at: u32, len: u32| {
            self.bytes
                .get(at as usize..at as usize + len as usize)
                .unwrap_or(&[])
        };
        let sixteen = |at: u32| {
            bytes(at, 16)
                .first_chunk::<16>()
                .copied()
                .unwrap_or_default()
        };
        let value = match slot.stored {
            Stored::Present => Value::Present,
            Stored::Bool(b) => Value::Bool(b),
            Stored::Uint(n) => Value::Uint(n),
            Stored::Int(n) => Value::Int(n),
            Stored::Double(n) => Value::Double(n),
            Stored::Text(at, len) => Value::Text(std::str::from_utf8(bytes(at, len)).unwrap_or("")),
            Stored::Bytes(at, len) => Value::Bytes(bytes(at, len)),
            Stored::Contents(own, at, len) => Value::Contents(own, bytes(at, len)),
            Stored::Ether(mac) => Value::Ether(mac),
            Stored::Ipv4(ip) => Value::Ipv4(ip),
            Stored::Ipv6(at) => Value::Ipv6(sixteen(at).into()),
            Stored::Guid(at) => Value::Guid(sixteen(at)),
            Stored::Time(n) => Value::Time(n),
            Stored::Duration(n) => Value::Duration(n),
        };
        Entry {
            id: slot.id,
            value,
            depth: slot.depth,
            at: slot.at,
            len: slot.len,
        }
    }
}

impl Stored {
    const fn moved(self, by: u32) -> Self {
        match self {
            Self::Text(at, len) => Self::Text(at + by, len),
            Self::Bytes(at, len) => Self::Bytes(at + by, len),
            Self::Contents(own, at, len) => Self::Contents(own, at + by, len),
            Self::Ipv6(at) => Self::Ipv6(at + by),
            Self::Guid(at) => Self::Guid(at + by),
            other => other,
        }
    }
}
