//! Two ordered byte streams out of the segments of one TCP connection.
//!
//! A [`Tcp`](tcp::Tcp) takes segments in the capture's order and gives each side's bytes in the
//! stream's order, with explicit gaps where bytes were never captured, and keeps the facts that the
//! rules on transport ask for.

pub mod assembler;
pub mod facts;
pub mod rare;
pub mod resets;
pub mod tcp;
