//! Each row was ruled alike by the program of that name, compiled with testlib 0.9.44.

use minos_problem::StandardChecker::{self, Fcmp, Hcmp, Lcmp, Ncmp, Nyesno, Rcmp6, Wcmp, Yesno};

use super::compare;
use crate::ruling::Ruling::{self, Accepted as AC, Failed, Presentation as PE, WrongAnswer as WA};

#[track_caller]
fn check(checker: StandardChecker, output: &str, answer: &str, ruling: Ruling) {
    let ruled = compare(checker, output.as_bytes(), answer.as_bytes());
    assert_eq!(ruled.ruling, ruling, "{checker} {output:?} against {answer:?}: {ruled:?}");
}

pub(super) const ROWS: &[(StandardChecker, &str, &str, Ruling)] = &[
    (Fcmp, "a b\nc\n", "a b\nc\n", AC),
    (Fcmp, "a b\nc", "a b\nc\n", AC),
    (Fcmp, "a b\r\nc\r\n", "a b\nc\n", AC),
    (Fcmp, "a  b\nc\n", "a b\nc\n", WA),
    (Fcmp, "a b \nc\n", "a b\nc\n", WA),
    (Fcmp, "a b\n", "a b\nc\n", WA),
    (Fcmp, "a b\nc\nd\n", "a b\nc\n", PE),
    (Fcmp, "a b\nc\n\n\n", "a b\nc\n", AC),
    (Fcmp, "", "", AC),
    (Fcmp, "x", "", PE),
    (Lcmp, "a   b \nc\n", "a b\nc\n", AC),
    (Lcmp, "a b c\n", "a b\nc\n", WA),
    (Lcmp, "a b\n", "a b\n\nc\n", WA),
    (Lcmp, "a b\n\nc", "a b\n \nc\n", AC),
    (Wcmp, "a\nb c", "a b\nc\n", AC),
    (Wcmp, "a b", "a b c", WA),
    (Wcmp, "a b c d", "a b c", WA),
    (Wcmp, "A b c", "a b c", WA),
    (Wcmp, "", "", AC),
    (Wcmp, "\u{feff}a", "a", AC),
    (Ncmp, "1 2\n3", "1\n2\n3\n", AC),
    (Ncmp, "1 2 4", "1 2 3", WA),
    (Ncmp, "1 2", "1 2 3", WA),
    (Ncmp, "1 2 3 4", "1 2 3", WA),
    (Ncmp, "1 2 x", "1 2 3", PE),
    (Ncmp, "1 02 3", "1 2 3", PE),
    (Ncmp, "1 2 3 x", "1 2 3", PE),
    (Ncmp, "9223372036854775808", "1", PE),
    (Ncmp, "-0", "0", PE),
    (Ncmp, "1", "x", Failed),
    (Ncmp, "", "", AC),
    (Ncmp, "1\u{b}2", "1 2", PE),
    (Hcmp, "123456789012345678901234567890", "123456789012345678901234567890\n", AC),
    (Hcmp, "-1", "1", WA),
    (Hcmp, "007", "7", PE),
    (Hcmp, "7 7", "7", PE),
    (Hcmp, "7", "7 7", Failed),
    (Hcmp, "", "7", PE),
    (Hcmp, "7", "x", Failed),
    (Yesno, "yes", "YES\n", AC),
    (Yesno, "No", "YES\n", WA),
    (Yesno, "maybe", "YES\n", PE),
    (Yesno, "YES YES", "YES\n", PE),
    (Yesno, "YES", "maybe", Failed),
    (Yesno, "", "YES", PE),
    (Nyesno, "yes NO", "YES no\n", AC),
    (Nyesno, "yes", "YES no\n", WA),
    (Nyesno, "yes no no", "YES no\n", WA),
    (Nyesno, "yes maybe", "YES no\n", PE),
    (Nyesno, "", "", AC),
    (Nyesno, "yes", "maybe", Failed),
    (Rcmp6, "1.0000009", "1", AC),
    (Rcmp6, "1.0000011", "1", WA),
    (Rcmp6, "1000000.9", "1000000", AC),
    (Rcmp6, "1000001.1", "1000000", WA),
    (Rcmp6, "-1000000.9", "-1000000", AC),
    (Rcmp6, "1e3 .5 5.", "1000 0.5 5", AC),
    (Rcmp6, "1e999", "1e400", AC),
    (Rcmp6, "-1e999", "1e400", WA),
    (Rcmp6, "1e999", "5", WA),
    (Rcmp6, "nan", "1", PE),
    (Rcmp6, "0x1", "1", PE),
    (Rcmp6, "1e", "1", AC),
    (Rcmp6, "5.e+", "5", AC),
    (Rcmp6, ".e", "1", PE),
    (Rcmp6, "1+", "1", PE),
    (Rcmp6, "1e5-", "1", PE),
    (Rcmp6, "1-2", "1", PE),
    (Rcmp6, "1 2", "1", PE),
    (Rcmp6, "1", "1 2", PE),
    (Rcmp6, "1", "x", Failed),
    (Rcmp6, "", "", AC),
];

#[test]
fn built_in_comparisons_rule_as_testlibs_programs_do() {
    for &(checker, output, answer, ruling) in ROWS {
        check(checker, output, answer, ruling);
    }
}

#[test]
fn each_tolerance_accepts_just_under_and_refuses_just_over() {
    for (checker, under, over) in [
        (StandardChecker::Rcmp4, "1.00009", "1.00011"),
        (Rcmp6, "1.0000009", "1.0000011"),
        (StandardChecker::Rcmp9, "1.0000000009", "1.0000000011"),
    ] {
        check(checker, under, "1", AC);
        check(checker, over, "1", WA);
    }
}

#[test]
fn comments_say_where_the_files_differ() {
    for (checker, output, answer, comment) in [
        (Ncmp, "1", "1", "ok 1 number(s): \"1\""),
        (Ncmp, "1 5", "1 2", "wrong answer 2nd numbers differ - expected: '2', found: '5'"),
        (
            Ncmp,
            "1",
            "1 2",
            "wrong answer Answer contains longer sequence [length = 2], but output contains 1 \
             elements",
        ),
        (Fcmp, "a", "a\n", "ok single line: 'a'"),
        (Wcmp, "a b x", "a b c", "wrong answer 3rd words differ - expected: 'c', found: 'x'"),
        (Yesno, "?", "yes", "wrong output format YES or NO expected, but ? found"),
        (Yesno, "yes", "?", "FAIL YES or NO expected, but ? found (in the answer file)"),
    ] {
        let ruled = compare(checker, output.as_bytes(), answer.as_bytes());
        assert_eq!(ruled.comment(), comment, "{checker}");
    }
}
