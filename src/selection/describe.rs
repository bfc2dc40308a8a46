//! Sessions and findings as values of fields.

use std::net::IpAddr;
use std::sync::OnceLock;

use colloquy_dissectors::event::{self, Phase};
use colloquy_dissectors::field::{Entry, FieldId, FieldInfo, Kind, Value, Values, Wanted, group};
use hashbrown::HashMap;

use super::is_of_session;
use crate::analysis::{Outcome, Row};
use crate::diagnosis::{Certainty, Finding, Severity};
use crate::fields;
use crate::fields::session::{DETAIL, about as s, finding as f};
use crate::session::model::{Endpoint, Session, Transport};

/// Adds a value that was computed.
pub(super) fn put(values: &mut Values, id: FieldId, value: Value<'_>) {
    values.push(Entry {
        id,
        value,
        depth: 1,
        at: 0,
        len: 0,
    });
}

/// Fields of frames that all frames of a conversation have alike, by what they are of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Address4,
    Address6,
    Port(Transport),
    Stream(Transport),
}

const HEADERS: &[(&str, Header)] = &[
    ("ip.src", Header::Address4),
    ("ip.dst", Header::Address4),
    ("ip.addr", Header::Address4),
    ("ip.host", Header::Address4),
    ("ipv6.src", Header::Address6),
    ("ipv6.dst", Header::Address6),
    ("ipv6.addr", Header::Address6),
    ("tcp.srcport", Header::Port(Transport::Tcp)),
    ("tcp.dstport", Header::Port(Transport::Tcp)),
    ("tcp.port", Header::Port(Transport::Tcp)),
    ("tcp.stream", Header::Stream(Transport::Tcp)),
    ("udp.srcport", Header::Port(Transport::Udp)),
    ("udp.dstport", Header::Port(Transport::Udp)),
    ("udp.port", Header::Port(Transport::Udp)),
    ("udp.stream", Header::Stream(Transport::Udp)),
];

/// Those of [`HEADERS`] that the registry has.
fn headers() -> &'static [(FieldId, Header)] {
    static FOUND: OnceLock<Vec<(FieldId, Header)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let found = HEADERS
            .iter()
            .map(|(name, what)| Some((fields::find(name)?.id, *what)));
        found.flatten().collect()
    })
}

/// True for a field that sessions have.
pub(super) fn is_told(id: FieldId) -> bool {
    let is_protocol = || {
        let around = matches!(
            id.group(),
            group::IP | group::IPV6 | group::UDP | group::TCP
        );
        id.place() == 0 && (around || id.group() >= group::NBSS)
    };
    is_of_session(id) || is_protocol() || headers().iter().any(|(known, _)| *known == id)
}

/// Adds what is wanted of a session.
pub(super) fn session(outcome: &Outcome, row: Row<'_>, wanted: &Wanted, values: &mut Values) {
    if wanted.has_group(group::SESSION) {
        let mut put = |id, value: Value<'_>| {
            if wanted.has(id) {
                put(values, id, value);
            }
        };
        identity(outcome, row, wanted, &mut put);
        course(row, &mut put);
        counts(row, &mut put);
        details(row.session, &mut put);
    }
    around(row, wanted, values);
}

type Put<'p> = dyn FnMut(FieldId, Value<'_>) + 'p;

fn identity(outcome: &Outcome, row: Row<'_>, wanted: &Wanted, put: &mut Put<'_>) {
    let (flow, session) = (&row.judged.flow, row.session);
    put(s::PROTO, Value::Present);
    put(s::ID, Value::Uint(row.id.into()));
    if let Some(parent) = row.parent() {
        put(s::PARENT, Value::Uint(parent.into()));
    }
    put(s::CAPTURE, Value::Uint(row.judged.capture.into()));
    put(s::PROTOCOL, Value::Text(session.protocol));
    put(s::TRANSPORT, Value::Text(flow.transport.name()));
    put(s::STREAM, Value::Uint(flow.stream.into()));
    for (end, address, port, name) in [
        (
            flow.client,
            s::CLIENT_ADDRESS,
            s::CLIENT_PORT,
            s::CLIENT_NAME,
        ),
        (
            flow.server,
            s::SERVER_ADDRESS,
            s::SERVER_PORT,
            s::SERVER_NAME,
        ),
    ] {
        put(address, address_value(end.address));
        put(port, Value::Uint(end.port.into()));
        if wanted.has(name)
            && let Some(text) = name_of(outcome, row.judged.capture, end)
        {
            put(name, Value::Text(text));
        }
    }
}

const fn address_value(address: IpAddr) -> Value<'static> {
    match address {
        IpAddr::V4(ip) => Value::Ipv4(ip),
        IpAddr::V6(ip) => Value::Ipv6(ip),
    }
}

fn name_of(outcome: &Outcome, capture: u32, end: Endpoint) -> Option<&str> {
    let names = &outcome.captures.get(capture as usize)?.summary.names;
    let named = names.iter().find(|(address, _)| *address == end.address);
    named.map(|(_, name)| name.as_str())
}

fn course(row: Row<'_>, put: &mut Put<'_>) {
    let session = row.session;
    put(s::OPENED, Value::Time(session.first.time.nanos()));
    if let Some(closed) = row.closed() {
        put(s::CLOSED, Value::Time(closed.time.nanos()));
    }
    let duration = session.last.time.nanos_since(session.first.time).max(0);
    put(s::DURATION, Value::Duration(duration));
    put(s::FIRST_FRAME, Value::Uint(session.first.frame));
    put(s::LAST_FRAME, Value::Uint(session.last.frame));
    put(s::STATE, Value::Text(row.state().name()));
    put(s::BEGAN_BEFORE, Value::Bool(session.began_before_capture));
    put(s::ENDED_AFTER, Value::Bool(row.ended_after_capture()));
    put(s::PHASE, Value::Text(Phase::name(session.phase)));
    for change in &session.phases {
        put(s::PHASES, Value::Text(change.phase.name()));
    }
    for unable in row.cannot_tell() {
        put(s::CANNOT_TELL, Value::Text(unable.rule));
        put(s::GUARD, Value::Text(unable.guard));
    }
}

