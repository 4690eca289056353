//! Rules become a BPF program: one binary search over the call's number.
//!
//! The kernel runs a filter at every call, and a new one once for every call there is, to learn which
//! it always allows: on a tree's path to the answer lie some ten instructions, on a line's up to all.

use std::collections::BTreeMap;

use libc::sock_filter;

/// Offsets in `struct seccomp_data`.
const NR: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;
/// The argument that the word of a [`Pass`] is in, from 0.
const PASS_ARGUMENT: u32 = 5;

/// `AUDIT_ARCH_X86_64`.
pub(super) const ARCH_X86_64: u32 = 0xc000_003e;
/// Calls from here on are x32's, except -1, which is no call at all.
const X32_BIT: u32 = 0x4000_0000;
const NO_CALL: u32 = u32::MAX;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const JUMP_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_NOT_BELOW: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const JUMP_ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;
const NOTIFY: u32 = 0x7fc0_0000;
/// Errno 4095 is the highest the kernel passes on.
const ERRNO_MASK: u32 = 0x0fff;

/// The kernel's limit (`BPF_MAXINSNS`).
const MOST_INSTRUCTIONS: usize = 4_096;

/// What a call gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Errno(u16),
    Notify,
}

impl Answer {
    fn encoded(self) -> u32 {
        match self {
            Self::Errno(errno) => ERRNO | (u32::from(errno) & ERRNO_MASK),
            Self::Notify => NOTIFY,
        }
    }
}

/// Which values of an argument's low 32 bits a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Is(u32),
    IsNot(u32),
    AnyBit(u32),
}

/// A test of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition {
    /// 0 to 5.
    pub(super) argument: u8,
    pub(super) test: Test,
}

/// What one call gets: the first rule whose condition holds, else it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) number: u32,
    pub(super) when: Option<Condition>,
    pub(super) answer: Answer,
}

/// What lets some calls through: a number in the sixth argument, which none of them has.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) calls: Vec<u32>,
    pub(super) word: u64,
}

/// A filter, ready for the kernel. Making one allocates, installing one does not.
#[derive(Clone)]
pub struct Program {
    instructions: Vec<sock_filter>,
}

impl Program {
    /// The filter of some rules; `foreign` is what calls of any other architecture get. Whoever
    /// brings the pass may make the pass's calls, whatever the rules say.
    pub(super) fn tree(rules: &[Rule], foreign: Answer, pass: &Pass) -> Self {
        let ranges = ranges(rules, foreign, &pass.calls);
        let mut instructions = head(foreign);
        emit(&ranges, pass.word, &mut instructions);
        assert!(instructions.len() <= MOST_INSTRUCTIONS, "a profile has fewer rules than that");
        Self { instructions }
    }

    /// The same rules one after the other, to compare the cost with.
    #[cfg(test)]
    pub(super) fn line(rules: &[Rule], foreign: Answer) -> Self {
        let mut instructions = head(foreign);
        for rule in rules {
            let body = rule_body(&[*rule]);
            let skip = u8::try_from(body.len()).unwrap();
            instructions.push(instruction(JUMP_EQUAL, rule.number, 0, skip));
            instructions.extend(body);
        }
        instructions.push(instruction(RETURN, ALLOW, 0, 0));
        Self { instructions }
    }

    /// The instructions in order.
    #[must_use]
    pub fn instructions(&self) -> &[sock_filter] {
        &self.instructions
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({} instructions)", self.instructions.len())
    }
}

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// The architecture is looked at before the number: elsewhere the numbers mean other calls.
fn head(foreign: Answer) -> Vec<sock_filter> {
    vec![
        instruction(LOAD, ARCH, 0, 0),
        instruction(JUMP_EQUAL, ARCH_X86_64, 1, 0),
        instruction(RETURN, foreign.encoded(), 0, 0),
        instruction(LOAD, NR, 0, 0),
    ]
}

/// Numbers from `from` up to the next range's, all with the same instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    from: u32,
    /// Whether the pass lets these calls through.
    passes: bool,
    rules: Vec<Rule>,
}

