//! The rows of a ladder: messages and what else happened between the two ends, who waits for what, and silence.

use std::collections::HashMap;

use colloquy::diagnosis::{Evidence, seconds};
use colloquy::dissectors::event::Expect;
use colloquy::dissectors::units::{FrameNo, PerSide, Side, Timestamp};
use colloquy::session::exchange::Open;
use colloquy::session::model::Part;
use colloquy::session::told::{Dialogue, Told};
use serde::Serialize;

use super::collect::Builder;

/// Silence that gets a row of its own: nanoseconds.
const SILENCE: i64 = 1_000_000_000;
/// Exchanges whose bars stand side by side.
pub(crate) const SLOTS: usize = 6;

/// How a request fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) enum Fate {
    /// It is none, or expects no answer.
    Nothing,
    /// The row of its answer.
    Answered(usize),
    /// Nobody answered while the capture or the connection lasted: seconds.
    Unanswered(f64),
    /// The same request again; the first one tells how it fared.
    Again,
    /// It waits by design, or was given up.
    Waits(String),
}

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Kind {
    /// A message, by its place in the dialogue.
    Message(usize),
    /// Bytes of a conversation whose protocol is not known.
    Bytes,
    /// The carrier: SYN, FIN, RST, an ICMP error.
    Carrier,
    /// Bytes that were never captured.
    Gap,
    /// Nobody spoke.
    Silence,
    /// A frame that proves a finding and is none of the above.
    Proof,
    /// The end of the capture with requests still open.
    End,
}

/// The bars of running exchanges that pass through a row, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bars {
    /// All of them.
    pub(crate) all: u8,
    /// Those that begin here.
    pub(crate) begin: u8,
    /// Those that end here.
    pub(crate) end: u8,
    /// Those whose request nobody answers.
    pub(crate) dead: u8,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// What it tells.
    pub(crate) kind: Kind,
    /// Its last frame; 0 where there is none.
    pub(crate) frame: FrameNo,
    /// Its first frame.
    pub(crate) first_frame: FrameNo,
    /// Seconds since the session began.
    pub(crate) at: Option<f64>,
    /// When.
    #[serde(skip)]
    pub(crate) time: Option<Timestamp>,
    /// Who spoke.
    #[serde(skip)]
    pub(crate) side: Option<Side>,
    /// What it says.
    pub(crate) text: String,
    /// How its request fared.
    pub(crate) fate: Fate,
    /// The row of the request it answers, and the seconds since.
    pub(crate) answers: Option<(usize, f64)>,
    /// A failure, a reset.
    pub(crate) bad: bool,
    /// It proves a finding.
    pub(crate) proof: bool,
    /// Another session of the connection.
    pub(crate) other: bool,
    /// Running exchanges, at the side that has to answer.
    #[serde(skip)]
    pub(crate) bars: PerSide<Bars>,
}

/// What is known of a conversation beside its messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The session that is selected: what others say beside it is faint. None where it says nothing.
    pub(crate) focus: Option<u32>,
    /// Frames that prove findings.
    pub(crate) proofs: &'a [Evidence],
    /// Requests that nobody will answer, by session's place in the conversation.
    pub(crate) unanswered: &'a [u32],
    /// The end of the capture.
    pub(crate) end: Timestamp,
}

impl Known<'_> {
    /// An open request is one that was waited for in vain, not one that the end of the capture cut off.
    fn in_vain(&self, session: u32, open: &Open) -> bool {
        let counted = self
            .unanswered
            .get(session as usize)
            .is_some_and(|n| *n > 0);
        counted || self.proofs.iter().any(|p| p.frame == open.asked.frame)
    }
}

/// All rows of a session.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ladder {
    /// From the first to the last.
    pub(crate) rows: Vec<Row>,
    /// Messages among them.
    pub(crate) messages: usize,
    /// Requests that nobody answered.
    pub(crate) unanswered: usize,
    /// A bound was reached, and messages are left out.
    pub(crate) cut: bool,
}

impl Ladder {
    /// The rows of one session, or of all of them where `session` is none.
    pub(crate) fn of(dialogue: &Dialogue, session: Option<u32>, known: Known<'_>) -> Self {
        let flow = &dialogue.flow;
        let begin = flow
            .sessions
            .get(session.unwrap_or(0) as usize)
            .map_or(flow.first, |s| s.first)
            .time;
        let mut builder = Builder {
            begin,
            rows: Vec::new(),
        };
        builder.messages(dialogue, session, known.focus);
        let messages = builder.rows.len();
        if messages == 0 && session.unwrap_or(0) == 0 {
            builder.pieces(dialogue);
        }
        builder.carrier(flow, session.is_none_or(|s| s == 0));
        builder.gaps(flow);
        builder.proofs(known.proofs);
        let mut ladder = Self {
            rows: builder.rows,
            messages,
            unanswered: 0,
            cut: dialogue.cut,
        };
        ladder.sort();
        ladder.add_silence();
        ladder.pair(dialogue, session, &known);
        let ended = flow.tcp.as_ref().is_some_and(|t| t.ended());
        ladder.add_end(known.end, begin, ended);
        ladder.draw_bars();
        ladder
    }

