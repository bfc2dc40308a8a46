//! `message-malformed`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::troubles::Malformed;

declare_rule! {
    /// ## What it means
    /// A message of SMB, DCE/RPC or HTTP is not what its protocol says: a length, an offset or a chain in it leads nowhere, or
    /// bytes stand where a message should begin.
    ///
    /// ## Why it matters
    /// The receiver drops it, answers with an error or closes the connection. What sends it is broken, or means harm:
    /// such messages are how servers are attacked.
    ///
    /// ## How it is told
    /// The dissector could not read on in a message of which every byte was captured. Not told where bytes of its sender
    /// are missing, nor where the session was joined late or its messages were lost track of.
    ///
    /// HTTP tells by its fields where a message ends. A body that is longer than its Content-Length, a body behind the head of an
    /// answer that may have none (to HEAD, 204, 304), and a chunk without its size in hexadecimal leave bytes of which nobody
    /// knows what they are: the receiver takes them for the beginning of the next answer, or gives up. Where requests are missing
    /// in the capture, their answers are not judged.
    ///
    /// ## Example
    /// An SMB1 chain of commands whose next command stands inside its own header: who follows it never comes to an end.
    ///
    /// ## What to do
    /// Look at the frame's bytes, and at the program that sent it. Where it comes from outside, take it for an attack.
    ///
    /// ## References
    /// MS-CIFS 2.2.3 and 2.2.3.4 (chains), MS-SMB2 2.2.1 (NextCommand), C706 chapter 12, RFC 9112 sections 6.3 and 7.1.
    pub MessageMalformed = "message-malformed" {
        summary: "A message that breaks its protocol",
        severity: Warning,
        category: Dialogue,
        protocols: ["smb", "smb2", "dcerpc", "http"],
        reference: "MS-CIFS 2.2.3; MS-SMB2 2.2.1; C706 chapter 12; RFC 9112 sections 6.3 and 7.1",
    }
}

impl MessageMalformed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        let is_http = session.protocol == "http";
        let told = |m: &&Malformed| !(is_http && HARMLESS.contains(&m.what));
        let Some(first) = session.troubles.malformed.iter().find(told) else {
            return;
        };
        // Behind such a message the next one of HTTP is sought, and what is passed over is known to be there.
        let lost = if is_http {
            Side::BOTH.into_iter().any(|side| view.lost(side))
        } else {
            view.lost(first.side) || session.troubles.skipped[first.side] > 0
        };
        if lost {
            out.cannot_tell(&META, "T4", "bytes of its sender are missing");
            return;
        }
        if view.began_late() {
            out.cannot_tell(&META, "T1", "the capture began in mid-session");
            return;
        }
        if is_http && view.out_of_step() {
            let why = "the capture has the two directions in another order than the wire";
            out.cannot_tell(&META, "T9", why);
            return;
        }
        out.raise(finding(view, first));
    }
}

/// What HTTP's dissector cannot read without anybody's fault: an answer that is only old, and more fields than it reads.
const HARMLESS: &[&str] = &[
    "answer without a status line (HTTP/0.9)",
    "too many header fields",
];
/// What HTTP's dissector says of bytes where an answer should begin.
const NO_ANSWER: &str = "not a status line";

fn finding(view: &View<'_>, first: &Malformed) -> Finding {
    let session = view.session;
    let stamps: Vec<_> = session.troubles.malformed.iter().map(|m| m.stamp).collect();
    let more = match session.troubles.malformed_count {
        0 | 1 => String::new(),
        n => format!("; {n} such messages in all"),
    };
    let surplus = first.what == NO_ANSWER && session.messages.server > 0;
    let (title, what) = if surplus {
        let title = "The server sends bytes that belong to no answer".to_owned();
        let what = format!(
            "From frame {} on there are bytes of the server that are no answer, behind one that had ended: a body longer than its \
             Content-Length says, or one where none may be (HEAD, 204, 304){more}.",
            first.stamp.frame
        );
        (title, what)
    } else {
        let name = name(session.protocol);
        let title = format!("The {} sends a message that is no {name}", first.side);
        let what = format!(
            "Frame {} holds a message of the {} that cannot be read: {}{more}.",
            first.stamp.frame, first.side, first.what
        );
        (title, what)
    };
    Finding::new(&META, first.stamp)
        .side(first.side)
        .frames(&stamps, "message")
        .title(title)
        .explain(what)
        .advise(if session.protocol == "http" {
            "Look at its bytes, and at the program that sent it: its Content-Length, its chunks, or another protocol."
        } else {
            "Look at its bytes and at the program that sent it; from outside, take it for an attack."
        })
        .number("messages", session.troubles.malformed_count as f64)
}

