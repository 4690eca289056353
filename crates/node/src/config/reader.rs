//! Reads a table key by key and collects every complaint, each with the path to its key.

use std::fmt::Display;
use std::str::FromStr;

use toml::{Table, Value};

/// A table that is being read, and what is wrong with it so far.
pub(super) struct Reader {
    table: Table,
    path: String,
    known: Vec<&'static str>,
}

impl Reader {
    /// The whole file.
    pub(super) const fn root(table: Table) -> Self {
        Self { table, path: String::new(), known: Vec::new() }
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// A section; empty when it is not there.
    pub(super) fn section(&mut self, key: &'static str, mistakes: &mut Vec<String>) -> Self {
        let path = self.at(key);
        let mut table = Table::new();
        if let Some(value) = self.take(key) {
            if let Value::Table(found) = value {
                table = found;
            } else {
                mistakes.push(format!("{path}: expected a section, not {}", kind(&value)));
            }
        }
        Self { table, path, known: Vec::new() }
    }

    /// A text that reads as a `T`; `expected` says how it is written.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        mistakes: &mut Vec<String>,
    ) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let path = self.at(key);
        let value = self.take(key)?;
        let Value::String(text) = &value else {
            mistakes.push(format!("{path}: expected {expected}, not {}", kind(&value)));
            return None;
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                mistakes.push(format!("{path}: {error}"));
                None
            }
        }
    }

    /// One text or a list of them, each of which reads as a `T`; empty when it is not there.
    pub(super) fn texts<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        mistakes: &mut Vec<String>,
    ) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let path = self.at(key);
        let values = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        };
        if values.is_empty() {
            mistakes.push(format!("{path}: expected {expected}, not an empty list"));
        }
        let mut texts = Vec::new();
        for value in values {
            match value.as_str().map(str::parse) {
                Some(Ok(text)) => texts.push(text),
                Some(Err(error)) => mistakes.push(format!("{path}: {error}")),
                None => mistakes.push(format!("{path}: expected {expected}, not {}", kind(&value))),
            }
        }
        texts
    }

    /// A whole number between the bounds, both included.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        (least, most): (u32, u32),
        mistakes: &mut Vec<String>,
    ) -> Option<u32> {
        let path = self.at(key);
        let value = self.take(key)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            mistakes.push(format!("{path}: must be a whole number from {least} to {most}"));
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, mistakes: &mut Vec<String>) -> Option<bool> {
        let path = self.at(key);
        let value = self.take(key)?;
        if value.as_bool().is_none() {
            mistakes.push(format!("{path}: expected true or false, not {}", kind(&value)));
        }
        value.as_bool()
    }

    /// Every key that is left, for sections whose keys are names.
    pub(super) fn names(&mut self) -> Vec<(String, String, Value)> {
        let table = std::mem::take(&mut self.table);
        table.into_iter().map(|(key, value)| (self.at(&key), key, value)).collect()
    }

    /// Complains about every key that nobody has asked for.
    pub(super) fn finish(self, mistakes: &mut Vec<String>) {
        for key in self.table.keys() {
            let known = self.known.join(", ");
            mistakes.push(format!("{}: unknown key; there are {known}", self.at(key)));
        }
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::String(_) => "a text".to_owned(),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Boolean(flag) => format!("{flag}"),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a section".to_owned(),
    }
}
