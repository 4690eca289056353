//! Each row was ruled alike by the program of that name, compiled with testlib 0.9.44.

use minos_problem::StandardChecker::{
    self, Acmp, Caseicmp, Casencmp, Casewcmp, Dcmp, Fcmp, Hcmp, Icmp, Lcmp, Ncmp, Nyesno,
    Pointscmp, Pointsinfo, Rcmp, Rcmp6, Rncmp, Uncmp, Wcmp, Yesno,
};

use super::compare;
use crate::ruling::Ruling::{
    self, Accepted as AC, Failed, ForScorer, Points, Presentation as PE, WrongAnswer as WA,
};

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
    (Acmp, "1.0000009", "1", AC),
    (Acmp, "1.0000011", "1", WA),
    (Acmp, "1000000.5", "1000000", WA),
    (Acmp, "1 2", "1", PE),
    (Acmp, "1", "1 2", AC),
    (Acmp, "", "1", PE),
    (Acmp, "1", "", Failed),
    (Acmp, "nan", "1", PE),
    (Dcmp, "1.0000009", "1", AC),
    (Dcmp, "1000000.9", "1000000", AC),
    (Dcmp, "1000001.1", "1000000", WA),
    (Dcmp, "x", "1", PE),
    (Dcmp, "1", "x", Failed),
    (Rcmp, "1.0000014", "1", AC),
    (Rcmp, "1.0000016", "1", WA),
    (Rcmp, "1000000.5", "1000000", WA),
    (Rncmp, "1.000014 2", "1 2", AC),
    (Rncmp, "1.000016 2", "1 2", WA),
    (Rncmp, "1", "1 2", PE),
    (Rncmp, "1 2 3", "1 2", PE),
    (Rncmp, "", "", AC),
    (Icmp, "5", "5", AC),
    (Icmp, "6", "5", WA),
    (Icmp, "5 5", "5", PE),
    (Icmp, "2147483647", "2147483647", AC),
    (Icmp, "2147483648", "5", PE),
    (Icmp, "-2147483648", "-2147483648", AC),
    (Icmp, "5", "2147483648", Failed),
    (Icmp, "", "5", PE),
    (Icmp, "05", "5", PE),
    (Uncmp, "3 1 2", "1 2 3", AC),
    (Uncmp, "3 1 1", "1 3 3", WA),
    (Uncmp, "3 1", "1 2 3", WA),
    (Uncmp, "3 1 2 2", "1 2 3", WA),
    (Uncmp, "3 x 2", "1 2 3", PE),
    (Uncmp, "1", "x", Failed),
    (Uncmp, "", "", AC),
    (Uncmp, "6 5 4 3 2 1", "1 2 3 4 5 6", AC),
    (Caseicmp, "Case 1: 5\nCase 2: 7\n", "Case 1: 5\nCase 2: 7\n", AC),
    (Caseicmp, "Case 1: 5 Case 2: 7", "Case 1: 5\nCase 2: 7\n", AC),
    (Caseicmp, "Case 1: 5\nCase 2: 8\n", "Case 1: 5\nCase 2: 7\n", WA),
    (Caseicmp, "Case 1: 6\n", "Case 1: 5\nCase 2: 7\n", WA),
    (Caseicmp, "Case 1: 5\n", "Case 1: 5\nCase 2: 7\n", PE),
    (Caseicmp, "Case 1: 5\nCase 2: 7\nCase 3: 1", "Case 1: 5\nCase 2: 7\n", PE),
    (Caseicmp, "case 1: 5\n", "Case 1: 5\n", PE),
    (Caseicmp, "Case 1 5\n", "Case 1: 5\n", PE),
    (Caseicmp, "Case 2: 5\n", "Case 1: 5\n", PE),
    (Caseicmp, "Case 1: 5\n", "5\n", Failed),
    (Caseicmp, "Case 1: x\n", "Case 1: 5\n", PE),
    (Caseicmp, "", "", AC),
    (Casencmp, "Case 1: 5 6\nCase 2:\n", "Case 1: 5 6\nCase 2:\n", AC),
    (Casencmp, "Case 1: 5\n6\nCase 2: 7", "Case 1: 5 6\nCase 2: 7\n", AC),
    (Casencmp, "Case 1: 5 7\n", "Case 1: 5 6\n", WA),
    (Casencmp, "Case 1: 5\n", "Case 1: 5 6\n", WA),
    (Casencmp, "Case 1: 5 6\n", "Case 1: 5 6\nCase 2: 7\n", PE),
    (Casencmp, "Case 1: 5\nCase 2: 7\n", "Case 1: 5\n", PE),
    (Casencmp, "Case 1: 5\nCase\n", "Case 1: 5\n", AC),
    (Casencmp, "Case 1: 5 x\n", "Case 1: 5 6\n", PE),
    (Casencmp, "Case 1: 5\n", "Case 1: y\n", Failed),
    (Casencmp, "5\n", "Case 1: 5\n", PE),
    (Casencmp, "", "", AC),
    (Casencmp, "x", "", PE),
    (Casewcmp, "Case 1: a b\nCase 2: c\n", "Case 1: a  b\nCase 2: c\n", AC),
    (Casewcmp, "Case 1: a B\n", "Case 1: a b\n", WA),
    (Casewcmp, "Case 1: a\nCase 3: c\n", "Case 1: a\nCase 2: c\n", PE),
    (Casewcmp, "Case 1: a\n", "Case 1: a\nCase 2: c\n", PE),
    (Casewcmp, "Case 1: a\n", "Kase 1: a\n", Failed),
    (Casewcmp, "Case 1:\n", "Case 1:\n", AC),
    (Pointscmp, "5", "8.5", Points(3.5)),
    (Pointscmp, "5", "5", Points(0.0)),
    (Pointscmp, "0", "1000000", Points(1e6)),
    (Pointscmp, "0", "1000001", Failed),
    (Pointscmp, "5 5", "5", PE),
    (Pointscmp, "x", "5", PE),
    (Pointsinfo, "5", "8.5", ForScorer),
    (Pointsinfo, "x", "y", PE),
    (Pointsinfo, "5", "y", Failed),
    (Pointsinfo, "5 5", "5", PE),
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
        (Icmp, "6", "5", "wrong answer expected 5, found 6"),
        (Acmp, "2", "1", "wrong answer expected 1.0000000000, found 2.0000000000"),
        (Uncmp, "", "", "ok empty sequence"),
        (Uncmp, "2", "2", "ok 1 number: 2"),
        (Uncmp, "2 1", "1 2", "ok 2 numbers (in increasing order): 1 2"),
        (Uncmp, "6 5 4 3 2 1", "1 2 3 4 5 6", "ok 6 numbers (in increasing order): 1 2 ... 5 6"),
        (Caseicmp, "Case 1: 5", "Case 1: 5", "ok 1 case(s): 5"),
        (Caseicmp, "Case 1: 4", "Case 1: 5", "wrong answer Expected 5 found 4 [test case 1]"),
        (
            Casencmp,
            "Case 1: 1 2 3 4 5 7",
            "Case 1:",
            "wrong answer Sequences differ: jury has \"\" [size=0], but participant has \
             \"1 2 3 ... 5 7\" [size=6] [test case 1]",
        ),
        (Pointscmp, "5", "8.5", "points 3.5 ja=8.5000 pa=5.0000"),
        (Pointsinfo, "5", "8.5", "points points_info=pa=5.000000,ja=8.500000 d=3.500000"),
        (Yesno, "yes", "?", "FAIL YES or NO expected, but ? found (in the answer file)"),
    ] {
        let ruled = compare(checker, output.as_bytes(), answer.as_bytes());
        assert_eq!(ruled.comment(), comment, "{checker}");
    }
}
