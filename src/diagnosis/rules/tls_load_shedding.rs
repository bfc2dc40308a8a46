//! `tls-load-shedding`.

use super::tls::server_words;
use crate::diagnosis::tls::Shed;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A server cuts off a part of its clients right after their first words, while others of the same kind are served.
    ///
    /// ## Why it matters
    /// Each of them sees a random failure. So looks a server, or a balancer before it, that has more to do than it can.
    ///
    /// ## How it is told
    /// Three or more handshakes, and one in twenty at least, that the server answered within a second with the alert
    /// internal_error, a reset or a close and without another word, while other handshakes with the same server for the
    /// same name came about. A name of which none comes about is another trouble: a filter, or no certificate. Told once a
    /// server, on the first that was cut off.
    ///
    /// ## Example
    /// A balancer resets new connections above a limit.
    ///
    /// ## What to do
    /// Compare the times with the server's load, its limits of connections and the queue of its listener; look for hosts
    /// behind it that are broken.
    ///
    /// ## References
    /// RFC 8446 section 6.2 (internal_error).
    pub TlsLoadShedding = "tls-load-shedding" {
        summary: "Server cuts off a part of its handshakes",
        severity: Warning,
        category: Resources,
        protocols: ["tls"],
        reference: "RFC 8446 section 6.2",
    }
}

/// Fewer say nothing.
const LEAST: usize = 3;
/// One in so many.
const SHARE: usize = 20;

/// Handshakes that the server of `view` cuts off, and how many others came about, where they are enough to be told.
fn pattern<'a>(view: &View<'a>) -> Option<(Vec<&'a Shed>, usize)> {
    let server = view.world.tls.server(view.flow.server)?;
    let shed: Vec<&Shed> = server.shed().collect();
    let opened = server.opened as usize;
    let enough = shed.len() >= LEAST && opened > 0 && shed.len() * SHARE >= opened;
    enough.then_some((shed, opened))
}

/// The handshake of this session is `shed`.
fn is_here(view: &View<'_>, shed: &Shed) -> bool {
    let (first, last) = (view.session.first, view.session.last);
    shed.client == view.flow.client && (first..=last).contains(&shed.hello)
}

/// True when this session is one of those of which this rule tells.
pub(super) fn tells(view: &View<'_>) -> bool {
    pattern(view).is_some_and(|(shed, _)| shed.iter().any(|s| is_here(view, s)))
}

impl TlsLoadShedding {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some((shed, opened)) = pattern(view) else {
            return;
        };
        let Some(first) = shed.first().filter(|first| is_here(view, first)) else {
            return;
        };
        let hellos: Vec<_> = shed.iter().map(|s| s.hello).collect();
        let ends: Vec<_> = shed.iter().map(|s| s.end).collect();
        let alerts = shed.iter().filter(|s| s.by_alert).count();
        let how = match alerts {
            0 => "closed or reset the connection",
            n if n == shed.len() => "sent the alert internal_error",
            _ => "sent the alert internal_error, or closed or reset the connection",
        };
        let last = shed.last().map_or(first.hello.frame, |s| s.hello.frame);
        let finding = Finding::new(&META, first.hello)
            .side(Culprit::Server)
            .frames(&hellos, "client-hello")
            .frames(&ends, "end")
            .title(format!(
                "{} cuts off {} of {} handshakes at once",
                server_words(view),
                shed.len(),
                shed.len() + opened
            ))
            .explain(format!(
                "In answer to {} ClientHellos, from frame {} to frame {last}, the server {how} within a second, while {opened} \
                 others came about.",
                shed.len(),
                first.hello.frame
            ))
            .advise("Compare the times with the server's load and its limits of connections; look for a broken host behind it.")
            .number("cut_off", shed.len() as f64)
            .number("opened", opened as f64);
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::tls::{
        Hello, TLS12, alert, client_hello, from, opened12, server_hello12,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tls-load-shedding";

    fn asked(port: u16, hello: Hello<'_>) -> Script {
        let script = from(port, 443).wait_ms(i64::from(port));
        script.client(&client_hello(hello))
    }

    fn reset(port: u16, hello: Hello<'_>) -> Script {
        asked(port, hello).reset(Side::Server)
    }

    fn served(port: u16) -> Script {
        opened12(from(port, 443).wait_ms(i64::from(port)), TLS12, &[]).close()
    }

    #[test]
    fn some_are_cut_off_and_some_are_served() {
        let internal = asked(30, TLS12).server(&alert(2, 80)).close();
        let frames = Script::merge([
            served(5),
            reset(10, TLS12),
            reset(20, TLS12),
            internal,
            served(40),
        ]);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(found[0].numbers.contains(&("cut_off", 3.0)), "{found:?}");
        let stalled = findings(frames, "tls-handshake-stalled");
        assert!(stalled.iter().all(|f| f.severity == Severity::Warning));
    }

    #[test]
    fn a_name_that_is_never_served_and_one_that_fails_once_are_no_shedding() {
        let other = Hello {
            name: "blocked.example.org",
            ..TLS12
        };
        let filtered = [10, 20, 30].map(|port| reset(port, other));
        let frames = Script::merge(filtered.into_iter().chain([served(40)]));
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(loud(frames), ["tls-handshake-stalled"]);
        let once = Script::merge([served(5), reset(10, TLS12), served(40)]);
        assert!(findings(once, RULE).is_empty());
    }

    #[test]
    fn handshakes_of_which_bytes_are_missing_do_not_count() {
        let lost = |port| {
            let script = asked(port, TLS12).server_lost(&server_hello12(&[]));
            script.reset(Side::Server)
        };
        let frames = Script::merge([served(5), lost(10), lost(20), lost(30)]);
        assert!(findings(frames, RULE).is_empty());
    }
}
