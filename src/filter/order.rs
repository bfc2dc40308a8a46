//! Which of two values is greater.

use std::cmp::Ordering;

use colloquy_dissectors::field::Value;

/// How `a` compares with `b`; nothing when they can't be compared.
pub(super) fn compared(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(&b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(&b)),
        (Value::Ipv4(a), Value::Ipv4(b)) => Some(a.cmp(&b)),
        (Value::Ipv6(a), Value::Ipv6(b)) => Some(a.cmp(&b)),
        (Value::Guid(a), Value::Guid(b)) => Some(a.cmp(&b)),
        (Value::Time(a) | Value::Duration(a), Value::Time(b) | Value::Duration(b)) => {
            Some(a.cmp(&b))
        }
        (Value::Text(a), _) if is_bytes(b) => Some(with_bytes(b, |b| a.as_bytes().cmp(b))),
        (_, Value::Text(b)) if is_bytes(a) => Some(with_bytes(a, |a| a.cmp(b.as_bytes()))),
        _ if is_bytes(a) && is_bytes(b) => Some(with_bytes(a, |a| {
            // The longer one is greater, whatever is in it.
            with_bytes(b, |b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)))
        })),
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => fraction(a)?.partial_cmp(&fraction(b)?),
        },
    }
}

const fn is_bytes(value: Value<'_>) -> bool {
    matches!(value, Value::Text(_) | Value::Bytes(_) | Value::Ether(_))
}

/// A number without a fraction.
pub(super) fn whole(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Uint(n) => Some(n.into()),
        Value::Int(n) => Some(n.into()),
        _ => None,
    }
}

/// Any number.
pub(super) fn fraction(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(n) => Some(n),
        other => whole(other).map(|n| n as f64),
    }
}

/// The bytes of a value that has such; no bytes of others.
pub(super) fn with_bytes<T>(value: Value<'_>, take: impl FnOnce(&[u8]) -> T) -> T {
    match value {
        Value::Text(text) => take(text.as_bytes()),
        Value::Bytes(bytes) => take(bytes),
        Value::Ether(mac) => take(&mac),
        Value::Ipv4(ip) => take(&ip.octets()),
        Value::Ipv6(ip) => take(&ip.octets()),
        Value::Guid(guid) => take(&guid),
        _ => take(&[]),
    }
}

/// The first `bits` of an address, the others 0.
pub(super) fn masked(value: Value<'_>, bits: u8) -> Value<'_> {
    match value {
        Value::Ipv4(ip) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(bits.min(32)))
                .unwrap_or(0);
            Value::Ipv4((ip.to_bits() & mask).into())
        }
        Value::Ipv6(ip) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(bits.min(128)))
                .unwrap_or(0);
            Value::Ipv6((ip.to_bits() & mask).into())
        }
        other => other,
    }
}

/// What a calculation must not give to be true.
pub(super) fn is_zero(value: Value<'_>) -> bool {
    match value {
        Value::Uint(0)
        | Value::Int(0)
        | Value::Time(0)
        | Value::Duration(0)
        | Value::Bool(false) => true,
        Value::Double(n) => n == 0.0,
        Value::Bytes(_) | Value::Ether(_) | Value::Ipv4(_) | Value::Ipv6(_) => {
            with_bytes(value, |b| b.iter().all(|b| *b == 0))
        }
        _ => false,
    }
}
