//! Who waits for whose oplock: breaks that a client did not acknowledge, and CREATEs of others that the server could not answer
//! meanwhile (MS-SMB2 3.3.4.6, 3.3.4.7, 3.3.5.9); and who holds which byte-range lock (3.3.5.14).

use std::net::IpAddr;

use colloquy_dissectors::units::Stamp;

use super::smb_joins::Place;
use crate::session::model::{Endpoint, Flow, SeenFact, Session};

/// Facts of breaks that nobody acknowledged soon.
pub(crate) const BREAKS: [&str; 2] = ["smb.break-unacknowledged", "smb.break-answered"];
/// Seconds within which a server asks an oplock back after the CREATE that needs it.
const PROMPT: f64 = 1.0;

/// A CREATE with an interim answer.
#[derive(Clone, Debug)]
pub struct WaitingCreate {
    /// Whose.
    pub client: Endpoint,
    server: IpAddr,
    /// The file.
    pub name: String,
    /// The request.
    pub asked: Stamp,
    /// STATUS_PENDING.
    pub interim: Stamp,
    /// The final answer.
    pub answered: Option<Stamp>,
}

/// A break that was acknowledged late, or not until the end.
#[derive(Clone, Debug)]
pub struct OpenBreak {
    /// Who should have.
    pub client: Endpoint,
    server: IpAddr,
    name: String,
    /// The server's notification.
    pub asked: Stamp,
    /// The client's acknowledgment, or its CLOSE.
    pub given: Option<Stamp>,
}

/// A byte-range lock that was granted.
#[derive(Clone, Debug)]
pub struct Lock {
    /// Whose.
    pub client: Endpoint,
    /// The user; empty where he is not known.
    pub user: String,
    /// The session.
    pub place: Place,
    server: IpAddr,
    name: String,
    /// The LOCK.
    pub asked: Stamp,
    /// The unlocking, or the CLOSE.
    until: Option<Stamp>,
}

/// What is known of them, over all connections.
#[derive(Debug, Default)]
pub struct SmbWaits {
    creates: Vec<WaitingCreate>,
    breaks: Vec<OpenBreak>,
    locks: Vec<Lock>,
}

impl SmbWaits {
    /// Learns from one more conversation.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "smb2") {
            let creates = session.facts_named("smb.create-pending");
            self.creates
                .extend(creates.filter_map(|fact| waiting(flow, session, fact)));
            let locks = session.facts_named("smb.locked").map(|fact| Lock {
                client: flow.client,
                user: session
                    .detail("user")
                    .map_or_else(String::new, ToString::to_string),
                place: (flow.index, session.index),
                server: flow.server.address,
                name: fact.text("name").to_lowercase(),
                asked: fact.stamp,
                until: fact.ended,
            });
            self.locks.extend(locks);
            let facts = session.facts.iter();
            let breaks = facts.filter(|fact| BREAKS.contains(&fact.fact.name));
            self.breaks.extend(breaks.map(|fact| OpenBreak {
                client: flow.client,
                server: flow.server.address,
                name: fact.text("name").to_owned(),
                asked: fact.stamp,
                given: fact.ended,
            }));
        }
    }

    /// Adds what was learned of later conversations.
    pub(crate) fn learn_from(&mut self, other: Self) {
        self.creates.extend(other.creates);
        self.breaks.extend(other.breaks);
        self.locks.extend(other.locks);
    }

    /// Brings them into the order of the capture.
    pub(crate) fn settle(&mut self) {
        self.creates.sort_by_key(|create| create.asked);
        self.breaks.sort_by_key(|open| open.asked);
        self.locks.sort_by_key(|lock| lock.asked);
    }

    /// Who had a lock on file `name` of `server` then, others than the session of `place` first.
    pub(crate) fn holder(
        &self,
        server: IpAddr,
        name: &str,
        then: Stamp,
        place: Place,
    ) -> Option<&Lock> {
        let name = name.to_lowercase();
        let held = |lock: &&Lock| lock.asked < then && lock.until.is_none_or(|until| until > then);
        let locks = self.locks.iter().filter(held);
        let mut locks = locks.filter(|l| l.server == server && l.name == name && !name.is_empty());
        let others = locks.clone().find(|l| l.place != place);
        others.or_else(|| locks.next())
    }

    /// The CREATEs that waited at `server` until the right on file `name` comes back, which it asked for in `asked` and nobody gave
    /// back until `until`. Where the name is not known, the one that came just before.
    pub(crate) fn behind(
        &self,
        server: IpAddr,
        name: &str,
        asked: Stamp,
        until: Stamp,
    ) -> impl Iterator<Item = &WaitingCreate> {
        self.creates.iter().filter(move |create| {
            let meanwhile =
                create.asked < until && create.answered.is_none_or(|answered| answered > asked);
            create.server == server && meanwhile && fits(&create.name, create.asked, name, asked)
        })
    }

    /// The break that a CREATE of file `name` waits for since `asked`.
    pub(crate) fn before(&self, server: IpAddr, name: &str, asked: Stamp) -> Option<&OpenBreak> {
        let at_server = self
            .breaks
            .iter()
            .filter(|open| open.server == server && open.given.is_none_or(|given| given > asked));
        let mut fitting = at_server.filter(|open| fits(name, asked, &open.name, open.asked));
        fitting.next()
    }
}

/// A CREATE with a final answer after half a second or more, or without one.
fn waiting(flow: &Flow, session: &Session, fact: &SeenFact) -> Option<WaitingCreate> {
    let asked = fact.request?;
    let slow = session.troubles.slow.iter();
    let answered = slow.clone().find(|a| a.asked == asked).map(|a| a.answered);
    let is_open = session.open.iter().any(|open| open.asked == asked);
    (answered.is_some() || is_open).then(|| WaitingCreate {
        client: flow.client,
        server: flow.server.address,
        name: fact.text("name").to_owned(),
        asked,
        interim: fact.stamp,
        answered,
    })
}

fn fits(created: &str, at: Stamp, broken: &str, asked: Stamp) -> bool {
    if broken.is_empty() {
        let before = asked.time.since(at.time);
        (0.0..=PROMPT).contains(&before)
    } else {
        !created.is_empty() && created.to_lowercase() == broken.to_lowercase()
    }
}
