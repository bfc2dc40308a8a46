//! How many connections a server has at once, and whether it turns the next one away: a limit shows only over all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use colloquy_dissectors::units::{FrameNo, Stamp, Timestamp};
use hashbrown::HashMap;

use super::connects::Connect;
use crate::session::model::Endpoint;

/// So many connections at once, no less, may be a limit.
const LEAST_LIMIT: usize = 4;
/// So many have to be turned away.
const LEAST_AWAY: usize = 3;

/// A number of connections that a server never exceeds.
#[derive(Clone, Debug)]
pub struct Plateau {
    /// The number.
    pub limit: usize,
    /// The first SYNs of those that were turned away at it.
    pub away: Vec<Stamp>,
    /// The first connect that succeeded again.
    pub served_again: Stamp,
}

/// The plateaus of all servers, each by the first SYN that was turned away. `connects`: in the order of their SYNs.
pub(super) fn plateaus(connects: &[Connect]) -> HashMap<FrameNo, Plateau> {
    let mut by_server = HashMap::<Endpoint, Vec<&Connect>>::new();
    // Only servers that turned somebody away are of interest.
    for away in connects.iter().filter(|c| is_away(c)) {
        by_server.entry(away.server).or_default();
    }
    for connect in connects {
        if let Some(list) = by_server.get_mut(&connect.server) {
            list.push(connect);
        }
    }
    let found = by_server.into_values().filter_map(|list| of_server(&list));
    found
        .filter_map(|p| Some((p.away.first()?.frame, p)))
        .collect()
}

fn is_away(connect: &Connect) -> bool {
    connect.turned_away || connect.refused().is_some() && !connect.accepted
}

fn of_server(connects: &[&Connect]) -> Option<Plateau> {
    let mut ends = BinaryHeap::<Reverse<Timestamp>>::new();
    let mut for_ever = 0;
    let (mut most, mut limit) = (0, None);
    let (mut away, mut again) = (Vec::new(), None);
    for connect in connects {
        while ends.peek().is_some_and(|end| end.0 <= connect.syn.time) {
            ends.pop();
        }
        let at_once = ends.len() + for_ever;
        if is_away(connect) {
            away.push(connect.syn);
            // Always at the same number, or it is no limit.
            if *limit.get_or_insert(at_once) != at_once {
                return None;
            }
        } else if connect.accepted {
            match connect.ended() {
                Some(end) => ends.push(Reverse(end.time)),
                None => for_ever += 1,
            }
            most = most.max(at_once + 1);
            if !away.is_empty() {
                again.get_or_insert(connect.syn);
            }
        }
    }
    let limit = limit.filter(|l| *l == most && *l >= LEAST_LIMIT)?;
    let served_again = again?;
    (away.len() >= LEAST_AWAY).then_some(Plateau {
        limit,
        away,
        served_again,
    })
}
