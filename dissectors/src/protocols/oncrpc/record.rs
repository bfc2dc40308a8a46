//! Record marking (RFC 5531 section 11): messages out of one side's stream.
//!
//! ```text
//!        ┌──────────── last fragment: message ────────────┐
//!        v                                                │
//!   ┌─ Mark ── mark of a plausible length ──> Fragment ───┤
//!   │    ^                                                │
//!   │    └─────────────── not the last ───────────────────┘
//!   │ absurd mark, no RPC in the fragment, bytes lost around a mark
//!   v
//!  Seek ── a mark with an RPC header behind it ──> Mark
//! ```

use super::begins::{Begins, begins_record};
use super::wire::{LEAST_HEAD, Looks, MARK, Mark, looks};
use crate::inbox::Feed;
use crate::units::{Span, StreamOffset};

/// Bytes of a message that are looked at; the rest (file data) is counted and passed over.
pub(super) const HEAD: usize = 1024;
/// The same where the message's fields are asked for.
pub(super) const WHOLE: usize = 1024 * 1024;
/// Bytes of a record's first fragments before anything is told of them.
const TELLING: u64 = 28;
/// The longest believable fragment. Real ones end at 1 MiB of file data and a header; some servers allow more.
pub(super) const LARGEST_FRAGMENT: u64 = 16 * 1024 * 1024;
/// The longest believable record.
const LARGEST_RECORD: u64 = 64 * 1024 * 1024;
/// Fragments of one record: more is somebody who never ends it.
const MOST_FRAGMENTS: u32 = 65_536;
/// Bytes that a mark and a message behind it need for [`looks`] to be strict.
pub(super) const SURE: usize = MARK + 36;
/// Replies to nothing that is open that are passed over, before one is taken for a new beginning.
const DOUBTS: u8 = 3;

/// A whole message with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// From its first mark to its last byte.
    pub(super) span: Span,
    /// The message's first bytes, at most [`HEAD`] of them when it has more.
    pub(super) head: &'a [u8],
    /// As many of its bytes as were kept for those who ask for fields, at most [`WHOLE`].
    pub(super) bytes: &'a [u8],
    /// Bytes of the message, marks not counted.
    pub(super) len: u64,
    /// Where what came of it ends, before the end of its span where a gap took that.
    pub(super) came: StreamOffset,
    /// Its fields were given, with what came before a gap.
    pub(super) told: bool,
    /// The mark before its last fragment; `None` in a datagram.
    pub(super) mark: Option<Mark>,
}

/// What was found in the stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// A message.
    Message(Record<'a>),
    /// A fragment that is not the last of its record; only where fields are asked for.
    Fragment { span: Span, mark: Mark },
    /// Four bytes that should be a mark and cannot be one.
    AbsurdMark {
        span: Span,
        mark: Mark,
        /// Bytes were lost earlier on this side, so that the place may be wrong.
        after_loss: bool,
    },
    /// A mark that may be one, and no RPC message behind it.
    NotRpc { span: Span, after_loss: bool },
    /// A new message begins where the next fragment of an unfinished one should be.
    LastMissing { record: Record<'a>, fragments: u32 },
    /// Reading goes on after `bytes` that could not be followed.
    Resumed { span: Span, bytes: u64 },
}

/// What was left unfinished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished<'a> {
    pub(super) span: Span,
    pub(super) head: &'a [u8],
    pub(super) expected: u64,
    pub(super) present: u64,
    /// Fragments that did come whole, none of them marked as the last.
    pub(super) whole_fragments: u32,
    /// The last of them is the last that came: nothing of a further one did.
    pub(super) between_fragments: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Mark,
    Fragment { left: u64, last: bool },
    Seek { skipped: u64 },
}

