//! Protocols within WebSocket whose messages say what they answer: JSON-RPC 2.0, and GraphQL over WebSocket
//! (`graphql-transport-ws`, and `graphql-ws` before it). Calls of either side are paired with their answers by id.
//!
//! ```text
//!   JSON-RPC   {"id":7,"method":…}     ──> call      {"id":7,"result":…} | {"id":7,"error":…}   <── its answer
//!   GraphQL    connection_init         ──> call      connection_ack                             <── its answer
//!              subscribe (start)       ──> call      next (data) | error | complete             <── its answer
//! ```
//!
//! A GraphQL query is answered by its first `next`; a subscription has interim answers until `complete` or `error`.

use std::collections::VecDeque;

use super::json::{member, members, string};
use crate::dissector::Output;
use crate::event::{Act, Expect, Op, Status};
use crate::text::printable;
use crate::units::{PerSide, Side, Span};

/// Calls of one side that may wait for their answers.
const CALLS: usize = 256;
/// Bytes of an id that tell it apart.
const ID: usize = 64;
/// Characters of a method's name.
const NAME: usize = 60;

/// Messages that are looked at where no subprotocol tells what is spoken.
const LOOKED_AT: u8 = 4;

/// Calls as operations; beyond those of frames and of the upgrade.
const CALL: Op = Op::new("call", 0x101);
const INIT: Op = Op::new("connection_init", 0x102);
const QUERY: Op = Op::new("subscribe", 0x103);

/// What is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spoken {
    /// The first messages will tell.
    #[default]
    Undecided,
    /// Something else.
    Other,
    /// JSON-RPC 2.0.
    JsonRpc,
    /// GraphQL over WebSocket.
    GraphQl,
}

impl Spoken {
    /// As the chosen subprotocol says.
    pub(super) fn by_name(subprotocol: &str) -> Self {
        let name = subprotocol.to_ascii_lowercase();
        match name.as_str() {
            "graphql-transport-ws" | "graphql-ws" => Self::GraphQl,
            "jsonrpc" | "jsonrpc2.0" | "jsonrpc-2.0" | "json-rpc" | "mcp" | "lsp" => Self::JsonRpc,
            _ => Self::Undecided,
        }
    }
}

/// A call without its answer.
#[derive(Clone, Copy, Debug)]
struct Call {
    name: [u8; ID],
    id: u64,
    /// Many answers come, and none of them is the last until one says so.
    many: bool,
}

/// Who called whom.
#[derive(Debug, Default)]
pub(super) struct App {
    pub(super) spoken: Spoken,
    calls: PerSide<VecDeque<Call>>,
    /// Messages that told nothing.
    seen: u8,
}

/// What a message is.
enum Said<'a> {
    Call {
        op: Op,
        id: &'a [u8],
        name: &'a [u8],
        expect: Expect,
    },
    /// The call is answered for the time being, or for good unless it wants many answers.
    Next {
        id: &'a [u8],
    },
    Done {
        id: &'a [u8],
        status: Status,
    },
    /// The caller wants no answer any more.
    Cancel {
        id: &'a [u8],
    },
    Other,
}

impl App {
    /// Content has to be read.
    pub(super) fn reads(&self) -> bool {
        self.spoken != Spoken::Other
    }

    /// Calls are told here, and not by who has the floor.
    pub(super) fn pairs(&self) -> bool {
        matches!(self.spoken, Spoken::JsonRpc | Spoken::GraphQl)
    }

