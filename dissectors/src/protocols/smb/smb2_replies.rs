//! SMB2 and SMB3: the answers.

use super::bytes::{u16_at, u32_at};
use super::connection::{At, Connection, failure};
use super::files::{Kind, Owner};
use super::smb2::{Smb2, carry};
use super::smb2_asked::{Asked, Tree, identity, is_unsolicited, share_kind};
use super::wire2::{self, HEADER, Header, command};
use super::{names, smb2_left as left, text};
use crate::event::{Act, Fact, Phase, Status, Value};
use crate::token;

/// SessionIds of one connection.
const MAX_SESSIONS: usize = 256;

/// Statuses that tell more than that this one request failed: no access, no resources, a disk that fails, a lock, a session or
/// tree that is gone.
const NOTABLE: &[u32] = &[
    0x0001_0004, // ERRnofids
    0x0001_0005, // ERRnoaccess
    0x0001_0008, // ERRnomem
    0x0001_0020, // ERRbadshare
    0x0001_0021, // ERRlock
    0x0001_0070, // ERRdiskfull
    0x0002_0004, // ERRaccess
    0x0002_0005, // ERRinvtid
    0x0002_0059, // ERRnoresource
    0x0002_005A, // ERRtoomanyuids
    0x0002_005B, // ERRbaduid
    0x0003_0013, // ERRnowrite
    0x0003_0015, // ERRnotready
    0x0003_0017, // ERRdata
    0x0003_001B, // ERRbadsector
    0x0003_001D, // ERRwrite
    0x0003_001E, // ERRread
    0x0003_001F, // ERRgeneral
    0x0003_0027, // ERRdiskfull
    0xC000_0008, // INVALID_HANDLE
    0xC000_0022, // ACCESS_DENIED
    0xC000_0032, // DISK_CORRUPT_ERROR
    0xC000_003E, // DATA_ERROR
    0xC000_003F, // CRC_ERROR
    0xC000_0043, // SHARING_VIOLATION
    0xC000_0044, // QUOTA_EXCEEDED
    0xC000_0054, // FILE_LOCK_CONFLICT
    0xC000_0055, // LOCK_NOT_GRANTED
    0xC000_007F, // DISK_FULL
    0xC000_009A, // INSUFFICIENT_RESOURCES
    0xC000_009C, // DEVICE_DATA_ERROR
    0xC000_00A2, // MEDIA_WRITE_PROTECTED
    0xC000_00A3, // DEVICE_NOT_READY
    0xC000_00C9, // NETWORK_NAME_DELETED
    0xC000_00CA, // NETWORK_ACCESS_DENIED
    0xC000_00CE, // TOO_MANY_SESSIONS
    0xC000_00D0, // REQUEST_NOT_ACCEPTED
    0xC000_00E9, // UNEXPECTED_IO_ERROR
    0xC000_0102, // FILE_CORRUPT_ERROR
    0xC000_011F, // TOO_MANY_OPENED_FILES
    0xC000_0128, // FILE_CLOSED
    0xC000_016A, // DISK_OPERATION_FAILED
    0xC000_0185, // IO_DEVICE_ERROR
    0xC000_0203, // USER_SESSION_DELETED
    0xC000_0205, // INSUFF_SERVER_RESOURCES
    0xC000_035C, // NETWORK_SESSION_EXPIRED
];

/// True for a status that rules look at.
pub(super) fn is_notable(status: Status) -> bool {
    status.failed && NOTABLE.binary_search(&status.code).is_ok()
}

/// Failed compounds that are told of one connection.
const MAX_CHAINS: u32 = 32;

/// CREATEs with an interim answer that are told of one connection.
const MAX_PENDING_CREATES: u32 = 64;

/// The answers of a compound of which one failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    id: u64,
    command: &'static str,
    status: Status,
    /// Related ones that failed alike.
    followers: u32,
}

