//! `rpc-port-refused`.

use super::rpc::program_of;
use crate::diagnosis::world::Connect;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// The port mapper told where a program listens, and the connection to that port was refused or never answered.
    ///
    /// ## Why it matters
    /// The client gets as far as the port mapper and no further: often a firewall lets port 111 pass and not the ports
    /// that the port mapper hands out.
    ///
    /// ## How it is told
    /// After an answer to GETPORT or GETADDR for TCP the same client sent a SYN to the told port of the same server
    /// within 30 s. A reset or an ICMP error answered it, or nothing did (`likely`), and no other connect of that time
    /// to the port came about.
    ///
    /// ## Example
    /// GETPORT says 20048, the SYN to port 20048 is answered with RST.
    ///
    /// ## What to do
    /// Refused: the registration is stale; restart the service so that it registers again. Not answered: open the
    /// port in the firewall, or pin the service to a fixed port and open that.
    ///
    /// ## References
    /// RFC 1833; RFC 9293 section 3.10.7.
    pub RpcPortRefused = "rpc-port-refused" {
        summary: "The port mapper's port does not answer",
        severity: Error,
        category: Establishment,
        protocols: ["portmap"],
        reference: "RFC 1833 section 3",
    }
}

/// Seconds after the answer in which a connect belongs to it.
const WITHIN: f64 = 30.0;
/// Seconds after which an unanswered SYN is given up as unanswered.
const PATIENCE: f64 = 3.0;

impl RpcPortRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("portmap.answer") {
            let port = fact
                .int("port")
                .and_then(|p| u16::try_from(p).ok())
                .filter(|p| *p > 0);
            let (Some(port), true) = (port, fact.text("protocol").starts_with("tcp")) else {
                continue;
            };
            let tries: Vec<_> = view
                .world
                .connects_to(
                    view.flow.server.address,
                    Some(port),
                    fact.stamp.time,
                    WITHIN,
                )
                .filter(|c| c.client == view.flow.client.address)
                .collect();
            if tries.iter().any(|c| c.accepted) {
                continue;
            }
            if let Some(connect) = tries.iter().find(|c| c.refused().is_some()) {
                out.raise(finding(view, fact, connect, port));
            } else if let Some(connect) = tries.first() {
                if view.until_end(connect.syn) < PATIENCE {
                    out.cannot_tell(
                        &META,
                        "T2",
                        "the capture ends while the connect is still tried",
                    );
                } else {
                    out.raise(finding(view, fact, connect, port).likely());
                }
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact, connect: &Connect, port: u16) -> Finding {
    let program = program_of(fact);
    let what = match connect.refused() {
        Some(stamp) => format!("refused in frame {}", stamp.frame),
        None => "never answered".to_owned(),
    };
    let culprit = if connect.refused().is_some() {
        Culprit::from(Side::Server)
    } else {
        Culprit::Network
    };
    Finding::new(&META, connect.refused().unwrap_or(connect.syn))
        .side(culprit)
        .frame(fact.stamp, "port-told")
        .frame(connect.syn, "syn")
        .maybe_frame(connect.refused(), "refusal")
        .title(format!("Port {port} of {program} does not answer"))
        .explain(format!(
            "The port mapper told in frame {} that {program} listens on port {port}. The connect to {}, port {port}, {} \
             later (frame {}) was {what}.",
            fact.stamp.frame,
            view.flow.server.address,
            seconds(connect.syn.time.since(fact.stamp.time)),
            connect.syn.frame,
        ))
        .advise("Refused: let the service register again. Not answered: look at the firewall for that port.")
        .number("port", f64::from(port))
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{MOUNT, PORTMAP, call, reply, words};
    use colloquy_dissectors::units::Timestamp;

    const RULE: &str = "rpc-port-refused";
    const START: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

    fn portmap() -> Script {
        let args = words(&[MOUNT, 3, 6, 0]);
        Script::udp("10.0.0.1:700", "10.0.0.2:111")
            .at(START)
            .client(&call(1, [PORTMAP, 2, 3], &args))
            .server(&reply(1, 0, &[20048]))
    }

    fn mount(client: &str) -> Script {
        Script::tcp(client, "10.0.0.2:20048").at(START.plus_nanos(1_000_000_000))
    }

    #[test]
    fn a_refused_port_is_told_with_the_answer_that_named_it() {
        let frames = Script::merge([portmap(), mount("10.0.0.1:701").refuse()]);
        let found = findings(frames, RULE);
        assert_eq!(found.len(), 1);
        let roles: Vec<_> = found[0].frames.iter().map(|e| (e.frame, e.role)).collect();
        assert_eq!(roles, [(2, "port-told"), (3, "syn"), (4, "refusal")]);
    }

    #[test]
    fn a_port_that_answers_and_another_client_are_quiet() {
        let frames = Script::merge([portmap(), mount("10.0.0.1:701").connect().close()]);
        assert!(findings(frames, RULE).is_empty());
        let frames = Script::merge([portmap(), mount("10.0.0.9:701").refuse()]);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn a_connect_that_the_capture_does_not_hold_is_not_claimed() {
        assert!(findings(portmap().wait_secs(60.0).frames(), RULE).is_empty());
    }
}
