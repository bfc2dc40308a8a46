//! Compressed messages (RFC 7692 section 7.2, RFC 1951 section 3.2).
//!
//! What a message says needs the window of all messages before it, and that is kept only where somebody wants to read it.
//! Where its first block's header is none, no window helps.

use flate2::{Decompress, FlushDecompress, Status};

use super::show::MESSAGE;

/// Bytes that are looked at: a block's header, and the two lengths of a stored block.
pub(super) const LOOK: u64 = 5;
/// The largest HLIT: 286 literal and length codes, less 257 (RFC 1951 section 3.2.7).
const MOST_LITERALS: u8 = 29;

/// True when no inflater can take a message that begins with `bytes`.
pub(super) fn is_broken(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return false;
    };
    match first >> 1 & 3 {
        0 => match *bytes {
            [_, a, b, c, d, ..] => u16::from_le_bytes([a, b]) != !u16::from_le_bytes([c, d]),
            _ => false,
        },
        1 => false,
        2 => first >> 3 > MOST_LITERALS,
        _ => true,
    }
}

/// What a sender takes off the end of a message (RFC 7692 section 7.2.1).
const TAIL: &[u8] = &[0, 0, 0xff, 0xff];
/// Bytes that one message may become before its side is given up; deflate can make a thousand of one.
pub(super) const MOST: u64 = 16 << 20;

/// Messages shorter than this can't inflate to more than [`MOST`]: a byte becomes 1032 at most.
pub(super) const BOMB_LEAST: u64 = 16 * 1024;
/// Bytes of such a message that are looked at.
pub(super) const BOMB_LOOK: u64 = 64;
/// So few different bytes in the second half of them are unlike any text: what inflates a thousandfold is one code again
/// and again.
const FEW: usize = 6;

/// True for the start of a message that may inflate to a multiple beyond reason.
pub(super) fn may_be_a_bomb(bytes: &[u8]) -> bool {
    let mut seen: Vec<u8> = bytes.get(32..).unwrap_or_default().to_vec();
    let enough = seen.len() >= 32;
    seen.sort_unstable();
    seen.dedup();
    enough && seen.len() <= FEW
}

/// Counts what a message inflates to, without keeping it and without the window before it: lengths do not depend on that.
#[derive(Debug)]
pub(super) struct Counter(Decompress);

impl Default for Counter {
    fn default() -> Self {
        Self(Decompress::new(false))
    }
}

impl Counter {
    /// The next bytes; `Some` when there is nothing more to count: true where it is too much, false where it can't be read.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Option<bool> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let (came, made) = (self.0.total_in(), self.0.total_out());
            if made > MOST {
                return Some(true);
            }
            let status = self.0.decompress(bytes, &mut buffer, FlushDecompress::Sync);
            let read = (self.0.total_in() - came) as usize;
            bytes = bytes.get(read..).unwrap_or_default();
            let idle = self.0.total_out() == made && read == 0;
            match status {
                Err(_) | Ok(Status::StreamEnd) => return Some(false),
                Ok(_)
                    if idle
                        || bytes.is_empty() && self.0.total_out() - made < buffer.len() as u64 =>
                {
                    return None;
                }
                Ok(_) => {}
            }
        }
    }
}

/// Decompresses the messages of one side.
#[derive(Debug)]
pub(super) struct Inflater {
    state: Decompress,
    lost: bool,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            state: Decompress::new(false),
            lost: false,
        }
    }
}

impl Inflater {
    /// A message was lost, and the window with it.
    pub(super) const fn lose(&mut self) {
        self.lost = true;
    }

    /// The next message, at most [`MESSAGE`] bytes of it. `forgets`: it needs none before it.
    pub(super) fn message(&mut self, bytes: &[u8], forgets: bool) -> Option<Vec<u8>> {
        if forgets {
            self.state.reset(false);
            self.lost = false;
        }
        if self.lost {
            return None;
        }
        let mut plain = Vec::new();
        let done = self.piece(bytes, &mut plain) && self.piece(TAIL, &mut plain);
        self.lost = !done;
        done.then_some(plain)
    }

