//! Built programs with what is expected of them, in one directory.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use minos_sandbox::Blob;
use minos_tests::corpus::{self, Class, Program};

/// The honest program that runs before, beside and after every hostile one.
pub(crate) const INNOCENT: &str = "honest/sums-c";
/// The test of `range-sums` that programs run alone are given.
const TEST: &str = "packages/range-sums/tests/01";

/// A kit that is complete.
pub(crate) struct Kit {
    dir: PathBuf,
    /// Programs that are run alone.
    pub(crate) programs: Vec<Program>,
    /// For an emulated machine, where times mean nothing and compilers take minutes.
    pub(crate) emulated: bool,
    /// What is on stdin.
    pub(crate) input: Blob,
    /// What has to come on stdout of a program that solves the problem.
    pub(crate) answer: Vec<u8>,
}

impl Kit {
    /// Builds what is missing, on all cores.
    pub(crate) fn build(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir.join("bin")).with_context(|| dir.display().to_string())?;
        copy_corpus(dir)?;
        let programs = alone(corpus::all()?);
        let (next, cores) = (AtomicUsize::new(0), std::thread::available_parallelism()?.get());
        std::thread::scope(|scope| {
            let builders: Vec<_> = (0..cores)
                .map(|_core| {
                    scope.spawn(|| {
                        while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed))
                        {
                            build(program, dir)?;
                        }
                        Ok::<(), anyhow::Error>(())
                    })
                })
                .collect();
            builders.into_iter().try_for_each(|builder| builder.join().expect("does not panic"))
        })?;
        Self::open(dir, false)
    }

    /// A kit that was built.
    pub(crate) fn open(dir: &Path, emulated: bool) -> Result<Self> {
        let corpus = dir.join("corpus");
        let programs = alone(corpus::all_in(&corpus)?);
        let input = corpus.join(TEST);
        let answer = input.with_extension("a");
        let kit = Self {
            dir: dir.to_path_buf(),
            programs,
            emulated,
            input: Blob::from_file(&input).with_context(|| input.display().to_string())?,
            answer: fs::read(&answer).with_context(|| answer.display().to_string())?,
        };
        let missing = kit.programs.iter().find(|it| is_built(it) && !kit.executable(it).is_file());
        if let Some(program) = missing {
            bail!("{} is not built; type: minos-corpus kit {}", program.name, dir.display());
        }
        Ok(kit)
    }

    /// Where a program that is built lies.
    pub(crate) fn executable(&self, program: &Program) -> PathBuf {
        executable(&self.dir, program)
    }

    /// The honest program that runs around every hostile one.
    pub(crate) fn innocent(&self) -> Result<&Program> {
        let found = self.programs.iter().find(|program| program.name == INNOCENT);
        found.with_context(|| format!("{INNOCENT} is not in the kit"))
    }
}

fn alone(mut programs: Vec<Program>) -> Vec<Program> {
    programs.retain(|program| program.expect.alone.is_some());
    programs
}

/// Whether a program is built ahead: the compiler's victims are compiled in the box.
pub(crate) fn is_built(program: &Program) -> bool {
    program.expect.class != Some(Class::Compile) && compiler(program).is_some()
}

/// The compiler of a program and its standard; `None` for a language that is interpreted.
pub(crate) fn compiler(program: &Program) -> Option<(&'static str, &'static str)> {
    match program.expect.language.as_str() {
        "c" => Some(("/usr/bin/gcc", "-std=gnu17")),
        "cpp17" => Some(("/usr/bin/g++", "-std=gnu++17")),
        "cpp20" => Some(("/usr/bin/g++", "-std=gnu++20")),
        _ => None,
    }
}

fn executable(dir: &Path, program: &Program) -> PathBuf {
    dir.join("bin").join(program.name.replace('/', "-"))
}

/// Compiles a program unless the same source has been compiled before.
fn build(program: &Program, dir: &Path) -> Result<()> {
    let Some((compiler, standard)) = compiler(program).filter(|_| is_built(program)) else {
        return Ok(());
    };
    let args = [standard, "-O2", "-w", "-static", "-pthread", "-s", "-DONLINE_JUDGE"];
    let source = fs::read(&program.source).with_context(|| program.source.display().to_string())?;
    let mut hasher = DefaultHasher::new();
    (&source, compiler, args).hash(&mut hasher);
    let mark = format!("{:016x}", hasher.finish());
    let done = executable(dir, program);
    let marked = done.with_extension("mark");
    if done.is_file() && fs::read_to_string(&marked).is_ok_and(|found| found == mark) {
        return Ok(());
    }
    // Renamed into place: another run of the tests never finds half a program.
    let new = done.with_extension(format!("new-{}", std::process::id()));
    let mut command = Command::new(compiler);
    command.args(args).arg("-o").arg(&new).arg(&program.source).arg("-lm");
    let output = command.output().with_context(|| format!("{compiler} did not start"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} does not compile: {log}", program.name);
    fs::rename(&new, &done).with_context(|| done.display().to_string())?;
    fs::write(&marked, mark).with_context(|| marked.display().to_string())
}

fn copy_corpus(dir: &Path) -> Result<()> {
    let (from, to) = (corpus::directory(), dir.join("corpus"));
    // A program that is gone from the repository is gone from the kit.
    match fs::remove_dir_all(&to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| to.display().to_string());
        }
        _ => {}
    }
    for program in corpus::all()? {
        let folder = to.join(&program.name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let expect = program.source.with_file_name("expect.toml");
        for file in [program.source, expect] {
            let name = file.file_name().context("a file has a name")?;
            fs::copy(&file, folder.join(name)).with_context(|| file.display().to_string())?;
        }
    }
    let test = to.join(TEST);
    fs::create_dir_all(test.parent().context("below the corpus")?)?;
    for ending in ["", "a"] {
        let (from, to) = (from.join(TEST).with_extension(ending), test.with_extension(ending));
        fs::copy(&from, to).with_context(|| from.display().to_string())?;
    }
    Ok(())
}
