//! `ws-frame-invalid`.

use super::ws;
use super::ws_payload_invalid::is_compression_bit;
use crate::diagnosis::{Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A frame's header says what no frame may say.
    ///
    /// ## Why it matters
    /// The receiver must fail the connection. Often it is a sign that the two are out of step: what is read as a header is
    /// none.
    ///
    /// ## How it is told
    /// A reserved bit is set that no negotiated extension uses; the opcode is 3 to 7 or 11 to 15; the length is written in
    /// more bytes than it needs; or a 64-bit length has its highest bit set. Nothing is claimed where an extension was
    /// negotiated that is not known here, after bytes that were not captured, and where the capture joined in mid-session.
    ///
    /// ## Example
    /// `ws-reserved-bit`: RSV1 is set though no compression was negotiated; the server closes with 1002.
    ///
    /// ## What to do
    /// RSV1 without compression: see whether a proxy dropped Sec-WebSocket-Extensions from one of the two heads. Others:
    /// look at the program that makes the frames, and at what writes to the socket beside it.
    ///
    /// ## References
    /// RFC 6455 section 5.2.
    pub WsFrameInvalid = "ws-frame-invalid" {
        summary: "Frame header invalid",
        severity: Error,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.2",
    }
}

impl WsFrameInvalid {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let names = [
            "ws.reserved-opcode",
            "ws.length-not-minimal",
            "ws.length-top-bit",
        ];
        ws::each_breach(
            view,
            out,
            &META,
            |f| {
                names.contains(&f.fact.name)
                    || f.fact.name == "ws.reserved-bits" && !is_compression_bit(f)
            },
            |f| match f.fact.name {
                "ws.reserved-bits" => {
                    "See whether this side thinks that an extension (compression) was agreed on, and whether a proxy changed \
                     Sec-WebSocket-Extensions in the handshake."
                }
                "ws.length-not-minimal" => {
                    "Write lengths below 126 in 7 bits, those below 65536 in 16."
                }
                _ => {
                    "See what makes this side's frames, and what else writes to its socket: the two may be out of step."
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, frame, opened, opened_with, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-frame-invalid";

    fn long(first: u8, length: &[u8], payload: &[u8]) -> Vec<u8> {
        [&[first], length, payload].concat()
    }

    #[test]
    fn reserved_opcodes_and_bits() {
        for first in [0x83, 0x87, 0x8b, 0x8f, 0xc1, 0xa1, 0x91, 0xf2, 0xc9] {
            for side in Side::BOTH {
                let frames = ended(
                    opened().say(side, &frame(side, first, b"x")),
                    side.other(),
                    1002,
                    "",
                );
                let found = findings(frames.clone(), RULE);
                assert_eq!(
                    (found.len(), found[0].side),
                    (1, Culprit::from(side)),
                    "{first:x}"
                );
                assert_eq!(loud(frames), [RULE], "{first:x}");
            }
        }
    }

    #[test]
    fn lengths() {
        for bytes in [
            long(0x81, &[126, 0, 3], b"abc"),
            long(0x82, &[127, 0, 0, 0, 0, 0, 0, 0, 200], &[1; 200]),
            long(0x82, &[127, 0x80, 0, 0, 0, 0, 0, 0, 1], b"x"),
        ] {
            let frames = ended(opened().server(&bytes), Side::Client, 1002, "");
            let found = findings(frames, RULE);
            assert_eq!(
                (found.len(), found[0].side),
                (1, Culprit::Server),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn what_was_negotiated_is_sound() {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let script = opened_with(offer, offer).server(&frame(
            Side::Server,
            0xc1,
            b"\xf2H\xcd\xc9\xc9\x07\x00",
        ));
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
        let offer = "Sec-WebSocket-Extensions: x-own\r\n";
        let script = opened_with(offer, offer).server(&frame(Side::Server, 0xa3, b"x"));
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
        let exact = long(0x82, &[126, 0, 126], &[1; 126]);
        assert!(loud(ended(opened().server(&exact), Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn after_a_hole_it_may_be_no_frame() {
        let script = opened()
            .client_lost(&[7; 40])
            .client(&text(Side::Client, "a message that is found again"))
            .client(&frame(Side::Client, 0x83, b"x"))
            .server(&close(Side::Server, 1002, ""));
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
