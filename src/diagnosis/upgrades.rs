//! Upgrades to WebSocket of the whole capture: which were granted, and which came without their Upgrade.

use std::net::IpAddr;

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::Stamp;

use super::world::World;
use crate::session::model::{Endpoint, Flow, Session};

/// A WebSocket that was granted: a refusal that is followed by one was only a step on the way.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// Who asked.
    pub client: IpAddr,
    /// Where.
    pub server: Endpoint,
    /// For which path; unknown where the request was not captured.
    pub path: Option<String>,
    /// The server's 101.
    pub granted: Stamp,
}

/// A request for a WebSocket whose Upgrade was lost on the way.
#[derive(Clone, Debug)]
pub struct Stripped {
    /// For which path.
    pub path: String,
    /// The request.
    pub asked: Stamp,
    /// The answer.
    pub answered: Stamp,
}

impl World {
    /// Upgrades in `flow`.
    pub(super) fn learn_upgrades(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "websocket") {
            let granted = session.entered(Phase::Open);
            if let Some(granted) = granted {
                self.upgrades.push(Upgraded {
                    client: flow.client.address,
                    server: flow.server,
                    path: session.detail("path").map(ToString::to_string),
                    granted: granted.stamp,
                });
            }
            let refused = session.fact("ws.refused").filter(|_| lost_upgrade(session));
            let asked = refused.and_then(|r| Some((r.request?, r.stamp)));
            if let Some(((asked, answered), path)) = asked.zip(session.detail("path")) {
                let path = path.to_string();
                self.stripped.push(Stripped {
                    path,
                    asked,
                    answered,
                });
            }
        }
    }
}

/// The request that arrived has the key of a WebSocket and not the field Upgrade, as it is behind a proxy that knows no
/// WebSockets: both fields are for one hop only (RFC 9110 section 7.6.1).
pub(super) fn lost_upgrade(session: &Session) -> bool {
    let lacks = |field: &str| {
        let mut faults = session.facts_named("ws.request-fault");
        faults.any(|f| f.text("what").starts_with(field) && f.text("got").is_empty())
    };
    lacks("no Upgrade") && !lacks("no Sec-WebSocket-Key")
}
