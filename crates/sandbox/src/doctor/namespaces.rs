//! Rights, namespaces, mounts and filters: tried where trying is possible without a trace.

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::{Finding, State};

/// The capabilities a node uses, by number and name; without the first three there is no box.
const CAPABILITIES: [(u32, &str, &str); 7] = [
    (21, "SYS_ADMIN", "namespaces, mounts"),
    (7, "SETUID", "the slot's own user"),
    (6, "SETGID", "the slot's own group"),
    (5, "KILL", "ending a box"),
    (8, "SETPCAP", "emptying the bounding set"),
    (2, "DAC_READ_SEARCH", "reading what the slot's user made"),
    (24, "SYS_RESOURCE", "keeping the kernel's memory killer off the box's init"),
];
/// How many of them nothing works without.
const NEEDED: usize = 3;

/// What this process may do.
#[derive(Debug, Default)]
pub(super) struct Rights {
    effective: u64,
    /// Unprivileged user namespaces are allowed, as far as settings tell.
    pub(super) user_namespaces: bool,
    user_namespace_detail: String,
}

impl Rights {
    pub(super) fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let effective =
            line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or_default();
        let (user_namespaces, user_namespace_detail) = user_namespace_settings();
        Self { effective, user_namespaces, user_namespace_detail }
    }

    fn has(&self, number: u32) -> bool {
        self.effective & (1 << number) != 0
    }

    /// Root's rights, or those of them that boxes are made with.
    pub(super) fn can_isolate(&self) -> bool {
        CAPABILITIES.iter().take(NEEDED).all(|(number, _name, _use)| self.has(*number))
    }
}

/// What stands in the settings; a seccomp profile may still refuse.
fn user_namespace_settings() -> (bool, String) {
    let read = |path: &str| std::fs::read_to_string(path).map(|text| text.trim().to_owned()).ok();
    if !std::path::Path::new("/proc/self/ns/user").exists() {
        return (false, "the kernel was built without them".to_owned());
    }
    for (path, forbidden) in [
        ("/proc/sys/user/max_user_namespaces", "0"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
    ] {
        if read(path).as_deref() == Some(forbidden) {
            return (false, format!("{path} is {forbidden}"));
        }
    }
    (true, "allowed".to_owned())
}

/// Which capabilities are there.
pub(super) fn capabilities(rights: &Rights) -> Finding {
    const NAME: &str = "capabilities";
    const WHY: &str = "a box is made with them and the program in it has none";
    let missing: Vec<String> = CAPABILITIES
        .iter()
        .filter(|(number, _name, _use)| !rights.has(*number))
        .map(|(_number, name, what)| format!("{name} ({what})"))
        .collect();
    if missing.is_empty() {
        return Finding::ok(NAME, WHY, "all that are used");
    }
    let found = Finding::ok(NAME, WHY, format!("without {}", missing.join(", ")));
    if !rights.can_isolate() {
        let how = "run as root, or in a container: --cap-add with SYS_ADMIN, SETUID, SETGID, KILL, \
                   SETPCAP and DAC_READ_SEARCH";
        let state = if rights.user_namespaces { State::Warn } else { State::Missing };
        return found.but(state, how);
    }
    // Optional: boxes put their programs first in the killer's line instead.
    let only_optional = missing.iter().all(|name| name.starts_with("SYS_RESOURCE"));
    if only_optional { found } else { found.but(State::Warn, "give it the capabilities named") }
}

/// Whether a user without rights could make a box.
pub(super) fn user_namespaces(rights: &Rights) -> Finding {
    const NAME: &str = "user namespaces";
    const WHY: &str = "without root's rights they are the only way to make a box";
    let found = Finding::ok(NAME, WHY, rights.user_namespace_detail.clone());
    if rights.user_namespaces || rights.can_isolate() {
        return found;
    }
    found.but(
        State::Missing,
        "sudo sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 \
         kernel.apparmor_restrict_unprivileged_userns=0",
    )
}

/// Mounts a tmpfs in namespaces of a thread that ends with them.
pub(super) fn mounts(rights: &Rights) -> Finding {
    const NAME: &str = "namespaces";
    const WHY: &str = "every run gets file systems, processes, IPC and a network of its own";
    if !rights.can_isolate() {
        let detail = "not tried without root's rights; user namespaces would give them";
        return Finding::ok(NAME, WHY, detail);
    }
    let tried = std::thread::spawn(try_mounts).join();
    match tried.unwrap_or(Err(("thread", Errno::UnknownErrno))) {
        Ok(()) => Finding::ok(NAME, WHY, "mount, IPC, UTS and network, with a tmpfs in them"),
        Err((step, errno)) => Finding::ok(NAME, WHY, format!("{step}: {errno}")).but(
            State::Missing,
            "in a container the default seccomp profile refuses this: use deploy/'s profile, and \
             --cap-add SYS_ADMIN",
        ),
    }
}

fn try_mounts() -> Result<(), (&'static str, Errno)> {
    let step = |name: &'static str| move |errno: Errno| (name, errno);
    let all = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWNET;
    unshare(all).map_err(step("unshare"))?;
    let none: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none).map_err(step("make / private"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("minos"), "/tmp", Some("tmpfs"), flags, Some("size=64k"))
        .map_err(step("mount a tmpfs"))?;
    umount2("/tmp", MntFlags::MNT_DETACH).map_err(step("unmount it"))
}

/// Installs the filter in a thread that ends with it.
pub(super) fn filters() -> Finding {
    const NAME: &str = "seccomp";
    const WHY: &str = "it keeps programs from calls that would reach out of the box, and names the \
                       call that ended a run";
    let program = crate::seccomp::filter(0);
    let how = crate::seccomp::Install { listener: true, speculation: false };
    let tried = std::thread::spawn(move || {
        nix::sys::prctl::set_no_new_privs()?;
        crate::seccomp::install(&program, how).map(close)
    });
    match tried.join().unwrap_or(Err(Errno::UnknownErrno)) {
        Ok(()) => Finding::ok(NAME, WHY, "filters with a listener"),
        Err(errno) => {
            let remedy = if errno == Errno::EBUSY {
                "a container runtime or supervisor listens to this process's calls already, and \
                 the kernel allows one listener: run minos outside of it"
            } else {
                "the kernel needs CONFIG_SECCOMP_FILTER, and a container must not forbid seccomp(2)"
            };
            Finding::ok(NAME, WHY, format!("cannot be installed: {errno}"))
                .but(State::Missing, remedy)
        }
    }
}

fn close(listener: Option<std::os::fd::RawFd>) {
    drop(listener.map(crate::sys::seccomp::own));
}
