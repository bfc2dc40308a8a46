//! Whole messages: what becomes of them, and how they are described.

use super::app::{self, Spoken};
use super::frames::{Building, Fault};
use super::session::Talk;
use super::turn::Message;
use super::wire::{self, Header, Opcode};
use super::{deflate, json};
use crate::dissector::Output;
use crate::event::{Act, Fact};
use crate::text::{printable, without_secrets};
use crate::units::{Side, Span, StreamOffset};

/// Characters of a text message that the first line of its description shows.
const PREVIEW: usize = 80;
/// What is told of a message that is no good to inflate.
const BOMB: &str = "a message that inflates to more than 16 MiB";

impl Talk {
    /// Counts what a message inflates to that begins as no text does.
    pub(super) fn suspect(
        &mut self,
        side: Side,
        head: &Header,
        masked: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) {
        let mut plain = Vec::with_capacity(masked.len());
        wire::unmasked(masked, head.key, 0, |bytes| plain.extend_from_slice(bytes));
        if deflate::may_be_a_bomb(&plain) {
            self.lanes[side].counter = Some(Box::default());
            self.count(side, &plain, span, out);
        }
    }

    pub(super) fn count(&mut self, side: Side, plain: &[u8], span: Span, out: &mut Output<'_>) {
        let lane = &mut self.lanes[side];
        let over = lane.counter.as_mut().and_then(|c| c.push(plain));
        if over.is_some() {
            lane.counter = None;
        }
        if over == Some(true) {
            let bytes = lane.progress.message.as_ref().map_or(0, |m| m.bytes);
            let compressed = bytes + lane.progress.head.len - lane.progress.left;
            let fact = Fact::new("ws.deflate-bomb")
                .with("compressed", compressed)
                .with("inflated", deflate::MOST);
            lane.tell(Fault::Bomb, side, span, fact, out);
            out.emit(side, span, Act::Limit { what: BOMB });
        }
    }

    pub(super) fn message_end(&mut self, side: Side, end: StreamOffset, out: &mut Output<'_>) {
        let compression = self.compression(side);
        let lane = &mut self.lanes[side];
        let known = std::mem::replace(&mut lane.in_step, true);
        let Some(message) = lane.progress.message.take() else {
            return;
        };
        lane.messages = lane.messages.saturating_add(1);
        let span = Span::new(message.start, end);
        let reads = self.app.reads() || out.wants_text();
        // In mid-stream nobody knows what was agreed on compression.
        let inflates = !message.compressed || known && self.agreed.is_some();
        let wanted = reads && inflates && message.opcode == Opcode::TEXT;
        let plain = wanted.then(|| lane.content.end(message.compressed, compression.forgets));
        let plain = plain.flatten();
        let content = plain.as_deref();
        let says = content.or_else(|| message.short.whole());
        if known && says.is_some_and(app::is_beat) && message.opcode == Opcode::TEXT {
            out.emit(side, span, Act::Beat);
        }
        let spoken = self.app.spoken;
        let mut text = out
            .wants_text()
            .then(|| describe(&message, spoken, content));
        if !known {
            self.turn.stop(out);
        }
        if self.app.reads() && message.opcode == Opcode::TEXT {
            let of_app = match content {
                Some(json) => {
                    self.app
                        .message(side, json, span, (&mut text, &mut self.next_id), out)
                }
                None => {
                    self.app.unread(side, span, out);
                    false
                }
            };
            if !self.app.reads() && !out.wants_text() {
                for side in Side::BOTH {
                    self.lanes[side].content.stop();
                }
            }
            if self.app.pairs() {
                self.turn.stop(out);
            }
            if of_app {
                return;
            }
        }
        let opcode = message.opcode;
        let whole = Message { opcode, span, text };
        self.turn.message(side, whole, &mut self.next_id, out);
    }
}

/// `Text 93 bytes: {"jsonrpc":…`, and below it, where it is JSON, all of it for reading.
fn describe(message: &Building, spoken: Spoken, content: Option<&[u8]>) -> String {
    let name = match message.opcode {
        Opcode::CONTINUATION => "End of a message",
        opcode => opcode.name(),
    };
    let compressed = if message.compressed {
        ", compressed"
    } else {
        ""
    };
    let start = format!("{name} {} bytes{compressed}", message.bytes);
    let content = content.unwrap_or_default();
    let title = app::title(spoken, content)
        .unwrap_or_else(|| without_secrets(&printable(content, PREVIEW)));
    match json::pretty(content) {
        Some(lines) => format!("{start}: {title}\n{lines}"),
        None if title.is_empty() => start,
        None => format!("{start}: {title}"),
    }
}
