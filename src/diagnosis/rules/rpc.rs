//! Words that the rules on ONC RPC share.

use crate::session::model::SeenFact;

/// `NFS (100003) version 3`, of a fact with `program`, `program_name` and `version`.
pub(crate) fn program_of(fact: &SeenFact) -> String {
    let number = fact.int("program").unwrap_or(0);
    let version = fact.int("version").unwrap_or(0);
    match fact.text("program_name") {
        "" => format!("program {number} version {version}"),
        name => format!("{name} ({number}) version {version}"),
    }
}

/// `1 time`, `3 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

/// Programs that clients ask for and do without: `rquota`, `NFSACL`, `NFS` over local transports and the like.
pub(crate) fn is_optional(fact: &SeenFact) -> bool {
    matches!(fact.int("program"), Some(100_011 | 100_227))
}
