//! The integration tests: one binary, so that the program and its crates are linked once.
//!
//! What belongs where; try not to add more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and say why"
)]

/// What the others have in common: the samples with their truth, the built binary, mutations of captures.
mod harness;
/// The JSON report's schema, key by key, and what must hold between its numbers.
mod schema;

/// Peers that mean harm: bombs, floods, endless and nested messages take bounded memory.
#[cfg(target_os = "linux")]
mod adversarial;
/// Which module may import which, and how long a file may be.
mod architecture;
/// Every rule and protocol is registered, documented and tested; `explain` has a page for each.
mod catalogue;
/// The real binary: its outputs, its help, its exit statuses.
mod cli;
/// Rows of frames and slices: every sample, whole and broken, on any number of threads.
mod frames;
/// Key logs beside captures, by the built binary.
mod keylog;
/// What never changes a report: where the bytes come from, how they are packed, how many threads work.
mod laws;
/// Live traffic of a real client and server over loopback. Needs the right to capture; says so and passes without.
#[cfg(feature = "live")]
mod live;
/// Inputs that once broke a law of the fuzz targets.
mod regressions;
/// Response times as tables: they add up, and read as they did.
mod response_times;
/// Captures that are cut, broken, shuffled: no panic, an end, a report that holds together.
mod robustness;
/// Every sample against its truth, and its text report as people read it.
mod samples;
/// The real window under a virtual screen, on a sample. Needs Xvfb; says so and passes without.
#[cfg(feature = "gui")]
mod window;
