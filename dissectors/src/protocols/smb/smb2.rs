//! SMB2 and SMB3: requests, and what the answers need to know of them. The answers are in `smb2_replies`.

use hashbrown::HashMap;

use super::auth::Token;
use super::bytes::{part, u8_at, u16_at, u32_at, utf16};
use super::connection::{At, Connection};
use super::describe::smb2::{Context, Question};
use super::files::{Files, Kind, is_dcerpc};
use super::framing::{MAX_KEPT, Plan};
use super::smb2_asked::{Asked, Tree, dialects, expect};
use super::smb2_breaks::{self, Breaks};
use super::smb2_ledger::{Credits, Misuse, Window};
use super::smb2_left::Left;
use super::smb2_locks::Locks;
use super::smb2_replies::{Chain, dialect};
use super::smb2_signing::Signing;
use super::wire2::{self, HEADER, Header, command};
use super::{describe, names, text};
use crate::event::{self, Act, Fact, Phase, Value};

/// Requests that wait with something to remember; more than any server's credits.
const MAX_PENDING: usize = 8192;
/// Requests at work asynchronously.
const MAX_ASYNC: usize = 1024;
/// Trees that are remembered.
const MAX_TREES: usize = 1024;
/// Connects of one share at once from which on it is told; again when there are twice as many.
const MANY_TREES: usize = 16;
/// Files that related requests of a compound refer to.
const MAX_CREATED: usize = 16;
/// Misused MessageIds that are told.
const MAX_MISUSED: u32 = 8;
/// Bytes behind the header that fixed parts of bodies need.
const FIXED: usize = 96;
/// Bytes of data that tell DCE/RPC.
const SNIFFED: usize = 16;

/// The SMB2 part of a connection.
pub(super) struct Smb2 {
    pub(super) pending: HashMap<u64, Asked>,
    /// MessageId by AsyncId.
    pub(super) asyncs: HashMap<u64, u64>,
    pub(super) trees: HashMap<u32, Tree>,
    /// SessionIds that are logged on.
    pub(super) sessions: Vec<u64>,
    /// The compound at hand of each side: the CREATE that related requests refer to.
    created_here: Option<u64>,
    /// Files by the MessageId of the CREATE that opened them, the latest.
    created: Vec<(u64, u64)>,
    pub(super) credits: Credits,
    pub(super) window: Window,
    /// Misuses of MessageIds that were told.
    misused: u32,
    /// Bytes that READ gave and WRITE took.
    pub(super) read: u64,
    pub(super) written: u64,
    pub(super) breaks: Breaks,
    pub(super) signing: Signing,
    pub(super) left: Left,
    pub(super) locks: Locks,
    /// The compound whose answers are at hand, and how many failed ones were told.
    pub(super) chain: Option<Chain>,
    pub(super) chains: u32,
    /// CREATEs with an interim answer that were told.
    pub(super) pending_creates: u32,
    /// What requests asked for, where fields are wanted.
    questions: HashMap<u64, Question>,
}

impl Smb2 {
    pub(super) fn new(beginning: bool) -> Self {
        Self {
            pending: HashMap::new(),
            asyncs: HashMap::new(),
            trees: HashMap::new(),
            sessions: Vec::new(),
            created_here: None,
            created: Vec::new(),
            credits: Credits::new(beginning),
            window: Window::new(beginning),
            misused: 0,
            read: 0,
            written: 0,
            breaks: Breaks::default(),
            signing: Signing::default(),
            left: Left::default(),
            locks: Locks::default(),
            chain: None,
            chains: 0,
            pending_creates: 0,
            questions: HashMap::new(),
        }
    }

    /// Bytes were lost: what was counted is no longer right.
    pub(super) const fn lost(&mut self) {
        self.credits.lose();
        self.window.lose();
    }

    /// The connection is over, or the capture is: what the ledgers say.
    pub(super) fn over(&self, connection: &mut Connection, at: &mut At<'_, '_>) {
        if let Some((granted, charged)) = self.credits.told() {
            connection.detail("credits_granted", granted, at);
            connection.detail("credits_charged", charged, at);
            let (left, is_exact) = self.credits.left();
            let key = if is_exact {
                "credits_left"
            } else {
                "credits_left_at_least"
            };
            connection.detail(key, left, at);
        }
        for (key, bytes) in [("bytes_read", self.read), ("bytes_written", self.written)] {
            if bytes > 0 {
                connection.detail(key, bytes, at);
            }
        }
        self.breaks.over(at);
        self.locks.over(at);
        self.signing.over(at);
        let trees = self.trees.len() as u64;
        if trees > 0 {
            connection.detail("trees_left", trees, at);
        }
        if !self.sessions.is_empty() {
            connection.detail("sessions_left", self.sessions.len() as u64, at);
        }
    }

