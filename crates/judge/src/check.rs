//! Asking the checker: a program in a box of its own, or a comparison that is built in.

use minos_model::{Bytes, Cause, CpuTime, RawLimits, WallTime};
use minos_problem::{Checker, StandardChecker};

use crate::compare::{MAX_COMPARED, Side, compare};
use crate::describe;
use crate::port::{Keep, OutFile, Runs};
use crate::program::Program;
use crate::protocol::{self, Calling, Left};
use crate::report::MAX_REPORT;
use crate::ruling::Ruled;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// What a checker may use, whatever the problem's limits are: testlib reads outputs of 128 MiB in
/// about two seconds, and an author's checker may well solve the problem once more.
const CHECKER_LIMITS: RawLimits = RawLimits {
    cpu: CpuTime::from_secs(10),
    wall: WallTime::from_secs(30),
    memory: Bytes::from_mib(512),
    output: Bytes::from_mib(16),
    // The language's own numbers take their place.
    processes: 1,
    files: 64,
    stack: None,
};

/// Where a testlib checker leaves its report, in its own working directory.
const REPORT: &str = "report";

/// A checker that is ready to be asked.
#[derive(Debug, Clone)]
pub(crate) enum Comparer<B> {
    /// Built in.
    Standard(StandardChecker),
    /// A program of the package.
    Program(Program<B>, Calling),
}

/// What is compared.
#[derive(Debug, Clone)]
pub(crate) struct Compared<B> {
    pub(crate) input: B,
    pub(crate) output: B,
    pub(crate) answer: B,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    /// The checker ruled.
    Ruled(Ruled),
    /// The operator, or the slot's end, broke the checker off.
    Cancelled,
}

impl<R: Runs> Workshop<R> {
    /// Makes the checker ready. `fault` makes the trouble when it does not compile.
    pub(crate) fn comparer(
        &mut self,
        checker: &Checker,
        fault: fn(String) -> Trouble,
    ) -> Result<Comparer<R::Blob>, Trouble> {
        match checker {
            Checker::Standard(standard) => Ok(Comparer::Standard(*standard)),
            Checker::Program(part) => {
                // C++ checkers are written against testlib; what others print is their own.
                let testlib = part.kind.starts_with("cpp");
                let calling = if testlib { Calling::Testlib } else { Calling::ExitCode };
                let built = self.build_part(&part.language, &part.source, &part.resources, fault);
                let program = built.map_err(|trouble| trouble.during("checker"))?;
                Ok(Comparer::Program(program, calling))
            }
            // `Package::unsupported` says so before a package is prepared.
            Checker::Default | Checker::Validators(_) => {
                Err(Trouble::package("output validators of ICPC packages are not judged yet"))
            }
        }
    }

    /// Asks the checker about one output.
    pub(crate) fn ask(
        &mut self,
        comparer: &Comparer<R::Blob>,
        compared: Compared<R::Blob>,
    ) -> Result<Asked, Trouble> {
        match comparer {
            Comparer::Standard(standard) => self.compare(*standard, &compared).map(Asked::Ruled),
            Comparer::Program(program, calling) => self.run_checker(program, *calling, compared),
        }
    }

    fn compare(
        &self,
        standard: StandardChecker,
        compared: &Compared<R::Blob>,
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
        Ok(compare(standard, &output, &answer))
    }

    /// Runs a checker. The three files are descriptors: neither copied nor charged to its box.
    fn run_checker(
        &mut self,
        program: &Program<R::Blob>,
        calling: Calling,
        compared: Compared<R::Blob>,
    ) -> Result<Asked, Trouble> {
        let mut args = vec!["/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/fd/5"];
        if calling == Calling::Testlib {
            args.extend([REPORT, "-appes"]);
        }
        let args = args.into_iter().map(str::to_owned);
        let mut request = program.request(args, CHECKER_LIMITS)?;
        request.keep = Keep::Stderr;
        request.descriptors = vec![compared.input, compared.output, compared.answer];
        if calling == Calling::Testlib {
            request.collect =
                vec![OutFile { path: REPORT.to_owned(), max: Bytes::new(MAX_REPORT) }];
        }
        let outcome = self.runs.run(request)?;
        self.spent.check = self.spent.check.saturating_add(outcome.report.cpu);
        if outcome.report.cause == Cause::Cancelled {
            return Ok(Asked::Cancelled);
        }
        let xml = match outcome.collected.into_iter().flatten().next() {
            Some(report) => Some(self.runs.read(&report, usize::MAX)?),
            None => None,
        };
        let report = &outcome.report;
        let left = Left { report, xml: xml.as_deref(), stderr: &outcome.stderr };
        protocol::ruled(calling, left).map(Asked::Ruled).map_err(|why| {
            let said = describe::with_stderr(report, &outcome.stderr);
            let whole = if said.starts_with(&why) { said } else { format!("{why} ({said})") };
            Trouble::checker(format!("the checker {whole}"))
        })
    }
}
