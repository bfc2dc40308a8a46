//! Answers that arrive late: their bytes were sent in time, and acknowledged only after they had been sent again.

use colloquy_dissectors::units::Side;

use super::exchange::LateArrival;
use super::model::Session;
use super::tracker::Tracker;
use crate::limits;
use crate::stream::facts::Arrived;

/// Answers that arrived later than this are kept: nanoseconds.
const LATE_NANOS: i64 = 500_000_000;

impl Tracker {
    /// Bytes of `side` were acknowledged late, after they had been sent again: those of the first answer since.
    pub(super) fn arrived_late(&mut self, side: Side, arrived: &Arrived) {
        if arrived.nanos() < LATE_NANOS {
            return;
        }
        // The innermost session is the one that asked.
        for (session, memory) in self.sessions.iter_mut().zip(&self.memory).rev() {
            let since = memory.answered.iter().rev();
            let since = since.take_while(|d| d.stamp >= arrived.sent);
            let Some(done) = since.filter(|d| d.asker != side).last() else {
                continue;
            };
            if session.troubles.late.len() < limits::EXAMPLES {
                let late = LateArrival {
                    op: memory.operation(session, done),
                    side,
                    answered: done.stamp,
                    arrived: arrived.clone(),
                };
                session.troubles.late.push(late);
            }
            return;
        }
    }
}

/// Answers that took longer than this to begin are told with a name, where their protocol knows one: nanoseconds.
const NAMED_NANOS: i64 = 1_000_000_000;

/// The last answer of `session` took so long.
pub(super) fn was_slow(session: &Session) -> bool {
    session.troubles.slow.last().is_some_and(|slow| {
        let told = session.last_message[slow.side.other()];
        slow.nanos_to_first() >= NAMED_NANOS && told.is_some_and(|m| m.stamp == slow.answered)
    })
}
