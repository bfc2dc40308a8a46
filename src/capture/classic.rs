//! Classic capture files: draft-ietf-opsawg-pcap.
//!
//! ```text
//! file header, 24 bytes: magic, major and minor version, 2 × 4 bytes unused, snap length, link type (FCS bits above 16)
//! record header, 16 bytes: seconds, fraction, captured length, length on the wire
//! modified (magic a1b2cd34), 8 more: interface index, protocol, packet type
//! ```

use colloquy_dissectors::units::Timestamp;

use super::file::{Format, Step};
use super::order::Order;
use super::summary::Tally;
use super::{InterfaceInfo, LinkType, Record};

/// Microseconds.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Nanoseconds.
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
/// Longer record headers, written by Alexey Kuznetzov's patched libpcap.
const MAGIC_MODIFIED: u32 = 0xa1b2_cd34;

/// Bytes of a record header, and of a modified one.
const RECORD_HEADER: usize = 16;
const MODIFIED_HEADER: usize = 24;

/// How the two lengths of a record stand: before version 2.3 the captured length came second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    CapturedSecond,
    /// Version 2.3 was written both ways: the smaller one is the captured length.
    SmallerIsCaptured,
}

/// The state of reading a classic file, which is only its header.
#[derive(Debug)]
pub(super) struct Classic {
    order: Order,
    nanos_per_fraction: i64,
    header: usize,
    lengths: Lengths,
    link: LinkType,
    limit: u32,
}

impl Classic {
    /// Bytes of the file header.
    pub(super) const HEADER_BYTES: usize = 24;

    /// True when a file with these first bytes can be one of this format.
    pub(super) fn accepts(head: &[u8]) -> bool {
        order_and_magic(head).is_some()
    }

    /// Reads the file header. None when it is none.
    pub(super) fn start(head: &[u8], tally: &mut Tally) -> Option<Self> {
        let (order, magic) = order_and_magic(head)?;
        let major = order.u16_at(head, 4)?;
        let minor = order.u16_at(head, 6)?;
        let snap_len = order.u32_at(head, 16)?;
        let link = LinkType::from_file(order.u32_at(head, 20)? as u16);
        let nanos = magic == MAGIC_NANOS;
        tally.interface(InterfaceInfo {
            link,
            snap_len,
            resolution: if nanos { 9 } else { 6 },
            ..InterfaceInfo::default()
        });
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, _) => Lengths::CapturedSecond,
            (2, 3) => Lengths::SmallerIsCaptured,
            _ => Lengths::CapturedFirst,
        };
        Some(Self {
            order,
            nanos_per_fraction: if nanos { 1 } else { 1000 },
            header: if magic == MAGIC_MODIFIED {
                MODIFIED_HEADER
            } else {
                RECORD_HEADER
            },
            lengths,
            link,
            limit: link.packet_limit(snap_len),
        })
    }

    /// The time and the captured and original length of a record header.
    #[inline]
    fn header(&self, bytes: &[u8]) -> Option<(Timestamp, u32, u32)> {
        let [seconds, fraction, first, second] = self.order.words(bytes)?;
        // Both are below 2^32 and 2^42: no overflow, and a fraction above a second counts on, as in libpcap.
        let time =
            i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.nanos_per_fraction;
        let (len, wire_len) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::CapturedSecond => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        };
        Some((Timestamp::from_nanos(time), len, wire_len))
    }
}

fn order_and_magic(head: &[u8]) -> Option<(Order, u32)> {
    [Order::Little, Order::Big].into_iter().find_map(|order| {
        let magic = order.u32_at(head, 0)?;
        matches!(magic, MAGIC | MAGIC_NANOS | MAGIC_MODIFIED).then_some((order, magic))
    })
}

impl Format for Classic {
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
            let Some((time, len, wire_len)) = self.header(rest) else {
                return Step {
                    used,
                    need: self.header,
                    stop: false,
                };
            };
            let file_at = at + used as u64;
            if len > self.limit {
                let what = format!(
                    "the record header says {len} bytes, more than {} at most",
                    self.limit
                );
                tally.damage(file_at, what);
                return Step {
                    used,
                    need: 0,
                    stop: true,
                };
            }
            let whole = self.header + len as usize;
            if rest.len() < whole {
                return Step {
                    used,
                    need: whole,
                    stop: false,
                };
            }
            let no = tally.frame(time, 0, len, wire_len);
            records.push(Record {
                no,
                time,
                file_at,
                interface: 0,
                start: (used + self.header) as u32,
                len,
                wire_len,
                link: self.link,
                header_len: self.header as u16,
            });
            used += whole;
        }
    }

    fn cut(&self, rest: &[u8]) -> String {
        match (self.header(rest), rest.len().checked_sub(self.header)) {
            (Some((_, len, _)), Some(there)) => {
                format!("the file ends inside a frame: {there} of its {len} bytes are there")
            }
            _ => format!(
                "the file ends after {} of the {} bytes of a record header",
                rest.len(),
                self.header
            ),
        }
    }
}
