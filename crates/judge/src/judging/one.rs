//! One test: run the submission as often as the problem says, and ask the jury's programs.

use std::path::Path;

use minos_model::{Bytes, Repeat, RunReport, Score, TestResult, Verdict};
use minos_problem::{Passes, Scoring, Test};

use super::{Judging, Tools, result};
use crate::check::{Asked, Compared};
use crate::feedback::Folder;
use crate::interact::{Scene, Talked};
use crate::jury::JuryLimits;
use crate::look::Looked;
use crate::port::{InFile, Keep, OutFile, Request, Runs};
use crate::program::Program;
use crate::ruling::{PointsError, Ruled, Ruling, verdict_of};
use crate::scores::Scores;
use crate::sources::own_files;
use crate::trouble::Trouble;
use crate::workshop::find;

/// Trouble in a test, with what its runs had said before.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) trouble: Trouble,
    pub(super) result: TestResult,
}

/// What one pass came to.
#[derive(Debug)]
enum Pass<B> {
    /// The submission's own end decides; the words are for it.
    Failed(Verdict, String),
    /// There is an output for the checker.
    Output(B),
    /// The jury has been asked already.
    Asked(Asked<B>),
}

/// What all passes came to.
#[derive(Debug)]
enum Ended {
    Failed(Verdict, String),
    Ruled(Ruled),
}

/// What the runs of a test used.
#[derive(Debug, Default)]
struct Used {
    /// The most that any of them did, and the end of the last.
    report: Option<RunReport>,
    /// Those that were made again.
    repeats: Vec<Repeat>,
}

/// A test after its runs.
fn ran(test: &Test, verdict: Verdict, used: Used) -> TestResult {
    let none = TestResult { repeats: used.repeats, ..result(test, verdict) };
    match used.report {
        None => none,
        Some(report) => TestResult {
            cpu: report.cpu,
            wall: report.wall,
            memory: report.memory,
            cause: Some(report.cause),
            ending: Some(report.ending),
            ..none
        },
    }
}

impl Used {
    fn add(&mut self, report: RunReport) {
        let whole = match self.report.take() {
            None => report,
            Some(before) => RunReport {
                cpu: report.cpu.max(before.cpu),
                wall: report.wall.max(before.wall),
                memory: report.memory.max(before.memory),
                ..report
            },
        };
        self.report = Some(whole);
    }
}

