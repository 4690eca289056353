//! What this machine can isolate and measure, what is missing, why it matters, and what to type.
//!
//! Everything that can be tried is tried (a group is made and removed, a file system mounted in a
//! mount namespace of a thread of its own, a filter installed in another), because versions and
//! settings lie in containers.

mod kernel;
mod machine;
mod namespaces;
mod tools;

use std::fmt;

use minos_model::Isolation;

use crate::cgroup::{CgroupError, Level, ProbeConfig};

/// How a finding bears on judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// As it should be.
    Ok,
    /// Judging works, but something is less exact or less safe.
    Warn,
    /// Something cannot be done at all.
    Missing,
}

impl State {
    /// `ok`, `warn` or `missing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two: `kernel`, `cgroups`.
    pub name: &'static str,
    /// How it bears on judging.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to type or to change; `None` when nothing needs to be done.
    pub remedy: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, why: &'static str, detail: impl Into<String>) -> Self {
        Self { name, state: State::Ok, detail: detail.into(), why, remedy: None }
    }

    fn but(self, state: State, remedy: impl Into<String>) -> Self {
        Self { state, remedy: Some(remedy.into()), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{:<17}{}", self.state, self.name, self.detail)?;
        if self.state == State::Ok {
            return Ok(());
        }
        write!(f, "\n{:25}why: {}", "", self.why)?;
        self.remedy.iter().try_for_each(|remedy| write!(f, "\n{:25}do:  {remedy}", ""))
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// In a fixed order, one per thing looked at.
    pub findings: Vec<Finding>,
    /// What runs would be isolated by; the error is one sentence with what to type.
    pub isolation: Result<Isolation, String>,
}

impl Findings {
    /// The worst of all states: `Missing` when nothing can be isolated here.
    #[must_use]
    pub fn state(&self) -> State {
        let worst = self.findings.iter().map(|finding| finding.state).max();
        if self.isolation.is_err() { State::Missing } else { worst.unwrap_or(State::Ok) }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        match &self.isolation {
            Ok(isolation) => write!(f, "runs are isolated and measured by {isolation}"),
            Err(reason) => write!(f, "no run can be isolated here: {reason}"),
        }
    }
}

/// Looks at everything. Takes about 20 ms; leaves nothing behind.
#[must_use]
pub fn examine() -> Findings {
    let rights = namespaces::Rights::read();
    let level = Level::probe(&ProbeConfig::default());
    let (mounts, filters) = (namespaces::mounts(&rights), namespaces::filters());
    let blocked = [&mounts, &filters].iter().any(|finding| finding.state == State::Missing);
    let isolation = choose(&rights, &level, blocked);
    let mut findings = vec![
        kernel::version(),
        namespaces::capabilities(&rights),
        namespaces::user_namespaces(&rights),
        mounts,
        filters,
        groups(&level),
    ];
    findings.extend(machine::examine(level.as_ref().ok()));
    findings.extend(tools::examine());
    Findings { findings, isolation }
}

/// The level a sandbox would be opened at.
fn choose(
    rights: &namespaces::Rights,
    level: &Result<Level, CgroupError>,
    blocked: bool,
) -> Result<Isolation, String> {
    if !rights.can_isolate() && !rights.user_namespaces {
        return Err(NEITHER.to_owned());
    }
    if blocked && rights.can_isolate() {
        return Err("file systems cannot be mounted or filters not installed (see above); in a \
                    container start it with deploy/'s seccomp profile and capabilities"
            .to_owned());
    }
    match level {
        Ok(level) if rights.can_isolate() => Ok(level.isolation()),
        Ok(_) | Err(_) if rights.user_namespaces || rights.can_isolate() => Ok(Isolation::Rootless),
        Ok(_) | Err(_) => Err(NEITHER.to_owned()),
    }
}

const NEITHER: &str = "there are neither root's rights nor user namespaces; type `sudo minos ...`, \
                       or `sudo sysctl -w user.max_user_namespaces=15000 \
                       kernel.unprivileged_userns_clone=1`";

/// The groups, as the probe has found them.
fn groups(level: &Result<Level, CgroupError>) -> Finding {
    const NAME: &str = "cgroups";
    const WHY: &str = "they limit memory and processes of a whole run, children included, count \
                       its CPU time exactly and end it at once";
    let level = match level {
        Ok(level) => level,
        Err(error) => {
            let lacking = match error {
                CgroupError::OnlyRootless { reasons } | CgroupError::None { reasons } => {
                    reasons.join("; ")
                }
                CgroupError::File { .. }
                | CgroupError::Malformed { .. }
                | CgroupError::Level { .. }
                | CgroupError::StillPopulated { .. } => error.to_string(),
            };
            let detail = format!("{lacking}; runs are limited by rlimits and looking only");
            return Finding::ok(NAME, WHY, detail).but(
                State::Warn,
                "run as root; in a container: --cgroupns host -v /sys/fs/cgroup:/sys/fs/cgroup:rw; \
                 under systemd: Delegate=yes",
            );
        }
    };
    let bases: Vec<String> = level.bases().iter().map(|base| base.display().to_string()).collect();
    let found = Finding::ok(NAME, WHY, format!("{} in {}", level.isolation(), bases.join(", ")));
    match level.isolation() {
        Isolation::CgroupV2 => found,
        Isolation::CgroupHybrid | Isolation::CgroupV1 | Isolation::Rootless => found.but(
            State::Warn,
            "boot with systemd.unified_cgroup_hierarchy=1 for cgroup v2, which measures memory to \
             the page and kills a whole run at once",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_examined_and_every_complaint_says_what_to_do() {
        let findings = examine();
        assert!(findings.findings.len() >= 15);
        for finding in &findings.findings {
            assert_eq!(finding.remedy.is_some(), finding.state != State::Ok, "{finding:?}");
            assert!(!finding.detail.is_empty() && !finding.why.is_empty(), "{finding:?}");
        }
        let mut names: Vec<_> = findings.findings.iter().map(|finding| finding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), findings.findings.len());
        assert!(!findings.to_string().is_empty());
    }

    #[test]
    fn without_root_and_user_namespaces_nothing_can_be_isolated() {
        let mut rights = namespaces::Rights::default();
        let level = Err(CgroupError::None { reasons: Vec::new() });
        let reason = choose(&rights, &level, false).unwrap_err();
        assert!(reason.contains("neither root's rights nor user namespaces"), "{reason}");
        rights.user_namespaces = true;
        assert_eq!(choose(&rights, &level, true), Ok(Isolation::Rootless));
    }

    #[test]
    fn the_worst_finding_is_the_state_of_all() {
        let one = Finding::ok("a", "b", "c");
        let isolation = Ok(Isolation::CgroupV2);
        let mut findings = Findings { findings: vec![one.clone()], isolation };
        assert_eq!(findings.state(), State::Ok);
        findings.findings.push(one.but(State::Warn, "d"));
        assert_eq!(findings.state(), State::Warn);
        findings.isolation = Err(String::new());
        assert_eq!(findings.state(), State::Missing);
    }
}
