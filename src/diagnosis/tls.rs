//! TLS over the whole capture: why handshakes failed, which sessions were given out to be resumed, how servers behave.

use std::net::IpAddr;

use colloquy_dissectors::event::{Phase, Value};
use colloquy_dissectors::units::{Side, Stamp, Timestamp};
use hashbrown::HashMap;

use crate::session::model::{Endpoint, Flow, SeenFact, Session};
use crate::stream::facts::TcpFacts;

/// Values of one kind that are kept of a server.
const VALUES: usize = 8;
/// Who answers a record with an alert does so at once: seconds.
const AT_ONCE: f64 = 1.0;
/// After so long a silence a server may close whatever it gets: seconds.
const IDLE: f64 = 5.0;
/// The server's words say that the client should have shown a certificate.
const DEMANDED: &str = "tls.certificate-demanded";
/// A client that has sent more records without an answer does not wait for one.
const FIRST_RECORDS: i64 = 2;

/// Which rule tells of a session that an alert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The two sides could not agree.
    Refused,
    /// A certificate was not accepted.
    Certificate,
    /// The client had none to show.
    ClientCertificate,
    /// The session was open.
    Aborted,
}

/// Why a session did not come about, or ended by an alert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) kind: Kind,
    /// The alert, or what must be one.
    pub(crate) alert: &'a SeenFact,
}

impl Failure<'_> {
    /// The alert's number; `None` where it is encrypted.
    pub(crate) fn code(&self) -> Option<i64> {
        self.alert.int("code")
    }

    /// It is no alert but words: the server's page says that the client's certificate is wanted.
    pub(crate) fn is_page(&self) -> bool {
        self.alert.fact.name == DEMANDED
    }

    /// It is read, and not only told by its size.
    pub(crate) fn is_certain(&self) -> bool {
        self.code().is_some() || self.is_page()
    }
}

/// The alert that ended `session`, if one did.
pub(crate) fn failure<'a>(flow: &Flow, session: &'a Session) -> Option<Failure<'a>> {
    let fin = |side: Side| flow.tcp.as_deref().and_then(|tcp| tcp.sides[side].fin);
    // To a connection that the peer has ended already, an alert is no more than an echo.
    let late = |a: &&SeenFact| fin(a.side.other()).is_some_and(|fin| fin < a.stamp);
    let mut alerts = session.facts_named("tls.alert");
    if let Some(alert) = alerts.find(|a| is_fatal(a) && !late(a)) {
        let kind = match alert.int("code") {
            Some(code) => kind(session, alert, code),
            None => hidden_kind(session, alert),
        };
        return Some(Failure { kind, alert });
    }
    if let Some(alert) = session.fact(DEMANDED) {
        let kind = Kind::ClientCertificate;
        return Some(Failure { kind, alert });
    }
    let alert = session.fact("tls.closed-unanswered")?;
    let before = session.fact("tls.last-record")?;
    let trip = flow.tcp.as_deref().and_then(TcpFacts::round_trip_nanos);
    let soon = AT_ONCE.max(trip.map_or(0.0, |nanos| 4e-9 * nanos as f64));
    if alert.stamp.time.since(before.stamp.time) > soon || was_idle(session, before) {
        return None;
    }
    let kind = if alert.is("empty_certificate") {
        Kind::ClientCertificate
    } else if alert.is("certificate") {
        Kind::Certificate
    } else if (1..=FIRST_RECORDS).contains(&alert.int("records").unwrap_or_default()) {
        Kind::Aborted
    } else {
        return None;
    };
    Some(Failure { kind, alert })
}

/// The client's last record came so late that it may have crossed the close of a server that was tired of waiting.
fn was_idle(session: &Session, last: &SeenFact) -> bool {
    let open = session.entered(Phase::Open);
    open.is_some_and(|open| last.stamp.time.since(open.stamp.time) > IDLE)
}

/// Fatal; a server's close_notify in answer to a hello is as good as that.
fn is_fatal(alert: &SeenFact) -> bool {
    let closes = alert.int("code") == Some(0) && alert.side == Side::Server;
    let in_handshake = alert.text("stage") == "handshake";
    alert.text("level") == "Fatal" || in_handshake && (closes || alert.is("encrypted"))
}