impl Smb2 {
    pub(super) fn response(
        &mut self,
        header: &Header,
        pdu: &[u8],
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let op = names::smb2(header.command);
        if is_unsolicited(header) {
            at.out
                .describe(|| text::unsolicited(header, pdu, &connection.files));
            at.emit(Act::Message { op });
            if header.command == command::OPLOCK_BREAK {
                let name = |file| connection.files.name(file).to_owned();
                self.breaks.asked(pdu, name, at.span);
            }
            return;
        }
        let id = self.answered(header, connection);
        self.earn(header, id, at);
        if header.status == names::PENDING {
            self.remember_async(header, connection, at);
            self.tell_pending(id, header, at);
            at.out.describe(|| format!("{op} is pending"));
            let by_design = self.may_wait(header, connection);
            at.emit(Act::Interim { id, by_design });
            return;
        }
        let status = names::nt_status(header.status);
        let signing = self.signing.answer(header, at.span);
        let follows = self.follows(header, id, status);
        let asked = self
            .pending
            .remove(&header.message_id)
            .unwrap_or(Asked::Other);
        if header.command == command::SESSION_SETUP {
            let blob = wire2::blob_of_answer(pdu, HEADER + 4).unwrap_or_default();
            let told = token::read(blob.bytes);
            connection.security.server(header.session_id, id, &told, at);
        }
        if !follows {
            self.before_reply(header, pdu, id, (status, &asked, signing), connection, at);
        }
        if header.next == 0 {
            self.end_chain(at);
        }
        at.out
            .describe(|| text::reply(header, pdu, status, &asked, &connection.files));
        at.emit(Act::Reply { id, status });
        self.after_reply(header, pdu, (status, asked), connection, at);
    }

    /// Whether the answer may take as long as it likes although the request says nothing of it: what a pipe or a device does is not
    /// the server's. Reads and writes of files, and what is asked of the server itself, are to be done with soon.
    fn may_wait(&self, header: &Header, connection: &Connection) -> bool {
        match header.command {
            command::READ | command::WRITE => {
                let tree = match self.pending.get(&header.message_id) {
                    Some(Asked::Read(file) | Asked::On(file)) => connection.files.tree(*file),
                    _ => None,
                };
                let tree = tree.and_then(|tree| self.trees.get(&tree));
                tree.is_none_or(|tree| tree.kind != Kind::Opaque)
            }
            command::IOCTL | command::LOCK | command::CHANGE_NOTIFY => true,
            _ => false,
        }
    }

    /// A CREATE that the server cannot answer at once, which is how one looks that waits for somebody's oplock.
    fn tell_pending(&mut self, id: u64, header: &Header, at: &mut At<'_, '_>) {
        if let Some(Asked::Create { name, .. }) = self.pending.get(&header.message_id)
            && self.pending_creates < MAX_PENDING_CREATES
        {
            self.pending_creates += 1;
            let fact = Fact::new("smb.create-pending").in_exchange(id);
            at.fact(fact.with("name", name.clone()));
        }
    }

    /// Which request is answered: an SMB1 NEGOTIATE, the one of the AsyncId, or the one of the MessageId.
    fn answered(&mut self, header: &Header, connection: &mut Connection) -> u64 {
        if header.command == command::NEGOTIATE
            && let Some(id) = connection.multi_protocol.take()
        {
            // The SMB1 request took the client's first credit (MS-SMB2 3.2.5.2).
            self.credits.spend(header);
            self.window.begin_at(1);
            return id;
        }
        if header.is_async()
            && header.status != names::PENDING
            && let Some(id) = self.asyncs.remove(&header.async_id)
        {
            return id;
        }
        header.message_id
    }

