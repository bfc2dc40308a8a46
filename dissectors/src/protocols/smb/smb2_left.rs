//! Sessions and share connections that the client ended itself: by LOGOFF, by TREE_DISCONNECT, and by a logon that takes the place of
//! an earlier session (MS-SMB2 3.3.5.5.3).

use std::collections::VecDeque;

use super::bytes::u64_at;
use super::connection::At;
use super::wire2::{HEADER, Header, command};
use crate::event::Fact;
use crate::units::{Side, Span};

/// The last ones that are remembered.
const MOST: usize = 64;
/// STATUS_NETWORK_NAME_DELETED: the tree of a request does not exist (MS-SMB2 3.3.5.2.11).
pub(super) const TREE_GONE: u32 = 0xC000_00C9;
/// STATUS_USER_SESSION_DELETED: its session does not (3.3.5.2.9).
const SESSION_GONE: u32 = 0xC000_0203;

/// What the client ended. Little of it, and late: in a box.
#[derive(Debug, Default)]
pub(super) struct Left(Option<Box<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    ended: VecDeque<Ended>,
    /// PreviousSessionId of the logon at hand, and the leg that named it first.
    previous: Option<(u64, Span)>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    session: u64,
    /// `None`: the whole session.
    tree: Option<u32>,
    request: Span,
}

/// The tree that a message ends; `None` where it ends the session.
fn tree_of(header: &Header) -> Option<u32> {
    (header.command == command::TREE_DISCONNECT).then_some(header.tree_id)
}

impl Left {
    /// LOGOFF or TREE_DISCONNECT is asked.
    pub(super) fn asked(&mut self, header: &Header, request: Span) {
        let ended = &mut self.0.get_or_insert_default().ended;
        if ended.len() >= MOST {
            ended.pop_front();
        }
        ended.push_back(Ended {
            session: header.session_id,
            tree: tree_of(header),
            request,
        });
    }

    /// It was answered with a failure: nothing was ended.
    pub(super) fn refused(&mut self, header: &Header) {
        if let (command::LOGOFF | command::TREE_DISCONNECT, Some(lists)) =
            (header.command, &mut self.0)
        {
            let refused = |e: &Ended| e.session == header.session_id && e.tree == tree_of(header);
            if let Some(last) = lists.ended.iter().rposition(refused) {
                lists.ended.remove(last);
            }
        }
    }

    /// An id is given anew.
    pub(super) fn given(&mut self, session: u64, tree: Option<u32>) {
        if let Some(lists) = &mut self.0 {
            let same = |e: &Ended| e.session == session && (tree.is_none() || e.tree == tree);
            lists.ended.retain(|e| !same(e));
        }
    }

    /// A leg of a logon, which may name the session whose place it takes.
    pub(super) fn logs_on(&mut self, pdu: &[u8], leg: Span) {
        let old = u64_at(pdu, HEADER + 16).filter(|old| *old != 0);
        let Some(old) = old else { return };
        let previous = &mut self.0.get_or_insert_default().previous;
        if previous.is_none_or(|(known, _)| known != old) {
            *previous = Some((old, leg));
        }
    }

    /// A logon succeeded.
    pub(super) fn logged_on(&mut self, session: u64, at: &mut At<'_, '_>) {
        self.given(session, None);
        let previous = self.0.as_mut().and_then(|lists| lists.previous.take());
        if let Some((old, leg)) = previous.filter(|(old, _)| *old != session) {
            let fact = Fact::new("smb.session-replaced").with("old", old as i64);
            at.out.fact(Side::Client, leg, fact);
        }
    }

    /// What there is to add to the fact of an answer that says that a session or tree is gone. Tells where the client ended it.
    pub(super) fn tell(
        &self,
        header: &Header,
        is_known: bool,
        fact: Fact,
        at: &mut At<'_, '_>,
    ) -> Fact {
        let [tree_gone, session_gone] = [TREE_GONE, SESSION_GONE].map(|s| s == header.status);
        if !tree_gone && !session_gone || header.is_async() {
            return fact;
        }
        let tree = tree_gone.then_some(header.tree_id);
        let named = |fact: Fact| {
            let fact = fact.with("session", header.session_id as i64);
            match tree {
                Some(tree) => fact.with("tree", tree),
                None => fact,
            }
        };
        let ended = self.0.iter().flat_map(|lists| &lists.ended);
        let mut ended = ended.filter(|e| e.session == header.session_id && e.tree == tree);
        if let Some(ended) = ended.next_back() {
            let left = named(Fact::new("smb.left"));
            at.out.fact(Side::Client, ended.request, left);
        }
        named(fact).with("known", is_known)
    }
}
