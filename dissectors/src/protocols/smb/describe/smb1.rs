//! The fields of one SMB1 message.

use super::super::bytes::{part, u16_at};
use super::super::fields::{SMB1_CONTINUATION, SMB1_EXCHANGE, SMB1_FILE, SMB1_TREE, smb1 as f};
use super::super::wire1::{Block, Blocks, HEADER, Header, command};
use super::smb1_bodies as bodies;
use super::smb1_trans::Lock;
use super::strings::Strings;
use super::{smb1_info_text, smb1_trans};
use crate::field::layout::{Part, bits, bytes, flag, uint};
use crate::field::{Value, Writer};
use crate::token;

/// What is known of a message beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Context<'a> {
    /// Of an answer: the path of the tree that its request connects.
    pub(in super::super) path: Option<&'a str>,
    /// Of an answer: the name of the file that its request opens.
    pub(in super::super) file: Option<&'a str>,
    /// Of an answer: the transaction or the locks that were asked for.
    pub(in super::super) asked: Option<&'a smb1_trans::Question>,
}

/// CAP_UNICODE and CAP_EXTENDED_SECURITY of a server (MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2.1).
const UNICODE: u32 = 0x4;
const EXTENDED_SECURITY: u32 = 0x8000_0000;

/// Flags and Flags2 (MS-CIFS 2.2.3.1).
const FLAGS: Part = bits(
    f::FLAGS,
    9,
    1,
    &[
        flag(f::FLAGS_RESPONSE, 0x80),
        flag(f::FLAGS_NOTIFY, 0x40),
        flag(f::FLAGS_OPLOCK, 0x20),
        flag(f::FLAGS_CANON, 0x10),
        flag(f::FLAGS_CASELESS, 0x08),
        flag(f::FLAGS_RECEIVE_BUFFER, 0x02),
        flag(f::FLAGS_LOCK, 0x01),
    ],
);
const FLAGS2: Part = bits(
    f::FLAGS2,
    10,
    2,
    &[
        flag(f::FLAGS2_STRING, 0x8000),
        flag(f::FLAGS2_NT_ERROR, 0x4000),
        flag(f::FLAGS2_ROE, 0x2000),
        flag(f::FLAGS2_DFS, 0x1000),
        flag(f::FLAGS2_ESN, 0x0800),
        flag(f::FLAGS2_REPARSE_PATH, 0x0400),
        flag(f::FLAGS2_LONG_NAMES_USED, 0x0040),
        flag(f::FLAGS2_SEC_SIG_REQUIRED, 0x0010),
        flag(f::FLAGS2_COMPRESSED, 0x0008),
        flag(f::FLAGS2_SEC_SIG, 0x0004),
        flag(f::FLAGS2_EA, 0x0002),
        flag(f::FLAGS2_LONG_NAMES_ALLOWED, 0x0001),
    ],
);
const BEGIN: &[Part] = &[uint(f::SERVER_COMPONENT, 0, 4), uint(f::CMD, 4, 1)];
const NT_STATUS: &[Part] = &[uint(f::NT_STATUS, 5, 4)];
const DOS_ERROR: &[Part] = &[uint(f::ERROR_CLASS, 5, 1), uint(f::ERROR_CODE, 7, 2)];
const REST: &[Part] = &[
    FLAGS,
    FLAGS2,
    uint(f::PID_HIGH, 12, 2),
    bytes(f::SIGNATURE, 14, 8),
    uint(f::TID, 24, 2),
    uint(f::PID, 26, 2),
    uint(f::UID, 28, 2),
    uint(f::MID, 30, 2),
];

