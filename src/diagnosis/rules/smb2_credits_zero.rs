//! `smb2-credits-zero`.

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server's answer leaves the client without a single credit, and nothing is outstanding that could bring one.
    ///
    /// ## Why it matters
    /// A client without a credit may not send anything any more, not even a request for credits: the dialogue is dead. A
    /// server must never let that happen.
    ///
    /// ## How it is told
    /// A ledger from the first message on: the client begins with one credit, each request spends its CreditCharge, each
    /// answer brings what it grants. Told once, and only while every message was seen in the clear.
    ///
    /// ## Example
    /// A TREE_CONNECT answer with CreditResponse 0 to a client that had spent its last credit.
    ///
    /// ## What to do
    /// It is a fault of the server or of something that changes packets on the way. Update the server; capture at both ends.
    ///
    /// ## References
    /// MS-SMB2 3.3.1.2.
    pub Smb2CreditsZero = "smb2-credits-zero" {
        summary: "The server leaves the client without credits",
        severity: Critical,
        category: Resources,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.1.2",
    }
}

impl Smb2CreditsZero {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("smb.credits-zero") else {
            return;
        };
        // A client that goes on all the same had credits that the ledger does not know.
        let went_on =
            view.session.last_message[fact.side.other()].is_some_and(|m| m.stamp > fact.stamp);
        if went_on || view.lost(fact.side) || view.lost(fact.side.other()) {
            out.cannot_tell(
                &META,
                "T4",
                "the client went on, so the ledger of credits is not complete",
            );
            return;
        }
        let finding = Finding::new(&META, fact.stamp)
            .side(Culprit::Server)
            .maybe_frame(fact.request, "request")
            .frame(fact.stamp, "last-grant")
            .title("The server left the client without credits")
            .explain(format!(
                "After the answer in frame {}, which grants {}, the client holds no credit and waits for no answer that could bring one: it may not send anything any more.",
                fact.stamp.frame,
                fact.int("granted").unwrap_or_default()
            ))
            .advise("A server must never do this: look for a fault of the server, or of a device on the way that changes packets.");
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, no, read};

    const RULE: &str = "smb2-credits-zero";

    /// An answer that grants nothing.
    fn stingy(id: u64) -> Vec<u8> {
        let mut answer = no(8, id, 0xC000_0011);
        answer[4 + 14] = 0;
        answer
    }

    #[test]
    fn an_answer_without_a_credit_to_a_client_without_one_is_told() {
        let found = findings(
            at_work()
                .client(&read(3))
                .server(&stingy(3))
                .close()
                .frames(),
            RULE,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].frames[1].role, "last-grant");
    }

    #[test]
    fn credits_that_come_later_or_were_not_captured_are_quiet() {
        let mut generous = no(8, 4, 0);
        generous[4 + 14] = 2;
        let other = at_work()
            .client(&read(3))
            .client(&read(4))
            .server(&stingy(3))
            .server(&generous);
        assert!(findings(other.close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&read(3))
            .server_lost(&no(8, 3, 0))
            .wait_secs(1.0);
        let lost = lost.client(&read(4)).server(&stingy(4));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
