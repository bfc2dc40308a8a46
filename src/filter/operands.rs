//! Looks up fields and types of values: from what was said to what is evaluated.

use std::ops::Range;

use colloquy_dissectors::field::FieldId;

use super::error::Fault;
use super::literal::{self, Written};
use super::names;
use super::program::{Constant, Function, Operand, Reach};
use super::syntax::{Calculation, Expr, Node};
use super::types::Type;
use crate::fields::Contents;

/// An operand and what values it has.
pub(super) type Typed = (Operand, Type);

/// What values it has, if that can be told without knowing what it is compared with.
pub(super) fn infer(expr: &Expr<'_>) -> Result<Option<Type>, Fault> {
    Ok(match &expr.node {
        Node::Word(word) => names::find(word).map(|(_, kind)| kind),
        Node::Text(_) | Node::Char(_) => None,
        Node::Layer(..) | Node::Slice(..) | Node::Call(..) => match own(expr, None) {
            Ok(typed) => Some(typed.1),
            Err(fault) => return Err(fault),
        },
        Node::Negative(inner) => infer(inner)?,
        Node::Calculated(sign, left, right) => match (infer(left)?, infer(right)?) {
            (Some(left), Some(right)) => left.calculated(*sign, right),
            (left, right) => left.or(right),
        },
    })
}

/// The operand; its literals become values of type `wanted`.
pub(super) fn lower(expr: &Expr<'_>, wanted: Type) -> Result<Typed, Fault> {
    own(expr, Some(wanted))
}

/// The operand, which has a field in it.
pub(super) fn field(expr: &Expr<'_>) -> Result<Typed, Fault> {
    own(expr, None)
}

/// Of a protocol its bytes, of others the operand itself.
pub(super) fn contents((operand, kind): Typed, expr: &Expr<'_>) -> Result<Typed, Fault> {
    if kind != Type::Protocol {
        return Ok((operand, kind));
    }
    let has = |ids: &[FieldId]| ids.iter().all(|id| Contents::of(*id).is_some());
    match &operand {
        Operand::Field(ids) | Operand::Layers(ids, _) if has(ids) => Ok((
            Operand::Contents(Box::new(operand), Reach::Own),
            Type::Bytes,
        )),
        _ => {
            let what = "this is a protocol: it is there or not; its bytes are not known here";
            Err(Fault::new(what, expr.at.clone()))
        }
    }
}

fn own(expr: &Expr<'_>, wanted: Option<Type>) -> Result<Typed, Fault> {
    let at = &expr.at;
    match &expr.node {
        Node::Word(word) => match (names::find(word), wanted) {
            (Some((ids, kind)), _) => Ok((Operand::Field(ids), kind)),
            (None, Some(wanted)) => literal(Written::Word(word), wanted, at),
            (None, None) => Err(no_field(Written::Word(word), at)),
        },
        Node::Text(text) => match wanted {
            Some(wanted) => literal(Written::Text(text), wanted, at),
            None => Err(no_field(Written::Text(text), at)),
        },
        Node::Char(byte) => match wanted {
            Some(wanted) => literal(Written::Char(*byte), wanted, at),
            None => Err(no_field(Written::Char(*byte), at)),
        },
        Node::Layer(word, parts) => {
            let (ids, kind) = names::find(word)
                .ok_or_else(|| names::unknown(word, at.start..at.start + word.len()))?;
            Ok((Operand::Layers(ids, parts.as_slice().into()), kind))
        }
        Node::Slice(inner, parts) => {
            let (operand, kind) = contents(field(inner)?, inner)?;
            if !kind.is_sliced() {
                let what = format!("{} has no bytes to take a slice of", kind.a());
                return Err(Fault::new(what, inner.at.clone()));
            }
            let slice = Operand::Slice(Box::new(operand), parts.as_slice().into());
            Ok((slice, Type::Bytes))
        }
        Node::Negative(inner) => negative(own(inner, wanted)?, inner),
        Node::Calculated(sign, left, right) => calculated(*sign, left, right, wanted, at),
        Node::Call(name, name_at, arguments) => call(name, name_at, arguments, at),
    }
}

fn literal(written: Written<'_>, wanted: Type, at: &Range<usize>) -> Result<Typed, Fault> {
    match literal::constant(written, wanted) {
        Ok(constant) => Ok((Operand::Constant(constant), wanted)),
        Err(what) => Err(match written {
            Written::Word(word) if names::is_name_like(word) && word.contains('.') => {
                names::unknown(word, at.clone())
            }
            _ => Fault::new(what, at.clone()),
        }),
    }
}

/// A fault for a value where only a field makes sense.
pub(super) fn no_field(written: Written<'_>, at: &Range<usize>) -> Fault {
    match written {
        Written::Word(word) if names::is_name_like(word) => names::unknown(word, at.clone()),
        _ => Fault::new("this is a value; a field is needed here", at.clone()),
    }
}

