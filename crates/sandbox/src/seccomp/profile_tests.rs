use super::*;

#[test]
fn the_shipped_profile_can_be_read() {
    let profile = Profile::parse(SHIPPED).expect("shipped");
    assert!(!profile.warden.is_empty());
    assert!(!profile.own.is_empty());
}

#[test]
fn the_contract_s_calls_end_the_run() {
    let profile = Profile::shipped();
    for name in [
        "reboot",
        "kexec_load",
        "init_module",
        "ptrace",
        "bpf",
        "mount",
        "pivot_root",
        "open_by_handle_at",
    ] {
        let number = syscall_number(name).expect(name);
        let rule = Rule { number, when: None, answer: Answer::Notify };
        assert!(profile.own.contains(&rule), "{name}");
    }
}

#[test]
fn the_warden_keeps_what_it_makes_boxes_with() {
    let needed = [
        "mount",
        "umount2",
        "clone",
        "clone3",
        "unshare",
        "pivot_root",
        "open_tree",
        "move_mount",
        "mount_setattr",
        "setns",
        "prctl",
        "seccomp",
        "socketpair",
        "sendmsg",
        "recvmsg",
        "setresuid",
        "execveat",
        "kill",
        "pidfd_send_signal",
        "sched_setaffinity",
        "prlimit64",
        "openat2",
    ];
    for name in needed {
        let number = syscall_number(name).expect(name);
        assert!(Profile::shipped().warden.iter().all(|rule| rule.number != number), "{name}");
    }
}

#[test]
fn a_mistake_is_named_with_its_entry() {
    let refused = |calls: &str, rest: &str| {
        format!("[[refused]]\ncalls = [{calls}]\nstage = \"box\"\nreason = \"why\"\n{rest}")
    };
    let ends = |stage: &str| {
        format!("[[ends_the_run]]\ncalls = [\"acct\"]\nstage = \"{stage}\"\nreason = \"why\"\n")
    };
    let twice = format!(
        "{}{}",
        refused("\"acct\"", "errno = \"EPERM\"\n"),
        refused("\"acct\"", "errno = \"EPERM\"\nwhen = { argument = 0, is = 1 }\n")
    );
    let hidden = format!(
        "{}{}",
        ends("box"),
        refused("\"acct\"", "errno = \"EPERM\"\n").replace("box", "warden")
    );
    for (text, expected) in [
        (refused("\"frobnicate\"", "errno = \"EPERM\""), "`frobnicate` is no system call"),
        (refused("\"acct\"", "errno = \"EWHY\""), "acct: `EWHY` is none of EPERM"),
        (refused("\"acct\"", ""), "acct: `nothing` is none of EPERM"),
        (refused("\"acct\"", "errno = \"EPERM\"\nerror = 1"), "unknown field `error`"),
        (
            refused("\"acct\"", "errno = \"EPERM\"\nwhen = { argument = 6, is = 1 }"),
            "acct: `when` wants an argument from 0 to 5",
        ),
        (
            refused("\"acct\"", "errno = \"EPERM\"\nwhen = { argument = 0, is = 1, is_not = 2 }"),
            "exactly one of is, is_not and any_bit",
        ),
        (refused("\"acct\"", "errno = \"EPERM\"").replace("why", " "), "acct: an entry says its"),
        (ends("warden"), "acct: only entries of [[refused]]"),
        (twice, "acct: has an entry without `when` and another one"),
        (hidden, "acct: refused at stage \"warden\", so it can never end a run"),
    ] {
        let error = Profile::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
