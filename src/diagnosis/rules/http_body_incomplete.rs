//! `http-body-incomplete`.

use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::{Side, Stamp};

use super::message_incomplete::{Break, cited_end, guard, how, hung_up, told_within};
use crate::diagnosis::blame::capitalised;
use crate::diagnosis::{
    Certainty, Culprit, Ending, Finding, Severity, Verdicts, View, counted, declare_rule, seconds,
};
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
    /// without the empty line. Answers to HEAD, and 204 and 304, have no body whatever their fields say; where requests are
    /// missing in the capture, an answer may be one to HEAD (guard T4). A request that waits with its body for
    /// `100 Continue`, which never comes, while the server waits for the body, is told as that. A warning where the receiver
    /// itself hung up while it came, and `likely` where it had waited between two chunks, for what comes without a length may
    /// pause by design; a note where the server had given its answer before the client hung up, and wanted no more, but a
    /// warning when it then reset the connection, for a reset may destroy the answer on its way, and when that answer is 408,
    /// for then the server had waited for the rest in vain. A stream of events (`text/event-stream`) may go on for ever: one
    /// that its sender ends without the last chunk is a note, for who reads it asks again by itself. Whose fault it is where the
    /// sender fell silent is told as `message-incomplete` tells it: `likely` only where its host was not heard since, and the
    /// network's where what was sent to it since was not acknowledged. A note where `tcp-path-dark` tells why.
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
            match guard(view, incomplete).or_else(|| may_answer_head(view, incomplete.side)) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, incomplete)),
            }
        }
        for feed in view.session.facts_named("http.feed-cut") {
            let it = of_feed(feed);
            let Some((Side::Server, end, reset)) = hung_up(view, &it) else {
                continue;
            };
            match guard(view, &it).or_else(|| may_answer_head(view, it.side)) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(cut_feed(feed, end, reset)),
            }
        }
    }
}

/// An answer to HEAD promises a body that never comes: where requests are missing, it may be one.
fn may_answer_head(view: &View<'_>, side: Side) -> Option<(&'static str, &'static str)> {
    (side == Side::Server && view.lost(Side::Client)).then_some((
        "T4",
        "requests are missing: what has no body may be the answer to a HEAD",
    ))
}

/// A stream of events as a message without an end.
fn of_feed(feed: &SeenFact) -> Incomplete {
    Incomplete {
        side: feed.side,
        op: Op::default(),
        expected: 0,
        present: 0,
        began: feed.began,
        stamp: feed.stamp,
        excused: false,
    }
}

fn cut_feed(feed: &SeenFact, end: Stamp, reset: bool) -> Finding {
    let silent = end.time.since(feed.stamp.time);
    Finding::new(&META, end)
        .severity(Severity::Note)
        .side(Culprit::Server)
        .frame(feed.began, "began")
        .frame(feed.stamp, "last-bytes")
        .frame(end, "end")
        .title(format!(
            "A stream of events was ended without its last chunk, {} after the last event",
            seconds(silent)
        ))
        .explain(format!(
            "The server began a stream of events in frame {}; the last bytes of it came in frame {}, and {} later the server, or a \
             proxy for it, {} the connection (frame {}) in the middle of the answer. The client will ask again; what was to \
             be told meanwhile it misses, unless it names the last event that it knows.",
            feed.began.frame,
            feed.stamp.frame,
            seconds(silent),
            if reset { "reset" } else { "closed" },
            end.frame
        ))
        .advise(
            "Was the server stopped? If not, look for a time-out of a proxy on the way (nginx: proxy_read_timeout), and send a \
             comment line more often than that.",
        )
        .number("silent", silent)
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

/// The answer that came before the request was whole, and before the client gave it up.
fn answered_early<'a>(view: &View<'a>, it: &Incomplete) -> Option<&'a SeenFact> {
    let early = answered(view, it)?;
    let left = matches!(hung_up(view, it), Some((Side::Client, end, _)) if end < early.stamp);
    (!left).then_some(early)
}

/// The answer to a request that never became whole.
fn answered<'a>(view: &View<'a>, it: &Incomplete) -> Option<&'a SeenFact> {
    let answers = |f: &&SeenFact| {
        let names = ["http.early-answer", "http.answer-unasked"];
        names.contains(&f.fact.name) && f.stamp >= it.began
    };
    let session = view.session;
    let answer = session.facts.iter().find(answers)?;
    (it.side == Side::Client).then_some(answer)
}

/// What is known of how the message tells its length.
fn shape<'a>(view: &View<'a>, it: &Incomplete) -> Option<&'a SeenFact> {
    let mut shapes = view.session.facts_named("http.cut-short");
    shapes.find(|f| f.side == it.side && f.began == it.began && f.stamp == it.stamp)
}

/// It stops between two chunks: nobody knows whether more was to come soon.
fn between_chunks(shape: Option<&SeenFact>) -> bool {
    shape.is_some_and(|s| s.is("between"))
}

/// How it broke off, and what to do.
struct Judged {
    broke: Break,
    advice: &'static str,
}

