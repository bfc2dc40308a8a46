//! SMB1: requests, and what the answers need to know of them. The answers are in `smb1_replies`.

use hashbrown::HashMap;

use super::auth::{Identity, Token};
use super::bytes::{Texts, oem, part, u16_at};
use super::connection::{At, Connection};
use super::describe::smb1::Context;
use super::describe::smb1_trans::Question;
use super::files::{Files, Kind, is_dcerpc};
use super::framing::{MAX_KEPT, Plan};
use super::wire1::{Block, Blocks, Counts, HEADER, Header, UNSOLICITED, command};
use super::{describe, names};
use crate::event::{self, Act, Expect, Phase, Value};

/// Requests that wait with something to remember; servers allow 50 at once (MaxMpxCount), seldom more.
const MAX_PENDING: usize = 4096;
/// Dialects of one offer.
const MAX_DIALECTS: usize = 32;
/// What is kept of a message whose content is of no interest.
const HEAD: usize = 160;
/// What is kept of a message with names.
const NAMES: usize = 64 * 1024;
/// TRANS_TRANSACT_NMPIPE: a write and a read of a pipe in one (MS-CIFS 2.2.5.6).
const TRANSACT_PIPE: u16 = 0x26;
/// NT_TRANSACT_NOTIFY_CHANGE (MS-CIFS 2.2.7.4).
const NOTIFY_CHANGE: u16 = 4;

/// What an answer needs to know of its request.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) dialects: Vec<String>,
    pub(super) token: Option<Token>,
    pub(super) path: Option<String>,
    pub(super) create: Option<(String, u32)>,
    /// Of READ, TRANSACT_NMPIPE and CLOSE.
    pub(super) file: Option<u64>,
    /// Of a transaction whose request goes on in secondary messages: bytes still to come.
    pub(super) unsent: u64,
    /// Bytes of a transaction's answer that came.
    pub(super) received: u64,
    /// Answers of ECHO that are still to come.
    pub(super) echoes: u16,
    pub(super) tree: u16,
}

/// The SMB1 part of a connection.
#[derive(Default)]
pub(super) struct Smb1 {
    pub(super) pending: HashMap<u64, Asked>,
    pub(super) trees: HashMap<u16, (String, Kind)>,
    /// What transactions asked for, where fields are wanted.
    questions: HashMap<u64, Question>,
}

/// The key of a FID; the upper bits keep it apart from SMB2's.
pub(super) const fn file_key(fid: u16) -> u64 {
    0x5342_4D31 << 16 | fid as u64
}

impl Smb1 {
    /// The dialects of a NEGOTIATE that waits for its answer; of several (a map has no order), of the lowest number.
    pub(super) fn offered(&self) -> Option<Vec<Value>> {
        let offers = self.pending.iter().filter(|(_, a)| !a.dialects.is_empty());
        let (_, asked) = offers.min_by_key(|(id, _)| **id)?;
        let dialects = asked.dialects.iter();
        Some(dialects.cloned().map(Value::Text).collect())
    }

