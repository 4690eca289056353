//! Submission and problem in, judgement out.

use minos_model::{
    Bytes, CompileResult, CpuTime, Ending, Fault, Generation, JudgedProblem, Judgement, LanguageId,
    NodeId, RunReport, Score, Stage, SubmissionId, Tenant, TestResult, Verdict, WallTime, decide,
};
use minos_problem::{Problem, Test};

use crate::check::{Asked, Compared, Comparer};
use crate::port::{Keep, Runs};
use crate::program::Program;
use crate::ruling::verdict_of;
use crate::trouble::{Trouble, Unjudged};
use crate::workshop::{Built, Text, Workshop, find};

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
/// Pass/fail problems are decided by their first test that is not accepted. Problems with points
/// are decided the same way for now: each test reports its points, the judgement's own score stays
/// empty until groups and their policies are scored.
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
    let mut found = Found::default();
    let judged = Judging { workshop, submission, problem, options, progress }.run(&mut found);
    let isolation = Some(workshop.runs.isolation());
    let (verdict, decided_by, fault) = found.verdict(problem, judged.as_ref().err());
    let judgement = Judgement {
        submission: submission.id.clone(),
        tenant: submission.tenant.clone(),
        generation: submission.generation,
        problem: JudgedProblem { id: problem.id.clone(), revision: Some(problem.revision) },
        language: submission.language.clone(),
        verdict,
        score: None,
        decided_by,
        fault,
        compile: found.compile,
        tests: found.tests,
        groups: Vec::new(),
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
    tests: Vec<TestResult>,
}

impl Found {
    /// The verdict, the test that decided, and the fault. When a test was being judged as the
    /// trouble came, it is that test's JE.
    fn verdict(
        &mut self,
        problem: &Problem,
        trouble: Option<&Trouble>,
    ) -> (Verdict, Option<String>, Option<(Fault, String)>) {
        if let Some(trouble) = trouble {
            let begun = !self.tests.is_empty();
            for test in problem.tests.iter().skip(self.tests.len()) {
                self.tests.push(result(test, Verdict::Skipped));
            }
            let decided =
                begun.then(|| self.tests.iter().find(|test| test.verdict == Verdict::JudgeError));
            let decided_by = decided.flatten().map(|test| test.name.clone());
            let fault = Some((trouble.fault, trouble.message.clone()));
            if !begun {
                self.tests.clear();
            }
            return (Verdict::JudgeError, decided_by, fault);
        }
        if let Some(verdict) = self.refused {
            return (verdict, None, None);
        }
        let verdicts: Vec<Verdict> = self.tests.iter().map(|test| test.verdict).collect();
        let (verdict, index) = decide(&verdicts);
        let decided_by = index.and_then(|index| self.tests.get(index));
        (verdict, decided_by.map(|test| test.name.clone()), None)
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

/// A test after its run.
fn ran(test: &Test, verdict: Verdict, report: &RunReport) -> TestResult {
    TestResult {
        cpu: report.cpu,
        wall: report.wall,
        memory: report.memory,
        cause: Some(report.cause.clone()),
        ending: Some(report.ending),
        ..result(test, verdict)
    }
}

/// Trouble in a test, with what its run had said before.
#[derive(Debug)]
struct Stopped {
    trouble: Trouble,
    report: Option<RunReport>,
}

struct Judging<'a, R: Runs> {
    workshop: &'a mut Workshop<R>,
    submission: &'a SubmissionToJudge<'a>,
    problem: &'a Problem,
    options: &'a Options,
    progress: &'a mut dyn FnMut(Stage),
}

impl<R: Runs> Judging<'_, R> {
    fn run(&mut self, found: &mut Found) -> Result<(), Trouble> {
        let languages = self.workshop.languages();
        let language = find(&languages, &self.submission.language)?;
        (self.progress)(Stage::Compiling);
        if let Err(too_long) = check_source(self.submission.source) {
            // Callers refuse it; one that did not gets the contestant a final answer.
            found.compile = Some(CompileResult {
                ok: false,
                cached: false,
                cpu: CpuTime::ZERO,
                wall: WallTime::ZERO,
                log: too_long.to_string(),
            });
            found.refused = Some(Verdict::CompileError);
            return Ok(());
        }
        let text = Text { source: self.submission.source, beside: &[] };
        let program = match self.workshop.build(language, text)? {
            Built::Program(program, compile) => {
                found.compile = Some(compile);
                program
            }
            Built::Refused(verdict, compile) => {
                found.compile = Some(compile);
                found.refused = Some(verdict);
                return Ok(());
            }
        };
        // It compiled when the problem was prepared: now it is this machine that fails.
        let comparer = self.workshop.comparer(&self.problem.checker, Trouble::node)?;
        self.tests(&program, &comparer, found)
    }

