//! `rpc-slots-exhausted`.

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::Session;
use crate::session::rhythm::InFlight;

declare_rule! {
    /// ## What it means
    /// The client had as many calls in flight as its table of slots holds, or seems to hold, and sent the next one only when an answer
    /// made room: the calls queue at the client.
    ///
    /// ## Why it matters
    /// Programs wait in a queue that no capture shows. The server looks no slower than before, while everything above it
    /// takes longer; and one slow operation keeps a slot from all the others.
    ///
    /// ## How it is told
    /// The number of calls in flight rose to the slots of the NFSv4.1 session, as CREATE_SESSION granted them or the last
    /// SEQUENCE told (or to those that the server wants used, where these are fewer). Where no session tells: to a size
    /// that tables of slots have (16, 32, 64, 128, 256 or 512), and never above. And a hundred times at least an answer
    /// made it one less and the next call at once (within 2 ms on average) one more; and it stood there for a second in all
    /// and for half of the time between the first and the last time. Certainty is `likely` where no session tells: a
    /// program with so many threads of its own, or a read-ahead of that size, looks alike. A session that goes over several
    /// connections has its slots in use in all of them together, and is not judged by one of them. Fewer than 16 slots are
    /// not judged either: a program that waits for each of its answers has them in use all the time.
    ///
    /// ## Example
    /// A client with `sunrpc.tcp_max_slot_table_entries=16` that reads many files from a slow server.
    ///
    /// ## What to do
    /// Find out why answers take so long; then allow more: `sunrpc.tcp_max_slot_table_entries` and `nconnect=` (Linux), more
    /// threads at the server (`RPCNFSDCOUNT`), for NFSv4.1 `max_session_slots` of both.
    ///
    /// ## References
    /// RFC 8881 section 2.10.6 on slots; for older versions the client's implementation.
    pub RpcSlotsExhausted = "rpc-slots-exhausted" {
        summary: "All slots for calls in use, as it seems",
        severity: Warning,
        category: Resources,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 8881 section 2.10.6",
    }
}

/// Refills that make a pattern.
const REFILLS: u64 = 100;
/// From an answer to the next call on average, at most: seconds.
const AT_ONCE: f64 = 0.002;
/// Seconds at the limit, in all.
const LONG: f64 = 1.0;

impl RpcSlotsExhausted {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(flight) = view.session.troubles.in_flight.as_deref() else {
            return;
        };
        let full = flight.nanos as f64 / 1e9;
        let within = flight.last.time.since(flight.reached.time);
        let at_once = flight.refill_nanos as f64 / 1e9 <= AT_ONCE * flight.refilled as f64;
        let slots = slots(view.session);
        let is_full = match slots {
            Some(slots) => flight.most >= slots && in_use(view.session) >= Some(slots),
            None => flight.most.is_power_of_two(),
        };
        let is_pattern = is_full
            && flight.refilled >= REFILLS
            && at_once
            && full >= LONG
            && full >= within / 2.0;
        if !is_pattern {
            return;
        }
        if Side::BOTH.into_iter().any(|side| view.lost(side)) {
            let why = "bytes are missing, and calls that seem to wait may have been answered";
            out.cannot_tell(&META, "T4", why);
        } else {
            let finding = finding(view, flight, full, within);
            out.raise(match slots {
                Some(slots) => finding.number("slots", slots as f64),
                None => finding.likely(),
            });
        }
    }
}

/// The slots that the client may use, where its session is of NFSv4.1.
fn slots(session: &Session) -> Option<usize> {
    let granted = number(session, "slots_granted")?;
    Some(number(session, "slots_wanted").map_or(granted, |wanted| wanted.min(granted)))
}

/// The slots that were in use at most.
fn in_use(session: &Session) -> Option<usize> {
    number(session, "slots_in_use")
}