fn name(protocol: &str) -> &'static str {
    match protocol {
        "smb" => "SMB",
        "smb2" => "SMB2",
        "http" => "HTTP/1",
        _ => "DCE/RPC",
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, read, to};

    const RULE: &str = "message-malformed";

    /// LOGOFF_ANDX with a further command at `offset`.
    fn logoff(offset: u8) -> Vec<u8> {
        let mut out = vec![0, 0, 0, 39];
        out.extend(b"\xFFSMB\x74");
        out.resize(4 + 32, 0);
        out.extend([2, 0x74, 0, offset, 0, 0, 0]);
        out
    }

    fn logged_off(offset: u8) -> Script {
        to(445).client(&logoff(offset))
    }

    #[test]
    fn a_chain_that_does_not_advance_is_told() {
        let found = findings(logged_off(0).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("no SMB"));
    }

    #[test]
    fn messages_in_order_are_quiet() {
        assert!(findings(at_work().client(&read(3)).close().frames(), RULE).is_empty());
    }

    #[test]
    fn lost_bytes_excuse_it() {
        let script = to(445)
            .client(&logoff(0))
            .client_lost(&logoff(0))
            .client(&logoff(0));
        assert_eq!(cannot_tell(script.close().frames(), RULE), ["T4"]);
    }

    mod of_http {
        use super::{RULE, cannot_tell, findings};
        use crate::capture::script::Script;
        use crate::diagnosis::Culprit;
        use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};

        fn told(script: Script) -> Vec<(Culprit, String)> {
            let found = findings(script.close().frames(), RULE).into_iter();
            found.map(|f| (f.side, f.title)).collect()
        }

        #[test]
        fn bytes_behind_an_answer() {
            let surplus = [(
                Culprit::Server,
                "The server sends bytes that belong to no answer".to_owned(),
            )];
            let long = [answer("200 OK", ""), vec![b'x'; 30]].concat();
            let script = turn(to_web(), &ask("GET /", ""), &long);
            assert_eq!(told(script.clone()), surplus);
            assert_eq!(
                told(turn(script, &ask("GET /", ""), &answer("200 OK", ""))),
                surplus
            );
            let head = turn(to_web(), &ask("HEAD /", ""), &answer("200 OK", ""));
            assert_eq!(told(head), surplus);
            // An empty line more is nothing (RFC 9112 section 2.2).
            let line = [answer("200 OK", ""), b"\r\n".to_vec()].concat();
            assert!(told(turn(to_web(), &ask("GET /", ""), &line)).is_empty());
        }

        #[test]
        fn a_chunk_without_a_size() {
            let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n";
            let found = told(turn(to_web(), &ask("GET /", ""), chunk));
            assert_eq!(found.len(), 1);
            assert!(found[0].1.contains("no HTTP/1"), "{found:?}");
            let old = turn(to_web(), &ask("GET /", ""), b"<html>hello</html>");
            assert!(told(old).is_empty());
        }

        #[test]
        fn where_a_request_is_missing_the_lengths_are_not_known() {
            let script = to_web()
                .client(&ask("GET /", ""))
                .client_lost(&ask("HEAD /", ""))
                .server(&answer("200 OK", ""))
                .server(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
            let script = script
                .client(&ask("GET /", ""))
                .server(&answer("200 OK", ""));
            let frames = script.close().frames();
            assert!(findings(frames.clone(), RULE).is_empty());
            assert_eq!(cannot_tell(frames, RULE), ["T4"]);
        }
    }
}
