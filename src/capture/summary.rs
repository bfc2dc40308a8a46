//! What is known of a capture as a whole, and how it is counted.

use std::collections::BTreeMap;
use std::net::IpAddr;

use colloquy_dissectors::units::{FrameNo, Timestamp};

use super::LinkType;
use super::limits::{
    BREAKS, COMMENT_BYTES, COMMENTS, NAMES, SECRET_BYTES, SKIPPED_KINDS, TEXT_BYTES,
};

/// No frame at all for longer than this: the recording was interrupted, or files of different times were joined.
const SILENCE_NANOS: i64 = 12 * 3600 * 1_000_000_000;
/// The same where a new section begins as well.
const SILENCE_BETWEEN_SECTIONS_NANOS: i64 = 60 * 1_000_000_000;
/// A larger step back comes of joined files; smaller ones of clocks that are set and of interfaces that are read in turn.
const STEP_NANOS: i64 = 10 * 1_000_000_000;

/// A capture as a whole. Complete once its source has ended, valid before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptureSummary {
    /// The file, `-` for standard input, or the interface.
    pub path: String,
    /// `pcap`, `pcapng`, `memory` or `live`.
    pub format: &'static str,
    /// `gzip`, `zstd` or `lz4`.
    pub compression: Option<&'static str>,
    /// The link types of the interfaces, each once, in the order they were met.
    pub link_types: Vec<LinkType>,
    /// How many frames were read.
    pub frames: u64,
    /// Captured bytes of these frames, without any header of the file.
    pub bytes: u64,
    /// Bytes of the file as it lies on the disk; what came so far where that cannot be known.
    pub file_bytes: u64,
    /// Bytes of the file that were read so far, as they lie on the disk: `read_bytes / file_bytes` is the progress.
    pub read_bytes: u64,
    /// The earliest time of a frame.
    pub first: Option<Timestamp>,
    /// The latest time of a frame.
    pub last: Option<Timestamp>,
    /// The first place where the file is broken. Reading went on after it where the next record could still be found.
    pub damage: Option<Damage>,
    /// How many such places there are.
    pub damages: u64,
    /// Frames that the capturing system had to drop, where it says.
    pub dropped: Option<u64>,
    /// Frames that it received, where it says.
    pub received: Option<u64>,
    /// The interfaces, in the order of the file; a classic file has one.
    pub interfaces: Vec<InterfaceInfo>,
    /// How often the time of a frame was before that of the frame before it.
    pub clock_steps: ClockSteps,
    /// Where one recording ends and another begins, as their times tell; the first ones.
    pub breaks: Vec<Break>,
    /// Frames of which fewer bytes were captured than were on the wire.
    pub cut_frames: u64,
    /// Frames that have no time of their own.
    pub untimed_frames: u64,
    /// Comments, each with its frame; None for those on a section, an interface or a statistics block.
    pub comments: Vec<(Option<FrameNo>, String)>,
    /// Comments beyond the bound, which were not kept.
    pub comments_left_out: u64,
    /// TLS secrets in the file, as SSLKEYLOGFILE text.
    pub secrets: String,
    /// Bytes of secrets beyond the bound, which were not kept.
    pub secrets_left_out: u64,
    /// Names the file gives to addresses.
    pub names: Vec<(IpAddr, String)>,
    /// Names beyond the bound, which were not kept.
    pub names_left_out: u64,
    /// Blocks of no use here, by type and how many.
    pub skipped_blocks: BTreeMap<u32, u64>,
    /// Skipped blocks of yet other types.
    pub skipped_others: u64,
    /// The hardware that captured.
    pub hardware: Option<String>,
    /// The operating system that captured.
    pub os: Option<String>,
    /// The program that wrote the file.
    pub application: Option<String>,
}

/// Where a file broke, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The byte of the file; of the unpacked stream of a compressed one, and then `what` says so.
    pub at_byte: u64,
    /// What is wrong there, as one sentence without a full stop.
    pub what: String,
}

/// How the capture's clock went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSteps {
    /// How often.
    pub count: u64,
    /// The largest step back, nanoseconds.
    pub largest_nanos: i64,
    /// The frame after the largest step.
    pub frame: Option<FrameNo>,
}

