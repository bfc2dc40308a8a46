//! Bytes of a conversation's sides, kept while messages may still be made of them: for filters that read them.

use std::collections::VecDeque;

use colloquy_dissectors::dissector::Input;
use colloquy_dissectors::units::{Span, StreamOffset};

use crate::limits;

/// The newest bytes of one side without a hole between them.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Where the first of them stands.
    start: StreamOffset,
    bytes: VecDeque<u8>,
}

impl Window {
    /// Takes what was delivered at `at`.
    pub(super) fn take(&mut self, at: StreamOffset, input: Input<'_>) {
        let (Input::Data(bytes) | Input::Datagram { bytes, .. }) = input else {
            return;
        };
        if self.end() != at {
            self.start = at;
            self.bytes.clear();
        }
        self.bytes.extend(bytes);
        self.forget(self.end().saturating_sub(limits::MESSAGE_BYTES as u64));
    }

    fn end(&self) -> StreamOffset {
        self.start + self.bytes.len() as u64
    }

    /// Those before `until` are no longer needed.
    pub(super) fn forget(&mut self, until: StreamOffset) {
        let gone = until.min(self.end()).saturating_sub(self.start);
        self.bytes.drain(..gone as usize);
        self.start += gone;
        if self.bytes.is_empty() {
            // Most conversations are silent at any time.
            self.bytes = VecDeque::new();
        }
    }

    /// In one piece, so that [`Window::get`] finds any.
    pub(super) fn settle(&mut self) {
        self.bytes.make_contiguous();
    }

    /// The bytes of `span`, if all are there.
    pub(super) fn get(&self, span: Span) -> Option<&[u8]> {
        let from = span.start.checked_sub(self.start)?;
        let until = span.end.checked_sub(self.start)?;
        self.bytes.as_slices().0.get(from as usize..until as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_there_until_they_are_forgotten_or_a_hole_comes() {
        let mut window = Window::default();
        window.take(0, Input::Data(b"abcd"));
        window.take(4, Input::Data(b"ef"));
        window.settle();
        assert_eq!(window.get(Span::new(1, 6)), Some(&b"bcdef"[..]));
        assert_eq!(window.get(Span::new(1, 7)), None);
        window.forget(3);
        window.settle();
        assert_eq!(window.get(Span::new(2, 4)), None);
        assert_eq!(window.get(Span::new(3, 5)), Some(&b"de"[..]));
        window.take(9, Input::Data(b"x"));
        window.settle();
        assert_eq!(window.get(Span::new(3, 5)), None);
        assert_eq!(window.get(Span::new(9, 10)), Some(&b"x"[..]));
    }

    #[test]
    fn no_more_is_kept_than_the_longest_message() {
        let mut window = Window::default();
        let piece = vec![7; limits::MESSAGE_BYTES];
        window.take(0, Input::Data(&piece));
        window.take(piece.len() as u64, Input::Data(b"new"));
        assert_eq!(window.bytes.len(), limits::MESSAGE_BYTES);
        assert_eq!(window.start, 3);
    }
}
