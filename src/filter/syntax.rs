//! What was said, before fields and types are looked up.

use std::ops::Range;

/// A relation of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Any pair is equal.
    Eq,
    /// No pair is equal.
    Ne,
    /// All pairs are equal.
    AllEq,
    /// Any pair is unequal.
    AnyNe,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    Matches,
}

/// A calculation with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calculation {
    /// Bit by bit.
    And,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Calculation {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::And => "&",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// The higher, the tighter it binds.
    pub(super) const fn binds(self) -> u8 {
        match self {
            Self::And => 1,
            Self::Add | Self::Subtract => 2,
            Self::Multiply | Self::Divide | Self::Remainder => 3,
        }
    }
}

/// Over which of several values a relation must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// A part of a slice or of a range of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The first, from the end where negative.
    pub(super) start: i32,
    pub(super) end: End,
}

/// Where a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// After so many.
    Len(i32),
    /// With this one.
    At(i32),
    /// With the last.
    Last,
}

/// A value or a calculation of values.
#[derive(Clone, Debug)]
pub(super) struct Expr<'t> {
    pub(super) node: Node<'t>,
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Node<'t> {
    Word(&'t str),
    Text(Vec<u8>),
    Char(u8),
    Layer(&'t str, Vec<Part>),
    Slice(Box<Expr<'t>>, Vec<Part>),
    Negative(Box<Expr<'t>>),
    Calculated(Calculation, Box<Expr<'t>>, Box<Expr<'t>>),
    /// A function's name, where it stands, and its arguments.
    Call(&'t str, Range<usize>, Vec<Expr<'t>>),
}

/// One of a set: a value, or all from one to another.
pub(super) type Member<'t> = (Expr<'t>, Option<Expr<'t>>);

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Condition<'t> {
    Or(Vec<Self>),
    Xor(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    /// It is there; of a calculation, it is not zero.
    There(Expr<'t>),
    Related(Option<Quantifier>, Relation, Expr<'t>, Expr<'t>),
    In(Option<Quantifier>, Expr<'t>, Vec<Member<'t>>),
}
