//! A condition whose fields and types are known: what is evaluated.

use std::net::{Ipv4Addr, Ipv6Addr};

use colloquy_dissectors::field::{FieldId, Value};
use regex::bytes::Regex;

use super::syntax::{Calculation, Part, Quantifier};

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// An empty expression.
    Always,
    Or(Box<[Self]>),
    Xor(Box<[Self]>),
    And(Box<[Self]>),
    Not(Box<Self>),
    /// The operand has a value.
    There(Operand),
    /// A calculation has a value that is not zero.
    NonZero(Operand),
    Compare(Quantifier, Order, Operand, Operand),
    Search(Quantifier, Operand, Needle),
    In(Quantifier, Operand, Box<[Member]>),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub(super) enum Needle {
    Pattern(Regex),
    Value(Operand),
}

/// One of a set.
#[derive(Clone, Debug)]
pub(super) enum Member {
    One(Operand),
    /// An address and how many of its bits count.
    Network(Constant, u8),
    Range(Operand, Operand),
}

/// Where values come from.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Field(Box<[FieldId]>),
    /// A field where it stands in certain layers of its protocol.
    Layers(Box<[FieldId]>, Box<[Part]>),
    Constant(Constant),
    /// The bytes of a protocol: its own, or those behind it too.
    Contents(Box<Self>, Reach),
    /// The bits of an address that count.
    Masked(Box<Self>, u8),
    Slice(Box<Self>, Box<[Part]>),
    Negative(Box<Self>),
    Calculated(Calculation, Box<Self>, Box<Self>),
    Call(Function, Box<[Self]>),
}

/// Which bytes of a protocol count: Wireshark 4.0 compares a header's own, but searches what follows it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Own,
    Behind,
}

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Len,
    Count,
    Lower,
    Upper,
    Text,
    Max,
    Min,
    Abs,
}

/// A value of the expression itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    Bool(bool),
    Uint(u64),
    Int(i64),
    Double(f64),
    /// Need not be UTF-8.
    Text(Box<[u8]>),
    Bytes(Box<[u8]>),
    Ether([u8; 6]),
    /// With the bits of its prefix.
    Ipv4(Ipv4Addr, u8),
    Ipv6(Ipv6Addr, u8),
    Guid([u8; 16]),
    Time(i64),
    Duration(i64),
}

impl Operand {
    /// Of a protocol also the bytes behind it.
    pub(super) fn with_what_follows(self) -> Self {
        match self {
            Self::Contents(inner, _) => Self::Contents(inner, Reach::Behind),
            other => other,
        }
    }
}

impl Constant {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Uint(n) => Value::Uint(*n),
            Self::Int(n) => Value::Int(*n),
            Self::Double(n) => Value::Double(*n),
            Self::Text(text) | Self::Bytes(text) => Value::Bytes(text),
            Self::Ether(mac) => Value::Ether(*mac),
            Self::Ipv4(ip, _) => Value::Ipv4(*ip),
            Self::Ipv6(ip, _) => Value::Ipv6(*ip),
            Self::Guid(guid) => Value::Guid(*guid),
            Self::Time(n) => Value::Time(*n),
            Self::Duration(n) => Value::Duration(*n),
        }
    }

    /// The bits of an address' prefix, where not all count.
    pub(super) const fn prefix(&self) -> Option<u8> {
        match self {
            Self::Ipv4(_, bits) if *bits < 32 => Some(*bits),
            Self::Ipv6(_, bits) if *bits < 128 => Some(*bits),
            _ => None,
        }
    }
}
