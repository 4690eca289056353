//! What a package's validators and checker say of its inputs and of the author's own cases.

use std::path::{Path, PathBuf};
use std::time::Duration;

use minos_model::{Cause, Ending};
use minos_problem::{
    CHECKTESTDATA, CheckerTest, CheckerWord, Format, JuryProgram, Package, Problem, Tool, VIVA,
    Validator,
};

use super::{Checked, Finding};
use crate::check::{Asked, Compared, Comparer};
use crate::ctd::{self, Refusal};
use crate::describe;
use crate::feedback::Folder;
use crate::jury::JuryLimits;
use crate::port::{InFile, Runs};
use crate::program::Program;
use crate::ruling::Ruling;
use crate::scores::Scores;
use crate::trouble::Trouble;
use crate::workshop::{Workshop, read_file};

/// A validator that is ready to be asked.
struct Ready<'a, B> {
    validator: &'a Validator,
    body: Body<B>,
}

/// What a validator is.
enum Body<B> {
    Program(Program<B>),
    /// A description in checktestdata.
    Description(Vec<u8>),
}

/// An input, and the files that lie beside whoever reads it, by their names.
type Given<'a> = (&'a Path, &'a [(String, PathBuf)]);

/// The signal of a failed assertion.
const ABORTED: u8 = 6;

/// What a validator said of an input.
enum Word {
    Valid,
    Invalid(String),
    /// It did not end as a validator does.
    Failed(String),
}

struct Checking<'a, R: Runs> {
    workshop: &'a mut Workshop<R>,
    package: &'a Package,
    problem: &'a Problem,
    limits: JuryLimits,
    checked: Checked,
}

/// Runs the package's validators on every input and on the cases the author gives for them, and the
/// checker on the author's cases for it. `progress` is told what is looked at. A validator that
/// cannot be asked here is a trouble of its own, and everything else is looked at all the same.
///
/// # Errors
/// When something could not be run: the node's fault, or a part that does not compile.
pub fn check_package<R: Runs>(
    workshop: &mut Workshop<R>,
    package: &Package,
    problem: &Problem,
    progress: &mut dyn FnMut(&str),
) -> Result<Checked, Trouble> {
    let limits = JuryLimits::of(&problem.rules);
    let mut checking = Checking { workshop, package, problem, limits, checked: Checked::default() };
    let validators = checking.validators()?;
    for (test, made) in package.tests.iter().zip(&problem.tests) {
        if made.of_sources {
            continue;
        }
        let place = format!("test {}", test.name);
        progress(&place);
        for ready in &validators {
            let args = test.input_args.of(&ready.validator.tool.name);
            // What a submission is given beside its input is part of what may be wrong.
            let args = args.iter().chain(&test.args).cloned().collect();
            checking.expect_valid(ready, (&made.input, &test.files), args, &place)?;
        }
    }
    for case in &package.checker_tests {
        let Some(args) = &case.input_args else { continue };
        for ready in &validators {
            let args = args.of(&ready.validator.tool.name).to_vec();
            checking.expect_valid(ready, (&case.input, &[]), args, &case.name)?;
        }
    }
    checking.own_cases(&validators, progress)?;
    checking.invalid_inputs(&validators, progress)?;
    checking.checker_cases(progress)?;
    Ok(checking.checked)
}

