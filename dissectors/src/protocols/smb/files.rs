//! Open files and pipes, and what the pipes carry.

use std::collections::HashMap;

use super::bytes::{part, u8_at, u16_at};
use super::connection::At;
use crate::dissector::{End, Input};
use crate::units::Side;

/// Files that are remembered; a server allows some 16,000 a session, a client keeps far fewer.
const MAX_FILES: usize = 4096;

/// What is behind a FileId.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file or directory, or a pipe that speaks something unknown: its data is of no interest.
    Opaque,
    /// A named pipe.
    Pipe,
    /// Opened before the capture, or on a share of unknown type: its data tells.
    Unsure,
}

#[derive(Debug)]
struct File {
    name: Box<str>,
    kind: Kind,
    /// The opening was seen.
    opened: bool,
}

/// Files by the key of their FileId.
#[derive(Debug, Default)]
pub(super) struct Files {
    map: HashMap<u64, File>,
    /// Pipes with a child; few.
    pipes: Vec<u64>,
}

impl Files {
    /// A file was opened. False when there are too many.
    pub(super) fn open(&mut self, key: u64, name: String, kind: Kind) -> bool {
        if self.map.len() >= MAX_FILES && !self.map.contains_key(&key) {
            return false;
        }
        let name = name.into_boxed_str();
        self.map.insert(
            key,
            File {
                name,
                kind,
                opened: true,
            },
        );
        true
    }

    /// A file was closed.
    pub(super) fn close(&mut self, key: u64, at: &mut At<'_, '_>) {
        self.map.remove(&key);
        if let Some(index) = self.pipes.iter().position(|k| *k == key) {
            self.pipes.swap_remove(index);
            at.out.end_child(key, End::Fin);
        }
    }

    /// The user logged off: everything of his is closed (MS-SMB2 3.3.5.6).
    pub(super) fn close_all(&mut self, at: &mut At<'_, '_>) {
        self.map.clear();
        for key in std::mem::take(&mut self.pipes) {
            at.out.end_child(key, End::Fin);
        }
    }

    pub(super) fn kind(&self, key: u64) -> Kind {
        self.map.get(&key).map_or(Kind::Unsure, |file| file.kind)
    }

    /// The name of a file; empty when it is not known.
    pub(super) fn name(&self, key: u64) -> &str {
        self.map.get(&key).map_or("", |file| &file.name)
    }

    /// The name of a file whose opening was seen.
    pub(super) fn opened(&self, key: u64) -> Option<&str> {
        let file = self.map.get(&key).filter(|file| file.opened)?;
        Some(&file.name)
    }

    /// Hands data of a pipe down. `data` begins `from` bytes behind the header; `len` bytes of it were promised.
    pub(super) fn carry(
        &mut self,
        key: u64,
        side: Side,
        data: &[u8],
        (from, len): (usize, usize),
        at: &mut At<'_, '_>,
    ) {
        let kind = self.kind(key);
        if kind == Kind::Opaque || data.is_empty() {
            return;
        }
        if !at.out.has_child(key) && !self.begin(key, kind, data, at) {
            return;
        }
        let start = at.base + from as u64;
        at.out.child(key, side, start, Input::Data(data));
        let lost = len.saturating_sub(data.len()) as u64;
        if lost > 0 {
            let start = start + data.len() as u64;
            at.out.child(key, side, start, Input::Gap { len: lost });
        }
    }

    /// Starts the child of a pipe at its first data, if that is DCE/RPC.
    fn begin(&mut self, key: u64, kind: Kind, data: &[u8], at: &mut At<'_, '_>) -> bool {
        if !is_dcerpc(data, kind) {
            if let Some(file) = self.map.get_mut(&key) {
                file.kind = Kind::Opaque;
            }
            return false;
        }
        let (name, opened) = self
            .map
            .get(&key)
            .map_or(("", false), |file| (&*file.name, file.opened));
        let context = [("pipe", name.to_owned().into())];
        let started = at.out.start_child(key, "dcerpc", opened, &context);
        if started {
            self.pipes.push(key);
        }
        started
    }

    /// Bytes of `side` were lost, it is not known of which file: every pipe must take care.
    pub(super) fn lose(&self, side: Side, len: u64, at: &mut At<'_, '_>) {
        for key in &self.pipes {
            at.out.child(*key, side, at.base, Input::Gap { len });
        }
    }
}

/// True when data begin as a DCE/RPC PDU does (C706 12.6.3.1): version 5, a known type, a data representation
/// that exists and a fragment length that can be. A known pipe may be cut anywhere; there the version is enough.
pub(super) fn is_dcerpc(data: &[u8], kind: Kind) -> bool {
    let Some([5, 0 | 1, rest @ ..]) = data.get(..) else {
        return false;
    };
    if kind == Kind::Pipe {
        return true;
    }
    let little = u8_at(data, 4).is_some_and(|drep| drep & 0xF0 == 0x10);
    let length = part(data, 8, 2);
    let length = match (u16_at(length, 0), little) {
        (Some(n), true) => n,
        (Some(n), false) => n.swap_bytes(),
        (None, _) => return false,
    };
    let [kind, _, drep @ ..] = rest else {
        return false;
    };
    *kind <= 20 && matches!(drep, [0x00 | 0x10, 0..=3, 0, 0, ..]) && length >= 16
}
