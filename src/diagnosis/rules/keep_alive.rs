//! Connections of HTTP that are kept for the next request (RFC 9112 section 9.3), and the close of an idle one that a request
//! runs into.

use colloquy_dissectors::units::Stamp;

use super::tcp_reset_forged::forged;
use crate::diagnosis::{Ending, View};
use crate::session::exchange::Open;
use crate::session::model::Session;

/// Who says nothing for so long between two requests keeps the connection for later: seconds.
const IDLE: f64 = 1.0;
/// A reset that answers a request comes so soon: seconds.
const AT_ONCE: f64 = 3.0;

/// What to do about it.
pub(super) const ADVICE: &str = "Let the client's pool give up idle connections sooner than the server does (its keep-alive \
    time-out), or raise the server's; and have the client send requests that may be repeated again on a new connection (RFC 9112 \
    sections 9.3.1 and 9.5).";

/// HTTP on connections that last.
pub(super) fn is_kept(session: &Session) -> bool {
    session.protocol == "http"
}

/// Seconds from the peer's last answer to `until`, where the connection was idle before `open`.
pub(super) fn idle(session: &Session, open: &Open, until: Stamp) -> Option<f64> {
    let answer = session.last_message[open.side.other()]?.stamp;
    (is_kept(session) && answer < open.began).then(|| until.time.since(answer.time))
}

/// The request after a silence was answered with a reset by a host that did not know the connection any more: seconds of
/// silence. Its FIN was lost, or something on the way forgot the connection.
pub(super) fn forgotten(view: &View<'_>, session: &Session, open: &Open) -> Option<f64> {
    let tcp = view.tcp()?;
    let reset = tcp
        .reset()
        .filter(|r| r.side != open.side && tcp.was_reset())?;
    let Some(Ending::Reset(..)) = view.ending() else {
        return None;
    };
    let prompt = reset.stamp.time.since(open.asked.time) < AT_ONCE;
    let unknown = !reset.with_ack && reset.in_sequence && !reset.after_fin && forged(tcp).is_none();
    // Nothing came of the peer since.
    let silent = reset.own_before.is_some_and(|own| own < open.began);
    let idle = idle(session, open, open.began)?;
    (prompt && unknown && silent && idle >= IDLE).then_some(idle)
}