/// A place where the recording was interrupted: what was still open before it was not watched any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// The first frame after it.
    pub frame: FrameNo,
    /// The time of the frame before it.
    pub before: Timestamp,
    /// Nanoseconds from the frame before to the frame after; negative where the time goes back.
    pub nanos: i64,
}

/// One interface of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// Its name, such as `eth0`.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// What its frames begin with.
    pub link: LinkType,
    /// The most bytes captured of a frame; 0 for no limit.
    pub snap_len: u32,
    /// The unit of its times as pcapng's `if_tsresol`: n for 10^-n s, 0x80 + n for 2^-n s.
    pub resolution: u8,
    /// Seconds to add to its times, pcapng's `if_tsoffset`; done already in [`Record::time`](super::Record::time).
    pub offset: i64,
    /// The capture filter.
    pub filter: Option<String>,
    /// Frames of it in this capture.
    pub frames: u64,
    /// Frames received, as the capturing system said at the end (`isb_ifrecv`).
    pub received: Option<u64>,
    /// Frames dropped by the interface (`isb_ifdrop`).
    pub dropped: Option<u64>,
    /// Frames dropped by the operating system (`isb_osdrop`).
    pub os_dropped: Option<u64>,
    /// Frames dropped between packets, as the packets say (`epb_dropcount`); counts where no statistics do.
    pub dropped_between: u64,
    /// Frames that passed the filter (`isb_filteraccept`).
    pub accepted: Option<u64>,
}

/// Counts a capture while it is read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) summary: CaptureSummary,
    comment_bytes: usize,
    /// The time of the last frame that had one.
    previous: Option<Timestamp>,
    /// The longest silence before the next frame that does not speak of an interruption: nanoseconds.
    longest_silence: i64,
}

impl Tally {
    pub(super) fn new(path: &str, format: &'static str) -> Self {
        let summary = CaptureSummary {
            path: path.to_owned(),
            format,
            ..CaptureSummary::default()
        };
        Self {
            summary,
            comment_bytes: 0,
            previous: None,
            longest_silence: SILENCE_NANOS,
        }
    }

    /// Counts a frame and gives its number.
    #[inline]
    pub(super) fn frame(
        &mut self,
        time: Timestamp,
        interface: u32,
        len: u32,
        wire_len: u32,
    ) -> FrameNo {
        match self.previous {
            Some(last) if time < last => self.step_back(last, time),
            Some(last) if time.nanos_since(last) > self.longest_silence => {
                self.interrupted(last, time);
            }
            _ => {}
        }
        self.previous = Some(time);
        self.longest_silence = SILENCE_NANOS;
        let s = &mut self.summary;
        s.first = Some(s.first.map_or(time, |first| first.min(time)));
        s.last = s.last.max(Some(time));
        s.cut_frames += u64::from(len < wire_len);
        self.count(interface, len)
    }

    /// Counts a frame without a time; gives its number and the time of the frame before it.
    pub(super) fn untimed(
        &mut self,
        interface: Option<u32>,
        len: u32,
        wire_len: u32,
    ) -> (FrameNo, Timestamp) {
        self.summary.untimed_frames += 1;
        self.summary.cut_frames += u64::from(len < wire_len);
        let no = self.count(interface.unwrap_or(u32::MAX), len);
        (no, self.previous.unwrap_or_default())
    }

    #[inline]
    fn count(&mut self, interface: u32, len: u32) -> FrameNo {
        let s = &mut self.summary;
        s.frames += 1;
        s.bytes += u64::from(len);
        if let Some(info) = s.interfaces.get_mut(interface as usize) {
            info.frames += 1;
        }
        s.frames
    }

    #[cold]
    fn step_back(&mut self, last: Timestamp, time: Timestamp) {
        let nanos = last.nanos_since(time);
        if nanos > STEP_NANOS {
            self.interrupted(last, time);
        }
        let no = self.summary.frames + 1;
        let steps = &mut self.summary.clock_steps;
        steps.count += 1;
        if nanos > steps.largest_nanos {
            steps.largest_nanos = nanos;
            steps.frame = Some(no);
        }
    }

