//! `ws-ping-unanswered`.

use colloquy_dissectors::units::{Side, Stamp};

use super::unanswered::{repeated_in_vain, vanished};
use super::ws;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;
use crate::stream::facts::TcpFacts;

declare_rule! {
    /// ## What it means
    /// A side sent Pings and got no Pong.
    ///
    /// ## Why it matters
    /// Ping and Pong are how each side learns that the other still lives. Whoever gets no Pong will close, most often with
    /// 1011 or without any Close.
    ///
    /// ## How it is told
    /// A Ping for which no Pong with its payload came, and none for a later Ping, which would do for it: within twice the
    /// 99th percentile of this server's Pongs, at least 5 s, or within 20 s where none was seen; or until the side that
    /// asked gave up after a second or more: by a Close that says so, or by ending the connection. Pings that a Close
    /// overtook are not told, nor are Pongs that nobody asked for; a Pong with another payload does not do for a Ping,
    /// and is shown. A warning where TCP did not get the Ping through, for then the path is the trouble, and where the
    /// peer speaks on and nobody closed over it.
    ///
    /// ## Example
    /// `ws-ping-no-pong`: the client never answers; the server closes with 1011, "keepalive ping timeout".
    ///
    /// ## What to do
    /// Acknowledged by TCP and not answered: the peer's program does not read: it is blocked, or handles messages one by
    /// one and is busy with one. A browser answers by itself, unless the page's process is frozen.
    ///
    /// ## References
    /// RFC 6455 sections 5.5.2 and 5.5.3.
    pub WsPingUnanswered = "ws-ping-unanswered" {
        summary: "Ping not answered",
        severity: Error,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 5.5.2 and 5.5.3",
    }
}

/// A side that gave up waited at least this long: seconds.
const FAIR_WAIT: f64 = 1.0;

impl WsPingUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for side in Side::BOTH {
            let mut overdue = false;
            for ping in pings_of(view, side) {
                let wait = wait(view, ping);
                if let Some((guard, why)) = guard(view, ping) {
                    out.cannot_tell(&META, guard, why);
                } else if wait.is_too_long {
                    overdue = true;
                } else if wait.goes_on {
                    let since = seconds(wait.seconds);
                    let why = format!("a Ping waits since {since} when the capture ends");
                    out.cannot_tell(&META, "T2", why);
                }
            }
            let pings: Vec<_> = pings_of(view, side).collect();
            if let Some(first) = pings.first().filter(|_| overdue) {
                out.raise(finding(view, first, &pings));
            }
        }
    }
}

fn pings_of<'a>(view: &View<'a>, side: Side) -> impl Iterator<Item = &'a Open> {
    let open = view.session.open.iter();
    open.filter(move |o| o.side == side && o.op.name == "Ping")
}

/// The Ping for whose sake `side` gave the connection up, if it did.
pub(super) fn gave_up(view: &View<'_>, side: Side) -> Option<Stamp> {
    pings_of(view, side)
        .find(|p| guard(view, p).is_none() && wait(view, p).is_too_long)
        .map(|p| p.asked)
}

fn guard(view: &View<'_>, ping: &Open) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if let Some(doubt) = ws::doubtful(view) {
        return Some(doubt);
    }
    if ping.answer_may_be_missing || ws::unread(view, ping.side.other()) {
        return Some(("T4", "bytes are missing where the Pong would be"));
    }
    vanished(view, ping).then_some((
        "T4",
        "the connection vanishes from the capture: its last bytes were neither acknowledged nor sent again",
    ))
}

/// How long a Ping waited.
struct Wait {
    seconds: f64,
    is_too_long: bool,
    goes_on: bool,
}

fn wait(view: &View<'_>, ping: &Open) -> Wait {
    let close = closes(view).min_by_key(|c| c.stamp);
    let end = ws::hung_up(view);
    let over = match (close, end) {
        (Some(c), Some(e)) => Some(c.stamp.min(e.stamp)),
        (c, e) => c.map(|c| c.stamp).or(e.map(|e| e.stamp)),
    };
    let seconds = over.map_or_else(
        || view.until_end(ping.asked),
        |o| o.time.since(ping.asked.time),
    );
    let gave_up = match (close, end) {
        (Some(close), _) => close.side == ping.side && ws::gave_up_pinging(close),
        (None, Some(end)) => end.side == ping.side,
        (None, None) => false,
    };
    let fair = view
        .tcp()
        .and_then(TcpFacts::round_trip_nanos)
        .map_or(FAIR_WAIT, |n| (4e-9 * n as f64).max(FAIR_WAIT));
    Wait {
        seconds,
        is_too_long: seconds >= patience(view, ping)
            || gave_up && seconds >= fair.min(patience(view, ping))
            || over.is_none() && repeated_in_vain(view, ping),
        goes_on: over.is_none(),
    }
}

