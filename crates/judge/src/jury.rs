//! Programs of the package that take part in judging: what they may use, and those that build or
//! run themselves.

mod panel;

use minos_model::{Bytes, Cause, CpuTime, Ending, RawLimits, WallTime};
use minos_problem::{JuryProgram, ProblemLimits, Rules, Scripts};

use crate::builds::{Build, Key};
use crate::describe;
use crate::port::{Executable, InFile, Keep, OutFile, Request, Runs};
use crate::program::{Program, environment, limits};
use crate::scoring::Graded;
use crate::trouble::Trouble;
use crate::workshop::{Workshop, read_file};
pub(crate) use panel::Panel;

/// What the package's programs may use, whatever the problem's own limits are, unless the package
/// asks for something else: testlib reads outputs of 128 MiB in about two seconds, and an author's
/// checker may well solve the problem once more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JuryLimits(RawLimits);

/// How much longer than its solution an interactor may stay: a moment to rule, and to be blamed for
/// a wait that is its own.
const PATIENCE: WallTime = WallTime::from_secs(10);

impl JuryLimits {
    pub(crate) fn of(rules: &Rules) -> Self {
        let cpu = rules.jury_cpu.unwrap_or(CpuTime::from_secs(10));
        Self(RawLimits {
            cpu,
            wall: WallTime::from_micros(cpu.micros().saturating_mul(3)),
            memory: rules.jury_memory.unwrap_or(Bytes::from_mib(1024)),
            output: rules.jury_output.unwrap_or(Bytes::from_mib(64)),
            // The language's own numbers take their place.
            processes: 1,
            files: 64,
            stack: None,
        })
    }

    /// Of a checker.
    pub(crate) const fn checker(self) -> RawLimits {
        self.0
    }

    /// Of an interactor: waiting for the solution is not its own time.
    pub(crate) fn interactor(self, solution: &ProblemLimits) -> RawLimits {
        let wall = solution.wall.micros().saturating_add(PATIENCE.micros());
        RawLimits { wall: WallTime::from_micros(wall).max(self.0.wall), ..self.0 }
    }
}

/// The longest line that a grader or a scorer may print.
const LONGEST: usize = 4096;

/// A folder of scripts, packed after its `build`.
pub(crate) const PACKED: &str = ".program.tar";
/// Builds, and packs everything that lies there then.
/// An interpreter that its first line names has to be here, for else every run would fail.
const BUILD: &str = "if [ -e build ]; then ./build >&2 || exit 1; fi; \
    [ -e run ] || { echo 'there is no run' >&2; exit 1; }; \
    first=$(head -c 256 run | head -n 1 | tr -d '\\0'); \
    case $first in '#!'*) set -- ${first#'#!'}; \
    case $1 in */env) [ \"$2\" != -S ] || shift; set -- \"$2\";; esac; \
    command -v \"$1\" >/dev/null || { echo \"$1\" >&2; exit 3; };; esac; tar -cf .program.tar ./*";
/// How it ends when the interpreter is not here.
const NO_INTERPRETER: u8 = 3;
/// Unpacks, and becomes the program, where it has to look around: see `look.rs`.
const RUN: &str = "tar -xf .program.tar && cd \"${FILES_OF_SUBMISSION:-.}\" && exec /w/run \"$@\"";
/// What building may use: as much as a slow compiler.
const BUILD_LIMITS: RawLimits = RawLimits {
    cpu: CpuTime::from_secs(60),
    wall: WallTime::from_secs(120),
    memory: Bytes::from_mib(2048),
    output: Bytes::from_mib(64),
    processes: 64,
    files: 256,
    stack: None,
};
/// Processes and descriptors of a program that is a script.
const SCRIPT: (u32, u32) = (64, 256);

impl<R: Runs> Workshop<R> {
    /// Makes a program of the package ready. `fault` makes the trouble when it cannot be built.
    pub(crate) fn jury_program(
        &mut self,
        program: &JuryProgram,
        fault: fn(String) -> Trouble,
    ) -> Result<Program<R::Blob>, Trouble> {
        match program {
            JuryProgram::Part(part) => self.build_part(part, fault),
            JuryProgram::Scripts(scripts) => self.scripts(scripts, fault),
        }
    }

    fn scripts(
        &mut self,
        scripts: &Scripts,
        fault: fn(String) -> Trouble,
    ) -> Result<Program<R::Blob>, Trouble> {
        let mut key = Key::default();
        key.part(BUILD.as_bytes());
        let mut files = Vec::new();
        for name in &scripts.files {
            let content = read_file(&scripts.dir.join(name))?;
            key.part(name.as_bytes());
            key.part(&content);
            let content = self.runs.hold(&content)?;
            files.push(InFile { path: name.clone(), content, executable: true });
        }
        let key = key.digest();
        let packed = match self.builds().get(&key) {
            Some(build) => build.artefacts.into_iter().next().map(|(_, content)| content),
            None => None,
        };
        let packed = match packed {
            Some(packed) => packed,
            None => {
                let packed = self.pack(files, fault)?;
                let artefacts = vec![(PACKED.to_owned(), packed.clone())];
                let (cpu, wall) = (CpuTime::ZERO, WallTime::ZERO);
                self.builds().put(&key, &Build { artefacts, cpu, wall, log: String::new() });
                packed
            }
        };
        let argv = ["/bin/sh", "-c", RUN, "run"].map(str::to_owned).to_vec();
        let artefacts = vec![(PACKED.to_owned(), self.runs.hold(&packed)?)];
        Ok(Program::script(argv, artefacts, SCRIPT))
    }

