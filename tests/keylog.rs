//! Key logs beside captures, on the built binary: what is inside is reported, followed, filtered and cut out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{root, secrets_of};

const VARIABLE: &str = "SSLKEYLOGFILE";

/// The same session twice: once as it was captured, once with its secrets.
fn plain() -> PathBuf {
    root().join("samples/tls/tls13.pcap")
}

fn opened() -> PathBuf {
    root().join("samples/tls/tls13-opened.pcapng")
}

/// The key log that a capture brings along.
fn secrets(path: &Path) -> String {
    secrets_of(&fs::read(path).unwrap())
}

struct Bench {
    folder: TempDir,
    log: PathBuf,
}

impl Bench {
    /// With the secrets of the sample, and those of another session.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("keys.log");
        let other = format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "cd".repeat(48));
        fs::write(&log, secrets(&opened()) + &other).unwrap();
        Self { folder, log }
    }

    fn run(&self, arguments: &[&str]) -> (String, String, Option<i32>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        let command = command.args(arguments).env_remove(VARIABLE);
        told(command.current_dir(self.folder.path()))
    }

    fn report(&self, capture: &Path, more: &[&str]) -> Value {
        let capture = capture.to_string_lossy();
        let mut arguments = vec!["report", &capture, "--format", "json"];
        arguments.extend(more);
        let (out, err, code) = self.run(&arguments);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str(&out).unwrap()
    }
}

fn told(command: &mut Command) -> (String, String, Option<i32>) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn protocols(report: &Value) -> Vec<&str> {
    let sessions = report["sessions"].as_array().unwrap().iter();
    sessions.map(|s| s["protocol"].as_str().unwrap()).collect()
}

fn decryption(report: &Value) -> Option<String> {
    let sessions = report["sessions"].as_array().unwrap();
    let tls = sessions.iter().find(|s| s["protocol"] == "tls").unwrap();
    tls["details"]["decryption"].as_str().map(str::to_owned)
}

