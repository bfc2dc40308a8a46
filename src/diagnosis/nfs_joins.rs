//! What NFS hands out and takes back over several connections of a client and a server: client ids, sessions, and calls that are sent
//! again (RFC 1813 section 4.5, RFC 7530 section 9, RFC 8881 section 2.10).

use std::net::IpAddr;

use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::{Side, Stamp};
use hashbrown::HashMap;

use crate::session::exchange::Failure;
use crate::session::model::{Flow, Session};

/// Operations that fail when they are carried out a second time, with the end of the status' name that tells it.
const ONCE: [(&str, &str); 8] = [
    ("REMOVE", "ERR_NOENT"),
    ("RMDIR", "ERR_NOENT"),
    ("RENAME", "ERR_NOENT"),
    ("CREATE", "ERR_EXIST"),
    ("MKDIR", "ERR_EXIST"),
    ("SYMLINK", "ERR_EXIST"),
    ("MKNOD", "ERR_EXIST"),
    ("LINK", "ERR_EXIST"),
];
/// Seconds within which a client sends a call again that was not answered.
const SOON: f64 = 600.0;

/// A call that cannot be carried out twice failed as it does the second time.
pub(crate) fn is_done_once(failure: &Failure) -> bool {
    let (op, status) = (failure.op.name, failure.status.name);
    let second = |(name, end): &(&str, &str)| *name == op && status.ends_with(end);
    failure.first.side == Side::Client && ONCE.iter().any(second)
}

/// Something that a server gave.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Where.
    pub stamp: Stamp,
    /// In which conversation.
    pub flow: u32,
}

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    op: Op,
    asked: Stamp,
    flow: u32,
}

/// What is known of it, over all connections.
#[derive(Debug, Default)]
pub struct NfsJoins {
    /// Client ids, by server.
    clients: HashMap<(IpAddr, String), Given>,
    /// Sessions, by server.
    sessions: HashMap<(IpAddr, String), Given>,
    /// Sessions that their client ended.
    ended: HashMap<(IpAddr, String), Stamp>,
    /// Calls that cannot be carried out twice, by client, server and xid.
    unanswered: HashMap<(IpAddr, IpAddr, u64), Vec<Unanswered>>,
}

impl NfsJoins {
    /// Learns from one more conversation.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "nfs") {
            self.learn_session(flow, session);
        }
    }

    fn learn_session(&mut self, flow: &Flow, session: &Session) {
        let server = flow.server.address;
        for fact in &session.facts {
            let (known, key) = match fact.fact.name {
                "nfs.client-given" => (&mut self.clients, "client"),
                "nfs.session-given" => (&mut self.sessions, "session"),
                "nfs.session-ended" => {
                    let id = fact.text("session").to_owned();
                    self.ended.entry((server, id)).or_insert(fact.stamp);
                    continue;
                }
                _ => continue,
            };
            let given = Given {
                stamp: fact.stamp,
                flow: flow.index,
            };
            let first = known.entry((server, fact.text(key).to_owned()));
            let first = first.or_insert(given);
            if given.stamp < first.stamp {
                *first = given;
            }
        }
        let once = |op: &Op| ONCE.iter().any(|(name, _)| *name == op.name);
        for open in session.open.iter().filter(|o| once(&o.op)) {
            let key = (flow.client.address, server, open.id);
            self.unanswered.entry(key).or_default().push(Unanswered {
                op: open.op,
                asked: open.asked,
                flow: flow.index,
            });
        }
    }

    /// Adds what was learned of later conversations.
    pub(crate) fn learn_from(&mut self, other: Self) {
        for (known, more) in [
            (&mut self.clients, other.clients),
            (&mut self.sessions, other.sessions),
        ] {
            for (id, given) in more {
                let first = known.entry(id).or_insert(given);
                if given.stamp < first.stamp {
                    *first = given;
                }
            }
        }
        for (id, stamp) in other.ended {
            let first = self.ended.entry(id).or_insert(stamp);
            *first = stamp.min(*first);
        }
        for (call, more) in other.unanswered {
            self.unanswered.entry(call).or_default().extend(more);
        }
    }

    /// Where `server` gave this client id, before `until`.
    pub(crate) fn client(&self, server: IpAddr, id: &str, until: Stamp) -> Option<Given> {
        let given = self.clients.get(&(server, id.to_owned()))?;
        (given.stamp < until).then_some(*given)
    }

    /// Where `server` gave this session, before `until`.
    pub(crate) fn session(&self, server: IpAddr, id: &str, until: Stamp) -> Option<Given> {
        let given = self.sessions.get(&(server, id.to_owned()))?;
        (given.stamp < until).then_some(*given)
    }

    /// Where the client ended this session itself, before `until`.
    pub(crate) fn ended(&self, server: IpAddr, id: &str, until: Stamp) -> Option<Stamp> {
        let ended = self.ended.get(&(server, id.to_owned())).copied();
        ended.filter(|ended| *ended < until)
    }

    /// The same call in an earlier connection, which ended without its answer, where the failure is what a call gets that had been
    /// carried out then.
    pub(crate) fn sent_before(&self, flow: &Flow, failure: &Failure) -> Option<Stamp> {
        if !is_done_once(failure) {
            return None;
        }
        let key = (flow.client.address, flow.server.address, failure.first_id);
        let asked = failure.first.asked;
        let before = self.unanswered.get(&key)?.iter().filter(|call| {
            let after = asked.time.since(call.asked.time);
            call.op == failure.op && call.flow != flow.index && (0.0..SOON).contains(&after)
        });
        before.map(|call| call.asked).max()
    }
}