    /// How a message is to be read.
    pub(super) fn plan(&self, bytes: &[u8], left: u64, files: &Files, described: bool) -> Plan {
        if left < HEADER as u64 + 3 {
            return Plan::Bad("SMB1 message shorter than its header");
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(MAX_KEPT);
        let head = most.min(HEAD);
        if bytes.len() < head {
            return Plan::Need(head);
        }
        let Some(header) = Header::read(bytes) else {
            return Plan::Bad("SMB1 message shorter than its header");
        };
        let keep =
            if described && has_names(header.command) || self.is_needed(&header, bytes, files) {
                most
            } else if has_names(header.command) {
                most.min(NAMES)
            } else {
                head
            };
        Plan::Take { size: left, keep }
    }

    /// True when a pipe carries what is in the message.
    fn is_needed(&self, header: &Header, bytes: &[u8], files: &Files) -> bool {
        let key = match (header.command, header.is_response()) {
            (command::TRANSACTION | command::TRANSACTION_SECONDARY, _) => return true,
            (command::WRITE_ANDX | command::WRITE, false) => fid(bytes, header),
            (command::READ_ANDX | command::READ, true) => {
                self.pending.get(&header.id()).and_then(|asked| asked.file)
            }
            _ => None,
        };
        key.is_some_and(|key| match files.kind(key) {
            Kind::Opaque => false,
            Kind::Pipe => true,
            Kind::Unsure => {
                first_data(bytes, header).is_some_and(|data| is_dcerpc(data, Kind::Unsure))
            }
        })
    }

    pub(super) fn pdu(&mut self, message: &[u8], connection: &mut Connection, at: &mut At<'_, '_>) {
        let Some(header) = Header::read(message) else {
            return;
        };
        if at.out.wants_fields() {
            self.describe(&header, message, at);
        }
        if header.is_response() {
            self.response(&header, message, connection, at);
        } else {
            self.request(&header, message, connection, at);
        }
    }

    fn describe(&mut self, header: &Header, message: &[u8], at: &mut At<'_, '_>) {
        let asked = self
            .pending
            .get(&header.id())
            .filter(|_| header.is_response());
        let context = Context {
            path: asked.and_then(|asked| asked.path.as_deref()),
            file: asked.and_then(|asked| asked.create.as_ref().map(|(name, _)| name.as_str())),
            asked: self
                .questions
                .get(&header.id())
                .filter(|_| header.is_response()),
        };
        at.fields(|w, size| describe::smb1::message(w, header, message, size, context));
        if header.is_response() {
            return;
        }
        let question = first_block(header, message).and_then(|b| Question::of(&b, message));
        match question {
            Some(question) if self.questions.len() < MAX_PENDING => {
                self.questions.insert(header.id(), question);
            }
            _ => {
                self.questions.remove(&header.id());
            }
        }
    }

    fn request(
        &mut self,
        header: &Header,
        message: &[u8],
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let op = names::smb1(header.command);
        match header.command {
            _ if header.mid == UNSOLICITED && header.command == command::LOCKING_ANDX => {
                at.out.describe(|| "oplock break".to_owned());
                return at.emit(Act::Message { op });
            }
            command::NT_CANCEL => {
                at.out.describe(|| op.to_string());
                let same = self.pending.keys().filter(|id| header.is_same(**id));
                return match same.min() {
                    Some(id) => at.emit(Act::Cancel { id: *id }),
                    None => at.emit(Act::Message { op }),
                };
            }
            command::TRANSACTION_SECONDARY
            | command::TRANSACTION2_SECONDARY
            | command::NT_TRANSACT_SECONDARY => {
                return self.secondary(header, message, connection, at);
            }
            command::NEGOTIATE => connection.approach(Phase::Negotiating, at),
            command::SESSION_SETUP_ANDX => connection.approach(Phase::Authenticating, at),
            _ => connection.works(at),
        }
        let mut asked = Asked {
            tree: header.tid,
            ..Asked::default()
        };
        let expect = first_expect(header, message, &connection.files);
        at.out
            .describe(|| super::smb1_replies::describe(header, message, &connection.files));
        at.emit(Act::Request {
            id: header.id(),
            op,
            expect,
            digest: event::digest(part(message, 0, HEAD)),
        });
        for block in Blocks::new(message, header) {
            match block {
                Ok(block) => {
                    look_into(header, &block, message, &mut asked, connection, at);
                }
                Err(what) => at.malformed(what),
            }
        }
        if asked.dialects.iter().any(|name| name.starts_with("SMB 2")) {
            connection.multi_protocol = Some(header.id());
        }
        if self.pending.len() < MAX_PENDING {
            self.pending.insert(header.id(), asked);
        } else {
            connection.limit("SMB1 requests that wait for an answer", at);
        }
    }

    /// More of a transaction's request.
    fn secondary(
        &mut self,
        header: &Header,
        message: &[u8],
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let op = names::smb1(header.command);
        at.out.describe(|| op.to_string());
        at.emit(Act::Message { op });
        let Some(Ok(block)) = Blocks::new(message, header).next() else {
            return;
        };
        let Some(counts) =
            Counts::secondary(&block).filter(|_| header.command != command::NT_TRANSACT_SECONDARY)
        else {
            return;
        };
        let id = header.id_of(header.command - 1);
        if let Some(asked) = self.pending.get_mut(&id) {
            asked.unsent = asked.unsent.saturating_sub(counts.here);
            if let (Some(key), command::TRANSACTION_SECONDARY) = (asked.file, header.command) {
                carry(connection, key, message, counts.data, at);
            }
        }
    }
}

/// Commands whose requests and answers hold names.
const fn has_names(code: u8) -> bool {
    !matches!(
        code,
        command::READ_ANDX | command::WRITE_ANDX | command::READ | command::WRITE | 0x1A..=0x20
    )
}

/// Hands what a pipe carries down: `data` names its place and length in the message.
pub(super) fn carry(
    connection: &mut Connection,
    key: u64,
    message: &[u8],
    data: (usize, usize),
    at: &mut At<'_, '_>,
) {
    let side = at.side;
    let bytes = part(message, data.0, data.1);
    connection.files.one_channel = true;
    connection.files.carry(key, side, bytes, data, at);
}

fn first_block<'a>(header: &Header, message: &'a [u8]) -> Option<Block<'a>> {
    Blocks::new(message, header).next()?.ok()
}

