//! `tcp-connect-refused`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::world::Failures;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::{IcmpError, Reset, TcpFacts};

declare_rule! {
    /// ## What it means
    /// A connect was answered with no: a reset, or an ICMP error that says that the host, its network or the port
    /// cannot be reached.
    ///
    /// ## Why it matters
    /// Nothing listens where the client connects, or something on the way forbids it.
    ///
    /// ## How it is told
    /// A RST answers the SYN, or an ICMP destination unreachable quotes it, and no SYN-ACK came. A client that has said more
    /// than its SYN by then had an answer, which the capture lacks: then it was no refusal. An ICMP error for a
    /// connect that succeeds all the same is left out. The same client's further refusals at the same address and port
    /// are told with the first. It is a note where the client tried two ways at once and the other one was open (SMB on
    /// 445 and 139, IPv6 and IPv4), and where it was refused by twenty different addresses or ports within a minute: that
    /// is a scan.
    ///
    /// ## Example
    /// `smb-port-closed`: port 445 answers the SYN with a reset.
    ///
    /// ## What to do
    /// Is the server program running, and does it listen on this address and port? A reset may also come from a
    /// firewall that rejects instead of dropping; its time to live may differ from the server's other frames.
    ///
    /// ## References
    /// RFC 9293 section 3.10.7.1, RFC 792, RFC 4443 section 3.1.
    pub TcpConnectRefused = "tcp-connect-refused" {
        summary: "Connect refused",
        severity: Error,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.10.7.1; RFC 792; RFC 4443 section 3.1",
    }
}

impl TcpConnectRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp().filter(|t| t.syn_ack.is_none()) else {
            return;
        };
        let failures = match tcp.sides.client.syns.first() {
            Some(syn) => match view.world.failures(*syn) {
                Some(failures) => Some(failures),
                None => return,
            },
            None => None,
        };
        let reset = tcp
            .reset()
            .filter(|r| r.to_syn && r.side == Side::Server && tcp.was_reset());
        let icmp = tcp
            .icmp
            .iter()
            .find(|i| i.about == Side::Client && i.is_unreachable());
        if let Some(reset) = reset {
            out.raise(in_its_place(
                view,
                tcp,
                failures,
                by_reset(view, tcp, reset),
            ));
        } else if let Some(icmp) = icmp.filter(|_| tcp.sides.client.syn_count > 0) {
            out.raise(in_its_place(view, tcp, failures, by_icmp(view, tcp, *icmp)));
        }
    }
}

/// What the capture's other connects say of it.
fn in_its_place(
    view: &View<'_>,
    tcp: &TcpFacts,
    failures: Option<&Failures>,
    mut finding: Finding,
) -> Finding {
    if let Some(failures) = failures {
        finding = super::tcp_connect_unanswered::with_others(view, failures, "refused", finding);
    }
    let syn = tcp.sides.client.syns.first();
    if let Some(other) = syn.and_then(|s| view.world.reached_otherwise(*s)) {
        finding = finding
            .also(&format!(
                "The client tried another way at the same time: {} accepted (frame {}).",
                other.server, other.syn.frame
            ))
            .severity(Severity::Note)
            .frame(other.syn, "other-way");
    }
    finding
}

fn by_reset(view: &View<'_>, tcp: &TcpFacts, reset: Reset) -> Finding {
    let syn = tcp.sides.client.syns.first().copied();
    let after = syn.map_or(0.0, |s| reset.stamp.time.since(s.time));
    Finding::new(&META, reset.stamp)
        .side(Culprit::Server)
        .maybe_frame(syn, "syn")
        .frame(reset.stamp, "reset")
        .title(format!("{} refused the connect", view.server()))
        .explain(format!(
            "{} asked to connect to {}, which answered with a reset after {}: nothing listens on that port, or a \
             firewall rejects it.",
            view.client(),
            view.server(),
            seconds(after)
        ))
        .advise("Check that the server program runs and listens on this address and port.")
        .number("syns", f64::from(tcp.sides.client.syn_count))
        .number("after", after)
}

