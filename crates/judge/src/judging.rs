//! Submission and problem in, judgement out.

use minos_model::{
    Bytes, CompileResult, CpuTime, Ending, Fault, Generation, JudgedProblem, Judgement, LanguageId,
    NodeId, RunReport, Stage, SubmissionId, Tenant, TestResult, Verdict, WallTime,
};
use minos_problem::{IncludeStage, Problem, Solution, Test};

use crate::jury::{JuryLimits, Panel};
use crate::port::Runs;
use crate::program::Program;
use crate::scoring::{self, Outcome};
use crate::sources::Sources;
use crate::trouble::{Trouble, Unjudged};
use crate::workshop::{Built, Workshop, find};

/// The longest source, in bytes: four times the longest limit of the large contest systems, and
/// far below what a message of the broker may carry.
pub const MAX_SOURCE: usize = 256 << 10;

/// A source above [`MAX_SOURCE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source has {size} bytes; at most {MAX_SOURCE} (256 KiB) are accepted")]
pub struct SourceTooLong {
    /// Its size in bytes.
    pub size: usize,
}

/// Refuses a source that is too long; whoever takes sources from outside asks this first.
///
/// # Errors
/// When it is longer than [`MAX_SOURCE`].
pub const fn check_source(source: &[u8]) -> Result<(), SourceTooLong> {
    if source.len() > MAX_SOURCE { Err(SourceTooLong { size: source.len() }) } else { Ok(()) }
}

/// One delivery of a submission, its source at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionToJudge<'a> {
    /// Its name.
    pub id: SubmissionId,
    /// Who sent it.
    pub tenant: Tenant,
    /// Which judging of it this is.
    pub generation: Generation,
    /// What it is written in.
    pub language: LanguageId,
    /// The program text.
    pub source: &'a [u8],
    /// The how-manieth delivery this is, from 1.
    pub attempt: u32,
    /// Where it is judged.
    pub node: NodeId,
}

/// How to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Run every test, also after the one that decides.
    pub all_tests: bool,
}

/// Judges one submission against one problem. The same submission, problem and runs give the same
/// judgement: nothing here looks at a clock or draws a number.
///
/// What is judged, and what it comes to, is said by the problem's
/// [`Scoring`](minos_problem::Scoring): a pass/fail problem ends with its first test that is not
/// accepted, one with groups leaves out the tests that cannot change anything any more. Those are
/// [`Verdict::Skipped`].
///
/// # Errors
/// When judging could not go on for a reason that is not the contestant's. The error carries the
/// JE judgement, in case nobody else is to try.
pub fn judge<R: Runs>(
    workshop: &mut Workshop<R>,
    submission: &SubmissionToJudge<'_>,
    problem: &Problem,
    options: &Options,
    progress: &mut dyn FnMut(Stage),
) -> Result<Judgement, Box<Unjudged>> {
    judge_whole((workshop, submission, None), problem, options, progress)
}

/// A solution of the package, and after which test nothing more is to be judged.
pub(crate) type Own<'a> = (&'a Solution, &'a dyn Fn(&TestResult) -> bool);

