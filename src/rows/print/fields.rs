//! `-T fields`: a line a frame, a column a field.

use colloquy_dissectors::field::{FieldInfo, Kind, Value};

use super::Printer;
use crate::fields;
use crate::rows::Row;

/// Which of several values of one field in one frame are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occurrence {
    /// The first.
    First,
    /// The last.
    Last,
    /// All, with the aggregator between them.
    #[default]
    All,
}

/// What stands around each value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    /// Nothing.
    #[default]
    None,
    /// `"`, with `"` inside doubled.
    Double,
    /// `'`.
    Single,
}

/// Prints fields.
#[derive(Clone, Debug)]
pub struct FieldsPrinter {
    /// A column each; `None` stands for a field that is known and never there.
    pub columns: Vec<&'static FieldInfo>,
    /// The names of the columns, as they were asked for.
    pub names: Vec<String>,
    /// A first line with the names.
    pub header: bool,
    /// Between columns.
    pub separator: String,
    /// Between several values of one field.
    pub aggregator: String,
    /// Which of several values.
    pub occurrence: Occurrence,
    /// What stands around values.
    pub quote: Quote,
}

impl FieldsPrinter {
    fn mark(&self) -> &'static [u8] {
        match self.quote {
            Quote::None => b"",
            Quote::Double => b"\"",
            Quote::Single => b"'",
        }
    }

    fn column(&self, field: &FieldInfo, row: &Row, out: &mut Vec<u8>) {
        let start = out.len();
        let mut values = row.values.of(field.id);
        match self.occurrence {
            Occurrence::First => {
                if let Some(value) = values.next() {
                    write(out, field, value);
                }
            }
            Occurrence::Last => {
                if let Some(value) = values.last() {
                    write(out, field, value);
                }
            }
            Occurrence::All => {
                for (i, value) in values.enumerate() {
                    if i > 0 {
                        out.extend_from_slice(self.aggregator.as_bytes());
                    }
                    write(out, field, value);
                }
            }
        }
        if out.len() > start && self.quote != Quote::None {
            let value = out.split_off(start);
            let mark = self.mark();
            out.extend_from_slice(mark);
            for byte in value {
                if [byte] == mark {
                    out.push(byte);
                }
                out.push(byte);
            }
            out.extend_from_slice(mark);
        }
    }
}

/// A protocol is written by its name.
fn write(out: &mut Vec<u8>, field: &FieldInfo, value: Value<'_>) {
    match field.kind {
        Kind::Protocol => out.extend_from_slice(field.name.as_bytes()),
        kind => fields::write(out, kind, value),
    }
}

impl Printer for FieldsPrinter {
    fn begin(&self, out: &mut Vec<u8>) {
        if self.header {
            out.extend_from_slice(self.names.join(&self.separator).as_bytes());
            out.push(b'\n');
        }
    }

    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        for (i, field) in self.columns.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(self.separator.as_bytes());
            }
            self.column(field, row, out);
        }
        out.push(b'\n');
    }

    fn end(&self, _out: &mut Vec<u8>) {}
}
