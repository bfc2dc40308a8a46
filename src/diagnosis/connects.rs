//! Connects of the whole capture together: which failed again and again, and which client reached its server otherwise.

use std::net::IpAddr;

use colloquy_dissectors::units::{FrameNo, Side, Stamp, Timestamp};
use hashbrown::HashMap;

use crate::session::model::{Endpoint, Flow, Transport};
use crate::stream::facts::{SideFacts, TcpFacts};

/// A TCP connect as seen in the capture.
#[derive(Clone, Copy, Debug)]
pub struct Connect {
    /// The first SYN.
    pub syn: Stamp,
    /// SYNs in all.
    pub tries: u32,
    /// Who connects.
    pub client: IpAddr,
    /// From which port.
    pub port: u16,
    /// To whom.
    pub server: Endpoint,
    /// It was answered with a SYN-ACK.
    pub accepted: bool,
    /// Where it was refused, or ended: there are very many connects, and none has both.
    pub(super) over: Option<Stamp>,
    pub(super) is_refused: bool,
    /// Both sides closed it in order.
    pub(super) in_order: bool,
    /// It was accepted only when the SYN was repeated.
    pub repeated: bool,
    /// Another connection had the same ends before.
    pub reused: bool,
    /// Who closed first.
    pub closer: Side,
    /// Segments with bytes, of both sides.
    pub segments: u32,
    /// Those of them that were sent again.
    pub again: u32,
    /// The server took it, and closed it soon without a word.
    pub turned_away: bool,
    /// The client said something, and the server's program never did.
    pub mute: bool,
}

/// What other connects tell of a server that did not answer one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neighbours {
    /// One that its address took, on any port.
    pub alive: Option<Stamp>,
    /// Those to the same port that stood at that time.
    pub taken: u32,
    /// Of those, the ones on which the server's program said nothing.
    pub mute: u32,
    /// The last of those.
    pub last: Option<Stamp>,
}

/// A connection whose ends were those of another one shortly before.
#[derive(Clone, Copy, Debug)]
pub struct Reuse {
    /// Where the earlier one had ended.
    pub closed: Stamp,
    /// Who of it had closed first, and keeps it in TIME-WAIT.
    pub closer: Side,
    /// How many such there are between the same two hosts.
    pub count: u32,
    /// The last of them.
    pub last: Stamp,
}

/// Connects to one server that were accepted only when they were repeated.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    /// Their first SYNs, in order.
    pub repeated: Vec<Stamp>,
    /// Connects to it in that time.
    pub connects: u32,
    /// Segments with bytes in these connections.
    pub segments: u64,
    /// Those that were sent again.
    pub again: u64,
}

/// Connects that failed alike: they are told once, with the first of them.
#[derive(Clone, Copy, Debug)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// To so many different servers or ports.
    pub targets: u32,
    /// The first SYN of the last one.
    pub last: Stamp,
}

impl Failures {
    /// So many targets within a minute are no program's work: somebody looks for open ports.
    pub const fn is_scan(&self) -> bool {
        self.targets as usize >= SCAN
    }
}

/// Different targets within [`SCAN_SECS`] that make a scan.
const SCAN: usize = 20;
const SCAN_SECS: f64 = 60.0;
/// Who tries several ways tries them within this time of each other: seconds.
const SAME_TRY: f64 = 1.0;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum How {
    Refused,
    Unanswered,
}

/// A connection in TIME-WAIT is kept so long at most by common systems: seconds (RFC 9293 section 3.4.2 has four minutes).
const TIME_WAIT: f64 = 60.0;
/// Connects whose first SYNs are no further apart belong to one burst: seconds.
const BURST_SECS: f64 = 5.0;
/// Connects of a burst that are looked at.
const BURST_CONNECTS: usize = 4096;

/// A SYN that was sent again sooner is a copy by another way: seconds.
const SHORTEST_TIMER: f64 = 0.19;

/// The second SYN, where it was sent because the first was not answered.
pub(super) fn repeated(tcp: &TcpFacts) -> Option<Stamp> {
    let (first, again) = tcp.sides.client.syns.split_first()?;
    again
        .iter()
        .filter(|s| tcp.syn_ack.is_none_or(|answer| **s < answer))
        .find(|s| s.time.since(first.time) > SHORTEST_TIMER)
        .copied()
}

