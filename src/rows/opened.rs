//! Bytes that were decrypted or come in pieces, kept while messages may still be made of them: for filters that read them.

use std::collections::VecDeque;

use colloquy_dissectors::units::{PerSide, Side, Span, StreamOffset};

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

/// The bytes of the pipes of one conversation, by their keys.
#[derive(Debug, Default)]
pub(super) struct Pipes(Vec<(u64, PerSide<Opened>)>);

impl Pipes {
    /// Pipes of which bytes are kept: the latest.
    const MOST: usize = 64;

    pub(super) fn take(&mut self, key: u64, side: Side, span: Span, bytes: &[u8]) {
        let place = self.0.iter().position(|pipe| pipe.0 == key);
        let place = place.unwrap_or_else(|| {
            if self.0.len() == Self::MOST {
                self.0.remove(0);
            }
            self.0.push((key, PerSide::default()));
            self.0.len() - 1
        });
        if let Some((_, pipe)) = self.0.get_mut(place) {
            pipe[side].take(span, bytes);
        }
    }

    pub(super) fn get(&self, key: u64, side: Side) -> Option<&Opened> {
        let found = self.0.iter().find(|pipe| pipe.0 == key);
        found.map(|(_, pipe)| &pipe[side])
    }

    pub(super) fn forget(&mut self, key: u64, side: Side, until: StreamOffset) {
        if let Some((_, pipe)) = self.0.iter_mut().find(|pipe| pipe.0 == key) {
            pipe[side].forget(until);
        }
    }

    pub(super) fn swap(&mut self) {
        self.0.iter_mut().for_each(|(_, pipe)| pipe.swap());
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

    #[test]
    fn pipes_do_not_mix_and_the_oldest_goes() {
        let mut pipes = Pipes::default();
        let span = |at: u64| Span::new(at, at + 2);
        pipes.take(1, Side::Client, span(10), b"ab");
        pipes.take(2, Side::Client, span(20), b"xy");
        pipes.take(1, Side::Client, span(30), b"cd");
        let bytes = |pipes: &Pipes, key, from, to| {
            let opened = pipes.get(key, Side::Client)?;
            opened.get(Span::new(from, to))
        };
        assert_eq!(bytes(&pipes, 1, 10, 32).as_deref(), Some(&b"abcd"[..]));
        pipes.forget(1, Side::Client, 12);
        assert_eq!(bytes(&pipes, 1, 10, 32), None);
        assert_eq!(bytes(&pipes, 2, 20, 22).as_deref(), Some(&b"xy"[..]));
        for key in 3..=2 + Pipes::MOST as u64 {
            pipes.take(key, Side::Server, span(40), b"zz");
        }
        assert!(pipes.get(2, Side::Client).is_none());
        assert_eq!(pipes.0.len(), Pipes::MOST);
    }
}
