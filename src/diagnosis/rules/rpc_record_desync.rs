//! `rpc-record-desync`.

use crate::diagnosis::{Finding, Severity, Verdicts, View, counted, declare_rule, seconds};
use crate::session::model::SeenFact;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// The record marks of RPC over TCP do not fit: four bytes that should say how long the next fragment is cannot do
    /// so, what stands behind them is no RPC message, or a record never gets its last fragment.
    ///
    /// ## Why it matters
    /// From there on neither side knows where messages begin. The receiver waits for bytes that will never come, or
    /// closes the connection.
    ///
    /// ## How it is told
    /// A mark promises more than 16 MiB, or a fragment begins with no message type of RPC; nothing of that side was
    /// lost in the capture before. When the very first bytes of a client at port 111 or 2049 are no RPC, it speaks
    /// something else to an RPC service. A record without its last fragment is told when the next message begins
    /// inside it, when nothing more came for a while, or (a warning) when its side ended behind two whole fragments or
    /// more: who is stopped in mid-record leaves half a fragment.
    ///
    /// ## Example
    /// `rpc-record-too-long`: a mark of 1.9 GB at rpcbind's port; the server resets the connection.
    ///
    /// ## What to do
    /// See what the bytes are: another protocol at the wrong port (HTTP, TLS), a length written in the wrong byte
    /// order, two threads writing into one connection at once.
    ///
    /// ## References
    /// RFC 5531 section 11 (record marking).
    pub RpcRecordDesync = "rpc-record-desync" {
        summary: "Record marks out of step",
        severity: Error,
        category: Dialogue,
        protocols: ["rpc", "tcp"],
        reference: "RFC 5531 section 11",
    }
}

/// Servers at these ports speak nothing but RPC: port mapper and NFS.
const RPC_PORTS: [u16; 2] = [111, 2049];

impl RpcRecordDesync {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if view.session.protocol == "tcp" {
            foreign(view, out);
            return;
        }
        for fact in &view.session.facts {
            match fact.fact.name {
                "rpc.record-mark-absurd" | "rpc.not-rpc" => {
                    if fact.is("after_loss") || view.session.missing[fact.side] > 0 {
                        let why =
                            "bytes were lost before, so that the place of the marks is not known";
                        out.cannot_tell(&META, "T4", why);
                    } else if view.session.began_before_capture {
                        out.cannot_tell(&META, "T1", "the connection was joined in mid-stream");
                    } else if !answers_otherwise(view, fact) {
                        out.raise(out_of_step(view, fact));
                        return;
                    }
                }
                "rpc.last-fragment-missing" => last_missing(view, fact, out),
                _ => {}
            }
        }
    }
}

/// The server speaks, but not RPC: then the port's number does not mean RPC here.
fn answers_otherwise(view: &View<'_>, fact: &SeenFact) -> bool {
    let rpc_spoken = view
        .flow
        .sessions
        .iter()
        .filter(|s| s.index > 0)
        .any(|s| s.messages.client + s.messages.server > 0);
    let spoke = view
        .tcp()
        .is_some_and(|t| t.sides[fact.side.other()].stream_bytes > 0);
    fact.is("beginning") && spoke && !rpc_spoken
}

/// Another protocol was recognised at an RPC port, and the server never said a word to it.
fn foreign(view: &View<'_>, out: &mut Verdicts) {
    let Some(tcp) = view
        .tcp()
        .filter(|_| RPC_PORTS.contains(&view.flow.server.port))
    else {
        return;
    };
    let Some(other) = view.flow.sessions.get(1).filter(|s| s.protocol != "rpc") else {
        return;
    };
    let server = &tcp.sides[Side::Server];
    if server.stream_bytes > 0 || server.acked_unseen > 0 || view.one_sided() || view.began_late() {
        return;
    }
    let Some(end) = view.ending() else { return };
    let spoken = other.protocol;
    let finding = Finding::new(&META, end.stamp())
        .likely()
        .side(Side::Client)
        .frame(other.first, "request")
        .frame(end.stamp(), "end")
        .title(format!("{spoken} was spoken to an RPC service"))
        .explain(format!(
            "The client spoke {spoken} to {}, a port of RPC, in frame {}. Its first four bytes cannot be a record mark; \
             the connection ended in frame {} without a word of the server.",
            view.server(),
            other.first.frame,
            end.stamp().frame,
        ))
        .advise("Look what the client wanted there: the port is RPC's.");
    out.raise(finding);
}

fn out_of_step(view: &View<'_>, fact: &SeenFact) -> Finding {
    let what = match fact.int("length") {
        Some(length) => {
            let text = match fact.text("text") {
                "" => String::new(),
                text => format!(" (as text: {text:?})"),
            };
            format!(
                "the record mark 0x{:08x}{text} promises a fragment of {length} bytes",
                fact.int("mark").unwrap_or(0)
            )
        }
        None => "what stands behind the record mark is no RPC message".to_owned(),
    };
    let who = fact.side;
    let place = if fact.is("beginning") {
        format!(
            "The first bytes that the {who} sent to {} are no RPC: {what}.",
            view.end_of(who.other())
        )
    } else {
        format!("The {who} lost step in the middle of the connection: {what}.")
    };
    let end = view.ending().map(crate::diagnosis::Ending::stamp);
    let ended = end.map_or_else(String::new, |e| {
        format!(
            " The connection ended {} later, in frame {}.",
            seconds(e.time.since(fact.stamp.time)),
            e.frame
        )
    });
    Finding::new(&META, fact.stamp)
        .side(who)
        .frame(fact.began, "record-mark")
        .maybe_frame(end, "end")
        .title(if fact.is("beginning") {
            format!("The {who} does not speak RPC")
        } else {
            format!("Record marks of the {who} are out of step")
        })
        .explain(format!("{place}{ended}"))
        .advise("Look at what the bytes are: another protocol, a length in the wrong byte order, two writers on one connection.")
        .number("length", fact.int("length").unwrap_or(0) as f64)
}

