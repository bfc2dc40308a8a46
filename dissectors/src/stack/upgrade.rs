//! TLS that a client asks for in clear, that the server refuses, and that the client leaves for. Nothing of TLS comes then, and
//! what is spoken instead (SMTP, IMAP, PostgreSQL, …) has no sessions of its own: it is told in the carrier's.

use crate::dissector::{End, Input, Sink, Slot};
use crate::event::{Act, Fact};
use crate::protocols::{asks_in_clear, is_farewell, refusal};
use crate::units::{Side, Span, StreamOffset};

/// How far it has come.
pub(super) enum Upgrade {
    /// The client's last words ask for TLS.
    Asked(Span),
    /// The server has refused, and the client has said no more than good-bye.
    Refused {
        asked: Span,
        refused: Span,
        words: String,
    },
}

/// Follows what is said: `tls.asked-in-clear` and `tls.refused-in-clear` once the client has gone.
pub(super) fn follow(
    upgrade: &mut Option<Box<Upgrade>>,
    side: Side,
    at: StreamOffset,
    input: Input<'_>,
    sink: &mut dyn Sink,
) {
    let span = |bytes: &[u8]| Span::new(at, at + bytes.len() as u64);
    let next = match (side, input, upgrade.as_deref()) {
        (Side::Client, Input::Data(bytes), Some(Upgrade::Refused { .. })) if is_farewell(bytes) => {
            return;
        }
        (Side::Client, Input::Data(bytes), _) => {
            asks_in_clear(bytes).then(|| Upgrade::Asked(span(bytes)))
        }
        (Side::Server, Input::Data(bytes), Some(Upgrade::Asked(asked))) => {
            refusal(bytes).map(|words| Upgrade::Refused {
                asked: *asked,
                refused: span(bytes),
                words,
            })
        }
        (
            Side::Client,
            Input::End(End::Fin | End::Reset),
            Some(Upgrade::Refused {
                asked,
                refused,
                words,
            }),
        ) => {
            let fact = Box::new(Fact::new("tls.asked-in-clear"));
            sink.event(Slot::ROOT, Side::Client, *asked, Act::Fact(fact), None);
            let fact = Fact::new("tls.refused-in-clear").with("first", words.clone());
            let fact = Act::Fact(Box::new(fact));
            sink.event(Slot::ROOT, Side::Server, *refused, fact, None);
            None
        }
        (_, Input::Gap { .. }, _) => None,
        _ => return,
    };
    if next.is_some() || upgrade.is_some() {
        *upgrade = next.map(Box::new);
    }
}
