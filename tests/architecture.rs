//! Which module may import which, and how long a file may be.
//!
//! The table is the architecture: data flows from capture to report, and nothing looks back. Code of tests is not looked at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::harness::{files_in, root};

/// What a module may import, besides itself and what is below it.
struct Wall {
    /// The module, and all below it that have no line of their own.
    of: &'static str,
    /// Modules, each with all below it. Those of another crate begin with its name.
    may: &'static [&'static str],
}

const fn wall(of: &'static str, may: &'static [&'static str]) -> Wall {
    Wall { of, may }
}

/// The engine. `colloquy_dissectors` is a crate of its own, so its walls are below.
const ENGINE: &[Wall] = &[
    wall("capture", &["colloquy_dissectors::units"]),
    wall(
        "frame",
        &["capture::LinkType", "colloquy_dissectors::units"],
    ),
    wall("stream", &["limits", "colloquy_dissectors"]),
    wall("session", &["stream", "limits", "colloquy_dissectors"]),
    wall(
        "diagnosis",
        &[
            "session",
            "stream",
            "capture",
            "analysis::FrameCounts",
            "limits",
            "colloquy_dissectors",
        ],
    ),
    wall(
        "diagnosis::rules",
        &[
            "diagnosis",
            "session",
            "stream::facts",
            "capture",
            "analysis::FrameCounts",
            "colloquy_dissectors",
        ],
    ),
    wall(
        "analysis",
        &[
            "capture",
            "frame",
            "stream",
            "session",
            "diagnosis",
            "limits",
            "colloquy_dissectors",
        ],
    ),
    wall(
        "report",
        // Of `capture` only what a file says of its making.
        &[
            "analysis",
            "capture",
            "diagnosis",
            "parallel",
            "session",
            "colloquy_dissectors",
        ],
    ),
    wall("fields", &["colloquy_dissectors"]),
    wall("filter", &["fields", "limits", "colloquy_dissectors"]),
    wall(
        "selection",
        &[
            "analysis",
            "diagnosis",
            "fields",
            "filter",
            "session",
            "colloquy_dissectors",
        ],
    ),
    wall(
        "rows",
        &[
            "analysis::batch",
            "capture",
            "fields",
            "frame",
            "session",
            "stream",
            "limits",
            "colloquy_dissectors",
        ],
    ),
    wall("parallel", &[]),
    wall(
        "runner",
        &[
            "analysis",
            "capture",
            "diagnosis",
            "limits",
            "parallel",
            "rows",
            "session",
            "colloquy_dissectors::secrets",
            "colloquy_dissectors::units",
        ],
    ),
    wall(
        "watch",
        &[
            "analysis",
            "capture",
            "capture",
            "diagnosis",
            "session",
            "colloquy_dissectors::units",
        ],
    ),
    wall("limits", &[]),
];

/// The binary: its parts know the engine by its public name only, and not each other.
const BINARY: &[Wall] = &[
    wall("main", &[]),
    wall("cli", &["gui", "colloquy"]),
    wall("gui", &["colloquy"]),
];

/// The dissectors: words first, then the inbox and the trait, then the protocols, then the stack that starts them.
const DISSECTORS: &[Wall] = &[
    wall("units", &[]),
    wall("text", &[]),
    wall("offsets", &["units"]),
    wall("event", &[]),
    wall("inbox", &["units"]),
    wall("field", &[]),
    wall("secrets", &[]),
    wall("cipher", &[]),
    wall("http_status", &[]),
    wall("token", &["field", "fields", "units"]),
    wall(
        "dissector",
        &[
            "units",
            "event",
            "field",
            "offsets",
            "secrets",
            "stack::Children",
        ],
    ),
    wall(
        "stack",
        &[
            "units",
            "event",
            "offsets",
            "dissector",
            "protocols::PROTOCOLS",
            "protocols::asks_in_clear",
            "protocols::is_farewell",
            "protocols::mixed",
            "protocols::refusal",
            "protocols::refused",
            "secrets",
        ],
    ),
    wall(
        "protocols",
        // `fields` is the macro that lists a protocol's fields.
        &[
            "units",
            "cipher",
            "event",
            "field",
            "fields",
            "http_status",
            "inbox",
            "dissector",
            "secrets",
            "text",
            "token",
        ],
    ),
];

/// Crates that only one place may name, so that it can be exchanged.
const CRATES: &[(&str, &[&str])] = &[
    ("etherparse", &["frame", "capture::script"]),
    ("pcap", &["capture::live"]),
    ("flate2", &["capture"]),
    ("zstd", &["capture"]),
    ("lz4_flex", &["capture"]),
    ("crossbeam_channel", &["runner", "gui"]),
    ("regex", &["filter"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli", "gui"]),
    ("indicatif", &["cli"]),
    ("egui", &["gui"]),
    ("eframe", &["gui"]),
];

/// The most lines of a file without its tests: what one reads at a sitting.
const MOST_LINES: usize = 550;

/// Longer than that for now.
const LONG: &[&str] = &[];

#[test]
fn the_engine() {
    let binary = |module: &str| ["main", "cli", "gui"].contains(&head(module));
    let files = sources("src");
    let faults = faults(
        files.iter().filter(|f| !binary(&f.module)),
        ENGINE,
        "colloquy_dissectors",
    );
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_binary() {
    let binary = |module: &str| ["main", "cli", "gui"].contains(&head(module));
    let files = sources("src");
    let faults = faults(
        files.iter().filter(|f| binary(&f.module)),
        BINARY,
        "colloquy",
    );
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What nobody uses should not be permitted.
#[test]
fn the_tables_are_tight() {
    let mut loose = Vec::new();
    for (folder, walls, outside) in [
        ("src", ENGINE, "colloquy_dissectors"),
        ("dissectors/src", DISSECTORS, ""),
    ] {
        let files = sources(folder);
        for wall in walls {
            let own: Vec<_> = files
                .iter()
                .filter(|f| own_wall(f, walls).is_some_and(|w| w.of == wall.of))
                .collect();
            let is_used = |may: &&&str| {
                own.iter().any(|file| {
                    let others = file
                        .foreign
                        .iter()
                        .filter(|(path, _)| head(path) == outside);
                    file.imports
                        .iter()
                        .chain(others)
                        .any(|(path, _)| is_below(path, may))
                })
            };
            let unused = wall.may.iter().filter(|may| !is_used(may));
            loose.extend(unused.map(|may| format!("{} does not import {may}", wall.of)));
        }
    }
    assert!(loose.is_empty(), "\n{}", loose.join("\n"));
}

#[test]
fn the_dissectors() {
    let files = sources("dissectors/src");
    let faults = faults(files.iter(), DISSECTORS, "");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A protocol's folder never names another's.
#[test]
fn protocols_do_not_know_each_other() {
    let asks = neighbours("dissectors/src", "protocols");
    assert!(asks.is_empty(), "{asks:?}");
}

/// A rule may ask another whether it tells the same, and a panel may show what another has made ready; but never in a circle.
#[test]
fn neighbours_do_not_ask_in_circles() {
    for of in ["diagnosis::rules", "gui::panels"] {
        let mut asks = neighbours("src", of);
        asks.retain(|(me, other)| (me.as_str(), other.as_str()) != MEASURES);
        loop {
            // Who asks nobody, or only those who were taken out, is taken out.
            let before = asks.len();
            let askers: BTreeSet<String> = asks.iter().map(|(me, _)| me.clone()).collect();
            asks.retain(|(_, other)| askers.contains(other));
            if asks.len() == before {
                break;
            }
        }
        assert!(asks.is_empty(), "a circle in {of}: {asks:?}");
    }
}

/// Here the rule below asks the one above to not tell the same, and the one above measures with what is below.
const MEASURES: (&str, &str) = ("ws_slow_consumer", "tcp_zero_window");

/// Who among the modules right below `of` imports which other.
fn neighbours(folder: &str, of: &str) -> BTreeSet<(String, String)> {
    let inner = |path: &str| -> Option<String> {
        let name = head(path.strip_prefix(of)?.strip_prefix("::")?);
        name.starts_with(char::is_lowercase)
            .then(|| name.to_owned())
    };
    let files = sources(folder).iter();
    let pairs = files.flat_map(|file| {
        let me = inner(&file.module);
        let others = file.imports.iter().filter_map(|(path, _)| inner(path));
        others.filter_map(move |other| Some((me.clone()?, other)))
    });
    pairs.filter(|(me, other)| me != other).collect()
}

#[test]
fn crates_of_one_place() {
    let mut faults = Vec::new();
    for file in sources("src") {
        for (path, line) in &file.foreign {
            let places = CRATES
                .iter()
                .find(|(name, _)| *name == head(path))
                .map(|(_, places)| *places);
            if places
                .is_some_and(|places| !places.iter().any(|place| is_below(&file.module, place)))
            {
                faults.push(format!(
                    "{}:{line}: {} may not name {}",
                    file.path,
                    file.module,
                    head(path)
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The dissectors are given bytes: no clock, file, socket, thread or environment.
#[test]
fn dissectors_touch_nothing() {
    let mut faults = Vec::new();
    for file in sources("dissectors/src") {
        for (path, line) in &file.foreign {
            let reaches = [
                "std::fs",
                "std::net::Tcp",
                "std::net::Udp",
                "std::thread",
                "std::time",
                "std::env",
                "std::process",
                "std::io",
            ];
            // A decoder over bytes that are there.
            let in_memory = path == "std::io::Read" && file.module.ends_with("inflate");
            if !in_memory && reaches.iter().any(|r| path.starts_with(r)) {
                faults.push(format!("{}:{line}: {path}", file.path));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What a panel shows is made without the window: `data.rs` can be tested without one.
#[test]
fn data_of_panels_is_no_window() {
    for file in sources("src")
        .iter()
        .filter(|f| f.path.ends_with("/data.rs"))
    {
        let window = file
            .foreign
            .iter()
            .find(|(path, _)| ["egui", "eframe"].contains(&head(path)));
        assert_eq!(window, None, "{} imports the window", file.path);
    }
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = ["src", "dissectors/src"]
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|file| file.lines > MOST_LINES && !LONG.contains(&file.path.as_str()))
        .map(|file| format!("{}: {} lines", file.path, file.lines))
        .collect();
    assert!(
        long.is_empty(),
        "more than {MOST_LINES} lines without tests: {long:?}"
    );
}

#[test]
fn the_reader_of_sources_reads() {
    let text = r##"
use crate::{a::B, c::{self, d as e}}; // use crate::not;
use super::super::f;
fn g<'x>(h: &'x str) -> char { let s = "crate::text"; self::i::j(); crate::k::l::<u8>(); r#"use crate::raw;"#; '"' }
#[cfg(test)]
mod tests { use crate::only_in_tests; }
fn m() -> colloquy::n::O { std::fs::read(h) }
"##;
    let code = without_tests(&without_texts(text));
    let (imports, foreign) = paths(&code, "p::q::r");
    let imports: Vec<_> = imports
        .iter()
        .map(|(path, line)| (path.as_str(), *line))
        .collect();
    assert_eq!(
        imports,
        [
            ("a::B", 2),
            ("c", 2),
            ("c::d", 2),
            ("p::f", 3),
            ("p::q::r::i::j", 4),
            ("k::l", 4)
        ]
    );
    let foreign: Vec<_> = foreign
        .iter()
        .map(|(path, line)| (path.as_str(), *line))
        .collect();
    assert_eq!(foreign, [("colloquy::n::O", 7), ("std::fs::read", 7)]);
}

/// One source file, without its tests.
struct Source {
    path: String,
    /// `diagnosis::rules::orphan_reply`.
    module: String,
    lines: usize,
    /// Paths of its own crate, from the root, each with its line.
    imports: Places,
    /// All other paths, as they stand.
    foreign: Places,
}

fn faults<'a>(
    files: impl Iterator<Item = &'a Source>,
    walls: &[Wall],
    outside: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.filter(|f| !f.module.is_empty()) {
        let Some(own) = own_wall(file, walls) else {
            faults.push(format!(
                "{}: the module {} has no line in the table",
                file.path, file.module
            ));
            continue;
        };
        let others = file
            .foreign
            .iter()
            .filter(|(path, _)| head(path) == outside);
        for (path, line) in file.imports.iter().chain(others) {
            if !is_below(path, own.of) && !own.may.iter().any(|may| is_below(path, may)) {
                faults.push(format!(
                    "{}:{line}: {} may not import {path}",
                    file.path, own.of
                ));
            }
        }
    }
    faults
}

/// The line of the table that a file stands behind.
fn own_wall<'a>(file: &Source, walls: &'a [Wall]) -> Option<&'a Wall> {
    walls
        .iter()
        .filter(|w| is_below(&file.module, w.of))
        .max_by_key(|w| w.of.len())
}

/// The first part of a path.
fn head(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn is_below(path: &str, of: &str) -> bool {
    path.strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The sources of a crate, without those that only tests have.
fn sources(folder: &str) -> &'static [Source] {
    static ENGINE: OnceLock<Vec<Source>> = OnceLock::new();
    static DISSECTORS: OnceLock<Vec<Source>> = OnceLock::new();
    let read = if folder == "src" {
        &ENGINE
    } else {
        &DISSECTORS
    };
    read.get_or_init(|| read_sources(&root().join(folder)))
}

fn read_sources(base: &Path) -> Vec<Source> {
    let files: Vec<(PathBuf, String)> = files_in(base)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    let only_tests: BTreeSet<String> = files
        .iter()
        .flat_map(|(path, text)| test_modules(&without_texts(text), &module_of(base, path)))
        .collect();
    files
        .iter()
        .map(|(path, text)| (module_of(base, path), path, text))
        .filter(|(module, ..)| !only_tests.iter().any(|test| is_below(module, test)))
        .map(|(module, path, text)| {
            let code = without_tests(&without_texts(text));
            let (imports, foreign) = paths(&code, &module);
            Source {
                path: path.strip_prefix(root()).unwrap().display().to_string(),
                lines: lines_without_tests(text, &code),
                module,
                imports,
                foreign,
            }
        })
        .collect()
}

/// Lines, without those that are empty only because their tests were taken out.
fn lines_without_tests(text: &str, code: &str) -> usize {
    let tests = text.lines().zip(code.lines()).filter(|(before, after)| {
        let before = before.trim();
        after.trim().is_empty() && !before.is_empty() && !before.starts_with("//")
    });
    text.lines().count() - tests.count()
}

fn module_of(base: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(base).unwrap().with_extension("");
    let mut parts: Vec<&str> = inner.iter().map(|p| p.to_str().unwrap()).collect();
    if matches!(parts.last(), Some(&("mod" | "lib"))) {
        parts.pop();
    }
    parts.join("::")
}

/// The modules that a file declares for tests only.
fn test_modules(code: &str, module: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in code.split("#[cfg(test)]").skip(1) {
        let item = piece
            .trim_start()
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub(super) ");
        if let Some(name) = item
            .strip_prefix("mod ")
            .and_then(|rest| rest.split_once(';'))
            .map(|(name, _)| name)
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            found.push(if module.is_empty() {
                name.to_owned()
            } else {
                format!("{module}::{name}")
            });
        }
    }
    found
}

/// The same text with blanks for comments, strings and characters, line by line.
fn without_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = text_end(&chars, at);
        for c in &chars[at..end.max(at + 1)] {
            let keep = end <= at || *c == '\n';
            out.push(if keep { *c } else { ' ' });
        }
        at = end.max(at + 1);
    }
    out
}

/// Where a comment, string or character that begins here ends; `at` itself where none begins.
fn text_end(chars: &[char], at: usize) -> usize {
    if !matches!(chars[at], '/' | 'r' | '"' | '\'') {
        return at;
    }
    let starts = |what: &str| {
        what.chars()
            .enumerate()
            .all(|(i, c)| chars.get(at + i) == Some(&c))
    };
    let find = |what: &str, from: usize| {
        let what: Vec<char> = what.chars().collect();
        (from..chars.len())
            .find(|i| chars[*i..].starts_with(&what))
            .map_or(chars.len(), |i| i + what.len())
    };
    if starts("//") {
        return (at..chars.len())
            .find(|i| chars[*i] == '\n')
            .unwrap_or(chars.len());
    }
    if starts("/*") {
        return find("*/", at + 2);
    }
    for (open, close) in [("r\"", "\""), ("r#\"", "\"#"), ("r##\"", "\"##")] {
        if starts(open) {
            return find(close, at + open.len());
        }
    }
    let escaped = |quote: char| {
        let mut i = at + 1;
        while i < chars.len() && chars[i] != quote {
            i += if chars[i] == '\\' { 2 } else { 1 };
        }
        i + 1
    };
    match chars[at] {
        '"' => escaped('"').min(chars.len()),
        // A character, not a lifetime.
        '\'' if chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'') => {
            escaped('\'').min(chars.len())
        }
        _ => at,
    }
}

/// The same code with blanks for every item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out: Vec<u8> = code
        .bytes()
        .map(|b| if b.is_ascii() { b } else { b'_' })
        .collect();
    let mark = b"#[cfg(test)]";
    let mut from = 0;
    while let Some(begin) = (from..out.len()).find(|i| out[*i..].starts_with(mark)) {
        let (mut depth, mut end) = (0_usize, begin + mark.len());
        while end < out.len() {
            match out[end] {
                b'{' => depth += 1,
                b'}' if depth <= 1 => break,
                b'}' => depth -= 1,
                b';' if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        let end = (end + 1).min(out.len());
        for byte in &mut out[begin..end] {
            *byte = if *byte == b'\n' { b'\n' } else { b' ' };
        }
        from = end;
    }
    String::from_utf8(out).unwrap()
}

/// Paths, each with its line.
type Places = Vec<(String, usize)>;

/// The paths in a file of module `module`: those of its own crate from the root, and the others.
fn paths(code: &str, module: &str) -> (Places, Places) {
    let words = words(code);
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < words.len() {
        let mut found = Vec::new();
        at = match words[at].0 {
            "use" => tree(&words, at + 1, "", &mut found),
            word if is_name(word) => plain(&words, at, &mut found),
            _ => at + 1,
        };
        for (path, line) in found {
            match resolved(&path, module) {
                Some(path) => own.push((path, line)),
                None => foreign.push((path, line)),
            }
        }
    }
    (own, foreign)
}

/// A path in the middle of code: two names at least.
fn plain(words: &[(&str, usize)], mut at: usize, found: &mut Places) -> usize {
    let line = words[at].1;
    let mut path = words[at].0.to_owned();
    let mut parts = 1;
    while words.get(at + 1).is_some_and(|w| w.0 == "::")
        && words.get(at + 2).is_some_and(|w| is_name(w.0))
    {
        path = format!("{path}::{}", words[at + 2].0);
        at += 2;
        parts += 1;
    }
    if parts > 1 {
        found.push((path, line));
    }
    at + 1
}

/// The tree of a `use`, flattened.
fn tree(words: &[(&str, usize)], mut at: usize, before: &str, found: &mut Places) -> usize {
    let mut path = before.to_owned();
    let line = words.get(at).map_or(0, |w| w.1);
    while let Some((word, _)) = words.get(at) {
        match *word {
            "::" => {}
            "{" => {
                at += 1;
                // A semicolon in braces: this was no `use`.
                while words.get(at).is_some_and(|w| !matches!(w.0, "}" | ";")) {
                    at = tree(words, at, &path, found);
                    if words.get(at).is_some_and(|w| w.0 == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "," | "}" | ";" => break,
            "as" => at += 1,
            "self" if !path.is_empty() => {}
            name if path.is_empty() => name.clone_into(&mut path),
            name => path = format!("{path}::{name}"),
        }
        at += 1;
    }
    found.push((path, line));
    at
}

/// The path from the crate's root, where it begins with `crate`, `self` or `super`.
fn resolved(path: &str, module: &str) -> Option<String> {
    let mut base: Vec<&str> = module.split("::").filter(|p| !p.is_empty()).collect();
    let mut parts = path.split("::").peekable();
    match parts.next()? {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        _ => return None,
    }
    base.extend(parts);
    Some(base.join("::"))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names and signs, each with its line.
fn words(code: &str) -> Vec<(&str, usize)> {
    let mut words = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_part(first) {
                rest.find(|c| !is_part(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (word, after) = rest.split_at(length);
            words.push((word, number + 1));
            rest = after.trim_start();
        }
    }
    words
}
