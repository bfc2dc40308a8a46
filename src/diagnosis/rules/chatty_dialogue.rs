//! `chatty-dialogue`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::Session;
use crate::session::times::Times;
use crate::stream::facts::TcpFacts;

declare_rule! {
    /// ## What it means
    /// The client asked very many small things one after the other, and most of the time went into round trips.
    ///
    /// ## Why it matters
    /// Nothing is slow by itself, neither the server nor the line; only the number of questions times the way makes the user
    /// wait. More bandwidth does not help.
    ///
    /// ## How it is told
    /// In one session at least 200 requests were answered, with less than a kilobyte a request in both directions together,
    /// and the number of round trips times the round trip of the handshake makes up at least half of the time that the session
    /// took, pauses of more than a second left out, and two seconds at least. Requests that went out in one segment, such as
    /// those of a compound, are one round trip. Where an answer came in less than the handshake's round trip, at the client's
    /// end, that is taken instead: the handshake was only slow. Requests that went out together otherwise make the product
    /// larger than the time itself; then it is not told, nor where half of the answers took longer than one and a half round
    /// trips: then the server is slow.
    ///
    /// ## Example
    /// A program that looks every file of a folder up by name over a line of 30 ms.
    ///
    /// ## What to do
    /// Ask for more at once (larger reads, directory listings with attributes, compounds, caching, leases), let requests go
    /// out in parallel, or bring the program nearer to its server.
    ///
    /// ## References
    /// None: experience.
    pub ChattyDialogue = "chatty-dialogue" {
        summary: "Many small requests, one after the other",
        severity: Note,
        category: Resources,
        protocols: ["smb", "smb2", "nfs"],
        reference: "no standard says how much to ask at once",
    }
}

/// Answered requests that are many.
const MANY: u64 = 200;
/// Bytes a request in both directions that are few.
const SMALL: f64 = 1024.0;
/// Seconds of round trips worth telling.
const LONG: f64 = 2.0;

impl ChattyDialogue {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        let answered = session.requests.answered;
        let bytes = (session.bytes.client + session.bytes.server) as f64 / answered.max(1) as f64;
        if answered < MANY || bytes >= SMALL {
            return;
        }
        let Some(round_trip) = view.tcp().and_then(TcpFacts::round_trip_nanos) else {
            if session.last.time.since(session.first.time) >= LONG {
                let why = "the handshake was not captured, and the round trip is not known";
                out.cannot_tell(&META, "T1", why);
            }
            return;
        };
        let round_trip = shortest(view, round_trip as f64 / 1e9);
        let trips = trips(view);
        let on_the_way = round_trip * trips as f64;
        let took = session.last.time.since(session.first.time) - idle(view);
        let usual = session.response_time().map_or(0.0, |t| t.median);
        let by_the_way = usual <= 1.5 * round_trip;
        if by_the_way
            && trips >= MANY
            && on_the_way >= LONG
            && on_the_way >= took / 2.0
            && on_the_way <= took
        {
            let way = Way {
                trips,
                round_trip,
                on_the_way,
            };
            out.raise(finding(view, &way, took, bytes));
        }
    }
}

/// What went into the way.
struct Way {
    trips: u64,
    /// Seconds of one of them.
    round_trip: f64,
    /// Seconds of all of them.
    on_the_way: f64,
}

/// The round trip of one handshake may be an unlucky one. At the client's end no answer comes sooner than a round trip.
fn shortest(view: &View<'_>, round_trip: f64) -> f64 {
    let operations = view.session.operations.iter().map(|o| &o.times);
    let times = operations.filter(|times| times.count() > 0);
    let soonest = times.map(Times::min).fold(round_trip, f64::min);
    if view.tcp().is_some_and(TcpFacts::is_near_client) {
        soonest
    } else {
        round_trip
    }
}

/// Round trips: what goes out in one segment, or is answered in one, takes one of them.
fn trips(view: &View<'_>) -> u64 {
    let segments = |side: Side| {
        let facts = view.tcp().map(|tcp| &tcp.sides[side]);
        facts.map_or(0, |f| {
            f.data_segments.saturating_sub(f.retransmissions.into())
        })
    };
    let answered = view.session.requests.answered;
    Side::BOTH
        .into_iter()
        .map(segments)
        .fold(answered, u64::min)
}

