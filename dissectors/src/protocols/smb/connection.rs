//! What SMB1 and SMB2 have in common: the message at hand, the session's phase and details.

use super::auth::Token;
use super::files::{Files, Held, Kind, Owner};
use super::security::Security;
use crate::dissector::Output;
use crate::event::{Act, Fact, Phase, Status, Value};
use crate::field::Writer;
use crate::units::{Side, Span, StreamOffset};

/// Shares in the details.
const MAX_SHARES: usize = 64;
/// SessionIds in the details.
const MAX_IDS: usize = 8;

/// The message at hand and where to say what it is.
pub(super) struct At<'a, 'o> {
    pub(super) side: Side,
    pub(super) span: Span,
    /// Offset of the SMB header's first byte: what offsets inside a message count from.
    pub(super) base: StreamOffset,
    /// Bytes of the message were lost, or are not kept: what is missing is not the peer's fault.
    pub(super) cut: bool,
    pub(super) out: &'a mut Output<'o>,
}

impl<'a, 'o> At<'a, 'o> {
    /// No message, but a place: bytes are missing there, or nothing comes any more.
    pub(super) fn nothing(side: Side, base: StreamOffset, out: &'a mut Output<'o>) -> Self {
        Self {
            side,
            span: Span::new(base, base),
            base,
            cut: true,
            out,
        }
    }
}

impl At<'_, '_> {
    pub(super) fn emit(&mut self, act: Act) {
        self.out.emit(self.side, self.span, act);
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.out.fact(self.side, self.span, fact);
    }

    pub(super) fn detail(&mut self, key: &'static str, value: impl Into<Value>) {
        self.out.detail(self.side, self.span, key, value);
    }

    /// Gives the message's fields, which are told its size; called only where somebody asked for fields.
    pub(super) fn fields(&mut self, describe: impl FnOnce(&mut Writer<'_>, u64)) {
        let span = Span::new(self.base, self.span.end);
        let describe = |w: &mut Writer<'_>| describe(w, span.len());
        self.out.fields(self.side, span, describe);
    }

    pub(super) fn malformed(&mut self, what: &'static str) {
        if !self.cut {
            self.emit(Act::Malformed { what });
        }
    }
}

/// A fact of an answer that says no.
pub(super) fn failure(name: &'static str, id: u64, status: Status) -> Fact {
    Fact::new(name)
        .in_exchange(id)
        .with("status", status.to_string())
        .with("code", status.code)
}

/// One connection's session.
pub(super) struct Connection {
    pub(super) beginning: bool,
    pub(super) files: Files,
    /// The SMB1 NEGOTIATE that offers SMB2 too and waits for its answer.
    pub(super) multi_protocol: Option<u64>,
    pub(super) is_smb2: bool,
    phase: Option<Phase>,
    shares: Vec<String>,
    session_ids: Vec<u64>,
    told: Vec<(&'static str, Value)>,
    limits: Vec<&'static str>,
    encrypted: bool,
    /// A logon was refused.
    pub(super) refused: bool,
    pub(super) security: Security,
}

impl Connection {
    pub(super) fn new(beginning: bool) -> Self {
        Self {
            beginning,
            files: Files::default(),
            multi_protocol: None,
            is_smb2: false,
            phase: None,
            shares: Vec::new(),
            session_ids: Vec::new(),
            told: Vec::new(),
            limits: Vec::new(),
            encrypted: false,
            refused: false,
            security: Security::new(beginning),
        }
    }

    /// The session enters a phase, if it is not in it.
    pub(super) fn enter(&mut self, phase: Phase, at: &mut At<'_, '_>) {
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            at.emit(Act::Phase(phase));
        }
    }

    /// A leg of establishment; it takes nobody back who is at work (another user, a renewed logon).
    pub(super) fn approach(&mut self, phase: Phase, at: &mut At<'_, '_>) {
        if self.phase != Some(Phase::Open) {
            self.enter(phase, at);
        }
    }

    /// No dialect was agreed on yet.
    pub(super) fn is_negotiating(&self) -> bool {
        self.phase == Some(Phase::Negotiating)
    }

    /// Work is seen: in mid-stream, the session was established before.
    pub(super) fn works(&mut self, at: &mut At<'_, '_>) {
        if self.phase.is_none() && !self.beginning {
            self.enter(Phase::Open, at);
        }
    }

