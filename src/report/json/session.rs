//! A session as JSON. A report has tens of thousands of them and little else, so that their keys are written as they
//! are, without the detour of a serializer; what a session's values hold is not.

use std::io::Write as _;
use std::net::IpAddr;

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::{PerSide, Timestamp};
use serde::ser::{Serialize, Serializer};

use super::super::names::Names;
use super::time::Clock;
use crate::analysis::{Judged, Row};
use crate::session::model::{Endpoint, Session};

/// Writes sessions into memory.
pub(super) struct Writer<'a> {
    names: &'a Names<'a>,
    clock: Clock,
    /// Both ends of the conversation at hand, which all its sessions share.
    ends: Vec<u8>,
    text: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(names: &'a Names<'a>) -> Self {
        Self {
            names,
            clock: Clock::default(),
            ends: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Adds the sessions of one conversation to `text`; `before`: what stands before the one of that id.
    pub(super) fn flow(
        &mut self,
        judged: &Judged,
        before: impl Fn(u32) -> &'static str,
        after: &str,
        text: &mut Vec<u8>,
    ) {
        self.text.clear();
        self.end(",\"client\":", judged.flow.client, judged.capture);
        self.end(",\"server\":", judged.flow.server, judged.capture);
        std::mem::swap(&mut self.ends, &mut self.text);
        std::mem::swap(&mut self.text, text);
        for row in judged.rows() {
            self.raw(before(row.id));
            self.session(row);
            self.raw(after);
        }
        std::mem::swap(&mut self.text, text);
    }

    fn session(&mut self, row: Row<'_>) {
        let Row {
            id,
            judged,
            session,
        } = row;
        self.number("{\"id\":", id);
        match row.parent() {
            Some(parent) => self.number(",\"parent\":", parent),
            None => self.raw(",\"parent\":null"),
        }
        self.number(",\"capture\":", judged.capture);
        self.name(",\"protocol\":\"", session.protocol);
        self.name(",\"transport\":\"", judged.flow.transport.name());
        self.number(",\"stream\":", judged.flow.stream);
        self.text.extend_from_slice(&self.ends);
        self.time(",\"opened\":\"", session.first.time);
        match row.closed() {
            Some(closed) => self.time(",\"closed\":\"", closed.time),
            None => self.raw(",\"closed\":null"),
        }
        let duration = session.last.time.since(session.first.time).max(0.0);
        self.value(",\"duration\":", &duration);
        self.number(",\"first_frame\":", session.first.frame);
        self.number(",\"last_frame\":", session.last.frame);
        self.name(",\"state\":\"", row.state().name());
        self.flag(",\"began_before_capture\":", session.began_before_capture);
        self.flag(",\"ended_after_capture\":", row.ended_after_capture());
        self.phases(session);
        self.sides(",\"messages\":", session.messages);
        self.sides(",\"bytes\":", session.bytes);
        let requests = row.requests();
        self.number(",\"requests\":{\"sent\":", requests.sent);
        self.number(",\"answered\":", requests.answered);
        self.number(",\"failed\":", requests.failed);
        self.number(",\"unanswered\":", requests.unanswered);
        self.number(",\"pending\":", requests.pending);
        match session.response_time() {
            Some(times) => {
                self.value("},\"response_time\":{\"median\":", &times.median);
                self.value(",\"p95\":", &times.p95);
                self.value(",\"max\":", &times.max);
                self.raw("}");
            }
            None => self.raw("},\"response_time\":null"),
        }
        self.sides(",\"missing_bytes\":", session.missing);
        self.details(session);
        self.cannot_tell(row);
        self.limits(session);
        self.raw("}");
    }

    /// Bounds that were reached, where one was.
    fn limits(&mut self, session: &Session) {
        for (index, what) in session.troubles.limits.iter().enumerate() {
            self.raw(if index == 0 { ",\"limits\":[" } else { "," });
            self.string("", what);
        }
        if !session.troubles.limits.is_empty() {
            self.raw("]");
        }
    }

    fn end(&mut self, key: &str, end: Endpoint, capture: u32) {
        self.raw(key);
        self.raw("{\"address\":\"");
        match end.address {
            IpAddr::V4(address) => {
                for (index, octet) in address.octets().into_iter().enumerate() {
                    self.number(if index == 0 { "" } else { "." }, octet);
                }
            }
            // Writing into memory never fails.
            IpAddr::V6(address) => drop(write!(self.text, "{address}")),
        }
        self.number("\",\"port\":", end.port);
        match self.names.get(capture, end.address) {
            Some(name) => self.string(",\"name\":", name),
            None => self.raw(",\"name\":null"),
        }
        self.raw("}");
    }

    fn phases(&mut self, session: &Session) {
        self.raw(",\"phases\":[");
        for (index, change) in session.phases.iter().enumerate() {
            self.raw(if index == 0 { "" } else { "," });
            self.name("{\"phase\":\"", change.phase.name());
            self.time(",\"at\":\"", change.stamp.time);
            self.number(",\"frame\":", change.stamp.frame);
            self.raw("}");
        }
        self.raw("]");
    }

    fn details(&mut self, session: &Session) {
        self.raw(",\"details\":{");
        for (index, (key, value)) in session.details.iter().enumerate() {
            self.name(if index == 0 { "\"" } else { ",\"" }, key);
            match value {
                Value::Int(n) => self.number(":", *n),
                Value::Bool(b) => self.flag(":", *b),
                Value::Name(name) => self.string(":", name),
                Value::Text(text) => self.string(":", text),
                Value::List(_) => self.value(":", &ValueJson(value)),
            }
        }
        self.raw("}");
    }

    fn cannot_tell(&mut self, row: Row<'_>) {
        self.raw(",\"cannot_tell\":[");
        for (index, cannot) in row.cannot_tell().enumerate() {
            self.raw(if index == 0 { "" } else { "," });
            self.name("{\"rule\":\"", cannot.rule);
            self.name(",\"guard\":\"", cannot.guard);
            self.string(",\"why\":", &cannot.why);
            self.raw("}");
        }
        self.raw("]");
    }

    fn sides(&mut self, key: &str, sides: PerSide<u64>) {
        self.raw(key);
        self.number("{\"client\":", sides.client);
        self.number(",\"server\":", sides.server);
        self.raw("}");
    }

    fn raw(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, key: &str, number: impl itoa::Integer) {
        self.raw(key);
        self.raw(itoa::Buffer::new().format(number));
    }

    fn flag(&mut self, key: &str, flag: bool) {
        self.raw(key);
        self.raw(if flag { "true" } else { "false" });
    }

    /// A word of this program, which has nothing to be escaped. `key` holds its first quotation mark.
    fn name(&mut self, key: &str, name: &str) {
        self.raw(key);
        self.raw(name);
        self.raw("\"");
    }

    /// `key` holds its first quotation mark.
    fn time(&mut self, key: &str, time: Timestamp) {
        self.raw(key);
        self.text
            .extend_from_slice(self.clock.text(time).as_bytes());
        self.raw("\"");
    }

    fn string(&mut self, key: &str, text: &str) {
        let plain = |b: u8| b >= b' ' && b != b'"' && b != b'\\';
        if text.bytes().fold(true, |all, b| all & plain(b)) {
            self.raw(key);
            self.name("\"", text);
        } else {
            self.value(key, text);
        }
    }

    fn value(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        self.raw(key);
        // Writing into memory never fails.
        let _ = serde_json::to_writer(&mut self.text, value);
    }
}

/// A value as it stands in JSON.
struct ValueJson<'a>(&'a Value);

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(n) => to.serialize_i64(*n),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Name(s) => to.serialize_str(s),
            Value::Text(s) => to.serialize_str(s),
            Value::List(items) => to.collect_seq(items.iter().map(ValueJson)),
        }
    }
}
