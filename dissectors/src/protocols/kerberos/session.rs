//! Requests and answers of a conversation.

use std::collections::VecDeque;

use super::MOST;
use crate::dissector::{Carrier, Dissector, Input, Output, Start};
use crate::event::{self, Act, Expect, Fact, Op, Phase, Status, Value};
use crate::inbox::{AfterGap, Inbox};
use crate::token::kerberos::{Error, Kind, Message};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Requests without an answer that are remembered.
const MAX_PENDING: usize = 64;
/// Services in the details.
const MAX_SERVICES: usize = 16;
/// KDC_ERR_PREAUTH_REQUIRED and KDC_ERR_MORE_PREAUTH_DATA_REQUIRED ask for another leg.
const ANOTHER_LEG: [u32; 2] = [25, 91];

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Kerberos {
        framed: start.carrier == Carrier::Stream,
        inboxes: PerSide::default(),
        offsets: PerSide::default(),
        over: PerSide::default(),
        opened: false,
        pending: VecDeque::new(),
        next: 0,
        services: Vec::new(),
        realm: String::new(),
        user: String::new(),
    })
}

struct Asked {
    id: u64,
    kind: Kind,
    digest: u32,
}

struct Kerberos {
    /// Messages come behind their length.
    framed: bool,
    inboxes: PerSide<Inbox>,
    offsets: PerSide<StreamOffset>,
    /// No messages can be told apart any more: bytes were lost.
    over: PerSide<bool>,
    opened: bool,
    pending: VecDeque<Asked>,
    next: u64,
    services: Vec<String>,
    realm: String,
    user: String,
}

impl Dissector for Kerberos {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } if self.framed => {
                self.data(side, bytes, out);
            }
            Input::Data(bytes) | Input::Datagram { bytes, .. } => {
                let at = self.offsets[side];
                self.offsets[side] += bytes.len() as u64;
                self.message(side, bytes, Span::new(at, self.offsets[side]), out);
            }
            Input::Gap { len } if self.framed => {
                if matches!(self.inboxes[side].gap(len), AfterGap::Lost { .. }) {
                    self.over[side] = true;
                }
            }
            Input::Gap { len } => self.offsets[side] += len,
            Input::End(_) => self.end(side, out),
        }
    }
}

impl Kerberos {
    fn data(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let mut inbox = std::mem::take(&mut self.inboxes[side]);
        let mut feed = inbox.feed(bytes);
        loop {
            if self.over[side] {
                let rest = feed.available() as u64;
                feed.skip(rest);
                feed.skipped();
                break;
            }
            if !feed.skipped() {
                break;
            }
            let start = feed.offset();
            let Some(len) = feed.peek(4).and_then(|head| head.first_chunk()) else {
                break;
            };
            let len = u32::from_be_bytes(*len) as usize;
            if len > MOST {
                // The highest bit is reserved for extensions (7.2.2).
                let what = "length beyond any Kerberos message";
                out.emit(side, Span::new(start, start + 4), Act::Malformed { what });
                self.over[side] = true;
                continue;
            }
            let Some((message, span)) = feed.take(4 + len) else {
                break;
            };
            self.message(side, message.get(4..).unwrap_or(&[]), span, out);
        }
        drop(feed);
        self.inboxes[side] = inbox;
    }

    fn end(&self, side: Side, out: &mut Output<'_>) {
        let inbox = &self.inboxes[side];
        if self.over[side] || inbox.waiting() == 0 {
            return;
        }
        let from = inbox.offset();
        let present = inbox.waiting();
        let span = Span::new(from, from + present);
        out.emit(
            side,
            span,
            Act::Incomplete {
                op: Op::default(),
                expected: present + 1,
                present,
            },
        );
    }

    fn message(&mut self, side: Side, bytes: &[u8], span: Span, out: &mut Output<'_>) {
        let Some(message) = Message::read(bytes) else {
            let what = "not a Kerberos message";
            out.emit(side, span, Act::Malformed { what });
            return;
        };
        if !self.opened {
            self.opened = true;
            out.phase(side, span, Phase::Open);
        }
        out.describe(|| text(&message));
        match message.kind {
            Kind::AsReq | Kind::TgsReq => {
                self.request(side, event::digest(bytes), &message, span, out);
                self.learn(side, message, span, out);
            }
            Kind::ApReq => out.emit(
                side,
                span,
                Act::Message {
                    op: op(message.kind),
                },
            ),
            Kind::AsRep | Kind::TgsRep | Kind::ApRep | Kind::Error => {
                self.reply(side, &message, span, out);
            }
        }
    }

