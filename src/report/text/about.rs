//! What a session is about, in a few words: share and user, interface, program.

use std::fmt::Write as _;

use colloquy_dissectors::event::Value;

use crate::session::model::{Flow, Session};

/// Characters of one session's words.
const MOST: usize = 60;

/// In a few words; empty where nothing is known beyond the protocol.
pub(super) fn about(flow: &Flow, session: &Session) -> String {
    let mut words = match session.protocol {
        "smb" | "smb2" => smb(session),
        "dcerpc" => dcerpc(session),
        "kerberos" => kerberos(session),
        "nbss" => text(session, "called_name"),
        "nbns" => text(session, "names"),
        "nbdgm" => joined(
            &[
                text(session, "source_name"),
                text(session, "destination_name"),
            ],
            " → ",
        ),
        "websocket" => joined(&[text(session, "path"), text(session, "subprotocol")], " "),
        "http" => http(session),
        "http2" => text(session, "authority"),
        "grpc" => text(session, "service"),
        "tls" => tls(session),
        "ssh" => text(session, "server_version"),
        "tcp" | "udp" => carried(flow, session),
        _ => rpc(session),
    };
    if session.encrypted.is_some() {
        words = joined(&[words, "encrypted".to_owned()], ", ");
    }
    if let Some((_, frame)) = found_by(flow, session).rsplit_once(" (frame ") {
        let found = format!("found in frame {}", frame.trim_end_matches(')'));
        words = joined(&[words, found], ", ");
    }
    if words.chars().count() > MOST {
        words = words.chars().take(MOST - 1).chain(['…']).collect();
    }
    words
}

/// Which look-up led to it, or to the session that carries it.
fn found_by(flow: &Flow, session: &Session) -> String {
    let mut at = Some(session);
    while let Some(session) = at {
        let told = text(session, "found_by");
        if !told.is_empty() {
            return told;
        }
        at = session
            .parent
            .filter(|p| *p < session.index)
            .and_then(|_| flow.parent(session));
    }
    String::new()
}

fn text(session: &Session, key: &str) -> String {
    session.detail(key).map_or_else(String::new, |value| {
        if *value == Value::Bool(false) {
            String::new()
        } else {
            value.to_string()
        }
    })
}

fn joined(parts: &[String], between: &str) -> String {
    let parts: Vec<_> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect();
    parts.join(between)
}

/// The host that is asked first, and what came of it: `proxy.example, tunnel to www.example:443`.
fn http(session: &Session) -> String {
    let tunnel = match text(session, "tunnel") {
        to if to.is_empty() => to,
        to => format!("tunnel to {to}"),
    };
    joined(&[text(session, "host"), tunnel], ", ")
}

/// Whom it is with, and what was agreed: `www.example.org TLS 1.3 h2`.
fn tls(session: &Session) -> String {
    let version = match text(session, "version") {
        agreed if agreed.is_empty() => text(session, "offered_version"),
        agreed => agreed,
    };
    let name = text(session, "server_name");
    let words = joined(&[name, version, text(session, "alpn")], " ");
    match text(session, "decryption").as_str() {
        said @ "decrypted" => joined(&[words, said.to_owned()], ", "),
        _ => words,
    }
}

/// Share and user: `SRV/data and 1 more as LAB/alice`. The share of pipes is named only where there is no other.
fn smb(session: &Session) -> String {
    let shares: Vec<String> = match session.detail("shares") {
        Some(Value::List(list)) => list.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    };
    let pipes = |share: &&String| share.to_ascii_uppercase().ends_with("\\IPC$");
    let first = shares.iter().find(|s| !pipes(s)).or(shares.first());
    let files = shares.iter().filter(|s| !pipes(s)).count();
    let mut shares = first.cloned().unwrap_or_default();
    if files > 1 {
        // Writing to a String can't fail.
        let _ = write!(shares, " and {} more", files - 1);
    }
    let who = match user(session) {
        user if user.is_empty() => user,
        user => format!("as {user}"),
    };
    joined(&[shares, who], " ")
}

fn user(session: &Session) -> String {
    let (user, domain) = (text(session, "user"), text(session, "domain"));
    match (user.is_empty(), domain.is_empty()) {
        (true, _) if session.detail("guest").is_some() => "guest".to_owned(),
        (true, _) => String::new(),
        (_, true) => user,
        _ if user == "anonymous" => user,
        _ => format!("{domain}\\{user}"),
    }
}

/// Who wants which ticket: `alice@EXAMPLE.COM for cifs/fs1`.
fn kerberos(session: &Session) -> String {
    let who = joined(&[text(session, "user"), text(session, "realm")], "@");
    let services = match session.detail("services") {
        Some(Value::List(list)) => match list.as_slice() {
            [] => String::new(),
            [only] => format!("for {only}"),
            [first, more @ ..] => format!("for {first} and {} more", more.len()),
        },
        _ => String::new(),
    };
    joined(&[who, services], " ")
}

fn dcerpc(session: &Session) -> String {
    let mut interface = text(session, "interface");
    if interface.is_empty() && session.began_before_capture {
        "bound before the capture".clone_into(&mut interface);
    }
    let pipe = match text(session, "pipe") {
        pipe if pipe.is_empty() || pipe == interface => String::new(),
        pipe if interface.is_empty() => format!("pipe {pipe}"),
        pipe => format!("on pipe {pipe}"),
    };
    let who = match user(session) {
        user if user.is_empty() => user,
        user => format!("as {user}"),
    };
    joined(&[interface, pipe, who], " ")
}

/// ONC RPC and what it carries; nothing for protocols without such details.
fn rpc(session: &Session) -> String {
    let version = match text(session, "version") {
        version if version.is_empty() => version,
        version => format!("version {version}"),
    };
    let from = match text(session, "machine_name") {
        machine if machine.is_empty() => machine,
        machine => format!("from {machine}"),
    };
    let export = text(session, "export");
    joined(&[version, export, from], " ")
}

/// What a connection carries: its innermost protocol.
fn carried(flow: &Flow, session: &Session) -> String {
    let mut innermost: Option<&Session> = None;
    let mut at = session;
    while let Some(child) = flow.children(at).next() {
        innermost = Some(child);
        at = child;
    }
    innermost.map_or_else(String::new, |s| format!("carries {}", s.protocol))
}
