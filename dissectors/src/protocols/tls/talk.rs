//! What the messages mean for the session: its state, what was agreed, how it ended.

use super::hello::{self, ClientHello, ServerHello};
use super::wire::{self, Head, content, message, message2, version};
use super::{names, suites};
use crate::dissector::{End, Output};
use crate::event::{Act, Fact, Op, Phase};
use crate::text;
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Characters of a name in details.
const NAME: usize = 255;
/// A shorter record of TLS 1.3 holds no Finished (4 bytes, 32 of digest, 1 of type, 8 of tag): in its place stands an alert.
const FINISHED_LEAST: u16 = 45;

/// A record, as far as it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Application data, of so many bytes.
    Data(u16),
    /// An alert: level and description, or encrypted.
    Alert(Option<(u8, u8)>),
    /// The side's keys change.
    ChangeCipherSpec,
    Heartbeat,
    /// An encrypted handshake message.
    Encrypted,
}

impl Seen {
    /// The record's content type.
    pub(super) const fn kind(self) -> u8 {
        match self {
            Self::Data(_) => content::APPLICATION_DATA,
            Self::Alert(_) => content::ALERT,
            Self::ChangeCipherSpec => content::CHANGE_CIPHER_SPEC,
            Self::Heartbeat => content::HEARTBEAT,
            Self::Encrypted => content::HANDSHAKE,
        }
    }
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was said, or the beginning was not seen.
    #[default]
    Start,
    /// The client has said what it can do.
    Asked,
    /// The server has chosen.
    Answered,
    /// Both know that both have the keys.
    Open,
    /// One side sends no more.
    Closing,
    /// Over, for whatever reason.
    Over,
}

/// What moves the session on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    ClientHello,
    ServerHello,
    /// The server wants another ClientHello.
    Retry,
    /// Data under the keys, or the last Finished.
    Established,
    /// close_notify, or an alert that can't be read once the session is open.
    Close,
    /// An alert that ends the session.
    Fatal,
    /// Both sides have ended their streams.
    End,
    /// The connection was reset.
    Reset,
}

/// The transitions (RFC 8446 appendix A, RFC 5246 7.3); `None` where nothing changes.
const fn next(state: State, event: Event) -> Option<(State, Phase)> {
    use State::{Answered, Asked, Closing, Open, Over, Start};
    Some(match (state, event) {
        (Start | Asked, Event::ClientHello) => (Asked, Phase::Negotiating),
        (Start | Asked, Event::Retry) => (Asked, Phase::Negotiating),
        (Start | Asked, Event::ServerHello) => (Answered, Phase::Negotiating),
        (Start | Asked | Answered, Event::Established) => (Open, Phase::Open),
        (Start | Asked | Answered, Event::Fatal) => (Over, Phase::Refused),
        (Open | Closing, Event::Fatal) => (Over, Phase::Aborted),
        (Start | Asked | Answered | Open, Event::Close) => (Closing, Phase::Releasing),
        (Start | Open | Closing, Event::End) => (Over, Phase::Closed),
        (Closing, Event::Reset) => (Over, Phase::Closed),
        (Asked | Answered, Event::End | Event::Reset) => (Over, Phase::Aborted),
        (Start | Open, Event::Reset) => (Over, Phase::Aborted),
        _ => return None,
    })
}

/// The dialogue, apart from the bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Talk {
    state: State,
    /// What was said of it last.
    phase: Option<Phase>,
    /// 0 as long as it is not known.
    version: u16,
    suite: u16,
    /// The client sends data before the server's answer.
    early_data: bool,
    /// Changes of keys (up to TLS 1.2).
    changed: PerSide<bool>,
    /// A Finished, or what must be one.
    finished: PerSide<bool>,
    /// The session that the client wants to resume.
    session_id: Vec<u8>,
    /// The server has shown a certificate.
    certified: bool,
    resumed: bool,
    ended: PerSide<bool>,
}

impl Talk {
    pub(super) const fn version(&self) -> u16 {
        self.version
    }

    pub(super) const fn suite(&self) -> u16 {
        self.suite
    }

    /// TLS 1.3 was agreed, or must be by what the client does.
    pub(super) const fn is_tls13(&self) -> bool {
        wire::is_tls13(self.version) || self.version == 0 && self.early_data
    }