impl Connect {
    /// What `flow` tells of its connect, if it shows one.
    pub(crate) fn of(flow: &Flow) -> Option<Self> {
        let tcp = flow.tcp.as_deref();
        let tcp = tcp.filter(|_| flow.transport == Transport::Tcp)?;
        let (client, server) = (&tcp.sides.client, &tcp.sides.server);
        let icmp = tcp.icmp.first().map(|i| i.stamp);
        let reset = tcp.reset().filter(|r| r.to_syn).map(|r| r.stamp);
        let refused = reset.or(icmp.filter(|_| tcp.syn_ack.is_none()));
        Some(Self {
            syn: *client.syns.first()?,
            tries: client.syn_count,
            client: flow.client.address,
            port: flow.client.port,
            server: flow.server,
            accepted: tcp.syn_ack.is_some(),
            over: refused.or_else(|| tcp.end()),
            is_refused: refused.is_some(),
            in_order: tcp.both_fins() && tcp.resets == 0,
            repeated: repeated(tcp).is_some() && tcp.syn_ack.is_some(),
            reused: flow.reused,
            closer: if client.fin < server.fin {
                Side::Client
            } else {
                Side::Server
            },
            segments: (client.data_segments + server.data_segments) as u32,
            again: client.retransmissions + server.retransmissions,
            turned_away: is_turned_away(tcp),
            mute: client.stream_bytes > 0 && is_silent(&tcp.sides.server),
        })
    }

    /// The reset or ICMP error that refused it.
    pub fn refused(&self) -> Option<Stamp> {
        self.over.filter(|_| self.is_refused)
    }

    /// When the connection ended.
    pub fn ended(&self) -> Option<Stamp> {
        self.over.filter(|_| !self.is_refused)
    }

    /// The later FIN, where both sides closed in order.
    pub fn closed(&self) -> Option<Stamp> {
        self.ended().filter(|_| self.in_order)
    }

    const fn ends(&self) -> (IpAddr, u16, Endpoint) {
        (self.client, self.port, self.server)
    }

    fn failed(&self) -> Option<How> {
        match self.refused() {
            _ if self.accepted => None,
            Some(_) => Some(How::Refused),
            None if self.tries > 1 => Some(How::Unanswered),
            None => None,
        }
    }
}

/// Who takes a connection and ends it within this time without a word, turns it away: nanoseconds.
const TURNED_AWAY: i64 = 1_000_000_000;

/// It has sent no byte, as far as the capture can tell.
const fn is_silent(side: &SideFacts) -> bool {
    side.stream_bytes == 0 && side.missing == 0 && side.acked_unseen == 0
}

/// The server took the connection and was the first to end it, soon and without a word.
fn is_turned_away(tcp: &TcpFacts) -> bool {
    let server = &tcp.sides.server;
    let silent = is_silent(server);
    let reset = tcp
        .reset()
        .filter(|r| r.side == Side::Server && tcp.was_reset());
    let end = match (server.fin, reset.map(|r| r.stamp)) {
        (Some(fin), Some(reset)) => Some(fin.min(reset)),
        (fin, reset) => fin.or(reset),
    };
    let first = end.is_some_and(|end| tcp.sides.client.fin.is_none_or(|fin| end < fin));
    let soon = tcp
        .syn_ack
        .zip(end)
        .is_some_and(|(a, b)| b.time.nanos_since(a.time) < TURNED_AWAY);
    silent && first && soon
}

/// What the connects around one at `syn`, tried until `until` and never answered, tell of `server`. `connects`: in the order of
/// their SYNs.
pub(super) fn neighbours(
    connects: &[Connect],
    server: Endpoint,
    syn: Stamp,
    until: Timestamp,
) -> Neighbours {
    /// Seconds.
    const AROUND: f64 = 60.0;
    let from = connects.partition_point(|c| syn.time.since(c.syn.time) > AROUND);
    let around = connects.get(from..).unwrap_or_default().iter();
    let around = around.take_while(|c| c.syn.time <= until);
    let mut found = Neighbours::default();
    for connect in around.take(BURST_CONNECTS) {
        if !connect.accepted || connect.server.address != server.address {
            continue;
        }
        found.alive.get_or_insert(connect.syn);
        if connect.server == server && connect.over.is_none_or(|over| over > syn) {
            found.taken += 1;
            found.mute += u32::from(connect.mute);
            found.last = Some(connect.syn);
        }
    }
    found
}

