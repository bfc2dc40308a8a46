//! Response times by operation and server, added up as requests are answered.
//!
//! A shard adds up its own; the sums of all shards are one, whichever shard had which conversation: adding is
//! commutative and associative, in the bound too. Of more than [`limits::TABLE_ROWS`] rows those stay whose servers come
//! first in an order that their address alone decides, so that a row which stays never lacked anything; the others are
//! added up by operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::Side;

use crate::limits;
use crate::session::ledger::{Entry, Fate, Ledger};
use crate::session::model::Endpoint;
use crate::session::times::Times;

/// Sessions by the place of their capture, the number of their conversation, and their place in that.
pub type Places = BTreeSet<(u32, u32, u32)>;

/// The sessions whose response times are wanted.
#[derive(Clone, Debug, Default)]
pub enum Wanted {
    /// None.
    #[default]
    No,
    /// All.
    All,
    /// These.
    Of(Arc<Places>),
}

/// What a row is about. In the order of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The server of the conversation; `None` where many were added up.
    pub server: Option<Endpoint>,
    /// The session's protocol.
    pub protocol: &'static str,
    /// What was asked.
    pub op: Op,
    /// Who answers: the server, unless it is the one that asks, as a callback or a ping does.
    pub answerer: Side,
    /// Why the answer may come after hours by design, where it may: such times are told apart from others.
    pub waits: Option<&'static str>,
}

/// Requests of one kind, and how long their answers took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// How the operation is called, where its [`Op`] does not say.
    pub name: Option<Box<str>>,
    /// Answered, failures included.
    pub answered: u64,
    /// Of those, answered with a failure.
    pub failed: u64,
    /// Without an answer, and none will come or it is overdue.
    pub unanswered: u64,
    /// Without an answer at the end of the capture, and not overdue; given up; or waiting by design.
    pub pending: u64,
    /// From the last byte of the request to the last byte of the answer.
    pub times: Times,
    /// All times together, nanoseconds.
    nanos: u128,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct ResponseTimes {
    wanted: Wanted,
    /// The capture's place among those given.
    capture: u32,
    most: usize,
    rows: BTreeMap<Key, Sum>,
    /// Of servers that are not told one by one.
    rest: BTreeMap<Key, Sum>,
}

impl Sum {
    /// Requests in all.
    pub fn calls(&self) -> u64 {
        self.answered + self.unanswered + self.pending
    }

    /// The mean time in seconds, where there are any.
    pub fn mean(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.nanos as f64 / self.answered as f64 / 1e9)
    }

    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Named(name) => self.call(name),
            Fate::Answered { nanos, failed } => {
                self.answered += 1;
                self.failed += u64::from(failed);
                self.times.add(nanos);
                self.nanos += u128::try_from(nanos).unwrap_or(0);
            }
            Fate::Unanswered => self.unanswered += 1,
            Fate::Pending => self.pending += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.pending += other.pending;
        self.nanos += other.nanos;
        self.times.merge(&other.times);
        other.name.into_iter().for_each(|name| self.call(name));
    }

    /// Should two names have one fingerprint, it does not matter which comes first.
    fn call(&mut self, name: Box<str>) {
        if self.name.as_ref().is_none_or(|known| name < *known) {
            self.name = Some(name);
        }
    }
}

impl Key {
    fn of(server: Endpoint, entry: &Entry) -> Self {
        Self {
            server: Some(server),
            protocol: entry.protocol,
            op: entry.op,
            answerer: entry.asker.other(),
            waits: entry.waits,
        }
    }

    /// The same of any server. Numbers without a name are not told apart, so that there are only so many of these.
    fn of_any_server(&self) -> Self {
        Self {
            server: None,
            op: Op::of(self.op.group, self.op.name, 0),
            ..self.clone()
        }
    }

