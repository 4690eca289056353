//! CPU time of the node of a `minos up` on this machine: everything it and its wardens have used,
//! the programs they ran included, the broker left out.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Ticks per second in `/proc/<pid>/stat`; fixed by the kernel's interface on x86-64.
const TICKS: u64 = 100;

/// The process of a `minos up`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeCpu {
    pid: u32,
}

/// What is read of one process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    /// Its own ticks and those of its ended children.
    ticks: u64,
}

impl NodeCpu {
    /// The `minos up` that lives in a directory, when it is on this machine.
    pub(crate) fn of_directory(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join("nats/lock")).ok()?;
        let pid = text.trim().parse().ok()?;
        let stat = read(pid)?;
        (stat.name == "minos").then_some(Self { pid })
    }

    /// CPU time used so far; what boxes that are still running use is not in it yet.
    pub(crate) fn used(self) -> Option<Duration> {
        let mut ticks = read(self.pid)?.ticks;
        for entry in fs::read_dir("/proc").ok()? {
            let Some(pid) = entry.ok()?.file_name().to_str().and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let Some(stat) = read(pid) else { continue };
            if stat.parent == self.pid && stat.name != "nats-server" {
                ticks += stat.ticks;
            }
        }
        Some(Duration::from_millis(ticks * 1_000 / TICKS))
    }
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
    let mut ticks = 0_u64;
    for field in fields.skip(9).take(4) {
        ticks += field.parse::<u64>().ok()?;
    }
    Some(Stat { name, parent, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_a_strange_name_is_read() {
        let text = "7 (a) b) S 3 7 7 0 -1 4194560 100 0 0 0 10 20 300 4000 20 0 1 0 5 6 7";
        let expected = Stat { name: "a) b".to_owned(), parent: 3, ticks: 4_330 };
        assert_eq!(parse(text), Some(expected));
    }

    #[test]
    fn this_process_can_be_read() {
        let stat = read(std::process::id()).unwrap();
        assert!(stat.parent > 0);
    }
}
