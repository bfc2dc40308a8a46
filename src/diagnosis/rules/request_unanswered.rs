//! `request-unanswered`. Who had the request is found out in `whereabouts`.

mod whereabouts;

use colloquy_dissectors::event::{Expect, Value};
use colloquy_dissectors::units::Stamp;

use self::whereabouts::{Whereabouts, whereabouts};
use super::cause;
use super::smb2_echo_unanswered::is_echo;
use super::tls_not_spoken;
use super::unanswered::{gave_up, guard, repeated_in_vain};
use crate::diagnosis::blame::{Way, capitalised};
use crate::diagnosis::{
    Culprit, Ending, Finding, Severity, Verdicts, View, counted, declare_rule, seconds,
};
use crate::session::exchange::Open;
use crate::session::model::{LetGo, Session};

declare_rule! {
    /// ## What it means
    /// A request was sent and its answer never came: the session ended first, or the answer is overdue.
    ///
    /// ## Why it matters
    /// Whoever asked waits. A program that waits for an answer that never comes looks frozen to its user, and
    /// everything queued behind the request waits with it.
    ///
    /// ## How it is told
    /// Requests and answers are paired by the protocol's own id. A request without a final answer is reported when its
    /// connection ended (nobody will answer any more), when who asked closed its direction after a wait, or when it has
    /// waited longer than twice the 99th percentile of the same operation at the same server, at least 5 s; where no
    /// answer of that operation was seen, longer than the protocol's default; or when it was repeated three times in
    /// vain, by TCP (before five seconds are over that makes it only likely) or by the program itself. An interim answer
    /// (SMB2 STATUS_PENDING) is no answer. Requests that may wait for hours by design (CHANGE_NOTIFY, long polls) and one-way
    /// requests are left out. All such requests of a session are told together. It is a warning where another rule tells the
    /// cause (a reset, a dark path, half an answer), where who asked hung up before a second was over, or where the request
    /// crossed the peer's close; with HTTP a note, when who asked hung up before an answer was overdue.
    ///
    /// Who had it is told with the time of each part. Not acknowledged by TCP: the network. Acknowledged, the window of who
    /// asked open, and no answer: the program that was asked. An answer begun, sent again and not acknowledged: the network
    /// on the way back; so it is where what came before the answer never got through. The window of who asked shut: its own program, which does not read.
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

impl RequestUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(why) = stays_closed(view.session) {
            out.cannot_tell(&META, "T8", why);
        }
        let mut told: Vec<Unanswered<'_>> = Vec::new();
        for open in &view.session.open {
            if matches!(open.expect, Expect::LongWait(_))
                || open.carries_inner
                || open.cancelled.is_some()
                || has_its_own_rule(view, open)
            {
                continue;
            }
            let waited = view.waited(open);
            let patience = view.patience(open);
            let ended = view.ending();
            if let Some((guard, why)) = guard(view, open) {
                out.cannot_tell(&META, guard, why);
            } else if ended.is_none()
                && closed_since(view, open).is_none()
                && gave_up(view, open).is_none()
                && waited < patience
                && !repeated_in_vain(view, open)
            {
                let why = format!(
                    "{} was asked {} before the capture ended: pending, not unanswered",
                    open.op,
                    seconds(waited)
                );
                out.cannot_tell(&META, "T2", why);
            } else {
                let one = Unanswered::of(view, open, waited, patience);
                let alike = |t: &&mut Unanswered<'_>| {
                    t.whereabouts.culprit == one.whereabouts.culprit
                        && t.cause.is_some() == one.cause.is_some()
                };
                match told.iter_mut().find(alike) {
                    Some(first) => {
                        first.one_operation &= first.open.op == open.op;
                        first.more.push(open.asked);
                    }
                    None => told.push(one),
                }
            }
        }
        if let [only] = told.as_mut_slice() {
            only.let_go = view.session.requests.let_go;
            only.oldest = view.session.troubles.let_go;
            let alike = |old: LetGo| old.alike && old.op == only.open.op;
            only.one_operation &= only.oldest.is_none_or(alike);
            for old in view.session.troubles.repeats.iter().filter(|r| r.differs) {
                // Another request took its id before it was answered.
                only.one_operation &= old.op == only.open.op;
                only.more.push(old.first);
                only.let_go = only.let_go.saturating_sub(1);
            }
        }
        for one in told {
            out.raise(one.finding(view));
        }
    }
}

/// A TLS session that the key log at hand does not open: why.
fn stays_closed(session: &Session) -> Option<String> {
    if session.protocol != "tls" {
        return None;
    }
    match session.detail("decryption") {
        Some(Value::Text(why)) if why != "decrypted" => {
            Some(format!("what was asked inside stays encrypted: {why}"))
        }
        _ => None,
    }
}

/// A request without an answer, and further ones of the session of which the same is to be said.
struct Unanswered<'a> {
    open: &'a Open,
    waited: f64,
    patience: f64,
    whereabouts: Whereabouts,
    /// The rule that tells why.
    cause: Option<&'static str>,
    more: Vec<Stamp>,
    /// All of them ask the same.
    one_operation: bool,
    /// Still further ones, which were too many to be kept.
    let_go: u64,
    /// The first of those.
    oldest: Option<LetGo>,
}

