//! Tests.

#[cfg(feature = "gui")]
mod window;
