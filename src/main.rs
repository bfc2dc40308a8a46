//! The binary: the command line and, with the feature `gui`, the window. Both reach the engine only through
//! `colloquy::`.

mod cli;
#[cfg(feature = "gui")]
mod gui;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

/// Many small allocations, and as many threads that make them as processors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
