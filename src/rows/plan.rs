//! What is to be done for the fields that are asked for, and no more.

use colloquy_dissectors::field::{FieldId, Reach, Wanted, group};

use super::forward;
use crate::fields::engine::frame;

/// What rows are to hold.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The fields.
    pub wanted: Wanted,
}

impl Plan {
    /// Rows with these fields.
    pub fn of(fields: impl IntoIterator<Item = FieldId>) -> Self {
        let mut wanted = Wanted::default();
        for field in fields {
            wanted.add(field);
        }
        Self { wanted }
    }

    /// Rows with every field: a detail tree.
    pub fn everything() -> Self {
        Self {
            wanted: Wanted::all(),
        }
    }

    /// Adds what the list of a frame's protocols is made of, where it is asked for.
    pub(super) fn with_protocols(wanted: &Wanted) -> Wanted {
        let mut wanted = wanted.clone();
        if wanted.has(frame::PROTOCOLS) {
            let tables = colloquy_dissectors::protocols::FIELDS;
            let protocols = tables.iter().filter_map(|table| table.first());
            protocols.for_each(|info| wanted.add(info.id));
        }
        wanted
    }

    /// Streams have to be put together and dissected.
    pub fn messages(&self) -> bool {
        self.wanted.has_messages() || self.wanted.has(frame::PROTOCOLS)
    }

    /// What files say of frames in words is asked for.
    pub fn words(&self) -> bool {
        self.wanted.has(frame::COMMENT) || self.wanted.has(frame::INTERFACE_NAME)
    }

    /// Something must be known of every TCP connection's past.
    pub fn tcp(&self) -> bool {
        self.wanted.has_group(group::TCP)
    }

    /// A value is asked for that only a later frame tells: the capture must be read twice.
    pub fn looks_ahead(&self) -> bool {
        forward::FIELDS.iter().any(|field| self.wanted.has(*field))
            || colloquy_dissectors::protocols::PAIRS
                .iter()
                .filter_map(|pair| pair.reply_in)
                .any(|field| self.wanted.has(field))
            || colloquy_dissectors::protocols::NAMES
                .iter()
                .filter(|name| name.reach != Reach::Behind)
                .flat_map(|name| [name.text, name.number, name.frame])
                .flatten()
                .any(|field| self.wanted.has(field))
    }
}