/// By the first SYN of each series of failures: what there is to tell. `connects`: in the order of their SYNs.
pub(super) fn failures(connects: &[Connect]) -> HashMap<FrameNo, Failures> {
    let mut told: HashMap<FrameNo, Failures> = HashMap::new();
    let mut series: HashMap<(IpAddr, Endpoint, How), FrameNo> = HashMap::new();
    let mut firsts: HashMap<(IpAddr, Option<IpAddr>, How), Vec<Stamp>> = HashMap::new();
    for connect in connects {
        let key = |how| (connect.client, connect.server, how);
        let Some(how) = connect.failed() else {
            if connect.accepted {
                series.remove(&key(How::Refused));
                series.remove(&key(How::Unanswered));
            }
            continue;
        };
        let first = *series.entry(key(how)).or_insert(connect.syn.frame);
        if first == connect.syn.frame {
            // Whole networks may be silent; a host that is silent on twenty ports is being scanned.
            let host = (how == How::Unanswered).then_some(connect.server.address);
            let list = firsts.entry((connect.client, host, how)).or_default();
            list.push(connect.syn);
        }
        let failures = told.entry(first).or_insert(Failures {
            count: 0,
            targets: 1,
            last: connect.syn,
        });
        failures.count += 1;
        failures.last = connect.syn;
    }
    for list in firsts.values() {
        join_scans(list, &mut told);
    }
    told
}

/// Makes one of all series that began within one scan.
fn join_scans(firsts: &[Stamp], told: &mut HashMap<FrameNo, Failures>) {
    let apart = |a: usize, b: usize| match (firsts.get(a), firsts.get(b)) {
        (Some(a), Some(b)) => b.time.since(a.time),
        _ => f64::INFINITY,
    };
    let mut from = 0;
    while from + SCAN <= firsts.len() {
        let mut last = from + SCAN - 1;
        if apart(from, last) > SCAN_SECS {
            from += 1;
            continue;
        }
        while apart(last + 2 - SCAN, last + 1) <= SCAN_SECS {
            last += 1;
        }
        let run = firsts.get(from..=last).unwrap_or_default();
        let parts: Vec<_> = run.iter().filter_map(|s| told.remove(&s.frame)).collect();
        if let (Some(first), Some(end)) = (run.first(), parts.iter().map(|p| p.last).max()) {
            let all = Failures {
                count: parts.iter().map(|p| p.count).sum(),
                targets: parts.len() as u32,
                last: end,
            };
            told.insert(first.frame, all);
        }
        from = last + 1;
    }
}

/// The connect by which the client of `failed` reached what it wanted another way at the same time: SMB on its other
/// port, or the same port over the other version of IP (RFC 8305). `connects`: in the order of their SYNs.
pub(super) fn reached_otherwise<'a>(
    connects: &'a [Connect],
    failed: &Connect,
) -> Option<&'a Connect> {
    let end = failed.refused().unwrap_or(failed.syn);
    let begin = failed.syn.time.plus_nanos(-(SAME_TRY * 1e9) as i64);
    let from = connects.partition_point(|c| c.syn.time < begin);
    connects
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take_while(|c| c.syn.time.since(end.time) <= SAME_TRY)
        .find(|c| c.accepted && is_other_way(failed, c))
}

fn is_other_way(failed: &Connect, other: &Connect) -> bool {
    let smb = [(445, 139), (139, 445)].contains(&(failed.server.port, other.server.port));
    let same_hosts = failed.client == other.client && failed.server.address == other.server.address;
    let other_family = failed.server.address.is_ipv4() != other.server.address.is_ipv4();
    (smb && same_hosts) || (other_family && failed.server.port == other.server.port)
}