/// Seconds after which a Pong is overdue.
fn patience(view: &View<'_>, ping: &Open) -> f64 {
    match view
        .world
        .times(view.session.protocol, ping.op, view.flow.server)
    {
        Some(_) => view.patience(ping),
        None => view.world.thresholds.pong,
    }
}

fn closes<'a>(view: &View<'a>) -> impl Iterator<Item = &'a SeenFact> {
    let view = *view;
    Side::BOTH
        .into_iter()
        .filter_map(move |s| ws::close_of(&view, s))
}

/// How the waiting ended, in words.
fn ended(view: &View<'_>, waited: f64) -> (String, Option<Stamp>) {
    let waited = seconds(waited);
    if let Some(close) = closes(view).min_by_key(|c| c.stamp) {
        let words = ws::close_words(close);
        let frame = close.stamp.frame;
        let how = format!(
            "{waited} later the {} closed with {words} (frame {frame})",
            close.side
        );
        return (how, Some(close.stamp));
    }
    match ws::hung_up(view) {
        Some(end) => (
            format!(
                "{waited} later the {} {} (frame {})",
                end.side,
                end.how(),
                end.stamp.frame
            ),
            Some(end.stamp),
        ),
        None => (format!("nothing came in {waited}"), None),
    }
}

/// At whom it points, and what became of the Ping: `alive` is what its peer said since, `other` a Pong that does not do for it.
fn whereabouts(
    view: &View<'_>,
    first: &Open,
    alive: Option<Stamp>,
    other: Option<Stamp>,
) -> (Culprit, String) {
    let peer = first.side.other();
    match (view.acknowledged(first), alive, other) {
        (.., Some(other)) => (
            peer.into(),
            format!(
                "The {peer} does send Pongs, the first in frame {}, but with another payload than the Ping's",
                other.frame
            ),
        ),
        (Some(false), ..) => (
            Culprit::Network,
            format!(
                "TCP at {} never acknowledged it: it did not arrive, or the way back is cut",
                view.end_of(peer)
            ),
        ),
        (_, Some(alive), _) => (
            peer.into(),
            format!(
                "The {peer} lives and speaks (frame {}), yet does not answer",
                alive.frame
            ),
        ),
        _ => (
            peer.into(),
            format!(
                "TCP at {} acknowledged it, so its program had it",
                view.end_of(peer)
            ),
        ),
    }
}

