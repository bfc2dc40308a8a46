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

use colloquy_dissectors::field::Values;
use colloquy_dissectors::units::Stamp;

pub use forward::Forward;
pub use plan::Plan;
pub(crate) use shard::RowShard;

/// One frame with its values.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Which frame, and when.
    pub stamp: Stamp,
    /// What was asked for of it.
    pub values: Values,
}
