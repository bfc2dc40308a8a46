//! `rpc-xid-reused`.

use crate::diagnosis::{Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Repeat;

declare_rule! {
    /// ## What it means
    /// A client used the xid of a call that still waits for its reply for a different call.
    ///
    /// ## Why it matters
    /// The xid is all that tells replies apart, and what a server remembers answered calls by. The client may take the
    /// reply of one call for that of the other, or the server may answer the second from its memory of the first.
    ///
    /// ## How it is told
    /// A call has the xid of an unanswered one of the same side and conversation, and another procedure or other
    /// arguments. Credentials are not compared: a client may renew them when it repeats a call.
    ///
    /// ## Example
    /// Two READ calls of different offsets under one xid.
    ///
    /// ## What to do
    /// Look at the client: two processes behind one source port, a generator of xids that begins anew, a NAT that
    /// merges clients.
    ///
    /// ## References
    /// RFC 5531 section 9 (xid), RFC 1813 section 4.5 (duplicate request cache).
    pub RpcXidReused = "rpc-xid-reused" {
        summary: "One xid for two calls",
        severity: Warning,
        category: Dialogue,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 9",
    }
}

impl RpcXidReused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for repeat in view.session.troubles.repeats.iter().filter(|r| r.differs) {
            if view.missing()[repeat.side.other()] > 0 {
                let why =
                    "bytes of the server are missing: the first call may have been answered before";
                out.cannot_tell(&META, "T4", why);
            } else {
                out.raise(finding(view, repeat));
            }
        }
    }
}

fn finding(view: &View<'_>, repeat: &Repeat) -> Finding {
    let xid = repeat.id & 0xffff_ffff;
    let again = repeat.again.last().copied().unwrap_or(repeat.first);
    Finding::new(&META, again)
        .side(repeat.side)
        .frame(repeat.first, "request")
        .frame(again, "other-request")
        .title(format!("xid 0x{xid:08x} was used for two calls"))
        .explain(format!(
            "The {} called {} under xid 0x{xid:08x} in frame {} and, {} later and before a reply, made a different \
             call to {} under the same xid in frame {}.",
            repeat.side,
            repeat.op,
            repeat.first.frame,
            seconds(again.time.since(repeat.first.time)),
            view.end_of(repeat.side.other()),
            again.frame,
        ))
        .advise("Look at the client: two processes behind one port, or xids that begin anew.")
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, opaque};

    const RULE: &str = "rpc-xid-reused";

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    fn getattr(xid: u32, handle: &[u8]) -> Vec<u8> {
        asks(xid, [NFS, 3, 1], &opaque(handle))
    }

    #[test]
    fn another_body_under_an_open_xid_is_told() {
        let script = tcp()
            .client(&getattr(1, b"one-file"))
            .client(&getattr(1, b"another!"))
            .server(&answers(1, 0, &[0]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("0x00000001"));
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn a_repeated_call_and_a_finished_xid_are_quiet() {
        let script = tcp()
            .client(&getattr(1, b"one-file"))
            .client(&getattr(1, b"one-file"))
            .server(&answers(1, 0, &[0]))
            .client(&getattr(1, b"another!"))
            .server(&answers(1, 0, &[0]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn where_the_reply_may_be_lost_it_cannot_be_told() {
        let script = tcp()
            .client(&getattr(1, b"one-file"))
            .server_lost(&answers(1, 0, &[0]))
            .wait_secs(1.0)
            .client(&getattr(1, b"another!"))
            .server(&answers(1, 0, &[0]))
            .close();
        let frames = script.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
