//! TCP options.

use std::fmt::Write as _;

use colloquy_dissectors::field::{FieldId, Value};

use super::Out;
use super::bytes::{Bytes, uint};
use crate::fields::engine::tcp;

/// Option kinds (IANA; RFC 9293 s3.2, RFC 7323, RFC 2018).
const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// Writes one field of options. `peer_base`: what SACK edges count from.
pub(super) fn write(id: FieldId, options: Options<'_>, peer_base: u32, out: &mut Out<'_>) {
    if id == tcp::OPTIONS {
        if !options.rest.is_empty() {
            let len = options.rest.len() as u32;
            out.put(id, Value::Bytes(options.rest), 20, len);
        }
        return;
    }
    for option in options {
        let at = option.at;
        match (id, option.kind, option.value) {
            (tcp::OPTION_KIND, kind, _) => out.part(id, uint(kind), at, 1),
            (tcp::OPTION_LEN, kind, value) if kind > NOP => {
                out.part(id, uint(value.len() as u64 + 2), at + 1, 1);
            }
            (tcp::OPTIONS_MSS_VAL, MSS, &[high, low]) => {
                out.part(id, uint(u16::from_be_bytes([high, low])), at + 2, 2);
            }
            (tcp::OPTIONS_WSCALE_SHIFT, WINDOW_SCALE, &[shift]) => {
                out.part(id, uint(shift), at + 2, 1);
            }
            (tcp::OPTIONS_WSCALE_MULTIPLIER, WINDOW_SCALE, &[shift]) => {
                out.part(id, uint(1_u32 << shift.min(14)), at + 2, 1);
            }
            (tcp::OPTIONS_SACK_COUNT, SACK, edges) => {
                out.part(id, uint(edges.len() as u64 / 8), at, 2);
            }
            (tcp::OPTIONS_SACK_LE | tcp::OPTIONS_SACK_RE, SACK, edges) => {
                let (pairs, _) = edges.as_chunks::<8>();
                for (i, pair) in pairs.iter().enumerate() {
                    let (left, right) = edges_of(*pair);
                    let (edge, behind) = if id == tcp::OPTIONS_SACK_LE {
                        (left, 2)
                    } else {
                        (right, 6)
                    };
                    let at = at + behind + i as u32 * 8;
                    out.part(id, uint(edge.wrapping_sub(peer_base)), at, 4);
                }
            }
            (tcp::OPTIONS_TIMESTAMP_TSVAL, TIMESTAMPS, value) => {
                timestamp(out, id, value, 0, at + 2);
            }
            (tcp::OPTIONS_TIMESTAMP_TSECR, TIMESTAMPS, value) => {
                timestamp(out, id, value, 4, at + 6);
            }
            _ => {}
        }
    }
}

/// Left and right edge of a SACK block, or the two numbers of a timestamp.
fn edges_of(pair: [u8; 8]) -> (u32, u32) {
    let both = u64::from_be_bytes(pair);
    ((both >> 32) as u32, both as u32)
}

fn timestamp(out: &mut Out<'_>, id: FieldId, value: &[u8], part: usize, at: u32) {
    number_part(out, id, Bytes(value).u32(part), at, 4);
}

fn number_part(out: &mut Out<'_>, id: FieldId, n: Option<u32>, at: u32, len: u32) {
    if let Some(n) = n {
        out.part(id, uint(n), at, len);
    }
}

/// A TCP option; `END` and `NOP` have no value.
pub(super) struct TcpOption<'a> {
    kind: u8,
    value: &'a [u8],
    /// Where it begins in the header.
    at: u32,
}

/// The options of a header, as far as they make sense.
pub(super) struct Options<'a> {
    rest: &'a [u8],
    at: u32,
}

impl<'a> Options<'a> {
    pub(super) fn of(header: &'a [u8], header_len: u32) -> Self {
        let end = (header_len as usize).min(header.len());
        Self {
            rest: header.get(20..end).unwrap_or_default(),
            at: 20,
        }
    }

    /// The window scale, and how many bytes the SACK option names: what matters to later segments.
    pub(super) fn of_past(self) -> (Option<u8>, u32) {
        let (mut scale, mut sacked) = (None, 0_u32);
        for option in self {
            match (option.kind, option.value) {
                (WINDOW_SCALE, &[shift]) => scale = Some(shift),
                (SACK, edges) => {
                    for pair in edges.as_chunks::<8>().0 {
                        let (left, right) = edges_of(*pair);
                        sacked = sacked.wrapping_add(right.wrapping_sub(left));
                    }
                }
                _ => {}
            }
        }
        (scale, sacked)
    }

    /// ` MSS=1460 WS=256 SACK_PERM`
    pub(super) fn info(self, peer_base: u32, out: &mut String) {
        for option in self {
            let _ = match (option.kind, option.value) {
                (MSS, &[high, low]) => write!(out, " MSS={}", u16::from_be_bytes([high, low])),
                (WINDOW_SCALE, &[shift]) => write!(out, " WS={}", 1_u32 << shift.min(14)),
                (SACK_PERMITTED, []) => write!(out, " SACK_PERM"),
                (TIMESTAMPS, value) => {
                    let pair = (Bytes(value).u32(0), Bytes(value).u32(4));
                    let (value, echo) = (pair.0.unwrap_or(0), pair.1.unwrap_or(0));
                    write!(out, " TSval={value} TSecr={echo}")
                }
                (SACK, edges) => edges.as_chunks::<8>().0.iter().try_for_each(|pair| {
                    let (left, right) = edges_of(*pair);
                    let relative = |edge: u32| edge.wrapping_sub(peer_base);
                    write!(out, " SLE={} SRE={}", relative(left), relative(right))
                }),
                _ => Ok(()),
            };
        }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<TcpOption<'a>> {
        let (&kind, after) = self.rest.split_first()?;
        let at = self.at;
        let (value, len) = match kind {
            END | NOP => (&[][..], 1),
            _ => {
                let len = usize::from(*after.first()?);
                (self.rest.get(2..len)?, len)
            }
        };
        self.rest = if kind == END {
            &[]
        } else {
            self.rest.get(len..)?
        };
        self.at += len as u32;
        Some(TcpOption { kind, value, at })
    }
}
