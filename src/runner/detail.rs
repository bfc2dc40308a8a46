//! One frame with every field, its bytes, and those of the messages that it completes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use colloquy_dissectors::units::FrameNo;

use super::rows::Told;
use crate::analysis::batch::Batch;
use crate::analysis::dispatch::Dispatcher;
use crate::capture::{Block, CaptureError, LinkType, Source};
use crate::rows::{Forward, Plan, Row, RowShard};

/// A frame taken apart in full.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The number of its conversation, if it has one.
    pub flow: Option<u32>,
    /// Its values.
    pub row: Row,
    /// What its bytes begin with.
    pub link: LinkType,
    /// Its captured bytes.
    pub bytes: Vec<u8>,
    /// The bytes of each of the messages of `row`, put together.
    pub messages: Vec<Vec<u8>>,
}

/// Reads a capture for one frame: to it for its conversation's past, and to the end for what later frames tell of it. `open` opens the capture, each
/// time from its beginning. None when the capture has no such frame, or `cancel` was set.
///
/// # Errors
/// What `open` and [`Source::fill`] say.
pub fn detail(
    open: &dyn Fn() -> Result<Box<dyn Source>, CaptureError>,
    frame: FrameNo,
    cancel: &AtomicBool,
) -> Result<Option<Detail>, CaptureError> {
    let mut found = None;
    each_batch(open()?.as_mut(), frame, cancel, &mut |batch| {
        found = found.or_else(|| {
            let item = batch.items.iter().find(|i| i.stamp.frame == frame)?;
            Some((item.flow != u32::MAX).then_some(item.flow))
        });
    })?;
    let Some(flow) = found else { return Ok(None) };
    let plan = Plan::everything();
    let mut collecting = RowShard::collecting(&plan, 1).only(flow, frame);
    each_batch(open()?.as_mut(), FrameNo::MAX, cancel, &mut |batch| {
        collecting.take(batch, &mut |_| ());
    })?;
    let ahead: Option<Forward> = collecting.finish(&mut |_| ());
    let mut shard = RowShard::new(&plan, 1, ahead.map(Arc::new)).only(flow, frame);
    let mut detail = Detail::default();
    let mut row = None;
    each_batch(open()?.as_mut(), frame, cancel, &mut |batch| {
        let record = batch.block.records.iter().find(|r| r.no == frame);
        if let Some(record) = record {
            detail.link = record.link;
            detail.bytes = batch.block.bytes(record).to_vec();
        }
        shard.take(batch, &mut |r| keep(r, frame, &mut row));
    })?;
    shard.finish(&mut |r| keep(r, frame, &mut row));
    if cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(row.map(|row: Row| Detail {
        flow,
        messages: row.messages.iter().map(|m| shard.bytes(m)).collect(),
        row,
        ..detail
    }))
}

pub(super) fn keep(row: &Row, frame: FrameNo, kept: &mut Option<Row>) {
    if row.stamp.frame == frame {
        *kept = Some(row.clone());
    }
}

fn each_batch(
    source: &mut dyn Source,
    until: FrameNo,
    cancel: &AtomicBool,
    take: &mut dyn FnMut(&Batch),
) -> Result<(), CaptureError> {
    let mut dispatcher = Dispatcher::of_every_frame(1);
    let mut batches = Vec::new();
    let mut block = Block::new();
    let mut told = Told::new(&Plan::everything());
    while !cancel.load(Ordering::Relaxed) && source.fill(&mut block)? {
        let is_last = block.records.last().is_some_and(|r| r.no >= until);
        let shared = Arc::new(block);
        dispatcher.dispatch(&shared, &mut batches);
        told.hand(source, &mut batches);
        batches.iter().for_each(&mut *take);
        batches.clear();
        if is_last {
            return Ok(());
        }
        block = Arc::try_unwrap(shared).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::field::Value;

    use super::*;
    use crate::capture::script::Script;
    use crate::capture::{MemoryFrame, MemorySource};
    use crate::fields;

    #[test]
    fn a_frame_has_its_headers_its_messages_and_their_bytes() {
        // A session request (RFC 1002 4.3.2) in two segments.
        let name = |text: &[u8; 32]| [&[32], &text[..], &[0]].concat();
        let called = name(b"EGEJEMEFFDFCFGCACACACACACACACACA");
        let body = [called, name(b"FAEDCACACACACACACACACACACACACAAA")].concat();
        let request = [&[0x81, 0, 0, body.len() as u8][..], &body].concat();
        let frames: Vec<MemoryFrame> = Script::tcp("10.0.0.1:40000", "10.0.0.2:139")
            .connect()
            .client(&request[..40])
            .client(&request[40..])
            .server(&[0x82, 0, 0, 0])
            .frames()
            .into_iter()
            .map(|f| MemoryFrame::whole(f.time, LinkType::ETHERNET, f.bytes))
            .collect();
        let open = || -> Result<Box<dyn Source>, CaptureError> {
            Ok(Box::new(MemorySource::new(frames.clone())))
        };
        let told = |frame| {
            detail(&open, frame, &AtomicBool::new(false))
                .unwrap()
                .unwrap()
        };
        let called = fields::find("nbss.called_name").unwrap().id;
        let with_name: Vec<u64> = (1..=frames.len() as u64)
            .filter(|f| told(*f).row.values.of(called).next().is_some())
            .collect();
        let [completes] = with_name[..] else {
            panic!("{with_name:?}")
        };
        let told = told(completes);
        assert_eq!(told.messages, [request]);
        assert_eq!(
            told.row.values.of(called).next(),
            Some(Value::Text("FILESRV<20>"))
        );
        assert!(told.row.messages[0].first_value > 0);
        assert_eq!(told.bytes, frames[completes as usize - 1].bytes);
        assert!(
            detail(&open, 99, &AtomicBool::new(false))
                .unwrap()
                .is_none()
        );
    }
}
