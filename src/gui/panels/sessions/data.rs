//! The sessions as rows: numbers to sort by, words to search in, and the text of a cell when it is needed.

use std::cmp::{Ordering, Reverse};

use colloquy::analysis::{Outcome, Row};
use colloquy::diagnosis::{Severity, seconds};
use colloquy::dissectors::units::Timestamp;
use colloquy::session::model::{Session, State};
use serde::{Deserialize, Serialize};

pub(crate) use super::column::Column;
use crate::gui::format;
use crate::gui::selection::SessionKey;

/// One session in numbers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Which.
    pub(crate) key: SessionKey,
    /// Its id.
    pub(crate) id: u32,
    /// The place of its conversation in the outcome.
    place: u32,
    /// How many sessions it is in.
    pub(crate) depth: u8,
    /// Its condition.
    pub(crate) state: State,
    /// The worst finding on it.
    pub(crate) worst: Option<Severity>,
    /// What is spoken.
    pub(crate) protocol: &'static str,
    start: f64,
    duration: f64,
    requests: u64,
    /// Requests that nobody answered.
    pub(crate) unanswered: u64,
    waiting: Option<f64>,
    median: Option<f64>,
    slowest: Option<f64>,
    bytes: u64,
    #[serde(skip)]
    words: String,
}

/// How many sessions are in a state.
pub(crate) type StateCount = (State, usize);

/// The worst finding, the health, the id: the worst first.
type Rank = (Reverse<Option<Severity>>, u8, u32);

/// All sessions.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Sessions {
    /// In the order of ids.
    pub(crate) entries: Vec<Entry>,
    /// States that occur, the worst first.
    pub(crate) states: Vec<StateCount>,
}

impl Sessions {
    /// Counts and collects. `now`: the present, while the capture runs.
    pub(crate) fn of(outcome: &Outcome, start: Timestamp, now: Option<Timestamp>) -> Self {
        let rows = outcome
            .flows
            .iter()
            .enumerate()
            .flat_map(|(place, judged)| {
                let first_id = judged.first_id;
                judged.flow.sessions.iter().map(move |session| {
                    let id = first_id + session.index;
                    let row = Row {
                        id,
                        judged,
                        session,
                    };
                    (place, row)
                })
            });
        let entries: Vec<Entry> = rows
            .map(|(place, row)| entry(&row, place, outcome, (start, now)))
            .collect();
        let mut states: Vec<StateCount> = State::ALL
            .iter()
            .map(|state| (*state, entries.iter().filter(|e| e.state == *state).count()))
            .filter(|(_, n)| *n > 0)
            .collect();
        states.sort_by_key(|(state, _)| health(*state));
        Self { entries, states }
    }

    /// The places of the entries that have all `words`, in the order asked for.
    pub(crate) fn order(&self, outcome: &Outcome, sort: Sort, words: &str) -> Vec<u32> {
        let terms: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let passes = |e: &Entry| terms.iter().all(|term| e.words.contains(term.as_str()));
        self.order_of(outcome, sort, passes)
    }

    /// The places of the entries that pass, in the order asked for.
    pub(crate) fn order_of(
        &self,
        outcome: &Outcome,
        sort: Sort,
        passes: impl Fn(&Entry) -> bool,
    ) -> Vec<u32> {
        let mut places: Vec<u32> = (0..self.entries.len() as u32)
            .filter(|i| self.entries.get(*i as usize).is_some_and(&passes))
            .collect();
        if sort.column.keeps_trees() {
            return self.by_trees(places, sort);
        }
        places.sort_by(|a, b| {
            let (Some(a), Some(b)) = (self.entries.get(*a as usize), self.entries.get(*b as usize))
            else {
                return Ordering::Equal;
            };
            let order = compare(a, b, sort.column, outcome);
            let order = if sort.descending {
                order.reverse()
            } else {
                order
            };
            absent_last(a, b, sort.column)
                .then(order)
                .then(a.id.cmp(&b.id))
        });
        places
    }

    /// Conversations by their worst session, each with its sessions in their own order.
    fn by_trees(&self, places: Vec<u32>, sort: Sort) -> Vec<u32> {
        let mut groups: Vec<(Rank, Vec<u32>)> = Vec::new();
        let mut last = None;
        for place in places {
            let Some(e) = self.entries.get(place as usize) else {
                continue;
            };
            let rank = match sort.column {
                Column::State => (Reverse(e.worst), health(e.state), e.id),
                _ => (Reverse(None), 0, e.id),
            };
            let conversation = Some((e.key.capture, e.key.flow));
            match groups.last_mut().filter(|_| conversation == last) {
                Some((worst, members)) => {
                    *worst = (*worst).min(rank);
                    members.push(place);
                }
                None => groups.push((rank, vec![place])),
            }
            last = conversation;
        }
        groups.sort_by_key(|(rank, _)| *rank);
        if sort.descending {
            groups.reverse();
        }
        groups
            .into_iter()
            .flat_map(|(_, members)| members)
            .collect()
    }
}

