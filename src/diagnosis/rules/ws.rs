//! What the rules of WebSocket share: close codes, breaches of the protocol, and what came of them.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{Culprit, Finding, RuleMeta, Verdicts, View, counted};
use crate::session::model::SeenFact;

/// Facts on frames for which the receiver has to fail the connection (RFC 6455 section 7.1.7).
const BREACHES: &[&str] = &[
    "ws.client-unmasked",
    "ws.server-masked",
    "ws.control-too-long",
    "ws.control-fragmented",
    "ws.close-body-of-one-byte",
    "ws.close-code-invalid",
    "ws.fragment-unexpected",
    "ws.continuation-unexpected",
    "ws.reserved-opcode",
    "ws.reserved-bits",
    "ws.length-not-minimal",
    "ws.length-top-bit",
    "ws.text-not-utf8",
    "ws.deflate-broken",
];

/// What a close code says (RFC 6455 section 7.4.1 and the registry of IANA).
pub(super) const fn meaning(code: i64) -> &'static str {
    match code {
        1000 => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1007 => "data that is not what it claims to be",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "an extension is missing",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        3000 => "unauthorized",
        3003 => "forbidden",
        3008 => "timeout",
        3001..=3999 => "a code of a library or framework",
        4401 => "unauthorized, by the convention of many applications",
        4403 => "forbidden, by the convention of many applications",
        4000..=4999 => "a code of the application",
        _ => "a code that must not be sent",
    }
}

/// True for a code that may be sent and says that something went wrong.
pub(super) const fn is_trouble(code: i64) -> bool {
    matches!(code, 1002 | 1003 | 1007..=1014 | 3000..=4999)
}

/// The Close of a side.
pub(super) fn close_of<'a>(view: &View<'a>, side: Side) -> Option<&'a SeenFact> {
    let mut closes = view.session.facts.iter();
    closes.find(|f| f.side == side && f.fact.name == "ws.close")
}

/// Why what is read as a Close or a Ping may be neither: found in mid-stream by its looks alone, and not borne out.
pub(super) fn doubtful(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    let session = view.session;
    let both = session.messages.client > 0 && session.messages.server > 0;
    let broken = || {
        session
            .facts
            .iter()
            .any(|f| BREACHES.contains(&f.fact.name))
    };
    (session.began_before_capture && (!both || broken())).then_some((
        "T1",
        "the capture began in mid-session, and it is not certain that this is a WebSocket",
    ))
}

/// Why it is not certain that `close` opened the closing handshake: it may echo one of the other side that was not captured, and
/// then its code is the other's.
pub(super) fn perhaps_an_echo(
    view: &View<'_>,
    close: &SeenFact,
) -> Option<(&'static str, &'static str)> {
    let peer = close.side.other();
    if !close.is("first") || close_of(view, peer).is_some() {
        return None;
    }
    if view.one_sided() {
        return Some((
            "T3",
            "only one direction of this connection was captured: the Close in it may echo the other side's",
        ));
    }
    // Whoever says more behind what is missing had not closed in it.
    let said = view.session.last_message[peer];
    let spoke_on = said.is_some_and(|s| view.lost_only_before(peer, s.stamp));
    (unread(view, peer) && !spoke_on).then_some((
        "T4",
        "bytes of the other side are missing: this Close may echo one among them",
    ))
}

/// The Close that says what went wrong: the first, or the answer where the first says nothing is.
pub(super) fn telling_close<'a>(view: &View<'a>) -> Option<&'a SeenFact> {
    let closes = view.session.facts.iter();
    let mut closes = closes.filter(|f| f.fact.name == "ws.close");
    closes.find(|f| f.int("code").is_some_and(is_trouble))
}

/// `1011 (internal error): "keepalive ping timeout"`.
pub(super) fn close_words(close: &SeenFact) -> String {
    let code = match close.int("code") {
        Some(code) => format!("{code} ({})", meaning(code)),
        None => "no code".to_owned(),
    };
    match close.text("reason") {
        "" => code,
        reason => format!("{code}: \"{reason}\""),
    }
}

