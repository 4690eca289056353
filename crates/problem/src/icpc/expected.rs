//! What folders of `submissions/` and the keys of `submissions.yaml` ask of a solution.

use std::collections::BTreeSet;

use minos_model::Verdict;

use super::glob::Glob;
use crate::yaml::{Field, Map};
use crate::{
    BoundSide, Expectation, PackageError, PackageTest, Scope, ScoreRule, TimeBound, Verdicts,
};

/// A word of the formats for several verdicts of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Accepted,
    WrongAnswer,
    TimeLimit,
    RuntimeError,
}

impl Word {
    const ALL: [(&'static str, Self); 4] = [
        ("AC", Self::Accepted),
        ("WA", Self::WrongAnswer),
        ("TLE", Self::TimeLimit),
        ("RTE", Self::RuntimeError),
    ];

    fn verdicts(self) -> &'static [Verdict] {
        use Verdict::{
            Accepted, MemoryLimit, OutputLimit, PartiallyCorrect, PresentationError, RuntimeError,
            SecurityViolation, TimeLimit, WallTimeLimit, WrongAnswer,
        };
        match self {
            // A test that gives part of its points is one that the validator accepted.
            Self::Accepted => &[Accepted, PartiallyCorrect],
            Self::WrongAnswer => &[WrongAnswer, PresentationError, OutputLimit],
            Self::TimeLimit => &[TimeLimit, WallTimeLimit],
            Self::RuntimeError => &[RuntimeError, MemoryLimit, SecurityViolation],
        }
    }
}

/// The verdicts that these words mean.
pub(super) fn verdicts(words: &[Word]) -> Verdicts {
    let all: Vec<Verdict> = words.iter().flat_map(|word| word.verdicts()).copied().collect();
    Verdicts::of(&all)
}

/// One set of requirements, as a folder or a key of `submissions.yaml` has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rule {
    pub(super) permitted: Option<Vec<Word>>,
    pub(super) required: Option<Vec<Word>>,
    pub(super) score: Option<ScoreRule>,
    pub(super) message: Option<String>,
    /// Whether and how the time limit follows; `None` when the requirements say.
    pub(super) use_for_time_limit: Option<Use>,
}

/// What `use_for_time_limit` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Never,
    /// As the requirements say.
    AsRequired,
    Lower,
    Upper,
}

