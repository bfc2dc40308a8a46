//! `tls-handshake-stalled`.

use colloquy_dissectors::event::{Op, Phase, Value};
use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_path_dark;
use super::tls::{compared, course, ended_by_alert, guard, hidden, server_words, steps};
use super::tls_load_shedding;
use super::tls_not_spoken;
use crate::diagnosis::blame::{capitalised, lost_on_the_way, lost_words};
use crate::diagnosis::tls::{is_without_certificate, text};
use crate::diagnosis::{
    Culprit, Ending, Finding, Severity, Verdicts, View, counted, declare_rule, seconds,
};
use crate::session::model::LastMessage;

declare_rule! {
    /// ## What it means
    /// A handshake began and stopped in the middle: whose turn it was said nothing, or closed without an alert.
    ///
    /// ## Why it matters
    /// The connection is there, and nothing can be sent over it. Who waits sees a program that hangs.
    ///
    /// ## How it is told
    /// A ClientHello, and neither an open session nor an alert. It is told when the next message is overdue (10 s; a minute
    /// where the client was asked for a certificate, for which a user may be asked), when the side whose turn it was closed
    /// or reset the connection, and when the other side gave up after a second or more. A client that closes at once after
    /// the server's flight is a note: scanners and health checks do that. A server that closes at once on a client without the
    /// certificate that it asked for is `tls-client-certificate-missing`. The stage is told: no ServerHello, no second hello
    /// after a HelloRetryRequest, a flight that breaks off, no Finished. A warning where another rule tells the cause. Where an
    /// empty segment of the side whose turn it was stands behind bytes that never came by, its answer was lost on the way. A
    /// handshake that came about is a note where it took 5 s or more, without loss and without a certificate of the client.
    ///
    /// ## Example
    /// A server accepts the connection, acknowledges the ClientHello and says nothing: it is overloaded, or no TLS is
    /// spoken there. A ClientHello too long for one segment (post-quantum key shares) of which the second part vanishes.
    ///
    /// ## What to do
    /// No ServerHello and all acknowledged: the server's program does not read; see its threads and its backlog. Not
    /// acknowledged: the path; where only a part of a long hello is acknowledged, look for a middlebox, or try without
    /// post-quantum groups. Closed or reset at once after the hello: a filter that looks at the server name, or a server
    /// without a certificate for it.
    ///
    /// ## References
    /// RFC 8446 sections 2 and 4.1, RFC 5246 section 7.3.
    pub TlsHandshakeStalled = "tls-handshake-stalled" {
        summary: "Handshake not finished, or slow",
        severity: Error,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 8446 sections 2 and 4.1; RFC 5246 section 7.3",
    }
}

/// Who gives up sooner has not waited: seconds.
const FAIR: f64 = 1.0;
/// A handshake that takes longer is slow: seconds.
const SLOW: f64 = 5.0;
/// A user may have to choose a certificate: seconds.
const CHOICE: f64 = 60.0;

impl TlsHandshakeStalled {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if !began_only(view) {
            return slow(view, out);
        }
        if let Some((guard, why)) = guard(view) {
            return out.cannot_tell(&META, guard, why);
        }
        let Some(it) = Stall::of(view) else { return };
        if it.without_certificate(view).is_some() {
            return;
        }
        match it.severity(view) {
            Some(severity) => out.raise(it.finding(view, severity)),
            None if it.goes_on => {
                let waited = seconds(it.waited);
                let why = format!(
                    "the handshake's next message is awaited since {waited} when the capture ends"
                );
                out.cannot_tell(&META, "T2", why);
            }
            None => {}
        }
    }
}

