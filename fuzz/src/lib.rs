//! What any bytes may do to Colloquy, and never may: a function for each fuzz target, which panics where a law is broken.
//!
//! The program `fuzz` hands libFuzzer's bytes to them; `tests/regressions.rs` hands them the inputs that once broke a law.

/// A capture file's bytes, however they come.
pub mod capture;
/// Dialogues as bytes, and what is said of one.
pub mod dialogue;
/// Expressions of the display filter.
pub mod filter;
/// The bytes of a capture file up to the report.
pub mod pipeline;
/// One protocol's dissector, and the stack that recognises all of them.
pub mod protocol;
/// What captures hold, as inputs.
pub mod seed;
/// Segments of one TCP connection.
pub mod stream;

use colloquy_dissectors::protocols::PROTOCOLS;

/// A law: panics where these bytes break it.
pub type Law = Box<dyn Fn(&[u8]) + Send + Sync>;

type Check = fn(&[u8]);

const WHOLE: &[(&str, Check)] = &[
    ("capture", capture::check),
    ("filter", filter::check),
    ("pipeline", pipeline::check),
    ("stack", protocol::check_stack),
    ("stream", stream::check),
];

/// The names of all targets: those that take several parts at once, and each protocol.
pub fn targets() -> Vec<String> {
    let whole = WHOLE.iter().map(|(name, _)| *name);
    let names = whole.chain(PROTOCOLS.iter().map(|p| p.name));
    names.map(|name| name.replace('/', "-")).collect()
}

/// The law of a target by its name.
pub fn law(target: &str) -> Option<Law> {
    if let Some((_, check)) = WHOLE.iter().find(|(name, _)| *name == target) {
        return Some(Box::new(check));
    }
    let mut all = PROTOCOLS.iter().copied();
    let protocol = all.find(|p| p.name.replace('/', "-") == target)?;
    Some(Box::new(move |input| protocol::check(protocol, input)))
}
