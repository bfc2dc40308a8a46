//! Who had a request that was not answered.

use colloquy_dissectors::units::Stamp;

use super::{closed_since, is_smb, left_before};
use crate::diagnosis::blame::{lost_on_the_way, lost_words};
use crate::diagnosis::rules::keep_alive;
use crate::diagnosis::rules::smb2_message_id_invalid;
use crate::diagnosis::rules::tcp_path_dark;
use crate::diagnosis::rules::tcp_reset_forged::forged;
use crate::diagnosis::rules::unanswered::{self, AT_ONCE};
use crate::diagnosis::smb::PIPE_GONE;
use crate::diagnosis::{Certainty, Culprit, Ending, Severity, View, seconds};
use crate::session::exchange::{Answered, Open};

/// Who kept an answer back, and how that is known.
pub(super) struct Whereabouts {
    pub(super) culprit: Culprit,
    pub(super) what: String,
    pub(super) advice: &'static str,
    pub(super) proof: Option<(Stamp, &'static str)>,
    pub(super) certainty: Certainty,
    /// The request and the close of the other side crossed: who asked may ask again on a new connection.
    pub(super) crossed: bool,
    /// Where it is not told by the rest.
    pub(super) severity: Option<Severity>,
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
            certainty: Certainty::Certain,
            crossed: false,
            severity: None,
        }
    }

    /// Trouble of keeping connections, at nobody's great expense.
    fn of_keeping(culprit: impl Into<Culprit>, what: String) -> Self {
        Self {
            severity: Some(Severity::Warning),
            ..Self::new(culprit, what, keep_alive::ADVICE)
        }
    }

    fn likely(self, severity: Severity) -> Self {
        Self {
            severity: Some(severity),
            certainty: Certainty::Likely,
            ..self
        }
    }

    fn proof(mut self, stamp: Stamp, role: &'static str) -> Self {
        self.proof = Some((stamp, role));
        self
    }
}

