//! Records under the keys: what their sizes tell where their content is hidden.
//!
//! In TLS 1.3 the type of a record is encrypted, its length is not (RFC 8446 5.2): content, one byte of type, the cipher's tag.
//! An alert has two bytes, an EndOfEarlyData four, a Certificate without certificates eight, a Finished four and the digest's.

use super::suites;
use super::talk::Seen;
use crate::dissector::Output;
use crate::event::Fact;
use crate::units::{PerSide, Side, Span};

/// What an encrypted record of the handshake must be, by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Alert,
    EndOfEarlyData,
    NoCertificate,
    /// A Finished alone.
    Finished,
    /// A Certificate without certificates, and the Finished in the same record.
    NoCertificateFinished,
    /// Too short for a Finished.
    Short,
    Other,
}

/// What a record of TLS 1.3 may be.
pub(super) fn shape(suite: u16, len: u16) -> Shape {
    let name = suites::name(suite);
    let tag = if name.contains("CCM_8") { 8 } else { 16 };
    let finished = if name.ends_with("SHA384") { 52 } else { 36 };
    match usize::from(len).saturating_sub(1 + tag) {
        2 => Shape::Alert,
        4 => Shape::EndOfEarlyData,
        8 => Shape::NoCertificate,
        n if n == finished => Shape::Finished,
        n if n == 8 + finished => Shape::NoCertificateFinished,
        ..36 => Shape::Short,
        _ => Shape::Other,
    }
}

/// Records until the client's Finished may still be on its way, behind its certificate.
const UNTIL_FINISHED: u8 = 2;

/// What was said since the session opened.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Data records, without what must be an alert at the end.
    records: PerSide<u32>,
    /// The server's first ones have all this length, and the client said nothing between: tickets, most likely.
    ticket: u16,
    answers: bool,
    /// The client's last record, before an alert of the server.
    last_of_client: Span,
    /// The side's last record is an alert, or must be one.
    alert: PerSide<Option<Span>>,
    /// A close_notify, or what must be one where it can't be read.
    pub(super) notified: PerSide<bool>,
    /// The client has asked for a new handshake, and the server has not said anything to that.
    pub(super) renegotiates: bool,
    /// Records of the client that may still belong to its handshake.
    leftover: u8,
    /// The client's last flight was more than a Finished: it showed a certificate.
    certificate: bool,
}

impl Tail {
    /// The client's flight may go on: what opened the session was no Finished.
    pub(super) const fn flight_goes_on(&mut self) {
        self.leftover = UNTIL_FINISHED;
        self.certificate = true;
    }

    /// The client's last flight is still to come: the server spoke first.
    pub(super) const fn client_is_due(&mut self) {
        self.leftover = UNTIL_FINISHED;
    }

    /// The client's Finished, or what must be it.
    pub(super) const fn client_said(&mut self, span: Span) {
        self.last_of_client = span;
    }

    /// A record of the open session.
    pub(super) fn record(&mut self, side: Side, span: Span, seen: Seen, shape: Shape) {
        let alert = match seen {
            Seen::Alert(_) => true,
            Seen::Data(_) => shape == Shape::Alert,
            Seen::Opened => false,
            _ => return,
        };
        if self.alert[side].take().is_some() {
            // It was data after all.
            self.count(side, 0);
        }
        if alert {
            self.alert[side] = Some(span);
        } else if let Seen::Data(len) = seen {
            if side == Side::Client && self.leftover > 0 {
                let last = shape == Shape::Finished;
                self.leftover = if last { 0 } else { self.leftover - 1 };
            } else {
                self.count(side, len);
            }
        }
        if seen == Seen::Opened {
            self.count(side, 0);
        }
        if side == Side::Client && self.alert[Side::Server].is_none() {
            self.last_of_client = span;
        }
    }

    fn count(&mut self, side: Side, len: u16) {
        if side == Side::Server {
            let first = self.records.server == 0;
            if first {
                self.ticket = len;
            }
            self.answers |= len != self.ticket || len == 0;
        }
        self.records[side] = self.records[side].saturating_add(1);
    }

    /// The side ended with an alert: close_notify, as far as sizes tell.
    pub(super) fn is_closed(&self, side: Side) -> bool {
        self.alert[side].is_some()
    }

    /// All that the client said in the open session is an alert.
    pub(super) fn left_at_once(&self) -> Option<Span> {
        self.alert.client.filter(|_| self.records.client == 0)
    }

    pub(super) fn records(&self, side: Side) -> u32 {
        self.records[side]
    }

    /// The server has sent nothing but what may be tickets: none, or several of one length.
    pub(super) fn is_unanswered(&self, tls13: bool) -> bool {
        match self.records.server {
            0 => true,
            2..=4 => tls13 && !self.answers,
            _ => false,
        }
    }

    /// `tls.closed-unanswered`: all that the server said in the open session is an alert, which can't be read.
    pub(super) fn tell(&self, tls13: bool, empty_certificate: bool, out: &mut Output<'_>) {
        let Some(span) = self.alert.server else {
            return;
        };
        if !self.is_unanswered(tls13)
            || self
                .alert
                .client
                .is_some_and(|c| c.start <= span.start && self.last_of_client == c)
        {
            return;
        }
        out.fact(
            Side::Client,
            self.last_of_client,
            Fact::new("tls.last-record"),
        );
        let fact = Fact::new("tls.closed-unanswered")
            .with("records", self.records.client)
            .with("tickets", self.records.server)
            .with("empty_certificate", empty_certificate)
            .with("certificate", self.certificate);
        out.fact(Side::Server, span, fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_depend_on_the_suite() {
        let sha256 = [
            (19, Shape::Alert),
            (21, Shape::EndOfEarlyData),
            (25, Shape::NoCertificate),
        ];
        for (len, is) in sha256 {
            assert_eq!(shape(0x1301, len), is);
            assert_eq!(shape(0x1305, len - 8), is);
        }
        assert_eq!(shape(0x1301, 53), Shape::Finished);
        assert_eq!(shape(0x1302, 53), Shape::Other);
        assert_eq!(shape(0x1302, 69), Shape::Finished);
        assert_eq!(shape(0x1302, 77), Shape::NoCertificateFinished);
        assert_eq!(shape(0x1303, 30), Shape::Short);
        assert_eq!(shape(0x1303, 0), Shape::Short);
    }
}
