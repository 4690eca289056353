//! The shipped profile against the kernel: each filter is installed in a thread of its own and ends
//! with it.

use std::os::fd::AsFd;
use std::sync::mpsc;

use super::*;
use crate::seccomp::{
    Call, Profile, filter, let_through, notification, syscall_name, syscall_number,
};

const NONE: [usize; 6] = [0; 6];
/// What the filters' own makers would bring.
const WORD: u64 = 0x1234_5678_9abc_def0;

/// One call through libc: the errno, or 0.
fn call(number: u32, [a, b, c, d, e, f]: [usize; 6]) -> i32 {
    // SAFETY: every call made here is answered by the filter, or takes numbers only.
    let answer = unsafe { libc::syscall(libc::c_long::from(number), a, b, c, d, e, f) };
    Errno::result(answer).map_or_else(|errno| errno as i32, |_zero| 0)
}

fn number(name: &str) -> u32 {
    syscall_number(name).unwrap()
}

/// Runs the calls in a thread with the filter and no listener, so that what would be reported gets
/// `ENOSYS`.
fn answers(calls: Vec<(u32, [usize; 6])>) -> Vec<i32> {
    let filtered = move || {
        nix::sys::prctl::set_no_new_privs().unwrap();
        install(&filter(WORD), Install::default()).unwrap();
        calls.into_iter().map(|(number, args)| call(number, args)).collect()
    };
    std::thread::spawn(filtered).join().unwrap()
}

/// What the listener is told of the calls, in order; each is let through when `allow` says so.
fn reports(calls: Vec<(u32, [usize; 6])>) -> Vec<Call> {
    let (to_listener, listener) = mpsc::channel();
    let count = calls.len();
    let caller = std::thread::spawn(move || {
        nix::sys::prctl::set_no_new_privs().unwrap();
        let how = Install { listener: true, speculation: true };
        let fd = install(&filter(WORD), how).unwrap().unwrap();
        to_listener.send(own(fd)).unwrap();
        for (number, args) in calls {
            call(number, args);
        }
    });
    let listener = listener.recv().unwrap();
    let mut told = Vec::new();
    for _call in 0..count {
        let report = notification(listener.as_fd()).unwrap().expect("the caller waits");
        told.push(report.call());
        // None of these can do harm as they are called here: with null for every pointer.
        let_through(listener.as_fd(), &report).unwrap();
    }
    caller.join().unwrap();
    told
}

#[test]
fn every_refused_call_gets_its_errno() {
    let refused = Profile::shipped().refused();
    assert!(refused.len() > 40);
    let calls = refused.iter().map(|(number, _errno)| (*number, NONE)).collect();
    for ((number, errno), got) in refused.iter().zip(answers(calls)) {
        assert_eq!(got, i32::from(*errno), "{}", syscall_name(*number));
    }
}

#[test]
fn a_box_s_makers_pass_with_their_word_and_with_no_other() {
    let word = usize::try_from(WORD).unwrap();
    let new_user = 0x1000_0000;
    let invalid = 1 << 40;
    let rows: [(&str, [usize; 6], i32); 8] = [
        // With the word the kernel itself answers: it knows no such flag, and no such structure.
        ("unshare", [invalid | new_user, 0, 0, 0, 0, word], libc::EINVAL),
        ("clone3", [0, 1, 0, 0, 0, word], libc::EINVAL),
        // A bit of it missing, the halves of it alone, the word in another place.
        ("unshare", [new_user, 0, 0, 0, 0, word ^ 1], libc::EPERM),
        ("unshare", [new_user, 0, 0, 0, 0, word & 0xffff_ffff], libc::EPERM),
        ("unshare", [new_user, 0, 0, 0, 0, word & !0xffff_ffff], libc::EPERM),
        ("unshare", [new_user, 0, 0, 0, word, 0], libc::EPERM),
        ("clone3", [0, 1, 0, 0, 0, word ^ (1 << 63)], libc::ENOSYS),
        // No pass for a call that no box is made with.
        ("setns", [0, 0, 0, 0, 0, word], libc::EPERM),
    ];
    let calls = rows.iter().map(|(name, args, _)| (number(name), *args)).collect();
    for ((name, args, expected), got) in rows.iter().zip(answers(calls)) {
        assert_eq!(got, *expected, "{name} {args:x?}");
    }
}