/// The first breach of `side` up to `until`.
pub(super) fn breach<'a>(view: &View<'a>, side: Side, until: Stamp) -> Option<&'a SeenFact> {
    let mut facts = view.session.facts.iter();
    facts.find(|f| f.side == side && f.stamp <= until && BREACHES.contains(&f.fact.name))
}

/// What the breach is: "a frame with the reserved opcode 5".
pub(super) fn breach_words(fact: &SeenFact) -> String {
    let opcode = opcode(fact);
    match fact.fact.name {
        "ws.client-unmasked" => format!("an unmasked {opcode} frame"),
        "ws.server-masked" => format!("a masked {opcode} frame"),
        "ws.control-too-long" => format!(
            "a {opcode} frame of {} bytes, where 125 are the most",
            fact.int("length").unwrap_or_default()
        ),
        "ws.control-fragmented" => format!("a {opcode} frame in fragments (FIN not set)"),
        "ws.close-body-of-one-byte" => "a Close with a body of one byte".to_owned(),
        "ws.close-code-invalid" => format!(
            "a Close with the code {}, which must not be sent",
            fact.int("code").unwrap_or_default()
        ),
        "ws.fragment-unexpected" => format!("a new {opcode} message within an unfinished one"),
        "ws.continuation-unexpected" => "a continuation with nothing to continue".to_owned(),
        "ws.reserved-opcode" => format!(
            "a frame with the reserved opcode {}",
            fact.int("opcode").unwrap_or_default()
        ),
        "ws.reserved-bits" => format!("a {opcode} frame with {}", bits(fact)),
        "ws.length-not-minimal" => format!(
            "a length of {} written in more bytes than it needs",
            fact.int("length").unwrap_or_default()
        ),
        "ws.deflate-broken" => format!("a compressed {opcode} message that no one can inflate"),
        "ws.length-top-bit" => "a frame length with its highest bit set".to_owned(),
        _ if fact.text("in") == "Close" => "a Close whose reason is not UTF-8".to_owned(),
        _ => "text that is not UTF-8".to_owned(),
    }
}

/// `RSV1 and RSV3 set`.
fn bits(fact: &SeenFact) -> String {
    let bits = fact.int("bits").unwrap_or_default();
    let names = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")];
    let set: Vec<_> = names
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    format!("{} set", set.join(" and "))
}

/// The name of the opcode in a fact.
fn opcode(fact: &SeenFact) -> String {
    match fact.int("opcode") {
        Some(0) => "Continuation".to_owned(),
        Some(1) => "Text".to_owned(),
        Some(2) => "Binary".to_owned(),
        Some(8) => "Close".to_owned(),
        Some(9) => "Ping".to_owned(),
        Some(10) => "Pong".to_owned(),
        Some(n) => format!("opcode-{n}"),
        None => String::new(),
    }
}

/// Why a frame can't be judged.
pub(super) fn unsure(view: &View<'_>, fact: &SeenFact) -> Option<(&'static str, &'static str)> {
    if view.session.began_before_capture {
        return Some((
            "T1",
            "the capture began in mid-session: where its frames begin, and what was agreed, was not seen",
        ));
    }
    fact.is("after_gap").then_some((
        "T4",
        "bytes of this side are missing before it, so that it may be no frame",
    ))
}

/// Raises a finding for each of the facts of these names, or tells why it can't be.
pub(super) fn each_breach(
    view: &View<'_>,
    out: &mut Verdicts,
    meta: &'static RuleMeta,
    wanted: impl Fn(&SeenFact) -> bool,
    advice: impl Fn(&SeenFact) -> &'static str,
) {
    for fact in view.session.facts.iter().filter(|f| wanted(f)) {
        match unsure(view, fact) {
            Some((guard, why)) => out.cannot_tell(meta, guard, why),
            None => out.raise(breach_finding(view, meta, fact).advise(advice(fact))),
        }
    }
}

