//! Bytes that were decrypted, kept while messages may still be made of them: for filters that read them.

use std::collections::VecDeque;

use colloquy_dissectors::units::{Span, StreamOffset};

use crate::limits;

/// The newest of one side, in the pieces in which they were decrypted. Between two pieces stands what encryption adds.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pieces: VecDeque<(Span, Vec<u8>)>,
    bytes: usize,
}

impl Opened {
    /// Takes the content of `span`, of just as many bytes.
    pub(super) fn take(&mut self, span: Span, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.pieces.push_back((span, bytes.to_vec()));
        while self.bytes > limits::MESSAGE_BYTES {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, bytes)) = self.pieces.pop_front() {
            self.bytes -= bytes.len();
        }
    }

    /// Those before `until` are no longer needed.
    pub(super) fn forget(&mut self, until: StreamOffset) {
        while self
            .pieces
            .front()
            .is_some_and(|(span, _)| span.end <= until)
        {
            self.drop_first();
        }
        if self.pieces.is_empty() {
            // Most conversations are silent at any time.
            self.pieces = VecDeque::new();
        }
    }

    /// What of them lies in `span`, if its first and its last byte are there.
    pub(super) fn get(&self, span: Span) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut end = None;
        for (place, bytes) in &self.pieces {
            let from = span.start.max(place.start);
            let until = span.end.min(place.end);
            if from >= until {
                continue;
            }
            if end.is_none() && from != span.start {
                return None;
            }
            let (from, to) = (from - place.start, until - place.start);
            out.extend_from_slice(bytes.get(from as usize..to as usize)?);
            end = Some(until);
        }
        (end == Some(span.end)).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_over_what_encryption_adds() {
        let mut opened = Opened::default();
        opened.take(Span::new(20, 24), b"abcd");
        opened.take(Span::new(44, 47), b"efg");
        assert_eq!(
            opened.get(Span::new(21, 46)).as_deref(),
            Some(&b"bcdef"[..])
        );
        assert_eq!(opened.get(Span::new(22, 24)).as_deref(), Some(&b"cd"[..]));
        assert_eq!(
            opened.get(Span::new(19, 24)),
            None,
            "its beginning is not there"
        );
        assert_eq!(opened.get(Span::new(44, 48)), None, "nor its end");
        opened.forget(24);
        assert_eq!(opened.get(Span::new(21, 46)), None);
        assert_eq!(opened.get(Span::new(45, 47)).as_deref(), Some(&b"fg"[..]));
    }

    #[test]
    fn no_more_is_kept_than_the_longest_message() {
        let mut opened = Opened::default();
        let piece = vec![7; limits::MESSAGE_BYTES / 2];
        for at in 1..5 {
            let end = at * 1_000_000;
            opened.take(Span::new(end - piece.len() as u64, end), &piece);
        }
        assert_eq!(opened.pieces.len(), 2);
        assert_eq!(opened.bytes, limits::MESSAGE_BYTES);
    }
}
