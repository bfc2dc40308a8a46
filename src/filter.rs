//! The display-filter language: Wireshark 4.0's, over the fields of the registry.
//!
//! ```text
//!   text ─ lexer ─ tokens ─ parser ─ condition ─ check (fields, types) ─ test ─ evaluate on Values
//! ```
//!
//! What differs from Wireshark 4.0: `xor` and `^^` exist, a value may stand on the left (`10 < tcp.port < 90`), times without
//! an offset are in UTC, the bytes of some protocols are not known ([`Contents`](crate::fields::Contents)), regular expressions are those of the `regex` crate (no
//! look-around, no back-references), names of hosts, ports and codes are not known. Two faults of 4.0 are not repeated: of
//! `all tcp.port in {80, 443}` it wants all values in one member, and what it has read of `ip.addr#2` it takes for `ip.addr`.
//!
//! ```
//! use colloquy::filter::Filter;
//!
//! let filter = Filter::compile("frame.len > 100 and frame.number in {1..10}")?;
//! assert_eq!(filter.fields().len(), 2);
//! let error = Filter::compile("frame.numbr == 1").unwrap_err();
//! assert_eq!(error.what(), "no field is called frame.numbr; did you mean frame.number?");
//! # Ok::<(), colloquy::filter::Error>(())
//! ```

mod calculate;
mod check;
mod equality;
mod error;
mod evaluate;
mod lexer;
mod literal;
mod names;
mod operands;
mod order;
mod parser;
mod pattern;
mod program;
mod syntax;
#[cfg(test)]
mod tests;
mod types;

use colloquy_dissectors::field::{FieldId, Values, Wanted};

pub use equality::equality;
pub use error::Error;
pub use names::{aliases, fields_of};
pub use operands::functions;

use crate::limits;
use error::Fault;
use program::Test;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Filter {
    test: Test,
    fields: Vec<FieldId>,
    contents: Vec<FieldId>,
}

impl Filter {
    /// Compiles an expression. An empty one matches everything.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let test = compiled(text).map_err(|fault| Error::new(fault, text))?;
        let mut reads = check::Reads::default();
        check::collect(&test, &mut reads);
        let check::Reads {
            mut fields,
            mut contents,
        } = reads;
        for list in [&mut fields, &mut contents] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self {
            test,
            fields,
            contents,
        })
    }

    /// Compiles an expression that may read only fields of which `refuses` says nothing; it is told whether the bytes of a
    /// protocol are read.
    ///
    /// # Errors
    /// As [`Filter::compile`], or what `refuses` says of the first such field.
    pub fn compile_for(
        text: &str,
        refuses: &dyn Fn(FieldId, bool) -> Option<String>,
    ) -> Result<Self, Error> {
        let filter = Self::compile(text)?;
        for token in lexer::tokens(text).map_err(|fault| Error::new(fault, text))? {
            let lexer::Kind::Word(word) = token.kind else {
                continue;
            };
            let fields = names::find(word).map_or_else(Box::default, |(ids, _)| ids);
            let read = fields.iter().filter(|id| filter.fields.contains(id));
            if let Some(what) = read
                .copied()
                .find_map(|id| refuses(id, filter.contents.contains(&id)))
            {
                return Err(Error::new(Fault::new(what, token.at), text));
            }
        }
        Ok(filter)
    }

    /// The fields that it reads, each once.
    #[must_use]
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// The protocols of which it reads the bytes, and not only whether they are there.
    #[must_use]
    pub fn contents(&self) -> &[FieldId] {
        &self.contents
    }

    /// Adds what it reads to what is wanted.
    pub fn add_to(&self, wanted: &mut Wanted) {
        self.fields.iter().for_each(|id| wanted.add(*id));
        self.contents.iter().for_each(|id| wanted.add_contents(*id));
    }

    /// False when it can't hold for these values, whatever those of the fields are of which `knows` says no.
    #[must_use]
    pub fn may_match(&self, values: &Values, knows: &dyn Fn(FieldId) -> bool) -> bool {
        self.test.may_hold(values, knows)
    }

    /// True when it holds for these values, among which are those of [`Filter::fields`].
    #[must_use]
    pub fn matches(&self, values: &Values) -> bool {
        self.test.holds(values)
    }
}

fn compiled(text: &str) -> Result<Test, Fault> {
    if text.len() > limits::FILTER_BYTES {
        let what = format!("longer than {} bytes", limits::FILTER_BYTES);
        return Err(Fault::new(what, 0..0));
    }
    let tokens = lexer::tokens(text)?;
    if tokens.is_empty() {
        return Ok(Test::Always);
    }
    check::check(&parser::parse(&tokens, text.len())?)
}
