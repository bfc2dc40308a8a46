//! `replies-out-of-order`.

use colloquy_dissectors::units::Side;

use super::dcerpc::OUT_OF_STEP;
use crate::diagnosis::{Finding, Verdicts, View, counted, declare_rule};

declare_rule! {
    /// ## What it means
    /// Answers came in another order than their requests, in a protocol that foresees none.
    ///
    /// ## Why it matters
    /// A client that takes answers in order gives them to the wrong requests.
    ///
    /// ## How it is told
    /// An answer to a later request came while an earlier one of the same side still waited, on a DCE/RPC association
    /// that did not agree on concurrent multiplexing. SMB2, ONC RPC over TCP and HTTP/2 may answer in any order.
    ///
    /// ## Example
    /// A DCE/RPC server that works on pipelined calls in parallel.
    ///
    /// ## What to do
    /// As a rule nothing: clients pair by call_id. Where a client fails at this place, look at how it pairs.
    ///
    /// ## References
    /// C706 section 12.6.3.1 (PFC_CONC_MPX).
    pub RepliesOutOfOrder = "replies-out-of-order" {
        summary: "Answers out of order",
        severity: Note,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "C706 section 12.6.3.1",
    }
}

impl RepliesOutOfOrder {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(overtaking) = view.session.troubles.overtaking else {
            return;
        };
        let any_order = view.session.detail("multiplexing").is_some();
        if any_order || view.flow.tcp.is_none() {
            return;
        }
        if view.began_late() {
            let why =
                "the bind was not captured, so that concurrent multiplexing may have been agreed";
            out.cannot_tell(&META, "T1", why);
            return;
        }
        if view.out_of_step() {
            out.cannot_tell(&META, "T9", OUT_OF_STEP);
            return;
        }
        if view.lost(Side::Client) || view.lost(Side::Server) {
            let why = "bytes are missing, and the earlier answer may have been among them";
            out.cannot_tell(&META, "T4", why);
            return;
        }
        out.raise(
            Finding::new(&META, overtaking.answer)
                .frame(overtaking.waiting, "request-passed-over")
                .frame(overtaking.answer, "answer")
                .title(format!(
                    "{} came before {} turn",
                    counted(overtaking.count, "answer"),
                    if overtaking.count == 1 { "its" } else { "their" }
                ))
                .explain(format!(
                    "The answer in frame {} came while the earlier request in frame {} still waited, and concurrent \
                     multiplexing was not agreed. So it was with {} of this association.",
                    overtaking.answer.frame,
                    overtaking.waiting.frame,
                    counted(overtaking.count, "answer")
                ))
                .advise("Nothing, unless a client takes answers in order.")
                .number("answers", overtaking.count as f64),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "replies-out-of-order";

    /// A connection-oriented PDU (C706 section 12.6.3.1): kind, flags, `call_id`, body.
    fn pdu(kind: u8, flags: u8, call: u8, body: &[u8]) -> Vec<u8> {
        let len = (16 + body.len()) as u8;
        let head = [
            5,
            0,
            kind,
            flags | 3,
            0x10,
            0,
            0,
            0,
            len,
            0,
            0,
            0,
            call,
            0,
            0,
            0,
        ];
        [&head[..], body].concat()
    }

    /// One context: srvsvc, NDR.
    fn bind(flags: u8) -> Vec<u8> {
        let mut body = vec![0xB8, 0x10, 0xB8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
        body.extend([
            0xC8, 0x4F, 0x32, 0x4B, 0x70, 0x16, 0xD3, 0x01, 0x12, 0x78, 0x5A, 0x47, 0xBF, 0x6E,
            0xE1, 0x88,
        ]);
        body.extend([3, 0, 0, 0]);
        body.extend([
            0x04, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10,
            0x48, 0x60,
        ]);
        body.extend([2, 0, 0, 0]);
        pdu(11, flags, 1, &body)
    }

    fn bound(flags: u8) -> Script {
        let mut ack = vec![
            0xB8, 0x10, 0xB8, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        ];
        ack.extend([
            0x04, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10,
            0x48, 0x60,
        ]);
        ack.extend([2, 0, 0, 0]);
        Script::tcp("10.0.0.1:40000", "10.0.0.2:49152")
            .connect()
            .client(&bind(flags))
            .server(&pdu(12, flags, 1, &ack))
            .client(&pdu(0, 0, 2, &[4, 0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0]))
            .client(&pdu(0, 0, 3, &[4, 0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0]))
    }

    fn answered(script: Script, order: [u8; 2]) -> Vec<crate::capture::script::ScriptFrame> {
        let answer = |call| pdu(2, 0, call, &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        script
            .server(&answer(order[0]))
            .server(&answer(order[1]))
            .close()
            .frames()
    }

    #[test]
    fn the_second_call_is_answered_first() {
        assert_eq!(findings(answered(bound(0), [3, 2]), RULE).len(), 1);
    }

    #[test]
    fn in_order_or_with_concurrent_multiplexing_it_is_quiet() {
        assert!(findings(answered(bound(0), [2, 3]), RULE).is_empty());
        assert!(findings(answered(bound(0x10), [3, 2]), RULE).is_empty());
    }

    #[test]
    fn onc_rpc_may_answer_in_any_order() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .client(&record(&call(2)))
            .server(&record(&answer(2)))
            .server(&record(&answer(1)))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_may_have_come_in_order() {
        let answer = |call| pdu(2, 0, call, &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let script = bound(0).server_lost(&answer(2)).server(&answer(3)).close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
