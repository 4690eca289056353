//! One run, watched to its end.

use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use minos_model::{By, Bytes, CpuTime, LimitKind, Limits, WallTime};

mod wait;

use wait::Woken;

use super::boxes::{DEADLINE, Prepared, failed};
use super::clock::{nanos, now};
use super::cores::Preempting;
use super::drain::{DRAIN_EVERY, DRAIN_FLOOD, Drain, FLOOD};
use super::handover::{Handed, LOOK, Other, Written};
use super::job::Job;
use super::outcome::{self, Over};
use super::warden::Warden;
use crate::seccomp::{Call, let_through, notification};
use crate::spec::{Program, RunRequest};
use crate::sys::node;
use crate::warden::cell::Cell;
use crate::watchdog::{Kill, Readings, decide, next_look};
use crate::{Run, SandboxError, SetupStep};

impl Warden {
    /// Runs one program in a box of its own, and says why it ended.
    ///
    /// The calling thread is pinned to the slot's core while the warden lives (see
    /// [`crate::CorePolicy`]); use one thread per slot.
    ///
    /// # Errors
    /// A request that cannot be carried out, a step of the box's set-up that failed, a warden that
    /// has died: all faults of this side, never of the program. Nothing of the run is left.
    pub fn run(&mut self, request: &RunRequest) -> Result<Run, SandboxError> {
        let begun = now();
        let job = Job::of(request, &self.null, self.isolation)?;
        self.pinned.hold(self.cores.run.as_ref());
        self.forget_cancellation();
        for _box in 0..ATTEMPTS {
            let mut prepared = self.house.take()?;
            let run = self.run_in(&mut prepared, &job, request, (begun, None));
            self.put_away(prepared, run.is_err());
            if let Some(run) = run.transpose() {
                return run;
            }
        }
        let reason = format!("{ATTEMPTS} boxes were dead before they had a job");
        Err(SandboxError::WardenGone { slot: self.slot, reason })
    }

    /// `None` when the box was dead before the program started: nothing has happened yet.
    pub(super) fn run_in(
        &self,
        prepared: &mut Prepared,
        job: &Job,
        request: &RunRequest,
        (begun, joined): (u64, Option<(Handed, Other<'_>)>),
    ) -> Result<Option<Run>, SandboxError> {
        prepared.group.set_limits(&request.limits)?;
        let io = |error| SandboxError::os("keep the program's output", error);
        let (handed, other) = joined.unzip();
        let mut watch = Watch {
            warden: self,
            limits: &request.limits,
            cpu_slack: request.cpu_slack,
            stdout: Drain::stdout(&request.stdout, request.limits.output().get()).map_err(io)?,
            stderr: Drain::stderr(&request.stderr).map_err(io)?,
            kill: None,
            killed_at: 0,
            victim: false,
            resident: Bytes::ZERO,
            raised_file_limit: false,
            filtered: true,
            latest: Readings::default(),
            above_memory: None,
            sent_at: now(),
            // A pipe wakes whoever waits for its bytes also when the program, which ends, closes it:
            // of two that talk the one that ends must not be held up there.
            drain_due: Some(now() + nanos(if handed.is_some() { LOOK } else { DRAIN_EVERY })),
            // So that this thread sees an end before the other program can do anything about it.
            preempting: handed.as_ref().map(|_pipes| Preempting::begin()),
            written: handed.as_ref().map(|_pipes| Written::of(prepared.program)),
        };
        job.send_to(prepared.socket.as_fd())?;
        drop(handed);
        self.house.refill();
        watch.until_end(prepared)?;
        let by_itself = watch.kill.is_none() && self.cores.run.is_some();
        let other_was_ending = by_itself && other.is_some_and(Other::is_ending);
        watch.conclude(prepared, request, begun, other_was_ending)
    }
}

/// The state of a run that is going on.
struct Watch<'a> {
    warden: &'a Warden,
    limits: &'a Limits,
    cpu_slack: CpuTime,
    stdout: Drain,
    stderr: Drain,
    /// The kill that was recorded first.
    kill: Option<Kill>,
    killed_at: u64,
    /// The first process is the one that the kernel has killed for memory.
    victim: bool,
    /// The first process's peak, read before the kill: afterwards nobody can tell.
    resident: Bytes,
    raised_file_limit: bool,
    /// Some process of the box still has the filter.
    filtered: bool,
    latest: Readings,
    /// When it was first seen above its memory limit.
    above_memory: Option<u64>,
    sent_at: u64,
    /// When the pipes are emptied next, while bytes keep coming; `None`: the next byte wakes us.
    drain_due: Option<u64>,
    preempting: Option<Preempting>,
    /// Counts what goes into a pipe of the program's own.
    written: Option<Written>,
}

impl Watch<'_> {
    /// Until the box's init has ended, and with it everything in the box.
    fn until_end(&mut self, prepared: &mut Prepared) -> Result<(), SandboxError> {
        let mut due = self.sent_at;
        let mut look = self.next_look();
        due += nanos(look);
        loop {
            let woken = self.wait(prepared, due)?;
            if woken.ended {
                return Ok(());
            }
            if woken.cancelled {
                self.record(prepared, Kill::Cancelled)?;
            }
            self.filtered &= !woken.unfiltered;
            if woken.call {
                self.call(prepared)?;
            }
            self.take(prepared, &woken)?;
            let now = now();
            if now >= due {
                self.read(prepared, now)?;
                look = self.next_look();
                due = now + nanos(look);
            }
            self.latest.output = Bytes::new(self.stdout.count);
            if let Some(kill) = self.over()
                && !self.left_to_the_kernel(&kill, now)
            {
                self.record(prepared, kill)?;
            }
            self.dead_man(prepared.cell(), now)?;
        }
    }

