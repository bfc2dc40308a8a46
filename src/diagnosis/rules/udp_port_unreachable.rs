//! `udp-port-unreachable`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, counted, declare_rule};
use crate::stream::facts::IcmpError;

declare_rule! {
    /// ## What it means
    /// A datagram was sent to a port on which nobody listens; the host said so by ICMP.
    ///
    /// ## Why it matters
    /// The service is down, or elsewhere. Over UDP the client may not notice and wait for its full time-out.
    ///
    /// ## How it is told
    /// An ICMP port unreachable (ICMPv6: type 1, code 4) quotes a datagram of the client. One that quotes a
    /// server's answer is usual, since the client has closed its port by then, and is left out; so are the ports that
    /// traceroute probes. A warning where the server answered other datagrams of the same conversation.
    ///
    /// ## Example
    /// A port mapper call to a host without rpcbind.
    ///
    /// ## What to do
    /// Start the service, or correct the port. A firewall may also answer like this for what it forbids.
    ///
    /// ## References
    /// RFC 1122 section 4.1.3.1, RFC 4443 section 3.1.
    pub UdpPortUnreachable = "udp-port-unreachable" {
        summary: "Nobody listens on the UDP port",
        severity: Error,
        category: Establishment,
        protocols: ["udp"],
        reference: "RFC 1122 section 4.1.3.1; RFC 4443 section 3.1",
    }
}

/// Ports on which traceroute wants nobody to listen.
const TRACEROUTE: std::ops::RangeInclusive<u16> = 33_434..=33_534;

impl UdpPortUnreachable {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let flow = view.flow;
        if TRACEROUTE.contains(&flow.server.port) {
            return;
        }
        let errors = flow.icmp.iter();
        let mut refusals = errors.filter(|i| i.about == Side::Client && i.is_port_unreachable());
        if let Some(first) = refusals.next() {
            out.raise(finding(view, *first, 1 + refusals.count()));
        }
    }
}

fn finding(view: &View<'_>, icmp: IcmpError, count: usize) -> Finding {
    let answered = view.session.messages[Side::Server] > 0;
    let culprit = if icmp.from == view.flow.server.address {
        Culprit::Server
    } else {
        Culprit::Network
    };
    let more = if answered {
        " It did answer other datagrams of this conversation, so it was there at times."
    } else {
        ""
    };
    Finding::new(&META, icmp.stamp)
        .severity(if answered {
            Severity::Warning
        } else {
            META.severity
        })
        .side(culprit)
        .maybe_frame(
            Some(view.flow.first).filter(|f| *f != icmp.stamp),
            "request",
        )
        .frame(icmp.stamp, "icmp")
        .title(format!(
            "Nobody listens on UDP port {} of {}",
            view.flow.server.port, view.flow.server.address
        ))
        .explain(format!(
            "{} sent datagrams to {}, and {} answered {} that the port is unreachable.{more}",
            view.client(),
            view.server(),
            icmp.from,
            counted(count as u64, "time")
        ))
        .advise("Start the service, or correct the address and port that the client uses.")
        .number("icmp_errors", count as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "udp-port-unreachable";

    fn script() -> Script {
        Script::udp("10.0.0.1:40000", "10.0.0.2:111")
    }

    #[test]
    fn nobody_listens() {
        let found = findings(
            script().client(b"call").icmp_port_unreachable().frames(),
            RULE,
        );
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn it_answered_before() {
        let script = script().client(b"a").server(b"b").client(b"c");
        let found = findings(script.icmp_port_unreachable().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn the_client_has_closed_its_port_before_a_late_answer() {
        let script = script().client(b"a").say(Side::Server, b"late");
        assert!(findings(script.icmp_port_unreachable().frames(), RULE).is_empty());
    }

    #[test]
    fn traceroute_wants_it_so() {
        let script = Script::udp("10.0.0.1:40000", "10.0.0.2:33434").client(b"probe");
        assert!(findings(script.icmp_port_unreachable().frames(), RULE).is_empty());
    }

    #[test]
    fn what_was_refused_and_not_captured_is_told_by_what_came_back() {
        let mut frames = script().client(b"call").icmp_port_unreachable().frames();
        frames.remove(0);
        let found = findings(frames, RULE);
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["icmp"]);
    }
}
