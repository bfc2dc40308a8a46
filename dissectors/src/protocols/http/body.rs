//! Chunked bodies (RFC 9112 section 7), and the search for the next message among bytes that can't be followed.

use super::session::{Reading, Talk};
use super::start::{self, Next};
use super::wire;
use crate::dissector::Output;
use crate::event::Act;
use crate::inbox::Feed;
use crate::units::{Side, Span};

/// The longest line of a chunk's size or a trailer that is waited for.
const LINE_BYTES: usize = 8 * 1024;
/// Bytes that are looked at in one piece when the next message is sought.
const SEARCH_BYTES: usize = 16 * 1024;

impl Talk {
    pub(super) fn chunk_line(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let line = match line(feed) {
            Line::Whole(len) => len,
            Line::More => return false,
            Line::Endless => {
                return self.broken(side, "chunk without the end of its first line", feed, out);
            }
        };
        let size = feed.peek(line).and_then(wire::chunk_size);
        let Some(size) = size else {
            return self.broken(side, "chunk size is not hexadecimal", feed, out);
        };
        let _ = feed.take(line);
        self.show.chunk(side, size, out);
        if size == 0 {
            return self.go(side, Reading::Trailer);
        }
        feed.skip(size);
        self.go(side, Reading::ChunkData)
    }

    pub(super) fn chunk_end(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let len = match feed.peek_up_to(2) {
            [b'\n', ..] => 1,
            [b'\r', b'\n'] => 2,
            [] | [b'\r'] => return false,
            _ => {
                let what = "chunk data without a line end behind it";
                return self.broken(side, what, feed, out);
            }
        };
        let _ = feed.take(len);
        self.go(side, Reading::ChunkLine)
    }

    pub(super) fn trailer(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let len = match line(feed) {
            Line::Whole(len) => len,
            Line::More => return false,
            Line::Endless => return self.broken(side, "trailer field without an end", feed, out),
        };
        match feed.take(len) {
            Some((b"\r\n" | b"\n", span)) => self.whole(side, span.end, out),
            Some((line, _)) => {
                self.show.trailer(side, line, out);
                true
            }
            None => false,
        }
    }

    /// Looks for the next message among bytes that can't be followed.
    pub(super) fn seek(&mut self, side: Side, feed: &mut Feed<'_>) -> bool {
        let bytes = feed.peek_up_to(SEARCH_BYTES);
        match start::next_start(side, bytes) {
            Next::NotBefore(0) => false,
            Next::NotBefore(n) => feed.take(n).is_some(),
            Next::At(n) => {
                let _ = feed.take(n);
                self.go(side, Reading::Between)
            }
        }
    }

    pub(super) fn broken(
        &mut self,
        side: Side,
        what: &'static str,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        let at = feed.offset();
        out.emit(side, Span::new(at, at + 1), Act::Malformed { what });
        self.show.lose(side);
        self.give_up(side, at);
        true
    }
}

enum Line {
    Whole(usize),
    More,
    Endless,
}

/// The length of the next line, its end included.
fn line(feed: &mut Feed<'_>) -> Line {
    let bytes = feed.peek_up_to(LINE_BYTES);
    match bytes.iter().position(|b| *b == b'\n') {
        Some(at) => Line::Whole(at + 1),
        None if bytes.len() < LINE_BYTES => Line::More,
        None => Line::Endless,
    }
}
