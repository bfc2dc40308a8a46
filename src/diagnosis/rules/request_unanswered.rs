//! `request-unanswered`.

use colloquy_dissectors::event::{Expect, Value};
use colloquy_dissectors::units::{Side, Stamp};

use super::cause;
use super::smb2_echo_unanswered::is_echo;
use super::smb2_message_id_invalid;
use super::tcp_reset_forged::forged;
use super::tls_not_spoken;
use super::unanswered::{self, AT_ONCE, gave_up, guard, repeated_in_vain};
use crate::diagnosis::blame::{Way, capitalised};
use crate::diagnosis::smb::PIPE_GONE;
use crate::diagnosis::{
    Culprit, Ending, Finding, Severity, Verdicts, View, counted, declare_rule, seconds,
};
use crate::session::exchange::{Answered, Open};
use crate::session::model::Session;

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
    /// vain, by TCP or by the program itself. An interim answer (SMB2 STATUS_PENDING) is no answer. Requests that may
    /// wait for hours by design (CHANGE_NOTIFY, long polls) and one-way requests are left out. All such requests of a
    /// session are told together. It is a warning where another rule tells the cause (a reset, a dark path, half an
    /// answer), where who asked hung up before a second was over, or where the request crossed the peer's close; with
    /// HTTP a note, when who asked hung up before an answer was overdue.
    ///
    /// Who had it is told with the time of each part. Not acknowledged by TCP: the network. Acknowledged, the window of who
    /// asked open, and no answer: the program that was asked. An answer begun, sent again and not acknowledged: the network
    /// on the way back. The window of who asked shut: its own program, which does not read.
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
        let mut finding = Finding::new(&META, open.asked)
            .severity(self.severity(view))
            .side(self.whereabouts.culprit)
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

/// Who kept an answer back, and how that is known.
struct Whereabouts {
    culprit: Culprit,
    what: String,
    advice: &'static str,
    proof: Option<(Stamp, &'static str)>,
    /// The request and the close of the other side crossed: who asked may ask again on a new connection.
    crossed: bool,
}

const LOOK_AT_THE_PROGRAM: &str =
    "Look at the program that had the request: its threads, its log, what it waits for itself.";
const LOOK_AT_THE_PATH: &str =
    "Look at the path: retransmissions, firewalls and routes between the two.";
const LOOK_FOR_A_CRASH: &str =
    "Look at the program that had the request: a crash, a limit, or a request it does not take.";

impl Whereabouts {
    fn new(culprit: impl Into<Culprit>, what: impl Into<String>, advice: &'static str) -> Self {
        Self {
            culprit: culprit.into(),
            what: what.into(),
            advice,
            proof: None,
            crossed: false,
        }
    }