/// Reads the records of one side. Keeps at most [`HEAD`] bytes of the message at hand, or [`WHOLE`] for its fields.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    /// Bytes of a message that are kept.
    keep: usize,
    /// The mark before the fragment at hand, and where it stands.
    mark: Mark,
    mark_at: StreamOffset,
    head: Vec<u8>,
    /// The head has a hole: what comes is no longer kept.
    cut: bool,
    told: bool,
    start: StreamOffset,
    len: u64,
    fragments: u32,
    lost_at: StreamOffset,
    lost_before: bool,
    doubts: u8,
}

impl Reader {
    /// `beginning`: the stream is seen from its first byte; else the first message has to be found.
    pub(super) const fn new(beginning: bool) -> Self {
        Self {
            state: if beginning {
                State::Mark
            } else {
                State::Seek { skipped: 0 }
            },
            keep: HEAD,
            mark: Mark(0),
            mark_at: 0,
            head: Vec::new(),
            cut: false,
            told: false,
            start: 0,
            len: 0,
            fragments: 0,
            lost_at: 0,
            lost_before: !beginning,
            doubts: 0,
        }
    }

    /// Fields are asked for: messages are kept whole.
    pub(super) const fn keep_whole(&mut self) {
        self.keep = WHOLE;
    }

    /// The next thing in the stream, or `None` when more bytes are needed. `is_open` tells whether a reply's xid is
    /// waited for: it decides while a message has to be found.
    pub(super) fn next<'f>(
        &'f mut self,
        feed: &'f mut Feed<'_>,
        is_open: impl Fn(u32) -> bool,
    ) -> Option<Found<'f>> {
        loop {
            match self.state {
                State::Seek { .. } => {
                    let (span, bytes) = self.seek(feed, false, &is_open)?;
                    if bytes > 0 {
                        return Some(Found::Resumed { span, bytes });
                    }
                }
                State::Mark => {
                    if self.whole_at_hand(feed) {
                        return Self::take_whole(feed);
                    }
                    match self.mark(feed)? {
                        Step::On => {}
                        Step::Absurd(span, mark) => {
                            return Some(Found::AbsurdMark {
                                span,
                                mark,
                                after_loss: self.lost_before,
                            });
                        }
                        Step::LastMissing => return Some(self.without_last(feed.offset())),
                    }
                }
                State::Fragment {
                    left: 0,
                    last: true,
                } => return Some(self.finish(feed.offset())),
                State::Fragment { left: 0, .. } => {
                    self.state = State::Mark;
                    // Less than a call's head up to its credential tells nobody what it is.
                    if self.keep > HEAD && self.len >= TELLING {
                        let span = Span::new(self.mark_at, feed.offset());
                        let mark = self.mark;
                        return Some(Found::Fragment { span, mark });
                    }
                }
                State::Fragment { left, last } => {
                    self.body(feed, left, last)?;
                    if !self.is_rpc() {
                        let span = Span::new(self.start, feed.offset());
                        let after_loss = self.lost_before;
                        self.lose(feed.offset());
                        return Some(Found::NotRpc { span, after_loss });
                    }
                }
            }
        }
    }

    /// The common case: one fragment, all of it in the chunk at hand.
    fn whole_at_hand(&self, feed: &mut Feed<'_>) -> bool {
        if self.fragments > 0 {
            return false;
        }
        let Some(bytes) = feed.peek(MARK + 8) else {
            return false;
        };
        let Some(mark) = Mark::read(bytes) else {
            return false;
        };
        mark.is_last()
            && (LEAST_HEAD as u64..=LARGEST_FRAGMENT).contains(&mark.len())
            && matches!(bytes, [.., 0, 0, 0, 0 | 1])
            && feed.available() as u64 >= MARK as u64 + mark.len()
    }

    fn take_whole<'f>(feed: &'f mut Feed<'_>) -> Option<Found<'f>> {
        let mark = Mark::read(feed.peek(MARK)?)?;
        let (bytes, span) = feed.take(MARK + mark.len() as usize)?;
        let message = bytes.get(MARK..)?;
        Some(Found::Message(Record {
            span,
            head: message.get(..HEAD).unwrap_or(message),
            bytes: message.get(..WHOLE).unwrap_or(message),
            came: span.end,
            len: mark.len(),
            told: false,
            mark: Some(mark),
        }))
    }

    fn mark(&mut self, feed: &mut Feed<'_>) -> Option<Step> {
        let mark = Mark::read(feed.peek(MARK)?)?;
        if self.fragments == 0 {
            self.start = feed.offset();
            self.len = 0;
            self.head.clear();
            self.cut = false;
            self.told = false;
        }
        let fits = mark.len() <= LARGEST_FRAGMENT
            && self.len + mark.len() <= LARGEST_RECORD
            && self.fragments < MOST_FRAGMENTS
            && (!mark.is_last() || self.len + mark.len() >= 20);
        if self.fragments > 0 && fits && mark.len() >= 40 && self.len >= LEAST_HEAD as u64 {
            let ahead = feed.peek(SURE)?;
            let behind = ahead.get(MARK..).unwrap_or(&[]);
            if matches!(looks(behind, mark.len()), Looks::Call { .. } | Looks::Reply) {
                return Some(Step::LastMissing);
            }
        }
        let (_, span) = feed.take(MARK)?;
        (self.mark, self.mark_at) = (mark, span.start);
        if !fits {
            self.lose(span.end);
            return Some(Step::Absurd(span, mark));
        }
        self.fragments += 1;
        self.state = State::Fragment {
            left: mark.len(),
            last: mark.is_last(),
        };
        Some(Step::On)
    }

    /// Takes bytes of a fragment: the head is kept, first of all the eight bytes that tell whether it is RPC.
    fn body(&mut self, feed: &mut Feed<'_>, left: u64, last: bool) -> Option<()> {
        let kept = self.head.len();
        let room = match kept {
            _ if self.cut => 0,
            0..8 => 8 - kept,
            _ => self.keep.saturating_sub(kept),
        };
        let want = if room > 0 {
            left.min(room as u64)
        } else {
            left
        };
        let (bytes, _) = feed.take_some(want)?;
        if room > 0 {
            self.head.extend_from_slice(bytes);
        }
        let taken = bytes.len() as u64;
        self.len += taken;
        self.state = State::Fragment {
            left: left - taken,
            last,
        };
        Some(())
    }

    /// False as soon as the message type is there and is none.
    fn is_rpc(&self) -> bool {
        self.head
            .get(4..8)
            .is_none_or(|kind| matches!(kind, [0, 0, 0, 0 | 1]))
    }

    fn finish(&mut self, end: StreamOffset) -> Found<'_> {
        self.state = State::Mark;
        self.fragments = 0;
        Found::Message(self.record(end))
    }

    fn without_last(&mut self, end: StreamOffset) -> Found<'_> {
        let fragments = self.fragments;
        self.fragments = 0;
        Found::LastMissing {
            record: self.record(end),
            fragments,
        }
    }

    fn record(&self, end: StreamOffset) -> Record<'_> {
        Record {
            span: Span::new(self.start, end),
            head: self.head.get(..HEAD).unwrap_or(&self.head),
            bytes: &self.head,
            came: end,
            len: self.len,
            told: self.told,
            mark: Some(self.mark),
        }
    }

    fn lose(&mut self, at: StreamOffset) {
        self.state = State::Seek { skipped: 0 };
        self.lost_at = at;
        self.fragments = 0;
        self.doubts = 0;
    }

    /// Before a gap: what waits at the end of what was captured is all that will come, and may still hold the head of
    /// a message (frames that the snap length cut). Afterwards [`Self::next`] reads what there is.
    pub(super) fn last_chance<'f>(
        &mut self,
        feed: &mut Feed<'_>,
        is_open: impl Fn(u32) -> bool,
    ) -> Option<Found<'f>> {
        let (span, bytes) = self.seek(feed, true, &is_open)?;
        (bytes > 0).then_some(Found::Resumed { span, bytes })
    }

    /// What came of the message at hand, when a gap begins in it: its fields can be given, and no more will be known.
    pub(super) fn torn(&mut self, feed: &Feed<'_>) -> Option<Record<'_>> {
        let begun = matches!(self.state, State::Fragment { left, .. } if left > 0);
        if !begun || std::mem::replace(&mut self.told, true) {
            return None;
        }
        Some(self.record(feed.offset()))
    }

    /// Bytes never come. A message whose head is there and whose end is known to lie in the gap is given.
    pub(super) fn gap(&mut self, feed: &Feed<'_>, len: u64) -> Option<Record<'_>> {
        let at = feed.offset();
        if let State::Fragment { left, last } = self.state {
            self.cut = true;
            self.len += left.min(len);
            if len < left || (len == left && !last) {
                self.state = State::Fragment {
                    left: left - len,
                    last,
                };
                return None;
            }
            let known = last && self.head.len() >= 8;
            self.fragments = 0;
            if len == left {
                self.state = State::Mark;
            } else {
                self.lost_before = true;
                self.lose(at + len);
            }
            return known.then(|| Record {
                came: at,
                ..self.record(at + left)
            });
        }
        self.lost_before = true;
        let dropped = feed.available() as u64;
        match &mut self.state {
            State::Seek { skipped } => *skipped += dropped,
            _ => {
                self.lose(at);
                self.state = State::Seek { skipped: dropped };
            }
        }
        None
    }

    /// What is unfinished now that the stream ends.
    pub(super) fn unfinished(&self, feed: &Feed<'_>) -> Option<Unfinished<'_>> {
        let waiting = feed.available() as u64;
        let end = feed.offset() + waiting;
        let (start, missing) = match self.state {
            State::Fragment { left, last } => {
                (self.start, left + if last { 0 } else { MARK as u64 })
            }
            State::Mark if self.fragments > 0 => (self.start, MARK as u64 - waiting.min(4)),
            State::Mark if waiting > 0 => (feed.offset(), MARK as u64 - waiting.min(4)),
            _ => return None,
        };
        let whole_fragments = match self.state {
            State::Fragment { .. } => self.fragments.saturating_sub(1),
            _ => self.fragments,
        };
        Some(Unfinished {
            span: Span::new(start, end),
            head: match self.fragments {
                0 => &[],
                _ => self.head.get(..HEAD).unwrap_or(&self.head),
            },
            expected: end - start + missing,
            present: end - start,
            whole_fragments,
            between_fragments: matches!(self.state, State::Mark) && waiting == 0,
        })
    }

    /// Looks for a mark with an RPC header behind it, and tells what was passed over on the way.
    fn seek(
        &mut self,
        feed: &mut Feed<'_>,
        last_chance: bool,
        is_open: &impl Fn(u32) -> bool,
    ) -> Option<(Span, u64)> {
        let State::Seek { mut skipped } = self.state else {
            return None;
        };
        let window = feed.peek_up_to(usize::MAX);
        let (mut at, mut found) = (0, false);
        while let Some(bytes) = window.get(at..) {
            match begins_record(bytes, last_chance) {
                Begins::Wait => break,
                Begins::No => {}
                Begins::Reply(xid) if !is_open(xid) && self.doubts < DOUBTS => self.doubts += 1,
                Begins::Reply(_) | Begins::Call => {
                    found = true;
                    break;
                }
            }
            at += 1;
        }
        let passed = at.min(window.len());
        let from = self.lost_at;
        if passed > 0 {
            feed.take(passed)?;
            skipped += passed as u64;
        }
        self.state = State::Seek { skipped };
        if !found {
            return None;
        }
        self.state = State::Mark;
        Some((Span::new(from, feed.offset()), skipped))
    }
}

enum Step {
    On,
    Absurd(Span, Mark),
    LastMissing,
}