/// All numbers there can be, cut where the answer changes.
fn ranges(rules: &[Rule], foreign: Answer, pass: &[u32]) -> Vec<Range> {
    let mut by_number: BTreeMap<u32, Vec<Rule>> = BTreeMap::new();
    for rule in rules {
        by_number.entry(rule.number).or_default().push(*rule);
    }
    let x32 = Rule { number: X32_BIT, when: None, answer: foreign };
    let free = |from| Range { from, passes: false, rules: Vec::new() };
    let mut cut = vec![free(0)];
    for (number, rules) in by_number {
        push(&mut cut, Range { from: number, passes: pass.contains(&number), rules });
        push(&mut cut, free(number + 1));
    }
    push(&mut cut, Range { from: X32_BIT, passes: false, rules: vec![x32] });
    push(&mut cut, free(NO_CALL));
    cut
}

/// Adds a range, in place of an empty one, or as part of one that answers the same.
fn push(cut: &mut Vec<Range>, range: Range) {
    if cut.last().is_some_and(|last| last.from == range.from) {
        cut.pop();
    }
    let same = |last: &Range| {
        let answers =
            |rules: &[Rule]| rules.iter().map(|rule| (rule.when, rule.answer)).collect::<Vec<_>>();
        last.passes == range.passes && answers(&last.rules) == answers(&range.rules)
    };
    if !cut.last().is_some_and(same) {
        cut.push(range);
    }
}

/// A tree over the ranges: half of them on each side of one comparison.
fn emit(ranges: &[Range], word: u64, out: &mut Vec<sock_filter>) {
    let (below, from) = ranges.split_at(ranges.len() / 2);
    let (Some(middle), false) = (from.first(), below.is_empty()) else {
        if let Some(range) = ranges.first() {
            if range.passes {
                out.extend(pass_body(word));
            }
            out.extend(rule_body(&range.rules));
        }
        return;
    };
    let mut left = Vec::new();
    emit(below, word, &mut left);
    // A conditional jump reaches 255 instructions; farther takes one that does nothing else.
    if let Ok(near) = u8::try_from(left.len()) {
        out.push(instruction(JUMP_NOT_BELOW, middle.from, near, 0));
    } else {
        let far = u32::try_from(left.len()).expect("a program has at most 4096 instructions");
        out.push(instruction(JUMP_NOT_BELOW, middle.from, 0, 1));
        out.push(instruction(JUMP, far, 0, 0));
    }
    out.append(&mut left);
    emit(from, word, out);
}

/// Lets a call through that brings the word.
fn pass_body(word: u64) -> [sock_filter; 5] {
    let at = ARGS + 8 * PASS_ARGUMENT;
    // Both halves are told apart here, so that nothing is lost.
    #[expect(clippy::cast_possible_truncation, reason = "each half of the word in its turn")]
    let (low, high) = (word as u32, (word >> 32) as u32);
    [
        instruction(LOAD, at, 0, 0),
        instruction(JUMP_EQUAL, low, 0, 3),
        instruction(LOAD, at + 4, 0, 0),
        instruction(JUMP_EQUAL, high, 0, 1),
        instruction(RETURN, ALLOW, 0, 0),
    ]
}

/// What one call gets: each condition in turn, then the answer.
fn rule_body(rules: &[Rule]) -> Vec<sock_filter> {
    let mut body = Vec::new();
    for rule in rules {
        let answer = instruction(RETURN, rule.answer.encoded(), 0, 0);
        let Some(condition) = rule.when else {
            body.push(answer);
            return body;
        };
        // The low half comes first on this little-endian machine.
        body.push(instruction(LOAD, ARGS + 8 * u32::from(condition.argument), 0, 0));
        body.push(match condition.test {
            Test::Is(value) => instruction(JUMP_EQUAL, value, 0, 1),
            Test::IsNot(value) => instruction(JUMP_EQUAL, value, 1, 0),
            Test::AnyBit(bits) => instruction(JUMP_ANY_BIT, bits, 0, 1),
        });
        body.push(answer);
    }
    body.push(instruction(RETURN, ALLOW, 0, 0));
    body
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
