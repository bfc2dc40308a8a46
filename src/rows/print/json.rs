//! `-T json`: an array with an object a frame.

use std::io::Write as _;

use colloquy_dissectors::field::{BRANCH, FieldId, Kind, Value};
use serde_json::ser::Formatter as _;

use super::Printer;
use crate::fields;
use crate::rows::Row;

/// Prints objects: keys are the names of fields; a field that occurs several times in a frame has an array.
#[derive(Clone, Debug, Default)]
pub struct JsonPrinter {
    /// The fields that are written, in this order; empty for all that a frame has, in the order of the frame.
    pub columns: Vec<FieldId>,
}

impl Printer for JsonPrinter {
    fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"[\n");
    }

    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut names = self.columns.clone();
        if names.is_empty() {
            for entry in row.values.iter().filter(|e| e.id != BRANCH) {
                if !names.contains(&entry.id) {
                    names.push(entry.id);
                }
            }
        }
        let mut is_first = true;
        for id in names {
            let Some(info) = fields::info(id) else {
                continue;
            };
            let count = row.values.of(id).count();
            if count == 0 {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.extend_from_slice(b", ");
            }
            string(out, info.name);
            out.extend_from_slice(b": ");
            if count > 1 {
                out.push(b'[');
            }
            for (i, value) in row.values.of(id).enumerate() {
                if i > 0 {
                    out.extend_from_slice(b", ");
                }
                debug_assert!(fields::fits(info.kind, &value), "{}: {value:?}", info.name);
                write(out, info.kind, value);
            }
            if count > 1 {
                out.push(b']');
            }
        }
        out.push(b'}');
    }

    fn between(&self) -> &'static [u8] {
        b",\n"
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]\n");
    }
}

/// Decimal numbers and truth values as JSON's own, all else as the text that `-T fields` writes.
fn write(out: &mut Vec<u8>, kind: Kind, value: Value<'_>) {
    match (value, kind) {
        (Value::Present, _) | (_, Kind::Protocol) => out.extend_from_slice(b"true"),
        (Value::Bool(b), _) => {
            // Writing to a Vec can't fail.
            let _ = write!(out, "{b}");
        }
        (Value::Uint(_) | Value::Int(_), _) => {
            fields::write(out, Kind::Int, value);
        }
        (Value::Text(text), _) => string(out, text),
        (Value::Double(n), _) if n.is_finite() => {
            let _ = write!(out, "{n}");
        }
        _ => {
            out.push(b'"');
            fields::write(out, kind, value);
            out.push(b'"');
        }
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Nor here: a string is always valid JSON.
    if serde_json::to_writer(&mut *out, text).is_err() {
        let _ = serde_json::ser::CompactFormatter.write_null(out);
    }
}
