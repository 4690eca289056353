//! The canary: a program of ours, compiled and run between submissions, that tells a node whether
//! it is the problem itself.
//!
//! A compiler that breaks while a node runs looks like a contestant's mistake, and a loader that
//! breaks looks like a bad checker. So neither is believed before the language's `hello` has been
//! compiled afresh and judged in the same workshop. Every slot judges one before it opens, afresh
//! when the node's last fault was in that language; and now and then some slot judges one: an idle slot
//! of each language in turn, a busy one, between two submissions, of those it has judged since. It
//! takes no job meanwhile.
//!
//! ```text
//!   sound ── a canary fails ──▶ in doubt: no slot pulls, jobs in hand go back, not ready
//!     ▲                            │ tried again after 2 s, doubling to a minute
//!     └── the canary passes ───────┘
//! ```

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use minos_judge::{Builds, Sandboxed, Workshop};
use minos_model::{Bytes, CpuTime, Fault, Judgement, LanguageId, NodeId, Verdict};
use minos_problem::{Language, Problem};

use crate::board::Board;
use crate::border::Failure;
use crate::metrics;
use crate::selftest::{NoHello, hello, say_hello};

/// Between two canaries of a sound node, all languages in turn.
const EVERY: Duration = Duration::from_secs(60);
/// Between two tries of a node in doubt: doubling from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// The canary's builds: some hundred of one program.
const BUILDS_MAX: Bytes = Bytes::from_mib(64);
/// How often an idle slot looks whether a canary is due.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One for the node, shared by its slots' threads.
#[derive(Debug)]
pub(crate) struct Canary {
    problem: Problem,
    /// Its own: nobody else has a use for them.
    builds: Arc<Builds>,
    languages: Vec<Language>,
    node: NodeId,
    board: Board,
    clock: Mutex<Clock>,
}

#[derive(Debug)]
struct Clock {
    /// When the next one is due; `None` while one is under way.
    due: Option<Instant>,
    retry: Duration,
    turn: usize,
    /// What was judged since its last canary.
    used: BTreeSet<LanguageId>,
    /// The language that failed.
    doubted: Option<LanguageId>,
    /// The language in which this node was at fault; the next slot that opens tries it.
    suspect: Option<LanguageId>,
}

impl Canary {
    /// A canary for languages whose self-test has passed; its two files are in `dir`.
    ///
    /// # Errors
    /// One line when they cannot be written.
    pub(crate) fn new(
        dir: &Path,
        languages: Vec<Language>,
        node: NodeId,
        board: Board,
    ) -> Result<Self, String> {
        let problem = std::fs::create_dir_all(dir).and_then(|()| hello(dir));
        let problem = problem.map_err(|error| format!("{}: {error}", dir.display()))?;
        let builds = Builds::open(dir.join("builds"), BUILDS_MAX);
        let builds = Arc::new(builds.map_err(|error| format!("{}: {error}", dir.display()))?);
        let due = Some(Instant::now() + EVERY);
        let used = BTreeSet::new();
        let clock = Clock { due, retry: RETRY.0, turn: 0, used, doubted: None, suspect: None };
        Ok(Self { problem, builds, languages, node, board, clock: Mutex::new(clock) })
    }

    /// Before a slot opens: whether its boxes work, and whatever is in doubt.
    ///
    /// # Errors
    /// One line about what failed.
    pub(crate) fn opens(&self, workshop: &mut Workshop<Sandboxed>) -> Result<(), String> {
        let open = {
            let mut clock = self.clock();
            clock.doubted.clone().or_else(|| clock.suspect.take())
        };
        let Some(language) = self.known(open.as_ref()) else {
            let Some(language) = self.languages.first() else { return Ok(()) };
            // A build of an earlier time will do.
            let said = self.say(workshop, language, b"");
            return said
                .map(drop)
                .map_err(|no| format!("the canary of {}: {}", language.id, no.why));
        };
        match self.sing(workshop, language) {
            Ok(()) => self.trusts(&language.id),
            Err(no) => {
                self.failed(&language.id, &no);
                return Err(format!("the canary of {}: {}", language.id, no.why));
            }
        }
        Ok(())
    }

    fn known(&self, id: Option<&LanguageId>) -> Option<&Language> {
        self.languages.iter().find(|language| Some(&language.id) == id)
    }

    /// Whether a judgement may be believed: a refusal by the compiler only when the compiler works.
    ///
    /// # Errors
    /// The node's own fault; it is in doubt from now on.
    pub(crate) fn believes(
        &self,
        workshop: &mut Workshop<Sandboxed>,
        judgement: &Judgement,
    ) -> Result<(), Failure> {
        self.clock().used.insert(judgement.language.clone());
        match judgement.verdict {
            Verdict::CompileError | Verdict::CompileLimit => {
                self.vouch(workshop, &judgement.language)
            }
            Verdict::Accepted
            | Verdict::WrongAnswer
            | Verdict::PresentationError
            | Verdict::PartiallyCorrect
            | Verdict::TimeLimit
            | Verdict::WallTimeLimit
            | Verdict::MemoryLimit
            | Verdict::OutputLimit
            | Verdict::RuntimeError
            | Verdict::SecurityViolation
            | Verdict::JudgeError
            | Verdict::Cancelled
            | Verdict::Skipped => Ok(()),
        }
    }

