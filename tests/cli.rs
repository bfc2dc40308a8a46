//! The real binary: what it prints where, and with which status it ends.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use colloquy::capture::script::Script;
use serde_json::Value;

use crate::harness::{self, colloquy, list, root, samples};
use crate::schema;

/// Healthy.
const QUIET: &str = "samples/websocket/echo.pcap";
/// An error, and nothing worse.
const ERROR: &str = "samples/nbss/request-unanswered.pcap";

fn run(args: &[&str]) -> Output {
    colloquy(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Fails with status 2 and one line, and says nothing on standard output.
fn refused(args: &[&str], line: &str) {
    let output = run(args);
    assert_eq!(err(&output), format!("colloquy: {line}\n"), "{args:?}");
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
}

#[test]
fn frames_are_printed_as_tshark_prints_them() {
    let sample = "samples/nbss/request-unanswered.pcap";
    let asked = [
        "frames",
        sample,
        "-T",
        "fields",
        "-E",
        "header=y",
        "-E",
        "separator=,",
        "-Y",
        "nbss.type == 0x81 || tcp.flags.syn == 1",
        "-e",
        "frame.number",
        "-e",
        "tcp.flags",
        "-e",
        "nbss.called_name",
    ];
    let told = out(&run(&asked));
    assert_eq!(
        told,
        "frame.number,tcp.flags,nbss.called_name\n3,0x0002,\n4,0x0012,\n6,0x0018,SRV<20>\n"
    );
    let lines = out(&run(&["frames", sample, "-c", "6", "-t", "e"]));
    assert_eq!(lines.lines().count(), 6);
    assert!(
        lines.contains("NBSS") && lines.contains("Session request") && lines.contains("ARP"),
        "{lines}"
    );
    let rows: Value = serde_json::from_str(&out(&run(&["frames", sample, "-T", "json"]))).unwrap();
    assert_eq!(rows[5]["nbss.type"], 0x81);
}

#[test]
fn what_frames_cannot_do_is_told() {
    let sample = "samples/nbss/request-unanswered.pcap";
    let complaint = |args: &[&str]| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        err(&output)
    };
    let said = complaint(&["frames", sample, "-T", "fields", "-e", "nbss.tpye"]);
    assert!(
        said.contains("nbss.tpye") && said.contains("nbss.type"),
        "{said}"
    );
    let said = complaint(&["frames", sample, "-Y", "tcp.prot == 1"]);
    assert!(said.contains('^') && said.contains("tcp.port"), "{said}");
    let said = complaint(&[
        "frames",
        sample,
        "-T",
        "fields",
        "-e",
        "frame.len",
        "-E",
        "quote=x",
    ]);
    assert!(said.contains("quote=x"), "{said}");
    complaint(&["slice", sample, "-o", "/nowhere/at/all.pcapng"]);
}

#[test]
#[cfg(feature = "live")]
fn help_reads_as_it_did() {
    let commands = [
        "",
        "report",
        "follow",
        "frames",
        "slice",
        "fields",
        "capture",
        "interfaces",
        "explain",
        "completions",
        "man",
    ];
    for command in commands {
        let args: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|a| !a.is_empty())
            .collect();
        let output = run(&args);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{command}"
        );
        insta::with_settings!({
            snapshot_path => "snapshots/help",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(if command.is_empty() { "colloquy" } else { command }, out(&output));
        });
    }
    let top = out(&run(&["--help"]));
    let listed = top
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   ") && !l.starts_with("  -"));
    let mut listed: Vec<&str> = listed.filter_map(|l| l.split_whitespace().next()).collect();
    listed.retain(|word| !word.starts_with('['));
    let known: Vec<&str> = commands[1..].iter().copied().chain(["help"]).collect();
    assert_eq!(listed, known, "a subcommand without a snapshot of its help");
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(
        out(&run(&["--version"])),
        concat!("colloquy ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    let wrong: [&[&str]; 8] = [
        &["report"],
        &["report", QUIET, "--format", "yaml"],
        &["report", QUIET, "--threads", "many"],
        &["report", QUIET, "--fail-on", "trouble"],
        &["report", QUIET, "--no-such-option"],
        &["follow", QUIET],
        &["follow", QUIET, "first"],
        &["completions", "tcsh"],
    ];
    for args in wrong {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            output.stdout.is_empty() && err(&output).contains("--help"),
            "{args:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn unreadable_input_ends_with_2_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pcap");
    fs::write(&empty, b"").unwrap();
    let empty = empty.to_str().unwrap();
    for command in ["report", "follow"] {
        let case = |file: &str, line: &str| {
            let session = (command == "follow").then_some("1");
            let args: Vec<&str> = [command, file].into_iter().chain(session).collect();
            refused(&args, line);
        };
        case(
            "no-such.pcap",
            "cannot open no-such.pcap: No such file or directory",
        );
        case("src", "src is not a capture file: it is a directory");
        case(
            "README.md",
            "README.md is not a capture file: it is text and begins \"# Colloquy\"",
        );
        case(
            empty,
            &format!("{empty} is not a capture file: it is empty"),
        );
    }
    refused(
        &["follow", "-", "1"],
        "follow reads the capture twice, so it needs a file, not standard input",
    );
    refused(
        &["follow", QUIET, "99"],
        &format!("no session 99 in {QUIET}: there are 3"),
    );
    refused(
        &["report", QUIET, "-o", "no/such/folder/x"],
        "cannot write no/such/folder/x: No such file or directory",
    );
}

