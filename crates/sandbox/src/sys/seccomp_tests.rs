//! The shipped profile against the kernel: each filter is installed in a thread of its own and ends
//! with it.

use std::os::fd::AsFd;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::seccomp::{Call, Profile, let_through, notification, syscall_name, syscall_number};

const NONE: [usize; 6] = [0; 6];

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
fn answers(program: Program, calls: Vec<(u32, [usize; 6])>) -> Vec<i32> {
    let filtered = move || {
        nix::sys::prctl::set_no_new_privs().unwrap();
        install(&program, Install::default()).unwrap();
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
        let fd = install(&Profile::shipped().box_filter(), how).unwrap().unwrap();
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
    for (program, box_stage) in
        [(Profile::shipped().base_filter(), false), (Profile::shipped().box_filter(), true)]
    {
        let refused = Profile::shipped().refused(box_stage);
        assert!(refused.len() > 10 || box_stage);
        let calls = refused.iter().map(|(number, _errno)| (*number, NONE)).collect();
        let got = answers(program, calls);
        for ((number, errno), got) in refused.iter().zip(got) {
            assert_eq!(got, i32::from(*errno), "{}", syscall_name(*number));
        }
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
    let rows: [(&str, [usize; 6], i32); 12] = [
        ("socket", [unix, stream, 0, 0, 0, 0], 0),
        ("socket", [inet, stream, 0, 0, 0, 0], libc::EAFNOSUPPORT),
        ("socket", [vsock, stream, 0, 0, 0, 0], libc::EAFNOSUPPORT),
        ("unshare", [new_files, 0, 0, 0, 0, 0], 0),
        ("unshare", [new_user, 0, 0, 0, 0, 0], libc::EPERM),
        ("clone", [new_user | 17, 0, 0, 0, 0, 0], libc::EPERM),
        ("clone3", NONE, libc::ENOSYS),
        ("fcntl", [9999, 1024, 0, 0, 0, 0], libc::EBADF),
        ("flock", [9999, 2, 0, 0, 0, 0], libc::EBADF),
        ("memfd_create", [0; 6], libc::EFAULT),
        ("sched_getaffinity", [0, 0, 0, 0, 0, 0], libc::EINVAL),
        ("getpid", NONE, 0),
    ];
    let calls = rows.iter().map(|(name, args, _)| (number(name), *args)).collect();
    let got = answers(Profile::shipped().box_filter(), calls);
    for ((name, args, expected), got) in rows.iter().zip(got) {
        assert_eq!(got, *expected, "{name} {args:x?}");
    }
    let rows: [(&str, [usize; 6], i32); 10] = [
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
    let got = answers(Profile::shipped().base_filter(), calls);
    for ((name, args, expected), got) in rows.iter().zip(got) {
        assert_eq!(got, *expected, "{name} {args:x?}");
    }
}

#[test]
fn installing_costs_less_as_a_tree_than_as_a_line() {
    /// The shortest of many, so that what else runs does not count.
    fn cost(program: &Program) -> Duration {
        let once = || {
            let program = program.clone();
            let timed = move || {
                nix::sys::prctl::set_no_new_privs().unwrap();
                let begun = Instant::now();
                install(&program, Install::default()).unwrap();
                begun.elapsed()
            };
            std::thread::spawn(timed).join().unwrap()
        };
        (0..40).map(|_round| once()).min().unwrap()
    }
    let (base, own, line) = (
        cost(&Profile::shipped().base_filter()),
        cost(&Profile::shipped().box_filter()),
        cost(&Profile::shipped().in_a_line()),
    );
    println!("base filter {base:?}, box filter {own:?}, both in a line {line:?}");
    assert!(base + own < line, "{base:?} {own:?} {line:?}");
}