    fn tests(
        &mut self,
        program: &Program<R::Blob>,
        comparer: &Comparer<R::Blob>,
        found: &mut Found,
    ) -> Result<(), Trouble> {
        let of = u32::try_from(self.problem.tests.len()).unwrap_or(u32::MAX);
        let mut decided = false;
        for (number, test) in (1..).zip(&self.problem.tests) {
            if decided {
                found.tests.push(result(test, Verdict::Skipped));
                continue;
            }
            (self.progress)(Stage::Testing { test: number, of });
            let judged = self.test(program, comparer, test).map_err(|stopped| {
                found.tests.push(stopped.report.map_or_else(
                    || result(test, Verdict::JudgeError),
                    |report| ran(test, Verdict::JudgeError, &report),
                ));
                stopped.trouble.during(&format!("test {}", test.name))
            })?;
            decided = judged.verdict == Verdict::Cancelled
                || (judged.verdict.decides() && !self.options.all_tests);
            found.tests.push(judged);
        }
        Ok(())
    }

    /// Runs one test and asks the checker.
    fn test(
        &mut self,
        program: &Program<R::Blob>,
        comparer: &Comparer<R::Blob>,
        test: &Test,
    ) -> Result<TestResult, Box<Stopped>> {
        let before = |trouble: Trouble| Box::new(Stopped { trouble, report: None });
        let input = self.open(&test.input, "input").map_err(before)?;
        let raw = self.problem.limits.raw(1, 1);
        let mut request = program.request([], raw).map_err(before)?;
        request.stdin = Some(input.clone());
        request.keep = Keep::Stdout;
        let ran_fairly = self.workshop.run_fairly(request);
        let (outcome, repeats) = ran_fairly.map_err(|error| before(error.into()))?;
        let report = outcome.report;
        if let Some(verdict) = Verdict::of_run(&report.cause, report.ending) {
            let score = test.points.map(|max| Score { points: 0.0, max });
            return Ok(TestResult { score, repeats, ..ran(test, verdict, &report) });
        }
        let asked = match outcome.stdout {
            None => Err(Trouble::node("the output was lost")),
            Some(output) => self
                .open(&test.answer, "answer")
                .and_then(|answer| self.workshop.ask(comparer, Compared { input, output, answer })),
        };
        let ruled = asked.and_then(|asked| ruled(test, &asked));
        match ruled {
            Ok((verdict, score, comment)) => {
                Ok(TestResult { score, comment, repeats, ..ran(test, verdict, &report) })
            }
            Err(trouble) => Err(Box::new(Stopped { trouble, report: Some(report) })),
        }
    }

    /// Content of the problem. It was complete when it was published, so a file that is missing
    /// now was lost by this machine: a fault, before any checker can make a verdict of it.
    fn open(&mut self, path: &std::path::Path, what: &str) -> Result<R::Blob, Trouble> {
        let opened = self.workshop.runs.open(path);
        opened.map_err(|error| Trouble::from(error).during(what))
    }
}

/// A test's verdict, score and comment from what came of asking the checker.
fn ruled(test: &Test, asked: &Asked) -> Result<(Verdict, Option<Score>, String), Trouble> {
    let ruled = match asked {
        Asked::Cancelled => return Ok((Verdict::Cancelled, None, String::new())),
        Asked::Ruled(ruled) => ruled,
    };
    match verdict_of(ruled.ruling, test.points) {
        Ok(Some((verdict, score))) => Ok((verdict, score, ruled.comment())),
        Ok(None) => Err(Trouble::checker(format!("the checker says {}", ruled.comment()))),
        Err(error) => Err(Trouble::package(error.to_string())),
    }
}

/// Whether a run of the jury ended as it should.
pub(crate) fn ended_well(report: &RunReport) -> bool {
    Verdict::of_run(&report.cause, report.ending).is_none()
        && report.ending == (Ending::Exited { code: 0 })
}

#[cfg(test)]
mod checker_tests;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;
