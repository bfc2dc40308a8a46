//! Gateways: what they answered for want of an answer, and the requests that they gave up; both ends of one are joined by
//! the moment.

use colloquy_dissectors::units::{Side, Stamp};

use super::world::World;
use crate::limits;
use crate::session::exchange::Open;
use crate::session::model::{Endpoint, Flow};

/// The two moments are not further apart: seconds.
const APART: f64 = 0.1;
/// A gateway passes a request on so soon: seconds.
const PASSED_ON: f64 = 1.0;

/// An answer 502 or 504: a gateway got none from the server behind it (RFC 9110 sections 15.6.3 and 15.6.5).
#[derive(Clone, Copy, Debug)]
pub struct GatewayAnswer {
    /// The conversation's number.
    pub flow: u32,
    /// The gateway.
    pub gateway: Endpoint,
    /// The request.
    pub asked: Stamp,
    /// The answer.
    pub answered: Stamp,
    /// Its status.
    pub status: i64,
}

/// A request that who asked gave up by ending the connection.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp {
    /// The conversation's number.
    pub flow: u32,
    /// Who was asked.
    pub server: Endpoint,
    /// Where.
    pub asked: Stamp,
    /// The FIN or the reset.
    pub ended: Stamp,
}

impl GivenUp {
    /// Of the requests of `flow` that its client gave up.
    fn of(flow: &Flow, open: &Open) -> Option<Self> {
        let tcp = flow.tcp.as_deref()?;
        let reset = tcp
            .reset()
            .filter(|r| tcp.was_reset() && r.side == open.side);
        let fin = tcp.sides[open.side].fin;
        let peer = tcp.sides[open.side.other()].fin;
        let ended = fin.into_iter().chain(reset.map(|r| r.stamp)).min()?;
        let first = ended >= open.asked && peer.is_none_or(|p| p > ended);
        first.then_some(Self {
            flow: flow.index,
            server: flow.server,
            asked: open.asked,
            ended,
        })
    }

    fn belongs_to(&self, answer: &GatewayAnswer) -> bool {
        let passed_on = self.asked.time.since(answer.asked.time);
        let apart = answer.answered.time.since(self.ended.time);
        self.flow != answer.flow && (0.0..PASSED_ON).contains(&passed_on) && apart.abs() <= APART
    }
}

/// The index.
#[derive(Debug, Default)]
pub struct Hops {
    answers: Vec<GatewayAnswer>,
    given_up: Vec<GivenUp>,
}

impl Hops {
    pub(super) fn learn(&mut self, flow: &Flow) {
        for session in flow.sessions.iter().filter(|s| s.protocol == "http") {
            if !session.open.is_empty() && self.given_up.len() < limits::GATEWAY_HOPS {
                let mut asked = session.open.iter().filter(|o| o.side == Side::Client);
                self.given_up
                    .extend(asked.find_map(|open| GivenUp::of(flow, open)));
            }
            if session.requests.failed == 0 {
                continue;
            }
            for fact in session.facts_named("http.error") {
                let status = fact.int("status").unwrap_or_default();
                if let (502 | 504, Some(asked)) = (status, fact.request)
                    && self.answers.len() < limits::GATEWAY_HOPS
                {
                    self.answers.push(GatewayAnswer {
                        flow: flow.index,
                        gateway: flow.server,
                        asked,
                        answered: fact.began,
                        status,
                    });
                }
            }
        }
    }

    pub(super) fn learn_from(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.given_up.extend(other.given_up);
    }

    pub(super) fn settle(&mut self) {
        self.answers.sort_by_key(|a| (a.answered, a.flow));
        self.given_up.sort_by_key(|g| (g.ended, g.flow));
    }
}

impl World {
    /// The request that a gateway gave up when it answered so, where there is just one that fits.
    pub fn given_up_for(&self, flow: &Flow, answered: Stamp) -> Option<&GivenUp> {
        let mut answers = self.hops.answers.iter();
        let answer = answers.find(|a| a.flow == flow.index && a.answered == answered)?;
        only(self.hops.given_up.iter().filter(|g| g.belongs_to(answer)))
    }

    /// The answer that a gateway gave when it gave up `open` of `flow`, where there is just one that fits.
    pub fn answered_instead(&self, flow: &Flow, open: &Open) -> Option<&GatewayAnswer> {
        if self.hops.answers.is_empty() {
            return None;
        }
        let given_up = GivenUp::of(flow, open)?;
        let answer = only(self.hops.answers.iter().filter(|a| given_up.belongs_to(a)))?;
        // And of all that were given up only this one fits to it.
        only(self.hops.given_up.iter().filter(|g| g.belongs_to(answer))).map(|_| answer)
    }
}

fn only<T>(mut fitting: impl Iterator<Item = T>) -> Option<T> {
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}
