//! What is known beyond one session: the end of the capture, and what is learned from all sessions together.

use std::net::IpAddr;

use colloquy_dissectors::event::{Op, Phase};
use colloquy_dissectors::units::{FrameNo, Side, Stamp, Timestamp};
use hashbrown::HashMap;

use super::connects;
pub use super::connects::{Burst, Connect, Failures, Reuse};
use super::ends::{self, End, Heart, Pattern};
use super::nfs_joins::NfsJoins;
use super::plateau::{self, Plateau};
use super::smb_joins::SmbJoins;
use super::smb_waits::SmbWaits;
use super::tls::TlsWorld;
use super::web::Web;
use super::{Thresholds, seconds};
use crate::capture::Break;
use crate::session::model::{Endpoint, Flow, Session, Transport};
use crate::session::times::Times;

/// A fragmented IP datagram that was never completed.
#[derive(Clone, Debug)]
pub struct LostDatagram {
    /// Between which addresses.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Ports, when the first fragment was seen.
    pub ports: Option<(u16, u16)>,
    /// The first fragment was seen.
    pub has_first: bool,
    /// When its first fragment was seen.
    pub began: Timestamp,
    /// The frames of the fragments that were seen.
    pub frames: Vec<FrameNo>,
    /// The byte ranges that never came; without an end where the length is unknown.
    pub missing: Vec<(u32, Option<u32>)>,
    /// The capture ended before the time-out.
    pub cut_short: bool,
    /// A bound was reached before it was whole.
    pub evicted: bool,
    /// The conversation that it belongs to, as far as its ports or its addresses and its time tell.
    pub flow: Option<u32>,
}

impl LostDatagram {
    /// How well `flow` fits: whether the ports agree, and the distance in time; less is better. `None` where it
    /// cannot belong to it.
    fn distance(&self, flow: &Flow) -> Option<(bool, i64)> {
        let protocol = if flow.transport == Transport::Tcp {
            6
        } else {
            17
        };
        let one = (flow.client.address, flow.server.address);
        let ways = [one, (one.1, one.0)];
        if self.protocol != protocol || !ways.contains(&(self.source, self.destination)) {
            return None;
        }
        let forth = (flow.client.port, flow.server.port);
        let back = (forth.1, forth.0);
        let wanted = if one.0 == self.source { forth } else { back };
        if self.ports.is_some_and(|p| p != wanted) {
            return None;
        }
        let early = flow.first.time.nanos_since(self.began).max(0);
        let late = self.began.nanos_since(flow.last.time).max(0);
        Some((self.ports.is_none(), early.max(late)))
    }
}

/// A NetBIOS session that was asked for: refusals are told apart from the trying of names by what came next.
#[derive(Clone, Debug)]
pub struct NameCall {
    /// Who called.
    pub client: IpAddr,
    /// Where.
    pub server: IpAddr,
    /// Which name: `FILESRV<20>`.
    pub called: String,
    /// The session request.
    pub asked: Stamp,
    /// It was granted.
    pub granted: Option<Stamp>,
    /// It was sent elsewhere.
    pub retargeted: Option<Stamp>,
}

/// A WebSocket that was granted: a refusal that is followed by one was only a step on the way.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// Who asked.
    pub client: IpAddr,
    /// Where.
    pub server: Endpoint,
    /// For which path.
    pub path: String,
    /// The server's 101.
    pub granted: Stamp,
}

/// The same refusal of one client by one server, in however many connections.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// Refusals.
    pub count: u64,
    /// Connections with at least one.
    pub connections: u64,
    /// The first.
    pub first: Stamp,
    /// The last.
    pub last: Stamp,
    /// A later connection in which it was granted: its last frame.
    pub granted: Option<Stamp>,
}

impl Tries {
    /// From how many connections on somebody is held to try again and again.
    const MANY: u64 = 5;

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.connections += other.connections;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// What there is to say when they are many: " It is one of 61 such refusals in 61 connections within 19.9 s."
    pub fn told(&self) -> String {
        if self.connections < Self::MANY {
            return String::new();
        }
        format!(
            " It is one of {} such refusals of this client, in {} connections within {}: a program that does not give \
             up, or somebody who guesses.",
            self.count,
            self.connections,
            seconds(self.last.time.since(self.first.time))
        ) + &self.granted.map_or_else(String::new, |granted| {
            format!(
                " The same was granted then, in the connection that ends in frame {}.",
                granted.frame
            )
        })
    }
}

