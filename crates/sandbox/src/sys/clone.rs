//! Births: a process that starts in a function of ours, on a stack of its own.

#![expect(clippy::cast_possible_truncation, reason = "this is 64 bits wide, see lib.rs")]

use std::ptr::NonNull;

use super::raw::{self, Errno};

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

/// Memory for a stack, for as long as this process lives: whoever runs on it may outlive its maker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stack {
    lowest: usize,
    length: usize,
}

impl Stack {
    /// A new one, with a page below it that ends who runs over.
    ///
    /// # Errors
    /// The errno of `mmap`.
    pub(crate) fn new(length: usize) -> Result<Self, Errno> {
        const GUARD: usize = 4096;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let reach = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses a free place; nothing that exists is replaced.
        let place =
            unsafe { libc::mmap(std::ptr::null_mut(), length + GUARD, reach, flags, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(nix::errno::Errno::last_raw());
        }
        // SAFETY: the page is the first of the mapping that was just made.
        let guarded = unsafe { libc::mprotect(place, GUARD, libc::PROT_NONE) };
        if guarded != 0 {
            return Err(nix::errno::Errno::last_raw());
        }
        Ok(Self { lowest: place as usize + GUARD, length })
    }
}

/// A place for one init at a time: its stack, and the context it shares with its maker.
///
/// Init shares its maker's memory, which spares both its birth and its death a copy of it. Between
/// [`Berth::launch`] and its end the context is init's alone.
#[derive(Debug)]
pub(crate) struct Berth<T> {
    stack: Stack,
    /// From a box that is never freed: an init may outlive everything here.
    context: NonNull<T>,
    /// The init that has it, or 0.
    pid: i32,
}

impl<T> Berth<T> {
    /// A vacant one.
    ///
    /// # Errors
    /// The errno of `mmap`.
    pub(crate) fn new(stack: usize, context: T) -> Result<Self, Errno> {
        let context = NonNull::from(Box::leak(Box::new(context)));
        Ok(Self { stack: Stack::new(stack)?, context, pid: 0 })
    }

    /// Reaps its init if that has ended; the answer is whether nobody has the berth.
    pub(crate) fn is_vacant(&mut self) -> bool {
        if self.pid != 0 {
            let gone = match raw::wait(self.pid, libc::WNOHANG | libc::__WALL) {
                Ok(ended) => ended.pid == self.pid,
                Err(errno) => errno == libc::ECHILD,
            };
            if gone {
                self.pid = 0;
            }
        }
        self.pid == 0
    }

    /// Ends whoever has it.
    pub(crate) fn evict(&mut self) {
        while !self.is_vacant() {
            let _ended_meanwhile = raw::kill(self.pid, libc::SIGKILL);
            if raw::wait(self.pid, libc::__WALL) != Err(libc::EINTR) {
                self.pid = 0;
            }
        }
    }

    /// The context, when nobody has the berth.
    pub(crate) fn context(&mut self) -> Option<&mut T> {
        if !self.is_vacant() {
            return None;
        }
        // SAFETY: the box is never freed, nobody else has the berth, and it is borrowed as long.
        Some(unsafe { self.context.as_mut() })
    }

    /// Makes the init of a box, in new PID, mount and IPC namespaces: it calls `entry` with the
    /// context and never returns from it.
    ///
    /// # Errors
    /// The errno of `clone3`; `EBUSY` when somebody has the berth.
    pub(crate) fn launch(&mut self, entry: extern "C" fn(&mut T) -> !) -> Result<Born, Errno> {
        if !self.is_vacant() {
            return Err(libc::EBUSY);
        }
        let mut pidfd = -1_i32;
        let kinds = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC;
        let flags = kinds | libc::CLONE_PIDFD | libc::CLONE_VM;
        let args = CloneArgs {
            flags: u64::from(flags.cast_unsigned()) | CLONE_CLEAR_SIGHAND,
            pidfd: &raw mut pidfd as u64,
            stack: self.stack.lowest as u64,
            stack_size: self.stack.length as u64,
            ..CloneArgs::default()
        };
        // SAFETY: nobody has the berth, so stack and context are free, and both stay untouched here
        // until `is_vacant` has seen the end of the process. `entry` never returns, and all of what
        // it does is made of system calls (`sys::raw`): nothing of it needs a thread's own storage.
        self.pid = unsafe { clone_and_call(&args, entry, self.context.as_ptr()) }?;
        Ok(Born { pid: self.pid, pidfd })
    }
}

/// Makes the process that becomes the program: it shares this process's memory, calls `entry` on
/// `stack`, and this process waits until it has exec'ed or ended. It is born into `group` when there
/// is one.
///
/// # Errors
/// The errno of `clone3`.
pub(crate) fn program<T>(
    stack: Stack,
    entry: extern "C" fn(&mut T) -> !,
    context: &mut T,
    group: Option<i32>,
) -> Result<i32, Errno> {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK;
    let args = CloneArgs {
        flags: u64::from(flags.cast_unsigned()) | group.map_or(0, |_| CLONE_INTO_CGROUP),
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        stack: stack.lowest as u64,
        stack_size: stack.length as u64,
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
/// Child and parent do not use `context`, which is valid, or the stack at the same time. The stack
/// is writable, not in use and large enough for `entry`.
unsafe fn clone_and_call<T>(
    args: &CloneArgs,
    entry: extern "C" fn(&mut T) -> !,
    context: *mut T,
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
            in("r9") raw::pass(),
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
