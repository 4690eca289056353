use proptest::prelude::*;

use super::*;

/// The kernel's interpreter for the instructions used here; the answer and the steps it took.
fn interpret(program: &Program, arch: u32, nr: u32, args: [u64; 6]) -> (u32, usize) {
    let load = |offset: u32| match offset {
        NR => nr,
        ARCH => arch,
        _ => {
            let argument = args[usize::try_from((offset - ARGS) / 8).unwrap()];
            let half = if (offset - ARGS).is_multiple_of(8) {
                argument & 0xffff_ffff
            } else {
                argument >> 32
            };
            u32::try_from(half).unwrap()
        }
    };
    let (mut at, mut value, mut steps) = (0_usize, 0_u32, 0_usize);
    loop {
        let step = program.instructions[at];
        steps += 1;
        at += 1;
        let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
        match step.code {
            LOAD => value = load(step.k),
            JUMP => at += usize::try_from(step.k).unwrap(),
            JUMP_EQUAL => at += jump(value == step.k),
            JUMP_NOT_BELOW => at += jump(value >= step.k),
            JUMP_ANY_BIT => at += jump(value & step.k != 0),
            RETURN => return (step.k, steps),
            other => panic!("code {other:#x} at {at}"),
        }
    }
}

/// What the rules say, read off directly.
fn expected(
    (rules, foreign, pass): (&[Rule], Answer, &Pass),
    arch: u32,
    nr: u32,
    args: [u64; 6],
) -> u32 {
    if arch != ARCH_X86_64 || (nr >= X32_BIT && nr != NO_CALL) {
        return foreign.encoded();
    }
    if pass.calls.contains(&nr) && args[5] == pass.word {
        return ALLOW;
    }
    let holds = |when: Condition| {
        let value = u32::try_from(args[usize::from(when.argument)] & 0xffff_ffff).unwrap();
        match when.test {
            Test::Is(wanted) => value == wanted,
            Test::IsNot(unwanted) => value != unwanted,
            Test::AnyBit(bits) => value & bits != 0,
        }
    };
    let rule = rules.iter().find(|rule| rule.number == nr && rule.when.is_none_or(holds));
    rule.map_or(ALLOW, |rule| rule.answer.encoded())
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let test = prop_oneof![
        (0_u32..8).prop_map(Test::Is),
        (0_u32..8).prop_map(Test::IsNot),
        (0_u32..8).prop_map(Test::AnyBit),
    ];
    let when =
        prop::option::of((0_u8..6, test).prop_map(|(argument, test)| Condition { argument, test }));
    let answer = prop_oneof![(1_u16..100).prop_map(Answer::Errno), Just(Answer::Notify)];
    let rule =
        (0_u32..470, when, answer).prop_map(|(number, when, answer)| Rule { number, when, answer });
    prop::collection::vec(rule, 0..200)
}

proptest! {
    #[test]
    fn the_tree_answers_what_the_rules_say(
        rules in rules(),
        nr in prop_oneof![0_u32..480, any::<u32>(), Just(X32_BIT), Just(NO_CALL), Just(X32_BIT - 1)],
        arch in prop_oneof![9 => Just(ARCH_X86_64), 1 => any::<u32>()],
        value in 0_u64..8,
        high in any::<u32>(),
        passing in prop::collection::vec(0_u32..480, 0..8),
        word in any::<u64>(),
        brought in 0_u32..4,
    ) {
        // Only the low half of an argument counts.
        let mut args = [value | (u64::from(high) << 32); 6];
        // The word, one half of it, the other half, or none.
        let halves = [u64::MAX, 0xffff_ffff, !0xffff_ffff, 0][usize::try_from(brought).unwrap()];
        args[5] = (word & halves) | (args[5] & !halves);
        let mut calls = passing;
        calls.push(nr);
        let pass = Pass { calls, word };
        for foreign in [Answer::Errno(38), Answer::Notify] {
            let tree = Program::tree(&rules, foreign, &pass);
            let (answer, _steps) = interpret(&tree, arch, nr, args);
            let expected = expected((&rules, foreign, &pass), arch, nr, args);
            prop_assert_eq!(answer, expected);
        }
    }
}

#[test]
fn any_call_is_decided_in_few_steps() {
    let rules = crate::seccomp::Profile::shipped().rules();
    let tree = crate::seccomp::filter(1);
    let line = Program::line(rules, Answer::Notify);
    let worst = |program: &Program| {
        (0..480).map(|nr| interpret(program, ARCH_X86_64, nr, [0; 6]).1).max().unwrap()
    };
    // The deepest is fcntl, with six commands of its own.
    assert!(worst(&tree) <= 28, "{}", worst(&tree));
    assert!(worst(&line) > 3 * worst(&tree));
}

#[test]
fn no_call_and_the_call_before_x32_are_not_foreign() {
    let tree = Program::tree(&[], Answer::Notify, &Pass { calls: Vec::new(), word: 0 });
    for (nr, answer) in [
        (X32_BIT - 1, ALLOW),
        (X32_BIT, NOTIFY),
        (X32_BIT + 101, NOTIFY),
        (NO_CALL - 1, NOTIFY),
        (NO_CALL, ALLOW),
    ] {
        assert_eq!(interpret(&tree, ARCH_X86_64, nr, [0; 6]).0, answer, "{nr:#x}");
    }
}
