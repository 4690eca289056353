//! Whether a package is what it says: its validators on its inputs, its own cases for validators
//! and checker, and every solution against what is claimed of it.

mod cases;

use minos_model::{
    Bytes, CpuTime, Generation, IdError, Judgement, LanguageId, NodeId, Stage, TestResult, Verdict,
    WallTime,
};
use minos_problem::{Expectation, Problem, Scoring, Solution};

use crate::judging::{Options, SubmissionToJudge, judge_solution};
use crate::port::Runs;
use crate::trouble::Trouble;
use crate::workshop::{Workshop, find, read_file};

pub use cases::check_package;

/// Something that a package claims and that is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `test 03`, `checker test 2`.
    pub place: String,
    /// What: one line.
    pub message: String,
}

/// What came of looking at a package itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// What is not as the package says.
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub troubles: Vec<Trouble>,
}

/// What became of one solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The solution's name.
    pub name: String,
    /// What the author says of it, in a word.
    pub label: String,
    /// Its judgement; `None` when it was not judged.
    pub judgement: Option<Judgement>,
    /// What contradicts the author, a line each.
    pub contradictions: Vec<String>,
    /// Why it was not judged, or not to the end.
    pub trouble: Option<Trouble>,
}

/// Judges one solution of a package on all tests, and compares with what is expected of it. Of one
/// that only has to fail somehow, the tests after the failure that is wanted are left out, unless
/// `all_tests` says otherwise or the problem has scores.
pub fn verify_solution<R: Runs>(
    workshop: &mut Workshop<R>,
    (problem, solution): (&Problem, &Solution),
    node: &NodeId,
    all_tests: bool,
    progress: &mut dyn FnMut(Stage),
) -> Verified {
    let mut verified = Verified {
        name: solution.name.clone(),
        label: solution.label.clone(),
        judgement: None,
        contradictions: Vec::new(),
        trouble: None,
    };
    match judged(workshop, (problem, solution), node, all_tests, progress) {
        Ok(judgement) => {
            verified.contradictions = contradictions(&solution.expectations, &judgement);
            verified.judgement = Some(judgement);
        }
        Err(unverified) => {
            let (trouble, judgement) = *unverified;
            verified.trouble = Some(trouble);
            verified.judgement = judgement;
        }
    }
    verified
}

/// What stopped it, with the judgement so far.
type Unverified = Box<(Trouble, Option<Judgement>)>;

fn judged<R: Runs>(
    workshop: &mut Workshop<R>,
    (problem, solution): (&Problem, &Solution),
    node: &NodeId,
    all_tests: bool,
    progress: &mut dyn FnMut(Stage),
) -> Result<Judgement, Unverified> {
    let without = |trouble: Trouble| Box::new((trouble, None));
    // An answer that is submitted is in no language.
    let answer = LanguageId::new("text").ok().filter(|_| problem.mode.submit_answer);
    let language = solution.language.as_ref().or(answer.as_ref()).ok_or_else(|| {
        let why = format!("type `{}` is listed by no language file", solution.kind);
        without(Trouble::node(why))
    })?;
    if answer.is_none() {
        find(&workshop.languages(), language).map_err(without)?;
    }
    let source = read_file(&solution.path).map_err(without)?;
    let name = |error: IdError| without(Trouble::node(error.to_string()));
    let submission = SubmissionToJudge {
        id: "solution".parse().map_err(name)?,
        tenant: "default".parse().map_err(name)?,
        generation: Generation::FIRST,
        language: language.clone(),
        source: &source,
        attempt: 1,
        node: node.clone(),
    };
    // A score that is shown is of all tests.
    let all_tests = all_tests || problem.scoring != Scoring::PassFail;
    let enough = |test: &TestResult| !all_tests && proves(&solution.expectations, test);
    let options = Options { all_tests: true };
    judge_solution((workshop, &submission), (solution, &enough), problem, &options, progress)
        .map_err(|unjudged| Box::new((unjudged.trouble, Some(unjudged.judgement))))
}

/// Whether a test settles everything that is expected: then the rest can contradict nothing.
fn proves(expectations: &[Expectation], test: &TestResult) -> bool {
    !expectations.is_empty()
        && expectations.iter().all(|expected| {
            let nothing_else = expected.permitted.is_none()
                && expected.score.is_none()
                && expected.message.is_none();
            nothing_else
                && expected.scope.holds(&test.name)
                && expected.required.as_ref().is_some_and(|some| some.holds(test.verdict))
        })
}

/// What contradicts the author.
fn contradictions(expectations: &[Expectation], judgement: &Judgement) -> Vec<String> {
    let refused = TestResult {
        name: "compilation".to_owned(),
        group: None,
        verdict: judgement.verdict,
        score: None,
        cpu: CpuTime::ZERO,
        wall: WallTime::ZERO,
        memory: Bytes::ZERO,
        cause: None,
        ending: None,
        comment: String::new(),
        repeats: Vec::new(),
    };
    let compiled = !matches!(judgement.verdict, Verdict::CompileError | Verdict::CompileLimit);
    let tests = if compiled { &judgement.tests[..] } else { std::slice::from_ref(&refused) };
    let score = |group: Option<&str>| match group {
        None => judgement.score,
        Some(name) => {
            let group = judgement.groups.iter().find(|group| group.name == name);
            group.and_then(|group| group.score)
        }
    };
    let said = expectations.iter().filter_map(|expected| {
        let why = expected.contradiction(tests, &score)?;
        Some(format!("{}: {why}", expected.said_by))
    });
    said.collect()
}
