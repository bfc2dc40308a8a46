//! What security tokens tell beyond names: which mechanism came about instead of which, the legs of NTLM, Kerberos errors.

use super::connection::At;
use crate::event::{Fact, Value};
use crate::token::kerberos::Message;
use crate::token::legs::Legs;
use crate::token::{Told, kerberos};
use crate::units::Side;

const KERBEROS: &str = "Kerberos";
const NTLM: &str = "NTLM";

/// The security negotiation of a connection.
#[derive(Debug)]
pub(super) struct Security {
    /// The beginning was seen and nothing is missing: a leg that was not seen was not sent.
    whole: bool,
    legs: Legs,
    /// The server named Kerberos in its NEGOTIATE answer.
    server_has_kerberos: bool,
    /// What the client offered last.
    offered: Vec<&'static str>,
    told: bool,
    /// Tickets that were shown, for which service.
    service: String,
}

impl Security {
    pub(super) fn new(beginning: bool) -> Self {
        Self {
            whole: beginning,
            legs: Legs::default(),
            server_has_kerberos: false,
            offered: Vec::new(),
            told: false,
            service: String::new(),
        }
    }

    /// Bytes were lost.
    pub(super) const fn lose(&mut self) {
        self.whole = false;
    }

    /// The token of a NEGOTIATE answer: what the server can (MS-SPNG 3.2.5.2).
    pub(super) fn hint(&mut self, told: &Told) {
        self.server_has_kerberos = told.offered.contains(&KERBEROS);
    }

    /// A token of the client, of the logon `key`. Gives the service of a ticket that was not shown before.
    pub(super) fn client(&mut self, key: u64, told: &Told, at: &mut At<'_, '_>) -> Option<String> {
        if !told.offered.is_empty() {
            self.offered.clone_from(&told.offered);
        }
        if let Some(message) = told.ntlm {
            let wrong = self.legs.client(key, message);
            self.out_of_order(wrong, at);
            let only = self.offered.iter().all(|name| *name == NTLM);
            if message == 1 && only && self.server_has_kerberos {
                self.fell_back("client", None, at);
            }
        }
        let ticket = told.kerberos.as_ref()?;
        let service = full(&ticket.service, &ticket.realm);
        if service.is_empty() || service == self.service {
            return None;
        }
        self.service.clone_from(&service);
        Some(service)
    }

    /// A token of the server, in its answer `id` to the logon `key`.
    pub(super) fn server(&mut self, key: u64, id: u64, told: &Told, at: &mut At<'_, '_>) {
        if let Some(message) = told.ntlm {
            let wrong = self.legs.server(key, message, at.span);
            self.out_of_order(wrong, at);
        }
        if told.chosen == NTLM && self.offered.contains(&KERBEROS) {
            self.fell_back("server", Some(id), at);
        }
        if let Some(message) = &told.kerberos
            && let Some(fact) = error(message, &self.service)
        {
            at.fact(fact.in_exchange(id));
        }
    }

    /// The connection is over.
    pub(super) fn over(&self, at: &mut At<'_, '_>) {
        if let Some((span, count)) = self.legs.unanswered().filter(|_| self.whole) {
            let fact = Fact::new("ntlm.challenge-unanswered").with("count", count as u64);
            at.out.fact(Side::Server, span, fact);
        }
    }

    fn out_of_order(&self, what: Option<&'static str>, at: &mut At<'_, '_>) {
        if let Some(what) = what.filter(|_| self.whole) {
            at.fact(Fact::new("ntlm.out-of-order").with("what", what));
        }
    }

    /// NTLM came about although Kerberos might have: told once. `exchange`: the offer and its answer.
    fn fell_back(&mut self, by: &'static str, exchange: Option<u64>, at: &mut At<'_, '_>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        // Kerberos has two numbers (MS-KRB5 is Microsoft's slip of KRB5): one mechanism.
        let mut names: Vec<&'static str> = Vec::new();
        for name in &self.offered {
            if !name.is_empty() && !names.contains(name) {
                names.push(name);
            }
        }
        let offered = names.into_iter().map(Value::Name).collect();
        let fact = Fact::new("smb.mechanism-fallback")
            .with("by", by)
            .with("offered", Value::List(offered));
        at.fact(match exchange {
            Some(id) => fact.in_exchange(id),
            None => fact,
        });
    }
}

fn full(name: &str, realm: &str) -> String {
    if name.is_empty() || realm.is_empty() {
        return name.to_owned();
    }
    format!("{name}@{realm}")
}

/// What an error says; `service`: that of the ticket it answers.
fn error(message: &Message, service: &str) -> Option<Fact> {
    let error = message.error.as_ref()?;
    let named = full(&message.service, &message.realm);
    let service = if named.is_empty() { service } else { &named };
    let fact = Fact::new("kerberos.error")
        .with("code", error.code)
        .with("name", kerberos::name(error.code))
        .with("user", message.client.clone())
        .with("service", service.to_owned())
        .with("text", error.text.clone())
        .with("asked", "AP-REQ");
    Some(match error.time {
        Some((time, micros)) => fact.with("time", time).with("micros", micros),
        None => fact,
    })
}
