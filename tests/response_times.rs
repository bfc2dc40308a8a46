//! `report --tables srt` on every sample: the rows add up to the sessions, on any number of threads, and read as they did.

use std::io::Cursor;

use colloquy::analysis::{Outcome, Wanted};
use colloquy::capture;
use colloquy::report::text::{self, Layout};
use colloquy::runner::{self, Options};
use serde_json::Value;

use crate::harness::{colloquy, each_sample, json_of, list, root};
use crate::schema;

fn timed(bytes: &[u8], threads: usize) -> Outcome {
    let mut source = capture::from_reader("bytes", Cursor::new(bytes.to_vec())).unwrap();
    let options = Options {
        threads,
        response_times: Wanted::All,
        ..Options::default()
    };
    runner::analyse(source.as_mut(), &options)
}

fn printed(args: &[&str]) -> String {
    let output = colloquy(args).current_dir(root()).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn rows_add_up_to_the_sessions_on_any_number_of_threads() {
    each_sample(|sample| {
        let one = json_of(&timed(&sample.bytes, 1));
        schema::check(&one);
        assert!(one["response_times"].is_array());
        for threads in [2, 3, 8] {
            let many = json_of(&timed(&sample.bytes, threads));
            assert_eq!(many, one, "{} with {threads} threads", sample.name);
        }
    });
}

#[test]
fn tables_are_as_wide_as_the_terminal() {
    each_sample(|sample| {
        let mut report = Vec::new();
        text::write(&timed(&sample.bytes, 1), &Layout::default(), &mut report).unwrap();
        let report = String::from_utf8(report).unwrap();
        let table = report
            .lines()
            .skip_while(|l| !l.starts_with("Response times"));
        for line in table {
            assert!(line.chars().count() <= 100, "{}: {line}", sample.name);
        }
    });
}

#[test]
fn tables_read_as_they_did() {
    let samples = [
        "samples/smb/notify-pending.pcapng",
        "samples/oncrpc/nfs3-tcp.pcapng",
        "samples/oncrpc/call-unanswered.pcap",
        "samples/dcerpc/pipe-srvsvc.pcap",
    ];
    for sample in samples {
        let report = printed(&["report", "--tables", "srt", sample]);
        let table = report.split("\nResponse times").nth(1);
        let table = table.unwrap_or_else(|| panic!("no table in {report}"));
        let (table, _) = table.trim_end().rsplit_once("\n\n").unwrap();
        insta::with_settings!({
            snapshot_path => "snapshots/tables",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(sample.replace('/', "-"), format!("Response times{table}"));
        });
    }
}

#[test]
fn a_report_without_tables_has_none() {
    let plain = printed(&[
        "report",
        "samples/oncrpc/nfs3-tcp.pcapng",
        "--format",
        "json",
    ]);
    assert!(!plain.contains("\"response_times\""));
}

#[test]
fn each_row_is_a_line_of_jsonl() {
    let args = ["report", "--tables", "srt", "--format"];
    let sample = "samples/oncrpc/nfs3-tcp.pcapng";
    let lines = printed(&[&args[..], &["jsonl", sample]].concat());
    let lines = lines
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap());
    let rows: Vec<Value> = lines
        .filter(|line| schema::check_line(line) == "response_time")
        .map(|line| line["response_time"].clone())
        .collect();
    let report = printed(&[&args[..], &["json", sample]].concat());
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(!rows.is_empty());
    assert_eq!(&rows, list(&report, "response_times"));
}

#[test]
fn a_filter_narrows_the_tables_too() {
    let sample = "samples/oncrpc/nfs3-tcp.pcapng";
    let args = [
        "report",
        "--tables=srt",
        "--format=json",
        sample,
        "--filter",
    ];
    let report = |filter| -> Value {
        serde_json::from_str(&printed(&[&args[..], &[filter]].concat())).unwrap()
    };
    let narrow = report("session.protocol == \"nfs\"");
    let protocols = |report: &Value| -> Vec<String> {
        let rows = list(report, "response_times").iter();
        rows.map(|row| row["protocol"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(protocols(&narrow).iter().all(|p| p == "nfs"));
    let asked = |report: &Value| -> u64 {
        let sessions = list(report, "sessions").iter();
        sessions
            .map(|s| s["requests"]["sent"].as_u64().unwrap())
            .sum()
    };
    let calls = |report: &Value| -> u64 {
        let rows = list(report, "response_times").iter();
        rows.map(|row| row["calls"].as_u64().unwrap()).sum()
    };
    assert!(calls(&narrow) > 0);
    assert_eq!(calls(&narrow), asked(&narrow));
    let all = report("tcp || udp");
    assert!(calls(&all) > calls(&narrow));

    let refused = colloquy(["report", "--tables=srt", "--filter=tcp", "-"]).assert();
    refused.failure().code(2);
}
