//! Looks up fields and types of conditions, and refuses what makes no sense.

use colloquy_dissectors::field::FieldId;

use super::error::Fault;
use super::literal::Written;
use super::names;
use super::operands::{contents, field, infer, lower, no_field};
use super::pattern;
use super::program::{Constant, Member, Needle, Operand, Order, Test};
use super::syntax::{Condition, Expr, Node, Quantifier, Relation};
use super::types::Type;

/// The test that a condition stands for.
pub(super) fn check(condition: &Condition<'_>) -> Result<Test, Fault> {
    let all = |parts: &[Condition<'_>]| {
        parts
            .iter()
            .map(check)
            .collect::<Result<Box<[Test]>, Fault>>()
    };
    Ok(match condition {
        Condition::Or(parts) => Test::Or(all(parts)?),
        Condition::Xor(parts) => Test::Xor(all(parts)?),
        Condition::And(parts) => Test::And(all(parts)?),
        Condition::Not(inner) => Test::Not(Box::new(check(inner)?)),
        Condition::There(expr) => there(expr)?,
        Condition::Related(quantifier, relation, left, right) => {
            related(*quantifier, *relation, left, right)?
        }
        Condition::In(quantifier, left, members) => {
            let (operand, kind) = valued(left)?;
            let quantifier = quantifier.unwrap_or(Quantifier::Any);
            let members = members
                .iter()
                .map(|(low, high)| member(left, kind, low, high.as_ref()));
            Test::In(quantifier, operand, members.collect::<Result<_, _>>()?)
        }
    })
}

fn there(expr: &Expr<'_>) -> Result<Test, Fault> {
    let (operand, _) = field(expr)?;
    match &expr.node {
        Node::Call(..) => {
            let what = "a function's result has to be compared with something";
            Err(Fault::new(what, expr.at.clone()))
        }
        Node::Calculated(..) | Node::Negative(_) => Ok(Test::NonZero(operand)),
        _ => Ok(Test::There(operand)),
    }
}

/// An operand with a field in it whose values can be compared.
fn valued(expr: &Expr<'_>) -> Result<(Operand, Type), Fault> {
    let (operand, kind) = contents(field(expr)?, expr)?;
    if kind.has_value() {
        return Ok((operand, kind));
    }
    let what = format!(
        "this is a {}: it is there or not, and has no value",
        kind.name()
    );
    Err(Fault::new(what, expr.at.clone()))
}

fn related(
    quantifier: Option<Quantifier>,
    relation: Relation,
    left: &Expr<'_>,
    right: &Expr<'_>,
) -> Result<Test, Fault> {
    let (order, usual) = match relation {
        Relation::Eq => (Order::Eq, Quantifier::Any),
        Relation::Ne => (Order::Ne, Quantifier::All),
        Relation::AllEq => (Order::Eq, Quantifier::All),
        Relation::AnyNe => (Order::Ne, Quantifier::Any),
        Relation::Lt => (Order::Lt, Quantifier::Any),
        Relation::Le => (Order::Le, Quantifier::Any),
        Relation::Gt => (Order::Gt, Quantifier::Any),
        Relation::Ge => (Order::Ge, Quantifier::Any),
        Relation::Contains | Relation::Matches => {
            return search(quantifier.unwrap_or(Quantifier::Any), relation, left, right);
        }
    };
    let (mut a, mut b) = pair(left, right)?;
    if let Some(bits) = prefix(&b).or(prefix(&a)) {
        (a, b) = (masked(a, bits), masked(b, bits));
    }
    Ok(Test::Compare(quantifier.unwrap_or(usual), order, a, b))
}

/// Both sides of a comparison, one of which has a field in it.
fn pair(left: &Expr<'_>, right: &Expr<'_>) -> Result<(Operand, Operand), Fault> {
    let (a, b) = match (infer(left)?, infer(right)?) {
        (Some(_), _) => {
            let (a, kind) = valued(left)?;
            ((a, kind), contents(lower(right, kind)?, right)?)
        }
        (None, Some(kind)) => {
            if let Node::Word(word) = left.node
                && names::is_name_like(word)
            {
                return Err(no_field(Written::Word(word), &left.at));
            }
            let b = valued(right)?;
            (lower(left, kind.with_value())?, b)
        }
        (None, None) => return Err(field(left).err().unwrap_or_else(|| no_name(left))),
    };
    if a.1.compares(b.1) {
        return Ok((a.0, b.0));
    }
    let what = format!("{} can't be compared with {}", a.1.a(), b.1.a());
    Err(Fault::new(what, right.at.clone()))
}

fn no_name(expr: &Expr<'_>) -> Fault {
    Fault::new("a field is needed on one side", expr.at.clone())
}

fn prefix(operand: &Operand) -> Option<u8> {
    match operand {
        Operand::Constant(constant) => constant.prefix(),
        _ => None,
    }
}

