//! `ws-fragment-order`.

use super::ws;
use crate::diagnosis::{Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The fragments of messages do not follow each other as they must: a new message began before the last was finished,
    /// or a continuation came with nothing to continue.
    ///
    /// ## Why it matters
    /// The receiver cannot tell which bytes belong to which message, and must fail the connection.
    ///
    /// ## How it is told
    /// A Text or Binary frame while a message of the same side is unfinished (FIN not yet seen), or a Continuation while none
    /// is. Control frames between fragments are legal. Nothing is claimed after bytes that were not captured, and where the
    /// capture joined in mid-session.
    ///
    /// ## Example
    /// `ws-orphan-continuation`: the client's first frame is a continuation; the server closes with 1002.
    ///
    /// ## What to do
    /// Look for two threads or tasks of that program that send on one WebSocket without a lock.
    ///
    /// ## References
    /// RFC 6455 section 5.4.
    pub WsFragmentOrder = "ws-fragment-order" {
        summary: "Fragments out of order",
        severity: Error,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.4",
    }
}

impl WsFragmentOrder {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let names = ["ws.fragment-unexpected", "ws.continuation-unexpected"];
        let advice = "Look for two senders in that program that share the WebSocket without a lock, or for home-made frames.";
        ws::each_breach(
            view,
            out,
            &META,
            |f| names.contains(&f.fact.name),
            |_| advice,
        );
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{ended, frame, opened, ping, pong, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-fragment-order";

    #[test]
    fn a_continuation_of_nothing() {
        for side in Side::BOTH {
            let frames = ended(
                opened().say(side, &frame(side, 0x80, b"rest")),
                side.other(),
                1002,
                "",
            );
            assert_eq!(findings(frames.clone(), RULE)[0].side, Culprit::from(side));
            assert_eq!(loud(frames), [RULE]);
        }
    }

    #[test]
    fn a_message_within_a_message() {
        let script = opened()
            .client(&frame(Side::Client, 0x01, b"first"))
            .client(&text(Side::Client, "second"));
        let frames = ended(script, Side::Server, 1002, "");
        assert_eq!(findings(frames.clone(), RULE).len(), 1);
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn control_frames_may_stand_between() {
        let script = opened()
            .client(&frame(Side::Client, 0x01, b"a"))
            .client(&ping(Side::Client, "p"))
            .server(&text(Side::Server, "meanwhile"))
            .server(&pong(Side::Server, "p"))
            .client(&frame(Side::Client, 0x00, b"b"))
            .client(&frame(Side::Client, 0x80, b"c"));
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn its_beginning_was_not_captured() {
        let script = opened()
            .client_lost(&frame(Side::Client, 0x01, b"beginning"))
            .client(&frame(Side::Client, 0x80, b"the end of it"))
            .client(&text(Side::Client, "a message that is found again"))
            .client(&text(Side::Client, "and another that is found again"))
            .client(&frame(Side::Client, 0x80, b"nothing to continue"));
        assert!(findings(script.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