type Refusal = (&'static str, IpAddr, IpAddr, Op, u32);

/// The capture around a session.
#[derive(Debug, Default)]
pub struct World {
    /// The time of the first frame.
    pub start: Timestamp,
    /// The time of the last frame; now, while the capture runs.
    pub end: Timestamp,
    /// Where the recording was interrupted.
    pub breaks: Vec<Break>,
    /// The capture still runs.
    pub running: bool,
    /// Frames that the interface dropped.
    pub dropped: u64,
    /// How long is too long.
    pub thresholds: Thresholds,
    /// Connects in the order of their first SYN.
    pub connects: Vec<Connect>,
    /// Fragmented datagrams that were never completed.
    pub lost_datagrams: Vec<LostDatagram>,
    /// NetBIOS sessions in the order of their requests.
    pub name_calls: Vec<NameCall>,
    pub(crate) failures: HashMap<FrameNo, Failures>,
    pub(crate) reuses: HashMap<FrameNo, Reuse>,
    /// WebSockets in the order of their opening.
    pub upgrades: Vec<Upgraded>,
    /// Connections that nobody closed in order, in the order of their ends.
    pub ends: Vec<End>,
    /// What many of those have in common, by the frame of the last.
    pub(crate) patterns: HashMap<FrameNo, Pattern>,
    /// Servers that turn connections away at a number of them, by the first SYN that they did so to.
    pub(crate) plateaus: HashMap<FrameNo, Plateau>,
    /// WebSockets with a heartbeat.
    pub hearts: Vec<Heart>,
    pub(crate) operations: HashMap<(&'static str, Op, Endpoint), Times>,
    pub(crate) refusals: HashMap<Refusal, Tries>,
    /// The latest session in which a DCE/RPC operation of a client at a server never failed: its begin and end.
    pub(crate) granted: HashMap<(IpAddr, IpAddr, Op), (Stamp, Stamp)>,
    pub(crate) hearing: Hearing,
    /// SMB sessions on several connections.
    pub smb: SmbJoins,
    /// CREATEs that wait for oplocks.
    pub(crate) waits: SmbWaits,
    /// What NFS gave, and calls that it did not answer.
    pub(crate) nfs: NfsJoins,
    /// Cookies and credentials over all connections.
    pub web: Web,
    pub(crate) tls: TlsWorld,
}

/// TCP connections by whether their frames of both sides were captured: of each host, and in all.
#[derive(Debug, Default)]
pub struct Hearing {
    /// Its own frames alone, and those of both sides.
    hosts: HashMap<IpAddr, (u32, u32)>,
    all: (u32, u32),
}

impl Hearing {
    fn learn(&mut self, flow: &Flow) {
        let Some(tcp) = flow.tcp.as_deref() else {
            return;
        };
        let sides = &tcp.sides;
        if let Some(side) = tcp.one_sided() {
            self.hosts.entry(flow.endpoint(side).address).or_default().0 += 1;
            self.all.0 += 1;
        } else if sides.client.frames > 0 && sides.server.frames > 0 {
            for side in Side::BOTH {
                self.hosts.entry(flow.endpoint(side).address).or_default().1 += 1;
            }
            self.all.1 += 1;
        }
    }

    fn learn_from(&mut self, other: &Self) {
        for (host, (alone, both)) in &other.hosts {
            let seen = self.hosts.entry(*host).or_default();
            *seen = (seen.0 + alone, seen.1 + both);
        }
        self.all = (self.all.0 + other.all.0, self.all.1 + other.all.1);
    }

    /// What is sent to `host` is mostly not in the capture (guard T3): so say its own connections or, where it has no
    /// other, all of them.
    pub fn is_deaf(&self, host: IpAddr) -> bool {
        let (alone, both) = self.hosts.get(&host).copied().unwrap_or(self.all);
        alone > 0 && alone >= both
    }
}

impl World {
    /// Learns from one more conversation.
    pub fn learn(&mut self, flow: &Flow) {
        for session in &flow.sessions {
            for operation in &session.operations {
                self.operations
                    .entry((session.protocol, operation.op, flow.server))
                    .or_default()
                    .merge(&operation.times);
            }
        }
        self.connects.extend(Connect::of(flow));
        self.learn_name_call(flow);
        self.learn_upgrades(flow);
        self.ends.extend(End::of(flow));
        self.hearts.extend(Heart::all(flow));
        self.learn_refusals(flow);
        self.learn_grants(flow);
        self.hearing.learn(flow);
        self.smb.learn(flow);
        self.waits.learn(flow);
        self.nfs.learn(flow);
        self.web.learn(flow);
        self.tls.learn(flow);
    }

    /// Adds what was learned elsewhere from later conversations.
    pub fn learn_from(&mut self, other: Self) {
        for (operation, times) in other.operations {
            self.operations
                .entry(operation)
                .and_modify(|all| all.merge(&times))
                .or_insert(times);
        }
        for (refusal, tries) in other.refusals {
            self.refusals
                .entry(refusal)
                .and_modify(|all| all.add(&tries))
                .or_insert(tries);
        }
        for (call, seen) in other.granted {
            let latest = self.granted.entry(call).or_insert(seen);
            *latest = seen.max(*latest);
        }
        self.connects.extend(other.connects);
        self.name_calls.extend(other.name_calls);
        self.upgrades.extend(other.upgrades);
        self.ends.extend(other.ends);
        self.hearts.extend(other.hearts);
        self.hearing.learn_from(&other.hearing);
        self.smb.learn_from(other.smb);
        self.waits.learn_from(other.waits);
        self.nfs.learn_from(other.nfs);
        self.web.learn_from(other.web);
        self.tls.learn_from(other.tls);
    }

    /// Refusals of `flow`'s client by its server, of one operation with one status.
    pub fn tries(
        &self,
        protocol: &'static str,
        flow: &Flow,
        op: Op,
        status: u32,
    ) -> Option<&Tries> {
        let (client, server) = (flow.client.address, flow.server.address);
        self.refusals.get(&(protocol, client, server, op, status))
    }

    /// A call that was refused again and again and granted in the end is what an attack looks like.
    fn learn_grants(&mut self, flow: &Flow) {
        let (client, server) = (flow.client.address, flow.server.address);
        for session in flow.sessions.iter().filter(|s| s.protocol == "dcerpc") {
            for operation in &session.operations {
                if operation.failed == 0 && operation.times.count() > 0 {
                    let seen = (session.first, session.last);
                    let latest = self
                        .granted
                        .entry((client, server, operation.op))
                        .or_insert(seen);
                    *latest = seen.max(*latest);
                }
            }
        }
    }

    fn settle_grants(&mut self) {
        for ((protocol, client, server, op, _), tries) in &mut self.refusals {
            let granted = self.granted.get(&(*client, *server, *op));
            tries.granted = granted
                .filter(|(first, _)| *protocol == "dcerpc" && *first > tries.last)
                .map(|(_, last)| *last);
        }
    }

    fn learn_refusals(&mut self, flow: &Flow) {
        let refuses = |s: &&Session| matches!(s.protocol, "dcerpc" | "smb" | "smb2");
        for session in flow.sessions.iter().filter(refuses) {
            for failure in &session.troubles.failures {
                let key = (
                    session.protocol,
                    flow.client.address,
                    flow.server.address,
                    failure.op,
                    failure.status.code,
                );
                let tries = Tries {
                    count: failure.count,
                    connections: 1,
                    first: failure.first.answered,
                    last: failure.last.answered,
                    granted: None,
                };
                self.refusals
                    .entry(key)
                    .and_modify(|all| all.add(&tries))
                    .or_insert(tries);
            }
        }
    }

    /// Gives each lost datagram to the conversation that it fits best.
    pub fn place_lost(&mut self, flows: &[Flow]) {
        if self.lost_datagrams.is_empty() {
            return;
        }
        let mut by_hosts: HashMap<(IpAddr, IpAddr), Vec<&Flow>> = HashMap::new();
        for flow in flows {
            let (a, b) = (flow.client.address, flow.server.address);
            by_hosts.entry((a.min(b), a.max(b))).or_default().push(flow);
        }
        for lost in &mut self.lost_datagrams {
            let (a, b) = (lost.source, lost.destination);
            lost.flow = by_hosts
                .get(&(a.min(b), a.max(b)))
                .into_iter()
                .flatten()
                .filter_map(|flow| lost.distance(flow).map(|d| (d, flow.index)))
                .min()
                .map(|(_, index)| index);
        }
    }

    /// Brings what was learned into an order that does not depend on that of learning.
    pub fn settle(&mut self) {
        self.settle_grants();
        self.smb.settle();
        self.waits.settle();
        self.connects.sort_by_key(|c| (c.syn, c.server.port));
        self.failures = connects::failures(&self.connects);
        self.reuses = connects::reuses(&self.connects);
        self.plateaus = plateau::plateaus(&self.connects);
        self.lost_datagrams.sort_by_key(|d| d.began);
        self.name_calls.sort_by_key(|c| c.asked);
        self.upgrades.sort_by_key(|u| u.granted);
        self.ends.sort_by_key(|e| e.stamp);
        self.hearts.sort_by(|a, b| a.period.total_cmp(&b.period));
        self.patterns = ends::patterns(&self.ends);
        self.tls.settle();
    }

    /// Until when a conversation was watched whose last frame is `last`: the next interruption of the recording, or its
    /// end (guard T9).
    pub fn watched_until(&self, last: FrameNo) -> Timestamp {
        let next = self.breaks.partition_point(|b| b.frame <= last);
        self.breaks.get(next).map_or(self.end, |b| b.before)
    }

    /// Response times of an operation at one server.
    pub fn times(&self, protocol: &'static str, op: Op, server: Endpoint) -> Option<&Times> {
        self.operations.get(&(protocol, op, server))
    }

    /// Seconds after which an answer is overdue: twice the p99 of the operation, or its protocol's default where
    /// no answer was seen.
    pub fn patience(&self, protocol: &'static str, op: Op, server: Endpoint) -> f64 {
        let learned = self
            .times(protocol, op, server)
            .and_then(|t| t.quantile(0.99));
        match learned {
            // What a GET takes says little of the next one, which may be a long poll.
            Some(p99) if matches!(protocol, "http" | "http2") => {
                (2.0 * p99).max(self.thresholds.patience(protocol, op))
            }
            Some(p99) => (2.0 * p99).max(self.thresholds.least_patience),
            None => self.thresholds.patience(protocol, op),
        }
    }

    /// The failed connects that are told together with the one whose first SYN is `syn`; `None` where it is told with
    /// an earlier one.
    pub fn failures(&self, syn: Stamp) -> Option<&Failures> {
        self.failures.get(&syn.frame)
    }

    /// The connect that reached another way, at the same time, what the one whose first SYN is `syn` wanted.
    pub fn reached_otherwise(&self, syn: Stamp) -> Option<&Connect> {
        let from = self.connects.partition_point(|c| c.syn < syn);
        let failed = self.connects.get(from).filter(|c| c.syn == syn)?;
        connects::reached_otherwise(&self.connects, failed)
    }

    /// The connection with the same ends that was closed shortly before the one whose first SYN is `syn`.
    pub fn reuse(&self, syn: Stamp) -> Option<&Reuse> {
        self.reuses.get(&syn.frame)
    }

    /// The connects to the same server around the one whose first SYN is `syn`.
    pub fn burst(&self, syn: Stamp) -> Option<Burst> {
        let from = self.connects.partition_point(|c| c.syn < syn);
        let connect = self.connects.get(from).filter(|c| c.syn == syn)?;
        Some(connects::burst(&self.connects, connect))
    }

    /// Connects to `address` (and `port`, if it matters) within `within` seconds after `after`.
    pub fn connects_to(
        &self,
        address: IpAddr,
        port: Option<u16>,
        after: Timestamp,
        within: f64,
    ) -> impl Iterator<Item = &Connect> {
        let from = self.connects.partition_point(|c| c.syn.time < after);
        let later = self.connects.get(from..).unwrap_or_default().iter();
        later
            .take_while(move |c| c.syn.time.since(after) <= within)
            .filter(move |c| c.server.address == address && port.is_none_or(|p| p == c.server.port))
    }

    /// NetBIOS sessions that `client` asked of `server` at most `within` seconds before or after `moment`.
    pub fn calls_near(
        &self,
        client: IpAddr,
        server: IpAddr,
        moment: Timestamp,
        within: f64,
    ) -> impl Iterator<Item = &NameCall> {
        self.name_calls.iter().filter(move |c| {
            c.client == client && c.server == server && c.asked.time.since(moment).abs() <= within
        })
    }

    fn learn_name_call(&mut self, flow: &Flow) {
        let nbss = flow.sessions.iter().filter(|s| s.protocol == "nbss");
        for session in nbss {
            // What was granted was asked for, even if the capture lacks that.
            let opened = || session.entered(Phase::Open);
            let Some(asked) = session.entered(Phase::Connecting).or_else(opened) else {
                continue;
            };
            let called = session.detail("called_name").map(ToString::to_string);
            let granted = session.entered(Phase::Open).map(|p| p.stamp);
            self.name_calls.push(NameCall {
                client: flow.client.address,
                server: flow.server.address,
                called: called.unwrap_or_default(),
                asked: asked.stamp,
                granted: granted.filter(|g| *g >= asked.stamp),
                retargeted: session.fact("nbss.retarget").map(|f| f.stamp),
            });
        }
    }

    fn learn_upgrades(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "websocket") {
            let granted = session.entered(Phase::Open);
            if let Some((granted, path)) = granted.zip(session.detail("path")) {
                self.upgrades.push(Upgraded {
                    client: flow.client.address,
                    server: flow.server,
                    path: path.to_string(),
                    granted: granted.stamp,
                });
            }
        }
    }
}