    fn pack(
        &mut self,
        files: Vec<InFile<R::Blob>>,
        fault: fn(String) -> Trouble,
    ) -> Result<Vec<u8>, Trouble> {
        let outcome = self.runs.run(Request {
            program: Executable::Path("/bin/sh".into()),
            args: ["sh", "-c", BUILD].map(str::to_owned).to_vec(),
            env: environment(&[("TMPDIR".to_owned(), "/w".to_owned())]),
            limits: limits(BUILD_LIMITS)?,
            stdin: None,
            keep: Keep::Both,
            files,
            descriptors: Vec::new(),
            collect: vec![OutFile { path: PACKED.to_owned(), max: BUILD_LIMITS.output }],
            cpu_slack: CpuTime::ZERO,
            quiet: None,
            read_only: false,
        })?;
        let report = &outcome.report;
        let lacks = Ending::Exited { code: NO_INTERPRETER };
        if (&report.cause, report.ending) == (&Cause::Exited, lacks) {
            let named = String::from_utf8_lossy(&outcome.stderr);
            let named = named.lines().last().unwrap_or_default();
            return Err(Trouble::node(format!(
                "its first line names `{named}` to run it, which is not on this machine; install it"
            )));
        }
        if (&report.cause, report.ending) != (&Cause::Exited, Ending::Exited { code: 0 }) {
            let how = describe::with_stderr(report, &outcome.stderr);
            return Err(fault(format!("its build script {how}")));
        }
        let packed = outcome.collected.into_iter().flatten().next();
        let packed = packed.ok_or_else(|| Trouble::node("what a build script made was lost"))?;
        Ok(self.runs.read(&packed, usize::MAX)?)
    }

    /// Asks a package's own grader about the results in a group.
    pub(crate) fn grade(
        &mut self,
        grader: &Program<R::Blob>,
        limits: JuryLimits,
        words: &[String],
        results: &[Graded],
    ) -> Result<Graded, Trouble> {
        let lines: Vec<String> =
            results.iter().map(|(verdict, score)| format!("{verdict} {score}\n")).collect();
        let request = grader.request(words.iter().cloned(), limits.checker())?;
        let expected = "a verdict and a score, such as `AC 10`";
        self.told(("grader", expected), request, &lines.concat(), graded)
    }

    /// Runs a program that makes one line of many, and reads that.
    pub(crate) fn told<T>(
        &mut self,
        (who, expected): (&str, &str),
        mut request: Request<R::Blob>,
        lines: &str,
        read: fn(&str) -> Option<T>,
    ) -> Result<T, Trouble> {
        request.stdin = Some(self.runs.hold(lines.as_bytes())?);
        let outcome = self.runs.run(request)?;
        let report = &outcome.report;
        self.spent.check = self.spent.check.saturating_add(report.cpu);
        if report.cause == Cause::Cancelled {
            return Err(Trouble::node(format!("the {who} was broken off")));
        }
        let said = |why: &str| Trouble::checker(format!("the {who} {why}"));
        if (&report.cause, report.ending) != (&Cause::Exited, Ending::Exited { code: 0 }) {
            return Err(said(&describe::with_stderr(report, &outcome.stderr)));
        }
        let printed = match &outcome.stdout {
            Some(stdout) => self.runs.read(stdout, LONGEST)?,
            None => return Err(Trouble::node(format!("what the {who} printed was lost"))),
        };
        let text = String::from_utf8_lossy(&printed);
        read(&text).ok_or_else(|| {
            let line = text.lines().next().unwrap_or_default();
            said(&format!("printed `{line}`; expected {expected}"))
        })
    }
}

/// Reads a grader's one line.
fn graded(text: &str) -> Option<Graded> {
    let mut words = text.split_whitespace();
    let verdict = words.next()?.parse().ok()?;
    let score = crate::feedback::number(words.next()?)?;
    words.next().is_none().then_some((verdict, score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minos_model::Verdict;

    #[test]
    fn a_graders_line_is_one_verdict_and_one_score() {
        assert_eq!(graded("AC 10\n"), Some((Verdict::Accepted, 10.0)));
        assert_eq!(graded(" WA  -0.5"), Some((Verdict::WrongAnswer, -0.5)));
        for text in ["", "AC", "10 AC", "AC ten", "AC 1 2", "AC nan", "ac 1"] {
            assert_eq!(graded(text), None, "{text}");
        }
    }

    #[test]
    fn an_interactor_outlives_its_solution() {
        let limits = JuryLimits::of(&Rules::default());
        let solution = ProblemLimits::new(CpuTime::from_secs(20), Bytes::from_mib(64));
        let interactor = limits.interactor(&solution);
        assert!(interactor.wall.micros() > solution.wall.micros());
        let asked = Rules { jury_cpu: Some(CpuTime::from_secs(60)), ..Rules::default() };
        assert_eq!(JuryLimits::of(&asked).checker().cpu, CpuTime::from_secs(60));
    }
}
