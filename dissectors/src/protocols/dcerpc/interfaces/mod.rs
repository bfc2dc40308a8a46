//! What is called: interfaces by UUID, operations by number, and what an operation's return value is.
//!
//! Names are those of the protocol documents (C706, Microsoft's MS-… series), a file a family.

mod accounts;
mod base;
mod dcom;
mod domain;
mod exchange;
mod files;
mod known;
mod machine;
mod printing;
#[cfg(test)]
mod tests;

use super::wire::Uuid;

/// An operation: its number and its name.
pub(super) type Operation = (u16, &'static str);

/// What the last four bytes of a response are, where an interface's operations return a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// Not a status, or not known here.
    Unknown,
    /// A Win32 error code (also called WERROR, NET_API_STATUS).
    Win32,
    /// An NTSTATUS.
    Ntstatus,
    /// An HRESULT.
    Hresult,
    /// An `error_status_t` of the RPC runtime.
    Rpc,
}

/// An interface that has a name here.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) uuid: Uuid,
    pub(super) name: &'static str,
    operations: &'static [Operation],
    returns: Returns,
    /// Operations that return something else, and what.
    otherwise: (Returns, &'static [u16]),
    /// Operations that may wait for hours, by design.
    waits: &'static [u16],
}

impl Interface {
    const fn new(uuid: u128, name: &'static str) -> Self {
        Self {
            uuid: Uuid(uuid),
            name,
            operations: &[],
            returns: Returns::Unknown,
            otherwise: (Returns::Unknown, &[]),
            waits: &[],
        }
    }

    const fn with(mut self, operations: &'static [Operation], returns: Returns) -> Self {
        self.operations = operations;
        self.returns = returns;
        self
    }

    const fn but(mut self, returns: Returns, operations: &'static [u16]) -> Self {
        self.otherwise = (returns, operations);
        self
    }

    const fn waits(mut self, operations: &'static [u16]) -> Self {
        self.waits = operations;
        self
    }

    /// The name of an operation, empty where it is unknown.
    pub(super) fn operation(&self, number: u16) -> &'static str {
        self.operations
            .binary_search_by_key(&number, |o| o.0)
            .ok()
            .and_then(|at| self.operations.get(at))
            .map_or("", |o| o.1)
    }

    /// What an operation returns. Only operations with a name are vouched for.
    pub(super) fn returns(&self, number: u16) -> Returns {
        if self.operation(number).is_empty() {
            Returns::Unknown
        } else if self.otherwise.1.contains(&number) {
            self.otherwise.0
        } else {
            self.returns
        }
    }

    /// True for an operation that is answered when something happens, be it after hours.
    pub(super) fn may_wait(&self, number: u16) -> bool {
        self.waits.contains(&number)
    }
}

/// The interface with this UUID.
pub(super) fn by_uuid(uuid: Uuid) -> Option<&'static Interface> {
    known::KNOWN
        .binary_search_by_key(&uuid, |i| i.uuid)
        .ok()
        .and_then(|at| known::KNOWN.get(at))
}

/// The interface that a pipe of this name serves by custom, for associations whose bind was not seen.
pub(super) fn by_pipe(pipe: &str) -> Option<&'static Interface> {
    let name = pipe.trim_start_matches('\\');
    let name = name.strip_prefix("PIPE\\").unwrap_or(name);
    known::KNOWN
        .iter()
        .find(|i| i.name.eq_ignore_ascii_case(name))
}
