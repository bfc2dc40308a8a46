//! Tests on the values of a frame or of a session.

use std::cmp::Ordering;

use colloquy_dissectors::field::{FieldId, Value, Values, group};

use super::order::{compared, masked, with_bytes};
use super::program::{Function, Member, Needle, Operand, Order, Reach, Test};
use super::syntax::{End, Part, Quantifier};
use super::{calculate, check, order};

impl Test {
    pub(super) fn holds(&self, values: &Values) -> bool {
        match self {
            Self::Always => true,
            Self::Or(parts) => parts.iter().any(|p| p.holds(values)),
            Self::And(parts) => parts.iter().all(|p| p.holds(values)),
            Self::Xor(parts) => parts.iter().filter(|p| p.holds(values)).count() % 2 == 1,
            Self::Not(inner) => !inner.holds(values),
            Self::There(operand) => operand.visit(values, &mut |v| !operand.is_void(v)),
            Self::NonZero(operand) => operand.visit(values, &mut |v| !order::is_zero(v)),
            Self::Compare(quantifier, order, left, right) => {
                // Over pairs: all of them includes that there is one.
                let mut pairs = false;
                let decides = *quantifier == Quantifier::Any;
                let decided = left.visit(values, &mut |a| {
                    right.visit(values, &mut |b| {
                        pairs = true;
                        order.holds(a, b) == decides
                    })
                });
                if decides { decided } else { pairs && !decided }
            }
            Self::Search(quantifier, left, needle) => over(*quantifier, left, values, |v| {
                !left.is_void(v) && needle.is_in(v, values)
            }),
            Self::In(quantifier, left, members) => over(*quantifier, left, values, |v| {
                members.iter().any(|m| m.has(v, values))
            }),
        }
    }
}

impl Test {
    /// False when it can't hold, whatever the fields are of which `knows` says no.
    pub(super) fn may_hold(&self, values: &Values, knows: &dyn Fn(FieldId) -> bool) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|p| p.may_hold(values, knows)),
            Self::And(parts) => parts.iter().all(|p| p.may_hold(values, knows)),
            _ => {
                let mut reads = check::Reads::default();
                check::collect(self, &mut reads);
                !reads.fields.into_iter().all(knows) || self.holds(values)
            }
        }
    }
}

/// True when `holds` is true for any or for all values of an operand that has one.
fn over(
    quantifier: Quantifier,
    operand: &Operand,
    values: &Values,
    mut holds: impl FnMut(Value<'_>) -> bool,
) -> bool {
    match quantifier {
        Quantifier::Any => operand.visit(values, &mut holds),
        Quantifier::All => {
            let mut is_there = false;
            let fails = operand.visit(values, &mut |v| {
                is_there = true;
                !holds(v)
            });
            is_there && !fails
        }
    }
}

impl Order {
    fn holds(self, a: Value<'_>, b: Value<'_>) -> bool {
        compared(a, b).is_some_and(|order| match self {
            Self::Eq => order == Ordering::Equal,
            Self::Ne => order != Ordering::Equal,
            Self::Lt => order == Ordering::Less,
            Self::Le => order != Ordering::Greater,
            Self::Gt => order == Ordering::Greater,
            Self::Ge => order != Ordering::Less,
        })
    }
}

impl Needle {
    fn is_in(&self, value: Value<'_>, values: &Values) -> bool {
        with_bytes(value, |hay| match self {
            Self::Pattern(pattern) => pattern.is_match(hay),
            Self::Value(needle) => needle.visit(values, &mut |needle| {
                with_bytes(needle, |needle| {
                    !needle.is_empty() && hay.windows(needle.len()).any(|w| w == needle)
                })
            }),
        })
    }
}

impl Member {
    fn has(&self, value: Value<'_>, values: &Values) -> bool {
        match self {
            Self::One(one) => one.visit(values, &mut |v| Order::Eq.holds(value, v)),
            Self::Network(network, bits) => {
                Order::Eq.holds(masked(value, *bits), masked(network.value(), *bits))
            }
            Self::Range(low, high) => {
                low.visit(values, &mut |v| Order::Ge.holds(value, v))
                    && high.visit(values, &mut |v| Order::Le.holds(value, v))
            }
        }
    }
}

/// Gets values, one after the other; true when no more are wanted.
type Visitor<'v> = dyn FnMut(Value<'_>) -> bool + 'v;

impl Operand {
    /// True for a slice behind the end: it is less than any other, but it is not there, and nothing is found in it.
    fn is_void(&self, value: Value<'_>) -> bool {
        matches!(self, Self::Slice(..)) && matches!(value, Value::Bytes([]))
    }

