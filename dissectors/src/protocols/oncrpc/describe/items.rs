//! XDR as tables: what follows what in arguments and results, and which field each item is.

use super::super::fields::{nfs, portmap, rpc};
use super::super::programs;
use super::super::xdr::{Xdr, text};
use crate::field::{FieldId, INFO_COLUMN, Value, Writer};

/// The longest text or opaque data that is read.
const LONGEST: u32 = 1 << 20;

/// One item.
#[derive(Clone, Copy)]
pub(super) enum Item {
    /// An unsigned integer or an enum.
    Word(FieldId),
    /// A bool.
    Bool(FieldId),
    /// An unsigned hyper.
    Hyper(FieldId),
    /// A string, its length before it.
    Text(FieldId),
    /// Opaque data, its length before it.
    Opaque(FieldId),
    /// So many bytes.
    Fixed(FieldId, usize),
    /// A file handle, its length before it.
    Handle,
    /// A file handle of version 2: 32 bytes.
    Handle2,
    /// Seconds and nanoseconds: the moment and both.
    Time([FieldId; 3]),
    /// A word, its low bits flags of their own: shown are those that were asked for.
    Rights(FieldId, &'static [(FieldId, u32)]),
    /// Items that belong together.
    Branch(&'static str, &'static [Self]),
    /// A field and the items that it is made of.
    Parts(FieldId, &'static [Self]),
    /// A word that is 1 where the items follow.
    Optional(FieldId, &'static [Self]),
    /// Items again and again, a bool that is true before each.
    List(FieldId, &'static [Self]),
    /// Items as often as the word before them says.
    Array(FieldId, &'static [Self]),
    /// Items whose handle is that of a directory, for the info column.
    Directory(&'static [Self]),
    /// Items of which the info column says nothing.
    Quiet(&'static [Self]),
    /// Words without a field.
    Words(usize),
    /// What no table can say.
    With(fn(&mut Reader<'_>, &mut Writer<'_>) -> Option<()>),
}

/// Reads items one after the other, and knows where in the message it stands.
pub(super) struct Reader<'a> {
    xdr: Xdr<'a>,
    /// Where what is read ends.
    end: usize,
    /// What the info column is to say of it, if anybody reads that.
    summary: Option<String>,
    /// What the info column calls a handle.
    handle_name: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which stand at `at` in the message.
    pub(super) fn new(bytes: &'a [u8], at: usize, w: &Writer<'_>) -> Self {
        Self {
            xdr: Xdr::new(bytes),
            end: at + bytes.len(),
            summary: w.wants(INFO_COLUMN).then(String::new),
            handle_name: "FH",
        }
    }

    /// Where the next item stands.
    pub(super) const fn at(&self) -> usize {
        self.end - self.xdr.rest().len()
    }

    pub(super) fn word(&mut self) -> Option<u32> {
        self.xdr.word()
    }

    /// What comes next, without consuming it.
    pub(super) const fn ahead(&self) -> Xdr<'a> {
        self.xdr
    }

    /// So many bytes without padding or length.
    pub(super) fn fixed(&mut self, len: usize) -> Option<&'a [u8]> {
        self.xdr.fixed(len)
    }

    /// So many bytes, or those of them that there are; false then.
    pub(super) fn body(&mut self, len: usize) -> Option<(&'a [u8], bool)> {
        let here = len.min(self.xdr.rest().len());
        Some((self.xdr.fixed(here)?, here == len))
    }

    /// What was gathered for the info column.
    pub(super) fn summary(&mut self) -> String {
        self.summary.take().unwrap_or_default()
    }

    /// Adds to what the info column says.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(summary) = &mut self.summary {
            summary.push_str(&what());
        }
    }

    /// Writes all items; `None` where the bytes end before.
    pub(super) fn tell(&mut self, items: &[Item], w: &mut Writer<'_>) -> Option<()> {
        items.iter().try_for_each(|item| self.item(*item, w))
    }

    fn item(&mut self, item: Item, w: &mut Writer<'_>) -> Option<()> {
        let at = self.at();
        match item {
            Item::Word(id) => self.number(id, w).map(drop),
            Item::Bool(id) => self.flag(id, w).map(drop),
            Item::Hyper(id) => {
                let n = self.xdr.hyper()?;
                w.uint(id, n, at, 8);
                self.note_number(id, n);
                Some(())
            }
            Item::Text(id) => self.text(id, w),
            Item::Opaque(id) => {
                let bytes = self.opaque(w)?;
                w.bytes(id, bytes, at + 4);
                Some(())
            }
            Item::Fixed(id, len) => {
                w.bytes(id, self.xdr.fixed(len)?, at);
                Some(())
            }
            Item::Handle => {
                let len = self.number(nfs::FH_LENGTH, w)?;
                self.handle(len as usize, w)
            }
            Item::Handle2 => self.handle(32, w),
            Item::Directory(items) => {
                self.handle_name = "DH";
                let done = self.tell(items, w);
                self.handle_name = "FH";
                done
            }
            Item::Quiet(items) => {
                let summary = self.summary.take();
                let done = self.tell(items, w);
                self.summary = summary;
                done
            }
            Item::Time(ids) => self.time(ids, w),
            Item::Rights(id, bits) => self.rights(id, bits, w),
            Item::Branch(label, items) => {
                let mut done = None;
                w.branch(|| label.to_owned(), at, 0, |w| done = self.tell(items, w));
                done
            }
            Item::Parts(id, items) => {
                let mut done = None;
                w.parts(id, Value::Present, at, 0, |w| done = self.tell(items, w));
                done
            }
            Item::Optional(id, items) => match self.number(id, w)? {
                1 => self.tell(items, w),
                _ => Some(()),
            },
            Item::List(id, items) => {
                while self.flag(id, w)? {
                    self.tell(items, w)?;
                }
                Some(())
            }
            Item::Array(id, items) => {
                for _ in 0..self.number(id, w)? {
                    self.tell(items, w)?;
                }
                Some(())
            }
            Item::Words(count) => self.xdr.skip_words(count),
            Item::With(read) => read(self, w),
        }
    }

    /// A word that is a field.
    pub(super) fn number(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<u32> {
        let at = self.at();
        let n = self.xdr.word()?;
        w.uint(id, n, at, 4);
        self.note_number(id, n.into());
        Some(n)
    }

    /// A bool that is a field.
    pub(super) fn flag(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<bool> {
        let at = self.at();
        let set = self.xdr.present()?;
        w.bool(id, set, at, 4);
        Some(set)
    }

    fn text(&mut self, id: FieldId, w: &mut Writer<'_>) -> Option<()> {
        let bytes = self.opaque(w)?;
        let at = self.at().saturating_sub(bytes.len().next_multiple_of(4));
        let bytes = bytes.split(|b| *b == 0).next().unwrap_or(bytes);
        w.text_with(id, || text(bytes), at, bytes.len());
        let before = match id {
            nfs::NAME | nfs::COMPONENT => "/",
            nfs::READLINK_DATA => " Path: ",
            _ => " ",
        };
        self.note(|| format!("{before}{}", text(bytes)));
        Some(())
    }

    /// Opaque data, its length written as such.
    pub(super) fn opaque(&mut self, w: &mut Writer<'_>) -> Option<&'a [u8]> {
        let len = self.number(rpc::OPAQUE_LENGTH, w)?;
        if len > LONGEST {
            return None;
        }
        self.xdr.fixed(len as usize)
    }

    fn handle(&mut self, len: usize, w: &mut Writer<'_>) -> Option<()> {
        let at = self.at();
        let handle = self.xdr.fixed(len)?;
        if w.wants(nfs::FH_HASH) {
            w.uint(nfs::FH_HASH, crc32(handle), at, len);
        }
        w.bytes(nfs::FHANDLE, handle, at);
        let name = self.handle_name;
        self.note(|| format!(", {name}: 0x{:08x}", crc32(handle)));
        Some(())
    }

    fn time(&mut self, [moment, seconds, rest]: [FieldId; 3], w: &mut Writer<'_>) -> Option<()> {
        let at = self.at();
        let (s, n) = (self.xdr.word()?, self.xdr.word()?);
        let micro = matches!(rest, nfs::ATIME_USEC | nfs::MTIME_USEC | nfs::CTIME_USEC);
        // More than a second is no part of one: version 2 sets all bits where a time is not to be set.
        let nanos = match (micro, n) {
            (true, 0..1_000_000) => i64::from(n) * 1000,
            (true, _) => 0,
            (false, _) => i64::from(n),
        };
        let nanos = i64::from(s) * 1_000_000_000 + nanos;
        let value = match moment {
            nfs::DTIME => Value::Duration(nanos),
            _ => Value::Time(nanos),
        };
        w.parts(moment, value, at, 8, |w| {
            w.uint(seconds, s, at, 4);
            w.uint(rest, n, at + 4, 4);
        });
        Some(())
    }

    fn rights(&mut self, id: FieldId, bits: &[(FieldId, u32)], w: &mut Writer<'_>) -> Option<()> {
        let at = self.at();
        let set = self.xdr.word()?;
        w.parts(id, Value::Uint(set.into()), at, 4, |w| {
            for (bit, mask) in bits {
                w.bool(*bit, set & mask != 0, at, 4);
            }
        });
        Some(())
    }

    /// Numbers that the info column shows.
    fn note_number(&mut self, id: FieldId, n: u64) {
        let label = match id {
            // stable_how (RFC 1813 section 3.3.7).
            nfs::WRITE_STABLE | nfs::WRITE_COMMITTED => {
                let how = ["UNSTABLE", "DATA_SYNC", "FILE_SYNC"].get(n as usize);
                return self.note(|| format!(" {}", how.unwrap_or(&"Unknown")));
            }
            portmap::PROG => {
                let name = programs::name(n as u32).to_uppercase();
                return self.note(|| format!(" {name}({n})"));
            }
            portmap::VERSION => return self.note(|| format!(" V:{n}")),
            portmap::PROTO_NUMBER => {
                return self.note(|| match n {
                    6 => " TCP".to_owned(),
                    17 => " UDP".to_owned(),
                    _ => format!(" {n}"),
                });
            }
            portmap::PORT => return self.note(|| format!(" Port:{n}")),
            nfs::OFFSET3 | nfs::OFFSET4 | nfs::READ_OFFSET | nfs::WRITE_OFFSET => " Offset:",
            nfs::COUNT3 | nfs::COUNT4 | nfs::READ_COUNT | nfs::WRITE_DATA_LENGTH => " Len:",
            _ => return,
        };
        self.note(|| format!("{label} {n}"));
    }
}

/// CRC-32 as Ethernet has it: how tshark shortens handles.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            1 => crc >> 1 ^ 0xedb8_8320,
            _ => crc >> 1,
        })
    })
}

/// CRC-16 of X.25: how tshark shortens state ids.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    !bytes.iter().fold(u16::MAX, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| match crc & 1 {
            1 => crc >> 1 ^ 0x8408,
            _ => crc >> 1,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc16(b"123456789"), 0x906e);
    }
}
