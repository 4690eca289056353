//! Output validators of ICPC's protocol: exit code 42 or 43, and a folder of files for everything
//! else they have to say.

use minos_model::{Bytes, Cause, Ending, RawLimits, RunReport};

use crate::check::{Asked, Compared};
use crate::describe;
use crate::port::{Executable, InFile, Keep, OutFile, Outcome, Request, Runs};
use crate::program::Program;
use crate::ruling::{Ruled, Ruling};
use crate::scores::Scores;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// Exit code of an accepted output.
pub(crate) const ACCEPTED: u8 = 42;
/// Exit code of a wrong one.
pub(crate) const WRONG: u8 = 43;

/// The folder, in the validator's working directory.
const FOLDER: &str = "feedback/";
/// The first of its files; with it the folder is there.
pub(crate) const MESSAGE: &str = "feedback/judgemessage.txt";
/// What is taken out of it: name and largest size.
pub(crate) const FILES: [(&str, u64); 5] = [
    (MESSAGE, 1 << 20),
    ("feedback/teammessage.txt", 1 << 20),
    ("feedback/score.txt", 4 << 10),
    ("feedback/score_multiplier.txt", 4 << 10),
    ("feedback/nextpass.in", 64 << 20),
];
/// Where the two for scores stand among them.
const SCORE: usize = 2;
const MULTIPLIER: usize = 3;
/// The folder as a whole, for the next pass.
const KEPT: &str = ".feedback.tar";
/// The validator itself, where a script has to start it.
const VALIDATOR: &str = ".validator";
/// Brings the folder back, without what belonged to the last pass, and keeps it afterwards.
const WITH_FOLDER: &str = "if [ -s .feedback.tar ]; then tar -xf .feedback.tar; fi; \
    rm -f feedback/nextpass.in; \
    \"$@\"; code=$?; tar -cf .feedback.tar feedback; exit $code";

/// What validators leave for each other and for later passes.
#[derive(Debug)]
pub(crate) struct Folder<B> {
    /// Whether there may be more than one pass.
    multi_pass: bool,
    kept: Option<B>,
    /// The files for scores that any pass has left: `score.txt`, `score_multiplier.txt`.
    scored: [bool; 2],
}

impl<B: Clone> Folder<B> {
    /// An empty folder.
    pub(crate) const fn new(multi_pass: bool) -> Self {
        Self { multi_pass, kept: None, scored: [false; 2] }
    }

    /// What a run of a validator has left; the error is that it gives scores in two ways.
    pub(crate) fn keep(&mut self, outcome: &Outcome<B>, scores: Scores) -> Result<(), String> {
        if !self.multi_pass {
            return Ok(());
        }
        self.kept = outcome.collected.get(FILES.len()).cloned().flatten();
        for (seen, at) in self.scored.iter_mut().zip([SCORE, MULTIPLIER]) {
            *seen |= matches!(outcome.collected.get(at), Some(Some(_)));
        }
        if self.scored == [true, true] && scores != Scores::Ignored {
            let both = "left score.txt in one pass and score_multiplier.txt in another";
            return Err(format!("{both}; expected the same in all of them"));
        }
        Ok(())
    }
}

/// The files a validator left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Left {
    pub(crate) judge: Option<Vec<u8>>,
    pub(crate) team: Option<Vec<u8>>,
    pub(crate) score: Option<Vec<u8>>,
    pub(crate) multiplier: Option<Vec<u8>>,
    pub(crate) next_pass: bool,
}

impl<R: Runs> Workshop<R> {
    /// A run of a validator: input and answer are descriptors, the folder lies in its box.
    pub(crate) fn validator_request(
        &mut self,
        program: &Program<R::Blob>,
        (input, answer): (&R::Blob, &R::Blob),
        (args, limits): (&[String], RawLimits),
        folder: &Folder<R::Blob>,
    ) -> Result<Request<R::Blob>, Trouble> {
        let files = ["/proc/self/fd/3", "/proc/self/fd/4", FOLDER].map(str::to_owned);
        let mut request = program.request(files.into_iter().chain(args.iter().cloned()), limits)?;
        request.keep = Keep::Stderr;
        request.descriptors = vec![input.clone(), answer.clone()];
        request.files.push(InFile::new(MESSAGE, self.runs.hold(b"")?));
        request.collect = FILES.map(|(path, max)| OutFile::new(path, max)).to_vec();
        if folder.multi_pass {
            keeping(&mut request, folder.kept.clone());
        }
        Ok(request)
    }