    #[cold]
    fn interrupted(&mut self, last: Timestamp, time: Timestamp) {
        let s = &mut self.summary;
        if s.breaks.len() < BREAKS {
            s.breaks.push(Break {
                frame: s.frames + 1,
                before: last,
                nanos: time.nanos_since(last),
            });
        }
    }

    /// A new section begins: files written one after the other, or joined.
    pub(super) fn section(&mut self) {
        self.longest_silence = SILENCE_BETWEEN_SECTIONS_NANOS;
    }

    /// Adds an interface and gives its index.
    pub(super) fn interface(&mut self, info: InterfaceInfo) -> u32 {
        let s = &mut self.summary;
        if !s.link_types.contains(&info.link) {
            s.link_types.push(info.link);
        }
        s.interfaces.push(info);
        s.interfaces.len() as u32 - 1
    }

    /// Notes a broken place; the first is kept.
    #[cold]
    pub(super) fn damage(&mut self, at_byte: u64, what: String) {
        let s = &mut self.summary;
        s.damages += 1;
        if s.damage.is_none() {
            let what = match s.compression {
                Some(name) => format!("{what} (bytes of the unpacked {name} stream)"),
                None => what,
            };
            s.damage = Some(Damage { at_byte, what });
        }
    }

    /// Keeps a comment, within bounds.
    pub(super) fn comment(&mut self, frame: Option<FrameNo>, bytes: &[u8]) {
        let comment = text(bytes);
        if self.summary.comments.len() >= COMMENTS
            || self.comment_bytes + comment.len() > COMMENT_BYTES
        {
            self.summary.comments_left_out += 1;
            return;
        }
        self.comment_bytes += comment.len();
        self.summary.comments.push((frame, comment));
    }

    /// Keeps TLS secrets, within bounds.
    pub(super) fn secrets(&mut self, bytes: &[u8]) {
        let s = &mut self.summary;
        let room = SECRET_BYTES.saturating_sub(s.secrets.len());
        if bytes.len() > room {
            s.secrets_left_out += bytes.len() as u64;
            return;
        }
        s.secrets.push_str(&String::from_utf8_lossy(bytes));
        if !s.secrets.is_empty() && !s.secrets.ends_with('\n') {
            s.secrets.push('\n');
        }
    }

    /// The TLS secrets so far.
    pub(super) fn told_secrets(&self) -> &str {
        &self.summary.secrets
    }

    /// Keeps the name of an address, within bounds.
    pub(super) fn name(&mut self, address: IpAddr, name: &[u8]) {
        let s = &mut self.summary;
        if s.names.len() >= NAMES {
            s.names_left_out += 1;
        } else {
            s.names.push((address, text(name)));
        }
    }

    /// Counts a block that is of no use here.
    pub(super) fn skipped(&mut self, kind: u32) {
        let s = &mut self.summary;
        if s.skipped_blocks.len() < SKIPPED_KINDS || s.skipped_blocks.contains_key(&kind) {
            *s.skipped_blocks.entry(kind).or_default() += 1;
        } else {
            s.skipped_others += 1;
        }
    }

    /// The summary so far, with what the interfaces say of received and dropped frames added up.
    pub(super) fn summary(&self) -> CaptureSummary {
        let sum = |of: fn(&InterfaceInfo) -> Option<u64>, all: &[InterfaceInfo]| {
            all.iter().filter_map(of).fold(None, |sum: Option<u64>, n| {
                Some(sum.unwrap_or(0).saturating_add(n))
            })
        };
        let mut s = self.summary.clone();
        s.received = sum(|i| i.received, &s.interfaces);
        s.dropped = sum(
            |i| match (i.dropped, i.os_dropped) {
                (None, None) => (i.dropped_between > 0).then_some(i.dropped_between),
                (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
            },
            &s.interfaces,
        );
        s
    }
}

/// Text of a file: bounded, up to its NUL, with replacement characters for what is not UTF-8.
pub(super) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..TEXT_BYTES).unwrap_or(bytes);
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}
