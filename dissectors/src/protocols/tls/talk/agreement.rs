//! What the two sides agree on, and what each shows of itself.

use super::{Early, NAME, NAMED_CURVE, Talk, version_text};
use crate::dissector::Output;
use crate::event::Fact;
use crate::protocols::tls::certificate::{self, Shown};
use crate::protocols::tls::hello::{ClientHello, ServerHello};
use crate::protocols::tls::resumption::{self, By, Offer};
use crate::protocols::tls::state::{Event, State};
use crate::protocols::tls::{fingerprint, groups, suites, wire};
use crate::text;
use crate::units::{Side, Span};

impl Talk {
    pub(super) fn client_hello(
        &mut self,
        side: Side,
        span: Span,
        hello: &ClientHello<'_>,
        body: &[u8],
        out: &mut Output<'_>,
    ) {
        if self.state != State::Asked {
            return;
        }
        self.early_data = hello.early_data;
        if hello.early_data {
            self.early = Early::Offered;
        }
        hello.session_id.clone_into(&mut self.session_id);
        if let Some(handshake) = &mut self.handshake {
            handshake.client_hello(span, body);
            handshake.offer = Offer::of(hello);
            match handshake.offer {
                Some(offer) if offer.is_meant() => {
                    out.detail(side, span, "resumption_offered", offer.by().name());
                }
                Some(offer) if offer.by() == By::External => {
                    out.detail(side, span, "external_psk", "offered");
                }
                _ => {}
            }
        }
        if !self.behind.is_empty() {
            out.detail(side, span, "begun_behind", self.behind);
        }
        out.detail(side, span, "offered_version", version_text(hello.version));
        if let Some(name) = hello.server_name {
            out.detail(side, span, "server_name", text::printable(name, NAME));
        }
        out.detail(side, span, "ja3", fingerprint::ja3(hello));
        out.detail(side, span, "ja4", fingerprint::ja4(hello));
    }

    pub(super) fn server_hello(
        &mut self,
        side: Side,
        span: Span,
        hello: &ServerHello<'_>,
        body: &[u8],
        out: &mut Output<'_>,
    ) {
        if self.state == State::Open {
            return;
        }
        self.version = hello.version;
        self.suite = hello.suite;
        if let Some(handshake) = &mut self.handshake {
            handshake.server_hello(span, body);
        }
        if hello.retry {
            return self.retry(side, span, out);
        }
        self.is_whole = self.state == State::Asked;
        self.extended_master_secret = hello.extended_master_secret;
        out.detail(side, span, "version", version_text(hello.version));
        let suite = match suites::name(hello.suite) {
            "" => format!("0x{:04x}", hello.suite),
            name => name.to_owned(),
        };
        out.detail(side, span, "cipher", suite);
        if let Some(group) = hello.group {
            tell_group(span, group, out);
        }
        if let Some(name) = hello.alpn {
            out.detail(side, span, "alpn", text::printable(name, NAME));
        }
        let [high, low] = body.first_chunk().copied().unwrap_or_default();
        let legacy = u16::from_be_bytes([high, low]);
        out.detail(side, span, "ja3s", fingerprint::ja3s(legacy, hello));
        self.answer_to_offer(side, span, hello, out);
        self.step(side, span, Event::ServerHello, out);
    }

    /// What the ServerHello says of resuming, and of early data.
    fn answer_to_offer(
        &mut self,
        side: Side,
        span: Span,
        hello: &ServerHello<'_>,
        out: &mut Output<'_>,
    ) {
        let tls13 = wire::is_tls13(hello.version);
        // TLS 1.3 echoes the id only to look like TLS 1.2.
        let known = !hello.session_id.is_empty() && hello.session_id == self.session_id;
        if hello.psk || known && !tls13 {
            self.resume(side, span, out);
        } else if tls13 {
            self.not_resumed(span, out);
            self.early_data(span, false, true, out);
        }
        if !known && let Some(fact) = resumption::issued_id(hello) {
            out.fact(side, span, fact);
        }
    }

    /// The server wants another ClientHello.
    pub(super) fn retry(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if let Some(handshake) = &mut self.handshake {
            handshake.retried = true;
        }
        out.detail(side, span, "hello_retry_request", true);
        self.early_data(span, false, true, out);
        self.step(side, span, Event::Retry, out);
    }

    /// A ServerKeyExchange names the curve up to TLS 1.2.
    pub(super) fn key_exchange(&self, span: Span, body: &[u8], out: &mut Output<'_>) {
        let is_curve = suites::key_exchange(self.suite) == suites::KeyExchange::Ecdh;
        if let Some(&[NAMED_CURVE, high, low]) = body.first_chunk()
            && is_curve
        {
            tell_group(span, u16::from_be_bytes([high, low]), out);
        }
    }

    pub(super) fn certificate(
        &mut self,
        side: Side,
        span: Span,
        body: &[u8],
        out: &mut Output<'_>,
    ) {
        let shown = certificate::read(body, self.is_tls13());
        if side == Side::Server {
            self.certified = true;
            self.not_resumed(span, out);
        }
        match (&*shown, side) {
            (Shown::Readable(found), Side::Server) => {
                out.detail(side, span, "certificate_subject", found.subject.clone());
                out.detail(side, span, "certificate_issuer", found.issuer.clone());
                out.detail(side, span, "certificate_names", found.names());
                let (from, until) = (found.not_before.clone(), found.not_after.clone());
                out.detail(side, span, "certificate_valid_from", from);
                out.detail(side, span, "certificate_valid_until", until);
                out.detail(side, span, "certificate_chain", found.chain as u64);
                if let Some(issuer) = &found.gap {
                    out.detail(side, span, "certificate_chain_lacks", issuer.clone());
                }
                out.fact(side, span, Fact::new("tls.certificate-seen"));
            }
            (Shown::Readable(found), Side::Client) => {
                out.detail(side, span, "client_certificate", found.subject.clone());
            }
            (Shown::Nothing, Side::Client) => {
                self.empty_certificate = true;
                out.detail(side, span, "client_certificate", "none");
            }
            _ => {}
        }
        if let Some(handshake) = &mut self.handshake {
            handshake.certificate(side, span, shown);
        }
    }

    /// A full handshake, whatever was offered.
    pub(super) fn not_resumed(&mut self, span: Span, out: &mut Output<'_>) {
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        if let Some(offer) = handshake.offer.take().filter(|_| !self.resumed) {
            out.fact(Side::Server, span, offer.refused());
            if offer.is_meant() {
                out.detail(Side::Server, span, "resumed", false);
            }
        }
    }

    /// Early data was offered, and is taken or not.
    pub(super) fn early_data(
        &mut self,
        span: Span,
        taken: bool,
        certain: bool,
        out: &mut Output<'_>,
    ) {
        if !self.awaits_early() {
            return;
        }
        self.early = if taken {
            Early::Accepted
        } else {
            Early::Rejected
        };
        let answer = if taken { "accepted" } else { "rejected" };
        out.detail(Side::Server, span, "early_data", answer);
        if !taken {
            let fact = Fact::new("tls.early-data-rejected").with("certain", certain);
            out.fact(Side::Server, span, fact);
        }
    }
}

/// The group is told.
fn tell_group(span: Span, number: u16, out: &mut Output<'_>) {
    let name = match groups::group(number) {
        "" => format!("0x{number:04x}"),
        name => name.to_owned(),
    };
    out.detail(Side::Server, span, "group", name);
}
