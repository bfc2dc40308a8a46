//! What is asked of a request without an answer by every rule that tells of one: what the capture may have missed, and
//! whether anybody still waits.

use colloquy_dissectors::units::Stamp;

use super::dcerpc;
use crate::diagnosis::View;
use crate::session::exchange::Open;

/// So many calls without a reply may be a batch.
const BATCH: usize = 3;
/// Who ends its side sooner after its request has not waited for the answer: seconds.
pub(super) const AT_ONCE: f64 = 1.0;

/// Why nothing can be told of a request that was not seen answered: the guard and its reason.
pub(super) fn guard(view: &View<'_>, open: &Open) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if open.answer_may_be_missing {
        return Some(("T4", "bytes are missing where the answer would be"));
    }
    if unreadable(view, open) {
        return Some((
            "T4",
            "bytes are missing, and what came since could not be read",
        ));
    }
    if view.session.protocol == "http" && view.lost(open.side) {
        return Some((
            "T4",
            "requests are missing, and answers are paired by their order",
        ));
    }
    if vanished(view, open) {
        return Some((
            "T4",
            "the connection vanishes from the capture: its last bytes were neither acknowledged nor sent again",
        ));
    }
    if view.to_many() && view.tcp().is_none() {
        return Some((
            "T7",
            "it was sent to many hosts: who answers does so under an address of its own",
        ));
    }
    if went_on(view, open) {
        return Some((
            "T4",
            "it was never repeated, and its sender went on: its answer may not have been captured",
        ));
    }
    if batched(view, open) {
        return Some((
            "T7",
            "this operation was never answered while others were: it may be a call without a reply (batching)",
        ));
    }
    // Its fragments, and the reads of a pipe, are put together in the order of the capture.
    if view.session.protocol == "dcerpc" && view.out_of_step() {
        return Some(("T9", dcerpc::OUT_OF_STEP));
    }
    if dcerpc::elsewhere(view) {
        return Some(("T13", dcerpc::ELSEWHERE));
    }
    if dcerpc::bound_unseen(view, open.op) {
        return Some(("T1", dcerpc::BOUND_UNSEEN));
    }
    if view.hides_answers() {
        return Some((
            "T8",
            "the session became encrypted, so that its answer cannot be seen",
        ));
    }
    None
}

/// Behind a hole the place where messages begin has to be found again; what was said until then may be the answer.
fn unreadable(view: &View<'_>, open: &Open) -> bool {
    let peer = open.side.other();
    let said = view.tcp().and_then(|t| t.sides[peer].last_data);
    let read = view.session.last_message[peer].map(|m| m.stamp);
    view.lost(peer) && said.is_some_and(|said| said > open.asked && Some(said) > read)
}

/// Over datagrams who gets no answer asks again, or asks nothing more. Who does neither may have got it.
fn went_on(view: &View<'_>, open: &Open) -> bool {
    let said = view.session.last_message[open.side];
    view.tcp().is_none()
        && open.repeat_count == 0
        && said.is_some_and(|m| m.stamp > open.asked)
        && view.session.requests.answered > 0
}

/// A call of a program nobody knows may have no reply by design (RFC 5531 section 7.4.1): several such calls, not one
/// with a reply.
fn batched(view: &View<'_>, open: &Open) -> bool {
    let answered = view
        .world
        .times(view.session.protocol, open.op, view.flow.server)
        .is_some_and(|t| t.count() > 0);
    let calls = view.session.open.iter().filter(|o| o.op == open.op);
    // Joined in mid-stream, the batch may have begun before.
    let went_on =
        view.session.last_message[open.side.other()].is_some_and(|m| m.stamp > open.asked);
    let batch = calls.count() >= BATCH || (view.began_late() && went_on);
    view.session.protocol == "rpc" && view.tcp().is_some() && !answered && batch
}

/// Repeated at least three times, by TCP or by the program, with nothing from the peer since.
pub(super) fn repeated_in_vain(view: &View<'_>, open: &Open) -> bool {
    let least = view.world.thresholds.dark_retransmissions;
    let by_tcp = view.tcp().is_some_and(|tcp| {
        let sent_again = tcp.sides[open.side].series.as_ref().map_or(0, |s| s.count);
        view.acknowledged(open) == Some(false) && sent_again >= least
    });
    by_tcp || open.repeat_count >= least
}

/// No TCP leaves bytes unacknowledged without sending them again: what came after was not captured.
pub(super) fn vanished(view: &View<'_>, open: &Open) -> bool {
    let Some(tcp) = view.tcp() else { return false };
    let sender = &tcp.sides[open.side];
    let sent_again = sender.series.as_ref().is_some_and(|s| s.count > 0);
    view.acknowledged(open) == Some(false)
        && !sent_again
        && view.ending().is_none()
        && view.until_end(open.asked) > 3.0
}

/// Who asked closed its direction after having waited. RPC and SMB know no half-closed connections: nobody is left to
/// read an answer. Who closes at once may only have no further request (piped input), and is not meant.
pub(super) fn gave_up(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let whole_only = matches!(
        view.session.protocol,
        "rpc" | "nfs" | "mount" | "portmap" | "nlm" | "nsm" | "dcerpc" | "smb" | "smb2" | "nbss"
    );
    let fin = view.left(open.side)?;
    let waited = fin.time.since(open.asked.time) >= AT_ONCE;
    (waited && whole_only).then_some(fin)
}

/// Where the other side had closed its direction before the request was sent: nobody was left to answer.
pub(super) fn closed_before(view: &View<'_>, open: &Open) -> Option<Stamp> {
    view.left(open.side.other()).filter(|fin| *fin < open.began)
}
