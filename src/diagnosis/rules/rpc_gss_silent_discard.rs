//! `rpc-gss-silent-discard`.

use colloquy_dissectors::units::Stamp;

use crate::diagnosis::smb::overdue;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A call under RPCSEC_GSS bears a sequence number that its server is to throw away without a word, and it got no
    /// answer.
    ///
    /// ## Why it matters
    /// The client waits for its full time-out, and the server has nothing in its log: it did what the standard asks for.
    /// With a window too small for the calls in flight it happens under load only.
    ///
    /// ## How it is told
    /// The sequence number lies below the window that the server named when the context was made (the highest number it has
    /// seen less the window), or another call of the same context had it before; and the call was not answered when the
    /// connection ended or the answer is overdue, or only after it was sent again with a new number. A call that is answered
    /// all the same was not discarded. Where the making of the context was not captured its window is not known, and only
    /// numbers used twice count.
    ///
    /// ## Example
    /// A context with a window of 8, calls 1 to 40 of several threads: number 20 is held up and arrives behind 39.
    ///
    /// ## What to do
    /// Raise the server's window (Linux: `GSS_SEQ_WIN`), or let fewer calls be in flight; where numbers are used twice,
    /// look at the client's implementation. A client must send the call again with a new number.
    ///
    /// ## References
    /// RFC 2203 section 5.3.3.1.
    pub RpcGssSilentDiscard = "rpc-gss-silent-discard" {
        summary: "Silently discarded by RPCSEC_GSS, as it seems",
        severity: Warning,
        category: Dialogue,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 2203 section 5.3.3.1",
    }
}

const FACT: &str = "rpc.gss-discardable";

impl RpcGssSilentDiscard {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named(FACT) {
            if let Some(open) = view.session.open.iter().find(|o| is_of(fact, o)) {
                if overdue(view, open, &META, out) {
                    out.raise(finding(view, fact, None).number("waited", view.waited(open)));
                }
            } else if let Some(again) = sent_again(view, fact) {
                out.raise(finding(view, fact, Some(again)));
            }
        }
    }
}

/// This rule tells why `open` was not answered.
pub(super) fn tells(view: &View<'_>, open: &Open) -> bool {
    let mut facts = view.session.facts_named(FACT);
    META.protocols.contains(&view.session.protocol) && facts.any(|fact| is_of(fact, open))
}

/// The last transmission of `open` is the one to be discarded.
fn is_of(fact: &SeenFact, open: &Open) -> bool {
    fact.stamp == open.repeats.last().copied().unwrap_or(open.asked)
}

/// The next transmission of the same call, after which its answer came; before it came none.
fn sent_again(view: &View<'_>, fact: &SeenFact) -> Option<Stamp> {
    view.session.troubles.repeats.iter().find_map(|repeat| {
        let is_its = repeat.first == fact.stamp || repeat.again.contains(&fact.stamp);
        let next = repeat.again.iter().find(|s| **s > fact.stamp)?;
        (is_its && !repeat.differs && repeat.answered? > *next).then_some(*next)
    })
}

fn finding(view: &View<'_>, fact: &SeenFact, again: Option<Stamp>) -> Finding {
    let int = |key| fact.int(key).unwrap_or(0);
    let (sequence, highest, window) = (int("sequence"), int("highest"), int("window"));
    let why = if fact.is("used_before") {
        "which another call of this context had before".to_owned()
    } else {
        format!(
            "the server had seen {highest} already, and its window is {window}: below {} it takes none",
            highest - window + 1
        )
    };
    let then = match again {
        Some(again) => format!(
            "It was answered only after it was sent again in frame {}, {} later.",
            again.frame,
            seconds(again.time.since(fact.stamp.time))
        ),
        None => "It was never answered.".to_owned(),
    };
    Finding::new(&META, fact.stamp)
        .likely()
        .side(Culprit::Client)
        .frame(fact.stamp, "request")
        .maybe_frame(again, "request-again")
        .title(format!(
            "A call with sequence number {sequence} was discarded by RPCSEC_GSS, as it seems"
        ))
        .explain(format!(
            "{} sent the call in frame {} with sequence number {sequence}, {why}. A server throws such calls away without \
             a word. {then}",
            view.end_of(fact.side),
            fact.stamp.frame,
        ))
        .advise("Raise the server's sequence window or let fewer calls be in flight; the client must repeat the call with a new number.")
        .number("sequence", sequence as f64)
        .number("highest", highest as f64)
        .number("window", window as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::calls::over_tcp;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::rules::bench_rpc::{answers, opaque, record, words};

    const RULE: &str = "rpc-gss-silent-discard";
    const CONTEXT: &[u8] = b"context!";

    /// A call of NFS under RPCSEC_GSS: `procedure` 1 makes the context, 0 is a NULL call with that sequence number.
    fn call(xid: u32, procedure: u32, sequence: u32) -> Vec<u8> {
        let handle = if procedure == 0 { CONTEXT } else { b"" };
        let cred = [words(&[1, procedure, sequence, 1]), opaque(handle)].concat();
        let head = words(&[xid, 0, 2, 100_003, 4, 0, 6]);
        record(&[head, opaque(&cred), words(&[0, 0])].concat())
    }

    fn made(window: u32) -> Script {
        let results = [opaque(CONTEXT), words(&[0, 0, window, 0])].concat();
        let reply = record(&[words(&[1, 1, 0, 0, 0, 0]), results].concat());
        over_tcp().client(&call(1, 1, 0)).server(&reply)
    }

    fn answered(script: Script, xid: u32, sequence: u32) -> Script {
        script
            .client(&call(xid, 0, sequence))
            .server(&answers(xid, 0, &[]))
    }

    #[test]
    fn below_the_window_and_never_answered() {
        let script = answered(made(8), 2, 40).client(&call(3, 0, 32));
        let frames = script.wait_secs(30.0).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("window", 8.0)));
        let consequence = findings(frames, "request-unanswered");
        assert!(consequence[0].explanation.contains(RULE), "{consequence:?}");
    }

    #[test]
    fn sent_again_with_a_new_number_it_cost_time() {
        let script = answered(made(8), 2, 40)
            .client(&call(3, 0, 20))
            .wait_secs(15.0);
        let found = findings(answered(script, 3, 41).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].frames.iter().any(|e| e.role == "request-again"));
    }

    #[test]
    fn a_number_used_twice() {
        let script = answered(made(8), 2, 40).client(&call(3, 0, 40));
        let found = findings(script.wait_secs(30.0).close().frames(), RULE);
        assert!(
            found[0].explanation.contains("had before"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn within_the_window_or_answered_all_the_same_it_is_quiet() {
        let within = answered(made(8), 2, 40).client(&call(3, 0, 33));
        assert!(findings(within.wait_secs(30.0).close().frames(), RULE).is_empty());
        let lax = answered(answered(made(8), 2, 40), 3, 20);
        assert!(findings(lax.close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_is_not_guessed() {
        let script = answered(made(8), 2, 40)
            .client(&call(3, 0, 20))
            .server_lost(&answers(3, 0, &[]));
        let frames = script.wait_secs(1.0).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
