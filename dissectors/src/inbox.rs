//! The bytes of one side that wait to become a whole message.
//!
//! In-order bytes are read where they lie; only an unfinished head or message is copied and kept. A body
//! that nobody needs is skipped: counted, never kept.
//!
//! ```text
//!   inbox.offset                      offset + pending.len()
//!   v                                 v
//!   [ pending: unfinished, copied ..][ data: the chunk at hand, borrowed ]
//! ```

use crate::units::{Span, StreamOffset};

/// What a gap did to the message at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterGap {
    /// The lost bytes were part of a body that is skipped anyway: the next message's start is known.
    InBody,
    /// The lost bytes began exactly between two messages, or took a started one with them: where the next
    /// message begins is unknown. Holds the bytes of the started message that were thrown away.
    Lost {
        /// Bytes that were kept and are now given up.
        dropped: u64,
    },
}

/// One side's inbox. Holds at most what the dissector asks for with [`Feed::take`] or [`Feed::peek`].
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    pending: Vec<u8>,
    /// Bytes at the start of `pending` that are already taken.
    taken: usize,
    /// Offset of the first byte that is not consumed.
    offset: StreamOffset,
    skip: u64,
}

impl Inbox {
    /// Begins to read a chunk. What is not consumed when the feed is dropped is kept for the next one.
    pub fn feed<'a>(&'a mut self, data: &'a [u8]) -> Feed<'a> {
        self.settle();
        Feed { inbox: self, data }
    }

    /// `len` bytes never come. Bytes of an unfinished message are given up.
    pub fn gap(&mut self, len: u64) -> AfterGap {
        self.settle();
        let dropped = self.pending.len() as u64;
        self.pending.clear();
        self.offset += dropped + len;
        if dropped == 0 && self.skip >= len && len > 0 {
            self.skip -= len;
            return AfterGap::InBody;
        }
        self.skip = 0;
        AfterGap::Lost { dropped }
    }

    /// Offset of the first byte that is not consumed.
    #[must_use]
    pub const fn offset(&self) -> StreamOffset {
        self.offset
    }

    /// Bytes that are kept for an unfinished message.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        (self.pending.len() - self.taken) as u64
    }

    /// Bytes still to be skipped of the body at hand.
    #[must_use]
    pub const fn to_skip(&self) -> u64 {
        self.skip
    }

    fn settle(&mut self) {
        if self.taken > 0 {
            if self.taken >= self.pending.len() {
                self.pending.clear();
                // A message that was large once must not hold its memory for the session's life.
                if self.pending.capacity() > 16 * 1024 {
                    self.pending = Vec::new();
                }
            } else {
                self.pending.drain(..self.taken);
            }
            self.taken = 0;
        }
    }
}

/// A chunk being read through an [`Inbox`].
#[derive(Debug)]
pub struct Feed<'a> {
    inbox: &'a mut Inbox,
    data: &'a [u8],
}

