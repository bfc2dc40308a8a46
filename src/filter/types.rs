//! What values operands have, and what may be done with them.

use colloquy_dissectors::field::Kind;

use super::syntax::Calculation;

/// What values an operand has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Protocol,
    Flag,
    Bool,
    Number,
    Double,
    Text,
    Bytes,
    Ether,
    Ipv4,
    Ipv6,
    /// IPv4 or IPv6: of a session's ends.
    Address,
    Guid,
    Time,
    Duration,
}

impl Type {
    /// Of a field.
    pub(super) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Protocol => Self::Protocol,
            Kind::Flag => Self::Flag,
            Kind::Bool => Self::Bool,
            Kind::Uint(_) | Kind::Int | Kind::Frame => Self::Number,
            Kind::Double => Self::Double,
            Kind::Text => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Ether => Self::Ether,
            Kind::Ipv4 => Self::Ipv4,
            Kind::Ipv6 => Self::Ipv6,
            Kind::Guid => Self::Guid,
            Kind::Time | Kind::Date => Self::Time,
            Kind::Duration => Self::Duration,
        }
    }

    /// In words, behind "no".
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Flag => "flag",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Double => "number with fraction",
            Self::Text => "text",
            Self::Bytes => "byte string",
            Self::Ether => "hardware address",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Address => "IP address",
            Self::Guid => "UUID",
            Self::Time => "time",
            Self::Duration => "duration",
        }
    }

    /// In words, with an article.
    pub(super) fn a(self) -> String {
        let article = match self {
            Self::Ipv4 | Self::Ipv6 | Self::Address => "an",
            _ => "a",
        };
        format!("{article} {}", self.name())
    }

    /// It has values that are less or greater than others.
    pub(super) const fn has_value(self) -> bool {
        !matches!(self, Self::Protocol | Self::Flag)
    }

    /// What is compared of it: of a protocol its bytes.
    pub(super) const fn with_value(self) -> Self {
        match self {
            Self::Protocol => Self::Bytes,
            other => other,
        }
    }

    /// It is a row of bytes, which can be searched.
    pub(super) const fn is_searched(self) -> bool {
        matches!(self, Self::Text | Self::Bytes | Self::Ether)
    }

    /// A part of it can be taken.
    pub(super) const fn is_sliced(self) -> bool {
        self.is_searched() || matches!(self, Self::Ipv4 | Self::Ipv6 | Self::Address | Self::Guid)
    }

    /// It can be written as text by `string()`.
    pub(super) const fn is_written(self) -> bool {
        matches!(
            self,
            Self::Number
                | Self::Double
                | Self::Ether
                | Self::Ipv4
                | Self::Ipv6
                | Self::Address
                | Self::Guid
        )
    }

    /// Values of the two can be compared.
    pub(super) fn compares(self, other: Self) -> bool {
        self.has_value()
            && (self == other
                || (self.is_number() && other.is_number())
                || (self.is_moment() && other.is_moment())
                || (self == Self::Address && other.is_ip())
                || (self.is_ip() && other == Self::Address)
                || (self.is_searched() && other.is_searched()))
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Double)
    }

    const fn is_ip(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6)
    }

    const fn is_moment(self) -> bool {
        matches!(self, Self::Time | Self::Duration)
    }

    /// What comes of a calculation, if there is such.
    pub(super) fn calculated(self, how: Calculation, other: Self) -> Option<Self> {
        let bits = matches!(
            self,
            Self::Number | Self::Bytes | Self::Ether | Self::Ipv4 | Self::Ipv6
        );
        match how {
            Calculation::And => (bits && self == other).then_some(self),
            Calculation::Add | Calculation::Subtract if self.is_moment() && other.is_moment() => {
                let is_span = self == Self::Duration || other == Self::Time;
                Some(if is_span { Self::Duration } else { Self::Time })
            }
            _ if self.is_number() && other.is_number() => {
                Some(if self == other { self } else { Self::Double })
            }
            _ => None,
        }
    }

    /// Its negative exists.
    pub(super) const fn is_signed(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Double | Self::Duration | Self::Time
        )
    }
}