/// `smb2-negotiate-failed` tells of it, with the dialects; `smb2-echo-unanswered` of a question for life; `tls-not-spoken` of
/// words in clear where TLS is wanted.
fn has_its_own_rule(view: &View<'_>, open: &Open) -> bool {
    // Of WebSocket only the calls of applications: ws-upgrade-failed and ws-ping-unanswered tell of the rest.
    let of_websocket = view.session.protocol == "websocket" && !is_call(open);
    let negotiates = is_smb(view.session) && open.op.name == "NEGOTIATE";
    of_websocket
        || negotiates
        || is_echo(view.session.protocol, open)
        || tls_not_spoken::tells(view)
}

/// A call of JSON-RPC or GraphQL in WebSocket.
fn is_call(open: &Open) -> bool {
    matches!(open.op.name, "call" | "connection_init" | "subscribe")
}

impl<'a> Unanswered<'a> {
    fn of(view: &View<'_>, open: &'a Open, waited: f64, patience: f64) -> Self {
        Self {
            open,
            waited,
            patience,
            whereabouts: whereabouts(view, open, waited),
            cause: cause::of(view, open),
            more: Vec::new(),
            one_operation: true,
            let_go: 0,
            oldest: None,
        }
    }

    fn severity(&self, view: &View<'_>) -> Severity {
        let dropped = self.whereabouts.culprit == Culprit::from(self.open.side);
        if dropped && matches!(view.session.protocol, "http" | "http2") {
            // Who leaves a page drops its long polls.
            Severity::Note
        } else if self.cause.is_some()
            || dropped
            || self.whereabouts.crossed
            || view.session.protocol == "websocket"
        {
            Severity::Warning
        } else {
            META.severity
        }
    }

    fn finding(&self, view: &View<'_>) -> Finding {
        let open = self.open;
        let end = view.ending().map(Ending::stamp);
        let end = end.or(closed_since(view, open)).or(gave_up(view, open));
        let peer = view.tcp().and_then(|t| t.sides[open.side.other()].last);
        let peer = peer.filter(|p| *p > open.asked && Some(*p) != end);
        let way = Way::of_open(view, open);
        let oldest = self.oldest.map(|old| old.first);
        let mut finding = Finding::new(&META, oldest.unwrap_or(open.asked))
            .severity(self.severity(view))
            .side(self.whereabouts.culprit)
            .maybe_frame(oldest, "first-unanswered")
            .frame(open.asked, "request")
            .maybe_frame(open.acked, "acknowledged")
            .frames(&open.repeats, "request-again")
            .maybe_frame(open.interim, "interim-answer");
        if let Some((stamp, role)) = self.whereabouts.proof {
            finding = finding.frame(stamp, role);
        }
        let finding = finding
            .maybe_frame(peer, "last-of-peer")
            .maybe_frame(end, "end")
            .frames(&self.more, "unanswered-too")
            .title(self.title())
            .explain(format!(
                "The {} asked {} in frame {} and got no answer: {}. {}.{}",
                open.side,
                open.op,
                open.asked.frame,
                self.how(view),
                capitalised(&self.whereabouts.what),
                way.told(),
            ))
            .advise(self.whereabouts.advice)
            .number("waited", self.waited)
            .number("patience", self.patience)
            .number("requests", self.count() as f64);
        let finding = way.count(finding);
        let finding = match oldest {
            Some(first) => finding.also(&format!(
                "The first of the {} was asked in frame {}; of those before frame {} only the number is kept.",
                self.count(),
                first.frame,
                open.asked.frame
            )),
            None => finding,
        };
        // Told only since TCP sent it again in vain.
        let early = end.is_none() && self.waited < view.world.thresholds.least_patience;
        let finding = if early && view.tcp().is_some() {
            finding.likely()
        } else {
            finding
        };
        match self.cause {
            Some(rule) => finding.also(&format!("The cause is told by {rule}.")),
            None => finding,
        }
    }

    fn count(&self) -> u64 {
        1 + self.more.len() as u64 + self.let_go
    }

    fn title(&self) -> String {
        let op = self.open.op;
        match self.count() {
            1 => format!("{op} was never answered"),
            n if self.one_operation => format!("{op} was never answered, {n} times"),
            n => format!(
                "{op} and {} were never answered",
                counted(n - 1, "more request")
            ),
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
            None => match closed_since(view, self.open) {
                Some(fin) => format!(
                    "the {} closed its direction {} later (frame {})",
                    self.open.side.other(),
                    seconds(fin.time.since(self.open.asked.time)),
                    fin.frame
                ),
                None => match gave_up(view, self.open) {
                    Some(fin) if self.waited < self.patience => format!(
                        "the {} gave up and closed {} later (frame {})",
                        self.open.side,
                        seconds(fin.time.since(self.open.asked.time)),
                        fin.frame
                    ),
                    _ => format!(
                        "nothing came within {waited}; {} is reasonable",
                        seconds(self.patience)
                    ),
                },
            },
        }
    }
}

/// Who should answer ended its direction after the request: nothing will come any more.
fn closed_since(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let fin = view.tcp()?.sides[open.side.other()].fin?;
    (fin >= open.asked).then_some(fin)
}

fn is_smb(session: &Session) -> bool {
    matches!(session.protocol, "smb" | "smb2")
}

#[cfg(test)]
mod tests;
