//! `ws-masking-violation`.

use super::ws;
use crate::diagnosis::{Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The client sent a frame without a mask, or the server one with a mask.
    ///
    /// ## Why it matters
    /// The receiver must fail the connection at once, with 1002 where it says anything.
    ///
    /// ## How it is told
    /// The MASK bit of the first such frame of a side. Who is the client is known from the opening handshake; where the
    /// capture began after it, nothing is claimed.
    ///
    /// ## Example
    /// `ws-masked-server`: the server masks its frames, and the client closes with 1002.
    ///
    /// ## What to do
    /// The library that makes the frames is used in the wrong part, or home-made: a client masks every frame with a fresh
    /// key, a server none.
    ///
    /// ## References
    /// RFC 6455 section 5.1.
    pub WsMaskingViolation = "ws-masking-violation" {
        summary: "Frame masked by the server, or not by the client",
        severity: Error,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.1",
    }
}

impl WsMaskingViolation {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let names = ["ws.client-unmasked", "ws.server-masked"];
        ws::each_breach(
            view,
            out,
            &META,
            |f| names.contains(&f.fact.name),
            |f| match f.fact.name {
                "ws.client-unmasked" => "Let the client mask every frame, with a fresh key each.",
                _ => "Let the server send its frames without masks.",
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, frame_masked, opened, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-masking-violation";

    #[test]
    fn the_wrong_side_masks() {
        for side in Side::BOTH {
            let masked = side == Side::Server;
            let script = opened()
                .say(side, &frame_masked(0x81, b"x", masked))
                .say(side, &frame_masked(0x81, b"y", masked));
            let frames = ended(script, side.other(), 1002, "incorrect masking");
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, Culprit::from(side)));
            assert!(
                found[0].explanation.contains("1002"),
                "{}",
                found[0].explanation
            );
            assert_eq!(loud(frames), [RULE]);
        }
    }

    #[test]
    fn each_side_as_it_should() {
        let script = opened()
            .client(&text(Side::Client, "x"))
            .server(&text(Side::Server, "y"));
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn after_a_hole_it_may_be_no_frame() {
        let script = opened()
            .client_lost(&[7; 40])
            .client(&text(Side::Client, "a message that is found again"))
            .client(&frame_masked(0x81, b"x", false))
            .server(&close(Side::Server, 1002, ""));
        assert!(findings(script.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
