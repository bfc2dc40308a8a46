//! Every sample against its truth. A new sample is tested as soon as it lies in its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use colloquy::diagnosis::all_rules;
use serde_json::Value;

use crate::harness::{
    Party, Sample, Truth, colloquy, each_sample, files_in, list, report_of, root, samples, text,
};
use crate::schema;

/// The usual bound on a sample, so that the repository stays small.
const MOST_BYTES: usize = 100_000;

#[test]
fn each_has_its_truth_and_a_modest_size() {
    for sample in samples() {
        let Truth { made, .. } = &sample.truth;
        let texts = [
            &sample.truth.title,
            &sample.truth.story,
            &made.scenario,
            &made.peers,
            &made.trouble,
        ];
        assert!(
            texts.iter().all(|t| !t.trim().is_empty()),
            "{}",
            sample.name
        );
        assert!(
            sample.bytes.len() <= MOST_BYTES,
            "{} is too large",
            sample.name
        );
        assert!(
            sample
                .name
                .starts_with(&format!("{}/", sample.truth.protocol)),
            "{}",
            sample.name
        );
        assert!(matches!(made.vantage, Party::Client | Party::Server) && made.delay_ms >= 0.0);
        assert_eq!(
            sample.truth.healthy,
            sample.truth.at_fault == Party::None,
            "{}",
            sample.name
        );
        assert_eq!(
            sample.truth.healthy,
            sample.truth.expect.is_empty(),
            "{}",
            sample.name
        );
    }
    let loose: Vec<_> = files_in(&root().join("samples"))
        .into_iter()
        .filter(|path| {
            !["pcap", "pcapng", "toml", "md"]
                .iter()
                .any(|e| path.extension().is_some_and(|x| x == *e))
        })
        .collect();
    assert!(loose.is_empty(), "not a sample: {loose:?}");
}

#[test]
fn the_rules_they_name_exist() {
    for Sample { name, truth, .. } in samples() {
        let cited = truth.cites.iter().flat_map(|c| &c.rules);
        for rule in truth
            .expect
            .iter()
            .flatten()
            .chain(&truth.also)
            .chain(cited)
        {
            assert!(is_written(rule), "{name}: no rule {rule}");
        }
    }
}

#[test]
fn each_protocol_is_there_healthy_and_in_trouble() {
    let mut seen: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for sample in samples() {
        seen.entry(&sample.truth.protocol)
            .or_default()
            .insert(sample.truth.healthy);
    }
    for protocol in ["nbss", "smb", "oncrpc", "dcerpc", "http", "websocket"] {
        assert_eq!(seen.get(protocol).map(BTreeSet::len), Some(2), "{protocol}");
    }
    assert!(seen.contains_key("tcp"));
}

#[test]
fn what_must_be_told_is_told() {
    each_sample(|sample| {
        let report = report_of(&[&sample.path]);
        let fired = fired(&report);
        for group in sample
            .truth
            .expect
            .iter()
            .filter(|g| g.iter().any(|r| is_written(r)))
        {
            assert!(
                group.iter().any(|rule| fired.contains_key(rule.as_str())),
                "{}: none of {group:?} fired, but {fired:?}",
                sample.name
            );
        }
        for cite in sample
            .truth
            .cites
            .iter()
            .filter(|c| c.rules.iter().any(|r| is_written(r)))
        {
            assert!(
                list(&report, "findings").iter().any(|finding| {
                    let frames: Vec<_> = list(finding, "frames")
                        .iter()
                        .map(|f| f["frame"].as_u64())
                        .collect();
                    cite.rules.iter().any(|rule| rule == text(finding, "rule"))
                        && cite
                            .frames
                            .iter()
                            .all(|frame| frames.contains(&Some(*frame)))
                }),
                "{}: {:?} do not cite {:?}",
                sample.name,
                cite.rules,
                cite.frames
            );
        }
    });
}

#[test]
fn who_is_at_fault_is_told() {
    each_sample(|sample| {
        let Truth {
            expect,
            at_fault,
            points_at,
            ..
        } = &sample.truth;
        let expected: Vec<_> = expect.iter().flatten().filter(|r| is_written(r)).collect();
        let wanted = points_at.unwrap_or(*at_fault).name();
        let report = report_of(&[&sample.path]);
        let sides: Vec<_> = list(&report, "findings")
            .iter()
            .filter(|finding| expected.iter().any(|rule| *rule == text(finding, "rule")))
            .map(|finding| text(finding, "side"))
            .collect();
        assert!(
            expected.is_empty() || sides.contains(&wanted),
            "{}: the {wanted} is at fault, but the findings point at {sides:?}",
            sample.name
        );
    });
}

#[test]
fn nothing_else_is_claimed() {
    each_sample(|sample| {
        let truth = &sample.truth;
        let report = report_of(&[&sample.path]);
        let loud: Vec<_> = fired(&report)
            .into_iter()
            .filter(|(rule, severity)| {
                *severity != "note"
                    && !truth
                        .expect
                        .iter()
                        .flatten()
                        .chain(&truth.also)
                        .any(|r| r == rule)
            })
            .collect();
        assert!(loud.is_empty(), "{}: nobody expects {loud:?}", sample.name);
    });
}

