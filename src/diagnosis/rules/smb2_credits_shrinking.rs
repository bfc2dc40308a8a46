//! `smb2-credits-shrinking`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server gives the client less and less credits: it may have fewer requests at work at once than before.
    ///
    /// ## Why it matters
    /// It is how a server slows a client down, because its memory or its queues are full, or by a quota. With few credits, reads
    /// and writes go one after the other, and each costs a round trip: copies get slow without an error.
    ///
    /// ## How it is told
    /// A ledger of credits from the first message on: the client had at least 64 (held, or in requests at work), and since then
    /// answers granted less than requests took, although requests asked for no less, until for 64 answers in a row there
    /// was a quarter of them or less. It is a note while there are more than eight; servers trim what is not used. Where the client
    /// left a MessageId out, behind which most of its credits are stuck, it is at fault: the server's window of ids cannot move
    /// on. Else it is `likely` the server's doing.
    ///
    /// ## Example
    /// A server with thousands of clients takes the credits of the busiest back.
    ///
    /// ## What to do
    /// Look at the server's memory and its limits for credits (Windows: `Smb2CreditsMin` and `Smb2CreditsMax`, Samba:
    /// `smb2 max credits`), and at smb-resource-status.
    ///
    /// ## References
    /// MS-SMB2 3.3.1.1, 3.3.1.2 and 3.3.4.1.2.
    pub Smb2CreditsShrinking = "smb2-credits-shrinking" {
        summary: "The server takes credits away",
        severity: Warning,
        category: Resources,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.1.1, 3.3.1.2 and 3.3.4.1.2",
    }
}

/// With more credits than these a client still has several requests at work.
const ENOUGH: i64 = 8;

impl Smb2CreditsShrinking {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("smb.credits-shrunk") else {
            return;
        };
        if view.one_sided() || view.lost(Side::Client) || view.lost(Side::Server) {
            return out.cannot_tell(
                &META,
                "T4",
                "messages are missing, so the ledger of credits is not complete",
            );
        }
        let [most, now, charged, granted] =
            ["most", "now", "charged", "granted"].map(|key| fact.int(key).unwrap_or_default());
        let hole = hole(fact, most - now);
        let (culprit, title, why, advice) = match hole {
            Some((id, passed)) => (
                Culprit::Client,
                format!(
                    "The client left MessageId {id} out, and is down to {now} of {most} credits"
                ),
                format!(
                    " It never used MessageId {id} and has taken {} ids since: the window of ids that a server allows does not \
                     move on before its first one is used, so it cannot grant more.",
                    passed - 1
                ),
                "Look for a fault of the client's program: every MessageId has to be used.",
            ),
            None => (
                Culprit::Server,
                format!("The server left the client {now} of {most} credits"),
                String::new(),
                "Look at the server: its memory, its queues, and its limits for credits.",
            ),
        };
        let finding = Finding::new(&META, fact.stamp)
            .severity(if now > ENOUGH {
                Severity::Note
            } else {
                META.severity
            })
            .side(culprit)
            .frame(fact.stamp, "few-credits")
            .title(title)
            .explain(format!(
                "The client had {most} credits at most. Since then requests took {charged} and asked for no less, and answers granted {granted}; \
                 at frame {} it has had a quarter of them or less for 64 answers.{why}",
                fact.stamp.frame
            ))
            .advise(advice)
            .number("most", most as f64)
            .number("now", now as f64)
            .number("charged", charged as f64)
            .number("granted", granted as f64);
        out.raise(match hole {
            Some((id, _)) => finding.number("left_out", id as f64),
            None => finding.likely(),
        });
    }
}

/// A MessageId that was left out, where most of the `gone` credits are stuck behind it.
fn hole(fact: &SeenFact, gone: i64) -> Option<(i64, i64)> {
    let (id, passed) = (fact.int("hole")?, fact.int("passed")?);
    (passed * 2 > gone).then_some((id, passed))
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, no, read};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "smb2-credits-shrinking";

    /// READs that ask for `wanted` credits each; the first is granted 100, the others `granted`.
    fn reads(count: u64, wanted: u8, granted: impl Fn(u64) -> u8) -> Script {
        reads_but(u64::MAX, count, wanted, granted)
    }

    /// The same, the MessageId `hole` left out.
    fn reads_but(hole: u64, count: u64, wanted: u8, granted: impl Fn(u64) -> u8) -> Script {
        let mut script = at_work();
        for n in 0..count {
            let id = 3 + n + u64::from(3 + n >= hole);
            let mut ask = read(id);
            ask[4 + 14] = wanted;
            let mut answer = no(8, id, 0xC000_0011);
            answer[4 + 14] = if n == 0 { 100 } else { granted(n) };
            script = script.client(&ask).server(&answer);
        }
        script
    }

    fn gives_less(n: u64) -> u8 {
        u8::from(n > 96)
    }

    #[test]
    fn credits_that_are_taken_away_are_told() {
        let found = findings(reads(200, 1, gives_less).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].numbers.contains(&("most", 100.0)), "{found:?}");
        let told = (found[0].side, found[0].certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Likely));
    }

    #[test]
    fn behind_an_id_that_was_left_out_credits_are_stuck() {
        let of = |hole| {
            let frames = reads_but(hole, 170, 1, gives_less).close().frames();
            findings(frames, RULE).remove(0)
        };
        let early = of(10);
        assert_eq!(early.side, Culprit::Client);
        assert!(early.title.contains("MessageId 10"), "{}", early.title);
        // Left out when the credits had gone already: not why.
        assert_eq!(of(150).side, Culprit::Server);
    }

    #[test]
    fn a_client_that_asks_for_less_and_steady_credits_are_quiet() {
        assert!(findings(reads(200, 0, gives_less).close().frames(), RULE).is_empty());
        assert!(findings(reads(200, 1, |_| 1).close().frames(), RULE).is_empty());
        // A dip of a few answers.
        let dip = reads(180, 1, |n| if n > 110 { 3 } else { u8::from(n > 96) });
        assert!(findings(dip.close().frames(), RULE).is_empty());
    }

    #[test]
    fn without_all_messages_it_cannot_be_told() {
        let lost = reads(200, 1, gives_less)
            .client_lost(&read(203))
            .wait_secs(1.0);
        assert_eq!(cannot_tell(lost.close().frames(), RULE), ["T4"]);
    }
}
