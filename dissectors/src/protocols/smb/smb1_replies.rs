//! SMB1: the answers, and messages in words.

use std::fmt::Write as _;

use super::auth::Token;
use super::bytes::{Texts, part};
use super::connection::{At, Connection, failure};
use super::files::{Files, Kind, Owner};
use super::names;
use super::smb1::{Asked, Smb1, carry, data, dialects, file_key, logon_of};
use super::smb2_replies::is_notable;
use super::text::logon;
use super::wire1::{Block, Blocks, Counts, Header, command};
use crate::event::{Act, Phase, Status, Value};
use crate::token;

/// Trees that are remembered.
const MAX_TREES: usize = 1024;

impl Smb1 {
    pub(super) fn response(
        &mut self,
        header: &Header,
        message: &[u8],
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let id = header.id();
        let status = header.status();
        let op = names::smb1(header.command);
        let mut asked = self.pending.remove(&id).unwrap_or_default();
        if connection.multi_protocol == Some(id) {
            connection.multi_protocol = None;
        }
        let mut last = header.command;
        let mut blocks = Vec::new();
        for block in Blocks::new(message, header) {
            match block {
                Ok(block) => {
                    last = block.command;
                    blocks.push(block);
                }
                Err(what) => at.malformed(what),
            }
        }
        let more = !status.failed
            && blocks
                .first()
                .is_some_and(|block| more_comes(block, &mut asked));
        if more {
            pipe_answer(header, &blocks, message, &asked, connection, at);
            at.out.describe(|| format!("{op}, more follows"));
            at.emit(Act::interim(id));
            self.pending.insert(id, asked);
            return;
        }
        if status.failed {
            self.fail(id, last, status, &asked, connection, at);
        } else if header.command == command::NEGOTIATE {
            negotiated(blocks.first(), id, &asked, connection, at);
        }
        at.out
            .describe(|| reply(op, status, &asked, blocks.first()));
        if let Some(block) = blocks.first() {
            security(header, block, id, connection, at);
        }
        at.emit(Act::Reply { id, status });
        // The last command of a chain is the one that failed; those before it succeeded.
        let done = if status.failed {
            blocks.len().saturating_sub(1)
        } else {
            blocks.len()
        };
        if header.command != command::NEGOTIATE && header.command != command::SESSION_SETUP_ANDX {
            connection.works(at);
        }
        pipe_answer(
            header,
            part_of(&blocks, done),
            message,
            &asked,
            connection,
            at,
        );
        for block in part_of(&blocks, done) {
            self.succeeded(header, block, status, &asked, connection, at);
        }
    }

    /// Facts of a failure, while its exchange is still open.
    fn fail(
        &mut self,
        id: u64,
        last: u8,
        status: Status,
        asked: &Asked,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        let fact = match last {
            command::NEGOTIATE => failure("smb.negotiate-failed", id, status).with(
                "dialects",
                Value::List(asked.dialects.iter().cloned().map(Value::Text).collect()),
            ),
            command::SESSION_SETUP_ANDX => {
                connection.approach(Phase::Refused, at);
                connection.refused = true;
                let token = asked.token.clone().unwrap_or_default();
                let who = token.identity.unwrap_or_default();
                failure("smb.session-setup-failed", id, status)
                    .with("user", who.user)
                    .with("domain", who.domain)
                    .with("workstation", who.workstation)
                    .with("mechanism", token.mechanism)
            }
            command::TREE_CONNECT_ANDX | command::TREE_CONNECT => {
                failure("smb.tree-connect-failed", id, status)
                    .with("path", asked.path.clone().unwrap_or_default())
            }
            command::NT_CREATE_ANDX | command::OPEN_ANDX => {
                let (name, access) = asked.create.clone().unwrap_or_default();
                let tree = self.trees.get(&asked.tree);
                failure("smb.create-failed", id, status)
                    .with("name", name)
                    .with("access", access)
                    .with("pipe", tree.is_some_and(|(_, kind)| *kind == Kind::Pipe))
                    .with(
                        "share",
                        tree.map_or(String::new(), |(path, _)| path.clone()),
                    )
            }
            _ if is_notable(status) => {
                let name = asked.file.map_or("", |key| connection.files.name(key));
                failure("smb.request-failed", id, status)
                    .with("command", names::smb1(last).name)
                    .with("name", name.to_owned())
            }
            _ => return,
        };
        at.fact(fact);
    }