#[test]
fn a_call_that_ends_the_run_is_reported_by_its_name() {
    // Null pointers and magic numbers of zero: let through, each of these is refused by the kernel.
    let names = ["ptrace", "mount", "umount2", "pivot_root", "reboot", "bpf", "open_by_handle_at"];
    let calls = names.iter().map(|name| (number(name), [1000; 6])).collect();
    let told = reports(calls);
    for (name, told) in names.into_iter().zip(told) {
        assert_eq!(told, Call::Forbidden(name.into()));
    }
}

#[test]
fn a_call_through_x32_is_foreign() {
    let calls = vec![(0x4000_0000 | number("getpid"), NONE), (0x4000_0000 + 520, NONE)];
    let foreign = Call::Forbidden("foreign-arch".into());
    assert_eq!(reports(calls), [foreign.clone(), foreign]);
}

#[test]
fn a_file_limit_s_signal_of_its_own_is_noticed_whichever_way_it_is_sent() {
    let signal = 25;
    // PID and thread 2^22 and beyond do not exist: nobody gets the signal.
    let nobody = 1 << 30;
    let calls = vec![
        (number("kill"), [nobody, signal, 0, 0, 0, 0]),
        (number("tkill"), [nobody, signal, 0, 0, 0, 0]),
        (number("tgkill"), [nobody, nobody, signal, 0, 0, 0]),
        (number("rt_sigqueueinfo"), [nobody, signal, 0, 0, 0, 0]),
        (number("rt_tgsigqueueinfo"), [nobody, nobody, signal, 0, 0, 0]),
        (number("pidfd_send_signal"), [nobody, signal, 0, 0, 0, 0]),
    ];
    let told = reports(calls.clone());
    assert_eq!(told, vec![Call::RaisedFileLimit; calls.len()]);
}

#[test]
fn what_programs_need_is_left_to_them() {
    let (unix, inet, vsock, stream) = (1, 2, 40, 1);
    let new_user = 0x1000_0000;
    let new_files = 0x400;
    let rows: [(&str, [usize; 6], i32); 20] = [
        ("socket", [unix, stream, 0, 0, 0, 0], 0),
        ("socket", [inet, stream, 0, 0, 0, 0], libc::EAFNOSUPPORT),
        ("socket", [vsock, stream, 0, 0, 0, 0], libc::EAFNOSUPPORT),
        ("unshare", [new_files, 0, 0, 0, 0, 0], 0),
        ("unshare", [new_user, 0, 0, 0, 0, 0], libc::EPERM),
        ("clone", [new_user | 17, 0, 0, 0, 0, 0], libc::EPERM),
        ("clone3", NONE, libc::ENOSYS),
        ("memfd_create", [0; 6], libc::EFAULT),
        ("sched_getaffinity", [0, 0, 0, 0, 0, 0], libc::EINVAL),
        ("getpid", NONE, 0),
        // Granted, and not made: these descriptors do not even exist.
        ("flock", [9999, 2, 0, 0, 0, 0], 0),
        ("fcntl", [9999, 6, 0, 0, 0, 0], 0),
        ("fcntl", [9999, 38, 0, 0, 0, 0], 0),
        ("fcntl", [9999, 5, 0, 0, 0, 0], libc::EBADF),
        ("fcntl", [9999, 36, 0, 0, 0, 0], libc::EBADF),
        ("fcntl", [9999, 1024, 0, 0, 0, 0], libc::EINVAL),
        ("fcntl", [9999, 1026, 0, 0, 0, 0], libc::EINVAL),
        ("fcntl", [9999, 1, 0, 0, 0, 0], libc::EBADF),
        ("ioctl", [9999, 0x5412, 0, 0, 0, 0], libc::EPERM),
        ("ioctl", [9999, 0x5413, 0, 0, 0, 0], libc::EBADF),
    ];
    let calls = rows.iter().map(|(name, args, _)| (number(name), *args)).collect();
    for ((name, args, expected), got) in rows.iter().zip(answers(calls)) {
        assert_eq!(got, *expected, "{name} {args:x?}");
    }
}
