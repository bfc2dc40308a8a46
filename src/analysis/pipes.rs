//! Calls in pipes of SMB 3 whose interface was bound on another connection of their session: named by what was offered there.

use colloquy_dissectors::event::{Op, Value};
use colloquy_dissectors::protocols::pipes;
use hashbrown::HashMap;

use super::response_times::ResponseTimes;
use crate::diagnosis::smb_joins::{Place, SmbJoins};
use crate::session::model::{Flow, OpTimes, Session};

/// What a presentation context of a pipe stands for.
#[derive(Clone, Debug)]
struct Offer {
    /// The UUID.
    interface: String,
    /// The association that it was offered in.
    place: Place,
    /// The SMB session around it.
    smb: Place,
    /// The conversation's place among all.
    flow: usize,
}

/// By the set that calls on the context are marked with.
type Offers = HashMap<u32, Vec<Offer>>;

/// Names the calls, in sessions and in `times`. Gives each session that has such with the association that bound its interface.
pub(super) fn name_calls(
    flows: &mut [Flow],
    times: Option<&mut ResponseTimes>,
) -> Vec<(Place, Place)> {
    let marked = marked(flows);
    if marked.is_empty() {
        return Vec::new();
    }
    let offers = offers(flows);
    let mut joins = SmbJoins::default();
    for flow in flows.iter() {
        joins.learn(flow);
    }
    joins.settle();
    let mut bound = Vec::new();
    // What each set stands for in the tables, `None` where that is not known or not the same everywhere.
    let mut known: HashMap<u32, Option<String>> = HashMap::new();
    for (at, index) in marked {
        let mut found: HashMap<u32, Option<Offer>> = HashMap::new();
        let Some((flow, session)) = session_at(flows, at, index) else {
            continue;
        };
        let place = (flow.index, session.index);
        let smb = (flow.index, session.parent.unwrap_or_default());
        for set in sets(session) {
            let all = offers.get(&set).map_or(&[][..], Vec::as_slice);
            let fitting = all.iter().filter(|offer| {
                let other = flows.get(offer.flow);
                joins.channels_of(smb).contains(&offer.smb)
                    || other.is_some_and(|other| same_hosts(flow, other))
            });
            let offer = only(fitting).filter(|offer| offer.place != place);
            let interface = offer.map(|offer| offer.interface.clone());
            known
                .entry(set)
                .and_modify(|known| {
                    if *known != interface {
                        *known = None;
                    }
                })
                .or_insert(interface);
            found.insert(set, offer.cloned());
        }
        bound.extend(found.values().flatten().map(|offer| (place, offer.place)));
        let session = flows
            .get_mut(at)
            .and_then(|flow| flow.sessions.get_mut(index));
        if let Some(session) = session {
            rename(session, &found);
        }
    }
    if let Some(times) = times {
        times.rename(|op| {
            pipes::is_elsewhere(op).then(|| {
                let interface = known.get(&op.set).and_then(Option::as_deref);
                named(op, interface)
            })
        });
    }
    bound.sort_unstable();
    bound.dedup();
    bound
}

/// The sessions with marked calls, by the places of conversation and session.
fn marked(flows: &[Flow]) -> Vec<(usize, usize)> {
    let all = flows.iter().enumerate();
    let all = all.flat_map(|(at, flow)| {
        let sessions = flow.sessions.iter().enumerate();
        sessions.map(move |(index, session)| (at, index, session))
    });
    let is_marked = |session: &Session| session.protocol == "dcerpc" && !sets(session).is_empty();
    all.filter(|(_, _, session)| is_marked(session))
        .map(|(at, index, _)| (at, index))
        .collect()
}

fn session_at(flows: &[Flow], at: usize, index: usize) -> Option<(&Flow, &Session)> {
    let flow = flows.get(at)?;
    Some((flow, flow.sessions.get(index)?))
}

/// The sets of a session's marked calls.
fn sets(session: &Session) -> Vec<u32> {
    let asked = session.operations.iter().map(|o| o.op);
    let asked = asked.chain(session.open.iter().map(|o| o.op));
    let mut sets: Vec<u32> = asked
        .filter(|op| pipes::is_elsewhere(*op))
        .map(|op| op.set)
        .collect();
    sets.sort_unstable();
    sets.dedup();
    sets
}

