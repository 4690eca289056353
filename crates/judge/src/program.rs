//! A program that is ready to run: its artefacts and the command of its language.

use minos_model::{Bytes, CpuTime, Limits, RawLimits, WallTime};
use minos_problem::{Allowance, Language};

use crate::port::{Executable, InFile, Keep, Request};
use crate::trouble::Trouble;

/// What every box has in its environment; a language adds to it.
const ENVIRONMENT: [(&str, &str); 3] =
    [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/w"), ("LANG", "C.UTF-8")];

/// The environment of a box with what a language adds.
pub(crate) fn environment(added: &[(String, String)]) -> Vec<(String, String)> {
    let base = ENVIRONMENT.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    base.chain(added.iter().cloned()).collect()
}

/// Limits of the judge's own making.
pub(crate) fn limits(raw: RawLimits) -> Result<Limits, Trouble> {
    Limits::new(raw).map_err(|error| Trouble::package(error.to_string()))
}

/// A compiled, or only checked, program.
#[derive(Debug, Clone)]
pub(crate) struct Program<B> {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    artefacts: Vec<(String, B)>,
    processes: u32,
    files: u32,
    allowance: Allowance,
}

impl<B: Clone> Program<B> {
    pub(crate) fn new(language: &Language, artefacts: Vec<(String, B)>) -> Self {
        Self {
            argv: language.run.argv.clone(),
            env: environment(&language.run.env),
            artefacts,
            processes: language.processes,
            files: language.files,
            allowance: language.run.allowance,
        }
    }

    /// A program that a shell of the machine starts.
    pub(crate) fn script(
        argv: Vec<String>,
        artefacts: Vec<(String, B)>,
        (processes, files): (u32, u32),
    ) -> Self {
        Self {
            argv,
            env: environment(&[]),
            artefacts,
            processes,
            files,
            allowance: Allowance::default(),
        }
    }

    /// A run of this program. A native artefact is executed as content and does not lie in the
    /// box; what an interpreter reads lies in its working directory.
    pub(crate) fn request(
        &self,
        args: impl IntoIterator<Item = String>,
        given: RawLimits,
    ) -> Result<Request<B>, Trouble> {
        let command = self.argv.first().ok_or_else(|| {
            Trouble::node("a language without a command to run; give `run.argv` one")
        })?;
        let native = command.strip_prefix("./");
        let own = native.and_then(|name| self.artefacts.iter().find(|(other, _)| other == name));
        let program = match (native, own) {
            (Some(_), Some((_, content))) => Executable::Content(content.clone()),
            (Some(name), None) => {
                let why = format!("the language runs `{name}`, which is none of its artefacts");
                return Err(Trouble::node(why));
            }
            (None, _) => Executable::Path(command.into()),
        };
        let beside = self.artefacts.iter().filter(|(name, _)| Some(name.as_str()) != native);
        let Allowance { cpu, memory } = self.allowance;
        let raw = RawLimits {
            cpu: CpuTime::from_micros(given.cpu.micros().saturating_add(cpu.micros())),
            wall: given.wall.saturating_add(WallTime::from_micros(cpu.micros())),
            memory: Bytes::new(given.memory.get().saturating_add(memory.get())),
            processes: self.processes,
            files: self.files,
            ..given
        };
        let filled = |text: &String| filled(text, given.memory, raw.memory);
        let env = self.env.iter().map(|(name, value)| (name.clone(), filled(value)));
        Ok(Request {
            program,
            args: self.argv.iter().map(filled).chain(args).collect(),
            env: env.collect(),
            limits: limits(raw)?,
            stdin: None,
            keep: Keep::Both,
            files: beside
                .map(|(path, content)| InFile::new(path.clone(), content.clone()))
                .collect(),
            descriptors: Vec::new(),
            collect: Vec::new(),
            cpu_slack: CpuTime::ZERO,
            quiet: None,
            read_only: false,
        })
    }
}

/// A word of a command with the memory limits in it, in MiB: the problem's, and the box's.
fn filled(text: &str, problem: Bytes, whole: Bytes) -> String {
    let mib = |bytes: Bytes| (bytes.get() >> 20).max(1).to_string();
    text.replace("{memory_mib}", &mib(problem)).replace("{box_mib}", &mib(whole))
}
