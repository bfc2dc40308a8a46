//! Length-prefixed messages out of one side's content.

use super::wire::{HEAD, Head};
use crate::units::{Span, StreamOffset};

/// The largest message that is kept: for its fields, or as trailers.
const BODY: u32 = 1 << 20;

/// A message that is whole.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) head: Head,
    pub(super) span: Span,
    /// Its bytes, where they were kept.
    pub(super) body: Option<Vec<u8>>,
}

/// One side's content.
///
/// ```text
///   start                offset
///   v                    v
///   [ head | body ...... | left to come ]
/// ```
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Bytes that came, header lists counted.
    pub(super) offset: StreamOffset,
    start: StreamOffset,
    head: [u8; HEAD],
    /// Bytes of the head that are there.
    have: usize,
    /// Bytes of the body that are to come; of a whole head only.
    left: u32,
    body: Vec<u8>,
    /// Bytes are missing: where the next message begins is not known.
    pub(super) lost: bool,
}

impl Messages {
    /// A message began and is not whole.
    pub(super) const fn is_within(&self) -> bool {
        self.have > 0
    }

    /// The bytes of the message that is not whole: how many are expected, and how many are there.
    pub(super) fn unfinished(&self) -> (Span, u64) {
        let expected = match self.have {
            HEAD => HEAD as u64 + u64::from(Head::read(self.head).len),
            _ => HEAD as u64,
        };
        (Span::new(self.start, self.offset), expected)
    }

    /// A header list took `len` offsets; gives its place.
    pub(super) fn pass(&mut self, len: u64) -> Span {
        let at = self.offset;
        self.offset += len;
        Span::new(at, at + len.min(1))
    }

    /// `len` bytes of content were lost.
    pub(super) fn gap(&mut self, len: u64) {
        self.offset += len;
        match u32::try_from(len) {
            // The message at hand goes on behind the hole, and its end is known.
            Ok(len) if self.have == HEAD && len < self.left => {
                self.left -= len;
                self.body = Vec::new();
            }
            _ => self.lost = true,
        }
    }

    /// Takes the next bytes up to the end of a message; gives what is left of them, and the message. `keep`: its body is wanted.
    pub(super) fn take<'a>(
        &mut self,
        mut bytes: &'a [u8],
        keep: bool,
    ) -> (&'a [u8], Option<Message>) {
        if self.lost {
            self.offset += bytes.len() as u64;
            return (&[], None);
        }
        if self.have == 0 {
            self.start = self.offset;
        }
        while self.have < HEAD {
            let Some((byte, rest)) = bytes.split_first() else {
                return (&[], None);
            };
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *byte;
            }
            self.have += 1;
            self.offset += 1;
            bytes = rest;
            self.left = Head::read(self.head).len;
        }
        let head = Head::read(self.head);
        let keep = (keep || head.is_trailers()) && head.len <= BODY;
        let now = bytes.len().min(self.left as usize);
        let (body, rest) = bytes.split_at_checked(now).unwrap_or((bytes, &[]));
        if keep {
            self.body.extend_from_slice(body);
        }
        self.left -= now as u32;
        self.offset += now as u64;
        if self.left > 0 {
            return (rest, None);
        }
        self.have = 0;
        let body = std::mem::take(&mut self.body);
        let message = Message {
            head,
            span: Span::new(self.start, self.offset),
            // A hole in it leaves it shorter.
            body: (keep && body.len() == head.len as usize).then_some(body),
        };
        (rest, Some(message))
    }
}
