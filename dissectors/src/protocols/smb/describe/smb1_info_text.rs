//! What the info column says of SMB1 messages, in Wireshark's manner.

use std::fmt::Write as _;

use super::super::bytes::part;
use super::super::names;
use super::super::wire1::{Block, Blocks, Header, command};
use super::smb1::Context;
use super::smb1_trans::Question;
use super::strings::Strings;
use crate::token;

/// Wireshark's name of a command; built from the standard's where the two agree.
fn name(code: u8) -> String {
    let known = match code {
        command::TRANSACTION => "Trans",
        command::TRANSACTION_SECONDARY => "Trans Secondary",
        command::TRANSACTION2 => "Trans2",
        command::TRANSACTION2_SECONDARY => "Trans2 Secondary",
        command::NT_TRANSACT => "NT Trans",
        command::NT_TRANSACT_SECONDARY => "NT Trans Secondary",
        command::NEGOTIATE => "Negotiate Protocol",
        0x10 => "Check Directory",
        0x0C => "Lock Byte Range",
        0x0D => "Unlock Byte Range",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let standard = names::smb1(code).to_string();
    let words = standard.split('_').map(|word| match word {
        "NT" => "NT".to_owned(),
        "ANDX" => "AndX".to_owned(),
        "DISC" => "Disc".to_owned(),
        _ => {
            let mut letters = word.chars();
            let first = letters.next().map(String::from).unwrap_or_default();
            first + &letters.as_str().to_ascii_lowercase()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The command and which half of the exchange it is.
pub(super) fn title(code: u8, response: bool) -> String {
    let half = if response { "Response" } else { "Request" };
    format!("{} {half}", name(code))
}

/// The whole text: the commands of a chain, and what they name.
pub(super) fn info(header: &Header, message: &[u8], context: Context<'_>) -> String {
    let response = header.is_response();
    let mut text = title(header.command, response);
    for (n, block) in Blocks::new(message, header)
        .map_while(Result::ok)
        .enumerate()
    {
        // Writing to a String can't fail.
        let _ = if n > 0 {
            write!(text, "; {}", name(block.command))
        } else {
            Ok(())
        };
        let _ = if response {
            answer(&mut text, &block, context)
        } else {
            request(&mut text, header, &block, message)
        };
    }
    let status = header.status();
    if status.code != 0 {
        let _ = write!(text, ", Error: {status}");
    }
    text
}

fn fid(text: &mut String, fid: Option<u16>) -> std::fmt::Result {
    fid.map_or(Ok(()), |fid| write!(text, ", FID: 0x{fid:04x}"))
}

fn request(
    text: &mut String,
    header: &Header,
    block: &Block<'_>,
    message: &[u8],
) -> std::fmt::Result {
    let unicode = header.is_unicode();
    let mut texts = Strings::new(block.bytes, block.bytes_at, unicode);
    let len = |at| usize::from(block.u16(at).unwrap_or_default());
    let mut next = |skipped| {
        texts.skip(skipped);
        texts.next_text().map(|(text, ..)| text).unwrap_or_default()
    };
    match block.command {
        command::SESSION_SETUP_ANDX => match block.words.len() {
            24 => text.push_str(&token::info(part(block.bytes, 0, len(14)))),
            26 | 20 => {
                let second = if block.words.len() == 26 { len(16) } else { 0 };
                let (user, domain) = (next(len(14) + second), next(0));
                let user = if user.is_empty() { "anonymous" } else { &user };
                return if domain.is_empty() {
                    write!(text, ", User: {user}")
                } else {
                    write!(text, ", User: {domain}\\{user}")
                };
            }
            _ => {}
        },
        command::TREE_CONNECT_ANDX => return write!(text, ", Path: {}", next(len(6))),
        command::TREE_CONNECT => return write!(text, ", Path: {}", next(1)),
        command::NT_CREATE_ANDX | command::OPEN_ANDX => {
            return write!(text, ", Path: {}", next(0));
        }
        command::READ_ANDX => {
            fid(text, block.u16(4))?;
            let offset = block.u32(6).unwrap_or_default();
            return write!(text, ", {} bytes at offset {offset}", len(10));
        }
        command::WRITE_ANDX => {
            fid(text, block.u16(4))?;
            let offset = block.u32(6).unwrap_or_default();
            return write!(text, ", {} bytes at offset {offset}", len(20));
        }
        command::LOCKING_ANDX => return fid(text, block.u16(4)),
        command::CLOSE | command::READ | command::WRITE => return fid(text, block.u16(0)),
        command::TRANSACTION2 => {
            if let Some(question) = Question::of(block, message) {
                return write!(text, ", {}", trans2(&question));
            }
        }
        command::NT_TRANSACT => {
            let function = names::nt_transact(block.u16(36).unwrap_or_default());
            return write!(text, ", {}", function.replace('_', " "));
        }
        _ => {}
    }
    Ok(())
}

/// TRANSACTION2's subcommands as Wireshark shortens them.
fn trans2(question: &Question) -> String {
    let name = names::trans2(question.subcommand);
    name.replace("INFORMATION", "INFO")
}

fn answer(text: &mut String, block: &Block<'_>, context: Context<'_>) -> std::fmt::Result {
    match block.command {
        command::SESSION_SETUP_ANDX if block.words.len() == 8 => {
            let len = usize::from(block.u16(6).unwrap_or_default());
            text.push_str(&token::info(part(block.bytes, 0, len)));
        }
        command::NT_CREATE_ANDX => return fid(text, block.u16(5)),
        command::OPEN_ANDX => return fid(text, block.u16(4)),
        command::READ_ANDX if !block.words.is_empty() => {
            return write!(text, ", {} bytes", block.u16(10).unwrap_or_default());
        }
        command::WRITE_ANDX if !block.words.is_empty() => {
            return write!(text, ", {} bytes", block.u16(4).unwrap_or_default());
        }
        command::TRANSACTION2 => {
            if let Some(question) = context.asked {
                return write!(text, ", {}", trans2(question));
            }
        }
        _ => {}
    }
    Ok(())
}
