//! How many physical cores this process may use: two threads of one core slow each other down, and
//! a contestant must not be measured beside another one on the same core.

use std::collections::BTreeSet;
use std::fs;

/// Physical cores among those this process may run on; at least one.
pub(crate) fn physical() -> u16 {
    let usable = std::thread::available_parallelism().map_or(1, usize::from);
    let siblings = (0..usable.max(1) * 4).filter_map(|cpu| {
        let dir = format!("/sys/devices/system/cpu/cpu{cpu}/topology");
        fs::read_to_string(format!("{dir}/thread_siblings_list"))
            .or_else(|_old_kernel| fs::read_to_string(format!("{dir}/core_cpus_list")))
            .ok()
    });
    count(siblings, usable)
}

/// Distinct sets of siblings, but never more than the process may use.
fn count(siblings: impl Iterator<Item = String>, usable: usize) -> u16 {
    let cores: BTreeSet<String> = siblings.map(|list| list.trim().to_owned()).collect();
    let cores = if cores.is_empty() { usable } else { cores.len().min(usable) };
    u16::try_from(cores).unwrap_or(u16::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lists: &[&str], usable: usize) -> u16 {
        count(lists.iter().map(|list| format!("{list}\n")), usable)
    }

    #[test]
    fn two_threads_of_a_core_are_one_core() {
        assert_eq!(of(&["0,2", "1,3", "0,2", "1,3"], 4), 2);
        assert_eq!(of(&["0", "1"], 2), 2);
    }

    #[test]
    fn there_are_never_more_cores_than_may_be_used_and_never_none() {
        assert_eq!(of(&["0", "1", "2", "3"], 2), 2);
        assert_eq!(of(&[], 3), 3);
        assert_eq!(of(&[], 0), 1);
        assert!(physical() >= 1);
    }
}
