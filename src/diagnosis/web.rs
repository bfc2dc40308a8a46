//! What HTTP sessions tell of each other: a cookie's life, credentials that are refused and those that anybody can read.

use std::net::IpAddr;

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::Stamp;
use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::limits;
use crate::session::model::{Endpoint, Flow, SeenFact, Session};

/// Good uses of one cookie that are remembered: so many of the first, and of the last.
const USES: usize = 16;
/// Refusals of one kind that are cited.
const CITED: usize = 16;

/// A session cookie between a client and a server, over all their connections. Its value is never known.
#[derive(Clone, Debug, Default)]
pub struct CookieLife {
    /// Its name, where its setting was seen.
    pub name: String,
    /// It was set.
    pub set: Option<Stamp>,
    /// By the answer to a log-in.
    pub by_login: bool,
    /// Answers with success to requests with it, and a number for method and target.
    pub uses: SmallVec<[(u64, Stamp); 2]>,
    /// It was set for the last time.
    pub set_last: Option<Stamp>,
    /// The server took it away.
    pub removed: Option<Stamp>,
    /// The client asked to be logged out.
    pub logout: Option<Stamp>,
}

impl CookieLife {
    fn add(&mut self, other: Self) {
        if self.name.is_empty() {
            self.name = other.name;
        }
        self.set = earlier(self.set, other.set);
        self.set_last = self.set_last.max(other.set_last);
        self.by_login |= other.by_login;
        self.removed = earlier(self.removed, other.removed);
        self.logout = earlier(self.logout, other.logout);
        self.uses.extend(other.uses);
        // The earliest and the latest ones, whatever the order of learning.
        self.uses
            .sort_unstable_by_key(|(place, stamp)| (*stamp, *place));
        if let Some(last) = self.uses.len().checked_sub(USES).filter(|l| *l > USES) {
            self.uses.drain(USES..last);
        }
    }

    /// The server took it away before `until`, and did not give it again.
    pub fn removed_before(&self, until: Stamp) -> Option<Stamp> {
        self.removed
            .filter(|r| *r < until && Some(*r) > self.set_last)
    }

    /// The last of the successes with it before `until`, of one kind of request or of any.
    pub fn used(&self, place: Option<i64>, until: Stamp) -> Option<Stamp> {
        let fits = |p: u64| place.is_none_or(|wanted| wanted as u64 == p);
        let uses = self.uses.iter().filter(|(p, s)| fits(*p) && *s < until);
        uses.map(|(_, stamp)| *stamp).max()
    }

    /// It was good after `refusal` for the request that was turned away, or for one that it was good for before.
    pub fn outlived(&self, place: Option<i64>, refusal: Stamp) -> bool {
        let known = |p: u64| {
            let mut uses = self.uses.iter();
            place.is_some_and(|refused| refused as u64 == p)
                || uses.any(|(before, s)| *before == p && *s < refusal)
        };
        self.uses.iter().any(|(p, s)| *s > refusal && known(*p))
    }
}

fn earlier(a: Option<Stamp>, b: Option<Stamp>) -> Option<Stamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Refusals of the same credentials at the same place, over all connections of a client.
#[derive(Clone, Debug)]
pub struct Refusals {
    /// The first ones.
    pub cited: SmallVec<[Stamp; 2]>,
    /// All of them.
    pub count: u64,
}

impl Refusals {
    /// There are more of them than those that are cited.
    pub fn more_than_cited(&self) -> bool {
        self.count > self.cited.len() as u64
    }
}

/// Credentials that were sent without encryption.
#[derive(Clone, Copy, Debug)]
pub struct InClear {
    /// The first request with them.
    pub first: Stamp,
    /// Connections.
    pub connections: u64,
}

/// Tokens that were taken for one target and are remembered.
const TAKEN: usize = 64;

/// What became of a proxy's question for credentials, over all connections of a client.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The first answers 407 to requests without credentials.
    pub cited: SmallVec<[Stamp; 2]>,
    /// All of them.
    pub count: u64,
    /// The client has sent some.
    pub has_sent: bool,
}

