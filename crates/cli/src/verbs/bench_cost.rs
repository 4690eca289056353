//! `minos bench --judge`: where the CPU time of a submission goes.
//!
//! One C++ program that computes for 20 ms on each of 50 tests is judged again and again, compared by
//! the built-in comparison and by a checker that is a program. What the programs used is known from
//! their boxes; the judge's own share is what this process, its warden, every box and the kernel's
//! threads used beside them. The kernel's threads are those of the whole machine: what they use while
//! nothing is judged is measured first and taken off, and nothing else should run.
//!
//! Measured (2 cores, kernel 6.18, hybrid groups, nothing else on the machine, twice 10 submissions):
//! compared by the judge 82 and 89 ms beside 1,150 ms of the programs, 7.1 and 7.7 %, of which 14 ms in
//! the kernel's threads; compared by a checker that is a program 136 and 146 ms, 12.4 and 13.3 %, and 45
//! ms of the checker's own. That is 1.7 ms a test, and 1.4 ms a box: what a box costs is told step by
//! step in `minos_sandbox`; the slot's thread makes some fifty system calls for a test, 0.3 ms. A goal of
//! 4 %, 0.8 ms a test, is not reached: new mounts, groups and processes for each test alone cost more.

use std::fs;
use std::time::{Duration, Instant};

use minos_judge::{Fairness, Sandboxed, Spent, Workshop};
use minos_model::{CpuTime, Verdict};
use minos_problem::{Checker, Part, Problem};
use serde::Serialize;

use super::bench_place::{BenchPlace, judged};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

const TESTS: usize = 50;
const PROGRAM: &str = r"
#include <ctime>
#include <iostream>
int main() {
    long n;
    std::cin >> n;
    volatile unsigned long spin = 0;
    while (clock() < CLOCKS_PER_SEC / 50)
        for (int i = 0; i < 10000; i++) spin = spin * 3 + n;
    std::cout << n << std::endl;
}
";
/// As short as a checker can be: it reads two files and leaves a report.
const CHECKER: &str = r#"
#include <fstream>
#include <string>
int main(int, char** args) {
    std::ifstream out(args[2]), ans(args[3]);
    std::string got, expected;
    out >> got;
    ans >> expected;
    const bool ok = got == expected;
    std::ofstream(args[4]) << R"(<?xml version="1.0" encoding="windows-1251"?><result outcome = ")"
                           << (ok ? "accepted" : "wrong-answer") << R"(">short</result>)";
    return ok ? 0 : 1;
}
"#;
/// How long the kernel's threads are watched while nothing is judged.
const IDLE: Duration = Duration::from_secs(5);
/// Ticks per second in `/proc/<pid>/stat`.
const TICKS: u64 = 100;

#[derive(Serialize)]
struct CostDocument {
    schema: &'static str,
    submissions: u32,
    tests: usize,
    built_in: ShareDocument,
    checker: ShareDocument,
    isolation: String,
}

/// Milliseconds of CPU per submission.
#[derive(Serialize)]
struct ShareDocument {
    compile: f64,
    run: f64,
    check: f64,
    judge: f64,
    /// The part of `judge` that the kernel's own threads used, above what they use anyway.
    kernel: f64,
    /// `judge` in percent of `run`.
    overhead_percent: f64,
}

pub(crate) fn run(console: Console, submissions: u32, json: bool) -> Outcome {
    let place = BenchPlace::open()?;
    let bar = console.progress("judging");
    let mut problem = place.problem(CpuTime::from_secs(1), (TESTS, "42\n", "42\n"))?;
    let idle = Idle::watched()?;
    let built_in = measured(&place, &problem, submissions, idle)?;
    problem.checker = Checker::Program(Part {
        source: place.file("check.cpp", CHECKER)?,
        kind: "cpp.g++17".to_owned(),
        language: "cpp17".parse().map_err(Failure::input)?,
        resources: Vec::new(),
        further: Vec::new(),
    });
    let checker = measured(&place, &problem, submissions, idle)?;
    bar.finish_and_clear();
    let isolation = place.workshop(0, Fairness::default())?;
    let isolation = minos_judge::Runs::isolation(isolation.runs()).to_string();
    if json {
        let schema = "minos.bench-judge/1";
        let document =
            CostDocument { schema, submissions, tests: TESTS, built_in, checker, isolation };
        console.json(&document)?;
    } else {
        let head = format!(
            "{TESTS} tests of 20 ms, {submissions} submissions, milliseconds of CPU for each \
             ({isolation})"
        );
        console.say(&head)?;
        console.say(&in_words("compared by the judge", &built_in))?;
        console.say(&in_words("compared by a checker", &checker))?;
    }
    Ok(Exit::Yes)
}