fn by_icmp(view: &View<'_>, tcp: &TcpFacts, icmp: IcmpError) -> Finding {
    let from_server = icmp.from == view.flow.server.address;
    Finding::new(&META, icmp.stamp)
        .side(if from_server {
            Culprit::Server
        } else {
            Culprit::Network
        })
        .maybe_frame(tcp.sides.client.syns.first().copied(), "syn")
        .frame(icmp.stamp, "icmp")
        .title(format!(
            "{} cannot be reached: {}",
            view.server(),
            icmp.meaning()
        ))
        .explain(format!(
            "{} asked to connect to {}; {} answered with ICMP type {} code {}: {}.",
            view.client(),
            view.server(),
            icmp.from,
            icmp.kind,
            icmp.code,
            icmp.meaning()
        ))
        .advise("Look at the sender of the ICMP error: its routes, its packet filter, the host behind it.")
        .number("icmp_type", f64::from(icmp.kind))
        .number("icmp_code", f64::from(icmp.code))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tcp-connect-refused";

    fn script() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
    }

    #[test]
    fn a_reset_to_the_syn() {
        let found = findings(script().refuse().frames(), RULE);
        let roles: Vec<_> = found[0].frames.iter().map(|e| (e.frame, e.role)).collect();
        assert_eq!(roles, [(1, "syn"), (2, "reset")]);
    }

    #[test]
    fn an_icmp_error_that_quotes_the_syn() {
        let script = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .icmp_port_unreachable();
        let found = findings(script.frames(), RULE);
        assert!(found[0].title.contains("port unreachable"), "{found:?}");
    }

    #[test]
    fn refused_first_and_accepted_then_is_no_refusal() {
        let script = script()
            .refuse()
            .wait_secs(1.0)
            .connect()
            .client(b"x")
            .server(b"y")
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_scanner_that_resets_its_own_half_open_connect_is_not_refused() {
        let script = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
            .segment(Side::Client, flag::RST, 1, 0, b"");
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn the_same_refusal_again_is_told_with_the_first() {
        let tries = (0..50).map(|i| {
            Script::tcp(&format!("10.0.0.1:{}", 40000 + i), "10.0.0.2:445")
                .wait_secs(f64::from(i))
                .refuse()
        });
        let found = findings(Script::merge(tries), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].numbers.contains(&("connects", 50.0)), "{found:?}");
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn a_scan_is_one_note() {
        let tries = (1..200).map(|i| {
            Script::tcp("10.0.0.1:40000", &format!("10.0.0.2:{i}"))
                .wait_ms(i * 10)
                .refuse()
        });
        let frames = Script::merge(tries);
        assert_eq!(findings(frames.clone(), RULE).len(), 1);
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn a_client_that_tries_two_ways_at_once_is_content_with_one() {
        let other = Script::tcp("10.0.0.1:40001", "10.0.0.2:139")
            .connect()
            .client(b"x")
            .server(b"y")
            .close();
        let frames = Script::merge([script().refuse(), other]);
        assert_eq!(findings(frames, RULE)[0].severity, Severity::Note);
        let v4 = Script::tcp("10.0.0.1:40001", "10.0.0.2:9000")
            .wait_ms(2)
            .connect()
            .client(b"x")
            .server(b"y")
            .close();
        let v6 = Script::tcp("[fd00::1]:40000", "[fd00::2]:9000").refuse();
        assert!(loud(Script::merge([v6, v4])).is_empty());
    }

    #[test]
    fn who_goes_on_after_the_syn_had_an_answer_that_was_not_captured() {
        let asked = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Client, flag::ACK, 1, 1, b"");
        let with_data = asked
            .clone()
            .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, b"data");
        for (script, ack) in [(asked, 1), (with_data, 5)] {
            let script = script.segment(Side::Server, flag::RST | flag::ACK, 1, ack, b"");
            assert!(findings(script.frames(), RULE).is_empty());
        }
        let again = script()
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .wait_secs(1.0)
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Server, flag::RST | flag::ACK, 0, 1, b"");
        assert_eq!(findings(again.frames(), RULE).len(), 1);
    }

    #[test]
    fn a_reset_in_mid_stream_is_no_refusal() {
        let script = script()
            .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, b"data")
            .segment(Side::Server, flag::RST, 1, 0, b"");
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
