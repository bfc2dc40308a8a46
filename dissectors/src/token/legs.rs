//! The legs of NTLM (MS-NLMP 1.3.1): NEGOTIATE and AUTHENTICATE of the client, CHALLENGE of the server between them.

use crate::units::Span;

/// Logons at work at once that are told apart.
const MOST: usize = 64;

/// What a leg is not in its place for.
pub(crate) const NO_CHALLENGE: &str = "AUTHENTICATE without a CHALLENGE before it";
pub(crate) const NEGOTIATED_AGAIN: &str = "NEGOTIATE again instead of AUTHENTICATE";
pub(crate) const CHALLENGED_AGAIN: &str = "CHALLENGE again after a CHALLENGE";

/// Logons that were challenged and did not answer yet, by whatever tells them apart.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    challenged: Vec<(u64, Span)>,
}

impl Legs {
    /// A message of the client. Says what is wrong with its place.
    pub(crate) fn client(&mut self, key: u64, message: u32) -> Option<&'static str> {
        let place = self.challenged.iter().position(|(k, _)| *k == key);
        if let Some(place) = place {
            self.challenged.swap_remove(place);
        }
        match (message, place) {
            (1, Some(_)) => Some(NEGOTIATED_AGAIN),
            (3, None) if self.challenged.len() < MOST => Some(NO_CHALLENGE),
            _ => None,
        }
    }

    /// A message of the server.
    pub(crate) fn server(&mut self, key: u64, message: u32, span: Span) -> Option<&'static str> {
        if message != 2 {
            return None;
        }
        if self.challenged.iter().any(|(k, _)| *k == key) {
            return Some(CHALLENGED_AGAIN);
        }
        if self.challenged.len() < MOST {
            self.challenged.push((key, span));
        }
        None
    }

    /// The first challenge that was not answered, and how many there are.
    pub(crate) fn unanswered(&self) -> Option<(Span, usize)> {
        let first = self.challenged.iter().map(|(_, span)| *span);
        first
            .min_by_key(|span| span.start)
            .map(|s| (s, self.challenged.len()))
    }
}
