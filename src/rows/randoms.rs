//! By what key logs name the TLS sessions that begin in frames: the randoms of their hellos.

use colloquy_dissectors::field::{FieldId, Value};

use super::{Plan, Row};
use crate::fields;

/// The field that holds them.
#[derive(Clone, Copy, Debug)]
pub struct Randoms(Option<FieldId>);

impl Default for Randoms {
    fn default() -> Self {
        Self(fields::find("tls.handshake.random").map(|info| info.id))
    }
}

impl Randoms {
    /// What rows must hold for it.
    pub fn plan(self) -> Plan {
        Plan::of(self.0)
    }

    /// Those in a row.
    pub fn of(self, row: &Row) -> impl Iterator<Item = [u8; 32]> {
        let values = self.0.into_iter().flat_map(|id| row.values.of(id));
        values.filter_map(|value| match value {
            Value::Bytes(bytes) => bytes.try_into().ok(),
            _ => None,
        })
    }
}
