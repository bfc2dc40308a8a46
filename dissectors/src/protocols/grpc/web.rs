//! gRPC-Web in the content of one message of HTTP/1, for its fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::describe;
use super::messages::Messages;
use crate::dissector::{Dissector, Input, Output};
use crate::units::{Side, Span};

/// The content of one message.
pub(super) struct Web {
    /// It is base64, each piece for itself, with padding where it ends.
    is_text: bool,
    name: &'static str,
    path: String,
}

impl Web {
    /// `kind`: its content type. `path`: the method that is called.
    pub(super) fn new(kind: &str, path: &str) -> Self {
        let is_text = kind.starts_with("application/grpc-web-text");
        Self {
            is_text,
            name: match kind {
                _ if is_text => "GRPC-Web-Text",
                _ if kind.starts_with("application/grpc-web") => "GRPC-Web",
                _ => "GRPC",
            },
            path: path.to_owned(),
        }
    }
}

impl Dissector for Web {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        let Input::Datagram { bytes, .. } = input else {
            return;
        };
        // Places in decoded text are none on the wire: all of it is one.
        let whole = Span::new(0, bytes.len() as u64);
        let decoded = self.is_text.then(|| decoded(bytes));
        let mut rest = decoded.as_deref().unwrap_or(bytes);
        let mut messages = Messages::default();
        while !rest.is_empty() {
            let (behind, message) = messages.take(rest, true);
            rest = behind;
            if let Some(message) = message {
                let span = if self.is_text { whole } else { message.span };
                let body = message.body.as_deref();
                out.fields(side, span, |w| {
                    describe::message(w, message.head, body, self.name, &self.path);
                });
            }
        }
    }
}

/// Base64 in groups of four, up to the first that is none.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.chunks_exact(4) {
        match STANDARD.decode(group) {
            Ok(bytes) => out.extend(bytes),
            Err(_) => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_with_their_own_padding() {
        assert_eq!(decoded(b"AAAAAAoKCA=="), [0, 0, 0, 0, 10, 10, 8]);
        assert_eq!(decoded(b"AA==AAAA?AAA"), [0, 0, 0, 0]);
    }
}
