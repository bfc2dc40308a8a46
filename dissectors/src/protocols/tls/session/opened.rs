//! What was opened: how far the session is, and what of it waits.

use super::Reader;
use crate::dissector::Output;
use crate::protocols::tls::crypt::Crypt;
use crate::protocols::tls::wire::message;
use crate::units::{Side, Span, StreamOffset};

impl Reader<'_> {
    /// True when what was said is early data, which waits for the server's answer. Who tells fields gives them to the frame at
    /// hand, and does not wait.
    pub(super) fn waits(
        &mut self,
        (side, at): (Side, StreamOffset),
        bytes: &[u8],
        out: &mut Output<'_>,
    ) -> bool {
        let Some(crypt) = self.crypt.as_mut().filter(|_| !out.wants_fields()) else {
            return false;
        };
        if side == Side::Client && crypt.opens_early() {
            if self.talk.awaits_early() && !crypt.early_data.keep(at, bytes) {
                crypt.early_data.take();
                self.inside.missed();
            }
            return !self.talk.takes_early();
        }
        if self.talk.awaits_early() {
            // The server's answer to the offer was not read. Who speaks before the client has finished answers what it took.
            self.talk.early_unseen();
            self.release(side == Side::Server, out);
        }
        false
    }

    /// What waited for the server's answer is handed on, or was never heard.
    pub(super) fn release(&mut self, taken: bool, out: &mut Output<'_>) {
        let Some(crypt) = self.crypt.as_mut().filter(|c| !c.early_data.is_empty()) else {
            return;
        };
        for (at, bytes) in crypt.early_data.take() {
            if taken {
                let from = (Side::Client, at);
                self.inside.data(from, &bytes, crypt.alpn(), out);
            }
        }
    }

    /// Tells the session how far it is decrypted, where that is new.
    pub(super) fn look(&mut self, span: Span, out: &mut Output<'_>) {
        let Some(crypt) = &self.crypt else {
            return;
        };
        let [client, server] = Side::BOTH.map(|side| crypt.opens(side));
        self.talk.sees = client && server;
        if !self.talk.is_open() {
            return;
        }
        let excuse = || Side::BOTH.into_iter().find_map(|side| crypt.excuse(side));
        self.talk.decryption(self.side, span, excuse, out);
    }

    /// Keys may come and go with a message.
    pub(super) fn keys(&mut self, kind: u8, body: &[u8], out: &Output<'_>) {
        let Some(secrets) = out.secrets() else {
            return;
        };
        if self.crypt.is_none() && matches!(kind, message::CLIENT_HELLO | message::SERVER_HELLO) {
            *self.crypt = Crypt::new(secrets);
        }
        if let Some(crypt) = self.crypt.as_mut() {
            crypt.learn(secrets);
            crypt.message(self.side, kind, body);
            let [client, server] = Side::BOTH.map(|side| crypt.opens(side));
            self.talk.sees = client && server;
        }
    }
}
