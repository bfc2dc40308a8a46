//! Inputs that once broke a law of the fuzz targets (`fuzz/`), and a few seeds of every target.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{self, each, files_in, root};

#[allow(unreachable_pub, dead_code, reason = "a library of another workspace")]
#[path = "../fuzz/src/lib.rs"]
mod laws;

/// Inputs below `fuzz/regressions/TARGET/`, named after what they broke.
#[test]
fn fuzzed_inputs() {
    let files: Vec<(String, String)> = files_in(&root().join("fuzz/regressions"))
        .iter()
        .map(|path| {
            let target = path.parent().unwrap().file_name().unwrap();
            let name = path.display().to_string();
            (name, target.to_str().unwrap().to_owned())
        })
        .collect();
    each(
        files.iter().map(|file| (file.0.as_str(), file)),
        |(path, target)| {
            let law = laws::law(target).unwrap_or_else(|| panic!("no target {target}"));
            law(&fs::read(path).unwrap());
        },
    );
}

/// What seeds the targets passes their laws.
#[test]
fn seeds() {
    let folder = tempfile::tempdir().unwrap();
    let samples = harness::samples().iter().step_by(7);
    let paths: Vec<String> = samples.map(|s| s.path.display().to_string()).collect();
    laws::seed::write(paths.iter().map(String::as_str), folder.path()).unwrap();
    let targets = laws::targets();
    let mut seeded = BTreeSet::new();
    for file in files_in(folder.path()) {
        let target = file.parent().unwrap().file_name().unwrap();
        let target = target.to_str().unwrap().to_owned();
        assert!(targets.contains(&target), "{target}");
        laws::law(&target).unwrap()(&fs::read(file).unwrap());
        seeded.insert(target);
    }
    // What has sessions, what has fields alone, and what is a part of another.
    for target in ["smb", "http-0.9", "tls-messages"] {
        assert!(seeded.contains(target), "{target} is not among {seeded:?}");
    }
}
