//! CPU time by part, for a `minos up` on this machine: the node, its wardens, what ran in boxes,
//! the broker, this generator, and the machine as a whole.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Microseconds in a tick of `/proc/<pid>/stat`; fixed by the kernel's interface on x86-64.
const TICK_US: u64 = 10_000;

/// CPU time used so far, in microseconds. What is still running in a box is not in it yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    /// The process of the node itself.
    pub(crate) node_us: u64,
    /// The processes that make boxes.
    pub(crate) wardens_us: u64,
    /// Everything that ran in boxes: compilers, checkers and programs, and the making of the box.
    pub(crate) boxes_us: u64,
    pub(crate) broker_us: u64,
    pub(crate) generator_us: u64,
    /// All processes of the machine, the kernel's included.
    pub(crate) machine_us: u64,
}

impl Used {
    /// What was used since an earlier look.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            node_us: self.node_us.saturating_sub(earlier.node_us),
            wardens_us: self.wardens_us.saturating_sub(earlier.wardens_us),
            boxes_us: self.boxes_us.saturating_sub(earlier.boxes_us),
            broker_us: self.broker_us.saturating_sub(earlier.broker_us),
            generator_us: self.generator_us.saturating_sub(earlier.generator_us),
            machine_us: self.machine_us.saturating_sub(earlier.machine_us),
        }
    }

    /// With what is known of programs and compilers themselves: the time of what is killed with its box
    /// is added to nobody's who waited for it, so that fewer seem to have run in boxes.
    pub(crate) const fn knowing(self, programs_us: u64) -> Self {
        let boxes_us = if self.boxes_us < programs_us { programs_us } else { self.boxes_us };
        Self { boxes_us, ..self }
    }

    /// Everything that judging takes, broker and generator left out.
    pub(crate) const fn judging_us(self) -> u64 {
        self.node_us + self.wardens_us + self.boxes_us
    }

    /// What none of the parts used: the kernel's own threads, and whatever else runs here.
    pub(crate) const fn other_us(self) -> u64 {
        let parts = self.judging_us() + self.broker_us + self.generator_us;
        self.machine_us.saturating_sub(parts)
    }
}

/// The process of a `minos up`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processes {
    pid: u32,
}

/// What is read of one process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    own_us: u64,
    /// Of its ended children, and theirs.
    children_us: u64,
}

impl Processes {
    /// The `minos up` that lives in a directory, when it is on this machine.
    pub(crate) fn of_directory(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join("nats/lock")).ok()?;
        let pid = text.trim().parse().ok()?;
        let stat = read(pid)?;
        (stat.name == "minos").then_some(Self { pid })
    }

    /// CPU time used so far; `None` when the process has gone.
    pub(crate) fn used(self) -> Option<Used> {
        let node = read(self.pid)?;
        let mut used = Used {
            node_us: node.own_us,
            wardens_us: 0,
            // Wardens that have been replaced.
            boxes_us: node.children_us,
            broker_us: 0,
            generator_us: read(std::process::id())?.own_us,
            machine_us: machine_us()?,
        };
        for pid in all() {
            let Some(stat) = read(pid).filter(|stat| stat.parent == self.pid) else { continue };
            if stat.name == "nats-server" {
                used.broker_us += stat.own_us;
            } else {
                used.wardens_us += stat.own_us;
                used.boxes_us += stat.children_us;
            }
        }
        Some(used)
    }
}

/// Every process there is.
fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Busy time of all cores.
fn machine_us() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut fields = text.lines().next()?.split_whitespace().skip(1);
    let mut ticks = 0;
    // user, nice, system, idle, iowait, irq, softirq: the fourth and the fifth are no work.
    for (place, field) in fields.by_ref().take(7).enumerate() {
        if place != 3 && place != 4 {
            ticks += field.parse::<u64>().ok()?;
        }
    }
    Some(ticks * TICK_US)
}

/// What this process and its ended children have used.
pub(crate) fn own_and_children_us() -> Option<u64> {
    let stat = read(std::process::id())?;
    Some(stat.own_us + stat.children_us)
}

fn read(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(text: &str) -> Option<Stat> {
    // The name may hold spaces and brackets: it ends at the last one.
    let (head, tail) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    // utime, stime, cutime, cstime are fields 14 to 17; the parent is field 4.
    let mut ticks = fields.skip(9).take(4).map(|field| field.parse::<u64>().ok());
    let mut two = || Some((ticks.next()?? + ticks.next()??) * TICK_US);
    Some(Stat { name, parent, own_us: two()?, children_us: two()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_a_strange_name_is_read() {
        let text = "7 (a) b) S 3 7 7 0 -1 4194560 100 0 0 0 10 20 300 4000 20 0 1 0 5 6 7";
        let name = "a) b".to_owned();
        let expected = Stat { name, parent: 3, own_us: 300_000, children_us: 43_000_000 };
        assert_eq!(parse(text), Some(expected));
    }

    #[test]
    fn this_process_and_this_machine_can_be_read() {
        let stat = read(std::process::id()).unwrap();
        assert!(stat.parent > 0);
        assert!(machine_us().unwrap() > 0);
    }

    #[test]
    fn what_no_part_used_is_other() {
        let used = Used {
            node_us: 1,
            wardens_us: 2,
            boxes_us: 3,
            broker_us: 4,
            generator_us: 5,
            machine_us: 20,
        };
        assert_eq!((used.judging_us(), used.other_us()), (6, 5));
        // One more is known of: it was seen as the machine's alone.
        let known = used.knowing(4);
        assert_eq!((known.boxes_us, known.judging_us(), known.other_us()), (4, 7, 4));
        assert_eq!(used.knowing(3), used);
        assert_eq!(used.since(used).machine_us, 0);
    }
}