/// Needs a user to whom rights apply: root may read everything.
#[test]
#[cfg(unix)]
fn a_file_one_may_not_read_ends_with_2() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.pcap");
    fs::copy(root().join(QUIET), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let path = path.to_str().unwrap();
    refused(
        &["report", path],
        &format!("cannot open {path}: Permission denied"),
    );
}

#[test]
fn fail_on_tells_by_the_exit_status() {
    let cases = [
        (QUIET, [0, 0, 0, 0]),
        (ERROR, [1, 1, 1, 0]),
        ("samples/oncrpc/duplicate-reply.pcap", [1, 1, 0, 0]),
    ];
    for (file, expected) in cases {
        let codes = ["note", "warning", "error", "critical"].map(|severity| {
            let output = run(&["report", file, "--fail-on", severity]);
            assert!(
                !output.stdout.is_empty() && output.stderr.is_empty(),
                "{file}"
            );
            output.status.code().unwrap()
        });
        assert_eq!(codes, expected, "{file} at note, warning, error, critical");
        assert_eq!(
            run(&["report", file]).status.code(),
            Some(0),
            "{file} without it"
        );
    }
    let output = run(&["report", ERROR, "no-such.pcap", "--fail-on", "note"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "what cannot be read weighs more"
    );
}

/// A record of which 16 bytes never come: the server waits for the rest, the client for the answer.
#[test]
fn fail_on_critical() {
    let mut record = harness::rpc_call(1);
    record[3] += 16;
    let talk = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
        .connect()
        .client(&record);
    let later = Script::udp("10.0.0.7:1000", "10.0.0.8:2000")
        .wait_secs(20.0)
        .client(b"x");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both-wait.pcapng");
    fs::write(&path, harness::pcapng_of(&Script::merge([talk, later]))).unwrap();
    let output = run(&["report", path.to_str().unwrap(), "--fail-on", "critical"]);
    assert_eq!(output.status.code(), Some(1), "{}", out(&output));
    assert!(out(&output).contains("\n  critical "), "{}", out(&output));
}

#[test]
fn a_file_instead_of_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["text", "json", "jsonl"] {
        let path = folder.path().join(format);
        let output = run(&[
            "report",
            ERROR,
            "--format",
            format,
            "-o",
            path.to_str().unwrap(),
        ]);
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
        let printed = run(&["report", ERROR, "--format", format]);
        assert_eq!(fs::read(&path).unwrap(), printed.stdout, "{format}");
    }
    let dash = run(&["report", ERROR, "-o", "-"]);
    assert_eq!(dash.stdout, run(&["report", ERROR]).stdout);
}

#[test]
fn a_report_of_standard_input() {
    let bytes = fs::read(root().join(ERROR)).unwrap();
    let output = colloquy(["report", "-"])
        .write_stdin(bytes)
        .output()
        .unwrap();
    assert!(output.status.success());
    let from_file = out(&run(&["report", ERROR])).replace(ERROR, "-");
    assert_eq!(out(&output), from_file);
    let nothing = colloquy(["report", "-"]).write_stdin("").output().unwrap();
    assert_eq!(
        (nothing.status.code(), err(&nothing).as_str()),
        (Some(2), "colloquy: - is not a capture file: it is empty\n")
    );
}

