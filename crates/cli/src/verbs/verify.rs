//! `minos verify`: is a package what it says?

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use indicatif::ProgressBar;
use minos_judge::{Checked, Finding, Trouble, Verified, check_package, verify_solution};
use minos_model::{Fault, NodeId, Verdict};
use minos_problem::{Package, Problem, Solution};

use super::judge::this_node;
use super::workshop::{self, Place, Shop};
use super::{verify_report, verify_table};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Check a package, judge all its solutions, and compare with what their authors say of them.
///
/// The package's validators see every input, and the cases that the author gives for validators and
/// checker are tried. Then every solution is judged, on all slots at once, and what its tag, its
/// directory or submissions.yaml permits is compared with what it got on each test.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos verify ./range-sums\n  \
    minos verify range-sums-12.zip --all-tests --json\n\n\
    Exit codes: 0 everything is as the package says, 1 something contradicts it, 2 the package is\n\
    unusable, 3 this machine lacks namespaces or the language of a solution, 4 the judge failed\n\
    (JE), for example because the checker crashes.")]
pub(crate) struct Args {
    /// A directory or a zip; Polygon or ICPC/Kattis.
    package: PathBuf,
    /// Run every test of every solution, also when an earlier one has proved what is expected.
    #[arg(long)]
    all_tests: bool,
    /// Leave an input validator out, by the name of its file; may be given several times.
    #[arg(long, value_name = "NAME")]
    skip_validator: Vec<String>,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let mut package = workshop::open_package(&args.package)?;
    skip_validators(&mut package, &args.skip_validator)?;
    let verification = verify(console, &package, args.all_tests)?;
    if args.json {
        console.json(&verify_report::Document::of(&verification))?;
    } else {
        console.say(&verify_table::in_words(console, &verification))?;
    }
    Ok(verification.exit())
}

