//! The fields of a frame and of its headers.

use colloquy_dissectors::field::{Entry, FieldId, Value, Values, Wanted, group};

use crate::analysis::dispatch::Item;
use crate::capture::Record;
use crate::fields::engine::frame;
use crate::session::conversation::Opening;

/// A frame whose fields are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Its record.
    pub(crate) record: &'a Record,
    /// Its captured bytes.
    pub(crate) bytes: &'a [u8],
    /// What it is to its conversation.
    pub(crate) item: &'a Item,
}

/// What headers of a conversation's earlier frames tell: bases of sequence numbers, times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {}

/// Writes what is wanted of the frame. `past`: of its conversation, if it has one.
pub(crate) fn write(
    wanted: &Wanted,
    at: &Frame<'_>,
    _past: Option<(&Opening, &mut Past)>,
    values: &mut Values,
) {
    let mut put = |id: FieldId, value: Value<'_>| {
        if wanted.has(id) {
            values.push(Entry {
                id,
                value,
                depth: 1,
                at: 0,
                len: 0,
            });
        }
    };
    if wanted.has_group(group::FRAME) {
        put(frame::PROTO, Value::Present);
        put(frame::NUMBER, Value::Uint(at.record.no));
        put(frame::TIME_EPOCH, Value::Time(at.record.time.0));
        put(frame::LEN, Value::Uint(u64::from(at.record.wire_len)));
        put(frame::CAP_LEN, Value::Uint(at.bytes.len() as u64));
    }
}
