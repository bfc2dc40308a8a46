//! The panels: each has its state (`mod.rs`), what it shows (`data.rs`, without egui), and how it is drawn (`ui.rs`).

pub(crate) mod explanation;
pub(crate) mod findings;
pub(crate) mod frames;
pub(crate) mod ladder;
#[cfg(feature = "live")]
pub(crate) mod live;
pub(crate) mod palette;
pub(crate) mod sessions;
pub(crate) mod timeline;
pub(crate) mod welcome;