fn offers(flows: &[Flow]) -> Offers {
    let mut offers = Offers::new();
    for (at, flow) in flows.iter().enumerate() {
        for session in flow.sessions.iter().filter(|s| s.protocol == "dcerpc") {
            for fact in session.facts_named("dcerpc.pipe-context") {
                let set = fact.int("set").unwrap_or_default() as u32;
                offers.entry(set).or_default().push(Offer {
                    interface: fact.text("interface").to_owned(),
                    place: (flow.index, session.index),
                    smb: (flow.index, session.parent.unwrap_or_default()),
                    flow: at,
                });
            }
        }
    }
    offers
}

fn same_hosts(one: &Flow, other: &Flow) -> bool {
    one.client.address == other.client.address && one.server.address == other.server.address
}

/// The offer, unless they differ in what they offer.
fn only<'a>(mut offers: impl Iterator<Item = &'a Offer>) -> Option<&'a Offer> {
    let first = offers.next()?;
    offers
        .all(|other| other.interface == first.interface)
        .then_some(first)
}

/// A marked call by name, as far as it is known, and how it is called where its interface has no name here.
fn named(op: Op, interface: Option<&str>) -> (Op, Option<String>) {
    let named = interface.and_then(|interface| pipes::call(interface, op.code));
    named.unwrap_or((op.of_set(0), None))
}

fn rename(session: &mut Session, found: &HashMap<u32, Option<Offer>>) {
    let interface_of = |op: Op| {
        let offer = found.get(&op.set).and_then(Option::as_ref);
        offer.map(|offer| &*offer.interface)
    };
    each_op(session, |op| {
        if pipes::is_elsewhere(*op) {
            (*op, _) = named(*op, interface_of(*op));
        }
    });
    let mut merged: Vec<OpTimes> = Vec::new();
    for operation in session.operations.drain(..) {
        match merged.iter_mut().find(|known| known.op == operation.op) {
            Some(known) => {
                known.times.merge(&operation.times);
                known.failed += operation.failed;
            }
            None => merged.push(operation),
        }
    }
    session.operations.extend(merged);
    if session.detail("interface").is_none() {
        let offers = found.values().flatten();
        let mut names: Vec<&str> = offers.map(|o| pipes::interface(&o.interface)).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            session
                .details
                .push(("interface", Value::Text(names.join(", "))));
        }
    }
}

