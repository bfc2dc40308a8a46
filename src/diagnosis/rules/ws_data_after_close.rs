//! `ws-data-after-close`.

use super::ws;
use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A side went on sending messages after its own Close.
    ///
    /// ## Why it matters
    /// The Close says that nothing comes any more; the receiver throws away what follows it, and what the sender took for
    /// delivered is lost.
    ///
    /// ## How it is told
    /// A Text, Binary or Continuation frame behind a Close of the same side. What the *other* side still has under way when
    /// a Close reaches it is legal and not told.
    ///
    /// ## Example
    /// `ws-data-after-close`: the client sends a text after its Close, and the server ignores it.
    ///
    /// ## What to do
    /// Let the program send what it has before it closes, and look for a second sender on the same WebSocket.
    ///
    /// ## References
    /// RFC 6455 section 5.5.1.
    pub WsDataAfterClose = "ws-data-after-close" {
        summary: "Data after the own Close",
        severity: Warning,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.5.1",
    }
}

impl WsDataAfterClose {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("ws.data-after-close") {
            match ws::unsure(view, fact) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, fact)),
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let (side, peer) = (fact.side, fact.side.other());
    let close = ws::close_of(view, side);
    let length = fact.int("length").unwrap_or_default();
    Finding::new(&META, fact.stamp)
        .side(side)
        .maybe_frame(close.map(|c| c.stamp), "close")
        .frame(fact.stamp, "data")
        .title(format!("The {side} sent a message after its own Close"))
        .explain(format!(
            "The {side} ({}) sent a Close in frame {} and then, in frame {}, a data frame of {length} bytes. The {peer} will \
             not hand it to its program.",
            view.end_of(side),
            close.map_or(0, |c| c.stamp.frame),
            fact.stamp.frame
        ))
        .advise("Let that program finish sending before it closes; look for a second task that sends on the same WebSocket.")
        .number("length", length as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, opened, pong, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-data-after-close";

    #[test]
    fn a_side_says_more_than_its_last_word() {
        for side in Side::BOTH {
            let script = opened()
                .say(side, &close(side, 1000, ""))
                .say(side, &text(side, "one more"))
                .say(side, &text(side, "and another"))
                .say(side.other(), &close(side.other(), 1000, ""));
            let frames = script.fin(Side::Server).fin(Side::Client).frames();
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, Culprit::from(side)));
            assert_eq!(loud(frames), [RULE]);
        }
    }

    #[test]
    fn what_the_other_side_has_under_way_is_legal() {
        let script = opened()
            .client(&close(Side::Client, 1000, ""))
            .server(&text(Side::Server, "was under way"))
            .client(&pong(Side::Client, ""))
            .server(&close(Side::Server, 1000, ""));
        assert!(loud(script.fin(Side::Server).fin(Side::Client).frames()).is_empty());
    }

    #[test]
    fn after_a_hole_it_may_be_no_data() {
        let script = opened()
            .client(&close(Side::Client, 1000, ""))
            .client_lost(&[7; 40])
            .client(&text(Side::Client, "a message that is found again"));
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }
}
