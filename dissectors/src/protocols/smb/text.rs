//! SMB2 messages in words, for the ladder and `follow`. Called only when somebody reads.

use std::fmt::Write as _;

use super::bytes::{u8_at, u16_at, u32_at, u64_at, utf16};
use super::files::Files;
use super::names;
use super::smb2_asked::Asked;
use super::wire2::{self, HEADER, Header, command};
use crate::event::Status;

/// A request.
pub(super) fn request(header: &Header, pdu: &[u8], file: Option<u64>, files: &Files) -> String {
    let mut text = names::smb2(header.command).to_string();
    // Writing to a String can't fail.
    let _ = match header.command {
        command::NEGOTIATE => negotiate(&mut text, pdu),
        command::TREE_CONNECT => {
            let path = wire2::tree_path(pdu).unwrap_or_default();
            write!(text, " {}", utf16(path.bytes))
        }
        command::CREATE => create(&mut text, pdu),
        command::READ | command::WRITE => {
            let len = u32_at(pdu, HEADER + 4).unwrap_or_default();
            let offset = u64_at(pdu, HEADER + 8).unwrap_or_default();
            write!(text, " length {len} offset {offset}")
        }
        command::IOCTL => fsctl(&mut text, u32_at(pdu, HEADER + 4).unwrap_or_default()),
        command::QUERY_DIRECTORY => {
            let pattern = wire2::search_pattern(pdu).unwrap_or_default();
            write!(text, " pattern {}", utf16(pattern.bytes))
        }
        command::QUERY_INFO | command::SET_INFO => {
            let kind = u8_at(pdu, HEADER + 2).unwrap_or_default();
            let class = u8_at(pdu, HEADER + 3).unwrap_or_default();
            write!(text, " {} class {class}", info_type(kind))
        }
        _ => Ok(()),
    };
    if let Some(name) = file
        .map(|key| files.name(key))
        .filter(|name| !name.is_empty())
    {
        let _ = write!(text, " file {name}");
    }
    text
}

/// An answer.
pub(super) fn reply(
    header: &Header,
    pdu: &[u8],
    status: Status,
    asked: &Asked,
    files: &Files,
) -> String {
    let mut text = names::smb2(header.command).to_string();
    if status.code != 0 {
        let _ = write!(text, " {status}");
    }
    let name = match asked {
        Asked::Create { name, .. } => name,
        Asked::Tree(path) => path,
        Asked::Read(key) | Asked::Close(Some(key)) | Asked::On(key) => files.name(*key),
        _ => "",
    };
    if !status.failed && matches!(header.command, command::READ | command::WRITE) {
        let len = u32_at(pdu, HEADER + 4).unwrap_or_default();
        let _ = write!(text, " length {len}");
    }
    if header.command == command::NEGOTIATE && !status.failed {
        let revision = u16_at(pdu, HEADER + 4).unwrap_or_default();
        let _ = write!(text, " dialect {}", names::dialect(revision));
    }
    if !name.is_empty() {
        let _ = write!(text, " {name}");
    }
    text
}

/// What the server sends unasked (MS-SMB2 2.2.23).
pub(super) fn unsolicited(header: &Header, pdu: &[u8], files: &Files) -> String {
    let op = names::smb2(header.command);
    if header.command != command::OPLOCK_BREAK {
        return op.to_string();
    }
    if u16_at(pdu, HEADER) == Some(44) {
        let from = u32_at(pdu, HEADER + 24).unwrap_or_default();
        let to = u32_at(pdu, HEADER + 28).unwrap_or_default();
        return format!("lease break from state {from} to {to}");
    }
    let level = u8_at(pdu, HEADER + 2).unwrap_or_default();
    let file = wire2::file_key(pdu, HEADER + 8).map_or("", |key| files.name(key));
    format!("oplock break to level {level} {file}")
        .trim_end()
        .to_owned()
}

fn negotiate(text: &mut String, pdu: &[u8]) -> std::fmt::Result {
    let count = usize::from(u16_at(pdu, HEADER + 2).unwrap_or_default()).min(16);
    for (n, revision) in (0..count)
        .map_while(|n| u16_at(pdu, HEADER + 36 + 2 * n))
        .enumerate()
    {
        text.push_str(if n == 0 { " dialects " } else { ", " });
        match names::dialect(revision) {
            "" => write!(text, "0x{revision:04x}")?,
            name => text.push_str(name),
        }
    }
    Ok(())
}

fn create(text: &mut String, pdu: &[u8]) -> std::fmt::Result {
    let name = wire2::create_name(pdu).unwrap_or_default();
    let access = u32_at(pdu, HEADER + 24).unwrap_or_default();
    let name = utf16(name.bytes);
    let name = if name.is_empty() {
        "(the share itself)"
    } else {
        &name
    };
    write!(text, " {name} access 0x{access:08x}")
}

fn fsctl(text: &mut String, code: u32) -> std::fmt::Result {
    match names::fsctl(code) {
        "" => write!(text, " 0x{code:08x}"),
        name => write!(text, " {name}"),
    }
}

const fn info_type(kind: u8) -> &'static str {
    match kind {
        1 => "file",
        2 => "file system",
        3 => "security",
        4 => "quota",
        _ => "unknown",
    }
}
