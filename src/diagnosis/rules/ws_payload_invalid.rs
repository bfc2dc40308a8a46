//! `ws-payload-invalid`.

use super::ws;
use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A message's content is not what it is said to be: text that is not UTF-8, compression marked where it cannot be,
    /// or marked as compressed and not so.
    ///
    /// ## Why it matters
    /// The receiver must fail the connection, with 1007 for text. The message is lost.
    ///
    /// ## How it is told
    /// The bytes of an uncompressed text message, all fragments together, or the reason of a Close are not valid UTF-8;
    /// or, with compression negotiated, RSV1 is set on a control frame or on a fragment that is not the first, or a
    /// compressed message does not begin with a block of DEFLATE, or inflates to more than 16 MiB (a bomb). More of the
    /// content of compressed messages is not looked at.
    ///
    /// ## Example
    /// `ws-bad-utf8`: the client sends bytes as text; the server closes with 1007.
    ///
    /// ## What to do
    /// Send bytes as binary messages; encode text as UTF-8 before it is sent, and do not cut a string in mid-character.
    ///
    /// ## References
    /// RFC 6455 sections 5.5.1, 5.6 and 8.1; RFC 7692 sections 6.1 and 7.2.2.
    pub WsPayloadInvalid = "ws-payload-invalid" {
        summary: "Message content invalid",
        severity: Warning,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 5.5.1, 5.6 and 8.1; RFC 7692 sections 6.1 and 7.2.2",
    }
}

/// RSV1 where compression was negotiated, on a frame that cannot begin a compressed message.
pub(super) fn is_compression_bit(fact: &SeenFact) -> bool {
    fact.fact.name == "ws.reserved-bits"
        && fact.is("deflate")
        && fact.int("bits") == Some(4)
        && !matches!(fact.int("opcode"), Some(1 | 2))
}

impl WsPayloadInvalid {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        ws::each_breach(
            view,
            out,
            &META,
            |f| {
                matches!(f.fact.name, "ws.text-not-utf8" | "ws.deflate-broken")
                    || is_compression_bit(f)
            },
            |f| match f.fact.name {
                "ws.text-not-utf8" => {
                    "Let that side send UTF-8 as text, and everything else as binary."
                }
                "ws.deflate-broken" => {
                    "See what makes that side's frames: it marks as compressed what is not, or something changes it on the way."
                }
                _ => "Let that side mark compression on a message's first fragment only.",
            },
        );
        for bomb in view.session.facts_named("ws.deflate-bomb") {
            out.raise(burst(view, bomb));
        }
    }
}

/// A compressed message that becomes a multiple beyond reason.
fn burst(view: &View<'_>, bomb: &SeenFact) -> Finding {
    let side = bomb.side;
    let size = |key| bomb.int(key).unwrap_or_default();
    let (compressed, inflated) = (size("compressed"), size("inflated"));
    Finding::new(&META, bomb.stamp)
        .side(side)
        .frame(bomb.began, "message")
        .frame(bomb.stamp, "too-much")
        .title(format!("The {side} sent {compressed} bytes that become more than {inflated}"))
        .explain(format!(
            "A compressed message of the {side} ({}) inflates to more than {inflated} bytes, of which {compressed} came by \
             frame {}: a receiver that does not bound it runs out of memory. It was not looked at further.",
            view.end_of(side),
            bomb.stamp.frame
        ))
        .advise("Have the receiver bound the size of inflated messages, and see who sends such.")
        .number("compressed", compressed as f64)
        .number("inflated", inflated as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{ended, frame, opened, opened_with};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-payload-invalid";

    #[test]
    fn text_that_is_none() {
        let script = opened().client(&frame(Side::Client, 0x81, b"\xff\xfe"));
        let frames = ended(script, Side::Server, 1007, "invalid start byte");
        assert_eq!(findings(frames.clone(), RULE)[0].side, Culprit::Client);
        assert_eq!(loud(frames), [RULE]);
        let cut = opened().server(&frame(Side::Server, 0x81, b"caf\xc3"));
        assert_eq!(loud(ended(cut, Side::Client, 1007, "")), [RULE]);
        let reason = opened().client(&frame(Side::Client, 0x88, b"\x03\xe8\xff"));
        assert_eq!(findings(reason.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn compression_marked_where_it_cannot_be() {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let script = opened_with(offer, offer).client(&frame(Side::Client, 0xc9, b""));
        assert_eq!(loud(ended(script, Side::Server, 1002, "")), [RULE]);
    }

    #[test]
    fn compressed_that_cannot_be_inflated() {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let open = || opened_with(offer, offer);
        let script = open().client(&frame(Side::Client, 0xc1, b"\xff\xff\xff\xff\x00rubbish"));
        let frames = ended(script, Side::Server, 1007, "");
        assert_eq!(findings(frames.clone(), RULE)[0].side, Culprit::Client);
        assert_eq!(loud(frames), [RULE]);
        let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
        let sound = open()
            .client(&frame(Side::Client, 0xc1, hello))
            .client(&frame(Side::Client, 0xc1, b""))
            .server(&frame(Side::Server, 0x42, b"\x00\x05"))
            .server(&frame(Side::Server, 0x80, b"\x00\xfa\xffhello\x00"));
        assert!(loud(ended(sound, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn a_bomb_is_told() {
        // A literal zero, the longest match of zeros behind it, and that match again and again.
        let mut bomb = b"\xec\xc1\x01\x01\x00\x00\x00\x80\x90\xfe\xaf\xee\x08\x0a\x00\x00".to_vec();
        bomb.resize(20_000, 0x00);
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let frames = |payload: &[u8]| {
            let script = opened_with(offer, offer).client(&frame(Side::Client, 0xc2, payload));
            ended(script, Side::Client, 1000, "")
        };
        let found = findings(frames(&bomb), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        bomb.truncate(10_000);
        assert!(findings(frames(&bomb), RULE).is_empty());
    }

    #[test]
    fn a_character_may_stand_across_fragments() {
        let script = opened()
            .client(&frame(Side::Client, 0x01, b"caf\xc3"))
            .client(&frame(Side::Client, 0x80, b"\xa9"))
            .client(&frame(Side::Client, 0x82, b"\xff"));
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn after_a_hole_it_may_be_no_text() {
        let script = opened()
            .client_lost(&[7; 40])
            .client(&frame(Side::Client, 0x81, b"a message that is found again"))
            .client(&frame(Side::Client, 0x81, b"\xff"));
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
