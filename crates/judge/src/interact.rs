//! A submission that talks to the jury's program while it runs.

use minos_model::{Bytes, Verdict};
use minos_problem::{Problem, ProblemLimits};

use crate::check::{Asked, Comparer, REPORT, report_file};
use crate::feedback::{self, Folder};
use crate::jury::JuryLimits;
use crate::port::{Keep, OutFile, Outcome, Pair, Request, Runs};
use crate::program::Program;
use crate::protocol::Calling;
use crate::ruling::{Ruled, Ruling};
use crate::scores::Scores;
use crate::talk::{Says, Settled, Talk, settle};
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// What a testlib interactor writes for the checker, in its own working directory.
const WRITTEN: &str = "tout";
/// Exit codes by which a testlib program has decided against the submission.
const REJECTS: &[u8] = &[1, 2, 4, 8];

/// The jury's side of the conversation.
#[derive(Debug, Clone)]
pub(crate) enum Interactor<B> {
    /// Of testlib's protocol: what it writes goes to the checker.
    Testlib(Program<B>, Calling),
    /// An output validator of ICPC's protocol: it rules itself.
    Validator(Program<B>),
}

/// The files and limits of one conversation.
#[derive(Debug)]
pub(crate) struct Scene<'a, B> {
    pub(crate) input: &'a B,
    pub(crate) answer: &'a B,
    pub(crate) args: &'a [String],
    pub(crate) limits: JuryLimits,
    pub(crate) solution: &'a ProblemLimits,
    /// What becomes of the scores that a validator gives.
    pub(crate) scores: Scores,
}

/// What came of a conversation.
#[derive(Debug)]
pub(crate) enum Talked<B> {
    /// How the submission itself ended decides.
    Failed(Verdict),
    /// The jury ruled, or asks for more.
    Asked(Asked<B>),
    /// The interactor has no objection; this is for the checker.
    Written(B),
}

/// How the submission's run went, and what came of it; a trouble is the interactor's fault.
type Conversation<B> = (Outcome<B>, Result<Talked<B>, Trouble>);

impl<R: Runs> Workshop<R> {
    /// Whoever talks to the submissions of a problem; `None` when nobody does.
    pub(crate) fn interactor(
        &mut self,
        problem: &Problem,
        comparer: &Comparer<R::Blob>,
        fault: fn(String) -> Trouble,
    ) -> Result<Option<Interactor<R::Blob>>, Trouble> {
        if !problem.mode.interactive {
            return Ok(None);
        }
        if let Some(part) = &problem.interactor {
            let built = self.build_part(part, fault);
            let program = built.map_err(|trouble| trouble.during("interactor"))?;
            return Ok(Some(Interactor::Testlib(program, Calling::of(&part.kind))));
        }
        match comparer {
            Comparer::Validators(programs) if programs.len() == 1 => {
                Ok(programs.first().cloned().map(Interactor::Validator))
            }
            Comparer::Standard(_)
            | Comparer::Default
            | Comparer::Program(..)
            | Comparer::Validators(_) => {
                let needs = "an interactive problem needs an interactor, or one output validator";
                Err(Trouble::package(needs))
            }
        }
    }

