//! Follows a program through an input.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};

use super::Refusal;
use super::parse::{Command, Expression, Notation, Step, Until, Variable};
use super::value::Value;

/// Values that variables may hold together.
const MOST_VALUES: usize = if cfg!(test) { 1 << 12 } else { 1 << 22 };
/// Patterns that are kept compiled, and the size of each.
const PATTERNS: usize = 32;
const LARGEST_PATTERN: usize = 4 << 20;
/// Steps between two looks at the clock.
const STEPS: u32 = 256;

/// What the program and the input agree on so far; an error is where they do not.
type Followed<T> = Result<T, Refusal>;

/// A mistake of the program.
fn mistake(problem: String) -> Refusal {
    Refusal::Program(problem)
}

pub(super) fn run(program: &[Step], input: &[u8], most: Duration) -> Followed<()> {
    let mut run = Run {
        input,
        at: 0,
        variables: HashMap::new(),
        values: 0,
        patterns: HashMap::new(),
        end: Instant::now() + most,
        most,
        steps: 0,
    };
    match run.steps(program)? {
        Flow::Ended => Ok(()),
        Flow::On => run.end_of_file(),
    }
}

/// Whether there is more to follow after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Ended,
}

struct Run<'a> {
    input: &'a [u8],
    at: usize,
    variables: HashMap<String, BTreeMap<Vec<i128>, Value>>,
    values: usize,
    patterns: HashMap<Rc<[u8]>, Regex>,
    end: Instant,
    most: Duration,
    steps: u32,
}

