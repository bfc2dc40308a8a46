//! `http-body-incomplete`.

use colloquy_dissectors::units::Side;

use super::message_incomplete::{guard, how, told_within};
use crate::diagnosis::blame::capitalised;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use crate::session::troubles::Incomplete;

declare_rule! {
    /// ## What it means
    /// A message of HTTP began and never ended: its body is shorter than Content-Length says, the last chunk never came, or
    /// its head stops in the middle.
    ///
    /// ## Why it matters
    /// The receiver has half a file. If it does not check the length, it takes the half for the whole. Or it waits, and the
    /// user with it.
    ///
    /// ## How it is told
    /// Less than Content-Length when the connection ends, or after 5 s of silence; chunks without the last one; a head
    /// without the empty line. Answers to HEAD, and 204 and 304, have no body whatever their fields say. A request that
    /// waits with its body for `100 Continue`, which never comes, while the server waits for the body, is told as that. A
    /// warning where the receiver itself hung up while it came; a note where the server had given its answer before, and
    /// wanted no more, but a warning when it then reset the connection, for a reset may destroy the answer on its way.
    /// Whose fault it is where the sender fell silent is told as `message-incomplete` tells it: `likely` only where its host
    /// was not heard since, and the network's where what was sent to it since was not acknowledged. A note where
    /// `tcp-path-dark` tells why.
    ///
    /// ## Example
    /// A proxy dies in mid-download: 14 of 20 MB come, then FIN.
    ///
    /// ## What to do
    /// Look at who sends: its log, its disk, a time-out of a proxy on the way (`proxy_read_timeout`), a wrong length.
    ///
    /// ## References
    /// RFC 9112 sections 6.3, 8 and 9.6; RFC 9110 section 10.1.1.
    pub HttpBodyIncomplete = "http-body-incomplete" {
        summary: "Body short, or its end never came",
        severity: Error,
        category: Dialogue,
        protocols: ["http"],
        reference: "RFC 9112 sections 6.3, 8 and 9.6; RFC 9110 section 10.1.1",
    }
}

impl HttpBodyIncomplete {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for incomplete in &view.session.troubles.incomplete {
            if told_within(view, view.session, incomplete) || spared(view, incomplete) {
                continue;
            }
            match guard(view, incomplete) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, incomplete)),
            }
        }
    }
}

/// The message waits for leave to send its body.
fn waits_for_leave<'a>(view: &View<'a>, it: &Incomplete) -> Option<&'a SeenFact> {
    let mut facts = view.session.facts_named("http.expects-continue");
    facts.find(|f| it.side == Side::Client && f.began == it.began && f.stamp >= it.stamp)
}

/// The final answer came in the place of the leave: the body need not be sent (RFC 9110 section 10.1.1).
fn spared(view: &View<'_>, it: &Incomplete) -> bool {
    waits_for_leave(view, it).is_some() && answered_early(view, it).is_some()
}

/// The answer that came before the request was whole.
fn answered_early<'a>(view: &View<'a>, it: &Incomplete) -> Option<&'a SeenFact> {
    let session = view.session;
    let mut facts = session.facts.iter();
    let early = facts.find(|f| f.fact.name == "http.early-answer" && f.stamp >= it.began)?;
    (it.side == Side::Client).then_some(early)
}

fn finding(view: &View<'_>, it: &Incomplete) -> Finding {
    let silent = view.until_end(it.stamp);
    let mut broke = how(view, it);
    let mut advice = match broke.culprit {
        Culprit::Network => "Look at the path between the two: the sender had the rest.",
        _ => {
            "Look at the program that sent it: a crash, a wrong length, a time-out of a proxy on the way, a wait of its own."
        }
    };
    if waits_for_leave(view, it).is_some() {
        broke.culprit = Culprit::Server;
        if view.tcp().is_some_and(|t| t.sides[it.side].unacked == 0) {
            broke.settle();
        }
        broke.how = format!(
            "{}; it waits for 100 Continue before it sends the body, and the server waits for the body",
            broke.how
        );
        advice = "Have the server (or the proxy before it) answer Expect: 100-continue, or the client send without it.";
    }
    let early = answered_early(view, it);
    if let Some(early) = early {
        let reset = matches!(view.ending(), Some(Ending::Reset(_, Side::Server)));
        broke.severity = if reset {
            Severity::Warning
        } else {
            Severity::Note
        };
        broke.culprit = Culprit::Server;
        broke.settle();
        broke.how = format!(
            "{}; the server had answered with {} before, in frame {}, and wanted no more",
            broke.how,
            early.int("status").unwrap_or_default(),
            early.stamp.frame
        );
        if reset {
            advice = "Have the server read, or wait, after an early answer (RFC 9112 section 9.6): its reset may reach the \
                      client before the answer is read.";
        }
    }
    let finding = Finding::new(&META, it.stamp)
        .frame(it.began, "began")
        .frame(it.stamp, "last-bytes")
        .maybe_frame(early.map(|e| e.stamp), "early-answer")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!(
            "{} stops after {} of {} bytes",
            capitalised(&words(it)),
            it.present,
            it.expected
        ))
        .explain(format!(
            "The {} began {} in frame {}, of {}{} bytes by its own words; {} bytes came, the last in frame {}, and then \
             {}{}.",
            it.side,
            words(it),
            it.began.frame,
            if is_bounded(it) { "" } else { "at least " },
            it.expected,
            it.present,
            it.stamp.frame,
            broke.how,
            broke.doubt
        ))
        .advise(advice)
        .number("expected", it.expected as f64)
        .number("present", it.present as f64)
        .number("silent", silent);
    broke.told_in(finding)
}