impl Rule {
    /// What a folder of that name asks by itself, in the new versions.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        use Word::{Accepted, RuntimeError, TimeLimit, WrongAnswer};
        let rule = |permitted: &[Word], required: &[Word]| Self {
            permitted: (!permitted.is_empty()).then(|| permitted.to_vec()),
            required: (!required.is_empty()).then(|| required.to_vec()),
            ..Self::default()
        };
        Some(match name {
            "accepted" => rule(&[Accepted], &[]),
            "rejected" => rule(&[], &[RuntimeError, TimeLimit, WrongAnswer]),
            "wrong_answer" => rule(&[Accepted, WrongAnswer], &[WrongAnswer]),
            "time_limit_exceeded" => rule(&[Accepted, TimeLimit], &[TimeLimit]),
            "run_time_error" => rule(&[Accepted, RuntimeError], &[RuntimeError]),
            "brute_force" => Self {
                use_for_time_limit: Some(Use::Never),
                ..rule(&[Accepted, RuntimeError, TimeLimit], &[RuntimeError, TimeLimit])
            },
            _ => return None,
        })
    }

    /// What a folder of that name asks in the old versions.
    pub(super) fn of_legacy_folder(name: &str) -> Option<Self> {
        use Word::{Accepted, RuntimeError, TimeLimit, WrongAnswer};
        let never = Some(Use::Never);
        let rule = |permitted: Option<Vec<Word>>, required: Option<Vec<Word>>, used| Self {
            permitted,
            required,
            use_for_time_limit: used,
            ..Self::default()
        };
        Some(match name {
            "accepted" => rule(Some(vec![Accepted]), None, None),
            "partially_accepted" => {
                Self { score: Some(ScoreRule::NotBest), ..rule(None, None, never) }
            }
            "wrong_answer" => {
                rule(Some(vec![Accepted, WrongAnswer]), Some(vec![WrongAnswer]), never)
            }
            "time_limit_exceeded" => {
                rule(Some(vec![Accepted, WrongAnswer, TimeLimit]), Some(vec![TimeLimit]), None)
            }
            "run_time_error" => rule(None, Some(vec![RuntimeError]), never),
            _ => return None,
        })
    }

    /// Reads the keys of a mapping, and leaves the others.
    pub(super) fn read(map: &Map<'_>, scoring: bool) -> Result<Self, PackageError> {
        let words = |key: &'static str| map.get(key).map(|field| words(&field)).transpose();
        let score = map.get("score");
        if let Some(field) = score.as_ref().filter(|_| !scoring) {
            return Err(field.wrong("only problems of type scoring have it"));
        }
        let message = map.get("message").map(|field| field.text("a text").map(str::to_owned));
        Ok(Self {
            permitted: words("permitted")?,
            required: words("required")?,
            score: score.map(|field| self::score(&field)).transpose()?,
            message: message.transpose()?,
            use_for_time_limit: map.get("use_for_time_limit").map(|f| used(&f)).transpose()?,
        })
    }

    /// What this rule says, and where it says nothing what another does.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            permitted: self.permitted.or(other.permitted),
            required: self.required.or(other.required),
            score: self.score.or(other.score),
            message: self.message.or(other.message),
            use_for_time_limit: self.use_for_time_limit.or(other.use_for_time_limit),
        }
    }

    /// As what is expected of a solution on the tests of a scope.
    pub(super) fn expectation(&self, said_by: &str, scope: Scope) -> Option<Expectation> {
        let says = self.permitted.is_some()
            || self.required.is_some()
            || self.score.is_some()
            || self.message.is_some();
        says.then(|| Expectation {
            scope,
            permitted: self.permitted.as_deref().map(verdicts),
            required: self.required.as_deref().map(verdicts),
            score: self.score,
            message: self.message.clone().filter(|message| !message.is_empty()),
            ..Expectation::new(said_by)
        })
    }

    /// How a solution under this rule bounds the time limit: from below when it may never exceed
    /// it, from above when it has to.
    pub(super) fn bounds(&self, scope: &Scope) -> Vec<TimeBound> {
        let bound = |side| TimeBound { side, scope: scope.clone() };
        let lower = self.permitted.as_ref().is_some_and(|all| !all.contains(&Word::TimeLimit));
        let upper = self.required.as_deref() == Some(&[Word::TimeLimit]);
        match self.use_for_time_limit {
            Some(Use::Never) => Vec::new(),
            Some(Use::Lower) => vec![bound(BoundSide::Lower)],
            Some(Use::Upper) => vec![bound(BoundSide::Upper)],
            Some(Use::AsRequired) | None if upper => vec![bound(BoundSide::Upper)],
            Some(Use::AsRequired) | None if lower => vec![bound(BoundSide::Lower)],
            Some(Use::AsRequired) | None => Vec::new(),
        }
    }
}

fn words(field: &Field<'_>) -> Result<Vec<Word>, PackageError> {
    let expected = "some of AC, WA, TLE, RTE";
    let mut words = Vec::new();
    for text in field.texts(expected)? {
        let word = Word::ALL.iter().find(|(name, _)| *name == text).map(|(_, word)| *word);
        words.push(word.ok_or_else(|| field.wrong(format!("`{text}`; expected {expected}")))?);
    }
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Err(field.wrong(format!("empty; expected {expected}")));
    }
    Ok(words)
}

fn score(field: &Field<'_>) -> Result<ScoreRule, PackageError> {
    let expected = "a number, or a sequence of two: the lowest and the highest";
    let numbers: Vec<f64> =
        field.items().iter().map(|item| item.number(expected)).collect::<Result<_, _>>()?;
    match numbers.as_slice() {
        [number] => Ok(ScoreRule::Within(*number, *number)),
        [low, high] if low <= high => Ok(ScoreRule::Within(*low, *high)),
        _ => Err(field.wrong(format!("expected {expected}"))),
    }
}

fn used(field: &Field<'_>) -> Result<Use, PackageError> {
    match field.text("true, false, lower or upper")? {
        "lower" => Ok(Use::Lower),
        "upper" => Ok(Use::Upper),
        _ => field.truth().map(|used| if used { Use::AsRequired } else { Use::Never }),
    }
}