fn in_words(name: &str, share: &ShareDocument) -> String {
    format!(
        "{name}: compile {:.0}, run {:.1}, check {:.1}, judge {:.1} (kernel threads {:.1}): {:.2} % of run",
        share.compile, share.run, share.check, share.judge, share.kernel, share.overhead_percent
    )
}

/// Judges it so often, after once that is not counted but for its compilation.
fn measured(
    place: &BenchPlace,
    problem: &Problem,
    submissions: u32,
    idle: Idle,
) -> Result<ShareDocument, Failure> {
    let mut workshop = place.workshop(0, Fairness::default())?;
    accepted(&mut workshop, problem)?;
    let first = workshop.spent();
    let (began, before, kernel_before) = (Instant::now(), used(&workshop)?, kernel()?);
    for _submission in 0..submissions {
        accepted(&mut workshop, problem)?;
    }
    let (after, kernel_after) = (used(&workshop)?, kernel()?);
    let spent: Spent = workshop.spent().since(&first);
    let kernel = kernel_after.saturating_sub(kernel_before).saturating_sub(idle.over(began));
    let all = after.saturating_sub(before).saturating_add(kernel);
    let each = |cpu: CpuTime| cpu.micros() as f64 / 1_000.0 / f64::from(submissions);
    let judge = all.saturating_sub(spent.all());
    Ok(ShareDocument {
        compile: first.compile.micros() as f64 / 1_000.0,
        run: each(spent.run),
        check: each(spent.check),
        judge: each(judge),
        kernel: each(kernel),
        overhead_percent: 100.0 * each(judge) / each(spent.run),
    })
}

fn accepted(workshop: &mut Workshop<Sandboxed>, problem: &Problem) -> Result<(), Failure> {
    let judgement = judged(workshop, problem, PROGRAM)?;
    if judgement.verdict == Verdict::Accepted {
        return Ok(());
    }
    let log = judgement.compile.map(|compile| compile.log).unwrap_or_default();
    Err(Failure::judge(format!("the program of the measurement is {}: {log}", judgement.verdict)))
}

/// What this process and its warden have used, with every box that has ended.
fn used(workshop: &Workshop<Sandboxed>) -> Result<CpuTime, Failure> {
    let (own, warden) = (std::process::id(), workshop.runs().warden().pid());
    let mut ticks = 0;
    for pid in [own, warden] {
        let path = format!("/proc/{pid}/stat");
        let text = fs::read_to_string(&path)
            .map_err(|error| Failure::environment(format!("{path}: {error}")))?;
        // Behind the name: utime, stime and the same of the children that were waited for.
        let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        ticks += fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(CpuTime::from_ms(ticks * 1_000 / TICKS))
}

/// What the kernel's threads use while nothing is judged.
#[derive(Clone, Copy)]
struct Idle {
    of_each_second: f64,
}

impl Idle {
    fn watched() -> Result<Self, Failure> {
        let (began, before) = (Instant::now(), kernel()?);
        std::thread::park_timeout(IDLE);
        let used = kernel()?.saturating_sub(before);
        Ok(Self { of_each_second: used.duration().as_secs_f64() / began.elapsed().as_secs_f64() })
    }

    fn over(self, began: Instant) -> CpuTime {
        let share = began.elapsed().mul_f64(self.of_each_second.min(1.0));
        CpuTime::from_micros(u64::try_from(share.as_micros()).unwrap_or(u64::MAX))
    }
}

/// What the kernel's threads have used.
fn kernel() -> Result<CpuTime, Failure> {
    let failed = |error| Failure::environment(format!("/proc: {error}"));
    let mut nanos = 0;
    for entry in fs::read_dir("/proc").map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Ok(stat) = fs::read_to_string(path.join("stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent != Some("2") {
            continue;
        }
        let schedule = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let ran = schedule.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
        nanos += ran.unwrap_or(0);
    }
    Ok(CpuTime::from_micros(nanos / 1_000))
}
