//! `session-count-plateau`.

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A server never has more than so many connections at once, and turns the next one away each time.
    ///
    /// ## Why it matters
    /// Whoever comes when all places are taken is refused, however healthy the server is. It looks like chance, and comes
    /// back with the load.
    ///
    /// ## How it is told
    /// At least three connects to one server and port were refused, or taken and closed within a second without a word, and
    /// each time exactly as many connections were open; that number, at least 4, was never exceeded, and after one of them
    /// had ended a connect succeeded again. `likely`: connections that the capture does not show count too.
    ///
    /// ## Example
    /// A server with `max_connections = 100`, and a pool of clients that do not give theirs back.
    ///
    /// ## What to do
    /// See who holds the connections, and whether they are in use: a pool that is too large, connections that are never
    /// closed. Then raise the server's limit.
    ///
    /// ## References
    /// None: experience.
    pub SessionCountPlateau = "session-count-plateau" {
        summary: "Turned away at a number of sessions",
        severity: Warning,
        category: Resources,
        protocols: ["tcp"],
        reference: "no standard says how many sessions there may be",
    }
}

impl SessionCountPlateau {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let syn = view
            .tcp()
            .and_then(|t| t.sides.client.syns.first().copied());
        let Some((syn, plateau)) = syn.and_then(|s| Some((s, view.world.plateaus.get(&s.frame)?)))
        else {
            return;
        };
        let (limit, away) = (plateau.limit, plateau.away.len());
        out.raise(
            Finding::new(&META, syn)
                .likely()
                .side(Culprit::Server)
                .frames(&plateau.away, "turned-away")
                .frame(plateau.served_again, "served-again")
                .title(format!("{} takes {limit} connections at once, and turned {away} away", view.server()))
                .explain(format!(
                    "{away} connects to {} were turned away, the first in frame {}, and each time {limit} connections to it \
                     were open. It never had more, and took the next when one of them had ended (frame {}).",
                    view.server(),
                    syn.frame,
                    plateau.served_again.frame
                ))
                .advise("See who holds the connections and whether they are in use; then raise the server's limit.")
                .number("limit", limit as f64)
                .number("turned_away", away as f64),
        );
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "session-count-plateau";
    const SERVER: &str = "10.0.0.2:5432";

    fn open(port: u16, at: f64, secs: f64) -> Script {
        Script::tcp(&format!("10.0.0.1:{port}"), SERVER)
            .wait_secs(at)
            .connect()
            .client(b"hello, let me in")
            .server(b"well, come in")
            .wait_secs(secs)
            .close()
    }

    fn refused(port: u16, at: f64) -> Script {
        Script::tcp(&format!("10.0.0.1:{port}"), SERVER)
            .wait_secs(at)
            .refuse()
    }

    fn told(places: u16, away: &[f64], later: &[f64]) -> Vec<ScriptFrame> {
        let held = (0..places).map(|n| open(40_000 + n, f64::from(n), 100.0));
        let away = away
            .iter()
            .enumerate()
            .map(|(n, at)| refused(41_000 + n as u16, *at));
        let later = later
            .iter()
            .enumerate()
            .map(|(n, at)| open(42_000 + n as u16, *at, 1.0));
        Script::merge(held.chain(away).chain(later))
    }

    #[test]
    fn five_places_and_no_more() {
        let found = findings(told(5, &[10.0, 20.0, 30.0], &[150.0]), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("limit", 5.0)), "{found:?}");
    }

    #[test]
    fn taken_and_closed_without_a_word() {
        let away = |n: u16| {
            Script::tcp(&format!("10.0.0.1:{}", 41_000 + n), SERVER)
                .wait_secs(10.0 * f64::from(n + 1))
                .connect()
                .client(b"hello")
                .fin(Side::Server)
                .fin(Side::Client)
        };
        let held = (0..5).map(|n| open(40_000 + n, f64::from(n), 100.0));
        let all = held
            .chain((0..3).map(away))
            .chain([open(42_000, 150.0, 1.0)]);
        assert_eq!(findings(Script::merge(all), RULE).len(), 1);
    }

    #[test]
    fn a_server_that_is_gone_has_no_limit() {
        // Nothing succeeds any more; refused at different numbers; refused less often.
        assert!(findings(told(5, &[10.0, 20.0, 30.0], &[]), RULE).is_empty());
        assert!(findings(told(5, &[10.0, 20.0, 103.5], &[150.0]), RULE).is_empty());
        assert!(findings(told(5, &[10.0, 20.0], &[150.0]), RULE).is_empty());
        assert!(findings(told(5, &[10.0, 20.0, 30.0], &[25.0, 150.0]), RULE).is_empty());
    }

    #[test]
    fn what_was_not_captured_is_not_counted_as_turned_away() {
        let away = |n: u16| {
            Script::tcp(&format!("10.0.0.1:{}", 41_000 + n), SERVER)
                .wait_secs(10.0 * f64::from(n + 1))
                .connect()
                .client(b"hello")
                .server_lost(b"well, come in")
                .fin(Side::Server)
                .fin(Side::Client)
        };
        let held = (0..5).map(|n| open(40_000 + n, f64::from(n), 100.0));
        let all = held
            .chain((0..3).map(away))
            .chain([open(42_000, 150.0, 1.0)]);
        assert!(findings(Script::merge(all), RULE).is_empty());
    }
}
