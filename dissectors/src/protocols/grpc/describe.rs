//! The fields of one message.

use super::fields as f;
use super::wire::{COMPRESSED, HEAD, Head};
use crate::field::Writer;

/// Describes a message by its head and, where it was kept, its body. `name`: for the protocol column.
pub(super) fn message(w: &mut Writer<'_>, head: Head, body: Option<&[u8]>, name: &str, path: &str) {
    let len = HEAD + head.len as usize;
    w.layer(f::PROTO, name, 0, len, |w| {
        w.uint(f::FRAME_TYPE, u8::from(head.is_trailers()), 0, 1);
        w.uint(f::COMPRESSED_FLAG, head.flags & COMPRESSED, 0, 1);
        w.uint(f::MESSAGE_LENGTH, head.len, 1, 4);
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            w.bytes(f::MESSAGE_DATA, body, HEAD);
        }
        if !path.is_empty() {
            w.text(f::PATH, path, 0, 0);
        }
    });
}
