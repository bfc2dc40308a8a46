//! The bytes of a file, unpacked when they are compressed.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::unpack::{Gzip, Unpacked, Zstd};

/// Bytes read from the disk at a time when the file is compressed.
const PACKED_READ_BYTES: usize = 256 << 10;

/// Compressed formats by their first bytes; a file's name says nothing.
const PACKED: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b, 0x08], "gzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (&[0x02, 0x21, 0x4c, 0x18], "lz4"),
];

/// A stream of the bytes of a capture file.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    /// How the file is compressed.
    pub(super) compression: Option<&'static str>,
    /// Why reading ended before the end.
    pub(super) trouble: Option<io::Error>,
    on_disk: Arc<AtomicU64>,
}

impl Input {
    /// Looks at the first bytes and unpacks what is compressed. Gives the first bytes of the capture itself, too: at least
    /// four where there are as many.
    pub(super) fn new(raw: impl Read + Send + 'static) -> (Self, Vec<u8>) {
        let on_disk = Arc::new(AtomicU64::new(0));
        let reader = Box::new(Counted {
            raw,
            read: Arc::clone(&on_disk),
        });
        let mut input = Self {
            reader,
            compression: None,
            trouble: None,
            on_disk,
        };
        let mut head = Vec::new();
        input.read_head(&mut head, 4);
        let packed = PACKED.iter().find(|(magic, _)| head.starts_with(magic));
        if let Some(&(_, name)) = packed {
            if let Err(error) = input.unpack(name, std::mem::take(&mut head)) {
                input.trouble = Some(error);
            }
            input.read_head(&mut head, 4);
        }
        (input, head)
    }

    fn unpack(&mut self, name: &'static str, head: Vec<u8>) -> io::Result<()> {
        let raw = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        let raw = BufReader::with_capacity(PACKED_READ_BYTES, Cursor::new(head).chain(raw));
        self.compression = Some(name);
        self.reader = match name {
            "gzip" => Box::new(Unpacked::new(raw, Gzip::new())),
            "zstd" => Box::new(Unpacked::new(raw, Zstd::new()?)),
            _ => Box::new(Lz4 {
                frame: Some(lz4_flex::frame::FrameDecoder::new(raw)),
            }),
        };
        Ok(())
    }

    /// Bytes read from the disk so far.
    pub(super) fn read_bytes(&self) -> u64 {
        self.on_disk.load(Ordering::Relaxed)
    }

    /// Reads into `to` once, or until it is full where the bytes are unpacked: a decoder gives them in small pieces.
    /// Zero is the end, perhaps with [`Self::trouble`].
    pub(super) fn read(&mut self, to: &mut [u8]) -> usize {
        let mut filled = 0;
        while self.trouble.is_none() {
            let Some(room) = to.get_mut(filled..).filter(|room| !room.is_empty()) else {
                break;
            };
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(n) if self.compression.is_some() => filled += n,
                Ok(n) => return n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.trouble = Some(error),
            }
        }
        filled
    }

    /// Reads until `head` has `len` bytes or there are no more.
    pub(super) fn read_head(&mut self, head: &mut Vec<u8>, len: usize) {
        while head.len() < len {
            let at = head.len();
            head.resize(len, 0);
            let got = self.read(head.get_mut(at..).unwrap_or_default());
            head.truncate(at + got);
            if got == 0 {
                return;
            }
        }
    }
}

/// Counts the bytes that come from the disk.
struct Counted<R> {
    raw: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.raw.read(to)?;
        self.read.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

/// lz4 frames, one after the other, each with a decoder of its own: the crate's decoder stops after a frame, and expects the
/// next to have blocks of the same size.
struct Lz4<R: Read> {
    frame: Option<lz4_flex::frame::FrameDecoder<R>>,
}

impl<R: io::BufRead> Read for Lz4<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let got = frame.read(to)?;
            if got > 0 || to.is_empty() {
                return Ok(got);
            }
            if frame.get_mut().fill_buf()?.is_empty() {
                break;
            }
            self.frame = self
                .frame
                .take()
                .map(|ended| lz4_flex::frame::FrameDecoder::new(ended.into_inner()));
        }
        Ok(0)
    }
}
