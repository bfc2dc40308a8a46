//! pcapng: draft-ietf-opsawg-pcapng.
//!
//! ```text
//! block:  type, total length, body (padded to 4 bytes), total length again
//! file:   sections, each: section header, then interface descriptions, packets, statistics, names, secrets … in any order
//! ```
//!
//! A fault inside a block whose two lengths agree is noted and the block skipped; where they don't agree, nothing after it
//! can be found and reading ends.

mod clock;
mod meta;
mod options;
mod packet;

use super::file::{Format, Step};
use super::limits::{BLOCK_BYTES, PACKET_BYTES};
use super::order::Order;
use super::summary::Tally;
use super::{LinkType, Record};
use clock::Clock;

/// Block types (section 10.1 of the draft; the sysdig ones are registered there).
mod kind {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const OLD_PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const NAMES: u32 = 4;
    pub(super) const STATISTICS: u32 = 5;
    pub(super) const PACKET: u32 = 6;
    pub(super) const JOURNAL: u32 = 9;
    pub(super) const SECRETS: u32 = 10;
    pub(super) const SYSDIG_EVENT: u32 = 0x204;
    pub(super) const SYSDIG_EVENT_V2: u32 = 0x216;
    pub(super) const SYSDIG_EVENT_V2_LARGE: u32 = 0x221;
    pub(super) const CUSTOM: u32 = 0x0bad;
    pub(super) const CUSTOM_NO_COPY: u32 = 0x4000_0bad;
}

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Bytes of the type and the total length in front of a body, and of the total length behind it.
const BLOCK_HEADER: usize = 8;
const BLOCK_TRAILER: usize = 4;

/// What is needed of an interface for each of its packets.
#[derive(Clone, Copy, Debug)]
struct Interface {
    /// Its index in the summary, which counts over all sections.
    index: u32,
    link: LinkType,
    snap_len: u32,
    limit: u32,
    clock: Clock,
}

/// The state of reading a pcapng file: that of its current section.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    largest_packet: u32,
}

impl Default for Pcapng {
    fn default() -> Self {
        Self {
            order: Order::Little,
            interfaces: Vec::new(),
            largest_packet: PACKET_BYTES,
        }
    }
}

/// One block with agreeing lengths, and where it was found.
#[derive(Clone, Copy)]
struct Found<'a> {
    kind: u32,
    body: &'a [u8],
    /// Where the body begins in the bytes at hand.
    body_at: usize,
    /// Where the block begins in the file.
    file_at: u64,
}

/// How looking for a block ended.
enum Look<'a> {
    Block(Found<'a>, usize),
    More(usize),
    Broken(String),
}

impl Pcapng {
    /// True when a file with these first bytes means to be one of this format.
    pub(super) fn accepts(head: &[u8]) -> bool {
        head.starts_with(&kind::SECTION.to_le_bytes())
    }

    /// True when a section header with a byte order begins here.
    pub(super) fn begins(head: &[u8]) -> bool {
        Self::accepts(head) && section_order(head).is_some()
    }

