//! How connections ended that nobody closed in order: a time-out shows only over many of them.

use std::net::IpAddr;

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{FrameNo, Side, Stamp};
use hashbrown::{HashMap, HashSet};

use crate::session::model::{Endpoint, Flow, Session};
use crate::session::rhythm::Beats;
use crate::stream::facts::TcpFacts;

/// Silences shorter than this are no idling: seconds. Beyond WebSocket, whose applications speak often, they are longer.
const IDLE: f64 = 3.0;
const LONG_IDLE: f64 = 10.0;
/// The protocol of an end that cut a stream of events.
pub const EVENTS: &str = "event-stream";
/// Connections younger than this were not ended for their age: seconds.
const AGED: f64 = 30.0;
/// Who spoke so shortly before the end, as a share of the age, was not idle.
const BUSY: f64 = 0.05;
/// So many make a pattern.
const LEAST: usize = 3;
/// How far silences may be apart: this share, and never more than so many seconds.
const IDLE_SHARE: f64 = 0.1;
const IDLE_APART: f64 = 2.0;
/// How far ages may be apart: a share. Those that began together in so short a time may have ended together for another reason.
const AGE_SHARE: f64 = 0.02;
const STARTS_APART: f64 = 0.05;

/// A connection that was ended by FIN or reset where its protocol knows a better end.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Whose.
    pub client: Endpoint,
    /// With whom.
    pub server: Endpoint,
    /// What was spoken.
    pub protocol: &'static str,
    /// Who ended it.
    pub side: Side,
    /// The FIN, the reset, or the Close of a WebSocket.
    pub stamp: Stamp,
    /// A reset with another TTL than its sender's other segments.
    pub foreign: bool,
    /// When it began.
    pub began: Stamp,
    /// Seconds since the last new bytes of either side.
    pub idle: f64,
    /// A longer silence had done no harm before.
    pub longer: bool,
    /// Seconds since it began.
    pub age: f64,
    /// The capture has its begin.
    pub whole: bool,
    /// The server closed a WebSocket with a Close, in order though not at its wish.
    pub closed: bool,
}

impl End {
    /// How `flow` ended, if it ended so.
    pub(super) fn of(flow: &Flow) -> Option<Self> {
        let tcp = flow.tcp.as_deref()?;
        if tcp.one_sided().is_some() {
            return None;
        }
        let websocket = flow.sessions.iter().find(|s| s.protocol == "websocket");
        let feed = || flow.sessions.iter().any(is_cut_feed);
        let (stamp, side, closed, feed) = match websocket {
            Some(session) => {
                let (stamp, side, closed) = of_websocket(session, tcp)?;
                (stamp, side, closed, false)
            }
            None => match of_others(tcp).filter(|_| tcp.saw_start()) {
                Some((stamp, side)) => (stamp, side, false, feed()),
                None => {
                    let (stamp, side) = of_feed(tcp, feed)?;
                    (stamp, side, false, true)
                }
            },
        };
        let last = |s: Side| tcp.sides[s].last_data.filter(|l| *l < stamp);
        let last = Side::BOTH.into_iter().filter_map(last).max()?;
        let idle = stamp.time.since(last.time);
        // Who was silent for longer before, and lived, was not ended for his silence.
        let longer = tcp
            .longest_idle
            .is_some_and(|(from, to)| to < stamp && to.time.since(from.time) > idle);
        let reset = tcp.reset().filter(|r| r.stamp == stamp);
        let protocol = match flow.sessions.get(1) {
            _ if feed => EVENTS,
            Some(session) => session.protocol,
            None => "tcp",
        };
        let began = flow.first;
        Some(Self {
            client: flow.client,
            server: flow.server,
            protocol: websocket.map_or(protocol, |s| s.protocol),
            side,
            stamp,
            foreign: reset.is_some_and(|r| r.usual_ttl.is_some_and(|usual| usual != r.ttl)),
            began,
            idle,
            longer,
            age: stamp.time.since(began.time),
            whole: tcp.saw_start(),
            closed,
        })
        .filter(|end| end.idle_age().is_some() || end.full_age().is_some())
    }

