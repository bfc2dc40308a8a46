//! Calculations and functions of values.

use colloquy_dissectors::field::{Kind, Value};

use super::order::{fraction, whole};
use super::syntax::Calculation;
use crate::fields;

/// Gives `a how b` to `visit`, if there is such a value.
pub(super) fn calculated(
    how: Calculation,
    a: Value<'_>,
    b: Value<'_>,
    visit: &mut dyn FnMut(Value<'_>) -> bool,
) -> bool {
    let span = |n: Option<i64>, is_time: bool| {
        n.map(|n| {
            if is_time {
                Value::Time(n)
            } else {
                Value::Duration(n)
            }
        })
    };
    let result = match (a, b) {
        (Value::Bytes(a), Value::Bytes(b)) => {
            let both: Vec<u8> = a.iter().zip(b).map(|(a, b)| a & b).collect();
            return visit(Value::Bytes(&both));
        }
        (Value::Ether(a), Value::Ether(b)) => {
            let mut both = a;
            both.iter_mut().zip(b).for_each(|(a, b)| *a &= b);
            Some(Value::Ether(both))
        }
        (Value::Ipv4(a), Value::Ipv4(b)) => Some(Value::Ipv4(a & b)),
        (Value::Ipv6(a), Value::Ipv6(b)) => Some(Value::Ipv6(a & b)),
        (Value::Time(a), Value::Duration(b)) | (Value::Duration(a), Value::Time(b)) => {
            span(sum(how, a, b), true)
        }
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            span(sum(how, a, b), false)
        }
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => whole_number(how, a, b).and_then(number),
            _ => fraction(a)
                .zip(fraction(b))
                .and_then(|(a, b)| with_fraction(how, a, b)),
        },
    };
    result.is_some_and(visit)
}

const fn sum(how: Calculation, a: i64, b: i64) -> Option<i64> {
    match how {
        Calculation::Add => a.checked_add(b),
        Calculation::Subtract => a.checked_sub(b),
        _ => None,
    }
}

const fn whole_number(how: Calculation, a: i128, b: i128) -> Option<i128> {
    match how {
        Calculation::And => Some(a & b),
        Calculation::Add => a.checked_add(b),
        Calculation::Subtract => a.checked_sub(b),
        Calculation::Multiply => a.checked_mul(b),
        Calculation::Divide => a.checked_div(b),
        Calculation::Remainder => a.checked_rem(b),
    }
}

fn with_fraction(how: Calculation, a: f64, b: f64) -> Option<Value<'static>> {
    let result = match how {
        Calculation::And => return None,
        Calculation::Add => a + b,
        Calculation::Subtract => a - b,
        Calculation::Multiply => a * b,
        Calculation::Divide => a / b,
        Calculation::Remainder => a % b,
    };
    result.is_finite().then_some(Value::Double(result))
}

fn number(n: i128) -> Option<Value<'static>> {
    match u64::try_from(n) {
        Ok(n) => Some(Value::Uint(n)),
        Err(_) => i64::try_from(n).ok().map(Value::Int),
    }
}

/// `-value`.
pub(super) fn negative(value: Value<'_>) -> Option<Value<'static>> {
    match value {
        Value::Double(n) => Some(Value::Double(-n)),
        Value::Time(n) => n.checked_neg().map(Value::Time),
        Value::Duration(n) => n.checked_neg().map(Value::Duration),
        other => number(-whole(other)?),
    }
}

/// The value without its sign.
pub(super) fn absolute(value: Value<'_>) -> Option<Value<'static>> {
    match value {
        Value::Double(n) => Some(Value::Double(n.abs())),
        Value::Time(n) => n.checked_abs().map(Value::Time),
        Value::Duration(n) => n.checked_abs().map(Value::Duration),
        other => number(whole(other)?.abs()),
    }
}

/// As `string()` writes it: numbers in decimal.
pub(super) fn written(value: Value<'_>) -> String {
    let mut out = Vec::new();
    fields::write(&mut out, Kind::Int, value);
    String::from_utf8(out).unwrap_or_default()
}

/// A value that outlives what it was read from.
#[derive(Clone, Debug)]
pub(super) enum Owned {
    Plain(Value<'static>),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    pub(super) fn of(value: Value<'_>) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) | Value::Contents(_, bytes) => Self::Bytes(bytes.to_vec()),
            Value::Present => Self::Plain(Value::Present),
            Value::Bool(b) => Self::Plain(Value::Bool(b)),
            Value::Uint(n) => Self::Plain(Value::Uint(n)),
            Value::Int(n) => Self::Plain(Value::Int(n)),
            Value::Double(n) => Self::Plain(Value::Double(n)),
            Value::Ether(mac) => Self::Plain(Value::Ether(mac)),
            Value::Ipv4(ip) => Self::Plain(Value::Ipv4(ip)),
            Value::Ipv6(ip) => Self::Plain(Value::Ipv6(ip)),
            Value::Guid(guid) => Self::Plain(Value::Guid(guid)),
            Value::Time(n) => Self::Plain(Value::Time(n)),
            Value::Duration(n) => Self::Plain(Value::Duration(n)),
        }
    }

    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}
