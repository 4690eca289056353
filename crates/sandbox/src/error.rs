//! What can go wrong around a run that is not the program's doing.

use std::io;
use std::path::PathBuf;

use crate::cgroup::CgroupError;
use crate::watchdog::HostPressure;

/// A fault of the machine, of its configuration or of the request: never the contestant's.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A box, or the place boxes are made in, could not be built.
    #[error("box set-up failed at `{step}`{}: {} (hint: {hint})", named(.subject.as_deref()), io::Error::from_raw_os_error(*.errno))]
    Setup {
        /// Which step.
        step: SetupStep,
        /// Its errno.
        errno: i32,
        /// The path or the name the step was about, when it has one.
        subject: Option<String>,
        /// What to do about it.
        hint: String,
    },
    /// The control groups cannot be used.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The machine ran out of memory while the run was below its limit: try elsewhere.
    #[error(transparent)]
    HostPressure(#[from] HostPressure),
    /// The request cannot be carried out as it is written.
    #[error("run request: {field}: {problem}")]
    Request {
        /// Which part of the request.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The warden is dead; its boxes died with it. Make a new one.
    #[error("the warden of slot {slot} has ended: {reason}")]
    WardenGone {
        /// The slot.
        slot: u16,
        /// What was seen of it.
        reason: String,
    },
    /// Something that takes microseconds took seconds.
    #[error("{what} took longer than {seconds} s (is the machine overloaded?)")]
    Deadline {
        /// What was waited for.
        what: &'static str,
        /// How long, seconds.
        seconds: u64,
    },
    /// The executable that becomes the warden was not found.
    #[error(
        "no warden executable (looked at {looked_at}; hint: build it with `cargo build -p minos-sandbox --bins`)"
    )]
    NoWarden {
        /// The last place.
        looked_at: PathBuf,
    },
    /// A system call of the node's own failed.
    #[error("failed to {action}: {source}")]
    Os {
        /// What was tried.
        action: &'static str,
        /// The errno.
        source: io::Error,
    },
}

fn named(subject: Option<&str>) -> String {
    subject.map(|subject| format!(" of `{subject}`")).unwrap_or_default()
}

impl SandboxError {
    /// A failed call of the node's own.
    pub(crate) fn os(action: &'static str, source: impl Into<io::Error>) -> Self {
        Self::Os { action, source: source.into() }
    }

    /// A failed step of the warden, an init or a program's process.
    pub(crate) fn setup(step: SetupStep, errno: i32, subject: Option<String>) -> Self {
        Self::Setup { step, errno, subject, hint: step.hint(errno) }
    }

    /// A request that cannot be carried out.
    pub(crate) fn request(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Request { field, problem: problem.into() }
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $hint:literal;)+) => {
        /// A step of building a box. Each is reported by name, with its errno.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum SetupStep {
            $($(#[$doc])* $variant),+
        }

        impl SetupStep {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $hint),+ }
            }
        }
    };
}

