//! Scores that a validator leaves in files of its folder, and what a test makes of them.

use minos_problem::{Checker, PointsPolicy, Problem, Scoring, Test};

use crate::ruling::Ruling;

/// How far above the highest a score may lie: it went through decimal text.
const TOLERANCE: f64 = 1e-9;

/// What a test makes of `score.txt` and `score_multiplier.txt`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scores {
    /// Nothing: the problem has no scores, or the test is a sample.
    Ignored,
    /// They may be any number: ICPC's old versions, which know `score.txt` alone.
    Any,
    /// They may be any number or any part: what proves a validator.
    Either,
    /// There may be none: the group passes or fails as a whole.
    Forbidden,
    /// A score from 0 up to that, or a part of it; neither is all of it.
    UpTo(f64),
    /// There is a score from 0 for every accepted output, and it has no bound.
    Unbounded,
}

impl Scores {
    /// Of one test.
    pub(crate) fn of(problem: &Problem, test: &Test) -> Self {
        let group = problem.groups.iter().find(|group| Some(&group.name) == test.group.as_ref());
        let policy = group.map_or(PointsPolicy::EachTest, |group| group.points_policy);
        match (&problem.scoring, policy) {
            (Scoring::PassFail, _) => Self::Ignored,
            (Scoring::Graded(_), _) if Self::of_proofs(problem) == Self::Ignored => Self::Ignored,
            (Scoring::Graded(_), _) => Self::Any,
            (Scoring::Points, _) if test.sample => Self::Ignored,
            (Scoring::Points, PointsPolicy::CompleteGroup) => Self::Forbidden,
            (Scoring::Points, PointsPolicy::EachTest | PointsPolicy::Minimum) => {
                test.points.map_or(Self::Unbounded, Self::UpTo)
            }
        }
    }

    /// Of a case that lies in no group: what proves a validator, not a submission.
    pub(crate) fn of_proofs(problem: &Problem) -> Self {
        match &problem.checker {
            Checker::Validators(validators) if validators.scores => Self::Either,
            Checker::Validators(_)
            | Checker::Default
            | Checker::Standard(_)
            | Checker::Program(_) => Self::Ignored,
        }
    }

    /// The ruling of a validator that accepted an output; the error is what was wrong with it.
    pub(crate) fn accepted(
        self,
        score: Option<&[u8]>,
        multiplier: Option<&[u8]>,
    ) -> Result<Ruling, String> {
        match (score, multiplier) {
            _ if self == Self::Ignored => Ok(Ruling::Accepted),
            (Some(_), Some(_)) => Err("left both score.txt and score_multiplier.txt".to_owned()),
            (Some(score), None) => self.points(told(score, "score.txt")?),
            (None, Some(share)) => self.share(told(share, "score_multiplier.txt")?),
            (None, None) if self == Self::Unbounded => {
                Err("left no score.txt, and the test has no highest score".to_owned())
            }
            (None, None) => Ok(Ruling::Accepted),
        }
    }

    /// Whether a validator may reject an output and leave these files; the error is why not.
    pub(crate) fn rejected(self, score: bool, multiplier: bool) -> Result<(), String> {
        let counts = match self {
            Self::Ignored => false,
            Self::Any | Self::Either => score,
            Self::Forbidden | Self::UpTo(_) | Self::Unbounded => score || multiplier,
        };
        if counts { Err("gives a score to an output it rejects".to_owned()) } else { Ok(()) }
    }

    fn points(self, points: f64) -> Result<Ruling, String> {
        let name = "score.txt";
        match self {
            Self::Forbidden => Err(whole(name)),
            Self::UpTo(_) | Self::Unbounded if points < 0.0 => {
                Err(format!("left {points} in {name}; expected a number from 0"))
            }
            Self::UpTo(most) if points > most + TOLERANCE => {
                Err(format!("left {points} in {name}; the test gives {most} at most"))
            }
            Self::Ignored | Self::Any | Self::Either | Self::UpTo(_) | Self::Unbounded => {
                Ok(Ruling::Points(points))
            }
        }
    }

