//! Which fields somebody asked for.

use super::{FieldId, PLACE_BITS, group};

const WORDS_A_GROUP: usize = (1 << PLACE_BITS) / 64;

/// A set of fields. What is not in it is not computed.
#[derive(Clone, Debug)]
pub struct Wanted {
    bits: Box<[u64]>,
    groups: u64,
    /// Protocols of which the bytes are asked for, and not only whether they are there.
    contents: Vec<FieldId>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            bits: vec![0; WORDS_A_GROUP * group::COUNT].into_boxed_slice(),
            groups: 0,
            contents: Vec::new(),
        }
    }
}

impl Wanted {
    /// Every field: what a detail tree shows.
    #[must_use]
    pub fn all() -> Self {
        Self {
            bits: vec![u64::MAX; WORDS_A_GROUP * group::COUNT].into_boxed_slice(),
            groups: u64::MAX,
            contents: Vec::new(),
        }
    }

    /// Adds a field.
    pub fn add(&mut self, id: FieldId) {
        if let Some(word) = self.bits.get_mut(id.number() / 64) {
            *word |= 1 << (id.number() % 64);
        }
        self.groups |= 1 << (id.group() % 64);
    }

    /// Adds a protocol with its bytes.
    pub fn add_contents(&mut self, protocol: FieldId) {
        self.add(protocol);
        if !self.contents.contains(&protocol) {
            self.contents.push(protocol);
        }
    }

    /// The protocols whose bytes are asked for.
    #[must_use]
    pub fn contents(&self) -> &[FieldId] {
        &self.contents
    }

    /// Takes a field out; its group stays wanted.
    pub fn remove(&mut self, id: FieldId) {
        if let Some(word) = self.bits.get_mut(id.number() / 64) {
            *word &= !(1 << (id.number() % 64));
        }
    }

    /// True when the field is asked for.
    #[must_use]
    pub fn has(&self, id: FieldId) -> bool {
        self.bits
            .get(id.number() / 64)
            .is_some_and(|word| word >> (id.number() % 64) & 1 == 1)
    }

    /// True when any field of the group is.
    #[must_use]
    pub const fn has_group(&self, group: u8) -> bool {
        self.groups >> (group % 64) & 1 == 1
    }

    /// True when any field is of a message, and not of frame, addresses, ports or TCP.
    #[must_use]
    pub const fn has_messages(&self) -> bool {
        self.groups >> group::NBSS != 0 || self.groups >> group::COLUMN & 1 == 1
    }
}
