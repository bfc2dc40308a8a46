//! Which rule names the cause of an unanswered request: one trouble has one main finding, and the request is told as
//! its consequence.

use colloquy_dissectors::units::Side;

use super::{
    rpc_gss_silent_discard, rpc_retransmission_storm, rpc_version_mismatch, tcp_aborted_in_flight,
    tcp_backlog_overflow, tcp_half_open, tcp_path_dark,
};
use crate::diagnosis::View;
use crate::diagnosis::tls::{self, Kind};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

/// The rule that tells why `open` was not answered, if there is one.
pub(super) fn of(view: &View<'_>, open: &Open) -> Option<&'static str> {
    let protocol = view.session.protocol;
    let specific = match (protocol, open.op.name) {
        ("nbss", _) => Some("nbss-request-unanswered"),
        ("smb" | "smb2", "NEGOTIATE") => Some("smb2-negotiate-failed"),
        ("smb2", _) if open.interim.is_some() => Some("smb2-pending-never-final"),
        ("dcerpc", "Bind" | "AlterContext") => Some("dcerpc-bind-failed"),
        ("dcerpc", _) if never_last(view, open) => Some("dcerpc-fragments-broken"),
        _ => None,
    };
    specific
        .or_else(|| rpc_version_mismatch::tells(view, open).then_some("rpc-version-mismatch"))
        .or_else(|| rpc_gss_silent_discard::tells(view, open).then_some("rpc-gss-silent-discard"))
        .or_else(|| alert(view, open))
        .or_else(|| half_answered(view, open).then_some(incomplete(protocol)))
        .or_else(|| tcp_backlog_overflow::tells(view).then_some("tcp-backlog-overflow"))
        .or_else(|| tcp_half_open::tells(view).then_some("tcp-half-open"))
        .or_else(|| {
            tcp_aborted_in_flight::cut_off(view, open.side).then_some("tcp-aborted-in-flight")
        })
        .or_else(|| unreachable(view, open).then_some("udp-port-unreachable"))
        .or_else(|| tcp_path_dark::tells(view, open.side).then_some("tcp-path-dark"))
        .or_else(|| tcp_path_dark::hides_answer(view, open).then_some("tcp-path-dark"))
        .or_else(|| {
            rpc_retransmission_storm::tells(view, open).then_some("rpc-retransmission-storm")
        })
}

/// An alert ended the TLS session around it.
fn alert(view: &View<'_>, open: &Open) -> Option<&'static str> {
    let mut parent = view.session.parent;
    while let Some(session) = parent.and_then(|at| view.flow.sessions.get(at as usize)) {
        if session.protocol == "tls"
            && let Some(failure) = tls::failure(view.flow, session)
            && failure.alert.stamp >= open.asked
        {
            return Some(match failure.kind {
                Kind::Refused => "tls-handshake-refused",
                Kind::Certificate => "tls-certificate-rejected",
                Kind::ClientCertificate => "tls-client-certificate-missing",
                Kind::Aborted => "tls-aborted-by-alert",
            });
        }
        parent = session.parent;
    }
    None
}

/// Its answer came in fragments, of which the connection ended without the last.
fn never_last(view: &View<'_>, open: &Open) -> bool {
    let mut broken = view.session.facts_named("dcerpc.fragments-broken");
    let whole = Side::BOTH.into_iter().all(|side| !view.lost(side));
    let answer = |f: &SeenFact| f.request == Some(open.asked) && f.side != open.side;
    whole && view.ending().is_some() && broken.any(answer)
}

/// The rule on messages that never end.
fn incomplete(protocol: &str) -> &'static str {
    match protocol {
        "http" => "http-body-incomplete",
        _ => "message-incomplete",
    }
}

/// Its answer began and never ended.
fn half_answered(view: &View<'_>, open: &Open) -> bool {
    let mut half = view.session.troubles.incomplete.iter();
    half.any(|i| i.side != open.side && i.began >= open.asked)
}

/// An ICMP error says that it did not arrive.
fn unreachable(view: &View<'_>, open: &Open) -> bool {
    let mut errors = view.flow.icmp.iter();
    open.side == Side::Client
        && errors.any(|e| e.is_port_unreachable() && e.about == open.side && e.stamp >= open.asked)
}