    fn earn(&mut self, header: &Header, id: u64, at: &mut At<'_, '_>) {
        self.window.grant(header.credits);
        let zero = self.credits.earn(header);
        if let Some(trend) = self.credits.shrunk() {
            let fact = Fact::new("smb.credits-shrunk")
                .in_exchange(id)
                .with("most", trend.most)
                .with("now", trend.now)
                .with("wanted", trend.wanted)
                .with("charged", trend.charged)
                .with("granted", trend.granted);
            at.fact(match self.window.hole() {
                Some((first, passed)) => fact.with("hole", first).with("passed", passed),
                None => fact,
            });
        }
        if let Some((granted, outstanding)) = zero {
            at.fact(
                Fact::new("smb.credits-zero")
                    .in_exchange(id)
                    .with("granted", granted)
                    .with("outstanding", outstanding),
            );
        }
    }

    /// Facts of a failure, while its exchange is still open.
    fn before_reply(
        &mut self,
        header: &Header,
        pdu: &[u8],
        id: u64,
        (status, asked, signing): (Status, &Asked, &'static str),
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        if !status.failed {
            if header.command == command::NEGOTIATE {
                negotiated(pdu, connection, at);
                self.signing.required = u16_at(pdu, HEADER + 2).is_some_and(|mode| mode & 2 != 0);
                self.signing.trees_signed = u16_at(pdu, HEADER + 4) == Some(0x0311);
                self.window.has_charges = u16_at(pdu, HEADER + 4)
                    .is_some_and(|d| (0x0210..0x0400).contains(&d) && d != 0x02FF);
            }
            return;
        }
        let fact = match (header.command, asked) {
            (command::NEGOTIATE, asked) => {
                let offered = match asked {
                    Asked::Dialects(all) => all.iter().map(|d| dialect(*d)).collect(),
                    _ => Vec::new(),
                };
                failure("smb.negotiate-failed", id, status).with("dialects", Value::List(offered))
            }
            (command::SESSION_SETUP, Asked::Setup(token, _)) => {
                let who = identity(token);
                failure("smb.session-setup-failed", id, status)
                    .with("user", who.user)
                    .with("domain", who.domain)
                    .with("workstation", who.workstation)
                    .with("mechanism", token.mechanism)
            }
            (command::SESSION_SETUP, _) => failure("smb.session-setup-failed", id, status),
            (command::TREE_CONNECT, Asked::Tree(path)) => {
                failure("smb.tree-connect-failed", id, status).with("path", path.clone())
            }
            (command::CREATE, asked @ Asked::Create { .. }) => {
                let fact = failure("smb.create-failed", id, status);
                self.create_failed(header, asked, fact, at)
            }
            _ if is_notable(status) => failure("smb.request-failed", id, status)
                .with("command", names::smb2(header.command).name)
                .with("name", name_of(asked, connection)),
            _ => return,
        };
        let is_known = match header.status {
            left::TREE_GONE => self.trees.contains_key(&header.tree_id),
            _ => self.sessions.contains(&header.session_id),
        };
        let fact = self.left.tell(header, is_known, fact, at);
        at.fact(match signing {
            "" => fact,
            why => fact.with("signing", why),
        });
    }

    /// What is known of a CREATE that failed.
    fn create_failed(
        &mut self,
        header: &Header,
        asked: &Asked,
        fact: Fact,
        at: &At<'_, '_>,
    ) -> Fact {
        let Asked::Create {
            name,
            access,
            makes: (disposition, directory),
            tree,
            reconnects,
            old,
            ..
        } = asked
        else {
            return fact;
        };
        let tree = self.trees.get(tree);
        let share = tree.map_or(String::new(), |tree| tree.path.clone());
        let fact = match old {
            Some(old) => fact.with("old", *old as i64),
            None => fact,
        };
        let fact = if self.signing.doubts(header, *access, at.span) {
            fact.with("alike", true)
        } else {
            fact
        };
        fact.with("name", name.clone())
            .with("access", *access)
            .with("disposition", *disposition)
            .with("directory", *directory)
            .with("pipe", tree.is_some_and(|tree| tree.kind == Kind::Pipe))
            .with("share", share)
            .with("reconnects", *reconnects)
    }

    /// Whether an answer only says again why the first of its compound failed (MS-SMB2 3.3.5.2.7.2).
    fn follows(&mut self, header: &Header, id: u64, status: Status) -> bool {
        match &mut self.chain {
            None if status.failed && header.next != 0 => {
                self.chain = Some(Chain {
                    id,
                    command: names::smb2(header.command).name,
                    status,
                    followers: 0,
                });
                false
            }
            Some(chain) if header.is_related() && chain.status == status => {
                chain.followers += 1;
                true
            }
            _ => false,
        }
    }

    /// The last answer of a compound.
    fn end_chain(&mut self, at: &mut At<'_, '_>) {
        let Some(chain) = self.chain.take().filter(|chain| chain.followers > 0) else {
            return;
        };
        self.chains += 1;
        if self.chains <= MAX_CHAINS {
            at.fact(
                failure("smb.compound-failed", chain.id, chain.status)
                    .with("command", chain.command)
                    .with("followers", chain.followers),
            );
        }
    }

    fn after_reply(
        &mut self,
        header: &Header,
        pdu: &[u8],
        (status, asked): (Status, Asked),
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        match header.command {
            command::NEGOTIATE => connection.approach(Phase::Negotiating, at),
            command::SESSION_SETUP => {
                self.set_up(header, pdu, (status, &asked), connection, at);
            }
            _ => connection.works(at),
        }
        if header.command == command::LOCK {
            self.locks.answered(header.message_id, !status.failed);
        }
        if status.failed {
            self.left.refused(header);
            return;
        }
        let amount = || u32_at(pdu, HEADER + 4).unwrap_or_default().into();
        match header.command {
            command::READ => self.read = self.read.saturating_add(amount()),
            command::WRITE => self.written = self.written.saturating_add(amount()),
            _ => {}
        }
        match (header.command, asked) {
            (command::TREE_CONNECT, Asked::Tree(path)) => {
                connection.share(&path, at);
                let kind = share_kind(pdu);
                self.left.given(header.session_id, Some(header.tree_id));
                self.remember_tree(header.tree_id, Tree { path, kind }, connection, at);
            }
            (command::TREE_DISCONNECT, _) => {
                self.trees.remove(&header.tree_id);
                let left = Owner {
                    session: header.session_id,
                    tree: header.tree_id,
                };
                connection.files.close_of(|owner| owner == left, at);
            }
            (command::LOGOFF, _) => {
                self.sessions.retain(|id| *id != header.session_id);
                connection
                    .files
                    .close_of(|owner| owner.session == header.session_id, at);
                if self.sessions.is_empty() {
                    connection.files.close_all(at);
                    connection.enter(Phase::Closed, at);
                }
            }
            (command::CREATE, asked) => self.opened(header, pdu, asked, connection, at),
            (command::CLOSE, Asked::Close(file)) => {
                if let Some(key) = file.or_else(|| self.last_created()) {
                    connection.files.close(key, at);
                }
            }
            (command::READ, Asked::Read(key)) => {
                carry(connection, Some(key), wire2::read_data(pdu), at);
            }
            (command::IOCTL, _) if u32_at(pdu, HEADER + 4) == Some(wire2::PIPE_TRANSCEIVE) => {
                let file = wire2::file_key(pdu, HEADER + 8);
                carry(connection, file, wire2::ioctl_output(pdu), at);
            }
            _ => {}
        }
    }

    fn set_up(
        &mut self,
        header: &Header,
        pdu: &[u8],
        (status, asked): (Status, &Asked),
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        if status.failed {
            connection.refused = true;
            if self.sessions.is_empty() {
                connection.approach(Phase::Refused, at);
            }
            return;
        }
        if status.code == names::MORE_PROCESSING_REQUIRED {
            return;
        }
        let flags = u16_at(pdu, HEADER + 2).unwrap_or_default();
        // SMB2_SESSION_FLAG_ENCRYPT_DATA (2.2.6).
        self.signing.encrypts |= flags & 4 != 0;
        self.signing.nobody |= flags & 3 != 0;
        for (bit, key) in [(1, "guest"), (2, "anonymous")] {
            if flags & bit != 0 {
                connection.detail(key, true, at);
            }
        }
        self.left.logged_on(header.session_id, at);
        if let Asked::Setup(token, binds) = asked {
            // Samba does not say of who has no name that he is nobody.
            let unnamed = |who: &super::auth::Identity| who.user.is_empty();
            self.signing.nobody |= token.identity.as_ref().is_some_and(unnamed);
            if *binds {
                connection.channel_of(header.session_id, at);
            } else {
                connection.logged_on(token, flags & 1 != 0, at);
            }
        }
        if self.sessions.len() < MAX_SESSIONS {
            if self.sessions.contains(&header.session_id) {
                at.fact(Fact::new("smb.session-renewed"));
            } else {
                self.sessions.push(header.session_id);
            }
        } else {
            connection.limit("SMB2 SessionIds", at);
        }
        connection.enter(Phase::Open, at);
    }

    fn opened(
        &mut self,
        header: &Header,
        pdu: &[u8],
        asked: Asked,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let Some(key) = wire2::file_key(pdu, HEADER + 64) else {
            return;
        };
        let (name, kind) = match asked {
            Asked::Create {
                name,
                tree,
                old,
                lease,
                access,
                ..
            } => {
                self.signing.opened(header, access);
                self.breaks.created(key, pdu, lease);
                let kind = self.trees.get(&tree).map_or(Kind::Unsure, |tree| tree.kind);
                if let Some(old) = old {
                    let fact = Fact::new("smb.file-reclaimed").with("name", name.clone());
                    at.fact(fact.with("file", old as i64));
                }
                (name, kind)
            }
            _ => (String::new(), Kind::Unsure),
        };
        self.remember_created(header.message_id, key);
        let owner = Owner {
            session: header.session_id,
            tree: header.tree_id,
        };
        connection.opened(key, (name, kind), owner, at);
    }
}

/// The name of the file that a request was about; empty where it is not known.
fn name_of(asked: &Asked, connection: &Connection) -> String {
    match asked {
        Asked::Read(key) | Asked::Close(Some(key)) | Asked::On(key) => {
            connection.files.name(*key).to_owned()
        }
        _ => String::new(),
    }
}

pub(super) fn dialect(revision: u16) -> Value {
    match names::dialect(revision) {
        "" => format!("0x{revision:04x}").into(),
        name => name.into(),
    }
}

/// What NEGOTIATE's answer settles (MS-SMB2 2.2.4).
fn negotiated(pdu: &[u8], connection: &mut Connection, at: &mut At<'_, '_>) {
    let Some(revision) = u16_at(pdu, HEADER + 4) else {
        at.malformed("NEGOTIATE answer without a dialect");
        return;
    };
    connection.detail("dialect", dialect(revision), at);
    // SMB2_GLOBAL_CAP_MULTI_CHANNEL, of SMB 3 only.
    let capable = u32_at(pdu, HEADER + 24).is_none_or(|capabilities| capabilities & 8 != 0);
    connection.files.one_channel = revision < 0x0300 || !capable;
    let blob = wire2::blob_of_answer(pdu, HEADER + 56).unwrap_or_default();
    connection.security.hint(&token::read(blob.bytes));
    if let Some(guid) = wire2::guid(pdu, HEADER + 8) {
        connection.detail("server_guid", guid, at);
    }
    let required = u16_at(pdu, HEADER + 2).is_some_and(|mode| mode & 2 != 0);
    connection.detail("signing", if required { "required" } else { "enabled" }, at);
    if revision == 0x0311
        && let Some(id) = wire2::chosen_cipher(pdu)
        && !names::cipher(id).is_empty()
    {
        connection.detail("cipher", names::cipher(id), at);
    }
}
