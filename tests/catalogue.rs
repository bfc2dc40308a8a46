//! Every rule and protocol is registered, documented and tested; `explain` has a page for each.

use std::collections::BTreeSet;
use std::fs;

use colloquy::diagnosis::{CAPTURE_RULES, Category, RULES, RuleMeta, all_rules};
use colloquy::dissectors::protocols::PROTOCOLS;

use crate::harness::{colloquy, files_in, root};

/// The rules without which no first version is worth its name: those on every protocol, on TCP, and on the four that count.
const WANTED: &[&str] = &[
    // All protocols.
    "both-sides-waiting",
    "duplicate-message",
    "message-incomplete",
    "orphan-reply",
    "request-unanswered",
    "slow-answer",
    // TCP and UDP.
    "tcp-aborted-in-flight",
    "tcp-connect-refused",
    "tcp-connect-unanswered",
    "tcp-half-close-hanging",
    "tcp-half-open",
    "tcp-loss-stall",
    "tcp-path-dark",
    "tcp-zero-window",
    "udp-port-unreachable",
    // NetBIOS Session Service.
    "nbss-data-before-session",
    "nbss-insufficient-resources",
    "nbss-request-unanswered",
    "nbss-retarget-not-followed",
    "nbss-session-refused",
    "nbss-unexpected-message",
    // ONC RPC.
    "rpc-auth-error",
    "rpc-program-not-registered",
    "rpc-program-unavailable",
    "rpc-record-desync",
    "rpc-retransmission-storm",
    "rpc-version-mismatch",
    // DCE/RPC.
    "dcerpc-access-denied",
    "dcerpc-bind-failed",
    "dcerpc-context-rejected",
    "dcerpc-fault",
    "dcerpc-fragments-broken",
    "dcerpc-server-busy",
    // WebSocket.
    "ws-abnormal-closure",
    "ws-close-error-code",
    "ws-close-unanswered",
    "ws-control-frame-invalid",
    "ws-data-after-close",
    "ws-fragment-order",
    "ws-frame-invalid",
    "ws-handshake-invalid",
    "ws-masking-violation",
    "ws-not-authorised",
    "ws-ping-unanswered",
    "ws-policy-close",
    "ws-upgrade-failed",
    // HTTP.
    "http-auth-loop",
    "http-body-incomplete",
    "http-login-refused",
    "http-session-refused",
    "http-throttled",
    // What limits the verdicts.
    "capture-clock",
    "capture-cut-frames",
    "capture-damaged",
    "capture-drops",
    "capture-duplicates",
    "capture-offload",
    "capture-one-sided",
];

/// The headings of a rule's page, in this order.
const HEADINGS: &[&str] = &[
    "What it means",
    "Why it matters",
    "How it is told",
    "Example",
    "What to do",
    "References",
];

/// A file in `src/diagnosis/rules` that declares a rule.
struct RuleFile {
    name: String,
    text: String,
    on_captures: bool,
}

fn rule_files() -> Vec<RuleFile> {
    files_in(&root().join("src/diagnosis/rules"))
        .into_iter()
        .filter_map(|path| {
            let mut text = fs::read_to_string(&path).unwrap();
            // Many tests have a file of their own.
            if text.ends_with("#[cfg(test)]\nmod tests;\n") {
                let tests = fs::read_to_string(path.with_extension("").join("tests.rs")).unwrap();
                text.truncate(text.len() - ";\n".len());
                text = [text.as_str(), " {\n", &tests, "}\n"].concat();
            }
            let on_captures = text.contains("\ndeclare_capture_rule! {");
            let name = path
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .replace('_', "-");
            (on_captures || text.contains("\ndeclare_rule! {")).then_some(RuleFile {
                name,
                text,
                on_captures,
            })
        })
        .collect()
}

fn names<'a>(rules: impl Iterator<Item = &'a RuleMeta>) -> BTreeSet<&'a str> {
    rules.map(|r| r.name).collect()
}

#[test]
fn every_rule_is_registered_under_its_files_name() {
    let files = rule_files();
    let on = |captures: bool| -> BTreeSet<&str> {
        files
            .iter()
            .filter(|f| f.on_captures == captures)
            .map(|f| f.name.as_str())
            .collect()
    };
    assert_eq!(
        on(false),
        names(RULES.iter().map(|r| r.meta())),
        "files and RULES"
    );
    assert_eq!(
        on(true),
        names(CAPTURE_RULES.iter().map(|r| r.meta())),
        "files and CAPTURE_RULES"
    );
    assert_eq!(all_rules().count(), files.len(), "each once");
}

#[test]
fn every_protocol_is_registered_under_its_folders_name() {
    let folder = root().join("dissectors/src/protocols");
    let folders: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .collect();
    let registered: BTreeSet<String> = PROTOCOLS
        .iter()
        .map(|p| {
            FOLDERS
                .iter()
                .find(|(name, _)| *name == p.name)
                .map_or(p.name, |(_, folder)| folder)
                .to_owned()
        })
        .collect();
    assert_eq!(folders, registered);
}