impl Asked {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.has_sent |= other.has_sent;
        self.cited.extend_from_slice(&other.cited);
        self.cited.sort_unstable();
        self.cited.truncate(CITED);
    }
}

/// In the place of a target: the token had expired, wherever it was sent.
const EXPIRED: &str = "";

type CookieKey = (IpAddr, IpAddr, u64);
type RefusalKey = (IpAddr, Endpoint, i64, String);
type ClearKey = (IpAddr, Endpoint, String);
type TakenKey = (IpAddr, Endpoint, String);
/// Tokens by their fingerprints, and where they were taken first on a connection.
type Taken = SmallVec<[(Stamp, i64); 2]>;

/// The index.
#[derive(Debug, Default)]
pub struct Web {
    cookies: HashMap<CookieKey, CookieLife>,
    refusals: HashMap<RefusalKey, Refusals>,
    clear: HashMap<ClearKey, InClear>,
    taken: HashMap<TakenKey, Taken>,
    proxies: HashMap<(IpAddr, Endpoint), Asked>,
}

impl Web {
    /// Learns from one more conversation.
    pub(super) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "http") {
            if session.facts.is_empty() {
                continue;
            }
            self.learn_cookies(flow, session);
            for fact in &session.facts {
                let of_expired = || fact.int("credential").map(|c| (c, EXPIRED.to_owned()));
                let expired = expired(fact).then(of_expired).flatten();
                for (credential, target) in refused(fact).into_iter().chain(expired) {
                    let key = (flow.client.address, flow.server, credential, target);
                    self.refuse(key, &[fact.stamp], 1);
                }
            }
            self.learn_proxy(flow, session);
            for fact in session.facts_named("http.credentials-accepted") {
                if let Some(token) = fact.int("credential").filter(|_| is_bearer(fact)) {
                    let target = fact.text("target").to_owned();
                    let key = (flow.client.address, flow.server, target);
                    self.take(key, &[(fact.stamp, token)]);
                }
            }
            if !is_encrypted(flow, session) {
                self.learn_clear(flow, session);
            }
        }
    }

    fn learn_proxy(&mut self, flow: &Flow, session: &Session) {
        let (mut asked, mut sent) = (Asked::default(), false);
        for fact in &session.facts {
            sent |= fact.fact.name == "http.credentials";
            if is_question(fact) {
                asked.count += 1;
                asked.cited.push(fact.stamp);
            }
        }
        asked.has_sent = sent;
        if asked.count > 0 || sent {
            self.ask((flow.client.address, flow.server), &asked);
        }
    }

    fn ask(&mut self, key: (IpAddr, Endpoint), asked: &Asked) {
        if let Some(known) = self.proxies.get_mut(&key) {
            known.add(asked);
        } else if self.proxies.len() < limits::REFUSED_CREDENTIALS {
            let mut first = Asked::default();
            first.add(asked);
            self.proxies.insert(key, first);
        }
    }

    fn take(&mut self, key: TakenKey, tokens: &[(Stamp, i64)]) {
        if let Some(known) = self.taken.get_mut(&key) {
            known.extend_from_slice(tokens);
            known.sort_unstable();
            known.truncate(TAKEN);
        } else if self.taken.len() < limits::REFUSED_CREDENTIALS {
            self.taken.insert(key, SmallVec::from_slice(tokens));
        }
    }

    fn learn_cookies(&mut self, flow: &Flow, session: &Session) {
        let hosts = (flow.client.address, flow.server.address);
        let logins = || session.facts_named("http.login-answered");
        for fact in &session.facts {
            let sent = || ints(fact.value("cookies"));
            match fact.fact.name {
                "http.cookie-set" if fact.is("session") => {
                    if let Some(old) = fact.int("sent")
                        && is_removal(fact)
                    {
                        let removed = Some(fact.stamp);
                        let name = fact.text("name").to_owned();
                        let life = CookieLife {
                            name,
                            removed,
                            ..CookieLife::default()
                        };
                        self.cookie((hosts.0, hosts.1, old as u64), life);
                    } else if let Some(new) = fact.int("fingerprint").filter(|_| !is_removal(fact))
                    {
                        let by_login =
                            logins().any(|l| l.request.is_some() && l.request == fact.request);
                        let life = CookieLife {
                            name: fact.text("name").to_owned(),
                            set: Some(fact.stamp),
                            set_last: Some(fact.stamp),
                            by_login,
                            ..CookieLife::default()
                        };
                        self.cookie((hosts.0, hosts.1, new as u64), life);
                    }
                }
                "http.cookie-accepted" => {
                    let place = fact.int("place").unwrap_or_default() as u64;
                    let cookie = fact.int("fingerprint").unwrap_or_default() as u64;
                    let uses = SmallVec::from_iter([(place, fact.stamp)]);
                    let life = CookieLife {
                        uses,
                        ..CookieLife::default()
                    };
                    self.cookie((hosts.0, hosts.1, cookie), life);
                }
                "http.logout" => {
                    for cookie in sent() {
                        let logout = Some(fact.stamp);
                        let life = CookieLife {
                            logout,
                            ..CookieLife::default()
                        };
                        self.cookie((hosts.0, hosts.1, cookie), life);
                    }
                }
                _ => {}
            }
        }
    }

    fn cookie(&mut self, key: CookieKey, life: CookieLife) {
        if let Some(known) = self.cookies.get_mut(&key) {
            known.add(life);
        } else if self.cookies.len() < limits::COOKIES {
            self.cookies.insert(key, life);
        }
    }

    fn refuse(&mut self, key: RefusalKey, cited: &[Stamp], count: u64) {
        if let Some(known) = self.refusals.get_mut(&key) {
            known.count += count;
            known.cited.extend_from_slice(cited);
            known.cited.sort_unstable();
            known.cited.truncate(CITED);
        } else if self.refusals.len() < limits::REFUSED_CREDENTIALS {
            let cited = SmallVec::from_slice(cited);
            self.refusals.insert(key, Refusals { cited, count });
        }
    }

    fn learn_clear(&mut self, flow: &Flow, session: &Session) {
        for fact in session.facts_named("http.credentials") {
            let Some(scheme) = clear_scheme(fact) else {
                continue;
            };
            let key = (flow.client.address, flow.server, scheme.to_owned());
            let seen = InClear {
                first: fact.stamp,
                connections: 1,
            };
            self.sent_clear(key, seen);
        }
    }

    fn sent_clear(&mut self, key: ClearKey, seen: InClear) {
        if let Some(known) = self.clear.get_mut(&key) {
            known.first = known.first.min(seen.first);
            known.connections += seen.connections;
        } else if self.clear.len() < limits::REFUSED_CREDENTIALS {
            self.clear.insert(key, seen);
        }
    }

    /// Adds what was learned elsewhere.
    pub(super) fn learn_from(&mut self, other: Self) {
        for (key, life) in other.cookies {
            self.cookie(key, life);
        }
        for (key, refusals) in other.refusals {
            self.refuse(key, &refusals.cited, refusals.count);
        }
        for (key, seen) in other.clear {
            self.sent_clear(key, seen);
        }
        for (key, asked) in other.proxies {
            self.ask(key, &asked);
        }
        for (key, tokens) in other.taken {
            self.take(key, &tokens);
        }
    }

    /// The life of a cookie between the ends of `flow`.
    pub fn life(&self, flow: &Flow, cookie: u64) -> Option<&CookieLife> {
        let key = (flow.client.address, flow.server.address, cookie);
        self.cookies.get(&key)
    }

    /// Refusals like `fact`, over all connections of the client of `flow`.
    pub fn refusals(&self, flow: &Flow, fact: &SeenFact) -> Option<&Refusals> {
        let (credential, target) = refused(fact)?;
        let key = (flow.client.address, flow.server, credential, target);
        self.refusals.get(&key)
    }

    /// Refusals of the same expired token, over all connections of the client of `flow`.
    pub fn expired(&self, flow: &Flow, fact: &SeenFact) -> Option<&Refusals> {
        let credential = fact.int("credential")?;
        let key = (
            flow.client.address,
            flow.server,
            credential,
            EXPIRED.to_owned(),
        );
        self.refusals.get(&key)
    }

    /// What became of the question of the proxy of `flow` for credentials of its client.
    pub fn asked(&self, flow: &Flow) -> Option<&Asked> {
        self.proxies.get(&(flow.client.address, flow.server))
    }

    /// Where other tokens than that of `fact` were taken for its target, over all connections of the client of `flow`.
    pub fn taken(&self, flow: &Flow, fact: &SeenFact) -> impl Iterator<Item = Stamp> {
        let target = fact.text("target").to_owned();
        let old = fact.int("credential");
        let tokens = self.taken.get(&(flow.client.address, flow.server, target));
        let others = tokens.into_iter().flatten();
        others
            .filter(move |(_, t)| Some(*t) != old)
            .map(|(s, _)| *s)
    }

    /// Credentials of `scheme` that the client of `flow` sent to its server without encryption.
    pub fn in_clear(&self, flow: &Flow, scheme: &str) -> Option<&InClear> {
        let key = (flow.client.address, flow.server, scheme.to_owned());
        self.clear.get(&key)
    }
}