    /// Asks output validators, one after the other, until one rejects.
    pub(crate) fn ask_validators(
        &mut self,
        programs: &[Program<R::Blob>],
        compared: &Compared<'_, R::Blob>,
        folder: &mut Folder<R::Blob>,
    ) -> Result<Asked<R::Blob>, Trouble> {
        let mut last = Asked::Ruled(Ruled::new(Ruling::Accepted, ""));
        for program in programs {
            let files = (&compared.input, &compared.answer);
            let limits = compared.limits.checker();
            let mut request =
                self.validator_request(program, files, (compared.args, limits), folder)?;
            request.stdin = Some(compared.output.clone());
            let outcome = self.runs.run(request)?;
            self.spent.check = self.spent.check.saturating_add(outcome.report.cpu);
            if outcome.report.cause == Cause::Cancelled {
                return Ok(Asked::Cancelled);
            }
            let kept = folder.keep(&outcome, compared.scores);
            let asked = kept.and_then(|()| self.validated(&outcome, compared.scores));
            last = asked.map_err(|why| Trouble::checker(format!("the output validator {why}")))?;
            if matches!(&last, Asked::Ruled(ruled) if ruled.ruling == Ruling::WrongAnswer) {
                break;
            }
        }
        Ok(last)
    }

    /// What a validator's end and its folder say; the error is what was wrong with it.
    pub(crate) fn validated(
        &self,
        outcome: &Outcome<R::Blob>,
        scores: Scores,
    ) -> Result<Asked<R::Blob>, String> {
        let read = |at: usize| {
            let file = outcome.collected.get(at).and_then(Option::as_ref);
            file.map(|file| self.runs.read(file, usize::MAX)).transpose()
        };
        let read = |at| read(at).map_err(|error| error.to_string());
        let next = outcome.collected.get(4).cloned().flatten();
        let left = Left {
            judge: read(0)?,
            team: read(1)?,
            score: read(SCORE)?,
            multiplier: read(MULTIPLIER)?,
            next_pass: next.is_some(),
        };
        let ruled = ruled(&outcome.report, &left, &outcome.stderr, scores)?;
        Ok(next.map_or(Asked::Ruled(ruled), Asked::Next))
    }
}

/// Puts a shell in the program's place: the program becomes a file of the box, below `folder`, and
/// the first word is what the shell calls it by.
pub(crate) fn in_a_shell<B>(request: &mut Request<B>, folder: &str) {
    let own = std::mem::replace(&mut request.program, Executable::Path("/bin/sh".into()));
    match (own, request.args.first_mut()) {
        (Executable::Content(content), Some(name)) => {
            *name = format!("{folder}/{VALIDATOR}");
            let path = VALIDATOR.to_owned();
            request.files.push(InFile { path, content, executable: true });
        }
        (Executable::Path(path), Some(name)) => *name = path.display().to_string(),
        (_, None) => {}
    }
}

/// Wraps a run so that the whole folder goes from pass to pass.
fn keeping<B>(request: &mut Request<B>, kept: Option<B>) {
    in_a_shell(request, ".");
    let words = ["sh", "-c", WITH_FOLDER, "sh"].map(str::to_owned);
    request.args = words.into_iter().chain(request.args.drain(..)).collect();
    if let Some(kept) = kept {
        request.files.push(InFile::new(KEPT, kept));
    }
    request.collect.push(OutFile { path: KEPT.to_owned(), max: Bytes::from_mib(64) });
}

