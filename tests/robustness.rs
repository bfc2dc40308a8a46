//! Captures that are cut, broken and shuffled: no panic, an end, a report that holds together, and damage told with its byte.
//!
//! `COLLOQUY_CAPTURES=folder cargo test --release --test tests robustness` does the same to the captures of a folder.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use colloquy::analysis::{self, Outcome};
use colloquy::capture::{MemoryFrame, MemorySource};
use colloquy::dissectors::units::Timestamp;

use crate::harness::{self, Dice, each_sample, files_in, json_of};
use crate::schema;

/// Places at which a file is cut: all of a small one, some of a larger one.
const CUTS: usize = 20;
/// Versions of a file with a few bits flipped.
const FLIPS: usize = 12;
/// Orders of its frames.
const SHUFFLES: usize = 10;
/// A single analysis that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn cut_anywhere() {
    each_sample(|sample| cut(&sample.name, &sample.bytes, CUTS));
}

#[test]
fn every_byte_of_the_smallest() {
    let smallest = harness::samples()
        .iter()
        .min_by_key(|s| s.bytes.len())
        .unwrap();
    cut(&smallest.name, &smallest.bytes, usize::MAX);
    let pcapng = harness::samples()
        .iter()
        .filter(|s| s.path.extension().is_some_and(|e| e == "pcapng"));
    let smallest = pcapng.min_by_key(|s| s.bytes.len()).unwrap();
    cut(&smallest.name, &smallest.bytes, 600);
}

#[test]
fn bits_flipped() {
    each_sample(|sample| flip(&sample.name, &sample.bytes, FLIPS));
}

#[test]
fn frames_shuffled_repeated_and_left_out() {
    each_sample(|sample| shuffle(&sample.name, &sample.bytes, SHUFFLES));
}

