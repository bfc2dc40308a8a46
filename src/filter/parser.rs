//! Tokens to a condition, by recursive descent.
//!
//! ```text
//! condition  = exclusive { ("or" | "||") exclusive }
//! exclusive  = both { ("xor" | "^^") both }
//! both       = negated { ("and" | "&&") negated }
//! negated    = { "not" | "!" } test
//! test       = "(" condition ")" | ["any" | "all"] value [ { relation value } | ["not"] "in" "{" members "}" ]
//! value      = unary { ("&" | "+" | "-" | "*" | "/" | "%") unary }         & binds least, * / % most
//! unary      = { "-" | "+" } ( "{" value "}" | function "(" values ")" | field ["#" layers] | literal ) { "[" slice "]" }
//! ```

use std::ops::Range;

use super::error::Fault;
use super::lexer::{Kind, Token};
use super::syntax::{Calculation, Condition, End, Expr, Member, Node, Part, Quantifier, Relation};
use crate::limits;

/// The condition that all `tokens` of an expression of `len` bytes make.
pub(super) fn parse<'t>(tokens: &'t [Token<'t>], len: usize) -> Result<Condition<'t>, Fault> {
    let mut parser = Parser {
        tokens,
        next: 0,
        end: len,
        depth: 0,
    };
    let condition = parser.condition()?;
    match parser.peek_token() {
        None => Ok(condition),
        Some(token) => Err(parser.unexpected(token)),
    }
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    next: usize,
    end: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek_token(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.next)
    }

    fn peek(&self) -> Option<&'t Kind<'t>> {
        self.peek_token().map(|t| &t.kind)
    }

    fn take(&mut self) -> Option<&'t Token<'t>> {
        let token = self.tokens.get(self.next)?;
        self.next += 1;
        Some(token)
    }

    fn take_if(&mut self, kind: &Kind<'_>) -> bool {
        let is = self.peek() == Some(kind);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, kind: &Kind<'_>, sign: char) -> Result<(), Fault> {
        if self.take_if(kind) {
            return Ok(());
        }
        let place = self
            .peek_token()
            .map_or(self.end..self.end, |t| t.at.clone());
        Err(Fault::new(format!("{sign} is expected here"), place))
    }

    fn ends_early(&self) -> Fault {
        Fault::new("the expression ends too early", self.end..self.end)
    }

    fn unexpected(&self, token: &Token<'_>) -> Fault {
        let before = self.tokens.get(self.next.wrapping_sub(1)).map(|t| &t.kind);
        let what = match (&token.kind, before) {
            (Kind::Relation(_) | Kind::Calculation(_) | Kind::In, Some(Kind::Close)) => {
                "( ) hold conditions, which can't be compared; { } hold calculations"
            }
            (
                Kind::Close | Kind::CloseBrace,
                Some(Kind::Comma | Kind::Relation(_) | Kind::Calculation(_)),
            ) => "a value is missing before this",
            (Kind::Close | Kind::CloseBrace, _) => "it closes nothing",
            (Kind::Word(_) | Kind::Text(_) | Kind::Char(_), Some(_)) => {
                "an operator is missing before this"
            }
            _ => "this was not expected here",
        };
        Fault::new(what, token.at.clone())
    }

    /// One level deeper, or a fault where it is too deep.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > limits::FILTER_DEPTH {
            let place = self
                .peek_token()
                .map_or(self.end..self.end, |t| t.at.clone());
            let what = format!("nested deeper than {} levels", limits::FILTER_DEPTH);
            return Err(Fault::new(what, place));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Conditions with one sign between them.
    fn joined(
        &mut self,
        sign: &Kind<'_>,
        part: fn(&mut Self) -> Result<Condition<'t>, Fault>,
        all: fn(Vec<Condition<'t>>) -> Condition<'t>,
    ) -> Result<Condition<'t>, Fault> {
        let first = part(self)?;
        if self.peek() != Some(sign) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_if(sign) {
            parts.push(part(self)?);
        }
        Ok(all(parts))
    }

    fn condition(&mut self) -> Result<Condition<'t>, Fault> {
        self.deeper(|me| me.joined(&Kind::Or, Self::exclusive, Condition::Or))
    }

    fn exclusive(&mut self) -> Result<Condition<'t>, Fault> {
        self.joined(&Kind::Xor, Self::both, Condition::Xor)
    }

    fn both(&mut self) -> Result<Condition<'t>, Fault> {
        self.joined(&Kind::And, Self::negated, Condition::And)
    }

    fn negated(&mut self) -> Result<Condition<'t>, Fault> {
        if self.take_if(&Kind::Not) {
            let inner = self.deeper(Self::negated)?;
            return Ok(Condition::Not(Box::new(inner)));
        }
        if self.take_if(&Kind::Open) {
            let inner = self.condition()?;
            self.expect(&Kind::Close, ')')?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition<'t>, Fault> {
        let quantifier = match self.peek() {
            Some(Kind::Any) => Some(Quantifier::Any),
            Some(Kind::All) => Some(Quantifier::All),
            _ => None,
        };
        self.next += usize::from(quantifier.is_some());
        let first = self.value(0)?;
        match self.peek() {
            Some(Kind::Relation(_)) => self.chain(quantifier, first),
            Some(Kind::In) => {
                self.next += 1;
                Ok(Condition::In(quantifier, first, self.set()?))
            }
            Some(Kind::Not)
                if self.tokens.get(self.next + 1).map(|t| &t.kind) == Some(&Kind::In) =>
            {
                self.next += 2;
                // None is inside, whatever the quantifier: so it is in Wireshark 4.0.
                let inside = Condition::In(None, first, self.set()?);
                Ok(Condition::Not(Box::new(inside)))
            }
            _ if quantifier.is_some() => Err(Fault::new(
                "any and all need a relation behind the field",
                first.at.end..first.at.end,
            )),
            _ => Ok(Condition::There(first)),
        }
    }

    /// `a < b < c` says `a < b and b < c`.
    fn chain(
        &mut self,
        quantifier: Option<Quantifier>,
        first: Expr<'t>,
    ) -> Result<Condition<'t>, Fault> {
        let mut parts = Vec::new();
        let mut left = first;
        while let Some(&Kind::Relation(relation)) = self.peek() {
            self.next += 1;
            let right = self.value(0)?;
            parts.push(Condition::Related(
                quantifier,
                relation,
                left,
                right.clone(),
            ));
            left = right;
            if matches!(relation, Relation::Contains | Relation::Matches) {
                break;
            }
        }
        match parts.len() {
            1 => parts.pop().ok_or_else(|| self.ends_early()),
            _ => Ok(Condition::And(parts)),
        }
    }

    fn set(&mut self) -> Result<Vec<Member<'t>>, Fault> {
        self.expect(&Kind::OpenBrace, '{')?;
        let mut members = Vec::new();
        loop {
            let low = self.value(0)?;
            let high = if self.take_if(&Kind::DotDot) {
                Some(self.value(0)?)
            } else {
                None
            };
            members.push((low, high));
            if !self.take_if(&Kind::Comma) {
                break;
            }
        }
        self.expect(&Kind::CloseBrace, '}')?;
        Ok(members)
    }

    /// A value whose calculations bind tighter than `least`.
    fn value(&mut self, least: u8) -> Result<Expr<'t>, Fault> {
        let mut left = self.unary()?;
        while let Some(&Kind::Calculation(sign)) = self.peek() {
            if sign.binds() <= least {
                break;
            }
            self.next += 1;
            let right = self.value(sign.binds())?;
            let at = left.at.start..right.at.end;
            let node = Node::Calculated(sign, Box::new(left), Box::new(right));
            left = Expr { node, at };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr<'t>, Fault> {
        self.deeper(|me| {
            let start = me.peek_token().map_or(me.end, |t| t.at.start);
            if me.take_if(&Kind::Calculation(Calculation::Subtract)) {
                let inner = me.unary()?;
                let at = start..inner.at.end;
                let node = Node::Negative(Box::new(inner));
                return Ok(Expr { node, at });
            }
            if me.take_if(&Kind::Calculation(Calculation::Add)) {
                return me.unary();
            }
            let mut value = me.primary()?;
            while let Some(Token {
                kind: Kind::Brackets(inner),
                at,
            }) = me.peek_token()
            {
                me.next += 1;
                let parts = parts(inner, at)?;
                let at = value.at.start..at.end;
                let node = Node::Slice(Box::new(value), parts);
                value = Expr { node, at };
            }
            Ok(value)
        })
    }

    fn primary(&mut self) -> Result<Expr<'t>, Fault> {
        let token = self.take().ok_or_else(|| self.ends_early())?;
        let at = token.at.clone();
        let node = match &token.kind {
            Kind::Word(word) => match self.peek() {
                Some(Kind::Open) => return self.call(word, at),
                Some(Kind::Hash) => return self.layer(word, at),
                _ => Node::Word(word),
            },
            Kind::Text(text) => Node::Text(text.clone()),
            Kind::Char(byte) => Node::Char(*byte),
            Kind::OpenBrace => {
                let inner = self.value(0)?;
                self.expect(&Kind::CloseBrace, '}')?;
                return Ok(inner);
            }
            _ => {
                self.next -= 1;
                return Err(self.unexpected(token));
            }
        };
        Ok(Expr { node, at })
    }

    fn call(&mut self, name: &'t str, at: Range<usize>) -> Result<Expr<'t>, Fault> {
        self.next += 1;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Kind::Close) {
            arguments.push(self.value(0)?);
            while self.take_if(&Kind::Comma) {
                arguments.push(self.value(0)?);
            }
        }
        self.expect(&Kind::Close, ')')?;
        let end = self.tokens.get(self.next - 1).map_or(at.end, |t| t.at.end);
        Ok(Expr {
            at: at.start..end,
            node: Node::Call(name, at, arguments),
        })
    }

    fn layer(&mut self, field: &'t str, at: Range<usize>) -> Result<Expr<'t>, Fault> {
        self.next += 1;
        let token = self.take().ok_or_else(|| self.ends_early())?;
        let parts = match &token.kind {
            Kind::Word(number) if !number.contains([':', '-']) => parts(number, &token.at)?,
            Kind::Brackets(inner) => parts(inner, &token.at)?,
            _ => {
                return Err(Fault::new(
                    "a layer is a number, or [numbers]",
                    token.at.clone(),
                ));
            }
        };
        Ok(Expr {
            at: at.start..token.at.end,
            node: Node::Layer(field, parts),
        })
    }
}