    /// Takes a text message; false where it is told as any other is.
    pub(super) fn message(
        &mut self,
        side: Side,
        json: &[u8],
        span: Span,
        (text, next_id): (&mut Option<String>, &mut u64),
        out: &mut Output<'_>,
    ) -> bool {
        if self.spoken == Spoken::Undecided {
            self.seen += 1;
            if member(json, b"jsonrpc").is_some() {
                self.spoken = Spoken::JsonRpc;
            } else if side == Side::Client || self.seen >= LOOKED_AT {
                self.spoken = Spoken::Other;
            }
        }
        let said = match self.spoken {
            Spoken::JsonRpc => json_rpc(json),
            Spoken::GraphQl => graphql(json, side),
            _ => return false,
        };
        let act = match said {
            Said::Call {
                op,
                id,
                name,
                expect,
            } => {
                *next_id += 1;
                let many = matches!(expect, Expect::LongWait(_));
                let call = Call {
                    name: key(id),
                    id: *next_id,
                    many,
                };
                if let Some(old) = remember(&mut self.calls[side], call) {
                    out.emit(side, span, Act::Cancel { id: old });
                }
                out.name(|| printable(name, NAME));
                Act::Request {
                    id: call.id,
                    op,
                    expect,
                    digest: 0,
                }
            }
            Said::Next { id } => match self.find(side, id) {
                Some(call) if call.many => Act::interim(call.id),
                Some(call) => self.done(side, call, Status::OK),
                None => return false,
            },
            Said::Done { id, status } => match self.find(side, id) {
                Some(call) => self.done(side, call, status),
                None => return false,
            },
            Said::Cancel { id } => {
                let name = key(id);
                if let Some(call) = self.calls[side].iter().find(|c| c.name == name).copied() {
                    self.forget(side, call);
                    out.emit(side, span, Act::Cancel { id: call.id });
                }
                return false;
            }
            Said::Other => return false,
        };
        if let Some(text) = text.take() {
            out.describe(|| text);
        }
        out.emit(side, span, act);
        true
    }

    /// A message of `side` could not be read: it may be the answer to any call of the other.
    pub(super) fn unread(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if self.spoken == Spoken::Undecided {
            self.spoken = Spoken::Other;
        }
        for call in std::mem::take(&mut self.calls[side.other()]) {
            out.emit(side.other(), span, Act::Cancel { id: call.id });
        }
    }

    /// It is over for good: what waits is given up.
    pub(super) fn close(&mut self, ends: PerSide<Span>, out: &mut Output<'_>) {
        for side in Side::BOTH {
            for call in std::mem::take(&mut self.calls[side]) {
                out.emit(side, ends[side], Act::Cancel { id: call.id });
            }
        }
    }

    /// The call of the other side that `side` answers.
    fn find(&self, side: Side, id: &[u8]) -> Option<Call> {
        let name = key(id);
        let calls = &self.calls[side.other()];
        calls.iter().find(|c| c.name == name).copied()
    }

    fn done(&mut self, side: Side, call: Call, status: Status) -> Act {
        self.forget(side.other(), call);
        Act::Reply {
            id: call.id,
            status,
        }
    }

    fn forget(&mut self, caller: Side, call: Call) {
        self.calls[caller].retain(|c| c.id != call.id);
    }
}

/// Keeps a call; one that had to be dropped for it, or has the same id, comes back.
fn remember(calls: &mut VecDeque<Call>, call: Call) -> Option<u64> {
    let same = calls.iter().position(|c| c.name == call.name);
    let old = match same {
        Some(at) => calls.remove(at),
        None if calls.len() >= CALLS => calls.pop_front(),
        None => None,
    };
    calls.push_back(call);
    old.map(|c| c.id)
}

fn key(id: &[u8]) -> [u8; ID] {
    let mut key = [0; ID];
    for (to, from) in key.iter_mut().zip(id) {
        *to = *from;
    }
    key
}

/// JSON-RPC 2.0 sections 4 and 5. A batch is not taken apart.
fn json_rpc(json: &[u8]) -> Said<'_> {
    let (mut id, mut method, mut result, mut error) = (None, None, false, None);
    for (name, value) in members(json) {
        match name {
            b"id" if value != b"null" => id = Some(value),
            b"method" => method = string(value),
            b"result" => result = true,
            b"error" => error = Some(value),
            _ => {}
        }
    }
    match (id, method, error) {
        (Some(id), Some(name), _) => Said::Call {
            op: CALL,
            id,
            name,
            expect: Expect::Answer,
        },
        (Some(id), None, Some(error)) => Said::Done {
            id,
            status: fault(error),
        },
        (Some(id), None, None) if result => Said::Done {
            id,
            status: Status::OK,
        },
        _ => Said::Other,
    }
}

