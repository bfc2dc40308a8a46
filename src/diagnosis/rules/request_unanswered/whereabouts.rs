//! Who had a request that was not answered.

use colloquy_dissectors::units::{Side, Stamp};

use super::{closed_since, is_smb};
use crate::diagnosis::rules::tcp_path_dark;
use crate::diagnosis::rules::tcp_reset_forged::forged;
use crate::diagnosis::rules::unanswered::AT_ONCE;
use crate::diagnosis::smb::PIPE_GONE;
use crate::diagnosis::{Culprit, Ending, View};
use crate::session::exchange::{Answered, Open};

/// Who kept an answer back, and how that is known.
pub(super) struct Whereabouts {
    pub(super) culprit: Culprit,
    pub(super) what: String,
    pub(super) advice: &'static str,
    pub(super) proof: Option<(Stamp, &'static str)>,
    /// The request and the close of the other side crossed: who asked may ask again on a new connection.
    pub(super) crossed: bool,
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

/// The other side had closed before the request was sent.
fn closed_before(view: &View<'_>, open: &Open) -> Option<Whereabouts> {
    let peer = open.side.other();
    let fin = view.tcp()?.sides[peer].fin.filter(|f| *f < open.began)?;
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
