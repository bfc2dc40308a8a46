//! What is remembered from one start to the next.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::panels::sessions::Layout;

/// Captures that are remembered.
const RECENT: usize = 12;
/// Under which name.
pub(crate) const KEY: &str = "colloquy";

/// What is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Light on dark.
    pub(crate) dark: bool,
    /// Captures that were open, the last one first.
    pub(crate) recent: Vec<PathBuf>,
    /// The sessions table.
    pub(crate) sessions: Layout,
    /// The findings are shown.
    pub(crate) findings: bool,
    /// The timeline is shown.
    pub(crate) timeline: bool,
    /// The ladder is shown.
    pub(crate) ladder: bool,
    /// The frames are shown in place of the ladder.
    pub(crate) frames: bool,
    /// They have all of the window.
    pub(crate) frames_alone: bool,
    /// Display filters that were applied to frames, the last one first.
    pub(crate) frame_filters: Vec<String>,
    /// The interface of the last capture.
    pub(crate) interface: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dark: true,
            recent: Vec::new(),
            sessions: Layout::default(),
            findings: true,
            timeline: true,
            ladder: true,
            frames: false,
            frames_alone: false,
            frame_filters: Vec::new(),
            interface: None,
        }
    }
}

impl Settings {
    /// A capture was opened.
    pub(crate) fn opened(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        self.recent.retain(|p| *p != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_capture_comes_first_and_only_once() {
        let mut settings = Settings::default();
        for name in ["/a", "/b", "/a"] {
            settings.opened(PathBuf::from(name));
        }
        assert_eq!(settings.recent, [PathBuf::from("/a"), PathBuf::from("/b")]);
        for n in 0..40 {
            settings.opened(PathBuf::from(format!("/{n}")));
        }
        assert_eq!(settings.recent.len(), RECENT);
    }
}
