//! Tests and expressions.

use super::super::value::{Operator, Value};
use super::{Expression, Parsed, Parser, Relation, Test};

impl Parser<'_> {
    /// `&&` and `||` bind alike, from left to right.
    pub(super) fn test(&mut self) -> Parsed<Test> {
        self.deeper(|parser| {
            let mut test = parser.single_test()?;
            loop {
                if parser.takes("&&") {
                    test = Test::Both(Box::new([test, parser.single_test()?]));
                } else if parser.takes("||") {
                    test = Test::Either(Box::new([test, parser.single_test()?]));
                } else {
                    return Ok(test);
                }
            }
        })
    }

    fn single_test(&mut self) -> Parsed<Test> {
        let start = self.at;
        if self.peek() == Some(b'!') {
            self.at += 1;
            return self.deeper(|parser| Ok(Test::Not(Box::new(parser.single_test()?))));
        }
        let word = self.word();
        match word.as_str() {
            "ISEOF" => return Ok(Test::AtEnd),
            "MATCH" | "UNIQUE" | "INARRAY" => return self.named_test(&word),
            _ => self.at = start,
        }
        // A parenthesis may hold a test, or begin an expression.
        match self.comparison() {
            Ok(test) => Ok(test),
            Err(problem) => {
                self.at = start;
                if !self.takes("(") {
                    return Err(problem);
                }
                let test = self.test()?;
                self.expect(")").map(|()| test)
            }
        }
    }

    fn named_test(&mut self, word: &str) -> Parsed<Test> {
        self.expect("(")?;
        let test = match word {
            "MATCH" => Test::Match(self.expression()?),
            "UNIQUE" => Test::Unique(self.names()?),
            _ => {
                let value = self.expression()?;
                self.expect(",")?;
                Test::InArray(value, self.name()?)
            }
        };
        self.expect(")").map(|()| test)
    }

    fn comparison(&mut self) -> Parsed<Test> {
        let left = self.expression()?;
        let signs = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("==", Relation::Equal),
            ("!=", Relation::Different),
            ("<", Relation::Less),
            (">", Relation::Greater),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.takes(sign));
        let (_, relation) = found.ok_or("expected a comparison, such as `a <= b`")?;
        Ok(Test::Compare(relation, left, self.expression()?))
    }

    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        let signs = [("+", Operator::Add), ("-", Operator::Subtract)];
        self.deeper(|parser| parser.chain(&signs, Self::term))
    }

    fn term(&mut self) -> Parsed<Expression> {
        let signs = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Modulo)];
        self.chain(&signs, Self::factor)
    }

    fn factor(&mut self) -> Parsed<Expression> {
        if self.takes("-") {
            return self.deeper(|parser| Ok(Expression::Negative(Box::new(parser.factor()?))));
        }
        self.chain(&[("^", Operator::Power)], Self::atom)
    }

    /// Parts with signs between them, from left to right.
    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        part: fn(&mut Self) -> Parsed<Expression>,
    ) -> Parsed<Expression> {
        let mut whole = part(self)?;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.takes(sign)) {
            whole = Expression::Pair(*operator, Box::new([whole, part(self)?]));
        }
        Ok(whole)
    }

    fn atom(&mut self) -> Parsed<Expression> {
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")").map(|()| inner)
            }
            Some(b'"') => self.text().map(Expression::Value),
            Some(byte) if byte.is_ascii_digit() => self.number().map(Expression::Value),
            Some(b'-') => self.factor(),
            Some(b'S') if self.word() == "STRLEN" => {
                self.expect("(")?;
                let text = self.expression()?;
                self.expect(")").map(|()| Expression::Length(Box::new(text)))
            }
            _ => self.variable().map(Expression::Variable),
        }
    }

    fn number(&mut self) -> Parsed<Value> {
        let mut text = self.digits();
        let whole = text.len();
        let next = |parser: &Self, ahead: usize| parser.text.get(parser.at + ahead).copied();
        if next(self, 0) == Some(b'.') {
            self.at += 1;
            text = format!("{text}.{}", self.digits());
        }
        if matches!(next(self, 0), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(next(self, 1), Some(b'+' | b'-')));
            if next(self, 1 + signed).is_some_and(|byte| byte.is_ascii_digit()) {
                let minus = next(self, 1) == Some(b'-');
                self.at += 1 + signed;
                text = format!("{text}e{}{}", if minus { "-" } else { "" }, self.digits());
            }
        }
        let wrong = || format!("`{text}` is too long a number");
        if text.len() == whole {
            return text.parse().ok().map(Value::Whole).ok_or_else(wrong);
        }
        let real = text.parse().ok().filter(|real: &f64| real.is_finite());
        real.map(Value::Real).ok_or_else(wrong)
    }

    fn digits(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += end;
        String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned()
    }

    /// A text in quotes.
    fn text(&mut self) -> Parsed<Value> {
        self.expect("\"")?;
        let mut text = Vec::new();
        loop {
            let byte = *self.text.get(self.at).ok_or("a text that does not end")?;
            self.at += 1;
            match byte {
                b'"' => return Ok(Value::Text(text.into())),
                b'\\' => self.escaped(&mut text)?,
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self, text: &mut Vec<u8>) -> Parsed<()> {
        let byte = *self.text.get(self.at).ok_or("a text that does not end")?;
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'"' | b'\\' => text.push(byte),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(next @ b'0'..=b'7') = self.text.get(self.at) else { break };
                    code = code * 8 + u32::from(next - b'0');
                    self.at += 1;
                }
                text.push(
                    u8::try_from(code).ok().ok_or_else(|| format!("`\\{code:o}` is no byte"))?,
                );
            }
            other => text.extend([b'\\', other]),
        }
        Ok(())
    }
}