impl<'a, R: Runs> Checking<'a, R> {
    fn validators(&mut self) -> Result<Vec<Ready<'a, R::Blob>>, Trouble> {
        let mut ready = Vec::new();
        for validator in &self.package.validators {
            let tool = &validator.tool;
            if self.package.format != Format::Polygon && tool.kind == CHECKTESTDATA {
                let body = Body::Description(read_file(&tool.source)?);
                ready.push(Ready { validator, body });
                continue;
            }
            let program = self.program_of(tool);
            let built = program.and_then(|it| self.workshop.jury_program(&it, Trouble::package));
            match built.map_err(|trouble| trouble.during("validator")) {
                Ok(program) => ready.push(Ready { validator, body: Body::Program(program) }),
                Err(trouble) => self.checked.troubles.push(trouble),
            }
        }
        Ok(ready)
    }

    /// A validator as a program. Where it is none, the package is right: it is this installation
    /// that lacks the language.
    fn program_of(&self, tool: &Tool) -> Result<JuryProgram, Trouble> {
        if self.package.format != Format::Polygon && tool.kind == VIVA && tool.language.is_none() {
            let name = &tool.name;
            return Err(Trouble::node(format!(
                "{name}: a description of inputs in VIVA, which is not followed here; write it in \
                 checktestdata ({}.{CHECKTESTDATA}) or as a program, or leave it out with \
                 --skip-validator {name}",
                name.trim_end_matches(".viva")
            )));
        }
        tool.jury_program().map_err(|error| {
            let leave = &tool.name;
            Trouble::node(format!("{error}; or leave it out with --skip-validator {leave}"))
        })
    }

    fn found(&mut self, place: &str, message: impl Into<String>) {
        self.checked.findings.push(Finding { place: place.to_owned(), message: message.into() });
    }

    /// Whether the package holds the file of a case; else that is found.
    fn holds(&mut self, file: &Path, place: &str) -> bool {
        let holds = file.is_file();
        if !holds {
            let path = file.strip_prefix(&self.package.root).unwrap_or(file);
            let missing = format!("the package holds no file `{}`", path.display());
            self.found(place, missing);
        }
        holds
    }

    fn expect_valid(
        &mut self,
        ready: &Ready<'_, R::Blob>,
        input: Given<'_>,
        args: Vec<String>,
        place: &str,
    ) -> Result<(), Trouble> {
        let name = &ready.validator.tool.name;
        match self.word(ready, input, args)? {
            Word::Valid => {}
            Word::Invalid(said) => {
                self.found(place, format!("validator {name} rejects the input: {said}"));
            }
            Word::Failed(how) => self.found(place, format!("validator {name} {how}")),
        }
        Ok(())
    }

    /// Asks a validator about an input.
    fn word(
        &mut self,
        ready: &Ready<'_, R::Blob>,
        (input, beside): Given<'_>,
        args: Vec<String>,
    ) -> Result<Word, Trouble> {
        let program = match &ready.body {
            Body::Program(program) => program,
            Body::Description(text) => return self.as_described(text, input),
        };
        let mut request = program.request(args, self.limits.checker())?;
        request.stdin = Some(self.workshop.runs.open(input)?);
        for (name, path) in beside {
            let content = self.workshop.runs.open(path)?;
            request.files.push(InFile::new(name.clone(), content));
        }
        let outcome = self.workshop.runs.run(request)?;
        let how = describe::with_stderr(&outcome.report, &outcome.stderr);
        let polygon = self.package.format == Format::Polygon;
        Ok(match (&outcome.report.cause, outcome.report.ending) {
            (Cause::Cancelled, _) => return Err(Trouble::node("a validator was broken off")),
            (Cause::Exited, Ending::Exited { code }) => match (polygon, code) {
                (true, 0) | (false, 42) => Word::Valid,
                _ => Word::Invalid(how),
            },
            // An assertion of the validator's.
            (Cause::Signalled, Ending::Signalled { signal: ABORTED }) => Word::Invalid(how),
            _ => Word::Failed(how),
        })
    }

    /// Holds an input to a description; no box is needed for that.
    fn as_described(&mut self, text: &[u8], input: &Path) -> Result<Word, Trouble> {
        let held = self.workshop.runs.open(input)?;
        let input = self.workshop.runs.read(&held, usize::MAX)?;
        let most = Duration::from_micros(self.limits.checker().cpu.micros());
        Ok(match ctd::check(text, &input, most) {
            Ok(()) => Word::Valid,
            Err(Refusal::Input(problem)) => Word::Invalid(problem),
            Err(Refusal::Program(problem)) => Word::Failed(format!("is wrong: {problem}")),
        })
    }

    /// The cases the author gives for each validator.
    fn own_cases(
        &mut self,
        validators: &[Ready<'a, R::Blob>],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), Trouble> {
        for ready in validators {
            let name = &ready.validator.tool.name;
            for (number, case) in (1..).zip(&ready.validator.tests) {
                let place = format!("test {number} of validator {name}");
                progress(&place);
                if !self.holds(&case.input, &place) {
                    continue;
                }
                let given = [("--testset", &case.testset), ("--group", &case.group)];
                let given =
                    given.into_iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?)));
                let args =
                    given.flat_map(|(flag, value)| [flag.to_owned(), value.clone()]).collect();
                match (self.word(ready, (&case.input, &[]), args)?, case.valid) {
                    (Word::Valid, true) | (Word::Invalid(_), false) => {}
                    (Word::Valid, false) => {
                        self.found(&place, "it accepts an input that it has to reject");
                    }
                    (Word::Invalid(said), true) => {
                        self.found(&place, format!("it rejects an input that is valid: {said}"));
                    }
                    (Word::Failed(how), _) => self.found(&place, format!("it {how}")),
                }
            }
        }
        Ok(())
    }

    /// Inputs that at least one validator has to reject.
    fn invalid_inputs(
        &mut self,
        validators: &[Ready<'a, R::Blob>],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), Trouble> {
        for case in &self.package.invalid_inputs {
            progress(&case.name);
            let mut rejected = false;
            for ready in validators {
                let args = case.args.of(&ready.validator.tool.name).to_vec();
                match self.word(ready, (&case.input, &[]), args)? {
                    Word::Valid => {}
                    Word::Invalid(_) => rejected = true,
                    Word::Failed(how) => {
                        let name = &ready.validator.tool.name;
                        self.found(&case.name, format!("validator {name} {how}"));
                    }
                }
            }
            // One that could not be asked may be the one.
            if !rejected && self.checked.troubles.is_empty() {
                self.found(&case.name, "no validator rejects it");
            }
        }
        Ok(())
    }

    /// The cases the author gives for the checker.
    fn checker_cases(&mut self, progress: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
        if self.package.checker_tests.is_empty() {
            return Ok(());
        }
        let comparer = self.workshop.comparer(self.problem, Trouble::package)?;
        for case in &self.package.checker_tests {
            progress(&case.name);
            let files = [&case.input, &case.output, &case.answer];
            if !files.into_iter().all(|file| self.holds(file, &case.name)) {
                continue;
            }
            let said = self.said(&comparer, case)?;
            if said != case.verdict {
                let (said, expected) = (in_words(said), in_words(case.verdict));
                self.found(&case.name, format!("the checker says {said}; expected {expected}"));
            }
        }
        Ok(())
    }

    fn said(
        &mut self,
        comparer: &Comparer<R::Blob>,
        case: &CheckerTest,
    ) -> Result<CheckerWord, Trouble> {
        let runs = &mut self.workshop.runs;
        let compared = Compared {
            input: runs.open(&case.input)?,
            output: runs.open(&case.output)?,
            answer: runs.open(&case.answer)?,
            args: &case.args,
            limits: self.limits,
            scores: Scores::of_proofs(self.problem),
        };
        let ruled = match self.workshop.ask(comparer, compared, &mut Folder::new(false)) {
            Ok(Asked::Ruled(ruled)) => ruled.ruling,
            Ok(Asked::Next(_)) => Ruling::Accepted,
            Ok(Asked::Cancelled) => return Err(Trouble::node("the checker was broken off")),
            Err(trouble) if trouble.fault == minos_model::Fault::Checker => Ruling::Failed,
            Err(trouble) => return Err(trouble),
        };
        // An output validator that gives points has accepted the output.
        let validators = matches!(comparer, Comparer::Validators(_));
        Ok(match ruled {
            Ruling::Points(_) | Ruling::Share(_) if validators => CheckerWord::Ok,
            Ruling::Accepted => CheckerWord::Ok,
            Ruling::WrongAnswer => CheckerWord::WrongAnswer,
            Ruling::Presentation => CheckerWord::PresentationError,
            Ruling::Failed => CheckerWord::Crashed,
            Ruling::Partial(_) | Ruling::Points(_) | Ruling::Share(_) | Ruling::ForScorer => {
                CheckerWord::Points
            }
        })
    }
}

const fn in_words(word: CheckerWord) -> &'static str {
    match word {
        CheckerWord::Ok => "ok",
        CheckerWord::WrongAnswer => "wrong answer",
        CheckerWord::PresentationError => "presentation error",
        CheckerWord::Points => "points",
        CheckerWord::Crashed => "that it failed",
    }
}
