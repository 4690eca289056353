//! System calls made by instruction, not through libc.
//!
//! Everything between the birth of a box's init and the program's exec is made of these: they touch
//! no thread-local `errno`, take no lock and allocate nothing, so they may run in a process that
//! shares its memory with its parent. Each returns the kernel's answer or its errno.

#![expect(clippy::cast_possible_truncation, reason = "this is 64 bits wide, see lib.rs")]
#![expect(clippy::cast_sign_loss, reason = "registers have no sign")]

use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// An errno, as the kernel returns it.
pub(crate) type Errno = i32;

/// One system call.
///
/// # Safety
/// The arguments are what the call's manual page asks for: pointers are valid for as long as the
/// kernel uses them.
pub(super) unsafe fn syscall(number: libc::c_long, args: [usize; 6]) -> Result<usize, Errno> {
    let answer: isize;
    let [a, b, c, d, e, f] = args;
    // SAFETY: the kernel's calling convention on x86-64: number in rax, arguments in rdi, rsi, rdx,
    // r10, r8, r9; it overwrites rcx and r11, and the caller vouches for the arguments.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => answer,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    // The kernel returns -4095..=-1 for an errno.
    match usize::try_from(answer) {
        Ok(value) => Ok(value),
        Err(_negative) => Err(Errno::try_from(answer.unsigned_abs()).unwrap_or(libc::EIO)),
    }
}

/// What this process's calls bring in their sixth argument to pass its own filter
/// ([`crate::seccomp`]); 0 before there is one.
static PASS: AtomicU64 = AtomicU64::new(0);

/// Draws the word that this process's calls, and those of all who share its memory, bring from now
/// on.
///
/// # Errors
/// The errno of `getrandom`.
pub(crate) fn draw_pass() -> Result<u64, Errno> {
    let mut word = [0_u8; 8];
    let args = [word.as_mut_ptr() as usize, word.len(), 0, 0, 0, 0];
    // SAFETY: the kernel writes at most `len` bytes to `word`; so few are never cut short.
    unsafe { syscall(libc::SYS_getrandom, args) }?;
    let word = u64::from_ne_bytes(word);
    PASS.store(word, Ordering::Relaxed);
    Ok(word)
}

/// The word.
pub(super) fn pass() -> usize {
    PASS.load(Ordering::Relaxed) as usize
}

/// A descriptor or another small signed number as the kernel's register holds it.
const fn word(value: i32) -> usize {
    value as isize as usize
}

fn small(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(-1)
}

fn pointer(text: Option<&CStr>) -> usize {
    text.map_or(0, |text| text.as_ptr() as usize)
}

/// Calls that take numbers only, or text that outlives them.
macro_rules! calls {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) = $nr:ident($($value:expr),*);)+) => {
        $($(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) -> Result<i32, Errno> {
            let mut args = [0_usize; 6];
            for (slot, value) in args.iter_mut().zip([$($value),*]) {
                *slot = value;
            }
            // SAFETY: the call takes numbers and pointers to text that is borrowed until it returns.
            unsafe { syscall(libc::$nr, args) }.map(small)
        })+
    };
}

