//! From text to commands.

use super::value::{Operator, Value};

/// The longest program, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep blocks, and parentheses, may lie in each other.
const DEEPEST: usize = 64;

/// A variable with its indices, empty for a plain one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) indices: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Value(Value),
    Variable(Variable),
    Negative(Box<Self>),
    Pair(Operator, Box<[Self; 2]>),
    Length(Box<Self>),
}

/// `< > <= >= == !=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    Greater,
    AtMost,
    AtLeast,
    Equal,
    Different,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Not(Box<Self>),
    Both(Box<[Self; 2]>),
    Either(Box<[Self; 2]>),
    Compare(Relation, Expression, Expression),
    AtEnd,
    Match(Expression),
    Unique(Vec<String>),
    InArray(Expression, String),
}

/// How a float may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Any,
    Fixed,
    Scientific,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    Space,
    Newline,
    End,
    Whole(Expression, Expression, Option<Variable>),
    Real {
        range: [Expression; 2],
        decimals: Option<[Expression; 2]>,
        to: Option<Variable>,
        notation: Notation,
    },
    Text(Expression),
    Regex(Expression, Option<Variable>),
    Assert(Test),
    Set(Vec<(Variable, Expression)>),
    Unset(Vec<String>),
    Loop {
        index: Option<Variable>,
        until: Until,
        separator: Option<Box<Step>>,
        body: Vec<Step>,
    },
    If(Test, Vec<Step>, Vec<Step>),
}

/// How long a loop goes on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Until {
    Times(Expression),
    While(Test),
}

/// A command and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) command: Command,
}

