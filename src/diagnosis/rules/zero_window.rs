//! Receive windows that were shut for too long.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::View;
use crate::stream::facts::ZeroWindow;

/// A program that read on within this was only busy for a while: seconds.
const PAUSE: f64 = 10.0;

/// The longest time for which `side` took nothing of what its peer wanted to send, if that was too long.
pub(super) fn held(view: &View<'_>, side: Side) -> Option<Episode> {
    let tcp = view.tcp()?;
    let zero = &tcp.sides[side].zero_window;
    let wanted = zero.probe_count > 0 || tcp.sides[side.other()].unacked > 0;
    let episode = Episode::of(view, zero)?;
    (wanted && episode.held > view.world.thresholds.zero_window).then_some(episode)
}

/// The longest time for which the window was shut.
#[derive(Clone, Copy)]
pub(super) struct Episode {
    pub(super) since: Stamp,
    pub(super) until: Option<Stamp>,
    pub(super) held: f64,
}

impl Episode {
    /// The program did not read on soon.
    pub(super) fn is_grave(&self) -> bool {
        self.until.is_none() || self.held >= PAUSE
    }

    fn of(view: &View<'_>, zero: &ZeroWindow) -> Option<Self> {
        let over = zero.longest.map(|(since, until)| Self {
            since,
            until: Some(until),
            held: until.time.since(since.time),
        });
        let end = view.ending().map_or(view.now(), |e| e.stamp().time);
        let still = zero.since.map(|since| Self {
            since,
            until: None,
            held: end.since(since.time),
        });
        match (over, still) {
            (Some(a), Some(b)) => Some(if a.held > b.held { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}
