//! `request-unanswered`.

use colloquy_dissectors::event::Expect;
use colloquy_dissectors::units::{Side, Stamp};

use super::cause;
use super::tcp_reset_forged::forged;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;

declare_rule! {
    /// ## What it means
    /// A request was sent and its answer never came: the session ended first, or the answer is overdue.
    ///
    /// ## Why it matters
    /// Whoever asked waits. A program that waits for an answer that never comes looks frozen to its user, and
    /// everything queued behind the request waits with it.
    ///
    /// ## How it is told
    /// Requests and answers are paired by the protocol's own id. A request without a final answer is reported when
    /// its connection ended (nobody will answer any more), or when it has waited longer than twice the 99th
    /// percentile of the same operation at the same server, at least 5 s; where no answer of that operation was
    /// seen, longer than the protocol's default; or when it was repeated three times in vain, by TCP or by the
    /// program itself. An interim answer (SMB2 STATUS_PENDING) is no answer. Requests that
    /// may wait for hours by design (CHANGE_NOTIFY, long polls) and one-way requests are left out. All such requests of a
    /// session are told together. It is a warning where another rule tells the cause (a reset, a dark path, half an
    /// answer), or where who asked hung up before a second was over; with HTTP a note, when who asked hung up before an
    /// answer was overdue.
    ///
    /// ## Example
    /// `rpc-tcp-unanswered`: the call is acknowledged by TCP and never answered.
    ///
    /// ## What to do
    /// Look at who had the request. Acknowledged by TCP and not answered: the server's program has it; look at its
    /// threads, its log, its disks. Not acknowledged: the network lost it; look at the path.
    ///
    /// ## References
    /// RFC 5531 section 9, MS-SMB2 3.2.5, C706 chapter 12: every call has one reply.
    pub RequestUnanswered = "request-unanswered" {
        summary: "Request never answered",
        severity: Error,
        category: Dialogue,
        protocols: [],
        reference: "RFC 5531 section 9; MS-SMB2 3.2.5; C706 chapter 12",
    }
}

/// So many calls without a reply may be a batch.
const BATCH: usize = 3;
/// Who resets sooner after its request has not waited for the answer: seconds.
const AT_ONCE: f64 = 1.0;

impl RequestUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if view.session.protocol == "websocket" {
            // Its upgrade and its Pings have rules of their own: ws-upgrade-failed, ws-ping-unanswered.
            return;
        }
        let mut told: Vec<Unanswered<'_>> = Vec::new();
        for open in &view.session.open {
            if matches!(open.expect, Expect::LongWait(_))
                || open.carries_inner
                || open.cancelled.is_some()
            {
                continue;
            }
            let waited = view.waited(open);
            let patience = view.patience(open);
            let ended = view.ending();
            if let Some((guard, why)) = guard(view, open) {
                out.cannot_tell(&META, guard, why);
            } else if ended.is_none() && waited < patience && !repeated_in_vain(view, open) {
                let why = format!(
                    "{} was asked {} before the capture ended: pending, not unanswered",
                    open.op,
                    seconds(waited)
                );
                out.cannot_tell(&META, "T2", why);
            } else {
                let one = Unanswered::of(view, open, waited, patience);
                let alike = |t: &&mut Unanswered<'_>| {
                    t.culprit == one.culprit && t.cause.is_some() == one.cause.is_some()
                };
                match told.iter_mut().find(alike) {
                    Some(first) => first.more.push(open.asked),
                    None => told.push(one),
                }
            }
        }
        for one in told {
            out.raise(one.finding(view));
        }
    }
}

/// A request without an answer, and further ones of the session of which the same is to be said.
struct Unanswered<'a> {
    open: &'a Open,
    waited: f64,
    patience: f64,
    culprit: Culprit,
    whereabouts: String,
    /// The rule that tells why.
    cause: Option<&'static str>,
    more: Vec<Stamp>,
}

