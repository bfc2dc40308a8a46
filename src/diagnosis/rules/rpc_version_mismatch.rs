//! `rpc-version-mismatch`.

use super::rpc::program_of;
use crate::diagnosis::{Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;
use colloquy_dissectors::text::versions;
use colloquy_dissectors::units::{Side, Stamp};

declare_rule! {
    /// ## What it means
    /// The client speaks another version of RPC itself than the server: not version 2, which is all that is in use.
    ///
    /// ## Why it matters
    /// No call of such a client is ever carried out.
    ///
    /// ## How it is told
    /// The server denies the call with RPC_MISMATCH and the versions that it speaks. Many servers hang up instead:
    /// then the call's `rpcvers` is not 2, it was never answered, and the server closed the connection; that is
    /// `likely`.
    ///
    /// ## Example
    /// `rpc-rpcvers-mismatch`, and `rpc-rpcvers-closed` where the server hangs up.
    ///
    /// ## What to do
    /// The client is not a client of ONC RPC, is broken, or its message was damaged on the way: look at the first
    /// bytes of the call.
    ///
    /// ## References
    /// RFC 5531 section 9: `rpcvers` MUST be 2; `reject_stat` RPC_MISMATCH.
    pub RpcVersionMismatch = "rpc-version-mismatch" {
        summary: "RPC version refused",
        severity: Error,
        category: Establishment,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 9",
    }
}

impl RpcVersionMismatch {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(fact) = view.session.fact("rpc.version-mismatch") {
            out.raise(denied(view, fact));
            return;
        }
        let odd = view.session.facts_named("rpc.version");
        for fact in odd {
            let open = view
                .session
                .open
                .iter()
                .find(|o| Some(o.id) == fact.fact.exchange);
            let Some(open) = open else { continue };
            if view.one_sided() {
                out.cannot_tell(
                    &META,
                    "T3",
                    "only one direction of this connection was captured",
                );
            } else if open.answer_may_be_missing {
                out.cannot_tell(&META, "T4", "bytes are missing where the answer would be");
            } else if let Some(end) = hung_up(view, open) {
                out.raise(closed(view, fact, open, end));
                return;
            }
        }
    }
}

/// This rule says why `open` was not answered.
pub(super) fn tells(view: &View<'_>, open: &Open) -> bool {
    let mut odd = view.session.facts_named("rpc.version");
    odd.any(|f| f.fact.exchange == Some(open.id)) && hung_up(view, open).is_some()
}

/// The server ended the connection after the call, before the client did.
fn hung_up(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let tcp = view.tcp()?;
    let end = match view.ending() {
        Some(Ending::Reset(stamp, Side::Server)) => stamp,
        _ => tcp.sides[Side::Server].fin?,
    };
    let client_first = tcp.sides[Side::Client].fin.is_some_and(|fin| fin < end);
    (end >= open.asked && !client_first).then_some(end)
}

fn denied(view: &View<'_>, fact: &SeenFact) -> Finding {
    let (low, high) = (fact.int("low").unwrap_or(0), fact.int("high").unwrap_or(0));
    Finding::new(&META, fact.stamp)
        .side(Side::Client)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .title(format!(
            "RPC version refused: the server speaks {}",
            versions(low, high)
        ))
        .explain(format!(
            "{} denied the call of {} in frame {} with RPC_MISMATCH: it speaks RPC {}.",
            view.server(),
            program_of(fact),
            fact.stamp.frame,
            versions(low, high),
        ))
        .advise("Look at what the client is: only version 2 of RPC is in use.")
        .number("low", low as f64)
        .number("high", high as f64)
}

fn closed(view: &View<'_>, fact: &SeenFact, open: &Open, end: Stamp) -> Finding {
    let rpcvers = fact.int("rpcvers").unwrap_or(0);
    Finding::new(&META, end)
        .side(Side::Client)
        .likely()
        .frame(open.asked, "request")
        .frame(end, "end")
        .title(format!("The server hung up on a call of RPC version {rpcvers}"))
        .explain(format!(
            "The call {} in frame {} is of RPC version {rpcvers}. {} closed the connection {} later (frame {}) instead \
             of answering RPC_MISMATCH.",
            open.op,
            open.asked.frame,
            view.server(),
            seconds(end.time.since(open.asked.time)),
            end.frame,
        ))
        .advise("Look at what the client is: only version 2 of RPC is in use.")
        .number("rpcvers", rpcvers as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::rules::bench_rpc::{NFS, call, denied, record};
    use colloquy_dissectors::units::Side;

    const RULE: &str = "rpc-version-mismatch";

    fn version_3() -> Vec<u8> {
        let mut message = call(1, [NFS, 3, 0], &[]);
        message[11] = 3;
        record(&message)
    }

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn a_denial_is_certain_and_a_hang_up_likely() {
        let script = tcp()
            .client(&version_3())
            .server(&record(&denied(1, &[0, 2, 2])))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certainty, Certainty::Certain);
        let script = tcp()
            .client(&version_3())
            .fin(Side::Server)
            .fin(Side::Client);
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certainty, Certainty::Likely);
    }

    #[test]
    fn a_client_that_leaves_by_itself_and_version_2_are_quiet() {
        let script = tcp()
            .client(&version_3())
            .fin(Side::Client)
            .fin(Side::Server);
        assert!(findings(script.frames(), RULE).is_empty());
        let good = record(&call(1, [NFS, 3, 0], &[]));
        let script = tcp().client(&good).fin(Side::Server).fin(Side::Client);
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn where_the_answer_was_lost_it_cannot_be_told() {
        let script = tcp()
            .client(&version_3())
            .server_lost(&record(&denied(1, &[0, 2, 2])))
            .wait_secs(1.0)
            .client(&version_3())
            .fin(Side::Server)
            .fin(Side::Client);
        let frames = script.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert!(cannot_tell(frames, RULE).contains(&"T4"));
    }
}