#[test]
fn a_key_log_beside_a_capture_is_as_good_as_one_inside() {
    let bench = Bench::new();
    let log = bench.log.to_string_lossy().into_owned();
    let without = bench.report(&plain(), &[]);
    assert_eq!(protocols(&without), ["tcp", "tls"]);
    assert_eq!(decryption(&without), None);
    for report in [
        bench.report(&plain(), &["--keylog", &log]),
        bench.report(&plain(), &["--keylog", &log, "--threads", "1"]),
        bench.report(&opened(), &[]),
    ] {
        assert_eq!(protocols(&report), ["tcp", "tls", "http"]);
        assert_eq!(decryption(&report).as_deref(), Some("decrypted"));
        let http = &report["sessions"][2];
        assert_eq!(http["requests"]["answered"], 1);
        assert_eq!(http["parent"], report["sessions"][1]["id"]);
        assert!(
            report["sessions"][1]["cannot_tell"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn the_environment_names_a_key_log_where_no_option_does() {
    let bench = Bench::new();
    let report = |named: &Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        let command = command
            .arg("report")
            .arg(plain())
            .args(["--format", "json"]);
        told(command.args(more).env(VARIABLE, named))
    };
    let (out, ..) = report(&bench.log, &[]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(protocols(&json), ["tcp", "tls", "http"]);
    // Programs may not have written it yet.
    let nowhere = bench.folder.path().join("nowhere");
    let (out, err, code) = report(&nowhere, &[]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((protocols(&json), code), (vec!["tcp", "tls"], Some(0)));
    assert_eq!(err, "");
    let (_, err, code) = report(&bench.log, &["--keylog", &nowhere.to_string_lossy()]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot read the key log"), "{err}");
}

#[test]
fn a_missing_and_a_wrong_secret_name_their_session() {
    let bench = Bench::new();
    let good = secrets(&opened());
    let random = good
        .lines()
        .find_map(|l| l.strip_prefix("CLIENT_TRAFFIC_SECRET_0 "));
    let random = random.unwrap().split(' ').next().unwrap().to_owned();
    let missing = format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "cd".repeat(48));
    let about = good.lines().filter(|line| line.contains(&random));
    let wrong: String = about
        .flat_map(|line| [&line[..line.len() - 8], "00000000\n"])
        .collect();
    for (log, why) in [
        (missing, "the key log has no secret"),
        (wrong, "the key log's secret opens no record"),
    ] {
        fs::write(&bench.log, log).unwrap();
        let report = bench.report(&plain(), &["--keylog", "keys.log"]);
        assert_eq!(protocols(&report), ["tcp", "tls"]);
        let said = decryption(&report).unwrap();
        assert_eq!(said, format!("{why}; client random {random}"));
        let cannot = &report["sessions"][1]["cannot_tell"][0];
        assert_eq!(cannot["guard"], "T8");
        assert!(cannot["why"].as_str().unwrap().contains(&random));
    }
}

#[test]
fn frames_and_the_dialogue_are_read_with_it() {
    let bench = Bench::new();
    let plain = plain();
    let plain = plain.to_string_lossy();
    let fields = [
        "-T",
        "fields",
        "-e",
        "http.request.uri",
        "-Y",
        "http.request",
    ];
    let frames = [&["frames", &plain][..], &fields].concat();
    assert_eq!(bench.run(&frames).0, "");
    let frames = [&frames[..], &["--keylog", "keys.log"]].concat();
    assert_eq!(bench.run(&frames).0, "/\n");
    for (filter, frames) in [
        (r#"http contains "GET / HTTP""#, "11\n"),
        ("http[0:4] == 47:45:54:20 && len(http) == 18", "11\n"),
        (r#"http contains "POST""#, ""),
        (r#"frame contains "GET""#, ""),
    ] {
        let arguments = [
            "frames",
            &plain,
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-Y",
            filter,
        ];
        let arguments = [&arguments[..], &["--keylog", "keys.log"]].concat();
        assert_eq!(bench.run(&arguments).0, frames, "{filter}");
    }
    let (text, ..) = bench.run(&["follow", &plain, "3", "--keylog", "keys.log"]);
    assert!(text.contains("→ GET /") && text.contains("← 200"), "{text}");
    let raw = |session: &str, side: &str| {
        let arguments = ["follow", &plain, session, "--format", "raw", "--side", side];
        bench
            .run(&[&arguments[..], &["--keylog", "keys.log"]].concat())
            .0
    };
    let (asked, answered) = (raw("2", "client"), raw("2", "server"));
    assert_eq!(asked, "GET / HTTP/1.0\r\n\r\n");
    assert!(answered.starts_with("HTTP/1.0 200 ok\r\n"), "{answered}");
    assert!(
        answered.trim_end().ends_with("</BODY></HTML>"),
        "{answered}"
    );
    assert_eq!(raw("3", "client"), asked);
}

#[test]
fn a_slice_takes_along_the_secrets_of_its_sessions_alone() {
    let bench = Bench::new();
    let plain = plain();
    let plain = plain.to_string_lossy();
    let cut = bench.folder.path().join("cut.pcapng");
    let of_session = [
        "slice",
        &plain,
        "2",
        "-o",
        "cut.pcapng",
        "--keylog",
        "keys.log",
    ];
    let by_filter = [
        "slice",
        &plain,
        "-Y",
        "tls",
        "-o",
        "cut.pcapng",
        "--keylog",
        "keys.log",
    ];
    for arguments in [&of_session[..], &by_filter] {
        let (_, err, code) = bench.run(arguments);
        assert_eq!(code, Some(0), "{err}");
        let written = secrets(&cut);
        let sorted = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let mut lines: Vec<String> = lines.map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&written), sorted(&secrets(&opened())));
        let report = bench.report(&cut, &[]);
        assert!(protocols(&report).contains(&"http"));
    }
    let none = [
        "slice",
        &plain,
        "-Y",
        "tcp.len == 0",
        "-o",
        "cut.pcapng",
        "--keylog",
        "keys.log",
    ];
    assert_eq!(bench.run(&none).2, Some(0));
    assert_eq!(secrets(&cut), "");
}