/// The file of a request whose first command has a FID.
fn fid(message: &[u8], header: &Header) -> Option<u64> {
    let block = first_block(header, message)?;
    let place = match header.command {
        command::READ_ANDX | command::WRITE_ANDX | command::LOCKING_ANDX => 4,
        command::READ | command::WRITE | command::CLOSE => 0,
        _ => return None,
    };
    block.u16(place).map(file_key)
}

/// The data of WRITE_ANDX (MS-CIFS 2.2.4.43.1) and WRITE, READ_ANDX's answer (2.2.4.42.2) and READ's: place and length.
pub(super) fn data(header: &Header, block: &Block<'_>) -> Option<(usize, usize)> {
    let response = header.is_response();
    match (block.command, response) {
        (command::WRITE_ANDX, false) => {
            let high = usize::from(block.u16(18)?) << 16;
            Some((
                usize::from(block.u16(22)?),
                high | usize::from(block.u16(20)?),
            ))
        }
        (command::READ_ANDX, true) => {
            let high = usize::from(block.u16(14)?) << 16;
            Some((
                usize::from(block.u16(12)?),
                high | usize::from(block.u16(10)?),
            ))
        }
        // A buffer format byte and a length stand before the data (2.2.4.11.2, 2.2.4.12.1).
        (command::WRITE, false) | (command::READ, true) => {
            let len = u16_at(block.bytes, 1)?;
            Some((block.bytes_at + 3, usize::from(len)))
        }
        _ => None,
    }
}

fn first_data<'a>(message: &'a [u8], header: &Header) -> Option<&'a [u8]> {
    let (at, len) = data(header, &first_block(header, message)?)?;
    Some(part(message, at, len))
}

/// What a request waits for (guard T7, MS-CIFS 3.2.6.1).
fn first_expect(header: &Header, message: &[u8], files: &Files) -> Expect {
    let Some(block) = first_block(header, message) else {
        return Expect::Answer;
    };
    match header.command {
        // An oplock's release asks nothing when it carries no locks (MS-CIFS 3.3.5.30).
        command::LOCKING_ANDX
            if block.u8(6).unwrap_or_default() & 2 != 0 && block.u16(14) == Some(0) =>
        {
            Expect::Nothing
        }
        command::LOCKING_ANDX if block.u32(8).unwrap_or_default() != 0 => {
            Expect::LongWait("LOCKING_ANDX waits for another's lock to go")
        }
        command::NT_TRANSACT if block.u16(36) == Some(NOTIFY_CHANGE) => {
            Expect::LongWait("NOTIFY_CHANGE waits for a change")
        }
        command::READ_ANDX | command::READ
            if fid(message, header).is_some_and(|key| files.kind(key) == Kind::Pipe) =>
        {
            Expect::LongWait("a pipe's READ waits for data")
        }
        _ => Expect::Answer,
    }
}

