//! `nbss-retarget-not-followed`.

use std::net::IpAddr;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

/// SSN_RETRY_COUNT (RFC 1002 6): so often a caller may be sent elsewhere.
const RETRY_COUNT: usize = 4;
/// Seconds within which retargets belong to one call.
const ONE_CALL: f64 = 60.0;

declare_rule! {
    /// ## What it means
    /// The server sent the caller to another address, and the caller never went there; or it was sent on and on.
    ///
    /// ## Why it matters
    /// The caller has no session. It may not know retargets, or the address it was given may not be reachable for it.
    ///
    /// ## How it is told
    /// A SESSION RETARGET RESPONSE (0x84) after which no TCP connect of the same client to that address and port is seen
    /// within 10 s; or more than four retargets of one client within a minute (SSN_RETRY_COUNT).
    ///
    /// ## Example
    /// A server answers `84 00 00 06 0a 4d 00 03 00 8b`, and the client gives up.
    ///
    /// ## What to do
    /// See whether the client can reach the address. The new connection may go over an interface that is not captured.
    ///
    /// ## References
    /// RFC 1002 sections 4.3.5, 5.3.1 and 6.
    pub NbssRetargetNotFollowed = "nbss-retarget-not-followed" {
        summary: "NetBIOS session retarget not followed",
        severity: Warning,
        category: Establishment,
        protocols: ["nbss"],
        reference: "RFC 1002 sections 4.3.5, 5.3.1 and 6",
    }
}

impl NbssRetargetNotFollowed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("nbss.retarget") {
            let Ok(address) = fact.text("address").parse::<IpAddr>() else {
                continue;
            };
            let port = fact.int("port").and_then(|p| u16::try_from(p).ok());
            let wait = view.world.thresholds.retarget;
            let client = view.flow.client.address;
            let followed = view
                .world
                .connects_to(address, port, fact.stamp.time, wait)
                .any(|c| c.client == client);
            if let Some(finding) = going_round(view, fact) {
                out.raise(finding);
            } else if followed {
            } else if view.until_end(fact.stamp) < wait {
                let why = format!(
                    "the capture ends {} after the retarget",
                    seconds(view.until_end(fact.stamp))
                );
                out.cannot_tell(&META, "T2", why);
            } else {
                out.raise(not_followed(fact, wait));
            }
        }
    }
}

fn not_followed(fact: &SeenFact, wait: f64) -> Finding {
    let (address, port) = (fact.text("address"), fact.int("port").unwrap_or_default());
    Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "retarget")
        .title(format!("The client was sent to {address}:{port} and did not go there"))
        .explain(format!(
            "In frame {} the server answered the session request for {} with another address, {address}:{port}. No connect of the client to it is seen within {}.",
            fact.stamp.frame,
            fact.text("called_name"),
            seconds(wait)
        ))
        .advise("See whether the client can reach this address, and whether it follows retargets at all. The connect may take a way that is not captured.")
        .number("waited", wait)
}

/// A caller that is sent on and on; told where the last time is seen.
fn going_round(view: &View<'_>, fact: &SeenFact) -> Option<Finding> {
    let client = view.flow.client.address;
    let calls = view.world.name_calls.iter();
    let sent: Vec<_> = calls
        .filter(|c| c.client == client)
        .filter_map(|c| c.retargeted)
        .filter(|r| r.time.since(fact.stamp.time).abs() <= ONE_CALL)
        .collect();
    if sent.len() <= RETRY_COUNT || sent.iter().max() != Some(&fact.stamp) {
        return None;
    }
    Some(
        Finding::new(&META, fact.stamp)
            .side(Culprit::Server)
            .frames(&sent, "retarget")
            .title(format!("The client was sent elsewhere {} times", sent.len()))
            .explain(format!(
                "Within a minute {} session requests of the client were answered with another address; {RETRY_COUNT} are foreseen.",
                sent.len()
            ))
            .advise("See what the servers send each other's callers to: they point in a circle.")
            .number("retargets", sent.len() as f64),
    )
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{GRANTED, session_request, to};

    const RULE: &str = "nbss-retarget-not-followed";
    const RETARGET: [u8; 10] = [0x84, 0, 0, 6, 10, 0, 0, 3, 0, 139];

    fn retargeted() -> Script {
        to(139)
            .client(&session_request("FILESRV"))
            .server(&RETARGET)
            .close()
    }

    fn elsewhere(client: &str, after: f64) -> Script {
        Script::tcp(client, "10.0.0.3:139")
            .wait_secs(after)
            .connect()
            .client(&session_request("FILESRV"))
            .server(&GRANTED)
    }

    #[test]
    fn a_client_that_does_not_go_is_told() {
        for (client, after) in [("10.0.0.1:40001", 12.0), ("10.0.0.9:40001", 1.0)] {
            let other = elsewhere(client, after).wait_secs(20.0).close();
            let found = findings(Script::merge([retargeted(), other]), RULE);
            assert_eq!(found.len(), 1);
            assert!(found[0].title.contains("10.0.0.3:139"));
        }
    }

    #[test]
    fn a_client_that_goes_is_quiet() {
        let other = elsewhere("10.0.0.1:40001", 1.0).wait_secs(20.0).close();
        assert!(findings(Script::merge([retargeted(), other]), RULE).is_empty());
    }

    #[test]
    fn a_client_that_is_sent_round_is_told_once() {
        let round = |times: u16| {
            let call = |n: u16| {
                let port = 139 + 1000 * (n % 2);
                let mut retarget = vec![0x84, 0, 0, 6, 10, 0, 0, 2];
                retarget.extend((1278 - port).to_be_bytes());
                Script::tcp(
                    &format!("10.0.0.1:{}", 40000 + n),
                    &format!("10.0.0.2:{port}"),
                )
                .wait_secs(f64::from(n))
                .connect()
                .client(&session_request("FILESRV"))
                .server(&retarget)
                .close()
            };
            findings(Script::merge((0..times).map(call)), RULE)
        };
        let found = round(6);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("retargets", 6.0)), "{found:?}");
        assert!(round(4).is_empty());
    }

    #[test]
    fn a_capture_that_ends_before_cannot_tell() {
        assert_eq!(cannot_tell(retargeted().frames(), RULE), ["T2"]);
    }
}