    /// Servers come in an order that has nothing to do with who they are or when they were seen.
    fn order(&self) -> impl Ord + use<> {
        let Op {
            code,
            set,
            group,
            name,
        } = self.op;
        let server = self.server.map(|s| (scattered(s), s.address, s.port));
        let op = (group, name, code, set);
        (server, self.protocol, op, self.answerer, self.waits)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// A fingerprint of an endpoint (FNV-1a).
fn scattered(end: Endpoint) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = match end.address {
        std::net::IpAddr::V4(a) => a.octets().into_iter().fold(0xcbf2_9ce4_8422_2325, step),
        std::net::IpAddr::V6(a) => a.octets().into_iter().fold(0xcbf2_9ce4_8422_2325, step),
    };
    end.port.to_be_bytes().into_iter().fold(hash, step)
}

impl ResponseTimes {
    /// An empty table for one capture; `None` where none is wanted.
    pub(crate) fn of_capture(wanted: &Wanted, capture: u32) -> Option<Box<Self>> {
        if matches!(wanted, Wanted::No) {
            return None;
        }
        Some(Box::new(Self {
            wanted: wanted.clone(),
            capture,
            most: limits::TABLE_ROWS,
            ..Self::default()
        }))
    }

    /// Takes what became of requests of one conversation with `server`; the ledger is empty after.
    pub(crate) fn take(&mut self, flow: u32, server: Endpoint, ledger: &mut Ledger) {
        for entry in ledger.entries.drain(..) {
            self.add(flow, server, entry);
        }
    }

    /// Takes what became of one request.
    pub(crate) fn add(&mut self, flow: u32, server: Endpoint, entry: Entry) {
        if let Wanted::Of(places) = &self.wanted
            && !places.contains(&(self.capture, flow, entry.session))
        {
            return;
        }
        let key = Key::of(server, &entry);
        self.rows.entry(key).or_default().add(entry.fate);
        self.keep_bound();
    }

