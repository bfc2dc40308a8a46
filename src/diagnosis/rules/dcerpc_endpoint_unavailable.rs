//! `dcerpc-endpoint-unavailable`.

use std::net::IpAddr;

use crate::diagnosis::world::Connect;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

/// Seconds within which a client uses the endpoint that it was told.
const USED_WITHIN: f64 = 30.0;
/// Seconds that a connect may take before its silence says something.
const CONNECT_PATIENCE: f64 = 5.0;

declare_rule! {
    /// ## What it means
    /// The client asked the endpoint mapper where an interface is to be had. There is no such endpoint, or nobody
    /// answers at the one that was named.
    ///
    /// ## Why it matters
    /// Port 135 is open and answers, and still the service can't be reached. Programs report "there are no more
    /// endpoints available from the endpoint mapper" or "the RPC server is unavailable".
    ///
    /// ## How it is told
    /// An `ept_map` (or an `ept_lookup` for one interface) is answered with `ept_s_not_registered`, and no later
    /// question finds the interface. The same status at the end of a list is ordinary. Or a port was named, the
    /// client connects to it within 30 s, and is refused or gets no answer (the latter is `likely` a firewall that lets
    /// only port 135 through).
    ///
    /// ## Example
    /// `dce-epm-map`: the mapper does not know the interface.
    ///
    /// ## What to do
    /// Not registered: look whether the service runs, and whether it offers this protocol (TCP, pipe). Refused: the
    /// service stopped since it registered. No answer: open the range of dynamic ports in the firewall, or give the
    /// service a fixed port.
    ///
    /// ## References
    /// C706 appendix N (ept_s_not_registered) and appendix O (ept_map)
    pub DcerpcEndpointUnavailable = "dcerpc-endpoint-unavailable" {
        summary: "No endpoint for the interface",
        severity: Error,
        category: Establishment,
        protocols: ["dcerpc"],
        reference: "C706 appendices N and O",
    }
}

impl DcerpcEndpointUnavailable {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        let mut told: Vec<&str> = Vec::new();
        for fact in session.facts_named("dcerpc.endpoint-not-registered") {
            let interface = fact.text("interface");
            let found = session
                .facts_named("dcerpc.endpoint-mapped")
                .any(|f| f.text("interface") == interface);
            if !found && !told.contains(&interface) {
                told.push(interface);
                out.raise(not_registered(view, fact));
            }
        }
        let mut failed: Vec<Option<i64>> = Vec::new();
        for fact in session.facts_named("dcerpc.endpoint-mapped") {
            if let Some(connect) = failed_connect(view, fact)
                && !failed.contains(&fact.int("port"))
            {
                failed.push(fact.int("port"));
                out.raise(not_reached(view, fact, connect));
            }
        }
    }
}

/// The client's connect to the endpoint, if none of its connects there succeeded.
fn failed_connect<'a>(view: &View<'a>, fact: &SeenFact) -> Option<&'a Connect> {
    let port = u16::try_from(fact.int("port")?).ok()?;
    let address = match fact.text("address").parse() {
        Ok(IpAddr::V4(address)) if !address.is_unspecified() => IpAddr::V4(address),
        _ => view.flow.server.address,
    };
    if fact.text("protocol") != "tcp" || port == 0 {
        return None;
    }
    let connects = || {
        view.world
            .connects_to(address, Some(port), fact.stamp.time, USED_WITHIN)
            .filter(|c| c.client == view.flow.client.address)
    };
    if connects().any(|c| c.accepted) {
        return None;
    }
    connects().find(|c| c.refused().is_some() || view.until_end(c.syn) > CONNECT_PATIENCE)
}

fn not_registered(view: &View<'_>, fact: &SeenFact) -> Finding {
    let interface = fact.text("interface");
    let over = match fact.text("protocol") {
        "" => String::new(),
        protocol => format!(" over {protocol}"),
    };
    Finding::new(&META, fact.stamp)
        .side(Culprit::Server)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "not-registered")
        .title(format!("No endpoint for {interface}{over}"))
        .explain(format!(
            "The client asked the endpoint mapper of {} for {interface}{over}; in frame {} it answered \
             ept_s_not_registered (0x16c9a0d6): no service has registered it.",
            view.server(),
            fact.stamp.frame,
        ))
        .advise("Look whether the service that offers this interface runs at the server, and over which protocols.")
}

fn not_reached(view: &View<'_>, fact: &SeenFact, connect: &Connect) -> Finding {
    let port = fact.int("port").unwrap_or(0);
    let interface = fact.text("interface");
    let finding = Finding::new(&META, connect.refused().unwrap_or(connect.syn))
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "mapped")
        .frame(connect.syn, "connect")
        .maybe_frame(connect.refused(), "refused")
        .number("port", port as f64);
    if connect.refused().is_some() {
        return finding
            .side(Culprit::Server)
            .title(format!("{interface}: port {port} refuses"))
            .explain(format!(
                "The endpoint mapper of {} named port {port} for {interface} in frame {}, but a connect to it was \
                 refused.",
                view.server(),
                fact.stamp.frame,
            ))
            .advise("The service stopped since it registered, or something on the way refuses: restart it, look at firewalls.");
    }
    finding
        .likely()
        .side(Culprit::Network)
        .title(format!("{interface}: port {port} does not answer"))
        .explain(format!(
            "The endpoint mapper of {} named port {port} for {interface} in frame {}, but a connect to it got no answer.",
            view.server(),
            fact.stamp.frame,
        ))
        .advise("A firewall that lets port 135 through must let the dynamic ports through too.")
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::dcerpc::{bound_to_mapper, map, mapped, not_mapped};
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "dcerpc-endpoint-unavailable";
    const ADDRESS: [u8; 4] = [10, 0, 0, 2];

    fn asked() -> Script {
        bound_to_mapper()
            .client(&map(2))
            .server(&mapped(2, 49200, ADDRESS))
            .close()
    }

    fn connecting() -> Script {
        let start = crate::capture::script::START;
        Script::tcp("10.0.0.1:40001", "10.0.0.2:49200").at(start.plus_nanos(1_000_000_000))
    }

    #[test]
    fn an_interface_that_nobody_registered_is_told() {
        let script = bound_to_mapper().client(&map(2)).server(&not_mapped(2));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "No endpoint for srvsvc over tcp");
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn a_port_that_refuses_or_keeps_silent_is_told() {
        let found = findings(Script::merge([asked(), connecting().refuse()]), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "srvsvc: port 49200 refuses");
        let silent = connecting().syn_only().wait_secs(9.0).syn_only();
        let found = findings(Script::merge([asked(), silent]), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certainty, Certainty::Likely);
    }

    #[test]
    fn a_later_success_makes_it_good() {
        let script = bound_to_mapper()
            .client(&map(2))
            .server(&not_mapped(2))
            .client(&map(3))
            .server(&mapped(3, 49200, ADDRESS));
        let frames = Script::merge([script.close(), connecting().connect().close()]);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_is_not_told() {
        let script = bound_to_mapper()
            .client(&map(2))
            .server_lost(&not_mapped(2));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
