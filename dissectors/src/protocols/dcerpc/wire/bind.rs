//! The records that set an association up.

use super::{Cursor, HEADER, Uuid, text};

/// Items of one list that are read; a list with more is marked as not whole.
const ITEMS: usize = 64;

/// An interface or a transfer syntax with its version (`p_syntax_id_t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Syntax {
    pub(in super::super) uuid: Uuid,
    pub(in super::super) major: u16,
    pub(in super::super) minor: u16,
}

impl Syntax {
    pub(in super::super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let uuid = cursor.uuid()?;
        let version = cursor.u32()?;
        Some(Self {
            uuid,
            major: version as u16,
            minor: (version >> 16) as u16,
        })
    }

    /// True for the pseudo syntax that negotiates features at bind time (MS-RPCE 2.2.2.14).
    pub(in super::super) const fn is_feature(&self) -> bool {
        self.uuid.0 >> 64 == 0x6cb7_1c2c_9812_4540
    }

    pub(in super::super) const fn is_ndr64(&self) -> bool {
        self.uuid.0 == 0x71710533_beba_4937_8319_b5dbef9ccc36
    }

    /// The name of a transfer syntax, empty where it is unknown.
    pub(in super::super) const fn transfer_name(&self) -> &'static str {
        if self.is_feature() {
            return "bind-time features";
        }
        if self.is_ndr64() {
            return "NDR64";
        }
        match self.uuid.0 {
            0x8a885d04_1ceb_11c9_9fe8_08002b104860 => "NDR",
            _ => "",
        }
    }
}

/// One item of a bind's or alter_context's list (`p_cont_elem_t`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Offer {
    pub(in super::super) id: u16,
    pub(in super::super) interface: Syntax,
    pub(in super::super) transfers: Vec<Syntax>,
}

/// A bind or alter_context (C706 12.6.4.3, 12.6.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Bind {
    pub(in super::super) max_xmit: u16,
    pub(in super::super) max_recv: u16,
    pub(in super::super) group: u32,
    pub(in super::super) offers: Vec<Offer>,
    /// False when the list goes on beyond what is there or is read.
    pub(in super::super) whole: bool,
}

impl Bind {
    /// Reads what follows the common header.
    pub(in super::super) fn read(body: &[u8], big: bool) -> Option<Self> {
        let mut cursor = Cursor::new(body, big);
        let (max_xmit, max_recv) = (cursor.u16()?, cursor.u16()?);
        let group = cursor.u32()?;
        let count = usize::from(cursor.u8()?);
        cursor.bytes(3)?;
        let mut offers = Vec::new();
        while offers.len() < count.min(ITEMS) {
            let Some(offer) = Self::offer(&mut cursor) else {
                break;
            };
            offers.push(offer);
        }
        let whole = offers.len() == count;
        Some(Self {
            max_xmit,
            max_recv,
            group,
            offers,
            whole,
        })
    }

    fn offer(cursor: &mut Cursor<'_>) -> Option<Offer> {
        let id = cursor.u16()?;
        let count = usize::from(cursor.u8()?);
        cursor.u8()?;
        let interface = Syntax::read(cursor)?;
        let mut transfers = Vec::new();
        for _ in 0..count {
            let transfer = Syntax::read(cursor)?;
            if transfers.len() < ITEMS {
                transfers.push(transfer);
            }
        }
        Some(Offer {
            id,
            interface,
            transfers,
        })
    }
}

/// The answer to one item (`p_result_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Answer {
    /// 0 acceptance, 1 user rejection, 2 provider rejection, 3 negotiate_ack (MS-RPCE 2.2.2.4).
    pub(in super::super) result: u16,
    pub(in super::super) reason: u16,
    pub(in super::super) transfer: Syntax,
}

/// A bind_ack or alter_context_resp (C706 12.6.4.4, 12.6.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Ack {
    pub(in super::super) max_xmit: u16,
    pub(in super::super) max_recv: u16,
    pub(in super::super) group: u32,
    /// The endpoint where more connections of the group go, as it stands on the wire without its NUL.
    pub(in super::super) secondary: String,
    pub(in super::super) answers: Vec<Answer>,
}

impl Ack {
    /// Reads what follows the common header. `None` also when the list of answers is not whole.
    pub(in super::super) fn read(body: &[u8], big: bool) -> Option<Self> {
        let mut cursor = Cursor::new(body, big);
        let (max_xmit, max_recv) = (cursor.u16()?, cursor.u16()?);
        let group = cursor.u32()?;
        let length = usize::from(cursor.u16()?);
        let secondary = text(cursor.bytes(length)?);
        // The list stands at a multiple of four from the start of the PDU; the address is preceded by 26 bytes.
        let padding = (HEADER + 10 + length).wrapping_neg() & 3;
        cursor.bytes(padding)?;
        let count = usize::from(cursor.u8()?);
        cursor.bytes(3)?;
        let mut answers = Vec::new();
        for _ in 0..count {
            let (result, reason) = (cursor.u16()?, cursor.u16()?);
            let transfer = Syntax::read(&mut cursor)?;
            answers.push(Answer {
                result,
                reason,
                transfer,
            });
        }
        Some(Self {
            max_xmit,
            max_recv,
            group,
            secondary,
            answers,
        })
    }
}

/// A bind_nak (C706 12.6.4.5): the reason, and the protocol versions that the server offers.
pub(in super::super) fn bind_nak(body: &[u8], big: bool) -> Option<(u16, Vec<(u8, u8)>)> {
    let mut cursor = Cursor::new(body, big);
    let reason = cursor.u16()?;
    let count = cursor.u8().unwrap_or(0).min(8);
    let mut versions = Vec::new();
    for _ in 0..count {
        let (Some(major), Some(minor)) = (cursor.u8(), cursor.u8()) else {
            break;
        };
        versions.push((major, minor));
    }
    Some((reason, versions))
}
