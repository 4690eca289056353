//! Every program once at one level: in its slot the honest one follows, in the slot beside it the
//! honest one runs all the while, and when it is over nothing is left.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use minos_model::RunReport;
use minos_sandbox::Sandbox;
use minos_tests::corpus::{Class, Program};

use crate::beside::{self, Beside, Seen};
use crate::kit::{self, Kit};
use crate::left::Left;
use crate::{SLOTS, single, uids};

/// Boxes that a slot keeps ready, each of two processes, and its warden.
const IDLE_SLOT: usize = 1 + 2 * 2;
/// After this many runs a slot keeps what it will keep.
const WARM_UP: usize = 12;

/// What is run, and where.
pub(crate) struct Rounds<'a> {
    pub(crate) kit: &'a Kit,
    pub(crate) sandbox: &'a Sandbox,
}

impl Rounds<'_> {
    /// Whether all programs, or those named, ended as expected and left nothing.
    pub(crate) fn run(&self, names: &[&str]) -> Result<bool> {
        let programs = self.programs(names)?;
        let begun = Instant::now();
        let all = |beside: &Beside<'_>| self.all(&programs, beside);
        let (before, wrong) = beside::with(self.kit, self.sandbox, all)?;
        let mut complaints = wrong;
        complaints.extend(before.complaints_at_the_end(&uids()));
        let level = self.sandbox.isolation();
        let (count, seconds) = (programs.len(), begun.elapsed().as_secs());
        println!("{level}: {count} programs, {} complaints, {seconds} s", complaints.len());
        for complaint in &complaints {
            println!("{level}: {complaint}");
        }
        Ok(complaints.is_empty())
    }

    fn programs(&self, names: &[&str]) -> Result<Vec<&Program>> {
        let known = |name: &&&str| self.kit.programs.iter().any(|it| it.name == ***name);
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            bail!("{unknown}: no program of the corpus that is run alone");
        }
        let named = |it: &&Program| names.is_empty() || names.contains(&it.name.as_str());
        let mut programs = Vec::new();
        for program in self.kit.programs.iter().filter(named) {
            match self.cannot_run(program) {
                Some(reason) => println!("{}: not here: {reason}", program.name),
                None => programs.push(program),
            }
        }
        ensure!(!programs.is_empty(), "no program is left to run");
        Ok(programs)
    }

    /// Why a program cannot run here.
    fn cannot_run(&self, program: &Program) -> Option<&'static str> {
        if !self.kit.emulated {
            return None;
        }
        let timed = program.expect.alone.as_ref().is_some_and(|alone| alone.timed);
        if program.expect.class == Some(Class::Compile) {
            Some("compilers take minutes on an emulated processor, and its files are large")
        } else if !kit::is_built(program) {
            Some("the machine carries no interpreter")
        } else if timed {
            Some("it measures times, which an emulated processor does not have")
        } else {
            None
        }
    }

    /// All programs in the first slot.
    fn all(&self, programs: &[&Program], beside: &Beside<'_>) -> Result<(Left, Vec<String>)> {
        let innocent = self.kit.innocent()?;
        let mut warden = beside::warden(self.sandbox, SLOTS[0])?;
        let mut wrong = Vec::new();
        for _run in 0..WARM_UP {
            wrong.extend(single::checked(&mut warden, self.kit, innocent)?.1);
        }
        beside.work()?;
        wrong.extend(beside.rest()?.into_iter().flat_map(|seen| seen.complaints));
        let before = Left::now(SLOTS.len() * IDLE_SLOT).map_err(anyhow::Error::msg)?;
        for program in programs {
            let begun = Instant::now();
            beside.work()?;
            let checked = single::checked(&mut warden, self.kit, program);
            let neighbour = beside.rest()?;
            // An error is the judge's: no program may be the reason for one.
            let (run, mut found) = checked?;
            let beside_it = neighbour.iter().flat_map(|seen: &Seen| &seen.complaints);
            found.extend(beside_it.map(|what| format!("the run beside it: {what}")));
            let after = single::checked(&mut warden, self.kit, innocent)?.1;
            found.extend(after.iter().map(|what| format!("the run after it: {what}")));
            found.extend(before.complaints(&uids()).iter().map(|what| format!("left: {what}")));
            show(program, &run.report, begun, found.is_empty());
            wrong.extend(found.iter().map(|what| format!("{}: {what}", program.name)));
        }
        Ok((before, wrong))
    }
}

fn show(program: &Program, report: &RunReport, begun: Instant, right: bool) {
    let flags: Vec<&str> = report.flags.iter().map(|flag| flag.as_str()).collect();
    println!(
        "{} {:<32} {:<18} by {:<8} cpu {:>9} us, wall {:>9} us, memory {:>6} KiB, {:>5} ms {}",
        if right { "  " } else { "! " },
        program.name,
        report.cause.to_string(),
        report.cause.by().as_str(),
        report.cpu.micros(),
        report.wall.micros(),
        report.memory.get() >> 10,
        begun.elapsed().as_millis(),
        flags.join(" "),
    );
}
