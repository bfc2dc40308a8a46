//! Structures of fixed places as tables: what stands where in little-endian bytes, and which bits mean what.

use super::{FieldId, Value, Writer};

/// One value of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    id: FieldId,
    at: usize,
    len: usize,
    shape: Shape,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Uint,
    Bits(&'static [Bit]),
    Guid,
    FileTime,
    Bytes,
    Bool,
}

/// Some bits of a number.
#[derive(Clone, Copy, Debug)]
pub struct Bit {
    id: FieldId,
    mask: u64,
    number: bool,
}

/// True when any bit of `mask` is set.
#[must_use]
pub const fn flag(id: FieldId, mask: u64) -> Bit {
    Bit {
        id,
        mask,
        number: false,
    }
}

/// The number that the bits of `mask` hold.
#[must_use]
pub const fn number(id: FieldId, mask: u64) -> Bit {
    Bit {
        id,
        mask,
        number: true,
    }
}

const fn part(id: FieldId, at: usize, len: usize, shape: Shape) -> Part {
    Part { id, at, len, shape }
}

/// A number of `len` bytes, 8 at most.
#[must_use]
pub const fn uint(id: FieldId, at: usize, len: usize) -> Part {
    part(id, at, len, Shape::Uint)
}

/// A number of `len` bytes with the meaning of its bits.
#[must_use]
pub const fn bits(id: FieldId, at: usize, len: usize, bits: &'static [Bit]) -> Part {
    part(id, at, len, Shape::Bits(bits))
}

/// A UUID, its first three numbers little-endian (MS-DTYP 2.3.4.2).
#[must_use]
pub const fn guid(id: FieldId, at: usize) -> Part {
    part(id, at, 16, Shape::Guid)
}

/// A FILETIME (MS-DTYP 2.3.3).
#[must_use]
pub const fn file_time(id: FieldId, at: usize) -> Part {
    part(id, at, 8, Shape::FileTime)
}

/// Bytes.
#[must_use]
pub const fn bytes(id: FieldId, at: usize, len: usize) -> Part {
    part(id, at, len, Shape::Bytes)
}

/// A byte that says yes or no.
#[must_use]
pub const fn boolean(id: FieldId, at: usize) -> Part {
    part(id, at, 1, Shape::Bool)
}

/// A little-endian number.
fn little(bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    bytes.iter().rev().take(8).fold(0, add)
}

/// A UUID as it is written, of its bytes on the wire.
fn written(wire: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = wire;
    let mut out = [d, c, b, a, f, e, h, g, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Some(tail) = out.last_chunk_mut::<8>() {
        *tail = rest;
    }
    out
}

/// Nanoseconds since 1970 of a FILETIME, 100 ns since 1601; 0 (no time) stays 0, and what no i64 holds is the last that it does.
#[must_use]
pub fn unix_nanos(file_time: u64) -> i64 {
    /// From 1601 to 1970, in 100 ns.
    const EPOCHS: i128 = 116_444_736_000_000_000;
    if file_time == 0 {
        return 0;
    }
    let nanos = (i128::from(file_time) - EPOCHS) * 100;
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

impl Writer<'_> {
    /// Writes the parts of a structure that `body` begins, which stands at `at` of the message. False where `body` ends before
    /// the last part: what is there of it was written.
    pub fn lay(&mut self, parts: &[Part], body: &[u8], at: usize) -> bool {
        for part in parts {
            let Some(bytes) = body.get(part.at..part.at + part.len) else {
                return false;
            };
            let place = at + part.at;
            match part.shape {
                Shape::Uint => self.uint(part.id, little(bytes), place, part.len),
                Shape::Bits(bits) => self.bits(part.id, bits, little(bytes), (place, part.len)),
                Shape::Guid => {
                    if let Ok(wire) = bytes.try_into() {
                        self.put(part.id, Value::Guid(written(wire)), place, part.len);
                    }
                }
                Shape::FileTime => {
                    let nanos = unix_nanos(little(bytes));
                    self.put(part.id, Value::Time(nanos), place, part.len);
                }
                Shape::Bytes => self.bytes(part.id, bytes, place),
                Shape::Bool => self.bool(part.id, little(bytes) != 0, place, part.len),
            }
        }
        true
    }

    /// A number at `(at, len)` with the meaning of its bits.
    pub fn bits(&mut self, id: FieldId, bits: &[Bit], value: u64, (at, len): (usize, usize)) {
        self.parts(id, Value::Uint(value), at, len, |w| {
            for bit in bits {
                let set = value & bit.mask;
                if bit.number {
                    w.uint(bit.id, set >> bit.mask.trailing_zeros(), at, len);
                } else {
                    w.bool(bit.id, set != 0, at, len);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Values, Wanted, group};

    const ID: FieldId = FieldId::new(group::SMB2, 1);
    const LOW: FieldId = FieldId::new(group::SMB2, 2);

    fn laid(parts: &[Part], body: &[u8]) -> (bool, Values) {
        let (wanted, mut values) = (Wanted::all(), Values::default());
        let whole = Writer::new(&wanted, &mut values).lay(parts, body, 64);
        (whole, values)
    }

    #[test]
    fn a_structure_is_written_as_far_as_it_is_there() {
        let parts = [
            uint(ID, 0, 2),
            bits(ID, 2, 1, const { &[flag(LOW, 1), number(LOW, 0xF0)] }),
            uint(ID, 3, 4),
        ];
        let (whole, values) = laid(&parts, &[0x34, 0x12, 0x51, 9]);
        assert!(!whole);
        let all: Vec<_> = values.iter().map(|e| (e.value, e.at, e.depth)).collect();
        assert_eq!(
            all,
            [
                (Value::Uint(0x1234), 64, 0),
                (Value::Uint(0x51), 66, 0),
                (Value::Bool(true), 66, 1),
                (Value::Uint(5), 66, 1)
            ]
        );
    }

    #[test]
    fn identifiers_and_times_are_turned_round() {
        let mut body: Vec<u8> = (1..=16).collect();
        body.extend(132_000_000_000_000_000_u64.to_le_bytes());
        let (whole, values) = laid(&[guid(ID, 0), file_time(LOW, 16)], &body);
        assert!(whole);
        let turned = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16];
        assert_eq!(values.of(ID).next(), Some(Value::Guid(turned)));
        let nanos = Value::Time(1_555_526_400_000_000_000);
        assert_eq!(values.of(LOW).next(), Some(nanos));
        assert_eq!(unix_nanos(0), 0);
        assert_eq!(unix_nanos(u64::MAX), i64::MAX);
    }
}