/// What an alert that can be read is about (RFC 8446 section 6.2).
fn kind(session: &Session, alert: &SeenFact, code: i64) -> Kind {
    let from_server = alert.side == Side::Server;
    let empty = from_server && is_without_certificate(session);
    match code {
        116 => Kind::ClientCertificate,
        40 | 42 | 46 | 49 if empty => Kind::ClientCertificate,
        42..=46 | 48 => Kind::Certificate,
        49 | 51 if shown(session, alert.side.other()) => Kind::Certificate,
        _ if alert.text("stage") == "session" => Kind::Aborted,
        _ => Kind::Refused,
    }
}

/// What an alert may be about that can't be read.
fn hidden_kind(session: &Session, alert: &SeenFact) -> Kind {
    let resumed = session.detail("resumed").map(ToString::to_string);
    let tls13 = session.detail("version").map(ToString::to_string);
    let tls13 = tls13.is_some_and(|v| v.starts_with("TLS 1.3"));
    match alert.side {
        Side::Server if is_without_certificate(session) => Kind::ClientCertificate,
        // In place of its Finished, after it saw the server's certificate.
        Side::Client if tls13 && resumed.as_deref() != Some("true") => Kind::Certificate,
        _ => Kind::Refused,
    }
}

/// The client was asked for a certificate and sent none.
pub(crate) fn is_without_certificate(session: &Session) -> bool {
    session
        .detail("client_certificate")
        .is_some_and(|v| v.to_string() == "none")
}

/// `side` has shown a certificate, as far as that can be seen.
fn shown(session: &Session, side: Side) -> bool {
    let key = match side {
        Side::Server => "certificate_subject",
        Side::Client => "client_certificate",
    };
    let value = session.detail(key).map(ToString::to_string);
    value.is_some_and(|v| v != "none" && v != "asked for")
}

/// What is wrong with a server's certificate, whether somebody minds or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Oddity {
    /// It ended so many seconds before it was shown.
    Expired(f64),
    /// It begins so many seconds later.
    NotYet(f64),
    /// It is not for this name.
    Name(String),
}

/// What is wrong with the server's certificate of `session`, at the time it was shown.
pub(crate) fn oddity(session: &Session) -> Option<Oddity> {
    let stamp = session.fact("tls.certificate-seen")?.stamp;
    let moment = |key: &str| -> Option<f64> {
        let text = session.detail(key)?.to_string();
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_nanos(i64::try_from(time.as_nanosecond()).ok()?).since(stamp.time))
    };
    if let Some(left) = moment("certificate_valid_until").filter(|left| *left < 0.0) {
        return Some(Oddity::Expired(-left));
    }
    if let Some(early) = moment("certificate_valid_from").filter(|early| *early > 0.0) {
        return Some(Oddity::NotYet(early));
    }
    let name = session.detail("server_name")?.to_string();
    let names = session.detail("certificate_names")?.to_string();
    let names: Vec<&str> = names.split(", ").collect();
    // Longer lists are cut.
    let all = names.iter().all(|n| !n.is_empty()) && names.len() < 16;
    (all && !names.iter().any(|n| is_for(n, &name))).then_some(Oddity::Name(name))
}

/// A certificate's name covers `wanted` (RFC 6125 section 6.4: a star stands for one label).
fn is_for(name: &str, wanted: &str) -> bool {
    let (name, wanted) = (name.trim_end_matches('.'), wanted.trim_end_matches('.'));
    if let Some(parent) = name.strip_prefix("*.") {
        return wanted
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    }
    name.eq_ignore_ascii_case(wanted)
}

/// A session that was given out to be resumed.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    /// Where.
    pub(crate) stamp: Stamp,
    /// By the server here.
    pub(crate) server: Endpoint,
    /// Seconds for which it may be used; 0 where that is not told.
    pub(crate) lifetime: i64,
    /// Where that was seen.
    pub(crate) extended_master_secret: Option<bool>,
    /// What the client called the server then, where its hello was seen.
    pub(crate) server_name: Option<String>,
}

/// The same again and again: told once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    pub(crate) first: Stamp,
    pub(crate) last: Stamp,
    pub(crate) count: u32,
}

impl Series {
    fn of(stamp: Stamp) -> Self {
        Self {
            first: stamp,
            last: stamp,
            count: 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count += other.count;
    }
}

/// What is told once of all that is alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Alike {
    /// The same client program, refused by the same server with the same alert.
    Failed(IpAddr, Endpoint, Kind, Option<i64>, String),
    /// A server that does not resume its sessions.
    NotResumed(Endpoint),
    /// Servers that end without close_notify.
    Truncates,
    /// A certificate that is odd, by subject and end, and whether somebody may have minded.
    Oddity(String, String, bool),
}

