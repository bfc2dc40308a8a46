//! What the rules on connections that end alike share.

use crate::diagnosis::ends::{Alike, EVENTS, Pattern};
use crate::diagnosis::{View, seconds};

/// Connections that are listed.
const LISTED: usize = 8;

/// The pattern that is told with this session: with the last connection that ended so, and there with the WebSocket or, where
/// there is none, with the carrier.
pub(super) fn this_session<'a>(view: &View<'a>) -> Option<&'a Pattern> {
    let websocket = view.session.protocol == "websocket";
    if !websocket && !view.is_carrier() {
        return None;
    }
    let here = |p: &&Pattern| {
        let last = p.ends.last();
        last.is_some_and(|e| {
            e.client == view.flow.client
                && e.server == view.flow.server
                && (e.protocol == "websocket") == websocket
        })
    };
    let patterns = &view.world.patterns;
    if patterns.is_empty() {
        return None;
    }
    let tcp = view.tcp()?;
    let close = view.session.facts_named("ws.close").next().map(|c| c.stamp);
    let ends = [
        close,
        tcp.reset().map(|r| r.stamp),
        tcp.sides.client.fin,
        tcp.sides.server.fin,
    ];
    let mut found = ends
        .into_iter()
        .flatten()
        .filter_map(|s| patterns.get(&s.frame));
    found.find(here)
}

/// `3 WebSockets to 10.0.0.2:8080`.
pub(super) fn heading(view: &View<'_>, pattern: &Pattern) -> String {
    let count = pattern.ends.len();
    let protocol = pattern.ends.last().map_or("tcp", |e| e.protocol);
    let what = match protocol {
        "websocket" => "WebSockets".to_owned(),
        EVENTS => "streams of events".to_owned(),
        "tcp" => "connections".to_owned(),
        other => format!("connections ({other})"),
    };
    if pattern.alike == Alike::IdleOnTheWay {
        let mut servers: Vec<_> = pattern.ends.iter().map(|e| e.server.address).collect();
        servers.sort_unstable();
        servers.dedup();
        return format!(
            "{count} {what} of {} to {} servers",
            view.flow.client.address,
            servers.len()
        );
    }
    format!("{count} {what} to {}", view.server())
}

/// Time-outs that are known by their number: seconds, and whose they are as a rule.
const KNOWN: &[(f64, &str)] = &[
    (
        60.0,
        "60 s is the default of nginx (proxy_read_timeout), of AWS's application load balancer and of many more",
    ),
    (100.0, "100 s is Cloudflare's"),
    (240.0, "4 minutes is the default of Azure's load balancer"),
    (
        300.0,
        "5 minutes is the default of many proxies and firewalls",
    ),
    (
        350.0,
        "350 s is that of AWS's network load balancer and NAT gateway",
    ),
    (
        600.0,
        "10 minutes is that of Google Cloud's connection tracking",
    ),
    (
        900.0,
        "15 minutes is a usual default of file servers and firewalls",
    ),
    (1800.0, "30 minutes is a usual default of firewalls"),
    (
        3600.0,
        "1 hour is the default of many firewalls (Cisco, Juniper, F5)",
    ),
    (
        7200.0,
        "2 hours is the limit of some gateways (AWS API Gateway)",
    ),
];

/// Who is the likely owner of the time-out.
pub(super) fn owner(pattern: &Pattern) -> String {
    let foreign = pattern.ends.iter().filter(|e| e.foreign).count();
    let side = pattern.ends.last().map_or("server", |e| e.side.name());
    let who = match pattern.alike {
        _ if foreign > 0 => format!(
            "{foreign} of the resets have another TTL than their sender's other segments: a device on the way made them."
        ),
        Alike::IdleOnTheWay => {
            "Since the servers differ, it belongs to something before the client: a firewall, a NAT, a proxy.".to_owned()
        }
        _ => format!(
            "It belongs to a proxy, load balancer or firewall on the {side}'s side, or to the {side} itself."
        ),
    };
    let near = |known: f64| (pattern.after - known).abs() <= (known * 0.01).max(0.6);
    let known = KNOWN.iter().find(|(secs, _)| near(*secs));
    known.map_or(who.clone(), |(_, words)| format!("{who} ({words}.)"))
}

/// What heartbeats have to do with it.
pub(super) fn hearts(view: &View<'_>, pattern: &Pattern) -> String {
    let hearts = view
        .world
        .hearts
        .iter()
        .filter(|h| h.server == view.flow.server);
    let hearts: Vec<_> = hearts.collect();
    let outlived: Vec<_> = hearts
        .iter()
        .filter(|h| h.period < pattern.after && h.age > 1.2 * pattern.after)
        .collect();
    if let Some(heart) = outlived.first() {
        let count = outlived.len();
        let plural = if count == 1 {
            "WebSocket"
        } else {
            "WebSockets"
        };
        return format!(
            " {count} {plural} to this server with a heartbeat every {} outlived it.",
            seconds(heart.period)
        );
    }
    let slow = hearts.iter().find(|h| h.period >= pattern.after);
    slow.map_or_else(String::new, |heart| {
        format!(
            " The heartbeat that is seen, every {}, is too slow for it.",
            seconds(heart.period)
        )
    })
}

/// The connections, each with its time.
pub(super) fn table(pattern: &Pattern) -> String {
    let rows = pattern.ends.iter().take(LISTED).map(|e| {
        let (value, other) = match pattern.alike {
            Alike::Age => (e.age, format!("idle {}", seconds(e.idle))),
            _ => (e.idle, format!("age {}", seconds(e.age))),
        };
        let server = match pattern.alike {
            Alike::IdleOnTheWay => format!(" to {}", e.server),
            _ => String::new(),
        };
        format!(
            "{}{server} after {} ({other}, frame {})",
            e.client,
            seconds(value),
            e.stamp.frame
        )
    });
    let rows: Vec<_> = rows.collect();
    let more = match pattern.ends.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    format!("The connections: {}{more}.", rows.join("; "))
}
