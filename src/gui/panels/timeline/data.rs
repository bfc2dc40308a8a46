//! A lane of the timeline, made when it comes into view: phases, open requests, findings.

use colloquy::analysis::Row;
use colloquy::diagnosis::Severity;
use colloquy::dissectors::event::Phase;
use colloquy::dissectors::units::Timestamp;
use serde::Serialize;

use crate::gui::document::{Document, Extent};
use crate::gui::selection::{FindingKey, SessionKey};

/// A stretch of time in seconds since the first frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// The left edge.
    pub(crate) from: f64,
    /// The right edge.
    pub(crate) to: f64,
}

impl Window {
    /// All that a document has, with a little air.
    pub(crate) fn whole(doc: &Document) -> Self {
        let len = doc.end.since(doc.start).max(1e-3);
        Self {
            from: -0.01 * len,
            to: 1.02 * len,
        }
    }

    /// Its length.
    pub(crate) fn len(&self) -> f64 {
        self.to - self.from
    }

    /// A moment as a part of the window: 0 at the left edge, 1 at the right.
    pub(crate) fn part(&self, at: f64) -> f64 {
        (at - self.from) / self.len()
    }

    /// The moment at a part of the window.
    pub(crate) fn at(&self, part: f64) -> f64 {
        self.from + part * self.len()
    }

    /// Shorter or longer, with the moment at `part` staying where it is.
    #[must_use]
    pub(crate) fn zoomed(&self, factor: f64, part: f64, whole: &Self) -> Self {
        let len = (self.len() / factor).clamp(1e-6, whole.len());
        let fixed = self.at(part);
        Self {
            from: fixed - part * len,
            to: fixed + (1.0 - part) * len,
        }
        .within(whole)
    }

    /// Moved by a part of its length.
    #[must_use]
    pub(crate) fn moved(&self, part: f64, whole: &Self) -> Self {
        let by = part * self.len();
        Self {
            from: self.from + by,
            to: self.to + by,
        }
        .within(whole)
    }

    fn within(self, whole: &Self) -> Self {
        let over = (whole.from - self.from).max(0.0) - (self.to - whole.to).max(0.0);
        if self.len() >= whole.len() {
            *whole
        } else {
            Self {
                from: self.from + over,
                to: self.to + over,
            }
        }
    }
}

/// A phase as a band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Band {
    pub(crate) from: f64,
    pub(crate) to: f64,
    #[serde(skip)]
    pub(crate) phase: Phase,
}

/// A request without an answer, from when it was asked to the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Wait {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// It waits by design.
    pub(crate) by_design: bool,
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum What {
    /// A failed answer.
    Failure,
    /// A request sent again.
    Repeat,
    /// Something malformed or incomplete.
    Malformed,
}

/// One session in time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lane {
    /// Which.
    pub(crate) key: SessionKey,
    /// Its name at the left.
    pub(crate) name: String,
    /// How many sessions it is in.
    pub(crate) depth: u8,
    /// Phases.
    pub(crate) bands: Vec<Band>,
    /// Open requests.
    pub(crate) waits: Vec<Wait>,
    /// Events.
    pub(crate) ticks: Vec<(f64, What)>,
    /// Findings, with what they say.
    #[serde(skip)]
    pub(crate) marks: Vec<(f64, Severity, FindingKey, String)>,
}

impl Lane {
    /// The lane of one session.
    pub(crate) fn of(doc: &Document, key: SessionKey, depth: u8) -> Option<Self> {
        let row = doc.row(key)?;
        let at = |time: Timestamp| time.since(doc.start);
        let capture_end = doc
            .outcome
            .captures
            .get(key.capture as usize)
            .and_then(|c| c.summary.last)
            .filter(|_| doc.extent != Extent::Running)
            .unwrap_or(doc.end);
        let mut lane = Self {
            key,
            name: format!("{} {}", row.id, row.session.protocol),
            depth,
            bands: bands(&row, doc.start, capture_end),
            waits: Vec::new(),
            ticks: Vec::new(),
            marks: Vec::new(),
        };
        let over = row.closed().map_or(capture_end, |s| s.time);
        for open in &row.session.open {
            let by_design = matches!(
                open.expect,
                colloquy::dissectors::event::Expect::LongWait(_)
            ) || open.cancelled.is_some();
            lane.waits.push(Wait {
                from: at(open.asked.time),
                to: at(over.max(open.asked.time)),
                by_design,
            });
        }
        lane.add_ticks(&row, doc.start);
        for found in doc.findings_of(row.id) {
            lane.marks.push((
                at(found.finding.at),
                found.finding.severity,
                doc.finding_key(found),
                found.finding.title.clone(),
            ));
        }
        Some(lane)
    }

