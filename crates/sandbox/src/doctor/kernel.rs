//! The kernel's version, and what came with which.

use super::{Finding, State};

/// What a box needs or uses, with the version that brought it.
const GATES: [((u32, u32), &str); 8] = [
    ((5, 9), "close_range, clone3 into a group"),
    ((5, 10), "mounts that follow no symlinks"),
    ((5, 12), "mount_setattr"),
    ((5, 14), "cgroup.kill"),
    ((5, 19), "memory.peak"),
    ((6, 1), "pids.peak"),
    ((6, 12), "a peak that can be forgotten, so that groups are used again"),
    ((6, 15), "the end of a process asked of its pidfd"),
];
/// Below this nothing works.
const NEEDED: (u32, u32) = (5, 12);

/// The version, against what it lacks.
pub(super) fn version() -> Finding {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    judge(release.trim())
}

fn judge(release: &str) -> Finding {
    let found = Finding::ok("kernel", WHY, release);
    let Some(version) = parse(release) else {
        return found.but(State::Warn, "tell us what `uname -r` prints here");
    };
    let lacking: Vec<String> = GATES
        .iter()
        .filter(|(since, _what)| version < *since)
        .map(|((major, minor), what)| format!("{what} ({major}.{minor})"))
        .collect();
    if version < NEEDED {
        let detail = format!("{release} lacks {}", lacking.join(", "));
        return Finding { detail, ..found }.but(
            State::Missing,
            format!("install Linux {}.{} or newer; 6.1 has all that matters", NEEDED.0, NEEDED.1),
        );
    }
    if lacking.is_empty() {
        return found;
    }
    // What newer kernels add is speed or comfort.
    Finding { detail: format!("{release}, without {}", lacking.join(", ")), ..found }
}

const WHY: &str = "boxes are made of calls that older kernels do not have";

fn parse(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_judged_by_its_version() {
        for (release, state, expected) in [
            ("6.18.44-fc-v669", State::Ok, "6.18.44"),
            ("6.1.0-56-cloud-amd64", State::Ok, "without a peak that can be forgotten"),
            ("5.12.0", State::Ok, "without cgroup.kill (5.14)"),
            ("5.11.22", State::Missing, "lacks mount_setattr (5.12)"),
            ("4.19.0-21-amd64", State::Missing, "lacks close_range"),
            ("unknown", State::Warn, "unknown"),
        ] {
            let finding = judge(release);
            assert_eq!(finding.state, state, "{finding}");
            assert!(finding.detail.contains(expected), "{finding}");
        }
    }
}
