use super::*;
use crate::capture::script::Script;
use crate::diagnosis::rules::bench::outcome;
use crate::diagnosis::smb::testing::{at_work, create, no, setup, setup_answer, tree, tree_answer};

fn report(frames: Vec<crate::capture::script::ScriptFrame>) -> String {
    let mut text = Vec::new();
    write(&outcome(frames), &Layout::default(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The lines behind the heading of the sessions.
fn sessions(report: &str) -> Vec<&str> {
    let mut lines = report
        .lines()
        .skip_while(|l| !l.starts_with("Sessions, by health"));
    lines.by_ref().take(2).for_each(drop);
    lines.take_while(|l| !l.is_empty()).collect()
}

fn unknown(port: u16) -> Script {
    Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:9999")
        .connect()
        .client(b"ping")
        .server(b"pong")
        .close()
}

#[test]
fn a_session_of_smb_says_share_and_user() {
    let text = report(at_work().close().frames());
    let lines = sessions(&text);
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].ends_with("\\\\SRV\\data as alice"), "{text}");
}

#[test]
fn many_that_are_alike_are_one_line_and_few_are_not() {
    let few = report(Script::merge((1..=3).map(|n| unknown(40_000 + n))));
    assert_eq!(sessions(&few).len(), 3, "{few}");
    let text = report(Script::merge((1..=300).map(|n| unknown(40_000 + n))));
    let lines = sessions(&text);
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains("tcp ×300"), "{text}");
    assert!(lines[0].contains("10.0.0.1 → 10.0.0.2:9999"), "{text}");
}

#[test]
fn what_is_recognised_stands_before_what_is_not() {
    let smb = at_work().close();
    let text = report(Script::merge([unknown(40_001), smb]));
    assert!(sessions(&text)[0].contains("smb2"), "{text}");
}

#[test]
fn findings_of_one_title_are_told_once_and_counted() {
    let denied = |port: u16| {
        Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:445")
            .connect()
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0xC000_006D))
            .close()
    };
    let text = report(Script::merge((1..=9).map(|n| denied(40_000 + n))));
    let told = |what: &str| text.matches(what).count();
    assert_eq!(told("error    alice was not let in"), 1, "{text}");
    assert_eq!(told("What to do: Check user"), 1, "{text}");
    assert_eq!(told("colloquy explain smb-logon-failed"), 1, "{text}");
    assert!(
        text.contains("… and 8 more findings of smb-logon-failed in sessions"),
        "{text}"
    );
}

#[test]
fn what_is_folded_hides_no_title() {
    let denied = |n: u16, user: &str| {
        Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), "10.0.0.2:445")
            .connect()
            .client(&setup(1, user))
            .server(&setup_answer(1, 0xC000_006D))
            .close()
    };
    let users = ["alice", "bob", "carol", "dave", "erin", "dave", "alice"];
    let scripts = (0_u16..).zip(users).map(|(n, user)| denied(n, user));
    let text = report(Script::merge(scripts));
    for line in [
        "… and 4 more findings of smb-logon-failed in sessions",
        "\n        2 × dave was not let in",
        "\n        1 × erin was not let in",
        "\n        1 × alice was not let in",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Too many for all: those that begin otherwise are there.
    let users: Vec<String> = (0..60).map(|n| format!("user{n:02}")).collect();
    let scripts = (0_u16..).zip(&users).map(|(n, user)| denied(n, user));
    let text = report(Script::merge(scripts));
    assert_eq!(text.matches(" × user").count(), 40, "{text}");
    assert!(text.contains("  and 17 findings in other words"), "{text}");
}

#[test]
fn advice_stands_behind_each_finding_that_has_its_own() {
    let script = at_work()
        .client(&create(3, "a"))
        .server(&no(5, 3, 0xC000_0043))
        .client(&create(4, "b"))
        .server(&no(5, 4, 0xC000_0034))
        .client(&tree(5, "\\\\SRV\\nope"))
        .server(&tree_answer(5, 0xC000_00CC, 0));
    let text = report(script.close().frames());
    assert!(
        text.contains("What to do: Find who has the file open"),
        "{text}"
    );
    assert!(text.contains("What to do: Routine when"), "{text}");
    let explained = text.matches("colloquy explain smb-open-failed").count();
    assert_eq!(explained, 1, "{text}");
}

#[test]
fn advice_that_is_the_same_stands_under_the_first() {
    let script = at_work()
        .client(&create(3, "a"))
        .server(&no(5, 3, 0xC000_0034))
        .client(&create(4, "b"))
        .server(&no(5, 4, 0xC000_003A));
    let text = report(script.close().frames());
    let place = |what: &str| {
        let places: Vec<usize> = text.match_indices(what).map(|(at, _)| at).collect();
        assert_eq!(places.len(), 1, "{what}: {text}");
        places[0]
    };
    let order = [
        place("file a was not opened: STATUS_OBJECT_NAME_NOT_FOUND"),
        place("What to do: Routine when"),
        place("colloquy explain smb-open-failed"),
        place("file b was not opened: STATUS_OBJECT_PATH_NOT_FOUND"),
    ];
    assert!(order.is_sorted(), "{text}");
}
