//! Colloquy's engine: capture files and live traffic in, sessions and findings out.
//!
//! The data flows one way: [`capture`] gives blocks of frames, [`frame`] takes each apart, [`stream`] puts
//! the bytes of each TCP connection in order, the dissectors of `colloquy-dissectors` tell what was said,
//! [`session`] folds that into sessions, [`diagnosis`] judges them, and the [`analysis::Outcome`] goes to
//! [`report`].
//!
//! ```no_run
//! use colloquy::runner::{self, Options};
//!
//! let outcome = runner::analyse_files(&["trouble.pcapng".into()], &Options::default(), &|_| ())?;
//! for found in &outcome.findings {
//!     println!("session {}: {}", found.session, found.finding.title);
//! }
//! # Ok::<(), colloquy::capture::CaptureError>(())
//! ```

pub mod analysis;
pub mod capture;
pub mod diagnosis;
pub mod fields;
pub mod filter;
pub mod frame;
pub mod limits;
mod parallel;
pub mod report;
pub mod rows;
pub mod runner;
pub mod selection;
pub mod session;
pub mod stream;
pub mod watch;

pub use colloquy_dissectors as dissectors;
