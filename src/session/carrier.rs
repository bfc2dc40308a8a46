//! What TCP's facts mean for the session of the carrier and for those within it.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{PerSide, Side, Stamp};

use super::model::{PhaseChange, Session};
use crate::limits;
use crate::stream::facts::TcpFacts;

/// The carrier's counts and phases follow from TCP's facts.
pub(super) fn tcp_carrier(carrier: &mut Session, facts: &TcpFacts) {
    tcp_counts(carrier, facts);
    tcp_phases(carrier, facts);
}

fn tcp_counts(carrier: &mut Session, facts: &TcpFacts) {
    carrier.messages = PerSide::new(
        facts.sides.client.data_segments,
        facts.sides.server.data_segments,
    );
    carrier.bytes = PerSide::new(
        facts.sides.client.stream_bytes,
        facts.sides.server.stream_bytes,
    );
    carrier.missing = PerSide::new(facts.sides.client.missing, facts.sides.server.missing);
    carrier.began_before_capture = !facts.saw_start();
    if Side::BOTH.iter().any(|s| facts.sides[*s].bound_hits > 0) {
        carrier
            .troubles
            .limits
            .push("bytes out of order: holes were given up");
    }
    if Side::BOTH.iter().any(|s| facts.sides[*s].implausible > 0) {
        carrier
            .troubles
            .limits
            .push("segments far outside the window: left out");
    }
}

fn tcp_phases(carrier: &mut Session, facts: &TcpFacts) {
    carrier.phases.clear();
    let mut enter = |phase, stamp: Option<Stamp>, side| {
        if let Some(stamp) = stamp {
            carrier.phases.push(PhaseChange { phase, stamp, side });
            carrier.phase = phase;
        }
    };
    enter(
        Phase::Connecting,
        facts.sides.client.syns.first().copied(),
        Side::Client,
    );
    let open = facts.established.or(facts.syn_ack).or(facts
        .sides
        .server
        .first
        .filter(|_| !facts.saw_start()));
    let refused = facts.reset().is_some_and(|r| r.to_syn && facts.was_reset())
        || (facts.syn_ack.is_none() && facts.saw_start() && !facts.icmp.is_empty());
    if refused {
        let stamp = facts
            .reset()
            .map(|r| r.stamp)
            .or_else(|| facts.icmp.first().map(|i| i.stamp));
        enter(Phase::Refused, stamp, Side::Server);
        return;
    }
    if facts.saw_start() {
        enter(Phase::Open, open, Side::Client);
    } else {
        enter(
            Phase::Open,
            facts.sides.client.first.or(facts.sides.server.first),
            Side::Client,
        );
    }
    let fins = [
        (facts.sides.client.fin, Side::Client),
        (facts.sides.server.fin, Side::Server),
    ];
    let first_fin = fins.iter().filter_map(|(f, s)| f.map(|f| (f, *s))).min();
    if let Some((stamp, side)) = first_fin {
        enter(Phase::Releasing, Some(stamp), side);
    }
    if facts.was_reset() && !facts.both_fins() {
        if let Some(reset) = facts.reset() {
            enter(Phase::Aborted, Some(reset.stamp), reset.side);
        }
    } else if facts.both_fins() {
        let last = facts.sides.client.fin.max(facts.sides.server.fin);
        enter(Phase::Closed, last, Side::Server);
    }
}

/// Sessions that did not say how they ended end as their connection did.
pub(super) fn end_inner(sessions: &mut [Session], facts: &TcpFacts) {
    let Some(end) = facts.end() else { return };
    let phase = if facts.was_reset() && !facts.both_fins() {
        Phase::Aborted
    } else {
        Phase::Closed
    };
    let side = facts.reset().map_or(Side::Client, |r| r.side);
    let nothing_unacked = facts
        .reset()
        .is_none_or(|r| r.unacked.client + r.unacked.server == 0);
    for session in sessions.iter_mut().skip(1).filter(|s| !s.phase.is_final()) {
        // A reset when all was said and answered is how many a client closes.
        let all_said =
            session.phase == Phase::Releasing || (nothing_unacked && session.open.is_empty());
        let phase = if all_said { Phase::Closed } else { phase };
        if session.phases.len() < limits::PHASES {
            session.phases.push(PhaseChange {
                phase,
                stamp: end,
                side,
            });
        }
        session.phase = phase;
    }
}
