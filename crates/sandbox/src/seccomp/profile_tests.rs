use super::*;

#[test]
fn the_shipped_profile_can_be_read() {
    let profile = Profile::parse(SHIPPED).expect("shipped");
    assert!(!profile.rules.is_empty());
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
        assert!(profile.rules.contains(&rule), "{name}");
    }
}

#[test]
fn a_box_s_first_processes_keep_what_they_are_made_with() {
    let needed = [
        "clone",
        "prctl",
        "seccomp",
        "sendmsg",
        "recvmsg",
        "setresuid",
        "setresgid",
        "setgroups",
        "setpgid",
        "setfsuid",
        "setfsgid",
        "capset",
        "execveat",
        "wait4",
        "prlimit64",
        "openat",
        "openat2",
        "mkdirat",
        "sendfile",
        "dup3",
        "close_range",
        "statfs",
        "sched_setscheduler",
        "getrandom",
    ];
    for name in needed {
        let number = syscall_number(name).expect(name);
        let rules = Profile::shipped().rules.iter().filter(|rule| rule.number == number);
        assert!(rules.clone().all(|rule| rule.when.is_some()), "{name}");
    }
    // These are kept from programs, and made with the pass; a rule that went would need none.
    for name in WARDENS_CALLS {
        let number = syscall_number(name).expect(name);
        assert!(Profile::shipped().rules.iter().any(|rule| rule.number == number), "{name}");
    }
}

#[test]
fn a_mistake_is_named_with_its_entry() {
    let refused = |calls: &str, rest: &str| {
        format!("[[refused]]\ncalls = [{calls}]\nreason = \"why\"\n{rest}")
    };
    let twice = format!(
        "{}{}",
        refused("\"acct\"", "errno = \"EPERM\"\n"),
        refused("\"acct\"", "errno = \"EPERM\"\nwhen = { argument = 0, is = 1 }\n")
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
        (twice, "acct: has an entry without `when` and another one"),
    ] {
        let error = Profile::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