/// Leaves out the input validators that somebody named.
///
/// # Errors
/// Exit code 2: the package has none of that name.
pub(crate) fn skip_validators(package: &mut Package, names: &[String]) -> Result<(), Failure> {
    for name in names {
        if !package.skip_validator(name) {
            let known: Vec<&str> =
                package.validators.iter().map(|validator| validator.tool.name.as_str()).collect();
            return Err(Failure::input(format!(
                "--skip-validator {name}: package {} has no such input validator; it has: {}",
                package.id,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
    }
    Ok(())
}

/// Everything that was found out about a package.
#[derive(Debug)]
pub(crate) struct Verification {
    pub(crate) package: Package,
    pub(crate) problem: Problem,
    pub(crate) findings: Vec<Finding>,
    /// As the package lists them.
    pub(crate) solutions: Vec<Verified>,
    /// What could not be looked at.
    pub(crate) troubles: Vec<Trouble>,
}

impl Verification {
    /// The gravest of what happened: a failing judge, a contradiction, a missing language.
    pub(crate) fn exit(&self) -> Exit {
        let judged = |one: &Verified| {
            let verdict = one.judgement.as_ref().map(|judgement| judgement.verdict);
            verdict == Some(Verdict::JudgeError)
        };
        let fault = |of: Fault| self.troubles.iter().any(|trouble| trouble.fault == of);
        let contradicted = |one: &Verified| !one.contradictions.is_empty();
        if self.solutions.iter().any(judged) || fault(Fault::Checker) {
            Exit::JudgeFault
        } else if fault(Fault::Package) {
            Exit::Input
        } else if !self.findings.is_empty() || self.solutions.iter().any(contradicted) {
            Exit::No
        } else if self.solutions.iter().any(|one| one.trouble.is_some())
            || !self.troubles.is_empty()
        {
            Exit::Environment
        } else {
            Exit::Yes
        }
    }
}

/// A part of the work.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Package,
    Solution(usize, &'a Solution),
}

/// What a slot tells.
enum Told {
    Package(Result<Checked, Trouble>),
    Solution(usize, Box<Verified>),
}

/// Verifies a package, with as many slots as this machine has cores for.
///
/// # Errors
/// Exit code 2 when the package is unusable, 3 when this machine is.
pub(crate) fn verify(
    console: Console,
    package: &Package,
    all_tests: bool,
) -> Result<Verification, Failure> {
    let languages = Arc::new(workshop::languages()?);
    let bar = console.progress(&format!("preparing {}", package.id));
    let sources = package.solutions.iter().filter_map(|solution| solution.language.as_ref());
    let shop = Shop::open(languages)?.for_many(sources)?;
    let mut first = shop.place(0)?;
    let problem = first.prepared(package)?;
    let parts = std::iter::once(Part::Package)
        .chain(package.solutions.iter().enumerate().map(|(index, one)| Part::Solution(index, one)));
    let work = Work { package, problem: &problem, node: this_node()?, all_tests, bar: bar.clone() };
    let (told, failed) = work.on_all_slots(&shop, first, parts.collect());
    bar.finish_and_clear();
    let mut findings = Vec::new();
    let mut troubles = Vec::new();
    let mut solutions: Vec<(usize, Verified)> = Vec::new();
    for one in told {
        match one {
            Told::Package(Ok(checked)) => {
                findings = checked.findings;
                troubles.extend(checked.troubles);
            }
            Told::Package(Err(trouble)) => troubles.push(trouble),
            Told::Solution(index, verified) => solutions.push((index, *verified)),
        }
    }
    if let Some(failure) = failed.filter(|_| solutions.len() < package.solutions.len()) {
        return Err(failure);
    }
    solutions.sort_by_key(|(index, _)| *index);
    let solutions = solutions.into_iter().map(|(_, verified)| verified).collect();
    Ok(Verification { package: package.clone(), problem, findings, solutions, troubles })
}

struct Work<'a> {
    package: &'a Package,
    problem: &'a Problem,
    node: NodeId,
    all_tests: bool,
    bar: ProgressBar,
}

impl Work<'_> {
    /// Works the parts off on every slot; the first failure of a slot comes with what was told.
    fn on_all_slots(
        &self,
        shop: &Shop,
        first: Place,
        parts: VecDeque<Part<'_>>,
    ) -> (Vec<Told>, Option<Failure>) {
        let all = parts.len();
        let slots = shop.slots().min(u16::try_from(all).unwrap_or(u16::MAX)).max(1);
        let parts = &Mutex::new(parts);
        let (tell, heard) = mpsc::channel();
        let mut failed = None;
        let mut told = Vec::new();
        std::thread::scope(|scope| {
            let mut place = Some(first);
            let mut threads = Vec::new();
            for slot in 0..slots {
                let (tell, place) = (tell.clone(), place.take());
                threads.push(scope.spawn(move || {
                    let place = place.map_or_else(|| shop.place(slot), Ok)?;
                    self.on_one_slot(shop, place, parts, &tell);
                    Ok::<(), Failure>(())
                }));
            }
            drop(tell);
            for one in heard {
                told.push(one);
                self.bar.set_message(format!("{} of {all} done", told.len()));
            }
            for thread in threads {
                let ended = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                failed = failed.take().or_else(|| ended.err());
            }
        });
        (told, failed)
    }

    fn on_one_slot(
        &self,
        shop: &Shop,
        mut place: Place,
        parts: &Mutex<VecDeque<Part<'_>>>,
        tell: &mpsc::Sender<Told>,
    ) {
        loop {
            let next = parts.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let told = match next {
                None => return,
                Some(Part::Package) => Told::Package(check_package(
                    &mut place.workshop,
                    self.package,
                    self.problem,
                    &mut |_place| {},
                )),
                Some(Part::Solution(index, solution)) => {
                    let what = (self.problem, solution);
                    shop.ahead(&mut place, solution.language.as_ref());
                    let verified = verify_solution(
                        &mut place.workshop,
                        what,
                        &self.node,
                        self.all_tests,
                        &mut |_stage| {},
                    );
                    Told::Solution(index, Box::new(verified))
                }
            };
            // Whoever listens outlives this thread.
            if tell.send(told).is_err() {
                return;
            }
        }
    }
}
