//! The JSON report, schema 1 (`colloquy report --format json`): every key, its type, and what must hold between the numbers.
//!
//! A key that is not listed here fails: keys are only ever added, and here is where that is noticed.

use std::collections::BTreeMap;

use colloquy::diagnosis::all_rules;
use serde_json::{Map, Value};

use crate::harness::{list, text};

const SEVERITIES: &[&str] = &["critical", "error", "warning", "note"];
const CATEGORIES: &[&str] = &[
    "establishment",
    "dialogue",
    "resources",
    "authentication",
    "capture",
];
const SIDES: &[&str] = &["client", "server", "network", "capture", "unknown"];
const STATES: &[&str] = &[
    "connecting",
    "open",
    "stuck",
    "releasing",
    "closed",
    "aborted",
    "refused",
];
const PHASES: &[&str] = &[
    "connecting",
    "negotiating",
    "authenticating",
    "open",
    "releasing",
    "closed",
    "aborted",
    "refused",
];

/// What a key holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    /// A text that says something.
    Words,
    OneOf(&'static [&'static str]),
    Time,
    Count,
    /// A number that is not negative.
    Number,
    Bool,
    Object,
    List,
    Or(&'static Self),
}

use Kind::{Bool, Count, List, Number, Object, OneOf, Or, Text, Time, Words};

const CAPTURE: &[(&str, Kind)] = &[
    ("path", Text),
    ("format", OneOf(&["pcap", "pcapng", "memory", "live"])),
    ("compression", Or(&OneOf(&["gzip", "zstd", "lz4"]))),
    ("link_types", List),
    ("frames", Count),
    ("bytes", Count),
    ("first", Or(&Time)),
    ("last", Or(&Time)),
    ("damage", Or(&Object)),
    ("dropped", Or(&Count)),
    ("not_understood", Object),
    ("ip_fragments", Count),
    ("interfaces", List),
    ("comments", List),
    ("hardware", Or(&Text)),
    ("os", Or(&Text)),
    ("application", Or(&Text)),
];

const INTERFACE: &[(&str, Kind)] = &[
    ("name", Or(&Text)),
    ("description", Or(&Text)),
    ("link_type", Words),
    ("snap_length", Count),
    ("filter", Or(&Text)),
    ("frames", Count),
    ("received", Or(&Count)),
    ("dropped", Or(&Count)),
    ("dropped_by_os", Or(&Count)),
];

const COMMENT: &[(&str, Kind)] = &[("frame", Or(&Count)), ("text", Text)];

const SESSION: &[(&str, Kind)] = &[
    ("id", Count),
    ("parent", Or(&Count)),
    ("capture", Count),
    ("protocol", Words),
    ("transport", OneOf(&["tcp", "udp"])),
    ("stream", Count),
    ("client", Object),
    ("server", Object),
    ("opened", Time),
    ("closed", Or(&Time)),
    ("duration", Number),
    ("first_frame", Count),
    ("last_frame", Count),
    ("state", OneOf(STATES)),
    ("began_before_capture", Bool),
    ("ended_after_capture", Bool),
    ("phases", List),
    ("messages", Object),
    ("bytes", Object),
    ("requests", Object),
    ("response_time", Or(&Object)),
    ("missing_bytes", Object),
    ("details", Object),
    ("cannot_tell", List),
];

const FINDING: &[(&str, Kind)] = &[
    ("rule", Words),
    ("severity", OneOf(SEVERITIES)),
    ("certainty", OneOf(&["certain", "likely"])),
    ("category", OneOf(CATEGORIES)),
    ("session", Or(&Count)),
    ("capture", Count),
    ("at", Time),
    ("side", OneOf(SIDES)),
    ("frames", List),
    ("title", Words),
    ("explanation", Words),
    ("advice", Words),
    ("reference", Words),
    ("numbers", Object),
];

const SUMMARY: &[(&str, Kind)] = &[
    ("frames", Count),
    ("sessions", Count),
    ("by_protocol", Object),
    ("by_state", Object),
    ("by_severity", Object),
    ("rules_checked", Count),
    ("not_judged", Count),
];

