//! What makes measured times and memory steady, or not.

use std::fs::read_to_string;

use minos_model::Isolation;

use super::{Finding, State};
use crate::cgroup::Level;

/// A setting of the kernel, without the newline.
fn setting(path: &str) -> Option<String> {
    read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// All of them, in the order of the report.
pub(super) fn examine(level: Option<&Level>) -> Vec<Finding> {
    vec![
        cores(),
        smt(setting("/sys/devices/system/cpu/smt/active").as_deref()),
        governor(setting("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").as_deref()),
        turbo(
            setting("/sys/devices/system/cpu/intel_pstate/no_turbo").as_deref(),
            setting("/sys/devices/system/cpu/cpufreq/boost").as_deref(),
        ),
        clock(
            setting("/sys/devices/system/clocksource/clocksource0/current_clocksource").as_deref(),
        ),
        swap(&read_to_string("/proc/swaps").unwrap_or_default(), level),
        huge_pages(setting("/sys/kernel/mm/transparent_hugepage/enabled").as_deref()),
        compaction(setting("/sys/kernel/mm/transparent_hugepage/defrag").as_deref()),
        randomisation(setting("/proc/sys/kernel/randomize_va_space").as_deref()),
        cores_dumped(setting("/proc/sys/kernel/core_pattern").as_deref()),
        hard_links(setting("/proc/sys/fs/protected_hardlinks").as_deref()),
    ]
}

fn cores() -> Finding {
    const WHY: &str = "preparing boxes and watching runs wants a core that runs do not use";
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let found = Finding::ok("cores", WHY, count.to_string());
    if count > 1 { found } else { found.but(State::Warn, "judge on a machine with two or more") }
}

fn smt(active: Option<&str>) -> Finding {
    const WHY: &str = "a run on one half of a core is slowed by what runs on the other, by a third \
                       and more";
    match active {
        Some("1") => Finding::ok("smt", WHY, "on").but(
            State::Warn,
            "echo off | sudo tee /sys/devices/system/cpu/smt/control, or one slot per whole core",
        ),
        Some(_) => Finding::ok("smt", WHY, "off"),
        None => Finding::ok("smt", WHY, "not visible (a virtual machine hides it)"),
    }
}

fn governor(name: Option<&str>) -> Finding {
    const WHY: &str = "a core that is clocked down makes the same program slower";
    match name {
        None => Finding::ok("governor", WHY, "none (the host decides)"),
        Some("performance") => Finding::ok("governor", WHY, "performance"),
        Some(other) => Finding::ok("governor", WHY, other).but(
            State::Warn,
            "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
        ),
    }
}

fn turbo(no_turbo: Option<&str>, boost: Option<&str>) -> Finding {
    const WHY: &str = "how fast a core is then depends on how busy the others are";
    match (no_turbo, boost) {
        (Some("0"), _) => Finding::ok("turbo", WHY, "on")
            .but(State::Warn, "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"),
        (_, Some("1")) => Finding::ok("turbo", WHY, "on")
            .but(State::Warn, "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"),
        (None, None) => Finding::ok("turbo", WHY, "not visible (the host decides)"),
        _ => Finding::ok("turbo", WHY, "off"),
    }
}

fn clock(source: Option<&str>) -> Finding {
    const WHY: &str = "the clock is read at every look at a run";
    let source = source.unwrap_or("unknown");
    let found = Finding::ok("clock source", WHY, source);
    match source {
        "hpet" | "acpi_pm" | "jiffies" => {
            found.but(State::Warn, "boot with clocksource=tsc if the processor's is steady")
        }
        _ => found,
    }
}

fn swap(swaps: &str, level: Option<&Level>) -> Finding {
    const WHY: &str = "memory that is swapped out does not count, and coming back takes time";
    let devices = swaps.lines().skip(1).filter(|line| !line.trim().is_empty()).count();
    if devices == 0 {
        return Finding::ok("swap", WHY, "off");
    }
    let found = Finding::ok("swap", WHY, format!("on ({devices} devices)"));
    // On v2 every box is forbidden to swap; on v1 where the kernel accounts for it.
    let forbidden = level.is_some_and(|level| match level.isolation() {
        Isolation::CgroupV2 => true,
        Isolation::CgroupHybrid | Isolation::CgroupV1 => {
            level.bases().iter().any(|base| base.join("memory.memsw.limit_in_bytes").exists())
        }
        Isolation::Rootless => false,
    });
    if forbidden {
        let detail = format!("on ({devices} devices), but not for boxes");
        return Finding::ok("swap", WHY, detail);
    }
    found.but(State::Warn, "sudo swapoff -a, or boot with swapaccount=1")
}

fn huge_pages(enabled: Option<&str>) -> Finding {
    const WHY: &str = "memory then grows in steps of 2 MiB, and differently from run to run";
    match enabled {
        Some(text) if text.contains("[always]") => Finding::ok("huge pages", WHY, "always").but(
            State::Warn,
            "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
        ),
        Some(text) if text.contains("[madvise]") => Finding::ok("huge pages", WHY, "on request"),
        Some(_) => Finding::ok("huge pages", WHY, "never"),
        None => Finding::ok("huge pages", WHY, "not built into the kernel"),
    }
}

fn compaction(defrag: Option<&str>) -> Finding {
    const NAME: &str = "compaction";
    const WHY: &str = "a page fault then waits until the kernel has put a huge page together, and \
                       the run is charged for it";
    match defrag {
        Some(text) if text.contains("[always]") => Finding::ok(NAME, WHY, "at every fault")
            .but(State::Warn, "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/defrag"),
        Some(_) => Finding::ok(NAME, WHY, "on request or beside"),
        None => Finding::ok(NAME, WHY, "not built into the kernel"),
    }
}

fn hard_links(protected: Option<&str>) -> Finding {
    const NAME: &str = "hard links";
    const WHY: &str = "with a writable bind a program could otherwise give a name of its own to a \
                       file that is not its own";
    match protected {
        Some("0") => Finding::ok(NAME, WHY, "to anybody's files")
            .but(State::Warn, "sudo sysctl -w fs.protected_hardlinks=1"),
        Some(_) => Finding::ok(NAME, WHY, "to one's own files only"),
        None => Finding::ok(NAME, WHY, "unknown"),
    }
}

fn randomisation(value: Option<&str>) -> Finding {
    const WHY: &str = "addresses differ from run to run, and with them cache misses by a little";
    match value {
        Some("0") => Finding::ok("aslr", WHY, "off"),
        Some(level) => {
            Finding::ok("aslr", WHY, format!("on ({level}): times differ a little between runs"))
        }
        None => Finding::ok("aslr", WHY, "unknown"),
    }
}

fn cores_dumped(pattern: Option<&str>) -> Finding {
    const WHY: &str = "a piped core dump starts a program of the host for every crash, whatever the \
                       limits of the run, and delays its end";
    let pattern = pattern.unwrap_or("unknown");
    let found = Finding::ok("core dumps", WHY, format!("core_pattern is `{pattern}`"));
    if pattern.starts_with('|') {
        return found.but(State::Warn, "sudo sysctl -w kernel.core_pattern=core");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unsettles_measurements_is_a_warning() {
        let swaps = "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n";
        for (finding, state) in [
            (smt(Some("1")), State::Warn),
            (smt(Some("0")), State::Ok),
            (smt(None), State::Ok),
            (governor(Some("powersave")), State::Warn),
            (governor(Some("performance")), State::Ok),
            (governor(None), State::Ok),
            (turbo(Some("0"), None), State::Warn),
            (turbo(None, Some("1")), State::Warn),
            (turbo(Some("1"), None), State::Ok),
            (turbo(None, None), State::Ok),
            (clock(Some("hpet")), State::Warn),
            (clock(Some("kvm-clock")), State::Ok),
            (swap(swaps, None), State::Warn),
            (swap("Filename Type Size Used Priority\n", None), State::Ok),
            (huge_pages(Some("[always] madvise never")), State::Warn),
            (huge_pages(Some("always [madvise] never")), State::Ok),
            (huge_pages(Some("always madvise [never]")), State::Ok),
            (cores_dumped(Some("|/usr/lib/systemd/systemd-coredump %P")), State::Warn),
            (cores_dumped(Some("core")), State::Ok),
            (compaction(Some("[always] defer madvise never")), State::Warn),
            (compaction(Some("always defer [madvise] never")), State::Ok),
            (hard_links(Some("0")), State::Warn),
            (hard_links(Some("1")), State::Ok),
        ] {
            assert_eq!(finding.state, state, "{finding}");
            assert_eq!(finding.remedy.is_some(), state == State::Warn, "{finding}");
        }
    }
}