    /// The silence before the end, where it was one.
    fn idle_age(&self) -> Option<f64> {
        let least = match self.protocol {
            "websocket" | EVENTS => IDLE,
            _ => LONG_IDLE,
        };
        (!self.closed && !self.longer && self.idle >= least).then_some(self.idle)
    }

    /// The age at the end, where it came in mid-work.
    fn full_age(&self) -> Option<f64> {
        let by_server = self.side == Side::Server;
        (by_server && self.whole && self.age >= AGED && self.idle <= self.age * BUSY)
            .then_some(self.age)
    }
}

/// Where a WebSocket ended without a Close, or by a Close of the server that says no fault of anybody.
fn of_websocket(session: &Session, tcp: &TcpFacts) -> Option<(Stamp, Side, bool)> {
    let missing = |side: Side| {
        let carrier = &tcp.sides[side];
        session.troubles.skipped[side]
            + session.missing[side].max(carrier.missing)
            + carrier.acked_unseen
    };
    let unread = session.began_before_capture || Side::BOTH.into_iter().any(|s| missing(s) > 0);
    if session.entered(Phase::Open).is_none() || unread {
        return None;
    }
    if let Some(close) = session.facts_named("ws.close").next() {
        let away = matches!(close.int("code"), Some(1001 | 1012 | 4000..=4999));
        return (close.side == Side::Server && away).then_some((close.stamp, close.side, true));
    }
    let (stamp, side) = first_end(tcp)?;
    Some((stamp, side, false))
}

/// Where another connection was reset by the server's side, before anybody closed.
fn of_others(tcp: &TcpFacts) -> Option<(Stamp, Side)> {
    let reset = tcp
        .reset()
        .filter(|r| tcp.was_reset() && !r.to_syn && !r.after_fin)?;
    let closed = Side::BOTH.into_iter().any(|s| tcp.sides[s].fin.is_some());
    let spoken = Side::BOTH
        .into_iter()
        .all(|s| tcp.sides[s].stream_bytes > 0);
    let whole = reset.side == Side::Server && spoken && !closed && !has_holes(tcp);
    whole.then_some((reset.stamp, reset.side))
}

/// Where somebody ended the connection before the last chunk of a stream of events.
fn of_feed(tcp: &TcpFacts, is_cut: impl FnOnce() -> bool) -> Option<(Stamp, Side)> {
    first_end(tcp).filter(|_| !has_holes(tcp) && is_cut())
}

fn is_cut_feed(session: &Session) -> bool {
    session.protocol == "http" && session.fact("http.feed-cut").is_some()
}

fn has_holes(tcp: &TcpFacts) -> bool {
    Side::BOTH
        .into_iter()
        .any(|s| tcp.sides[s].missing + tcp.sides[s].acked_unseen > 0)
}

fn first_end(tcp: &TcpFacts) -> Option<(Stamp, Side)> {
    let reset = tcp.reset().filter(|_| tcp.was_reset());
    let reset = reset.map(|r| (r.stamp, r.side));
    let fins = Side::BOTH
        .into_iter()
        .filter_map(|side| Some((tcp.sides[side].fin?, side)));
    fins.chain(reset).min_by_key(|(stamp, _)| *stamp)
}

/// What the ends of a pattern have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alike {
    /// The silence before the end, at one server.
    Idle,
    /// The same, at several servers: something before the client is in common.
    IdleOnTheWay,
    /// The age at the end, at one server.
    Age,
}

/// Connections that ended alike.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// In what.
    pub alike: Alike,
    /// They, in the order of their ends.
    pub ends: Vec<End>,
    /// Seconds: their mean.
    pub after: f64,
}

/// A WebSocket with a heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct Heart {
    /// With whom.
    pub server: Endpoint,
    /// Seconds between two beats.
    pub period: f64,
    /// Seconds that it lived, as far as it was seen.
    pub age: f64,
}

impl Heart {
    pub(super) fn all(flow: &Flow) -> impl Iterator<Item = Self> {
        let websockets = flow.sessions.iter().filter(|s| s.protocol == "websocket");
        websockets.filter_map(|session| {
            let periods = session.troubles.beats.iter().filter_map(Beats::period);
            Some(Self {
                server: flow.server,
                period: periods.reduce(f64::min)?,
                age: session.last.time.since(session.first.time),
            })
        })
    }
}