/// Whether a cookie is set only to be forgotten: empty, or of a time that is over (RFC 6265 section 3.1).
pub fn is_removal(set: &SeenFact) -> bool {
    let over = |t: i64| t < set.stamp.time.nanos() / 1_000_000_000;
    set.is("removed") || set.int("max_age").is_none() && set.int("expires").is_some_and(over)
}

/// Credentials that were refused, and where: not the steps of a login in several, and not those whose nonce was too old.
fn refused(fact: &SeenFact) -> Option<(i64, String)> {
    let status = fact
        .int("status")
        .filter(|_| fact.fact.name == "http.error")?;
    let credential = fact.int("credential")?;
    let step = fact.is("continues") || fact.is("stale") || fact.int("ntlm") == Some(1);
    // Each login of NTLM has other bytes.
    let credential = if fact.int("ntlm").is_some() {
        0
    } else {
        credential
    };
    let target = format!("{} {}", fact.text("method"), fact.text("target"));
    (matches!(status, 401 | 407) && !step).then_some((credential, target))
}

/// An answer 407 to a request without credentials: a proxy asks for them (RFC 9110 section 15.5.8).
pub fn is_question(fact: &SeenFact) -> bool {
    fact.fact.name == "http.error"
        && fact.int("status") == Some(407)
        && fact.int("credential").is_none()
}