/// Judges one of the package's own solutions, which may consist of several files.
///
/// # Errors
/// As [`judge`].
pub(crate) fn judge_solution<R: Runs>(
    (workshop, submission): (&mut Workshop<R>, &SubmissionToJudge<'_>),
    solution: Own<'_>,
    problem: &Problem,
    options: &Options,
    progress: &mut dyn FnMut(Stage),
) -> Result<Judgement, Box<Unjudged>> {
    judge_whole((workshop, submission, Some(solution)), problem, options, progress)
}

/// Who judges what: the submission, and the solution of the package that it is.
type What<'a, R> = (&'a mut Workshop<R>, &'a SubmissionToJudge<'a>, Option<Own<'a>>);

fn judge_whole<R: Runs>(
    (workshop, submission, solution): What<'_, R>,
    problem: &Problem,
    options: &Options,
    progress: &mut dyn FnMut(Stage),
) -> Result<Judgement, Box<Unjudged>> {
    let mut found = Found::default();
    let judged =
        Judging { workshop, submission, solution, problem, options, progress }.run(&mut found);
    let isolation = Some(workshop.runs.isolation());
    let (outcome, fault) = found.outcome(problem, judged.as_ref().err());
    let decided_by = outcome.decided_by.and_then(|index| found.tests.get(index));
    let judgement = Judgement {
        submission: submission.id.clone(),
        tenant: submission.tenant.clone(),
        generation: submission.generation,
        problem: JudgedProblem { id: problem.id.clone(), revision: Some(problem.revision) },
        language: submission.language.clone(),
        verdict: outcome.verdict,
        score: outcome.score,
        decided_by: decided_by.map(|test| test.name.clone()),
        fault,
        compile: found.compile,
        tests: found.tests,
        groups: outcome.groups,
        node: submission.node.clone(),
        attempt: submission.attempt,
        isolation,
    };
    match judged {
        Ok(()) => Ok(judgement),
        Err(trouble) => Err(Box::new(Unjudged { trouble, judgement })),
    }
}

/// What is known so far.
#[derive(Debug, Default)]
struct Found {
    compile: Option<CompileResult>,
    refused: Option<Verdict>,
    /// All tests, once the first is judged.
    tests: Vec<TestResult>,
    outcome: Option<Outcome>,
}

impl Found {
    /// What it comes to, and the fault. When a test was being judged as the trouble came, it is
    /// that test's JE.
    fn outcome(
        &mut self,
        problem: &Problem,
        trouble: Option<&Trouble>,
    ) -> (Outcome, Option<(Fault, String)>) {
        let without =
            |verdict, decided_by| Outcome { verdict, decided_by, score: None, groups: Vec::new() };
        if let Some(trouble) = trouble {
            let decided_by = self.tests.iter().position(|test| test.verdict == Verdict::JudgeError);
            let fault = Some((trouble.fault, trouble.message.clone()));
            return (without(Verdict::JudgeError, decided_by), fault);
        }
        if let Some(verdict) = self.refused {
            let nothing: Vec<TestResult> =
                problem.tests.iter().map(|test| result(test, Verdict::Skipped)).collect();
            let ungraded = &mut |_: &[String], _: &[_]| Ok((verdict, 0.0));
            let score = scoring::outcome(problem, &nothing, ungraded).ok();
            let score = score.and_then(|outcome| outcome.score);
            return (Outcome { score, ..without(verdict, None) }, None);
        }
        (self.outcome.take().unwrap_or_else(|| without(Verdict::Accepted, None)), None)
    }

    fn refuse(&mut self, verdict: Verdict, log: impl Into<String>) {
        self.compile = Some(CompileResult {
            ok: false,
            cached: false,
            cpu: CpuTime::ZERO,
            wall: WallTime::ZERO,
            log: log.into(),
        });
        self.refused = Some(verdict);
    }
}

/// A test that was not run, or not to its end.
fn result(test: &Test, verdict: Verdict) -> TestResult {
    TestResult {
        name: test.name.clone(),
        group: test.group.clone(),
        verdict,
        score: None,
        cpu: CpuTime::ZERO,
        wall: WallTime::ZERO,
        memory: Bytes::ZERO,
        cause: None,
        ending: None,
        comment: String::new(),
        repeats: Vec::new(),
    }
}

struct Judging<'a, R: Runs> {
    workshop: &'a mut Workshop<R>,
    submission: &'a SubmissionToJudge<'a>,
    /// The solution of the package that it is.
    solution: Option<Own<'a>>,
    problem: &'a Problem,
    options: &'a Options,
    progress: &'a mut dyn FnMut(Stage),
}

/// Everything that the tests need.
#[derive(Debug)]
struct Tools<B> {
    /// The submission; `None` when it is the output itself.
    program: Option<Program<B>>,
    /// Files of the package that lie beside it while it runs.
    beside: Vec<(String, B)>,
    panel: Panel<B>,
}