    fn over(&self) -> Option<Kill> {
        let now = self.latest.forgiving(self.limits.cpu(), self.cpu_slack);
        decide(&now, self.limits).or_else(|| self.stderr.flooded())
    }

    fn next_look(&self) -> Duration {
        let now = Readings { cpu: self.latest.cpu.saturating_sub(self.cpu_slack), ..self.latest };
        let look = next_look(&now, self.limits, self.warden.cores.width);
        if self.written.is_some() { look.min(LOOK) } else { look }
    }

    /// A program that goes on growing above its soft memory limit is at the hard one in a moment,
    /// and the kernel knows whom it kills there. One that does not is ended a little later.
    fn left_to_the_kernel(&mut self, kill: &Kill, now: u64) -> bool {
        if !matches!(kill, Kill::Limit { limit: LimitKind::Memory, by: By::Watchdog, .. }) {
            return false;
        }
        let since = *self.above_memory.get_or_insert(now);
        now.saturating_sub(since) < nanos(GROWTH)
    }

    fn take(&mut self, prepared: &Prepared, woken: &Woken) -> Result<(), SandboxError> {
        let failed = |error| SandboxError::os("read the program's output", error);
        let null = &self.warden.null;
        let before = self.stdout.count + self.stderr.count;
        if woken.stdout {
            self.stdout.take(prepared.stdout.read.as_fd(), null).map_err(failed)?;
        }
        if woken.stderr {
            self.stderr.take(prepared.stderr.read.as_fd(), null).map_err(failed)?;
        }
        if woken.stdout || woken.stderr {
            self.drain_due = match self.stdout.count + self.stderr.count - before {
                0 => self.written.is_some().then(|| now() + nanos(LOOK)),
                flood if flood >= FLOOD => Some(now() + nanos(DRAIN_FLOOD)),
                _ => Some(now() + nanos(DRAIN_EVERY)),
            };
        }
        Ok(())
    }

    /// The program has made a call that its filter reports.
    fn call(&mut self, prepared: &Prepared) -> Result<(), SandboxError> {
        let failed = |error| SandboxError::os("read a forbidden system call", error);
        let listener = prepared.listener.as_fd();
        let Some(reported) = notification(listener).map_err(failed)? else { return Ok(()) };
        match reported.call() {
            Call::Forbidden(syscall) => {
                self.record(prepared, Kill::Syscall { syscall: syscall.into_owned() })
            }
            Call::RaisedFileLimit => {
                self.raised_file_limit = true;
                let_through(listener, &reported).map_err(failed)
            }
        }
    }

    /// Reads the counters.
    fn read(&mut self, prepared: &mut Prepared, now: u64) -> Result<(), SandboxError> {
        let watching = self.kill.is_none() && self.warden.cores.run.is_some();
        if watching && self.preempting.is_none() {
            self.preempting = Some(Preempting::begin());
        }
        let read = prepared.group.readings()?;
        if let Some(written) = &self.written {
            // What went to stderr is no output, and has been drained.
            let output = written.bytes().saturating_sub(self.stderr.count);
            self.stdout.count = self.stdout.count.max(output);
        }
        let cell = prepared.cell();
        let exec_at = cell.exec_at.load(Ordering::Acquire);
        // The wall clock stops with the program, not with what init does after it.
        let now = match cell.ended_at.load(Ordering::Acquire) {
            0 => now,
            ended_at => ended_at,
        };
        let copied = cell.copy_cpu.load(Ordering::Relaxed) / 1_000;
        if exec_at == 0 {
            return Ok(());
        }
        self.latest = Readings {
            cpu: CpuTime::from_micros(read.cpu.micros().saturating_sub(copied)),
            wall: WallTime::from_micros(now.saturating_sub(exec_at) / 1_000),
            memory_peak: read.memory_peak,
            output: self.latest.output,
            oom_kills: read.oom_kills,
            memory_hits: read.memory_hits,
        };
        Ok(())
    }

