//! A language that this repository does not have, added as the languages' README says: by a file.

use std::path::{Path, PathBuf};

use crate::support::{Scratch, Up, ended, json, minos, needs_root, root};

/// Perl, which Debian always has. Its `BEGIN` blocks run while a source is checked: code of the
/// contestant in the compiler's box.
const PERL: &str = r#"
name = "Perl 5"
extensions = ["pl"]
default_for = ["pl"]
source = "main.pl"
polygon = ["perl.*"]
kattis = ["perl"]
packages = ["perl-base"]
processes = 8
files = 64
version = ["/usr/bin/perl", "-v"]
hello = 'print "hello\n";'

[compile]
argv = ["/usr/bin/perl", "-c", "main.pl"]
artefacts = ["main.pl"]

[compile.limits]
cpu = "10s"
wall = "30s"
memory = "512MiB"
output = "1MiB"
processes = 4
files = 64

[run]
argv = ["/usr/bin/perl", "main.pl"]
"#;

const RIGHT: &str = r#"printf "%.9f\n", sqrt(<STDIN>);"#;

/// What authors say of a program, by the folder it lies in.
const SOLUTIONS: [(&str, &str); 4] = [
    ("accepted", RIGHT),
    ("wrong_answer", "print qq(0\n);"),
    ("run_time_error", "die 'no';"),
    ("time_limit_exceeded", "1 while 1;"),
];

/// Leaves a process that holds the compiler's streams, changes the source, and looks for secrets
/// and a network; right if none of that helps.
const AT_COMPILE_TIME: &str = r#"
use Socket;
BEGIN { if ($^C) {
    if (!fork) { $0 = "minos-left-by-a-compiler"; sleep 4000; exit }
    die "a secret" if open(my $secret, "<", "/etc/shadow");
    die "a network" if socket(my $socket, PF_INET, SOCK_STREAM, 0);
    if (open(my $own, ">", "main.pl")) { print $own "print 0;" }
} }
"#;

fn languages(scratch: &Scratch) -> PathBuf {
    for name in ["c.toml", "python3.toml"] {
        let shipped = root().join("cluster-config/languages").join(name);
        scratch.file(&format!("languages/{name}"), std::fs::read(shipped).expect("a language"));
    }
    scratch.file("languages/perl.toml", PERL);
    scratch.path().join("languages")
}

/// A package of the corpus whose solutions are all in Perl.
fn package(scratch: &Scratch) -> PathBuf {
    let (from, to) =
        (root().join("tests/corpus/packages/icpcdefault"), scratch.path().join("sqrt"));
    let copied = std::process::Command::new("cp").arg("-rT").args([&from, &to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp of {}", from.display());
    std::fs::remove_dir_all(to.join("submissions")).expect("its solutions");
    scratch.file("sqrt/domjudge-problem.ini", "timelimit = 0.3\n");
    for (folder, text) in SOLUTIONS {
        scratch.file(&format!("sqrt/submissions/{folder}/it.pl"), text);
    }
    to
}

/// Processes whose command line begins so.
fn processes(name: &str) -> usize {
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    let line = |path: &Path| std::fs::read(path.join("cmdline")).unwrap_or_default();
    all.filter(|entry| line(&entry.path()).starts_with(name.as_bytes())).count()
}

#[test]
fn a_language_that_a_file_adds_is_verified_offered_and_judged_like_any_other() {
    needs_root();
    let scratch = Scratch::new("languages");
    let (languages, package) = (languages(&scratch), package(&scratch));
    let variables = [("MINOS_LANGUAGES", languages.to_str().expect("a path in UTF-8"))];
    let package = package.to_str().expect("a path in UTF-8");
    let (code, said, complaints) = ended(minos(&["verify", package]).envs(variables));
    assert_eq!(code, 0, "{said}\n{complaints}");
    assert!(said.contains("4 of 4 solutions are as they say"), "{said}");

    let up = Up::spawn_with(&scratch.path().join("up"), 1, &variables);
    up.wait_until_it_answers();
    let (code, _, complaints) = ended(up.minos(&["problem", "push", package]).envs(variables));
    assert_eq!(code, 0, "{complaints}");
    let at_compile_time = format!("{AT_COMPILE_TIME}\n{RIGHT}");
    for (name, text, verdict) in [
        ("right", RIGHT, "AC"),
        ("unfinished", "print (", "CE"),
        ("at-compile-time", at_compile_time.as_str(), "AC"),
    ] {
        let source = scratch.file(&format!("{name}.pl"), text);
        let source = source.to_str().expect("a path in UTF-8");
        let submit = ["submit", "--problem", "sqrt", source, "--wait", "--json"];
        let (_, said, complaints) = ended(up.minos(&submit).envs(variables));
        assert_eq!(json(&said)["verdict"], verdict, "{name}: {said}\n{complaints}");
    }
    assert_eq!(processes("minos-left-by-a-compiler"), 0);
}