    /// What this side sends besides data is encrypted too, though its type is told.
    pub(super) fn is_secret(&self, side: Side) -> bool {
        self.changed[side] && !self.is_tls13()
    }

    /// This side's keys do not encrypt: its suite only authenticates.
    pub(super) fn is_clear(&self, side: Side) -> bool {
        self.is_secret(side) && suites::clear_with_mac(self.suite).is_some()
    }

    /// Takes the version of a record where nothing better is known: only a ClientHello's says nothing.
    pub(super) const fn versioned(&mut self, head: Head) {
        let tells = head.kind != content::HANDSHAKE && !self.early_data;
        if self.version == 0 && tells {
            self.version = head.version;
        }
    }

    /// A handshake message that could be read.
    pub(super) fn message(
        &mut self,
        side: Side,
        span: Span,
        kind: u8,
        body: &[u8],
        out: &mut Output<'_>,
    ) {
        let op = Op::new(
            names::handshake(kind),
            u32::from(content::HANDSHAKE) << 8 | u32::from(kind),
        );
        // A session begins with what is asked, before its first message is told.
        match kind {
            message::CLIENT_HELLO => self.step(side, span, Event::ClientHello, out),
            message::SERVER_HELLO => self.step(side, span, Event::Retry, out),
            _ => {}
        }
        told(side, span, op, out);
        match (kind, side) {
            (message::CLIENT_HELLO, _) => {
                if let Some(hello) = hello::client(body) {
                    self.client_hello(side, span, &hello, out);
                }
            }
            (message::SERVER_HELLO, _) => match hello::server(body) {
                Some(hello) => self.server_hello(side, span, &hello, out),
                None => self.step(side, span, Event::ServerHello, out),
            },
            (message::HELLO_RETRY_REQUEST, _) => self.step(side, span, Event::Retry, out),
            (message::CERTIFICATE, Side::Server) => self.certified = true,
            (message::FINISHED, _) => self.finished(side, span, out),
            _ => {}
        }
    }

    fn client_hello(
        &mut self,
        side: Side,
        span: Span,
        hello: &ClientHello<'_>,
        out: &mut Output<'_>,
    ) {
        self.early_data = hello.early_data;
        hello.session_id.clone_into(&mut self.session_id);
        out.detail(side, span, "offered_version", version_text(hello.version));
        if let Some(name) = hello.server_name {
            out.detail(side, span, "server_name", text::printable(name, NAME));
        }
    }

    fn server_hello(
        &mut self,
        side: Side,
        span: Span,
        hello: &ServerHello<'_>,
        out: &mut Output<'_>,
    ) {
        self.version = hello.version;
        self.suite = hello.suite;
        if hello.retry {
            return self.step(side, span, Event::Retry, out);
        }
        out.detail(side, span, "version", version_text(hello.version));
        let suite = match suites::name(hello.suite) {
            "" => format!("0x{:04x}", hello.suite),
            name => name.to_owned(),
        };
        out.detail(side, span, "cipher", suite);
        if let Some(name) = hello.alpn {
            out.detail(side, span, "alpn", text::printable(name, NAME));
        }
        // TLS 1.3 echoes the id only to look like TLS 1.2.
        let known = !hello.session_id.is_empty() && hello.session_id == self.session_id;
        if hello.psk || known && !wire::is_tls13(hello.version) {
            self.resume(side, span, out);
        }
        self.step(side, span, Event::ServerHello, out);
    }

    fn resume(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !std::mem::replace(&mut self.resumed, true) {
            out.detail(side, span, "resumed", true);
        }
    }

    /// A record with no handshake message that could be read.
    pub(super) fn record(&mut self, side: Side, span: Span, seen: Seen, out: &mut Output<'_>) {
        let kind = seen.kind();
        let name = match seen {
            Seen::Encrypted => "Encrypted Handshake Message",
            Seen::Alert(None) => "Encrypted Alert",
            _ => names::content(kind),
        };
        told(side, span, Op::new(name, u32::from(kind)), out);
        match seen {
            Seen::Data(len) => self.data(side, span, len, out),
            Seen::Alert(alert) => self.alert(side, span, alert, out),
            Seen::ChangeCipherSpec => self.change(side, span, out),
            Seen::Encrypted => {
                if self.changed[side] || self.state == State::Start {
                    self.finished(side, span, out);
                }
            }
            Seen::Heartbeat => {}
        }
    }