impl Run<'_> {
    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// The input is not as described here.
    fn unlike(&self, expected: impl std::fmt::Display) -> Refusal {
        let before = self.input.get(..self.at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.rest();
        let end = rest.iter().take(20).position(|byte| *byte == b'\n').unwrap_or(20);
        let found = match rest.get(..end.min(rest.len())).unwrap_or_default() {
            [] if rest.is_empty() => "the end of the file".to_owned(),
            [] => "the end of the line".to_owned(),
            some => format!("`{}`", String::from_utf8_lossy(some)),
        };
        let column = before.len() - start + 1;
        Refusal::Input(format!("line {line}, character {column}: {found}; expected {expected}"))
    }

    fn end_of_file(&self) -> Followed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.unlike("the end of the file")) }
    }

    /// Bounds what a program without an end takes.
    fn count(&mut self) -> Followed<()> {
        self.steps += 1;
        if self.steps < STEPS {
            return Ok(());
        }
        self.steps = 0;
        if Instant::now() < self.end {
            return Ok(());
        }
        Err(mistake(format!("took longer than {} ms", self.most.as_millis())))
    }

    fn steps(&mut self, steps: &[Step]) -> Followed<Flow> {
        for step in steps {
            if self.step(step)? == Flow::Ended {
                return Ok(Flow::Ended);
            }
        }
        Ok(Flow::On)
    }

    fn step(&mut self, step: &Step) -> Followed<Flow> {
        self.count()?;
        self.command(&step.command).map_err(|refusal| match &refusal {
            Refusal::Program(problem) if !problem.starts_with("line ") => {
                mistake(format!("line {}: {problem}", step.line))
            }
            Refusal::Program(_) | Refusal::Input(_) => refusal,
        })
    }

    fn command(&mut self, command: &Command) -> Followed<Flow> {
        match command {
            Command::Space => self.literal(b" ", "a space")?,
            Command::Newline => self.literal(b"\n", "the end of the line")?,
            Command::End => return self.end_of_file().map(|()| Flow::Ended),
            Command::Whole(low, high, to) => self.whole(low, high, to.as_ref())?,
            Command::Real { range, decimals, to, notation } => {
                self.real(range, decimals.as_ref(), to.as_ref(), *notation)?;
            }
            Command::Text(text) => {
                let text = Rc::clone(self.value(text)?.text().map_err(mistake)?);
                let shown = format!("`{}`", String::from_utf8_lossy(&text));
                self.literal(&text, &shown)?;
            }
            Command::Regex(pattern, to) => self.regex(pattern, to.as_ref())?,
            Command::Assert(test) => {
                if !self.holds(test)? {
                    return Err(self.unlike("that an ASSERT of the validator holds"));
                }
            }
            Command::Set(set) => {
                for (to, value) in set {
                    let value = self.value(value)?;
                    self.set(to, value)?;
                }
            }
            Command::Unset(names) => {
                for name in names {
                    let gone = self.variables.remove(name);
                    self.values -= gone.map_or(0, |values| values.len());
                }
            }
            Command::Loop { index, until, separator, body } => {
                let around = (index.as_ref(), separator.as_deref());
                return self.repeat(until, around, body);
            }
            Command::If(test, then, other) => {
                let block = if self.holds(test)? { then } else { other };
                return self.steps(block);
            }
        }
        Ok(Flow::On)
    }

    fn literal(&mut self, text: &[u8], shown: &str) -> Followed<()> {
        if !self.rest().starts_with(text) {
            return Err(self.unlike(shown));
        }
        self.at += text.len();
        Ok(())
    }

    fn repeat(
        &mut self,
        until: &Until,
        (index, separator): (Option<&Variable>, Option<&Step>),
        body: &[Step],
    ) -> Followed<Flow> {
        let times = match until {
            Until::Times(times) => Some(self.value(times)?.whole().map_err(mistake)?),
            Until::While(_) => None,
        };
        let mut round = 0_i128;
        loop {
            if let Some(index) = index {
                self.set(index, Value::Whole(round))?;
            }
            self.count()?;
            let more = match until {
                Until::Times(_) => times.is_some_and(|times| round < times),
                Until::While(test) => self.holds(test)?,
            };
            if !more {
                return Ok(Flow::On);
            }
            if let Some(separator) = separator.filter(|_| round > 0)
                && self.step(separator)? == Flow::Ended
            {
                return Ok(Flow::Ended);
            }
            if self.steps(body)? == Flow::Ended {
                return Ok(Flow::Ended);
            }
            round += 1;
        }
    }

    /// `0`, or a number that begins with no zero.
    fn whole(
        &mut self,
        low: &Expression,
        high: &Expression,
        to: Option<&Variable>,
    ) -> Followed<()> {
        let (low, high) = (self.value(low)?, self.value(high)?);
        let (low, high) = (low.whole().map_err(mistake)?, high.whole().map_err(mistake)?);
        let rest = self.rest();
        let minus = usize::from(rest.first() == Some(&b'-'));
        let digits = digits(rest.get(minus..).unwrap_or_default());
        let leading = rest.get(minus) == Some(&b'0') && (digits > 1 || minus == 1);
        let text = rest.get(..minus + digits).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        let fits = |number: &i128| (low..=high).contains(number);
        let number = text.parse::<i128>().ok().filter(|_| !leading).filter(fits);
        let Some(number) = number else {
            return Err(self.unlike(format!("a whole number from {low} to {high}")));
        };
        self.at += minus + digits;
        to.map_or(Ok(()), |to| self.set(to, Value::Whole(number)))
    }

    fn real(
        &mut self,
        [low, high]: &[Expression; 2],
        decimals: Option<&[Expression; 2]>,
        to: Option<&Variable>,
        notation: Notation,
    ) -> Followed<()> {
        let (low, high) = (self.value(low)?, self.value(high)?);
        let (low, high) = (low.real().map_err(mistake)?, high.real().map_err(mistake)?);
        let mut places = 0..=i128::MAX;
        if let Some([least, most]) = decimals {
            let (least, most) = (self.value(least)?, self.value(most)?);
            places = least.whole().map_err(mistake)?..=most.whole().map_err(mistake)?;
        }
        let (length, fraction, exponent) = float(self.rest());
        let text = self.rest().get(..length).unwrap_or_default();
        let written = match notation {
            Notation::Any => true,
            Notation::Fixed => !exponent,
            Notation::Scientific => exponent,
        };
        let text = std::str::from_utf8(text).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| (low..=high).contains(number));
        let places = i128::try_from(fraction).is_ok_and(|fraction| places.contains(&fraction));
        let Some(number) = number.filter(|_| written && places) else {
            return Err(self.unlike(format!("a number from {low} to {high}")));
        };
        self.at += length;
        to.map_or(Ok(()), |to| self.set(to, Value::Real(number)))
    }

    fn regex(&mut self, pattern: &Expression, to: Option<&Variable>) -> Followed<()> {
        let pattern = Rc::clone(self.value(pattern)?.text().map_err(mistake)?);
        if !self.patterns.contains_key(&pattern) {
            let text = String::from_utf8_lossy(&pattern);
            let built = RegexBuilder::new(&format!("^(?:{text})"))
                .unicode(false)
                .size_limit(LARGEST_PATTERN)
                .dfa_size_limit(LARGEST_PATTERN)
                .build();
            let Ok(built) = built else { return Err(mistake(format!("`{text}` is no pattern"))) };
            if self.patterns.len() >= PATTERNS {
                self.patterns.clear();
            }
            self.patterns.insert(Rc::clone(&pattern), built);
        }
        let found = self.patterns.get(&pattern).and_then(|built| built.find(self.rest()));
        let Some(length) = found.map(|found| found.end()) else {
            let shown = String::from_utf8_lossy(&pattern);
            return Err(self.unlike(format!("what fits `{shown}`")));
        };
        let text: Rc<[u8]> = self.rest().get(..length).unwrap_or_default().into();
        self.at += length;
        to.map_or(Ok(()), |to| self.set(to, Value::Text(text)))
    }

    fn indices(&mut self, variable: &Variable) -> Followed<Vec<i128>> {
        let mut indices = Vec::with_capacity(variable.indices.len());
        for index in &variable.indices {
            indices.push(self.value(index)?.whole().map_err(mistake)?);
        }
        Ok(indices)
    }

    fn set(&mut self, variable: &Variable, value: Value) -> Followed<()> {
        let indices = self.indices(variable)?;
        if !self.variables.contains_key(&variable.name) {
            self.variables.insert(variable.name.clone(), BTreeMap::new());
        }
        let Some(values) = self.variables.get_mut(&variable.name) else { return Ok(()) };
        if values.insert(indices, value).is_none() {
            self.values += 1;
        }
        if self.values > MOST_VALUES {
            return Err(mistake(format!("variables hold more than {MOST_VALUES} values")));
        }
        Ok(())
    }

    fn value(&mut self, expression: &Expression) -> Followed<Value> {
        match expression {
            Expression::Value(value) => Ok(value.clone()),
            Expression::Variable(variable) => {
                let indices = self.indices(variable)?;
                let values = self.variables.get(&variable.name);
                let value = values.and_then(|values| values.get(&indices)).cloned();
                value.ok_or_else(|| mistake(format!("`{}` has no value here", variable.name)))
            }
            Expression::Negative(inner) => self.value(inner)?.negative().map_err(mistake),
            Expression::Pair(operator, sides) => {
                let [left, right] = sides.as_ref();
                let (left, right) = (self.value(left)?, self.value(right)?);
                left.with(*operator, &right).map_err(mistake)
            }
            Expression::Length(text) => {
                let text = self.value(text)?;
                let length = text.text().map_err(mistake)?.len();
                Ok(Value::Whole(i128::try_from(length).unwrap_or(i128::MAX)))
            }
        }
    }
}

mod holds;

fn digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

/// The length of the float that a text begins with, of its fraction, and whether it has an
/// exponent.
fn float(text: &[u8]) -> (usize, usize, bool) {
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let minus = usize::from(text.first() == Some(&b'-'));
    let before = digits(after(minus));
    if before == 0 {
        return (0, 0, false);
    }
    let mut at = minus + before;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(after(at + 1));
        at += if fraction > 0 { 1 + fraction } else { 0 };
    }
    let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
    let exponent = digits(after(at + 1 + sign));
    if matches!(text.get(at), Some(b'e' | b'E')) && exponent > 0 {
        return (at + 1 + sign + exponent, fraction, true);
    }
    (at, fraction, false)
}