impl Feed<'_> {
    /// Offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> StreamOffset {
        self.inbox.offset
    }

    /// Bytes at hand, without those to be skipped being taken off.
    #[must_use]
    pub fn available(&self) -> usize {
        self.inbox.pending.len() - self.inbox.taken + self.data.len()
    }

    /// The next `n` bytes without consuming them, or `None` when fewer are there.
    pub fn peek(&mut self, n: usize) -> Option<&[u8]> {
        if self.available() < n {
            return None;
        }
        self.inbox.settle();
        if self.inbox.pending.is_empty() {
            return self.data.get(..n);
        }
        self.fill(n);
        self.inbox.pending.get(..n)
    }

    /// All bytes at hand up to `most`, without consuming them.
    pub fn peek_up_to(&mut self, most: usize) -> &[u8] {
        let n = self.available().min(most);
        self.peek(n).unwrap_or(&[])
    }

    /// Consumes the next `n` bytes and gives them with their span, or `None` when fewer are there.
    pub fn take(&mut self, n: usize) -> Option<(&[u8], Span)> {
        if self.available() < n {
            return None;
        }
        self.inbox.settle();
        let span = Span::new(self.inbox.offset, self.inbox.offset + n as u64);
        self.inbox.offset = span.end;
        if self.inbox.pending.is_empty() {
            let (bytes, rest) = self.data.split_at_checked(n)?;
            self.data = rest;
            return Some((bytes, span));
        }
        self.fill(n);
        self.inbox.taken = n;
        self.inbox.pending.get(..n).map(|bytes| (bytes, span))
    }

    /// The next bytes, as many as are at hand but at most `most`: for a body that is handed on as it comes.
    pub fn take_some(&mut self, most: u64) -> Option<(&[u8], Span)> {
        let n = self
            .available()
            .min(usize::try_from(most).unwrap_or(usize::MAX));
        if n == 0 { None } else { self.take(n) }
    }

    /// The next `n` bytes are of no interest, now and as they come. Afterwards call [`Feed::skipped`].
    pub const fn skip(&mut self, n: u64) {
        self.inbox.skip += n;
    }

    /// Skips what is to be skipped; true when nothing more is.
    pub fn skipped(&mut self) -> bool {
        if self.inbox.skip > 0 {
            self.inbox.settle();
            let from_pending = self.inbox.skip.min(self.inbox.pending.len() as u64);
            self.inbox.taken = from_pending as usize;
            self.inbox.settle();
            let from_data = (self.inbox.skip - from_pending).min(self.data.len() as u64);
            self.data = self.data.get(from_data as usize..).unwrap_or(&[]);
            self.inbox.skip -= from_pending + from_data;
            self.inbox.offset += from_pending + from_data;
        }
        self.inbox.skip == 0
    }

    /// The same, and `look` sees the bytes that are skipped.
    pub fn skipped_over(&mut self, mut look: impl FnMut(&[u8])) -> bool {
        while self.inbox.skip > 0 {
            let most = self.inbox.skip;
            let Some((bytes, span)) = self.take_some(most) else {
                return false;
            };
            look(bytes);
            self.inbox.skip -= span.len();
        }
        true
    }

    fn fill(&mut self, n: usize) {
        let missing = n.saturating_sub(self.inbox.pending.len());
        if let Some((now, rest)) = self.data.split_at_checked(missing) {
            self.inbox.pending.extend_from_slice(now);
            self.data = rest;
        }
    }
}

impl Drop for Feed<'_> {
    fn drop(&mut self) {
        self.inbox.settle();
        self.inbox.pending.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_are_borrowed_and_rests_are_kept() {
        let mut inbox = Inbox::default();
        {
            let mut feed = inbox.feed(b"abcdefg");
            assert_eq!(feed.take(3), Some((&b"abc"[..], Span::new(0, 3))));
            assert_eq!(feed.peek(5), None);
        }
        assert_eq!(inbox.waiting(), 4);
        let mut feed = inbox.feed(b"hij");
        assert_eq!(feed.peek(2), Some(&b"de"[..]));
        assert_eq!(feed.take(5), Some((&b"defgh"[..], Span::new(3, 8))));
        assert_eq!(feed.take_some(9), Some((&b"ij"[..], Span::new(8, 10))));
        assert_eq!(feed.take_some(9), None);
    }

    #[test]
    fn a_body_is_skipped_over_chunks_and_gaps() {
        let mut inbox = Inbox::default();
        {
            let mut feed = inbox.feed(b"HHxxx");
            assert!(feed.take(2).is_some());
            feed.skip(10);
            assert!(!feed.skipped());
        }
        assert_eq!(inbox.gap(4), AfterGap::InBody);
        let mut feed = inbox.feed(b"xxxHH");
        assert!(feed.skipped());
        assert_eq!(feed.take(2), Some((&b"HH"[..], Span::new(12, 14))));
    }

    #[test]
    fn a_gap_in_a_started_message_loses_it() {
        let mut inbox = Inbox::default();
        drop(inbox.feed(b"abc"));
        assert_eq!(inbox.gap(10), AfterGap::Lost { dropped: 3 });
        assert_eq!(inbox.offset(), 13);
    }
}
