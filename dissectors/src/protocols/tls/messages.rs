//! Handshake messages that are carried without records: of one level of encryption, always TLS 1.3.

use super::assembly::Message;
use super::describe;
use super::wire::{MESSAGE_HEAD, MESSAGE_MOST};
use crate::dissector::{Dissector, Input, Output, Start};
use crate::inbox::{Feed, Inbox};
use crate::units::{PerSide, Side};

pub(super) fn start(_: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Messages::default())
}

#[derive(Default)]
struct Messages {
    inboxes: PerSide<Inbox>,
    /// Nothing can be read any more: bytes were lost, or are none of a message.
    over: PerSide<bool>,
}

impl Dissector for Messages {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } if !self.over[side] => {
                let mut feed = self.inboxes[side].feed(bytes);
                while let Some(more) = next(&mut feed, side, out) {
                    if !more {
                        self.over[side] = true;
                        return;
                    }
                }
            }
            Input::Gap { .. } => self.over[side] = true,
            _ => {}
        }
    }
}

/// Reads a message. `None` when more bytes are needed; false when there is none.
fn next(feed: &mut Feed<'_>, side: Side, out: &mut Output<'_>) -> Option<bool> {
    let &[kind, high, middle, low] = feed.peek(MESSAGE_HEAD)?.first_chunk()?;
    let len = MESSAGE_HEAD + u32::from_be_bytes([0, high, middle, low]) as usize;
    if len > MESSAGE_MOST {
        return Some(false);
    }
    let (bytes, span) = feed.take(len)?;
    let message = Message {
        kind,
        bytes,
        base: 0,
        seams: &[],
    };
    out.fields(side, span, |w| describe::bare(w, &message));
    Some(true)
}