/// By hand, on captures outside of the project.
#[test]
fn a_folder_of_captures() {
    let Some(folder) = env::var_os("COLLOQUY_CAPTURES") else {
        println!("skipped: COLLOQUY_CAPTURES names no folder");
        return;
    };
    let files = files_in(Path::new(&folder));
    let failed: Vec<PathBuf> = files.into_iter().filter(|path| !survives(path)).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// All of it on one file; false when something broke. What is no capture is passed over.
fn survives(path: &Path) -> bool {
    let name = path.display().to_string();
    let bytes = fs::read(path).unwrap();
    let begin = Instant::now();
    match watched(&name, || harness::analyse(&bytes, 2)) {
        Err(why) => {
            println!("passed over: {name}: {why}");
            return true;
        }
        Ok(outcome) => schema::check(&json_of(&outcome)),
    }
    let rounds = (2_000_000 / bytes.len().max(1)).clamp(2, 40);
    let whole = std::panic::catch_unwind(|| {
        cut_packed(&name, &bytes, rounds);
        flip(&name, &bytes, rounds);
        shuffle(&name, &bytes, rounds.min(20));
    });
    println!(
        "{}: {name}, {rounds} rounds, {:?}",
        if whole.is_ok() { "ok" } else { "BROKEN" },
        begin.elapsed()
    );
    whole.is_ok()
}

/// Cuts a file; where it is compressed or of a format this test cannot walk through, the place of the damage is not checked.
fn cut_packed(name: &str, bytes: &[u8], most: usize) {
    let mut dice = Dice::new(name);
    for _ in 0..most {
        let at = dice.below(bytes.len());
        if let Ok(outcome) = watched(name, || harness::analyse(&bytes[..at], 1)) {
            schema::check(&json_of(&outcome));
        }
    }
}

/// Cuts a file at `most` places, the beginning and the end among them, and checks where the damage is told to be.
fn cut(name: &str, bytes: &[u8], most: usize) {
    let whole = harness::analyse(bytes, 1).unwrap();
    assert_eq!(whole.captures[0].summary.damage, None, "{name}");
    let records = boundaries(bytes);
    let mut dice = Dice::new(name);
    let places: Vec<usize> = if bytes.len() <= most {
        (0..bytes.len()).collect()
    } else {
        (0..most)
            .map(|_| dice.below(bytes.len()))
            .chain([0, bytes.len() - 1])
            .collect()
    };
    for at in places {
        let Ok(outcome) = watched(name, || harness::analyse(&bytes[..at], 1)) else {
            assert!(at < records[0], "{name} cut at {at} is refused");
            continue;
        };
        schema::check(&json_of(&outcome));
        let damage = outcome.captures[0].summary.damage.as_ref();
        match records.binary_search(&at) {
            Ok(_) => assert_eq!(damage, None, "{name} cut at {at}, between two records"),
            Err(next) => {
                let begin = records[..next].last().copied().unwrap_or(0) as u64;
                let told = damage.unwrap_or_else(|| panic!("{name} cut at {at} seems whole"));
                assert!(
                    (begin..=at as u64).contains(&told.at_byte) && !told.what.is_empty(),
                    "{name} cut at {at}, in the record at {begin}: {told:?}"
                );
                let finding = outcome
                    .quality()
                    .find(|(_, f)| f.rule == "capture-damaged")
                    .expect("it is told")
                    .1;
                assert!(
                    finding.title.contains(&told.at_byte.to_string()),
                    "{}",
                    finding.title
                );
            }
        }
    }
}

fn flip(name: &str, bytes: &[u8], rounds: usize) {
    let mut dice = Dice::new(name);
    for round in 0..rounds {
        let mut broken = bytes.to_vec();
        for _ in 0..=dice.below(4) {
            // Mostly anywhere, now and then in what every record begins with.
            let reach = if round % 5 == 0 {
                broken.len().min(64)
            } else {
                broken.len()
            };
            let at = dice.below(reach);
            broken[at] ^= 1 << dice.below(8);
        }
        if let Ok(outcome) = watched(name, || harness::analyse(&broken, 1)) {
            schema::check(&json_of(&outcome));
        }
    }
}

fn shuffle(name: &str, bytes: &[u8], rounds: usize) {
    let frames = harness::frames_of(bytes);
    if frames.is_empty() {
        return;
    }
    let mut dice = Dice::new(name);
    for round in 0..rounds {
        let mut mixed = frames.clone();
        match round % 5 {
            // In any order.
            0 => (1..mixed.len())
                .rev()
                .for_each(|i| mixed.swap(i, dice.below(i + 1))),
            // Neighbours swapped.
            1 => (0..mixed.len() - 1)
                .filter(|_| dice.below(3) == 0)
                .collect::<Vec<_>>()
                .iter()
                .for_each(|i| mixed.swap(*i, i + 1)),
            // Some left out.
            2 => mixed.retain(|_| dice.below(5) > 0),
            // Times that no clock ever told, back and forth.
            3 => {
                for frame in &mut mixed {
                    if dice.below(3) == 0 {
                        frame.time = Timestamp::from_nanos(dice.roll().cast_signed());
                    }
                }
            }
            // Some twice.
            _ => {
                mixed = mixed
                    .into_iter()
                    .flat_map(|f| vec![f; 1 + usize::from(dice.below(4) == 0)])
                    .collect();
            }
        }
        let outcome = watched(name, || of_frames(mixed));
        schema::check(&json_of(&outcome));
    }
}

fn of_frames(frames: Vec<MemoryFrame>) -> Outcome {
    analysis::analyse(&mut MemorySource::new(frames)).expect("memory can be read")
}

/// Where records may end: behind the file's header and behind each record.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .map(|b| u32::from_le_bytes(b.try_into().unwrap()) as usize)
    };
    let is_pcapng = bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let mut at = if is_pcapng { word(4).unwrap() } else { 24 };
    let mut all = vec![at];
    while let Some(length) = word(if is_pcapng { at + 4 } else { at + 8 }) {
        at += if is_pcapng { length } else { 16 + length };
        all.push(at);
    }
    assert_eq!(at, bytes.len(), "the last record ends with the file");
    all
}

/// Runs it, and ends the whole test where it hangs: a thread that hangs cannot be stopped otherwise.
fn watched<T>(name: &str, run: impl FnOnce() -> T) -> T {
    static RUNNING: Mutex<Vec<(thread::ThreadId, String, Instant)>> = Mutex::new(Vec::new());
    static WATCHER: std::sync::Once = std::sync::Once::new();
    WATCHER.call_once(|| {
        let watch = || loop {
            thread::sleep(Duration::from_secs(1));
            let running = RUNNING.lock().unwrap();
            if let Some((_, name, _)) = running
                .iter()
                .find(|(_, _, begin)| begin.elapsed() > PATIENCE)
            {
                eprintln!("{name}: still running after {PATIENCE:?}");
                process::exit(101);
            }
        };
        thread::Builder::new()
            .name("watcher".to_owned())
            .spawn(watch)
            .unwrap();
    });
    let me = thread::current().id();
    RUNNING
        .lock()
        .unwrap()
        .push((me, name.to_owned(), Instant::now()));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    RUNNING.lock().unwrap().retain(|(id, _, _)| *id != me);
    result.unwrap_or_else(|panic| {
        eprintln!("{name}: the analysis panicked");
        std::panic::resume_unwind(panic)
    })
}