    /// The dialects of a NEGOTIATE that waits for its answer; of several (a map has no order), of the first `MessageId`.
    pub(super) fn offered(&self) -> Option<Vec<Value>> {
        let offers = self.pending.iter().filter_map(|(id, asked)| match asked {
            Asked::Dialects(all) => Some((id, all)),
            _ => None,
        });
        let (_, all) = offers.min_by_key(|(id, _)| **id)?;
        Some(all.iter().map(|d| dialect(*d)).collect())
    }

    /// How a message is to be read.
    pub(super) fn plan(&self, bytes: &[u8], left: u64, files: &Files, described: bool) -> Plan {
        if left < HEADER as u64 {
            return Plan::Bad("SMB2 message shorter than its header");
        }
        let Some(header) = Header::read(bytes).filter(|_| bytes.len() >= HEADER) else {
            return Plan::Need(HEADER);
        };
        if u16_at(bytes, 4) != Some(HEADER as u16) {
            return Plan::Bad("SMB2 header of another size than 64");
        }
        let size = match u64::from(header.next) {
            0 => left,
            next if next < HEADER as u64 || next % 8 != 0 => {
                return Plan::Bad("NextCommand that is no offset of a header");
            }
            next if next >= left => return Plan::Bad("NextCommand beyond the message"),
            next => next,
        };
        let most = usize::try_from(size).unwrap_or(usize::MAX).min(MAX_KEPT);
        let fixed = most.min(HEADER + FIXED);
        if bytes.len() < fixed {
            return Plan::Need(fixed);
        }
        // Of file data nobody sees more than its place and length.
        let has_data = matches!(
            (header.command, header.is_response()),
            (command::READ, true) | (command::WRITE, false)
        );
        let keep = if described && !has_data || self.is_needed(&header, bytes, files) {
            most
        } else {
            fixed
        };
        Plan::Take { size, keep }
    }

    /// True when the whole message is needed: what a pipe carries, names and tokens.
    fn is_needed(&self, header: &Header, bytes: &[u8], files: &Files) -> bool {
        let response = header.is_response();
        match (header.command, response) {
            (command::NEGOTIATE, _) => true,
            (command::SESSION_SETUP, _) => true,
            (command::TREE_CONNECT | command::CREATE, false) => true,
            (command::QUERY_DIRECTORY, false) => true,
            (command::WRITE, false) => {
                let data = wire2::write_data(bytes).unwrap_or_default();
                match wire2::file_key(bytes, HEADER + 16) {
                    Some(key) => is_wanted(files.kind(key), part(data.bytes, 0, SNIFFED)),
                    None => false,
                }
            }
            (command::READ, true) => match self.pending.get(&header.message_id) {
                Some(Asked::Read(key)) => {
                    let data = wire2::read_data(bytes).unwrap_or_default();
                    header.status != names::PENDING
                        && is_wanted(files.kind(*key), part(data.bytes, 0, SNIFFED))
                }
                _ => false,
            },
            (command::IOCTL, _) => u32_at(bytes, HEADER + 4) == Some(wire2::PIPE_TRANSCEIVE),
            _ => false,
        }
    }

    /// One message of a compound, or the only one. `first`: of its compound.
    pub(super) fn pdu(
        &mut self,
        pdu: &[u8],
        first: bool,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let Some(header) = Header::read(pdu) else {
            return;
        };
        connection.speaks_smb2(at);
        connection.session_id(header.session_id, at);
        if at.out.wants_fields() {
            self.describe(&header, pdu, connection, at);
        }
        if header.is_response() {
            if first {
                self.chain = None;
            }
            self.response(&header, pdu, connection, at);
        } else {
            if first {
                self.created_here = None;
            }
            self.request(&header, pdu, connection, at);
        }
    }

