//! A capture file as a [`Source`]: opening, reading in large pieces, and its end, clean or not.

use std::fs::File;
use std::io::{self, Read};

use super::classic::Classic;
use super::input::Input;
use super::late::Late;
use super::limits::{KEEP_BYTES, READ_BYTES};
use super::pcapng::Pcapng;
use super::summary::Tally;
use super::{Block, CaptureError, CaptureSummary, Record, Source, foreign};

/// Opens a capture file, pcap or pcapng, compressed or not; `-` is standard input.
///
/// # Errors
/// [`CaptureError::Open`] with the operating system's reason, [`CaptureError::NotACapture`] when it is something else.
pub fn open(path: &str) -> Result<Box<dyn Source>, CaptureError> {
    if path == "-" {
        return from_reader("-", io::stdin());
    }
    let refused = |source| CaptureError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(refused)?;
    let meta = file.metadata().map_err(refused)?;
    if meta.is_dir() {
        return Err(CaptureError::NotACapture {
            path: path.to_owned(),
            looks_like: "it is a directory".to_owned(),
        });
    }
    start(path, file, meta.is_file().then_some(meta.len()))
}

/// Reads a capture from any stream of bytes; `name` is what errors and the summary call it.
///
/// # Errors
/// [`CaptureError::Read`] and [`CaptureError::NotACapture`], as [`open`].
pub fn from_reader(
    name: &str,
    reader: impl Read + Send + 'static,
) -> Result<Box<dyn Source>, CaptureError> {
    start(name, reader, None)
}

fn start(
    path: &str,
    raw: impl Read + Send + 'static,
    size: Option<u64>,
) -> Result<Box<dyn Source>, CaptureError> {
    let (mut input, mut head) = Input::new(raw);
    let is_pcapng = Pcapng::accepts(&head);
    if is_pcapng || Classic::accepts(&head) {
        input.read_head(&mut head, Classic::HEADER_BYTES);
    } else {
        input.read_head(&mut head, foreign::HEAD_BYTES);
    }
    let at_byte = head.len() as u64;
    if let Some(source) = input.trouble.take_if(|error| is_refusal(error)) {
        return Err(CaptureError::Read {
            path: path.to_owned(),
            at_byte,
            source,
        });
    }
    if is_pcapng && Pcapng::begins(&head) {
        let tally = Tally::new(path, "pcapng");
        let again = size.is_some() && input.compression.is_none();
        let mut source = FileSource::new(input, tally, size, Pcapng::default(), head, 0);
        if again {
            source.late = Late::of_file(path);
        }
        return Ok(Box::new(source));
    }
    let mut tally = Tally::new(path, "pcap");
    match Classic::start(&head, &mut tally) {
        Some(classic) => {
            let rest = head.split_off(Classic::HEADER_BYTES);
            Ok(Box::new(FileSource::new(
                input,
                tally,
                size,
                classic,
                rest,
                Classic::HEADER_BYTES as u64,
            )))
        }
        None => {
            let looks_like = foreign::describe(&head, input.compression, input.trouble.as_ref());
            Err(CaptureError::NotACapture {
                path: path.to_owned(),
                looks_like,
            })
        }
    }
}

