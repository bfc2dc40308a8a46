//! The fields of one SMB2 message.

use super::super::bytes::{part, u16_at, u32_at};
use super::super::fields::{SMB2_EXCHANGE, SMB2_LOGON, SMB2_TREE, smb2 as f};
use super::super::wire2::{self, Buffer, HEADER, Header, command};
use super::smb2_bodies::{self as bodies, SIZE};
use super::{levels, smb2_create, smb2_info, smb2_info_text, smb2_ioctl, smb2_negotiate, text16};
use crate::field::layout::{Part, bits, bytes, flag, uint};
use crate::field::{Value, Writer};
use crate::token;

/// What is known of a message beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Context<'a> {
    /// The path of the tree that an answer connects.
    pub(in super::super) connects: Option<&'a str>,
    /// The name of the file that it is about.
    pub(in super::super) file: Option<&'a str>,
    /// Of an answer: what was asked for.
    pub(in super::super) asked: Option<&'a Question>,
    /// A request that is answered; false for an answer that is not the last (STATUS_PENDING).
    pub(in super::super) is_final: bool,
}

/// What the answer to a request is described by.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Question {
    /// InfoType and FileInfoClass of QUERY_INFO and SET_INFO, FileInformationClass of QUERY_DIRECTORY.
    pub(in super::super) class: u8,
    pub(in super::super) level: u8,
    /// AdditionalInformation of QUERY_INFO.
    pub(in super::super) additional: u32,
    /// The name of CREATE.
    pub(in super::super) name: Option<Box<str>>,
}

impl Question {
    /// Of a request; `None` where its answer needs nothing of it.
    pub(in super::super) fn of(header: &Header, pdu: &[u8]) -> Option<Self> {
        let byte = |at: usize| pdu.get(HEADER + at).copied().unwrap_or_default();
        let mut question = Self::default();
        match header.command {
            command::CREATE => {
                let name = wire2::create_name(pdu)?;
                question.name = Some(text16(name.bytes).into_boxed_str());
            }
            command::QUERY_DIRECTORY => question.level = byte(2),
            command::QUERY_INFO => {
                (question.class, question.level) = (byte(2), byte(3));
                question.additional = u32_at(pdu, HEADER + 16).unwrap_or_default();
            }
            command::SET_INFO => (question.class, question.level) = (byte(2), byte(3)),
            _ => return None,
        }
        Some(question)
    }
}

/// Flags (2.2.1.1).
const FLAGS: Part = bits(
    f::FLAGS,
    16,
    4,
    &[
        flag(f::FLAGS_RESPONSE, 1),
        flag(f::FLAGS_ASYNC, 2),
        flag(f::FLAGS_CHAINED, 4),
        flag(f::FLAGS_SIGNATURE, 8),
        flag(f::FLAGS_PRIORITY_MASK, 0x70),
        flag(f::FLAGS_DFS, 0x1000_0000),
        flag(f::FLAGS_REPLAY, 0x2000_0000),
    ],
);
const BEFORE: &[Part] = &[uint(f::HEADER_LEN, 4, 2), uint(f::CREDIT_CHARGE, 6, 2)];
const OF_REQUEST: &[Part] = &[
    uint(f::CHANNEL_SEQUENCE, 8, 2),
    uint(f::CMD, 12, 2),
    uint(f::CREDITS_REQUESTED, 14, 2),
];
const OF_RESPONSE: &[Part] = &[
    uint(f::NT_STATUS, 8, 4),
    uint(f::CMD, 12, 2),
    uint(f::CREDITS_GRANTED, 14, 2),
];
const IDS: &[Part] = &[FLAGS, uint(f::CHAIN_OFFSET, 20, 4), uint(f::MSG_ID, 24, 8)];
const ASYNC: &[Part] = &[uint(f::AID, 32, 8)];
const SYNC: &[Part] = &[uint(f::PID, 32, 4), uint(f::TID, 36, 4)];
const BEHIND: &[Part] = &[uint(f::SESID, 40, 8), bytes(f::SIGNATURE, 48, 16)];

/// Describes a message.
pub(in super::super) fn message(
    w: &mut Writer<'_>,
    header: &Header,
    pdu: &[u8],
    size: u64,
    context: Context<'_>,
) {
    pair(w, header, context.is_final);
    names(w, header, pdu, context.connects);
    w.layer(f::PROTO, "SMB2", 0, size as usize, |w| {
        head(w, (header.is_response(), header.is_async()), pdu);
        let body = pdu.get(HEADER..).unwrap_or(&[]);
        w.branch(
            || smb2_info_text::title(header),
            HEADER,
            body.len(),
            |w| body_of(w, header, pdu, context),
        );
        w.info(|| smb2_info_text::info(header, pdu, context));
    });
}

/// Describes a message of which too little was captured to tell its exchange.
pub(in super::super) fn stub(w: &mut Writer<'_>, pdu: &[u8], size: u64) {
    w.layer(f::PROTO, "SMB2", 0, size as usize, |w| {
        let flags = u32_at(pdu, 16).unwrap_or_default();
        head(w, (flags & 1 != 0, flags & 2 != 0), pdu);
        w.info(|| smb2_info_text::name(u16_at(pdu, 12).unwrap_or_default(), flags & 1 != 0));
    });
}

