//! The registry of fields: every name that filters, `frames` and the window know, and how values are written.

mod contents;
pub mod engine;
mod format;
mod names;
pub mod session;

use std::sync::OnceLock;

use colloquy_dissectors::field::{FieldId, FieldInfo, Kind, group};
use hashbrown::HashMap;

pub use contents::Contents;
pub use format::{fits, write};
pub use names::nearest;

/// Every field, a table a group.
fn tables() -> impl Iterator<Item = &'static [FieldInfo]> {
    let messages = colloquy_dissectors::protocols::FIELDS;
    let engine = engine::FIELDS.iter().chain(session::FIELDS);
    engine.chain(messages).copied()
}

/// Every field, by group.
pub fn all() -> impl Iterator<Item = &'static FieldInfo> {
    tables().flatten()
}

/// A field by its name.
pub fn find(name: &str) -> Option<&'static FieldInfo> {
    static NAMES: OnceLock<HashMap<&'static str, &'static FieldInfo>> = OnceLock::new();
    NAMES
        .get_or_init(|| all().map(|info| (info.name, info)).collect())
        .get(name)
        .copied()
}

/// A field by its number.
pub fn info(id: FieldId) -> Option<&'static FieldInfo> {
    static GROUPS: OnceLock<Vec<&'static [FieldInfo]>> = OnceLock::new();
    let groups = GROUPS.get_or_init(|| {
        let mut groups: Vec<&'static [FieldInfo]> = vec![&[]; group::COUNT];
        for table in tables() {
            let group = table.first().map(|info| info.id.group() as usize);
            if let Some(slot) = group.and_then(|g| groups.get_mut(g)) {
                *slot = table;
            }
        }
        groups
    });
    groups.get(id.group() as usize)?.get(id.place())
}

/// What a field holds, in a word for people.
pub fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Protocol => "protocol",
        Kind::Flag => "flag",
        Kind::Bool => "boolean",
        Kind::Uint(_) => "unsigned number",
        Kind::Int => "number",
        Kind::Double => "number with fraction",
        Kind::Text => "text",
        Kind::Bytes => "bytes",
        Kind::Ether => "hardware address",
        Kind::Ipv4 => "IPv4 address",
        Kind::Ipv6 => "IPv6 address",
        Kind::Guid => "UUID",
        Kind::Time | Kind::Date => "time",
        Kind::Duration => "duration",
        Kind::Frame => "frame number",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_is_found_by_name_and_by_number() {
        let mut names = BTreeSet::new();
        for field in all() {
            assert!(names.insert(field.name), "{} is there twice", field.name);
            assert_eq!(find(field.name).map(|f| f.id), Some(field.id));
            assert_eq!(info(field.id).map(|f| f.name), Some(field.name));
        }
        assert!(names.len() > 20);
    }
}