/// Describes a message.
pub(in super::super) fn message(
    w: &mut Writer<'_>,
    header: &Header,
    message: &[u8],
    size: u64,
    context: Context<'_>,
) {
    pair(w, header);
    w.layer(f::PROTO, "SMB", 0, size as usize, |w| {
        w.branch(
            || "SMB Header".to_owned(),
            0,
            HEADER,
            |w| {
                w.lay(BEGIN, message, 0);
                let error = if header.has_nt_status() {
                    NT_STATUS
                } else {
                    DOS_ERROR
                };
                w.lay(error, message, 0);
                w.lay(REST, message, 0);
            },
        );
        for block in Blocks::new(message, header).map_while(Result::ok) {
            block_of(w, header, &block, message, context);
        }
        w.info(|| smb1_info_text::info(header, message, context));
    });
    w.shows(&SMB1_TREE, header.tid.into());
}

/// Of which exchange it is: tshark pairs by PID and MID, and the command.
fn pair(w: &mut Writer<'_>, header: &Header) {
    let key = |code: u8| header.id_of(code);
    match (header.command, header.is_response()) {
        (
            command::TRANSACTION_SECONDARY
            | command::TRANSACTION2_SECONDARY
            | command::NT_TRANSACT_SECONDARY,
            false,
        ) => w.reply(&SMB1_CONTINUATION, key(header.command - 1)),
        (code, false) => {
            w.request(&SMB1_EXCHANGE, key(code));
            if matches!(
                code,
                command::TRANSACTION | command::TRANSACTION2 | command::NT_TRANSACT
            ) {
                w.request(&SMB1_CONTINUATION, key(code));
            }
        }
        (code, true) => w.reply(&SMB1_EXCHANGE, key(code)),
    }
}

fn block_of(
    w: &mut Writer<'_>,
    header: &Header,
    block: &Block<'_>,
    message: &[u8],
    context: Context<'_>,
) {
    let words_at = block.bytes_at - 2 - block.words.len();
    let response = header.is_response();
    let len = block.bytes_at + block.bytes.len() - words_at;
    let title = || smb1_info_text::title(block.command, response);
    w.branch(title, words_at - 1, len + 1, |w| {
        let count = block.words.len();
        w.uint(f::WCT, (count / 2) as u64, words_at - 1, 1);
        if super::super::wire1::is_andx(block.command) && count > 0 {
            w.lay(bodies::ANDX, block.words, words_at);
        }
        let table = if response {
            bodies::response(block.command, count)
        } else {
            bodies::request(block.command, count)
        };
        w.lay(table, block.words, words_at);
        if let Some(bcc) = u16_at(message, block.bytes_at - 2) {
            w.uint(f::BCC, bcc, block.bytes_at - 2, 2);
        }
        if response {
            answer(w, header, block, message, context);
        } else {
            request(w, header, block, message);
        }
    });
}

/// Names the file of a FID that stands at `place` of the words.
fn shows_file(w: &mut Writer<'_>, block: &Block<'_>, place: usize) {
    if let Some(fid) = block.u16(place) {
        w.shows(&SMB1_FILE, fid.into());
    }
}

