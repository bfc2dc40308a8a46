//! The fields of messages, by tshark's names: pure functions of their bytes and of what is known beside.

mod bits;
mod fs;
mod levels;
pub(super) mod smb1;
mod smb1_bodies;
mod smb1_files;
mod smb1_info_text;
pub(super) mod smb1_trans;
pub(super) mod smb2;
mod smb2_bodies;
mod smb2_create;
mod smb2_info;
mod smb2_info_text;
mod smb2_ioctl;
mod smb2_negotiate;
mod strings;

use std::fmt::Write as _;

use super::names;

/// A text in UTF-16LE, up to its NUL.
fn text16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.first_chunk())
        .map(|pair| u16::from_le_bytes(*pair));
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Adds a status that is no success to a text of the info column.
fn error(text: &mut String, status: u32) {
    // Writing to a String can't fail.
    let _ = match names::nt_status(status).name {
        "" => write!(text, ", Error: Unknown (0x{status:08x})"),
        name => write!(text, ", Error: {name}"),
    };
}