/// The tests that a pattern below `data/` means.
pub(super) fn scope(
    field: &Field<'_>,
    pattern: &str,
    tests: &[PackageTest],
    groups: &[crate::Group],
) -> Result<Scope, PackageError> {
    let glob = Glob::parse(pattern).map_err(|problem| field.wrong(problem))?;
    let fitting = tests.iter().filter(|test| glob.fits(&test.name));
    let names: BTreeSet<String> = fitting.map(|test| test.name.clone()).collect();
    let group = groups.iter().find(|group| group.name == pattern).map(|group| group.name.clone());
    if names.is_empty() && group.is_none() {
        return Err(field.wrong("unknown key: neither a requirement nor a test or group fits it"));
    }
    Ok(Scope::Some { label: pattern.to_owned(), tests: names, group })
}

/// The verdicts that an annotation in a source allows for the whole submission:
/// `@EXPECTED_RESULTS@: WRONG-ANSWER, TIMELIMIT`. `None` when there is none, or one that only
/// people can check.
pub(super) fn annotated(source: &str) -> Option<Verdicts> {
    use Verdict::{CompileError, CompileLimit, OutputLimit, WrongAnswer};
    let (_, rest) = source.split_once("@EXPECTED_RESULTS@:")?;
    let line = rest.lines().next().unwrap_or_default();
    let mut all: Vec<Verdict> = Vec::new();
    for word in line.split(',') {
        let word: String = word
            .trim()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        match word.to_ascii_uppercase().replace('_', "-").as_str() {
            "AC" | "ACCEPTED" | "CORRECT" => all.extend(Word::Accepted.verdicts()),
            "WA" | "WRONG-ANSWER" | "NO-OUTPUT" => all.extend(Word::WrongAnswer.verdicts()),
            "TLE" | "TIMELIMIT" | "TIME-LIMIT-EXCEEDED" => all.extend(Word::TimeLimit.verdicts()),
            "RTE" | "RUN-ERROR" | "RUN-TIME-ERROR" => all.extend(Word::RuntimeError.verdicts()),
            "OLE" | "OUTPUT-LIMIT" => all.extend([OutputLimit, WrongAnswer]),
            "CE" | "COMPILER-ERROR" => all.extend([CompileError, CompileLimit]),
            _ => return None,
        }
    }
    Some(Verdicts::of(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_names_the_verdicts_of_the_whole_submission() {
        let holds = |text: &str, id: &str| annotated(text).unwrap().holds(id.parse().unwrap());
        let one = "// @EXPECTED_RESULTS@: WRONG-ANSWER\nint main";
        assert!(holds(one, "WA") && !holds(one, "AC") && !holds(one, "TLE"));
        let several = "# @EXPECTED_RESULTS@: TIMELIMIT, RUN_TIME_ERROR */";
        assert!(holds(several, "WTL") && holds(several, "MLE") && !holds(several, "WA"));
        assert!(holds("@EXPECTED_RESULTS@: COMPILER-ERROR", "CE"));
        assert_eq!(annotated("@EXPECTED_RESULTS@: CHECK-MANUALLY"), None);
        assert_eq!(annotated("int main(){}"), None);
    }

    #[test]
    fn a_solution_bounds_the_time_limit_as_its_requirements_say() {
        let sides = |rule: Rule| -> Vec<BoundSide> {
            rule.bounds(&Scope::All).into_iter().map(|bound| bound.side).collect()
        };
        for (folder, expected) in [
            ("accepted", vec![BoundSide::Lower]),
            ("wrong_answer", vec![BoundSide::Lower]),
            ("run_time_error", vec![BoundSide::Lower]),
            ("time_limit_exceeded", vec![BoundSide::Upper]),
            ("rejected", vec![]),
            ("brute_force", vec![]),
        ] {
            assert_eq!(sides(Rule::of_folder(folder).unwrap()), expected, "{folder}");
        }
        for (folder, expected) in [
            ("accepted", vec![BoundSide::Lower]),
            ("wrong_answer", vec![]),
            ("time_limit_exceeded", vec![BoundSide::Upper]),
            ("partially_accepted", vec![]),
        ] {
            assert_eq!(sides(Rule::of_legacy_folder(folder).unwrap()), expected, "{folder}");
        }
    }
}