    /// Looks at the block that begins with `rest`.
    #[inline]
    fn look<'a>(&mut self, rest: &'a [u8], used: usize, at: u64) -> Look<'a> {
        if rest.len() < 12 {
            return Look::More(12);
        }
        // The type of a section header reads the same in both byte orders.
        if Self::accepts(rest) {
            let Some(order) = section_order(rest) else {
                return Look::Broken("a section header without a byte-order magic".to_owned());
            };
            self.order = order;
        }
        let Some([kind, total]) = self.order.words(rest) else {
            return Look::More(12);
        };
        if let Some(fault) = self.impossible(kind, total) {
            return Look::Broken(fault);
        }
        // Some writers forget the padding in the length (tshark rounds up, too).
        let whole = (total as usize).next_multiple_of(4);
        let Some(block) = rest.get(..whole) else {
            return Look::More(whole);
        };
        let body_end = whole - BLOCK_TRAILER;
        let trailer = self.order.u32_at(block, body_end).unwrap_or_default();
        if trailer != total {
            return Look::Broken(format!(
                "the block of type {kind:#x} begins with length {total} and ends with length {trailer}"
            ));
        }
        let body = block.get(BLOCK_HEADER..body_end).unwrap_or_default();
        Look::Block(
            Found {
                kind,
                body,
                body_at: used + BLOCK_HEADER,
                file_at: at + used as u64,
            },
            whole,
        )
    }

    /// Why a block cannot have this length.
    fn impossible(&self, kind: u32, total: u32) -> Option<String> {
        let most = match kind {
            kind::PACKET | kind::SIMPLE_PACKET | kind::OLD_PACKET => {
                BLOCK_BYTES + self.largest_packet
            }
            _ => BLOCK_BYTES,
        };
        if total < 12 {
            Some(format!(
                "the block of type {kind:#x} says {total} bytes, less than its own 12"
            ))
        } else if total > most {
            Some(format!(
                "the block of type {kind:#x} says {total} bytes, more than {most} at most"
            ))
        } else {
            None
        }
    }

    /// Reads a block that is no packet. A fault is what to note; the block is then skipped.
    fn other(
        &mut self,
        found: Found<'_>,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> Result<(), String> {
        match found.kind {
            kind::SECTION => self.section(found.body, tally),
            kind::INTERFACE => self.interface(found.body, tally),
            kind::STATISTICS => self.statistics(found.body, tally),
            kind::NAMES => {
                meta::names(self.order, found.body, tally);
                Ok(())
            }
            kind::SECRETS => meta::secrets(self.order, found.body, tally),
            kind::JOURNAL
            | kind::SYSDIG_EVENT
            | kind::SYSDIG_EVENT_V2
            | kind::SYSDIG_EVENT_V2_LARGE
            | kind::CUSTOM
            | kind::CUSTOM_NO_COPY => {
                records.push(packet::not_a_packet(found, tally));
                Ok(())
            }
            other => {
                tally.skipped(other);
                Ok(())
            }
        }
    }
}

/// True for the types of blocks with a packet in them.
pub(super) const fn is_packet(kind: u32) -> bool {
    matches!(kind, kind::PACKET | kind::SIMPLE_PACKET | kind::OLD_PACKET)
}

/// True for the type of blocks with secrets in them.
pub(super) const fn is_secrets(kind: u32) -> bool {
    kind == kind::SECRETS
}

fn section_order(block: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big]
        .into_iter()
        .find(|order| order.u32_at(block, 8) == Some(BYTE_ORDER_MAGIC))
}

impl Format for Pcapng {
    fn parse(
        &mut self,
        data: &[u8],
        at: u64,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> Step {
        let mut used = 0;
        loop {
            let rest = data.get(used..).unwrap_or_default();
            let (found, whole) = match self.look(rest, used, at) {
                Look::Block(found, whole) => (found, whole),
                Look::More(need) => {
                    return Step {
                        used,
                        need,
                        stop: false,
                    };
                }
                Look::Broken(what) => {
                    tally.damage(at + used as u64, what);
                    return Step {
                        used,
                        need: 0,
                        stop: true,
                    };
                }
            };
            let read = match found.kind {
                kind::PACKET => self.packet(found, tally).map(|record| records.push(record)),
                kind::SIMPLE_PACKET => self
                    .simple_packet(found, tally)
                    .map(|record| records.push(record)),
                kind::OLD_PACKET => self
                    .old_packet(found, tally)
                    .map(|record| records.push(record)),
                _ => self.other(found, records, tally),
            };
            if let Err(what) = read {
                tally.damage(found.file_at, what);
                tally.skipped(found.kind);
            }
            used += whole;
        }
    }

    fn cut(&self, rest: &[u8]) -> String {
        match (self.order.u32_at(rest, 0), self.order.u32_at(rest, 4)) {
            (Some(kind), Some(total)) => {
                format!(
                    "the file ends inside a block of type {kind:#x}: {} of its {total} bytes are there",
                    rest.len()
                )
            }
            _ => format!(
                "the file ends after {} of the 8 bytes of a block header",
                rest.len()
            ),
        }
    }
}