    fn add_ticks(&mut self, row: &Row<'_>, start: Timestamp) {
        let session = row.session;
        let ticks = &mut self.ticks;
        for failure in &session.troubles.failures {
            ticks.push((failure.first.answered.time.since(start), What::Failure));
            if failure.count > 1 {
                ticks.push((failure.last.answered.time.since(start), What::Failure));
            }
        }
        for repeat in &session.troubles.repeats {
            ticks.extend(
                repeat
                    .again
                    .iter()
                    .map(|s| (s.time.since(start), What::Repeat)),
            );
        }
        let malformed = session.troubles.malformed.iter().map(|m| m.stamp);
        let incomplete = session.troubles.incomplete.iter().map(|m| m.stamp);
        ticks.extend(
            malformed
                .chain(incomplete)
                .map(|s| (s.time.since(start), What::Malformed)),
        );
    }
}

fn bands(row: &Row<'_>, start: Timestamp, end: Timestamp) -> Vec<Band> {
    let session = row.session;
    let at = |time: Timestamp| time.since(start);
    let last = if row.ended_after_capture() {
        end.max(session.last.time)
    } else {
        session.last.time
    };
    let mut bands = Vec::new();
    let (mut since, mut phase) = (
        session.first.time,
        session.phases.first().map_or(session.phase, |p| p.phase),
    );
    for change in &session.phases {
        if change.stamp.time > since {
            bands.push(Band {
                from: at(since),
                to: at(change.stamp.time),
                phase,
            });
        }
        since = since.max(change.stamp.time);
        phase = change.phase;
    }
    if last > since || bands.is_empty() {
        bands.push(Band {
            from: at(since),
            to: at(last.max(since)),
            phase,
        });
    }
    bands
}

/// Moments for the axis, with their words: round steps, about `room` of them.
pub(crate) fn axis(window: &Window, room: usize) -> Vec<(f64, String)> {
    let rough = window.len() / room.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough)
        .unwrap_or(rough);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let first = (window.from / step).ceil() as i64;
    let last = (window.to / step).floor() as i64;
    (first..=last)
        .take(200)
        .map(|n| {
            let at = n as f64 * step;
            (at, format!("{at:.digits$} s"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::testing::sample;

    #[test]
    fn a_lane_shows_what_waits_and_what_was_found() {
        let doc = sample("oncrpc/call-unanswered.pcap");
        let stuck = doc
            .sessions
            .entries
            .iter()
            .find(|e| e.unanswered > 0)
            .unwrap();
        let lane = Lane::of(&doc, stuck.key, stuck.depth).unwrap();
        assert!(!lane.bands.is_empty());
        assert!(
            lane.waits.iter().any(|w| w.to > w.from && !w.by_design),
            "{:?}",
            lane.waits
        );
        assert!(!lane.marks.is_empty());
        assert!(lane.bands.is_sorted_by(|a, b| a.to <= b.from));
    }

    #[test]
    fn zoom_keeps_the_moment_under_the_pointer_and_never_leaves_the_capture() {
        let whole = Window {
            from: 0.0,
            to: 100.0,
        };
        let near = whole.zoomed(4.0, 0.5, &whole);
        assert!((near.at(0.5) - 50.0).abs() < 1e-9 && (near.len() - 25.0).abs() < 1e-9);
        let far = near.moved(100.0, &whole);
        assert!((far.to - 100.0).abs() < 1e-9, "{far:?}");
        assert_eq!(near.zoomed(0.01, 0.2, &whole), whole);
    }

    #[test]
    fn the_axis_has_round_steps() {
        let marks = axis(
            &Window {
                from: 0.0,
                to: 10.0,
            },
            6,
        );
        let words: Vec<&str> = marks.iter().map(|m| m.1.as_str()).collect();
        assert_eq!(words, ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]);
        let marks = axis(
            &Window {
                from: 0.0,
                to: 0.01,
            },
            5,
        );
        assert_eq!(marks[1].1, "0.002 s");
    }
}