impl Judged {
    fn of(view: &View<'_>, it: &Incomplete, shape: Option<&SeenFact>) -> Self {
        let mut broke = how(view, it);
        let mut advice = match broke.culprit {
            Culprit::Network => "Look at the path between the two: the sender had the rest.",
            _ => {
                "Look at the program that sent it: a crash, a wrong length, a time-out of a proxy on the way, a wait of its own."
            }
        };
        if between_chunks(shape) && hung_up(view, it).is_some_and(|(side, ..)| side != it.side) {
            broke.severity = broke.severity.min(Severity::Warning);
            broke.certainty = Certainty::Likely;
        }
        if waits_for_leave(view, it).is_some() {
            broke.culprit = Culprit::Server;
            if view.tcp().is_some_and(|t| t.sides[it.side].unacked == 0) {
                broke.settle();
            }
            broke.how.push_str(
                "; it waits for 100 Continue before it sends the body, and the server waits for the body",
            );
            advice = "Have the server (or the proxy before it) answer Expect: 100-continue, or the client send without it.";
        }
        Self { broke, advice }
    }

    /// The client broke off, and only then the server answered.
    fn answered_late(&mut self, answer: &SeenFact) {
        self.broke.how = format!(
            "{}; only then the server answered, with {} in frame {}",
            self.broke.how,
            answer.int("status").unwrap_or_default(),
            answer.stamp.frame
        );
        self.advice =
            "See why the client broke off: a user who cancelled, a time-out of its own, a crash.";
    }

    /// The server answered before the request was whole.
    fn answered_early(&mut self, view: &View<'_>, it: &Incomplete, early: &SeenFact) {
        let (status, frame) = (early.int("status").unwrap_or_default(), early.stamp.frame);
        if status == 408 {
            self.broke.culprit = Culprit::Client;
            self.broke.settle();
            self.broke.how = format!(
                "nothing for {}, until the server answered with 408 in frame {frame}: the request did not come in time",
                seconds(early.stamp.time.since(it.stamp.time))
            );
            self.advice = "See why the client, or the path, is so slow with its request; if that is as it should be, raise \
                           the server's time for requests.";
            return;
        }
        self.broke.culprit = Culprit::Server;
        self.broke.settle();
        self.broke.how = format!(
            "{}; the server had answered with {status} before, in frame {frame}, and wanted no more",
            self.broke.how
        );
        self.broke.severity = Severity::Note;
        if matches!(view.ending(), Some(Ending::Reset(_, Side::Server))) {
            self.broke.severity = Severity::Warning;
            self.advice = "Have the server read, or wait, after an early answer (RFC 9112 section 9.6): its reset may reach \
                           the client before the answer is read.";
        }
    }
}

fn finding(view: &View<'_>, it: &Incomplete) -> Finding {
    let shape = shape(view, it);
    let mut judged = Judged::of(view, it, shape);
    let (answer, early) = (answered(view, it), answered_early(view, it));
    let role = match (answer, early) {
        (_, Some(early)) => {
            judged.answered_early(view, it, early);
            "early-answer"
        }
        (Some(answer), None) => {
            judged.answered_late(answer);
            "answer"
        }
        (None, None) => "answer",
    };
    let measured = Measured::of(it, shape);
    let found = Finding::new(&META, it.stamp)
        .frame(it.began, "began")
        .frame(it.stamp, "last-bytes")
        .maybe_frame(answer.map(|e| e.stamp), role)
        .maybe_frame(cited_end(view, it), "end")
        .title(format!("{} {}", capitalised(&words(it)), measured.title))
        .explain(format!(
            "The {} began {} in frame {}, {}, the last in frame {}, and then {}{}.",
            it.side,
            words(it),
            it.began.frame,
            measured.what,
            it.stamp.frame,
            judged.broke.how,
            judged.broke.doubt
        ))
        .advise(judged.advice)
        .number("present", measured.present as f64)
        .number("silent", view.until_end(it.stamp));
    let found = match measured.expected {
        Some(expected) => found.number("expected", expected as f64),
        None => found,
    };
    judged.broke.told_in(found)
}

/// How much there was to come, and how much came.
struct Measured {
    title: String,
    what: String,
    present: u64,
    /// By its own words.
    expected: Option<u64>,
}

impl Measured {
    fn of(it: &Incomplete, shape: Option<&SeenFact>) -> Self {
        let number = |key| shape.and_then(|s| s.int(key)).unwrap_or(0) as u64;
        let body = number("body");
        match shape.map(|s| s.text("framing")) {
            Some("length") => {
                let length = number("length");
                Self {
                    title: format!("stops after {body} of {length} bytes of its body"),
                    what: format!(
                        "with a body of {length} bytes by its own words; {body} bytes of that came"
                    ),
                    present: body,
                    expected: Some(length),
                }
            }
            Some("chunks") => {
                let bytes = counted(body, "byte");
                let (title, within) = if between_chunks(shape) {
                    ("without its last chunk", "")
                } else {
                    (
                        "in the middle of a chunk",
                        ", the last chunk of them not in full",
                    )
                };
                Self {
                    title: format!("stops {title}"),
                    what: format!(
                        "in chunks, whose length in all nobody tells before; {bytes} of them came{within}"
                    ),
                    present: body,
                    expected: None,
                }
            }
            Some("head") => Self {
                title: format!(
                    "stops in the middle of its head, after {}",
                    counted(it.present, "byte")
                ),
                what: format!(
                    "and not even its head came to its end; {} came",
                    counted(it.present, "byte")
                ),
                present: it.present,
                expected: None,
            },
            _ => Self {
                title: format!("stops after {}", counted(it.present, "byte")),
                what: format!("{} came", counted(it.present, "byte")),
                present: it.present,
                expected: None,
            },
        }
    }
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

#[cfg(test)]
mod tests;