/// A handshake that a server cut off at once.
#[derive(Clone, Debug)]
pub(crate) struct Shed {
    pub(crate) client: Endpoint,
    /// The ClientHello and the server's last word.
    pub(crate) hello: Stamp,
    pub(crate) end: Stamp,
    /// By an alert internal_error, else by closing.
    pub(crate) by_alert: bool,
    name: String,
}

/// How a server's handshakes went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    /// Handshakes that came about.
    pub(crate) opened: u32,
    /// Versions and cipher suites that it chose, with the frame of one session each.
    pub(crate) chosen: Vec<(String, String, Stamp)>,
    names: Vec<String>,
    shed: Vec<Shed>,
}

impl Server {
    /// Handshakes that it cut off, of names with which others came about.
    pub(crate) fn shed(&self) -> impl Iterator<Item = &Shed> {
        self.shed.iter().filter(|s| self.names.contains(&s.name))
    }
}

/// What is learned of TLS from all conversations.
#[derive(Debug, Default)]
pub(crate) struct TlsWorld {
    issued: HashMap<i64, Issued>,
    series: HashMap<Alike, Series>,
    servers: HashMap<Endpoint, Server>,
}

/// Handshakes cut off that are kept of one server.
const SHED: usize = 256;

impl TlsWorld {
    pub(super) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "tls") {
            self.learn_issued(flow, session);
            for (alike, stamp) in told_once(flow, session) {
                let one = Series::of(stamp);
                self.series
                    .entry(alike)
                    .and_modify(|all| all.add(&one))
                    .or_insert(one);
            }
            let server = self.servers.entry(flow.server).or_default();
            server.learn(flow, session);
        }
    }

    fn learn_issued(&mut self, flow: &Flow, session: &Session) {
        for fact in session.facts_named("tls.session-issued") {
            let Some(id) = fact.int("id") else { continue };
            self.issued.entry(id).or_insert_with(|| Issued {
                stamp: fact.stamp,
                server: flow.server,
                lifetime: fact.int("lifetime").unwrap_or(0),
                extended_master_secret: match fact.value("extended_master_secret") {
                    Some(Value::Bool(used)) => Some(*used),
                    _ => None,
                },
                server_name: session
                    .detail("offered_version")
                    .map(|_| text(session, "server_name")),
            });
        }
    }

    pub(super) fn learn_from(&mut self, other: Self) {
        for (id, issued) in other.issued {
            let known = self.issued.entry(id).or_insert_with(|| issued.clone());
            if issued.stamp < known.stamp {
                *known = issued;
            }
        }
        for (alike, series) in other.series {
            self.series
                .entry(alike)
                .and_modify(|all| all.add(&series))
                .or_insert(series);
        }
        for (endpoint, server) in other.servers {
            self.servers.entry(endpoint).or_default().add(server);
        }
    }

    pub(super) fn settle(&mut self) {
        let keep = |server: &mut Server| {
            server.shed.sort_by_key(|s| s.hello);
            server.chosen.sort_by_key(|c| c.2);
        };
        self.servers.values_mut().for_each(keep);
    }

    /// The earlier session that `fact`, an offer to resume, names.
    pub(crate) fn origin(&self, fact: &SeenFact) -> Option<&Issued> {
        let keys = ["id", "session_id"].into_iter();
        let mut known = keys.filter_map(|key| self.issued.get(&fact.int(key)?));
        known.find(|issued| issued.stamp < fact.stamp)
    }

    /// The series that is told at `stamp`; `None` where it is told with an earlier one.
    pub(crate) fn series(&self, alike: &Alike, stamp: Stamp) -> Option<Series> {
        self.series.get(alike).copied().filter(|s| s.first == stamp)
    }

    /// How a server's handshakes went.
    pub(crate) fn server(&self, server: Endpoint) -> Option<&Server> {
        self.servers.get(&server)
    }
}

impl Server {
    fn learn(&mut self, flow: &Flow, session: &Session) {
        let name = text(session, "server_name");
        if let Some(open) = session.entered(Phase::Open) {
            self.opened += 1;
            if self.names.len() < VALUES * VALUES && !self.names.contains(&name) {
                self.names.push(name);
            }
            let one = (
                text(session, "version"),
                text(session, "cipher"),
                open.stamp,
            );
            self.choose(one);
        } else if let Some(shed) = shed(flow, session).filter(|_| self.shed.len() < SHED) {
            self.shed.push(Shed { name, ..shed });
        }
    }

