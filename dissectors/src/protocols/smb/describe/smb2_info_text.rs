//! What the info column says of SMB2 messages, in Wireshark's manner.

use std::fmt::Write as _;

use super::super::bytes::{u32_at, u64_at};
use super::super::names;
use super::super::wire2::{self, HEADER, Header, command};
use super::smb2::{Context, Question, is_error};
use super::{error, levels, smb2_info, smb2_ioctl, text16};
use crate::token;

/// Wireshark's names of the commands, by number (MS-SMB2 2.2.1).
const COMMANDS: &[&str] = &[
    "Negotiate Protocol",
    "Session Setup",
    "Session Logoff",
    "Tree Connect",
    "Tree Disconnect",
    "Create",
    "Close",
    "Flush",
    "Read",
    "Write",
    "Lock",
    "Ioctl",
    "Cancel",
    "KeepAlive",
    "Find",
    "Notify",
    "GetInfo",
    "SetInfo",
    "Break",
];

/// The command and which half of the exchange it is.
pub(super) fn title(header: &Header) -> String {
    name(header.command, header.is_response())
}

/// The same of a command's number.
pub(super) fn name(command: u16, response: bool) -> String {
    let name = COMMANDS.get(usize::from(command));
    let half = if response { "Response" } else { "Request" };
    match name {
        Some(name) => format!("{name} {half}"),
        None => format!("unknown-{command} {half}"),
    }
}

/// The whole text.
pub(super) fn info(header: &Header, pdu: &[u8], context: Context<'_>) -> String {
    let mut text = title(header);
    if header.is_response() {
        answer(&mut text, header, pdu, context);
    } else {
        request(&mut text, header, pdu, context);
    }
    text
}

fn request(text: &mut String, header: &Header, pdu: &[u8], context: Context<'_>) {
    let body = |at| u32_at(pdu, HEADER + at).unwrap_or_default();
    // Writing to a String can't fail.
    let _ = match header.command {
        command::SESSION_SETUP => {
            let blob = wire2::setup_token(pdu).unwrap_or_default();
            write!(text, "{}", token::info(blob.bytes))
        }
        command::TREE_CONNECT => {
            let path = wire2::tree_path(pdu).unwrap_or_default();
            write!(text, " Tree: {}", text16(path.bytes))
        }
        command::CREATE => {
            let name = wire2::create_name(pdu).unwrap_or_default();
            write!(text, " File: {}", text16(name.bytes))
        }
        command::READ | command::WRITE => {
            let offset = u64_at(pdu, HEADER + 8).unwrap_or_default();
            write!(text, " Len:{} Off:{offset}", body(4))
        }
        command::IOCTL => ioctl(text, pdu, body(4)),
        command::QUERY_INFO | command::SET_INFO => {
            let question = Question::of(header, pdu).unwrap_or_default();
            write!(text, " {}", levels::title(question.class, question.level))
        }
        _ => Ok(()),
    };
    // tshark names the file of an IOCTL that way only.
    if let Some(file) = context.file.filter(|_| header.command != command::IOCTL) {
        let _ = write!(text, " File: {file}");
    }
    match header.command {
        command::QUERY_DIRECTORY => {
            let level = pdu.get(HEADER + 2).copied().unwrap_or_default();
            let pattern = wire2::search_pattern(pdu).unwrap_or_default();
            let _ = write!(
                text,
                " {} Pattern: {}",
                levels::find(level),
                text16(pattern.bytes)
            );
        }
        command::SET_INFO => {
            let question = Question::of(header, pdu).unwrap_or_default();
            let name = smb2_info::new_name((question.class, question.level), wire2::set_info(pdu));
            if let Some(name) = name {
                let _ = write!(text, " NewName:{name}");
            }
        }
        _ => {}
    }
}

fn answer(text: &mut String, header: &Header, pdu: &[u8], context: Context<'_>) {
    if header.status != 0 {
        error(text, header.status);
    }
    if is_error(header) {
        return;
    }
    let _ = match header.command {
        command::SESSION_SETUP => {
            let blob = wire2::blob_of_answer(pdu, HEADER + 4).unwrap_or_default();
            write!(text, "{}", token::info(blob.bytes))
        }
        command::CREATE => match context.asked.and_then(|asked| asked.name.as_deref()) {
            Some(name) => write!(text, " File: {name}"),
            None => Ok(()),
        },
        command::IOCTL => function(text, u32_at(pdu, HEADER + 4).unwrap_or_default()),
        _ => Ok(()),
    };
}

fn ioctl(text: &mut String, pdu: &[u8], code: u32) -> std::fmt::Result {
    function(text, code)?;
    if code != smb2_ioctl::DFS_GET_REFERRALS {
        return Ok(());
    }
    let input = wire2::ioctl_input(pdu).unwrap_or_default().bytes;
    write!(text, ", File: {}", text16(input.get(2..).unwrap_or(&[])))
}

fn function(text: &mut String, code: u32) -> std::fmt::Result {
    match names::fsctl(code) {
        "" => write!(text, " Unknown (0x{code:08x})"),
        name => write!(text, " {name}"),
    }
}