/// The longest pause of the connection within the session, if it is longer than a second; shorter ones are work.
fn idle(view: &View<'_>) -> f64 {
    let longest = view.tcp().and_then(|t| t.longest_idle);
    longest.map_or(0.0, |(from, to)| {
        let within = from >= view.session.first && to <= view.session.last;
        let idle = to.time.since(from.time);
        if within && idle > 1.0 { idle } else { 0.0 }
    })
}

fn finding(view: &View<'_>, way: &Way, took: f64, bytes: f64) -> Finding {
    let session = view.session;
    let Way {
        trips,
        round_trip,
        on_the_way,
    } = *way;
    let together = if trips < session.requests.answered {
        format!(", in {trips} round trips")
    } else {
        String::new()
    };
    Finding::new(&META, session.last)
        .side(Culprit::Client)
        .frame(session.first, "first")
        .frame(session.last, "last")
        .title(format!(
            "{} small requests one after the other: {} of {} went into round trips",
            session.requests.answered,
            seconds(on_the_way),
            seconds(took)
        ))
        .explain(format!(
            "The client asked {} times and waited for each answer{together}, {:.0} bytes a request in both directions. A round trip \
             takes {}, so that {} of the {} that the session was at work went into the way alone. Most of them: {}.",
            session.requests.answered,
            bytes,
            seconds(round_trip),
            seconds(on_the_way),
            seconds(took),
            most(session)
        ))
        .advise("Ask for more at once, in parallel, or from nearer by; more bandwidth does not help.")
        .number("requests", session.requests.answered as f64)
        .number("round_trips", trips as f64)
        .number("round_trip", round_trip)
        .number("on_the_way", on_the_way)
        .number("took", took)
        .number("bytes_a_request", bytes)
}

/// `120 CREATE, 119 CLOSE, 40 QUERY_INFO`.
fn most(session: &Session) -> String {
    let mut all: Vec<_> = session
        .operations
        .iter()
        .map(|o| (o.times.count(), o.op))
        .collect();
    all.sort_by_key(|(count, op)| (std::cmp::Reverse(*count), op.name));
    let told: Vec<_> = all
        .iter()
        .take(3)
        .map(|(n, op)| format!("{n} {op}"))
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::calls::{answer, call, healthy, record};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "chatty-dialogue";

    fn far(milliseconds: i64) -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:2049").round_trip_ms(milliseconds)
    }

    #[test]
    fn three_hundred_questions_over_a_long_way() {
        let found = findings(healthy(far(20).connect(), 300).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].explanation.contains("300 nfs3 NULL"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn a_short_way_few_questions_or_many_at_once_are_quiet() {
        let near = healthy(far(1).connect(), 300).close();
        assert!(findings(near.frames(), RULE).is_empty());
        let few = healthy(far(20).connect(), 150).close();
        assert!(findings(few.frames(), RULE).is_empty());
        let mut script = far(20).connect();
        for round in 0..30 {
            let xids = round * 10..round * 10 + 10;
            let calls: Vec<u8> = xids.clone().flat_map(|xid| record(&call(xid))).collect();
            let answers: Vec<u8> = xids.flat_map(|xid| record(&answer(xid))).collect();
            script = script.client(&calls).server(&answers);
        }
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn requests_in_one_segment_are_one_round_trip() {
        let mut script = far(20).connect();
        for round in 0..300 {
            let xids = round * 3..round * 3 + 3;
            let calls: Vec<u8> = xids.clone().flat_map(|xid| record(&call(xid))).collect();
            let answers: Vec<u8> = xids.flat_map(|xid| record(&answer(xid))).collect();
            script = script.client(&calls).server(&answers);
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("round_trips", 300.0)));
    }

    #[test]
    fn a_handshake_that_was_slow_is_not_the_round_trip() {
        let slow = far(60).connect().round_trip_ms(20);
        let found = findings(healthy(slow, 300).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        // Where nothing is on the way, it does not count.
        let near = far(60).connect().round_trip_ms(1);
        assert!(findings(healthy(near, 300).close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_slow_server_is_another_matter() {
        let mut script = far(20).connect();
        for xid in 0..300 {
            script = script
                .client(&record(&call(xid)))
                .wait_ms(100)
                .server(&record(&answer(xid)));
        }
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn without_its_handshake_it_cannot_be_told() {
        let frames = healthy(far(20), 300).close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T1"]);
    }
}