    fn request(
        &mut self,
        side: Side,
        digest: u32,
        message: &Message,
        span: Span,
        out: &mut Output<'_>,
    ) {
        let again = self.pending.iter().find(|asked| asked.digest == digest);
        let id = again.map_or(self.next, |asked| asked.id);
        if again.is_none() {
            self.next += 1;
            if self.pending.len() >= MAX_PENDING {
                self.pending.pop_front();
            }
            let kind = message.kind;
            self.pending.push_back(Asked { id, kind, digest });
        }
        let expect = Expect::Answer;
        let op = op(message.kind);
        out.emit(
            side,
            span,
            Act::Request {
                id,
                op,
                expect,
                digest,
            },
        );
    }

    fn reply(&mut self, side: Side, message: &Message, span: Span, out: &mut Output<'_>) {
        let fits = |asked: &Asked| {
            matches!(
                (asked.kind, message.kind),
                (_, Kind::Error) | (Kind::AsReq, Kind::AsRep) | (Kind::TgsReq, Kind::TgsRep)
            )
        };
        let asked = self.pending.iter().position(fits);
        let Some(asked) = asked.and_then(|at| self.pending.remove(at)) else {
            let op = op(message.kind);
            return out.emit(side, span, Act::Message { op });
        };
        let status = match &message.error {
            Some(error) if ANOTHER_LEG.contains(&error.code) => {
                Status::ok(error.code, error.name())
            }
            Some(error) => Status::failure(error.code, error.name()),
            None => Status::OK,
        };
        if let Some(error) = &message.error
            && status.failed
        {
            out.fact(side, span, fact(error, message, Some(&asked)));
        }
        out.describe(|| text(message));
        out.emit(
            side,
            span,
            Act::Reply {
                id: asked.id,
                status,
            },
        );
    }

    /// Who asks for what.
    fn learn(&mut self, side: Side, message: Message, span: Span, out: &mut Output<'_>) {
        if !message.realm.is_empty() && self.realm != message.realm {
            self.realm.clone_from(&message.realm);
            out.detail(side, span, "realm", message.realm);
        }
        if !message.client.is_empty() && self.user != message.client {
            self.user.clone_from(&message.client);
            out.detail(side, span, "user", message.client);
        }
        let known = self.services.len() >= MAX_SERVICES || self.services.contains(&message.service);
        if !message.service.is_empty() && !known {
            self.services.push(message.service);
            let list = self.services.iter().cloned().map(Value::Text).collect();
            out.detail(side, span, "services", Value::List(list));
        }
    }
}

fn fact(error: &Error, message: &Message, asked: Option<&Asked>) -> Fact {
    let fact = Fact::new("kerberos.error")
        .with("code", error.code)
        .with("name", error.name())
        .with("user", message.client.clone())
        .with("realm", message.realm.clone())
        .with("service", message.service.clone())
        .with("text", error.text.clone());
    let fact = match error.time {
        Some((time, micros)) => fact.with("time", time).with("micros", micros),
        None => fact,
    };
    match asked {
        Some(asked) => fact
            .in_exchange(asked.id)
            .with("asked", op(asked.kind).name),
        None => fact,
    }
}

const fn op(kind: Kind) -> Op {
    match kind {
        Kind::AsReq => Op::new("AS-REQ", 10),
        Kind::AsRep => Op::new("AS-REP", 11),
        Kind::TgsReq => Op::new("TGS-REQ", 12),
        Kind::TgsRep => Op::new("TGS-REP", 13),
        Kind::ApReq => Op::new("AP-REQ", 14),
        Kind::ApRep => Op::new("AP-REP", 15),
        Kind::Error => Op::new("KRB-ERROR", 30),
    }
}

/// A message in a line.
fn text(message: &Message) -> String {
    let mut text = op(message.kind).name.to_owned();
    if let Some(error) = &message.error {
        text.push(' ');
        match error.name() {
            "" => text.push_str(&error.code.to_string()),
            name => text.push_str(name),
        }
    }
    for (word, name) in [
        (" ", &message.client),
        (" for ", &message.service),
        (" in ", &message.realm),
    ] {
        if !name.is_empty() {
            text.push_str(word);
            text.push_str(name);
        }
    }
    text
}