/// What the answer will need, and what a pipe carries.
fn look_into(
    header: &Header,
    block: &Block<'_>,
    message: &[u8],
    asked: &mut Asked,
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    match block.command {
        command::NEGOTIATE => {
            asked.dialects = dialects(block.bytes);
        }
        command::SESSION_SETUP_ANDX => session_setup(header, block, asked, connection, at),
        command::TREE_CONNECT_ANDX => {
            let password = usize::from(block.u16(6).unwrap_or_default());
            let rest = part(block.bytes, password, usize::MAX);
            asked.path = Texts::new(rest, block.bytes_at + password, header.is_unicode()).next();
        }
        command::TREE_CONNECT => {
            // Each text begins with a buffer format byte (MS-CIFS 2.2.4.50.1).
            asked.path = Texts::new(part(block.bytes, 1, usize::MAX), 0, false).next();
        }
        command::NT_CREATE_ANDX => {
            let name = Texts::new(block.bytes, block.bytes_at, header.is_unicode()).next();
            asked.create = Some((name.unwrap_or_default(), block.u32(15).unwrap_or_default()));
        }
        command::OPEN_ANDX => {
            let name = Texts::new(block.bytes, block.bytes_at, header.is_unicode()).next();
            asked.create = Some((
                name.unwrap_or_default(),
                u32::from(block.u16(6).unwrap_or_default()),
            ));
        }
        command::READ_ANDX => asked.file = block.u16(4).map(file_key),
        command::READ | command::CLOSE => asked.file = block.u16(0).map(file_key),
        command::WRITE_ANDX | command::WRITE => {
            let place = if block.command == command::WRITE {
                0
            } else {
                4
            };
            if let (Some(fid), Some(data)) = (block.u16(place), data(header, block)) {
                carry(connection, file_key(fid), message, data, at);
            }
        }
        command::TRANSACTION | command::TRANSACTION2 => {
            let Some(counts) = Counts::request(block) else {
                return;
            };
            asked.unsent = counts.total.saturating_sub(counts.here);
            if block.command == command::TRANSACTION && block.u16(28) == Some(TRANSACT_PIPE) {
                asked.file = block.u16(30).map(file_key);
                if let Some(key) = asked.file {
                    carry(connection, key, message, counts.data, at);
                }
            }
        }
        command::NT_TRANSACT => {
            let counts = Counts::wide(block, false).unwrap_or_default();
            asked.unsent = counts.total.saturating_sub(counts.here);
        }
        command::ECHO => asked.echoes = block.u16(0).unwrap_or(1),
        _ => {}
    }
}

/// NEGOTIATE's offer: texts, each behind a buffer format byte (MS-CIFS 2.2.4.52.1).
pub(super) fn dialects(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|b| *b == 0)
        .filter_map(|text| text.strip_prefix(&[2]))
        .take(MAX_DIALECTS)
        .map(oem)
        .collect()
}

/// Who logs on with SESSION_SETUP_ANDX: with two passwords (13 words, MS-CIFS 2.2.4.53.1), with a token (12 words, MS-SMB
/// 2.2.4.6.1), or of LAN Manager (10 words); and the client's system, where it is named.
pub(super) fn logon_of(header: &Header, block: &Block<'_>) -> Option<(Token, Option<String>)> {
    let words = block.words.len() / 2;
    let passwords = match words {
        13 => {
            usize::from(block.u16(14).unwrap_or_default())
                + usize::from(block.u16(16).unwrap_or_default())
        }
        10 | 12 => usize::from(block.u16(14).unwrap_or_default()),
        _ => return None,
    };
    let mut token = Token::default();
    let rest = part(block.bytes, passwords, usize::MAX);
    let mut texts = Texts::new(rest, block.bytes_at + passwords, header.is_unicode());
    if words == 12 {
        token = Token::read(part(block.bytes, 0, passwords));
    } else {
        token.identity = Some(Identity {
            user: texts.next().unwrap_or_default(),
            domain: texts.next().unwrap_or_default(),
            workstation: String::new(),
        });
    }
    Some((token, texts.next().filter(|text| !text.is_empty())))
}

/// SESSION_SETUP_ANDX.
fn session_setup(
    header: &Header,
    block: &Block<'_>,
    asked: &mut Asked,
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    let Some((token, system)) = logon_of(header, block) else {
        return;
    };
    connection.token(header.uid.into(), &token, at);
    if let Some(system) = system {
        connection.detail("native_os", system, at);
    }
    asked.token = Some(token);
}
