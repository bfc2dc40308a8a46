//! `tcp-connect-unanswered`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::world::{Failures, Neighbours};
use crate::diagnosis::{
    Culprit, Finding, Severity, Verdicts, View, counted, declare_rule, seconds,
};
use crate::stream::facts::TcpFacts;

declare_rule! {
    /// ## What it means
    /// A connect was asked for again and again, and nobody answered: neither yes (SYN-ACK) nor no (RST, ICMP).
    ///
    /// ## Why it matters
    /// The program that connects hangs for its whole connect time-out, often a minute or two, and then fails.
    ///
    /// ## How it is told
    /// The same SYN was sent at least twice and nothing ever came back. A client that has to repeat its SYN has got
    /// no answer, wherever the capture was made. Likewise a SYN-ACK that was repeated and never acknowledged: the
    /// server's answer does not reach the client. A single SYN shortly before the capture ends tells nothing. The same
    /// client's further connects to the same address and port are told with the first; a host that is silent on twenty
    /// ports within a minute is being scanned, and it is a note. What became of other connects to the same address and port is
    /// told along; where at least two stand and the server's program has said nothing on any of them, its queue of connections
    /// is likely full.
    ///
    /// ## Example
    /// `http-page-load-hangs`: dozens of SYNs to hosts that do not answer.
    ///
    /// ## What to do
    /// Is the address right and the host up? Otherwise a firewall drops the SYN or the answer: capture at the server to
    /// see whether the SYN arrives. A closed port alone would answer with a reset.
    ///
    /// ## References
    /// RFC 9293 section 3.5.
    pub TcpConnectUnanswered = "tcp-connect-unanswered" {
        summary: "Connect never answered",
        severity: Error,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.5",
    }
}

/// So many connections without a word of the server's program show that it accepts none.
const QUEUE: u32 = 2;
/// A SYN is repeated after a second (RFC 6298 section 2.1); when it was not by then, the client gave up early.
const UNTIL_REPEATED: f64 = 3.0;

impl TcpConnectUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        let (client, server) = (&tcp.sides.client, &tcp.sides.server);
        let only_syns = client.frames == u64::from(client.syn_count) && client.syn_count > 0;
        if only_syns
            && client.syn_count > 1
            && server.frames == 0
            && view.world.hearing.is_deaf(view.flow.client.address)
        {
            out.cannot_tell(
                &META,
                "T3",
                "of the client's other connections only its own direction was captured: an answer would not be seen",
            );
        } else if only_syns && server.frames == 0 && tcp.icmp.is_empty() {
            let single = client.syns.first().filter(|_| client.syn_count == 1);
            match single {
                None => {
                    let first = client.syns.first().copied().unwrap_or_default();
                    if let Some(failures) = view.world.failures(first) {
                        let finding = no_answer(view, tcp);
                        out.raise(with_others(view, failures, "never answered", finding));
                    }
                }
                Some(syn) if view.until_end(*syn) < UNTIL_REPEATED => out.cannot_tell(
                    &META,
                    "T2",
                    "the capture ended before the connect could be answered or repeated",
                ),
                Some(_) => {}
            }
        } else if tcp.syn_ack_count >= 2 && only_syns && tcp.reset().is_none() {
            out.raise(answer_lost(view, tcp));
        }
    }
}

/// Says of how many more connects the same is true. `how`: "refused".
pub(super) fn with_others(
    view: &View<'_>,
    failures: &Failures,
    how: &str,
    mut finding: Finding,
) -> Finding {
    if failures.count < 2 {
        return finding;
    }
    if failures.is_scan() {
        finding = finding.severity(Severity::Note).title(format!(
            "{} tried {} addresses or ports and was {how}: a scan",
            view.flow.client.address, failures.targets
        ));
    }
    finding
        .also(&format!(
            "The same client had {} connects in all that were {how}, the last in frame {}.",
            failures.count, failures.last.frame
        ))
        .frame(failures.last, "last-syn")
        .number("connects", f64::from(failures.count))
        .number("targets", f64::from(failures.targets))
}

fn no_answer(view: &View<'_>, tcp: &TcpFacts) -> Finding {
    let client = &tcp.sides.client;
    let first = client.syns.first().copied().unwrap_or_default();
    let last = client.last.unwrap_or(first);
    let tried = last.time.since(first.time);
    let others = view.world.neighbours(view.flow.server, first, last.time);
    let full = others.taken >= QUEUE && others.mute == others.taken;
    let finding = Finding::new(&META, first);
    let finding = if full { finding.likely() } else { finding };
    finding
        .side(if full {
            Culprit::Server
        } else {
            Culprit::Unknown
        })
        .frames(&client.syns, "syn")
        .maybe_frame(others.last.or(others.alive), "other-connect")
        .title(format!("The connect to {} was never answered", view.server()))
        .explain(format!(
            "{} asked to connect to {} {} times within {} and got nothing back: no SYN-ACK, no reset, no ICMP error. {}",
            view.client(),
            view.server(),
            client.syn_count,
            seconds(tried),
            reason(view, others)
        ))
        .advise(if others.taken > 0 {
            "See whether the server's program accepts connections: its listen queue (ss -ltn), nstat -az TcpExtListenOverflows \
             TcpExtListenDrops. If these count nothing, look for a limit of connections on the way."
        } else {
            "Check the address, the host and the firewalls between; capture at the server to see whether SYNs arrive."
        })
        .number("syns", f64::from(client.syn_count))
        .number("tried", tried)
}