impl<R: Runs> Judging<'_, R> {
    fn run(&mut self, found: &mut Found) -> Result<(), Trouble> {
        if let Some(why) = self.refusal() {
            (self.progress)(Stage::Compiling);
            // Callers refuse it; one that did not gets the contestant a final answer.
            found.refuse(Verdict::CompileError, why);
            return Ok(());
        }
        let program = if self.problem.mode.submit_answer {
            None
        } else {
            let Some(program) = self.compile(found)? else { return Ok(()) };
            Some(program)
        };
        let tools = self.tools(program)?;
        self.tests(&tools, found)?;
        let limits = JuryLimits::of(&self.problem.rules);
        let workshop = &mut *self.workshop;
        let grade = &mut |words: &[String], inside: &[_]| match &tools.panel.grader {
            Some(grader) => workshop.grade(grader, limits, words, inside),
            None => Err(Trouble::package("groups have a grader of their own, but there is none")),
        };
        let outcome = scoring::outcome(self.problem, &found.tests, grade)?;
        found.outcome = Some(match &tools.panel.scorer {
            Some(scorer) => self.rescored(scorer, limits, outcome, found)?,
            None => outcome,
        });
        Ok(())
    }

    /// The outcome with the score that the package's scorer makes of all results.
    fn rescored(
        &mut self,
        scorer: &Program<R::Blob>,
        limits: JuryLimits,
        outcome: Outcome,
        found: &Found,
    ) -> Result<Outcome, Trouble> {
        if matches!(outcome.verdict, Verdict::JudgeError | Verdict::Cancelled) {
            return Ok(outcome);
        }
        let points = self.workshop.score(scorer, limits, self.problem, &found.tests)?;
        Ok(scoring::with_points(outcome, &found.tests, points))
    }

    /// Why a submission is not even compiled.
    fn refusal(&self) -> Option<String> {
        let SubmissionToJudge { source, language, .. } = self.submission;
        if let Err(too_long) = check_source(source) {
            return Some(too_long.to_string());
        }
        let rules = &self.problem.rules;
        if let Some(most) = rules.code
            && source.len() as u64 > most.get()
        {
            return Some(format!(
                "the source has {} bytes; this problem takes {most}",
                source.len()
            ));
        }
        let languages = rules.languages.as_ref()?;
        if languages.contains(language) || self.problem.mode.submit_answer {
            return None;
        }
        let names: Vec<&str> = languages.iter().map(LanguageId::as_str).collect();
        Some(format!("this problem takes no {language}, only {}", names.join(", ")))
    }

    /// Compiles the submission, with what the package lays beside it; `None` when it was refused.
    fn compile(&mut self, found: &mut Found) -> Result<Option<Program<R::Blob>>, Trouble> {
        let languages = self.workshop.languages();
        let language = find(&languages, &self.submission.language)?;
        (self.progress)(Stage::Compiling);
        let sources = match self.solution {
            Some((solution, _)) => Sources::of_solution(solution, language, self.problem)?,
            None => Sources::of(self.submission.source, language, self.problem)?,
        };
        match self.workshop.build(language, sources.text(&self.problem.rules))? {
            Built::Program(program, compile) => {
                found.compile = Some(compile);
                Ok(Some(program))
            }
            Built::Refused(verdict, compile) => {
                found.compile = Some(compile);
                found.refused = Some(verdict);
                Ok(None)
            }
        }
    }

    /// The jury's programs. They compiled when the problem was prepared: now it is this machine
    /// that fails.
    fn tools(&mut self, program: Option<Program<R::Blob>>) -> Result<Tools<R::Blob>, Trouble> {
        let problem = self.problem;
        let panel = self.workshop.panel(problem, Trouble::node)?;
        let mut beside = Vec::new();
        for include in problem.includes.iter().filter(|include| {
            include.stage != IncludeStage::Compile
                && include.languages.holds(&self.submission.language)
        }) {
            beside.push((include.name.clone(), self.workshop.open(&include.path)?));
        }
        Ok(Tools { program, beside, panel })
    }

    fn tests(&mut self, tools: &Tools<R::Blob>, found: &mut Found) -> Result<(), Trouble> {
        let problem = self.problem;
        let of = u32::try_from(problem.tests.len()).unwrap_or(u32::MAX);
        found.tests = problem.tests.iter().map(|test| result(test, Verdict::Skipped)).collect();
        let mut number = 0;
        for index in scoring::order(problem) {
            let all = self.options.all_tests;
            if !all && !scoring::wanted(problem, &found.tests, index) {
                continue;
            }
            let (Some(test), Some(place)) = (problem.tests.get(index), found.tests.get_mut(index))
            else {
                continue;
            };
            number += 1;
            (self.progress)(Stage::Testing { test: number, of });
            match self.test(tools, test) {
                Ok(judged) => *place = judged,
                Err(stopped) => {
                    *place = stopped.result;
                    return Err(stopped.trouble.during(&format!("test {}", test.name)));
                }
            }
            let enough = self.solution.is_some_and(|(_, enough)| enough(place));
            if place.verdict == Verdict::Cancelled || enough {
                break;
            }
        }
        Ok(())
    }
}

/// Whether a run of the jury ended as it should.
pub(crate) fn ended_well(report: &RunReport) -> bool {
    Verdict::of_run(&report.cause, report.ending).is_none()
        && report.ending == (Ending::Exited { code: 0 })
}

mod one;

#[cfg(test)]
mod checker_tests;
#[cfg(test)]
mod mode_tests;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod score_tests;
#[cfg(test)]
mod tests;
