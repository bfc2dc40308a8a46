//! Calls in a pipe whose presentation context was agreed where this association did not see it: SMB 3 spreads the requests of one
//! session over all its channels (MS-SMB2 3.2.4.1.7), so that the bind may be on one connection and a call on another. Such a
//! call is marked with the pipe and the context, which whoever knows all connections can look up.

use super::contexts::{self, Context};
use super::interfaces;
use super::session::Association;
use super::wire::{Bind, Uuid};
use crate::dissector::Output;
use crate::event::{Fact, Op, digest};
use crate::units::{Side, Span};

/// The group of operations whose interface has no name here.
pub(super) const UNKNOWN: &str = "unknown interface";
/// Contexts of one association that are told.
const TOLD: u8 = 16;
/// The bit that marks fingerprints of contexts.
const OF_CONTEXT: u32 = 1 << 31;

/// The set of operations of an interface without a name.
pub(super) fn set_of(uuid: Uuid) -> u32 {
    digest(&uuid.0.to_be_bytes()) & !OF_CONTEXT
}

/// The set of operations of a context that was agreed elsewhere.
fn set_elsewhere(pipe: u64, context: u16) -> u32 {
    let [a, b, c, d, e, f, g, h] = pipe.to_be_bytes();
    let [x, y] = context.to_be_bytes();
    digest(&[a, b, c, d, e, f, g, h, x, y]) | OF_CONTEXT
}

/// True for a call whose context was agreed elsewhere: its set is that of the facts `dcerpc.pipe-context`.
#[must_use]
pub const fn is_elsewhere(op: Op) -> bool {
    op.set & OF_CONTEXT != 0
}

/// A call by the UUID of its interface, and how it is called where that has no name here.
#[must_use]
pub fn call(uuid: &str, number: u32) -> Option<(Op, Option<String>)> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    let uuid = Uuid(u128::from_str_radix(&digits, 16).ok()?);
    Some(match interfaces::by_uuid(uuid) {
        Some(known) => {
            let name = u16::try_from(number).map_or("", |number| known.operation(number));
            (Op::of(known.name, name, number), None)
        }
        None => {
            let op = Op::of(UNKNOWN, "", number).of_set(set_of(uuid));
            (op, Some(named(uuid, number)))
        }
    })
}

/// How a call of an interface without a name is called.
pub(super) fn named(uuid: Uuid, number: u32) -> String {
    format!("interface {uuid} operation {number}")
}

/// An interface by name, by UUID where it has none here.
#[must_use]
pub fn interface(uuid: &str) -> &str {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    let known = u128::from_str_radix(&digits, 16).ok();
    let known = known.and_then(|uuid| interfaces::by_uuid(Uuid(uuid)));
    known.map_or(uuid, |known| known.name)
}

impl Association {
    /// The set of a call on `context`.
    pub(super) fn set_of_call(&self, context: Option<&Context>, id: u16) -> u32 {
        match (context, self.file) {
            (None, Some(file)) => set_elsewhere(file, id),
            _ => 0,
        }
    }

    /// What a bind or alter_context offers, for calls on other connections.
    pub(super) fn tell_offers(
        &mut self,
        side: Side,
        span: Span,
        bind: &Bind,
        out: &mut Output<'_>,
    ) {
        let Some(file) = self.file else {
            return;
        };
        for offer in bind.offers.iter().filter(|o| !contexts::is_feature(o)) {
            if self.noted.offers < TOLD {
                self.noted.offers += 1;
                let fact = Fact::new("dcerpc.pipe-context")
                    .with("set", i64::from(set_elsewhere(file, offer.id)))
                    .with("interface", offer.interface.uuid.to_string());
                out.fact(side, span, fact);
            }
        }
    }
}
