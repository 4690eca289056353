//! What a program finds in its box, and what it does not.

use std::ffi::OsString;

use minos_sandbox::{Blob, Program, RunRequest, Sink, Stdin, Warden};

use crate::support::{limits, warden};

/// What a shell in a box prints.
fn shell(warden: &mut Warden, script: &str) -> String {
    let args: Vec<OsString> = vec!["sh".into(), "-c".into(), script.into()];
    let mut request = RunRequest::new(Program::Path("/bin/sh".into()), args, limits(|_| {}));
    request.stdout = Sink::Keep;
    request.stderr = Sink::Keep;
    let run = warden.run(&request).unwrap();
    let out = run.stdout.unwrap().read(1 << 20).unwrap();
    String::from_utf8(out).unwrap() + &String::from_utf8_lossy(&run.stderr)
}

#[test]
fn a_box_is_an_empty_place_with_a_user_of_its_own() {
    let mut warden = warden();
    let rows = [
        ("pwd", "/w\n"),
        ("id -u; id -g; id -G", "60001\n60001\n60001\n"),
        ("ls -A /w /tmp /dev/shm", "/dev/shm:\n\n/tmp:\n\n/w:\n"),
        ("ls -m /proc/self/fd", "0, 1, 2, 3\n"),
        ("env | sort", "HOME=/w\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nPWD=/w\n"),
        ("grep -c . /etc/passwd", "3\n"),
        (
            "grep -E 'CapEff|CapBnd|CapPrm|NoNewPrivs' /proc/self/status | tr -d '\\t'",
            "CapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\n",
        ),
        ("ls -d /proc/[0-9]*", "/proc/2\n/proc/3\n"),
        (
            "ls /sys /home /root 2>/dev/null; ls -A / | tr '\\n' ' '",
            ".staged bin dev etc lib lib32 lib64 proc tmp usr w ",
        ),
        ("umask", "0077\n"),
        ("cat /proc/self/oom_score_adj", "1000\n"),
        ("grep -c '/proc .*ro,' /proc/self/mountinfo", "1\n"),
        ("ulimit -c; ulimit -l; ulimit -n", "0\n0\n64\n"),
        ("echo x > /usr/x; echo $?", "sh: 1: cannot create /usr/x: Read-only file system\n"),
        ("uname -n", "box\n"),
    ];
    for (script, expected) in rows {
        let got = shell(&mut warden, script);
        if script.starts_with("echo x") {
            assert!(got.contains("Read-only"), "{script}: {got}");
        } else if script.starts_with("ls /sys") {
            let hosts_root = ["home", "root", "sys", "var", "work"];
            assert!(!got.split(' ').any(|name| hosts_root.contains(&name)), "{got}");
        } else if script.starts_with("ls -d /proc") {
            assert!(got.lines().count() <= 2 && !got.contains("/proc/1\n"), "{got}");
        } else {
            assert_eq!(got, expected, "{script}");
        }
    }
}

#[test]
fn nothing_of_a_run_is_there_for_the_next() {
    let mut warden = warden();
    let leave = "echo x > /w/a; echo x > /tmp/b; echo x > /dev/shm/c; ls /w /tmp";
    assert_eq!(shell(&mut warden, leave), "/tmp:\nb\nc\n\n/w:\na\n");
    for _ in 0..4 {
        assert_eq!(shell(&mut warden, "ls -A /w /tmp"), "/tmp:\n\n/w:\n");
    }
}

#[test]
fn stdin_is_read_from_the_beginning_by_every_run_and_stays_as_it_is() {
    let mut warden = warden();
    let blob = Blob::from_bytes(b"one\ntwo\n").unwrap();
    for _ in 0..2 {
        let script = "read a; cat; echo z 2>/dev/null >/proc/self/fd/0 || echo sealed";
        let args: Vec<OsString> = vec!["sh".into(), "-c".into(), script.into()];
        let mut request = RunRequest::new(Program::Path("/bin/sh".into()), args, limits(|_| {}));
        request.stdin = Stdin::Blob(blob.clone());
        request.stdout = Sink::Keep;
        let out = warden.run(&request).unwrap().stdout.unwrap().read(100).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "two\nsealed\n");
    }
}

#[test]
fn there_is_no_network() {
    let mut warden = warden();
    let script = "exec 3<>/dev/tcp/127.0.0.1/4222 && echo connected || echo refused";
    let args: Vec<OsString> = vec!["bash".into(), "-c".into(), script.into()];
    let mut request = RunRequest::new(Program::Path("/bin/bash".into()), args, limits(|_| {}));
    request.stdout = Sink::Keep;
    let out = warden.run(&request).unwrap().stdout.unwrap().read(100).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "refused\n");
}
