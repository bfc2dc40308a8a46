//! What is asked of an endpoint mapper, and the towers that it answers with (C706 appendices I, L, O).
//!
//! ```text
//!   tower  = count (2), floor …                    integers of a tower have their low byte first
//!   floor  = length (2), protocol (1) + data, length (2), data
//!     1  interface: 0x0d, UUID, major | minor
//!     2  transfer syntax, likewise
//!     3  0x0b connection-oriented, 0x0a connectionless, 0x0c local
//!     4  0x07 TCP port, 0x08 UDP port, 0x0f pipe, 0x10 local pipe, 0x1f HTTP port     port: high byte first
//!     5  0x09 IP address, 0x11 NetBIOS name
//! ```

use std::net::Ipv4Addr;

use super::wire::{Cursor, Syntax, text};

/// `ept_lookup` and `ept_map`.
const LOOKUP: u16 = 2;
const MAP: u16 = 3;
/// Towers of one answer that are read.
const TOWERS: usize = 4;
/// `rpc_c_ep_match_by_if` and `rpc_c_ep_match_by_both` (C706 appendix O).
const BY_INTERFACE: u32 = 1;
const BY_BOTH: u32 = 3;

/// What a client wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) interface: Syntax,
    /// `tcp`, `udp`, `pipe`, `http`; empty where any will do.
    pub(super) protocol: &'static str,
    /// False when it goes on with an earlier question: then "not registered" means "no more".
    pub(super) first: bool,
}

/// Where an interface is to be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tower {
    pub(super) interface: Syntax,
    pub(super) protocol: &'static str,
    pub(super) port: Option<u16>,
    pub(super) pipe: String,
    pub(super) address: String,
}

/// Reads the question out of the stub of operation `number`, `None` for operations that ask nothing.
pub(super) fn question(number: u16, stub: &[u8], big: bool, wide: bool) -> Option<Question> {
    let mut ndr = Ndr::new(stub, big, wide);
    match number {
        LOOKUP => {
            let by = ndr.cursor.u32()?;
            ndr.optional_uuid()?;
            if ndr.pointer()? == 0 || !matches!(by, BY_INTERFACE | BY_BOTH) {
                return None;
            }
            let interface = Syntax::read(&mut ndr.cursor)?;
            ndr.cursor.u32()?;
            Some(Question {
                interface,
                protocol: "",
                first: ndr.null_handle()?,
            })
        }
        MAP => {
            ndr.optional_uuid()?;
            if ndr.pointer()? == 0 {
                return None;
            }
            let tower = ndr.tower()?;
            Some(Question {
                interface: tower.interface,
                protocol: tower.protocol,
                first: ndr.null_handle()?,
            })
        }
        _ => None,
    }
}

/// The first towers of an answer to `ept_map`, as far as `stub` reaches.
pub(super) fn towers(stub: &[u8], big: bool, wide: bool) -> Vec<Tower> {
    let mut found = Vec::new();
    let mut ndr = Ndr::new(stub, big, wide);
    if ndr.answers(&mut found).is_none() {
        // Cut short: what was read so far is right.
        found.truncate(TOWERS);
    }
    found
}

/// A reader of NDR (or, `wide`, NDR64), which aligns to the start of the stub.
struct Ndr<'a> {
    cursor: Cursor<'a>,
    length: usize,
    wide: bool,
}

impl<'a> Ndr<'a> {
    const fn new(stub: &'a [u8], big: bool, wide: bool) -> Self {
        Self {
            cursor: Cursor::new(stub, big),
            length: stub.len(),
            wide,
        }
    }

    fn align(&mut self, to: usize) -> Option<()> {
        let at = self.length - self.cursor.rest().len();
        self.cursor.bytes(at.next_multiple_of(to) - at).map(|_| ())
    }

    /// A pointer's referent id or a conformant array's size.
    fn pointer(&mut self) -> Option<u64> {
        if self.wide {
            self.align(8)?;
            self.cursor.u64()
        } else {
            self.align(4)?;
            self.cursor.u32().map(u64::from)
        }
    }

    fn optional_uuid(&mut self) -> Option<()> {
        if self.pointer()? != 0 {
            self.cursor.bytes(16)?;
        }
        Some(())
    }

    /// A context handle: true when it is all zeros.
    fn null_handle(&mut self) -> Option<bool> {
        self.align(4)?;
        self.cursor.bytes(20).map(|h| h.iter().all(|b| *b == 0))
    }

    /// A `twr_t`: its size, its length, its octets.
    fn tower(&mut self) -> Option<Tower> {
        self.pointer()?;
        let length = self.cursor.u32()? as usize;
        tower(self.cursor.bytes(length)?)
    }

    fn answers(&mut self, found: &mut Vec<Tower>) -> Option<()> {
        self.cursor.bytes(20)?;
        self.cursor.u32()?;
        self.pointer()?;
        self.pointer()?;
        let count = usize::try_from(self.pointer()?).ok()?;
        for _ in 0..count {
            self.pointer()?;
            // More pointers than the stub has bytes end here by themselves.
        }
        for _ in 0..count.min(TOWERS) {
            let tower = self.tower()?;
            found.push(tower);
        }
        Some(())
    }
}

/// Takes one tower's octets apart.
fn tower(octets: &[u8]) -> Option<Tower> {
    let mut cursor = Cursor::new(octets, false);
    let floors = cursor.u16()?;
    let mut tower = Tower::default();
    for number in 0..floors.min(8) {
        let length = usize::from(cursor.u16()?);
        let left = cursor.bytes(length)?;
        let length = usize::from(cursor.u16()?);
        let right = cursor.bytes(length)?;
        floor(&mut tower, number, left, right);
    }
    Some(tower)
}

fn floor(tower: &mut Tower, number: u16, left: &[u8], right: &[u8]) {
    let (Some((protocol, data)), right_port) = (left.split_first(), right.first_chunk()) else {
        return;
    };
    let port = right_port.map(|b| u16::from_be_bytes(*b));
    match protocol {
        0x0d if number == 0 => {
            let mut cursor = Cursor::new(data, false);
            if let (Some(uuid), Some(major)) = (cursor.uuid(), cursor.u16()) {
                let minor = right.first_chunk().map_or(0, |b| u16::from_le_bytes(*b));
                tower.interface = Syntax { uuid, major, minor };
            }
        }
        0x07 => (tower.protocol, tower.port) = ("tcp", port),
        0x08 => (tower.protocol, tower.port) = ("udp", port),
        0x1f => (tower.protocol, tower.port) = ("http", port),
        0x0f => (tower.protocol, tower.pipe) = ("pipe", text(right)),
        0x10 => (tower.protocol, tower.pipe) = ("local", text(right)),
        0x09 => {
            if let Some(address) = right.first_chunk::<4>() {
                tower.address = Ipv4Addr::from(*address).to_string();
            }
        }
        0x11 => tower.address = text(right),
        _ => {}
    }
}