/// Of which exchange it is.
fn pair(w: &mut Writer<'_>, header: &Header, is_final: bool) {
    if header.message_id != wire2::UNSOLICITED && header.command != command::CANCEL {
        match (header.is_response(), is_final) {
            (false, _) => w.request(&SMB2_EXCHANGE, header.message_id),
            (true, true) => w.reply(&SMB2_EXCHANGE, header.message_id),
            (true, false) => w.interim(&SMB2_EXCHANGE, header.message_id),
        }
    }
}

/// Of which session and tree it is, and what it says of them.
fn names(w: &mut Writer<'_>, header: &Header, pdu: &[u8], connects: Option<&str>) {
    let done = header.is_response() && header.status == 0;
    if header.session_id != 0 {
        if done && header.command == command::SESSION_SETUP {
            w.says(&SMB2_LOGON, header.session_id, "", 0);
        }
        w.shows(&SMB2_LOGON, header.session_id);
    }
    if header.is_async() {
        return;
    }
    let tree = header.session_id.rotate_left(32) ^ u64::from(header.tree_id);
    if done && let Some(path) = connects {
        let share_type = pdu.get(HEADER + 2).copied().unwrap_or_default();
        w.says(&SMB2_TREE, tree, path, share_type.into());
    }
    w.shows(&SMB2_TREE, tree);
}

fn head(w: &mut Writer<'_>, (response, is_async): (bool, bool), pdu: &[u8]) {
    w.branch(
        || "SMB2 Header".to_owned(),
        0,
        HEADER,
        |w| {
            protocol_id(w, pdu);
            w.lay(BEFORE, pdu, 0);
            w.lay(if response { OF_RESPONSE } else { OF_REQUEST }, pdu, 0);
            w.lay(IDS, pdu, 0);
            if is_async {
                w.lay(ASYNC, pdu, 0);
            } else {
                w.lay(SYNC, pdu, 0);
            }
            w.lay(BEHIND, pdu, 0);
        },
    );
}

/// The four bytes that a message begins with, which tshark reads big-endian.
fn protocol_id(w: &mut Writer<'_>, pdu: &[u8]) {
    if let Some(id) = u32_at(pdu, 0) {
        w.uint(f::PROTOCOL_ID, id.swap_bytes(), 0, 4);
    }
}

fn body_of(w: &mut Writer<'_>, header: &Header, pdu: &[u8], context: Context<'_>) {
    let body = pdu.get(HEADER..).unwrap_or(&[]);
    let question = context.asked.cloned().unwrap_or_default();
    let response = header.is_response();
    if response && context.asked.is_some() {
        asked(w, header.command, &question);
    }
    w.lay(SIZE, body, HEADER);
    if response && is_error(header) {
        w.lay(bodies::ERROR, body, HEADER);
        return;
    }
    let table = match (header.command, response) {
        (command::OPLOCK_BREAK, _) => bodies::oplock_break(u16_at(body, 0).unwrap_or_default()),
        (code, true) => bodies::response(code),
        (code, false) => bodies::request(code),
    };
    if !response && matches!(header.command, command::QUERY_INFO | command::SET_INFO) {
        let question = Question::of(header, pdu).unwrap_or_default();
        levels::request(w, question.class, question.level, HEADER + 2);
        let place = if header.command == command::QUERY_INFO {
            16
        } else {
            12
        };
        levels::additional(w, question.class, u32_at(body, place), HEADER + place);
    }
    w.lay(table, body, HEADER);
    match (header.command, response) {
        (command::NEGOTIATE, false) => smb2_negotiate::request(w, pdu),
        (command::NEGOTIATE, true) => {
            blob(w, wire2::blob_of_answer(pdu, HEADER + 56));
            smb2_negotiate::contexts(w, pdu, HEADER + 60, u16_at(body, 6));
        }
        (command::SESSION_SETUP, false) => blob(w, wire2::setup_token(pdu)),
        (command::SESSION_SETUP, true) => blob(w, wire2::blob_of_answer(pdu, HEADER + 4)),
        (command::TREE_CONNECT, false) => name(w, f::TREE, wire2::tree_path(pdu)),
        (command::TREE_CONNECT, true) => {
            let flags = u32_at(body, 4).unwrap_or_default();
            w.uint(f::SHARE_CACHING, flags & 0x30, HEADER + 4, 4);
        }
        (command::CREATE, false) => {
            name(w, f::FILENAME, wire2::create_name(pdu));
            smb2_create::contexts(w, pdu, HEADER + 48, false);
        }
        (command::CREATE, true) => smb2_create::contexts(w, pdu, HEADER + 80, true),
        (command::LOCK, false) => locks(w, body),
        (command::IOCTL, _) => smb2_ioctl::data(w, pdu, response),
        (command::QUERY_DIRECTORY, false) => name(w, f::FIND_PATTERN, wire2::search_pattern(pdu)),
        (command::QUERY_DIRECTORY, true) => {
            smb2_info::entries(w, question.level, wire2::output(pdu));
        }
        (command::CHANGE_NOTIFY, true) => smb2_info::changes(w, wire2::output(pdu)),
        (command::QUERY_INFO, true) if context.asked.is_some() => {
            smb2_info::value(
                w,
                (question.class, question.level),
                wire2::output(pdu),
                true,
            );
        }
        (command::SET_INFO, false) => {
            let question = Question::of(header, pdu).unwrap_or_default();
            let data = wire2::set_info(pdu);
            smb2_info::value(w, (question.class, question.level), data, false);
        }
        _ => {}
    }
}

