//! Rows as text, in tshark's manners.

mod fields;
mod json;
#[cfg(test)]
mod tests;
mod text;

pub use fields::{FieldsPrinter, Occurrence, Quote};
pub use json::JsonPrinter;
pub use text::{TextPrinter, TimeFormat};

use super::Row;

/// Writes rows.
pub trait Printer: Sync {
    /// What stands before the first row.
    fn begin(&self, out: &mut Vec<u8>);
    /// One row, its end included.
    fn row(&self, row: &Row, out: &mut Vec<u8>);
    /// What stands between two rows.
    fn between(&self) -> &'static [u8] {
        b""
    }
    /// What stands behind the last one.
    fn end(&self, out: &mut Vec<u8>);
}
