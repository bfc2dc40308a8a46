//! Live traffic of a real client and a real server over loopback. Where the user has no right to capture, each test says so and passes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::Value;

use crate::harness::{colloquy, list, report_of, rpc_call, text};
use crate::schema;

/// How long anything may take that takes a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// A capture that runs, and what it has said.
struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    /// Starts it on the loopback interface and waits until it captures; nothing where that is not permitted.
    fn start(args: &[&str]) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["capture", "-i", "lo"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let running = Self {
            out: lines(child.stdout.take().unwrap()),
            err: lines(child.stderr.take().unwrap()),
            child,
        };
        let first = running
            .err
            .recv_timeout(PATIENCE)
            .expect("it says something");
        if first.contains("no right to capture") || first.contains("no interface") {
            println!("skipped: {first}");
            return None;
        }
        assert_eq!(first, "colloquy: capturing on lo; Ctrl-C ends it");
        Some(running)
    }

    /// The lines until one that has all these words.
    fn until(&self, words: &[&str]) -> Vec<String> {
        let mut seen = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let Ok(line) = self.out.recv_timeout(PATIENCE) else {
                break;
            };
            let found = words.iter().all(|word| line.contains(word));
            seen.push(line);
            if found {
                return seen;
            }
        }
        panic!("no line with {words:?} among {seen:#?}");
    }

    /// Ctrl-C.
    fn interrupt(&self) {
        let status = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// The lines until it ends by itself.
    fn rest(mut self) -> (ExitStatus, Vec<String>) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        };
        let complaints: Vec<String> = self.err.iter().collect();
        assert!(complaints.is_empty(), "{complaints:?}");
        (status, self.out.iter().collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
    };
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(read)
        .unwrap();
    receiver
}

/// What the server does with a request that it has read in full.
#[derive(Clone, Copy)]
enum Server {
    Answers(&'static [u8]),
    /// It thinks for a while, and hangs up.
    HangsUp,
}

/// A server that reads a request of `length` bytes of one client, and its port.
fn serve(listener: TcpListener, length: usize, how: Server) -> thread::JoinHandle<()> {
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = vec![0; length];
        stream.read_exact(&mut request).unwrap();
        match how {
            Server::Answers(answer) => {
                stream.write_all(answer).unwrap();
                // Until the client closes.
                let _ = stream.read_to_end(&mut Vec::new());
            }
            Server::HangsUp => thread::sleep(Duration::from_millis(700)),
        }
    };
    thread::Builder::new()
        .name("server".to_owned())
        .spawn(serve)
        .unwrap()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The reply to call 7: accepted, successful and empty.
const REPLY: &[u8] = &[
    0x80, 0, 0, 24, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// A call that the server reads and never answers.
#[test]
fn a_call_that_is_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.pcapng");
    let (listener, port) = listener();
    let filter = format!("tcp port {port}");
    let Some(running) = Running::start(&["-f", &filter, "-w", copy.to_str().unwrap()]) else {
        return;
    };
    let server = serve(listener, rpc_call(1).len(), Server::HangsUp);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(&rpc_call(1)).unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "the server hangs up");
    drop(client);
    server.join().unwrap();
    let told = running.until(&["nfs3 NULL was never answered"]);
    assert!(
        told.iter().all(|line| !line.contains('\u{1b}')),
        "no colours in a pipe"
    );
    running.interrupt();
    let (status, summary) = running.rest();
    let summary = summary.join("\n");
    assert_eq!(status.code(), Some(0), "{summary}");
    assert!(
        summary.contains("3 sessions, ") && summary.contains("1 error"),
        "{summary}"
    );
    check_copy(&copy, &["request-unanswered"]);
}

const UPGRADE: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

const FORBIDDEN: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A WebSocket that is refused, in lines of JSON: what the summary says at the end is what a report of the written file says.
#[test]
fn the_copy_tells_what_the_capture_told() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.pcapng");
    let (listener, port) = listener();
    let filter = format!("tcp port {port}");
    let file = copy.to_str().unwrap();
    let Some(running) = Running::start(&["-f", &filter, "-w", file, "--format", "jsonl"]) else {
        return;
    };
    let server = serve(listener, UPGRADE.len(), Server::Answers(FORBIDDEN));
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(UPGRADE).unwrap();
    client.read_exact(&mut [0; FORBIDDEN.len()]).unwrap();
    drop(client);
    server.join().unwrap();
    // A look or two of the rules.
    thread::sleep(Duration::from_millis(1200));
    running.interrupt();
    let (status, lines) = running.rest();
    assert_eq!(status.code(), Some(0));
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        schema::check_line(line);
    }
    let report = check_copy(&copy, &["ws-not-authorised"]);
    check_lines(&lines, &report);
    let mut sessions = list(&report, "sessions").iter();
    let websocket = sessions.find(|s| s["protocol"] == "websocket").unwrap();
    assert_eq!(text(websocket, "state"), "refused");
    assert_eq!(websocket["server"]["port"], port);
}

/// First the findings as they became true, then the summary: sessions, findings, counts, as in the report.
fn check_lines(lines: &[Value], report: &Value) {
    let summary = lines
        .iter()
        .position(|line| line.get("session").is_some())
        .expect("sessions");
    let (live, end) = lines.split_at(summary);
    let of = |kind: &str| -> Vec<Value> {
        end.iter()
            .filter_map(|line| line.get(kind))
            .cloned()
            .collect()
    };
    assert_eq!(of("session"), list(report, "sessions"));
    assert_eq!(of("finding"), list(report, "findings"));
    assert_eq!(of("summary"), [report["summary"].clone()]);
    let rules = |lines: &[Value]| -> Vec<String> {
        let findings = lines.iter().filter_map(|line| line.get("finding"));
        findings.map(|f| text(f, "rule").to_owned()).collect()
    };
    assert_eq!(
        rules(live),
        rules(end),
        "each finding was told when it became true"
    );
}

