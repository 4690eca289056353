//! YAML as packages use it: mappings, sequences and scalars, every one with its line. Aliases,
//! several documents and repeated keys are refused, and depth and size are bounded, so that a
//! small file cannot become a large value.

use std::cell::RefCell;
use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::PackageError;
use crate::bounds::{MAX_YAML, MAX_YAML_DEPTH, MAX_YAML_NODES};
use crate::error::one_line;

/// A value, and the line it begins on, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text; `plain` when it stands without quotes and may be a number or a truth value.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads one document; an empty one is [`Value::Null`].
///
/// # Errors
/// [`PackageError::Yaml`] with the line.
pub(crate) fn parse(text: &str, file: &str) -> Result<Node, PackageError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_YAML {
        return Err(refused(file, 1, format!("more than {MAX_YAML} bytes")));
    }
    let mut reading = Reading { file, parser: Parser::new_from_str(text), nodes: 0 };
    let mut document = Node { value: Value::Null, line: 1 };
    let mut documents = 0;
    loop {
        let (event, line) = reading.next()?;
        match event {
            Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
            Event::StreamEnd => return Ok(document),
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(refused(file, line, "a second document; expected one".to_owned()));
                }
                let (event, line) = reading.next()?;
                document = reading.node(event, line, 1)?;
            }
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd => {
                return Err(refused(file, line, "not a whole document".to_owned()));
            }
        }
    }
}

struct Reading<'a> {
    file: &'a str,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    nodes: usize,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Result<(Event<'a>, usize), PackageError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                Err(refused(self.file, error.marker().line(), error.info().to_owned()))
            }
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, PackageError> {
        self.nodes += 1;
        if self.nodes > MAX_YAML_NODES {
            return Err(refused(self.file, line, format!("more than {MAX_YAML_NODES} values")));
        }
        if depth > MAX_YAML_DEPTH {
            return Err(refused(
                self.file,
                line,
                format!("more than {MAX_YAML_DEPTH} levels deep"),
            ));
        }
        let value = match event {
            Event::Scalar(text, style, anchor, _tag) => {
                self.no_anchor(anchor, line)?;
                let plain = style == ScalarStyle::Plain;
                match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    text => Value::Scalar { text: text.to_owned(), plain },
                }
            }
            Event::SequenceStart(anchor, _tag) => {
                self.no_anchor(anchor, line)?;
                let mut items = Vec::new();
                loop {
                    let (event, line) = self.next()?;
                    if event == Event::SequenceEnd {
                        break Value::List(items);
                    }
                    items.push(self.node(event, line, depth + 1)?);
                }
            }
            Event::MappingStart(anchor, _tag) => {
                self.no_anchor(anchor, line)?;
                self.map(depth)?
            }
            Event::Alias(_) => {
                let problem = "an alias; write the value out".to_owned();
                return Err(refused(self.file, line, problem));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err(refused(self.file, line, "ends where a value is expected".to_owned()));
            }
        };
        Ok(Node { value, line })
    }

    fn map(&mut self, depth: usize) -> Result<Value, PackageError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        loop {
            let (event, line) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let key = match self.node(event, line, depth + 1)?.value {
                Value::Scalar { text, .. } => text,
                Value::Null | Value::List(_) | Value::Map(_) => {
                    return Err(refused(self.file, line, "a key that is no text".to_owned()));
                }
            };
            if !known.insert(key.clone()) {
                return Err(refused(self.file, line, format!("`{key}` is given twice")));
            }
            let (event, line) = self.next()?;
            let value = self.node(event, line, depth + 1)?;
            entries.push((key, value));
        }
    }

    fn no_anchor(&self, anchor: usize, line: usize) -> Result<(), PackageError> {
        if anchor == 0 {
            return Ok(());
        }
        Err(refused(self.file, line, "an anchor; write the value where it is used".to_owned()))
    }
}

fn refused(file: &str, line: usize, problem: String) -> PackageError {
    PackageError::Yaml { file: file.to_owned(), line, problem }
}

/// A value with the way to it, so that errors can say where.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    node: &'a Node,
    file: &'a str,
    way: String,
}

impl<'a> Field<'a> {
    pub(crate) const fn root(node: &'a Node, file: &'a str) -> Self {
        Self { node, file, way: String::new() }
    }

    /// An error about this value.
    pub(crate) fn wrong(&self, problem: impl Into<String>) -> PackageError {
        let field = if self.way.is_empty() { "document" } else { &self.way };
        PackageError::Field {
            file: self.file.to_owned(),
            field: format!("{field} (line {})", self.node.line),
            problem: one_line(problem.into()),
        }
    }

    fn expected(&self, expected: &str) -> PackageError {
        self.wrong(format!("{}; expected {expected}", self.shown()))
    }