    fn succeeded(
        &mut self,
        header: &Header,
        block: &Block<'_>,
        status: Status,
        asked: &Asked,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        match block.command {
            command::SESSION_SETUP_ANDX if status.code != names::MORE_PROCESSING_REQUIRED => {
                let guest = block.u16(4).is_some_and(|action| action & 1 != 0);
                if guest {
                    connection.detail("guest", true, at);
                }
                let token = asked.token.clone().unwrap_or_default();
                connection.logged_on(&token, guest, at);
                connection.enter(Phase::Open, at);
            }
            command::TREE_CONNECT_ANDX => {
                let path = asked.path.clone().unwrap_or_default();
                connection.share(&path, at);
                // The answer names the service: "IPC" for pipes (MS-CIFS 2.2.4.55.2).
                let kind = match Texts::new(block.bytes, 0, false).next().as_deref() {
                    Some("IPC") => Kind::Pipe,
                    Some("") | None => Kind::Unsure,
                    Some(_) => Kind::Opaque,
                };
                self.tree(header.tid, path, kind, connection, at);
            }
            command::TREE_CONNECT => {
                let path = asked.path.clone().unwrap_or_default();
                connection.share(&path, at);
                let tid = block.u16(2).unwrap_or(header.tid);
                self.tree(tid, path, Kind::Unsure, connection, at);
            }
            command::TREE_DISCONNECT => {
                self.trees.remove(&header.tid);
                connection
                    .files
                    .close_of(|owner| owner.tree == header.tid.into(), at);
            }
            command::LOGOFF_ANDX => connection.enter(Phase::Closed, at),
            // Fid and resource type (MS-CIFS 2.2.4.64.2, 2.2.4.41.2): 1 and 2 are pipes.
            command::NT_CREATE_ANDX => {
                opened(block.u16(5), block.u16(63), (header, asked), connection, at);
            }
            command::OPEN_ANDX => {
                opened(block.u16(4), block.u16(18), (header, asked), connection, at);
            }
            command::CLOSE => {
                if let Some(key) = asked.file {
                    connection.files.close(key, at);
                }
            }
            _ => {}
        }
    }

    fn tree(
        &mut self,
        tid: u16,
        path: String,
        kind: Kind,
        connection: &mut Connection,
        at: &mut At<'_, '_>,
    ) {
        if self.trees.len() < MAX_TREES {
            self.trees.insert(tid, (path, kind));
        } else {
            connection.limit("SMB1 trees", at);
        }
    }
}

/// The security tokens of the server: what it can, and its legs of a logon (MS-SMB 2.2.4.5.2.1, 2.2.4.6.2).
fn security(
    header: &Header,
    block: &Block<'_>,
    id: u64,
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    /// Behind the server's GUID.
    const GUID: usize = 16;
    match (block.command, block.words.len()) {
        (command::NEGOTIATE, 34) => {
            let blob = part(block.bytes, GUID, block.bytes.len());
            connection.security.hint(&token::read(blob));
        }
        (command::SESSION_SETUP_ANDX, 8) => {
            let len = block.u16(6).unwrap_or_default().into();
            let told = token::read(part(block.bytes, 0, len));
            connection.security.server(header.uid.into(), id, &told, at);
        }
        _ => {}
    }
}

fn part_of<'s, 'a>(blocks: &'s [Block<'a>], count: usize) -> &'s [Block<'a>] {
    blocks.get(..count).unwrap_or(blocks)
}

fn opened(
    fid: Option<u16>,
    resource: Option<u16>,
    (header, asked): (&Header, &Asked),
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    let Some(fid) = fid else { return };
    let (name, _) = asked.create.clone().unwrap_or_default();
    let kind = match resource {
        Some(1 | 2) => Kind::Pipe,
        Some(_) => Kind::Opaque,
        None => Kind::Unsure,
    };
    // A FID is given again as soon as it is closed.
    connection.files.close(file_key(fid), at);
    let owner = Owner {
        session: 0,
        tree: header.tid.into(),
    };
    connection.opened(file_key(fid), (name, kind), owner, at);
}

/// True when this is not the last answer: the go-ahead for a transaction's secondary requests, a part of a
/// transaction's answer (MS-CIFS 3.2.5.1.4), one of several echoes.
fn more_comes(block: &Block<'_>, asked: &mut Asked) -> bool {
    let counts = match block.command {
        command::TRANSACTION | command::TRANSACTION2 => Counts::response(block),
        command::NT_TRANSACT => Counts::wide(block, true),
        command::ECHO => {
            asked.echoes = asked.echoes.saturating_sub(1);
            return asked.echoes > 0;
        }
        _ => return false,
    };
    match counts {
        None => block.words.is_empty() && asked.unsent > 0,
        Some(counts) => {
            asked.received += counts.here;
            // An answer of nothing is the last one, whatever it promises.
            counts.here > 0 && asked.received < counts.total
        }
    }
}