fn negative((operand, kind): Typed, expr: &Expr<'_>) -> Result<Typed, Fault> {
    if !kind.is_signed() {
        let what = format!("{} has no negative", kind.a());
        return Err(Fault::new(what, expr.at.clone()));
    }
    let too_large = || Fault::new("its negative is too large a number", expr.at.clone());
    let operand = match operand {
        Operand::Constant(Constant::Uint(n)) => {
            let n = i64::try_from(-i128::from(n)).map_err(|_| too_large())?;
            Operand::Constant(Constant::Int(n))
        }
        Operand::Constant(Constant::Double(n)) => Operand::Constant(Constant::Double(-n)),
        Operand::Constant(Constant::Duration(n)) => Operand::Constant(Constant::Duration(-n)),
        Operand::Constant(Constant::Time(n)) => Operand::Constant(Constant::Time(-n)),
        other => Operand::Negative(Box::new(other)),
    };
    Ok((operand, kind))
}

fn calculated(
    sign: Calculation,
    left: &Expr<'_>,
    right: &Expr<'_>,
    wanted: Option<Type>,
    at: &Range<usize>,
) -> Result<Typed, Fault> {
    let (known_left, known_right) = (infer(left)?, infer(right)?);
    // Of a moment, so many seconds are taken or added.
    let beside = |kind| {
        if kind == Type::Time {
            Type::Duration
        } else {
            kind
        }
    };
    let of_left = known_left.or(known_right.map(beside)).or(wanted);
    let of_right = known_right.or(known_left.map(beside)).or(wanted);
    let (a, left_type) = own(left, of_left)?;
    let (b, right_type) = own(right, of_right)?;
    let Some(kind) = left_type.calculated(sign, right_type) else {
        let what = if left_type == right_type {
            format!("{} does not work with {}", sign.sign(), left_type.a())
        } else {
            format!(
                "{} does not work with {} and {}",
                sign.sign(),
                left_type.a(),
                right_type.a()
            )
        };
        return Err(Fault::new(what, at.clone()));
    };
    Ok((Operand::Calculated(sign, Box::new(a), Box::new(b)), kind))
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("len", Function::Len),
    ("count", Function::Count),
    ("lower", Function::Lower),
    ("upper", Function::Upper),
    ("string", Function::Text),
    ("max", Function::Max),
    ("min", Function::Min),
    ("abs", Function::Abs),
];

/// The names of all functions.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

fn call(
    name: &str,
    name_at: &Range<usize>,
    arguments: &[Expr<'_>],
    at: &Range<usize>,
) -> Result<Typed, Fault> {
    let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let known = functions().collect::<Vec<_>>().join(", ");
        let what = format!("no function is called {name}; there are {known}");
        return Err(Fault::new(what, name_at.clone()));
    };
    let function = *function;
    if matches!(function, Function::Max | Function::Min) {
        return extreme(function, arguments, at);
    }
    let [argument] = arguments else {
        let what = format!("{name}() takes one argument");
        return Err(Fault::new(what, at.clone()));
    };
    let mut typed = field(argument)?;
    if function == Function::Len {
        typed = contents(typed, argument)?;
    }
    let (operand, kind) = typed;
    let (fits, needs, result) = match function {
        Function::Len => (
            kind.is_sliced(),
            "a text, bytes or an address",
            Type::Number,
        ),
        Function::Count => (
            matches!(operand, Operand::Field(_) | Operand::Layers(..)),
            "a field",
            Type::Number,
        ),
        Function::Lower | Function::Upper => (kind == Type::Text, "a text", Type::Text),
        Function::Text => (kind.is_written(), "a number or an address", Type::Text),
        _ => (kind.is_signed(), "a number or a duration", kind),
    };
    if !fits {
        let what = format!("{name}() takes {needs}, not {}", kind.a());
        return Err(Fault::new(what, argument.at.clone()));
    }
    Ok((Operand::Call(function, Box::from([operand])), result))
}

fn extreme(function: Function, arguments: &[Expr<'_>], at: &Range<usize>) -> Result<Typed, Fault> {
    let mut wanted = None;
    for argument in arguments {
        wanted = wanted.or(infer(argument)?.map(Type::with_value));
    }
    let Some(wanted) = wanted else {
        return Err(Fault::new(
            "a field is needed among the arguments",
            at.clone(),
        ));
    };
    let mut operands = Vec::new();
    for argument in arguments {
        let (operand, kind) = contents(lower(argument, wanted)?, argument)?;
        if !kind.compares(wanted) {
            let what = format!("{} and {} can't be compared", wanted.a(), kind.a());
            return Err(Fault::new(what, argument.at.clone()));
        }
        operands.push(operand);
    }
    Ok((Operand::Call(function, operands.into()), wanted))
}