    /// The value as it is named in a complaint.
    fn shown(&self) -> String {
        match &self.node.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar { text, .. } => format!("`{}`", cut(text)),
            Value::List(_) => "a sequence".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    fn below(&self, key: &str, node: &'a Node) -> Self {
        let way = if self.way.is_empty() { cut(key) } else { format!("{}.{}", self.way, cut(key)) };
        Self { node, file: self.file, way }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// The mapping; an absent one is empty.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn map(&self) -> Result<Map<'a>, PackageError> {
        let entries: &'a [(String, Node)] = match &self.node.value {
            Value::Null => &[],
            Value::Map(entries) => entries,
            Value::Scalar { .. } | Value::List(_) => return Err(self.expected("a mapping")),
        };
        Ok(Map { field: self.clone(), entries, asked: RefCell::new(BTreeSet::new()) })
    }

    /// Whether it is a mapping.
    pub(crate) const fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    /// The items of a sequence; a single value is a sequence of one.
    pub(crate) fn items(&self) -> Vec<Self> {
        match &self.node.value {
            Value::Null => Vec::new(),
            Value::List(items) => {
                let each = items.iter().enumerate();
                each.map(|(index, node)| {
                    let way = format!("{}[{}]", self.way, index + 1);
                    Self { node, file: self.file, way }
                })
                .collect()
            }
            Value::Scalar { .. } | Value::Map(_) => vec![self.clone()],
        }
    }

    /// # Errors
    /// When it is no scalar, or an empty one.
    pub(crate) fn text(&self, expected: &str) -> Result<&'a str, PackageError> {
        match &self.node.value {
            Value::Scalar { text, .. } => Ok(text),
            Value::Null | Value::List(_) | Value::Map(_) => Err(self.expected(expected)),
        }
    }

    /// A sequence of texts, or one text.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn texts(&self, expected: &str) -> Result<Vec<String>, PackageError> {
        self.items().iter().map(|item| item.text(expected).map(str::to_owned)).collect()
    }

    /// A sequence of texts, and nothing but a sequence.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn list_of_texts(&self, expected: &str) -> Result<Vec<String>, PackageError> {
        match &self.node.value {
            Value::List(_) | Value::Null => self.texts(expected),
            Value::Scalar { .. } | Value::Map(_) => Err(self.expected(expected)),
        }
    }

    /// # Errors
    /// When it is no truth value.
    pub(crate) fn truth(&self) -> Result<bool, PackageError> {
        match self.text("true or false")?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A finite decimal number.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn number(&self, expected: &str) -> Result<f64, PackageError> {
        decimal(self.text(expected)?).ok_or_else(|| self.expected(expected))
    }
}

/// A finite decimal number in the usual notations, and nothing else that Rust would read.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = if plain { text.parse::<f64>().ok() } else { None };
    number.filter(|number| number.is_finite())
}

fn cut(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// A mapping with the keys that were asked for; [`Map::close`] refuses those that nobody asked for.
#[derive(Debug)]
pub(crate) struct Map<'a> {
    field: Field<'a>,
    entries: &'a [(String, Node)],
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Map<'a> {
    /// The value of a key; `None` when it is absent or empty.
    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'a>> {
        self.asked.borrow_mut().insert(key);
        let (_, node) = self.entries.iter().find(|(name, _)| name == key)?;
        Some(self.field.below(key, node)).filter(|field| !field.is_null())
    }

    /// The value of a key that has to be there.
    ///
    /// # Errors
    /// When it is absent or empty.
    pub(crate) fn need(
        &self,
        key: &'static str,
        expected: &str,
    ) -> Result<Field<'a>, PackageError> {
        self.get(key).ok_or_else(|| self.wrong(key, format!("missing; expected {expected}")))
    }

    /// An error about a key of this mapping.
    pub(crate) fn wrong(&self, key: &str, problem: impl Into<String>) -> PackageError {
        self.field.below(key, self.field.node).wrong(problem)
    }

    /// Every key, known or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        self.entries.iter().map(|(key, node)| (key.as_str(), self.field.below(key, node)))
    }

    /// Counts keys as asked for whose values nobody here needs.
    pub(crate) fn allow(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Refuses a key that nobody asked for.
    ///
    /// # Errors
    /// The first unknown key.
    pub(crate) fn close(&self) -> Result<(), PackageError> {
        let asked = self.asked.borrow();
        let unknown = self.all().find(|(key, _)| !asked.contains(key));
        let Some((_, field)) = unknown else { return Ok(()) };
        let known: Vec<&str> = asked.iter().copied().collect();
        Err(field.wrong(format!("unknown key; expected one of {}", known.join(", "))))
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
