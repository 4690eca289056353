//! Where the hierarchies are mounted and where in them this process stands, from
//! `/proc/self/mountinfo` *and* `/proc/self/cgroup`: either alone is wrong in containers, where a
//! path may count from the namespace's root while the mount shows the host's tree.

use std::path::{Path, PathBuf};

/// The hierarchies that can be seen.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    hierarchies: Vec<Hierarchy>,
}

/// One mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// `None` for the unified one (v2), else the v1 controllers (or `name=...`) mounted together.
    controllers: Option<Vec<String>>,
    /// Where it is mounted.
    pub(super) mount: PathBuf,
    /// The directory of this process's own group below the mount, when the mount shows it.
    pub(super) own: Option<PathBuf>,
}

impl Mounts {
    /// Reads both files; what cannot be read is not there.
    pub(super) fn read() -> Self {
        let mountinfo = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::parse(&mountinfo, &own)
    }

    fn parse(mountinfo: &str, own: &str) -> Self {
        let hierarchies =
            mountinfo.lines().filter_map(|line| Hierarchy::parse(line, own)).collect();
        Self { hierarchies }
    }

    /// The unified hierarchy.
    pub(super) fn unified(&self) -> Option<&Hierarchy> {
        self.hierarchies.iter().find(|it| it.controllers.is_none())
    }

    /// The v1 hierarchy of a controller.
    pub(super) fn v1(&self, controller: &str) -> Option<&Hierarchy> {
        self.hierarchies.iter().find(|it| {
            it.controllers.as_ref().is_some_and(|all| all.iter().any(|name| name == controller))
        })
    }
}

impl Hierarchy {
    /// `36 35 98:0 /root /mount options - cgroup source super,options`.
    fn parse(line: &str, own: &str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, mount) = (unescape(fields.next()?), unescape(fields.next()?));
        let mut filesystem = filesystem.split(' ');
        let controllers: Option<Vec<String>> = match filesystem.next()? {
            "cgroup2" => None,
            "cgroup" => Some(filesystem.nth(1)?.split(',').map(str::to_owned).collect()),
            _ => return None,
        };
        let mine = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (names, path) = (parts.next()?, parts.next()?);
            let same = match &controllers {
                None => names.is_empty(),
                Some(all) => names.split(',').any(|name| all.iter().any(|it| it == name)),
            };
            same.then_some(path)
        });
        let mount = PathBuf::from(mount);
        let own = mine.and_then(|path| below(&mount, &root, path));
        Some(Self { controllers, mount, own })
    }
}

/// The directory below `mount`, which shows the hierarchy from `root` on, of the group `path`.
fn below(mount: &Path, root: &str, path: &str) -> Option<PathBuf> {
    // A root of `/..` is a mount from outside of this process's cgroup namespace: where in it the
    // own group lies cannot be known.
    let rest = Path::new(path).strip_prefix(root).ok()?;
    Some(mount.join(rest))
}

/// The kernel writes space, tab, newline and backslash as octal.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[track_caller]
    fn own(mounts: &Mounts, controller: Option<&str>) -> Option<String> {
        let found = match controller {
            None => mounts.unified(),
            Some(name) => mounts.v1(name),
        };
        found.expect("mounted").own.as_ref().map(|path| path.display().to_string())
    }

    #[test]
    fn each_hierarchy_has_its_own_path() {
        let groups = "4:memory:/agent/1\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/user.slice";
        let mounts = Mounts::parse(HYBRID, groups);
        assert_eq!(own(&mounts, Some("memory")).as_deref(), Some("/sys/fs/cgroup/memory/agent/1"));
        assert_eq!(own(&mounts, Some("cpuacct")).as_deref(), Some("/sys/fs/cgroup/cpu,cpuacct/"));
        assert_eq!(own(&mounts, None).as_deref(), Some("/sys/fs/cgroup/unified/user.slice"));
        assert!(mounts.v1("pids").is_none());
    }

    #[test]
    fn a_mount_that_shows_a_part_of_the_tree_is_counted_from_there() {
        let line = "9 8 0:7 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw";
        for (path, expected) in [
            ("0::/docker/abc", Some("/sys/fs/cgroup/")),
            ("0::/docker/abc/leaf", Some("/sys/fs/cgroup/leaf")),
            ("0::/docker/other", None),
            ("0::/", None),
        ] {
            let mounts = Mounts::parse(line, path);
            assert_eq!(own(&mounts, None).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_mount_from_outside_of_the_namespace_shows_no_own_group() {
        let line = "9 8 0:7 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw";
        assert_eq!(own(&Mounts::parse(line, "0::/"), None), None);
    }

    #[test]
    fn spaces_in_paths_are_read_back() {
        let line = "9 8 0:7 / /mnt/a\\040b rw - cgroup2 cgroup rw";
        assert_eq!(own(&Mounts::parse(line, "0::/x"), None).as_deref(), Some("/mnt/a b/x"));
    }
}
