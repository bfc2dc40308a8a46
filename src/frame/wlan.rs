//! IEEE 802.11 data frames that are not encrypted, and the radiotap header before them.

use super::cursor::Cursor;
use super::decoded::{Layer, Stop};
use super::walk::Step;

/// Bits of the second byte of frame control (IEEE 802.11 s9.2.4.1).
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// Bits of the subtype of a data frame.
const NO_DATA: u8 = 0x4;
const QOS: u8 = 0x8;
/// In the first byte of QoS control: several MSDUs in one frame.
const AGGREGATE: u8 = 0x80;

/// Radiotap (radiotap.org): version, padding, length, words of presence bits, fields.
pub(super) fn radiotap(at: Cursor<'_>) -> Result<Step<'_>, Stop> {
    let ([version, _, l0, l1], _) = at.take::<4>(Layer::Radiotap)?;
    if *version != 0 {
        return Err(Stop::Malformed("bad radiotap version"));
    }
    let len = usize::from(u16::from_le_bytes([*l0, *l1]));
    let frame = at.pass(len, Layer::Radiotap)?;
    let header = at.bytes.get(..len).unwrap_or_default();
    let is_padded = radiotap_flags(header).is_some_and(|flags| flags & 0x20 != 0);
    Ok(Step::Wlan(frame, is_padded))
}

/// The flags field: second after the presence words, behind the eight aligned bytes of the timer if that is there.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    const TIMER: u32 = 1;
    const FLAGS: u32 = 1 << 1;
    const MORE_WORDS: u32 = 1 << 31;
    let (words, _) = header.get(4..)?.as_chunks::<4>();
    let first = u32::from_le_bytes(*words.first()?);
    let more = words
        .iter()
        .take_while(|word| u32::from_le_bytes(**word) & MORE_WORDS != 0)
        .count();
    let mut at = 4 + 4 * (more + 1);
    if first & TIMER != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    (first & FLAGS != 0).then(|| header.get(at).copied())?
}

/// A data frame; `padded` when its header is filled up to a multiple of four bytes.
pub(super) fn data_frame(at: Cursor<'_>, padded: bool) -> Result<Step<'_>, Stop> {
    let ([control, flags], _) = at.take::<2>(Layer::Wlan)?;
    let subtype = control >> 4;
    match control >> 2 & 3 {
        0 => return Err(Stop::Named("802.11 management")),
        1 => return Err(Stop::Named("802.11 control")),
        2 if subtype & NO_DATA == 0 => {}
        2 => return Err(Stop::Named("802.11 no data")),
        _ => return Err(Stop::Named("802.11 extension")),
    }
    if flags & PROTECTED != 0 {
        return Err(Stop::Named("802.11 protected"));
    }
    let number = at.byte(22).ok_or_else(|| at.cut(24, Layer::Wlan))?;
    if flags & MORE_FRAGMENTS != 0 || number & 0x0f != 0 {
        return Err(Stop::Named("802.11 fragment"));
    }
    let mut len = 24;
    if flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS {
        len += 6;
    }
    let mut is_aggregate = false;
    if subtype & QOS != 0 {
        is_aggregate = at.byte(len).is_some_and(|qos| qos & AGGREGATE != 0);
        len += 2;
        if flags & ORDER != 0 {
            len += 4;
        }
    }
    if padded {
        len = len.next_multiple_of(4);
    }
    let body = at.pass(len, Layer::Wlan)?;
    if is_aggregate {
        return Err(Stop::Named("802.11 aggregate"));
    }
    Ok(Step::Llc(body))
}