calls! {
    /// Closes a descriptor.
    fn close(fd: i32) = SYS_close(word(fd));
    /// Closes the descriptors from `first` to `last`.
    fn close_between(first: i32, last: u32) = SYS_close_range(word(first), last as usize, 0);
    /// Marks every descriptor from `first` on as closed by exec.
    fn cloexec_from(first: i32) = SYS_close_range(word(first), u32::MAX as usize, libc::CLOSE_RANGE_CLOEXEC as usize);
    /// Makes `to` another name of `from`, closed by exec or not.
    fn dup3(from: i32, to: i32, flags: i32) = SYS_dup3(word(from), word(to), word(flags));
    /// A descriptor not below `least`, closed by exec.
    fn dup_above(fd: i32, least: i32) = SYS_fcntl(word(fd), word(libc::F_DUPFD_CLOEXEC), word(least));
    /// Lets a descriptor survive exec.
    fn keep_over_exec(fd: i32) = SYS_fcntl(word(fd), word(libc::F_SETFD), 0);
    /// `prctl` with number arguments.
    fn prctl(option: i32, a: usize, b: usize) = SYS_prctl(word(option), a, b);
    /// Makes this process the leader of a process group of its own.
    fn own_process_group() = SYS_setpgid(0, 0);
    /// The permission bits new files do not get.
    fn umask(mask: u32) = SYS_umask(mask as usize);
    /// Gives up supplementary groups.
    fn setgroups_none() = SYS_setgroups(0, 0);
    /// Real, effective and saved group.
    fn setresgid(gid: u32) = SYS_setresgid(gid as usize, gid as usize, gid as usize);
    /// Real, effective and saved user.
    fn setresuid(uid: u32) = SYS_setresuid(uid as usize, uid as usize, uid as usize);
    /// The user whose rights count for files.
    fn setfsuid(uid: u32) = SYS_setfsuid(uid as usize);
    /// The group whose rights count for files.
    fn setfsgid(gid: u32) = SYS_setfsgid(gid as usize);
    /// Sends a signal.
    fn kill(pid: i32, signal: i32) = SYS_kill(word(pid), word(signal));
    /// Changes the working directory.
    fn chdir(path: &CStr) = SYS_chdir(pointer(Some(path)));
    /// Makes a directory below `dir`.
    fn mkdirat(dir: i32, path: &CStr, mode: u32) = SYS_mkdirat(word(dir), pointer(Some(path)), mode as usize);
    /// Changes the permission bits of a file.
    fn chmod(path: &CStr, mode: u32) = SYS_chmod(pointer(Some(path)), mode as usize);
    /// Opens a file below `dir`.
    fn openat(dir: i32, path: &CStr, flags: i32, mode: u32) = SYS_openat(word(dir), pointer(Some(path)), word(flags), mode as usize);
    /// Mounts a file system or changes a mount.
    fn mount(source: Option<&CStr>, target: &CStr, kind: Option<&CStr>, flags: u64, data: Option<&CStr>)
        = SYS_mount(pointer(source), pointer(Some(target)), pointer(kind), flags as usize, pointer(data), pass());
    /// Removes a mount.
    fn umount(target: &CStr, flags: i32) = SYS_umount2(pointer(Some(target)), word(flags), 0, 0, 0, pass());
    /// Copies from one descriptor to another inside the kernel; the answer is a count of bytes.
    fn sendfile(to: i32, from: i32, most: u32) = SYS_sendfile(word(to), word(from), 0, most as usize);
    /// Leaves the process's namespaces of these kinds for new ones.
    fn unshare(flags: i32) = SYS_unshare(word(flags), 0, 0, 0, 0, pass());
    /// Makes `new` the root and puts the old one at `old`.
    fn pivot_root(new: &CStr, old: &CStr) = SYS_pivot_root(pointer(Some(new)), pointer(Some(old)));
    /// A detached copy of the mounts at `path`, closed by exec.
    fn open_tree(path: &CStr) = SYS_open_tree(word(libc::AT_FDCWD), pointer(Some(path)), OPEN_TREE_FLAGS);
    /// Puts a detached mount at `path`.
    fn move_mount(tree: i32, path: &CStr) = SYS_move_mount(word(tree), pointer(Some(c"")), word(libc::AT_FDCWD), pointer(Some(path)), MOVE_MOUNT_F_EMPTY_PATH);
}

/// `OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE`.
const OPEN_TREE_FLAGS: usize =
    libc::OPEN_TREE_CLONE as usize | libc::O_CLOEXEC as usize | libc::AT_RECURSIVE as usize;
const MOVE_MOUNT_F_EMPTY_PATH: usize = libc::MOVE_MOUNT_F_EMPTY_PATH as usize;

/// Adds attributes (`MOUNT_ATTR_*`) to the mounts of a detached tree, all of them.
pub(crate) fn mount_setattr(tree: i32, set: u64) -> Result<i32, Errno> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = (libc::AT_EMPTY_PATH | libc::AT_RECURSIVE) as usize;
    let size = size_of::<libc::mount_attr>();
    let args = [word(tree), pointer(Some(c"")), flags, &raw const attributes as usize, size, 0];
    // SAFETY: the structure lives until the call returns and has the size that is passed.
    unsafe { syscall(libc::SYS_mount_setattr, args) }.map(small)
}

/// Opens for reading below `dir`: no way out of it, no links of any kind, no other mount.
pub(crate) fn open_beneath(dir: i32, path: &CStr) -> Result<i32, Errno> {
    let flags =
        libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_CLOEXEC;
    let resolve = libc::RESOLVE_BENEATH
        | libc::RESOLVE_NO_SYMLINKS
        | libc::RESOLVE_NO_MAGICLINKS
        | libc::RESOLVE_NO_XDEV;
    // The three words of `struct open_how`: flags, mode, resolve.
    let how: [u64; 3] = [flags as u64, 0, resolve];
    let args = [word(dir), pointer(Some(path)), how.as_ptr() as usize, size_of_val(&how), 0, 0];
    // SAFETY: the path and the structure live until the call returns.
    unsafe { syscall(libc::SYS_openat2, args) }.map(small)
}

