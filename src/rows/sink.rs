//! Messages of one conversation on their way to the frames that complete them.

mod pairs;

use std::collections::VecDeque;
use std::sync::Arc;

use colloquy_dissectors::dissector::{Input, Sink, Slot};
use colloquy_dissectors::event::Act;
use colloquy_dissectors::field::{FieldId, INFO_COLUMN, Values, Wanted, Writer, group};
use colloquy_dissectors::units::{FrameNo, PerSide, Side, Span, Stamp, StreamOffset};
use hashbrown::HashMap;

use self::pairs::Asked;
use super::Said;
use super::asides::note_cut;
use super::forward::{Forward, Known, Meaning};
use super::opened::{Opened, Pipes};
use super::window::Window;
use crate::fields::Contents;
use crate::limits;

/// Takes the fields of messages from the dissectors.
pub(super) struct Messages {
    flow: u32,
    wanted: Arc<Wanted>,
    /// The root's first.
    slots: Vec<Decoded>,
    /// Bytes that filters may read, if any does.
    windows: Option<Box<PerSide<Window>>>,
    /// The same of what was decrypted, with the slot in which it was.
    opened: Option<Box<(Slot, PerSide<Opened>)>>,
    /// And of what pipes carry.
    pipes: Pipes,
    /// Messages of which bytes are still to come.
    pending: PerSide<VecDeque<Pending>>,
    /// Where the furthest of all messages ends.
    reach: PerSide<StreamOffset>,
    /// What came of each side, and where the last piece of it began.
    until: PerSide<StreamOffset>,
    began: PerSide<StreamOffset>,
    /// Where the last complete message ends.
    done: PerSide<StreamOffset>,
    /// Frames whose last bytes belong to a message that later ones complete.
    pub(super) parts: Vec<FrameNo>,
    /// Pieces that came while it was not clear what is spoken: where each ends, and its frame.
    early: PerSide<VecDeque<(StreamOffset, Stamp)>>,
    /// Where the bytes that came end, and the frame of the last of them.
    last: PerSide<(StreamOffset, FrameNo)>,
    /// Messages that are complete, with their frames.
    pub(super) ready: Vec<Said>,
    requests: HashMap<(&'static str, u64), Asked>,
    names: HashMap<Known, Meaning>,
    /// The keys of `requests`, oldest first.
    order: VecDeque<(&'static str, u64)>,
}

/// Whose the bytes of a slot are.
#[derive(Clone, Copy, Debug, Default)]
struct Decoded {
    own: Whose,
    /// Those of its children.
    inside: Whose,
    /// Its children are pipes.
    pipes: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Whose {
    /// The conversation carries them.
    #[default]
    Carried,
    /// They were decrypted in this slot.
    Opened(Slot),
    /// They come in pieces: in a pipe of SMB's.
    Pipe(u64),
    /// They are not kept.
    Other,
}

struct Pending {
    /// To the end of the message that it is in.
    span: Span,
    /// Its own bytes.
    inner: Span,
    whose: Whose,
    values: Values,
}

impl Messages {
    pub(super) fn new(flow: u32, wanted: Arc<Wanted>) -> Self {
        let of_messages = |id: &FieldId| id.group() >= group::NBSS;
        let keeps = wanted.contents().iter().any(of_messages);
        Self {
            flow,
            wanted,
            slots: vec![Decoded::default()],
            windows: keeps.then(Box::default),
            opened: None,
            pipes: Pipes::default(),
            pending: PerSide::default(),
            reach: PerSide::default(),
            until: PerSide::default(),
            began: PerSide::default(),
            done: PerSide::default(),
            parts: Vec::new(),
            early: PerSide::default(),
            last: PerSide::default(),
            ready: Vec::new(),
            requests: HashMap::new(),
            names: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The bytes of `side` from `at` up to `until` came.
    pub(super) fn arrived(&mut self, side: Side, at: StreamOffset, until: StreamOffset) {
        self.began[side] = at;
        self.until[side] = until;
    }

    /// Keeps bytes that filters may read.
    pub(super) fn keep(&mut self, side: Side, at: StreamOffset, input: Input<'_>) {
        if let Some(windows) = &mut self.windows {
            windows[side].take(at, input);
        }
    }

    /// The last of them, which came with the frame `stamp`, wait until it is clear what is spoken.
    pub(super) fn hold(&mut self, side: Side, stamp: Stamp) {
        let until = self.until[side];
        self.early[side].push_back((until, stamp));
    }

    /// Gives the messages of `side` that are complete to their frames: that at hand, or an earlier one where it was not
    /// clear until now what is spoken. `gap`: the last bytes that arrived never came.
    pub(super) fn came(&mut self, side: Side, (stamp, gap): (Stamp, bool), ahead: &mut Ahead<'_>) {
        let early = std::mem::take(&mut self.early[side]);
        if self.pending[side].is_empty() {
            return;
        }
        let until = self.until[side];
        let (seen, frame) = self.last[side];
        let mut waiting = VecDeque::new();
        if let Some(windows) = &mut self.windows {
            windows[side].settle();
        }
        let (mut done, mut read) = (0, 0);
        let mut rest = (0, 0);
        for mut message in std::mem::take(&mut self.pending[side]) {
            if message.span.end > until {
                waiting.push_back(message);
                continue;
            }
            let in_early = early.iter().find(|(end, _)| message.span.end <= *end);
            // The head of a message whose rest is lost belongs to the frame that brought it. A frame that was cut is still at
            // hand; any other has been given away, and this one has no part in the message.
            if gap && in_early.is_none() && message.span.end <= seen && frame != stamp.frame {
                continue;
            }
            if gap && frame == stamp.frame {
                note_cut(&mut message.values);
            }
            let stamp = in_early.map_or(stamp, |(_, stamp)| *stamp);
            self.done[side] = self.done[side].max(message.span.end);
            if self.windows.is_some() {
                let began = early.iter().rev().find(|(end, _)| *end < message.span.end);
                let piece = match in_early {
                    Some((end, _)) => Span::new(began.map_or(0, |(end, _)| *end), *end),
                    None => Span::new(self.began[side], until),
                };
                self.fill(side, &mut message, piece, &mut rest);
                done = done.max(message.span.end);
                match message.whose {
                    Whose::Opened(_) => read = read.max(message.inner.end),
                    Whose::Pipe(key) => self.pipes.forget(key, side, message.inner.end),
                    Whose::Carried | Whose::Other => {}
                }
            }
            self.pair(&mut message.values, stamp, ahead);
            self.name(&mut message.values, stamp, ahead);
            self.ready.push(Said {
                stamp,
                side,
                span: message.inner,
                values: message.values,
            });
        }
        if let Some(windows) = &mut self.windows
            && waiting.is_empty()
        {
            windows[side].forget(done);
            if let Some(opened) = &mut self.opened {
                opened.1[side].forget(read);
            }
        }
        self.pending[side] = waiting;
    }

    /// Gives the message's protocol its bytes, where they are wanted and known. `piece`: what the frame brings that completes the
    /// message. `rest`: the protocol and the piece of the last one that took all of a piece.
    fn fill(
        &self,
        side: Side,
        message: &mut Pending,
        piece: Span,
        rest: &mut (usize, StreamOffset),
    ) {
        let Some(window) = self.windows.as_ref().map(|windows| &windows[side]) else {
            return;
        };
        let (inner, outer) = (message.inner, message.span);
        let values = &mut message.values;
        match message.whose {
            Whose::Carried => {}
            Whose::Opened(_) | Whose::Pipe(_) => {
                return self.fill_opened(side, message.whose, inner, values);
            }
            Whose::Other => return,
        }
        values.fill(self.wanted.contents(), |id, at, len| {
            let span = match Contents::of(id)? {
                Contents::Header => return None,
                Contents::Message | Contents::Head => inner,
                Contents::Outer => Span::new(inner.start, outer.end),
                // What goes on in another message is shown there.
                Contents::Rest if at != 0 => return None,
                Contents::Rest if inner.start < piece.start => inner,
                Contents::Rest => {
                    let this = (id.number(), piece.end);
                    if *rest == this {
                        return None;
                    }
                    *rest = this;
                    Span::new(inner.start, piece.end)
                }
            };
            let own = match Contents::of(id)? {
                Contents::Head => len,
                _ => span.len() as u32,
            };
            Some((own, window.get(span)?))
        });
    }

    /// The same of a message that was decrypted in `slot`.
    fn fill_opened(&self, side: Side, whose: Whose, span: Span, values: &mut Values) {
        let opened = match whose {
            Whose::Opened(slot) => {
                let opened = self.opened.as_ref().filter(|opened| opened.0 == slot);
                opened.map(|opened| &opened.1[side])
            }
            Whose::Pipe(key) => self.pipes.get(key, side),
            Whose::Carried | Whose::Other => None,
        };
        let Some(bytes) = opened.and_then(|opened| opened.get(span)) else {
            return;
        };
        values.fill(self.wanted.contents(), |id, _, len| {
            let own = match Contents::of(id)? {
                Contents::Message => bytes.len() as u32,
                Contents::Head => len,
                _ => return None,
            };
            Some((own, &bytes))
        });
    }

    /// The bytes of `frame` are understood: notes whether some wait for the rest of their message.
    pub(super) fn understood(&mut self, side: Side, frame: FrameNo) {
        if self.until[side] > self.done[side] && self.wanted.has(INFO_COLUMN) {
            self.parts.push(frame);
        }
    }

    /// The first frame whose bytes were not understood yet.
    pub(super) fn held_since(&self) -> Option<FrameNo> {
        let first = |side: Side| self.early[side].front().map(|(_, stamp)| stamp.frame);
        Side::BOTH.into_iter().filter_map(first).min()
    }

    /// Nobody waits any more for what is spoken to become clear.
    pub(super) fn forget(&mut self) {
        self.early = PerSide::default();
    }

    /// The bytes of `side` up to `until` did come, with the frame `frame`.
    pub(super) fn heard(&mut self, side: Side, until: StreamOffset, frame: FrameNo) {
        self.last[side] = (until, frame);
    }

    pub(super) fn swap(&mut self) {
        self.pending.swap();
        self.reach.swap();
        self.until.swap();
        self.began.swap();
        self.done.swap();
        if let Some(windows) = &mut self.windows {
            windows.swap();
        }
        if let Some(opened) = &mut self.opened {
            opened.1.swap();
        }
        if self.windows.is_some() {
            self.pipes.swap();
        }
        self.early.swap();
        self.last.swap();
    }
}

/// What is known of later frames.
pub(super) enum Ahead<'a> {
    /// Nothing, and nothing is to be kept.
    Nothing,
    /// This pass finds it out.
    Collected(&'a mut Forward),
    /// A pass before found it out.
    Known(&'a Forward),
}

impl Sink for Messages {
    fn open(&mut self, parent: Slot, protocol: &'static str, _beginning: bool, key: u64) -> Slot {
        let parent = self.slots.get(parent.0 as usize);
        let own = match parent {
            Some(parent) if parent.pipes && parent.inside == Whose::Carried => Whose::Pipe(key),
            Some(parent) => parent.inside,
            None => Whose::Carried,
        };
        let slot = Slot(self.slots.len() as u32);
        let inside = match protocol {
            "tls" => Whose::Opened(slot),
            "websocket" => Whose::Other,
            _ => own,
        };
        let pipes = protocol == "smb";
        self.slots.push(Decoded { own, inside, pipes });
        slot
    }

    fn event(&mut self, _slot: Slot, _side: Side, _span: Span, _act: Act, _text: Option<String>) {}

    fn wants_text(&self) -> bool {
        false
    }

    fn wants_fields(&self) -> bool {
        true
    }

    fn wants_field(&self, id: FieldId) -> bool {
        self.wanted.has(id)
    }

    fn opened(&mut self, slot: Slot, side: Side, span: Span, bytes: &[u8]) {
        if self.windows.is_none() {
            return;
        }
        let opened = self
            .opened
            .get_or_insert_with(|| Box::new((slot, PerSide::default())));
        if opened.0 != slot {
            // A session in a session: what is said in the inner one is what is read.
            **opened = (slot, PerSide::default());
        }
        opened.1[side].take(span, bytes);
    }

    fn unpacked(&mut self, _slot: Slot, key: u64, side: Side, span: Span, bytes: &[u8]) {
        if self.windows.is_some() {
            self.pipes.take(key, side, span, bytes);
        }
    }

    fn message(
        &mut self,
        slot: Slot,
        side: Side,
        span: Span,
        describe: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        let pending = &mut self.pending[side];
        if pending.len() >= limits::PENDING_MESSAGES {
            return;
        }
        let mut values = Values::default();
        describe(&mut Writer::new(&self.wanted, &mut values));
        // What is inside another message is complete when that one is.
        let mut end = span.end;
        if span.end <= self.reach[side] {
            let outer = pending
                .iter()
                .filter(|outer| outer.span.start <= span.start && span.end <= outer.span.end);
            end = outer.map(|outer| outer.span.end).max().unwrap_or(end);
        }
        self.reach[side] = self.reach[side].max(end);
        pending.push_back(Pending {
            span: Span::new(span.start, end),
            inner: span,
            whose: self
                .slots
                .get(slot.0 as usize)
                .map_or(Whose::Carried, |d| d.own),
            values,
        });
    }
}