fn counts(row: Row<'_>, put: &mut Put<'_>) {
    let session = row.session;
    let requests = row.requests();
    for (id, count) in [
        (s::MESSAGES_CLIENT, session.messages.client),
        (s::MESSAGES_SERVER, session.messages.server),
        (s::BYTES_CLIENT, session.bytes.client),
        (s::BYTES_SERVER, session.bytes.server),
        (s::SENT, requests.sent),
        (s::ANSWERED, requests.answered),
        (s::FAILED, requests.failed),
        (s::UNANSWERED, requests.unanswered),
        (s::PENDING, requests.pending),
        (s::MISSING_CLIENT, session.missing.client),
        (s::MISSING_SERVER, session.missing.server),
    ] {
        put(id, Value::Uint(count));
    }
    if let Some(times) = session.response_time() {
        let nanos = |seconds: f64| Value::Duration((seconds * 1e9).round() as i64);
        put(s::MEDIAN, nanos(times.median));
        put(s::P95, nanos(times.p95));
        put(s::MAX, nanos(times.max));
    }
}

/// The field of a detail by its key.
fn detail(key: &str) -> Option<&'static FieldInfo> {
    static KEYS: OnceLock<HashMap<&'static str, &'static FieldInfo>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let all = s::FIELDS.iter();
        all.filter_map(|info| Some((info.name.strip_prefix(DETAIL)?, info)))
            .collect()
    });
    keys.get(key).copied()
}

fn details(session: &Session, put: &mut Put<'_>) {
    for (key, value) in &session.details {
        let Some(field) = detail(key) else { continue };
        match (field.kind, value) {
            (Kind::Int, event::Value::Int(n)) => put(field.id, Value::Int(*n)),
            (Kind::Bool, event::Value::Bool(b)) => put(field.id, Value::Bool(*b)),
            (Kind::Text, event::Value::List(items)) => {
                for item in items {
                    put(field.id, Value::Text(&item.to_string()));
                }
            }
            (Kind::Text, other) => put(field.id, Value::Text(&other.to_string())),
            _ => {}
        }
    }
}

/// What its frames have: protocols, addresses, ports, stream.
fn around(row: Row<'_>, wanted: &Wanted, values: &mut Values) {
    let flow = &row.judged.flow;
    let mut name = |name: &str| {
        if let Some(info) = fields::find(name).filter(|info| wanted.has(info.id)) {
            put(values, info.id, Value::Present);
        }
    };
    let mut at = Some(row.session);
    while let Some(session) = at {
        name(session.protocol);
        let parent = session.parent.filter(|p| *p != session.index);
        at = parent.and_then(|p| flow.sessions.get(p as usize));
    }
    if row.session.index != 0 || row.session.protocol != flow.transport.name() {
        name(flow.transport.name());
    }
    let is_v4 = flow.client.address.is_ipv4();
    name(if is_v4 { "ip" } else { "ipv6" });
    for (id, what) in headers().iter().filter(|(id, _)| wanted.has(*id)) {
        match *what {
            Header::Address4 | Header::Address6 => {
                if is_v4 == (*what == Header::Address4) {
                    put(values, *id, address_value(flow.client.address));
                    put(values, *id, address_value(flow.server.address));
                }
            }
            Header::Port(of) if of == flow.transport => {
                put(values, *id, Value::Uint(flow.client.port.into()));
                put(values, *id, Value::Uint(flow.server.port.into()));
            }
            Header::Stream(of) if of == flow.transport => {
                put(values, *id, Value::Uint(flow.stream.into()));
            }
            Header::Port(_) | Header::Stream(_) => {}
        }
    }
}

/// Adds what is wanted of a session's findings.
pub(super) fn findings(findings: &[&Finding], wanted: &Wanted, values: &mut Values) {
    if !wanted.has_group(group::FINDING) {
        return;
    }
    let mut put = |id, value: Value<'_>| {
        if wanted.has(id) {
            put(values, id, value);
        }
    };
    for finding in findings {
        put(f::PROTO, Value::Present);
        put(f::RULE, Value::Text(finding.rule));
        put(f::SEVERITY, Value::Text(finding.severity.name()));
        put(f::LEVEL, Value::Uint(level(finding.severity)));
        put(
            f::CERTAINTY,
            Value::Text(match finding.certainty {
                Certainty::Certain => "certain",
                Certainty::Likely => "likely",
            }),
        );
        put(f::CATEGORY, Value::Text(finding.category.name()));
        put(f::SIDE, Value::Text(finding.side.name()));
        put(f::AT, Value::Time(finding.at.nanos()));
        for evidence in &finding.frames {
            put(f::FRAME, Value::Uint(evidence.frame));
            put(f::ROLE, Value::Text(evidence.role));
        }
        put(f::TITLE, Value::Text(&finding.title));
        put(f::EXPLANATION, Value::Text(&finding.explanation));
        put(f::ADVICE, Value::Text(&finding.advice));
        put(f::REFERENCE, Value::Text(finding.reference));
    }
}

const fn level(severity: Severity) -> u64 {
    match severity {
        Severity::Note => 1,
        Severity::Warning => 2,
        Severity::Error => 3,
        Severity::Critical => 4,
    }
}
