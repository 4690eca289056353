//! Which languages work on this machine: each one's `hello` is judged, in a box, on the very way
//! that submissions go. A language that does not pass is not offered here, and its jobs go
//! elsewhere: a missing compiler never becomes a contestant's verdict.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use minos_judge::{Builds, Equipment, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{
    Bytes, CpuTime, Digest, Generation, LanguageId, NodeId, ProblemId, SubmissionId, Tenant,
    Verdict, WallTime,
};
use minos_problem::{Checker, Language, Problem, ProblemLimits, StandardChecker, Test};

use crate::bench::Tools;
use crate::remembered::Remembered;

/// Builds of the test itself: forgotten at once, so that each start tries the compilers again.
const BUILDS_MAX: Bytes = Bytes::from_mib(256);

/// The languages that work. Blocks; takes one thread for each slot, at most one per language.
///
/// # Errors
/// One line when the test itself cannot be made; a language that does not work is no error.
pub(crate) fn working(
    tools: &Tools,
    slots: u16,
    scratch: &Path,
    record: PathBuf,
) -> Result<BTreeSet<LanguageId>, String> {
    let mut remembered = Remembered::open(record, tools.equipment.sandbox.isolation());
    let known = |language: &&Language| language.absent().is_none() && remembered.holds(language);
    let (known, unknown): (Vec<&Language>, Vec<&Language>) =
        tools.equipment.languages.iter().partition(known);
    let mut passed = tried(tools, unknown, slots, scratch)?;
    passed.extend(known.iter().map(|language| language.id.clone()));
    if let Err(error) = remembered.keep(tools.equipment.languages.iter(), &passed) {
        tracing::warn!(%error, "what passed the self-test is not remembered");
    }
    Ok(passed)
}

/// Those of some languages that say hello.
fn tried(
    tools: &Tools,
    languages: Vec<&Language>,
    slots: u16,
    scratch: &Path,
) -> Result<BTreeSet<LanguageId>, String> {
    if languages.is_empty() {
        return Ok(BTreeSet::new());
    }
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", scratch.display());
    if scratch.exists() {
        fs::remove_dir_all(scratch).map_err(|error| failed(&error))?;
    }
    fs::create_dir_all(scratch).map_err(|error| failed(&error))?;
    let problem = hello(scratch).map_err(|error| failed(&error))?;
    let builds =
        Builds::open(scratch.join("builds"), BUILDS_MAX).map_err(|error| failed(&error))?;
    let equipment = Equipment { builds: Arc::new(builds), ..tools.equipment.clone() };
    let tools = Tools { equipment, ..tools.clone() };
    let threads = usize::from(slots).min(languages.len());
    let waiting = Mutex::new(languages);
    // The virtual machines take longest, and the last of the list is taken first.
    let slow = |language: &&Language| language.run.allowance.memory;
    waiting.lock().unwrap_or_else(PoisonError::into_inner).sort_by_key(slow);
    let (tools, problem, waiting) = (&tools, &problem, &waiting);
    let mut passed = BTreeSet::new();
    let mut broken = None;
    std::thread::scope(|scope| {
        let testers: Vec<_> = (0..slots)
            .take(threads)
            .map(|slot| scope.spawn(move || test(tools, slot, problem, waiting)))
            .collect();
        for tester in testers {
            match tester.join() {
                Ok(Ok(languages)) => passed.extend(languages),
                Ok(Err(why)) => broken = Some(why),
                Err(_panic) => broken = Some("a self-test panicked".to_owned()),
            }
        }
    });
    if let Err(error) = fs::remove_dir_all(scratch) {
        tracing::warn!(%error, "the self-test's files were not removed");
    }
    match broken {
        Some(why) => Err(why),
        None => Ok(passed),
    }
}

