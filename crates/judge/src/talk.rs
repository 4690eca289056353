//! Who of two programs that talk to each other decides, from how both ended: a pure function.
//!
//! The end of one is an end of file, or a broken pipe, to the other, so every end has an echo. A
//! pipe breaks only when the program at its reading end closes it: a broken pipe is never the doing
//! of the program that wrote, and does not count as its failure.
//!
//! | first | then | verdict |
//! |---|---|---|
//! | interactor rejects | whatever the solution does | the interactor's |
//! | interactor rejects, seen late | solution says that its input had ended, and fails | the interactor's |
//! | interactor accepts | solution exits 0, or dies of the broken pipe | the interactor's |
//! | interactor accepts | solution fails, or hits a limit | the solution's |
//! | interactor crashes, hits a limit, says what it may not | whatever | fault of the interactor |
//! | solution fails, or hits a limit | whatever the interactor says | the solution's |
//! | solution exits 0 | interactor rules | the interactor's |
//! | solution exits 0, or closes its stdin | interactor dies of the broken pipe | wrong answer |
//! | solution exits 0 | interactor crashes or hits a limit | fault of the interactor |
//! | both wait: solution at its wall-clock limit | interactor ends | WTL |
//! | solution waits until its wall-clock limit | interactor runs into a limit | fault of the interactor |
//! | solution writes more than its output limit | whatever | OLE |

use minos_model::{Cause, Ending, RunReport, Verdict};

/// The signal of a write to a pipe that nobody reads.
const SIGPIPE: u8 = 13;
/// What programs that ignore that signal say of such a write before they exit.
const BROKEN: [&str; 3] = ["BrokenPipe", "Broken pipe", "EPIPE"];
/// What programs say of an input that has ended before they fail: `EOFError` and its kin, Java's
/// scanner, Rust. Only an interactor that has gone ends it.
const ENDED: [&str; 4] = ["EOF", "NoSuchElementException", "UnexpectedEof", "end of file"];
/// The exit code of Python when the last of its output finds nobody.
const PYTHON_UNFLUSHED: u8 = 120;
/// The exit code of a shell whose command died of that signal: interactors may be scripts.
const SHELL_BROKEN: u8 = 128 + SIGPIPE;

/// How the two ended.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the two ends")]
pub(crate) struct Talk<'a> {
    pub(crate) solution: &'a RunReport,
    pub(crate) solution_stderr: &'a [u8],
    pub(crate) interactor: &'a RunReport,
    pub(crate) interactor_stderr: &'a [u8],
    pub(crate) interactor_first: bool,
    /// The two ends are too near to each other to tell which was first: a pipe closes a moment
    /// before its program has ended.
    pub(crate) close: bool,
    /// The solution was ended for the interactor's sake.
    pub(crate) cut: bool,
    /// The solution wrote more than it may.
    pub(crate) flooded: bool,
}

/// What the interactor's own end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// It ruled in favour of the solution, wholly or in part.
    Accepts,
    /// It ruled against it.
    Rejects,
    /// It ended as no interactor may.
    Fails,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// How the solution ended.
    Solution(Verdict),
    /// What the interactor said.
    Interactor,
    /// The solution left before the interactor had said everything: a wrong answer.
    Deserted,
    /// The interactor is at fault.
    Fault,
    /// The operator, or the slot's end, broke the runs off.
    Cancelled,
}

/// Who decides; see the table above.
pub(crate) fn settle(talk: &Talk<'_>, says: Says) -> Settled {
    if talk.flooded {
        return Settled::Solution(Verdict::OutputLimit);
    }
    let cancelled = |report: &RunReport| report.cause == Cause::Cancelled;
    if cancelled(talk.interactor) || (cancelled(talk.solution) && !talk.cut) {
        return Settled::Cancelled;
    }
    let own = own_failure(talk);
    if says == Says::Fails && interactor_lost_it(talk) {
        return own.map_or(Settled::Deserted, Settled::Solution);
    }
    let Some(own) = own else {
        return if says == Says::Fails { Settled::Fault } else { Settled::Interactor };
    };
    let hung =
        own == Verdict::WallTimeLimit && matches!(talk.interactor.cause, Cause::Limit { .. });
    match says {
        Says::Fails if hung || talk.interactor_first => Settled::Fault,
        Says::Fails if talk.close && !at_end_of_file(talk) => Settled::Fault,
        Says::Rejects if talk.interactor_first || wanted_more(talk) => Settled::Interactor,
        Says::Fails | Says::Rejects | Says::Accepts => Settled::Solution(own),
    }
}

/// Whether the interactor ended because the solution reads no more.
fn interactor_lost_it(talk: &Talk<'_>) -> bool {
    let report = talk.interactor;
    let by_shell =
        (&report.cause, report.ending) == (&Cause::Exited, Ending::Exited { code: SHELL_BROKEN });
    by_shell || broken_pipe(report, talk.interactor_stderr)
}

/// Whether the interactor's interpreter says that it failed for want of anything to read.
fn at_end_of_file(talk: &Talk<'_>) -> bool {
    let text = String::from_utf8_lossy(talk.interactor_stderr);
    talk.interactor.cause == Cause::Exited
        && ["EOF", "Traceback"].iter().any(|it| text.contains(it))
}

