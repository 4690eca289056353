//! The tree that boxes see: a few read-only mounts of the host under a root of our own.
//!
//! Copying a mount namespace costs per mount, so there are few: the host's directories, the root, and
//! one with the devices (or one for each of them, where nodes cannot be made). Small files of `/etc` are copied, and who lives on this machine is nobody's
//! business: `/etc/passwd` and `/etc/group` are made up.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::protocol::{At as _, Failure};
use crate::SetupStep;
use crate::spec::Bind;
use crate::sys::raw;

/// Device nodes that programs get, each with its minor number; their major number is 1.
const DEVICES: [(&str, u64); 5] =
    [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)];
/// Links in `/dev`.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("shm", "/tmp"),
];
/// Files of `/etc` up to this size are copied, larger ones bound.
const COPIED: u64 = 1 << 20;
/// Where binds below `/w` and `/tmp` wait for the box's own tmpfs; programs cannot enter it.
const STAGED: &str = "/.staged";
/// Where the rootless level keeps the host's `/proc` until init has mounted its own.
pub(crate) const OLD_PROC: &std::ffi::CStr = c"/.proc";

/// A bind that init puts in place after it has mounted the box's tmpfs.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Where it waits.
    pub from: CString,
    /// Directories to make on the way, outermost first.
    pub parents: Vec<CString>,
    /// Its place.
    pub to: CString,
    /// Whether it is a directory.
    pub directory: bool,
}

/// A host path that has been taken hold of.
struct Taken {
    tree: i32,
    inside: PathBuf,
    directory: bool,
}

/// What is made of a bind.
enum Entry {
    Link(PathBuf, PathBuf),
    Copy(PathBuf, Vec<u8>),
    Mount(Taken),
}

/// Builds the tree, makes it this process's root and detaches everything else.
pub(crate) fn build(binds: &[Bind], uid: u32, rootless: bool) -> Result<Vec<Staged>, Failure> {
    raw::mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None)
        .at(SetupStep::PrivateMounts)?;
    // Every source is opened before anything is covered.
    let mut entries = Vec::new();
    for bind in binds {
        entries.push(take(bind)?);
    }
    let old_proc = if rootless {
        Some(raw::open_tree(c"/proc").about(SetupStep::OpenBind, "/proc")?)
    } else {
        None
    };
    // Any directory will do to build in: the mounts are this process's own.
    let base = ["/tmp", "/run", "/mnt", "/usr"].iter().map(Path::new).find(|path| path.is_dir());
    let base = base.ok_or(Failure::new(SetupStep::TemplateRoot, libc::ENOENT))?;
    let options = c"mode=0755,size=16m,nr_inodes=4096";
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    raw::mount(Some(c"minos"), &text(base)?, Some(c"tmpfs"), flags, Some(options))
        .at(SetupStep::TemplateRoot)?;
    let made = make_devices(base)?;
    if !made {
        for (device, _minor) in DEVICES {
            let path = Path::new("/dev").join(device);
            let attributes = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
            entries.push(Entry::Mount(grab(&path, &path, attributes)?));
        }
    }
    skeleton(base, uid)?;
    let mut staged = Vec::new();
    for entry in entries {
        place(base, entry, &mut staged)?;
    }
    if made {
        let flags = DEVICE_FLAGS | libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY;
        let at = text(&inside(base, Path::new("/dev")))?;
        raw::mount(None, &at, None, flags, None).about(SetupStep::TemplateEntry, "/dev")?;
    }
    if let Some(tree) = old_proc {
        let at = inside(base, Path::new("/.proc"));
        directory(&at, 0o700)?;
        raw::move_mount(tree, &text(&at)?).at(SetupStep::PlaceBind)?;
    }
    enter(base)?;
    Ok(staged)
}

/// What the mount with the devices forbids.
const DEVICE_FLAGS: u64 = libc::MS_NOSUID | libc::MS_NOEXEC;

/// Makes the device nodes in a file system of their own; whether this process may.
fn make_devices(base: &Path) -> Result<bool, Failure> {
    let dev = inside(base, Path::new("/dev"));
    directory(&dev, 0o755)?;
    let (at, options) = (text(&dev)?, c"mode=0755,size=64k,nr_inodes=64");
    raw::mount(Some(c"minos"), &at, Some(c"tmpfs"), DEVICE_FLAGS, Some(options))
        .about(SetupStep::TemplateEntry, "/dev")?;
    for (device, minor) in DEVICES {
        let kind = nix::sys::stat::SFlag::S_IFCHR;
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o666);
        let path = dev.join(device);
        let made = nix::sys::stat::mknod(&path, kind, mode, nix::sys::stat::makedev(1, minor));
        // Without CAP_MKNOD, or in a user namespace; then the host's are bound.
        if made.is_err() {
            raw::umount(&at, libc::MNT_DETACH).about(SetupStep::TemplateEntry, "/dev")?;
            return Ok(false);
        }
        let open_to_all = fs::Permissions::from_mode(0o666);
        fs::set_permissions(&path, open_to_all).about(SetupStep::TemplateEntry, device)?;
    }
    Ok(true)
}

