//! What was said: sessions, their phases, exchanges and the facts that rules judge.

pub mod conversation;
pub mod exchange;
pub mod model;
pub mod times;
pub mod tracker;
