//! What is kept of a handshake until it is done: told only where it comes to nothing, for in most sessions nobody will ask.

use std::sync::Arc;

use super::certificate::Shown;
use super::groups;
use super::hello;
use super::resumption::Offer;
use super::suites;
use super::wire::{self, Cursor};
use crate::dissector::Output;
use crate::event::{Fact, Value};
use crate::text;
use crate::units::{Side, Span};

/// Messages of a handshake whose places are kept.
const FLIGHTS: usize = 24;
/// Certificate messages that are kept.
const CERTIFICATES: usize = 4;
/// Bytes of a hello that is kept.
const HELLO: usize = 16 * 1024;
/// Values of a list.
const LIST: usize = 48;
/// Characters of a name.
const NAME: usize = 255;

/// A message or record of the handshake.
#[derive(Clone, Copy, Debug)]
struct Step {
    side: Side,
    span: Span,
    name: &'static str,
}

/// The handshake at hand.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    steps: Vec<Step>,
    /// The last ClientHello and the last ServerHello or HelloRetryRequest.
    client_hello: Option<(Span, Vec<u8>)>,
    server_hello: Option<(Span, Vec<u8>)>,
    /// A HelloRetryRequest came before.
    pub(super) retried: bool,
    pub(super) offer: Option<Offer>,
    /// The server's certificate and the client's.
    certificates: Vec<(Side, Span, Arc<Shown>)>,
    pub(super) requested: Option<Span>,
}

impl Handshake {
    /// Another message, or record that holds one.
    pub(super) fn step(&mut self, side: Side, span: Span, name: &'static str) {
        if self.steps.len() < FLIGHTS {
            self.steps.push(Step { side, span, name });
        }
    }

    /// A record of `side` was read.
    pub(super) fn heard(&self, side: Side) -> bool {
        self.steps.iter().any(|step| step.side == side)
    }

    pub(super) fn client_hello(&mut self, span: Span, body: &[u8]) {
        self.client_hello = kept(span, body);
    }

    pub(super) fn server_hello(&mut self, span: Span, body: &[u8]) {
        self.server_hello = kept(span, body);
    }

    pub(super) fn certificate(&mut self, side: Side, span: Span, shown: Arc<Shown>) {
        if self.certificates.len() < CERTIFICATES {
            self.certificates.push((side, span, shown));
        }
    }

    /// Says all that is known of it.
    pub(super) fn tell(&mut self, out: &mut Output<'_>) {
        for step in std::mem::take(&mut self.steps) {
            let fact = Fact::new("tls.handshake-step").with("name", step.name);
            out.fact(step.side, step.span, fact);
        }
        if let Some((span, body)) = self.client_hello.take() {
            if let Some(fact) = offered(&body) {
                out.fact(Side::Client, span, fact);
            }
            if let Some(offer) = self.offer.filter(Offer::is_meant) {
                out.fact(Side::Client, span, offer.offered());
            }
        }
        if let Some((span, body)) = self.server_hello.take()
            && let Some(fact) = chosen(&body)
        {
            out.fact(Side::Server, span, fact);
        }
        if let Some(span) = self.requested.take() {
            out.fact(Side::Server, span, Fact::new("tls.certificate-request"));
        }
        for (side, span, shown) in std::mem::take(&mut self.certificates) {
            out.fact(side, span, certificate(&shown));
        }
    }
}

fn kept(span: Span, body: &[u8]) -> Option<(Span, Vec<u8>)> {
    (body.len() <= HELLO).then(|| (span, body.to_vec()))
}

/// `tls.client-hello`.
fn offered(body: &[u8]) -> Option<Fact> {
    let hello = hello::client(body)?;
    let versions: Vec<Value> = if hello.versions.is_empty() {
        vec![version(hello.version)]
    } else {
        hello::numbers(hello.versions)
            .take(LIST)
            .map(version)
            .collect()
    };
    let protocols = protocols(hello.alpn);
    let mut fact = Fact::new("tls.client-hello")
        .with("length", body.len() as u64)
        .with("early_data", hello.early_data);
    fact.values.push(("versions", Value::List(versions)));
    fact.values
        .push(("ciphers", list(hello.suites, suites::name)));
    fact.values
        .push(("groups", list(hello.groups, groups::group)));
    let algorithms = list(hello.signature_algorithms, groups::signature_algorithm);
    fact.values.push(("signature_algorithms", algorithms));
    fact.values.push(("alpn", Value::List(protocols)));
    if let Some(name) = hello.server_name {
        fact = fact.with("server_name", text::printable(name, NAME));
    }
    Some(fact)
}

/// `tls.server-hello`.
fn chosen(body: &[u8]) -> Option<Fact> {
    let hello = hello::server(body)?;
    let mut fact = Fact::new("tls.server-hello").with("retry", hello.retry);
    fact.values.push(("version", version(hello.version)));
    fact.values
        .push(("cipher", named(hello.suite, suites::name)));
    if let Some(group) = hello.group {
        fact.values.push(("group", named(group, groups::group)));
    }
    if let Some(name) = hello.alpn {
        fact = fact.with("alpn", text::printable(name, NAME));
    }
    Some(fact)
}

/// `tls.certificate`.
fn certificate(shown: &Shown) -> Fact {
    let fact = Fact::new("tls.certificate").with("shown", !matches!(shown, Shown::Nothing));
    let Shown::Readable(found) = shown else {
        return fact;
    };
    let mut fact = fact
        .with("subject", found.subject.clone())
        .with("issuer", found.issuer.clone())
        .with("not_before", found.not_before.clone())
        .with("not_after", found.not_after.clone())
        .with("self_signed", found.self_signed)
        .with("chain", found.chain as u64);
    fact.values.push(("names", found.names()));
    match &found.gap {
        Some(issuer) => fact.with("gap", issuer.clone()),
        None => fact,
    }
}

fn list(bytes: &[u8], name: fn(u16) -> &'static str) -> Value {
    let names = hello::numbers(bytes).take(LIST).map(|n| named(n, name));
    Value::List(names.collect())
}

pub(super) fn named(number: u16, name: fn(u16) -> &'static str) -> Value {
    match name(number) {
        "" => format!("0x{number:04x}").into(),
        name => name.into(),
    }
}

fn version(number: u16) -> Value {
    named(number, wire::version_name)
}

fn protocols(list: &[u8]) -> Vec<Value> {
    let mut c = Cursor::new(list, 0, &[]);
    let names = std::iter::from_fn(|| c.vector(1));
    names
        .take(LIST)
        .map(|name| text::printable(name.rest(), NAME).into())
        .collect()
}
