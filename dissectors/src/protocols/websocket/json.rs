//! JSON (RFC 8259) as far as messages need it: the members of an object, and its lines for a reader. Nothing is built, and
//! nothing is checked beyond what that takes.

use crate::text::without_secrets;

/// Levels that are indented; what is deeper stands at the last one.
const DEEPEST: usize = 32;
/// Lines that a reader gets of one message.
const LINES: usize = 200;
/// Bytes of them.
const TEXT: usize = 16 * 1024;

/// The members of the object that `json` is: names without their quotes, values as they stand. Stops at the first fault.
pub(super) fn members(json: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = json.trim_ascii_start().strip_prefix(b"{");
    std::iter::from_fn(move || {
        let text = rest.take()?.trim_ascii_start();
        let (name, after) = text.split_at_checked(value(text)?)?;
        let name = name.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let text = after
            .trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start();
        let (value, after) = text.split_at_checked(value(text)?)?;
        rest = after.trim_ascii_start().strip_prefix(b",");
        Some((name, value.trim_ascii_end()))
    })
}

/// The value of one member.
pub(super) fn member<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    members(json).find(|(n, _)| *n == name).map(|(_, v)| v)
}

/// A string's characters, without its quotes; escapes stay as they are.
pub(super) fn string(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// The length of the value at the start of `text`; `None` where it does not end.
fn value(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' | b':' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    (depth == 0 && !quoted && !text.is_empty()).then_some(text.len())
}

/// The lines of an object or an array, indented, with the values of secrets masked; `None` for anything else.
pub(super) fn pretty(json: &[u8]) -> Option<String> {
    let json = json.trim_ascii();
    let whole =
        matches!(json, [b'{', .., b'}'] | [b'[', .., b']']) && value(json) == Some(json.len());
    if !whole {
        return None;
    }
    let shown = String::from_utf8_lossy(json.get(..TEXT).unwrap_or(json));
    let text = indented(&shown);
    let mut lines: Vec<String> = text.lines().take(LINES).map(without_secrets).collect();
    if text.lines().count() > LINES || json.len() > TEXT {
        lines.push("…".to_owned());
    }
    Some(lines.join("\n"))
}

fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(if c.is_control() { '·' } else { c });
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => {
                quoted = c == '"';
                out.push(if c.is_control() { '·' } else { c });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_object() {
        let json = br#" {"jsonrpc" : "2.0", "params":{"id":[1,{"a":"}\""}]},"id":7 , "x":null}"#;
        let all: Vec<_> = members(json).map(|(n, v)| (n, v.to_vec())).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(member(json, b"id"), Some(&b"7"[..]));
        assert_eq!(
            member(json, b"params"),
            Some(&br#"{"id":[1,{"a":"}\""}]}"#[..])
        );
        assert_eq!(member(json, b"jsonrpc").and_then(string), Some(&b"2.0"[..]));
        for broken in [&b"{\"a\""[..], b"{", b"[1]", b"", b"{\"a\":\"b", b"{a:1}"] {
            assert_eq!(member(broken, b"a"), None, "{broken:?}");
        }
    }

    #[test]
    fn lines_for_a_reader() {
        let json = br#"{"a":[1,{}],"token":"xyz","b":"c,d:{"}"#;
        let lines =
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"token\": \"***\",\n  \"b\": \"c,d:{\"\n}";
        assert_eq!(pretty(json).unwrap(), lines);
        assert_eq!(pretty(b"[]").unwrap(), "[]");
        for other in [&b"hello"[..], b"{\"a\":", b"12", b"{}}"] {
            assert_eq!(pretty(other), None);
        }
        let long = format!("[{}1]", "1,".repeat(100_000));
        let lines = pretty(long.as_bytes()).unwrap();
        assert!(lines.lines().count() <= LINES + 1 && lines.ends_with('…'));
    }
}
