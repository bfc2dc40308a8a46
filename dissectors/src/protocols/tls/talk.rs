//! What the messages mean for the session: its state, what was agreed, how it ended.

mod agreement;
mod ending;
mod sight;

use super::handshake::Handshake;
use super::hello::{self, extension};
use super::resumption::{self, By};
use super::state::{Event, State, next};
use super::tail::{Shape, Tail, shape};
use super::wire::{self, Cursor, Head, content, message, message2, version};
use super::{names, suites};
use crate::dissector::Output;
use crate::event::{Act, Fact, Op, Phase};
use crate::text;
use crate::units::{PerSide, Side, Span};

/// Characters of a name in details.
const NAME: usize = 255;
/// Handshake records in the open session that are told.
const RENEGOTIATION: u8 = 8;
/// The named curve of a ServerKeyExchange (RFC 8422 5.4).
const NAMED_CURVE: u8 = 3;

/// A record, as far as it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Application data, of so many bytes.
    Data(u16),
    /// Application data that were decrypted.
    Opened,
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
            Self::Data(_) | Self::Opened => content::APPLICATION_DATA,
            Self::Alert(_) => content::ALERT,
            Self::ChangeCipherSpec => content::CHANGE_CIPHER_SPEC,
            Self::Heartbeat => content::HEARTBEAT,
            Self::Encrypted => content::HANDSHAKE,
        }
    }
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
    /// Nor will it: keys of an earlier session are used, or ones that both were given.
    resumed: bool,
    ended: PerSide<bool>,
    /// Both hellos were seen.
    is_whole: bool,
    /// Until it is done; with TLS 1.3 until the server says something after it.
    handshake: Option<Box<Handshake>>,
    extended_master_secret: bool,
    /// A client's Certificate without certificates, or what must be one.
    empty_certificate: bool,
    early: Early,
    /// What was spoken before, where it is not the connection's beginning.
    behind: &'static str,
    tail: Tail,
    renegotiation: u8,
    /// Both sides' records can be opened.
    pub(super) sees: bool,
    /// Both streams are seen from their beginning.
    pub(super) beginning: bool,
    /// Whether the session is decrypted, as far as that was told.
    told: Option<bool>,
}

/// What became of data that the client sends before the answer (RFC 8446 4.2.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Early {
    #[default]
    None,
    /// The server may still take it.
    Offered,
    /// The server has finished, by the size of its record: what it says next is in answer, or of its own.
    Due,
    Accepted,
    Rejected,
}

