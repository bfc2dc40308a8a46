//! Packet blocks (sections 4.3, 4.4 and A of the draft), and blocks that are numbered as if they were packets.

use super::super::summary::Tally;
use super::super::{LinkType, Record};
use super::options::{COMMENT, Options};
use super::{BLOCK_HEADER, Found, Interface, Pcapng};

/// Bytes of the fixed parts: enhanced and obsolete packets alike, simple packets.
const PACKET_FIXED: usize = 20;
const SIMPLE_FIXED: usize = 4;

/// `epb_dropcount`: packets lost since the one before.
const EPB_DROPCOUNT: u16 = 4;

/// The value with which an obsolete packet block says that it does not know its drops.
const DROPS_UNKNOWN: u16 = 0xffff;

/// The fixed part of an enhanced packet or of its predecessor.
struct Fixed {
    interface: u32,
    ticks: u64,
    len: u32,
    wire_len: u32,
}

impl Pcapng {
    /// Enhanced packet block.
    #[inline]
    pub(super) fn packet(&mut self, found: Found<'_>, tally: &mut Tally) -> Result<Record, String> {
        let interface = self.order.u32_at(found.body, 0).unwrap_or(u32::MAX);
        let record = self.timed(found, interface, tally)?;
        let padded = (record.len as usize).next_multiple_of(4);
        if let Some(rest) = found
            .body
            .get(PACKET_FIXED + padded..)
            .filter(|rest| !rest.is_empty())
        {
            self.packet_options(rest, &record, tally);
        }
        Ok(record)
    }

    /// The packet block that the enhanced one replaced: a 16-bit interface, and a count of drops behind it.
    pub(super) fn old_packet(
        &mut self,
        found: Found<'_>,
        tally: &mut Tally,
    ) -> Result<Record, String> {
        let interface = self.order.u16_at(found.body, 0).map_or(u32::MAX, u32::from);
        let record = self.timed(found, interface, tally)?;
        match self.order.u16_at(found.body, 2) {
            None | Some(0 | DROPS_UNKNOWN) => {}
            Some(drops) => lost(tally, record.interface, u64::from(drops)),
        }
        let padded = (record.len as usize).next_multiple_of(4);
        let rest = found.body.get(PACKET_FIXED + padded..).unwrap_or_default();
        self.packet_options(rest, &record, tally);
        Ok(record)
    }

    #[inline]
    fn timed(&self, found: Found<'_>, interface: u32, tally: &mut Tally) -> Result<Record, String> {
        let fixed = self
            .fixed(found.body, interface)
            .ok_or_else(|| too_short(found))?;
        let interface = self.interface_of(fixed.interface)?;
        let there = found.body.len() - PACKET_FIXED;
        if fixed.len > interface.limit || fixed.len as usize > there {
            return Err(too_long(fixed.len, interface.limit, there));
        }
        if fixed.len < interface.link.least_bytes() {
            return Err(no_pseudo_header(fixed.len, interface.link));
        }
        let time = interface.clock.time(fixed.ticks);
        let no = tally.frame(time, interface.index, fixed.len, fixed.wire_len);
        Ok(Record {
            no,
            time,
            file_at: found.file_at,
            interface: interface.index,
            start: (found.body_at + PACKET_FIXED) as u32,
            len: fixed.len,
            wire_len: fixed.wire_len,
            link: interface.link,
            header_len: (BLOCK_HEADER + PACKET_FIXED) as u16,
        })
    }

    #[inline]
    fn fixed(&self, body: &[u8], interface: u32) -> Option<Fixed> {
        let [_, high, low, len, wire_len] = self.order.words(body)?;
        let ticks = u64::from(high) << 32 | u64::from(low);
        Some(Fixed {
            interface,
            ticks,
            len,
            wire_len,
        })
    }

    /// Simple packet block: always of the first interface, without a time; cut by its snap length.
    pub(super) fn simple_packet(
        &mut self,
        found: Found<'_>,
        tally: &mut Tally,
    ) -> Result<Record, String> {
        let wire_len = self
            .order
            .u32_at(found.body, 0)
            .ok_or_else(|| too_short(found))?;
        let interface = self.interface_of(0)?;
        let len = if interface.snap_len > 0 {
            wire_len.min(interface.snap_len)
        } else {
            wire_len
        };
        let there = found.body.len() - SIMPLE_FIXED;
        // Nothing may stand behind the packet: a simple block has no options.
        if there > (len as usize).next_multiple_of(4) {
            return Err(format!(
                "a simple packet block with {there} bytes for a packet of {len}"
            ));
        }
        if len > interface.limit || len as usize > there {
            return Err(too_long(len, interface.limit, there));
        }
        let (no, time) = tally.untimed(Some(interface.index), len, wire_len);
        Ok(Record {
            no,
            time,
            file_at: found.file_at,
            interface: interface.index,
            start: (found.body_at + SIMPLE_FIXED) as u32,
            len,
            wire_len,
            link: interface.link,
            header_len: (BLOCK_HEADER + SIMPLE_FIXED) as u16,
        })
    }

    #[inline]
    fn interface_of(&self, index: u32) -> Result<&Interface, String> {
        self.interfaces
            .get(index as usize)
            .ok_or_else(|| no_interface(index, self.interfaces.len()))
    }

    fn packet_options(&self, rest: &[u8], record: &Record, tally: &mut Tally) {
        for (code, value) in Options::new(self.order, rest) {
            match code {
                COMMENT => tally.comment(Some(record.no), value),
                EPB_DROPCOUNT => lost(
                    tally,
                    record.interface,
                    self.order.u64_at(value, 0).unwrap_or(0),
                ),
                _ => {}
            }
        }
    }
}

/// A custom, journal or system call block: tshark gives it a frame number, so it has one here.
pub(super) fn not_a_packet(found: Found<'_>, tally: &mut Tally) -> Record {
    let len = found.body.len() as u32;
    let (no, time) = tally.untimed(None, len, len);
    tally.skipped(found.kind);
    Record {
        no,
        time,
        file_at: found.file_at,
        interface: u32::MAX,
        start: found.body_at as u32,
        len,
        wire_len: len,
        link: LinkType::NOT_A_PACKET,
        header_len: BLOCK_HEADER as u16,
    }
}

/// Adds drops that packets themselves tell of.
fn lost(tally: &mut Tally, interface: u32, drops: u64) {
    if let Some(info) = tally.summary.interfaces.get_mut(interface as usize) {
        info.dropped_between = info.dropped_between.saturating_add(drops);
    }
}

#[cold]
fn too_short(found: Found<'_>) -> String {
    format!(
        "a packet block of type {:#x} with only {} bytes inside",
        found.kind,
        found.body.len()
    )
}

#[cold]
fn too_long(len: u32, limit: u32, there: usize) -> String {
    format!("a packet block says {len} captured bytes; {there} are there, {limit} are allowed")
}

#[cold]
fn no_pseudo_header(len: u32, link: LinkType) -> String {
    format!("a {link} packet of {len} bytes, too short for its pseudo-header")
}

#[cold]
fn no_interface(index: u32, there: usize) -> String {
    format!("a packet of interface {index}, but the section has described only {there}")
}
