//! Whether a test holds.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::parse::{Relation, Test};
use super::super::value::Value;
use super::{Followed, Run, mistake};

impl Run<'_> {
    pub(super) fn holds(&mut self, test: &Test) -> Followed<bool> {
        self.count()?;
        Ok(match test {
            Test::Not(test) => !self.holds(test)?,
            Test::Both(sides) => {
                let [left, right] = sides.as_ref();
                self.holds(left)? && self.holds(right)?
            }
            Test::Either(sides) => {
                let [left, right] = sides.as_ref();
                self.holds(left)? || self.holds(right)?
            }
            Test::Compare(relation, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let order = left.order(&right).map_err(mistake)?;
                match relation {
                    Relation::Less => order.is_lt(),
                    Relation::Greater => order.is_gt(),
                    Relation::AtMost => order.is_le(),
                    Relation::AtLeast => order.is_ge(),
                    Relation::Equal => order.is_eq(),
                    Relation::Different => order.is_ne(),
                }
            }
            Test::AtEnd => self.rest().is_empty(),
            Test::Match(signs) => {
                let signs = self.value(signs)?;
                let signs = signs.text().map_err(mistake)?;
                self.rest().first().is_some_and(|next| signs.contains(next))
            }
            Test::Unique(names) => self.unique(names)?,
            Test::InArray(value, name) => {
                let value = self.value(value)?;
                let values = self.array(name)?;
                values.values().any(|one| one.order(&value).is_ok_and(Ordering::is_eq))
            }
        })
    }

    fn array(&self, name: &str) -> Followed<&BTreeMap<Vec<i128>, Value>> {
        self.variables.get(name).ok_or_else(|| mistake(format!("`{name}` has no value here")))
    }

    /// Whether no two places of arrays hold the same values.
    fn unique(&self, names: &[String]) -> Followed<bool> {
        let mut arrays = Vec::new();
        for name in names {
            arrays.push(self.array(name)?);
        }
        let Some(first) = arrays.first() else { return Ok(true) };
        if arrays.iter().any(|array| !array.keys().eq(first.keys())) {
            return Err(mistake(format!("{} have different indices", names.join(" and "))));
        }
        let row = |place: &Vec<i128>| -> Vec<Option<&Value>> {
            arrays.iter().map(|array| array.get(place)).collect()
        };
        let mut rows: Vec<Vec<Option<&Value>>> = first.keys().map(row).collect();
        let order = |a: &Vec<Option<&Value>>, b: &Vec<Option<&Value>>| {
            let pairs = a.iter().zip(b).map(|pair| match pair {
                (Some(a), Some(b)) => a.order(b).unwrap_or_else(|_| kind(a).cmp(&kind(b))),
                _ => Ordering::Equal,
            });
            pairs.fold(Ordering::Equal, Ordering::then)
        };
        rows.sort_by(order);
        Ok(rows.windows(2).all(|two| match two {
            [a, b] => order(a, b).is_ne(),
            _ => true,
        }))
    }
}

/// Texts come after numbers.
const fn kind(value: &Value) -> u8 {
    match value {
        Value::Whole(_) | Value::Real(_) => 0,
        Value::Text(_) => 1,
    }
}