/// Hands what a pipe answered down.
fn pipe_answer(
    header: &Header,
    blocks: &[Block<'_>],
    message: &[u8],
    asked: &Asked,
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    let Some(key) = asked.file else { return };
    for block in blocks {
        let place = match block.command {
            command::TRANSACTION => Counts::response(block).map(|counts| counts.data),
            command::READ_ANDX | command::READ => data(header, block),
            _ => None,
        };
        if let Some(place) = place {
            carry(connection, key, message, place, at);
        }
    }
}

/// What NEGOTIATE's answer settles (MS-CIFS 2.2.4.52.2): the index of the chosen dialect, 0xFFFF for none.
fn negotiated(
    block: Option<&Block<'_>>,
    id: u64,
    asked: &Asked,
    connection: &mut Connection,
    at: &mut At<'_, '_>,
) {
    let Some(index) = block.and_then(|block| block.u16(0)) else {
        at.malformed("NEGOTIATE answer without a dialect");
        return;
    };
    if index == 0xFFFF {
        let offered = asked.dialects.iter().cloned().map(Value::Text).collect();
        let none = Status::failure(0xFFFF, "no dialect accepted");
        at.fact(failure("smb.negotiate-failed", id, none).with("dialects", Value::List(offered)));
        return;
    }
    if let Some(dialect) = asked.dialects.get(usize::from(index)) {
        connection.detail("dialect", dialect.clone(), at);
    }
    let mode = block.and_then(|block| block.u8(2)).unwrap_or_default();
    if mode & 0x0C != 0 {
        connection.detail(
            "signing",
            if mode & 8 != 0 { "required" } else { "enabled" },
            at,
        );
    }
}

/// A request in words: its commands, and what they name.
pub(super) fn describe(header: &Header, message: &[u8], files: &Files) -> String {
    let mut text = String::new();
    for block in Blocks::new(message, header).map_while(Result::ok) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing to a String can't fail.
        let _ = write!(text, "{}", names::smb1(block.command));
        let name = |place| block.u16(place).map_or("", |fid| files.name(file_key(fid)));
        let _ = match block.command {
            command::NEGOTIATE => write!(text, " {}", dialects(block.bytes).join(", ")),
            command::SESSION_SETUP_ANDX => {
                logon(&mut text, &logon_of(header, &block).unwrap_or_default().0);
                Ok(())
            }
            command::NT_CREATE_ANDX | command::OPEN_ANDX => {
                let name = Texts::new(block.bytes, block.bytes_at, header.is_unicode()).next();
                write!(text, " {}", name.unwrap_or_default())
            }
            command::TREE_CONNECT_ANDX => {
                let password = usize::from(block.u16(6).unwrap_or_default());
                let rest = part(block.bytes, password, usize::MAX);
                let path = Texts::new(rest, block.bytes_at + password, header.is_unicode()).next();
                write!(text, " {}", path.unwrap_or_default())
            }
            command::READ_ANDX => {
                let (offset, len) = (
                    block.u32(6).unwrap_or_default(),
                    block.u16(10).unwrap_or_default(),
                );
                write!(text, " length {len} offset {offset} file {}", name(4))
            }
            command::WRITE_ANDX => {
                let (offset, len) = (
                    block.u32(6).unwrap_or_default(),
                    block.u16(20).unwrap_or_default(),
                );
                write!(text, " length {len} offset {offset} file {}", name(4))
            }
            command::CLOSE => write!(text, " file {}", name(0)),
            command::TRANSACTION2 => write!(
                text,
                " {}",
                names::trans2(block.u16(28).unwrap_or(u16::MAX))
            ),
            command::NT_TRANSACT => write!(
                text,
                " {}",
                names::nt_transact(block.u16(36).unwrap_or_default())
            ),
            command::TRANSACTION => {
                let name = Texts::new(block.bytes, block.bytes_at, header.is_unicode()).next();
                write!(text, " {}", name.unwrap_or_default())
            }
            _ => Ok(()),
        };
    }
    if text.is_empty() {
        text = names::smb1(header.command).to_string();
    }
    text.trim_end().to_owned()
}

fn reply(op: crate::event::Op, status: Status, asked: &Asked, block: Option<&Block<'_>>) -> String {
    let mut text = op.to_string();
    if status.code != 0 {
        let _ = write!(text, " {status}");
    }
    match block.map(|block| (block, block.command, block.words.len())) {
        Some((block, command::NEGOTIATE, _)) => {
            let index = block.u16(0).map(usize::from);
            if let Some(dialect) = index.and_then(|index| asked.dialects.get(index)) {
                let _ = write!(text, " dialect {dialect}");
            }
        }
        Some((block, command::SESSION_SETUP_ANDX, 8)) => {
            let len = block.u16(6).unwrap_or_default().into();
            logon(&mut text, &Token::read(part(block.bytes, 0, len)));
        }
        _ => {}
    }
    let name = asked
        .create
        .as_ref()
        .map(|(name, _)| name)
        .or(asked.path.as_ref());
    if let Some(name) = name {
        let _ = write!(text, " {name}");
    }
    text
}
