//! Rows of frames and slices: every sample, whole, cut and flipped, on any number of threads.
//!
//! `COLLOQUY_CAPTURES=folder cargo test --release --test tests frames` does the same to the captures of a folder.

use std::env;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use colloquy::capture::{self, CaptureError, Source};
use colloquy::rows::Plan;
use colloquy::rows::print::JsonPrinter;
use colloquy::runner::{self, Job, Options};
use serde_json::Value;

use crate::harness::{self, Dice, colloquy, each_sample, files_in, list, text};

/// Versions of a file that is cut, and with bits flipped.
const BROKEN: usize = 8;

fn source(bytes: &[u8]) -> Result<Box<dyn Source>, CaptureError> {
    capture::from_reader("sample", Cursor::new(bytes.to_vec()))
}

/// Every field of every frame, in two passes.
fn rows(bytes: &[u8], threads: usize) -> Result<String, CaptureError> {
    let plan = Plan::everything();
    let options = Options {
        threads,
        ..Options::default()
    };
    let ahead = runner::look_ahead(source(bytes)?.as_mut(), &options, &plan, None)?;
    let printer = JsonPrinter::default();
    let job = Job {
        plan: &plan,
        keep: &|_| true,
        printer: &printer,
        most: None,
    };
    let mut out = Vec::new();
    runner::write_rows(
        source(bytes)?.as_mut(),
        &options,
        job,
        Some(ahead.into()),
        &mut out,
    )
    .unwrap();
    Ok(String::from_utf8(out).expect("JSON is text"))
}

#[test]
fn threads() {
    each_sample(|sample| {
        let one = rows(&sample.bytes, 1).unwrap();
        for threads in [2, 5] {
            assert!(
                rows(&sample.bytes, threads).unwrap() == one,
                "{} with {threads} threads",
                sample.name
            );
        }
    });
}

#[test]
fn a_row_a_frame_in_the_order_of_the_capture() {
    each_sample(|sample| {
        let frames = harness::frames_of(&sample.bytes).len();
        let rows: Value = serde_json::from_str(&rows(&sample.bytes, 2).unwrap()).unwrap();
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), frames, "{}", sample.name);
        for (row, no) in rows.iter().zip(1_u64..) {
            assert_eq!(row["frame.number"], no, "{}", sample.name);
        }
    });
}

fn survives(bytes: &[u8], dice: &mut Dice) {
    for _ in 0..BROKEN {
        let until = dice.below(bytes.len());
        // What is cut within the file's header is no capture any more.
        let _ = rows(&bytes[..until], 2);
        let mut flipped = bytes.to_vec();
        for _ in 0..=dice.below(6) {
            let at = dice.below(flipped.len());
            flipped[at] ^= 1 << dice.below(8);
        }
        let _ = rows(&flipped, 2);
    }
}

#[test]
fn cut_and_flipped() {
    each_sample(|sample| survives(&sample.bytes, &mut Dice::new(&sample.name)));
}

/// By hand, on captures outside of the project.
#[test]
fn a_folder_of_captures() {
    let Some(folder) = env::var_os("COLLOQUY_CAPTURES") else {
        println!("skipped: COLLOQUY_CAPTURES names no folder");
        return;
    };
    for path in files_in(Path::new(&folder)) {
        let bytes = fs::read(&path).unwrap();
        println!("{}", path.display());
        match rows(&bytes, 1) {
            Ok(one) => assert!(rows(&bytes, 3).unwrap() == one, "{}", path.display()),
            Err(why) => {
                println!("passed over: {why}");
                continue;
            }
        }
        survives(&bytes, &mut Dice::new(&path.display().to_string()));
    }
}

/// The rule and the title of each finding on a session that is in the slice.
fn findings(report: &Value) -> Vec<(String, String)> {
    list(report, "findings")
        .iter()
        .map(|f| (text(f, "rule").to_owned(), text(f, "title").to_owned()))
        .collect()
}

#[test]
fn a_slice_tells_the_same_of_its_session() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["smb/logon-failure.pcap", "nbss/request-unanswered.pcap"] {
        let sample = harness::root().join("samples").join(name);
        let whole = harness::report_of(&[&sample]);
        let sliced = folder.path().join("slice.pcapng");
        let rule = text(&list(&whole, "findings")[0], "rule").to_owned();
        let done = colloquy([
            "slice",
            &sample.to_string_lossy(),
            "--finding",
            &rule,
            "-o",
            &sliced.to_string_lossy(),
        ])
        .output()
        .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let part = harness::report_of(&[&sliced]);
        let told = findings(&part);
        assert!(told.iter().any(|(r, _)| *r == rule), "{name}: {told:?}");
        assert!(
            told.iter().all(|f| findings(&whole).contains(f)),
            "{name}: {told:?}"
        );
        let comments = list(&part["captures"][0], "comments");
        assert!(
            comments.iter().any(|c| c.to_string().contains(&rule)),
            "{name}: {comments:?}"
        );
        // Bytes and times are those of the capture.
        let frames = |path: &Path| harness::frames_of(&fs::read(path).unwrap());
        let all = frames(&sample);
        for frame in frames(&sliced) {
            assert!(
                all.iter()
                    .any(|f| f.bytes == frame.bytes && f.time == frame.time),
                "{name}"
            );
        }
    }
}