    fn choose(&mut self, one: (String, String, Stamp)) {
        let same = |c: &&mut (String, String, Stamp)| (&c.0, &c.1) == (&one.0, &one.1);
        let room = self.chosen.len() < VALUES && !one.0.is_empty();
        match self.chosen.iter_mut().find(same) {
            Some(known) => known.2 = known.2.min(one.2),
            None if room => self.chosen.push(one),
            None => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.opened += other.opened;
        for one in other.chosen {
            self.choose(one);
        }
        for name in other.names {
            if self.names.len() < VALUES * VALUES && !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        let room = SHED.saturating_sub(self.shed.len());
        self.shed.extend(other.shed.into_iter().take(room));
    }
}

/// What is to be told of `session` once for all that are alike.
fn told_once(flow: &Flow, session: &Session) -> Vec<(Alike, Stamp)> {
    let mut out = Vec::new();
    if let Some(failure) = failure(flow, session) {
        out.push((failed(flow, session, &failure), failure.alert.stamp));
    }
    let refused = session.facts_named("tls.resumption-refused");
    if let Some(fact) = refused.filter(|f| f.is("meant")).last() {
        out.push((Alike::NotResumed(flow.server), fact.stamp));
    }
    if let Some(fact) = session.fact("tls.no-close-notify") {
        out.push((Alike::Truncates, fact.stamp));
    }
    if let Some(seen) = session.fact("tls.certificate-seen")
        && session.entered(Phase::Open).is_some()
        && oddity(session).is_some()
    {
        out.push((odd(session), seen.stamp));
    }
    out
}

/// What makes odd certificates alike.
pub(crate) fn odd(session: &Session) -> Alike {
    Alike::Oddity(
        text(session, "certificate_subject"),
        text(session, "certificate_valid_until"),
        left(session).is_some(),
    )
}

/// Where the client left right after the handshake, with an alert and without any other word.
pub(crate) fn left(session: &Session) -> Option<&SeenFact> {
    let left = session.fact("tls.left-at-once")?;
    let open = session.entered(Phase::Open)?;
    (left.stamp.time.since(open.stamp.time) < AT_ONCE).then_some(left)
}

/// What makes failures alike.
pub(crate) fn failed(flow: &Flow, session: &Session, failure: &Failure<'_>) -> Alike {
    Alike::Failed(
        flow.client.address,
        flow.server,
        failure.kind,
        failure.code(),
        text(session, "ja3"),
    )
}

/// A hello that the server answered with internal_error or by closing, without another word.
fn shed(flow: &Flow, session: &Session) -> Option<Shed> {
    let tcp = flow.tcp.as_deref()?;
    let hello = session.entered(Phase::Negotiating)?;
    if session.began_before_capture || tcp.one_sided().is_some() {
        return None;
    }
    let one = |end, by_alert| Shed {
        client: flow.client,
        hello: hello.stamp,
        end,
        by_alert,
        name: String::new(),
    };
    let mut alerts = session.facts_named("tls.alert");
    let internal = alerts.find(|a| a.int("code") == Some(80) && a.side == Side::Server);
    if let Some(alert) = internal.filter(|a| a.text("stage") == "handshake") {
        return Some(one(alert.stamp, true));
    }
    let server = &tcp.sides.server;
    if server.stream_bytes + server.missing + server.acked_unseen > 0 {
        return None;
    }
    let reset = tcp
        .reset()
        .filter(|r| tcp.was_reset() && r.side == Side::Server);
    let fin = tcp.sides.server.fin;
    let first = tcp
        .sides
        .client
        .fin
        .is_none_or(|c| fin.is_some_and(|s| s < c));
    let end = reset.map(|r| r.stamp).or(fin.filter(|_| first))?;
    (end.time.since(hello.stamp.time) < AT_ONCE).then(|| one(end, false))
}

/// A detail as text, empty where there is none.
pub(crate) fn text(session: &Session, key: &str) -> String {
    session
        .detail(key)
        .map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::is_for;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(is_for("*.example.org", "www.Example.org"));
        assert!(!is_for("*.example.org", "example.org"));
        assert!(!is_for("*.example.org", "a.b.example.org"));
        assert!(is_for("host.example.org", "HOST.example.org."));
        assert!(!is_for("other.example.org", "host.example.org"));
    }
}