/// What was asked for, shown with the answer.
fn asked(w: &mut Writer<'_>, code: u16, question: &Question) {
    match code {
        command::QUERY_DIRECTORY => w.uint(f::FIND_INFOLEVEL, question.level, 0, 0),
        command::QUERY_INFO | command::SET_INFO => {
            levels::request(w, question.class, question.level, 0);
        }
        _ => {}
    }
}

/// True for an answer with the error's body: some warnings come with what was asked for, and that of SESSION_SETUP looks the
/// same (3.3.4.4).
pub(super) const fn is_error(header: &Header) -> bool {
    const BUFFER_OVERFLOW: u32 = 0x8000_0005;
    match header.status {
        0 => false,
        _ if header.command == command::SESSION_SETUP => false,
        BUFFER_OVERFLOW => !matches!(
            header.command,
            command::READ | command::IOCTL | command::QUERY_INFO
        ),
        _ => true,
    }
}

/// A name in UTF-16.
fn name(w: &mut Writer<'_>, id: crate::field::FieldId, buffer: Option<Buffer<'_>>) {
    if let Some(buffer) = buffer {
        let len = buffer.bytes.len();
        w.text_with(id, || text16(buffer.bytes), buffer.at, len);
    }
}

/// A security token.
fn blob(w: &mut Writer<'_>, buffer: Option<Buffer<'_>>) {
    if let Some(buffer) = buffer {
        token::describe(w, buffer.bytes, buffer.at);
    }
}

/// The locks of LOCK (2.2.26), each of 24 bytes.
fn locks(w: &mut Writer<'_>, body: &[u8]) {
    let count = usize::from(u16_at(body, 2).unwrap_or_default());
    for n in 0..count {
        let at = 24 + 24 * n;
        let lock = part(body, at, 24);
        if lock.len() < 24 {
            return;
        }
        w.parts(f::LOCK_INFO, Value::Present, HEADER + at, 24, |w| {
            w.lay(bodies::LOCK, lock, HEADER + at);
        });
    }
}

/// An encrypted message (2.2.41).
pub(in super::super) fn encrypted(w: &mut Writer<'_>, bytes: &[u8], size: u64) {
    const TRANSFORM: &[Part] = &[
        crate::field::layout::bytes(f::HEADER_TRANSFORM_SIGNATURE, 4, 16),
        crate::field::layout::bytes(f::HEADER_TRANSFORM_NONCE, 20, 16),
        uint(f::HEADER_TRANSFORM_MSG_SIZE, 36, 4),
        bits(
            f::HEADER_TRANSFORM_FLAGS,
            42,
            2,
            &[flag(f::HEADER_TRANSFORM_FLAGS_ENCRYPTED, 1)],
        ),
        uint(f::SESID, 44, 8),
    ];
    if let Some(session) = super::super::bytes::u64_at(bytes, 44) {
        w.shows(&SMB2_LOGON, session);
    }
    w.layer(f::PROTO, "SMB2", 0, size as usize, |w| {
        protocol_id(w, bytes);
        w.lay(TRANSFORM, bytes, 0);
        w.info(|| "Encrypted SMB3".to_owned());
    });
}

/// A compressed message (2.2.42): its header, chained or not.
pub(in super::super) fn compressed(w: &mut Writer<'_>, bytes: &[u8], size: u64) {
    const TRANSFORM: &[Part] = &[
        uint(f::HEADER_COMP_TRANSFORM_ORIGINAL_SIZE, 4, 4),
        uint(f::HEADER_COMP_TRANSFORM_COMP_ALG, 8, 2),
        uint(f::HEADER_COMP_TRANSFORM_FLAGS, 10, 2),
    ];
    w.layer(f::PROTO, "SMB2", 0, size as usize, |w| {
        protocol_id(w, bytes);
        w.lay(TRANSFORM, bytes, 0);
        // SMB2_COMPRESSION_FLAG_CHAINED: a length stands where the offset would.
        let place = if u16_at(bytes, 10).unwrap_or_default() & 1 == 0 {
            uint(f::HEADER_COMP_TRANSFORM_OFFSET, 12, 4)
        } else {
            uint(f::HEADER_COMP_TRANSFORM_LENGTH, 12, 4)
        };
        w.lay(&[place], bytes, 0);
        w.info(|| "Compressed SMB3".to_owned());
    });
}