    fn piece(&mut self, mut bytes: &[u8], plain: &mut Vec<u8>) -> bool {
        let mut buffer = [0; 4096];
        // The decoder's own count begins anew with each stream.
        let mut sum = 0;
        loop {
            let (came, made) = (self.state.total_in(), self.state.total_out());
            if sum > MOST {
                return false;
            }
            let status = self
                .state
                .decompress(bytes, &mut buffer, FlushDecompress::Sync);
            let read = (self.state.total_in() - came) as usize;
            let made = (self.state.total_out() - made) as usize;
            sum += made as u64;
            bytes = bytes.get(read..).unwrap_or_default();
            let free = MESSAGE.saturating_sub(plain.len()).min(made);
            plain.extend_from_slice(buffer.get(..free).unwrap_or_default());
            match status {
                Err(_) => return false,
                // A last block may end the stream (RFC 7692 section 7.2.3.4); the next message begins a new one.
                Ok(Status::StreamEnd) => self.state.reset(false),
                Ok(_) if made < buffer.len() && bytes.is_empty() => return true,
                Ok(_) if read == 0 && made == 0 => return false,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::super::show::MESSAGE;
    use super::{BOMB_LEAST, Counter, Inflater, is_broken, may_be_a_bomb};

    fn deflated(state: &mut Compress, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 64);
        state
            .compress_vec(text, &mut out, FlushCompress::Sync)
            .unwrap();
        out.truncate(out.len() - 4);
        out
    }

    /// RFC 7692 section 7.2.3.4: a last block ends the stream, and what follows begins a new one.
    #[test]
    fn a_stream_may_end_in_any_message() {
        let mut sender = Compress::new(Compression::best(), false);
        let first = deflated(&mut sender, b"hello, hello, hello");
        let mut last = Vec::with_capacity(64);
        let how = FlushCompress::Finish;
        sender.compress_vec(b"the end", &mut last, how).unwrap();
        last.push(0);
        let mut next = Compress::new(Compression::best(), false);
        let third = deflated(&mut next, b"again");
        let mut receiver = Inflater::default();
        for (packed, text) in [
            (first, "hello, hello, hello"),
            (last, "the end"),
            (third, "again"),
        ] {
            let plain = receiver.message(&packed, false);
            assert_eq!(plain.as_deref(), Some(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn messages_share_their_window() {
        let mut sender = Compress::new(Compression::best(), false);
        let first = deflated(&mut sender, b"hello, hello, hello");
        let second = deflated(&mut sender, b"hello, hello, hello");
        assert!(second.len() < first.len());
        let mut inflater = Inflater::default();
        for message in [&first, &second] {
            let plain = inflater.message(message, false).unwrap();
            assert_eq!(plain, b"hello, hello, hello");
        }
        assert_eq!(Inflater::default().message(&second, false), None);
        // The specification's own (RFC 7692 section 7.2.3.1).
        let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
        assert_eq!(inflater.message(hello, true).unwrap(), b"Hello");
    }

    #[test]
    fn what_no_inflater_takes_ends_the_side() {
        let mut inflater = Inflater::default();
        assert_eq!(inflater.message(b"\xff\xff\xff", false), None);
        assert_eq!(
            inflater.message(b"\xf2\x48\xcd\xc9\xc9\x07\x00", false),
            None
        );
    }

    #[test]
    fn a_bomb_is_known_by_its_start_and_counted() {
        let mut sender = Compress::new(Compression::best(), false);
        let bomb = deflated(&mut sender, &vec![b'a'; 20 << 20]);
        assert!(may_be_a_bomb(&bomb[..64]) && bomb.len() as u64 > BOMB_LEAST);
        let mut counter = Counter::default();
        let said: Vec<_> = bomb.chunks(1000).filter_map(|c| counter.push(c)).collect();
        assert!(said.contains(&true));
        assert_eq!(Counter::default().push(&bomb[..1000]), None);
        let numbers: Vec<String> = (0..4000).map(|n| (n * 7919 % 1000).to_string()).collect();
        let text = numbers.join("},{");
        let plain = deflated(
            &mut Compress::new(Compression::best(), false),
            text.as_bytes(),
        );
        assert!(!may_be_a_bomb(&plain[..64]));
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut sender = Compress::new(Compression::best(), false);
        let bomb = deflated(&mut sender, &vec![b'a'; 3 * MESSAGE]);
        let plain = Inflater::default().message(&bomb, false).unwrap();
        assert_eq!(plain.len(), MESSAGE);
    }

    #[test]
    fn blocks_that_may_be() {
        for bytes in [
            &b""[..],
            b"\x00",
            b"\x00\x05\x00\xfa\xff",
            b"\xf2\x48\xcd\xc9\xc9\x07\x00",
            b"\x04\xc0\x81\x08\x00",
        ] {
            assert!(!is_broken(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn blocks_that_cannot_be() {
        for bytes in [&b"\xff\xff"[..], b"\x06", b"\x00\x05\x00\x05\x00", b"\xf4"] {
            assert!(is_broken(bytes), "{bytes:x?}");
        }
    }
}