    /// Adds another's sums to its own.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, sum) in other.rows {
            self.rows.entry(key).or_default().merge(sum);
            self.keep_bound();
        }
        for (key, sum) in other.rest {
            self.rest.entry(key).or_default().merge(sum);
        }
    }

    /// Gives rows the operations, and names of such, that `rename` has for theirs.
    pub(crate) fn rename(&mut self, rename: impl Fn(Op) -> Option<(Op, Option<String>)>) {
        for rows in [&mut self.rows, &mut self.rest] {
            let old: Vec<Key> = rows
                .keys()
                .filter(|k| rename(k.op).is_some())
                .cloned()
                .collect();
            for key in old {
                let (Some(mut sum), Some((op, name))) = (rows.remove(&key), rename(key.op)) else {
                    continue;
                };
                if let Some(name) = name {
                    sum.call(name.into());
                }
                let key = Key { op, ..key };
                rows.entry(key).or_default().merge(sum);
            }
        }
    }

    /// The rows, those of many servers together last. None is without requests.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Sum)> {
        let rows = self.rows.iter().chain(&self.rest);
        rows.filter(|(_, sum)| sum.calls() > 0)
    }

    fn keep_bound(&mut self) {
        while self.rows.len() > self.most {
            if let Some((key, mut sum)) = self.rows.pop_last() {
                // One of many names.
                sum.name = None;
                let rest = self.rest.entry(key.of_any_server()).or_default();
                rest.merge(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPS: [Op; 4] = [
        Op::new("READ", 8),
        Op::new("WRITE", 9),
        Op::of("nfs3", "READ", 6),
        Op::new("", 77),
    ];

    fn server(n: u8) -> Endpoint {
        Endpoint {
            address: std::net::IpAddr::from([10, 0, 0, n]),
            port: 445,
        }
    }

    fn entry(op: Op, fate: Fate) -> Entry {
        Entry {
            session: 1,
            protocol: "smb2",
            op,
            waits: None,
            asker: Side::Client,
            fate,
        }
    }

    fn answered(nanos: i64) -> Fate {
        Fate::Answered {
            nanos,
            failed: nanos % 3 == 0,
        }
    }

    fn table(most: usize) -> ResponseTimes {
        ResponseTimes {
            most,
            wanted: Wanted::All,
            ..ResponseTimes::default()
        }
    }

    /// Times in an order that does not depend on who came first.
    fn told(table: &ResponseTimes) -> Vec<String> {
        let row = |(key, sum): (&Key, &Sum)| {
            let times = sum.times.quantiles([0.0, 0.5, 0.95, 0.99, 1.0]);
            let counts = (sum.answered, sum.failed, sum.unanswered, sum.pending);
            format!(
                "{key:?} {:?} {counts:?} {times:?} {:?}",
                sum.name, sum.nanos
            )
        };
        table.rows().map(row).collect()
    }

    fn fates() -> impl Strategy<Value = Fate> {
        prop_oneof![
            8 => (-5_i64..3_000_000_000).prop_map(answered),
            1 => Just(Fate::Unanswered),
            1 => Just(Fate::Pending),
            1 => "[a-c]".prop_map(|name| Fate::Named(name.into())),
        ]
    }

    #[test]
    fn renamed_rows_become_one() {
        let (known, marked) = (Op::of("srvsvc", "X", 15), Op::new("", 15).of_set(7));
        let mut table = table(9);
        for op in [known, marked, marked] {
            table.add(0, server(1), entry(op, answered(5)));
        }
        table.rename(|op| (op == marked).then(|| (known, Some("x".to_owned()))));
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].0.op, rows[0].1.answered), (known, 3));
        assert_eq!(rows[0].1.name.as_deref(), Some("x"));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_table(
            entries in prop::collection::vec((0_u8..9, 0_usize..4, fates(), 0_usize..3), 0..900),
            most in 1_usize..40,
        ) {
            let mut whole = table(most);
            let mut parts = [table(most), table(most), table(most)];
            for (at, op, fate, part) in entries {
                whole.add(0, server(at), entry(OPS[op], fate.clone()));
                parts[part].add(0, server(at), entry(OPS[op], fate));
            }
            let [mut first, second, mut third] = parts.clone();
            first.merge(second);
            first.merge(third);
            prop_assert_eq!(told(&first), told(&whole));
            let [one, two, _] = parts.clone();
            third = parts[2].clone();
            third.merge(two);
            third.merge(one);
            prop_assert_eq!(told(&third), told(&whole));
        }
    }

    #[test]
    fn nothing_is_lost_beyond_the_bound() {
        let mut times = table(4);
        for n in 0..200 {
            times.add(0, server(n), entry(OPS[3], answered(1000)));
            times.add(0, server(n), entry(OPS[0], Fate::Unanswered));
        }
        let sum = |of: fn(&Sum) -> u64| times.rows().map(|(_, s)| of(s)).sum::<u64>();
        assert_eq!((sum(|s| s.answered), sum(|s| s.unanswered)), (200, 200));
        let rest = times.rows().filter(|(key, _)| key.server.is_none());
        assert_eq!(rest.count(), 2);
        assert_eq!(times.rows().count(), 6);
    }

    #[test]
    fn what_waits_by_design_has_a_row_of_its_own() {
        let mut times = table(9);
        let slow = Entry {
            waits: Some("a pipe's READ waits for data"),
            ..entry(OPS[0], answered(3_600_000_000_000))
        };
        times.add(0, server(1), slow);
        times.add(0, server(1), entry(OPS[0], answered(1_000_000)));
        let maxima: Vec<f64> = times.rows().map(|(_, s)| s.times.max()).collect();
        assert_eq!(maxima, [0.001, 3600.0]);
    }

    #[test]
    fn only_the_wanted_sessions_are_counted() {
        let wanted = Wanted::Of(Arc::new(Places::from([(0, 7, 1)])));
        let mut times = ResponseTimes::of_capture(&wanted, 0).unwrap();
        times.add(7, server(1), entry(OPS[0], answered(1)));
        times.add(8, server(1), entry(OPS[0], answered(1)));
        assert_eq!(times.rows().map(|(_, s)| s.calls()).sum::<u64>(), 1);
        assert!(ResponseTimes::of_capture(&Wanted::No, 0).is_none());
    }
}
