//! Births: a process that starts in a function of ours, on a stack of its own.

use super::raw::Errno;

/// `struct clone_args` of the kernel, version 2 (`CLONE_INTO_CGROUP`).
#[repr(C, align(8))]
#[derive(Debug, Default, Clone, Copy)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Signal handlers go back to their defaults.
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
/// The child is born in the group whose descriptor is passed.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// A process that was just born.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Born {
    /// Its id in the parent's PID namespace.
    pub pid: i32,
    /// A descriptor for it, closed by exec.
    pub pidfd: i32,
}

/// Makes the init of a box: a copy of this process, in new PID, mount and IPC namespaces, that calls
/// `entry` on `stack` and never returns from it.
///
/// # Errors
/// The errno of `clone3`.
pub(crate) fn init<T>(
    stack: &mut [u8],
    entry: extern "C" fn(&mut T) -> !,
    context: &mut T,
) -> Result<Born, Errno> {
    let mut pidfd = -1_i32;
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_PIDFD;
    let args = CloneArgs {
        flags: u64::from(flags.cast_unsigned()) | CLONE_CLEAR_SIGHAND,
        pidfd: &raw mut pidfd as u64,
        stack: stack.as_mut_ptr() as u64,
        stack_size: stack.len() as u64,
        ..CloneArgs::default()
    };
    // SAFETY: without CLONE_VM the child has its own copy of all memory, so `context` and `stack`
    // are its own; `entry` never returns.
    let pid = unsafe { clone_and_call(&args, entry, context) }?;
    Ok(Born { pid, pidfd })
}

/// Makes the process that becomes the program: it shares this process's memory, calls `entry` on
/// `stack`, and this process waits until it has exec'ed or ended. It is born into `group` when there
/// is one.
///
/// # Errors
/// The errno of `clone3`.
pub(crate) fn program<T>(
    stack: &mut [u8],
    entry: extern "C" fn(&mut T) -> !,
    context: &mut T,
    group: Option<i32>,
) -> Result<i32, Errno> {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK;
    let args = CloneArgs {
        flags: u64::from(flags.cast_unsigned()) | group.map_or(0, |_| CLONE_INTO_CGROUP),
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        stack: stack.as_mut_ptr() as u64,
        stack_size: stack.len() as u64,
        cgroup: group.map_or(0, |fd| u64::from(fd.cast_unsigned())),
        ..CloneArgs::default()
    };
    // SAFETY: memory is shared, but CLONE_VFORK keeps this thread, the only one of its process, from
    // running until the child has left it: `context` and `stack` have one user at a time. `entry`
    // never returns.
    unsafe { clone_and_call(&args, entry, context) }
}

/// `clone3`, whose child calls `entry(context)` at the top of the stack named in `args`.
///
/// # Safety
/// Child and parent do not use `context` or the stack at the same time. The stack is writable, not
/// in use and large enough for `entry`.
unsafe fn clone_and_call<T>(
    args: &CloneArgs,
    entry: extern "C" fn(&mut T) -> !,
    context: &mut T,
) -> Result<i32, Errno> {
    let answer: isize;
    // SAFETY: the kernel keeps every register but rax, rcx and r11 for both sides. The parent leaves
    // the block with the answer; the child, for which the answer is 0, has an empty stack whose end
    // is aligned here as a call needs it, and calls `entry`, which never returns.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "and rsp, -16",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 as isize => answer,
            in("rdi") args,
            in("rsi") size_of::<CloneArgs>(),
            in("r12") context,
            in("r13") entry,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    match i32::try_from(answer) {
        Ok(pid) if pid > 0 => Ok(pid),
        Ok(errno) => Err(-errno),
        Err(_too_large) => Err(libc::EIO),
    }
}