/// Whether the solution failed for want of input: then the interactor was gone before, however late
/// a busy machine saw that.
fn wanted_more(talk: &Talk<'_>) -> bool {
    let text = String::from_utf8_lossy(talk.solution_stderr);
    talk.close
        && talk.solution.cause == Cause::Exited
        && ENDED.iter().any(|sign| text.contains(sign))
}

/// The verdict that the solution's own end means; a pipe that broke under it means none.
fn own_failure(talk: &Talk<'_>) -> Option<Verdict> {
    if talk.cut || broken_pipe(talk.solution, talk.solution_stderr) {
        return None;
    }
    Verdict::of_run(&talk.solution.cause, talk.solution.ending)
}

/// Whether a program ended because nobody reads what it writes.
fn broken_pipe(report: &RunReport, stderr: &[u8]) -> bool {
    match (&report.cause, report.ending) {
        (Cause::Signalled, Ending::Signalled { signal }) => signal == SIGPIPE,
        (Cause::Exited, Ending::Exited { code: 0 }) => false,
        (Cause::Exited, Ending::Exited { code }) => {
            let text = String::from_utf8_lossy(stderr);
            code == PYTHON_UNFLUSHED || BROKEN.iter().any(|sign| text.contains(sign))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{exited, signalled};
    use minos_model::{By, LimitKind};

    fn limit(limit: LimitKind) -> RunReport {
        let cause = Cause::Limit { limit, by: By::Watchdog, allowed: 1, observed: 2 };
        RunReport { cause, ..signalled(9) }
    }

    /// Solution, interactor, whether the interactor was first, what it says.
    type Row = (RunReport, RunReport, bool, Says);

    #[track_caller]
    fn check(rows: Vec<(&str, Row, Settled)>) {
        for (what, (solution, interactor, interactor_first, says), expected) in rows {
            let talk = Talk {
                solution: &solution,
                solution_stderr: b"",
                interactor: &interactor,
                interactor_stderr: b"",
                interactor_first,
                close: false,
                cut: false,
                flooded: false,
            };
            assert_eq!(settle(&talk, says), expected, "{what}");
        }
    }

    #[test]
    fn after_the_interactors_verdict_a_rejection_stands_and_an_acceptance_needs_a_good_end() {
        use Settled::{Interactor, Solution};
        use Verdict::{MemoryLimit, RuntimeError, TimeLimit, WallTimeLimit};
        let cpu = || limit(LimitKind::CpuTime);
        check(vec![
            ("rejects, exits", (exited(0), exited(43), true, Says::Rejects), Interactor),
            ("rejects, crashes", (signalled(11), exited(43), true, Says::Rejects), Interactor),
            ("rejects, fails", (exited(1), exited(43), true, Says::Rejects), Interactor),
            ("rejects, SIGPIPE", (signalled(13), exited(43), true, Says::Rejects), Interactor),
            ("rejects, spins", (cpu(), exited(43), true, Says::Rejects), Interactor),
            ("accepts, exits", (exited(0), exited(42), true, Says::Accepts), Interactor),
            ("accepts, SIGPIPE", (signalled(13), exited(42), true, Says::Accepts), Interactor),
            ("accepts, unflushed", (exited(120), exited(42), true, Says::Accepts), Interactor),
            (
                "accepts, crashes",
                (signalled(11), exited(42), true, Says::Accepts),
                Solution(RuntimeError),
            ),
            (
                "accepts, fails",
                (exited(1), exited(42), true, Says::Accepts),
                Solution(RuntimeError),
            ),
            ("accepts, spins", (cpu(), exited(42), true, Says::Accepts), Solution(TimeLimit)),
            (
                "accepts, sleeps",
                (limit(LimitKind::WallTime), exited(42), true, Says::Accepts),
                Solution(WallTimeLimit),
            ),
            (
                "accepts, grows",
                (limit(LimitKind::Memory), exited(42), true, Says::Accepts),
                Solution(MemoryLimit),
            ),
        ]);
    }

    #[test]
    fn a_solution_that_ends_first_answers_for_its_end_and_else_the_interactor_rules() {
        use Settled::{Deserted, Fault, Interactor, Solution};
        use Verdict::{MemoryLimit, OutputLimit, RuntimeError, TimeLimit, WallTimeLimit};
        let cpu = || limit(LimitKind::CpuTime);
        let rows = vec![
            ("exits, accepted", (exited(0), exited(42), false, Says::Accepts), Interactor),
            ("exits early, rejected", (exited(0), exited(43), false, Says::Rejects), Interactor),
            ("exits early, SIGPIPE", (exited(0), signalled(13), false, Says::Fails), Deserted),
            ("closes stdin, SIGPIPE", (exited(0), signalled(13), true, Says::Fails), Deserted),
            (
                "crashes, rejected",
                (signalled(11), exited(43), false, Says::Rejects),
                Solution(RuntimeError),
            ),
            (
                "crashes, SIGPIPE",
                (signalled(11), signalled(13), false, Says::Fails),
                Solution(RuntimeError),
            ),
            (
                "crashes, crash",
                (signalled(11), signalled(6), false, Says::Fails),
                Solution(RuntimeError),
            ),
            ("spins, rejected", (cpu(), exited(43), false, Says::Rejects), Solution(TimeLimit)),
            (
                "grows, rejected",
                (limit(LimitKind::Memory), exited(43), false, Says::Rejects),
                Solution(MemoryLimit),
            ),
            (
                "floods, rejected",
                (limit(LimitKind::Output), exited(43), false, Says::Rejects),
                Solution(OutputLimit),
            ),
            (
                "both wait",
                (limit(LimitKind::WallTime), exited(43), false, Says::Rejects),
                Solution(WallTimeLimit),
            ),
            (
                "both wait, it crashes at the end of file",
                (limit(LimitKind::WallTime), exited(1), false, Says::Fails),
                Solution(WallTimeLimit),
            ),
            (
                "waits for one that spins",
                (limit(LimitKind::WallTime), cpu(), false, Says::Fails),
                Fault,
            ),
            ("exits, crash", (exited(0), signalled(11), false, Says::Fails), Fault),
            ("exits, unknown code", (exited(0), exited(9), false, Says::Fails), Fault),
            ("exits, a script's SIGPIPE", (exited(0), exited(141), false, Says::Fails), Deserted),
            ("exits, hangs", (exited(0), limit(LimitKind::WallTime), false, Says::Fails), Fault),
            (
                "SIGPIPE of one that rules",
                (signalled(13), exited(43), false, Says::Rejects),
                Interactor,
            ),
        ];
        check(rows);
    }

    #[test]
    fn an_interactor_that_fails_first_is_at_fault_whatever_its_solution_does_then() {
        for interactor in
            [signalled(11), exited(9), limit(LimitKind::CpuTime), limit(LimitKind::Memory)]
        {
            for solution in [exited(0), exited(1), signalled(13), limit(LimitKind::WallTime)] {
                let row = (solution, interactor.clone(), true, Says::Fails);
                check(vec![("fails first", row, Settled::Fault)]);
            }
        }
    }

    #[test]
    fn a_solution_that_was_cut_or_flooded_or_says_its_pipe_broke() {
        let (killed, clean) = (RunReport { cause: Cause::Cancelled, ..signalled(9) }, exited(0));
        let (rejected, full) = (exited(43), limit(LimitKind::Memory));
        let talk = Talk {
            solution: &killed,
            solution_stderr: b"",
            interactor: &rejected,
            interactor_stderr: b"",
            interactor_first: true,
            close: false,
            cut: true,
            flooded: false,
        };
        assert_eq!(settle(&talk, Says::Rejects), Settled::Interactor);
        assert_eq!(settle(&Talk { cut: false, ..talk }, Says::Rejects), Settled::Cancelled);
        let cancelled = Talk { solution: &clean, interactor: &killed, ..talk };
        assert_eq!(settle(&cancelled, Says::Fails), Settled::Cancelled);
        let flooded = Talk { interactor: &full, flooded: true, ..talk };
        assert_eq!(settle(&flooded, Says::Fails), Settled::Solution(Verdict::OutputLimit));
        let (failed, accepted) = (exited(1), exited(42));
        let broken = Talk {
            solution: &failed,
            solution_stderr: b"BrokenPipeError: [Errno 32] Broken pipe",
            interactor: &accepted,
            cut: false,
            ..talk
        };
        assert_eq!(settle(&broken, Says::Accepts), Settled::Interactor);
        let (abort, traceback) = (signalled(6), exited(1));
        let near = Talk { interactor: &abort, interactor_first: false, close: true, ..broken };
        let near = Talk { solution_stderr: b"", ..near };
        assert_eq!(settle(&near, Says::Fails), Settled::Fault);
        let late = Talk { interactor: &traceback, interactor_stderr: b"EOFError", ..near };
        assert_eq!(settle(&late, Says::Fails), Settled::Solution(Verdict::RuntimeError));
        let (crash, rejected) = (signalled(11), exited(43));
        for (first, expected) in
            [(true, Settled::Interactor), (false, Settled::Solution(Verdict::RuntimeError))]
        {
            let ended =
                Talk { solution: &crash, interactor: &rejected, interactor_first: first, ..near };
            assert_eq!(settle(&ended, Says::Rejects), expected);
        }
        for (close, said, expected) in [
            (true, "EOFError: EOF when reading a line", Settled::Interactor),
            (true, "java.util.NoSuchElementException", Settled::Interactor),
            (true, "ValueError", Settled::Solution(Verdict::RuntimeError)),
            (false, "EOFError", Settled::Solution(Verdict::RuntimeError)),
        ] {
            let ended = Talk {
                solution: &failed,
                solution_stderr: said.as_bytes(),
                interactor: &rejected,
                close,
                ..near
            };
            assert_eq!(settle(&ended, Says::Rejects), expected, "{said} {close}");
        }
        let other = Talk { solution_stderr: b"ValueError", ..broken };
        assert_eq!(settle(&other, Says::Accepts), Settled::Solution(Verdict::RuntimeError));
    }
}
