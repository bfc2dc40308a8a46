//! The window.
//!
//! ```text
//! ┌ menu ─────────────────────────────────────────────────────────┐
//! │ errors, progress, capture                                     │
//! ├ findings ────────┬ sessions, by health ───────────────────────┤
//! │ capture quality  │                                            │
//! │ four questions   ├ ladder of the selected session, or frames: ┤
//! ├ explanation ─────┤ filter and list; fields beside bytes       │
//! │ evidence, advice │                                            │
//! ├──────────────────┴ timeline, a lane a session ────────────────┤
//! └ what was checked ─────────────────────────────────────────────┘
//! ```
//!
//! Panels read through a [`Ctx`](context::Ctx) and ask through [`Command`](command::Command)s, which the
//! application carries out after the frame; one [`Selection`](selection::Selection) is shared by all. Whatever takes
//! time has a thread of its own: loading, reading a dialogue, capturing, file dialogs.

mod app;
mod apply;
mod chrome;
mod command;
mod context;
mod dissecting;
mod document;
mod expressions;
mod files;
mod format;
mod keys;
mod layout;
mod loader;
mod matching;
mod panels;
mod picture;
#[cfg(feature = "live")]
mod recorder;
mod selection;
mod settings;
mod spool;
mod teller;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_frames;
mod theme;
mod widgets;

use std::path::PathBuf;

use app::App;
use colloquy::capture::KeyLog;
use picture::Picture;

/// How the window begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    /// Captures to open.
    pub(crate) files: Vec<PathBuf>,
    /// Save a picture of the window here once they are open, and end.
    pub(crate) picture: Option<PathBuf>,
    /// Dark or light; else as last time.
    pub(crate) dark: Option<bool>,
    /// TLS secrets beside the captures.
    pub(crate) key_log: KeyLog,
}

/// The size of the first window.
const SIZE: [f32; 2] = [1440.0, 900.0];

/// Opens the window, and returns when it is closed.
pub(crate) fn run(start: Start) -> anyhow::Result<()> {
    keys::set(start.key_log.clone());
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Colloquy")
        .with_app_id("colloquy")
        .with_inner_size(SIZE)
        .with_min_inner_size([640.0, 420.0]);
    let icon = include_bytes!("../../assets/icon.png");
    if let Ok(icon) = eframe::icon_data::from_png_bytes(icon) {
        viewport = viewport.with_icon(icon);
    }
    let picture = start.picture.clone().map(Picture::new);
    let failed = picture.as_ref().map(Picture::outcome);
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        persist_window: picture.is_none(),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "colloquy",
        options,
        Box::new(move |cc| Ok(Box::new(App::new(cc, start, picture)))),
    )
    .map_err(|error| {
        anyhow::anyhow!("cannot open the window: {error}; `colloquy report` needs none")
    })?;
    match failed.and_then(|f| f.lock().ok()?.take()) {
        Some(why) => anyhow::bail!("{why}"),
        None => Ok(()),
    }
}