    /// The row that shows a frame best: one that ends with it, else one that it is in, else the last before it.
    pub(crate) fn row_of(&self, frame: FrameNo) -> Option<usize> {
        let exact = self.rows.iter().position(|r| r.frame == frame);
        exact
            .or_else(|| {
                self.rows
                    .iter()
                    .position(|r| r.first_frame <= frame && frame <= r.frame)
            })
            .or_else(|| {
                self.rows
                    .iter()
                    .rposition(|r| r.frame > 0 && r.frame < frame)
            })
    }

    /// When a frame was seen, as far as the rows tell.
    pub(crate) fn time_of(&self, frame: FrameNo) -> Option<Timestamp> {
        let at = self.row_of(frame)?;
        let before = self.rows.get(..=at)?;
        before.iter().rev().find_map(|r| r.time)
    }

    fn sort(&mut self) {
        let last_of = |row: &Row| row.frame;
        self.rows.sort_by_key(last_of);
    }

    fn add_silence(&mut self) {
        let mut rows = Vec::with_capacity(self.rows.len() + 8);
        let mut last: Option<Timestamp> = None;
        for row in std::mem::take(&mut self.rows) {
            if let (Some(before), Some(time)) = (last, row.time) {
                let silence = time.nanos_since(before);
                if silence >= SILENCE {
                    rows.push(silence_row(silence, row.at));
                }
            }
            last = last.max(row.time);
            rows.push(row);
        }
        self.rows = rows;
    }

    /// Finds the answer to each request, and those that have none.
    fn pair(&mut self, dialogue: &Dialogue, session: Option<u32>, known: &Known<'_>) {
        let mut asked: HashMap<(u32, Side, u64), usize> = HashMap::new();
        for at in 0..self.rows.len() {
            let Some((told, exchange)) = self.rows.get(at).and_then(|r| exchange(r, dialogue))
            else {
                continue;
            };
            match told.part {
                Part::Request => {
                    let key = (told.session, told.side, exchange);
                    let first = *asked.entry(key).or_insert(at);
                    if let Some(row) = self.rows.get_mut(at).filter(|_| first != at) {
                        row.fate = Fate::Again;
                    }
                }
                Part::Reply => {
                    let key = (told.session, told.side.other(), exchange);
                    if let Some(request) = asked.remove(&key) {
                        self.link(request, at);
                    }
                }
                Part::Interim | Part::Message => {}
            }
        }
        let flow = &dialogue.flow;
        let over = flow
            .tcp
            .as_ref()
            .and_then(|t| t.end())
            .map_or(known.end, |e| e.time);
        let wanted = |index: u32| session.is_none_or(|s| s == index);
        for inner in flow.sessions.iter().filter(|s| wanted(s.index)) {
            for open in &inner.open {
                if let Some(row) = asked
                    .get(&(inner.index, open.side, open.id))
                    .and_then(|at| self.rows.get_mut(*at))
                {
                    row.fate = fate(open, over, known.in_vain(inner.index, open));
                }
            }
        }
    }

    fn link(&mut self, request: usize, reply: usize) {
        let time = |row: usize| self.rows.get(row).and_then(|r| r.time);
        let wait = time(reply)
            .zip(time(request))
            .map_or(0.0, |(b, a)| b.since(a).max(0.0));
        if let Some(row) = self.rows.get_mut(request) {
            row.fate = Fate::Answered(reply);
        }
        if let Some(row) = self.rows.get_mut(reply) {
            row.answers = Some((request, wait));
        }
    }

    /// The end of the capture, where somebody still waits; a connection that ended is over before.
    fn add_end(&mut self, end: Timestamp, begin: Timestamp, ended: bool) {
        let last = self.rows.iter().filter_map(|r| r.time).max();
        let dead = |r: &&Row| matches!(r.fate, Fate::Unanswered(_));
        self.unanswered = self.rows.iter().filter(dead).count();
        if self.unanswered == 0 || ended {
            return;
        }
        if let Some(silence) = last.map(|l| end.nanos_since(l)).filter(|s| *s >= SILENCE) {
            self.rows.push(silence_row(silence, Some(end.since(begin))));
        }
        let mut row = empty(Kind::End);
        row.at = Some(end.since(begin));
        row.time = Some(end);
        "the capture ends here".clone_into(&mut row.text);
        self.rows.push(row);
    }

