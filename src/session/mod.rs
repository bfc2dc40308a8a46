//! What was said: sessions, their phases, exchanges and the facts that rules judge.

mod carrier;
pub mod conversation;
pub mod exchange;
mod fold;
pub mod ledger;
pub mod model;
pub mod rhythm;
pub mod times;
pub mod told;
pub mod tracker;
