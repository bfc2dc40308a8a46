//! What is told where a side ends, and where a connection has had its last request.

use super::facts;
use super::session::{Closing, Lane, Reading, Talk};
use crate::dissector::{End, Output};
use crate::event::{Act, Fact, Phase};
use crate::units::{Side, Span, StreamOffset};

impl Lane {
    /// How the message at hand tells its length, and what of it came by `at`.
    fn cut_short(&self, at: StreamOffset, waiting: u64) -> Fact {
        let fact = Fact::new("http.cut-short");
        let body = at.saturating_sub(self.head.end);
        match self.reading {
            Reading::Head => fact.with("framing", "head"),
            Reading::Fixed => {
                let length = self.expected.unwrap_or(0).saturating_sub(self.head.len());
                fact.with("framing", "length")
                    .with("length", length)
                    .with("body", body)
            }
            reading => fact
                .with("framing", "chunks")
                .with("between", reading == Reading::ChunkLine && waiting == 0)
                .with("body", body),
        }
    }
}

impl Talk {
    /// A side has ended: what of it was not whole, and what was never answered.
    pub(super) fn end(
        &mut self,
        side: Side,
        end: End,
        offset: StreamOffset,
        waiting: u64,
        promised: u64,
        out: &mut Output<'_>,
    ) {
        let lane = &mut self.lanes[side];
        let at = offset + waiting;
        let present = at.saturating_sub(lane.start);
        let expected = match lane.reading {
            Reading::Head if waiting > 0 && lane.lost_since.is_none() => Some(present + 1),
            Reading::Fixed => lane.expected,
            // Between two chunks nothing is owed yet: a feed may go on for ever, and others until their reader leaves.
            Reading::ChunkLine
                if waiting == 0
                    && (lane.endless || (end == End::CaptureStopped && !self.client_left)) =>
            {
                None
            }
            // At least the last chunk's line and the empty one are owed.
            Reading::ChunkLine | Reading::ChunkEnd => Some(present + 5),
            Reading::ChunkData => Some(present.saturating_add(promised).saturating_add(7)),
            Reading::Trailer => Some(present + 2),
            _ => None,
        };
        if let Some(expected) = expected
            && !lane.holed
        {
            let op = lane.op;
            let span = Span::new(lane.start, at);
            // It waits for leave to send its body: nothing of that has come.
            let waits =
                side == Side::Client && at == lane.head.end && lane.reading != Reading::Head;
            if waits
                && self
                    .queue
                    .back()
                    .is_some_and(|p| !p.told && p.expects_continue)
            {
                out.fact(side, span, Fact::new("http.expects-continue"));
            }
            out.fact(side, span, lane.cut_short(at, waiting));
            out.emit(
                side,
                span,
                Act::Incomplete {
                    op,
                    expected,
                    present,
                },
            );
        }
        let in_feed = lane.reading == Reading::ChunkLine && waiting == 0 && lane.endless;
        if in_feed && end != End::CaptureStopped && !lane.holed {
            let span = Span::new(lane.start, at);
            out.fact(side, span, Fact::new("http.feed-cut"));
        }
        if lane.reading == Reading::UntilClose && end == End::Fin {
            self.show.whole(side, at, out);
        }
        self.client_left |= side == Side::Client && end != End::CaptureStopped;
        let lane = &mut self.lanes[side];
        let in_order = expected.is_none() && lane.lost_since.is_none();
        let first = std::mem::replace(&mut lane.reading, Reading::Ended) != Reading::Ended;
        if first && self.lanes[side.other()].reading == Reading::Ended {
            self.tell_waiting(out);
        }
        if end == End::Fin && in_order && self.queue.is_empty() && !self.closed {
            self.closed = true;
            out.phase(side, Span::new(at, at), Phase::Closed);
        }
    }
}

/// Requests without an answer that are named.
const NAMED: usize = 8;

impl Talk {
    /// Names the requests that were never answered, now that nobody will.
    fn tell_waiting(&mut self, out: &mut Output<'_>) {
        let head = self.lanes.client.head;
        let waiting = self.queue.iter().filter(|p| p.told && p.child.is_none());
        for pending in waiting.take(NAMED) {
            let fact = Fact::new("http.unanswered")
                .with("method", pending.op.name)
                .with("target", facts::target(pending.target.bytes()));
            out.fact(Side::Client, head, fact.in_exchange(pending.id));
        }
    }

    /// A request that is the first behind a `Connection: close` of `by`, as the bytes of `side` show.
    pub(super) fn after_close(
        &mut self,
        by: Side,
        id: u64,
        side: Side,
        span: Span,
        out: &mut Output<'_>,
    ) {
        self.closing = Closing::Told;
        let fact = Fact::new("http.after-close").with("by", by.name());
        out.fact(side, span, fact.in_exchange(id));
    }
}