impl<R: Runs> Judging<'_, R> {
    /// Judges one test.
    pub(super) fn test(
        &mut self,
        tools: &Tools<R::Blob>,
        test: &Test,
    ) -> Result<TestResult, Box<Stopped>> {
        let mut used = Used::default();
        let ended = self.passes(tools, test, &mut used).and_then(|ended| match ended {
            Ended::Failed(verdict, comment) => {
                let failed = verdict != Verdict::Cancelled;
                let score = test.points.filter(|_| failed).map(|max| Score { points: 0.0, max });
                Ok((verdict, score, comment))
            }
            Ended::Ruled(ruled) => self.ruled(test, &ruled),
        });
        match ended {
            Ok((verdict, score, comment)) => {
                Ok(TestResult { score, comment, ..ran(test, verdict, used) })
            }
            Err(trouble) => {
                let result = ran(test, Verdict::JudgeError, used);
                Err(Box::new(Stopped { trouble, result }))
            }
        }
    }

    fn passes(
        &mut self,
        tools: &Tools<R::Blob>,
        test: &Test,
        used: &mut Used,
    ) -> Result<Ended, Trouble> {
        if test.of_sources {
            return self.look(tools, test);
        }
        let given = self.open(&test.input, "input")?;
        let answer = self.open(&test.answer, "answer")?;
        let passes = self.problem.mode.passes;
        let most = match passes {
            Passes::Once => 1,
            Passes::Twice => 2,
            Passes::UpTo(most) => most.max(1),
        };
        let mut folder = Folder::new(most > 1 && passes != Passes::Twice);
        let mut input = given.clone();
        for pass in 1..=most {
            let asked = match self.pass(tools, test, (&input, &answer), (&mut folder, used))? {
                Pass::Failed(verdict, comment) => return Ok(Ended::Failed(verdict, comment)),
                Pass::Asked(asked) => asked,
                Pass::Output(output) if passes == Passes::Twice && pass == 1 => Asked::Next(output),
                Pass::Output(output) => {
                    let input = if passes == Passes::Twice { &given } else { &input };
                    let compared = Compared {
                        input: input.clone(),
                        output,
                        answer: answer.clone(),
                        args: &test.validator_args,
                        limits: JuryLimits::of(&self.problem.rules),
                        scores: Scores::of(self.problem, test),
                    };
                    self.workshop.ask(&tools.panel.comparer, compared, &mut folder)?
                }
            };
            match asked {
                Asked::Ruled(ruled) => return Ok(Ended::Ruled(ruled)),
                Asked::Cancelled => return Ok(Ended::Failed(Verdict::Cancelled, String::new())),
                Asked::Next(next) => input = next,
            }
        }
        let why = format!("the output validator asks for more than {most} passes");
        Err(Trouble::checker(why))
    }

    /// Has the static validator look at the submission.
    fn look(&mut self, tools: &Tools<R::Blob>, test: &Test) -> Result<Ended, Trouble> {
        let validator = tools.panel.looks.as_ref().ok_or_else(|| {
            Trouble::package("a test of the sources, but the package has no static validator")
        })?;
        let languages = self.workshop.languages();
        let language = find(&languages, &self.submission.language)?;
        let solution = self.solution.map(|(solution, _)| solution);
        let files = own_files(self.submission.source, language, solution)?;
        let looked = Looked {
            language,
            files: &files,
            entry_point: solution.and_then(|solution| solution.entry_point.as_deref()),
            args: &test.validator_args,
            limits: JuryLimits::of(&self.problem.rules),
            scores: Scores::of(self.problem, test),
        };
        Ok(match self.workshop.look(validator, &looked)? {
            Some(ruled) => Ended::Ruled(ruled),
            None => Ended::Failed(Verdict::Cancelled, String::new()),
        })
    }

    fn pass(
        &mut self,
        tools: &Tools<R::Blob>,
        test: &Test,
        (input, answer): (&R::Blob, &R::Blob),
        (folder, used): (&mut Folder<R::Blob>, &mut Used),
    ) -> Result<Pass<R::Blob>, Trouble> {
        let Some(program) = &tools.program else { return self.submitted(test) };
        let request = self.request(tools, program, test)?;
        let Some(interactor) = &tools.panel.interactor else {
            return self.batch(request, input, used);
        };
        let scene = Scene {
            input,
            answer,
            args: &test.validator_args,
            limits: JuryLimits::of(&self.problem.rules),
            solution: &self.problem.limits,
            scores: Scores::of(self.problem, test),
        };
        let (outcome, came) = self.workshop.converse(interactor, request, &scene, folder)?;
        used.add(outcome.report);
        Ok(match came? {
            Talked::Failed(verdict) => Pass::Failed(verdict, String::new()),
            Talked::Asked(asked) => Pass::Asked(asked),
            Talked::Written(written) => Pass::Output(written),
        })
    }

    /// The answer that was submitted for a test. A solution of several files has one for each test,
    /// called like it: `secret/1.out`, or `1.out`.
    fn submitted(&mut self, test: &Test) -> Result<Pass<R::Blob>, Trouble> {
        let solution = self.solution.map(|(solution, _)| solution);
        let Some(solution) = solution.filter(|solution| !solution.further.is_empty()) else {
            return Ok(Pass::Output(self.workshop.runs.hold(self.submission.source)?));
        };
        let base = Path::new(test.name.rsplit('/').next().unwrap_or_default());
        let files = || std::iter::once(&solution.path).chain(&solution.further);
        let called = |name: &Path| files().find(|path| path.with_extension("").ends_with(name));
        match called(Path::new(&test.name)).or_else(|| called(base)) {
            Some(path) => Ok(Pass::Output(self.open(path, "submitted answer")?)),
            None => {
                let comment =
                    format!("no output: no file for the test {} was submitted", test.name);
                Ok(Pass::Failed(Verdict::WrongAnswer, comment))
            }
        }
    }

    /// Runs the submission by itself, its input and output where the problem has them.
    fn batch(
        &mut self,
        mut request: Request<R::Blob>,
        input: &R::Blob,
        used: &mut Used,
    ) -> Result<Pass<R::Blob>, Trouble> {
        match &self.problem.input_file {
            Some(name) => request.files.push(InFile::new(name.clone(), input.clone())),
            None => request.stdin = Some(input.clone()),
        }
        request.keep = Keep::Stdout;
        let most = request.limits.output();
        if let Some(name) = &self.problem.output_file {
            // Larger than the largest the kernel lets it write: then it is there.
            let max = Bytes::new(request.limits.hard_file().get().saturating_add(1));
            request.collect.push(OutFile { path: name.clone(), max });
        }
        let (outcome, repeats) = self.workshop.run_fairly(request)?;
        used.repeats.extend(repeats);
        let failed = Verdict::of_run(&outcome.report.cause, outcome.report.ending);
        used.add(outcome.report);
        if let Some(verdict) = failed {
            return Ok(Pass::Failed(verdict, String::new()));
        }
        let Some(name) = &self.problem.output_file else {
            let output = outcome.stdout.ok_or_else(|| Trouble::node("the output was lost"))?;
            return Ok(Pass::Output(output));
        };
        Ok(match outcome.collected.into_iter().next().flatten() {
            None => {
                let comment = format!("no output: the submission left no file `{name}`");
                Pass::Failed(Verdict::WrongAnswer, comment)
            }
            Some(output) if self.workshop.runs.len(&output) > most.get() => {
                Pass::Failed(Verdict::OutputLimit, format!("`{name}` is too large"))
            }
            Some(output) => Pass::Output(output),
        })
    }

    /// A run of the submission, with the files of the package that belong there.
    fn request(
        &mut self,
        tools: &Tools<R::Blob>,
        program: &Program<R::Blob>,
        test: &Test,
    ) -> Result<Request<R::Blob>, Trouble> {
        let raw = self.problem.limits.raw(1, 1);
        let mut request = program.request(test.args.iter().cloned(), raw)?;
        request.read_only = self.problem.rules.no_file_writing;
        for (name, content) in &tools.beside {
            // What an interpreted submission was checked with lies beside it already.
            if request.files.iter().any(|file| file.path == *name) {
                continue;
            }
            request.files.push(InFile::new(name.clone(), content.clone()));
        }
        for (name, path) in &test.files {
            let content = self.open(path, name)?;
            request.files.push(InFile::new(name.clone(), content));
        }
        Ok(request)
    }

    /// Content of the problem. It was complete when it was published, so a file that is missing
    /// now was lost by this machine: a fault, before any checker can make a verdict of it.
    fn open(&mut self, path: &Path, what: &str) -> Result<R::Blob, Trouble> {
        let opened = self.workshop.open(path);
        opened.map_err(|error| Trouble::from(error).during(what))
    }

    /// A test's verdict, score and comment from what the jury ruled.
    fn ruled(
        &self,
        test: &Test,
        ruled: &Ruled,
    ) -> Result<(Verdict, Option<Score>, String), Trouble> {
        let problem = self.problem;
        let scored = if ruled.ruling == Ruling::ForScorer {
            problem.scorer.is_some()
        } else {
            problem.scoring != Scoring::PassFail
        };
        match verdict_of(ruled.ruling, test.points, scored) {
            Ok(Some((verdict, score))) => Ok((verdict, score, ruled.comment())),
            Ok(None) => Err(Trouble::checker(format!("the checker says {}", ruled.comment()))),
            Err(error @ PointsError::NoScorer) => Err(Trouble::checker(error.to_string())),
            Err(error @ PointsError::NoMaximum) => Err(Trouble::package(error.to_string())),
        }
    }
}