/// Who reads goes away: no complaint, no panic, status 0.
#[test]
fn a_broken_pipe_ends_quietly() {
    let many: Vec<&str> = samples().iter().map(|s| s.path.to_str().unwrap()).collect();
    let report = |format| [&["report", "--format", format], many.as_slice()].concat();
    let commands: Vec<Vec<&str>> = vec![
        report("text"),
        report("json"),
        report("jsonl"),
        vec!["explain"],
        vec!["explain", "request-unanswered"],
        vec!["follow", QUIET, "1", "--format", "raw"],
        vec!["man"],
        vec!["completions", "bash"],
    ];
    for args in commands {
        let mut child = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .current_dir(root())
            .args(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut complaint = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut complaint)
            .unwrap();
        assert_eq!(complaint, "", "{:?}", args[0]);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{:?}", args[0]);
    }
}

#[test]
fn no_escape_codes_and_no_progress_off_a_terminal() {
    for args in [
        &["report", ERROR][..],
        &["follow", ERROR, "2"],
        &["explain"],
        &["explain", "slow-answer"],
        &["--help"],
    ] {
        let output = colloquy(args)
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .output()
            .unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{args:?}"
        );
        let odd = out(&output).chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(odd, None, "{args:?}");
    }
}

#[test]
fn lines_of_json() {
    let whole: Value =
        serde_json::from_slice(&run(&["report", ERROR, QUIET, "--format", "json"]).stdout).unwrap();
    let output = run(&["report", ERROR, QUIET, "--format", "jsonl"]);
    let mut kinds = Vec::new();
    for line in out(&output).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = schema::check_line(&line).to_owned();
        let same = match kind.as_str() {
            "session" => list(&whole, "sessions").contains(&line["session"]),
            "finding" => list(&whole, "findings").contains(&line["finding"]),
            _ => whole["summary"] == line["summary"],
        };
        assert!(same, "{line}");
        kinds.push(kind);
    }
    let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
    assert_eq!(count("session"), list(&whole, "sessions").len());
    assert_eq!(count("finding"), list(&whole, "findings").len());
    assert_eq!(kinds.last().map(String::as_str), Some("summary"));
}

#[test]
fn nothing_found_is_said_with_what_was_checked() {
    let text = out(&run(&["report", QUIET]));
    let rules = colloquy::diagnosis::all_rules().count();
    assert!(
        text.ends_with(&format!("\n3 sessions, {rules} rules: no findings.\n")),
        "{text}"
    );
}

#[test]
fn what_could_not_be_judged_is_said_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let bytes = fs::read(root().join(ERROR)).unwrap();
    // The request and its acknowledgement, and nothing of the wait.
    let mut ends = vec![24];
    while let Some(length) = bytes
        .get(ends[ends.len() - 1] + 8..)
        .and_then(|b| b.first_chunk::<4>())
    {
        ends.push(ends[ends.len() - 1] + 16 + u32::from_le_bytes(*length) as usize);
    }
    fs::write(&path, &bytes[..ends[7]]).unwrap();
    let text = out(&run(&["report", path.to_str().unwrap()])).replace('\n', " ");
    assert!(text.contains(": no findings; 1 session could not be judged in full because the capture ended too soon."), "{text}");
}

#[test]
fn damage_is_said_with_its_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.pcap");
    let bytes = fs::read(root().join(ERROR)).unwrap();
    fs::write(&path, &bytes[..700]).unwrap();
    let path = path.to_str().unwrap();
    let output = run(&["report", path]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "a damaged capture is analysed"
    );
    assert!(
        out(&output).contains("The file is broken at byte 696: the file ends after 4 of the 16 bytes of a record header"),
        "{}",
        out(&output)
    );
    let report: Value =
        serde_json::from_slice(&run(&["report", path, "--format", "json"]).stdout).unwrap();
    schema::check(&report);
    assert_eq!(report["captures"][0]["damage"]["at_byte"], 696);
    assert_eq!(report["findings"][0]["rule"], "capture-damaged");
}

#[test]
fn several_captures_in_one_report() {
    let text = out(&run(&["report", ERROR, QUIET]));
    let place = |path: &str| {
        text.find(path)
            .unwrap_or_else(|| panic!("{path} in {text}"))
    };
    assert!(place(ERROR) < place(QUIET));
    assert!(text.contains("5 sessions, "), "{text}");
}