/// How the rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    /// By which column.
    pub(crate) column: Column,
    /// The largest first.
    pub(crate) descending: bool,
}

impl Default for Sort {
    /// By health.
    fn default() -> Self {
        Self {
            column: Column::State,
            descending: false,
        }
    }
}

impl Sort {
    /// What is new comes last.
    pub(crate) const fn grows_at_end(self) -> bool {
        matches!(self.column, Column::Id | Column::Start) && !self.descending
    }

    /// After a click on a heading.
    #[must_use]
    pub(crate) fn clicked(self, column: Column) -> Self {
        let descending = if self.column == column {
            !self.descending
        } else {
            column.begins_with_largest()
        };
        Self { column, descending }
    }
}

/// The worst first.
pub(crate) const fn health(state: State) -> u8 {
    match state {
        State::Stuck => 0,
        State::Refused => 1,
        State::Aborted => 2,
        State::Connecting => 3,
        State::Releasing => 4,
        State::Open => 5,
        State::Closed => 6,
    }
}

/// `times`: of the first frame, and the present while the capture runs.
fn entry(
    row: &Row<'_>,
    place: usize,
    outcome: &Outcome,
    times: (Timestamp, Option<Timestamp>),
) -> Entry {
    let (start, now) = times;
    let session = row.session;
    let requests = row.requests();
    let answers = session.response_time();
    let capture = outcome.captures.get(row.judged.capture as usize);
    let end = row
        .closed()
        .map(|s| s.time)
        .or(now)
        .or_else(|| capture.and_then(|c| c.summary.last));
    let oldest = session.open.iter().map(|o| o.asked.time).min();
    Entry {
        key: SessionKey {
            capture: row.judged.capture,
            flow: row.judged.flow.index,
            session: session.index,
        },
        id: row.id,
        place: place as u32,
        depth: depth(row),
        state: row.state(),
        worst: row.worst(),
        protocol: session.protocol,
        start: session.first.time.since(start),
        duration: session.last.time.since(session.first.time).max(0.0),
        requests: requests.sent,
        unanswered: requests.unanswered,
        waiting: oldest.zip(end).map(|(o, end)| end.since(o).max(0.0)),
        median: answers.map(|t| t.median),
        slowest: answers.map(|t| t.max),
        bytes: session.bytes.client + session.bytes.server,
        words: words(row, session),
    }
}

fn depth(row: &Row<'_>) -> u8 {
    let mut depth = 0;
    let mut parent = row.judged.flow.parent(row.session);
    while let Some(outer) = parent {
        depth += 1;
        parent = row.judged.flow.parent(outer).filter(|_| depth < 16);
    }
    depth
}

/// What the filter searches in, in lower case.
fn words(row: &Row<'_>, session: &Session) -> String {
    let flow = &row.judged.flow;
    let mut words = format!(
        "{} {} {} {} {} {}",
        row.id,
        session.protocol,
        flow.client,
        flow.server,
        row.state().name(),
        row.worst().map_or("", Severity::name)
    );
    for (_, value) in &session.details {
        words.push(' ');
        words.push_str(&value.to_string());
    }
    words.to_lowercase()
}

fn compare(a: &Entry, b: &Entry, column: Column, outcome: &Outcome) -> Ordering {
    let of = |e: &Entry| outcome.flows.get(e.place as usize).map(|j| &j.flow);
    let float = |a: Option<f64>, b: Option<f64>| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    match column {
        Column::Id => a.id.cmp(&b.id),
        Column::State => health(a.state).cmp(&health(b.state)),
        Column::Finding => a.worst.cmp(&b.worst),
        Column::Protocol => a.protocol.cmp(b.protocol),
        Column::Client => {
            let key = |e| of(e).map(|f| (f.client.address, f.client.port));
            key(a).cmp(&key(b))
        }
        Column::Server => {
            let key = |e| of(e).map(|f| (f.server.address, f.server.port));
            key(a).cmp(&key(b))
        }
        Column::Start => a.start.total_cmp(&b.start),
        Column::Duration => a.duration.total_cmp(&b.duration),
        Column::Requests => a.requests.cmp(&b.requests),
        Column::Unanswered => a.unanswered.cmp(&b.unanswered),
        Column::Waiting => float(a.waiting, b.waiting),
        Column::Median => float(a.median, b.median),
        Column::Slowest => float(a.slowest, b.slowest),
        Column::Bytes => a.bytes.cmp(&b.bytes),
        Column::Capture => a.key.capture.cmp(&b.key.capture),
    }
}