/// True for a refusal of a token whose time was over.
pub fn expired(fact: &SeenFact) -> bool {
    fact.fact.name == "http.error"
        && fact.int("status") == Some(401)
        && fact
            .int("expires")
            .is_some_and(|end| end <= fact.stamp.time.nanos().div_euclid(1_000_000_000))
}

/// The credentials are a token that was given by somebody else (RFC 6750).
pub fn is_bearer(fact: &SeenFact) -> bool {
    fact.text("credentials") == "Bearer"
}

/// What anybody on the way can read: the scheme by the name of what is in it.
pub fn clear_scheme(fact: &SeenFact) -> Option<&'static str> {
    match fact.text("credentials") {
        "Basic" => Some("Basic"),
        "Bearer" => Some("Bearer"),
        "NTLM" => Some("NTLM"),
        "Negotiate" if fact.int("ntlm").is_some() => Some("NTLM"),
        _ => None,
    }
}

/// True where `session` is inside TLS.
pub fn is_encrypted(flow: &Flow, session: &Session) -> bool {
    let mut at = Some(session);
    while let Some(session) = at {
        if session.protocol == "tls" || session.protocol == "quic" {
            return true;
        }
        at = flow.parent(session).filter(|p| p.index < session.index);
    }
    false
}

/// The numbers of a list.
pub fn ints(value: Option<&Value>) -> impl Iterator<Item = u64> {
    let list = match value {
        Some(Value::List(list)) => list.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|v| match v {
        Value::Int(n) => Some(*n as u64),
        _ => None,
    })
}