/// A handshake that came about, and took long: where nothing of it was lost, and no user had a certificate to choose.
fn slow(view: &View<'_>, out: &mut Verdicts) {
    let session = view.session;
    let (Some(hello), Some(open)) = (
        session.entered(Phase::Negotiating).map(|p| p.stamp),
        session.entered(Phase::Open).map(|p| p.stamp),
    ) else {
        return;
    };
    let took = open.time.since(hello.time);
    if took < SLOW || session.detail("client_certificate").is_some() || guard(view).is_some() {
        return;
    }
    let Some(tcp) = view.tcp() else { return };
    if Side::BOTH
        .into_iter()
        .any(|s| tcp.sides[s].stalls.nanos > 0)
    {
        return;
    }
    let within = |(from, to): &(Stamp, Stamp)| *from >= hello && *to <= open;
    let silence = tcp.longest_idle.filter(within);
    let mut finding = Finding::new(&META, open)
        .severity(Severity::Note)
        .side(Culprit::Unknown)
        .frame(hello, "client-hello")
        .frame(open, "open")
        .title(format!(
            "The handshake with {} took {}",
            server_words(view),
            seconds(took)
        ))
        .explain(format!(
            "The ClientHello came in frame {}, and the session was open in frame {}, {} later.",
            hello.frame,
            open.frame,
            seconds(took)
        ))
        .advise("See who was silent for so long, and what its program did meanwhile: an overloaded server, a slow key or certificate store, a look-up.")
        .number("took", took);
    if let Some((from, to)) = silence {
        finding = finding
            .frame(from, "silence-from")
            .frame(to, "silence-until")
            .also(&format!(
                "The longest silence in it was {}, until frame {}.",
                seconds(to.time.since(from.time)),
                to.frame
            ));
    }
    out.raise(finding);
}

/// True when this rule tells why a message of the handshake is not whole.
pub(super) fn tells(view: &View<'_>) -> bool {
    view.session.protocol == "tls"
        && began_only(view)
        && guard(view).is_none()
        && Stall::of(view).is_some_and(|it| it.severity(view).is_some())
}

/// Where the server ended the connection at once, and without an alert, on a client that showed it no certificate.
pub(super) fn ended_without_certificate(view: &View<'_>) -> Option<Stamp> {
    let told = began_only(view) && guard(view).is_none();
    let stall = told.then(|| Stall::of(view)).flatten()?;
    stall.without_certificate(view)
}

/// A handshake was begun, came to nothing, and no alert says why.
fn began_only(view: &View<'_>) -> bool {
    let session = view.session;
    let ended =
        session.entered(Phase::Open).is_some() || session.entered(Phase::Releasing).is_some();
    session.entered(Phase::Negotiating).is_some()
        && !ended
        && tls_not_spoken::in_clear(view).is_none()
        && !ended_by_alert(view)
}

/// A handshake that stands still.
struct Stall {
    last: LastMessage,
    said_by: Side,
    /// Whose turn it is.
    turn: Side,
    stage: &'static str,
    waited: f64,
    patience: f64,
    /// Who ended the connection, and where.
    ended: Option<(Option<Side>, Stamp)>,
    goes_on: bool,
}

impl Stall {
    fn of(view: &View<'_>) -> Option<Self> {
        let ended = ended(view);
        let (said_by, last) = last_before(view, ended)?;
        let (turn, stage) = stage(view, said_by, last.op);
        let waited = ended.map_or_else(
            || view.until_end(last.stamp),
            |(_, stamp)| stamp.time.since(last.stamp.time),
        );
        let choosing = turn == Side::Client && !text(view.session, "client_certificate").is_empty();
        let patience = view.world.thresholds.patience("tls", last.op);
        Some(Self {
            last,
            said_by,
            turn,
            stage,
            waited: waited.max(0.0),
            patience: if choosing { CHOICE } else { patience },
            ended,
            goes_on: ended.is_none(),
        })
    }

    /// How bad it is; `None` where it is nothing, or not yet.
    fn severity(&self, view: &View<'_>) -> Option<Severity> {
        let told = tcp_path_dark::tells(view, self.said_by) || tls_load_shedding::tells(view);
        let bad = if told {
            Severity::Warning
        } else {
            Severity::Error
        };
        match self.ended {
            None => (self.waited >= self.patience).then_some(bad),
            // Who was waited for ended it. A client that leaves after the server's flight may have seen all it wanted.
            Some((Some(side), _)) if side == self.turn => match side {
                Side::Server => Some(bad),
                Side::Client if self.waited < FAIR => Some(Severity::Note),
                Side::Client => Some(Severity::Warning),
            },
            Some(_) if self.waited >= self.patience => Some(bad),
            Some(_) => (self.waited >= FAIR).then_some(Severity::Warning),
        }
    }