/// A session that has no such number comes behind those that have, whichever way it is sorted.
fn absent_last(a: &Entry, b: &Entry, column: Column) -> Ordering {
    let of = |e: &Entry| match column {
        Column::Waiting => e.waiting.is_none(),
        Column::Median => e.median.is_none(),
        Column::Slowest => e.slowest.is_none(),
        Column::Finding => e.worst.is_none(),
        _ => false,
    };
    of(a).cmp(&of(b))
}

impl Entry {
    /// The text of a cell.
    pub(crate) fn cell(&self, column: Column, outcome: &Outcome) -> String {
        let flow = || outcome.flows.get(self.place as usize).map(|j| &j.flow);
        let time = |t: Option<f64>| t.map(seconds).unwrap_or_default();
        let nonzero = |n: u64| {
            if n == 0 {
                String::new()
            } else {
                format::count(n)
            }
        };
        match column {
            Column::Id => self.id.to_string(),
            Column::State => self.state.name().to_owned(),
            Column::Finding => self.worst.map_or("", Severity::name).to_owned(),
            Column::Protocol => self.protocol.to_owned(),
            Column::Client => flow().map(|f| f.client.to_string()).unwrap_or_default(),
            Column::Server => flow().map(|f| f.server.to_string()).unwrap_or_default(),
            Column::Start => format!("{:.6}", self.start),
            Column::Duration => seconds(self.duration),
            Column::Requests => nonzero(self.requests),
            Column::Unanswered => nonzero(self.unanswered),
            Column::Waiting => time(self.waiting),
            Column::Median => time(self.median),
            Column::Slowest => time(self.slowest),
            Column::Bytes => format::bytes(self.bytes),
            Column::Capture => outcome
                .captures
                .get(self.key.capture as usize)
                .map(|c| format::file_name(&c.summary.path).to_owned())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::sample;

    fn ids(
        doc: &crate::gui::document::Document,
        column: Column,
        descending: bool,
        filter: &str,
    ) -> Vec<u32> {
        let sort = Sort { column, descending };
        let order = doc.sessions.order(&doc.outcome, sort, filter);
        order
            .into_iter()
            .map(|i| doc.sessions.entries[i as usize].id)
            .collect()
    }

    #[test]
    fn a_pipe_over_netbios_is_a_tree() {
        let doc = sample("dcerpc/pipe-over-netbios.pcapng");
        let tree: Vec<(u8, &str)> = doc
            .sessions
            .entries
            .iter()
            .map(|e| (e.depth, e.protocol))
            .collect();
        assert_eq!(tree, [(0, "tcp"), (1, "nbss"), (2, "smb2"), (3, "dcerpc")]);
    }

    #[test]
    fn every_column_sorts_all_rows_and_both_ways() {
        let doc = sample("smb/logon-failure.pcap");
        let mut all = ids(&doc, Column::Id, false, "");
        assert_eq!(all.len(), doc.outcome.session_count());
        for column in Column::ALL {
            for descending in [false, true] {
                let mut sorted = ids(&doc, column, descending, "");
                sorted.sort_unstable();
                all.sort_unstable();
                assert_eq!(sorted, all, "{column:?}");
            }
        }
    }

    #[test]
    fn bytes_are_sorted_by_number() {
        let doc = sample("oncrpc/server-stopped.pcap");
        let bytes = |i: &u32| {
            doc.sessions
                .entries
                .iter()
                .find(|e| e.id == *i)
                .unwrap()
                .bytes
        };
        let sorted: Vec<u64> = ids(&doc, Column::Bytes, true, "")
            .iter()
            .map(bytes)
            .collect();
        assert!(sorted.is_sorted_by(|a, b| a >= b), "{sorted:?}");
    }

    #[test]
    fn the_filter_wants_every_word() {
        let doc = sample("dcerpc/pipe-over-netbios.pcapng");
        assert_eq!(ids(&doc, Column::Id, false, "DCErpc").len(), 1);
        assert_eq!(ids(&doc, Column::Id, false, "dcerpc nonsense").len(), 0);
    }

    #[test]
    fn an_unanswered_request_has_an_age() {
        let doc = sample("dcerpc/path-dark.pcap");
        let waiting = doc
            .sessions
            .entries
            .iter()
            .find(|e| e.waiting.is_some())
            .unwrap();
        assert!(!waiting.cell(Column::Waiting, &doc.outcome).is_empty());
        assert_eq!(doc.sessions.states.first().unwrap().0, State::Stuck);
        let doc = sample("oncrpc/call-unanswered.pcap");
        let in_vain = doc.sessions.entries.iter().find(|e| e.unanswered > 0);
        assert!(in_vain.unwrap().waiting.unwrap() > 0.0);
    }

    #[test]
    fn the_first_click_shows_the_largest_where_that_is_wanted() {
        let sort = Sort::default().clicked(Column::Bytes);
        assert!(sort.descending);
        assert!(!sort.clicked(Column::Bytes).descending);
        assert!(!sort.clicked(Column::Client).descending);
    }
}
