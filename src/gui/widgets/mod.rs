//! Things that draw and know nothing of sessions.

pub(crate) mod badge;
pub(crate) mod filter_bar;
pub(crate) mod rows;
pub(crate) mod text;