/// What a validator ruled, or what was wrong with it.
pub(crate) fn ruled(
    report: &RunReport,
    left: &Left,
    stderr: &[u8],
    scores: Scores,
) -> Result<Ruled, String> {
    let code = match (&report.cause, report.ending) {
        (Cause::Exited, Ending::Exited { code: code @ (ACCEPTED | WRONG) }) => code,
        (Cause::Exited, Ending::Exited { .. }) => {
            let how = describe::with_stderr(report, stderr);
            return Err(format!(
                "{how}; only {ACCEPTED} (right) and {WRONG} (wrong) mean anything"
            ));
        }
        _ => return Err(describe::with_stderr(report, stderr)),
    };
    let message = message(left, stderr);
    if code == WRONG {
        if left.next_pass {
            return Err("asks for another pass of an output it rejects".to_owned());
        }
        scores.rejected(left.score.is_some(), left.multiplier.is_some())?;
        return Ok(Ruled::new(Ruling::WrongAnswer, message));
    }
    // What it scores is said by the last pass.
    if left.next_pass {
        return Ok(Ruled::new(Ruling::Accepted, message));
    }
    let ruling = scores.accepted(left.score.as_deref(), left.multiplier.as_deref())?;
    if let Ruling::Points(points) = ruling {
        return Ok(Ruled::new(ruling, format!("{points} {message}")));
    }
    Ok(Ruled::new(ruling, message))
}

/// What the validator says to people: to the judges, else to the team, else on stderr.
fn message(left: &Left, stderr: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).take(8).collect();
        lines.join(" | ")
    };
    let files = [left.judge.as_deref(), left.team.as_deref(), Some(stderr)];
    let mut texts = files.into_iter().flatten().map(text).filter(|text| !text.is_empty());
    texts.next().unwrap_or_default()
}

/// A plain decimal number, with an exponent if need be.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value: f64 = if plain { text.parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{exited, signalled};

    fn left(score: Option<&str>, multiplier: Option<&str>) -> Left {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        Left { score: bytes(score), multiplier: bytes(multiplier), ..Left::default() }
    }

    #[test]
    fn exit_codes_and_score_files_are_a_ruling() {
        let unscored = Left { next_pass: true, ..Left::default() };
        for (code, files, scores, ruling) in [
            (42, left(None, None), Scores::Ignored, Ruling::Accepted),
            (43, left(None, None), Scores::Ignored, Ruling::WrongAnswer),
            (42, left(Some("x"), None), Scores::Ignored, Ruling::Accepted),
            (43, left(Some("5"), None), Scores::Ignored, Ruling::WrongAnswer),
            (42, left(Some("37.5"), None), Scores::Any, Ruling::Points(37.5)),
            (42, left(None, Some("0.25")), Scores::Either, Ruling::Share(0.25)),
            (43, left(None, None), Scores::Unbounded, Ruling::WrongAnswer),
            (42, unscored, Scores::Unbounded, Ruling::Accepted),
        ] {
            let ruled = ruled(&exited(code), &files, b"", scores).unwrap();
            assert_eq!(ruled.ruling, ruling, "{code} {files:?} {scores:?}");
        }
    }

    #[test]
    fn everything_else_is_the_validators_fault_and_says_what() {
        let next = Left { next_pass: true, ..Left::default() };
        for (report, files, said) in [
            (exited(0), left(None, None), "exited with code 0"),
            (exited(1), left(None, None), "only 42"),
            (signalled(11), left(None, None), "signal 11"),
            (exited(43), left(Some("5"), None), "it rejects"),
            (exited(43), next, "another pass"),
            (exited(42), left(Some("many"), None), "`many` in score.txt"),
        ] {
            let error = ruled(&report, &files, b"", Scores::Any).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_judges_message_comes_before_the_teams_and_stderr() {
        let mut files = Left { judge: Some(b" \n".to_vec()), ..Left::default() };
        let says =
            |files: &Left| ruled(&exited(42), files, b"err", Scores::Ignored).unwrap().message;
        assert_eq!(says(&files), "err");
        files.team = Some(b"team".to_vec());
        assert_eq!(says(&files), "team");
        files.judge = Some(b"one\n\n two \n".to_vec());
        assert_eq!(says(&files), "one | two");
    }
}