/// Why nobody answered, by what became of other connects to the same address.
fn reason(view: &View<'_>, others: Neighbours) -> String {
    match (others.last, others.alive) {
        (Some(last), _) => {
            let silent = match (others.mute == others.taken, others.taken) {
                (false, _) => "",
                (true, 1) => ", on which its program has said nothing",
                (true, _) => ", on none of which its program has said anything",
            };
            format!(
                "The same port holds {} at that time (the last from frame {}){silent}: it listens, and its queue of connections \
                 that wait to be accepted (backlog) may be full, or something on the way limits them.",
                counted(others.taken.into(), "other connection"),
                last.frame
            )
        }
        (None, Some(alive)) => format!(
            "{} has taken another connect (frame {}), so it is there: something drops this request or its answer.",
            view.flow.server.address, alive.frame
        ),
        (None, None) => "Either nobody has that address, or something on the way drops the request or its answer."
            .to_owned(),
    }
}

fn answer_lost(view: &View<'_>, tcp: &TcpFacts) -> Finding {
    let first = tcp.syn_ack.unwrap_or_default();
    Finding::new(&META, first)
        .side(Culprit::Network)
        .frames(&tcp.sides.client.syns, "syn")
        .frame(first, "syn-ack")
        .maybe_frame(tcp.sides[Side::Server].last, "last-syn-ack")
        .title(format!(
            "The answer of {} to a connect never reached the client",
            view.server()
        ))
        .explain(format!(
            "{} answered the connect of {} with {} SYN-ACKs, and none was acknowledged: they do not reach the client, \
             or the SYN came from an address that is not the sender's.",
            view.server(),
            view.client(),
            tcp.syn_ack_count
        ))
        .advise("Look at the way back from the server to the client: routes, firewalls, NAT.")
        .number("syn_acks", f64::from(tcp.syn_ack_count))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "tcp-connect-unanswered";

    fn script() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
    }

    #[test]
    fn repeated_syns_without_any_answer() {
        let found = findings(script().syn_only().frames(), RULE);
        assert_eq!(found[0].frames.len(), 4);
        assert_eq!(found[0].numbers[0], ("syns", 4.0));
    }

    #[test]
    fn a_client_that_tries_for_ever_is_told_once() {
        let tries = (0..10).map(|i| {
            Script::tcp(&format!("10.0.0.1:{}", 40000 + i), "10.0.0.2:445")
                .wait_secs(f64::from(i) * 10.0)
                .syn_only()
        });
        let found = findings(Script::merge(tries), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].numbers.contains(&("connects", 10.0)), "{found:?}");
    }

    #[test]
    fn what_other_connects_tell_of_the_server() {
        let other = |port: u16, to: &str| {
            Script::tcp(&format!("10.0.0.1:{port}"), to)
                .connect()
                .client(b"hello?")
        };
        let tried = || script().wait_secs(1.0).syn_only();
        let told = |others: Vec<Script>| {
            let found = findings(Script::merge(others.into_iter().chain([tried()])), RULE);
            (found[0].side, found[0].explanation.clone())
        };
        // Two stand at that time, and nobody says anything on them.
        let (side, words) = told(vec![
            other(41000, "10.0.0.2:445"),
            other(41001, "10.0.0.2:445"),
        ]);
        assert_eq!(side, Culprit::Server);
        assert!(words.contains("(backlog) may be full"), "{words}");
        // On one of them the program speaks.
        let (side, words) = told(vec![
            other(41000, "10.0.0.2:445"),
            other(41001, "10.0.0.2:445").server(b"yes"),
        ]);
        assert_eq!(side, Culprit::Unknown);
        assert!(!words.contains("on none of which"), "{words}");
        // Another port, or connections that were over by then.
        let (side, words) = told(vec![other(41000, "10.0.0.2:80")]);
        assert_eq!(side, Culprit::Unknown);
        assert!(words.contains("so it is there"), "{words}");
        let over = other(41000, "10.0.0.2:445").close();
        assert!(told(vec![over]).1.contains("so it is there"));
        assert!(told(vec![]).1.contains("nobody has that address"));
    }

    #[test]
    fn a_syn_ack_that_never_arrives() {
        let script = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
            .wait_secs(1.0)
            .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"");
        assert_eq!(findings(script.frames(), RULE)[0].side, Culprit::Network);
    }

    #[test]
    fn the_capture_ends_right_after_the_syn() {
        let frames = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }

    #[test]
    fn one_direction_only_is_no_unanswered_connect() {
        let script = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .wait_secs(1.0)
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Client, flag::ACK, 1, 1, b"");
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_mirrored_syn_is_one_syn() {
        let script = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .duplicate_last();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn where_only_the_clients_direction_is_captured_nothing_is_claimed() {
        let deaf = |port: u16| {
            Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.9:80")
                .segment(Side::Client, flag::ACK, 1, 1, b"")
                .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, b"question")
        };
        let silent = Script::tcp("10.0.0.1:40000", "10.0.0.2:445").syn_only();
        let frames = Script::merge([deaf(40001), deaf(40002), silent]);
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T3"]);
    }
}
