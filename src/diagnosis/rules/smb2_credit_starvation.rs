//! `smb2-credit-starvation`.

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server grants so few credits that the client's last one is spent again and again: it can have only one request
    /// under way, and stands until the answer.
    ///
    /// ## Why it matters
    /// Every request costs a full round trip. Over a long line even a fast server and a fast disk give little: copying one
    /// file in 64 KiB reads at 20 ms is limited to about 3 MB/s.
    ///
    /// ## How it is told
    /// A ledger from the first message on: the client begins with one credit, each request spends its CreditCharge, each
    /// answer brings what it grants. Told when, beyond negotiation, logon and tree connect, eight requests took the last
    /// credit although more had been asked for. A client holds some hundred after its logon, usually.
    ///
    /// ## Example
    /// `smb2-credits-one`: `smb2 max credits = 1` at the server.
    ///
    /// ## What to do
    /// Raise the limit at the server (`smb2 max credits`, Smb2CreditsMax), and see whether it throttles for load.
    ///
    /// ## References
    /// MS-SMB2 3.3.1.2 and 3.2.4.1.2.
    pub Smb2CreditStarvation = "smb2-credit-starvation" {
        summary: "The client starves for credits",
        severity: Error,
        category: Resources,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.1.2 and 3.2.4.1.2",
    }
}

impl Smb2CreditStarvation {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("smb.credits-exhausted") else {
            return;
        };
        let finding = Finding::new(&META, fact.stamp)
            .side(Culprit::Server)
            .frame(fact.stamp, "request")
            .title("The server grants so few credits that the client stands after each request")
            .explain(format!(
                "With the request in frame {} the client has spent its last credit for the eighth time since it is at work: it cannot send another before an answer grants one.",
                fact.stamp.frame
            ))
            .advise("Raise the server's limit of credits (smb2 max credits, Smb2CreditsMax), or see why it throttles.");
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, no, read};

    const RULE: &str = "smb2-credit-starvation";

    fn reads(mut script: Script, count: u64, (wanted, grant): (u8, u8)) -> Script {
        for id in 3..3 + count {
            let mut answer = no(8, id, 0xC000_0011);
            answer[4 + 14] = grant;
            let mut asked = read(id);
            asked[4 + 14] = wanted;
            script = script.client(&asked).server(&answer);
        }
        script
    }

    #[test]
    fn one_credit_at_a_time_is_told() {
        assert_eq!(
            findings(reads(at_work(), 12, (64, 1)).close().frames(), RULE).len(),
            1
        );
    }

    #[test]
    fn a_few_credits_more_or_a_short_session_are_quiet() {
        assert!(findings(reads(at_work(), 12, (64, 2)).close().frames(), RULE).is_empty());
        assert!(findings(reads(at_work(), 5, (64, 1)).close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_client_that_asks_for_no_more_does_not_starve() {
        let modest = reads(at_work(), 12, (1, 1));
        assert!(findings(modest.close().frames(), RULE).is_empty());
    }

    #[test]
    fn after_lost_bytes_the_ledger_is_closed() {
        let lost = at_work()
            .client(&read(2))
            .server_lost(&no(8, 2, 0))
            .wait_secs(1.0);
        assert!(findings(reads(lost, 12, (64, 1)).close().frames(), RULE).is_empty());
    }
}