/// One thread's share.
fn test(
    tools: &Tools,
    slot: u16,
    problem: &Problem,
    waiting: &Mutex<Vec<&Language>>,
) -> Result<Vec<LanguageId>, String> {
    let boxes = Sandboxed::open(Arc::clone(&tools.equipment.sandbox), slot);
    let boxes = boxes.map_err(|error| error.to_string())?;
    let Equipment { languages, builds, .. } = &tools.equipment;
    let (languages, builds) = (Arc::clone(languages), Arc::clone(builds));
    let mut workshop = Workshop::new(boxes, languages, builds);
    let mut passed = Vec::new();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(language) = next else { return Ok(passed) };
        let tried = match language.absent() {
            // Nothing is broken: this machine was not given the language.
            Some(path) => {
                let (language, hint) = (&language.id, language.remedy());
                tracing::info!(%language, missing = path, hint, "language not offered");
                continue;
            }
            None => say_hello(&tools.node, &mut workshop, language, problem, b""),
        };
        match tried {
            Ok(_cpu) => passed.push(language.id.clone()),
            Err(no) => {
                let (language, hint) = (&language.id, language.remedy());
                tracing::warn!(%language, why = no.why, hint, "language not offered: its self-test failed");
            }
        }
    }
}

/// Why a hello was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoHello {
    /// One line.
    pub(crate) why: String,
    /// It could not be judged at all: the warden may be the reason.
    pub(crate) warden: bool,
    /// Somebody has cancelled the slot's run: it says nothing.
    pub(crate) broken_off: bool,
}

/// Judges a language's hello with something behind it; returns the CPU time of its compiler and its program.
///
/// # Errors
/// What it was instead of accepted.
pub(crate) fn say_hello(
    node: &NodeId,
    workshop: &mut Workshop<Sandboxed>,
    language: &Language,
    problem: &Problem,
    behind: &[u8],
) -> Result<CpuTime, NoHello> {
    let source = [language.hello.as_bytes(), behind].concat();
    let submission = SubmissionToJudge {
        id: SubmissionId::new("hello").expect("an identifier"),
        tenant: Tenant::new("self-test").expect("an identifier"),
        generation: Generation::FIRST,
        language: language.id.clone(),
        source: &source,
        attempt: 1,
        node: node.clone(),
    };
    let judgement = judge(workshop, &submission, problem, &Options::default(), &mut |_stage| {})
        .map_err(|unjudged| NoHello {
            why: unjudged.trouble.to_string(),
            warden: true,
            broken_off: false,
        })?;
    if judgement.verdict == Verdict::Accepted {
        let compiler = judgement.compile.map(|compile| compile.cpu).unwrap_or_default();
        let programs = judgement.tests.iter().map(|test| test.cpu);
        return Ok(programs.fold(compiler, CpuTime::saturating_add));
    }
    let log = judgement.compile.map(|compile| compile.log).unwrap_or_default();
    let first = log.lines().next().unwrap_or_default();
    let cause = judgement.tests.first().and_then(|test| test.cause.as_ref());
    let cause = cause.map(ToString::to_string).unwrap_or_default();
    let why = format!("its hello is {}: {cause}{first}", judgement.verdict);
    let broken_off = judgement.verdict == Verdict::Cancelled;
    Err(NoHello { why, warden: false, broken_off })
}

/// A problem with one test: nothing in, `hello` out.
pub(crate) fn hello(dir: &Path) -> std::io::Result<Problem> {
    let (input, answer) = (dir.join("01"), dir.join("01.a"));
    fs::write(&input, "")?;
    fs::write(&answer, "hello\n")?;
    let limits = ProblemLimits {
        cpu: CpuTime::from_secs(10),
        wall: WallTime::from_secs(20),
        memory: Bytes::from_mib(1024),
        output: Bytes::from_mib(1),
    };
    let id = ProblemId::new("hello").expect("an identifier");
    let mut problem = Problem::new(id, Digest::from_bytes([0; 32]), dir.to_owned(), limits);
    problem.tests = vec![Test::new("01", input, answer)];
    problem.checker = Checker::Standard(StandardChecker::Wcmp);
    Ok(problem)
}