    /// `tls-client-certificate-missing` tells of it: see [`ended_without_certificate`].
    fn without_certificate(&self, view: &View<'_>) -> Option<Stamp> {
        let (side, stamp) = self.ended?;
        let at_once = side == Some(Side::Server) && self.turn == Side::Server && self.waited < FAIR;
        let asked = is_without_certificate(view.session) && self.culprit(view) == Culprit::Server;
        (at_once && asked && !tls_load_shedding::tells(view)).then_some(stamp)
    }

    fn culprit(&self, view: &View<'_>) -> Culprit {
        let dark = tcp_path_dark::tells(view, self.said_by) || self.unacknowledged(view) > 0;
        if dark || self.lost(view).is_some() {
            Culprit::Network
        } else {
            self.turn.into()
        }
    }

    /// What the other side sent is lost on the way: where that is shown, and how many bytes.
    fn lost(&self, view: &View<'_>) -> Option<(Stamp, u64)> {
        lost_on_the_way(view, self.turn, self.last.stamp)
    }

    /// Bytes of who spoke last that its peer has not acknowledged, where nobody ended the connection.
    fn unacknowledged(&self, view: &View<'_>) -> u64 {
        let sides = view.tcp().map(|tcp| &tcp.sides[self.said_by]);
        sides.filter(|_| self.goes_on).map_or(0, |s| s.unacked)
    }

    /// How often whose turn it is has repeated what it had said.
    fn repeats(&self, view: &View<'_>) -> u32 {
        view.tcp().map_or(0, |t| t.sides[self.turn].retransmissions)
    }

    fn how(&self, view: &View<'_>) -> String {
        let waited = seconds(self.waited);
        match self.ended {
            None => match self.repeats(view) {
                0 => format!("and nothing came in {waited}"),
                n => format!(
                    "and nothing new came in {waited}, though the {} sent what it had said before {} again",
                    self.turn,
                    counted(n.into(), "time")
                ),
            },
            Some((side, stamp)) => {
                let verb = match view.ending() {
                    Some(Ending::Reset(reset, _)) if reset == stamp => "reset",
                    _ => "closed",
                };
                let who = side.map_or_else(|| "somebody".to_owned(), |s| format!("the {s}"));
                format!(
                    "and {waited} later {who} {verb} the connection (frame {})",
                    stamp.frame
                )
            }
        }
    }

    fn whereabouts(&self, view: &View<'_>) -> String {
        let peer = view.end_of(self.said_by.other());
        let length = view
            .session
            .fact("tls.client-hello")
            .and_then(|f| f.int("length"));
        let size = view.session.bytes[self.said_by];
        if let Some(lost) = self.lost(view) {
            return format!(
                " {}, as when a device on the path drops large packets and the sender is not told (RFC 2923 section 2.1).",
                capitalised(&lost_words(view, self.turn, lost))
            );
        }
        match self.unacknowledged(view) {
            0 if self.ended.is_some() => String::new(),
            0 => format!(" TCP at {peer} acknowledged all of it, so its program had it."),
            left if left < size && length.is_some() => format!(
                " TCP at {peer} acknowledged all but the last {left} bytes of a hello of {size}: the rest did not arrive, as when \
                 a device on the path drops what does not fit into one segment."
            ),
            left => format!(" TCP at {peer} did not acknowledge {left} bytes of it."),
        }
    }

