//! Landlock: a process gives up the right to change files, but in a few places. As everything between
//! birth and exec it makes system calls and nothing else.

use std::ffi::CStr;

use super::raw::{self, Errno, syscall};

/// Asks for the version instead of making a rule set.
const VERSION: usize = 1;
/// A rule about everything below a directory.
const PATH_BENEATH: usize = 1;
/// Writing, removing, making of every kind: what the first version knows.
const CHANGES: u64 = 1 << 1 | 0x1ff0;
/// Moving between directories, since the second version.
const MOVES: u64 = 1 << 13;
/// Cutting, since the third.
const CUTS: u64 = 1 << 14;

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    directory: i32,
}

/// From now on this process, and whatever it starts, changes no file but below these directories.
/// Fails with ENOSYS or EOPNOTSUPP where the kernel has no Landlock.
pub(crate) fn change_nothing_but(below: &[&CStr]) -> Result<(), Errno> {
    // SAFETY: without a rule set the call takes numbers.
    let version = unsafe { syscall(libc::SYS_landlock_create_ruleset, [0, 0, VERSION, 0, 0, 0]) }?;
    let handled = match version {
        0 | 1 => CHANGES,
        2 => CHANGES | MOVES,
        _ => CHANGES | MOVES | CUTS,
    };
    let args = [&raw const handled as usize, size_of_val(&handled), 0, 0, 0, 0];
    // SAFETY: the first field of the structure, whose size is passed, lives until the call returns.
    let rules = unsafe { syscall(libc::SYS_landlock_create_ruleset, args) }?;
    for path in below {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let directory = raw::openat(libc::AT_FDCWD, path, flags, 0)?;
        let rule = Beneath { allowed: handled, directory };
        let args = [rules, PATH_BENEATH, &raw const rule as usize, 0, 0, 0];
        // SAFETY: the structure lives until the call returns.
        unsafe { syscall(libc::SYS_landlock_add_rule, args) }?;
        raw::close(directory)?;
    }
    // SAFETY: the call takes numbers.
    unsafe { syscall(libc::SYS_landlock_restrict_self, [rules, 0, 0, 0, 0, 0]) }?;
    raw::close(i32::try_from(rules).unwrap_or(-1)).map(|_closed| ())
}
