//! File names by handle, learned from MOUNT and LOOKUP, and NFSv2 and NFSv3 calls in words.
//!
//! All of it is for readers of the dialogue only: nothing here runs when no texts are wanted.

use hashbrown::HashMap;

use super::xdr::{Xdr, handle_hash, text};

/// Handles whose names are remembered; later ones are shown by their hash.
const MOST_NAMES: usize = 4096;
/// Bytes of a path that is shown.
const LONGEST_PATH: usize = 300;
/// A handle of NFSv3 has at most 64 bytes (RFC 1813 section 2.4), one of NFSv2 exactly 32.
const HANDLE3: u32 = 64;
const HANDLE2: usize = 32;

/// Paths by the hash of the handle.
#[derive(Debug, Default)]
pub(super) struct Files {
    names: HashMap<u32, Box<str>>,
}

/// Arguments in words, and the path that a successful answer gives a handle to.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) makes: Option<Box<str>>,
}

impl Files {
    pub(super) fn learn(&mut self, handle: &[u8], path: &str) {
        if self.names.len() < MOST_NAMES {
            self.names.insert(handle_hash(handle), path.into());
        }
    }

    /// Learns the handle that a successful answer holds: right at its start (LOOKUP, MNT) or as an optional item
    /// (what NFSv3's CREATE and its kin answer).
    pub(super) fn learn_answer(
        &mut self,
        version: u32,
        optional: bool,
        results: &[u8],
        path: &str,
    ) {
        let mut xdr = Xdr::new(results);
        if xdr.word() != Some(0) || (optional && xdr.present() != Some(true)) {
            return;
        }
        if let Some(handle) = read_handle(version, &mut xdr) {
            self.learn(handle, path);
        }
    }

    fn name(&self, handle: &[u8]) -> String {
        let hash = handle_hash(handle);
        self.names
            .get(&hash)
            .map_or_else(|| format!("handle 0x{hash:08x}"), ToString::to_string)
    }

    fn below(&self, directory: &[u8], name: &[u8]) -> String {
        let name = text(name);
        match self.names.get(&handle_hash(directory)) {
            Some(path) if path.len() + name.len() < LONGEST_PATH => {
                format!("{}/{name}", path.trim_end_matches('/'))
            }
            _ => name,
        }
    }

    /// The arguments of an NFSv2 or NFSv3 procedure.
    pub(super) fn tell(&self, version: u32, procedure: u32, args: &[u8]) -> Told {
        let mut told = Told::default();
        let mut xdr = Xdr::new(args);
        let written = match version {
            2 => self.tell2(procedure, &mut xdr, &mut told),
            _ => self.tell3(procedure, &mut xdr, &mut told),
        };
        if written.is_none() && told.text.is_empty() && procedure != 0 {
            "(cut off)".clone_into(&mut told.text);
        }
        told
    }

    fn tell3(&self, procedure: u32, xdr: &mut Xdr<'_>, told: &mut Told) -> Option<()> {
        if procedure == 0 {
            return None;
        }
        let handle = read_handle(3, xdr)?;
        match procedure {
            3 | 8..=13 => {
                self.tell_named(handle, xdr, told, !matches!(procedure, 12 | 13))?;
            }
            6 | 7 | 21 => self.tell_range(handle, (xdr.hyper()?, xdr.word()?), told),
            14 => self.tell_rename(3, handle, xdr, told)?,
            15 => {
                let directory = read_handle(3, xdr)?;
                let to = self.below(directory, xdr.opaque(1024)?);
                told.text = format!("{} as {to}", self.name(handle));
            }
            _ => told.text = self.name(handle),
        }
        Some(())
    }

    fn tell2(&self, procedure: u32, xdr: &mut Xdr<'_>, told: &mut Told) -> Option<()> {
        if matches!(procedure, 0 | 3 | 7) {
            return None;
        }
        let handle = read_handle(2, xdr)?;
        match procedure {
            4 | 9 | 10 | 13..=15 => {
                self.tell_named(handle, xdr, told, !matches!(procedure, 10 | 13 | 15))?;
            }
            6 => self.tell_range(handle, (u64::from(xdr.word()?), xdr.word()?), told),
            8 => {
                let (_begin, offset) = (xdr.word()?, xdr.word()?);
                let _total = xdr.word()?;
                self.tell_range(handle, (u64::from(offset), xdr.word()?), told);
            }
            11 => self.tell_rename(2, handle, xdr, told)?,
            12 => {
                let directory = read_handle(2, xdr)?;
                let to = self.below(directory, xdr.opaque(1024)?);
                told.text = format!("{} as {to}", self.name(handle));
            }
            _ => told.text = self.name(handle),
        }
        Some(())
    }

    fn tell_named(
        &self,
        directory: &[u8],
        xdr: &mut Xdr<'_>,
        told: &mut Told,
        makes: bool,
    ) -> Option<()> {
        let path = self.below(directory, xdr.opaque(1024)?);
        if makes {
            told.makes = Some(path.as_str().into());
        }
        told.text = path;
        Some(())
    }

    fn tell_range(&self, handle: &[u8], (offset, count): (u64, u32), told: &mut Told) {
        told.text = format!("length {count} offset {offset} file {}", self.name(handle));
    }

    fn tell_rename(
        &self,
        version: u32,
        from: &[u8],
        xdr: &mut Xdr<'_>,
        told: &mut Told,
    ) -> Option<()> {
        let old = self.below(from, xdr.opaque(1024)?);
        let directory = read_handle(version, xdr)?;
        told.text = format!("{old} to {}", self.below(directory, xdr.opaque(1024)?));
        Some(())
    }
}

fn read_handle<'a>(version: u32, xdr: &mut Xdr<'a>) -> Option<&'a [u8]> {
    match version {
        0..=2 => xdr.fixed(HANDLE2),
        _ => xdr.opaque(HANDLE3),
    }
}