fn finding(view: &View<'_>, first: &Open, pings: &[&Open]) -> Finding {
    let (side, peer) = (first.side, first.side.other());
    let Wait {
        seconds: waited, ..
    } = wait(view, first);
    let last = view.session.last_message[peer].map(|m| m.stamp);
    let (how, over) = ended(view, waited);
    let later = last.filter(|l| *l > first.asked);
    // What comes after the end tells nothing of the time for which the Ping waited.
    let in_time = |s: &Stamp| over.is_none_or(|over| *s <= over);
    let alive = later.filter(in_time);
    let mut others = view.session.facts_named("ws.pong-in-vain");
    let other = others
        .find(|f| f.side == peer && f.stamp > first.asked && in_time(&f.stamp))
        .map(|f| f.stamp);
    let (culprit, whereabouts) = whereabouts(view, first, alive, other);
    let gave_up = ws::close_of(view, side).is_some_and(ws::gave_up_pinging)
        || ws::hung_up(view).is_some_and(|h| h.side == side) && closes(view).next().is_none();
    let count = match pings.len() {
        1 => "A Ping".to_owned(),
        n => format!("{n} Pings"),
    };
    let stamps: Vec<_> = pings.iter().map(|p| p.asked).collect();
    let finding = Finding::new(&META, first.asked)
        .side(culprit)
        .frames(&stamps, "ping")
        .maybe_frame(other, "other-pong")
        .maybe_frame(alive, "last-of-peer")
        .maybe_frame(over, "end")
        .title(format!("{count} of the {side} got no Pong from the {peer}"))
        .explain(format!(
            "The {side} sent a Ping in frame {} and got no Pong for it or a later one: {how}. {whereabouts}.",
            first.asked.frame
        ))
        .advise(match culprit {
            Culprit::Network => "Look at the path between the two; other findings on this connection tell since when it is dark.",
            _ if other.is_some() => "Let the peer put the Ping's payload into its Pong, as it came (RFC 6455 section 5.5.3); or let the side that \
                 asks take any Pong for a sign of life.",
            _ => "See why the peer's program does not read its WebSocket: blocked, frozen, or busy in the handler of a message.",
        })
        .number("pings", pings.len() as f64)
        .number("waited", waited)
        .number("patience", patience(view, first));
    let unharmed = later.is_some() && !gave_up;
    if culprit == Culprit::Network || unharmed {
        finding.severity(Severity::Warning)
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, elsewhere, ended, opened, ping, pong, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-ping-unanswered";

    fn pinged() -> Script {
        opened()
            .client(&text(Side::Client, "hi"))
            .server(&ping(Side::Server, "a"))
    }

    #[test]
    fn no_pong_for_long() {
        for side in Side::BOTH {
            let script = opened().say(side, &ping(side, "a"));
            let frames = elsewhere(script, 30.0);
            let found = findings(frames.clone(), RULE);
            assert_eq!(
                (found.len(), found[0].side),
                (1, Culprit::from(side.other()))
            );
            assert_eq!(loud(frames), [RULE]);
        }
    }

    #[test]
    fn the_asker_gives_up() {
        let frames = ended(
            pinged().wait_secs(1.5),
            Side::Server,
            1011,
            "keepalive ping timeout",
        );
        assert_eq!(findings(frames.clone(), RULE)[0].side, Culprit::Client);
        assert_eq!(loud(frames), [RULE]);
        let dropped = pinged()
            .wait_secs(5.0)
            .server(&ping(Side::Server, "b"))
            .wait_secs(5.0);
        let found = findings(dropped.reset(Side::Server).frames(), RULE);
        assert!(found[0].numbers.contains(&("pings", 2.0)), "{found:?}");
    }

    #[test]
    fn what_comes_after_the_end_is_no_sign_of_life() {
        let late = pinged()
            .wait_secs(20.0)
            .server(&close(Side::Server, 1011, "keepalive ping timeout"))
            .client(&pong(Side::Client, "a"))
            .client(&close(Side::Client, 1011, ""));
        let found = findings(late.close().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert!(found[0].frames.iter().all(|f| f.role != "last-of-peer"));
        assert!(!found[0].explanation.contains("lives and speaks"));
        let before = pinged()
            .wait_secs(2.0)
            .client(&text(Side::Client, "busy"))
            .wait_secs(18.0)
            .server(&close(Side::Server, 1011, "keepalive ping timeout"));
        let found = findings(before.close().frames(), RULE);
        assert!(found[0].explanation.contains("lives and speaks"));
    }

    #[test]
    fn a_pong_for_the_latest_does_for_all() {
        let script = pinged()
            .server(&ping(Side::Server, "b"))
            .server(&ping(Side::Server, "c"))
            .client(&pong(Side::Client, "c"));
        assert!(loud(elsewhere(script, 60.0)).is_empty());
    }

    #[test]
    fn a_pong_with_another_payload_does_not_do() {
        let wrong = pinged().client(&pong(Side::Client, "b"));
        let found = findings(elsewhere(wrong, 60.0), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert!(found[0].explanation.contains("another payload"));
        assert!(found[0].frames.iter().any(|f| f.role == "other-pong"));
        // One from before the Ping has nothing to do with it.
        let before = opened()
            .client(&pong(Side::Client, "b"))
            .server(&ping(Side::Server, "a"));
        let found = findings(elsewhere(before, 60.0), RULE);
        assert!(!found[0].explanation.contains("another payload"));
    }

    #[test]
    fn pongs_that_nobody_asked_for_are_legal() {
        let mut script = opened();
        for _ in 0..5 {
            script = script.client(&pong(Side::Client, "alive")).wait_secs(15.0);
        }
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn a_close_overtakes_a_ping() {
        let soon = pinged().wait_ms(800);
        assert!(loud(ended(soon.clone(), Side::Client, 1000, "")).is_empty());
        assert!(loud(ended(soon.clone(), Side::Server, 1001, "")).is_empty());
        assert_eq!(
            loud(ended(soon, Side::Client, 1011, "")),
            ["ws-close-error-code"]
        );
        let gone = pinged().wait_ms(3).client(&close(Side::Client, 1000, ""));
        assert!(findings(gone.close().frames(), RULE).is_empty());
    }

    #[test]
    fn the_capture_ends_too_early() {
        let frames = elsewhere(pinged(), 4.0);
        assert_eq!(cannot_tell(frames.clone(), RULE), ["T2"]);
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn the_path_is_dark() {
        let mut script = opened().server_unacknowledged(&ping(Side::Server, "a"));
        for _ in 0..4 {
            script = script
                .wait_secs(1.0)
                .retransmit_last(Side::Server)
                .drop_last();
        }
        let found = findings(elsewhere(script, 30.0), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
    }

    #[test]
    fn the_pong_was_not_captured() {
        let script = pinged()
            .client_lost(&pong(Side::Client, "a"))
            .server(&text(Side::Server, "thanks"));
        assert!(findings(elsewhere(script, 60.0), RULE).is_empty());
    }
}
