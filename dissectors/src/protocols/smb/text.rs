//! SMB2 messages in words, for the ladder and `follow`. Called only when somebody reads.

use std::fmt::Write as _;

use super::auth::Token;
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
        command::SESSION_SETUP => {
            let blob = wire2::setup_token(pdu).unwrap_or_default();
            logon(&mut text, &Token::read(blob.bytes));
            if wire2::binds(pdu) {
                text.push_str(", binds this connection to the session");
            }
            Ok(())
        }
        command::CREATE => create(&mut text, pdu),
        command::LOCK => lock(&mut text, pdu),
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
    if header.command == command::SESSION_SETUP {
        let blob = wire2::blob_of_answer(pdu, HEADER + 4).unwrap_or_default();
        logon(&mut text, &Token::read(blob.bytes));
    }
    if !name.is_empty() {
        let _ = write!(text, " {name}");
    }
    if header.command == command::CREATE && !status.failed {
        created(&mut text, pdu);
    }
    text
}

/// A leg of a logon: the message of its mechanism, and whose.
pub(super) fn logon(text: &mut String, token: &Token) {
    if let Some(message) = token.told.ntlm {
        text.push_str(match message {
            1 => " NTLM NEGOTIATE",
            2 => " NTLM CHALLENGE",
            3 => " NTLM AUTHENTICATE",
            _ => " NTLM",
        });
    }
    // Writing to a String can't fail.
    let _ = match (&token.identity, &token.told.kerberos) {
        (Some(who), _) if who.user.is_empty() => write!(text, " as nobody"),
        (Some(who), _) if who.domain.is_empty() => write!(text, " as {}", who.user),
        (Some(who), _) => write!(text, " as {}\\{}", who.domain, who.user),
        (None, Some(message)) => match &message.error {
            Some(error) => write!(text, " Kerberos error {} {}", error.code, error.name()),
            None if message.service.is_empty() => write!(text, " Kerberos"),
            None => write!(
                text,
                " Kerberos ticket for {}@{}",
                message.service, message.realm
            ),
        },
        _ => Ok(()),
    };
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
        return format!(
            "lease break from {} to {}",
            lease_state(from),
            lease_state(to)
        );
    }
    let level = u8_at(pdu, HEADER + 2).unwrap_or_default();
    let file = wire2::file_key(pdu, HEADER + 8).map_or("", |key| files.name(key));
    let level = match oplock(level) {
        "" => "none",
        name => name,
    };
    format!("oplock break to {level} {file}")
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
    write!(text, " {name} access 0x{access:08x}, shared for ")?;
    // FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE (2.2.13).
    let share = u32_at(pdu, HEADER + 32).unwrap_or_default();
    let modes = [(1, "read"), (2, "write"), (4, "delete")];
    let modes: Vec<&str> = modes
        .iter()
        .filter(|(bit, _)| share & bit != 0)
        .map(|m| m.1)
        .collect();
    if modes.is_empty() {
        text.push_str("nobody");
    }
    text.push_str(&modes.join("/"));
    match u8_at(pdu, HEADER + 3) {
        Some(0xFF) => lease(text, pdu),
        Some(level) if !oplock(level).is_empty() => {
            write!(text, ", asks for {} oplock", oplock(level))
        }
        _ => Ok(()),
    }
}

/// The lease that CREATE asks for: its state in letters (2.2.13.2.8).
fn lease(text: &mut String, pdu: &[u8]) -> std::fmt::Result {
    let Some(at) = wire2::context(pdu, &[*b"RqLs"]) else {
        return Ok(());
    };
    let state = u32_at(pdu, at + 16).unwrap_or_default();
    write!(text, ", asks for lease {}", lease_state(state))
}

/// Read caching, handle caching, write caching, as they are written in the field: `RWH`.
fn lease_state(state: u32) -> String {
    let letters = [(1, 'R'), (4, 'W'), (2, 'H')];
    let text: String = letters
        .iter()
        .filter(|(bit, _)| state & bit != 0)
        .map(|l| l.1)
        .collect();
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

/// SMB2_OPLOCK_LEVEL (2.2.13, 2.2.14); empty for none.
const fn oplock(level: u8) -> &'static str {
    match level {
        1 => "level II",
        8 => "exclusive",
        9 => "batch",
        _ => "",
    }
}

/// What CREATE did, and what was granted with it (2.2.14).
fn created(text: &mut String, pdu: &[u8]) {
    match u32_at(pdu, HEADER + 4) {
        Some(0) => text.push_str(", superseded"),
        Some(2) => text.push_str(", created"),
        Some(3) => text.push_str(", overwritten"),
        _ => {}
    }
    match u8_at(pdu, HEADER + 2) {
        Some(0xFF) => text.push_str(", lease"),
        Some(level) if !oplock(level).is_empty() => {
            // Writing to a String can't fail.
            let _ = write!(text, ", {} oplock", oplock(level));
        }
        _ => {}
    }
}

/// The first of the ranges that LOCK is about (2.2.26.1), and how many there are.
fn lock(text: &mut String, pdu: &[u8]) -> std::fmt::Result {
    let count = u16_at(pdu, HEADER + 2).unwrap_or_default();
    let (Some(offset), Some(len), Some(flags)) = (
        u64_at(pdu, HEADER + 24),
        u64_at(pdu, HEADER + 32),
        u32_at(pdu, HEADER + 40),
    ) else {
        return Ok(());
    };
    let kind = match flags & 7 {
        1 => "shared",
        2 => "exclusive",
        4 => "unlock",
        _ => "unknown",
    };
    write!(text, " {kind} length {len} offset {offset}")?;
    if flags & 0x10 != 0 {
        text.push_str(", fails at once");
    }
    if count > 1 {
        write!(text, ", and {} more", count - 1)?;
    }
    Ok(())
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
