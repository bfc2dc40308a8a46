//! `slow-answer`: answers that were made late. Those that only arrived late are told in `late`.

mod late;
mod pending;

use colloquy_dissectors::units::{Side, Stamp};

use self::pending::Pending;
use super::dcerpc;
use super::http::request_words;
use crate::diagnosis::blame::Way;
use crate::diagnosis::{
    Culprit, Finding, Severity, Verdicts, View, counted, declare_rule, once_more, seconds,
};
use crate::session::exchange::Answered;
use crate::session::model::{SeenFact, Session};

declare_rule! {
    /// ## What it means
    /// A request was answered, but far later than is usual here.
    ///
    /// ## Why it matters
    /// Somebody waited. One slow answer among fast ones is often the first sign of what later hangs altogether.
    ///
    /// ## How it is told
    /// From the last byte of the request to the first byte of the answer more than a second passed, and more than ten
    /// times the median of the same operation at the same server where at least three others were answered; or longer
    /// than an answer is waited for at all. Where the operation is not known that well it is compared with the median of
    /// the session's other answers, otherwise with the round trip of the connection's handshake, and it is a note: the
    /// first of its kind may have had something to start, as a bind of DCE/RPC that starts the service, or the opening of its pipe (always a note).
    /// It is a note too where the operation always takes that long, and with HTTP, where it may be a long poll. Three
    /// notes and more on one operation of a session are told as one: how many, the range of their times, all frames, and
    /// the parts of the longest wait. Bytes count when they are seen first, so retransmissions do not matter. What may
    /// wait by design (long polls, CHANGE_NOTIFY, what SMB2 answers for the time being in pipes) is left out. A CREATE that got an
    /// interim answer waits as a rule for another client's oplock or lease: where the capture has that, it is told with its frames.
    /// Of pipelined requests of HTTP/1.1 the one that kept the others waiting is told, with their number; an upload that was
    /// answered before its end is not.
    ///
    /// An answer that was made in time may arrive late: captured at the side that answers, its bytes were sent again at least
    /// twice with nothing of the peer between but its own bytes once more, and acknowledged more than a second, and more than ten round trips of the
    /// handshake, after they were sent first. It is a note where `tcp-loss-stall` tells of the losses. Where the peer's
    /// window was shut it was not the path, and it is left out.
    ///
    /// Who had the request is told with the time of each part: until TCP acknowledged it (the network), from there to the
    /// first byte of the answer (the program that was asked), from there to the last (the transfer), and how long the window of
    /// who asked was shut in that time.
    ///
    /// ## Example
    /// `rpc-slow-server`: the reply comes after 3 s on a path of 4 ms. `smb2-slow-server-reply`, at the server: the reply is
    /// sent after 1 ms, sent again three times, and acknowledged after 1.5 s.
    ///
    /// ## What to do
    /// Capture at the server. Is the answer late there too, look at the server's load, locks, disks and what it asks
    /// itself; if not, the path loses time.
    ///
    /// ## References
    /// None: experience.
    pub SlowAnswer = "slow-answer" {
        summary: "Answered, but far too late",
        severity: Warning,
        category: Dialogue,
        protocols: [],
        reference: "no standard says how long an answer may take",
    }
}

/// Whoever opens a pipe binds in it within this time: seconds.
const PROMPT: f64 = 1.0;
/// So many other answers of an operation make a usual time.
const OTHERS: u64 = 3;

/// An answer that is told.
struct Slow<'a> {
    answered: &'a Answered,
    usual: Option<Usual>,
    severity: Severity,
    way: Way,
    culprit: Culprit,
    /// What there is to say of loss.
    lost: &'static str,
    pending: Option<Pending<'a>>,
}

