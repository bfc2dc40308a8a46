//! Cutting frames out of a capture: which ones, and writing them unaltered.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use colloquy_dissectors::secrets;
use colloquy_dissectors::units::FrameNo;

use super::rows::{Failed, Job, write_rows};
use super::{Options, rows::Silent};
use crate::analysis::dispatch::Dispatcher;
use crate::capture::{
    Block, CaptureError, CaptureSummary, LinkType, Source, Writer, WriterOptions,
};
use crate::rows::{Forward, Plan, Randoms, Row};

/// Some frames of a capture: a bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameSet {
    words: Vec<u64>,
}

impl FrameSet {
    /// Adds one.
    pub fn insert(&mut self, frame: FrameNo) {
        let at = (frame / 64) as usize;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word |= 1 << (frame % 64);
        }
    }

    /// True when it is in it.
    pub fn has(&self, frame: FrameNo) -> bool {
        self.words
            .get((frame / 64) as usize)
            .is_some_and(|word| word >> (frame % 64) & 1 == 1)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = FrameNo> {
        let words = (0..).step_by(64).zip(&self.words);
        words.flat_map(|(base, word)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| base + bit)
        })
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.words.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }
}

/// The frames of these conversations, by their numbers ([`Flow::index`](crate::session::model::Flow::index)): fragments of their datagrams
/// and ICMP errors about them too.
///
/// # Errors
/// What [`Source::fill`] says.
pub fn frames_of(
    source: &mut dyn Source,
    flows: &BTreeSet<u32>,
    cancel: &AtomicBool,
) -> Result<FrameSet, CaptureError> {
    let mut set = FrameSet::default();
    with_items(source, cancel, |dispatcher, items| {
        for (flow, frame) in items {
            if flows.contains(&flow) {
                set.insert(frame);
            }
        }
        add_fragments(&mut set, dispatcher);
    })?;
    Ok(set)
}

/// The frames for which `keep` is true, with the fragments of datagrams that they complete.
///
/// # Errors
/// What [`Source::fill`] says. `again` is the same capture opened a second time.
pub fn frames_where(
    source: &mut dyn Source,
    again: &mut dyn Source,
    options: &Options,
    plan: &Plan,
    keep: &(dyn Fn(&Row) -> bool + Sync),
    ahead: Option<Arc<Forward>>,
) -> Result<FrameSet, Failed> {
    let found = Mutex::new(FrameSet::default());
    let collect = |row: &Row| {
        if keep(row) {
            let mut set = found.lock().unwrap_or_else(PoisonError::into_inner);
            set.insert(row.stamp.frame);
        }
        false
    };
    let job = Job {
        plan,
        keep: &collect,
        printer: &Silent,
        most: None,
    };
    write_rows(source, options, job, ahead, &mut std::io::sink())?;
    let mut set = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    with_items(again, &options.cancel, |dispatcher, _| {
        add_fragments(&mut set, dispatcher);
    })?;
    Ok(set)
}

/// The secrets with which sessions can be read whose beginning is among `frames`: those lines of the key logs of `source`.
///
/// # Errors
/// What [`Source::fill`] says.
pub fn secrets_of(
    source: &mut dyn Source,
    options: &Options,
    frames: &FrameSet,
) -> Result<String, Failed> {
    let randoms = Randoms::default();
    let found = Mutex::new(HashSet::new());
    let collect = |row: &Row| {
        if frames.has(row.stamp.frame) {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.extend(randoms.of(row));
        }
        false
    };
    let job = Job {
        plan: &randoms.plan(),
        keep: &collect,
        printer: &Silent,
        most: None,
    };
    write_rows(source, options, job, None, &mut std::io::sink())?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(secrets::lines_of(source.secrets(), |random| {
        found.contains(random)
    }))
}

/// Runs `see` for each block with the conversation and number of each of its frames.
fn with_items(
    source: &mut dyn Source,
    cancel: &AtomicBool,
    mut see: impl FnMut(&mut Dispatcher, Vec<(u32, FrameNo)>),
) -> Result<(), CaptureError> {
    let mut dispatcher = Dispatcher::of_every_frame(1);
    let mut batches = Vec::new();
    let mut block = Block::new();
    while !cancel.load(Ordering::Relaxed) && source.fill(&mut block)? {
        let shared = Arc::new(block);
        dispatcher.dispatch(&shared, &mut batches);
        let items = batches.iter().flat_map(|b| &b.items);
        let items = items.map(|i| (i.flow, i.stamp.frame)).collect();
        batches.clear();
        see(&mut dispatcher, items);
        block = Arc::try_unwrap(shared).unwrap_or_default();
    }
    Ok(())
}

pub(super) fn add_fragments(set: &mut FrameSet, dispatcher: &mut Dispatcher) {
    for (whole, fragment) in dispatcher.take_joined() {
        if set.has(whole) {
            set.insert(fragment);
        }
    }
}

/// What is written beside the frames.
#[derive(Clone, Debug, Default)]
pub struct SliceNotes {
    /// Comments on frames, those of the capture before those added.
    pub frames: BTreeMap<FrameNo, Vec<String>>,
    /// TLS secrets with which they can be read, as the text of a key log.
    pub secrets: String,
    /// A comment on the whole.
    pub capture: Option<String>,
}

/// Writes `frames` of `source` as pcapng: their bytes, times and interfaces as they were, and the comments. `summary` is what a
/// whole reading of the capture knows of it. Gives the number of frames written.
///
/// # Errors
/// What [`Source::fill`] or `out` say.
pub fn write_slice<W: Write>(
    source: &mut dyn Source,
    summary: &CaptureSummary,
    frames: &FrameSet,
    notes: &SliceNotes,
    out: W,
) -> Result<u64, Failed> {
    let options = WriterOptions {
        hardware: summary.hardware.clone(),
        os: summary.os.clone(),
        comment: notes.capture.clone(),
        ..WriterOptions::default()
    };
    let mut writer = Writer::new(out, &options).map_err(Failed::Output)?;
    for interface in &summary.interfaces {
        writer.interface(interface).map_err(Failed::Output)?;
    }
    if !notes.secrets.is_empty() {
        writer.secrets(&notes.secrets).map_err(Failed::Output)?;
    }
    let mut written = 0;
    let mut block = Block::new();
    while source.fill(&mut block)? {
        for record in &block.records {
            if !frames.has(record.no) || record.link == LinkType::NOT_A_PACKET {
                continue;
            }
            let said = notes.frames.get(&record.no);
            let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
            let bytes = block.bytes(record);
            writer
                .commented_frame(record.interface, record.time, bytes, record.wire_len, &said)
                .map_err(Failed::Output)?;
            written += 1;
        }
    }
    let end = summary.last.unwrap_or_default();
    for (index, interface) in summary.interfaces.iter().enumerate() {
        if interface.received.is_some() || interface.dropped.is_some() {
            writer
                .statistics(index as u32, end, interface.received, interface.dropped)
                .map_err(Failed::Output)?;
        }
    }
    writer.finish().map_err(Failed::Output)?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_its_frames() {
        let mut set = FrameSet::default();
        assert!(set.is_empty());
        for frame in [1, 64, 65, 1000] {
            set.insert(frame);
        }
        assert_eq!(set.len(), 4);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 64, 65, 1000]);
        assert!(set.has(64) && !set.has(63) && !set.has(100_000));
    }
}
