//! How WebSockets ended that nobody closed: a pattern shows only over many of them.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

use crate::session::model::{Endpoint, Flow};

/// Silences shorter than this are no idling: seconds.
const IDLE: f64 = 3.0;

/// A WebSocket that was idle and then ended by FIN or reset, with no Close.
#[derive(Clone, Copy, Debug)]
pub struct IdleEnd {
    /// Whose.
    pub server: Endpoint,
    /// Who ended TCP first.
    pub side: Side,
    /// The FIN or reset.
    pub stamp: Stamp,
    /// Seconds since the last new bytes of either side.
    pub idle: f64,
}

impl IdleEnd {
    /// How `flow` ended, if it ended so.
    pub(super) fn of(flow: &Flow) -> Option<Self> {
        let session = flow.sessions.iter().find(|s| s.protocol == "websocket")?;
        let tcp = flow.tcp.as_deref()?;
        let missing = |side: Side| {
            let carrier = &tcp.sides[side];
            session.troubles.skipped[side]
                + session.missing[side].max(carrier.missing)
                + carrier.acked_unseen
        };
        let closed = session.facts.iter().any(|f| f.fact.name == "ws.close");
        let unread = session.began_before_capture || Side::BOTH.into_iter().any(|s| missing(s) > 0);
        if session.entered(Phase::Open).is_none() || closed || unread {
            return None;
        }
        let reset = tcp.reset().filter(|_| tcp.was_reset());
        let reset = reset.map(|r| (r.stamp, r.side));
        let fins = Side::BOTH
            .into_iter()
            .filter_map(|side| Some((tcp.sides[side].fin?, side)));
        let (stamp, side) = fins.chain(reset).min_by_key(|(stamp, _)| *stamp)?;
        let sides = Side::BOTH.into_iter();
        let last = sides.filter_map(|s| tcp.sides[s].last_data).max()?;
        let idle = stamp.time.since(last.time);
        (idle >= IDLE).then_some(Self {
            server: flow.server,
            side,
            stamp,
            idle,
        })
    }
}
