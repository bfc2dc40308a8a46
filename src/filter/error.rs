//! What is wrong with an expression, and where.

use std::fmt;
use std::ops::Range;

/// A fault at bytes of the expression, on its way to an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) at: Range<usize>,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, at: Range<usize>) -> Self {
        let what = what.into();
        Self { what, at }
    }
}

/// Why an expression is no filter. Displayed with the expression and a mark under the token at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    what: String,
    text: String,
    at: Range<usize>,
}

impl Error {
    pub(super) fn new(fault: Fault, text: &str) -> Self {
        Self {
            what: fault.what,
            text: text.to_owned(),
            at: fault.at,
        }
    }

    /// The fault, in words.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The bytes of the expression that are at fault; none at its end.
    #[must_use]
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }
}

/// Characters of the expression that are shown on either side of the fault.
const AROUND: usize = 60;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.at.start).unwrap_or(&self.text);
        let token = self.text.get(self.at.clone()).unwrap_or("");
        let after = self.text.get(self.at.end..).unwrap_or("");
        let flat = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let hidden = before.chars().count().saturating_sub(AROUND);
        let before: String = flat(before).chars().skip(hidden).collect();
        let dots = if hidden > 0 { "…" } else { "" };
        let token: String = flat(token).chars().take(AROUND).collect();
        let rest: String = flat(after).chars().take(AROUND).collect();
        writeln!(f, "{}", self.what)?;
        writeln!(f, "    {dots}{before}{token}{rest}")?;
        let blanks = dots.chars().count() + before.chars().count();
        let waves = token.chars().count().saturating_sub(1);
        write!(f, "    {:blanks$}^{:~<waves$}", "", "")
    }
}

impl std::error::Error for Error {}