/// A row of the response times, which are there only when they were asked for (`--tables srt`).
const RESPONSE_TIME: &[(&str, Kind)] = &[
    ("protocol", Words),
    ("group", Text),
    ("operation", Words),
    ("number", Count),
    ("server", Or(&Object)),
    ("answered_by", OneOf(&["client", "server"])),
    ("waits", Or(&Words)),
    ("calls", Count),
    ("answered", Count),
    ("failed", Count),
    ("unanswered", Count),
    ("pending", Count),
    ("times", Or(&Object)),
];

const BOTH_SIDES: &[(&str, Kind)] = &[("client", Count), ("server", Count)];

/// Fails where a whole report is not what schema 1 says.
pub(crate) fn check(report: &Value) {
    let mut top = vec![
        ("schema", Count),
        ("generator", Words),
        ("captures", List),
        ("sessions", List),
        ("findings", List),
        ("summary", Object),
    ];
    if !report["response_times"].is_null() {
        top.push(("response_times", List));
        check_response_times(report);
    }
    keys(report, "report", &top);
    assert_eq!(report["schema"], 1);
    assert!(text(report, "generator").starts_with("colloquy "));
    for capture in list(report, "captures") {
        check_capture(capture);
    }
    for (session, id) in list(report, "sessions").iter().zip(1_u64..) {
        assert_eq!(session["id"], id, "ids count from 1");
        check_session(session, report);
    }
    for finding in list(report, "findings") {
        check_finding(finding, report);
    }
    check_summary(report);
}

/// Fails where a line of `--format jsonl` is none; gives its kind.
pub(crate) fn check_line(line: &Value) -> &str {
    let (kind, inner) = line.as_object().unwrap().iter().next().expect("one key");
    assert_eq!(line.as_object().unwrap().len(), 1, "{line}");
    match kind.as_str() {
        "session" => keys(inner, "session", SESSION),
        "finding" => keys(inner, "finding", FINDING),
        "response_time" => keys(inner, "response_time", RESPONSE_TIME),
        "summary" => keys(inner, "summary", SUMMARY),
        other => panic!("a line of kind {other}"),
    }
    kind
}

fn check_capture(capture: &Value) {
    keys(capture, "capture", CAPTURE);
    if !capture["damage"].is_null() {
        keys(
            &capture["damage"],
            "damage",
            &[("at_byte", Count), ("what", Words)],
        );
    }
    assert!(list(capture, "link_types").iter().all(Value::is_string));
    counts(&capture["not_understood"]);
    for interface in list(capture, "interfaces") {
        keys(interface, "interface", INTERFACE);
    }
    for comment in list(capture, "comments") {
        keys(comment, "comment", COMMENT);
    }
    for comment in list(capture, "comments") {
        keys(comment, "comment", &[("frame", Or(&Count)), ("text", Text)]);
    }
}

fn check_session(session: &Value, report: &Value) {
    keys(session, "session", SESSION);
    for side in ["client", "server"] {
        let end = [("address", Words), ("port", Count), ("name", Or(&Words))];
        keys(&session[side], side, &end);
        let address = text(&session[side], "address");
        assert!(address.parse::<std::net::IpAddr>().is_ok(), "{address}");
        assert!(session[side]["port"].as_u64() <= Some(65_535));
    }
    for pair in ["messages", "bytes", "missing_bytes"] {
        keys(&session[pair], pair, BOTH_SIDES);
    }
    check_requests(session);
    check_place(session, report);
    for phase in list(session, "phases") {
        keys(
            phase,
            "phase",
            &[("phase", OneOf(PHASES)), ("at", Time), ("frame", Count)],
        );
    }
    for reason in list(session, "cannot_tell") {
        keys(
            reason,
            "cannot_tell",
            &[("rule", Words), ("guard", Words), ("why", Words)],
        );
        let rule = text(reason, "rule");
        assert!(all_rules().any(|r| r.name == rule), "no rule {rule}");
        let guard = text(reason, "guard")
            .strip_prefix('T')
            .map(str::parse::<u8>);
        assert!(matches!(guard, Some(Ok(1..=14))), "{reason}");
    }
}

