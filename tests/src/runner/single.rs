//! One program, run alone.

use std::fs;

use anyhow::{Context as _, Result};
use minos_model::{Bytes, Isolation, Verdict};
use minos_sandbox::{
    Blob, BoxFile, Collect, Program as Executable, Run, RunRequest, Sink, Stdin, Warden,
};
use minos_tests::corpus::{Alone, Class, Program};

use crate::kit::{self, Kit};

/// What a compiler is given, alone.
const COMPILE: Alone = Alone::of_a_compiler();
/// What a compiler may have to say, as for a submission.
const DIAGNOSTICS: Bytes = Bytes::from_mib(1);
/// Texts of the machine that no program and no diagnostics may show.
const SECRETS: [&str; 2] = ["root:", "BEGIN OPENSSH"];

/// What is asked of the box for a program at a level.
pub(crate) fn request(kit: &Kit, program: &Program, level: Isolation) -> Result<RunRequest> {
    let alone = program.expect.alone.as_ref().context("a program that is run alone")?;
    let cause = program.expect.cause_on(level);
    let text = |name: &str| -> Result<BoxFile> {
        let source = fs::read(&program.source)?;
        let content = Blob::from_bytes(&source)?;
        Ok(BoxFile { path: name.to_owned(), content, executable: false })
    };
    let mut request = match kit::compiler(program) {
        Some((compiler, standard)) if program.expect.class == Some(Class::Compile) => {
            let main = if standard.contains("++") { "main.cpp" } else { "main.c" };
            let args =
                [compiler, standard, "-O2", "-static", "-fmax-errors=20", "-o", "main", main];
            let limits = COMPILE.limits(cause.as_ref(), kit.emulated)?;
            let executable = Executable::Path(compiler.into());
            let args = args.iter().map(Into::into).collect();
            let mut request = RunRequest::new(executable, args, limits);
            request.env.push(("TMPDIR".into(), "/w".into()));
            request.files.push(text(main)?);
            request
        }
        Some(_) => {
            let blob = Blob::from_file(&kit.executable(program))?;
            let limits = alone.limits(cause.as_ref(), kit.emulated)?;
            RunRequest::new(Executable::Blob(blob), vec!["./main".into()], limits)
        }
        None => {
            let args = ["/usr/bin/python3", "-s", "-E", "main.py"];
            let limits = alone.limits(cause.as_ref(), kit.emulated)?;
            let executable = Executable::Path("/usr/bin/python3".into());
            let mut request =
                RunRequest::new(executable, args.iter().map(Into::into).collect(), limits);
            request.files.push(text("main.py")?);
            request
        }
    };
    request.stdin = Stdin::Blob(match alone.input {
        Some(bytes) => filled(bytes)?,
        None => kit.input.clone(),
    });
    request.stdout = Sink::Keep;
    let compiles = program.expect.class == Some(Class::Compile);
    request.stderr = if compiles { Sink::Diagnostics(DIAGNOSTICS) } else { Sink::Keep };
    let max = Bytes::from_mib(1);
    request.collect =
        alone.collect.iter().map(|file| Collect { path: file.path.clone(), max }).collect();
    Ok(request)
}

/// Lines of 63 digits.
fn filled(bytes: Bytes) -> Result<Blob> {
    let line = |at: u64| if at % 64 == 63 { b'\n' } else { b'7' };
    Ok(Blob::from_bytes(&(0..bytes.get()).map(line).collect::<Vec<u8>>())?)
}

/// Runs a program once and says in what it is not as expected.
pub(crate) fn checked(
    warden: &mut Warden,
    kit: &Kit,
    program: &Program,
) -> Result<(Run, Vec<String>)> {
    let request = request(kit, program, warden.isolation())?;
    let run = warden.run(&request).with_context(|| program.name.clone())?;
    let complaints = complaints(kit, program, &run)?;
    Ok((run, complaints))
}

fn complaints(kit: &Kit, program: &Program, run: &Run) -> Result<Vec<String>> {
    let expect = &program.expect;
    let mut found = expect.run_complaints(&run.report);
    let stdout =
        run.stdout.as_ref().map(|blob| blob.read(1 << 20)).transpose()?.unwrap_or_default();
    let words = |text: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(text).split_whitespace().map(str::to_owned).collect()
    };
    if expect.verdict == Verdict::CompileError && run.report.ending.exit_code() == Some(0) {
        found.push("it compiles".to_owned());
    }
    let solves = expect.verdict == Verdict::Accepted && expect.problem.is_some();
    if solves && words(&stdout) != words(&kit.answer) {
        found.push(format!("a wrong answer: {}", head(&stdout)));
    }
    for secret in SECRETS {
        for text in [stdout.as_slice(), &run.stderr] {
            if text.windows(secret.len()).any(|part| part == secret.as_bytes()) {
                found.push(format!("shows {secret:?}: {}", head(text)));
            }
        }
    }
    if !found.is_empty() && !run.stderr.is_empty() {
        found.push(format!("stderr: {}", head(&run.stderr)));
    }
    let collect = expect.alone.as_ref().map(|alone| alone.collect.as_slice()).unwrap_or_default();
    for (wanted, got) in collect.iter().zip(&run.collected) {
        let got = got.as_ref().map(|blob| blob.read(1 << 20)).transpose()?;
        let got = got.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if got != wanted.content {
            found.push(format!("{}: expected {:?}, got {got:?}", wanted.path, wanted.content));
        }
    }
    Ok(found)
}

fn head(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(200).collect()
}
