//! A capture that runs: findings as they become true.

use colloquy_dissectors::units::{FrameNo, Timestamp};
use hashbrown::HashSet;

use crate::analysis::{Analysis, Outcome};
use crate::capture::{Block, CaptureSummary};
use crate::diagnosis::{Finding, World, examine};
use crate::session::model::Flow;

/// Every how many looks all conversations are judged again, not only those with new frames: silence makes findings
/// true as well.
const ALL_EVERY: u32 = 8;

/// A finding that is new.
#[derive(Clone, Debug)]
pub struct New {
    /// The conversation it is on.
    pub flow: Flow,
    /// The session's place in it.
    pub session: u32,
    /// What was found.
    pub finding: Finding,
}

/// Judges a running capture again and again, and tells each finding once.
pub struct Watch {
    analysis: Analysis,
    told: HashSet<(u32, u32, &'static str, FrameNo)>,
    looks: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// Before the first frame.
    pub fn new() -> Self {
        Self {
            analysis: Analysis::new(true),
            told: HashSet::new(),
            looks: 0,
        }
    }

    /// What the capture has told up to the frames that come next: see [`Source::secrets`](crate::capture::Source::secrets).
    pub fn secrets(&mut self, key_log: &str) {
        self.analysis.secrets(key_log);
    }

    /// Takes the next frames; gives the block back to be used again.
    pub fn push(&mut self, block: Block) -> Block {
        self.analysis.push(block)
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.analysis.counts().frames
    }

    /// Bytes of frames so far.
    pub fn bytes(&self) -> u64 {
        self.analysis.counts().bytes
    }

    /// What became true since the last look; `now` is the present.
    pub fn look(&mut self, now: Timestamp) -> Vec<New> {
        self.looks += 1;
        let changed = self.analysis.changed();
        let flows = if self.looks.is_multiple_of(ALL_EVERY) {
            self.analysis.flows()
        } else {
            changed
        };
        let end = self
            .analysis
            .counts()
            .last
            .map_or(now, |last| last.time.max(now));
        let mut world = World {
            end,
            running: true,
            ..World::default()
        };
        for flow in &flows {
            world.learn(flow);
        }
        world.settle();
        let mut new = Vec::new();
        for flow in flows {
            for session in &flow.sessions {
                for finding in examine(session, &flow, &world).findings {
                    let frame = finding.frames.first().map_or(0, |e| e.frame);
                    if self
                        .told
                        .insert((flow.index, session.index, finding.rule, frame))
                    {
                        new.push(New {
                            flow: flow.clone(),
                            session: session.index,
                            finding,
                        });
                    }
                }
            }
        }
        new.sort_by_key(|n| (n.finding.at, n.flow.index, n.session));
        new
    }

    /// All as it stands, for a window that shows it.
    pub fn snapshot(&self, summary: CaptureSummary, now: Timestamp) -> Outcome {
        self.analysis.snapshot(summary, now)
    }

    /// The end.
    pub fn finish(self, summary: CaptureSummary) -> Outcome {
        self.analysis.finish(summary)
    }
}
