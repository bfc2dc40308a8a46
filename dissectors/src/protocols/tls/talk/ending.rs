//! How a session ends: what each side said last, and what the server may have wanted still.

use super::Talk;
use crate::dissector::{End, Output};
use crate::event::Fact;
use crate::protocols::tls::state::{Event, State};
use crate::protocols::tls::{plain, suites};
use crate::units::{Side, Span, StreamOffset};

/// Records of the server in which it may say that it wants the client's certificate after all.
const DEMANDS: u32 = 8;

impl Talk {
    /// The client had no certificate to show, and what the server says may be that it wants one.
    pub(super) fn may_demand(&self) -> bool {
        let reads = self.sees || suites::clear_with_mac(self.suite).is_some();
        self.empty_certificate && reads && self.tail.records(Side::Server) <= DEMANDS
    }

    /// `tls.certificate-demanded`, where the server's words say that it wants the client's certificate.
    pub(in crate::protocols::tls) fn demands(
        &mut self,
        side: Side,
        span: Span,
        said: &[u8],
        out: &mut Output<'_>,
    ) {
        if side == Side::Server
            && self.may_demand()
            && self.handshake.is_some()
            && plain::wants_certificate(said)
        {
            out.fact(side, span, Fact::new("tls.certificate-demanded"));
            self.tell(out);
        }
    }

    pub(in crate::protocols::tls) fn end(
        &mut self,
        side: Side,
        at: StreamOffset,
        end: End,
        out: &mut Output<'_>,
    ) {
        let span = Span::new(at, at);
        let over = self.ended.client || self.ended.server;
        match end {
            End::Fin => {
                self.farewell(side, span, out);
                self.ended[side] = true;
                if self.ended.client && self.ended.server {
                    self.step(side, span, Event::End, out);
                }
            }
            // Who has ended its stream in order may refuse to hear more.
            End::Reset if over => self.step(side, span, Event::End, out),
            End::Reset => {
                self.farewell(Side::Server, span, out);
                self.step(side, span, Event::Reset, out);
            }
            End::CaptureStopped => {
                if matches!(self.state, State::Asked | State::Answered) {
                    self.tell(out);
                }
            }
        }
    }

    /// `side` ends its stream: what it said last.
    fn farewell(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !self.is_whole || !matches!(self.state, State::Open | State::Closing) {
            return;
        }
        let first = !self.ended.client && !self.ended.server;
        let closed = self.tail.is_closed(side);
        if side == Side::Server && first && !self.tail.is_closed(Side::Client) {
            if closed {
                let unanswered = self.tail.is_unanswered(self.is_tls13());
                self.tail.tell(self.is_tls13(), self.empty_certificate, out);
                if unanswered {
                    self.tell(out);
                }
            } else if self.tail.records(side) > 0 && !self.tail.notified[side] {
                out.fact(side, span, Fact::new("tls.no-close-notify"));
            }
        }
        if first && let Some(span) = self.tail.left_at_once() {
            out.fact(Side::Client, span, Fact::new("tls.left-at-once"));
        }
        if first {
            let closes = |side| self.tail.notified[side] || self.tail.is_closed(side);
            let said = if Side::BOTH.into_iter().any(closes) {
                "sent"
            } else {
                "not sent"
            };
            out.detail(side, span, "close_notify", said);
        }
    }
}