    fn describe(
        &mut self,
        header: &Header,
        pdu: &[u8],
        connection: &Connection,
        at: &mut At<'_, '_>,
    ) {
        let response = header.is_response();
        let connects = match self.pending.get(&header.message_id) {
            Some(Asked::Tree(path)) if response => Some(path.as_str()),
            _ => None,
        };
        let place = wire2::file_id_at(header.command).filter(|_| !response);
        let file = place.and_then(|place| wire2::file_key(pdu, place));
        let context = Context {
            connects,
            file: file.and_then(|key| connection.files.opened(key)),
            asked: self.questions.get(&header.message_id).filter(|_| response),
            is_final: header.status != names::PENDING,
        };
        at.fields(|w, size| describe::smb2::message(w, header, pdu, size, context));
        if response && header.status != names::PENDING {
            self.questions.remove(&header.message_id);
        } else if !response
            && self.questions.len() < MAX_PENDING
            && let Some(question) = Question::of(header, pdu)
        {
            self.questions.insert(header.message_id, question);
        }
    }

    /// What a FileId of a request refers to.
    fn file(&self, header: &Header, pdu: &[u8]) -> Option<u64> {
        let place = wire2::file_id_at(header.command)?;
        wire2::file_key(pdu, place).or_else(|| self.created_by(self.created_here?))
    }

    fn created_by(&self, create: u64) -> Option<u64> {
        let found = self.created.iter().find(|(id, _)| *id == create);
        found.map(|(_, key)| *key)
    }

    /// A CREATE was answered with this file.
    pub(super) fn remember_created(&mut self, create: u64, key: u64) {
        if self.created.len() >= MAX_CREATED {
            self.created.remove(0);
        }
        self.created.push((create, key));
    }

    /// The file that a CLOSE without FileId of its own meant: the latest that was opened.
    pub(super) fn last_created(&self) -> Option<u64> {
        self.created.last().map(|(_, key)| *key)
    }

    fn request(
        &mut self,
        header: &Header,
        pdu: &[u8],
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        if header.command == command::CANCEL {
            self.cancel(header, at);
            return;
        }
        let file = self.file(header, pdu);
        let starved = self.credits.spend(header);
        let misuse = self.window.take(header);
        let validates = header.command == command::IOCTL
            && u32_at(pdu, HEADER + 4) == Some(wire2::VALIDATE_NEGOTIATE);
        self.signing.request(header, validates, at.span);
        match (header.command, file) {
            (command::OPLOCK_BREAK, _) => self.breaks.acknowledged(pdu, at),
            (command::CLOSE, Some(file)) => {
                self.breaks.closed(file, at);
                self.locks.closed(file, at);
            }
            (command::LOCK, Some(file)) => {
                let named = (file, connection.files.name(file));
                self.locks.asked(header.message_id, pdu, named, at);
            }
            (command::LOGOFF | command::TREE_DISCONNECT, _) => {
                self.breaks.forget();
                self.locks.forget(at);
                self.left.asked(header, at.span);
            }
            _ => {}
        }
        enter(header, connection, at);
        let expect = expect(header, pdu, file, &connection.files);
        at.out
            .describe(|| text::request(header, pdu, file, &connection.files));
        at.emit(Act::Request {
            id: header.message_id,
            op: names::smb2(header.command),
            expect,
            digest: event::digest(part(pdu, 0, HEADER + FIXED)),
        });
        if starved {
            at.fact(Fact::new("smb.credits-exhausted").in_exchange(header.message_id));
        }
        if let Some(misuse) = misuse {
            self.misused(header, misuse, at);
        }
        let asked = self.look_into(header, pdu, file, connection, at);
        if !matches!(asked, Asked::Other) {
            if self.pending.len() < MAX_PENDING {
                self.pending.insert(header.message_id, asked);
            } else {
                connection.limit("SMB2 requests that wait for an answer", at);
            }
        }
    }

    /// A MessageId that was used before, or that no credit allows.
    fn misused(&mut self, header: &Header, misuse: Misuse, at: &mut At<'_, '_>) {
        self.misused += 1;
        if self.misused > MAX_MISUSED {
            return;
        }
        let fact = match misuse {
            Misuse::Reused => Fact::new("smb.message-id-reused"),
            Misuse::Beyond(limit) => Fact::new("smb.message-id-beyond").with("limit", limit),
        };
        at.fact(
            fact.with("message_id", header.message_id)
                .with("charge", header.credit_charge)
                .with("command", names::smb2(header.command).name),
        );
    }

    /// CANCEL has the ids of what it cancels, and no answer of its own (MS-SMB2 3.3.5.16).
    fn cancel(&self, header: &Header, at: &mut At<'_, '_>) {
        let id = if header.is_async() {
            self.asyncs.get(&header.async_id).copied()
        } else {
            Some(header.message_id)
        };
        at.out.describe(|| "CANCEL".to_owned());
        match id {
            Some(id) => at.emit(Act::Cancel { id }),
            None => at.emit(Act::Message {
                op: names::smb2(header.command),
            }),
        }
    }

