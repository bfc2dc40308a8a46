//! What can go wrong with a capture as a whole. Damage inside a file is no error, see [`Damage`](super::Damage).

use std::io;

/// Why a capture cannot be opened, read on or written. Each is one line, with the path or interface.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The operating system would not open it.
    #[error("cannot open {path}: {}", plain(source))]
    Open {
        /// The file.
        path: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// It can be read, but it is no capture.
    #[error("{path} is not a capture file: {looks_like}")]
    NotACapture {
        /// The file.
        path: String,
        /// What it is instead, as a half sentence: `it is empty`, `it is a Solaris snoop file`.
        looks_like: String,
    },
    /// The operating system stopped in the middle.
    #[error("cannot read {path} at byte {at_byte}: {}", plain(source))]
    Read {
        /// The file.
        path: String,
        /// How far it was read; bytes of the unpacked stream of a compressed file.
        at_byte: u64,
        /// What the operating system says.
        source: io::Error,
    },
    /// A capture file could not be written.
    #[error("cannot write {path}: {}", plain(source))]
    Write {
        /// The file.
        path: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The capture filter is wrong.
    #[error("capture filter \"{filter}\" on {interface}: {reason}")]
    Filter {
        /// The interface, whose link type decides what a filter can ask.
        interface: String,
        /// The filter.
        filter: String,
        /// What libpcap says.
        reason: String,
    },
    /// Capturing needs rights that this process does not have.
    #[error(
        "no right to capture on {interface}: run as root, or once `sudo setcap cap_net_raw,cap_net_admin+eip $(command -v colloquy)` ({reason})"
    )]
    NoRights {
        /// The interface.
        interface: String,
        /// What libpcap says.
        reason: String,
    },
    /// There is no such interface.
    #[error("no interface \"{interface}\" here; there are: {present}")]
    NoInterface {
        /// The interface that was asked for.
        interface: String,
        /// Those that exist, joined by commas.
        present: String,
    },
    /// libpcap failed otherwise.
    #[error("capturing on {interface}: {reason}")]
    Live {
        /// The interface.
        interface: String,
        /// What libpcap says.
        reason: String,
    },
}

/// The operating system's reason without Rust's ` (os error 2)`.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}
