//! Sessions of NFSv4.1 and their slots.

use super::*;

const COMPOUND: [u32; 3] = [100_003, 4, 1];

/// A compound of one operation, of NFSv4.1.
fn compound(operation: &[u8]) -> Vec<u8> {
    join(&[&opaque(b"tag"), &words(&[1, 1]), operation])
}

fn ask(xid: u32, operation: &[u8]) -> Vec<u8> {
    record(&call(xid, COMPOUND, &compound(operation)))
}

/// Results of a compound that went well: the operation and what stands behind its status.
fn tell(xid: u32, operation: u32, results: &[u8]) -> Vec<u8> {
    let head = join(&[&words(&[0]), &opaque(b"tag"), &words(&[1, operation, 0])]);
    record(&accepted(xid, 0, &join(&[&head, results])))
}

fn sequence(xid: u32, session: u8, slot: u32) -> Vec<u8> {
    let operation = join(&[&words(&[53]), &[session; 16], &words(&[1, slot, slot, 0])]);
    ask(xid, &operation)
}

fn sequenced(xid: u32, session: u8, slot: u32, [highest, wanted]: [u32; 2]) -> Vec<u8> {
    let results = join(&[&[session; 16], &words(&[1, slot, highest, wanted, 0])]);
    tell(xid, 53, &results)
}

fn create(xid: u32) -> Vec<u8> {
    let attributes = words(&[0, 65_536, 65_536, 4096, 8, 64, 0]);
    let operation = join(&[&words(&[43, 1, 2, 1, 0]), &attributes, &attributes]);
    ask(xid, &join(&[&operation, &words(&[0x4000_0000, 0])]))
}

fn created(xid: u32, session: u8, slots: u32) -> Vec<u8> {
    let attributes = |slots| words(&[0, 65_536, 65_536, 4096, 8, slots, 0]);
    let results = join(&[
        &[session; 16],
        &words(&[1, 0]),
        &attributes(slots),
        &attributes(1),
    ]);
    tell(xid, 43, &results)
}

/// The last values of the details that sessions have.
fn details(dialogue: &[Step]) -> Vec<(&'static str, String)> {
    laws::check(2049, dialogue);
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for said in laws::events(2049, dialogue) {
        if let Act::Detail { key, value } = said.act
            && (key == "nfs_session" || key.contains("slot"))
        {
            assert_eq!(said.session, "rpc/nfs");
            found.retain(|(k, _)| *k != key);
            found.push((key, value.to_string()));
        }
    }
    found.sort_unstable();
    found
}

fn told(dialogue: &[Step], key: &str) -> Option<String> {
    let all = details(dialogue);
    all.into_iter().find(|(k, _)| *k == key).map(|(_, v)| v)
}

#[test]
fn a_session_grants_slots_and_its_calls_take_them() {
    let dialogue = [
        client(&create(1)),
        server(&created(1, 7, 30)),
        client(&sequence(2, 7, 0)),
        client(&sequence(3, 7, 1)),
        client(&sequence(4, 7, 5)),
        server(&sequenced(3, 7, 1, [29, 29])),
        // Slot 1 again, so that three are in use and never four.
        client(&sequence(5, 7, 1)),
    ];
    let all = details(&dialogue);
    let expected = [
        ("highest_slot", "5"),
        ("nfs_session", "07070707070707070707070707070707"),
        ("slots_granted", "30"),
        ("slots_in_use", "3"),
    ];
    let expected = expected.map(|(k, v)| (k, v.to_owned()));
    assert_eq!(all, expected);
}

#[test]
fn joined_late_the_replies_tell_how_many_slots_there_are() {
    let dialogue = [
        client(&sequence(2, 7, 0)),
        server(&sequenced(2, 7, 0, [63, 63])),
        client(&sequence(3, 7, 0)),
        server(&sequenced(3, 7, 0, [63, 15])),
    ];
    assert_eq!(told(&dialogue, "slots_granted").as_deref(), Some("64"));
    assert_eq!(told(&dialogue, "slots_wanted").as_deref(), Some("16"));
    assert_eq!(told(&dialogue[..2], "slots_wanted"), None);
}

#[test]
fn a_slot_that_is_taken_again_had_a_reply() {
    // A second reply to a call frees nothing: its slot has the next one.
    let dialogue = [
        client(&sequence(2, 7, 0)),
        server(&sequenced(2, 7, 0, [9, 9])),
        client(&sequence(3, 7, 0)),
        server(&sequenced(2, 7, 0, [9, 9])),
        client(&sequence(4, 7, 1)),
        // Its reply was not captured.
        client(&sequence(5, 7, 1)),
    ];
    assert_eq!(told(&dialogue, "slots_in_use").as_deref(), Some("2"));
}

#[test]
fn behind_a_gap_nothing_is_held_to_be_in_use() {
    let before = [sequence(2, 7, 0), sequence(3, 7, 1), sequence(4, 7, 2)];
    let mut dialogue: Vec<Step> = before.iter().map(|m| client(m)).collect();
    dialogue.push(Step::Loses(Side::Server, 120));
    dialogue.push(client(&sequence(5, 7, 3)));
    assert_eq!(told(&dialogue, "slots_in_use").as_deref(), Some("3"));
}

