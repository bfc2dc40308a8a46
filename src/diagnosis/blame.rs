//! Who had a request, and for how long: its way from who asked to the program that answers, and back.
//!
//! ```text
//!   asked          acknowledged              answer begins       answer ends
//!     |--- network ---|--- program of the peer ---|--- transfer ------|
//!                                                 '- in it: the asker's window was shut
//! ```
//!
//! TCP acknowledges at once or within half a second (RFC 1122 section 4.2.3.2), so that the first part says whether the request
//! arrived, not how long it travelled.

use colloquy_dissectors::units::{Side, Stamp};

use super::{Finding, View, counted, seconds};
use crate::session::exchange::{Answered, Open};

/// Shorter parts are not told in words: seconds.
const WORTH_TELLING: f64 = 0.001;

/// The way of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    side: Side,
    asked: Stamp,
    /// Where TCP of the peer acknowledged it, before it was answered.
    pub(super) acked: Option<Stamp>,
    /// Where the first and the last byte of the answer were seen.
    answer: Option<(Stamp, Stamp)>,
    /// The answer never came to its end.
    half: bool,
    /// Seconds until now, or until the connection ended, where there is no answer.
    waited: f64,
    /// The longest time for which who asked could take nothing, within: where it began, and seconds.
    pub(super) shut: Option<(Stamp, f64)>,
}

impl Way {
    /// Of a request without an answer.
    pub(super) fn of_open(view: &View<'_>, open: &Open) -> Self {
        let mut half = view.session.troubles.incomplete.iter();
        let half = half.find(|i| i.side != open.side && i.began >= open.asked);
        let way = Self {
            side: open.side,
            asked: open.asked,
            acked: open.acked,
            answer: half.map(|i| (i.began, i.stamp)),
            half: half.is_some(),
            waited: view.waited(open),
            shut: None,
        };
        way.with_window(view)
    }

    /// Of a request with its answer.
    pub(super) fn of_answered(view: &View<'_>, answered: &Answered) -> Self {
        let way = Self {
            side: answered.side,
            asked: answered.asked,
            acked: answered.acked.filter(|a| *a < answered.began),
            answer: Some((answered.began, answered.answered)),
            half: false,
            waited: answered.answered.time.since(answered.asked.time),
            shut: None,
        };
        way.with_window(view)
    }

    fn with_window(mut self, view: &View<'_>) -> Self {
        let Some(tcp) = view.tcp() else { return self };
        let zero = &tcp.sides[self.side].zero_window;
        let end = self.asked.time.plus_nanos((self.waited * 1e9) as i64);
        let still = zero.since.map(|since| (since, end));
        let past = zero.longest.map(|(from, to)| (from, to.time.min(end)));
        self.shut = still
            .into_iter()
            .chain(past)
            .map(|(from, to)| (from, to.since(from.time.max(self.asked.time))))
            .filter(|(_, secs)| *secs > 0.0)
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        self
    }

    /// Seconds until TCP acknowledged it.
    pub(super) fn until_acknowledged(&self) -> Option<f64> {
        self.acked.map(|a| a.time.since(self.asked.time))
    }

    /// Seconds for which the peer's program had it.
    pub(super) fn at_program(&self) -> Option<f64> {
        let acked = self.until_acknowledged()?;
        let until = self
            .answer
            .map_or(self.waited, |(began, _)| began.time.since(self.asked.time));
        Some((until - acked).max(0.0))
    }

    /// Seconds that the answer took to arrive.
    fn transfer(&self) -> Option<f64> {
        self.answer
            .map(|(began, ended)| ended.time.since(began.time))
    }

    /// Who asked could not take the answer for more than half of the time.
    pub(super) fn is_shut_out(&self) -> bool {
        self.shut.is_some_and(|(_, secs)| secs > self.waited / 2.0)
    }

    /// The parts in words; empty where TCP tells nothing.
    pub(super) fn told(&self) -> String {
        let peer = self.side.other();
        let mut parts = Vec::new();
        if let (Some(acked), Some(until), Some(had)) =
            (self.acked, self.until_acknowledged(), self.at_program())
        {
            let before = match self.answer {
                None if had >= WORTH_TELLING => format!(", {} before the end", seconds(had)),
                _ => String::new(),
            };
            parts.push(format!(
                "TCP of the {peer} acknowledged it after {} (frame {}){before}",
                seconds(until),
                acked.frame
            ));
            if self.answer.is_some() {
                parts.push(format!(
                    "the {peer}'s program took {} from there to begin the answer",
                    seconds(had)
                ));
            }
            if self.half {
                parts.push("the answer never came to its end".to_owned());
            } else if let Some(transfer) = self.transfer().filter(|t| *t >= WORTH_TELLING) {
                parts.push(format!("the answer took {} to arrive", seconds(transfer)));
            }
        }
        if let Some((since, secs)) = self.shut {
            parts.push(format!(
                "the {}'s own window was shut for {} of that time (from frame {})",
                self.side,
                seconds(secs),
                since.frame
            ));
        }
        match parts.split_last() {
            None => String::new(),
            Some((last, [])) => format!(" {}.", capitalised(last)),
            Some((last, first)) => {
                format!(" {}, and {last}.", capitalised(&first.join(", ")))
            }
        }
    }

    /// The parts in numbers: seconds.
    pub(super) fn count(&self, finding: Finding) -> Finding {
        let numbers = [
            ("until_acknowledged", self.until_acknowledged()),
            ("at_program", self.at_program()),
            (
                "transfer",
                self.transfer()
                    .filter(|_| self.acked.is_some() && !self.half),
            ),
            ("window_shut", self.shut.map(|(_, secs)| secs)),
        ];
        let known = numbers.into_iter().filter_map(|(n, v)| Some((n, v?)));
        known.fold(finding, |finding, (name, value)| {
            finding.number(name, value)
        })
    }
}

/// The answer of `side` to what came at `since` was sent and lost on the way: the first frame that shows it, and how many bytes.
pub(super) fn lost_on_the_way(view: &View<'_>, side: Side, since: Stamp) -> Option<(Stamp, u64)> {
    let (ahead, bytes) = view.tcp()?.never_arrived(side)?;
    (ahead.stamp > since).then_some((ahead.stamp, bytes))
}

/// That in words.
pub(super) fn lost_words(view: &View<'_>, side: Side, (shown, bytes): (Stamp, u64)) -> String {
    format!(
        "the sequence number of frame {}, which is empty, shows that {} had sent {} that never arrived: they are lost on the way \
         back",
        shown.frame,
        view.end_of(side),
        counted(bytes, "byte")
    )
}

/// With a capital letter.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
