//! Header compression (RFC 7541), read along by somebody who may have come late.
//!
//! ```text
//!   1 index(7)               indexed field
//!   01 index(6) [name] value literal, added to the dynamic table
//!   001 size(5)              size of the dynamic table from here on
//!   0001 index(4) [name] value   literal, never to be added
//!   0000 index(4) [name] value   literal, not added
//! ```
//!
//! Where earlier blocks were not seen, entries of the dynamic table are unknown: a field that refers to one is listed without
//! name or value, and everything else of its block is read all the same.

mod huffman;
mod table;
#[cfg(test)]
mod tests;

use table::{Found, Known, Table};

/// The longest name or value that is read.
const TEXT_MOST: usize = 64 * 1024;
/// Bytes of one list of fields that are kept.
const LIST_MOST: usize = 256 * 1024;
/// Fields of one list that are kept.
const FIELDS_MOST: usize = 4096;

/// How a field is written (RFC 7541 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its index.
    Indexed,
    /// As a literal that is added to the dynamic table.
    Added,
    /// As a literal.
    Plain,
    /// As a literal that no proxy may add either.
    Never,
    /// No field: the size of the dynamic table.
    Size,
}

/// One field of a list, or a change of the table's size.
#[derive(Clone, Copy, Debug)]
struct Entry {
    form: Form,
    /// Of the field or of its name; 0 for a literal name. Of a change of size the size.
    index: u32,
    /// Where it stands in the frame's fragment of the block.
    at: u32,
    len: u32,
    /// Where the name begins, and the value, and where that ends, in the list's bytes.
    name: u32,
    value: u32,
    end: u32,
    name_known: bool,
    value_known: bool,
}

/// A field as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) form: Form,
    pub(super) index: u32,
    pub(super) at: usize,
    pub(super) len: usize,
    /// `None` where it stands in an entry that was not seen.
    pub(super) name: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// The fields of one fragment of a block, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl List {
    /// All fields and changes of size.
    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.entries.iter().map(|e| {
            let part =
                |from: u32, to: u32| self.bytes.get(from as usize..to as usize).unwrap_or(&[]);
            Field {
                form: e.form,
                index: e.index,
                at: e.at as usize,
                len: e.len as usize,
                name: e.name_known.then(|| part(e.name, e.value)),
                value: e.value_known.then(|| part(e.value, e.end)),
            }
        })
    }

    /// The fields whose name and value are known.
    pub(super) fn known(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let field = |f: &Field<'_>| f.form != Form::Size;
        self.iter()
            .filter(field)
            .filter_map(|f| Some((f.name?, f.value?)))
    }

    /// How many fields and changes of size.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all, and a large room.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        if self.bytes.capacity() > 16 * 1024 {
            *self = Self::default();
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() > LIST_MOST || self.entries.len() >= FIELDS_MOST
    }
}

/// One side's decoder.
#[derive(Debug)]
pub(super) struct Decoder {
    table: Table,
    /// The start of a field that the next fragment goes on with.
    pending: Vec<u8>,
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad(pub(super) &'static str);

/// What reading one field came to.
enum Step<T> {
    Done(T),
    More,
}

impl Decoder {
    /// `whole`: all blocks will be seen.
    pub(super) const fn new(whole: bool) -> Self {
        Self {
            table: Table::new(whole),
            pending: Vec::new(),
        }
    }

    /// A block, or a part of one, is missing.
    pub(super) fn lose(&mut self) {
        self.table.lose();
        self.pending = Vec::new();
    }

    /// Reads the fields that are whole with this fragment, and adds them to `list`. `last`: the block ends with it. Behind
    /// an error the table is not known any more.
    pub(super) fn read(&mut self, fragment: &[u8], last: bool, list: &mut List) -> Result<(), Bad> {
        let before = std::mem::take(&mut self.pending);
        let done = if before.is_empty() {
            self.fields(fragment, 0, list)
        } else {
            let carried = before.len();
            let mut all = before;
            all.extend_from_slice(fragment);
            let done = self.fields(&all, carried, list);
            if let Ok(used) = done {
                self.pending = all.split_off(used);
            }
            done.map(|_| fragment.len())
        };
        match done {
            Ok(used) => self
                .pending
                .extend_from_slice(fragment.get(used..).unwrap_or(&[])),
            Err(bad) => {
                self.lose();
                return Err(bad);
            }
        }
        if self.pending.len() > TEXT_MOST || last && !self.pending.is_empty() {
            self.lose();
            return Err(Bad("a header block that ends within a field"));
        }
        Ok(())
    }

    /// Reads whole fields; gives how many bytes they take. The first `carried` bytes came with an earlier fragment.
    fn fields(&mut self, bytes: &[u8], carried: usize, list: &mut List) -> Result<usize, Bad> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Step::Done((mut entry, used)) = self.field(rest, list)? else {
                break;
            };
            let begin = at.max(carried);
            entry.at = (begin - carried) as u32;
            entry.len = (at + used - begin) as u32;
            list.entries.push(entry);
            at += used;
        }
        Ok(at)
    }

