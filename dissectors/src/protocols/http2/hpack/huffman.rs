//! The Huffman code of HPACK (RFC 7541 section 5.2, appendix B).
//!
//! The code is canonical: codes of one length follow one another in the order of their symbols, and the first code of a length
//! follows the last one of the length before. So the symbols in that order and how many there are of each length are all of it.

/// How many symbols have a code of so many bits.
const COUNTS: [u16; 31] = [
    0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19,
    29, 0, 3,
];

/// The symbols, by the length of their codes and their value. The end of string, 30 ones, is the last code and not among them.
const SYMBOLS: [u8; 256] = [
    48, 49, 50, 97, 99, 101, 105, 111, 115, 116, 32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56, 57,
    61, 65, 95, 98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117, 58, 66, 67, 68, 69, 70, 71,
    72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118, 119,
    120, 121, 122, 38, 42, 44, 59, 88, 90, 33, 34, 40, 41, 63, 39, 43, 124, 35, 62, 0, 36, 64, 91,
    93, 126, 94, 125, 60, 96, 123, 92, 195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161,
    167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154, 156,
    160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232, 233, 1,
    135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174,
    175, 180, 182, 183, 188, 191, 197, 231, 239, 9, 142, 144, 145, 148, 159, 171, 206, 215, 225,
    236, 237, 199, 207, 234, 235, 192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242,
    243, 255, 203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252,
    253, 254, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 127, 220, 249, 10, 13, 22,
];

/// The longest code.
const LONGEST: usize = 30;

/// What is wrong with a coded string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad(pub(super) &'static str);

/// Appends what `coded` means to `out`; `most` bytes at most.
pub(super) fn decode(coded: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
    let start = out.len();
    let mut walk = Walk::default();
    for byte in coded {
        for bit in (0..8).rev() {
            let Some(symbol) = walk.step(byte >> bit & 1)? else {
                continue;
            };
            if out.len() - start >= most {
                return Err(Bad("a header field longer than is kept"));
            }
            out.push(symbol);
        }
    }
    // What is left over are the first bits of the end of string: ones, seven at most (RFC 7541 section 5.2).
    if walk.length > 7 || !walk.all_ones {
        return Err(Bad("padding of a Huffman string"));
    }
    Ok(())
}

/// A walk down the code, bit by bit.
struct Walk {
    code: u32,
    /// The first code of this length.
    first: u32,
    /// Where the symbols of this length begin.
    index: u32,
    length: usize,
    all_ones: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            code: 0,
            first: 0,
            index: 0,
            length: 0,
            all_ones: true,
        }
    }
}

impl Walk {
    fn step(&mut self, bit: u8) -> Result<Option<u8>, Bad> {
        self.length += 1;
        self.all_ones &= bit == 1;
        self.code |= u32::from(bit);
        let count = COUNTS.get(self.length).copied().map_or(0, u32::from);
        let place = self.code.wrapping_sub(self.first);
        if place < count {
            let symbol = SYMBOLS.get((self.index + place) as usize).copied();
            *self = Self::default();
            return Ok(symbol);
        }
        if self.length >= LONGEST {
            return Err(Bad("the end of string within a Huffman string"));
        }
        self.index += count;
        self.first = (self.first + count) << 1;
        self.code <<= 1;
        Ok(None)
    }
}