#[test]
fn the_session_that_came_last_is_told_about() {
    let destroy = join(&[&words(&[44]), &[7; 16]]);
    let dialogue = [
        client(&create(1)),
        server(&created(1, 7, 30)),
        client(&sequence(2, 7, 4)),
        client(&create(3)),
        server(&created(3, 8, 16)),
        client(&sequence(4, 8, 0)),
        client(&sequence(5, 7, 20)),
        client(&sequence(6, 7, 21)),
    ];
    let session = "08080808080808080808080808080808";
    assert_eq!(told(&dialogue, "nfs_session").as_deref(), Some(session));
    assert_eq!(told(&dialogue, "slots_granted").as_deref(), Some("16"));
    assert_eq!(told(&dialogue, "highest_slot").as_deref(), Some("0"));
    assert_eq!(told(&dialogue, "slots_in_use").as_deref(), Some("1"));
    // Destroyed and made anew under the same id it is a new one.
    let again = [
        client(&create(1)),
        server(&created(1, 7, 30)),
        client(&sequence(2, 7, 4)),
        client(&ask(3, &destroy)),
        server(&tell(3, 44, &[])),
        client(&create(4)),
        server(&created(4, 7, 12)),
        client(&sequence(5, 7, 1)),
    ];
    assert_eq!(told(&again, "slots_granted").as_deref(), Some("12"));
    assert_eq!(told(&again, "highest_slot").as_deref(), Some("1"));
}

#[test]
fn a_session_that_the_server_refuses_is_not_told_about() {
    let refuse = |xid| {
        let results = join(&[&words(&[10_052]), &opaque(b"tag"), &words(&[1, 53, 10_052])]);
        record(&accepted(xid, 0, &results))
    };
    let dialogue = [
        client(&create(1)),
        server(&created(1, 7, 30)),
        client(&sequence(2, 7, 4)),
        server(&sequenced(2, 7, 4, [29, 29])),
        client(&sequence(3, 9, 12)),
        server(&refuse(3)),
        client(&sequence(4, 7, 5)),
    ];
    let session = "07070707070707070707070707070707";
    assert_eq!(told(&dialogue, "nfs_session").as_deref(), Some(session));
    assert_eq!(told(&dialogue, "highest_slot").as_deref(), Some("5"));
    let facts = |dialogue: &[Step]| -> Vec<String> {
        let said = laws::events(2049, dialogue).into_iter();
        let facts = said.filter_map(|said| match said.act {
            Act::Fact(fact) => Some(format!("{} {:?}", fact.name, fact.values)),
            _ => None,
        });
        facts.collect()
    };
    let all = facts(&dialogue);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("nfs.session-given") && all[0].contains(session));
    assert!(all[1].starts_with("nfs.session-refused") && all[1].contains("Bool(false)"));
    // Joined late, what is refused may have been given before.
    let late = [client(&sequence(2, 7, 0)), server(&refuse(2))];
    assert!(facts(&late)[0].contains("Bool(false)"));
    // It was known as long as its calls were taken.
    let lost = [
        client(&sequence(2, 7, 0)),
        server(&sequenced(2, 7, 0, [9, 9])),
        client(&sequence(3, 7, 0)),
        server(&refuse(3)),
    ];
    assert!(facts(&lost)[0].contains("Bool(true)"));
}

#[test]
fn client_ids_that_are_given_and_refused_are_told() {
    let given = tell(1, 42, &words(&[7, 8, 1, 0]));
    let create = create(2);
    let stale = join(&[&words(&[10_022]), &opaque(b"tag"), &words(&[1, 43, 10_022])]);
    let exchange = ask(1, &join(&[&words(&[42, 0, 0]), &opaque(b"me")]));
    let dialogue = [
        client(&exchange),
        server(&given),
        client(&create),
        server(&record(&accepted(2, 0, &stale))),
    ];
    let facts: Vec<_> = laws::events(2049, &dialogue)
        .into_iter()
        .filter_map(|said| match said.act {
            Act::Fact(fact) => Some((fact.name, fact.values[0].1.to_string())),
            _ => None,
        })
        .collect();
    let expected = [
        ("nfs.client-given", "0000000700000008".to_owned()),
        ("nfs.client-refused", "0000000100000002".to_owned()),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn more_sessions_and_slots_than_are_followed() {
    let mut messages: Vec<Vec<u8>> = (0..9_u8).map(|n| sequence(n.into(), n, 0)).collect();
    messages.push(sequence(20, 8, 4_000_000));
    let dialogue: Vec<Step> = messages.iter().map(|m| client(m)).collect();
    assert_eq!(told(&dialogue, "highest_slot").as_deref(), Some("4000000"));
    let limits = acts(&laws::events(2049, &dialogue));
    let limits = limits.iter().filter(|a| matches!(a, Act::Limit { .. }));
    assert_eq!(limits.count(), 2);
}

#[test]
fn arguments_and_results_that_are_cut_short_are_no_harm() {
    let whole = compound(&join(&[&words(&[53]), &[7; 16], &words(&[1, 0, 0, 0])]));
    for len in (0..whole.len()).step_by(4) {
        let ask = record(&call(1, COMPOUND, &whole[..len]));
        let answer = record(&accepted(1, 0, &words(&[0, 0, 1, 53, 0, 9])));
        laws::check(2049, &[client(&ask), server(&answer)]);
    }
}

#[test]
fn nfs_4_0_has_no_sessions() {
    let putrootfh = join(&[&opaque(b""), &words(&[0, 1, 24])]);
    let dialogue = [
        client(&record(&call(1, COMPOUND, &putrootfh))),
        server(&tell(1, 24, &[])),
    ];
    assert!(details(&dialogue).is_empty());
}