fn breach_finding(view: &View<'_>, meta: &'static RuleMeta, fact: &SeenFact) -> Finding {
    let side = fact.side;
    let what = breach_words(fact);
    let (then, stamp) = consequence(view, fact);
    Finding::new(meta, fact.stamp)
        .side(side)
        .frame(fact.stamp, "frame")
        .maybe_frame(stamp, "consequence")
        .title(format!("The {side} sent {what}"))
        .explain(format!(
            "In frame {} the {side} ({}) sent {what}. That is against the protocol: whoever gets it has to fail the \
             connection. {then}",
            fact.stamp.frame,
            view.end_of(side),
        ))
}

/// What the other side did about it.
fn consequence(view: &View<'_>, fact: &SeenFact) -> (String, Option<Stamp>) {
    let (side, peer) = (fact.side, fact.side.other());
    let close = close_of(view, peer).filter(|c| c.stamp >= fact.stamp);
    if let Some(close) = close.filter(|c| c.int("code").is_some_and(is_trouble)) {
        let frame = close.stamp.frame;
        let words = close_words(close);
        let text = format!("The {peer} did so: it closed with {words} in frame {frame}.");
        return (text, Some(close.stamp));
    }
    match hung_up(view).filter(|h| h.stamp >= fact.stamp && close.is_none()) {
        Some(end) if end.side == peer => (
            format!("The {peer} then {} (frame {}).", end.how(), end.stamp.frame),
            Some(end.stamp),
        ),
        _ => (
            format!("The {peer} did not complain to the {side} in this capture."),
            None,
        ),
    }
}

/// How the transport's end began.
#[derive(Clone, Copy, Debug)]
pub(super) struct HangUp {
    pub(super) side: Side,
    pub(super) stamp: Stamp,
    pub(super) reset: bool,
    /// By close_notify.
    pub(super) in_tls: bool,
}

impl HangUp {
    /// Of its frame, as evidence.
    pub(super) const fn role(self) -> &'static str {
        match self {
            Self { reset: true, .. } => "reset",
            Self { in_tls: true, .. } => "close-notify",
            _ => "fin",
        }
    }

    /// `reset the connection`.
    pub(super) const fn how(self) -> &'static str {
        if self.reset {
            "reset the TCP connection"
        } else if self.in_tls {
            "ended the TLS session"
        } else {
            "closed the TCP connection"
        }
    }
}

/// The first FIN, close_notify or reset.
pub(super) fn hung_up(view: &View<'_>) -> Option<HangUp> {
    let tcp = view.tcp()?;
    let fins = Side::BOTH.into_iter().filter_map(|side| {
        let stamp = view.left(side)?;
        Some(HangUp {
            side,
            stamp,
            reset: false,
            in_tls: tcp.sides[side].fin != Some(stamp),
        })
    });
    let reset = tcp.reset().filter(|r| !r.to_syn && tcp.was_reset());
    let reset = reset.map(|r| HangUp {
        side: r.side,
        stamp: r.stamp,
        reset: true,
        in_tls: false,
    });
    fins.chain(reset).min_by_key(|h| h.stamp)
}

/// Bytes of `side` could not be read, so that a Close or a Pong may be among them.
pub(super) fn unread(view: &View<'_>, side: Side) -> bool {
    let unseen = view.tcp().is_some_and(|t| t.sides[side].acked_unseen > 0);
    view.lost(side) || unseen || view.session.troubles.skipped[side] > 0
}

/// True where the reason, in words, names signs of life that did not come.
fn names_pings(close: &SeenFact) -> bool {
    says_one_of(
        close,
        &["ping", "pong", "keepalive", "keep-alive", "heartbeat"],
    )
}

/// True where the reason, in words, speaks of a peer that gave no sign of life.
fn speaks_of_pings(close: &SeenFact) -> bool {
    names_pings(close) || says_one_of(close, &["timeout", "timed out"])
}

fn says_one_of(close: &SeenFact, words: &[&str]) -> bool {
    let reason = close.text("reason").to_ascii_lowercase();
    words.iter().any(|w| reason.contains(w))
}