/// Every operation that a session names.
fn each_op(session: &mut Session, mut change: impl FnMut(&mut Op)) {
    session
        .operations
        .iter_mut()
        .for_each(|o| change(&mut o.op));
    session.open.iter_mut().for_each(|o| change(&mut o.op));
    for last in [
        &mut session.last_message.client,
        &mut session.last_message.server,
    ] {
        for m in last.iter_mut() {
            change(&mut m.op);
        }
    }
    if !session.troubles.is_written() {
        return;
    }
    let troubles = &mut *session.troubles;
    troubles.slow.iter_mut().for_each(|a| change(&mut a.op));
    troubles.late.iter_mut().for_each(|a| change(&mut a.op));
    troubles.repeats.iter_mut().for_each(|r| change(&mut r.op));
    let doubles = troubles.double_replies.iter_mut();
    doubles.for_each(|d| change(&mut d.op));
    let incomplete = troubles.incomplete.iter_mut();
    incomplete.for_each(|i| change(&mut i.op));
    for failure in &mut troubles.failures {
        change(&mut failure.op);
        change(&mut failure.first.op);
        change(&mut failure.last.op);
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::Outcome;
    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::dcerpc::{ack, bind, request, response};
    use crate::diagnosis::rules::bench::outcome;
    use crate::diagnosis::smb::testing::{no, smb2};
    use crate::session::model::State;

    const PIPE_TRANSCEIVE: u32 = 0x0011_C017;

    fn file(key: u8) -> [u8; 16] {
        let mut id = [0; 16];
        id[0] = key;
        id
    }

    /// A connection of SMB 3.0.2 whose server is capable of several, or not.
    fn channel(client: &str, capable: bool) -> Script {
        let asked = [&[36, 0, 1, 0][..], &[0; 32], &0x0302_u16.to_le_bytes()].concat();
        let mut answer = vec![0; 64];
        answer[0] = 65;
        answer[4..6].copy_from_slice(&0x0302_u16.to_le_bytes());
        answer[24] = if capable { 8 } else { 0 };
        Script::tcp(client, "10.0.0.2:445")
            .connect()
            .client(&smb2(0, 0, None, &asked))
            .server(&smb2(0, 0, Some(0), &answer))
    }

    /// Binds in the pipe `key`; the answer is fetched elsewhere.
    fn binds(script: Script, key: u8) -> Script {
        let data = bind();
        let mut body = vec![49, 0, 112, 0];
        body.extend((data.len() as u32).to_le_bytes());
        body.extend([0; 8]);
        body.extend(file(key));
        body.extend([0; 16]);
        body.extend(data);
        script
            .client(&smb2(9, 1, None, &body))
            .server(&smb2(9, 1, Some(0), &[17; 16]))
    }

    /// Fetches the answer to a bind, and calls.
    fn calls(script: Script, key: u8) -> Script {
        let mut read = vec![49, 0, 0, 0, 0, 4, 0, 0];
        read.extend([0; 8]);
        read.extend(file(key));
        read.extend([0; 17]);
        let data = ack(0, 0);
        let mut got = vec![17, 0, 80, 0];
        got.extend((data.len() as u32).to_le_bytes());
        got.extend([0; 8]);
        got.extend(data);
        let script = script
            .client(&smb2(8, 1, None, &read))
            .server(&smb2(8, 1, Some(0), &got));
        let (asked, told) = (request(2, 15), response(2, 0));
        let mut ioctl = vec![57, 0, 0, 0];
        ioctl.extend(PIPE_TRANSCEIVE.to_le_bytes());
        ioctl.extend(file(key));
        for word in [120, asked.len() as u32, 0, 0, 0, 1024, 1, 0] {
            ioctl.extend(word.to_le_bytes());
        }
        ioctl.extend(asked);
        let mut answer = vec![49, 0, 0, 0];
        answer.extend(PIPE_TRANSCEIVE.to_le_bytes());
        answer.extend(file(key));
        for word in [112, 0, 112, told.len() as u32, 0, 0] {
            answer.extend(word.to_le_bytes());
        }
        answer.extend(told);
        script
            .client(&smb2(11, 2, None, &ioctl))
            .server(&smb2(11, 2, Some(0), &answer))
    }

    fn asked(frames: Vec<ScriptFrame>) -> (Vec<String>, Outcome) {
        let outcome = outcome(frames);
        let sessions = outcome
            .sessions()
            .filter(|r| r.session.protocol == "dcerpc");
        let operations = sessions.flat_map(|r| r.session.operations.iter());
        let names = operations.map(|o| o.op.to_string()).collect();
        (names, outcome)
    }

    const ONE: &str = "10.0.0.1:40000";
    const TWO: &str = "10.0.0.1:40001";

    #[test]
    fn a_call_is_named_by_the_bind_on_another_connection() {
        let both = [
            binds(channel(ONE, true), 9),
            calls(channel(TWO, true).wait_secs(1.0), 9)
                .wait_secs(100.0)
                .close(),
        ];
        let (names, outcome) = asked(Script::merge(both));
        assert_eq!(names, ["srvsvc NetrShareEnum"]);
        let details: Vec<_> = outcome
            .sessions()
            .filter(|r| r.session.protocol == "dcerpc")
            .map(|r| {
                let said = |key| r.session.detail(key).map(ToString::to_string);
                (r.id, said("interface"), said("bound_in"))
            })
            .collect();
        let binder = details[0].0.to_string();
        assert_eq!(details[1].1.as_deref(), Some("srvsvc"));
        assert_eq!(details[1].2.as_deref(), Some(&*binder), "{details:?}");
        // Whose answer is on another connection is not stuck.
        let mut rows = outcome.sessions();
        assert!(rows.all(|r| r.state() != State::Stuck), "{details:?}");
    }

    #[test]
    fn another_pipe_another_client_and_a_server_of_one_connection_name_nothing() {
        let unknown = "unknown interface operation 15";
        let other_pipe = [binds(channel(ONE, true), 8), calls(channel(TWO, true), 9)];
        let other_client = [
            binds(channel("10.0.0.7:40000", true), 9),
            calls(channel(TWO, true), 9),
        ];
        let one_connection = [binds(channel(ONE, false), 9), calls(channel(TWO, false), 9)];
        for frames in [other_pipe, other_client, one_connection] {
            let (names, _) = asked(Script::merge(frames));
            assert_eq!(names, [unknown]);
        }
        // What was refused in between changes nothing.
        let refused = channel(ONE, true).server(&no(9, 1, 0xC000_0022));
        let (names, _) = asked(Script::merge([refused, calls(channel(TWO, true), 9)]));
        assert_eq!(names, [unknown]);
    }
}