    fn field(&mut self, bytes: &[u8], list: &mut List) -> Result<Step<(Entry, usize)>, Bad> {
        let first = bytes.first().copied().unwrap_or(0);
        let (form, bits) = match first {
            0x80.. => (Form::Indexed, 7),
            0x40.. => (Form::Added, 6),
            0x20.. => (Form::Size, 5),
            0x10.. => (Form::Never, 4),
            _ => (Form::Plain, 4),
        };
        let Some((index, mut used)) = integer(bytes, bits)? else {
            return Ok(Step::More);
        };
        if list.is_full() {
            return Err(Bad("a header list larger than is kept"));
        }
        let start = list.bytes.len();
        let mut entry = Entry {
            form,
            index,
            at: 0,
            len: 0,
            name: start as u32,
            value: start as u32,
            end: start as u32,
            name_known: true,
            value_known: true,
        };
        if form == Form::Size {
            self.table.resize(index);
            return Ok(Step::Done((entry, used)));
        }
        if form != Form::Indexed && index == 0 {
            match text(bytes.get(used..).unwrap_or(&[]), &mut list.bytes)? {
                Some(taken) => used += taken,
                None => return Ok(Step::More),
            }
        } else {
            let known = match self.table.get(index) {
                Found::Field(known) => known,
                Found::Unknown => Known {
                    name: None,
                    value: None,
                },
                Found::Nothing => return Err(Bad("an index without an entry")),
            };
            entry.name_known = known.name.is_some();
            list.bytes.extend_from_slice(known.name.unwrap_or(&[]));
            if form == Form::Indexed {
                entry.value = list.bytes.len() as u32;
                entry.value_known = known.value.is_some();
                list.bytes.extend_from_slice(known.value.unwrap_or(&[]));
            }
        }
        if form != Form::Indexed {
            entry.value = list.bytes.len() as u32;
            let read = text(bytes.get(used..).unwrap_or(&[]), &mut list.bytes)?;
            let Some(taken) = read else {
                list.bytes.truncate(start);
                return Ok(Step::More);
            };
            used += taken;
        }
        entry.end = list.bytes.len() as u32;
        if form == Form::Added {
            let part = |from: u32, to: u32| list.bytes.get(from as usize..to as usize);
            let name = part(entry.name, entry.value).filter(|_| entry.name_known);
            let value = part(entry.value, entry.end);
            self.table.add(Known { name, value });
        }
        Ok(Step::Done((entry, used)))
    }
}

/// A number that begins in the last `bits` of the first byte (RFC 7541 section 5.1), with the bytes it takes.
fn integer(bytes: &[u8], bits: u32) -> Result<Option<(u32, usize)>, Bad> {
    let most = (1_u32 << bits) - 1;
    let Some((first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let start = u32::from(*first) & most;
    if start < most {
        return Ok(Some((start, 1)));
    }
    let mut value = u64::from(start);
    for (place, byte) in rest.iter().take(5).enumerate() {
        value += u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).map_err(|_| Bad("a number beyond 32 bits"))?;
            return Ok(Some((value, place + 2)));
        }
    }
    if rest.len() >= 5 {
        return Err(Bad("a number beyond 32 bits"));
    }
    Ok(None)
}

/// A string (RFC 7541 section 5.2): appends it to `out` and gives the bytes it takes.
fn text(bytes: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, Bad> {
    let Some((len, head)) = integer(bytes, 7)? else {
        return Ok(None);
    };
    let len = len as usize;
    if len > TEXT_MOST {
        return Err(Bad("a header field longer than is kept"));
    }
    let Some(coded) = bytes.get(head..head + len) else {
        return Ok(None);
    };
    if bytes.first().is_some_and(|b| b & 0x80 != 0) {
        huffman::decode(coded, TEXT_MOST, out).map_err(|bad| Bad(bad.0))?;
    } else {
        out.extend_from_slice(coded);
    }
    Ok(Some(head + len))
}
