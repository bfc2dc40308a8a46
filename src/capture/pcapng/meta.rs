//! Blocks about the capture: sections, interfaces, statistics, names, secrets (sections 4.1, 4.2, 4.5, 4.6, 4.7 of the draft).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::limits::{INTERFACES, PACKET_BYTES};
use super::super::order::Order;
use super::super::summary::{Tally, text};
use super::super::{InterfaceInfo, LinkType};
use super::clock::Clock;
use super::options::{COMMENT, Options};
use super::{Interface, Pcapng};

/// Options of a section header.
mod shb {
    pub(super) const HARDWARE: u16 = 2;
    pub(super) const OS: u16 = 3;
    pub(super) const USERAPPL: u16 = 4;
}

/// Options of an interface description.
mod idb {
    pub(super) const NAME: u16 = 2;
    pub(super) const DESCRIPTION: u16 = 3;
    pub(super) const TSRESOL: u16 = 9;
    pub(super) const FILTER: u16 = 11;
    pub(super) const TSOFFSET: u16 = 14;
}

/// Options of interface statistics.
mod isb {
    pub(super) const IFRECV: u16 = 4;
    pub(super) const IFDROP: u16 = 5;
    pub(super) const FILTERACCEPT: u16 = 6;
    pub(super) const OSDROP: u16 = 7;
}

/// Kinds of name records.
mod nrb {
    pub(super) const END: u16 = 0;
    pub(super) const IPV4: u16 = 1;
    pub(super) const IPV6: u16 = 2;
}

/// `if_tsresol` where it is not given: microseconds.
const MICROSECONDS: u8 = 6;

/// A secrets type: "TLSK".
const TLS_KEY_LOG: u32 = 0x544c_534b;

impl Pcapng {
    /// Section header: everything said of the section before ends here.
    pub(super) fn section(&mut self, body: &[u8], tally: &mut Tally) -> Result<(), String> {
        tally.section();
        self.interfaces.clear();
        self.largest_packet = PACKET_BYTES;
        let rest = body
            .get(16..)
            .ok_or("a section header with less than its 16 bytes")?;
        for (code, value) in Options::new(self.order, rest) {
            let s = &mut tally.summary;
            match code {
                COMMENT => tally.comment(None, value),
                shb::HARDWARE => s.hardware = Some(text(value)),
                shb::OS => s.os = Some(text(value)),
                shb::USERAPPL => s.application = Some(text(value)),
                _ => {}
            }
        }
        match self.order.u16_at(body, 4) {
            Some(1) => Ok(()),
            major => Err(format!(
                "a section of version {}, only 1 is known; it is read as that",
                major.unwrap_or(0)
            )),
        }
    }

    /// Interface description.
    pub(super) fn interface(&mut self, body: &[u8], tally: &mut Tally) -> Result<(), String> {
        let short = "an interface description with less than its 8 bytes";
        let link = LinkType::from_file(self.order.u16_at(body, 0).ok_or(short)?);
        let snap_len = self.order.u32_at(body, 4).ok_or(short)?;
        if tally.summary.interfaces.len() >= INTERFACES {
            return Err(format!(
                "more than {INTERFACES} interfaces; this one is not kept"
            ));
        }
        let mut info = InterfaceInfo {
            link,
            snap_len,
            resolution: MICROSECONDS,
            ..InterfaceInfo::default()
        };
        for (code, value) in Options::new(self.order, body.get(8..).unwrap_or_default()) {
            match code {
                COMMENT => tally.comment(None, value),
                idb::NAME => info.name = Some(text(value)),
                idb::DESCRIPTION => info.description = Some(text(value)),
                idb::TSRESOL => info.resolution = value.first().copied().unwrap_or(MICROSECONDS),
                idb::TSOFFSET => {
                    info.offset = self.order.u64_at(value, 0).unwrap_or(0).cast_signed();
                }
                idb::FILTER => info.filter = filter(value),
                _ => {}
            }
        }
        let clock = Clock::new(info.resolution, info.offset);
        let limit = link.packet_limit(snap_len);
        self.largest_packet = self.largest_packet.max(limit);
        let index = tally.interface(info);
        self.interfaces.push(Interface {
            index,
            link,
            snap_len,
            limit,
            clock,
        });
        Ok(())
    }

    /// Interface statistics. Each block counts from the beginning of the capture, so the last one stands.
    pub(super) fn statistics(&mut self, body: &[u8], tally: &mut Tally) -> Result<(), String> {
        let rest = body
            .get(12..)
            .ok_or("interface statistics with less than their 12 bytes")?;
        let local = self.order.u32_at(body, 0).unwrap_or(u32::MAX);
        let known = self.interfaces.get(local as usize);
        let info = known.and_then(|known| tally.summary.interfaces.get_mut(known.index as usize));
        let info = info.ok_or_else(|| {
            format!("statistics of interface {local}, which the section has not described")
        })?;
        for (code, value) in Options::new(self.order, rest) {
            let number = self.order.u64_at(value, 0);
            match code {
                isb::IFRECV => info.received = number,
                isb::IFDROP => info.dropped = number,
                isb::FILTERACCEPT => info.accepted = number,
                isb::OSDROP => info.os_dropped = number,
                _ => {}
            }
        }
        for (_, comment) in Options::new(self.order, rest).filter(|(code, _)| *code == COMMENT) {
            tally.comment(None, comment);
        }
        Ok(())
    }
}

/// A filter: 0 and a libpcap expression. Other kinds are byte code.
fn filter(value: &[u8]) -> Option<String> {
    match value.split_first()? {
        (0, expression) => Some(text(expression)),
        (kind, code) => Some(format!("(filter of kind {kind}, {} bytes)", code.len())),
    }
}

/// Name resolution: an address and its names, each ended by NUL, a record.
pub(super) fn names(order: Order, body: &[u8], tally: &mut Tally) {
    let mut rest = body;
    while let (Some(kind), Some(len)) = (order.u16_at(rest, 0), order.u16_at(rest, 2)) {
        let Some(value) = rest
            .get(4..4 + usize::from(len))
            .filter(|_| kind != nrb::END)
        else {
            return;
        };
        let entry = match kind {
            nrb::IPV4 => value
                .split_first_chunk::<4>()
                .map(|(a, names)| (IpAddr::V4(Ipv4Addr::from(*a)), names)),
            nrb::IPV6 => value
                .split_first_chunk::<16>()
                .map(|(a, names)| (IpAddr::V6(Ipv6Addr::from(*a)), names)),
            _ => None,
        };
        if let Some((address, names)) = entry {
            for name in names.split(|&b| b == 0).filter(|name| !name.is_empty()) {
                tally.name(address, name);
            }
        }
        rest = rest
            .get(4 + usize::from(len).next_multiple_of(4)..)
            .unwrap_or_default();
    }
}

/// Decryption secrets: those of TLS are kept, others counted.
pub(super) fn secrets(order: Order, body: &[u8], tally: &mut Tally) -> Result<(), String> {
    let short = "a secrets block with less than its 8 bytes";
    let kind = order.u32_at(body, 0).ok_or(short)?;
    let len = order.u32_at(body, 4).ok_or(short)? as usize;
    let data = body.get(8..).unwrap_or_default();
    let data = data
        .get(..len)
        .ok_or_else(|| format!("a secrets block says {len} bytes, {} are there", data.len()))?;
    match kind {
        TLS_KEY_LOG => tally.secrets(data),
        _ => tally.skipped(super::kind::SECRETS),
    }
    Ok(())
}