    /// Lets a submission and the jury's program talk. The submission's outcome comes with what was
    /// said; a trouble is the interactor's fault, or the node's.
    pub(crate) fn converse(
        &mut self,
        interactor: &Interactor<R::Blob>,
        mut solution: Request<R::Blob>,
        scene: &Scene<'_, R::Blob>,
        folder: &mut Folder<R::Blob>,
    ) -> Result<Conversation<R::Blob>, Trouble> {
        solution.keep = Keep::Stderr;
        let most = solution.limits.output();
        let (interactor_run, rejects) = match interactor {
            Interactor::Testlib(program, calling) => {
                (self.testlib_request(program, *calling, scene)?, REJECTS)
            }
            Interactor::Validator(program) => {
                let limits = scene.limits.interactor(scene.solution);
                let files = (scene.input, scene.answer);
                let run = self.validator_request(program, files, (scene.args, limits), folder)?;
                (run, [feedback::WRONG].as_slice())
            }
        };
        let pair = Pair { solution, interactor: interactor_run, rejects };
        let mut talked = self.runs.run_pair(pair)?;
        self.spent.run = self.spent.run.saturating_add(talked.solution.report.cpu);
        self.spent.check = self.spent.check.saturating_add(talked.interactor.report.cpu);
        let theirs = &talked.interactor;
        let said = match interactor {
            Interactor::Testlib(_, calling) => {
                let report = theirs.collected.get(1).and_then(Option::as_ref);
                self.ruled(*calling, theirs, report).map(Asked::Ruled)
            }
            Interactor::Validator(_) => {
                let kept = folder.keep(theirs, scene.scores);
                kept.and_then(|()| self.validated(theirs, scene.scores))
            }
        };
        let flooded = talked.solution.report.stdout_bytes > most;
        let settled = settle(
            &Talk {
                solution: &talked.solution.report,
                solution_stderr: &talked.solution.stderr,
                interactor: &theirs.report,
                interactor_stderr: &theirs.stderr,
                interactor_first: talked.interactor_first,
                close: talked.close,
                cut: talked.cut,
                flooded,
            },
            says(&said),
        );
        let written = talked.interactor.collected.drain(..).next().flatten();
        let came = match settled {
            Settled::Solution(verdict) => Ok(Talked::Failed(verdict)),
            Settled::Cancelled => Ok(Talked::Asked(Asked::Cancelled)),
            Settled::Deserted => Ok(Talked::Asked(Asked::Ruled(deserted()))),
            Settled::Fault => {
                let why = said.err().unwrap_or_else(|| "says that it failed".to_owned());
                Err(Trouble::checker(format!("the interactor {why}")))
            }
            Settled::Interactor => self.heard(interactor, said, written, talked.interactor_first),
        };
        Ok((talked.solution, came))
    }

    /// What the interactor said, as far as it counts.
    fn heard(
        &mut self,
        interactor: &Interactor<R::Blob>,
        said: Result<Asked<R::Blob>, String>,
        written: Option<R::Blob>,
        interactor_first: bool,
    ) -> Result<Talked<R::Blob>, Trouble> {
        let said = said.map_err(|why| Trouble::checker(format!("the interactor {why}")))?;
        match (interactor, said) {
            // The end of file reads like an answer in the wrong form.
            (_, Asked::Ruled(ruled))
                if ruled.ruling == Ruling::Presentation && !interactor_first =>
            {
                let ruled = Ruled { ruling: Ruling::WrongAnswer, ..ruled };
                Ok(Talked::Asked(Asked::Ruled(ruled)))
            }
            (Interactor::Testlib(..), Asked::Ruled(ruled)) if ruled.ruling == Ruling::Accepted => {
                // One that has nothing to tell the checker writes no file.
                let written = match written {
                    Some(written) => written,
                    None => self.runs.hold(b"")?,
                };
                Ok(Talked::Written(written))
            }
            (_, asked) => Ok(Talked::Asked(asked)),
        }
    }

    fn testlib_request(
        &mut self,
        program: &Program<R::Blob>,
        calling: Calling,
        scene: &Scene<'_, R::Blob>,
    ) -> Result<Request<R::Blob>, Trouble> {
        let mut args = vec!["/proc/self/fd/3", WRITTEN, "/proc/self/fd/4"];
        if calling == Calling::Testlib {
            args.extend([REPORT, "-appes"]);
        }
        let limits = scene.limits.interactor(scene.solution);
        let mut request = program.request(args.into_iter().map(str::to_owned), limits)?;
        request.keep = Keep::Stderr;
        request.descriptors = vec![scene.input.clone(), scene.answer.clone()];
        // No larger file can be there: it is the limit of its output.
        let max = Bytes::new(request.limits.output().get());
        request.collect.push(OutFile { path: WRITTEN.to_owned(), max });
        if calling == Calling::Testlib {
            request.collect.push(report_file());
        }
        Ok(request)
    }
}

fn says<B>(said: &Result<Asked<B>, String>) -> Says {
    match said {
        Err(_) => Says::Fails,
        Ok(Asked::Next(_) | Asked::Cancelled) => Says::Accepts,
        Ok(Asked::Ruled(ruled)) => match ruled.ruling {
            Ruling::Failed => Says::Fails,
            Ruling::WrongAnswer | Ruling::Presentation => Says::Rejects,
            Ruling::Accepted
            | Ruling::Partial(_)
            | Ruling::Points(_)
            | Ruling::Share(_)
            | Ruling::ForScorer => Says::Accepts,
        },
    }
}

fn deserted() -> Ruled {
    Ruled::new(Ruling::WrongAnswer, "the submission left before the interactor had finished")
}