/// The written file is whole, and its report is sound.
fn check_copy(copy: &Path, rules: &[&str]) -> Value {
    let report = report_of(&[copy]);
    schema::check(&report);
    let capture = &report["captures"][0];
    assert_eq!(
        (text(capture, "format"), &capture["damage"]),
        ("pcapng", &Value::Null)
    );
    assert_eq!(
        capture["dropped"], 0,
        "the file says what the system dropped"
    );
    // Handshake, request and end at least, from both sides.
    assert!(capture["frames"].as_u64() >= Some(8), "{capture}");
    let found: Vec<&str> = list(&report, "findings")
        .iter()
        .map(|f| text(f, "rule"))
        .collect();
    assert!(rules.iter().all(|rule| found.contains(rule)), "{found:?}");
    report
}

/// A healthy conversation is told by its sessions alone.
#[test]
fn an_answered_call_is_quiet() {
    let (listener, port) = listener();
    let filter = format!("tcp port {port}");
    let Some(running) = Running::start(&["-f", &filter, "-a", "duration:2"]) else {
        return;
    };
    let server = serve(listener, rpc_call(7).len(), Server::Answers(REPLY));
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(&rpc_call(7)).unwrap();
    let mut got = vec![0; REPLY.len()];
    client.read_exact(&mut got).unwrap();
    drop(client);
    server.join().unwrap();
    let begin = Instant::now();
    let (status, lines) = running.rest();
    assert!(
        status.success() && begin.elapsed() < PATIENCE / 2,
        "it ends by itself"
    );
    let lines = lines.join("\n");
    assert!(
        lines.contains(": no findings.") && lines.contains("nfs"),
        "{lines}"
    );
}

/// `-c`, and `-a` with packets: exactly so many frames, in the copy as well.
#[test]
fn it_stops_after_so_many_frames() {
    let folder = tempfile::tempdir().unwrap();
    for (name, stop) in [("c", ["-c", "5"]), ("a", ["-a", "packets:5"])] {
        let copy = folder.path().join(name);
        let (listener, port) = listener();
        let filter = format!("tcp port {port}");
        let args = [
            "-f",
            &filter,
            "-w",
            copy.to_str().unwrap(),
            stop[0],
            stop[1],
        ];
        let Some(running) = Running::start(&args) else {
            return;
        };
        let server = serve(listener, 10, Server::Answers(b"an answer"));
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(b"ten bytes.").unwrap();
        client.read_exact(&mut [0; 9]).unwrap();
        drop(client);
        server.join().unwrap();
        let (status, lines) = running.rest();
        assert!(status.success(), "{lines:?}");
        assert!(lines.join("\n").contains("5 frames, "), "{lines:?}");
        assert_eq!(report_of(&[&copy])["captures"][0]["frames"], 5);
    }
}

#[test]
fn wrong_wishes_are_refused_in_one_line() {
    let refused = |args: &[&str]| {
        let output = colloquy([&["capture"], args].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let line = refused(&["-i", "nosuch0"]);
    assert!(
        line.starts_with("colloquy: no interface \"nosuch0\" here; there are: "),
        "{line}"
    );
    assert!(refused(&["-i", "lo", "-a", "forever"]).contains("duration:10"));
    assert!(refused(&["-i", "lo", "-a", "duration:x"]).contains("\"x\" is no number"));
    assert!(refused(&[]).contains("--interface"));
    let line = refused(&["-i", "lo", "-f", "prot tcp"]);
    assert!(
        line.contains("no right to capture")
            || line.contains("capture filter \"prot tcp\" on lo: "),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[test]
fn interfaces_are_listed() {
    let output = colloquy(["interfaces"]).assert().success();
    let list = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lo = list
        .lines()
        .find(|line| line.starts_with("lo "))
        .expect("lo is there");
    assert!(lo.contains("loopback") && lo.contains("127.0.0.1"), "{lo}");
    assert!(
        list.ends_with('\n') && list.lines().all(|line| line == line.trim_end()),
        "{list:?}"
    );
}

/// Who may not capture is told how to be allowed to, in one line. Needs root, to become nobody.
#[test]
#[cfg(unix)]
fn without_the_right_it_says_how_to_get_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let binary = folder.path().join("colloquy");
    fs::copy(env!("CARGO_BIN_EXE_colloquy"), &binary).unwrap();
    open(folder.path());
    open(&binary);
    let nobody = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&binary)
            .args(args);
        command.current_dir("/").output()
    };
    match nobody(&["--version"]) {
        Ok(output) if output.status.success() => {}
        other => {
            println!("skipped: cannot become nobody here: {other:?}");
            return;
        }
    }
    let output = nobody(&["capture", "-i", "lo", "-c", "1"]).unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("colloquy: no right to capture on lo: ")
            && line.contains("setcap cap_net_raw"),
        "{line}"
    );
    let output = nobody(&["interfaces"]).unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let lo = list
        .lines()
        .find(|line| line.starts_with("lo "))
        .expect("lo is there");
    assert!(
        output.status.success() && lo.contains("cannot capture: "),
        "{lo}"
    );
}