/// By their first SYN: the connections whose ends were closed in order less than a minute before. `connects`: in the order
/// of their SYNs.
pub(super) fn reuses(connects: &[Connect]) -> HashMap<FrameNo, Reuse> {
    let mut before: HashMap<_, Option<(Stamp, Side)>> = HashMap::new();
    for connect in connects.iter().filter(|c| c.reused) {
        before.insert(connect.ends(), None);
    }
    let mut found = Vec::new();
    let mut hosts: HashMap<(IpAddr, IpAddr), (u32, Stamp)> = HashMap::new();
    if before.is_empty() {
        return HashMap::new();
    }
    for connect in connects {
        let Some(last) = before.get_mut(&connect.ends()) else {
            continue;
        };
        let kept = last.filter(|(closed, _)| connect.syn.time.since(closed.time) < TIME_WAIT);
        if let Some(closed) = kept.filter(|_| connect.reused) {
            let pair = (connect.client, connect.server.address);
            let all = hosts.entry(pair).or_insert((0, connect.syn));
            *all = (all.0 + 1, connect.syn);
            found.push((connect.syn, pair, closed));
        }
        *last = connect.closed().map(|closed| (closed, connect.closer));
    }
    let counted = found.into_iter().map(|(syn, pair, (closed, closer))| {
        let (count, last) = hosts.get(&pair).copied().unwrap_or((1, syn));
        let reuse = Reuse {
            closed,
            closer,
            count,
            last,
        };
        (syn.frame, reuse)
    });
    counted.collect()
}

/// The connects to `connect`'s server around it, as a burst goes on.
pub(super) fn burst(connects: &[Connect], connect: &Connect) -> Burst {
    let begin = connect.syn.time.plus_nanos(-(BURST_SECS * 1e9) as i64);
    let from = connects.partition_point(|c| c.syn.time < begin);
    let near = connects.get(from..).unwrap_or_default().iter();
    let near = near.take_while(|c| c.syn.time.since(connect.syn.time) <= BURST_SECS);
    let mut burst = Burst::default();
    for other in near
        .take(BURST_CONNECTS)
        .filter(|c| c.server == connect.server)
    {
        burst.connects += 1;
        burst.segments += u64::from(other.segments);
        burst.again += u64::from(other.again);
        if other.repeated {
            burst.repeated.push(other.syn);
        }
    }
    burst
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Timestamp;

    use super::*;

    fn connect(secs: f64, port: u16) -> Connect {
        let nanos = (secs * 1e9) as i64;
        let syn = Stamp {
            time: Timestamp::from_nanos(nanos),
            frame: nanos as u64 / 1_000_000 + 1,
        };
        Connect {
            syn,
            tries: 1,
            client: [10, 0, 0, 1].into(),
            server: Endpoint {
                address: [10, 0, 0, 2].into(),
                port,
            },
            accepted: false,
            over: Some(syn),
            is_refused: true,
            in_order: false,
            port: 40_000,
            repeated: false,
            reused: false,
            closer: Side::Client,
            segments: 0,
            again: 0,
            turned_away: false,
            mute: false,
        }
    }

    #[test]
    fn the_same_refusal_again_and_again_is_one_series_until_it_is_accepted() {
        let mut all: Vec<_> = (0..9).map(|i| connect(f64::from(i), 445)).collect();
        all[5].accepted = true;
        let told = failures(&all);
        let mut counts: Vec<_> = told.values().map(|f| f.count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [3, 5]);
    }

    #[test]
    fn a_scan_is_one_thing_and_its_targets_are_counted() {
        let mut all: Vec<_> = (0..1000)
            .map(|i| connect(f64::from(i) / 100.0, i as u16 + 1))
            .collect();
        all.push(connect(900.0, 9));
        let told = failures(&all);
        assert_eq!(told.len(), 1);
        assert_eq!(told[&1].targets, 1000);
        assert_eq!(told[&1].count, 1001);
        let few = failures(&all[..SCAN - 1]);
        assert_eq!(few.len(), SCAN - 1);
    }

    #[test]
    fn twenty_refusals_in_a_day_are_no_scan() {
        let all: Vec<_> = (0..40)
            .map(|i| connect(f64::from(i) * 600.0, i as u16 + 1))
            .collect();
        assert_eq!(failures(&all).len(), 40);
    }

    #[test]
    fn the_other_way_is_the_same_service_at_the_same_time() {
        let failed = connect(10.0, 445);
        let mut other = connect(10.1, 139);
        other.accepted = true;
        assert!(reached_otherwise(&[failed, other], &failed).is_some());
        other.server.port = 80;
        assert!(reached_otherwise(&[failed, other], &failed).is_none());
        let mut late = connect(30.0, 139);
        late.accepted = true;
        assert!(reached_otherwise(&[failed, late], &failed).is_none());
        let mut v6 = connect(10.0, 445);
        v6.server.address = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        v6.accepted = true;
        assert!(reached_otherwise(&[v6, failed], &failed).is_some());
    }
}
