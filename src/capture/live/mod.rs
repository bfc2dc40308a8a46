//! Live capture through libpcap, with a copy of what is captured in a pcapng file.

mod interfaces;
mod tee;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use colloquy_dissectors::units::Timestamp;
use pcap::{Active, Capture, Packet};

use super::limits::{PACKET_BYTES, READ_BYTES};
use super::summary::Tally;
use super::{Block, CaptureError, CaptureSummary, InterfaceInfo, LinkType, Record, Source};
pub use interfaces::{InterfaceDescription, check_filter, interfaces, probe};
use interfaces::{activate, link_of, reason};
use tee::Tee;

/// How long a fill waits for the first frame.
const WAIT: Duration = Duration::from_millis(200);
/// The pauses between looks at an idle interface: from the first to the last, doubling.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));
/// Frames taken from the kernel at a time.
const BATCH: usize = 1024;

/// What to capture, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// The interface, or `any`.
    pub interface: String,
    /// A capture filter in libpcap's language.
    pub filter: Option<String>,
    /// The most bytes to keep of a frame.
    pub snap_len: u32,
    /// True to see frames for others, too.
    pub promiscuous: bool,
    /// Bytes of the kernel's buffer.
    pub buffer_bytes: u32,
    /// End after so many frames.
    pub max_frames: Option<u64>,
    /// A pcapng file to write every frame to.
    pub write_to: Option<PathBuf>,
}

impl LiveOptions {
    /// Everything on `interface`, in full, with a buffer of 16 MiB.
    pub fn new(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            filter: None,
            snap_len: PACKET_BYTES,
            promiscuous: true,
            buffer_bytes: 16 << 20,
            max_frames: None,
            write_to: None,
        }
    }
}

/// Frames of an interface as they come. [`Source::fill`] returns within 200 ms, with nothing where nothing came, and ends after
/// the stop handle was set.
pub struct Live {
    capture: Capture<Active>,
    link: LinkType,
    interface: String,
    tally: Tally,
    tee: Option<Tee>,
    stop: Arc<AtomicBool>,
    ended: bool,
    max_frames: Option<u64>,
    /// libpcap's counters at the last look; they are 32 bits wide and wrap.
    seen: (u32, u32),
}

impl Live {
    /// Opens the interface and, if asked for, the file to write to.
    ///
    /// # Errors
    /// [`CaptureError::NoRights`], [`CaptureError::NoInterface`], [`CaptureError::Filter`] with libpcap's message,
    /// [`CaptureError::Write`] for the file, [`CaptureError::Live`] for the rest.
    pub fn open(options: &LiveOptions) -> Result<Self, CaptureError> {
        let interface = options.interface.clone();
        let capture = activate(options)?;
        let fault = |error| CaptureError::Live {
            interface: interface.clone(),
            reason: reason(&error),
        };
        let mut capture = capture.setnonblock().map_err(fault)?;
        let filter = options
            .filter
            .clone()
            .filter(|filter| !filter.trim().is_empty());
        if let Some(filter) = &filter {
            capture
                .filter(filter, true)
                .map_err(|error| CaptureError::Filter {
                    interface: interface.clone(),
                    filter: filter.clone(),
                    reason: reason(&error),
                })?;
        }
        let link = link_of(&capture);
        let info = InterfaceInfo {
            name: Some(interface.clone()),
            link,
            snap_len: options.snap_len,
            resolution: 9,
            filter,
            ..InterfaceInfo::default()
        };
        let tee = options
            .write_to
            .as_ref()
            .map(|path| Tee::create(path, &info))
            .transpose()?;
        let mut tally = Tally::new(&interface, "live");
        tally.interface(info);
        let stop = Arc::new(AtomicBool::new(false));
        Ok(Self {
            capture,
            link,
            interface,
            tally,
            tee,
            stop,
            ended: false,
            max_frames: options.max_frames,
            seen: (0, 0),
        })
    }