steps! {
    /// The first message from the node.
    Handshake = "handshake", "the node and the warden are different builds; restart the node";
    /// Death with the parent.
    Parent = "parent-death", "the node has ended while the warden started";
    /// The user namespace of the rootless level.
    UserNamespace = "user-namespace", "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces), or run as root";
    /// New mount, network, IPC and UTS namespaces.
    Namespaces = "namespaces", "needs CAP_SYS_ADMIN, or a container whose seccomp profile allows unshare";
    /// No mount of ours reaches the host.
    PrivateMounts = "private-mounts", "needs CAP_SYS_ADMIN in its namespace";
    /// A host path that boxes see.
    OpenBind = "open-bind", "the path must exist on this machine and be readable by the node";
    /// Read-only, no set-user-id, no devices.
    BindAttributes = "bind-attributes", "needs Linux 5.12 or newer";
    /// The tree's own tmpfs.
    TemplateRoot = "template-root", "needs CAP_SYS_ADMIN in its namespace";
    /// A directory, link or file of the tree.
    TemplateEntry = "template-entry", "the path inside the box must be absolute and not a file's child";
    /// A host path put in its place.
    PlaceBind = "place-bind", "a directory can only be bound on a directory, a file on a file";
    /// The tree becomes the root.
    PivotRoot = "pivot-root", "the container's seccomp profile must allow pivot_root (deploy/ has one)";
    /// The warden's own capabilities.
    Capabilities = "capabilities", "the warden needs SYS_ADMIN, SETUID, SETGID, KILL";
    /// The filter that every process of a box inherits, with its listener.
    Filter = "filter", "needs seccomp filters with user notification (CONFIG_SECCOMP_FILTER, Linux 5.0 or newer), and no other listener";
    /// The memory shared with the node.
    SharedPage = "shared-page", "the machine is out of memory or of descriptors";
    /// The box's first process.
    CloneInit = "clone-init", "EAGAIN: raise the pids limit of the node's group or container";
    /// Death with the warden.
    InitParent = "init-parent-death", "the warden has ended";
    /// The tmpfs at `/w`.
    MountWork = "mount-work", "needs CAP_SYS_ADMIN in its namespace, Linux 5.10 or newer";
    /// The tmpfs at `/tmp`.
    MountTmp = "mount-tmp", "needs CAP_SYS_ADMIN in its namespace, Linux 5.10 or newer";
    /// A fresh `/proc`.
    MountProc = "mount-proc", "in a container without root, mask no path of /proc (systempaths=unconfined)";
    /// A bind below `/w` or `/tmp`.
    MountBind = "mount-bind", "a directory can only be bound on a directory, a file on a file";
    /// Init enters the box's v1 groups.
    Attach = "attach", "the v1 memory and pids hierarchies must be writable";
    /// The program's process.
    CloneProgram = "clone-program", "EAGAIN: raise the pids limit of the node's group or container";
    /// A session of its own.
    Session = "session", "unexpected; please report it with the kernel's version";
    /// An ordinary priority.
    Priority = "priority", "unexpected; please report it with the kernel's version";
    /// A constant resource limit.
    Rlimit = "rlimit", "unexpected; please report it with the kernel's version";
    /// stdout or stderr.
    Descriptors = "descriptors", "unexpected; please report it with the kernel's version";
    /// The bounding set.
    BoundingSet = "bounding-set", "needs CAP_SETPCAP";
    /// The slot's user.
    User = "user", "needs CAP_SETUID and CAP_SETGID";
    /// No capability left.
    DropCapabilities = "drop-capabilities", "unexpected; please report it with the kernel's version";
    /// No new privileges by exec.
    NoNewPrivileges = "no-new-privileges", "unexpected; please report it with the kernel's version";
    /// The working directory.
    WorkDirectory = "work-directory", "unexpected; please report it with the kernel's version";
    /// The message that says the box is ready.
    Ready = "ready", "the node has ended";
    /// The job's message.
    Job = "job", "the node has ended or sent a job it should have refused";
    /// A file of the job.
    File = "file", "the file must fit the box's /w and its memory limit, and its name must be free";
    /// The working directory made read-only.
    ReadOnly = "read-only", "unexpected; please report it with the kernel's version";
    /// A limit of the job.
    JobRlimit = "job-rlimit", "unexpected; please report it with the kernel's version";
    /// stdin or a descriptor of the job.
    JobDescriptors = "job-descriptors", "unexpected; please report it with the kernel's version";
    /// The program itself.
    Exec = "exec", "the program must exist in the box and be an executable for this machine (a script needs its interpreter in the box)";
}

impl SetupStep {
    /// Its number on the way between processes, from 1.
    pub(crate) const fn number(self) -> u32 {
        self as u32 + 1
    }

    /// The step with this number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// What to do about it.
    pub(crate) fn hint(self, errno: i32) -> String {
        match (self, errno) {
            (Self::Exec, libc::ENOENT) => {
                "there is no such file in the box (or its interpreter is missing); bind it".into()
            }
            (Self::Exec, libc::EACCES) => "the file is not executable for the box's user".into(),
            (Self::Exec, libc::ENOEXEC) => "the file is not an executable of this machine".into(),
            _other => self.advice().to_owned(),
        }
    }
}

impl std::fmt::Display for SetupStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_number_that_leads_back_to_it() {
        for (index, step) in SetupStep::ALL.iter().enumerate() {
            assert_eq!(usize::try_from(step.number()).unwrap(), index + 1);
            assert_eq!(SetupStep::from_number(step.number()), Some(*step));
        }
        assert_eq!(SetupStep::from_number(0), None);
        assert_eq!(SetupStep::from_number(u32::MAX), None);
    }

    #[test]
    fn an_error_names_the_step_the_subject_the_errno_and_what_to_do() {
        let error = SandboxError::setup(SetupStep::OpenBind, libc::ENOENT, Some("/nowhere".into()));
        let text = error.to_string();
        for part in ["open-bind", "/nowhere", "No such file", "must exist"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