/// Those of one operation that point at the same, the slowest first.
fn alike(slow: Vec<Slow<'_>>) -> Vec<Vec<Slow<'_>>> {
    let key = |s: &Slow<'_>| (s.answered.side, s.answered.op, s.culprit);
    let mut groups: Vec<Vec<Slow<'_>>> = Vec::new();
    for one in slow {
        match groups
            .iter_mut()
            .find(|g| g.first().is_some_and(|f| key(f) == key(&one)))
        {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// What an answer's time is compared with.
struct Usual {
    secs: f64,
    what: &'static str,
    /// Of the same operation.
    same: bool,
}

impl SlowAnswer {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let thresholds = &view.world.thresholds;
        let mut slow: Vec<&Answered> = view
            .session
            .troubles
            .slow
            .iter()
            .filter(|a| !a.long_wait && took(a) > thresholds.slow_answer)
            .collect();
        slow.sort_by_key(|a| std::cmp::Reverse(a.nanos_to_first()));
        let queued = in_line(view, &mut slow);
        let mut told: Vec<&Answered> = Vec::new();
        let mut notes: Vec<Slow<'_>> = Vec::new();
        for answered in slow {
            // An answer that waited for one that is told already is slow only because of it.
            let behind = told
                .iter()
                .any(|t| t.asked < answered.asked && answered.began <= t.answered);
            if behind {
                continue;
            }
            if view.lost_between(answered.asked, answered.answered) {
                let why = "bytes are missing between the request and the answer: it may have been put off";
                out.cannot_tell(&META, "T4", why);
            } else if dcerpc::bound_unseen(view, answered.op) {
                out.cannot_tell(&META, "T1", dcerpc::BOUND_UNSEEN);
            } else if let Some(slow) = judge(view, answered) {
                told.push(answered);
                if slow.severity > Severity::Note {
                    out.raise(behind_it(finding(view, &slow), &queued, answered));
                } else {
                    notes.push(slow);
                }
            }
        }
        for alike in alike(notes) {
            match alike.as_slice() {
                [worst, .., _, _] => out.raise(finding_of_many(view, worst, &alike)),
                few => {
                    for slow in few {
                        let finding = finding(view, slow);
                        out.raise(behind_it(finding, &queued, slow.answered));
                    }
                }
            }
        }
        late::run(view, &told, out);
    }
}

/// Answers of HTTP/1 that only waited for their turn: taken out of `slow`, and given with the one that kept them.
fn in_line<'a>(view: &View<'_>, slow: &mut Vec<&'a Answered>) -> Vec<(&'a Answered, &'a Answered)> {
    let mut queued: Vec<(&Answered, &Answered)> = Vec::new();
    if view.session.protocol != "http" {
        return queued;
    }
    // What is answered before a request is whole waited for the rest of that.
    let mut early = view.session.facts_named("http.early-answer").peekable();
    if early.peek().is_some() {
        let early: Vec<_> = early.filter_map(|f| f.request).collect();
        slow.retain(|a| !early.contains(&a.asked));
    }
    let least = view.world.thresholds.slow_answer;
    let mut in_order = slow.clone();
    in_order.sort_by_key(|a| (a.began, a.asked));
    for (at, late) in in_order.iter().enumerate() {
        let kept = in_order.iter().take(at).rev().find(|first| {
            let waited = first.asked <= late.asked && late.asked < first.began;
            waited && late.began.time.since(first.answered.time) <= least
        });
        if let Some(first) = kept {
            let root = queued.iter().find(|(late, _)| std::ptr::eq(*late, *first));
            queued.push((late, root.map_or(first, |(_, root)| root)));
        }
    }
    slow.retain(|a| !queued.iter().any(|(late, _)| std::ptr::eq(*late, *a)));
    queued
}

/// Says which other answers waited for this one.
fn behind_it(finding: Finding, queued: &[(&Answered, &Answered)], root: &Answered) -> Finding {
    let behind = queued.iter().filter(|(_, r)| std::ptr::eq(*r, root));
    let stamps: Vec<_> = behind.map(|(late, _)| late.began).collect();
    if stamps.is_empty() {
        return finding;
    }
    let count = stamps.len() as u64;
    let said = format!(
        "{} waited behind it, since HTTP/1.1 answers in the order of the requests: what they took themselves nobody sees.",
        counted(count, "later answer")
    );
    finding
        .frames(&stamps, "waited-behind-it")
        .also(&said)
        .number("behind", count as f64)
}

fn took(answered: &Answered) -> f64 {
    answered.nanos_to_first() as f64 / 1e9
}

fn judge<'a>(view: &View<'a>, answered: &'a Answered) -> Option<Slow<'a>> {
    let factor = view.world.thresholds.slow_times_median;
    let usual = usual(view, answered);
    let took = took(answered);
    let thresholds = &view.world.thresholds;
    let pending = Pending::of(view, answered);
    let severity = match &usual {
        // It waited for another client, which is no trouble where that one is quick.
        _ if pending.as_ref().is_some_and(Pending::is_explained) => {
            if took > thresholds.least_patience {
                META.severity
            } else {
                Severity::Note
            }
        }
        // Operations of HTTP differ by their target, which may be a long poll.
        Some(_) if matches!(view.session.protocol, "http" | "http2") => Severity::Note,
        // A Pong may wait for its turn, or be one for several Pings.
        _ if view.session.protocol == "websocket" && answered.op.name == "Ping" => Severity::Note,
        Some(usual)
            if usual.same && took > factor * usual.secs && !starts_a_service(view, answered) =>
        {
            META.severity
        }
        _ if took > thresholds.patience(view.session.protocol, answered.op) => META.severity,
        None => Severity::Note,
        // The usual time itself is long: the operation is always slow.
        Some(usual) if took > factor * usual.secs || usual.secs > thresholds.slow_answer => {
            Severity::Note
        }
        Some(_) => return None,
    };
    let way = Way::of_answered(view, answered);
    let (mut culprit, lost) = culprit(view, answered, &way);
    if pending.is_some() && culprit == Culprit::Server {
        // It waited for somebody else.
        culprit = Culprit::Unknown;
    }
    Some(Slow {
        answered,
        usual,
        severity,
        way,
        culprit,
        lost,
        pending,
    })
}

/// Every bind is the first of its connection, and may start the service behind the interface, or have its server ask
/// another about the user: others of its kind say little about it. So may the opening of the pipe that it goes through.
fn starts_a_service(view: &View<'_>, answered: &Answered) -> bool {
    let is_pipe = || {
        let mut pipes = view.flow.children(view.session);
        pipes.any(|pipe| {
            let after = pipe.first.time.since(answered.answered.time);
            pipe.protocol == "dcerpc" && (0.0..PROMPT).contains(&after)
        })
    };
    match answered.op.name {
        "Bind" | "AlterContext" => true,
        "CREATE" | "NT_CREATE_ANDX" => is_pipe(),
        _ => false,
    }
}

fn usual(view: &View<'_>, answered: &Answered) -> Option<Usual> {
    let session = view.session;
    let times = view
        .world
        .times(session.protocol, answered.op, view.flow.server);
    if let Some(times) = times.filter(|t| t.count() > OTHERS) {
        let secs = times.quantile(0.5)?;
        let what = "the median of this operation at this server";
        return Some(Usual {
            secs,
            what,
            same: true,
        });
    }
    if let Some(secs) = others(session, answered) {
        let what = "the median of the session's other answers";
        return Some(Usual {
            secs,
            what,
            same: false,
        });
    }
    let nanos = view.tcp()?.round_trip_nanos()?;
    Some(Usual {
        secs: nanos as f64 / 1e9,
        what: "the round trip of the connection's handshake",
        same: false,
    })
}

/// The median of all other answers of the session. It is robust against one slow answer more, so that where there are
/// enough, the one in question need not be taken out.
fn others(session: &Session, answered: &Answered) -> Option<f64> {
    let mut all = crate::session::times::Times::default();
    for operation in &session.operations {
        if operation.op != answered.op || operation.times.count() > 1 {
            all.merge(&operation.times);
        }
    }
    // With its own operation left out, or in the minority.
    let own = session.operations.iter().find(|o| o.op == answered.op);
    let only_own = own.is_some_and(|o| o.times.count() == all.count());
    if all.count() == 0 || only_own {
        return None;
    }
    all.quantile(0.5)
}

fn finding(view: &View<'_>, slow: &Slow<'_>) -> Finding {
    let answered = slow.answered;
    let again = if answered.repeats > 0 {
        format!(
            " The request was sent {} meanwhile.",
            once_more(answered.repeats.into())
        )
    } else {
        String::new()
    };
    let asked = asked(view, answered);
    let finding = Finding::new(&META, answered.began)
        .frame(answered.asked, "request")
        .maybe_frame(slow.way.acked, "acknowledged")
        .frame(answered.began, "answer")
        .title(format!(
            "{asked} was answered after {}",
            seconds(took(answered))
        ))
        .explain(format!(
            "The {} asked {asked} in frame {}; the answer began {} later in frame {}. {}{again}{}{}",
            answered.side,
            answered.asked.frame,
            seconds(took(answered)),
            answered.began.frame,
            compared(slow),
            slow.way.told(),
            slow.lost
        ));
    let finding = blamed(view, slow, finding);
    match &slow.pending {
        Some(pending) => pending.tell(finding),
        None => finding,
    }
}

/// What was asked: of HTTP with its target, where just one answer was told there.
fn asked(view: &View<'_>, answered: &Answered) -> String {
    let here = |f: &&SeenFact| f.began == answered.began && f.stamp == answered.answered;
    let mut named = view.session.facts_named("http.slow").filter(here);
    match (named.next(), named.next()) {
        (Some(fact), None) => request_words(fact),
        _ => answered.op.to_string(),
    }
}

/// One finding on all of an operation's that are alike; the slowest is the first of them.
fn finding_of_many(view: &View<'_>, worst: &Slow<'_>, alike: &[Slow<'_>]) -> Finding {
    let mut answers: Vec<&Answered> = alike.iter().map(|slow| slow.answered).collect();
    answers.sort_by_key(|a| a.asked);
    let stamps = |of: fn(&Answered) -> Stamp| -> Vec<Stamp> {
        answers.iter().map(|answered| of(answered)).collect()
    };
    let (asked, began) = (stamps(|a| a.asked), stamps(|a| a.began));
    let shortest = answers
        .iter()
        .map(|a| took(a))
        .fold(f64::INFINITY, f64::min);
    // The slowest are kept, and there may be more.
    let count = format!(
        "{}{} times",
        if view.keeps_all_slow() {
            ""
        } else {
            "at least "
        },
        answers.len()
    );
    let (least, most) = (seconds(shortest), seconds(took(worst.answered)));
    let range = if least == most {
        format!("after {most}")
    } else {
        format!("after {least} to {most}")
    };
    let op = worst.answered.op;
    let first = asked.first().copied().unwrap_or(worst.answered.asked);
    let finding = Finding::new(&META, first)
        .frames(&asked, "request")
        .maybe_frame(worst.way.acked, "acknowledged")
        .frames(&began, "answer")
        .title(format!("{op} was answered {range}, {count}"))
        .explain(format!(
            "The {} asked {op} {count}, first in frame {}, and was answered {range}: the longest wait is that from frame {} to \
             the answer in frame {}. {}{}{}",
            worst.answered.side,
            first.frame,
            worst.answered.asked.frame,
            worst.answered.began.frame,
            compared(worst),
            worst.way.told(),
            worst.lost
        ))
        .number("answers", answers.len() as f64)
        .number("shortest", shortest);
    blamed(view, worst, finding)
}

fn compared(slow: &Slow<'_>) -> String {
    slow.usual.as_ref().map_or_else(
        || "There is nothing to compare it with.".to_owned(),
        |u| format!("Usual is {} ({}).", seconds(u.secs), u.what),
    )
}

/// Severity, culprit, advice and numbers.
fn blamed(view: &View<'_>, slow: &Slow<'_>, finding: Finding) -> Finding {
    let finding = finding
        .severity(slow.severity)
        .side(slow.culprit)
        .advise(advice(slow.culprit, slow.answered.side))
        .number("took", took(slow.answered))
        .number("threshold", view.world.thresholds.slow_answer)
        .number("usual", slow.usual.as_ref().map_or(0.0, |u| u.secs));
    slow.way.count(finding)
}

/// What to do where `asker` asked.
fn advice(culprit: Culprit, asker: Side) -> &'static str {
    match (culprit, asker) {
        (Culprit::Network, _) => {
            "Look for loss on the path: what was sent again, link errors, full queues."
        }
        (Culprit::Client, Side::Client) | (Culprit::Server, Side::Server) => {
            "Look at the program that asked: it does not read what it is sent."
        }
        (_, Side::Server) => {
            "Capture at the client: is the answer late there too, look at the client's program, otherwise at the path."
        }
        _ => {
            "Capture at the server: is the answer late there too, look at the server, otherwise at the path."
        }
    }
}

/// Loss where there was loss, who asked where it could take nothing, otherwise whoever was asked; and what there is to say of
/// the loss.
fn culprit(view: &View<'_>, answered: &Answered, way: &Way) -> (Culprit, &'static str) {
    let took = took(answered);
    let stalled = view.tcp().is_some_and(|tcp| {
        [&tcp.sides.client, &tcp.sides.server].iter().any(|s| {
            s.stalls.longest.is_some_and(|(a, b)| {
                let within = b > answered.asked && a < answered.began;
                let long = b.time.since(a.time) > took / 2.0;
                // Nothing acknowledged it before the answer came.
                let unheard = way.acked.is_none() && s.stalls.nanos as f64 / 1e9 > took / 2.0;
                within && (long || unheard)
            })
        })
    });
    // A reply for every copy: the first one had arrived as well.
    let again = view.session.troubles.double_replies.iter();
    let all = again.filter(|d| d.first == answered.answered).count() >= answered.repeats as usize;
    // TCP acknowledges within half a second what has arrived.
    let late = way.until_acknowledged().is_some_and(|t| t > took / 2.0);
    if stalled || late {
        let lost = " Bytes were lost on the way and sent again: the network had most of the time.";
        (Culprit::Network, lost)
    } else if answered.repeats > 0 && !all {
        (Culprit::Network, "")
    } else if way.is_shut_out() {
        (Culprit::from(answered.side), "")
    } else {
        (Culprit::from(answered.side.other()), "")
    }
}

#[cfg(test)]
mod tests;
