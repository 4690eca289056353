//! A time limit from the jury's own solutions, for packages that give none.

use minos_model::{CpuTime, Generation, Verdict};
use minos_problem::{BoundSide, Inference, Package, Problem, Solution};

use crate::judging::{Options, SubmissionToJudge, judge_solution};
use crate::port::Runs;
use crate::trouble::Trouble;
use crate::workshop::{Workshop, read_file};

/// The limit that leaves room for every solution that has to keep it.
pub(super) fn infer<R: Runs>(
    workshop: &mut Workshop<R>,
    package: &Package,
    problem: &Problem,
    inference: &Inference,
) -> Result<CpuTime, Trouble> {
    // One in a language that is not here says nothing; the others may be enough.
    let languages = workshop.languages();
    let keeps = |solution: &&Solution| {
        let here = solution.language.as_ref().is_some_and(|id| languages.get(id).is_some());
        here && solution.time_bounds.iter().any(|bound| bound.side == BoundSide::Lower)
    };
    let mut slowest = None;
    for solution in package.solutions.iter().filter(keeps) {
        let time = slowest_run(workshop, solution, problem)
            .map_err(|trouble| trouble.during(&format!("time limit: {}", solution.name)))?;
        slowest = slowest.max(Some(time));
    }
    let slowest = slowest.ok_or_else(|| {
        Trouble::package("it gives no time limit, and has no accepted solution, in a language that is here, to infer one from")
    })?;
    Ok(inference.limit(slowest))
}

/// The most CPU time that a solution takes on a test that counts.
fn slowest_run<R: Runs>(
    workshop: &mut Workshop<R>,
    solution: &Solution,
    problem: &Problem,
) -> Result<CpuTime, Trouble> {
    let language = solution.language.as_ref().ok_or_else(|| {
        Trouble::package(format!("type `{}` is listed by no language file", solution.kind))
    })?;
    let source = read_file(&solution.path)?;
    let name = |error: minos_model::IdError| Trouble::node(error.to_string());
    let submission = SubmissionToJudge {
        id: "time-limit".parse().map_err(name)?,
        tenant: "default".parse().map_err(name)?,
        generation: Generation::FIRST,
        language: language.clone(),
        source: &source,
        attempt: 1,
        node: "here".parse().map_err(name)?,
    };
    let options = Options { all_tests: true };
    let judged = judge_solution(
        (workshop, &submission),
        (solution, &|_| false),
        problem,
        &options,
        &mut |_| {},
    )
    .map_err(|unjudged| unjudged.trouble)?;
    if let Some(compile) = judged.compile.as_ref().filter(|compile| !compile.ok) {
        let line = compile.log.lines().next().unwrap_or_default();
        return Err(Trouble::package(format!("it does not compile: {line}")));
    }
    let mut slowest = CpuTime::ZERO;
    for bound in solution.time_bounds.iter().filter(|bound| bound.side == BoundSide::Lower) {
        for test in judged.tests.iter().filter(|test| bound.scope.holds(&test.name)) {
            if matches!(test.verdict, Verdict::TimeLimit | Verdict::WallTimeLimit) {
                let why = format!("test {}: it takes more than {}", test.name, problem.limits.cpu);
                return Err(Trouble::package(why));
            }
            slowest = slowest.max(test.cpu);
        }
    }
    Ok(slowest)
}