    fn share(self, share: f64) -> Result<Ruling, String> {
        let name = "score_multiplier.txt";
        match self {
            Self::Forbidden => Err(whole(name)),
            Self::Any => Err(format!(
                "left a {name} and no score.txt; this version of the format knows score.txt alone"
            )),
            Self::Unbounded => {
                Err(format!("left a {name}; the test has no highest score to be multiplied"))
            }
            Self::Ignored | Self::Either | Self::UpTo(_) if !(0.0..=1.0).contains(&share) => {
                Err(format!("left {share} in {name}; expected 0 to 1"))
            }
            Self::Ignored | Self::Either | Self::UpTo(_) => Ok(Ruling::Share(share)),
        }
    }
}

fn whole(name: &str) -> String {
    format!("left a {name}; the test's group passes or fails as a whole")
}

fn told(bytes: &[u8], what: &str) -> Result<f64, String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    crate::feedback::number(text)
        .ok_or_else(|| format!("left `{text}` in {what}; expected a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Scores = Scores::UpTo(5.0);

    #[test]
    fn a_score_is_one_that_the_test_can_give() {
        use Ruling::{Accepted, Points, Share};
        for (scores, score, multiplier, ruling) in [
            (Scores::Ignored, Some("x"), Some("y"), Accepted),
            (Scores::Any, None, None, Accepted),
            (Scores::Any, Some(" 37.5\n"), None, Points(37.5)),
            (Scores::Any, Some("-1e1"), None, Points(-10.0)),
            (Scores::Either, None, Some("0.25"), Share(0.25)),
            (Scores::Forbidden, None, None, Accepted),
            (FIVE, None, None, Accepted),
            (FIVE, Some("0"), None, Points(0.0)),
            (FIVE, Some("5"), None, Points(5.0)),
            (FIVE, None, Some("0"), Share(0.0)),
            (FIVE, None, Some("1"), Share(1.0)),
            (Scores::Unbounded, Some("0"), None, Points(0.0)),
            (Scores::Unbounded, Some("1e6"), None, Points(1e6)),
        ] {
            let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
            let ruled = scores.accepted(bytes(score), bytes(multiplier));
            assert_eq!(ruled, Ok(ruling), "{scores:?} {score:?} {multiplier:?}");
        }
    }

    #[test]
    fn every_other_score_is_the_validators_fault_and_says_what() {
        for (scores, score, multiplier, said) in [
            (Scores::Any, Some("many"), None, "`many` in score.txt"),
            (Scores::Any, Some(""), None, "score.txt"),
            (Scores::Any, Some("inf"), None, "score.txt"),
            (Scores::Any, Some("1"), Some("1"), "both"),
            (Scores::Any, None, Some("0.5"), "knows score.txt alone"),
            (Scores::Either, None, Some("1.01"), "expected 0 to 1"),
            (Scores::Forbidden, Some("1"), None, "as a whole"),
            (Scores::Forbidden, None, Some("1"), "as a whole"),
            (FIVE, Some("5.001"), None, "5 at most"),
            (FIVE, Some("-0.001"), None, "from 0"),
            (FIVE, None, Some("-0.1"), "expected 0 to 1"),
            (FIVE, Some("1"), Some("1"), "both"),
            (Scores::Unbounded, None, None, "no score.txt"),
            (Scores::Unbounded, Some("-1"), None, "from 0"),
            (Scores::Unbounded, None, Some("1"), "to be multiplied"),
        ] {
            let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
            let error = scores.accepted(bytes(score), bytes(multiplier)).unwrap_err();
            assert!(error.contains(said), "{scores:?}: {error}");
        }
    }

    #[test]
    fn what_is_rejected_has_no_score() {
        for (scores, score, multiplier, fine) in [
            (Scores::Ignored, true, true, true),
            (Scores::Any, true, false, false),
            (Scores::Any, false, true, true),
            (Scores::Forbidden, true, false, false),
            (FIVE, true, false, false),
            (FIVE, false, true, false),
            (FIVE, false, false, true),
            (Scores::Unbounded, false, false, true),
        ] {
            let may = scores.rejected(score, multiplier);
            assert_eq!(may.is_ok(), fine, "{scores:?} {score} {multiplier}");
        }
    }
}