fn request(w: &mut Writer<'_>, header: &Header, block: &Block<'_>, message: &[u8]) {
    let unicode = header.is_unicode();
    let mut texts = Strings::new(block.bytes, block.bytes_at, unicode);
    match block.command {
        command::NEGOTIATE => {
            let mut texts = Strings::new(block.bytes, block.bytes_at, false);
            while let Some((text, at, len)) = texts.next_text() {
                // Each behind a buffer format byte.
                w.uint(f::BUFFER_FORMAT, 2_u8, at, 1);
                let name = text.strip_prefix('\u{2}').unwrap_or(&text);
                w.text(f::DIALECT, name, at, len);
                w.text(f::DIALECT_NAME, name, at + 1, len.saturating_sub(1));
            }
        }
        command::SESSION_SETUP_ANDX => session_setup(w, block, texts),
        command::TREE_CONNECT_ANDX => {
            texts.skip(usize::from(block.u16(6).unwrap_or_default()));
            texts.write(w, f::PATH);
            texts.is_unicode(false);
            texts.write(w, f::SERVICE);
        }
        command::TREE_CONNECT => {
            // Each behind a buffer format byte (2.2.4.50.1); the second is the password.
            texts.skip(1);
            texts.write(w, f::PATH);
            texts.skip(1);
            texts.next_text();
            texts.skip(1);
            texts.write(w, f::SERVICE);
        }
        command::NT_CREATE_ANDX | command::OPEN_ANDX => texts.write(w, f::FILE),
        command::READ_ANDX => {
            let words_at = block.bytes_at - 2 - block.words.len();
            // Of a pipe it is a timeout, all ones (2.2.4.42.1).
            if let Some(high) = block.u32(14).filter(|high| *high != u32::MAX) {
                w.uint(f::MAXCOUNT_HIGH, high, words_at + 14, 4);
            }
            shows_file(w, block, 4);
        }
        command::WRITE_ANDX => shows_file(w, block, 4),
        command::LOCKING_ANDX => {
            shows_file(w, block, 4);
            locks(w, block);
        }
        command::READ | command::WRITE | command::CLOSE => shows_file(w, block, 0),
        command::TRANSACTION | command::TRANSACTION2 | command::NT_TRANSACT => {
            smb1_trans::request(w, header, block, message);
        }
        // The old commands that name a file: a buffer format byte and the name.
        0x00..=0x03 | 0x06..=0x09 | 0x0E | 0x0F | 0x10 => {
            if let Some(format) = block.bytes.first() {
                w.uint(f::BUFFER_FORMAT, *format, block.bytes_at, 1);
            }
            texts.skip(1);
            let id = if matches!(block.command, 0 | 1 | 0x10) {
                f::DIR_NAME
            } else {
                f::FILE
            };
            texts.write(w, id);
            if block.command == 0x07 {
                texts.skip(1);
                texts.write(w, f::FILE);
            }
        }
        _ => {}
    }
}

/// A token (12 words), two passwords (13) or one (10); then who logs on, from what system.
fn session_setup(w: &mut Writer<'_>, block: &Block<'_>, mut texts: Strings<'_>) {
    let len = |at| usize::from(block.u16(at).unwrap_or_default());
    let who = match block.words.len() {
        24 => {
            token::describe(w, part(block.bytes, 0, len(14)), block.bytes_at);
            texts.skip(len(14));
            false
        }
        26 => {
            texts.skip(len(14) + len(16));
            true
        }
        20 => {
            texts.skip(len(14));
            true
        }
        _ => return,
    };
    if who {
        texts.write(w, f::ACCOUNT);
        texts.write(w, f::PRIMARY_DOMAIN);
    }
    texts.write(w, f::NATIVE_OS);
    texts.write(w, f::NATIVE_LANMAN);
    if !who {
        texts.write(w, f::PRIMARY_DOMAIN);
    }
}

/// LOCKING_ANDX's ranges.
fn locks(w: &mut Writer<'_>, block: &Block<'_>) {
    for (from, lock) in Lock::all(block) {
        one_lock(w, lock, (block.bytes_at + from, 2));
    }
}

/// One range; where its PID stands, or that it is known from the request.
fn one_lock(w: &mut Writer<'_>, lock: Lock, (at, len): (usize, usize)) {
    w.uint(f::PID, lock.pid, at, len);
    w.uint(f::LOCK_OFFSET, lock.offset, at, len);
    w.uint(f::LOCK_LENGTH, lock.length, at, len);
}

