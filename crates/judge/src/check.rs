//! Asking the checker: programs in boxes of their own, or a comparison that is built in.

use minos_model::{Bytes, Cause};
use minos_problem::{Checker, Comparison, Problem, StandardChecker};

use crate::compare::{MAX_COMPARED, Side, compare, compare_default};
use crate::describe;
use crate::feedback::Folder;
use crate::jury::JuryLimits;
use crate::port::{Keep, OutFile, Outcome, Runs};
use crate::program::Program;
use crate::protocol::{self, Calling, Left};
use crate::report::MAX_REPORT;
use crate::ruling::Ruled;
use crate::scores::Scores;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// Where a testlib program leaves its report, in its own working directory.
pub(crate) const REPORT: &str = "report";

/// A checker that is ready to be asked.
#[derive(Debug, Clone)]
pub(crate) enum Comparer<B> {
    /// One of testlib's, built in.
    Standard(StandardChecker),
    /// ICPC's default output validator, built in.
    Default,
    /// A program of the package.
    Program(Program<B>, Calling),
    /// Output validators of the package, all of which have to accept.
    Validators(Vec<Program<B>>),
}

/// What is compared.
#[derive(Debug, Clone)]
pub(crate) struct Compared<'a, B> {
    pub(crate) input: B,
    pub(crate) output: B,
    pub(crate) answer: B,
    /// What the checker is called with beside the files.
    pub(crate) args: &'a [String],
    pub(crate) limits: JuryLimits,
    /// What becomes of the scores that validators give.
    pub(crate) scores: Scores,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked<B> {
    /// The checker ruled.
    Ruled(Ruled),
    /// The output is good so far; the submission is to be run on this input as well.
    Next(B),
    /// The operator, or the slot's end, broke the checker off.
    Cancelled,
}

impl<R: Runs> Workshop<R> {
    /// Makes the checker of a problem ready. `fault` makes the trouble when it does not compile.
    pub(crate) fn comparer(
        &mut self,
        problem: &Problem,
        fault: fn(String) -> Trouble,
    ) -> Result<Comparer<R::Blob>, Trouble> {
        let during = |trouble: Trouble| trouble.during("checker");
        match &problem.checker {
            Checker::Standard(standard) => Ok(Comparer::Standard(*standard)),
            Checker::Default => Ok(Comparer::Default),
            Checker::Program(part) => {
                let program = self.build_part(part, fault).map_err(during)?;
                let mut calling = Calling::of(&part.kind);
                if calling == Calling::Testlib && problem.scorer.is_some() {
                    calling = Calling::TestlibForScorer;
                }
                Ok(Comparer::Program(program, calling))
            }
            Checker::Validators(validators) => {
                let built = validators.programs.iter().map(|it| self.jury_program(it, fault));
                let programs = built.collect::<Result<_, _>>().map_err(during)?;
                Ok(Comparer::Validators(programs))
            }
        }
    }

    /// Asks the checker about one output. `folder` is what validators left there in the passes
    /// before, and leave.
    pub(crate) fn ask(
        &mut self,
        comparer: &Comparer<R::Blob>,
        compared: Compared<'_, R::Blob>,
        folder: &mut Folder<R::Blob>,
    ) -> Result<Asked<R::Blob>, Trouble> {
        match comparer {
            Comparer::Standard(standard) => self
                .compare(&compared, |output, answer| compare(*standard, output, answer))
                .map(Asked::Ruled),
            Comparer::Default => {
                let rules = Comparison::parse(compared.args).map_err(Trouble::package)?;
                self.compare(&compared, |output, answer| compare_default(rules, output, answer))
                    .map(Asked::Ruled)
            }
            Comparer::Program(program, calling) => self.run_checker(program, *calling, compared),
            Comparer::Validators(programs) => self.ask_validators(programs, &compared, folder),
        }
    }

    fn compare(
        &self,
        compared: &Compared<'_, R::Blob>,
        by: impl FnOnce(&[u8], &[u8]) -> Ruled,
    ) -> Result<Ruled, Trouble> {
        for (side, content) in [(Side::Output, &compared.output), (Side::Answer, &compared.answer)]
        {
            let size = self.runs.len(content);
            if size > MAX_COMPARED {
                let message = format!("File size exceeds {MAX_COMPARED} bytes, size is {size}");
                return Ok(side.malformed(&message));
            }
        }
        let output = self.runs.read(&compared.output, usize::MAX)?;
        let answer = self.runs.read(&compared.answer, usize::MAX)?;
        Ok(by(&output, &answer))
    }

    /// Runs a checker. The three files are descriptors: neither copied nor charged to its box.
    fn run_checker(
        &mut self,
        program: &Program<R::Blob>,
        calling: Calling,
        compared: Compared<'_, R::Blob>,
    ) -> Result<Asked<R::Blob>, Trouble> {
        let mut args = vec!["/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/fd/5"];
        if calling == Calling::Testlib {
            args.extend([REPORT, "-appes"]);
        }
        let args = args.into_iter().map(str::to_owned).chain(compared.args.iter().cloned());
        let mut request = program.request(args, compared.limits.checker())?;
        request.keep = Keep::Stderr;
        request.descriptors = vec![compared.input, compared.output, compared.answer];
        if calling == Calling::Testlib {
            request.collect.push(report_file());
        }
        let outcome = self.runs.run(request)?;
        self.spent.check = self.spent.check.saturating_add(outcome.report.cpu);
        if outcome.report.cause == Cause::Cancelled {
            return Ok(Asked::Cancelled);
        }
        let report = outcome.collected.first().cloned().flatten();
        self.ruled(calling, &outcome, report.as_ref())
            .map(Asked::Ruled)
            .map_err(|why| Trouble::checker(format!("the checker {why}")))
    }

    /// What a program of testlib's protocol ruled; the error is what was wrong with it.
    pub(crate) fn ruled(
        &self,
        calling: Calling,
        outcome: &Outcome<R::Blob>,
        report: Option<&R::Blob>,
    ) -> Result<Ruled, String> {
        let xml = report.map(|report| self.runs.read(report, usize::MAX)).transpose();
        let xml = xml.map_err(|error| error.to_string())?;
        let left = Left { report: &outcome.report, xml: xml.as_deref(), stderr: &outcome.stderr };
        protocol::ruled(calling, left).map_err(|why| {
            let said = describe::with_stderr(&outcome.report, &outcome.stderr);
            if said.starts_with(&why) { said } else { format!("{why} ({said})") }
        })
    }
}

/// The report of a testlib program.
pub(crate) fn report_file() -> OutFile {
    OutFile { path: REPORT.to_owned(), max: Bytes::new(MAX_REPORT) }
}