    /// Records why the run is killed, then kills it. Only the first reason counts.
    fn record(&mut self, prepared: &Prepared, kill: Kill) -> Result<(), SandboxError> {
        if self.kill.is_some() {
            return Ok(());
        }
        let victim = matches!(kill, Kill::Limit { limit: LimitKind::Memory, by: By::Kernel, .. });
        self.kill = Some(kill);
        self.killed_at = now();
        if victim {
            self.victim = outcome::first_was_killed(prepared);
        }
        self.resident = outcome::resident_peak(prepared.program);
        // The death of init takes the whole PID namespace with it.
        let killed = node::kill(prepared.init.as_fd());
        // From here on the box's end needs the core more than the watchdog does.
        drop(self.preempting.take());
        killed.map_err(|error| SandboxError::os("kill a box", error))
    }

    /// A box that was killed, or that never came to exec, must not keep its slot.
    fn dead_man(&self, cell: &Cell, now: u64) -> Result<(), SandboxError> {
        let late = |since: u64| since != 0 && now.saturating_sub(since) > nanos(DEADLINE);
        let what = if late(self.killed_at) || late(cell.ended_at.load(Ordering::Acquire)) {
            "a box's end"
        } else if cell.exec_at.load(Ordering::Acquire) == 0 && late(self.sent_at) {
            "a program's start"
        } else {
            return Ok(());
        };
        Err(SandboxError::Deadline { what, seconds: DEADLINE.as_secs() })
    }

    fn conclude(
        mut self,
        prepared: &mut Prepared,
        request: &RunRequest,
        begun: u64,
        other_was_ending: bool,
    ) -> Result<Option<Run>, SandboxError> {
        let over_at = now();
        let failed_io = |error| SandboxError::os("read the program's output", error);
        let null = &self.warden.null;
        self.stdout.finish(prepared.stdout.read.as_fd(), null).map_err(failed_io)?;
        self.stderr.finish(prepared.stderr.read.as_fd(), null).map_err(failed_io)?;
        drop(self.preempting.take());
        if prepared.cell().failure().is_some() && self.kill.is_none() {
            if matches!(request.program, Program::Blob(_)) && outcome::no_program(prepared.cell()) {
                return Ok(Some(Run {
                    report: outcome::unstarted(self.warden.isolation()),
                    stdout: self.stdout.into_blob().map_err(failed_io)?,
                    stderr: self.stderr.into_head(),
                    collected: request.collect.iter().map(|_wanted| None).collect(),
                    setup: Duration::ZERO,
                    ended: Duration::from_nanos(over_at),
                    other_was_ending: false,
                }));
            }
            let subject = match &request.program {
                Program::Path(path) => Some(path.display().to_string()),
                Program::Blob(_) => request.args.first().map(|name| name.display().to_string()),
            };
            return Err(failed(prepared.cell(), subject, SetupStep::Job));
        }
        let killed = self.kill.is_some();
        let over = Over {
            kill: self.kill,
            raised_file_limit: self.raised_file_limit,
            stdout: self.stdout.count,
            stderr: self.stderr.count,
            resident: self.resident,
            victim: self.victim,
            now: over_at,
        };
        let warden = self.warden;
        let Some(report) = outcome::report(prepared, over, self.limits, warden)? else {
            return Ok(None);
        };
        let collected = outcome::collected(prepared, &request.collect, killed)?;
        let stdout = self.stdout.into_blob().map_err(failed_io)?;
        let setup = outcome::setup(prepared, begun);
        warden.house.times.setup.add(setup);
        let ended = outcome::ended(prepared.cell(), self.killed_at, over_at);
        let stderr = self.stderr.into_head();
        Ok(Some(Run { report, stdout, stderr, collected, setup, ended, other_was_ending }))
    }
}

/// Boxes that a killed warden may leave behind ready, and one more.
const ATTEMPTS: u32 = 4;
/// How long a program may stay between its soft and its hard memory limit.
const GROWTH: Duration = Duration::from_millis(100);
