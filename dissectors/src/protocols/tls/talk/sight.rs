//! How far the session is decrypted, where secrets of its peers are known.

use super::{Early, Seen, Talk};
use crate::dissector::Output;
use crate::event::Act;
use crate::protocols::tls::names;
use crate::protocols::tls::state::{Event, State};
use crate::protocols::tls::tail::{Shape, shape};
use crate::units::{Side, Span};

impl Talk {
    /// Data of `side` that were decrypted.
    pub(super) fn opened(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        let refused = self.early == Early::Rejected;
        let early =
            side == Side::Client && (self.awaits_early() || refused && !self.finished.client);
        if !early && matches!(self.state, State::Asked | State::Answered) {
            // The server may speak before the client has finished; the message that says so may be lost.
            self.finished[side] = true;
            if side == Side::Client || self.finished.client || refused {
                self.step(side, span, Event::Established, out);
            }
        }
    }

    /// The client has offered early data, and whether the server takes it is not known yet.
    pub(in crate::protocols::tls) const fn awaits_early(&self) -> bool {
        matches!(self.early, Early::Offered | Early::Due)
    }

    /// The client has offered early data.
    pub(in crate::protocols::tls) fn has_early(&self) -> bool {
        self.early != Early::None
    }

    /// The server has taken early data.
    pub(in crate::protocols::tls) fn takes_early(&self) -> bool {
        self.early == Early::Accepted
    }

    /// The talk goes on, and whether early data was taken was not seen.
    pub(in crate::protocols::tls) const fn early_unseen(&mut self) {
        self.early = Early::None;
    }

    /// The server speaks under the keys of the data although the client has not finished: in answer to early data, which
    /// belongs to the session (RFC 8446 2.3).
    pub(super) fn answers_early(&self, seen: Seen) -> bool {
        let resumed = self.resumed && self.finished.server;
        match (self.early, seen) {
            (Early::Accepted | Early::Due, Seen::Data(_))
            | (Early::Accepted, Seen::Opened | Seen::Alert(Some((_, names::CLOSE_NOTIFY)))) => {
                resumed
            }
            // The end of its flight may stand in one record with its Finished.
            (Early::Offered, Seen::Data(len)) => resumed && shape(self.suite, len) == Shape::Alert,
            _ => false,
        }
    }

    /// Data are spoken under keys, or were.
    pub(in crate::protocols::tls) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
    }

    /// Says whether the session is decrypted, and why not.
    pub(in crate::protocols::tls) fn decryption(
        &mut self,
        side: Side,
        span: Span,
        excuse: impl FnOnce() -> Option<String>,
        out: &mut Output<'_>,
    ) {
        if self.told == Some(self.sees) {
            return;
        }
        let why = if self.sees {
            "decrypted".to_owned()
        } else if let Some(why) = excuse() {
            why
        } else {
            return;
        };
        self.told = Some(self.sees);
        out.detail(side, span, "decryption", why);
    }

    /// Records cannot be opened any more.
    pub(in crate::protocols::tls) fn blinded(
        &mut self,
        side: Side,
        span: Span,
        out: &mut Output<'_>,
    ) {
        if self.is_open() && std::mem::take(&mut self.sees) {
            out.emit(side, span, Act::Encrypted);
        }
    }
}
