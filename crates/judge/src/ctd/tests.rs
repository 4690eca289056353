//! Programs and inputs, and what is said of them.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Refusal, check};

fn said(program: &str, input: &str) -> Result<(), Refusal> {
    check(program.as_bytes(), input.as_bytes(), Duration::from_secs(600))
}

#[test]
fn inputs_as_described_are_valid() {
    for (program, input) in [
        ("", ""),
        ("EOF", ""),
        ("INT(0, 10^15) SPACE INT(-5,5) NEWLINE", "1000000000000000 -5\n"),
        ("# all\nINT(1,3,n) NEWLINE REP(n, SPACE) INT(0,9) END NEWLINE", "3\n1 2 3\n"),
        ("REPI(i, 3) INT(0,9,a[i]) NEWLINE END ASSERT(UNIQUE(a))", "1\n2\n3\n"),
        ("WHILE(!ISEOF) STRING(\"x\\n\") END", "x\nx\n"),
        ("WHILEI(i, MATCH(\"ab\"), SPACE) REGEX(\"[ab]+\", s[i]) END ASSERT(i == 1)", "ab"),
        ("IF(1 < 2 && !(2 == 3)) STRING(\"a\") ELSE STRING(\"b\") END", "a"),
        ("IF((1 + 1) * 2 == 5 || 2 > 3) STRING(\"a\") ELSE STRING(\"b\") END", "b"),
        ("FLOAT(0, 1, f) ASSERT(f == 0.5)", "5e-1"),
        ("FLOAT(0, 1, f, FIXED) SPACE FLOAT(0,1,g,SCIENTIFIC)", "0.50 1E-2"),
        ("FLOATP(0, 1, 2, 3)", "0.25"),
        ("SET(a = 7, b = a % 4 - -2^2) ASSERT(b == 7 && -a / 2 == -3)", ""),
        ("REGEX(\"[a-z]{2,3}\", s) ASSERT(STRLEN(s) == 3 && s > \"abb\") EOF", "abc"),
        ("INT(1,9,x[1]) ASSERT(INARRAY(7, x)) UNSET(x) SET(x = 1)", "7"),
        ("INT(0, 0) EOF INT(5, 5)", "0"),
        ("STRING(\"\\101\\\\\\\"\\\n\\q\")", "A\\\"\\q"),
        ("REGEX(\"a|ab\") STRING(\"b\")", "ab"),
    ] {
        assert_eq!(said(program, input), Ok(()), "{program} {input:?}");
    }
}

#[test]
fn other_inputs_are_refused_with_the_place_and_what_was_expected() {
    for (program, input, part) in [
        ("EOF", "x", "line 1, character 1: `x`; expected the end of the file"),
        ("NEWLINE", "", "the end of the file; expected the end of the line"),
        ("INT(1,2) NEWLINE INT(1,9)", "2\n10", "line 2, character 1: `10`"),
        ("INT(1,9)", "0", "a whole number from 1 to 9"),
        ("INT(-9,9)", "-0", "expected a whole number"),
        ("INT(-9,9)", "01", "expected a whole number"),
        ("INT(-9,9)", "-", "expected a whole number"),
        ("INT(0,9)", &"9".repeat(60), "expected a whole number"),
        ("FLOAT(0,1)", "1.5", "a number from 0 to 1"),
        ("FLOAT(0,1,x,FIXED)", "1e-3", "a number"),
        ("FLOAT(0,1,x,SCIENTIFIC)", "0.1", "a number"),
        ("FLOAT(0,1) EOF", "1.", "`.`; expected the end of the file"),
        ("FLOATP(0,1,2,3)", "0.1", "a number"),
        ("FLOATP(0,1,2,3)", "0.1234", "a number"),
        ("STRING(\"ab\")", "ac", "expected `ab`"),
        ("REGEX(\"a.b\")", "a\nb", "what fits `a.b`"),
        ("REP(2, SPACE) INT(0,9) END", "1 2 ", "expected the end of the file"),
        ("REPI(i,2,SPACE) INT(0,9,a[i]) END ASSERT(UNIQUE(a))", "1 1", "ASSERT"),
        (
            "REPI(i,2,SPACE) INT(1,1,a[i]) FLOAT(-2,0,b[i]) END ASSERT(UNIQUE(a,b))",
            "1-2 1-2",
            "ASSERT",
        ),
    ] {
        let Err(Refusal::Input(problem)) = said(program, input) else { panic!("{program}") };
        assert!(problem.contains(part), "{program}: {problem}");
    }
}

#[test]
fn a_mistake_in_the_description_is_no_fault_of_the_input() {
    let deep = format!("ASSERT({}1 == 1{})", "(".repeat(65), ")".repeat(65));
    for (program, part) in [
        ("INT(1)", "line 1: expected `,`"),
        ("\nFOO", "line 2: `FOO`: expected a command"),
        ("FOO(1)", "`FOO` is no command"),
        ("REP(3)", "expected the END"),
        ("END", "closes nothing"),
        ("IF(1 == 1) ELSE ELSE END", "expected the END"),
        ("STRING(\"x", "does not end"),
        ("ASSERT(1 + 1)", "expected a comparison"),
        ("\nINT(0, n)", "line 2: `n` has no value here"),
        ("SET(a = 1 / 0)", "division by zero"),
        ("SET(a = 10 ^ 39)", "too many digits"),
        ("SET(a = 2 ^ -1)", "an exponent from 0"),
        ("SET(a = \"x\" + 1)", "expected a number"),
        ("STRING(1)", "expected a text"),
        ("REGEX(\"(\")", "is no pattern"),
        ("REGEX(\"((a{1000}){1000}){1000}\")", "is no pattern"),
        ("SET(a[1] = 1, b[2] = 1) ASSERT(UNIQUE(a, b))", "different indices"),
        ("REPI(a[0], 10^7) SET(b[a[0]] = 1) END", "more than 4096 values"),
        ("FLOAT(0, 1, x, ROUND)", "FIXED or SCIENTIFIC"),
        (&deep, "more than 64 deep"),
    ] {
        let Err(Refusal::Program(problem)) = said(program, "0") else { panic!("{program}") };
        assert!(problem.contains(part), "{program}: {problem}");
    }
}

#[test]
fn a_description_without_an_end_is_given_up() {
    for program in ["WHILE(1 == 1) END", "REP(10^30) END", "REP(10^9) REP(10^9) END END"] {
        let given_up = check(program.as_bytes(), b"", Duration::from_millis(5));
        let Err(Refusal::Program(problem)) = given_up else { panic!("{program}") };
        assert!(problem.contains("took longer than 5 ms"), "{program}: {problem}");
    }
}

/// Bytes that are often, but not always, what a program is made of.
fn programish() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "INT(", "FLOAT(", "STRING(", "REGEX(", "ASSERT(", "SET(", "UNSET(", "REP(", "REPI(",
        "WHILE(", "IF(", "ELSE", "END", "EOF", "SPACE", "NEWLINE", "ISEOF", "MATCH(", "UNIQUE(",
        "INARRAY(", "STRLEN(", "(", ")", "[", "]", ",", "=", "==", "<", "!", "&&", "||", "+", "-",
        "*", "/", "%", "^", "0", "7", "99", "1.5", "a", "b", "\"x\"", "\"\\\\\"", "\"", "#", "\n",
    ]);
    let part = prop_oneof![
        9 => words.prop_map(|word| format!("{word} ").into_bytes()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_description_breaks_the_reader(
        program in programish(),
        input in vec(any::<u8>(), 0..40),
    ) {
        let _said = check(&program, &input, Duration::from_millis(20));
    }
}
