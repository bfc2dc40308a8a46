//! SMB sessions that belong together although they run on several connections: the channels of one SMB 3 session (MS-SMB2 1.3,
//! 3.3.5.5.2), and connections on which files are taken back that were open on another (3.3.5.9.7, 3.3.5.9.12).

use std::net::IpAddr;

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::Stamp;
use hashbrown::HashMap;

use crate::session::model::{Endpoint, Flow, Session};

/// A session by its conversation's number and its place in it.
pub type Place = (u32, u32);

/// One SessionId of one connection.
#[derive(Clone, Debug)]
struct Channel {
    id: u64,
    /// The server's GUID; empty where NEGOTIATE was not seen.
    server_guid: String,
    server: Endpoint,
    place: Place,
    /// It was bound to a session that was there already.
    bound: bool,
}

/// A file that was open when its connection ended, or that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The session.
    pub place: Place,
    /// When its connection was seen last, or when it was taken back.
    pub stamp: Stamp,
}

/// What is known of them.
#[derive(Debug, Default)]
pub struct SmbJoins {
    channels: Vec<Channel>,
    /// The last connection on which the file of that FileId was left open.
    left: HashMap<u64, Kept>,
    /// Files that were asked back, in the order of the conversations.
    reclaimed: Vec<(u64, Kept)>,
    joined: HashMap<Place, Vec<Place>>,
    replaced: Vec<Replaced>,
}

/// A session whose place a later logon took (PreviousSessionId, MS-SMB2 3.3.5.5.3).
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    session: u64,
    server: IpAddr,
    /// Who logged on anew.
    pub client: Endpoint,
    /// The leg of that logon that named the session first.
    pub stamp: Stamp,
}

impl SmbJoins {
    /// Learns from one more conversation.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "smb2") {
            let place = (flow.index, session.index);
            let bound = ids(session, "channel_of");
            for id in ids(session, "session_ids") {
                self.channels.push(Channel {
                    id,
                    server_guid: session
                        .detail("server_guid")
                        .map_or_else(String::new, Value::to_string),
                    server: flow.server,
                    place,
                    bound: bound.contains(&id),
                });
            }
            for fact in session.facts_named("smb.session-replaced") {
                self.replaced.push(Replaced {
                    session: fact.int("old").unwrap_or_default() as u64,
                    server: flow.server.address,
                    client: flow.client,
                    stamp: fact.stamp,
                });
            }
            for fact in session.facts_named("smb.files-left") {
                let stamp = flow.last;
                for key in keys(fact.value("keys")) {
                    let latest = self.left.entry(key).or_insert(Kept { place, stamp });
                    if latest.stamp < stamp {
                        *latest = Kept { place, stamp };
                    }
                }
            }
            for fact in session.facts_named("smb.file-reclaimed") {
                let key = fact.int("file").unwrap_or_default() as u64;
                let stamp = fact.stamp;
                self.reclaimed.push((key, Kept { place, stamp }));
            }
        }
    }

    /// Adds what was learned of later conversations.
    pub(crate) fn learn_from(&mut self, other: Self) {
        self.channels.extend(other.channels);
        for (key, kept) in other.left {
            let latest = self.left.entry(key).or_insert(kept);
            if latest.stamp < kept.stamp {
                *latest = kept;
            }
        }
        self.reclaimed.extend(other.reclaimed);
        self.replaced.extend(other.replaced);
    }

    /// Brings channels together: one SessionId at one server, at least one of which says that it is a further one.
    pub(crate) fn settle(&mut self) {
        self.replaced.sort_by_key(|r| r.stamp);
        self.channels.sort_by_key(|c| (c.id, c.place));
        for same in self.channels.chunk_by(|a, b| a.id == b.id) {
            for bound in same.iter().filter(|c| c.bound) {
                let joined: Vec<Place> = same
                    .iter()
                    .filter(|c| is_one_server(c, bound))
                    .map(|c| c.place)
                    .collect();
                if joined.len() > 1 {
                    for place in &joined {
                        self.joined.insert(*place, joined.clone());
                    }
                }
            }
        }
        self.channels = Vec::new();
    }

    /// All connections of the SMB session that `place` is a channel of, itself included; empty where it is the only one.
    pub fn channels_of(&self, place: Place) -> &[Place] {
        self.joined.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The logon that took the place of that session of `server` before `until`.
    pub fn replaced(&self, server: IpAddr, session: u64, until: Stamp) -> Option<&Replaced> {
        let mut before = self.replaced.iter().rev().filter(|r| r.stamp < until);
        before.find(|r| r.session == session && r.server == server)
    }

    /// Every session that has more than one connection.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (&Place, &Vec<Place>)> {
        self.joined.iter()
    }

    /// Where the file of that FileId was open before.
    pub fn left(&self, file: u64) -> Option<Kept> {
        self.left.get(&file).copied()
    }

    /// Sessions on which files were taken back, each with the one that had left them.
    pub(crate) fn continued(&self) -> impl Iterator<Item = (Place, Place)> {
        self.reclaimed.iter().filter_map(|(key, kept)| {
            let old = self.left(*key)?.place;
            (old != kept.place).then_some((old, kept.place))
        })
    }
}

fn is_one_server(one: &Channel, other: &Channel) -> bool {
    if one.server_guid.is_empty() || other.server_guid.is_empty() {
        one.server == other.server
    } else {
        one.server_guid == other.server_guid
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(list)) => list,
        _ => &[],
    }
}

/// The SessionIds of a detail.
fn ids(session: &Session, key: &str) -> Vec<u64> {
    let ids = list(session.detail(key)).iter();
    ids.filter_map(|id| match id {
        Value::Text(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        _ => None,
    })
    .collect()
}

fn keys(value: Option<&Value>) -> impl Iterator<Item = u64> {
    list(value).iter().filter_map(|key| match key {
        Value::Int(key) => Some(*key as u64),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::outcome;
    use crate::diagnosis::smb::testing::{negotiated, setup, setup_answer};

    /// Two connections with the SessionId 7; the second binds itself to it, or not; to `server`.
    fn two(binds: bool, server: &str) -> Vec<ScriptFrame> {
        let on = |client: &str, server: &str, flags: u8| {
            let mut leg = setup(1, "alice");
            leg[4 + 64 + 2] = flags;
            negotiated(Script::tcp(client, server).connect())
                .client(&leg)
                .server(&setup_answer(1, 0))
        };
        let first = on("10.0.0.1:40000", "10.0.0.2:445", 0);
        Script::merge([first, on("10.0.0.1:40001", server, u8::from(binds))])
    }

    fn channels(frames: Vec<ScriptFrame>) -> Vec<Option<String>> {
        let outcome = outcome(frames);
        let sessions = outcome.sessions().filter(|r| r.session.protocol == "smb2");
        let channels = sessions.map(|r| r.session.detail("channels").map(ToString::to_string));
        channels.collect()
    }

    #[test]
    fn connections_that_are_bound_to_one_session_are_its_channels() {
        let joined = channels(two(true, "10.0.0.2:445"));
        assert!(joined[0].is_some(), "{joined:?}");
        assert_eq!(joined[0], joined[1]);
    }

    #[test]
    fn one_id_at_two_servers_or_without_a_binding_is_chance() {
        assert_eq!(channels(two(true, "10.0.0.3:445")), [None, None]);
        assert_eq!(channels(two(false, "10.0.0.2:445")), [None, None]);
    }
}
