//! Where a session stands, and what moves it on.

use crate::event::Phase;

/// Where the session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was said, or the beginning was not seen.
    #[default]
    Start,
    /// The client has said what it can do.
    Asked,
    /// The server has chosen.
    Answered,
    /// Both know that both have the keys.
    Open,
    /// One side sends no more.
    Closing,
    /// Over, for whatever reason.
    Over,
}

/// What moves the session on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    ClientHello,
    ServerHello,
    /// The server wants another ClientHello.
    Retry,
    /// Data under the keys, or the last Finished.
    Established,
    /// close_notify, or an alert that can't be read once the session is open.
    Close,
    /// An alert that ends the session.
    Fatal,
    /// Both sides have ended their streams.
    End,
    /// The connection was reset.
    Reset,
}

/// The transitions (RFC 8446 appendix A, RFC 5246 7.3); `None` where nothing changes.
pub(super) const fn next(state: State, event: Event) -> Option<(State, Phase)> {
    use State::{Answered, Asked, Closing, Open, Over, Start};
    Some(match (state, event) {
        (Start | Asked, Event::ClientHello) => (Asked, Phase::Negotiating),
        (Start | Asked, Event::Retry) => (Asked, Phase::Negotiating),
        (Start | Asked, Event::ServerHello) => (Answered, Phase::Negotiating),
        (Start | Asked | Answered, Event::Established) => (Open, Phase::Open),
        (Start | Asked | Answered, Event::Fatal) => (Over, Phase::Refused),
        (Open | Closing, Event::Fatal) => (Over, Phase::Aborted),
        (Start | Asked | Answered | Open, Event::Close) => (Closing, Phase::Releasing),
        (Start | Open | Closing, Event::End) => (Over, Phase::Closed),
        (Closing, Event::Reset) => (Over, Phase::Closed),
        (Asked | Answered, Event::End | Event::Reset) => (Over, Phase::Aborted),
        (Start | Open, Event::Reset) => (Over, Phase::Aborted),
        _ => return None,
    })
}
