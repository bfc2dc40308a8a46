//! Whose bytes these are, by the probes of all protocols.

use crate::dissector::{Probe, Protocol, Speaker, Verdict};
use crate::protocols::PROTOCOLS;

/// What the probes say together.
pub(super) enum Judgement {
    /// With true where its session begins with these bytes.
    Is(&'static Protocol, Speaker, bool),
    Wait,
    Nothing,
}

/// Asks all protocols. A protocol without sessions has nothing but fields, which may not be wanted.
pub(super) fn judge(probe: &Probe<'_>, wants_fields: bool) -> Judgement {
    let mut wait = false;
    let mut likely = None;
    for protocol in PROTOCOLS {
        let in_vain = protocol.sessions.is_empty() && !wants_fields;
        if !protocol.carriers.contains(&probe.carrier) || in_vain {
            continue;
        }
        match (protocol.probe)(probe) {
            Verdict::Certain(speaker) => return Judgement::Is(protocol, speaker, false),
            Verdict::Begins(speaker) => return Judgement::Is(protocol, speaker, true),
            Verdict::Likely(speaker) => {
                let known = |port| protocol.ports.contains(&port);
                if likely.is_none() && (known(probe.ports.client) || known(probe.ports.server)) {
                    likely = Some((*protocol, speaker));
                }
            }
            Verdict::NeedMore => wait = true,
            Verdict::No => {}
        }
    }
    match (likely, wait) {
        (Some((protocol, speaker)), _) => Judgement::Is(protocol, speaker, false),
        (None, true) => Judgement::Wait,
        (None, false) => Judgement::Nothing,
    }
}