fn check_requests(session: &Value) {
    let names = ["sent", "answered", "failed", "unanswered", "pending"];
    keys(
        &session["requests"],
        "requests",
        &names.map(|name| (name, Count)),
    );
    let [sent, answered, failed, unanswered, pending] =
        names.map(|name| count(&session["requests"], name));
    assert_eq!(
        sent,
        answered + unanswered + pending,
        "requests of {session}"
    );
    assert!(failed <= answered);
    let times = &session["response_time"];
    if !times.is_null() {
        let names = ["median", "p95", "max"];
        keys(times, "response_time", &names.map(|name| (name, Number)));
        let [median, p95, max] = names.map(|name| times[name].as_f64().unwrap());
        assert!(median <= p95 && p95 <= max, "{times}");
    }
}

/// Each row adds up, and all of them to what the sessions have.
fn check_response_times(report: &Value) {
    let counts = ["answered", "failed", "unanswered", "pending"];
    let mut sums = [0; 4];
    for row in list(report, "response_times") {
        keys(row, "response_time", RESPONSE_TIME);
        let [answered, failed, unanswered, pending] = counts.map(|name| count(row, name));
        assert_eq!(
            count(row, "calls"),
            answered + unanswered + pending,
            "{row}"
        );
        assert!(count(row, "calls") > 0 && failed <= answered, "{row}");
        let times = &row["times"];
        assert_eq!(times.is_null(), answered == 0, "{row}");
        if !times.is_null() {
            let names = ["min", "median", "p95", "p99", "max"];
            let all = names.map(|name| (name, Number)).into_iter();
            let all: Vec<_> = all.chain([("mean", Number)]).collect();
            keys(times, "times", &all);
            let ordered = names.map(|name| times[name].as_f64().unwrap());
            assert!(ordered.is_sorted(), "{row}");
            let mean = times["mean"].as_f64().unwrap();
            assert!(
                ordered[0] <= mean + 1e-9 && mean <= ordered[4] + 1e-9,
                "{row}"
            );
        }
        for (sum, name) in sums.iter_mut().zip(counts) {
            *sum += count(row, name);
        }
    }
    let sessions = counts.map(|name| {
        let requests = list(report, "sessions").iter().map(|s| &s["requests"]);
        requests.map(|r| count(r, name)).sum::<u64>()
    });
    assert_eq!(sums, sessions, "the rows' {counts:?} and the sessions'");
}

/// A session lies in its capture and in its parent.
fn check_place(session: &Value, report: &Value) {
    let frames = frames_of_capture(session, report);
    let (first, last) = (count(session, "first_frame"), count(session, "last_frame"));
    assert!(
        1 <= first && first <= frames && 1 <= last && last <= frames,
        "{session}"
    );
    let id = count(session, "id");
    let Some(parent) = session["parent"].as_u64() else {
        assert_eq!(
            session["protocol"], session["transport"],
            "a session without a parent is the carrier"
        );
        return;
    };
    assert!(parent < id, "a parent comes before its children: {session}");
    let parent = &list(report, "sessions")[parent as usize - 1];
    for same in ["capture", "transport", "stream", "client", "server"] {
        assert_eq!(parent[same], session[same], "{same} of {session}");
    }
    assert_eq!(
        session["closed"].is_null(),
        session["ended_after_capture"] == true
    );
}