    fn proof(mut self, stamp: Stamp, role: &'static str) -> Self {
        self.proof = Some((stamp, role));
        self
    }
}

/// Who should answer ended its direction after the request: nothing will come any more.
fn closed_since(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let fin = view.tcp()?.sides[open.side.other()].fin?;
    (fin >= open.asked).then_some(fin)
}

/// Who should answer closed, and the asker had not done so before.
fn hung_up(view: &View<'_>, open: &Open) -> bool {
    let own = view.tcp().and_then(|t| t.sides[open.side].fin);
    closed_since(view, open).is_some_and(|fin| own.is_none_or(|own| fin < own))
}

/// The pipe that carried it broke: SMB answered the request with the call in it, or the reading of its answer, with a
/// failure.
fn broken_pipe(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let carrier = view.flow.parent(view.session).filter(|p| is_smb(p))?;
    let carried = |a: &Answered| a.asked.frame == open.asked.frame;
    let broke = |a: &Answered| a.asked > open.asked && PIPE_GONE.contains(&a.status.code);
    let failed = carrier
        .troubles
        .failures
        .iter()
        .flat_map(|f| [f.first, f.last])
        .filter(|a| carried(a) || broke(a))
        .min_by_key(|a| a.answered)?;
    let what = format!(
        "the pipe failed: {} came back with {} in frame {}",
        failed.op, failed.status, failed.answered.frame
    );
    let advice = "Look at the service behind the pipe: it crashed, was stopped, or closed the pipe on this call.";
    let whereabouts = Whereabouts::new(open.side.other(), what, advice);
    Some(whereabouts.proof(failed.answered, "pipe-failed"))
}

fn is_smb(session: &Session) -> bool {
    matches!(session.protocol, "smb" | "smb2")
}

/// A server ends the connection over a MessageId that the client may not use.
fn invalid_id(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    smb2_message_id_invalid::spoiled(view, open).then(|| {
        let what = format!(
            "{} ended the connection over a MessageId that the client may not use",
            view.end_of(open.side.other())
        );
        Whereabouts::new(open.side, what, "Look at the program that asked.")
    })
}

/// The other side had closed before the request was sent.
fn closed_before(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let peer = open.side.other();
    let fin = unanswered::closed_before(view, open)?;
    let what = format!(
        "the {peer} had closed its direction in frame {} before, so that nobody was left to answer",
        fin.frame
    );
    let advice = "Find out why it closed: look at what came just before, and at time-outs for idle connections.";
    let whereabouts = Whereabouts::new(peer, what, advice).proof(fin, "closed-before");
    Some(Whereabouts {
        crossed: true,
        ..whereabouts
    })
}

/// Who asked ended the connection before anybody could have answered; with HTTP, before an answer was overdue.
fn hung_up_at_once(view: &View<'_>, open: &Open, waited: f64) -> bool {
    let Some(tcp) = view.tcp() else { return false };
    let enough = match view.session.protocol {
        "http" | "http2" => view.patience(open),
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

/// How often TCP sent it in all.
fn sent(view: &View<'_>, open: &Open) -> String {
    let series = view.tcp().and_then(|t| t.sides[open.side].series.as_ref());
    match series.map_or(0, |s| s.count) {
        0 => String::new(),
        1 => ", sent twice".to_owned(),
        n => format!(", sent {} times", n + 1),
    }
}

/// The answer was begun and did not get through: who asked takes no more, or the network lost it.
fn answer_on_the_way(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let tcp = view.tcp()?;
    let peer = open.side.other();
    let (asker, answerer) = (&tcp.sides[open.side], &tcp.sides[peer]);
    if let Some(since) = asker.zero_window.since {
        let what = format!(
            "the {} itself can take no answer: its window is shut since frame {}, its program does not read",
            open.side, since.frame
        );
        let advice = "Look at the program that asked: it does not read what it is sent.";
        return Some(Whereabouts::new(open.side, what, advice).proof(since, "window-shut"));
    }
    let series = answerer.series.as_ref().filter(|s| s.count > 1)?;
    let sent_again = series
        .again
        .last()
        .copied()
        .filter(|_| answerer.unacked > 0)?;
    (series.first > open.asked).then(|| {
        let what = format!(
            "the {peer} began to answer in frame {}, sent that {} times again, and the {} never acknowledged it: it is lost \
             on the way back",
            series.first.frame, series.count, open.side
        );
        Whereabouts::new(Culprit::Network, what, LOOK_AT_THE_PATH).proof(sent_again, "answer-again")
    })
}

fn whereabouts(view: &View<'_>, open: &Open, waited: f64) -> Whereabouts {
    let peer = open.side.other();
    let asked = view.end_of(peer);
    if let Some(known) = broken_pipe(view, open)
        .or_else(|| invalid_id(view, open))
        .or_else(|| closed_before(view, open))
        .or_else(|| answer_on_the_way(view, open))
    {
        return known;
    }
    if let Some(Ending::Reset(stamp, side)) = view.ending() {
        if view.tcp().is_some_and(|tcp| forged(tcp).is_some()) {
            let what = format!("the reset in frame {} was made on the way", stamp.frame);
            return Whereabouts::new(Culprit::Network, what, LOOK_AT_THE_PATH);
        }
        if side != open.side {
            let what = match view.acknowledged(open) {
                Some(true) => format!("{asked} had the request, and ended instead of answering"),
                _ => format!("{asked} refused to go on"),
            };
            return Whereabouts::new(side, what, LOOK_FOR_A_CRASH);
        }
    }
    if hung_up_at_once(view, open, waited) {
        let what = format!("the {} itself did not wait for it", open.side);
        let advice = "See why who asked did not wait: a time-out of its own, a cancelled program.";
        return Whereabouts::new(open.side, what, advice);
    }
    match view.acknowledged(open) {
        Some(true) if hung_up(view, open) => Whereabouts::new(
            peer,
            format!("TCP at {asked} had the request, and its program closed instead of answering"),
            LOOK_FOR_A_CRASH,
        ),
        Some(true) => Whereabouts::new(
            peer,
            match open.acked {
                Some(_) => format!("the program at {asked} had it"),
                None => format!("TCP at {asked} acknowledged the request, so its program had it"),
            },
            LOOK_AT_THE_PROGRAM,
        ),
        Some(false) => Whereabouts::new(
            Culprit::Network,
            format!(
                "TCP at {asked} never acknowledged the request{}: it did not arrive, or the way back is cut",
                sent(view, open)
            ),
            LOOK_AT_THE_PATH,
        ),
        None => Whereabouts::new(
            Culprit::Unknown,
            "the transport does not tell whether it arrived",
            "Capture at the other end too, to see whether the request arrives there.",
        ),
    }
}

#[cfg(test)]
mod tests;