/// Writes once; the answer is a count of bytes.
pub(crate) fn write(fd: i32, bytes: &[u8]) -> Result<i32, Errno> {
    let args = [word(fd), bytes.as_ptr() as usize, bytes.len(), 0, 0, 0];
    // SAFETY: the bytes are borrowed until the call returns.
    unsafe { syscall(libc::SYS_write, args) }.map(small)
}

/// Ends every thread of this process.
pub(crate) fn exit(code: i32) -> ! {
    loop {
        // SAFETY: the call takes a number and does not return.
        let _unreachable = unsafe { syscall(libc::SYS_exit_group, [word(code), 0, 0, 0, 0, 0]) };
    }
}

/// CPU time of a living process of this PID namespace, threads that have ended included, in
/// nanoseconds; 0 when it is gone.
pub(crate) fn process_cpu_ns(pid: i32) -> u64 {
    // As clock_getcpuclockid(3): the whole process, by the scheduler's count.
    clock_ns(!pid << 3 | 2)
}

/// A clock in nanoseconds.
pub(crate) fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours to be written for the length of the call.
    let _known_clock = unsafe {
        syscall(libc::SYS_clock_gettime, [word(clock), &raw mut time as usize, 0, 0, 0, 0])
    };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Both values of a resource limit; a hard limit that may not be raised stays where it is.
pub(crate) fn limit(resource: u32, soft: u64, hard: u64) -> Result<(), Errno> {
    let mut old = [0_u64; 2];
    let mut new = [soft, hard];
    let set = |new: &[u64; 2], old: &mut [u64; 2]| {
        let new = new.as_ptr() as usize;
        let args = [0, resource as usize, new, old.as_mut_ptr() as usize, 0, 0];
        // SAFETY: both pairs (`struct rlimit64`) live until the call returns.
        unsafe { syscall(libc::SYS_prlimit64, args) }
    };
    match set(&new, &mut old) {
        Err(libc::EPERM) => {
            let args = [0, resource as usize, 0, old.as_mut_ptr() as usize, 0, 0];
            // SAFETY: the pair lives until the call returns; a null new value changes nothing.
            unsafe { syscall(libc::SYS_prlimit64, args) }?;
            let [_soft, most] = old;
            new = [soft.min(most), hard.min(most)];
            set(&new, &mut old).map(|_done| ())
        }
        answer => answer.map(|_done| ()),
    }
}

/// Lets this process preempt every ordinary one on its core, and all that are born of it.
pub(crate) fn realtime() -> Result<(), Errno> {
    schedule(libc::SCHED_FIFO, 1)
}

/// Makes this process one that preempts nobody when it is woken. Of two programs that talk to each
/// other, the one that ends closes its pipes first and is gone a moment later: in between the other,
/// which the closing wakes, must not come first.
pub(crate) fn batch() -> Result<(), Errno> {
    schedule(libc::SCHED_BATCH, 0)
}

fn schedule(policy: i32, priority: i32) -> Result<(), Errno> {
    let priority = libc::sched_param { sched_priority: priority };
    let args = [0, word(policy), &raw const priority as usize, 0, 0, 0];
    // SAFETY: the structure lives until the call returns.
    unsafe { syscall(libc::SYS_sched_setscheduler, args) }.map(|_done| ())
}

/// Gives up every capability of this thread.
pub(crate) fn drop_capabilities() -> Result<(), Errno> {
    set_capabilities(0)
}

/// Keeps these capabilities (a bit each), permitted and effective, and gives up the others.
pub(crate) fn set_capabilities(keep: u64) -> Result<(), Errno> {
    // `struct __user_cap_header_struct` and two of `struct __user_cap_data_struct`, version 3.
    let header: [u32; 2] = [0x2008_0522, 0];
    let (low, high) = (keep as u32, (keep >> 32) as u32);
    let data: [u32; 6] = [low, low, 0, high, high, 0];
    let args = [header.as_ptr() as usize, data.as_ptr() as usize, 0, 0, 0, 0];
    // SAFETY: both structures live until the call returns.
    unsafe { syscall(libc::SYS_capset, args) }.map(|_done| ())
}

/// The capabilities this thread has in effect, a bit each.
pub(crate) fn capabilities() -> Result<u64, Errno> {
    let header: [u32; 2] = [0x2008_0522, 0];
    let mut data = [0_u32; 6];
    let args = [header.as_ptr() as usize, data.as_mut_ptr() as usize, 0, 0, 0, 0];
    // SAFETY: both structures live until the call returns.
    unsafe { syscall(libc::SYS_capget, args) }?;
    let [low, _, _, high, _, _] = data;
    Ok(u64::from(high) << 32 | u64::from(low))
}

