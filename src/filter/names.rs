//! Fields by the names that an expression gives them.

use std::ops::Range;

use colloquy_dissectors::field::{FieldId, FieldInfo, Kind, group};

use super::error::Fault;
use super::types::Type;
use crate::fields;

/// Names that stand for other fields, each of which counts.
const ALIASES: &[(&str, &[&str])] = &[
    ("eth.addr", &["eth.src", "eth.dst"]),
    ("ip.addr", &["ip.src", "ip.dst"]),
    ("ip.host", &["ip.src", "ip.dst"]),
    ("ipv6.addr", &["ipv6.src", "ipv6.dst"]),
    ("tcp.port", &["tcp.srcport", "tcp.dstport"]),
    ("udp.port", &["udp.srcport", "udp.dstport"]),
    ("frame.time", &["frame.time_epoch"]),
];

/// Names that stand for several fields or for another one, beside those of the registry.
pub fn aliases() -> impl Iterator<Item = &'static str> {
    ALIASES
        .iter()
        .filter(|(_, of)| of.iter().all(|name| fields::find(name).is_some()))
        .map(|(name, _)| *name)
}

/// The fields that a name stands for.
pub fn fields_of(name: &str) -> Option<Box<[FieldId]>> {
    find(name).map(|(ids, _)| ids)
}

/// The fields of a name, and what they hold.
pub(super) fn find(name: &str) -> Option<(Box<[FieldId]>, Type)> {
    let name = name.strip_prefix('.').unwrap_or(name);
    let one = |info: &FieldInfo| (Box::from([info.id]), type_of(info));
    if let Some(info) = fields::find(name) {
        return Some(one(info));
    }
    let (_, of) = ALIASES.iter().find(|(alias, _)| *alias == name)?;
    let infos = of.iter().map(|name| fields::find(name));
    let infos: Vec<_> = infos.collect::<Option<_>>()?;
    let kind = Type::of(infos.first()?.kind);
    Some((infos.iter().map(|info| info.id).collect(), kind))
}

fn type_of(info: &FieldInfo) -> Type {
    match info.kind {
        Kind::Ipv4 if info.id.group() == group::SESSION => Type::Address,
        kind => Type::of(kind),
    }
}

/// A fault for a name that is no field's.
pub(super) fn unknown(name: &str, at: Range<usize>) -> Fault {
    let near = fields::nearest(name).or_else(|| {
        // An alias is as near as another case of its letters.
        aliases().find(|alias| alias.eq_ignore_ascii_case(name))
    });
    let meant = near.map(|near| format!("; did you mean {near}?"));
    let what = format!("no field is called {name}{}", meant.unwrap_or_default());
    Fault::new(what, at)
}

/// True for a word that can only have been meant as a field's name.
pub(super) fn is_name_like(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.' || c == '_')
}