fn number(session: &Session, key: &str) -> Option<usize> {
    match session.detail(key)? {
        Value::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn finding(view: &View<'_>, flight: &InFlight, full: f64, within: f64) -> Finding {
    let most = flight.most;
    let usual = view.session.response_time().map_or(0.0, |t| t.median);
    Finding::new(&META, flight.reached)
        .side(Culprit::Client)
        .frame(flight.reached, "all-in-use")
        .frame(flight.last, "all-in-use-last")
        .title(format!(
            "{most} calls in flight and never more: the client's slots are all in use"
        ))
        .explain(format!(
            "From frame {} to frame {}, {}, {} had {most} calls waiting for their answer and never more, {} of that time. {} \
             times an answer was followed by the next call at once: further calls queue at the client. Half of the answers \
             took {} or more.",
            flight.reached.frame,
            flight.last.frame,
            seconds(within),
            view.client(),
            seconds(full),
            flight.refilled,
            seconds(usual)
        ))
        .advise("Find out why answers take so long; allow more slots, connections (nconnect) or threads at the server.")
        .number("in_flight", most as f64)
        .number("refilled", flight.refilled as f64)
        .number("seconds", full)
        .number("median", usual)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "rpc-slots-exhausted";

    /// `slots` calls at once; then each answer makes room for the next call, `pause` seconds later.
    fn queueing(slots: u32, calls: u32, pause: f64) -> Script {
        let ask = |script: Script, xid| script.client(&record(&call(xid)));
        let full = (0..slots).fold(over_tcp(), ask);
        (0..calls).fold(full, |script, xid| {
            let freed = script.wait_ms(20).server(&record(&answer(xid)));
            ask(freed.wait_secs(pause), xid + slots)
        })
    }

    fn drained(mut script: Script, from: u32, slots: u32) -> Script {
        for xid in from..from + slots {
            script = script.server(&record(&answer(xid)));
        }
        script.close()
    }

    #[test]
    fn sixteen_and_never_more() {
        let found = findings(drained(queueing(16, 150, 0.0), 150, 16).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("in_flight", 16.0)));
    }

    #[test]
    fn another_number_a_pause_or_few_are_quiet() {
        for script in [
            drained(queueing(17, 150, 0.0), 150, 17),
            drained(queueing(16, 150, 0.01), 150, 16),
            drained(queueing(16, 50, 0.0), 50, 16),
            drained(queueing(8, 150, 0.0), 150, 8),
        ] {
            assert!(findings(script.frames(), RULE).is_empty());
        }
    }

    const WORD: usize = 4;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    /// A compound of NFSv4.1 with SEQUENCE alone, in that slot.
    fn compound(xid: u32, slot: u32) -> Vec<u8> {
        let head = [xid, 0, 2, 100_003, 4, 1, 0, 0, 0, 0, 0, 1, 1, 53];
        record(&[words(&head), vec![7; 4 * WORD], words(&[1, slot, slot, 0])].concat())
    }

    /// Its answer, from a server with so many slots that wants so many used.
    fn answered(xid: u32, slot: u32, [granted, wanted]: [u32; 2]) -> Vec<u8> {
        let head = words(&[xid, 1, 0, 0, 0, 0, 0, 0, 1, 53, 0]);
        let told = words(&[1, slot, granted - 1, wanted - 1, 0]);
        record(&[head, vec![7; 4 * WORD], told].concat())
    }

    /// A client that has `used` slots in use all the time.
    fn session(used: u32, slots: [u32; 2]) -> Script {
        let full = (0..used).fold(over_tcp(), |s, xid| s.client(&compound(xid, xid)));
        let full = (0..150).fold(full, |script, xid| {
            let freed = script.wait_ms(20).server(&answered(xid, xid % used, slots));
            freed.client(&compound(xid + used, xid % used))
        });
        let rest = 150..150 + used;
        rest.fold(full, |s, xid| s.server(&answered(xid, xid % used, slots)))
            .close()
    }

    #[test]
    fn all_that_the_session_has() {
        let found = findings(session(30, [30, 30]).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].certainty, Certainty::Certain);
        assert!(found[0].numbers.contains(&("slots", 30.0)));
        // As many as the server wants used.
        assert_eq!(findings(session(20, [64, 20]).frames(), RULE).len(), 1);
    }

    #[test]
    fn a_power_of_two_below_what_the_session_has_is_quiet() {
        assert!(findings(session(16, [30, 30]).frames(), RULE).is_empty());
        assert!(findings(session(32, [64, 64]).frames(), RULE).is_empty());
    }

    #[test]
    fn answers_that_were_not_captured_leave_it_open() {
        let script = queueing(16, 150, 0.0).server_lost(&record(&answer(150)));
        let frames = drained(script, 151, 15).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