    /// Tells a detail when it is new or has changed.
    pub(super) fn detail(
        &mut self,
        key: &'static str,
        value: impl Into<Value>,
        at: &mut At<'_, '_>,
    ) {
        let value = value.into();
        match self.told.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) if *old == value => return,
            Some((_, old)) => *old = value.clone(),
            None => self.told.push((key, value.clone())),
        }
        at.detail(key, value);
    }

    /// Who logs on; `key` tells logons apart.
    pub(super) fn token(&mut self, key: u64, token: &Token, at: &mut At<'_, '_>) {
        if let Some(service) = self.security.client(key, &token.told, at) {
            self.detail("service", service, at);
        }
        if !token.mechanism.is_empty() {
            self.detail("mechanism", token.mechanism, at);
        }
        if let Some(who) = &token.identity {
            self.user(&who.user, &who.domain, at);
            if !who.workstation.is_empty() {
                self.detail("workstation", who.workstation.clone(), at);
            }
        }
    }

    /// A logon succeeded. Told where it is not what was asked for first: of nobody, as a guest, after a refusal.
    pub(super) fn logged_on(&mut self, token: &Token, guest: bool, at: &mut At<'_, '_>) {
        let who = token.identity.clone();
        let anonymous = who.as_ref().is_some_and(|who| who.user.is_empty());
        // Who failed to log on before is not who is at work now.
        if anonymous && self.told.iter().any(|(key, _)| *key == "user") {
            self.detail("user", "anonymous", at);
        }
        // The ordinary logon is no news.
        if !(anonymous || guest || self.refused) {
            return;
        }
        let who = who.unwrap_or_default();
        at.fact(
            Fact::new("smb.logged-on")
                .with("user", who.user)
                .with("domain", who.domain)
                .with("anonymous", anonymous)
                .with("guest", guest),
        );
    }

    /// The names of a logon; a field that is empty says nothing.
    pub(super) fn user(&mut self, user: &str, domain: &str, at: &mut At<'_, '_>) {
        for (key, name) in [("user", user), ("domain", domain)] {
            if !name.is_empty() {
                self.detail(key, name.to_owned(), at);
            }
        }
    }

    /// A share was connected.
    pub(super) fn share(&mut self, path: &str, at: &mut At<'_, '_>) {
        if self.shares.iter().any(|known| known == path) {
            return;
        }
        if self.shares.len() >= MAX_SHARES {
            self.limit("names of shares", at);
            return;
        }
        self.shares.push(path.to_owned());
        let list = self.shares.iter().cloned().map(Value::Text).collect();
        at.detail("shares", Value::List(list));
    }

    /// A file was opened.
    pub(super) fn opened(
        &mut self,
        key: u64,
        (name, kind): (String, Kind),
        owner: Owner,
        at: &mut At<'_, '_>,
    ) {
        if !self.files.open(key, name, kind, owner) {
            self.limit("open files", at);
        }
        if let Some(held) = self.files.news() {
            at.fact(self.held("smb.files-held", held));
        }
    }

    fn held(&self, name: &'static str, held: Held) -> Fact {
        let (opened, most) = self.files.counts();
        Fact::new(name)
            .with("open", held.open as u64)
            .with("pipes", held.pipes as u64)
            .with("opened", opened)
            .with("most", most as u64)
            .with("name", held.name)
            .with("same", held.same as u64)
            .with(
                "keys",
                Value::List(
                    held.keys
                        .into_iter()
                        .map(|key| Value::Int(key as i64))
                        .collect(),
                ),
            )
            .with(
                "names",
                Value::List(held.names.into_iter().map(Value::Text).collect()),
            )
    }

    /// The connection is over, or the capture is: what the ledger of files says.
    pub(super) fn over(&mut self, at: &mut At<'_, '_>) {
        self.security.over(at);
        let (opened, most) = self.files.counts();
        if opened == 0 {
            return;
        }
        let held = self.files.held();
        for (key, count) in [
            ("files_opened", opened),
            ("files_at_once", most as u64),
            ("files_left", held.open as u64),
        ] {
            self.detail(key, count, at);
        }
        if held.open > 0 {
            at.fact(self.held("smb.files-left", held));
        }
    }

    /// A message of an SMB2 session: several connections with one SessionId are its channels (MS-SMB2 1.3).
    pub(super) fn session_id(&mut self, id: u64, at: &mut At<'_, '_>) {
        let known = id == 0 || id == u64::MAX || self.session_ids.contains(&id);
        if known || self.session_ids.len() >= MAX_IDS {
            return;
        }
        self.session_ids.push(id);
        let text = |id: &u64| Value::Text(format!("0x{id:016x}"));
        at.detail(
            "session_ids",
            Value::List(self.session_ids.iter().map(text).collect()),
        );
    }

    /// This connection was bound to a session that another connection set up (MS-SMB2 3.3.5.5.2).
    pub(super) fn channel_of(&mut self, id: u64, at: &mut At<'_, '_>) {
        let id = Value::Text(format!("0x{id:016x}"));
        let mut ids = match self.told.iter().find(|(key, _)| *key == "channel_of") {
            Some((_, Value::List(ids))) => ids.clone(),
            _ => Vec::new(),
        };
        if ids.len() < MAX_IDS && !ids.contains(&id) {
            ids.push(id);
            self.detail("channel_of", Value::List(ids), at);
        }
    }

    /// A bound was reached.
    pub(super) fn limit(&mut self, what: &'static str, at: &mut At<'_, '_>) {
        if !self.limits.contains(&what) {
            self.limits.push(what);
            at.emit(Act::Limit { what });
        }
    }

    /// SMB2 is spoken from here on.
    pub(super) fn speaks_smb2(&mut self, at: &mut At<'_, '_>) {
        if !self.is_smb2 {
            self.is_smb2 = true;
            at.out.rename("smb2");
        }
    }

    /// An encrypted message.
    pub(super) fn encrypts(&mut self, at: &mut At<'_, '_>) {
        if !self.encrypted {
            self.encrypted = true;
            self.detail("encrypted", true, at);
            at.emit(Act::Encrypted);
        }
    }
}
