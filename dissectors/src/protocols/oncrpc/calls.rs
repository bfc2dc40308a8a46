//! Calls that wait for their reply, by xid.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::auth::{Gss, Sys};
use super::nfs4::Compound;
use super::portmap::Wanted;
use super::slots::Use;
use crate::dissector::Scope;
use crate::event::Op;

/// Calls of one side that wait at once. When it is reached the older half is let go.
const MOST_OPEN: usize = 2048;
/// Answered calls remembered, so that a second reply is told in the right session.
const MOST_RECENT: usize = 32;

/// What is remembered of a call until its reply.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) scope: Option<Scope>,
    pub(super) op: Op,
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) who: Who,
    pub(super) gss: Option<Gss>,
    /// No reply is expected; one that comes is a message, not an answer.
    pub(super) one_way: bool,
    pub(super) about: About,
    /// What it does to a session of NFSv4.1.
    pub(super) used: Option<Use>,
    /// The capture cut it before its credential.
    pub(super) cut: bool,
    /// The path that a successful answer gives a handle to; only while texts are wanted.
    pub(super) makes: Option<Box<str>>,
}

/// Whose call it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) flavor: u32,
    /// The user and group of AUTH_SYS.
    pub(super) ids: Option<(u32, u32)>,
}

impl Who {
    pub(super) fn new(flavor: u32, sys: Option<Sys<'_>>) -> Self {
        Self {
            flavor,
            ids: sys.map(|s| (s.uid, s.gid)),
        }
    }
}

/// What of the arguments the reply needs.
#[derive(Clone, Debug)]
pub(super) enum About {
    Nothing,
    /// Where a program listens.
    Place(Box<Wanted>),
    /// The operations of a compound.
    Compound(Compound),
    /// The path to be mounted.
    Export(Box<str>),
    /// The rights that ACCESS of NFSv3 asks about.
    Rights(u32),
}

/// The calls of one side.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: HashMap<u32, (u64, Asked)>,
    recent: VecDeque<(u32, Asked)>,
    next: u64,
}

impl Calls {
    /// Remembers a call. False when older ones had to be let go for it.
    pub(super) fn ask(&mut self, xid: u32, asked: Asked) -> bool {
        let full = self.open.len() >= MOST_OPEN;
        if full {
            let keep = self.next.saturating_sub(MOST_OPEN as u64 / 2);
            self.open.retain(|_, (number, _)| *number >= keep);
        }
        self.open.insert(xid, (self.next, asked));
        self.next += 1;
        !full
    }

    /// The call of a reply; `None` when it was not seen.
    pub(super) fn answer(&mut self, xid: u32) -> Option<&Asked> {
        if let Some((_, asked)) = self.open.remove(&xid) {
            if self.recent.len() >= MOST_RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back((xid, asked));
            return self.recent.back().map(|(_, asked)| asked);
        }
        self.recent
            .iter()
            .rev()
            .find(|(x, _)| *x == xid)
            .map(|(_, asked)| asked)
    }

    /// The call of that xid, answered or not, left as it is.
    pub(super) fn look(&self, xid: u32) -> Option<&Asked> {
        self.open.get(&xid).map(|(_, asked)| asked).or_else(|| {
            let recent = self.recent.iter().rev().find(|(x, _)| *x == xid);
            recent.map(|(_, asked)| asked)
        })
    }

    /// A reply with this xid is to be expected, as far as is known.
    pub(super) fn may_be_answered(&self, xid: u32) -> bool {
        self.open.is_empty() || self.open.contains_key(&xid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(procedure: u32) -> Asked {
        Asked {
            scope: None,
            op: Op::new("", procedure),
            program: 1,
            version: 1,
            procedure,
            who: Who::default(),
            gss: None,
            one_way: false,
            about: About::Nothing,
            used: None,
            cut: false,
            makes: None,
        }
    }

    #[test]
    fn the_older_half_is_let_go() {
        let mut calls = Calls::default();
        for xid in 0..MOST_OPEN as u32 {
            assert!(calls.ask(xid, asked(xid)));
        }
        assert!(!calls.ask(9_999_999, asked(0)));
        assert!(calls.answer(0).is_none());
        assert!(calls.answer(MOST_OPEN as u32 - 1).is_some());
        assert!(calls.open.len() <= MOST_OPEN / 2 + 1);
    }

    #[test]
    fn a_second_reply_still_finds_its_call() {
        let mut calls = Calls::default();
        calls.ask(7, asked(3));
        assert_eq!(calls.answer(7).map(|a| a.procedure), Some(3));
        assert_eq!(calls.answer(7).map(|a| a.procedure), Some(3));
        assert!(calls.answer(8).is_none());
        assert!(calls.may_be_answered(8), "nothing is open");
    }
}