/// Reads a program. The error says in which line what is wrong.
pub(super) fn parse(program: &[u8]) -> Result<Vec<Step>, String> {
    if program.len() > LONGEST {
        return Err(format!("has more than {LONGEST} bytes"));
    }
    let mut parser = Parser { text: program, at: 0, depth: 0 };
    parser.whole().map_err(|problem| format!("line {}: {problem}", parser.line()))
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl Parser<'_> {
    fn line(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn skip(&mut self) {
        while let Some(byte) = self.text.get(self.at) {
            if *byte == b'#' {
                let rest = self.text.get(self.at..).unwrap_or_default();
                self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.text.get(self.at).copied()
    }

    /// Takes a sign if it is next.
    fn takes(&mut self, sign: &str) -> bool {
        self.skip();
        let next = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(sign.as_bytes()));
        if next {
            self.at += sign.len();
        }
        next
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) { Ok(()) } else { Err(format!("expected `{sign}`")) }
    }

    /// A run of bytes of one kind.
    fn run_of(&mut self, fits: impl Fn(u8) -> bool) -> String {
        self.skip();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !fits(*byte)).unwrap_or(rest.len());
        self.at += end;
        String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned()
    }

    fn word(&mut self) -> String {
        self.run_of(|byte| byte.is_ascii_uppercase())
    }

    fn name(&mut self) -> Parsed<String> {
        let lower = self.peek().is_some_and(|byte| byte.is_ascii_lowercase());
        if !lower {
            return Err("expected the name of a variable".to_owned());
        }
        Ok(self.run_of(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
    }

    fn names(&mut self) -> Parsed<Vec<String>> {
        let mut names = vec![self.name()?];
        while self.takes(",") {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return Err(format!("more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn whole(&mut self) -> Parsed<Vec<Step>> {
        let (steps, closed) = self.block()?;
        if closed.is_empty() { Ok(steps) } else { Err(format!("`{closed}` closes nothing")) }
    }

    /// Commands up to `END`, `ELSE` or the end of the text, and which it was.
    fn block(&mut self) -> Parsed<(Vec<Step>, String)> {
        let mut steps = Vec::new();
        while self.peek().is_some() {
            let line = self.line();
            let word = self.word();
            if word == "END" || word == "ELSE" {
                return Ok((steps, word));
            }
            let command = self.command(&word)?;
            steps.push(Step { line, command });
        }
        Ok((steps, String::new()))
    }

    fn command(&mut self, word: &str) -> Parsed<Command> {
        let plain = match word {
            "SPACE" => Some(Command::Space),
            "NEWLINE" => Some(Command::Newline),
            "EOF" => Some(Command::End),
            _ => None,
        };
        if let Some(plain) = plain {
            return Ok(plain);
        }
        if !self.takes("(") {
            return Err(format!("`{word}`: expected a command"));
        }
        match word {
            "INT" => {
                let (low, high) = self.range()?;
                let to = if self.takes(",") { Some(self.variable()?) } else { None };
                self.close(Command::Whole(low, high, to))
            }
            "FLOAT" | "FLOATP" => self.float(word == "FLOATP"),
            "STRING" => {
                let text = self.expression()?;
                self.close(Command::Text(text))
            }
            "REGEX" => {
                let pattern = self.expression()?;
                let to = if self.takes(",") { Some(self.variable()?) } else { None };
                self.close(Command::Regex(pattern, to))
            }
            "ASSERT" => {
                let test = self.test()?;
                self.close(Command::Assert(test))
            }
            "SET" => {
                let mut set = Vec::new();
                loop {
                    let to = self.variable()?;
                    self.expect("=")?;
                    set.push((to, self.expression()?));
                    if !self.takes(",") {
                        return self.close(Command::Set(set));
                    }
                }
            }
            "UNSET" => {
                let names = self.names()?;
                self.close(Command::Unset(names))
            }
            "REP" | "REPI" | "WHILE" | "WHILEI" => self.deeper(|parser| parser.repetition(word)),
            "IF" => self.deeper(Self::condition),
            _ => Err(format!("`{word}` is no command")),
        }
    }

    fn close(&mut self, command: Command) -> Parsed<Command> {
        self.expect(")").map(|()| command)
    }

    fn range(&mut self) -> Parsed<(Expression, Expression)> {
        let low = self.expression()?;
        self.expect(",")?;
        Ok((low, self.expression()?))
    }

    fn float(&mut self, limited: bool) -> Parsed<Command> {
        let (low, high) = self.range()?;
        let mut decimals = None;
        if limited {
            self.expect(",")?;
            let (least, most) = self.range()?;
            decimals = Some([least, most]);
        }
        let (mut to, mut notation) = (None, Notation::Any);
        while notation == Notation::Any && self.takes(",") {
            if to.is_none() && self.peek().is_some_and(|byte| byte.is_ascii_lowercase()) {
                to = Some(self.variable()?);
                continue;
            }
            notation = match self.word().as_str() {
                "FIXED" => Notation::Fixed,
                "SCIENTIFIC" => Notation::Scientific,
                other => return Err(format!("`{other}`: expected FIXED or SCIENTIFIC")),
            };
        }
        self.close(Command::Real { range: [low, high], decimals, to, notation })
    }

    fn repetition(&mut self, word: &str) -> Parsed<Command> {
        let mut index = None;
        if word.ends_with('I') {
            index = Some(self.variable()?);
            self.expect(",")?;
        }
        let until = if word.starts_with("REP") {
            Until::Times(self.expression()?)
        } else {
            Until::While(self.test()?)
        };
        let mut separator = None;
        if self.takes(",") {
            let line = self.line();
            let word = self.word();
            let command = self.command(&word)?;
            separator = Some(Box::new(Step { line, command }));
        }
        self.expect(")")?;
        let (body, closed) = self.block()?;
        if closed != "END" {
            return Err(format!("expected the END of a {word}"));
        }
        Ok(Command::Loop { index, until, separator, body })
    }

    fn condition(&mut self) -> Parsed<Command> {
        let test = self.test()?;
        self.expect(")")?;
        let (then, mut closed) = self.block()?;
        let mut other = Vec::new();
        if closed == "ELSE" {
            (other, closed) = self.block()?;
        }
        if closed != "END" {
            return Err("expected the END of an IF".to_owned());
        }
        Ok(Command::If(test, then, other))
    }

    fn variable(&mut self) -> Parsed<Variable> {
        let name = self.name()?;
        let mut indices = Vec::new();
        if self.takes("[") {
            indices.push(self.expression()?);
            while self.takes(",") {
                indices.push(self.expression()?);
            }
            self.expect("]")?;
        }
        Ok(Variable { name, indices })
    }
}

mod terms;