    fn change(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        self.changed[side] = true;
        // A ticket was taken: no certificate, and the server changes its keys first.
        let first = side == Side::Server && !self.changed.client;
        if first && self.state == State::Answered && !self.certified && !self.is_tls13() {
            self.resume(side, span, out);
        }
    }

    fn finished(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        self.finished[side] = true;
        if self.finished[side.other()] || self.state == State::Start {
            self.step(side, span, Event::Established, out);
        }
    }

    fn data(&mut self, side: Side, span: Span, len: u16, out: &mut Output<'_>) {
        match self.state {
            State::Open | State::Over | State::Closing => {}
            State::Asked if self.early_data && side == Side::Client => {}
            // In TLS 1.3 the rest of the handshake looks like data: the server's first, then the client's.
            State::Answered if self.is_tls13() => match side {
                Side::Server => self.finished[side] = true,
                Side::Client if !self.finished.server => {}
                Side::Client if len < FINISHED_LEAST => self.step(side, span, Event::Fatal, out),
                Side::Client => self.finished(side, span, out),
            },
            _ => self.step(side, span, Event::Established, out),
        }
    }

    fn alert(&mut self, side: Side, span: Span, alert: Option<(u8, u8)>, out: &mut Output<'_>) {
        let Some((level, description)) = alert else {
            let event = match self.state {
                State::Asked | State::Answered => Event::Fatal,
                _ => Event::Close,
            };
            return self.step(side, span, event, out);
        };
        let fact = Fact::new("tls.alert")
            .with("level", names::alert_level(level))
            .with("description", names::alert(description))
            .with("code", description);
        out.fact(side, span, fact);
        match (level, description) {
            (_, 0) => self.step(side, span, Event::Close, out),
            (2, _) => self.step(side, span, Event::Fatal, out),
            _ => {}
        }
    }

    /// A message of SSL 2.0; `None` for one that can't be read.
    pub(super) fn message2(
        &mut self,
        side: Side,
        span: Span,
        kind: Option<u8>,
        offered: u16,
        out: &mut Output<'_>,
    ) {
        let Some(kind) = kind else {
            let op = Op::new("Encrypted Data", u32::from(content::APPLICATION_DATA));
            told(side, span, op, out);
            self.finished[side] = true;
            if self.finished.client && self.finished.server {
                self.step(side, span, Event::Established, out);
            }
            return;
        };
        if kind == message2::CLIENT_HELLO {
            self.step(side, span, Event::ClientHello, out);
        }
        let op = Op::new(names::handshake2(kind), u32::from(kind));
        told(side, span, op, out);
        match kind {
            message2::CLIENT_HELLO => {
                out.detail(side, span, "offered_version", version_text(offered));
            }
            message2::SERVER_HELLO => {
                self.version = version::SSL2;
                out.detail(side, span, "version", version_text(version::SSL2));
                self.step(side, span, Event::ServerHello, out);
            }
            _ => {}
        }
    }

    fn step(&mut self, side: Side, span: Span, event: Event, out: &mut Output<'_>) {
        let Some((state, phase)) = next(self.state, event) else {
            return;
        };
        self.state = state;
        if state == State::Open {
            out.emit(side, span, Act::Encrypted);
        }
        if self.phase.replace(phase) != Some(phase) {
            out.phase(side, span, phase);
        }
    }

    pub(super) fn end(&mut self, side: Side, at: StreamOffset, end: End, out: &mut Output<'_>) {
        let span = Span::new(at, at);
        match end {
            End::Fin => {
                self.ended[side] = true;
                if self.ended.client && self.ended.server {
                    self.step(side, span, Event::End, out);
                }
            }
            // Who has ended its stream in order may refuse to hear more.
            End::Reset if self.ended.client || self.ended.server => {
                self.step(side, span, Event::End, out);
            }
            End::Reset => self.step(side, span, Event::Reset, out),
            End::CaptureStopped => {}
        }
    }
}

fn told(side: Side, span: Span, op: Op, out: &mut Output<'_>) {
    out.describe(|| op.to_string());
    out.emit(side, span, Act::Message { op });
}

fn version_text(number: u16) -> String {
    match wire::version_name(number) {
        "" => format!("0x{number:04x}"),
        name => name.to_owned(),
    }
}