/// A child that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Its id in this PID namespace.
    pub pid: i32,
    /// The wait status.
    pub status: i32,
    /// The most memory it had resident, KiB.
    pub resident_kib: u64,
    /// CPU time of it and of the children it has waited for, nanoseconds: the scheduler's own sum,
    /// not sampled at ticks.
    pub cpu_ns: u64,
}

/// Waits for a child; with `WNOHANG`, `pid` 0 says that none has ended.
pub(crate) fn wait(pid: i32, options: i32) -> Result<Waited, Errno> {
    let mut status = 0_i32;
    // `struct rusage` is 18 words: user and system time in seconds and microseconds, the resident
    // maximum, and others.
    let mut usage = [0_u64; 18];
    let args =
        [word(pid), &raw mut status as usize, word(options), usage.as_mut_ptr() as usize, 0, 0];
    // SAFETY: the status and the usage live until the call returns.
    let pid = unsafe { syscall(libc::SYS_wait4, args) }.map(small)?;
    let [user_s, user_us, system_s, system_us, resident_kib, ..] = usage;
    let cpu_ns = (user_s + system_s) * 1_000_000_000 + (user_us + system_us) * 1_000;
    Ok(Waited { pid, status, resident_kib, cpu_ns })
}

/// What is left of a file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    /// Free blocks.
    pub blocks: u64,
    /// Free inodes.
    pub inodes: u64,
}

/// What is left of the file system at `path`.
pub(crate) fn space(path: &CStr) -> Result<Space, Errno> {
    // `struct statfs` is 15 words: type, block size, blocks, free, available, files, free files.
    let mut space = [0_u64; 15];
    let args = [pointer(Some(path)), space.as_mut_ptr() as usize, 0, 0, 0, 0];
    // SAFETY: the path and the structure live until the call returns.
    unsafe { syscall(libc::SYS_statfs, args) }?;
    let [_, _, _, _, blocks, _, inodes, ..] = space;
    Ok(Space { blocks, inodes })
}

/// Replaces this process's program: by an open file when `fd` is given, else by the file at `path`.
/// Arguments and environment are the first `counts` of `texts`, each ending in NUL; `pointers` is
/// room for their addresses. Returns only when it could not.
pub(crate) fn exec(
    fd: Option<i32>,
    path: &CStr,
    texts: &[u8],
    counts: [u32; 2],
    pointers: &mut [usize],
) -> Errno {
    let mut rest = texts;
    let mut slots = pointers.iter_mut();
    let mut starts = [0_usize; 2];
    for (start, count) in starts.iter_mut().zip(counts) {
        for index in 0..=count {
            let Some(slot) = slots.next() else { return libc::E2BIG };
            if index == 0 {
                *start = &raw const *slot as usize;
            }
            if index == count {
                *slot = 0;
                break;
            }
            let Ok(text) = CStr::from_bytes_until_nul(rest) else { return libc::EINVAL };
            *slot = pointer(Some(text));
            rest = rest.get(text.count_bytes() + 1..).unwrap_or_default();
        }
    }
    let (dir, path, flags) = match fd {
        Some(fd) => (word(fd), c"", libc::AT_EMPTY_PATH),
        None => (word(libc::AT_FDCWD), path, 0),
    };
    let [argv, envp] = starts;
    let args = [dir, pointer(Some(path)), argv, envp, word(flags), 0];
    // SAFETY: both arrays lie in `pointers`, end in null and point to texts that end in NUL inside
    // `texts`; all of it is borrowed until the call returns.
    match unsafe { syscall(libc::SYS_execveat, args) } {
        Ok(_impossible) => libc::EIO,
        Err(errno) => errno,
    }
}

/// `recvmsg`; the answer is a count of bytes.
///
/// # Safety
/// The header points to buffers of the sizes it names, and to nothing else.
pub(crate) unsafe fn receive_message(
    socket: i32,
    header: *mut libc::msghdr,
    flags: i32,
) -> Result<usize, Errno> {
    let args = [word(socket), header as usize, word(flags), 0, 0, 0];
    // SAFETY: the caller vouches for the header.
    unsafe { syscall(libc::SYS_recvmsg, args) }
}

/// `sendmsg`; the answer is a count of bytes.
///
/// # Safety
/// The header points to buffers of the sizes it names, and to nothing else.
pub(crate) unsafe fn send_message(
    socket: i32,
    header: *const libc::msghdr,
    flags: i32,
) -> Result<usize, Errno> {
    let args = [word(socket), header as usize, word(flags), 0, 0, 0];
    // SAFETY: the caller vouches for the header.
    unsafe { syscall(libc::SYS_sendmsg, args) }
}
