//! `duplicate-message`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule, once_more, seconds};
use crate::session::exchange::DoubleReply;
use crate::session::model::Transport;

declare_rule! {
    /// ## What it means
    /// The same message came twice in the protocol itself: a request with the same id and body, or a second answer.
    ///
    /// ## Why it matters
    /// Whoever repeats a request has waited in vain for its answer. A request that is not safe to be repeated may have
    /// been carried out twice.
    ///
    /// ## How it is told
    /// By the protocol's id and a fingerprint of the message, in the reassembled stream: retransmissions of TCP
    /// and copies of a mirror port are not repeated messages. Over UDP a repeated request
    /// is the protocol's way to repair a loss, and a note; so is a second answer there, and one to a repeated request.
    ///
    /// ## Example
    /// `rpc-duplicate-reply`: one call, two replies.
    ///
    /// ## What to do
    /// For requests: why was the first one not answered in time? For answers: look for two servers with one address, or
    /// for a program that answers twice.
    ///
    /// ## References
    /// RFC 5531 section 9 (xid, at-most-once), MS-SMB2 3.3.5.2.3.
    pub DuplicateMessage = "duplicate-message" {
        summary: "The same message twice",
        severity: Warning,
        category: Dialogue,
        protocols: [],
        reference: "RFC 5531 section 9; MS-SMB2 3.3.5.2.3",
    }
}

impl DuplicateMessage {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(repeated) = Repeated::of(view) {
            if view.one_sided() {
                let why =
                    "only one direction was captured: an id may have been answered and used again";
                out.cannot_tell(&META, "T3", why);
            } else if view.lost(repeated.side.other()) {
                let why = "answers are missing: an id may have been answered and used again";
                out.cannot_tell(&META, "T4", why);
            } else {
                out.raise(request(view, &repeated));
            }
        }
        let replies = &view.session.troubles.double_replies;
        // Two calls under one id have two answers; rpc-xid-reused tells of them.
        let two_calls = |r: &DoubleReply| {
            let mut repeats = view.session.troubles.repeats.iter();
            repeats.any(|q| q.differs && q.id == r.id && q.side != r.side)
        };
        let replies: Vec<_> = replies.iter().filter(|r| !two_calls(r)).collect();
        let unasked = replies.iter().find(|r| !r.request_repeated);
        if let Some(reply) = unasked.or_else(|| replies.first()) {
            if view.lost(reply.side.other()) {
                let why = "requests are missing: another one may have had that id";
                return out.cannot_tell(&META, "T4", why);
            }
            out.raise(answer(view, reply, replies.len()));
        }
    }
}

/// Requests of a session that were sent again, and the one that was most often.
struct Repeated {
    requests: usize,
    side: Side,
    op: String,
    first: Stamp,
    again: Vec<Stamp>,
    count: u32,
    answered: Option<Stamp>,
}

impl Repeated {
    fn of(view: &View<'_>) -> Option<Self> {
        let session = view.session;
        let done = session
            .troubles
            .repeats
            .iter()
            .filter(|r| !r.differs)
            .map(|r| Self {
                requests: 1,
                side: r.side,
                op: r.op.to_string(),
                first: r.first,
                again: r.again.to_vec(),
                count: r.count,
                answered: r.answered,
            });
        let open = session.open.iter().filter(|o| o.repeat_count > 0);
        let open = open.map(|o| Self {
            requests: 1,
            side: o.side,
            op: o.op.to_string(),
            first: o.asked,
            again: o.repeats.to_vec(),
            count: o.repeat_count,
            answered: None,
        });
        done.chain(open).reduce(|a, b| {
            let requests = a.requests + b.requests;
            let worse = if b.count > a.count { b } else { a };
            Self { requests, ..worse }
        })
    }
}

fn request(view: &View<'_>, it: &Repeated) -> Finding {
    let by_design = view.flow.transport == Transport::Udp;
    let end = match it.answered {
        Some(stamp) if it.again.first().is_some_and(|again| stamp < *again) => format!(
            "the answer (frame {}) was there before it was sent again, so it came too late or was lost behind the place \
             of this capture",
            stamp.frame
        ),
        Some(stamp) => format!(
            "it was answered {} after it was sent first (frame {})",
            seconds(stamp.time.since(it.first.time)),
            stamp.frame
        ),
        None => "it was not answered".to_owned(),
    };
    Finding::new(&META, it.again.first().copied().unwrap_or(it.first))
        .severity(if by_design { Severity::Note } else { META.severity })
        .frame(it.first, "request")
        .frames(&it.again, "request-again")
        .maybe_frame(it.answered, "answer")
        .title(format!(
            "{} was asked {} times",
            it.op,
            u64::from(it.count) + 1
        ))
        .explain(format!(
            "The {} sent {} (frame {}) {} with the same id; {end}. Requests of this session that were \
             repeated: {}.",
            it.side,
            it.op,
            it.first.frame,
            once_more(it.count.into()),
            it.requests
        ))
        .advise("Find out why the first one was not answered in time: loss on the way, or a slow server.")
        .number("repeats", f64::from(it.count))
        .number("requests", it.requests as f64)
}