fn last_missing(view: &View<'_>, fact: &SeenFact, out: &mut Verdicts) {
    let silence = view.until_end(fact.stamp);
    let patience = view.world.thresholds.incomplete;
    let fragments = fact.int("fragments").unwrap_or(0);
    let ended = view.ending();
    // Whoever is stopped in mid-record leaves half a fragment, or only one.
    let never_set = fragments > 1 && fact.is("between_fragments");
    let cut_off = if ended.is_some() {
        !never_set
    } else {
        silence < patience
    };
    if !fact.is("followed") && cut_off {
        // A record that the end cut off is an incomplete message, and told as such.
        return;
    }
    if view.session.missing[fact.side] > 0 {
        out.cannot_tell(
            &META,
            "T4",
            "the last fragment may be among the bytes that were lost",
        );
        return;
    }
    let what = if fact.is("followed") {
        "another message begins where its next fragment should be".to_owned()
    } else if let Some(end) = ended {
        format!("the connection ended in frame {}", end.stamp().frame)
    } else {
        format!("nothing more came for {}", seconds(silence))
    };
    let doubtful = ended.is_some() && !fact.is("followed");
    out.raise(
        Finding::new(&META, fact.stamp)
            .severity(if doubtful { Severity::Warning } else { META.severity })
            .side(fact.side)
            .frame(fact.began, "record-mark")
            .frame(fact.stamp, "last-fragment")
            .title(format!("A record of the {} never ended", fact.side))
            .explain(format!(
                "The {} sent {} of a record (frames {} to {}), none of them marked as the last, and {what}.",
                fact.side,
                counted(fragments.unsigned_abs(), "fragment"),
                fact.began.frame,
                fact.stamp.frame,
            ))
            .advise("The sender must set the highest bit of the record mark on the last fragment of every record.")
            .number("fragments", fragments as f64)
            .number("bytes", fact.int("bytes").unwrap_or(0) as f64),
    );
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, call, words};
    use colloquy_dissectors::units::Side;

    const RULE: &str = "rpc-record-desync";

    fn tcp(port: u16) -> Script {
        Script::tcp("10.0.0.1:700", &format!("10.0.0.2:{port}")).connect()
    }

    #[test]
    fn an_absurd_mark_at_an_rpc_port_is_told() {
        let script = tcp(111)
            .client(b"\xf0\x00\x00\x01GET / HTTP/1.1\r\n\r\n")
            .reset(Side::Server);
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("does not speak RPC"));
        let roles: Vec<_> = found[0].frames.iter().map(|e| (e.frame, e.role)).collect();
        assert_eq!(roles, [(4, "record-mark"), (6, "end")]);
    }

    #[test]
    fn plain_http_at_an_rpc_port_is_told_unless_it_is_answered() {
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let script = tcp(111).client(request).reset(Side::Server);
        assert_eq!(findings(script.frames(), RULE).len(), 1);
        let script = tcp(2049)
            .client(request)
            .server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_record_without_its_last_fragment_is_told() {
        let message = call(1, [NFS, 3, 0], &[]);
        let open = [words(&[message.len() as u32]), message].concat();
        let script = tcp(2049)
            .client(&open)
            .client(&asks(2, [NFS, 3, 0], &[]))
            .server(&answers(2, 0, &[]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("never ended"));
    }

    #[test]
    fn fragments_without_an_end_are_told_though_the_connection_ends() {
        let piece = |bytes: &[u8]| [words(&[bytes.len() as u32]), bytes.to_vec()].concat();
        let message = call(1, [NFS, 3, 0], &[0; 64]);
        let begun = || tcp(2049).client(&piece(&message[..60]));
        let script = begun().client(&piece(&message[60..])).wait_secs(2.0);
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        let stopped = begun().client(&piece(&message[60..])[..20]).wait_secs(2.0);
        assert!(findings(stopped.close().frames(), RULE).is_empty());
        let lost = begun().client_lost(&piece(&message[60..])).wait_secs(2.0);
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_service_of_its_own_on_that_port_is_quiet() {
        let script = tcp(2049).client(&[0xAB; 40]).server(&[0xCD; 40]).close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn after_lost_bytes_it_cannot_be_told() {
        let script = tcp(2049)
            .client(&asks(1, [NFS, 3, 0], &[]))
            .server(&answers(1, 0, &[]))
            .client_lost(&asks(2, [NFS, 3, 0], &[]))
            .wait_secs(1.0)
            .client(&asks(3, [NFS, 3, 0], &[]))
            .client(&[0x77; 64])
            .close();
        let frames = script.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
