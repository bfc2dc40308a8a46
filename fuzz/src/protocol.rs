use colloquy_dissectors::dissector::{Carrier, Protocol};
use colloquy_dissectors::event::Act;
use colloquy_dissectors::field::FieldId;
use colloquy_dissectors::protocols::FIELDS;
use colloquy_dissectors::stack::Stack;
use colloquy_dissectors::units::PerSide;

use super::dialogue::{self, Described, Recorder, Step};

/// Servers' ports of the stack, which are a hint to it.
const PORTS: [u16; 8] = [445, 80, 443, 111, 135, 139, 389, 40001];

/// One dissector reads anything from both sides. Neither cutting its streams nor asking for fields changes what it says, as long
/// as it can follow: in mid-stream, behind a gap and behind what is malformed, a message may be taken to begin where a piece does.
pub fn check(protocol: &'static Protocol, input: &[u8]) {
    let (shape, steps) = dialogue::read(input);
    let carrier = protocol.carriers[shape.choice(protocol.carriers.len())];
    let steps: Vec<_> = steps
        .into_iter()
        .filter_map(|(side, step)| match (carrier, step) {
            (Carrier::Stream, Step::Sends(bytes, _)) => Some((side, Step::Says(bytes))),
            (Carrier::Datagrams, Step::Says(bytes)) => Some((side, Step::Sends(bytes, 0))),
            (Carrier::Datagrams, Step::Loses(_) | Step::Ends(_)) => None,
            _ => Some((side, step)),
        })
        .collect();
    let port = protocol.ports.first().copied().unwrap_or(40001);
    let ports = PerSide::new(40000, port);
    let run = |piece, fields| {
        let stack = Stack::speaking(protocol, carrier, ports, shape.beginning());
        dialogue::run(stack, &steps, piece, fields)
    };
    let (whole, described) = (run(usize::MAX, false), run(usize::MAX, true));
    let lost = |of: &Recorder| of.said.iter().position(|said| is_lost(&said.act));
    let lost = lost(&whole).into_iter().chain(lost(&described)).min();
    let most = lost.unwrap_or(usize::MAX);
    // What has fields and no session of its own is looked for only where fields are wanted; and then HTTP/2 reads DATA whole, while
    // the other side may speak.
    if carrier != Carrier::Datagrams && protocol.name != "http2" {
        // What only the end completes has no fields inside of TLS, as in tshark.
        let mut ends = whole.said.iter();
        let end = ends.position(|said| matches!(said.act, Act::Phase(phase) if phase.is_final()));
        let most = most.min(end.unwrap_or(usize::MAX));
        same_events(&whole, &described, most, "asked for fields");
    }
    let (cut, cut_described) = (run(shape.piece(), false), run(shape.piece(), true));
    let gaps = steps.iter().any(|(_, step)| matches!(step, Step::Loses(_)));
    // HTTP hands WebSocket its heads over whole, and does so for its own target.
    if gaps || !shape.beginning() || protocol.name == "websocket" {
        return;
    }
    same_events(&whole, &cut, most, "cut into pieces");
    if lost.is_none() {
        let (whole, cut) = (followed(&described), followed(&cut_described));
        for (index, one) in whole.iter().enumerate() {
            assert_eq!(
                Some(one),
                cut.get(index),
                "fields of message {index}, cut into pieces"
            );
        }
        assert_eq!(whole.len(), cut.len(), "messages with fields");
    }
}

/// The protocol's own words can't be followed any more, or end.
fn is_lost(act: &Act) -> bool {
    match act {
        Act::Malformed { .. }
        | Act::Skipped { .. }
        | Act::Limit { .. }
        | Act::Incomplete { .. } => true,
        Act::Fact(fact) => LOST.contains(&fact.name),
        _ => false,
    }
}

/// Facts of such: the last two come just before a message that is incomplete.
const LOST: [&str; 3] = [
    "nbss.unknown-type",
    "http.cut-short",
    "http.expects-continue",
];

/// What is shown of messages; without what has no bounds of its own (content up to the end, a tunnel's, what is encrypted), which
/// is shown by pieces.
fn followed(recorder: &Recorder) -> Vec<&Described> {
    let mut fields = FIELDS.iter().copied().flatten();
    let tunnel = fields.find(|field| field.name == "http.proxy_connect_host");
    let by_pieces = |(id, text): &(FieldId, String)| {
        tunnel.is_some_and(|field| field.id == *id)
            || text.contains("Continuation")
            || text.contains("ncrypted")
    };
    let all = recorder.described.iter();
    all.filter(|(_, _, values)| !values.is_empty() && !values.iter().any(by_pieces))
        .collect()
}

fn same_events(whole: &Recorder, other: &Recorder, most: usize, how: &str) {
    let line = |from: &Recorder, index: usize| {
        let said = from.said.get(index)?.clone();
        Some((
            from.path(said.slot),
            said.side,
            said.span,
            said.act,
            said.text,
        ))
    };
    for index in 0..whole.said.len().min(most) {
        let (one, two) = (line(whole, index), line(other, index));
        assert_eq!(one, two, "event {index}, {how}");
    }
    if most == usize::MAX {
        assert_eq!(None, other.said.get(whole.said.len()), "events, {how}");
    }
}

/// The stack recognises what it can in anything. Where a message begins may be told by where a piece begins (in mid-stream), so
/// pieces need not give the same; nothing else may change between two readings.
pub fn check_stack(input: &[u8]) {
    let (shape, steps) = dialogue::read(input);
    let datagrams = matches!(steps.first(), Some((_, Step::Sends(..))));
    let steps: Vec<_> = steps
        .into_iter()
        .filter(|(_, step)| datagrams == matches!(step, Step::Sends(..)))
        .collect();
    let carrier = if datagrams {
        Carrier::Datagrams
    } else {
        Carrier::Stream
    };
    let ports = PerSide::new(40000, PORTS[shape.choice(PORTS.len())]);
    let run = |piece, fields| {
        let beginning = shape.beginning();
        let stack = Stack::new(carrier, ports, beginning, !beginning || datagrams);
        dialogue::run(stack, &steps, piece, fields)
    };
    let whole = run(usize::MAX, false);
    same_events(&whole, &run(usize::MAX, false), usize::MAX, "again");
    run(shape.piece(), true);
}