    /// What the answer will need, and what a pipe carries.
    fn look_into(
        &mut self,
        header: &Header,
        pdu: &[u8],
        file: Option<u64>,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) -> Asked {
        match header.command {
            command::NEGOTIATE => {
                if let Some(guid) = wire2::guid(pdu, HEADER + 12) {
                    connection.detail("client_guid", guid, at);
                }
                Asked::Dialects(dialects(pdu))
            }
            command::SESSION_SETUP => {
                self.left.logs_on(pdu, at.span);
                let token = wire2::setup_token(pdu).unwrap_or_default();
                let token = Token::read(token.bytes);
                connection.token(header.session_id, &token, at);
                Asked::Setup(Box::new(token), wire2::binds(pdu))
            }
            command::TREE_CONNECT => {
                let path = wire2::tree_path(pdu).unwrap_or_default();
                Asked::Tree(utf16(path.bytes))
            }
            command::CREATE => {
                self.created_here = Some(header.message_id);
                let old = wire2::reconnects(pdu);
                Asked::Create {
                    name: utf16(wire2::create_name(pdu).unwrap_or_default().bytes),
                    access: u32_at(pdu, HEADER + 24).unwrap_or_default(),
                    makes: (
                        u8_at(pdu, HEADER + 36).unwrap_or_default(),
                        u8_at(pdu, HEADER + 40).is_some_and(|options| options & 1 != 0),
                    ),
                    tree: header.tree_id,
                    reconnects: old.is_some(),
                    old: old.and_then(|at| wire2::file_key(pdu, at)),
                    lease: smb2_breaks::lease_of_create(pdu),
                }
            }
            command::CLOSE => Asked::Close(file),
            command::READ => match file {
                Some(key) if connection.files.kind(key) != Kind::Opaque => Asked::Read(key),
                _ => on(file),
            },
            command::WRITE => {
                carry(connection, file, wire2::write_data(pdu), at);
                on(file)
            }
            command::IOCTL if u32_at(pdu, HEADER + 4) == Some(wire2::PIPE_TRANSCEIVE) => {
                carry(connection, file, wire2::ioctl_input(pdu), at);
                on(file)
            }
            _ => on(file),
        }
    }

    /// An interim answer: the final one may name only the AsyncId.
    pub(super) fn remember_async(
        &mut self,
        header: &Header,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        // An AsyncId that was cut off is none.
        if !header.is_async() || header.async_id == 0 {
            return;
        }
        if self.asyncs.len() < MAX_ASYNC {
            self.asyncs.insert(header.async_id, header.message_id);
        } else {
            connection.limit("SMB2 requests at work asynchronously", at);
        }
    }

    /// Tells when one share is connected many times at once.
    fn count_trees(&self, path: String, at: &mut At<'_, '_>) {
        if self.trees.len() < MANY_TREES {
            return;
        }
        let same = self.trees.values().filter(|t| t.path == path).count();
        if same >= MANY_TREES && same.is_power_of_two() {
            let fact = Fact::new("smb.trees-held").with("open", same as u64);
            at.fact(fact.with("path", path));
        }
    }

    /// A share was connected.
    pub(super) fn remember_tree(
        &mut self,
        id: u32,
        tree: Tree,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        if self.trees.len() < MAX_TREES {
            let path = tree.path.clone();
            self.trees.insert(id, tree);
            self.count_trees(path, at);
        } else {
            connection.limit("SMB2 trees", at);
        }
    }
}

fn on(file: Option<u64>) -> Asked {
    file.map_or(Asked::Other, Asked::On)
}

/// Hands what a pipe carries down.
pub(super) fn carry(
    connection: &mut Connection,
    file: Option<u64>,
    data: Option<wire2::Buffer<'_>>,
    at: &mut At<'_, '_>,
) {
    if let (Some(key), Some(data)) = (file, data) {
        let side = at.side;
        connection
            .files
            .carry(key, side, data.bytes, (data.at, data.len), at);
    }
}

fn is_wanted(kind: Kind, data: &[u8]) -> bool {
    match kind {
        Kind::Opaque => false,
        Kind::Pipe => true,
        Kind::Unsure => is_dcerpc(data, kind),
    }
}

fn enter(header: &Header, connection: &mut Connection, at: &mut At<'_, '_>) {
    match header.command {
        command::NEGOTIATE => connection.approach(Phase::Negotiating, at),
        command::SESSION_SETUP => connection.approach(Phase::Authenticating, at),
        _ => connection.works(at),
    }
}
