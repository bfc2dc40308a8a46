//! The search for frames after a gap and in mid-stream.
//!
//! A frame has no magic: a place is taken for a frame's beginning when the run of frames there is unlikely to be anything
//! else. Where a gap ended, or the capture began, a frame is likely to begin, and less evidence is enough.

use super::session::{Lane, Talk};
use super::wire::{self, Run, RunEnd};
use crate::dissector::Output;
use crate::inbox::Feed;
use crate::units::Side;

/// Bytes that are kept while a run is too short to tell.
const WINDOW: usize = 8 * 1024;

/// What a place is.
enum Place {
    Frame,
    Undecided,
    Other,
}

impl Talk {
    pub(super) fn seek(&mut self, side: Side, feed: &mut Feed<'_>, out: &mut Output<'_>) -> bool {
        let deflate = self.agreed.is_none_or(|a| a.deflate);
        let bytes = feed.peek_up_to(WINDOW);
        let full = bytes.len() >= WINDOW;
        let lane = &mut self.lanes[side];
        for at in 0..bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let run = wire::run(rest, side == Side::Client, deflate);
            match judge(&run, lane.at_edge && at == 0) {
                Place::Frame => {
                    return move_on(lane, feed, at) && {
                        self.resumed(side, feed.offset(), out);
                        true
                    };
                }
                // A run longer than the window can't be told.
                Place::Undecided if !(full && at == 0) => {
                    move_on(lane, feed, at);
                    return false;
                }
                Place::Undecided | Place::Other => {}
            }
        }
        let all = bytes.len();
        move_on(lane, feed, all);
        false
    }
}

fn move_on(lane: &mut Lane, feed: &mut Feed<'_>, n: usize) -> bool {
    lane.at_edge &= n == 0;
    n == 0 || feed.take(n).is_some()
}

const fn judge(run: &Run, at_edge: bool) -> Place {
    let enough = if at_edge {
        run.bits >= 12 || run.frames >= 2 && run.bits >= 10
    } else {
        run.bits >= 26 && run.frames >= 2
    };
    match run.end {
        RunEnd::Broken => Place::Other,
        _ if enough => Place::Frame,
        _ => Place::Undecided,
    }
}
