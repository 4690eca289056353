//! A TOML table that is read key by key: every mistake is noted, and reading goes on, so that the
//! operator sees all of them at once.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use toml::{Table, Value};

use crate::Mistake;

/// The mistakes of one file.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: String,
    found: RefCell<Vec<Mistake>>,
}

impl Mistakes {
    pub(crate) const fn of(file: String) -> Self {
        Self { file, found: RefCell::new(Vec::new()) }
    }

    /// Notes a mistake about a key, by its way with dots.
    pub(crate) fn note(&self, key: &str, problem: impl Into<String>) {
        self.found.borrow_mut().push(Mistake {
            file: self.file.clone(),
            key: key.to_owned(),
            problem: problem.into(),
        });
    }

    pub(crate) fn into_vec(self) -> Vec<Mistake> {
        self.found.into_inner()
    }
}

/// A table with the keys that were asked for; [`Keys::close`] notes those that nobody asked for.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    table: &'a Table,
    way: String,
    asked: BTreeSet<&'static str>,
    mistakes: &'a Mistakes,
}

impl<'a> Keys<'a> {
    pub(crate) const fn root(table: &'a Table, mistakes: &'a Mistakes) -> Self {
        Self { table, way: String::new(), asked: BTreeSet::new(), mistakes }
    }

    fn to(&self, key: &str) -> String {
        if self.way.is_empty() { key.to_owned() } else { format!("{}.{key}", self.way) }
    }

    /// Notes a mistake about a key of this table.
    pub(crate) fn wrong(&self, key: &str, problem: impl Into<String>) {
        self.mistakes.note(&self.to(key), problem);
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.insert(key);
        self.table.get(key)
    }

    fn need(&mut self, key: &'static str, expected: &str) -> Option<&'a Value> {
        let value = self.value(key);
        if value.is_none() {
            self.wrong(key, format!("missing; expected {expected}"));
        }
        value
    }

    /// Text that has to be there.
    pub(crate) fn text(&mut self, key: &'static str, expected: &str) -> Option<String> {
        let value = self.need(key, expected)?;
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.wrong(key, format!("{}; expected {expected}", shown(value)));
        }
        text.map(str::to_owned)
    }

    /// Text that is read by the type's own rules.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        key: &'static str,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(key, expected)?;
        text.parse().map_err(|error: T::Err| self.wrong(key, error.to_string())).ok()
    }

    /// A count of at least one.
    pub(crate) fn count(&mut self, key: &'static str) -> Option<u32> {
        let expected = "a number from 1";
        let value = self.need(key, expected)?;
        let count = value.as_integer().filter(|number| *number >= 1);
        let count = count.and_then(|number| u32::try_from(number).ok());
        if count.is_none() {
            self.wrong(key, format!("{}; expected {expected}", shown(value)));
        }
        count
    }

    /// A list of texts that has to be there; it may be empty.
    pub(crate) fn texts(&mut self, key: &'static str, expected: &str) -> Option<Vec<String>> {
        let Value::Array(items) = self.need(key, expected)? else {
            self.wrong(key, format!("expected {expected}"));
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) if !text.is_empty() => texts.push(text.to_owned()),
                _ => {
                    self.wrong(key, format!("{} in the list; expected {expected}", shown(item)));
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// Text that may be absent.
    pub(crate) fn perhaps_text(&mut self, key: &'static str, expected: &str) -> Option<String> {
        if self.table.contains_key(key) {
            return self.text(key, expected);
        }
        self.asked.insert(key);
        None
    }

    /// A list of texts; absent means none.
    pub(crate) fn perhaps_texts(&mut self, key: &'static str, expected: &str) -> Vec<String> {
        if self.table.contains_key(key) {
            return self.texts(key, expected).unwrap_or_default();
        }
        self.asked.insert(key);
        Vec::new()
    }

    /// Variables for an environment; absent means none.
    pub(crate) fn variables(&mut self, key: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.as_table() else {
            self.wrong(key, "expected a table of texts, such as { TMPDIR = \"/w\" }");
            return Vec::new();
        };
        let mut variables = Vec::new();
        for (name, value) in table {
            let plain = !name.is_empty() && !name.contains(['=', '\0']);
            match value.as_str() {
                Some(text) if plain && !text.contains('\0') => {
                    variables.push((name.clone(), text.to_owned()));
                }
                _ => self.wrong(&format!("{key}.{name}"), "expected a text"),
            }
        }
        variables
    }

    /// A table below this one; `None` when it is absent.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        let Some(table) = value.as_table() else {
            self.wrong(key, format!("{}; expected a table", shown(value)));
            return None;
        };
        Some(Self { table, way: self.to(key), asked: BTreeSet::new(), mistakes: self.mistakes })
    }

    /// Notes every key that nobody asked for.
    pub(crate) fn close(self) {
        for key in self.table.keys() {
            if !self.asked.contains(key.as_str()) {
                let known: Vec<&str> = self.asked.iter().copied().collect();
                self.wrong(key, format!("unknown key; expected one of {}", known.join(", ")));
            }
        }
    }
}

/// A value as it is named in a complaint.
fn shown(value: &Value) -> String {
    let text: String = value.to_string().chars().take(60).collect();
    format!("`{text}`")
}
