//! Reads a `cluster.toml` key by key and collects every mistake, each with the path to its key.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use minos_model::WallTime;
use toml::{Table, Value};

/// A table that is being read, and what is wrong with it so far.
pub(super) struct Reading {
    table: Table,
    path: String,
    known: Vec<&'static str>,
    pub(super) mistakes: Vec<String>,
}

/// Whether a key has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
}

impl Reading {
    /// The whole file.
    pub(super) const fn root(table: Table) -> Self {
        Self::of(table, String::new())
    }

    const fn of(table: Table, path: String) -> Self {
        Self { table, path, known: Vec::new(), mistakes: Vec::new() }
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn mistake(&mut self, key: &str, reason: impl Display) {
        self.mistakes.push(format!("{}: {reason}", self.at(key)));
    }

    fn take(&mut self, key: &'static str, need: Need) -> Option<Value> {
        self.known.push(key);
        let value = self.table.remove(key);
        if value.is_none() && need == Need::Must {
            self.mistake(key, "missing");
        }
        value
    }

    /// A section; one that is not there is empty, and misses every key it must have.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let path = self.at(key);
        match self.take(key, Need::May) {
            None => Self::of(Table::new(), path),
            Some(Value::Table(table)) => Self::of(table, path),
            Some(other) => {
                self.mistake(key, format!("expected a section, not {}", kind(&other)));
                Self::of(Table::new(), path)
            }
        }
    }

    /// Sections of one name, in their order.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let path = self.at(key);
        let values = match self.take(key, Need::May) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(other) => {
                self.mistake(key, format!("expected [[{path}]] sections, not {}", kind(&other)));
                return Vec::new();
            }
        };
        if values.is_empty() {
            self.mistake(key, format!("expected at least one [[{path}]]"));
        }
        let mut sections = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            let found = kind(&value);
            if let Value::Table(table) = value {
                sections.push(Self::of(table, format!("{path}[{index}]")));
            } else {
                let reason = format!("expected a section, not {found}");
                self.mistake(&format!("{key}[{index}]"), reason);
            }
        }
        sections
    }

    /// A text that reads as a `T`; `expected` says how it is written.
    pub(super) fn text<T>(&mut self, key: &'static str, expected: &str, need: Need) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let value = self.take(key, need)?;
        self.parsed(key, &value, expected)
    }

    /// A list of texts, at least one, each of which reads as a `T`.
    pub(super) fn texts<T>(&mut self, key: &'static str, expected: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let values = match self.take(key, Need::Must) {
            None => return Vec::new(),
            Some(Value::Array(values)) if !values.is_empty() => values,
            Some(other) => {
                let empty = matches!(&other, Value::Array(values) if values.is_empty());
                let found = if empty { "an empty list" } else { kind(&other) };
                self.mistake(key, format!("expected a list of {expected}, not {found}"));
                return Vec::new();
            }
        };
        let read = |(index, value): (usize, &Value)| {
            self.parsed(&format!("{key}[{index}]"), value, expected)
        };
        values.iter().enumerate().filter_map(read).collect()
    }

    fn parsed<T>(&mut self, key: &str, value: &Value, expected: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Value::String(text) = value else {
            self.mistake(key, format!("expected {expected}, not {}", kind(value)));
            return None;
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(key, error);
                None
            }
        }
    }

    /// A time, `least` or longer; zero when it may be left out and is.
    pub(super) fn time(&mut self, key: &'static str, least: Duration, need: Need) -> Duration {
        let time = self.text::<WallTime>(key, "a time such as `20s`", need);
        let Some(time) = time.map(WallTime::duration) else { return Duration::ZERO };
        if time < least {
            self.mistake(key, format!("less than {} ms", least.as_millis()));
        }
        time
    }

    /// A whole number between the bounds, both included.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        (least, most): (u32, u32),
        need: Need,
    ) -> Option<u32> {
        let value = self.take(key, need)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let whole = value.as_integer().map(|number| number.to_string());
            let found = whole.unwrap_or_else(|| kind(&value).to_owned());
            self.mistake(
                key,
                format!("expected a whole number from {least} to {most}, not {found}"),
            );
        }
        number
    }

    /// Ends a section: its mistakes are ours, and so is every key that nobody has asked for.
    pub(super) fn close(&mut self, mut section: Self) {
        section.finish();
        self.mistakes.append(&mut section.mistakes);
    }

    /// Complains about every key that nobody has asked for.
    pub(super) fn finish(&mut self) {
        let known = self.known.join(", ");
        for key in std::mem::take(&mut self.table).keys() {
            self.mistake(key, format!("unknown key; there are {known}"));
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}
