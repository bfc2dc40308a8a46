//! The outcome as people and programs read it: one file a format.

pub mod dialogue;
pub mod json;
mod names;
pub mod summary;
pub mod text;

#[cfg(test)]
mod tests;
