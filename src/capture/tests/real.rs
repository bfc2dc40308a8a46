//! Every capture in a folder named by COLLOQUY_CAPTURES, whole, cut and with flipped bits; with COLLOQUY_CAPTURES_LIST, one
//! line a file to compare with tshark's. Nothing to do where the variable is not set: those captures are not ours to ship.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;

use super::super::{from_reader, open};
use super::drain;

fn files() -> Vec<std::path::PathBuf> {
    let Ok(folder) = std::env::var("COLLOQUY_CAPTURES") else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[test]
fn whole_files() {
    let mut list = String::new();
    for path in files() {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let mut source = match open(&path.to_string_lossy()) {
            Ok(source) => source,
            Err(error) => {
                writeln!(list, "{name} refused {error}").expect("a string takes it");
                continue;
            }
        };
        let (frames, summary) = drain(source.as_mut()).expect("readable");
        let wire: u64 = frames
            .iter()
            .map(|(record, _)| u64::from(record.wire_len))
            .sum();
        let (first, last) = (
            summary.first.unwrap_or_default().nanos(),
            summary.last.unwrap_or_default().nanos(),
        );
        let damage = summary
            .damage
            .map(|damage| format!("{}: {}", damage.at_byte, damage.what))
            .unwrap_or_default();
        writeln!(
            list,
            "{name} {} {first} {last} {} {wire} {damage}",
            summary.frames, summary.bytes
        )
        .expect("a string takes it");
    }
    if let Ok(path) = std::env::var("COLLOQUY_CAPTURES_LIST") {
        fs::write(path, list).expect("the list can be written");
    }
}

#[test]
fn broken_files() {
    for path in files() {
        let file = fs::read(&path).expect("readable");
        let file = &file[..file.len().min(50_000)];
        for i in 0..30 {
            let at = file.len() * i / 30;
            let mut flipped = file.to_vec();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1 << (i % 8);
            }
            for bytes in [file[..at].to_vec(), flipped] {
                if let Ok(mut source) = from_reader("broken", Cursor::new(bytes)) {
                    drain(source.as_mut()).expect("damage is no error");
                }
            }
        }
    }
}