#[test]
fn the_dialogue_of_a_session() {
    let text = out(&run(&["follow", "samples/http/cookie-session.pcap", "2"]));
    assert!(
        text.starts_with("http  10.77.0.1:33390 (client) → 10.77.0.2:80 (server)\n"),
        "{text}"
    );
    let lines = [
        "       6    0.000000  → GET /login",
        "       8    0.005643  ← 200 OK, 14 bytes  [6 ms after frame 6]",
        "      30    0.171230  ← 200 OK, 4 bytes  [5 ms after frame 29]",
    ];
    assert!(
        lines.iter().all(|line| text.lines().any(|l| l == *line)),
        "{text}"
    );
    let unanswered = out(&run(&["follow", ERROR, "2"]));
    assert!(
        unanswered.contains("→ Session Request to SRV<20> from CLI<00>"),
        "{unanswered}"
    );
    assert!(
        unanswered.contains("Session Request (frame 6) was not answered"),
        "{unanswered}"
    );
}

#[test]
fn the_bytes_of_a_session() {
    let file = "samples/http/cookie-session.pcap";
    let raw =
        |args: &[&str]| run(&[&["follow", file, "2", "--format", "raw"], args].concat()).stdout;
    let (client, server, both) = (
        raw(&["--side", "client"]),
        raw(&["--side", "server"]),
        raw(&[]),
    );
    assert!(client.starts_with(b"GET /login HTTP/1.1\r\n") && client.ends_with(b"\r\n\r\n"));
    assert!(server.starts_with(b"HTTP/1."));
    assert_eq!(both.len(), client.len() + server.len());
    let hex = out(&run(&[
        "follow", file, "2", "--format", "hex", "--side", "client",
    ]));
    let first = "> 00000000  47 45 54 20 2f 6c 6f 67 69 6e 20 48 54 54 50 2f  GET /login HTTP/";
    assert_eq!(hex.lines().next(), Some(first));
    assert_eq!(bytes_of(&hex), client);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.bin");
    assert!(raw(&["--side", "client", "-o", path.to_str().unwrap()]).is_empty());
    assert_eq!(fs::read(&path).unwrap(), client);
}

/// The bytes of a hex dump, from its columns.
fn bytes_of(dump: &str) -> Vec<u8> {
    dump.lines()
        .flat_map(|line| line[12..59].split_whitespace())
        .map(|code| u8::from_str_radix(code, 16).unwrap())
        .collect()
}

/// The bytes of each carrier are those of the capture's segments, whatever is spoken on it.
#[test]
fn every_session_can_be_followed() {
    for sample in samples().iter().step_by(13) {
        let path = sample.path.to_str().unwrap();
        let report: Value =
            serde_json::from_slice(&run(&["report", path, "--format", "json"]).stdout).unwrap();
        for session in list(&report, "sessions") {
            let id = session["id"].to_string();
            let text = run(&["follow", path, &id]);
            assert!(
                text.status.success() && text.stderr.is_empty(),
                "{path} {id}: {}",
                err(&text)
            );
            assert!(
                out(&text).starts_with(session["protocol"].as_str().unwrap()),
                "{path} {id}"
            );
            if session["parent"].is_null() && session["missing_bytes"]["client"] == 0 {
                let raw = run(&["follow", path, &id, "--format", "raw", "--side", "client"]);
                assert_eq!(session["bytes"]["client"], raw.stdout.len(), "{path} {id}");
            }
        }
    }
}

#[test]
fn completions_and_the_manual() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        let text = out(&output);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{shell}"
        );
        assert!(
            ["report", "follow", "explain", "fail-on"]
                .iter()
                .all(|word| text.contains(word)),
            "{shell}"
        );
    }
    let manual = out(&run(&["man"]));
    assert!(
        manual.contains(".TH colloquy 1") && manual.contains(".SH SYNOPSIS"),
        "{manual}"
    );
    assert!(manual.contains("colloquy\\-report(1)"), "{manual}");
}

#[test]
#[cfg(not(feature = "gui"))]
fn without_its_window_it_says_what_to_do() {
    refused(
        &[QUIET],
        &format!(
            "this colloquy was built without its window (feature `gui`); try: colloquy report {QUIET}"
        ),
    );
}

/// What the README shows is there.
#[test]
fn the_readme_names_real_options() {
    let readme = fs::read_to_string(Path::new(root()).join("README.md")).unwrap();
    let help = out(&run(&["report", "--help"]));
    for option in ["--format", "--fail-on", "--threads", "--no-progress"] {
        assert!(readme.contains(option) && help.contains(option), "{option}");
    }
}
