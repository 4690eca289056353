//! What `problem push` takes and what it refuses: a package is stored when everything in it could be
//! checked and is as it says.

use std::path::PathBuf;

use crate::support::{Scratch, Up, ended, json, needs_root};

const SUM: &str = "#include <stdio.h>\n\
    int main(void) { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", SUM); return 0; }\n";
const VALID: &str = "import sys\nsys.exit(42)\n";
const CUSTOM: (&str, &str) = ("problem.yaml", "name: crashes\nvalidation: custom\n");
/// Of a language that these tests do not know.
const RUBY: &str = "a, b = gets.split.map(&:to_i)\nputs a + b\n";

/// A package of one small problem and these files beside.
fn package(scratch: &Scratch, name: &str, beside: &[(&str, &str)]) -> PathBuf {
    let put = |file: &str, text: &str| scratch.file(&format!("{name}/{file}"), text);
    put("problem.yaml", &format!("name: {name}\n"));
    put(".timelimit", "1\n");
    for test in ["sample/1", "secret/1"] {
        put(&format!("data/{test}.in"), "-1 3\n");
        put(&format!("data/{test}.ans"), "2\n");
    }
    put("submissions/accepted/right.c", &SUM.replace("SUM", "a + b"));
    for (file, text) in beside {
        put(file, text);
    }
    scratch.path().join(name)
}

#[test]
fn only_a_package_that_was_checked_whole_and_is_what_it_says_is_pushed() {
    needs_root();
    let scratch = Scratch::new("pushes");
    let up = Up::start(&scratch.path().join("up"), 1);
    let wrong = SUM.replace("SUM", "b - a");
    /// Name, files, exit code, what is said beside the refusal.
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], i32, &'a str);
    let rows: [Row<'_>; 5] = [
        ("lies", &[("submissions/accepted/wrong.c", &wrong)], 1, "wrong.c"),
        ("rejects", &[("input_validators/no.py", "import sys\nsys.exit(43)\n")], 1, "no"),
        ("broken", &[("input_validators/broken.c", "int main(void) { return x; }\n")], 2, "broken"),
        ("unknown", &[("input_validators/strange.rb", RUBY)], 3, "checked whole"),
        ("crashes", &[("output_validators/crash.py", "raise SystemExit(1)\n"), CUSTOM], 4, "crash"),
    ];
    for (name, beside, code, says) in rows {
        let package = package(&scratch, name, beside);
        let path = package.to_str().expect("a path in UTF-8");
        let (got, said, complaints) = ended(&mut up.minos(&["problem", "push", path, "--json"]));
        assert_eq!((got, said.as_str()), (code, ""), "{name}: {complaints}");
        assert!(complaints.contains(says), "{name}: {complaints}");
    }
    let (_, listed, _) = ended(&mut up.minos(&["problem", "list", "--json"]));
    assert_eq!(json(&listed)["problems"], serde_json::json!([]), "nothing of them is stored");

    // A solution that cannot be judged here proves nothing against the package.
    let valid = [("input_validators/ok.py", VALID), ("submissions/accepted/it.rb", RUBY)];
    let beside = package(&scratch, "other-language", &valid);
    // What does not verify is pushed by who says so.
    let lies = scratch.path().join("lies");
    for (package, more) in [(beside, None), (lies, Some("--unverified"))] {
        let path = package.to_str().expect("a path in UTF-8");
        let mut push = up.minos(&["problem", "push", path, "--json"]);
        let (code, said, complaints) = ended(push.args(more));
        assert_eq!((code, &json(&said)["state"]), (0, &"new".into()), "{path}: {complaints}");
    }
}