fn guard(view: &View<'_>, open: &Open) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if open.answer_may_be_missing {
        return Some(("T4", "bytes are missing where the answer would be"));
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
    if super::dcerpc::elsewhere(view) {
        return Some(("T13", super::dcerpc::ELSEWHERE));
    }
    if view.session.encrypted.is_some() {
        return Some((
            "T8",
            "the session became encrypted, so that its answer cannot be seen",
        ));
    }
    None
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
    view.session.protocol == "rpc" && view.tcp().is_some() && !answered && calls.count() >= BATCH
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

impl<'a> Unanswered<'a> {
    fn of(view: &View<'_>, open: &'a Open, waited: f64, patience: f64) -> Self {
        let (culprit, whereabouts) = whereabouts(view, open, waited);
        Self {
            open,
            waited,
            patience,
            culprit,
            whereabouts,
            cause: cause::of(view, open),
            more: Vec::new(),
        }
    }

    fn severity(&self, view: &View<'_>) -> Severity {
        let dropped = self.culprit == Culprit::from(self.open.side);
        if dropped && view.session.protocol == "http" {
            // Who leaves a page drops its long polls.
            Severity::Note
        } else if self.cause.is_some() || dropped {
            Severity::Warning
        } else {
            META.severity
        }
    }

    fn finding(&self, view: &View<'_>) -> Finding {
        let open = self.open;
        let peer = view.tcp().and_then(|t| t.sides[open.side.other()].last);
        let finding = Finding::new(&META, open.asked)
            .severity(self.severity(view))
            .side(self.culprit)
            .frame(open.asked, "request")
            .frames(&open.repeats, "request-again")
            .maybe_frame(open.interim, "interim-answer")
            .maybe_frame(peer.filter(|p| *p > open.asked), "last-of-peer")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .frames(&self.more, "unanswered-too")
            .title(match self.more.len() {
                0 => format!("{} was never answered", open.op),
                more => format!("{} and {more} more requests were never answered", open.op),
            })
            .explain(format!(
                "The {} asked {} in frame {} and got no answer: {}. {}.",
                open.side,
                open.op,
                open.asked.frame,
                self.how(view),
                capitalised(&self.whereabouts),
            ))
            .advise(match self.culprit {
                Culprit::Network => "Look at the path: retransmissions, firewalls and routes between the two.",
                Culprit::Unknown => "Capture at the other end too, to see whether the request arrives there.",
                _ if self.culprit == Culprit::from(open.side) => "See why who asked did not wait: a time-out of its own, a cancelled program.",
                _ => "Look at the program that had the request: its threads, its log, what it waits for itself.",
            })
            .number("waited", self.waited)
            .number("patience", self.patience)
            .number("requests", (1 + self.more.len()) as f64);
        match self.cause {
            Some(rule) => finding.also(&format!("The cause is told by {rule}.")),
            None => finding,
        }
    }

    fn how(&self, view: &View<'_>) -> String {
        let waited = seconds(self.waited);
        match view.ending() {
            Some(Ending::Reset(stamp, side)) => format!(
                "the {side} reset the connection {waited} later (frame {})",
                stamp.frame
            ),
            Some(Ending::Fin(stamp)) => {
                format!(
                    "the connection was closed {waited} later (frame {})",
                    stamp.frame
                )
            }
            None => format!(
                "nothing came within {waited}; {} is reasonable",
                seconds(self.patience)
            ),
        }
    }
}

/// Who asked ended the connection before anybody could have answered; with HTTP, before an answer was overdue.
fn hung_up_at_once(view: &View<'_>, open: &Open, waited: f64) -> bool {
    let Some(tcp) = view.tcp() else { return false };
    let enough = match view.session.protocol {
        "http" => view.patience(open),
        _ => AT_ONCE,
    };
    match view.ending() {
        Some(Ending::Reset(_, side)) => side == open.side && waited < enough,
        Some(Ending::Fin(_)) => {
            let fin = |side: Side| tcp.sides[side].fin;
            fin(open.side) < fin(open.side.other())
                && fin(open.side).is_some_and(|f| f.time.since(open.asked.time) < enough)
        }
        None => false,
    }
}

/// Who kept the answer back, and how that is known.
fn whereabouts(view: &View<'_>, open: &Open, waited: f64) -> (Culprit, String) {
    let asked = view.end_of(open.side.other());
    if let Some(Ending::Reset(stamp, side)) = view.ending() {
        if view.tcp().is_some_and(|tcp| forged(tcp).is_some()) {
            let how = format!("the reset in frame {} was made on the way", stamp.frame);
            return (Culprit::Network, how);
        }
        if side != open.side {
            let how = format!("{asked} refused to go on");
            return (Culprit::from(side), how);
        }
    }
    if hung_up_at_once(view, open, waited) {
        let how = format!("the {} itself did not wait for it", open.side);
        return (Culprit::from(open.side), how);
    }
    match view.acknowledged(open) {
        Some(true) => (
            Culprit::from(open.side.other()),
            format!("TCP at {asked} acknowledged the request, so its program had it"),
        ),
        Some(false) => (
            Culprit::Network,
            format!(
                "TCP at {asked} never acknowledged the request: it did not arrive, or the way back is cut"
            ),
        ),
        None => (
            Culprit::Unknown,
            "the transport does not tell whether it arrived".to_owned(),
        ),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{findings, loud};

    #[test]
    fn silence_of_a_protocol_nobody_knows_is_no_request() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"hello")
            .wait_secs(90.0);
        assert!(findings(script.close().frames(), "request-unanswered").is_empty());
    }

    #[test]
    fn a_healthy_connection_is_quiet() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong");
        assert!(loud(script.close().frames()).is_empty());
    }
}
