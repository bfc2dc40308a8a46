//! Unpacks gzip and zstd so that nothing is lost that stands before a damage: what a decoder has made until it fails is given first,
//! and how the packed bytes come changes nothing. The crates' own readers drop what they have made in the step that fails, and a
//! step may be all of a file.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{self, InBuffer, Operation, OutBuffer};

/// A decoder of members (gzip) or frames (zstd), one after the other.
pub(super) trait Decoder {
    /// Unpacks some of `input` into `to`: bytes used, bytes made, and whether the member ends here.
    fn step(&mut self, input: &[u8], to: &mut [u8]) -> (usize, usize, io::Result<bool>);

    /// Another member begins.
    fn restart(&mut self) -> io::Result<()>;
}

/// The unpacked bytes of all members.
pub(super) struct Unpacked<R, D> {
    packed: R,
    decoder: D,
    /// Some bytes of a member were used, and not its last.
    inside: bool,
    /// What is to be told once everything before it was given.
    failed: Option<io::Error>,
}

impl<R, D> Unpacked<R, D> {
    pub(super) fn new(packed: R, decoder: D) -> Self {
        Self {
            packed,
            decoder,
            inside: false,
            failed: None,
        }
    }
}

impl<R: BufRead, D: Decoder> Read for Unpacked<R, D> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let input = self.packed.fill_buf()?;
            let is_end = input.is_empty();
            if to.is_empty() || is_end && !self.inside {
                return Ok(0);
            }
            let (used, made, result) = self.decoder.step(input, to);
            self.packed.consume(used);
            self.inside |= used > 0;
            match result {
                Ok(true) => {
                    self.inside = false;
                    self.failed = self.decoder.restart().err();
                }
                Ok(false) if used == 0 && made == 0 => {
                    let kind = if is_end {
                        ErrorKind::UnexpectedEof
                    } else {
                        ErrorKind::InvalidData
                    };
                    self.failed = Some(io::Error::new(kind, "the packed data is not complete"));
                }
                Ok(false) => {}
                Err(error) => self.failed = Some(error),
            }
            if made > 0 {
                return Ok(made);
            }
        }
    }
}

/// gzip (RFC 1952).
pub(super) struct Gzip(Decompress);

/// The largest window, 32 KiB: a power of two.
const WINDOW: u8 = 15;

impl Gzip {
    pub(super) fn new() -> Self {
        Self(Decompress::new_gzip(WINDOW))
    }
}

impl Decoder for Gzip {
    fn step(&mut self, input: &[u8], to: &mut [u8]) -> (usize, usize, io::Result<bool>) {
        let before = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, to, FlushDecompress::None);
        let used = (self.0.total_in() - before.0) as usize;
        let made = (self.0.total_out() - before.1) as usize;
        let result = match result {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(_) => Err(io::Error::new(
                ErrorKind::InvalidData,
                "corrupt deflate stream",
            )),
        };
        (used, made, result)
    }

    fn restart(&mut self) -> io::Result<()> {
        *self = Self::new();
        Ok(())
    }
}

/// zstd (RFC 8878).
pub(super) struct Zstd {
    decoder: raw::Decoder<'static>,
    /// Bytes up to the end of the next block: with no more at once, a damaged block takes no other with it.
    wanted: usize,
}

/// Bytes of a frame's beginning that tell how long its header is.
const FRAME_START: usize = 5;

impl Zstd {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            decoder: raw::Decoder::new()?,
            wanted: FRAME_START,
        })
    }
}

impl Decoder for Zstd {
    fn step(&mut self, input: &[u8], to: &mut [u8]) -> (usize, usize, io::Result<bool>) {
        let input = input.get(..self.wanted).unwrap_or(input);
        let mut from = InBuffer::around(input);
        let mut into = OutBuffer::around(to);
        let result = self.decoder.run(&mut from, &mut into);
        let ended = result.map(|wanted| {
            self.wanted = wanted.max(1);
            wanted == 0
        });
        (from.pos(), into.pos(), ended)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.wanted = FRAME_START;
        self.decoder.reinit()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use super::*;

    /// Gives at most so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(to.len());
            self.0.read(&mut to[..len])
        }
    }

    /// All that can be unpacked, and why it ended.
    fn unpack<D: Decoder>(packed: &[u8], piece: usize, decoder: D) -> (Vec<u8>, Option<String>) {
        let reader = BufReader::with_capacity(1 << 16, Pieces(packed, piece));
        let mut unpacked = Unpacked::new(reader, decoder);
        let mut all = Vec::new();
        let trouble = unpacked.read_to_end(&mut all).err();
        (all, trouble.map(|error| error.to_string()))
    }

    fn content() -> Vec<u8> {
        let lines = (0..50_000_u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761) >> 12));
        lines.collect::<String>().into_bytes()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(content).unwrap();
        packer.finish().unwrap()
    }

    /// Unpacks in pieces of all sizes alike; gives what came of it.
    fn alike<D: Decoder>(packed: &[u8], decoder: impl Fn() -> D) -> (Vec<u8>, Option<String>) {
        let whole = unpack(packed, usize::MAX, decoder());
        for piece in [1, 7, 300, 5000] {
            let same = unpack(packed, piece, decoder()) == whole;
            assert!(same, "pieces of {piece}");
        }
        whole
    }

    #[test]
    fn members_follow_each_other() {
        let content = content();
        let (first, second) = content.split_at(70_000);
        let packed = [gzip(first), gzip(second)].concat();
        assert_eq!(alike(&packed, Gzip::new), (content.clone(), None));
        let pack = |part: &[u8]| zstd::encode_all(part, 1).unwrap();
        let packed = [pack(first), pack(second)].concat();
        assert_eq!(alike(&packed, || Zstd::new().unwrap()), (content, None));
    }

    #[test]
    fn what_stands_before_a_damage_is_given() {
        let content = content();
        let mut packed = gzip(&content);
        let at = packed.len() / 2;
        packed[at..at + 40].fill(0xff);
        let (all, trouble) = alike(&packed, Gzip::new);
        // What a flipped bit makes of the bytes behind it is not known to be wrong at once.
        let same = all.iter().zip(&content).take_while(|(a, b)| a == b).count();
        assert!(same > content.len() / 3, "{same}");
        assert!(trouble.is_some());

        let mut packed = zstd::encode_all(content.as_slice(), 1).unwrap();
        // The bit stream of a block is read from its end, where a bit is set (RFC 8878 section 4.1).
        let at = packed.len() - 40;
        packed[at..].fill(0);
        let (all, trouble) = alike(&packed, || Zstd::new().unwrap());
        // All of the blocks before it, and nothing of its own.
        assert!(content.starts_with(&all));
        assert_eq!(all.len() % (128 << 10), 0, "{}", all.len());
        assert!(!all.is_empty());
        assert!(trouble.is_some());
    }

    #[test]
    fn what_ends_too_soon_says_so() {
        let content = content();
        let packed = gzip(&content);
        let (all, trouble) = alike(&packed[..packed.len() - 9], Gzip::new);
        assert!(all.len() > content.len() - 10 && content.starts_with(&all));
        assert_eq!(trouble.as_deref(), Some("the packed data is not complete"));
        let packed = zstd::encode_all(content.as_slice(), 1).unwrap();
        let (all, trouble) = alike(&packed[..packed.len() - 9], || Zstd::new().unwrap());
        assert!(all.len() >= 128 << 10 && content.starts_with(&all));
        assert_eq!(trouble.as_deref(), Some("the packed data is not complete"));
    }
}