    /// Gives each running exchange a place among the bars of the side that has to answer.
    fn draw_bars(&mut self) {
        let mut free = PerSide {
            client: [None::<usize>; SLOTS],
            server: [None::<usize>; SLOTS],
        };
        for at in 0..self.rows.len() {
            let Some(row) = self.rows.get(at) else {
                continue;
            };
            let (begins, ends) = (runs_on(row), row.answers.is_some());
            let dead = matches!(row.fate, Fate::Unanswered(_));
            let side = row.side;
            let mut bars = PerSide {
                client: running(&free.client, &self.rows),
                server: running(&free.server, &self.rows),
            };
            if let (true, Some(side)) = (begins, side) {
                let slots = &mut free[side.other()];
                if let Some(slot) = slots.iter().position(Option::is_none) {
                    if let Some(place) = slots.get_mut(slot) {
                        *place = Some(at);
                    }
                    let bars = &mut bars[side.other()];
                    bars.all |= 1 << slot;
                    bars.begin |= 1 << slot;
                    bars.dead |= u8::from(dead) << slot;
                }
            }
            if let (true, Some(side), Some(request)) = (ends, side, row.answers.map(|a| a.0)) {
                let slots = &mut free[side];
                if let Some(slot) = slots.iter().position(|s| *s == Some(request)) {
                    if let Some(place) = slots.get_mut(slot) {
                        *place = None;
                    }
                    bars[side].end |= 1 << slot;
                }
            }
            if let Some(row) = self.rows.get_mut(at) {
                row.bars = bars;
            }
        }
    }

    /// The rows as text, for tests.
    #[cfg(test)]
    pub(crate) fn told(&self) -> Vec<String> {
        self.rows.iter().map(describe).collect()
    }
}

fn running(slots: &[Option<usize>; SLOTS], rows: &[Row]) -> Bars {
    let mut bars = Bars::default();
    for (slot, request) in slots.iter().enumerate() {
        if let Some(request) = request {
            bars.all |= 1 << slot;
            let dead = rows
                .get(*request)
                .is_some_and(|r| matches!(r.fate, Fate::Unanswered(_)));
            bars.dead |= u8::from(dead) << slot;
        }
    }
    bars
}

const fn runs_on(row: &Row) -> bool {
    matches!(row.fate, Fate::Answered(_) | Fate::Unanswered(_))
}

fn exchange<'a>(row: &Row, dialogue: &'a Dialogue) -> Option<(&'a Told, u64)> {
    let Kind::Message(index) = row.kind else {
        return None;
    };
    let told = dialogue.messages.get(index)?;
    Some((told, told.exchange?))
}

fn fate(open: &Open, over: Timestamp, in_vain: bool) -> Fate {
    match (open.cancelled, open.expect) {
        (Some(cancelled), _) => Fate::Waits(format!("given up in frame {}", cancelled.frame)),
        (None, Expect::LongWait(why)) => Fate::Waits(why.to_owned()),
        (None, Expect::Nothing) => Fate::Nothing,
        (None, Expect::Answer) if !in_vain => Fate::Waits("open at the end".to_owned()),
        (None, Expect::Answer) => Fate::Unanswered(over.since(open.asked.time).max(0.0)),
    }
}

/// A row that tells nothing yet.
pub(super) fn empty(kind: Kind) -> Row {
    Row {
        kind,
        frame: 0,
        first_frame: 0,
        at: None,
        time: None,
        side: None,
        text: String::new(),
        fate: Fate::Nothing,
        answers: None,
        bad: false,
        proof: false,
        other: false,
        bars: PerSide::default(),
    }
}

fn silence_row(nanos: i64, at: Option<f64>) -> Row {
    Row {
        at,
        text: format!("~ {} of silence ~", seconds(nanos as f64 / 1e9)),
        ..empty(Kind::Silence)
    }
}

