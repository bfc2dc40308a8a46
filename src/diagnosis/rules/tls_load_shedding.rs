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
