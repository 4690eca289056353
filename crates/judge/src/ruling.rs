//! What a checker, compiled or built in, says of one output.

use minos_model::{Score, Verdict};

/// The longest comment kept of a checker's message, in bytes: a line a person reads, times the
/// tests of a problem, must fit one message of the broker.
pub const MAX_COMMENT: usize = 1 << 10;

/// The outcomes of the testlib protocol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ruling {
    /// The output is right.
    Accepted,
    /// The output is wrong.
    WrongAnswer,
    /// The output has not the form the statement asks for.
    Presentation,
    /// The checker found the jury's own data wrong: never the contestant's doing.
    Failed,
    /// Right in part; `k` of testlib's `_pc(k)`.
    Partial(u8),
    /// As many points as the checker gives.
    Points(f64),
    /// That part, from 0 to 1, of what the test is worth.
    Share(f64),
    /// As many points as the problem's scorer makes of the message.
    ForScorer,
}

impl Ruling {
    /// How testlib begins its message.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Accepted => "ok",
            Self::WrongAnswer => "wrong answer",
            Self::Presentation => "wrong output format",
            Self::Failed => "FAIL",
            Self::Partial(_) | Self::Share(_) => "partially correct",
            Self::Points(_) | Self::ForScorer => "points",
        }
    }
}

/// A ruling with the message that came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled {
    /// What was decided.
    pub ruling: Ruling,
    /// Why, as the checker put it, without its prefix.
    pub message: String,
}

impl Ruled {
    pub(crate) fn new(ruling: Ruling, message: impl Into<String>) -> Self {
        Self { ruling, message: message.into() }
    }

    /// The message with its prefix, as one bounded line: `ok 3 numbers`.
    #[must_use]
    pub fn comment(&self) -> String {
        let message = self.message.trim();
        let head = match self.ruling {
            Ruling::Partial(k) => format!("{} ({k})", self.ruling.prefix()),
            Ruling::Share(share) => format!("{} ({share})", self.ruling.prefix()),
            Ruling::Accepted
            | Ruling::WrongAnswer
            | Ruling::Presentation
            | Ruling::Failed
            | Ruling::Points(_)
            | Ruling::ForScorer => self.ruling.prefix().to_owned(),
        };
        let whole = if message.is_empty() { head } else { format!("{head} {message}") };
        cut(&whole, MAX_COMMENT)
    }
}

/// Why points could not become a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PointsError {
    #[error("the checker gives points, but the package declares none for the test")]
    NoMaximum,
    #[error("the checker leaves the points to a scorer, but the package has none")]
    NoScorer,
}

/// The verdict and the score of a test from the checker's ruling and the most points the test can
/// give; `None` is no bound in a scored problem, and no points in one that is not. `Ok(None)` is a
/// checker that found the jury's data wrong.
pub(crate) fn verdict_of(
    ruling: Ruling,
    max: Option<f64>,
    scored: bool,
) -> Result<Option<(Verdict, Option<Score>)>, PointsError> {
    let full = |verdict, points: Option<f64>| {
        let score = points.zip(max).map(|(points, max)| Score { points, max });
        Ok(Some((verdict, score)))
    };
    match ruling {
        Ruling::Accepted => full(Verdict::Accepted, max),
        Ruling::WrongAnswer => full(Verdict::WrongAnswer, Some(0.0)),
        Ruling::Presentation => full(Verdict::PresentationError, Some(0.0)),
        Ruling::Failed => Ok(None),
        Ruling::Partial(k) => {
            let share = f64::from(k.min(100)) / 100.0;
            full(Verdict::PartiallyCorrect, max.map(|max| max * share))
        }
        Ruling::Share(share) if share >= 1.0 => full(Verdict::Accepted, max),
        Ruling::Share(share) => full(Verdict::PartiallyCorrect, max.map(|max| max * share)),
        Ruling::ForScorer if scored => Ok(Some((Verdict::Accepted, None))),
        Ruling::ForScorer => Err(PointsError::NoScorer),
        Ruling::Points(points) => match max {
            Some(most) if points >= most => full(Verdict::Accepted, max),
            Some(_) => full(Verdict::PartiallyCorrect, Some(points)),
            None if scored => Ok(Some((Verdict::Accepted, Some(Score { points, max: points })))),
            None => Err(PointsError::NoMaximum),
        },
    }
}

/// The longest beginning of `text` that has at most `most` bytes and ends between characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_the_message_after_testlibs_prefix_and_is_bounded() {
        for (ruling, message, comment) in [
            (Ruling::Accepted, "3 numbers", "ok 3 numbers"),
            (Ruling::Accepted, "", "ok"),
            (Ruling::WrongAnswer, " 1st differs\n", "wrong answer 1st differs"),
            (Ruling::Presentation, "x", "wrong output format x"),
            (Ruling::Partial(40), "half", "partially correct (40) half"),
            (Ruling::Points(3.5), "3.5 good", "points 3.5 good"),
        ] {
            assert_eq!(Ruled::new(ruling, message).comment(), comment);
        }
        let long = Ruled::new(Ruling::Accepted, "é".repeat(MAX_COMMENT)).comment();
        assert!(long.len() <= MAX_COMMENT && long.len() > MAX_COMMENT - 4, "{}", long.len());
    }

    #[test]
    fn a_score_below_the_maximum_is_partially_correct_and_the_maximum_is_accepted() {
        let score = |points, max| Some(Score { points, max });
        let rows = [
            (Ruling::Points(9.5), Some(10.0), Verdict::PartiallyCorrect, score(9.5, 10.0)),
            (Ruling::Points(10.0), Some(10.0), Verdict::Accepted, score(10.0, 10.0)),
            (Ruling::Points(11.0), Some(10.0), Verdict::Accepted, score(10.0, 10.0)),
            (Ruling::Points(0.0), Some(10.0), Verdict::PartiallyCorrect, score(0.0, 10.0)),
            (Ruling::Points(7.5), None, Verdict::Accepted, score(7.5, 7.5)),
            (Ruling::Share(0.25), Some(10.0), Verdict::PartiallyCorrect, score(2.5, 10.0)),
            (Ruling::Share(1.0), Some(10.0), Verdict::Accepted, score(10.0, 10.0)),
            (Ruling::Partial(50), Some(10.0), Verdict::PartiallyCorrect, score(5.0, 10.0)),
            (Ruling::Partial(50), None, Verdict::PartiallyCorrect, None),
            (Ruling::Accepted, Some(10.0), Verdict::Accepted, score(10.0, 10.0)),
            (Ruling::Accepted, None, Verdict::Accepted, None),
            (Ruling::WrongAnswer, Some(10.0), Verdict::WrongAnswer, score(0.0, 10.0)),
            (Ruling::Presentation, None, Verdict::PresentationError, None),
        ];
        for (ruling, max, verdict, score) in rows {
            assert_eq!(
                verdict_of(ruling, max, true),
                Ok(Some((verdict, score))),
                "{ruling:?} {max:?}"
            );
        }
        assert_eq!(verdict_of(Ruling::Failed, None, false), Ok(None));
        let unbounded = verdict_of(Ruling::Points(1.0), None, false);
        assert_eq!(unbounded, Err(PointsError::NoMaximum));
    }
}