fn answer(view: &View<'_>, reply: &DoubleReply, count: usize) -> Finding {
    let datagrams = view.flow.transport == Transport::Udp;
    let by_design = reply.request_repeated || datagrams;
    let why = if datagrams && !reply.request_repeated {
        "Over UDP the network may double an answer, and a repeated request may have passed unseen."
    } else if by_design {
        "The request had been repeated, so that two answers are no wonder."
    } else {
        "The request had been sent once."
    };
    Finding::new(&META, reply.again)
        .severity(if by_design { Severity::Note } else { META.severity })
        .side(reply.side)
        .frame(reply.first, "answer")
        .frame(reply.again, "answer-again")
        .title(format!("The {} answered {} twice", reply.side, reply.op))
        .explain(format!(
            "{} (id {:#x}) was answered in frame {} and again in frame {}. {why} Answers of this session that \
             came once more: {count}.",
            reply.op, reply.id, reply.first.frame, reply.again.frame
        ))
        .advise("Look for a program that answers twice, or for two servers with one address.")
        .number("answers", count as f64)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, over_udp, record};
    use crate::diagnosis::rules::bench::dcerpc::{bound, request, response};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::rules::bench_rpc::{NFS, asks};
    use crate::limits;

    const RULE: &str = "duplicate-message";

    #[test]
    fn two_answers_to_one_call() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .server(&record(&answer(1)))
            .server(&record(&answer(1)))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn two_calls_under_one_id_have_two_answers() {
        let script = over_tcp()
            .client(&asks(1, [NFS, 3, 1], &[1; 8]))
            .client(&asks(1, [NFS, 3, 4], &[2; 12]))
            .server(&record(&answer(1)))
            .server(&record(&answer(1)))
            .close();
        assert_eq!(loud(script.frames()), ["rpc-xid-reused"]);
    }

    #[test]
    fn a_call_repeated_on_one_connection() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .wait_secs(2.0)
            .client(&record(&call(1)))
            .server(&record(&answer(1)))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].frames.iter().any(|e| e.role == "request-again"));
    }

    #[test]
    fn a_second_answer_has_the_name_of_its_operation_however_many_there_are() {
        let operations = limits::OPERATIONS as u8 + 70;
        let all = (0..operations).fold(bound(), |script, n| {
            let call = n.wrapping_add(2);
            script.client(&request(call, n)).server(&response(call, 0))
        });
        // One of the last that are remembered, and the last.
        for n in [operations - 60, operations - 1] {
            let again = all.clone().server(&response(n.wrapping_add(2), 0));
            let found = findings(again.close().frames(), RULE);
            assert_eq!(
                found[0].title,
                format!("The server answered srvsvc operation {n} twice")
            );
        }
    }

    #[test]
    fn a_retry_over_udp_is_by_design() {
        let script = over_udp()
            .client(&call(1))
            .wait_ms(800)
            .client(&call(1))
            .server(&answer(1));
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn retransmissions_of_tcp_and_mirrored_datagrams_are_not_repeated_messages() {
        let tcp = over_tcp()
            .client(&record(&call(1)))
            .retransmit_last(colloquy_dissectors::units::Side::Client)
            .server(&record(&answer(1)))
            .close();
        assert!(loud(tcp.clone().frames()).is_empty());
        assert!(findings(tcp.frames(), RULE).is_empty());
        let udp = over_udp()
            .client(&call(1))
            .duplicate_last()
            .server(&answer(1))
            .duplicate_last();
        assert!(findings(udp.frames(), RULE).is_empty());
    }

    #[test]
    fn ids_used_again_behind_what_was_not_captured_are_not_told() {
        let one_way = over_tcp()
            .client(&record(&call(1)))
            .server_lost(&record(&answer(1)))
            .client(&record(&call(1)))
            .server(&record(&answer(1)));
        let frames = one_way.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
        let reused = (0..3).fold(over_tcp(), |script, _| {
            script.client(&record(&call(1))).server(&record(&answer(1)))
        });
        let frames = reused.close().frames();
        for from in 0..frames.len() {
            let joined = frames.iter().skip(from).cloned().collect();
            assert!(findings(joined, RULE).is_empty(), "from frame {from}");
        }
        let unasked = over_tcp()
            .client(&record(&call(1)))
            .server(&record(&answer(1)))
            .client_lost(&record(&call(1)))
            .server(&record(&answer(1)))
            .client(&record(&call(2)))
            .server(&record(&answer(2)));
        assert!(findings(unasked.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_copy_that_was_not_captured_is_not_told() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .server(&record(&answer(1)))
            .server_lost(&record(&answer(1)))
            .client(&record(&call(2)))
            .server(&record(&answer(2)))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
