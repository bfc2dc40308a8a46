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

mod asides;
mod flow;
mod forward;
pub mod headers;
mod opened;
mod plan;
pub mod print;
mod randoms;
mod shard;
mod sink;
mod tcp;
mod window;

use colloquy_dissectors::field::{FieldId, INFO_COLUMN, Value, Values, group};
use colloquy_dissectors::units::{Side, Span, Stamp};

use crate::fields;
use crate::fields::engine::frame;

pub use forward::Forward;
pub use plan::Plan;
pub use randoms::Randoms;
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
    /// Its last bytes belong to a message that a later frame completes.
    is_part: bool,
    /// The protocols of its headers, where they are asked for: `eth:ethertype:ip:tcp`.
    protocols: String,
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
        self.protocols.clear();
        self.is_part = false;
        self.values.clear();
        self.messages.clear();
    }

    /// Nothing more comes: writes what all of it together says.
    fn complete(&mut self) {
        if self.is_part && self.messages.is_empty() {
            // The last header's text stands where a message's would.
            if let Some(Value::Text(info)) = self.values.of(INFO_COLUMN).last() {
                let text = format!("{info} [TCP segment of a reassembled PDU]");
                self.values.set_text(INFO_COLUMN, &text);
            }
        }
        if self.protocols.is_empty() {
            return;
        }
        let mut last = FieldId::new(group::FRAME, 0);
        for entry in self.values.iter() {
            let (id, of) = (entry.id, entry.id.group());
            // The endpoint mapper is a table of DCE/RPC's, and no protocol of its own.
            if id.place() != 0 || of < group::NBSS || of == group::EPM || id == last {
                continue;
            }
            let above = match (last.group(), of) {
                (group::SMB | group::SMB2 | group::LDAP, group::GSSAPI | group::NTLMSSP) => {
                    "gss-api:"
                }
                // Which is what the port is known for.
                (group::FRAME, group::WEBSOCKET) => "http:",
                _ => "",
            };
            last = id;
            if let Some(info) = fields::info(id) {
                for part in [":", above, info.name] {
                    self.protocols.push_str(part);
                }
            }
        }
        self.values.set_text(frame::PROTOCOLS, &self.protocols);
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

#[cfg(test)]
mod tests {
    use colloquy_dissectors::field::Entry;

    use super::*;

    #[test]
    fn protocols_of_headers_and_messages() {
        let mut row = Row {
            protocols: "eth:ethertype:ip:tcp".to_owned(),
            ..Row::default()
        };
        let id = |name: &str| fields::find(name).map_or(frame::PROTO, |info| info.id);
        let entry = |id, value| Entry {
            id,
            value,
            depth: 0,
            at: 0,
            len: 0,
        };
        row.values.push(entry(frame::PROTOCOLS, Value::Text("")));
        for name in ["nbss", "smb2", "spnego", "nbss.type", "smb2", "smb2", "epm"] {
            row.values.push(entry(id(name), Value::Present));
        }
        row.complete();
        assert_eq!(
            row.values.of(frame::PROTOCOLS).next(),
            Some(Value::Text(
                "eth:ethertype:ip:tcp:nbss:smb2:gss-api:spnego:smb2"
            ))
        );
    }

    #[test]
    fn a_part_of_a_message_is_told_as_tshark_does() {
        let info = |is_part, messages| {
            let mut row = Row {
                messages,
                is_part,
                ..Row::default()
            };
            row.values.push(Entry {
                id: INFO_COLUMN,
                value: Value::Text("445 → 51234 [ACK]"),
                depth: 1,
                at: 0,
                len: 0,
            });
            row.complete();
            match row.values.of(INFO_COLUMN).last() {
                Some(Value::Text(text)) => text.to_owned(),
                _ => String::new(),
            }
        };
        let part = "445 → 51234 [ACK] [TCP segment of a reassembled PDU]";
        assert_eq!(info(true, Vec::new()), part);
        assert_eq!(info(false, Vec::new()), "445 → 51234 [ACK]");
        let message = Message {
            first_value: 0,
            side: Side::Client,
            span: Span::new(0, 4),
        };
        assert_eq!(info(true, vec![message]), "445 → 51234 [ACK]");
    }
}
