//! The bench on which rules are tested: scripted conversations through the whole pipeline.

pub(crate) mod calls;
pub(crate) mod dcerpc;
pub(crate) mod http;
pub(crate) mod tls;
pub(crate) mod ws;

use crate::analysis::{Analysis, Outcome};
use crate::capture::script::ScriptFrame;
use crate::capture::{CaptureSummary, LinkType, MemoryFrame, MemorySource, Source as _};
use crate::diagnosis::Finding;

/// The outcome of frames, as a file of them would give it.
pub(crate) fn outcome(frames: Vec<ScriptFrame>) -> Outcome {
    analysed(whole(frames), None)
}

fn whole(frames: Vec<ScriptFrame>) -> Vec<MemoryFrame> {
    let frames = frames.into_iter().map(|f| MemoryFrame {
        time: f.time,
        link: LinkType::ETHERNET,
        wire_len: f.bytes.len() as u32,
        bytes: f.bytes,
    });
    frames.collect()
}

/// `told`: what the reader says of the capture, instead of what there is to say of frames in memory.
fn analysed(frames: Vec<MemoryFrame>, told: Option<&CaptureSummary>) -> Outcome {
    let mut source = MemorySource::new(frames);
    let mut analysis = Analysis::new(false);
    let mut block = crate::capture::Block::new();
    while source.fill(&mut block).unwrap() {
        block = analysis.push(block);
    }
    analysis.finish(told.cloned().unwrap_or_else(|| source.summary()))
}

/// The findings of one rule.
pub(crate) fn findings(frames: Vec<ScriptFrame>, rule: &str) -> Vec<Finding> {
    outcome(frames)
        .findings
        .into_iter()
        .map(|f| f.finding)
        .filter(|f| f.rule == rule)
        .collect()
}

/// The names of all rules of severity warning and above that fired, without those on the capture itself.
pub(crate) fn loud(frames: Vec<ScriptFrame>) -> Vec<&'static str> {
    loud_of(&outcome(frames))
}

fn loud_of(outcome: &Outcome) -> Vec<&'static str> {
    let mut rules: Vec<_> = outcome
        .findings
        .iter()
        .filter(|f| f.finding.severity >= crate::diagnosis::Severity::Warning)
        .map(|f| f.finding.rule)
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// As [`loud`], with every frame cut to `snap_len` bytes.
pub(crate) fn loud_cut(frames: Vec<ScriptFrame>, snap_len: usize) -> Vec<&'static str> {
    let mut frames = whole(frames);
    for frame in &mut frames {
        frame.bytes.truncate(snap_len);
    }
    loud_of(&analysed(frames, None))
}

/// The guards that forbade a verdict of one rule.
pub(crate) fn cannot_tell(frames: Vec<ScriptFrame>, rule: &str) -> Vec<&'static str> {
    let outcome = outcome(frames);
    outcome
        .sessions()
        .flat_map(|r| r.cannot_tell().cloned().collect::<Vec<_>>())
        .filter(|c| c.rule == rule)
        .map(|c| c.guard)
        .collect()
}

/// The findings of one rule on the capture itself.
pub(crate) fn quality(frames: Vec<ScriptFrame>, rule: &str) -> Vec<Finding> {
    of_capture(&outcome(frames), rule)
}

/// As [`quality`], for a capture of which the reader tells `summary`.
pub(crate) fn quality_with(
    frames: Vec<ScriptFrame>,
    summary: &CaptureSummary,
    rule: &str,
) -> Vec<Finding> {
    of_capture(&analysed(whole(frames), Some(summary)), rule)
}

/// As [`quality`], with every frame cut to `snap_len` bytes.
pub(crate) fn quality_cut(frames: Vec<ScriptFrame>, snap_len: usize, rule: &str) -> Vec<Finding> {
    let mut frames = whole(frames);
    for frame in &mut frames {
        frame.bytes.truncate(snap_len);
    }
    of_capture(&analysed(frames, None), rule)
}

fn of_capture(outcome: &Outcome, rule: &str) -> Vec<Finding> {
    let all = outcome.quality().map(|(_, f)| f.clone());
    all.filter(|f| f.rule == rule).collect()
}