/// `i:j`, `i-j`, `i`, `:j`, `i:`, with commas between.
fn parts(inner: &str, at: &Range<usize>) -> Result<Vec<Part>, Fault> {
    let fault = |what: &str| Fault::new(what, at.clone());
    let number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (digits, base) = digits
            .strip_prefix("0x")
            .map_or((digits, 10), |hex| (hex, 16));
        let value = i32::from_str_radix(digits, base).ok();
        let value = value.filter(|_| digits.starts_with(|c: char| c.is_ascii_hexdigit()));
        let value = value.map(|v| if text.starts_with('-') { -v } else { v });
        value.ok_or_else(|| fault(&format!("{text:?} is no place in a slice")))
    };
    inner
        .split(',')
        .map(|part| {
            let part = part.trim();
            if let Some((start, len)) = part.split_once(':') {
                let start = match start.trim() {
                    "" => 0,
                    start => number(start)?,
                };
                return match len.trim() {
                    "" => Ok(End::Last),
                    len => match number(len)? {
                        len if len > 0 => Ok(End::Len(len)),
                        _ => Err(fault("a slice has a length of 1 at least")),
                    },
                }
                .map(|end| Part { start, end });
            }
            let dash = part.get(1..).and_then(|rest| rest.find('-')).map(|p| p + 1);
            let Some((start, end)) = dash.and_then(|p| Some((part.get(..p)?, part.get(p + 1..)?)))
            else {
                return Ok(Part {
                    start: number(part)?,
                    end: End::Len(1),
                });
            };
            let (start, end) = (number(start.trim())?, number(end.trim())?);
            if start > end && (start < 0) == (end < 0) {
                return Err(fault("the slice ends before it begins"));
            }
            Ok(Part {
                start,
                end: End::At(end),
            })
        })
        .collect()
}
