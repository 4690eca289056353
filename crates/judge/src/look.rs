//! Static validators: programs of the jury that look at a submission's sources, and judge as output
//! validators do.

use minos_model::{Cause, RawLimits};
use minos_problem::{Language, Problem, language_code};

use crate::check::Asked;
use crate::feedback::{FILES, MESSAGE, in_a_shell};
use crate::jury::JuryLimits;
use crate::port::{InFile, Keep, OutFile, Request, Runs};
use crate::program::Program;
use crate::ruling::Ruled;
use crate::scores::Scores;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// The working directory of the validator: the submission's files and nothing of its own.
const SUBMISSION: &str = "submission";
/// Starts the validator among the submission's files.
const AMONG_THEM: &str = "cd submission && exec \"$@\"";
/// The folder for what it has to say, from there.
const FEEDBACK: &str = "/w/feedback/";

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looked<'a> {
    pub(crate) language: &'a Language,
    /// Names and contents, the main one first.
    pub(crate) files: &'a [(String, Vec<u8>)],
    /// What is run first, where the submission says.
    pub(crate) entry_point: Option<&'a str>,
    /// What the validator is called with beside.
    pub(crate) args: &'a [String],
    pub(crate) limits: JuryLimits,
    /// What becomes of the score that it gives.
    pub(crate) scores: Scores,
}

impl<R: Runs> Workshop<R> {
    /// The static validator of a problem, ready; `None` when it has none.
    pub(crate) fn static_validator(
        &mut self,
        problem: &Problem,
        fault: fn(String) -> Trouble,
    ) -> Result<Option<Program<R::Blob>>, Trouble> {
        let program = problem.static_validator.as_ref();
        let built = program.map(|program| self.jury_program(program, fault)).transpose();
        built.map_err(|trouble| trouble.during("static validator"))
    }

    /// Asks it.
    pub(crate) fn look(
        &mut self,
        validator: &Program<R::Blob>,
        looked: &Looked<'_>,
    ) -> Result<Option<Ruled>, Trouble> {
        let request = self.looking(validator, looked, looked.limits.checker())?;
        let outcome = self.runs.run(request)?;
        self.spent.check = self.spent.check.saturating_add(outcome.report.cpu);
        if outcome.report.cause == Cause::Cancelled {
            return Ok(None);
        }
        let said = |why: &str| Trouble::checker(format!("the static validator {why}"));
        match self.validated(&outcome, looked.scores).map_err(|why| said(&why))? {
            Asked::Ruled(ruled) => Ok(Some(ruled)),
            Asked::Next(_) => Err(said("asks for another pass of sources")),
            Asked::Cancelled => Ok(None),
        }
    }

    fn looking(
        &mut self,
        validator: &Program<R::Blob>,
        looked: &Looked<'_>,
        limits: RawLimits,
    ) -> Result<Request<R::Blob>, Trouble> {
        let code = looked.language.extensions.iter().find_map(|ending| language_code(ending));
        let main = looked.files.first().map_or("", |(name, _)| name);
        let entry = looked.entry_point.unwrap_or(match code {
            Some("java") => "Main",
            Some("kotlin") => "MainKt",
            _ => main,
        });
        let words = [code.unwrap_or(looked.language.id.as_str()), entry, FEEDBACK];
        let mut request = validator.request(Vec::new(), limits)?;
        request.keep = Keep::Stderr;
        among_them(&mut request);
        request
            .args
            .extend(words.map(str::to_owned).into_iter().chain(looked.args.iter().cloned()));
        for (name, content) in looked.files {
            let content = self.runs.hold(content)?;
            request.files.push(InFile::new(format!("{SUBMISSION}/{name}"), content));
        }
        request.files.push(InFile::new(MESSAGE, self.runs.hold(b"")?));
        request.collect = FILES.map(|(path, max)| OutFile::new(path, max)).to_vec();
        Ok(request)
    }
}

/// Starts a run in the folder of the submission. Whatever of its own it names by a file's name is
/// still where it was.
fn among_them<B>(request: &mut Request<B>) {
    let own: Vec<String> = request.files.iter().map(|file| file.path.clone()).collect();
    for word in request.args.iter_mut().filter(|word| own.contains(word)) {
        *word = format!("/w/{word}");
    }
    in_a_shell(request, "/w");
    // A program of scripts unpacks itself first, and changes into the folder then.
    request.env.push(("FILES_OF_SUBMISSION".to_owned(), format!("/w/{SUBMISSION}")));
    if own.iter().any(|name| name == crate::jury::PACKED) {
        return;
    }
    let words = ["sh", "-c", AMONG_THEM, "sh"].map(str::to_owned);
    request.args = words.into_iter().chain(request.args.drain(..)).collect();
}
