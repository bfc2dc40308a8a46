//! The life of an association as a table (C706 9.5, MS-RPCE 3.3.1.5.2).

use crate::event::Phase;

/// What moves an association on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// A bind.
    Bind,
    /// A bind_ack or alter_context_resp that accepts a context; `more` when another leg of authentication follows.
    Accepted { more: bool },
    /// A bind_ack or alter_context_resp that accepts nothing.
    Rejected,
    /// A bind_nak.
    Nak,
    /// An auth3.
    Auth3,
    /// A request, a response or a fault.
    Call,
    /// A shutdown.
    Shutdown,
    /// The end of one side, in order.
    HalfClosed,
    /// The end of both.
    Fin,
    /// The end, by reset.
    Reset,
}

/// The phase that `on` leads to; `None` where it changes nothing. `accepted`: a context was accepted before.
pub(super) const fn next(phase: Option<Phase>, on: On, accepted: bool) -> Option<Phase> {
    use Phase::{Aborted, Authenticating, Closed, Negotiating, Open, Refused, Releasing};
    match (phase, on) {
        // A refused or finished association stays so, but a client may bind again where the carrier lives on.
        (Some(Closed | Aborted), _) => None,
        (_, On::Bind) => Some(Negotiating),
        (Some(Open | Releasing), On::Accepted { .. }) => None,
        (_, On::Accepted { more: true }) => Some(Authenticating),
        (_, On::Accepted { more: false }) => Some(Open),
        (_, On::Rejected) if accepted => None,
        (_, On::Rejected | On::Nak) => Some(Refused),
        (Some(Authenticating), On::Auth3 | On::Call) => Some(Open),
        // Joined in mid-stream: calls are made, so it must be open.
        (None, On::Call) => Some(Open),
        (_, On::Auth3 | On::Call) => None,
        (_, On::Shutdown) => Some(Releasing),
        (Some(Refused) | None, On::HalfClosed | On::Fin | On::Reset) => None,
        (_, On::HalfClosed) => Some(Releasing),
        (_, On::Fin) => Some(Closed),
        (_, On::Reset) => Some(Aborted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(steps: &[On]) -> Option<Phase> {
        let mut phase = None;
        let mut accepted = false;
        for on in steps {
            phase = next(phase, *on, accepted).or(phase);
            accepted |= matches!(on, On::Accepted { .. });
        }
        phase
    }

    #[test]
    fn three_legs_open_with_auth3() {
        let legs = [On::Bind, On::Accepted { more: true }];
        assert_eq!(walk(&legs), Some(Phase::Authenticating));
        assert_eq!(walk(&[legs[0], legs[1], On::Auth3]), Some(Phase::Open));
    }

    #[test]
    fn a_refused_alter_context_leaves_an_open_association_open() {
        let open = On::Accepted { more: false };
        assert_eq!(walk(&[On::Bind, open, On::Rejected]), Some(Phase::Open));
        assert_eq!(walk(&[On::Bind, On::Rejected]), Some(Phase::Refused));
    }

    #[test]
    fn a_refused_bind_is_not_closed_by_the_end() {
        assert_eq!(walk(&[On::Bind, On::Nak, On::Fin]), Some(Phase::Refused));
        assert_eq!(walk(&[On::Call, On::Reset]), Some(Phase::Aborted));
    }
}
