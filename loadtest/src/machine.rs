//! What this machine is, for whoever reads a report.

use std::fs;

use serde::{Deserialize, Serialize};

/// This machine; null where the kernel does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: u64,
    pub(crate) model: Option<String>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) kernel: Option<String>,
    /// How the clock of the cores is governed.
    pub(crate) governor: Option<String>,
    /// Whether cores share an execution unit.
    pub(crate) smt: Option<bool>,
}

impl Machine {
    /// Looks at `/proc` and `/sys`.
    pub(crate) fn look() -> Self {
        let cores = std::thread::available_parallelism();
        Self {
            cores: cores.map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1)),
            model: field("/proc/cpuinfo", "model name"),
            memory_bytes: field("/proc/meminfo", "MemTotal").and_then(|text| {
                let kib = text.strip_suffix("kB")?.trim().parse::<u64>().ok()?;
                Some(kib * 1024)
            }),
            kernel: line("/proc/sys/kernel/osrelease"),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            smt: line("/sys/devices/system/cpu/smt/active").map(|text| text == "1"),
        }
    }

    /// In one line.
    pub(crate) fn in_words(&self) -> String {
        let mut words = vec![format!("{} cores", self.cores)];
        words.extend(self.model.clone());
        words.extend(self.memory_bytes.map(|bytes| format!("{} GiB", bytes >> 30)));
        words.extend(self.kernel.as_ref().map(|kernel| format!("Linux {kernel}")));
        words.extend(self.governor.as_ref().map(|governor| format!("governor {governor}")));
        words.extend(self.smt.map(|on| if on { "SMT on" } else { "SMT off" }.to_owned()));
        words.join(", ")
    }
}

/// The load average over the last minute.
pub(crate) fn load() -> f64 {
    let text = line("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?.trim().to_owned();
    if text.is_empty() { None } else { Some(text) }
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_described() {
        let machine = Machine::look();
        assert!(machine.cores > 0);
        assert!(machine.kernel.is_some());
        assert!(machine.memory_bytes.is_some_and(|bytes| bytes > 1 << 20));
        assert!(machine.in_words().contains("cores"));
    }
}
