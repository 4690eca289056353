//! The box: a program runs once, in a place made for it, and its end has exactly one cause.
//!
//! # Theory of operation
//!
//! Four processes, each with fewer rights than the one before:
//!
//! | process | lives as long as | may | job |
//! |---|---|---|---|
//! | node (a thread per slot, and a housekeeping thread beside it) | the service | what the operator gave it | limits, counters, the watchdog, the cause |
//! | warden, one a slot | the slot | `SYS_ADMIN` `SETUID` `SETGID` `SETPCAP` `KILL` `DAC_READ_SEARCH` in namespaces of its own | makes boxes, and nothing else |
//! | init, process 1 of a box | one run | the same, in the box | mounts, waits for the program, says how it ended, fetches files |
//! | program, process 2 | one run | nothing: the slot's user, no capability, two filters, no network | whatever it likes |
//!
//! The **warden** is this executable again (`/proc/self/exe`, or `minos-warden`), because nothing may
//! be cloned out of the node's threads and memory. It leaves the host once: mount, network, IPC and
//! UTS namespaces; a tree of a few read-only mounts of the host on a tmpfs (`warden/template.rs`)
//! with `pivot_root`; the filter; no bounding set. Copying a mount namespace costs per mount, and
//! a network namespace costs half a millisecond: that is why both are made here, not per run. Where
//! `SYS_ADMIN` is missing, a user namespace gives it, and the rest is the same.
//!
//! A **box** is new for every run: PID, IPC and mount namespace, tmpfs at `/w` and `/tmp`, `/proc`,
//! and control groups that are new or reset and shown empty. It is destroyed by dropping its mounts,
//! never by walking what a program has written. One run, walked through:
//!
//! 1. *Ahead*, by the housekeeping thread on other cores: a group, a socket pair and two pipes are
//!    made; the warden clones init, sharing its memory; init mounts, enters the v1 groups (an attach
//!    waits 7-20 ms for an RCU grace period on an idle machine, so it is never on a run's way) and
//!    clones the program's process, into the v2 group. That one offers itself to the kernel's
//!    memory killer, makes `/proc` read-only, gives up everything, and waits for a message. The
//!    filter and its listener are the warden's, and inherited. Two such boxes stand ready.
//! 2. [`Warden::run`] takes one, writes its limits, and sends the job straight to the waiting process:
//!    arguments, environment, files, and descriptors (stdin and the executable are sealed memory
//!    files, opened for reading only). The process copies the files, sets the limits that depend on
//!    the job, stamps the clocks into a cell of shared memory, and execs.
//! 3. The slot's thread polls init's pidfd, the filter's listener, the cancellation and, now and
//!    then, the pipes; in between it sleeps until the earliest moment a limit can have been reached
//!    ([`watchdog::next_look`]), reads the counters and asks [`watchdog::decide`]. It sits on the
//!    program's own core: waking there preempts the program, which brings its CPU counter up to date
//!    (from any other core it is up to a tick, 4 ms, old). A kill is recorded before it is sent, and
//!    is the death of init, which takes the PID namespace with it.
//! 4. When process 2 ends, init writes its status into the cell, kills what is left, sends the files
//!    that were asked for (`openat2` beneath `/w`, no links, as the program's user) and ends.
//! 5. The pidfd is readable when nothing of the box is alive. The counters are read once more, and
//!    [`watchdog::conclude`] makes the one cause. The housekeeping thread resets the groups.
//!
//! Every step that fails reports its name and errno ([`SetupStep`]) through the cell or the warden's
//! socket; every wait of the node's has a deadline. A warden that dies takes its boxes along
//! (`PR_SET_PDEATHSIG`), its run is an error, and the next run gets a new warden. Init shares the
//! warden's memory, and the program's process shares it until exec: from birth to exec they make
//! system calls by instruction and nothing else (`sys/raw.rs`).
//!
//! # What is measured, and how exactly
//!
//! *CPU time* is the scheduler's sum (not sampled at ticks) of every process of the run, orphans
//! included: the group's on v2, hybrid and v1; on the rootless level what init has waited for, where
//! only children that their parents ignore (`SIGCHLD` ignored) are missing.
//! *Memory* is the first process's own peak where that explains what was charged to the group, and
//! else the group's peak, which the kernel counts in steps of 64 pages a core (the same program reads
//! up to 0.5 MiB apart by it, up to 0.12 by its own). A process's peak begins with that of the memory it was
//! born in, which is the warden's: that is kept near 1 MiB (`sys/slim.rs`),
//! and nobody is told less. Files of a box are its memory: the memory limit, where it is lower than the
//! output limit, is what a memory file or shared memory hits; else a single file hits the output
//! limit first, as any file does. On the rootless level memory is looked at and a peak between two
//! looks may be missed.
//!
//! What is *not* promised: `SPEC_ALLOW` leaves a side-channel mitigation off for programs; machines
//! that judge should do nothing else. Locks on files are granted and not made
//! (`cluster-config/seccomp`).
//!
//! # What it costs
//!
//! Microseconds on a 2-core virtual machine (kernel 6.18, hybrid groups), an empty static program:
//! the least and, in brackets, the first quartile of 1,000 runs beside foreign load; a bare
//! `posix_spawn` and wait took 400 (420) in the same minutes.
//!
//! | step of a run | us | why |
//! |---|---|---|
//! | take a box, write its limits | 2 (3) | three writes to files that are kept open |
//! | job sent, until exec | 16 (33) | one wake on the same core, four rlimits |
//! | exec, until init has seen the end | 363 (420) | the program; nothing of ours |
//! | init's end, until the node wakes | 19 (42) | its memory is the warden's, its mounts are held by the node: both are torn down elsewhere |
//! | counters, cause | 15 (30) | eight reads of files that are kept open |
//! | *all of it* | 451 (520) | ratio of the medians on a quiet minute: 1.19 |
//!
//! Two slots on two cores are bound by CPU time, whoever spends it: 1.5 ms for one box from beginning
//! to end, the program's own 0.5 ms included (sampled with `perf` over 5,000 boxes, which adds a fifth
//! by itself and was taken off in proportion).
//!
//! | where one box's CPU time goes | us | why |
//! |---|---|---|
//! | the program: exec, page faults, its end | 530 | a bare spawn pays 600 to 700 for the same and its `fork` |
//! | births of init and program | 160 | 75 of it new namespaces: IPC 40, copy of the mounts 20 |
//! | mounts | 80 | two tmpfs and `/proc`, and that read-only |
//! | exec's part before the program, init's end, its waiting | 115 | |
//! | entering two v1 groups | 30 | ahead: it would wait on an idle machine |
//! | user, rights, limits, descriptors | 110 | each once for each box, nothing twice |
//! | housekeeping thread: the old mount namespace | 110 | not on the run's way |
//! | housekeeping thread: sockets, pipes, counters, groups as new | 95 | ten counters are read between two runs |
//! | slot's thread | 80 | job, waiting, nine counters |
//! | the kernel's own threads | 120 | RCU for the mount namespace, freeing of the IPC namespace |
//!
//! One filter for each warden instead of one for each box (compiling it, its listener and its end were
//! 7 %), and half as many counters read: 1.79 ms before, 1.58 after (medians of three, in turns, on a
//! quiet machine). One mount with the devices instead of five and constant limits in the warden came
//! after that and were not measured apart. After that the mappings of a warden were joined where they
//! are idle (`sys/slim.rs`; 738 to 192 for `minos`, of which the kernel had walked all at each end of an
//! init, 100 us): a judging's overhead without the kernel's threads went from 73-76 to 69-74 ms for 50
//! boxes, and from 123-140 to 115-118 ms for 100 (two runs each, in turns).
//!
//! `minos bench`, three times in a row on that machine with nothing else to do: ratio of the medians
//! 1.10, 1.26 and 1.20; boxed after idleness (p95) 1.41, 1.49 and 1.47 times bare (p50); two in
//! parallel 0.49, 0.44 and 0.46 of bare's runs per second; a CPU limit of 100 ms overshot by 0.71, 0.72
//! and 0.59 ms (p99). `minos bench --soak 100000`, two slots, 1,314 runs a second: processes 12 and
//! 12, mounts 31 and 31, groups 27 and 27, dying ones 621 and 616 (of the whole machine), descriptors
//! 192 and 192, resident 9,796 and 9,916 KiB at the beginning and at the end. `cargo xtask neighbours`:
//! none of 148 hostile programs moved the medians of the runs beside and after it by 1 ms or 64 KiB,
//! or was late by more than 100 ms.
//!
//! Sharing the warden's memory with init (instead of a plain fork) took 250 us of CPU off each run and
//! 100 us off its end; dropping the bounding set once in the warden instead of in each box 70 us;
//! letting the preparation preempt ordinary programs brought the median beside two busy compilers
//! from 8.4 ms to 1.4 ms.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("minos-sandbox works on Linux on x86-64 only");

pub mod bench;
mod blob;
pub mod cgroup;
pub mod doctor;
mod error;
mod sandbox;
pub mod seccomp;
mod slot;
pub mod soak;
mod spec;
mod sys;
mod times;
mod warden;
pub mod watchdog;

pub use blob::Blob;
pub use error::{SandboxError, SetupStep};
pub use sandbox::{CorePolicy, Sandbox, SandboxConfig, open_files, reap};
pub use slot::cores::physical_cores;
pub use slot::handover::{Conversation, Speaker};
pub use slot::spawn::{announce_warden_verb, warden_main};
pub use slot::warden::{Canceller, Warden};
pub use spec::{Bind, BoxFile, Collect, Program, Run, RunRequest, Sink, Stdin, Template};
pub use times::{BOUNDS as BOX_TIME_BOUNDS, BoxTimes, Tally};
