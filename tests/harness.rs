//! What all tests have in common.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, panic};

use colloquy::analysis::Outcome;
use colloquy::capture::script::ScriptFrame;
use colloquy::capture::{
    self, Block, CaptureError, InterfaceInfo, LinkType, MemoryFrame, Writer, WriterOptions,
};
use colloquy::report::json;
use colloquy::runner::{self, Options};
use serde::Deserialize;
use serde_json::Value;

/// The package's folder, from which samples are named.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Who is at fault, and where a finding points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Party {
    None,
    Client,
    Server,
    Network,
    /// No finding can tell from this capture alone.
    Unknown,
}

impl Party {
    /// As the report writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Client => "client",
            Self::Server => "server",
            Self::Network => "network",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a sample, from those who made it: `samples/<protocol>/<case>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    pub(crate) title: String,
    /// What an expert concludes.
    pub(crate) story: String,
    pub(crate) protocol: String,
    /// A healthy one must stay quiet.
    pub(crate) healthy: bool,
    pub(crate) at_fault: Party,
    /// Where the findings point, if the capture does not show who is at fault.
    pub(crate) points_at: Option<Party>,
    /// The host that opens every conversation.
    pub(crate) client: IpAddr,
    /// Every end that is asked.
    pub(crate) servers: Vec<SocketAddr>,
    /// Of each group one rule must fire.
    #[serde(default)]
    pub(crate) expect: Vec<Vec<String>>,
    /// Rules that are true here as well. Any other of severity warning and above is a false alarm.
    #[serde(default)]
    pub(crate) also: Vec<String>,
    pub(crate) made: Made,
    /// How many sessions of each protocol there are.
    pub(crate) sessions: BTreeMap<String, u64>,
    /// The states of the sessions of each protocol, in the order of their ids; one word where all are alike.
    pub(crate) states: BTreeMap<String, Vec<String>>,
    /// What is told of the sessions of a protocol, in the order of their ids.
    #[serde(default)]
    pub(crate) details: Vec<Detail>,
    /// Frames that prove it.
    #[serde(default)]
    pub(crate) cites: Vec<Cite>,
}

/// How a sample was made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    pub(crate) scenario: String,
    pub(crate) peers: String,
    pub(crate) trouble: String,
    pub(crate) vantage: Party,
    pub(crate) delay_ms: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detail {
    pub(crate) protocol: String,
    pub(crate) key: String,
    pub(crate) values: Vec<toml::Value>,
}

/// A finding of one of the rules cites all of these frames.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cite {
    pub(crate) rules: Vec<String>,
    pub(crate) frames: Vec<u64>,
}

/// A capture with its truth.
#[derive(Debug)]
pub(crate) struct Sample {
    /// `nbss/request-unanswered`.
    pub(crate) name: String,
    /// Relative to the package: `samples/nbss/request-unanswered.pcap`.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) truth: Truth,
}

/// Every sample, in the order of names.
///
/// # Panics
/// When a capture has no truth, or a truth no capture or keys nobody knows.
pub(crate) fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let folder = root().join("samples");
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in files_in(&folder) {
            let inner = path.strip_prefix(&folder).unwrap();
            if inner.components().count() != 2 {
                continue;
            }
            let ending = inner.extension().unwrap_or_default().to_str().unwrap();
            let name = inner.with_extension("").to_str().unwrap().to_owned();
            files.entry(name).or_default().push(ending.to_owned());
        }
        files
            .iter()
            .map(|(name, endings)| sample(name, endings))
            .collect()
    })
}

fn sample(name: &str, endings: &[String]) -> Sample {
    let capture = match endings {
        [a, b] if a == "toml" && b.starts_with("pcap") => b,
        [a, b] if b == "toml" && a.starts_with("pcap") => a,
        _ => panic!(
            "samples/{name}: one capture and one .toml belong together, here are {endings:?}"
        ),
    };
    let path = Path::new("samples").join(format!("{name}.{capture}"));
    let text = fs::read_to_string(root().join(format!("samples/{name}.toml"))).unwrap();
    let truth = toml::from_str(&text).unwrap_or_else(|why| panic!("samples/{name}.toml: {why}"));
    let bytes = fs::read(root().join(&path)).unwrap();
    Sample {
        name: name.to_owned(),
        path,
        bytes,
        truth,
    }
}

/// Runs a check on every sample and tells all that failed.
pub(crate) fn each_sample(check: impl Fn(&Sample) + panic::RefUnwindSafe) {
    each(samples().iter().map(|s| (s.name.as_str(), s)), check);
}

/// Runs a check on every item and tells all that failed.
pub(crate) fn each<'a, T: panic::RefUnwindSafe + 'a>(
    items: impl Iterator<Item = (&'a str, &'a T)>,
    check: impl Fn(&T) + panic::RefUnwindSafe,
) {
    let (mut count, mut failed) = (0, Vec::new());
    for (name, item) in items {
        count += 1;
        if panic::catch_unwind(|| check(item)).is_err() {
            failed.push(name);
        }
    }
    assert!(count > 0, "nothing was checked");
    assert!(
        failed.is_empty(),
        "{} of {count} failed: {}",
        failed.len(),
        failed.join(", ")
    );
}

/// Every file below a folder, sorted.
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The built binary, in the package's folder.
pub(crate) fn colloquy<S: AsRef<std::ffi::OsStr>>(
    args: impl IntoIterator<Item = S>,
) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_colloquy"));
    command.current_dir(root()).args(args);
    command
}

/// What the binary says of captures, as JSON.
pub(crate) fn report_of(captures: &[&Path]) -> Value {
    let mut command = colloquy(["report", "--format", "json"]);
    command.args(captures);
    let output = command.assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

/// Analyses bytes of a file on this thread.
pub(crate) fn analyse(bytes: &[u8], threads: usize) -> Result<Outcome, CaptureError> {
    let mut source = capture::from_reader("bytes", Cursor::new(bytes.to_vec()))?;
    let options = Options {
        threads,
        ..Options::default()
    };
    Ok(runner::analyse(source.as_mut(), &options))
}

/// The JSON report of an outcome.
pub(crate) fn json_of(outcome: &Outcome) -> Value {
    let mut text = Vec::new();
    json::write(outcome, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The frames of a capture file.
pub(crate) fn frames_of(bytes: &[u8]) -> Vec<MemoryFrame> {
    let mut source = capture::from_reader("bytes", Cursor::new(bytes.to_vec())).unwrap();
    let (mut block, mut frames) = (Block::new(), Vec::new());
    while source.fill(&mut block).unwrap() {
        frames.extend(block.records.iter().map(|record| MemoryFrame {
            time: record.time,
            link: record.link,
            bytes: block.bytes(record).to_vec(),
            wire_len: record.wire_len,
        }));
    }
    frames
}

/// The secrets of TLS sessions that a capture brings along, as the text of a key log.
pub(crate) fn secrets_of(bytes: &[u8]) -> String {
    let mut source = capture::from_reader("bytes", Cursor::new(bytes.to_vec())).unwrap();
    let mut block = Block::new();
    while source.fill(&mut block).unwrap() {}
    source.secrets().to_owned()
}

/// Frames of a script as a pcapng file.
pub(crate) fn pcapng_of(frames: &[ScriptFrame]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
    let interface = writer.interface(&InterfaceInfo {
        link: LinkType::ETHERNET,
        resolution: 9,
        ..InterfaceInfo::default()
    });
    let interface = interface.unwrap();
    for frame in frames {
        let wire_len = frame.bytes.len() as u32;
        writer
            .frame(interface, frame.time, &frame.bytes, wire_len)
            .unwrap();
    }
    writer.finish().unwrap()
}

/// The NULL call of NFSv3 in a record of its own (RFC 5531), which any server answers at once.
pub(crate) fn rpc_call(xid: u32) -> Vec<u8> {
    let words = [0x8000_0000 + 40, xid, 0, 2, 100_003, 3, 0, 0, 0, 0, 0];
    words
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect()
}

/// A value's field that must be there.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

/// A value's list that must be there.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key]
        .as_array()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

/// Numbers that look random and are the same each time (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// Seeded with a name.
    pub(crate) fn new(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self(seed)
    }

    /// The next number.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }
}
