//! What never changes a report: where the bytes come from, how they are packed, how many threads work, what else is in the run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, iter};

use colloquy::analysis;
use colloquy::capture::{InterfaceInfo, KeyLog, LinkType, MemorySource, Writer, WriterOptions};
use serde_json::Value;

use crate::harness::{
    Sample, analyse, colloquy, each_sample, frames_of, json_of, list, report_of, samples,
    secrets_of,
};
use crate::schema;

/// The report without what tells the container, not the traffic.
fn traffic(mut report: Value) -> Value {
    for capture in report["captures"].as_array_mut().unwrap() {
        for key in ["path", "format", "compression"] {
            capture.as_object_mut().unwrap().remove(key).unwrap();
        }
    }
    report
}

fn plain(sample: &Sample) -> Value {
    traffic(json_of(&analyse(&sample.bytes, 1).unwrap()))
}

/// The same of frames without what their file says of how they were recorded.
fn frames_alone(mut report: Value) -> Value {
    let capture = report["captures"][0].as_object_mut().unwrap();
    for key in [
        "dropped",
        "interfaces",
        "comments",
        "hardware",
        "os",
        "application",
    ] {
        capture.remove(key).unwrap();
    }
    report
}

/// Some of them, where each costs a process or two.
fn few() -> impl Iterator<Item = &'static Sample> {
    samples().iter().step_by(9)
}

#[test]
fn threads() {
    each_sample(|sample| {
        let one = json_of(&analyse(&sample.bytes, 1).unwrap());
        for threads in [2, 3, 8] {
            let many = json_of(&analyse(&sample.bytes, threads).unwrap());
            assert_eq!(many, one, "{} with {threads} threads", sample.name);
        }
    });
}

#[test]
fn threads_of_the_program() {
    for sample in few() {
        let reports: Vec<Vec<u8>> = ["1", "2", "3", "8"]
            .map(|threads| {
                let mut command = colloquy(["report", "--format", "json", "--threads", threads]);
                command
                    .arg(&sample.path)
                    .assert()
                    .success()
                    .get_output()
                    .stdout
                    .clone()
            })
            .into();
        assert!(reports.iter().all(|r| *r == reports[0]), "{}", sample.name);
    }
}

#[test]
fn file_and_bytes() {
    for sample in few() {
        assert_eq!(
            traffic(report_of(&[&sample.path])),
            plain(sample),
            "{}",
            sample.name
        );
    }
}

#[test]
fn standard_input() {
    for sample in few() {
        let mut command = colloquy(["report", "--format", "json", "-"]);
        let output = command.write_stdin(sample.bytes.clone()).assert().success();
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        assert_eq!(report["captures"][0]["path"], "-");
        assert_eq!(traffic(report), plain(sample), "{}", sample.name);
    }
}

#[test]
fn frames_in_memory() {
    each_sample(|sample| {
        for block_bytes in [1, 3000, 1 << 20] {
            let source = MemorySource::new(frames_of(&sample.bytes)).with_block_bytes(block_bytes);
            let secrets = KeyLog::of(&secrets_of(&sample.bytes));
            let mut source = secrets.beside(Box::new(source));
            let outcome = analysis::analyse(source.as_mut()).unwrap();
            assert_eq!(
                frames_alone(traffic(json_of(&outcome))),
                frames_alone(plain(sample)),
                "{}, {block_bytes} a block",
                sample.name
            );
        }
    });
}

#[test]
fn compressed() {
    each_sample(|sample| {
        for (how, packed) in [
            ("gzip", gzip(&sample.bytes)),
            (
                "zstd",
                zstd::encode_all(sample.bytes.as_slice(), 3).unwrap(),
            ),
            ("lz4", lz4(&sample.bytes)),
        ] {
            let report = json_of(&analyse(&packed, 1).unwrap());
            assert_eq!(report["captures"][0]["compression"], how);
            assert_eq!(traffic(report), plain(sample), "{} in {how}", sample.name);
        }
    });
}

#[test]
fn written_again() {
    each_sample(|sample| {
        let frames = frames_of(&sample.bytes);
        let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
        let link = frames.first().map_or(LinkType::ETHERNET, |f| f.link);
        let info = InterfaceInfo {
            link,
            resolution: 9,
            ..InterfaceInfo::default()
        };
        let interface = writer.interface(&info).unwrap();
        let secrets = secrets_of(&sample.bytes);
        if !secrets.is_empty() {
            writer.secrets(&secrets).unwrap();
        }
        for frame in &frames {
            assert_eq!(frame.link, link, "{}: one link type", sample.name);
            writer
                .frame(interface, frame.time, &frame.bytes, frame.wire_len)
                .unwrap();
        }
        let again = json_of(&analyse(&writer.finish().unwrap(), 1).unwrap());
        assert_eq!(again["captures"][0]["format"], "pcapng");
        assert_eq!(
            frames_alone(traffic(again)),
            frames_alone(plain(sample)),
            "{}",
            sample.name
        );
    });
}

/// Each capture of a run is told as if it were alone; only the ids go on.
#[test]
fn several_captures() {
    let chosen: Vec<&Sample> = few().collect();
    let paths: Vec<&Path> = chosen.iter().map(|s| s.path.as_path()).collect();
    let together = report_of(&paths);
    schema::check(&together);
    assert_eq!(list(&together, "captures").len(), chosen.len());
    let mut before = 0;
    for (index, sample) in chosen.iter().enumerate() {
        let alone = report_of(&[&sample.path]);
        assert_eq!(together["captures"][index], alone["captures"][0]);
        for key in ["sessions", "findings"] {
            let of_it: Vec<Value> = list(&together, key)
                .iter()
                .filter(|item| item["capture"] == index)
                .map(|item| renumbered(item, before))
                .collect();
            assert_eq!(
                of_it.as_slice(),
                list(&alone, key),
                "{key} of {}",
                sample.name
            );
        }
        before += list(&alone, "sessions").len() as u64;
    }
    assert_eq!(together["summary"]["sessions"], before);
}

/// An item as it would be in a run of its own, with `before` sessions less before it.
fn renumbered(item: &Value, before: u64) -> Value {
    let mut item = item.clone();
    item["capture"] = 0.into();
    for key in ["id", "parent", "session"] {
        if let Some(id) = item.get(key).and_then(Value::as_u64) {
            item[key] = (id - before).into();
        }
    }
    item
}

/// A capture that cannot be opened does not stop the others, and is told.
#[test]
fn one_that_is_missing_does_not_stop_the_others() {
    let sample = &samples()[0];
    let missing = PathBuf::from("samples/no-such.pcap");
    let mut command = colloquy(["report", "--format", "json"]);
    let output = command
        .args(iter::once(&missing).chain([&sample.path]))
        .assert()
        .code(2);
    let complaint = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert_eq!(
        complaint,
        "colloquy: cannot open samples/no-such.pcap: No such file or directory\n"
    );
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(report, report_of(&[&sample.path]));
}

/// Compressed files are known by what they hold, not by their names.
#[test]
fn a_compressed_file_of_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.dat");
    let sample = &samples()[0];
    fs::write(&path, gzip(&sample.bytes)).unwrap();
    let report = report_of(&[&path]);
    assert_eq!(report["captures"][0]["compression"], "gzip");
    assert_eq!(traffic(report), plain(sample));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