/// Makes `base` the root.
fn enter(base: &Path) -> Result<(), Failure> {
    let step = SetupStep::PivotRoot;
    raw::chdir(&text(base)?).at(step)?;
    raw::pivot_root(c".", c".").at(step)?;
    raw::umount(c".", libc::MNT_DETACH).at(step)?;
    raw::chdir(c"/").at(step)?;
    let flags =
        libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    raw::mount(None, c"/", None, flags, None).at(step)?;
    Ok(())
}

/// Opens what a bind names.
fn take(bind: &Bind) -> Result<Entry, Failure> {
    let shown = || bind.host.display().to_string();
    let link = fs::symlink_metadata(&bind.host).about(SetupStep::OpenBind, shown())?;
    // A link in the host's root (`/bin` -> `usr/bin`) stays a link.
    if link.is_symlink() && bind.host.parent() == Some(Path::new("/")) && bind.host == bind.inside {
        let target = fs::read_link(&bind.host).about(SetupStep::OpenBind, shown())?;
        return Ok(Entry::Link(bind.inside.clone(), target));
    }
    let file = fs::metadata(&bind.host).about(SetupStep::OpenBind, shown())?;
    if file.is_file() && file.len() <= COPIED && !bind.writable && bind.inside.starts_with("/etc") {
        let content = fs::read(&bind.host).about(SetupStep::OpenBind, shown())?;
        return Ok(Entry::Copy(bind.inside.clone(), content));
    }
    let read_only = if bind.writable { 0 } else { libc::MOUNT_ATTR_RDONLY };
    let attributes = read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    grab(&bind.host, &bind.inside, attributes).map(Entry::Mount)
}

fn grab(host: &Path, inside: &Path, attributes: u64) -> Result<Taken, Failure> {
    let shown = || host.display().to_string();
    let tree = raw::open_tree(&text(host)?).about(SetupStep::OpenBind, shown())?;
    raw::mount_setattr(tree, attributes).about(SetupStep::BindAttributes, shown())?;
    let directory = fs::metadata(host).about(SetupStep::OpenBind, shown())?.is_dir();
    Ok(Taken { tree, inside: inside.to_owned(), directory })
}

/// What is in every tree.
fn skeleton(base: &Path, uid: u32) -> Result<(), Failure> {
    nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    for path in ["/w", "/tmp", "/proc", "/dev", "/etc"] {
        directory(&inside(base, Path::new(path)), 0o755)?;
    }
    directory(&inside(base, Path::new(STAGED)), 0o700)?;
    for (name, target) in LINKS {
        let link = inside(base, &Path::new("/dev").join(name));
        symlink(target, &link).about(SetupStep::TemplateEntry, name)?;
    }
    let passwd = format!(
        "root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\nbox:x:{uid}:{uid}::/w:/bin/sh\n"
    );
    let group = format!("root:x:0:\nnogroup:x:65534:\nbox:x:{uid}:\n");
    file(&inside(base, Path::new("/etc/passwd")), passwd.as_bytes())?;
    file(&inside(base, Path::new("/etc/group")), group.as_bytes())
}

/// Puts one entry in its place, or where it waits for the box's tmpfs.
fn place(base: &Path, entry: Entry, staged: &mut Vec<Staged>) -> Result<(), Failure> {
    let taken = match entry {
        Entry::Link(at, target) => {
            let at = inside(base, &at);
            return symlink(target, &at).about(SetupStep::TemplateEntry, shown(&at));
        }
        Entry::Copy(at, content) => return file(&inside(base, &at), &content),
        Entry::Mount(taken) => taken,
    };
    let own = ["/w", "/tmp"].iter().any(|own| taken.inside.starts_with(own));
    let at = if own {
        let waiting = Path::new(STAGED).join(staged.len().to_string());
        staged.push(stage(&waiting, &taken)?);
        waiting
    } else {
        taken.inside.clone()
    };
    let at = inside(base, &at);
    if taken.directory {
        directory(&at, 0o755)?;
    } else if !at.exists() {
        file(&at, b"")?;
    }
    raw::move_mount(taken.tree, &text(&at)?).about(SetupStep::PlaceBind, shown(&taken.inside))?;
    // The descriptor has served; that it cannot be closed would change nothing.
    let _closed = raw::close(taken.tree);
    Ok(())
}

fn stage(waiting: &Path, taken: &Taken) -> Result<Staged, Failure> {
    let mut parents = Vec::new();
    for parent in taken.inside.ancestors().skip(1).filter(|path| path.components().count() > 2) {
        parents.insert(0, text(parent)?);
    }
    Ok(Staged {
        from: text(waiting)?,
        parents,
        to: text(&taken.inside)?,
        directory: taken.directory,
    })
}

fn inside(base: &Path, path: &Path) -> PathBuf {
    base.join(path.strip_prefix("/").unwrap_or(path))
}

/// Makes a directory that is not there; what is there may be the host's and is left as it is.
fn directory(path: &Path, mode: u32) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(mode).create(path).about(SetupStep::TemplateEntry, shown(path))?;
    let mode = fs::Permissions::from_mode(mode);
    fs::set_permissions(path, mode).about(SetupStep::TemplateEntry, shown(path))
}

fn file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        directory(parent, 0o755)?;
    }
    fs::write(path, content).about(SetupStep::TemplateEntry, shown(path))?;
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(path, mode).about(SetupStep::TemplateEntry, shown(path))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn text(path: &Path) -> Result<CString, Failure> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_nul| Failure::new(SetupStep::TemplateEntry, libc::EINVAL))
}
