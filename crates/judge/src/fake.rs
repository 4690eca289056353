//! A scripted stand-in for boxes: each run is answered by the first rule that fits it.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use minos_model::{Bytes, Cause, CpuTime, Ending, Isolation, RunReport, WallTime};

use crate::port::{Executable, Keep, Outcome, Pair, PairOutcome, Request, Runs, RunsError};

/// Content, as it is.
pub(crate) type Held = Rc<Vec<u8>>;

/// A program that exited with that code, having used a little.
pub(crate) fn exited(code: u8) -> RunReport {
    RunReport {
        cause: Cause::Exited,
        ending: Ending::Exited { code },
        cpu: CpuTime::from_ms(3),
        wall: WallTime::from_ms(4),
        memory: Bytes::from_mib(1),
        stdout_bytes: Bytes::ZERO,
        stderr_bytes: Bytes::ZERO,
        processes_peak: 1,
        flags: Vec::new(),
        isolation: Isolation::CgroupV2,
    }
}

/// A program that was ended by a signal.
pub(crate) fn signalled(signal: u8) -> RunReport {
    RunReport { cause: Cause::Signalled, ending: Ending::Signalled { signal }, ..exited(0) }
}

/// What a rule answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) report: RunReport,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    /// Of two programs that talk, the one that says this of itself ended last.
    pub(crate) last: bool,
    /// Whether the machine was at its usual pace.
    pub(crate) steady: bool,
}

impl Reply {
    pub(crate) fn exit(code: u8) -> Self {
        Self {
            report: exited(code),
            stdout: Vec::new(),
            stderr: Vec::new(),
            files: Vec::new(),
            last: false,
            steady: true,
        }
    }

    pub(crate) fn print(text: &str) -> Self {
        Self { stdout: text.as_bytes().to_vec(), ..Self::exit(0) }
    }

    pub(crate) fn ended(cause: Cause) -> Self {
        Self { report: RunReport { cause, ..signalled(9) }, ..Self::exit(0) }
    }

    /// The same ending, for another cause.
    pub(crate) fn with(mut self, cause: Cause) -> Self {
        self.report.cause = cause;
        self
    }

    pub(crate) fn stderr(self, text: &str) -> Self {
        Self { stderr: text.as_bytes().to_vec(), ..self }
    }

    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    pub(crate) fn file(mut self, name: &'static str, content: &str) -> Self {
        self.files.push((name, content.as_bytes().to_vec()));
        self
    }
}

/// Which run it is, as a line: the program, its arguments and what it reads on stdin. Content that
/// is executed is shown by its bytes.
fn line_of(request: &Request<Held>) -> String {
    let program = match &request.program {
        Executable::Path(path) => path.display().to_string(),
        Executable::Content(content) => format!("<{}>", String::from_utf8_lossy(content)),
    };
    let args: Vec<&str> = request.args.iter().skip(1).map(String::as_str).collect();
    let stdin = request.stdin.as_ref().map(|text| String::from_utf8_lossy(text).into_owned());
    let stdin = stdin.map(|text| format!(" < {}", text.trim_end())).unwrap_or_default();
    [&program as &str, &args.join(" ")].join(" ").trim_end().to_owned() + &stdin
}

type Answer = Box<dyn Fn(&Request<Held>) -> Result<Reply, RunsError>>;

/// Boxes by script.
#[derive(Default)]
pub(crate) struct FakeRuns {
    rules: Vec<(String, Answer)>,
    /// Every run, in order.
    pub(crate) asked: Rc<RefCell<Vec<Request<Held>>>>,
    loses_output: bool,
    beside_others: bool,
}

impl std::fmt::Debug for FakeRuns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeRuns").field("asked", &self.lines()).finish_non_exhaustive()
    }
}

impl FakeRuns {
    /// Answers every run whose line contains `part`; the first rule that fits wins.
    pub(crate) fn on(mut self, part: &str, reply: Reply) -> Self {
        self.rules.push((part.to_owned(), Box::new(move |_| Ok(reply.clone()))));
        self
    }

    /// Answers by what the request says.
    pub(crate) fn when(
        mut self,
        part: &str,
        reply: impl Fn(&Request<Held>) -> Result<Reply, RunsError> + 'static,
    ) -> Self {
        self.rules.push((part.to_owned(), Box::new(reply)));
        self
    }

    /// The same boxes, with every output lost.
    pub(crate) fn losing_output(mut self) -> Self {
        self.loses_output = true;
        self
    }

    /// The same boxes, with other slots beside them.
    pub(crate) fn beside_others(mut self) -> Self {
        self.beside_others = true;
        self
    }

    /// These rules, then those of another script.
    pub(crate) fn before(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// The runs so far, as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked.borrow().iter().map(line_of).collect()
    }
}

impl Runs for FakeRuns {
    type Blob = Held;

    fn has_neighbours(&self) -> bool {
        self.beside_others
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<Held, RunsError> {
        Ok(Rc::new(bytes.to_vec()))
    }

    fn open(&mut self, path: &Path) -> Result<Held, RunsError> {
        let bytes = std::fs::read(path)
            .map_err(|source| RunsError::Open { path: path.to_owned(), source })?;
        Ok(Rc::new(bytes))
    }

    fn len(&self, content: &Held) -> u64 {
        content.len() as u64
    }

    fn read(&self, content: &Held, max: usize) -> Result<Vec<u8>, RunsError> {
        Ok(content.iter().copied().take(max).collect())
    }

    fn run(&mut self, request: Request<Held>) -> Result<Outcome<Held>, RunsError> {
        self.reply(request).map(|(outcome, _last)| outcome)
    }

    fn run_pair(&mut self, pair: Pair<Held>) -> Result<PairOutcome<Held>, RunsError> {
        let (solution, last) = self.reply(pair.solution)?;
        let (interactor, _) = self.reply(pair.interactor)?;
        Ok(PairOutcome { solution, interactor, interactor_first: last, close: false, cut: false })
    }

    fn isolation(&self) -> Isolation {
        Isolation::CgroupV2
    }
}

impl FakeRuns {
    /// The outcome of a run by the first rule that fits, and whether it says that it ended last.
    fn reply(&mut self, request: Request<Held>) -> Result<(Outcome<Held>, bool), RunsError> {
        let line = line_of(&request);
        let rule = self.rules.iter().find(|(part, _)| line.contains(part.as_str()));
        let Some((_, answer)) = rule else {
            return Err(RunsError::Box(format!("no rule of the script fits `{line}`")));
        };
        let reply = answer(&request);
        let collect = request.collect.clone();
        let keep = request.keep;
        self.asked.borrow_mut().push(request);
        let reply = reply?;
        let stdout = (keep != Keep::Stderr && !self.loses_output).then(|| Rc::new(reply.stdout));
        let stderr = if keep == Keep::Stdout { Vec::new() } else { reply.stderr };
        let collected = collect.iter().map(|wanted| {
            let file = reply.files.iter().find(|(name, _)| *name == wanted.path);
            file.filter(|(_, content)| content.len() as u64 <= wanted.max.get())
                .map(|(_, content)| Rc::new(content.clone()))
        });
        let collected = collected.collect();
        let (report, steady) = (reply.report, reply.steady);
        Ok((Outcome { report, stdout, stderr, collected, steady }, reply.last))
    }
}