    /// Set it to true to end the capture; the frames already received are still delivered.
    pub fn stop_handle(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// What the frames begin with.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Moves what the kernel holds into the block, up to its usual size.
    fn take(&mut self, block: &mut Block) -> Result<(), CaptureError> {
        while block.data.len() < READ_BYTES {
            let left = self
                .max_frames
                .map(|max| max.saturating_sub(self.tally.summary.frames));
            if left == Some(0) {
                self.ended = true;
                break;
            }
            let batch = left.map_or(BATCH, |left| {
                BATCH.min(usize::try_from(left).unwrap_or(BATCH))
            });
            let (tally, tee, link) = (&mut self.tally, &mut self.tee, self.link);
            let taken = self.capture.dispatch(Some(batch), |packet| {
                let (record, bytes) = record(&packet, link, tally);
                if let Some(tee) = tee {
                    tee.frame(&record, bytes);
                }
                block.push(record, bytes);
            });
            match taken {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(CaptureError::Live {
                        interface: self.interface.clone(),
                        reason: reason(&error),
                    });
                }
            }
        }
        Ok(())
    }

    /// Adds what libpcap counted since the last look.
    fn count(&mut self) {
        let Ok(now) = self.capture.stats() else {
            return;
        };
        let (received, dropped) = std::mem::replace(&mut self.seen, (now.received, now.dropped));
        if let Some(info) = self.tally.summary.interfaces.first_mut() {
            let more = |sum: &mut Option<u64>, now: u32, before: u32| {
                *sum = Some(sum.unwrap_or(0) + u64::from(now.wrapping_sub(before)));
            };
            more(&mut info.received, now.received, received);
            more(&mut info.dropped, now.dropped, dropped);
        }
    }

    /// Ends the written file with its statistics. Once.
    fn close(&mut self) -> Result<(), CaptureError> {
        self.ended = true;
        let Some(tee) = self.tee.take() else {
            return Ok(());
        };
        let summary = self.tally.summary();
        tee.close(&summary)
    }
}

impl Source for Live {
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.clear();
        if self.ended {
            self.close()?;
            return Ok(false);
        }
        let deadline = Instant::now() + WAIT;
        let mut pause = PAUSE.0;
        loop {
            let stop = self.stop.load(Ordering::Relaxed);
            let taken = self.take(block);
            if taken.is_err() && block.records.is_empty() {
                self.close()?;
                return taken.map(|()| false);
            }
            self.ended |= stop && block.records.is_empty();
            if self.ended || !block.records.is_empty() || Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE.1);
        }
        self.count();
        if self.ended && block.records.is_empty() {
            self.close()?;
            return Ok(false);
        }
        if let Some(tee) = self.tee.as_mut().filter(|_| !block.records.is_empty()) {
            tee.flush()?;
        }
        Ok(true)
    }

    fn summary(&self) -> CaptureSummary {
        self.tally.summary()
    }
}

impl Drop for Live {
    /// Ends the written file when the source was not read to its end. Who wants the error reads to the end.
    fn drop(&mut self) {
        self.count();
        let _ = self.close();
    }
}

/// A frame of libpcap as a record. Under `pcap::Precision::Nano` the microseconds field holds nanoseconds.
fn record<'a>(packet: &Packet<'a>, link: LinkType, tally: &mut Tally) -> (Record, &'a [u8]) {
    let header = packet.header;
    let time = Timestamp::from_nanos(
        header
            .ts
            .tv_sec
            .saturating_mul(1_000_000_000)
            .saturating_add(header.ts.tv_usec),
    );
    let (bytes, wire_len) = (packet.data, header.len);
    let len = bytes.len() as u32;
    let file_at = tally.summary.bytes;
    let no = tally.frame(time, 0, len, wire_len);
    (
        Record {
            no,
            time,
            file_at,
            interface: 0,
            start: 0,
            len,
            wire_len,
            link,
            header_len: 0,
        },
        bytes,
    )
}