/// Who should answer closed, and the asker had not done so before.
fn hung_up(view: &View<'_>, open: &Open) -> bool {
    let own = view.left(open.side);
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
    if let Some(idle) = keep_alive::idle(view.session, open, fin) {
        let known = view.tcp()?.sides[peer]
            .fin_acked
            .filter(|a| *a < open.began);
        let idle = seconds(idle);
        let (culprit, what) = match known {
            Some(known) => (
                Culprit::from(open.side),
                format!(
                    "the {peer} had closed the connection in frame {}, {idle} after its last answer, which it may (keep-alive), and \
                     TCP of the {} had taken note of that (frame {}): its program used a connection of its pool that was \
                     over",
                    fin.frame, open.side, known.frame
                ),
            ),
            None => (
                Culprit::Unknown,
                format!(
                    "the {peer} had closed the connection in frame {}, {idle} after its last answer (keep-alive), and the request \
                     crossed that close: a race that neither side can avoid",
                    fin.frame
                ),
            ),
        };
        let whereabouts = Whereabouts::of_keeping(culprit, what);
        return Some(whereabouts.proof(fin, "closed-before"));
    }
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

/// Either side had said that another request is the last one of the connection (RFC 9112 section 9.6).
fn behind_the_last(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let mut said = view.session.facts_named("http.after-close");
    let said = said.find(|f| f.fact.exchange.is_some_and(|first| open.id >= first))?;
    let peer = open.side.other();
    if said.text("by") == open.side.name() {
        let what = format!(
            "the {} itself had said `Connection: close` with an earlier request, behind which the {peer} takes no other",
            open.side
        );
        let whereabouts = Whereabouts::of_keeping(open.side, what);
        let advice = "Have the client send nothing behind a request with `Connection: close`, and the rest on a new connection.";
        return Some(Whereabouts {
            advice,
            ..whereabouts
        });
    }
    let what = format!(
        "the {peer} had said `Connection: close` with an earlier answer, so that it takes no request behind that one"
    );
    let whereabouts = Whereabouts {
        advice: "Have the client send what came behind that answer again on a new connection, as far as it may be repeated.",
        ..Whereabouts::of_keeping(Culprit::Unknown, what)
    };
    Some(if said.side == peer {
        whereabouts.proof(said.stamp, "last-answer")
    } else {
        whereabouts
    })
}

/// It came after a silence, and was answered with a reset by a host that knew of no connection.
fn forgotten(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let idle = keep_alive::forgotten(view, view.session, open)?;
    let what = format!(
        "after {} without traffic {} did not know the connection any more: it had closed it, which it may (keep-alive), and the \
         request crossed that close, or something on the way forgot the connection",
        seconds(idle),
        view.end_of(open.side.other())
    );
    Some(Whereabouts::of_keeping(Culprit::Unknown, what))
}

/// A wait that ended so shortly after a round number of seconds was ended by a clock.
fn is_time_out(waited: f64) -> bool {
    let whole = waited.floor();
    let round = whole <= 10.0 || whole % 5.0 < 0.5;
    whole >= 1.0 && round && waited - whole <= (whole * 0.01).clamp(0.025, 0.1)
}

/// Who asked did not wait for the answer, or had waited in vain.
fn did_not_wait(view: &View<'_>, open: &Open, waited: f64) -> Whereabouts {
    let (asker, peer) = (open.side, open.side.other());
    let had_it = view.acknowledged(open) == Some(true) && waited >= AT_ONCE;
    if had_it && let Some(answer) = view.world.answered_instead(view.flow, open) {
        let what = format!(
            "the {asker} waited for {} and gave up, and at that moment the gateway {} answered a client of its own with {} in \
             frame {}, whom it had let wait since frame {}: the {peer} stands behind that gateway, and did not answer in \
             time",
            seconds(waited),
            answer.gateway,
            answer.status,
            answer.answered.frame,
            answer.asked.frame
        );
        let whereabouts = Whereabouts::new(peer, what, LOOK_AT_THE_PROGRAM);
        let whereabouts = whereabouts.proof(answer.answered, "gateway-answer");
        return whereabouts.likely(Severity::Warning);
    }
    if had_it && is_time_out(waited) {
        let what = format!(
            "the {asker} waited for {} and gave up, by the look of it after a time-out: the program of the {peer} had the request \
             for that long, and was too slow for the {asker}, which may be a proxy that answers somebody else with 504 then (or it \
             was a long poll)",
            seconds(waited)
        );
        let whereabouts = Whereabouts::new(peer, what, LOOK_AT_THE_PROGRAM);
        return whereabouts.likely(Severity::Note);
    }
    let what = if had_it {
        format!(
            "the {asker} itself did not wait any longer; until then the program of the {peer} had the request"
        )
    } else {
        format!("the {asker} itself did not wait for it")
    };
    let advice = "See why who asked did not wait: a time-out of its own, a cancelled program.";
    Whereabouts::new(asker, what, advice)
}

/// Who asked ended the connection before anybody could have answered; with HTTP, before an answer was overdue.
fn hung_up_at_once(view: &View<'_>, open: &Open, waited: f64) -> bool {
    let enough = match view.session.protocol {
        "http" | "http2" => view.patience(open),
        _ => AT_ONCE,
    };
    let soon = |end: Stamp| end.time.since(open.asked.time) < enough;
    match view.ending() {
        Some(_) if let Some(own) = view.left_first(open.side) => soon(own),
        Some(Ending::Reset(_, side)) => side == open.side && waited < enough,
        Some(Ending::Fin(_)) => {
            view.left(open.side) < view.left(open.side.other())
                && view.left(open.side).is_some_and(soon)
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
    if let Some(lost) = lost_on_the_way(view, peer, open.asked) {
        let what = lost_words(view, peer, lost);
        let it = Whereabouts::new(Culprit::Network, what, LOOK_AT_THE_PATH)
            .proof(lost.0, "behind-the-answer");
        return Some(Whereabouts {
            certainty: Certainty::Likely,
            ..it
        });
    }
    let series = answerer.series.as_ref().filter(|s| s.count > 1)?;
    let sent_again = series
        .again
        .last()
        .copied()
        .filter(|_| answerer.unacked > 0)?;
    let (what, role) = if series.first > open.asked {
        let what = format!(
            "the {peer} began to answer in frame {}, sent that {} times again, and the {} never acknowledged it: it is lost \
             on the way back",
            series.first.frame, series.count, open.side
        );
        (what, "answer-again")
    } else if tcp_path_dark::tells(view, peer) {
        let what = format!(
            "what the {peer} sent in frame {} never got through, and an answer has to come behind it",
            series.first.frame
        );
        (what, "sent-again-in-vain")
    } else {
        return None;
    };
    let lost = Whereabouts::new(Culprit::Network, what, LOOK_AT_THE_PATH);
    Some(lost.proof(sent_again, role))
}

/// Who kept the answer to `open` back.
pub(super) fn whereabouts(view: &View<'_>, open: &Open, waited: f64) -> Whereabouts {
    let peer = open.side.other();
    let asked = view.end_of(peer);
    if let Some(known) = broken_pipe(view, open)
        .or_else(|| closed_before(view, open))
        .or_else(|| invalid_id(view, open))
        .or_else(|| behind_the_last(view, open))
        .or_else(|| forgotten(view, open))
        .or_else(|| answer_on_the_way(view, open))
    {
        return known;
    }
    if let Some(Ending::Reset(stamp, side)) = view.ending() {
        if view.tcp().is_some_and(|tcp| forged(tcp).is_some()) {
            let what = format!(
                "the reset in frame {} was likely made on the way",
                stamp.frame
            );
            let it = Whereabouts::new(Culprit::Network, what, LOOK_AT_THE_PATH);
            return Whereabouts {
                certainty: Certainty::Likely,
                ..it
            };
        }
        let left = view.left_first(open.side).is_some() || left_before(view, open, stamp).is_some();
        if side != open.side && !left {
            let what = match view.acknowledged(open) {
                Some(true) => format!("{asked} had the request, and ended instead of answering"),
                _ => format!("{asked} refused to go on"),
            };
            return Whereabouts::new(side, what, LOOK_FOR_A_CRASH);
        }
    }
    if hung_up_at_once(view, open, waited) {
        return did_not_wait(view, open, waited);
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