    fn finding(&self, view: &View<'_>, severity: Severity) -> Finding {
        let verb = match self.ended {
            Some((Some(side), _)) if side == self.turn => "is broken off",
            _ => "stalls",
        };
        let lost = self.lost(view);
        let finding = steps(view, Finding::new(&META, self.last.stamp))
            .severity(severity)
            .side(self.culprit(view))
            .frame(self.last.stamp, "last-message")
            .maybe_frame(self.ended.map(|(_, stamp)| stamp), "end")
            .maybe_frame(lost.map(|(shown, _)| shown), "behind-the-answer")
            .title(format!(
                "The handshake with {} {verb}: {}",
                server_words(view),
                self.stage
            ))
            .explain(format!(
                "The {} sent {} in frame {}, {}: {}.{}",
                self.said_by,
                self.last.op,
                self.last.stamp.frame,
                self.how(view),
                self.stage,
                self.whereabouts(view)
            ))
            .advise(match lost {
                Some(_) => "Look at the path from there: its MTU, tunnels, and filters that drop ICMP; try a smaller MSS. A capture at the \
                            other end shows what was sent.",
                None => advice(self.turn, self.ended.is_some()),
            })
            .number("waited", self.waited)
            .number("patience", self.patience);
        let finding = match course(view).as_str() {
            "" => finding,
            course => finding.also(&format!("So far came {course}.{}", hidden(view, ""))),
        };
        let finding = compared(view, finding);
        let finding = match lost {
            Some(_) => finding.likely(),
            None => finding,
        };
        if tcp_path_dark::tells(view, self.said_by) {
            finding.also("The cause is told by tcp-path-dark.")
        } else if tls_load_shedding::tells(view) {
            finding.also("It is one of many: see tls-load-shedding.")
        } else {
            finding
        }
    }
}

/// Who said the handshake's last message before the connection was ended: an alert may echo that.
fn last_before(
    view: &View<'_>,
    ended: Option<(Option<Side>, Stamp)>,
) -> Option<(Side, LastMessage)> {
    let (side, last) = view.session.last_said()?;
    let Some((_, end)) = ended.filter(|(_, end)| *end < last.stamp) else {
        return Some((side, last));
    };
    let steps = view.session.facts_named("tls.handshake-step");
    let before = steps.filter(|step| step.stamp <= end).last();
    let named = before.and_then(|step| match step.value("name") {
        Some(Value::Name(name)) => Some((step.side, step.stamp, Op::new(name, 0))),
        _ => None,
    });
    Some(named.map_or((side, last), |(side, stamp, op)| {
        (side, LastMessage { op, stamp, ..last })
    }))
}

/// Whose turn it is after `op` of `side`, and what does not come.
fn stage(view: &View<'_>, side: Side, op: Op) -> (Side, &'static str) {
    let version = text(view.session, "version");
    let tls13 = version.starts_with("TLS 1.3");
    let retried = view.session.detail("hello_retry_request").is_some() && version.is_empty();
    let silent = view.session.last_message.server.is_none();
    match (side, op.name) {
        (Side::Client, _) if silent => (Side::Server, "no ServerHello"),
        (Side::Client, "Client Hello") => (Side::Server, "no ServerHello"),
        (Side::Client, _) => (Side::Server, "no Finished of the server"),
        (Side::Server, _) if retried => (
            Side::Client,
            "no second ClientHello after a HelloRetryRequest",
        ),
        (Side::Server, _) if tls13 => (Side::Client, "no Finished of the client"),
        (Side::Server, "Server Hello Done") => (
            Side::Client,
            "no ClientKeyExchange and Finished of the client",
        ),
        (Side::Server, "Encrypted Handshake Message" | "Finished") => {
            (Side::Client, "no Finished of the client")
        }
        (Side::Server, _) => (Side::Server, "the server's flight breaks off"),
    }
}

/// Who ended the connection first, and where.
fn ended(view: &View<'_>) -> Option<(Option<Side>, Stamp)> {
    let tcp = view.tcp()?;
    let fins = Side::BOTH.into_iter();
    let fins = fins.filter_map(|side| Some((Some(side), tcp.sides[side].fin?)));
    let reset = tcp.reset().filter(|_| tcp.was_reset());
    let reset = reset.map(|r| (Some(r.side), r.stamp));
    fins.chain(reset).min_by_key(|(_, stamp)| *stamp)
}

fn advice(turn: Side, ended: bool) -> &'static str {
    match (turn, ended) {
        (Side::Server, true) => {
            "See the server's log for the end of this connection: no certificate for the name, a limit, a crash. Where it has none, look for a filter on the path that looks at server names."
        }
        (Side::Server, false) => {
            "See whether the server's program is at work (threads, backlog, disk), and whether large segments pass the path."
        }
        (Side::Client, true) => {
            "See the client's log: it left without an alert, as some do that reject the certificate."
        }
        (Side::Client, false) => {
            "See whether the client's program is at work, or waits for its user; and whether the server's flight reached it."
        }
    }
}

#[cfg(test)]
mod tests;
