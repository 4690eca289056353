//! Thresholds: `wait.p99<5s`, `lost==0`, `achieved>=19/s`.

use std::fmt;
use std::str::FromStr;

use minos_model::WallTime;

use crate::rate::Rate;

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// A percentile (0 to 100; 100 is the maximum) of the time until a slot took it; ms.
    Wait(f64),
    /// A percentile of the time until the verdict; ms.
    Total(f64),
    /// Acknowledged submissions without a verdict.
    Lost,
    /// Generations with more than one verdict.
    Duplicated,
    /// Verdicts other than expected.
    Wrong,
    /// Verdicts JE.
    JudgeErrors,
    /// Submissions sent more than 5 ms after their time.
    LateSends,
    /// Verdicts per second.
    Achieved,
}

impl Measure {
    /// The percentile of the wait that it looks at.
    pub(crate) const fn of_wait(self) -> Option<f64> {
        if let Self::Wait(percentile) = self { Some(percentile) } else { None }
    }
}

/// How it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Equal,
    AtLeast,
    Above,
}

/// One promise that a run is held to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    measure: Measure,
    relation: Relation,
    bound: f64,
}

impl Threshold {
    /// What it looks at.
    pub(crate) const fn measure(&self) -> Measure {
        self.measure
    }

    /// Whether the value keeps the promise; a value that could not be measured does not.
    pub(crate) fn holds(&self, value: Option<f64>) -> bool {
        let Some(value) = value else { return false };
        match self.relation {
            Relation::Below => value < self.bound,
            Relation::AtMost => value <= self.bound,
            Relation::Equal => (value - self.bound).abs() < f64::EPSILON,
            Relation::AtLeast => value >= self.bound,
            Relation::Above => value > self.bound,
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refused = |why: &str| {
            format!(
                "`{text}`: {why} (write it like wait.p99<5s, total.max<=60s, lost==0, wrong==0, \
                 judge_errors==0, late_sends==0 or achieved>=19/s)"
            )
        };
        const RELATIONS: [(&str, Relation); 6] = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("==", Relation::Equal),
            ("<", Relation::Below),
            (">", Relation::Above),
            ("=", Relation::Equal),
        ];
        let (name, relation, value) = RELATIONS
            .iter()
            .find_map(|(sign, relation)| {
                text.split_once(sign).map(|(name, value)| (name.trim(), *relation, value.trim()))
            })
            .ok_or_else(|| refused("no comparison"))?;
        let measure = measure(name).ok_or_else(|| refused("there is no such measure"))?;
        let bound = match measure {
            Measure::Wait(_) | Measure::Total(_) => {
                value
                    .parse::<WallTime>()
                    .map_err(|error| refused(&error.to_string()))?
                    .duration()
                    .as_secs_f64()
                    * 1_000.0
            }
            Measure::Achieved => {
                value.parse::<Rate>().map_err(|error| refused(&error))?.per_second()
            }
            Measure::Lost
            | Measure::Duplicated
            | Measure::Wrong
            | Measure::JudgeErrors
            | Measure::LateSends => value
                .parse::<u32>()
                .map(f64::from)
                .map_err(|_no_count| refused("the bound is not a count"))?,
        };
        Ok(Self { text: text.to_owned(), measure, relation, bound })
    }
}

fn measure(name: &str) -> Option<Measure> {
    if let Some((what, which)) = name.split_once('.') {
        let percentile = match which {
            "max" => 100.0,
            _ => which.strip_prefix('p')?.parse::<f64>().ok()?,
        };
        if !(0.0..=100.0).contains(&percentile) {
            return None;
        }
        return match what {
            "wait" => Some(Measure::Wait(percentile)),
            "total" => Some(Measure::Total(percentile)),
            _ => None,
        };
    }
    match name {
        "lost" => Some(Measure::Lost),
        "duplicated" => Some(Measure::Duplicated),
        "wrong" | "wrong_verdicts" => Some(Measure::Wrong),
        "judge_errors" => Some(Measure::JudgeErrors),
        "late_sends" => Some(Measure::LateSends),
        "achieved" | "achieved_per_s" => Some(Measure::Achieved),
        _ => None,
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the wait must be, as `plan` is told: `p99<10s`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target(Threshold);

impl Target {
    /// Whether a wait in milliseconds keeps it.
    pub(crate) fn holds(&self, wait_ms: f64) -> bool {
        self.0.holds(Some(wait_ms))
    }

    /// The percentile it speaks of, 0 to 100.
    pub(crate) fn percentile(&self) -> f64 {
        self.0.measure().of_wait().unwrap_or(100.0)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = text.strip_prefix("wait.").unwrap_or(text);
        format!("wait.{whole}")
            .parse()
            .map(Self)
            .map_err(|_threshold: String| format!("`{text}`: write it like p99<10s or max<=1m"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, value: f64) -> bool {
        text.parse::<Threshold>().unwrap().holds(Some(value))
    }

    #[test]
    fn a_promise_is_kept_just_below_its_bound_and_broken_at_it() {
        assert!(holds("wait.p99<5s", 4_999.9));
        assert!(!holds("wait.p99<5s", 5_000.0));
        assert!(holds("wait.p99<=5s", 5_000.0));
        assert!(holds("lost==0", 0.0));
        assert!(!holds("lost==0", 1.0));
        assert!(holds("achieved>=19/s", 19.0));
        assert!(!holds("achieved>=19/s", 18.9));
        assert!(holds("total.max<500ms", 499.0));
    }

    #[test]
    fn what_was_not_measured_keeps_no_promise() {
        assert!(!"wait.p50<1h".parse::<Threshold>().unwrap().holds(None));
    }

    #[test]
    fn a_target_is_a_threshold_of_the_wait() {
        for text in ["p99<10s", "wait.p99<10s", " p99<10s "] {
            let target: Target = text.parse().unwrap();
            assert!(target.holds(9_999.0) && !target.holds(10_000.0), "{text}");
            assert!((target.percentile() - 99.0).abs() < f64::EPSILON);
        }
        for text in ["", "p99", "lost==0", "p99<10", "total.p99<1s"] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(error.contains("p99<10s"), "{text}: {error}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_examples() {
        for text in
            ["", "wait.p99", "wait.p101<5s", "wait.p99<5", "weight.p99<5s", "lost==x", "wait<5s"]
        {
            let error = text.parse::<Threshold>().unwrap_err();
            assert!(error.contains("wait.p99<5s"), "{text}: {error}");
        }
    }
}
