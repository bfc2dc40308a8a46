//! Open files and pipes, and what the pipes carry.

use hashbrown::HashMap;

use super::bytes::{part, u8_at, u16_at};
use super::connection::At;
use crate::dissector::{End, Input};
use crate::event::Value;
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

/// Whose an open file is: the session (SMB1: the user) and the tree that it was opened in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) session: u64,
    pub(super) tree: u32,
}

#[derive(Debug)]
struct File {
    name: Box<str>,
    kind: Kind,
    owner: Owner,
}

/// Files by the key of their FileId.
#[derive(Debug, Default)]
pub(super) struct Files {
    map: HashMap<u64, File>,
    /// Pipes with a child; few.
    pipes: Vec<u64>,
    /// Opened so far.
    opened: u64,
    /// Open at once, at most.
    most: usize,
    /// What is said in a pipe is all said on this connection.
    pub(super) one_channel: bool,
}

/// Files that are open, as a fact tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// How many, and how many of them are pipes.
    pub(super) open: usize,
    pub(super) pipes: usize,
    /// The name that most of them have (empty: the share itself), and how many do.
    pub(super) name: String,
    pub(super) same: usize,
    /// Some of their names, each once.
    pub(super) names: Vec<String>,
    /// Their keys, the first ones.
    pub(super) keys: Vec<u64>,
}

/// Files at once from which on it is told that so many are open; again when there are twice as many.
const MANY: usize = 16;
/// Names and keys of open files that are told.
const NAMED: usize = 4;
const KEYS: usize = 64;

impl Files {
    /// A file was opened. False when there are too many.
    pub(super) fn open(&mut self, key: u64, name: String, kind: Kind, owner: Owner) -> bool {
        self.opened += 1;
        if self.map.len() >= MAX_FILES && !self.map.contains_key(&key) {
            return false;
        }
        let name = name.into_boxed_str();
        self.map.insert(key, File { name, kind, owner });
        true
    }

    /// What is open, where it is more than ever, and as many as are told.
    pub(super) fn news(&mut self) -> Option<Held> {
        let open = self.map.len();
        let more = open > self.most;
        self.most = self.most.max(open);
        (more && open >= MANY && open.is_power_of_two()).then(|| self.held())
    }

    /// What is open.
    pub(super) fn held(&self) -> Held {
        let mut keys: Vec<u64> = self.map.keys().copied().collect();
        keys.sort_unstable();
        keys.truncate(KEYS);
        let pipes = self.map.values().filter(|f| f.kind == Kind::Pipe).count();
        // The share itself has no name, nor has what is opened by a CREATE that was not seen, of a kind that is not known either.
        let files = self.map.values();
        let known = files.filter(|file| !file.name.is_empty() || file.kind == Kind::Opaque);
        let mut names: Vec<&str> = known.map(|file| &*file.name).collect();
        names.sort_unstable();
        let groups = names.chunk_by(|a, b| a == b);
        let most = groups.clone().max_by_key(|group| group.len());
        let most = most.unwrap_or_default();
        Held {
            open: self.map.len(),
            pipes,
            name: most
                .first()
                .map_or_else(String::new, |name| (*name).to_owned()),
            same: most.len(),
            names: groups
                .filter_map(|group| group.first().filter(|name| !name.is_empty()))
                .take(NAMED)
                .map(|name| (*name).to_owned())
                .collect(),
            keys,
        }
    }

    /// Files opened so far, and open at once at most.
    pub(super) const fn counts(&self) -> (u64, usize) {
        (self.opened, self.most)
    }

    /// A file was closed.
    pub(super) fn close(&mut self, key: u64, at: &mut At<'_, '_>) {
        self.map.remove(&key);
        if let Some(index) = self.pipes.iter().position(|k| *k == key) {
            self.pipes.swap_remove(index);
            at.out.end_child(key, End::Fin);
        }
    }

    /// Nobody is logged on any more: everything is closed (MS-SMB2 3.3.5.6).
    pub(super) fn close_all(&mut self, at: &mut At<'_, '_>) {
        self.map.clear();
        for key in std::mem::take(&mut self.pipes) {
            at.out.end_child(key, End::Fin);
        }
    }

    /// A user logged off, or left a tree: what he has open there is closed (MS-SMB2 3.3.5.6, 3.3.5.8).
    pub(super) fn close_of(&mut self, is_his: impl Fn(Owner) -> bool, at: &mut At<'_, '_>) {
        // Pipes in their own order: the map's changes from run to run.
        let is_gone = |key: &u64| self.map.get(key).is_some_and(|file| is_his(file.owner));
        let (gone, kept) = self.pipes.iter().copied().partition::<Vec<_>, _>(is_gone);
        self.pipes = kept;
        for key in gone {
            at.out.end_child(key, End::Fin);
        }
        self.map.retain(|_, file| !is_his(file.owner));
    }

    /// What a file is: by how it was opened, or by what it has carried.
    pub(super) fn kind(&self, key: u64) -> Kind {
        match self.map.get(&key).map_or(Kind::Unsure, |file| file.kind) {
            Kind::Unsure if self.pipes.contains(&key) => Kind::Pipe,
            kind => kind,
        }
    }

    /// The tree that a file was opened in, where that was seen.
    pub(super) fn tree(&self, key: u64) -> Option<u32> {
        self.map.get(&key).map(|file| file.owner.tree)
    }

    /// The name of a file; empty when it is not known.
    pub(super) fn name(&self, key: u64) -> &str {
        self.map.get(&key).map_or("", |file| &file.name)
    }

    /// The name of a file whose opening was seen.
    pub(super) fn opened(&self, key: u64) -> Option<&str> {
        self.map.get(&key).map(|file| &*file.name)
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
        at.out.unpacked(key, side, start, data);
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
        let file = self.map.get(&key);
        let (name, opened) = (file.map_or("", |file| &file.name), file.is_some());
        let context = [
            ("pipe", name.to_owned().into()),
            ("file", Value::Int(key as i64)),
        ];
        let told = if self.one_channel { 1 } else { 2 };
        let context = context.get(..told).unwrap_or_default();
        let started = at.out.start_child(key, "dcerpc", opened, context);
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
