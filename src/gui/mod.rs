//! The window.

use std::path::PathBuf;

/// Opens the window with these captures.
pub(crate) fn run(files: Vec<PathBuf>) -> anyhow::Result<()> {
    anyhow::bail!(
        "the window is not built yet; try: colloquy report {}",
        files
            .first()
            .map_or_else(|| "FILE".to_owned(), |f| f.display().to_string())
    )
}