fn check_finding(finding: &Value, report: &Value) {
    keys(finding, "finding", FINDING);
    let rule = text(finding, "rule");
    let meta = all_rules()
        .find(|r| r.name == rule)
        .unwrap_or_else(|| panic!("no rule {rule}"));
    let category = text(finding, "category");
    // What belongs to no session limits what the capture can tell, whatever it is.
    let is_of_capture = finding["session"].is_null() && category == "capture";
    assert!(
        is_of_capture || category == meta.category.name(),
        "{rule} is of {category}"
    );
    assert_eq!(finding["reference"], meta.reference, "{rule}");
    let frames = frames_of_capture(finding, report);
    match finding["session"].as_u64() {
        None => assert_eq!(finding["category"], "capture", "{rule}"),
        Some(id) => {
            let session = &list(report, "sessions")[id as usize - 1];
            assert_eq!(session["capture"], finding["capture"]);
            let protocol = text(session, "protocol");
            assert!(
                meta.protocols.is_empty() || meta.protocols.contains(&protocol),
                "{rule} on {protocol}"
            );
            assert!(
                !list(finding, "frames").is_empty(),
                "{rule} without evidence: {finding}"
            );
        }
    }
    for evidence in list(finding, "frames") {
        keys(evidence, "evidence", &[("frame", Count), ("role", Words)]);
        let frame = count(evidence, "frame");
        assert!(
            1 <= frame && frame <= frames,
            "{rule} cites frame {frame} of {frames}"
        );
    }
    for (name, number) in finding["numbers"].as_object().unwrap() {
        assert!(
            number.as_f64().is_some_and(f64::is_finite),
            "{rule}: {name} is {number}"
        );
    }
}

fn check_summary(report: &Value) {
    let summary = &report["summary"];
    keys(summary, "summary", SUMMARY);
    let sessions = list(report, "sessions");
    assert_eq!(summary["sessions"], sessions.len());
    let frames: u64 = list(report, "captures")
        .iter()
        .map(|c| count(c, "frames"))
        .sum();
    assert_eq!(summary["frames"], frames);
    assert_eq!(summary["rules_checked"], all_rules().count());
    let not_judged = sessions
        .iter()
        .filter(|s| !list(s, "cannot_tell").is_empty())
        .count();
    assert_eq!(summary["not_judged"], not_judged);
    for (tally, items, key) in [
        ("by_protocol", sessions, "protocol"),
        ("by_state", sessions, "state"),
        ("by_severity", list(report, "findings"), "severity"),
    ] {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for item in items {
            *counted.entry(text(item, key).to_owned()).or_default() += 1;
        }
        assert_eq!(
            summary[tally],
            serde_json::to_value(&counted).unwrap(),
            "{tally}"
        );
    }
}

fn frames_of_capture(item: &Value, report: &Value) -> u64 {
    count(
        &list(report, "captures")[count(item, "capture") as usize],
        "frames",
    )
}

fn count(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

fn counts(value: &Value) {
    assert!(
        value.as_object().unwrap().values().all(Value::is_u64),
        "{value}"
    );
}

/// Exactly these keys, each of its kind.
fn keys(value: &Value, what: &str, expected: &[(&str, Kind)]) {
    let map: &Map<String, Value> = value
        .as_object()
        .unwrap_or_else(|| panic!("{what} is {value}"));
    for key in map.keys() {
        assert!(
            expected.iter().any(|(name, _)| name == key),
            "{what} has an unknown key {key}"
        );
    }
    for (name, kind) in expected {
        let inner = map
            .get(*name)
            .unwrap_or_else(|| panic!("{what} lacks {name}: {value}"));
        assert!(is(inner, *kind), "{what}.{name} is {inner}, not {kind:?}");
    }
}

fn is(value: &Value, kind: Kind) -> bool {
    match kind {
        Text => value.is_string(),
        Words => value.as_str().is_some_and(|s| !s.trim().is_empty()),
        OneOf(words) => value.as_str().is_some_and(|s| words.contains(&s)),
        Time => value.as_str().is_some_and(is_time),
        Count => value.is_u64(),
        Number => value.as_f64().is_some_and(|n| n.is_finite() && n >= 0.0),
        Bool => value.is_boolean(),
        Object => value.is_object(),
        List => value.is_array(),
        Or(kind) => value.is_null() || is(value, *kind),
    }
}

/// RFC 3339 in UTC with nine digits of the second: `2026-01-01T00:00:00.000000000Z`.
fn is_time(text: &str) -> bool {
    text.len() == 30
        && text
            .bytes()
            .zip(b"dddd-dd-ddTdd:dd:dd.dddddddddZ")
            .all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                _ => byte == *form,
            })
        && text.parse::<jiff::Timestamp>().is_ok()
}