/// True when the operating system refused, false when a decoder found its input damaged.
fn is_refusal(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// What parsing did with the bytes at hand.
pub(super) struct Step {
    /// Bytes done with.
    pub(super) used: usize,
    /// Bytes the next record needs, counted from `used`, as far as is known.
    pub(super) need: usize,
    /// True when nothing after this can be read.
    pub(super) stop: bool,
}

/// A file format: finds the records in the bytes at hand, in place.
pub(super) trait Format: Send {
    /// Takes as many whole records from `data` as there are. `at` is where `data` lies in the file; `start` of the records
    /// counts from the beginning of `data`.
    fn parse(&mut self, data: &[u8], at: u64, records: &mut Vec<Record>, tally: &mut Tally)
    -> Step;

    /// Says what is wrong when the file ends with `rest`, which is no whole record.
    fn cut(&self, rest: &[u8]) -> String;
}

/// Reads one file.
///
/// A block's buffer holds, in this order: the beginning of a record that the last block had to leave (`tail`), and what was
/// read since. Only that tail is ever copied.
struct FileSource<F> {
    input: Input,
    format: F,
    tally: Tally,
    size: Option<u64>,
    tail: Vec<u8>,
    /// Where `tail` begins in the file.
    tail_at: u64,
    need: usize,
    ended: bool,
    refusal: Option<io::Error>,
    late: Late,
}

impl<F: Format> FileSource<F> {
    fn new(
        input: Input,
        mut tally: Tally,
        size: Option<u64>,
        format: F,
        tail: Vec<u8>,
        tail_at: u64,
    ) -> Self {
        tally.summary.compression = input.compression;
        Self {
            input,
            format,
            tally,
            size,
            tail,
            tail_at,
            need: 0,
            ended: false,
            refusal: None,
            late: Late::default(),
        }
    }

    /// Puts the tail at the beginning of the block's buffer; gives its length.
    fn restore_tail(&mut self, block: &mut Block) -> usize {
        block.records.clear();
        let held = self.tail.len();
        if block.data.len() > KEEP_BYTES && self.need.max(held) < READ_BYTES {
            block.data.truncate(READ_BYTES);
            block.data.shrink_to_fit();
        }
        if block.data.len() < held {
            block.data.resize(held, 0);
        }
        if let Some(front) = block.data.get_mut(..held) {
            front.copy_from_slice(&self.tail);
        }
        self.tail.clear();
        held
    }

    /// Reads on after the `held` bytes. The buffer grows with what is really there, not with what a record says of itself.
    fn read_on(&mut self, block: &mut Block, held: usize) -> usize {
        let room = READ_BYTES.max(self.need.min(held.saturating_mul(2)));
        if block.data.len() < room {
            block.data.resize(room, 0);
        } else if held >= block.data.len() {
            block.data.resize(held + READ_BYTES, 0);
        }
        self.input
            .read(block.data.get_mut(held..).unwrap_or_default())
    }

    /// Takes note of how the file ends, `rest` being left over.
    fn finish(&mut self, rest: &[u8]) {
        self.ended = true;
        let end = self.tail_at + rest.len() as u64;
        match self.input.trouble.take() {
            Some(error) if self.input.compression.is_none() || is_refusal(&error) => {
                self.refusal = Some(error);
            }
            Some(error) => self.tally.damage(
                end,
                format!("the compressed data cannot be unpacked any further: {error}"),
            ),
            None if rest.is_empty() => {}
            None => self.tally.damage(self.tail_at, self.format.cut(rest)),
        }
        self.tail_at = end;
    }

    fn refuse(&mut self) -> Option<CaptureError> {
        let path = self.tally.summary.path.clone();
        self.refusal.take().map(|source| CaptureError::Read {
            path,
            at_byte: self.tail_at,
            source,
        })
    }

    /// The next block; false at the end.
    fn next(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        let mut held = self.restore_tail(block);
        while !self.ended {
            let got = self.read_on(block, held);
            held += got;
            if got > 0 && held < self.need {
                continue;
            }
            let data = block.data.get(..held).unwrap_or_default();
            let step = self
                .format
                .parse(data, self.tail_at, &mut block.records, &mut self.tally);
            self.tail_at += step.used as u64;
            self.need = step.need;
            let rest = data.get(step.used..).unwrap_or_default();
            if step.stop {
                self.ended = true;
            } else if got == 0 {
                self.finish(rest);
            } else if block.records.is_empty() {
                block.data.copy_within(step.used..held, 0);
                held -= step.used;
            } else {
                self.tail.extend_from_slice(rest);
                return Ok(true);
            }
        }
        if block.records.is_empty() {
            self.refuse().map_or(Ok(false), Err)
        } else {
            Ok(true)
        }
    }
}

impl<F: Format> Source for FileSource<F> {
    fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        let more = self.next(block)?;
        if more {
            self.late.look(self.tally.told_secrets());
        }
        Ok(more)
    }

    fn secrets(&self) -> &str {
        self.late.of(self.tally.told_secrets())
    }

    fn summary(&self) -> CaptureSummary {
        let read_bytes = self.input.read_bytes();
        let file_bytes = self.size.unwrap_or(read_bytes);
        CaptureSummary {
            file_bytes,
            read_bytes,
            ..self.tally.summary()
        }
    }
}
