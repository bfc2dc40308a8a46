//! Reads numbers in either byte order, and knows where in the PDU they stand.

use super::super::wire::{Cursor, Uuid};
use crate::field::{FieldId, Value, Writer};

/// A reader whose reads are fields.
pub(super) struct Reader<'a> {
    cursor: Cursor<'a>,
    /// Where what is read ends.
    end: usize,
    /// Where the stub begins, to which NDR aligns.
    stub: usize,
    /// NDR64: pointers and counts have eight bytes.
    wide: bool,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which stand at `at` in the PDU.
    pub(super) const fn new(bytes: &'a [u8], at: usize, big: bool) -> Self {
        Self {
            cursor: Cursor::new(bytes, big),
            end: at + bytes.len(),
            stub: at,
            wide: false,
        }
    }

    /// The same for a stub.
    pub(super) const fn stub(bytes: &'a [u8], at: usize, big: bool, wide: bool) -> Self {
        Self {
            wide,
            ..Self::new(bytes, at, big)
        }
    }

    /// Where the next item stands.
    pub(super) const fn at(&self) -> usize {
        self.end - self.cursor.rest().len()
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    pub(super) fn u8(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u8> {
        let at = self.at();
        let n = self.cursor.u8()?;
        w.uint(id, n, at, 1);
        Some(n)
    }

    pub(super) fn u16(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u16> {
        let at = self.at();
        let n = self.cursor.u16()?;
        w.uint(id, n, at, 2);
        Some(n)
    }

    pub(super) fn u32(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u32> {
        let at = self.at();
        let n = self.cursor.u32()?;
        w.uint(id, n, at, 4);
        Some(n)
    }

    pub(super) fn uuid(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<Uuid> {
        let at = self.at();
        let uuid = self.cursor.uuid()?;
        w.put(id, Value::Guid(uuid.0.to_be_bytes()), at, 16);
        Some(uuid)
    }

    /// A number of four bytes that is no field as it stands.
    pub(super) fn number(&mut self) -> Option<u32> {
        self.cursor.u32()
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        self.cursor.bytes(len)
    }

    /// Moves on to a multiple of `to` from the stub's start.
    pub(super) fn align(&mut self, to: usize) -> Option<()> {
        let at = self.at() - self.stub;
        self.cursor.bytes(at.next_multiple_of(to) - at).map(drop)
    }

    /// A number of NDR: aligned.
    pub(super) fn long(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u32> {
        self.align(4)?;
        self.u32(id, w)
    }

    /// A pointer's referent id, or the size of an array.
    pub(super) fn pointer(&mut self) -> Option<u64> {
        if self.wide {
            self.align(8)?;
            self.cursor.u64()
        } else {
            self.align(4)?;
            self.cursor.u32().map(u64::from)
        }
    }

    /// The same as a field.
    pub(super) fn size(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u64> {
        let n = self.pointer()?;
        let len = if self.wide { 8 } else { 4 };
        w.uint(id, n, self.at() - len, len);
        Some(n)
    }
}
