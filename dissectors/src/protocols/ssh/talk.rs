//! What the messages mean for the session: its state, what was agreed, how it ended.

use super::describe::Context;
use super::names::{self, Method};
use super::wire::{self, Cursor, KexInit, LISTS, list, message, message1};
use crate::dissector::{End, Output};
use crate::event::{Act, Fact, Op, Phase};
use crate::text;
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Characters of a version or a text in details.
const TEXT: usize = 255;
/// Bytes of one name-list that are kept until the other side's comes.
const LIST_MOST: usize = 8192;

/// Where the session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Versions and keys are being agreed.
    #[default]
    Negotiating,
    /// Both sides have their keys.
    Open,
    /// Over, for whatever reason.
    Over,
}

/// What moves the session on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A version line.
    Version,
    /// The second side's keys are taken.
    Keys,
    /// A DISCONNECT in clear.
    Disconnect,
    /// Both sides have ended their streams.
    End,
    /// The connection was reset.
    Reset,
}

/// The transitions (RFC 4253 4.2, 7.3, 11.1); `None` where nothing changes.
const fn next(state: State, event: Event) -> Option<(State, Phase)> {
    Some(match (state, event) {
        (State::Negotiating, Event::Version) => (State::Negotiating, Phase::Negotiating),
        (State::Negotiating, Event::Keys) => (State::Open, Phase::Open),
        (State::Negotiating, Event::Disconnect) => (State::Over, Phase::Refused),
        (State::Open, Event::Disconnect | Event::End) => (State::Over, Phase::Closed),
        (State::Negotiating, Event::End | Event::Reset) | (State::Open, Event::Reset) => {
            (State::Over, Phase::Aborted)
        }
        _ => return None,
    })
}

/// The dialogue, apart from the bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Talk {
    state: State,
    /// What was said of it last.
    phase: Option<Phase>,
    beginning: bool,
    versions: PerSide<Option<(u32, u32)>>,
    /// What a side offers, until the other's is known.
    offers: PerSide<Option<[Vec<u8>; LISTS]>>,
    method: Method,
    /// The side's packets are encrypted, or lost.
    keyed: PerSide<bool>,
    ended: PerSide<bool>,
}

impl Talk {
    pub(super) fn new(beginning: bool) -> Self {
        Self {
            beginning,
            ..Self::default()
        }
    }

    pub(super) const fn context(&self, side: Side) -> Context {
        Context {
            side,
            method: self.method,
            old: self.is_old(),
        }
    }

    /// SSH 1 is spoken: one side can do nothing else. 1.99 stands for both.
    pub(super) const fn is_old(&self) -> bool {
        const fn old(version: Option<(u32, u32)>) -> bool {
            matches!(version, Some((1, minor)) if minor != 99)
        }
        old(self.versions.client) || old(self.versions.server)
    }

    pub(super) fn version(&mut self, side: Side, span: Span, line: &[u8], out: &mut Output<'_>) {
        self.versions[side] = wire::protocol_version(line);
        self.step(side, span, Event::Version, out);
        told(side, span, Op::new("Protocol", 0), out);
        let key = match side {
            Side::Client => "client_version",
            Side::Server => "server_version",
        };
        let version = text::printable(wire::without_end(line), TEXT);
        out.detail(side, span, key, version);
    }

    /// The first line of what a server says before its version.
    pub(super) fn text(&mut self, side: Side, span: Span, text: String, out: &mut Output<'_>) {
        self.step(side, span, Event::Version, out);
        told(side, span, Op::new("Text", 0), out);
        if side == Side::Server && self.beginning {
            out.detail(side, span, "server_text", text);
        }
    }

    /// A packet in clear; true when it is this side's last.
    pub(super) fn message(
        &mut self,
        side: Side,
        span: Span,
        code: u8,
        body: &[u8],
        out: &mut Output<'_>,
    ) -> bool {
        if self.is_old() {
            return self.message1(side, span, code, out);
        }
        let op = Op::new(names::message(code, self.method), u32::from(code));
        told(side, span, op, out);
        match code {
            message::KEXINIT => self.offer(side, span, body, out),
            message::DISCONNECT => self.disconnect(side, span, body, out),
            message::NEWKEYS => {
                self.keys(side, span, out);
                return true;
            }
            _ => {}
        }
        false
    }