#[test]
fn the_sessions_are_what_took_place() {
    each_sample(|sample| {
        let Sample {
            name, truth, path, ..
        } = sample;
        let report = report_of(&[path]);
        schema::check(&report);
        let by_protocol: BTreeMap<String, u64> =
            serde_json::from_value(report["summary"]["by_protocol"].clone()).unwrap();
        assert_eq!(by_protocol, truth.sessions, "{name}");
        let states = truth.states.keys().collect::<Vec<_>>();
        assert_eq!(
            states,
            truth.sessions.keys().collect::<Vec<_>>(),
            "{name}: [states] and [sessions]"
        );
        for (protocol, wanted) in &truth.states {
            let mut states: Vec<_> = of_protocol(&report, protocol)
                .map(|s| text(s, "state"))
                .collect();
            if let [one] = wanted.as_slice() {
                states.retain(|state| state != one);
                assert!(
                    states.is_empty(),
                    "{name}: {protocol} is {states:?}, not {one}"
                );
            } else {
                assert_eq!(&states, wanted, "{name}: {protocol}");
            }
        }
        check_ends(name, truth, &report);
        check_details(name, truth, &report);
    });
}

fn check_ends(name: &str, truth: &Truth, report: &Value) {
    let mut servers = BTreeSet::new();
    for session in list(report, "sessions") {
        let address = |side| text(&session[side], "address").parse::<IpAddr>().unwrap();
        assert_eq!(
            address("client"),
            truth.client,
            "{name}: the client of session {}",
            session["id"]
        );
        let port = session["server"]["port"].as_u64().unwrap();
        servers.insert(SocketAddr::new(address("server"), port as u16));
    }
    assert_eq!(
        servers,
        truth.servers.iter().copied().collect(),
        "{name}: servers"
    );
}

fn check_details(name: &str, truth: &Truth, report: &Value) {
    for detail in &truth.details {
        let found: Vec<_> = of_protocol(report, &detail.protocol)
            .filter_map(|session| session["details"].get(&detail.key))
            .collect();
        let wanted: Vec<Value> = detail
            .values
            .iter()
            .map(|v| serde_json::to_value(v).unwrap())
            .collect();
        assert!(
            found.iter().copied().eq(&wanted),
            "{name}: {} of {} is {found:?}, not {wanted:?}",
            detail.key,
            detail.protocol
        );
    }
}

#[test]
fn the_text_report_reads_as_it_did() {
    each_sample(|sample| {
        let output = colloquy(["report".as_ref(), sample.path.as_os_str()])
            .assert()
            .success();
        let report = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        // A rule more must not change every snapshot.
        let report = report.replace(
            &format!(", {} rules: ", all_rules().count()),
            ", all rules: ",
        );
        insta::with_settings!({
            snapshot_path => "snapshots/samples",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(sample.name.replace('/', "-"), report);
        });
    });
}

/// What the README shows is what `scripts/demo.sh` prints.
#[test]
fn the_readme_shows_a_report_as_it_is() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let report = colloquy(["report", "samples/nbss/request-unanswered.pcap"])
        .current_dir(root())
        .assert()
        .success();
    let report = String::from_utf8(report.get_output().stdout.clone()).unwrap();
    let shown = format!("```text\n{}\n```", report.trim_end());
    assert!(readme.contains(&shown), "the README should show:\n{report}");
}

/// `samples/README.md` has a row for each sample, and no other.
#[test]
fn the_index_lists_exactly_these() {
    let index = std::fs::read_to_string(root().join("samples/README.md")).unwrap();
    let rows: Vec<&str> = index
        .lines()
        .filter(|line| line.starts_with("| ["))
        .collect();
    let listed: Vec<String> = rows
        .iter()
        .map(|row| {
            row.trim_start_matches("| [")
                .split(']')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let names: Vec<String> = samples().iter().map(|s| s.name.clone()).collect();
    assert_eq!(listed, names, "samples/README.md and samples/");
    for (row, sample) in rows.iter().zip(samples()) {
        let link = format!(
            "]({})",
            sample.path.strip_prefix("samples").unwrap().display()
        );
        assert!(row.contains(&link), "{row}");
        let parts = [sample.truth.title.as_str(), sample.truth.at_fault.name()];
        assert!(
            parts
                .iter()
                .all(|part| row.contains(&part.replace('|', "\\|"))),
            "out of date: {row}"
        );
        for rule in sample.truth.expect.iter().flatten() {
            assert!(
                row.contains(rule.as_str()),
                "{}: the index lacks {rule}",
                sample.name
            );
        }
    }
}

fn is_written(rule: &str) -> bool {
    all_rules().any(|r| r.name == rule)
}

/// The rules that fired on sessions, each with its worst severity.
fn fired(report: &Value) -> BTreeMap<&str, &str> {
    let mut fired = BTreeMap::new();
    for finding in list(report, "findings")
        .iter()
        .filter(|f| f["category"] != "capture")
    {
        let severity = fired.entry(text(finding, "rule")).or_insert("note");
        if text(finding, "severity") != "note" {
            *severity = text(finding, "severity");
        }
    }
    fired
}

fn of_protocol<'a>(report: &'a Value, protocol: &'a str) -> impl Iterator<Item = &'a Value> {
    list(report, "sessions")
        .iter()
        .filter(move |s| text(s, "protocol") == protocol)
}
