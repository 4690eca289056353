//! Values and what can be done with them. Every error is a mistake of the program.

use std::cmp::Ordering;
use std::rc::Rc;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Whole(i128),
    Real(f64),
    Text(Rc<[u8]>),
}

/// `+ - * / % ^`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

/// Two numbers of one kind.
enum Pair {
    Whole(i128, i128),
    Real(f64, f64),
}

impl Value {
    pub(super) fn text(&self) -> Result<&Rc<[u8]>, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Whole(_) | Self::Real(_) => Err("a number; expected a text".to_owned()),
        }
    }

    pub(super) fn whole(&self) -> Result<i128, String> {
        match self {
            Self::Whole(number) => Ok(*number),
            Self::Real(_) | Self::Text(_) => Err("expected a whole number".to_owned()),
        }
    }

    pub(super) fn real(&self) -> Result<f64, String> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "doubles are what the language has here"
            )]
            Self::Whole(number) => Ok(*number as f64),
            Self::Real(number) => Ok(*number),
            Self::Text(_) => Err("a text; expected a number".to_owned()),
        }
    }

    pub(super) fn negative(&self) -> Result<Self, String> {
        Self::Whole(0).with(Operator::Subtract, self)
    }

    fn pair(&self, other: &Self) -> Result<Pair, String> {
        Ok(match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Pair::Whole(*a, *b),
            _ => Pair::Real(self.real()?, other.real()?),
        })
    }

    pub(super) fn with(&self, operator: Operator, other: &Self) -> Result<Self, String> {
        if operator == Operator::Power {
            return self.power(other.whole()?);
        }
        match self.pair(other)? {
            Pair::Whole(a, b) => {
                let made = match operator {
                    Operator::Add => a.checked_add(b),
                    Operator::Subtract => a.checked_sub(b),
                    Operator::Multiply | Operator::Power => a.checked_mul(b),
                    Operator::Divide => a.checked_div(b),
                    Operator::Modulo => a.checked_rem(b),
                };
                made.map(Self::Whole)
                    .ok_or_else(|| "a division by zero, or a number of too many digits".to_owned())
            }
            Pair::Real(a, b) => match operator {
                Operator::Add => Ok(Self::Real(a + b)),
                Operator::Subtract => Ok(Self::Real(a - b)),
                Operator::Multiply => Ok(Self::Real(a * b)),
                Operator::Divide => Ok(Self::Real(a / b)),
                Operator::Modulo | Operator::Power => {
                    Err("`%` is for whole numbers alone".to_owned())
                }
            },
        }
    }

    fn power(&self, exponent: i128) -> Result<Self, String> {
        let Ok(exponent) = u32::try_from(exponent) else {
            return Err(format!("`^{exponent}`: expected an exponent from 0 to 4294967295"));
        };
        match self {
            Self::Whole(base) => base
                .checked_pow(exponent)
                .map(Self::Whole)
                .ok_or_else(|| format!("`{base}^{exponent}` has too many digits")),
            Self::Real(base) => Ok(Self::Real(base.powf(f64::from(exponent)))),
            Self::Text(_) => Err("a text; expected a number".to_owned()),
        }
    }

    pub(super) fn order(&self, other: &Self) -> Result<Ordering, String> {
        if let (Self::Text(a), Self::Text(b)) = (self, other) {
            return Ok(a.cmp(b));
        }
        match self.pair(other)? {
            Pair::Whole(a, b) => Ok(a.cmp(&b)),
            Pair::Real(a, b) => Ok(a.partial_cmp(&b).unwrap_or(Ordering::Equal)),
        }
    }
}