/// Protocols whose folder has another name.
const FOLDERS: &[(&str, &str)] = &[
    ("rpc", "oncrpc"),
    ("ssdp", "http"),
    ("http/0.9", "http"),
    ("tls-messages", "tls"),
];

#[test]
fn the_rules_that_count_are_there() {
    let there = names(all_rules());
    let missing: Vec<_> = WANTED
        .iter()
        .filter(|rule| !there.contains(*rule))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn every_page_has_the_headings_in_their_order() {
    for rule in all_rules() {
        let headings: Vec<&str> = rule
            .doc
            .lines()
            .filter_map(|line| line.trim().strip_prefix("## "))
            .collect();
        assert_eq!(headings, HEADINGS, "{}", rule.name);
        for section in rule.doc.split("## ").skip(1) {
            let (heading, text) = section.split_once('\n').unwrap();
            assert!(
                text.trim().len() > 10,
                "{}: \"{heading}\" says nothing",
                rule.name
            );
        }
        assert!(
            !rule.summary.ends_with('.') && !rule.reference.is_empty(),
            "{}",
            rule.name
        );
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.name.chars().all(is_name), "{}", rule.name);
    }
}

/// A machine cannot see whether tests are good, but that there are some of each kind: one that finds, one that finds nothing, one
/// with something missing. Rules on captures are about what is missing, so they have no third.
#[test]
fn every_rule_has_a_hit_a_near_miss_and_a_gap() {
    let mut faults = Vec::new();
    for rule in rule_files() {
        let tests = rule
            .text
            .split_once("#[cfg(test)]\nmod tests {")
            .map_or("", |(_, tests)| tests);
        let hit = [
            "found[",
            "RULE)[0]",
            ".len(),",
            ".is_some()",
            "assert!(!",
            "assert_eq!(found",
            "[Severity::",
        ];
        let quiet = ["is_empty()", "is_none()", ", 0)", ", None)"];
        let gap = [
            "_lost(",
            "cannot_tell(",
            "drop_last(",
            "remove(0)",
            "_not_captured",
            "without_the_",
            "_does_not_hold_",
            "_in_mid_stream_",
            "_ends_too_soon_",
        ];
        let has = |signs: &[&str]| signs.iter().any(|sign| tests.contains(sign));
        for (what, there) in [
            ("hit", has(&hit)),
            ("near miss", has(&quiet)),
            ("gap", rule.on_captures || has(&gap)),
            ("second test", tests.matches("#[test]").count() >= 2),
        ] {
            if !there {
                faults.push(format!("{}: no {what}", rule.name));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn explain_lists_every_rule_under_its_category() {
    let output = colloquy(["explain"]).assert().success();
    let list = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let mut category = "";
    let mut listed = BTreeSet::new();
    for line in list.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_suffix(':') {
            category = name;
            continue;
        }
        let name = line.split_whitespace().next().unwrap();
        let rule = all_rules()
            .find(|r| r.name == name)
            .unwrap_or_else(|| panic!("{line}"));
        assert_eq!(rule.category.name(), category);
        assert!(
            line.contains(rule.severity.name()) && line.ends_with(rule.summary),
            "{line}"
        );
        listed.insert(rule.name);
    }
    assert_eq!(listed, names(all_rules()));
    assert!(
        Category::ALL
            .iter()
            .all(|c| list.contains(&format!("{}:\n", c.name())))
    );
}

#[test]
fn explain_has_a_page_for_each() {
    for rule in all_rules() {
        let output = colloquy(["explain", rule.name]).assert().success();
        let page = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(
            page.starts_with(&format!("# {}: {}\n", rule.name, rule.summary)),
            "{page}"
        );
        assert!(
            HEADINGS
                .iter()
                .all(|h| page.contains(&format!("\n## {h}\n"))),
            "{page}"
        );
        assert!(
            page.contains(rule.reference) && page.lines().all(|line| line.len() < 160),
            "{page}"
        );
    }
}

#[test]
fn explain_guesses_what_was_meant() {
    for (typed, meant) in [
        ("request-unaswered", "request-unanswered"),
        ("nbss-request-unanswerd", "nbss-request-unanswered"),
        ("tcp_zero_window", "tcp-zero-window"),
    ] {
        let output = colloquy(["explain", typed]).assert().code(2);
        let complaint = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let expected = format!(
            "colloquy: no rule \"{typed}\", did you mean {meant}?; `colloquy explain` lists them\n"
        );
        assert_eq!(complaint, expected);
        assert!(output.get_output().stdout.is_empty());
    }
    let output = colloquy(["explain", "x"]).assert().code(2);
    let complaint = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert_eq!(
        complaint,
        "colloquy: no rule \"x\"; `colloquy explain` lists them\n"
    );
}