    /// Whether the fault of a checker or a package may be believed: only where ours works.
    ///
    /// # Errors
    /// The node's own fault; it is in doubt from now on.
    pub(crate) fn blames(
        &self,
        workshop: &mut Workshop<Sandboxed>,
        fault: Fault,
        language: &LanguageId,
    ) -> Result<(), Failure> {
        match fault {
            Fault::Checker | Fault::Package => self.vouch(workshop, language),
            Fault::Node => {
                // This warden goes; the one that comes shows whether the node is sound.
                self.clock().suspect = Some(language.clone());
                Ok(())
            }
            Fault::Broker => Ok(()),
        }
    }

    fn vouch(
        &self,
        workshop: &mut Workshop<Sandboxed>,
        language: &LanguageId,
    ) -> Result<(), Failure> {
        let Some(language) = self.known(Some(language)) else { return Ok(()) };
        let Err(no) = self.sing(workshop, language) else { return Ok(()) };
        self.failed(&language.id, &no);
        Err(Failure { broken: no.warden, ..in_doubt(&no.why) })
    }

    /// Judges one. Says whether the warden can be worked with.
    pub(crate) fn take(&self, workshop: &mut Workshop<Sandboxed>, language: &Language) -> bool {
        match self.sing(workshop, language) {
            Ok(()) => {
                self.trusts(&language.id);
                true
            }
            Err(no) => {
                self.failed(&language.id, &no);
                !no.warden
            }
        }
    }

    /// The language whose canary is due, if this thread is the one to try it. It costs an idle slot
    /// nothing, and a busy one as long as a compiler takes.
    pub(crate) fn due(&self, now: Instant, idle: bool) -> Option<&Language> {
        let mut clock = self.clock();
        clock.due.filter(|due| *due <= now)?;
        let language = match &clock.doubted {
            Some(doubted) => self.known(Some(doubted)),
            None => {
                let (before, after) = self.languages.split_at_checked(clock.turn)?;
                let mut turns = after.iter().chain(before);
                turns.find(|language| idle || clock.used.contains(&language.id))
            }
        }?;
        let at = self.languages.iter().position(|one| one.id == language.id)?;
        clock.turn = (at + 1) % self.languages.len();
        clock.used.remove(&language.id);
        clock.due = None;
        Some(language)
    }

    fn trusts(&self, language: &LanguageId) {
        let mut clock = self.clock();
        // One that began before another language fell into doubt says nothing about it.
        if clock.doubted.as_ref().is_some_and(|doubted| doubted != language) {
            return;
        }
        clock.due = Some(Instant::now() + EVERY);
        clock.retry = RETRY.0;
        if clock.doubted.take().is_some() {
            tracing::info!(%language, "the canary sings again");
            self.board.set_doubt(None);
        }
    }

    fn failed(&self, language: &LanguageId, no: &NoHello) {
        let (mut clock, why) = (self.clock(), &no.why);
        if no.broken_off {
            // The slot leaves, or its submission was cancelled: it is tried again.
            clock.due = clock.due.or_else(|| Some(Instant::now() + RETRY.0));
            return;
        }
        metrics::canary_failed();
        clock.doubted = Some(language.clone());
        clock.due = Some(Instant::now() + clock.retry);
        clock.retry = (clock.retry * 2).min(RETRY.1);
        tracing::error!(%language, why, "the canary failed: this node takes no jobs");
        self.board.set_doubt(Some(format!("the canary of {language}: {why}")));
    }

    /// Compiles afresh: nobody has a build of these bytes.
    fn sing(&self, workshop: &mut Workshop<Sandboxed>, language: &Language) -> Result<(), NoHello> {
        let began = Instant::now();
        let cpu = self.say(workshop, language, &blank())?;
        metrics::canary_sang(language.id.as_str(), began.elapsed(), cpu);
        Ok(())
    }

    fn say(
        &self,
        workshop: &mut Workshop<Sandboxed>,
        language: &Language,
        behind: &[u8],
    ) -> Result<CpuTime, NoHello> {
        let others = workshop.exchange_builds(Arc::clone(&self.builds));
        let said = say_hello(&self.node, workshop, language, &self.problem, behind);
        // A slot that panics in between is replaced, workshop and all.
        drop(workshop.exchange_builds(others));
        said
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        // Whole after every statement.
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a node in doubt answers to an order.
pub(crate) fn in_doubt(why: &str) -> Failure {
    let what = format!("this node doubts itself: {why}");
    Failure { fault: Fault::Node, what, broken: false }
}

/// Blank lines that no build was made of before: 2^64 of them.
fn blank() -> Vec<u8> {
    let bits = crate::jitter::between(0, u64::MAX - 1);
    (0..64).map(|bit| if bits >> bit & 1 == 0 { b'\n' } else { b' ' }).chain([b'\n']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_blank_and_never_the_same() {
        let (one, other) = (blank(), blank());
        assert_ne!(one, other);
        assert!(one.iter().all(u8::is_ascii_whitespace));
        assert_eq!(one.last(), Some(&b'\n'));
    }
}