/// `a response 200`, `a POST`.
fn words(it: &Incomplete) -> String {
    match (it.side, it.op.name) {
        (Side::Client, "request") => "a request".to_owned(),
        (Side::Client, method) => format!("the request {method}"),
        (Side::Server, _) if it.op.code > 0 => format!("the answer {}", it.op.code),
        (Side::Server, _) => "an answer".to_owned(),
    }
}

/// The message says its length itself: of chunks and heads it is only known that some bytes more must come.
const fn is_bounded(it: &Incomplete) -> bool {
    it.expected.saturating_sub(it.present) > 7
}

#[cfg(test)]
mod tests {
    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::http::{ask, to_web};
    use crate::diagnosis::rules::bench::ws::elsewhere;
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit, Severity};
    use colloquy_dissectors::units::Side;

    const RULE: &str = "http-body-incomplete";
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it";
    const CHUNK: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

    fn asked() -> Script {
        to_web().client(&ask("GET /file", ""))
    }

    fn sender_ends(script: Script) -> Script {
        script.fin(Side::Server).fin(Side::Client)
    }

    #[test]
    fn half_a_file() {
        let frames = sender_ends(asked().server(HALF)).frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(
            (found.len(), found[0].severity, found[0].side),
            (1, Severity::Error, Culprit::Server)
        );
        assert!(found[0].numbers.contains(&("present", 50.0)), "{found:?}");
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn the_path_goes_dark_in_mid_download() {
        let request = ask("GET /file", "").len() as u32;
        let fin = |script: Script| {
            let (seq, ack) = (request, HALF.len() as u32);
            script.segment(Side::Client, flag::FIN | flag::ACK, seq, ack, b"")
        };
        let closed = fin(asked().server(HALF).wait_secs(18.0));
        let dark = fin(closed.clone().wait_secs(0.2));
        let found = findings(dark.frames(), RULE);
        let told = (found[0].side, found[0].certainty);
        assert_eq!(told, (Culprit::Network, Certainty::Likely), "{found:?}");
        let acked = closed.segment(Side::Server, flag::ACK, HALF.len() as u32, request + 1, b"");
        let found = findings(acked.frames(), RULE);
        let told = (found[0].side, found[0].certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Certain), "{found:?}");
    }

    #[test]
    fn the_last_chunk_never_came() {
        assert_eq!(
            findings(sender_ends(asked().server(CHUNK)).frames(), RULE).len(),
            1
        );
        let whole = asked().server(CHUNK).server(b"0\r\n\r\n");
        assert!(loud(sender_ends(whole).frames()).is_empty());
    }

    #[test]
    fn who_cancels_a_download_knows_it() {
        let script = asked().server(HALF).reset(Side::Client);
        assert_eq!(
            findings(script.frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn answers_without_a_body() {
        for (line, head) in [
            (
                "HEAD /file",
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            ),
            (
                "GET /file",
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
            ),
            ("GET /file", "HTTP/1.0 200 OK\r\n\r\nas long as it lasts"),
        ] {
            let script = to_web().client(&ask(line, "")).server(head.as_bytes());
            assert!(loud(sender_ends(script).frames()).is_empty(), "{head}");
        }
    }

    #[test]
    fn both_wait_for_the_body() {
        let fields = "Content-Length: 10\r\nExpect: 100-continue\r\n";
        let asked = to_web().client(&ask("POST /up", fields));
        let tired = asked
            .clone()
            .wait_secs(30.0)
            .fin(Side::Client)
            .fin(Side::Server);
        let found = findings(tired.frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert!(
            found[0].explanation.contains("100 Continue"),
            "{}",
            found[0].explanation
        );
        // Both wait until the capture ends: the server has the head, that is certain.
        let waiting = findings(elsewhere(asked.clone(), 20.0), RULE);
        let told = (waiting[0].side, waiting[0].certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Certain), "{waiting:?}");
        let refused = asked
            .clone()
            .server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        assert!(findings(refused.close().frames(), RULE).is_empty());
        let went_on = asked
            .server(b"HTTP/1.1 100 Continue\r\n\r\n")
            .client(b"0123456789")
            .server(b"HTTP/1.1 204 No Content\r\n\r\n");
        assert!(loud(went_on.close().frames()).is_empty());
    }

    #[test]
    fn an_answer_before_the_end_of_the_request() {
        let large = to_web()
            .client(&ask("POST /up", "Content-Length: 100000\r\n"))
            .client(&[b'x'; 1000])
            .server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            .client(&[b'x'; 1000]);
        let closed = large.clone().fin(Side::Server).fin(Side::Client);
        assert_eq!(findings(closed.frames(), RULE)[0].severity, Severity::Note);
        let reset = findings(large.reset(Side::Server).frames(), RULE);
        assert_eq!(
            (reset[0].severity, reset[0].side),
            (Severity::Warning, Culprit::Server)
        );
    }

    #[test]
    fn what_was_not_captured_is_not_missed() {
        let script = asked().server(HALF).server_lost(&[b'x'; 90]);
        let frames = sender_ends(script.client(&ask("GET /", "")).server(HALF)).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }

    #[test]
    fn the_capture_ends_in_mid_body() {
        let frames = asked().server(HALF).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }
}
