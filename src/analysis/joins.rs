//! What sessions are told of other sessions that they belong to, by their ids in the report.

use colloquy_dissectors::event::Value;

use crate::diagnosis::World;
use crate::diagnosis::smb_joins::Place;
use crate::session::model::Flow;

/// Adds `channels`, `continues` and `continued_in` to the details of the SMB sessions that have such, and `bound_in` to pipes, as
/// `bound` says; `first_id` is the id of the first session of `flows`, which are in the order of their numbers.
pub(crate) fn tell(flows: &mut [Flow], world: &World, bound: Vec<(Place, Place)>, first_id: u32) {
    let mut said: Vec<(Place, &'static str, Vec<Place>)> = Vec::new();
    for (place, channels) in world.smb.joined() {
        said.push((*place, "channels", channels.clone()));
    }
    for (old, new) in world.smb.continued() {
        said.push((new, "continues", vec![old]));
        said.push((old, "continued_in", vec![new]));
    }
    let bound = bound.into_iter();
    said.extend(bound.map(|(pipe, binder)| (pipe, "bound_in", vec![binder])));
    if said.is_empty() {
        return;
    }
    let mut next = first_id;
    let begins: Vec<(u32, u32)> = flows
        .iter()
        .map(|flow| {
            let begin = (flow.index, next);
            next += flow.sessions.len() as u32;
            begin
        })
        .collect();
    let id = |(flow, session): (u32, u32)| {
        let at = begins
            .binary_search_by_key(&flow, |(index, _)| *index)
            .ok()?;
        Some(i64::from(begins.get(at)?.1 + session))
    };
    said.sort_by_key(|(place, key, _)| (*place, *key));
    for ((flow, session), key, others) in said {
        let Ok(at) = flows.binary_search_by_key(&flow, |flow| flow.index) else {
            continue;
        };
        let session = flows
            .get_mut(at)
            .and_then(|flow| flow.sessions.get_mut(session as usize));
        let Some(session) = session else { continue };
        let mut ids: Vec<i64> = others.into_iter().filter_map(id).collect();
        if let Some((_, Value::List(known))) = session.details.iter().find(|(k, _)| *k == key) {
            ids.extend(known.iter().filter_map(|v| match v {
                Value::Int(id) => Some(*id),
                _ => None,
            }));
            session.details.retain(|(k, _)| *k != key);
        }
        ids.sort_unstable();
        ids.dedup();
        session
            .details
            .push((key, Value::List(ids.into_iter().map(Value::Int).collect())));
    }
}
