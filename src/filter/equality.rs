//! An expression that holds where a field has a given value: what a click on a value asks for.

use std::fmt::Write as _;

use colloquy_dissectors::field::{FieldInfo, Kind, Value};

use crate::fields;
use crate::limits;

/// `smb2.cmd == 5`, or the name alone of a protocol and of what has no value. None for a value that no expression can hold: a
/// number below zero, a text too long for an expression.
pub fn equality(info: &FieldInfo, value: Value<'_>) -> Option<String> {
    let name = info.name;
    let written = match (info.kind, value) {
        (Kind::Protocol | Kind::Flag, _) | (_, Value::Present) => return Some(name.to_owned()),
        (_, Value::Bool(yes)) => if yes { "True" } else { "False" }.to_owned(),
        (_, Value::Text(text)) => quoted(text),
        (_, Value::Bytes([])) => "\"\"".to_owned(),
        (_, Value::Bytes(bytes)) => list(bytes),
        (_, Value::Time(nanos) | Value::Duration(nanos) | Value::Int(nanos)) if nanos < 0 => {
            return None;
        }
        (_, Value::Double(number)) if number < 0.0 || !number.is_finite() => return None,
        (kind, value) => {
            // Times as seconds, since dates would have to be quoted.
            let kind = if kind == Kind::Date { Kind::Time } else { kind };
            let mut written = Vec::new();
            fields::write(&mut written, kind, value);
            String::from_utf8(written).ok()?
        }
    };
    let expression = format!("{name} == {written}");
    (expression.len() <= limits::FILTER_BYTES / 4).then_some(expression)
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a String can't fail.
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = write!(out, "{}{byte:02x}", if at > 0 { ":" } else { "" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn what_would_end_a_text_is_escaped() {
        assert_eq!(quoted("a\"b\\\n\u{1}é"), "\"a\\\"b\\\\\\n\\x01é\"");
        let info = fields::find("smb2.filename").unwrap();
        let text = equality(info, Value::Text("a\u{7}1\"\\x")).unwrap();
        assert_eq!(text, "smb2.filename == \"a\\x071\\\"\\\\x\"");
        assert!(Filter::compile(&text).is_ok());
        let long = "x".repeat(limits::FILTER_BYTES);
        assert_eq!(equality(info, Value::Text(&long)), None);
        let info = fields::find("frame.time_delta").unwrap();
        assert_eq!(equality(info, Value::Duration(-1)), None);
    }
}
