//! `dcerpc-fragment-too-large`.

use crate::diagnosis::{Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A side sent a fragment that is longer than its peer said it can receive.
    ///
    /// ## Why it matters
    /// A receiver with a buffer of the agreed size must drop the fragment or hang up. It works with peers that are
    /// generous and fails with others.
    ///
    /// ## How it is told
    /// Bind and bind_ack say how long a fragment each side takes (max_recv_frag). Every request and response is
    /// compared with that, and with 1432 bytes, which every receiver must take. Told once a side.
    ///
    /// ## Example
    /// A server that answers with 5840 bytes where the client takes 4280.
    ///
    /// ## What to do
    /// Look at the sender's RPC library, and at proxies between the two that join fragments.
    ///
    /// ## References
    /// C706 12.6.2 (MustRecvFragSize), 12.6.4.3, 12.6.4.4
    pub DcerpcFragmentTooLarge = "dcerpc-fragment-too-large" {
        summary: "Fragment longer than agreed",
        severity: Warning,
        category: Resources,
        protocols: ["dcerpc"],
        reference: "C706 sections 12.6.2, 12.6.4.3 and 12.6.4.4",
    }
}

impl DcerpcFragmentTooLarge {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("dcerpc.fragment-too-large") {
            let (length, limit) = (fact.int("length"), fact.int("limit"));
            let (length, limit) = (length.unwrap_or(0), limit.unwrap_or(0));
            out.raise(
                Finding::new(&META, fact.stamp)
                    .side(fact.side)
                    .frame(fact.began, "fragment")
                    .frame(fact.stamp, "fragment")
                    .title(format!("Fragment of {length} bytes, where {limit} were agreed"))
                    .explain(format!(
                        "The {} sent a fragment of {length} bytes (up to frame {}); {} takes no more than {limit}.",
                        fact.side,
                        fact.stamp.frame,
                        view.end_of(fact.side.other()),
                    ))
                    .advise("Look at the sender's RPC library, or at what joins fragments on the way.")
                    .number("length", length as f64)
                    .number("limit", limit as f64),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind_taking, long_response, request,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "dcerpc-fragment-too-large";

    fn script() -> Script {
        Script::tcp(CLIENT, SERVER)
            .connect()
            .client(&bind_taking(2000))
            .server(&ack(0, 0))
            .client(&request(2, 15))
    }

    #[test]
    fn a_fragment_beyond_the_limit_is_told_with_its_frames() {
        let found = findings(
            script().server(&long_response(2, 2000)).close().frames(),
            RULE,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].title,
            "Fragment of 2024 bytes, where 2000 were agreed"
        );
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn a_fragment_of_just_the_limit_is_quiet() {
        assert!(loud(script().server(&long_response(2, 1976)).close().frames()).is_empty());
    }

    #[test]
    fn without_the_bind_nothing_is_known() {
        let late = Script::tcp(CLIENT, SERVER)
            .connect()
            .client_lost(&bind_taking(2000))
            .server(&ack(0, 0))
            .client(&request(2, 15))
            .server(&long_response(2, 2000));
        assert!(findings(late.close().frames(), RULE).is_empty());
    }
}