/// A row in words.
pub(crate) fn describe(row: &Row) -> String {
    let arrow = match row.side {
        Some(Side::Client) => "→ ",
        Some(Side::Server) => "← ",
        None => "",
    };
    let after = match (&row.fate, row.answers) {
        (Fate::Unanswered(waited), _) => format!(", no answer for {}", seconds(*waited)),
        (Fate::Waits(why), _) => format!(", still open: {why}"),
        (Fate::Again, _) => ", sent again".to_owned(),
        (_, Some((_, wait))) => format!(", after {}", seconds(wait)),
        _ => String::new(),
    };
    if row.frame == 0 {
        row.text.clone()
    } else {
        format!("frame {} {arrow}{}{after}", row.frame, row.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::{ladder, sample};

    #[test]
    fn an_unanswered_request_dangles() {
        let doc = sample("dcerpc/path-dark.pcap");
        let told = ladder(&doc, "request-unanswered", false);
        let dangling: Vec<&Row> = told
            .rows
            .iter()
            .filter(|r| matches!(r.fate, Fate::Unanswered(_)))
            .collect();
        assert_eq!(dangling.len(), 1, "{:#?}", told.told());
        assert!(dangling[0].proof, "{:#?}", told.told());
        assert_eq!(told.unanswered, 1);
        assert_eq!(told.rows.last().unwrap().kind, Kind::End);
        assert!(told.rows.iter().any(|r| r.kind == Kind::Silence));
        let dead = told.rows.last().unwrap().bars.server.dead;
        assert_ne!(dead, 0, "its bar goes on to the end");
    }

    #[test]
    fn every_answer_finds_its_request() {
        let doc = sample("oncrpc/replies-reversed.pcap");
        let found = doc
            .outcome
            .sessions()
            .find(|r| r.session.requests.answered > 2)
            .unwrap();
        let key = doc.key(found.id).unwrap();
        let told = crate::gui::testing::ladder_of(&doc, key, false);
        let answered = told.rows.iter().filter(|r| r.answers.is_some()).count();
        assert_eq!(answered as u64, found.session.requests.answered);
        for (at, row) in told.rows.iter().enumerate() {
            if let Fate::Answered(reply) = row.fate {
                assert_eq!(told.rows[reply].answers.unwrap().0, at);
                assert_ne!(told.rows[reply].side, row.side);
            }
        }
    }

    #[test]
    fn a_request_that_is_sent_again_waits_since_the_first_time() {
        let doc = sample("oncrpc/udp-server-silent.pcap");
        let told = ladder(&doc, "rpc-retransmission-storm", false);
        let fates: Vec<&Fate> = told.rows.iter().map(|r| &r.fate).collect();
        assert!(
            matches!(fates[0], Fate::Unanswered(waited) if *waited > 2.9),
            "{fates:?}"
        );
        assert_eq!(fates.iter().filter(|f| ***f == Fate::Again).count(), 3);
        assert_eq!(told.unanswered, 1);
    }

    #[test]
    fn no_one_waits_longer_than_the_connection_lasts() {
        let doc = sample("tcp/reset-on-the-path.pcap");
        let told = ladder(&doc, "request-unanswered", false);
        assert_eq!(told.unanswered, 1);
        assert!(
            told.rows.iter().all(|r| r.kind != Kind::End),
            "{:?}",
            told.told()
        );
        assert!(told.rows.last().unwrap().text.starts_with("RST"));
    }

    #[test]
    fn a_refused_connect_is_seen_without_any_message() {
        let doc = sample("tcp/connect-refused.pcap");
        let told = ladder(&doc, "tcp-connect-refused", false);
        let texts = told.told();
        assert!(texts.iter().any(|t| t.contains("SYN")), "{texts:?}");
        assert!(told.rows.iter().any(|r| r.bad), "{texts:?}");
    }

    #[test]
    fn every_piece_of_evidence_has_a_row() {
        for name in [
            "smb/logon-failure.pcap",
            "tcp/reset-on-the-path.pcap",
            "oncrpc/udp-fragment-lost.pcap",
        ] {
            let doc = sample(name);
            for found in &doc.outcome.findings {
                let key = doc.key(found.session).unwrap();
                let told = crate::gui::testing::ladder_of(&doc, key, false);
                for proof in &found.finding.frames {
                    let row = &told.rows[told.row_of(proof.frame).unwrap()];
                    assert!(
                        row.proof,
                        "{name}: frame {} of {}",
                        proof.frame, found.finding.rule
                    );
                }
            }
        }
    }

    #[test]
    fn evidence_without_a_message_stands_where_it_was_seen() {
        let doc = sample("dcerpc/path-dark.pcap");
        let told = ladder(&doc, "tcp-path-dark", true);
        let proofs: Vec<&Row> = told.rows.iter().filter(|r| r.kind == Kind::Proof).collect();
        assert!(proofs.len() > 2, "{:#?}", told.told());
        assert!(proofs.iter().all(|r| r.at > Some(0.0)), "{proofs:#?}");
        let times: Vec<_> = told.rows.iter().filter_map(|r| r.time).collect();
        assert!(times.is_sorted(), "{:#?}", told.told());
        // The silence between two retransmissions is told, and it ends with the second.
        let silent = |pair: &[Row]| pair[0].kind == Kind::Silence && pair[1].kind == Kind::Proof;
        assert!(told.rows.windows(2).any(silent), "{:#?}", told.told());
    }

    #[test]
    fn the_whole_connection_has_the_messages_of_all_its_sessions() {
        let doc = sample("dcerpc/pipe-over-netbios.pcapng");
        let key = doc.key(4).unwrap();
        let one = crate::gui::testing::ladder_of(&doc, key, false);
        let all = crate::gui::testing::ladder_of(&doc, key, true);
        assert!(all.messages > one.messages);
        assert!(all.rows.iter().any(|r| r.text.starts_with("nbss")));
    }
}