/// A Close whose reason is Pings without an answer, of which none is seen while bytes are missing.
pub(super) fn pings_unseen(view: &View<'_>, close: &SeenFact) -> bool {
    close.int("pings_open") == Some(0)
        && close.int("code") == Some(1011)
        && names_pings(close)
        && unread(view, close.side)
}

/// True for a Close by which its sender gave up waiting for Pongs.
pub(super) fn gave_up_pinging(close: &SeenFact) -> bool {
    close.int("pings_open").is_some_and(|n| n > 0)
        && (close.int("code") == Some(1011) || speaks_of_pings(close))
}

/// Whom a close code accuses, sent by `closer`.
pub(super) fn accused(close: &SeenFact) -> Culprit {
    let closer = close.side;
    match close.int("code").unwrap_or_default() {
        1002 | 1003 | 1007..=1009 => closer.other().into(),
        // Only clients send it, of what the server did not agree to; a server that does so errs itself.
        1010 => Culprit::Server,
        1011 if gave_up_pinging(close) => closer.other().into(),
        1011..=1014 => closer.into(),
        3000 | 3003 | 3008 | 4401 | 4403 => closer.other().into(),
        _ => Culprit::Unknown,
    }
}

/// True for a Close by which the server shows somebody the door who may not be in.
pub(super) fn turns_away(view: &View<'_>, close: &SeenFact) -> bool {
    if close.side != Side::Server || !close.is("first") {
        return false;
    }
    match close.int("code") {
        Some(3000 | 3003 | 4401 | 4403) => true,
        Some(1008) => {
            speaks_of_rights(close) || close.text("reason").is_empty() && early(view, close)
        }
        Some(4000..=4999) => speaks_of_rights(close),
        _ => false,
    }
}

fn speaks_of_rights(close: &SeenFact) -> bool {
    let reason = close.text("reason").to_ascii_lowercase();
    let words = [
        "unauth",
        "authenti",
        "authoriz",
        "authoris",
        "forbidden",
        "credential",
        "login",
        "log in",
        "permission",
        "denied",
        "not allowed",
        "origin",
        "jwt",
        "api key",
        "token",
    ];
    // "Unexpected token" is what JSON's readers say.
    words.iter().any(|w| reason.contains(w)) && !reason.contains("unexpected token")
}

/// Right after the upgrade, before the server has said anything.
fn early(view: &View<'_>, close: &SeenFact) -> bool {
    /// Seconds.
    const SOON: f64 = 5.0;
    let opened = view.session.entered(Phase::Open).map(|p| p.stamp);
    // The answer to the upgrade, and the Close.
    let silent = view.session.messages.server <= 2;
    silent && opened.is_some_and(|o| close.stamp.time.since(o.time) <= SOON)
}

/// How many messages `side` has sent beside the handshake and its Close: "3 messages"; Pings and Pongs are such.
pub(super) fn messages_of(view: &View<'_>, side: Side) -> String {
    let session = view.session;
    let of_the_handshake = match side {
        Side::Client => session.detail("path"),
        // Only a 101 tells of it.
        Side::Server => session.detail("compressed"),
    };
    let close = u64::from(close_of(view, side).is_some());
    let others = u64::from(of_the_handshake.is_some()) + close;
    let count = session.messages[side].saturating_sub(others);
    let pings = session.operations.iter().any(|o| o.op.name == "Ping")
        || session.open.iter().any(|o| o.op.name == "Ping");
    let among = if pings {
        ", Pings and Pongs included"
    } else {
        ""
    };
    format!("{}{among}", counted(count, "message"))
}

/// The WebSocket by its place: `the WebSocket /chat`; `the WebSocket` where the request was not captured.
pub(super) fn named(view: &View<'_>) -> String {
    let path = view.session.detail("path");
    path.map_or_else(
        || "the WebSocket".to_owned(),
        |path| format!("the WebSocket {path}"),
    )
}

/// The place that was asked for: `/chat`.
pub(super) fn path(view: &View<'_>) -> String {
    let path = view.session.detail("path");
    path.map_or_else(|| "an unknown path".to_owned(), ToString::to_string)
}