    /// Gives all values to `visit` until it returns true, and says whether it did.
    fn visit(&self, values: &Values, visit: &mut Visitor<'_>) -> bool {
        match self {
            Self::Field(ids) => match ids.as_ref() {
                [id] => values.of(*id).any(visit),
                ids => ids.iter().any(|id| values.of(*id).any(&mut *visit)),
            },
            Self::Layers(ids, layers) => in_layers(ids, layers, values, visit),
            Self::Constant(constant) => visit(constant.value()),
            // Where they are not known, the protocol is merely there.
            Self::Contents(inner, reach) => inner.visit(values, &mut |v| {
                let Value::Contents(own, bytes) = v else {
                    return false;
                };
                visit(Value::Bytes(match reach {
                    Reach::Own => bytes.get(..own as usize).unwrap_or(bytes),
                    Reach::Behind => bytes,
                }))
            }),
            Self::Masked(inner, bits) => inner.visit(values, &mut |v| visit(masked(v, *bits))),
            Self::Slice(inner, parts) => {
                inner.visit(values, &mut |v| with_bytes(v, |b| slice(b, parts, visit)))
            }
            Self::Negative(inner) => inner.visit(values, &mut |v| {
                calculate::negative(v).is_some_and(&mut *visit)
            }),
            Self::Calculated(how, left, right) => left.visit(values, &mut |a| {
                right.visit(values, &mut |b| calculate::calculated(*how, a, b, visit))
            }),
            Self::Call(function, arguments) => function.visit(arguments, values, visit),
        }
    }
}

/// Layers are counted by where their protocol begins; the messages of one frame are in one layer.
fn in_layers(ids: &[FieldId], layers: &[Part], values: &Values, visit: &mut Visitor<'_>) -> bool {
    ids.iter().any(|id| {
        let is_message = id.group() >= group::NBSS;
        let protocol = FieldId::new(id.group(), 0);
        let mut layer = i32::from(is_message);
        values.iter().any(|entry| {
            if entry.id == protocol && !is_message {
                layer += 1;
            }
            entry.id == *id && layers.iter().any(|p| p.has_layer(layer)) && visit(entry.value)
        })
    })
}

impl Part {
    fn has_layer(self, layer: i32) -> bool {
        let last = match self.end {
            End::Len(len) => self.start.saturating_add(len) - 1,
            End::At(end) => end,
            End::Last => i32::MAX,
        };
        (self.start..=last).contains(&layer)
    }

    /// The bytes that it means of `bytes`, if they have them all.
    fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        let from_end = |place: i32| {
            let len = i32::try_from(bytes.len()).ok()?;
            let place = if place < 0 {
                len.checked_add(place)?
            } else {
                place
            };
            usize::try_from(place).ok()
        };
        let start = from_end(self.start)?;
        let end = match self.end {
            End::Len(len) => start.checked_add(usize::try_from(len).ok()?)?,
            End::At(end) => from_end(end)?.checked_add(1)?,
            End::Last => bytes.len(),
        };
        bytes.get(start..end).filter(|part| !part.is_empty())
    }
}

/// Gives the parts, joined, up to the first that goes beyond the end; as Wireshark does, even when nothing is left.
fn slice(bytes: &[u8], parts: &[Part], visit: &mut Visitor<'_>) -> bool {
    if let [part] = parts {
        return visit(Value::Bytes(part.of(bytes).unwrap_or_default()));
    }
    let joined: Vec<&[u8]> = parts.iter().map_while(|part| part.of(bytes)).collect();
    visit(Value::Bytes(&joined.concat()))
}

impl Function {
    fn visit(self, arguments: &[Operand], values: &Values, visit: &mut Visitor<'_>) -> bool {
        if matches!(self, Self::Max | Self::Min) {
            let mut best = None;
            for argument in arguments {
                argument.visit(values, &mut |v| {
                    best = Some(self.better(best.take(), v));
                    false
                });
            }
            return best.is_some_and(|best: calculate::Owned| visit(best.value()));
        }
        let Some(argument) = arguments.first() else {
            return false;
        };
        match self {
            Self::Count => {
                let mut count = 0_u64;
                argument.visit(values, &mut |_| {
                    count += 1;
                    false
                });
                count > 0 && visit(Value::Uint(count))
            }
            Self::Len => argument.visit(values, &mut |v| {
                visit(Value::Uint(with_bytes(v, |b| b.len() as u64)))
            }),
            Self::Lower | Self::Upper => argument.visit(values, &mut |v| {
                let Value::Text(text) = v else { return false };
                let changed = if self == Self::Lower {
                    text.to_ascii_lowercase()
                } else {
                    text.to_ascii_uppercase()
                };
                visit(Value::Text(&changed))
            }),
            Self::Text => argument.visit(values, &mut |v| {
                let text = calculate::written(v);
                visit(Value::Text(&text))
            }),
            _ => argument.visit(values, &mut |v| {
                calculate::absolute(v).is_some_and(&mut *visit)
            }),
        }
    }

    fn better(self, best: Option<calculate::Owned>, value: Value<'_>) -> calculate::Owned {
        let wanted = if self == Self::Max {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        match best {
            Some(best) if compared(value, best.value()) != Some(wanted) => best,
            _ => calculate::Owned::of(value),
        }
    }
}
