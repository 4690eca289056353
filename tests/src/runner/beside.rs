//! The slot beside: it runs the honest program again and again while another slot works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context as _, Result};
use minos_model::{Bytes, CpuTime};
use minos_sandbox::{Run, Sandbox, Template, Warden};

use crate::kit::Kit;
use crate::{SLOTS, single};

/// A run of the honest program.
pub(crate) struct Seen {
    pub(crate) cpu: CpuTime,
    pub(crate) memory: Bytes,
    /// In what it was not as expected.
    pub(crate) complaints: Vec<String>,
}

/// The slot as its owner has it: it works from `work` to `rest`.
pub(crate) struct Beside<'a> {
    go: Sender<()>,
    stop: &'a AtomicBool,
    seen: Receiver<Vec<Seen>>,
}

impl Seen {
    pub(crate) fn new(run: &Run, complaints: Vec<String>) -> Self {
        Self { cpu: run.report.cpu, memory: run.report.memory, complaints }
    }

    fn failed(error: &anyhow::Error) -> Self {
        let (cpu, memory) = (CpuTime::ZERO, Bytes::ZERO);
        Self { cpu, memory, complaints: vec![format!("{error:#}")] }
    }
}

/// The warden of a slot.
pub(crate) fn warden(sandbox: &Sandbox, slot: u16) -> Result<Warden> {
    sandbox.warden(slot, Template::default()).with_context(|| format!("slot {slot}"))
}

/// Does something with a slot beside.
pub(crate) fn with<T>(
    kit: &Kit,
    sandbox: &Sandbox,
    act: impl FnOnce(&Beside<'_>) -> Result<T>,
) -> Result<T> {
    let stop = AtomicBool::new(false);
    let (go, goes) = channel();
    let (seeing, seen) = channel();
    let stopped = &stop;
    std::thread::scope(|scope| {
        scope.spawn(move || serve(kit, sandbox, &goes, stopped, &seeing));
        // Dropped at the end, which ends the thread.
        let beside = Beside { go, stop: stopped, seen };
        act(&beside)
    })
}

impl Beside<'_> {
    pub(crate) fn work(&self) -> Result<()> {
        self.stop.store(false, Ordering::Release);
        self.go.send(()).context("the slot beside has ended")
    }

    /// Every run since `work`: at least one.
    pub(crate) fn rest(&self) -> Result<Vec<Seen>> {
        self.stop.store(true, Ordering::Release);
        self.seen.recv().context("the slot beside has ended")
    }
}

fn serve(
    kit: &Kit,
    sandbox: &Sandbox,
    goes: &Receiver<()>,
    stop: &AtomicBool,
    seeing: &Sender<Vec<Seen>>,
) {
    let ready = kit.innocent().and_then(|it| Ok((it, warden(sandbox, SLOTS[1])?)));
    let (innocent, mut warden) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            // Whoever waits for the first runs reads it.
            let _told = seeing.send(vec![Seen::failed(&error)]);
            return;
        }
    };
    for () in goes {
        let mut seen = Vec::new();
        while seen.is_empty() || !stop.load(Ordering::Acquire) {
            let run = single::checked(&mut warden, kit, innocent);
            seen.push(match run {
                Ok((run, complaints)) => Seen::new(&run, complaints),
                Err(error) => Seen::failed(&error),
            });
        }
        if seeing.send(seen).is_err() {
            return;
        }
    }
}