    /// After its session key a client's packets are encrypted, and the server's answer is too.
    fn message1(&mut self, side: Side, span: Span, code: u8, out: &mut Output<'_>) -> bool {
        told(
            side,
            span,
            Op::new(names::message1(code), u32::from(code)),
            out,
        );
        match code {
            message1::DISCONNECT => self.step(side, span, Event::Disconnect, out),
            message1::SESSION_KEY => {
                self.keyed = PerSide::new(true, true);
                self.step(side, span, Event::Keys, out);
            }
            _ => {}
        }
        // A server's only packet in clear is its public key.
        side == Side::Server || code == message1::SESSION_KEY
    }

    fn offer(&mut self, side: Side, span: Span, body: &[u8], out: &mut Output<'_>) {
        let Some(init) = KexInit::read(body) else {
            let what = "a KEXINIT that is cut";
            return out.emit(side, span, Act::Malformed { what });
        };
        let keep = |list: &[u8]| list.get(..LIST_MOST).unwrap_or(list).to_vec();
        self.offers[side] = Some(init.lists.map(keep));
        if let (Some(client), Some(server)) = (&self.offers.client, &self.offers.server) {
            self.method = agree(side, span, client, server, out);
            self.offers = PerSide::default();
        }
    }

    fn disconnect(&mut self, side: Side, span: Span, body: &[u8], out: &mut Output<'_>) {
        let mut c = Cursor::new(body, 0);
        let code = c.u32().unwrap_or(0);
        let words = c.string().unwrap_or(&[]);
        let fact = Fact::new("ssh.disconnect")
            .with("code", code)
            .with("reason", names::disconnect(code))
            .with("description", text::printable(words, TEXT));
        out.fact(side, span, fact);
        self.step(side, span, Event::Disconnect, out);
    }

    fn keys(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        self.keyed[side] = true;
        if self.keyed.client && self.keyed.server {
            self.step(side, span, Event::Keys, out);
        }
    }

    /// Of this side no packet can be read any more.
    pub(super) fn lost(&mut self, side: Side) {
        self.keyed[side] = true;
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

/// What the two offers come to. Says it, and gives the key exchange method.
fn agree(
    side: Side,
    span: Span,
    client: &[Vec<u8>; LISTS],
    server: &[Vec<u8>; LISTS],
    out: &mut Output<'_>,
) -> Method {
    let pair = |place: usize| {
        let of = |lists: &'_ [Vec<u8>; LISTS]| lists.get(place).cloned().unwrap_or_default();
        (of(client), of(server))
    };
    let choose = |place: usize| {
        let (client, server) = pair(place);
        wire::agreed(&client, &server).map(<[u8]>::to_vec)
    };
    let mut method = Method::default();
    let single = [("kex", list::KEX), ("host_key", list::HOST_KEY)];
    let double = [
        (
            "cipher",
            "cipher_to_client",
            list::CIPHER_TO_SERVER,
            list::CIPHER_TO_CLIENT,
        ),
        (
            "mac",
            "mac_to_client",
            list::MAC_TO_SERVER,
            list::MAC_TO_CLIENT,
        ),
        (
            "compression",
            "compression_to_client",
            list::COMPRESSION_TO_SERVER,
            list::COMPRESSION_TO_CLIENT,
        ),
    ];
    let mut say = |key: &'static str, place: usize, unless: Option<&[u8]>| {
        let chosen = choose(place);
        match &chosen {
            Some(name) if unless == Some(name) => {}
            Some(name) => out.detail(side, span, key, text::printable(name, TEXT)),
            None => {
                let (client, server) = pair(place);
                let fact = Fact::new("ssh.nothing-in-common")
                    .with("of", key)
                    .with("client", text::printable(&client, TEXT))
                    .with("server", text::printable(&server, TEXT));
                out.fact(side, span, fact);
            }
        }
        chosen
    };
    for (key, place) in single {
        let chosen = say(key, place, None);
        if place == list::KEX {
            method = Method::of(&chosen.unwrap_or_default());
        }
    }
    // A cipher that authenticates itself needs no code.
    let is_aead = |name: &[u8]| name.windows(4).any(|w| w == b"gcm@" || w == b"poly");
    let mut aead = false;
    for (key, back, there, here) in double {
        if key == "mac" && aead {
            continue;
        }
        let chosen = say(key, there, None);
        let answer = say(back, here, chosen.as_deref());
        if key == "cipher" {
            let both = [chosen, answer];
            aead = both.iter().flatten().all(|name| is_aead(name));
        }
    }
    method
}

fn told(side: Side, span: Span, op: Op, out: &mut Output<'_>) {
    out.describe(|| op.to_string());
    out.emit(side, span, Act::Message { op });
}