fn answer(
    w: &mut Writer<'_>,
    header: &Header,
    block: &Block<'_>,
    message: &[u8],
    context: Context<'_>,
) {
    if let Some(fid) = context.asked.and_then(|asked| asked.fid) {
        w.uint(f::FID, fid, 0, 0);
        w.shows(&SMB1_FILE, fid.into());
    }
    if block.words.is_empty() {
        if let Some(asked) = context.asked {
            smb1_trans::asked(w, asked);
        }
        return;
    }
    let unicode = header.is_unicode();
    let mut texts = Strings::new(block.bytes, block.bytes_at, unicode);
    match block.command {
        command::NEGOTIATE => negotiated(w, block),
        command::SESSION_SETUP_ANDX => {
            if block.words.len() == 8 {
                let len = usize::from(block.u16(6).unwrap_or_default());
                token::describe(w, part(block.bytes, 0, len), block.bytes_at);
                texts.skip(len);
            }
            texts.write(w, f::NATIVE_OS);
            texts.write(w, f::NATIVE_LANMAN);
            texts.write(w, f::PRIMARY_DOMAIN);
        }
        command::TREE_CONNECT_ANDX => {
            if let Some(path) = context.path {
                w.says(&SMB1_TREE, header.tid.into(), path, 0);
            }
            texts.is_unicode(false);
            texts.write(w, f::SERVICE);
            texts.is_unicode(unicode);
            texts.write(w, f::NATIVE_FS);
        }
        command::TREE_CONNECT => {
            if let (Some(path), Some(tid)) = (context.path, block.u16(2)) {
                w.uint(
                    f::MAX_BUF,
                    block.u16(0).unwrap_or_default(),
                    block.bytes_at - 6,
                    2,
                );
                w.uint(f::TID, tid, block.bytes_at - 4, 2);
                w.says(&SMB1_TREE, tid.into(), path, 0);
            }
        }
        command::NT_CREATE_ANDX | command::OPEN_ANDX => {
            let place = if block.command == command::OPEN_ANDX {
                4
            } else {
                5
            };
            if let (Some(name), Some(fid)) = (context.file, block.u16(place)) {
                w.says(&SMB1_FILE, fid.into(), name, 0);
                w.shows(&SMB1_FILE, fid.into());
            }
        }
        command::LOCKING_ANDX => {
            for lock in context.asked.iter().flat_map(|asked| &asked.locks) {
                one_lock(w, *lock, (0, 0));
            }
        }
        command::TRANSACTION | command::TRANSACTION2 => {
            smb1_trans::answer(w, block, message, context.asked, unicode);
        }
        _ => {}
    }
}

/// NEGOTIATE's answer: a GUID and a token with extended security, else challenge, domain and server (2.2.4.52.2).
fn negotiated(w: &mut Writer<'_>, block: &Block<'_>) {
    let words_at = block.bytes_at - 2 - block.words.len();
    let (capabilities, zone, challenge) = match block.words.len() {
        34 => (
            block.u32(19).unwrap_or_default(),
            31,
            block.u8(33).map_or(0, usize::from),
        ),
        26 => (0, 20, block.u16(22).map_or(0, usize::from)),
        _ => return,
    };
    if let Some(minutes) = block.u16(zone) {
        let minutes = Value::Int(minutes.cast_signed().into());
        w.put(f::SERVER_TIMEZONE, minutes, words_at + zone, 2);
    }
    if capabilities & EXTENDED_SECURITY != 0 {
        // tshark writes it byte by byte.
        if let Some(guid) = block.bytes.first_chunk() {
            w.put(f::SERVER_GUID, Value::Guid(*guid), block.bytes_at, 16);
        }
        let blob = part(block.bytes, 16, usize::MAX);
        token::describe(w, blob, block.bytes_at + 16);
        return;
    }
    w.bytes(
        f::CHALLENGE,
        part(block.bytes, 0, challenge),
        block.bytes_at,
    );
    // Behind the challenge, Unicode texts stand without regard to even offsets.
    let rest = part(block.bytes, challenge, usize::MAX);
    let mut texts = Strings::new(rest, 0, capabilities & UNICODE != 0);
    texts.shift(block.bytes_at + challenge);
    texts.write(w, f::PRIMARY_DOMAIN);
    texts.write(w, f::SERVER);
}