/// The error object (section 5.1).
fn fault(error: &[u8]) -> Status {
    let code = member(error, b"code").unwrap_or_default();
    let (code, name) = match code {
        b"-32700" => (32_700, "-32700 Parse error"),
        b"-32600" => (32_600, "-32600 Invalid Request"),
        b"-32601" => (32_601, "-32601 Method not found"),
        b"-32602" => (32_602, "-32602 Invalid params"),
        b"-32603" => (32_603, "-32603 Internal error"),
        _ => (1, "error"),
    };
    Status::failure(code, name)
}

/// The messages of `graphql-transport-ws` and, in the second place, of `graphql-ws`.
fn graphql(json: &[u8], side: Side) -> Said<'_> {
    let kind = member(json, b"type").and_then(string).unwrap_or_default();
    let id = member(json, b"id").unwrap_or_default();
    match (side, kind) {
        (Side::Client, b"connection_init") => {
            let name = kind;
            Said::Call {
                op: INIT,
                id: b"",
                name,
                expect: Expect::Answer,
            }
        }
        (Side::Server, b"connection_ack") => Said::Done {
            id: b"",
            status: Status::OK,
        },
        (Side::Server, b"connection_error") => {
            let status = Status::failure(1, "connection_error");
            Said::Done { id: b"", status }
        }
        (Side::Client, b"subscribe" | b"start") => {
            let query = member(json, b"payload").and_then(|p| member(p, b"query"));
            let query = query
                .and_then(string)
                .unwrap_or_default()
                .trim_ascii_start();
            let goes_on = !query.starts_with(b"query")
                && !query.starts_with(b"mutation")
                && !query.starts_with(b"{");
            let expect = if goes_on {
                Expect::LongWait("a GraphQL subscription: events come when they come")
            } else {
                Expect::Answer
            };
            Said::Call {
                op: QUERY,
                id,
                name: kind,
                expect,
            }
        }
        (Side::Server, b"next" | b"data") => Said::Next { id },
        (Side::Server, b"complete") => Said::Done {
            id,
            status: Status::OK,
        },
        (Side::Server, b"error") => Said::Done {
            id,
            status: Status::failure(1, "error"),
        },
        (Side::Client, b"complete" | b"stop") => Said::Cancel { id },
        _ => Said::Other,
    }
}

/// What a message is called, for the reader of a dialogue: `call eth_chainId 7`, `next 1`.
pub(super) fn title(spoken: Spoken, json: &[u8]) -> Option<String> {
    let show = |bytes: &[u8]| printable(bytes, NAME);
    let id = member(json, b"id").map(|id| format!(" {}", show(string(id).unwrap_or(id))));
    let id = id.unwrap_or_default();
    match spoken {
        Spoken::JsonRpc => {
            let method = member(json, b"method").and_then(string);
            Some(match method {
                Some(method) if id.is_empty() => format!("notification {}", show(method)),
                Some(method) => format!("call {}{id}", show(method)),
                None if member(json, b"error").is_some() => format!("error{id}"),
                None if member(json, b"result").is_some() => format!("result{id}"),
                None => return None,
            })
        }
        Spoken::GraphQl => {
            let kind = member(json, b"type").and_then(string)?;
            Some(format!("{}{id}", show(kind)))
        }
        _ => None,
    }
}

/// Messages by which an application shows that it lives: each is all of a message, or stands in a short one.
const BEATS: &[&[u8]] = &[
    b"\n", b"\r\n", b"2", b"3", b"h", b"ping", b"pong", b"PING", b"PONG",
];
const LONGEST_BEAT: usize = 64;
const BEAT_WORDS: &[&[u8]] = &[
    b"\"ping\"",
    b"\"pong\"",
    b"\"heartbeat\"",
    b"\"keepalive\"",
    b"\"keep_alive\"",
    b"\"ka\"",
    b"{\"type\":6}",
];

/// True for a short message by which an application says that it lives: STOMP's line end, Engine.IO's packets 2 and 3,
/// SockJS's `h`, SignalR's type 6, and the words of many others.
pub(super) fn is_beat(text: &[u8]) -> bool {
    if text.is_empty() || text.len() > LONGEST_BEAT {
        return false;
    }
    BEATS.contains(&text)
        || BEAT_WORDS
            .iter()
            .any(|word| text.windows(word.len()).any(|w| w == *word))
}
