//! `ws-control-frame-invalid`.

use super::ws;
use crate::diagnosis::{Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A Close, Ping or Pong is not as control frames have to be.
    ///
    /// ## Why it matters
    /// The receiver must fail the connection. A Close code that may not be sent also hides the true reason.
    ///
    /// ## How it is told
    /// A control frame with more than 125 bytes or in fragments; a Close whose body is one byte; a Close code that may not be
    /// sent: 0 to 999, 1004 to 1006, 1015, or one that nobody has defined (1016 to 2999, 5000 and above).
    ///
    /// ## Example
    /// `ws-bad-close-code`: the client sends 1005, which only stands for a Close without a code, and the server answers 1002.
    ///
    /// ## What to do
    /// Mend the program that made the frame: 1005, 1006 and 1015 are for reports of a library to its program, not for the
    /// wire.
    ///
    /// ## References
    /// RFC 6455 sections 5.5, 5.5.1 and 7.4.
    pub WsControlFrameInvalid = "ws-control-frame-invalid" {
        summary: "Control frame invalid",
        severity: Error,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 5.5, 5.5.1 and 7.4",
    }
}

impl WsControlFrameInvalid {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let names = [
            "ws.control-too-long",
            "ws.control-fragmented",
            "ws.close-body-of-one-byte",
            "ws.close-code-invalid",
        ];
        ws::each_breach(
            view,
            out,
            &META,
            |f| names.contains(&f.fact.name),
            |f| match f.fact.name {
                "ws.control-too-long" => "Keep the payload of control frames to 125 bytes.",
                "ws.control-fragmented" => "Send control frames whole, with FIN set.",
                "ws.close-body-of-one-byte" => "Send two bytes of code first, or no body at all.",
                _ => "Send 1000, or another code that may be sent, or a Close without a body.",
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, frame, opened, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-control-frame-invalid";

    fn answered(script: Script) -> Script {
        script
            .server(&close(Side::Server, 1002, "protocol error"))
            .fin(Side::Server)
            .fin(Side::Client)
    }

    #[test]
    fn what_control_frames_must_not_be() {
        let mut lame = vec![
            frame(Side::Client, 0x89, &[b'p'; 126]),
            frame(Side::Client, 0x88, &[3; 200]),
            frame(Side::Client, 0x09, b"p"),
            frame(Side::Client, 0x88, b"\x03"),
        ];
        lame.extend(
            [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].map(|c| close(Side::Client, c, "")),
        );
        for bytes in lame {
            let frames = answered(opened().client(&bytes)).frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!(
                (found.len(), found[0].side),
                (1, Culprit::Client),
                "{bytes:?}"
            );
            assert_eq!(loud(frames), [RULE], "{bytes:?}");
        }
    }

    #[test]
    fn the_longest_and_the_shortest_are_sound() {
        let script = opened()
            .server(&frame(Side::Server, 0x89, &[b'p'; 125]))
            .client(&frame(Side::Client, 0x8a, &[b'p'; 125]))
            .server(&frame(Side::Server, 0x89, b""))
            .client(&frame(Side::Client, 0x8a, b""))
            .client(&close(Side::Client, 0, ""))
            .server(&close(Side::Server, 0, ""));
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn after_a_hole_it_may_be_no_frame() {
        let script = opened()
            .client_lost(&[7; 40])
            .client(&text(Side::Client, "a message that is found again"))
            .client(&close(Side::Client, 1005, ""));
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
