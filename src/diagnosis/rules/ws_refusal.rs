//! What the rules on refused WebSockets share: how a refusal is to be read, and what came of it.

use colloquy_dissectors::units::{Side, Stamp};

use super::ws;
use crate::diagnosis::View;
use crate::diagnosis::upgrades::{Stripped, Upgraded, lost_upgrade};
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

/// Who may have answered in the server's place.
#[derive(Clone, Debug)]
pub(super) enum Proxy {
    /// A proxy was on the way: it says so itself, or the status does.
    Certain(String),
    /// A program that often stands before others, and may as well be the server itself.
    Possible(String),
}

/// The proxy that answered, as far as it shows.
pub(super) fn proxy(refused: &SeenFact) -> Option<Proxy> {
    let via = refused.text("via");
    if !via.is_empty() {
        return Some(Proxy::Certain(format!("Via: {via}")));
    }
    let server = refused.text("server");
    let name = server.to_ascii_lowercase();
    let known = PROXIES.iter().any(|p| name.contains(p));
    let named = format!("Server: {server}");
    // Bad Gateway is what gateways say (RFC 9110 section 15.6.3).
    known.then_some(match refused.int("status") {
        Some(502) => Proxy::Certain(named),
        _ => Proxy::Possible(named),
    })
}

/// Reads a refused upgrade.
pub(super) fn refusal(view: &View<'_>, refused: &SeenFact) -> Refusal {
    let status = refused.int("status").unwrap_or_default();
    let faultless = view.session.fact("ws.request-fault").is_none();
    let versions = refused.text("versions");
    let asked = refused.text("version");
    let same_version = !asked.is_empty() && versions.split(',').any(|v| v.trim() == asked);
    match status {
        400.. | 200..=299 if lost_upgrade(view.session) && !matches!(status, 401 | 403 | 407) => {
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

/// The same request behind the proxy, without its Upgrade: it came and was answered while this one waited.
pub(super) fn behind<'a>(view: &View<'a>, refused: &SeenFact) -> Option<&'a Stripped> {
    let asked = refused.request?;
    let path = ws::path(view);
    let mut stripped = view.world.stripped.iter();
    stripped.find(|s| s.asked > asked && s.answered < refused.stamp && s.path == path)
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
    let moved = refused
        .int("status")
        .is_some_and(|s| (300..400).contains(&s));
    let path = ws::path(view);
    let there = |u: &Upgraded| u.path.as_deref().is_some_and(|p| place(p) == place(&path));
    let found = later(view, refused, |u| {
        u.path.is_some() && moved || u.server == view.flow.server && there(u)
    });
    found.map(|u| u.granted)
}

/// The first WebSocket of this client within the same try that `wanted` takes.
fn later<'a>(
    view: &View<'a>,
    refused: &SeenFact,
    wanted: impl Fn(&Upgraded) -> bool,
) -> Option<&'a Upgraded> {
    /// Seconds.
    const SAME_TRY: f64 = 60.0;
    let mut upgrades = view.world.upgrades.iter();
    upgrades.find(|u| {
        let wait = u.granted.time.since(refused.stamp.time);
        u.client == view.flow.client.address
            && (0.0..=SAME_TRY).contains(&wait)
            && u.granted > refused.stamp
            && wanted(u)
    })
}

/// Why a refusal may not have been the last word, though no other is seen: the client got a WebSocket of this server for which
/// it asked unseen, or what followed on this connection was not captured.
pub(super) fn unseen_retry(
    view: &View<'_>,
    refused: &SeenFact,
) -> Option<(&'static str, &'static str)> {
    let unasked = |u: &Upgraded| u.server == view.flow.server && u.path.is_none();
    if later(view, refused, unasked).is_some() {
        let why =
            "a WebSocket of the same client and server follows whose request was not captured";
        return Some(("T4", why));
    }
    let tcp = view.tcp()?;
    let behind = tcp.holes.iter().any(|h| h.stamp > refused.stamp);
    let unseen = Side::BOTH.iter().any(|s| tcp.sides[*s].acked_unseen > 0);
    (behind || unseen).then_some((
        "T4",
        "bytes behind the refusal are missing, and another try may be among them",
    ))
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
