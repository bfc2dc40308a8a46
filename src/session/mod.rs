//! What was said: sessions, their phases, exchanges and the facts that rules judge.

mod carrier;
pub mod conversation;
pub mod exchange;
mod fold;
mod late;
pub(crate) mod leads;
pub mod ledger;
pub mod model;
mod pairing;
pub mod rhythm;
pub mod times;
pub mod told;
pub mod tracker;
pub mod troubles;
