//! What a hostile program does to the run after it in its slot and to the runs beside it, measured:
//! medians of five. A measurement and no test, for a busy machine spoils it.

use anyhow::Result;
use minos_model::{Bytes, Cause, CpuTime, LimitKind, RunReport};
use minos_sandbox::{Sandbox, Warden};
use minos_tests::corpus::Program;

use crate::beside::{self, Beside, Seen};
use crate::kit::Kit;
use crate::{SLOTS, single};

const ROUNDS: usize = 5;
/// How far the honest program's figures may move.
const MOST_CPU: CpuTime = CpuTime::from_ms(1);
const MOST_MEMORY: Bytes = Bytes::from_kib(64);
/// How long after its limit a run has its result.
const MOST_LATE: CpuTime = CpuTime::from_ms(100);
/// After this many runs a slot has its habits.
const WARM_UP: usize = 20;

/// The honest program's figures: medians.
#[derive(Clone, Copy)]
struct Figures {
    cpu: CpuTime,
    memory: Bytes,
}

/// What one hostile program did.
struct Row {
    late: CpuTime,
    before: Figures,
    after: Figures,
    alone: Figures,
    beside: Figures,
    complaints: Vec<String>,
}

struct Measure<'a> {
    kit: &'a Kit,
    warden: Warden,
    beside: &'a Beside<'a>,
}

/// Prints a table of all hostile programs; whether nothing moved by more than it may.
pub(crate) fn measure(kit: &Kit, sandbox: &Sandbox) -> Result<bool> {
    println!("{:<34} {:>8}   CPU us and KiB: before, after | alone, beside", "program", "late us");
    let breaches = beside::with(kit, sandbox, |beside| {
        let warden = beside::warden(sandbox, SLOTS[0])?;
        let mut measure = Measure { kit, warden, beside };
        for _run in 0..WARM_UP {
            measure.innocent()?;
            measure.quiet()?;
        }
        let mut breaches = 0;
        for program in kit.programs.iter().filter(|program| program.hostile) {
            breaches += usize::from(!measure.row(program)?.show(program));
        }
        Ok(breaches)
    })?;
    println!("{breaches} programs moved the figures of others, or were late");
    Ok(breaches == 0)
}

impl Measure<'_> {
    fn row(&mut self, program: &Program) -> Result<Row> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        let (mut late, mut complaints) = (Vec::new(), Vec::new());
        for _round in 0..ROUNDS {
            before.push(self.innocent()?);
            alone.extend(self.quiet()?);
            self.beside.work()?;
            let run = single::checked(&mut self.warden, self.kit, program);
            beside.extend(self.beside.rest()?);
            let (run, found) = run?;
            complaints.extend(found);
            late.push(lateness(&run.report));
            after.push(self.innocent()?);
        }
        late.sort_unstable();
        Ok(Row {
            late: late.get(ROUNDS / 2).copied().unwrap_or_default(),
            before: figures(&before),
            after: figures(&after),
            alone: figures(&alone),
            beside: figures(&beside),
            complaints,
        })
    }

    fn innocent(&mut self) -> Result<Seen> {
        let innocent = self.kit.innocent()?;
        let (run, complaints) = single::checked(&mut self.warden, self.kit, innocent)?;
        Ok(Seen::new(&run, complaints))
    }

    /// A run or two in the slot beside, while this one rests.
    fn quiet(&self) -> Result<Vec<Seen>> {
        self.beside.work()?;
        self.beside.rest()
    }
}

/// How far past its limit of time a run was ended.
fn lateness(report: &RunReport) -> CpuTime {
    match report.cause {
        Cause::Limit {
            limit: LimitKind::CpuTime | LimitKind::WallTime, allowed, observed, ..
        } => CpuTime::from_micros(observed.saturating_sub(allowed)),
        Cause::Limit { .. }
        | Cause::Exited
        | Cause::Signalled
        | Cause::Syscall { .. }
        | Cause::Cancelled => CpuTime::ZERO,
    }
}

fn figures(seen: &[Seen]) -> Figures {
    let mut cpu: Vec<CpuTime> = seen.iter().map(|seen| seen.cpu).collect();
    let mut memory: Vec<Bytes> = seen.iter().map(|seen| seen.memory).collect();
    cpu.sort_unstable();
    memory.sort_unstable();
    let (at, zero) = (seen.len() / 2, (CpuTime::ZERO, Bytes::ZERO));
    Figures {
        cpu: cpu.get(at).copied().unwrap_or(zero.0),
        memory: memory.get(at).copied().unwrap_or(zero.1),
    }
}

impl Figures {
    fn is_near(self, other: Self) -> bool {
        self.cpu.micros().abs_diff(other.cpu.micros()) <= MOST_CPU.micros()
            && self.memory.get().abs_diff(other.memory.get()) <= MOST_MEMORY.get()
    }

    fn text(self) -> String {
        format!("{:>6} {:>5}", self.cpu.micros(), self.memory.get() >> 10)
    }
}

impl Row {
    /// Prints it; whether it is within bounds.
    fn show(&self, program: &Program) -> bool {
        let near = self.after.is_near(self.before) && self.beside.is_near(self.alone);
        let good = near && self.late <= MOST_LATE && self.complaints.is_empty();
        println!(
            "{:<34} {:>8}   {}, {} | {}, {} {}",
            program.name,
            self.late.micros(),
            self.before.text(),
            self.after.text(),
            self.alone.text(),
            self.beside.text(),
            if good { "" } else { "!" },
        );
        for complaint in &self.complaints {
            println!("   {complaint}");
        }
        good
    }
}