impl Talk {
    pub(super) fn new(behind: &'static str, beginning: bool) -> Self {
        Self {
            behind,
            beginning,
            ..Self::default()
        }
    }

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
        self.tail.renegotiates &= side == Side::Client;
        // A session begins with what is asked, before its first message is told.
        match kind {
            message::CLIENT_HELLO => self.step(side, span, Event::ClientHello, out),
            message::SERVER_HELLO => self.step(side, span, Event::Retry, out),
            _ => {}
        }
        told(side, span, op, out);
        if let Some(handshake) = &mut self.handshake {
            handshake.step(side, span, op.name);
        }
        match (kind, side) {
            (message::CLIENT_HELLO, _) => {
                if let Some(hello) = hello::client(body) {
                    self.client_hello(side, span, &hello, body, out);
                }
            }
            (message::SERVER_HELLO, _) => match hello::server(body) {
                Some(hello) => self.server_hello(side, span, &hello, body, out),
                None => self.step(side, span, Event::ServerHello, out),
            },
            (message::HELLO_RETRY_REQUEST, _) => self.retry(side, span, out),
            (message::CERTIFICATE, _) => self.certificate(side, span, body, out),
            (message::SERVER_KEY_EXCHANGE, Side::Server) => self.key_exchange(span, body, out),
            (message::CERTIFICATE_REQUEST, Side::Server) => {
                if let Some(handshake) = &mut self.handshake {
                    handshake.requested = Some(span);
                }
                out.detail(side, span, "client_certificate", "asked for");
            }
            (message::SERVER_HELLO_DONE, Side::Server) => self.not_resumed(span, out),
            (message::NEW_SESSION_TICKET, Side::Server) => {
                let tls13 = self.is_tls13();
                let ems = self.is_whole.then_some(self.extended_master_secret);
                if let Some(fact) = resumption::issued_ticket(body, tls13, ems) {
                    out.fact(side, span, fact);
                }
            }
            (message::ENCRYPTED_EXTENSIONS, Side::Server) => {
                let mut c = Cursor::new(body, 0, &[]);
                let mut taken = false;
                for (kind, data) in hello::extensions(&mut c) {
                    taken |= kind == extension::EARLY_DATA;
                    if let (extension::ALPN, Some(name)) = (kind, hello::alpn(data)) {
                        out.detail(side, span, "alpn", text::printable(name, NAME));
                    }
                }
                self.early_data(span, taken, true, out);
            }
            (message::END_OF_EARLY_DATA, Side::Client) => self.early_data(span, true, true, out),
            (message::FINISHED, _) => {
                if side == Side::Client {
                    // Where the server's answer was not read: an EndOfEarlyData would have come before.
                    self.early_data(span, false, false, out);
                }
                self.finished(side, span, out);
            }
            (message::HELLO_REQUEST, Side::Server) => self.renegotiates(side, span, out),
            _ => {}
        }
        if kind == message::CLIENT_HELLO && self.state == State::Open {
            self.renegotiates(side, span, out);
        }
    }

    /// A handshake message in the open session, up to TLS 1.2 a new handshake.
    fn renegotiates(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let told = self.state == State::Open && self.is_whole && !self.is_tls13();
        self.tail.renegotiates = told && side == Side::Client;
        if told && self.renegotiation < RENEGOTIATION {
            self.renegotiation += 1;
            out.fact(side, span, Fact::new("tls.renegotiation"));
        }
    }

    fn resume(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if std::mem::replace(&mut self.resumed, true) {
            return;
        }
        let offer = self.handshake.as_ref().and_then(|h| h.offer);
        if offer.is_some_and(|offer| offer.by() == By::External) {
            out.detail(side, span, "external_psk", "taken");
        } else {
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
        if let Some(handshake) = &mut self.handshake
            && (self.state != State::Open || seen != Seen::Opened || !self.empty_certificate)
        {
            handshake.step(side, span, name);
        }
        if self.state == State::Answered && side == Side::Server && self.answers_early(seen) {
            self.tail.client_is_due();
            self.step(side, span, Event::Established, out);
        }
        if self.state == State::Open {
            self.under_way(side, span, seen);
        }
        match seen {
            Seen::Data(len) => self.data(side, span, len, out),
            Seen::Opened => self.opened(side, span, out),
            Seen::Alert(alert) => self.alert(side, span, alert, out),
            Seen::ChangeCipherSpec => self.change(side, span, out),
            Seen::Encrypted if self.state == State::Open => self.renegotiates(side, span, out),
            Seen::Encrypted => {
                if self.changed[side] || self.state == State::Start {
                    self.finished(side, span, out);
                }
            }
            Seen::Heartbeat => {}
        }
    }

    /// A record of the open session.
    fn under_way(&mut self, side: Side, span: Span, seen: Seen) {
        let shape = match seen {
            Seen::Data(len) if self.is_tls13() => shape(self.suite, len),
            _ => Shape::Other,
        };
        self.tail.record(side, span, seen, shape);
        self.tail.renegotiates &= side == Side::Client || matches!(seen, Seen::Alert(_));
        let spoke = !self.tail.is_closed(side) && !self.tail.is_unanswered(true);
        if side == Side::Server && spoke && !self.may_demand() {
            self.handshake = None;
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
        if side == Side::Client {
            self.tail.client_said(span);
        }
        if self.finished[side.other()] || self.state == State::Start {
            self.step(side, span, Event::Established, out);
        }
    }

    fn data(&mut self, side: Side, span: Span, len: u16, out: &mut Output<'_>) {
        match self.state {
            State::Open if self.early == Early::Due && side == Side::Client => {
                match shape(self.suite, len) {
                    Shape::EndOfEarlyData => self.early_data(span, true, false, out),
                    Shape::Finished => self.early_data(span, false, false, out),
                    _ => {}
                }
            }
            State::Open | State::Over | State::Closing => {}
            State::Asked if self.early_data && side == Side::Client => {}
            // In TLS 1.3 the rest of the handshake looks like data: the server's first, then the client's.
            State::Answered if self.is_tls13() => {
                let shape = shape(self.suite, len);
                match (side, shape) {
                    // Drafts ended early data by an alert.
                    (Side::Client, Shape::Alert) if self.awaits_early() => {}
                    (_, Shape::Alert) => self.hidden_alert(side, span, out),
                    (Side::Server, shape) => {
                        self.finished[side] = true;
                        let last = shape == Shape::Finished && self.resumed;
                        if last && self.early == Early::Offered {
                            self.early = Early::Due;
                        }
                    }
                    (Side::Client, _) if !self.finished.server => {}
                    (Side::Client, shape) => self.flight(span, shape, out),
                }
            }
            _ => self.step(side, span, Event::Established, out),
        }
    }

    /// A record of the client's last flight in TLS 1.3.
    fn flight(&mut self, span: Span, shape: Shape, out: &mut Output<'_>) {
        let side = Side::Client;
        match shape {
            Shape::EndOfEarlyData => return self.early_data(span, true, false, out),
            Shape::NoCertificate => {
                self.empty_certificate = true;
                return out.detail(side, span, "client_certificate", "none");
            }
            Shape::NoCertificateFinished => {
                self.empty_certificate = true;
                out.detail(side, span, "client_certificate", "none");
            }
            Shape::Alert | Shape::Short => return,
            Shape::Finished => self.early_data(span, false, false, out),
            Shape::Other => self.tail.flight_goes_on(),
        }
        self.finished(side, span, out);
    }

    /// What must be an alert, by its size, in place of the handshake's next message.
    fn hidden_alert(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let fact = Fact::new("tls.alert")
            .with("encrypted", true)
            .with("stage", self.stage(side, false));
        out.fact(side, span, fact);
        self.step(side, span, Event::Fatal, out);
    }

    /// When an alert of `side` comes, which can be read or not.
    fn stage(&self, side: Side, read: bool) -> &'static str {
        match self.state {
            // Up to TLS 1.2 who sends in clear has not changed to its keys.
            State::Open if read && !self.is_whole && !self.is_tls13() && !self.changed[side] => {
                "handshake"
            }
            State::Start => "unknown",
            State::Asked | State::Answered => "handshake",
            _ => "session",
        }
    }

    fn alert(&mut self, side: Side, span: Span, alert: Option<(u8, u8)>, out: &mut Output<'_>) {
        if side == Side::Server && std::mem::take(&mut self.tail.renegotiates) {
            out.fact(side, span, Fact::new("tls.renegotiation-refused"));
        }
        self.tail.notified[side] |= alert.is_none_or(|(_, code)| code == names::CLOSE_NOTIFY);
        let Some((level, description)) = alert else {
            return match self.state {
                State::Asked | State::Answered => self.hidden_alert(side, span, out),
                _ => self.step(side, span, Event::Close, out),
            };
        };
        let fact = Fact::new("tls.alert")
            .with("level", names::alert_level(level))
            .with("description", names::alert(description))
            .with("code", description)
            .with("stage", self.stage(side, true));
        out.fact(side, span, fact);
        match (level, description) {
            (_, 0) => self.step(side, span, Event::Close, out),
            (2, _) => self.step(side, span, Event::Fatal, out),
            _ => {}
        }
    }

    /// What `side` says is the first answer to a hello.
    pub(super) fn is_answer(&self, side: Side) -> bool {
        let heard = |h: &Handshake| h.heard(Side::Server);
        side == Side::Server
            && self.state == State::Asked
            && !self.handshake.as_deref().is_some_and(heard)
    }

    /// No hello was read yet.
    pub(super) fn is_before_hello(&self) -> bool {
        self.state == State::Start
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
        if let Some(handshake) = &mut self.handshake {
            handshake.step(side, span, op.name);
        }
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
        if event == Event::ClientHello && matches!(self.state, State::Start) {
            self.handshake.get_or_insert_default();
        }
        let Some((state, phase)) = next(self.state, event) else {
            return;
        };
        let was = std::mem::replace(&mut self.state, state);
        match state {
            State::Open => {
                if !self.sees {
                    out.emit(side, span, Act::Encrypted);
                }
                if !self.is_tls13() && !self.may_demand() {
                    self.handshake = None;
                }
            }
            State::Over if event == Event::Fatal => self.tell(out),
            State::Closing | State::Over if was != State::Open => self.tell(out),
            _ => {}
        }
        if self.phase.replace(phase) != Some(phase) {
            out.phase(side, span, phase);
        }
    }

    /// The handshake came to nothing, or the session soon after it.
    fn tell(&mut self, out: &mut Output<'_>) {
        if let Some(mut handshake) = self.handshake.take() {
            handshake.tell(out);
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