fn masked(operand: Operand, bits: u8) -> Operand {
    Operand::Masked(Box::new(operand), bits)
}

fn member(
    left: &Expr<'_>,
    kind: Type,
    low: &Expr<'_>,
    high: Option<&Expr<'_>>,
) -> Result<Member, Fault> {
    let of = |expr: &Expr<'_>| -> Result<Operand, Fault> {
        let (operand, other) = contents(lower(expr, kind)?, expr)?;
        if kind.compares(other) {
            return Ok(operand);
        }
        let what = format!("{} can't be compared with {}", kind.a(), other.a());
        let at = if infer(expr)?.is_some() {
            &expr.at
        } else {
            &left.at
        };
        Err(Fault::new(what, at.clone()))
    };
    let low = of(low)?;
    Ok(match (high, low) {
        (Some(high), low) => Member::Range(low, of(high)?),
        (None, Operand::Constant(constant)) => match constant.prefix() {
            Some(bits) => Member::Network(constant, bits),
            None => Member::One(Operand::Constant(constant)),
        },
        (None, low) => Member::One(low),
    })
}

fn search(
    quantifier: Quantifier,
    relation: Relation,
    left: &Expr<'_>,
    right: &Expr<'_>,
) -> Result<Test, Fault> {
    let (operand, kind) = valued(left)?;
    let operand = operand.with_what_follows();
    if !kind.is_searched() {
        let what = format!(
            "{} can't be searched; string(…) makes a text of numbers and addresses",
            kind.a()
        );
        return Err(Fault::new(what, left.at.clone()));
    }
    let needle = if relation == Relation::Matches {
        let Node::Text(text) = &right.node else {
            let what = "a regular expression stands in \"…\" or r\"…\"";
            return Err(Fault::new(what, right.at.clone()));
        };
        let text = String::from_utf8_lossy(text);
        Needle::Pattern(pattern::perl(&text).map_err(|what| Fault::new(what, right.at.clone()))?)
    } else {
        let wanted = if kind == Type::Ether {
            Type::Bytes
        } else {
            kind
        };
        let (needle, other) = contents(lower(right, wanted)?, right)?;
        let needle = needle.with_what_follows();
        if !other.is_searched() {
            let what = format!("{} can't be contained in {}", other.a(), kind.a());
            return Err(Fault::new(what, right.at.clone()));
        }
        match &needle {
            Operand::Constant(Constant::Text(bytes) | Constant::Bytes(bytes))
                if !bytes.is_empty() =>
            {
                let pattern = pattern::literal(bytes);
                Needle::Pattern(pattern.map_err(|what| Fault::new(what, right.at.clone()))?)
            }
            _ => Needle::Value(needle),
        }
    };
    Ok(Test::Search(quantifier, operand, needle))
}

/// What a test reads.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) fields: Vec<FieldId>,
    /// Protocols whose bytes are read.
    pub(super) contents: Vec<FieldId>,
}

/// Adds what a test reads.
pub(super) fn collect(test: &Test, reads: &mut Reads) {
    match test {
        Test::Always => {}
        Test::Or(parts) | Test::Xor(parts) | Test::And(parts) => {
            parts.iter().for_each(|part| collect(part, reads));
        }
        Test::Not(inner) => collect(inner, reads),
        Test::There(operand) | Test::NonZero(operand) => of(operand, reads),
        Test::Compare(_, _, left, right) => {
            of(left, reads);
            of(right, reads);
        }
        Test::Search(_, left, needle) => {
            of(left, reads);
            if let Needle::Value(needle) = needle {
                of(needle, reads);
            }
        }
        Test::In(_, left, members) => {
            of(left, reads);
            for member in members {
                match member {
                    Member::One(one) => of(one, reads),
                    Member::Network(..) => {}
                    Member::Range(low, high) => {
                        of(low, reads);
                        of(high, reads);
                    }
                }
            }
        }
    }
}

fn of(operand: &Operand, reads: &mut Reads) {
    match operand {
        Operand::Constant(_) => {}
        Operand::Field(ids) => reads.fields.extend_from_slice(ids),
        Operand::Layers(ids, _) => {
            reads.fields.extend_from_slice(ids);
            // Layers are counted by where the protocol begins.
            reads
                .fields
                .extend(ids.iter().map(|id| FieldId::new(id.group(), 0)));
        }
        Operand::Contents(inner, _) => {
            of(inner, reads);
            if let Operand::Field(ids) | Operand::Layers(ids, _) = inner.as_ref() {
                reads.contents.extend_from_slice(ids);
            }
        }
        Operand::Masked(inner, _) | Operand::Slice(inner, _) | Operand::Negative(inner) => {
            of(inner, reads);
        }
        Operand::Calculated(_, left, right) => {
            of(left, reads);
            of(right, reads);
        }
        Operand::Call(_, arguments) => arguments.iter().for_each(|a| of(a, reads)),
    }
}
