//! Frames as rows: each with the values that were asked for, in the order of the capture, as tshark shows them.
//!
//! ```text
//!   Batch ─▶ RowShard: headers of each frame ─────────────────▶ Row ─▶ filter, printer
//!              └─ where messages are asked for: stream, stack ─▶ Values, for the frame that completes the message
//! ```
//!
//! A shard owns the conversations of its number, as in [`analysis`](crate::analysis), and every frame belongs to one shard. A row
//! leaves when nothing can be added to it any more: a message is given to the frame that completes it, so a frame whose
//! bytes wait for earlier ones keeps its row waiting, and those behind it.

mod flow;
mod forward;
pub mod headers;
mod plan;
pub mod print;
mod shard;
mod sink;
mod tcp;
mod window;

use colloquy_dissectors::field::Values;
use colloquy_dissectors::units::{Side, Span, Stamp};

pub use forward::Forward;
pub use plan::Plan;
pub(crate) use shard::RowShard;

/// One frame with its values.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Which frame, and when.
    pub stamp: Stamp,
    /// The number of its conversation, if it has one.
    pub flow: Option<u32>,
    /// What was asked for of it.
    pub values: Values,
    /// The messages that it completes, in the order of their values.
    pub messages: Vec<Message>,
}

/// A message of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The place of its first value among those of the row; those of the frame's headers come before all messages.
    pub first_value: usize,
    /// Who sent it.
    pub side: Side,
    /// Its bytes in the stream of that side.
    pub span: Span,
}

impl Row {
    fn clear(&mut self) {
        self.values.clear();
        self.messages.clear();
    }

    fn add(&mut self, said: &Said) {
        self.messages.push(Message {
            first_value: self.values.len(),
            side: said.side,
            span: said.span,
        });
        self.values.append(&said.values);
    }
}

/// A message that is complete.
#[derive(Clone, Debug)]
struct Said {
    /// The frame that completed it.
    stamp: Stamp,
    side: Side,
    span: Span,
    values: Values,
}
