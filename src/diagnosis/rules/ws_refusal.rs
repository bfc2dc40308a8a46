//! What the rules on refused WebSockets share: how a refusal is to be read, and what came of it.

use colloquy_dissectors::units::Stamp;

use super::ws;
use crate::diagnosis::View;
use crate::session::model::SeenFact;

/// Seconds that a 401 is given for its second leg while the connection stands.
const SECOND_LEG: f64 = 2.0;
/// How a refused upgrade is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client may not have it.
    NotAuthorised,
    /// It never was an upgrade for whoever answered.
    Stripped,
    /// Anything else.
    Plain,
}

/// Programs that stand before others; what they answer says little of the server.
const PROXIES: &[&str] = &[
    "nginx",
    "openresty",
    "haproxy",
    "envoy",
    "squid",
    "varnish",
    "cloudflare",
    "cloudfront",
    "awselb",
    "traefik",
    "caddy",
    "apache",
    "akamai",
    "bigip",
    "istio",
    "yarp",
];

/// The proxy that answered, as far as it names itself.
pub(super) fn proxy(refused: &SeenFact) -> Option<String> {
    let via = refused.text("via");
    if !via.is_empty() {
        return Some(format!("Via: {via}"));
    }
    let server = refused.text("server");
    let name = server.to_ascii_lowercase();
    let known = PROXIES.iter().any(|p| name.contains(p));
    known.then(|| format!("Server: {server}"))
}

/// Reads a refused upgrade.
pub(super) fn refusal(view: &View<'_>, refused: &SeenFact) -> Refusal {
    let status = refused.int("status").unwrap_or_default();
    let faultless = view.session.fact("ws.request-fault").is_none();
    let versions = refused.text("versions");
    let asked = refused.text("version");
    let same_version = !asked.is_empty() && versions.split(',').any(|v| v.trim() == asked);
    match status {
        400.. | 200..=299 if lost_upgrade(view) && !matches!(status, 401 | 403 | 407) => {
            Refusal::Stripped
        }
        401 | 403 | 407 => Refusal::NotAuthorised,
        200..=299 if faultless => Refusal::Stripped,
        // It asks for what was asked of it.
        426 if faultless && same_version => Refusal::Stripped,
        400 | 426 | 501 if faultless && proxy(refused).is_some() && versions.is_empty() => {
            Refusal::Stripped
        }
        _ => Refusal::Plain,
    }
}

/// The request that arrived has the key of a WebSocket and not the field Upgrade, as it is behind a proxy that knows no
/// WebSockets: both fields are for one hop only (RFC 9110 section 7.6.1).
pub(super) fn lost_upgrade(view: &View<'_>) -> bool {
    let lacks = |field: &str| {
        let mut faults = view.session.facts_named("ws.request-fault");
        faults.any(|f| f.text("what").starts_with(field) && f.text("got").is_empty())
    };
    lacks("no Upgrade") && !lacks("no Sec-WebSocket-Key")
}

/// What the request lacks, in words.
pub(super) fn request_faults(view: &View<'_>) -> Vec<String> {
    let faults = view.session.facts_named("ws.request-fault");
    faults
        .map(|f| match f.text("got") {
            "" => f.text("what").to_owned(),
            got => format!("{} (but \"{got}\")", f.text("what")),
        })
        .collect()
}

/// When the same client was let in after all: at the same place, or after a redirection anywhere.
pub(super) fn got_in(view: &View<'_>, refused: &SeenFact) -> Option<Stamp> {
    /// Seconds.
    const SAME_TRY: f64 = 60.0;
    let moved = refused
        .int("status")
        .is_some_and(|s| (300..400).contains(&s));
    let path = ws::path(view);
    let mut upgrades = view.world.upgrades.iter();
    let found = upgrades.find(|u| {
        let wait = u.granted.time.since(refused.stamp.time);
        u.client == view.flow.client.address
            && (0.0..=SAME_TRY).contains(&wait)
            && u.granted > refused.stamp
            && (moved || u.server == view.flow.server && place(&u.path) == place(&path))
    });
    found.map(|u| u.granted)
}

/// A path without what follows the question mark, where tokens may stand.
fn place(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// A 401 or 407: the server asks who it is.
pub(super) fn is_challenge(refused: &SeenFact) -> bool {
    matches!(refused.int("status"), Some(401 | 407))
}

/// The client may log on yet.
pub(super) fn second_leg_may_come(view: &View<'_>, refused: &SeenFact) -> bool {
    let may_speak = view.world.running || ws::hung_up(view).is_none();
    may_speak && view.until_end(refused.stamp) < SECOND_LEG
}