/// The patterns in ends that are sorted by time, each by the frame of its last end.
pub(super) fn patterns(ends: &[End]) -> HashMap<FrameNo, Pattern> {
    let mut found = HashMap::new();
    let mut look = |alike, groups: HashMap<Group, Vec<End>>| {
        let mut told = HashSet::<FrameNo>::new();
        for group in groups.into_values() {
            for pattern in clusters(alike, group) {
                told.extend(pattern.ends.iter().map(|e| e.stamp.frame));
                if let Some(last) = pattern.ends.last() {
                    found.insert(last.stamp.frame, pattern);
                }
            }
        }
        told
    };
    let by_server = |e: &End| (e.server.address, e.server.port, e.side, kind(e));
    let idle = ends.iter().filter(|e| e.idle_age().is_some());
    let known = look(Alike::Idle, grouped(idle, by_server));
    let aged = ends.iter().filter(|e| e.full_age().is_some());
    look(Alike::Age, grouped(aged, by_server));
    let rest = ends
        .iter()
        .filter(|e| e.idle_age().is_some() && !known.contains(&e.stamp.frame));
    let by_client = |e: &End| (e.client.address, 0, e.side, kind(e));
    look(Alike::IdleOnTheWay, grouped(rest, by_client));
    found
}

type Group = (IpAddr, u16, Side, &'static str);

/// What is idle by habit is not to be mixed with what is not.
fn kind(end: &End) -> &'static str {
    match end.protocol {
        kind @ ("websocket" | EVENTS) => kind,
        _ => "",
    }
}

fn grouped<'a>(
    ends: impl Iterator<Item = &'a End>,
    by: impl Fn(&End) -> Group,
) -> HashMap<Group, Vec<End>> {
    let mut groups = HashMap::<Group, Vec<End>>::new();
    for end in ends {
        groups.entry(by(end)).or_default().push(*end);
    }
    groups
}

/// Runs of ends whose values are close to each other.
fn clusters(alike: Alike, mut ends: Vec<End>) -> Vec<Pattern> {
    let value = |e: &End| if alike == Alike::Age { e.age } else { e.idle };
    ends.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let mut rest = ends.as_slice();
    let mut found = Vec::new();
    while let Some(first) = rest.first() {
        let from = value(first);
        let apart = match alike {
            Alike::Age => from * AGE_SHARE,
            _ => (from * IDLE_SHARE).min(IDLE_APART),
        };
        let count = rest.partition_point(|e| value(e) <= from + apart);
        let (alike_ends, others) = rest.split_at(count);
        rest = others;
        if is_pattern(alike, alike_ends) {
            let mut ends = alike_ends.to_vec();
            let after = ends.iter().map(value).sum::<f64>() / ends.len() as f64;
            ends.sort_by_key(|e| e.stamp);
            found.push(Pattern { alike, ends, after });
        }
    }
    found
}

fn is_pattern(alike: Alike, ends: &[End]) -> bool {
    if ends.len() < LEAST {
        return false;
    }
    // What ended at one moment was ended by one event.
    let ended = || ends.iter().map(|e| e.stamp.time);
    let over = ended()
        .max()
        .zip(ended().min())
        .map_or(0.0, |(a, b)| a.since(b));
    match alike {
        Alike::Idle | Alike::IdleOnTheWay if over <= IDLE_APART => false,
        Alike::Idle => true,
        Alike::IdleOnTheWay => {
            let mut servers: Vec<_> = ends.iter().map(|e| e.server.address).collect();
            servers.sort_unstable();
            servers.dedup();
            servers.len() >= LEAST
        }
        Alike::Age => {
            let starts = || ends.iter().map(|e| e.began.time);
            let apart = starts()
                .max()
                .zip(starts().min())
                .map_or(0.0, |(a, b)| a.since(b));
            ends.first().is_some_and(|e| apart > STARTS_APART * e.age)
        }
    }
}
