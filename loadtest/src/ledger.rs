//! The ledger: what was promised to each submission, and what became of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use minos_model::{CpuTime, Judgement, Verdict};

/// Sent later than this after its planned time, a submission counts as late.
pub(crate) const LATE: Duration = Duration::from_millis(5);

/// One submission of the plan. All times are counted from the start of the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// When it was to be sent.
    pub(crate) planned: Duration,
    /// Which program of the mix it carries.
    pub(crate) program: usize,
    /// When sending began.
    pub(crate) sent: Option<Duration>,
    /// When the broker had stored it.
    pub(crate) acked: Option<Duration>,
    /// When a slot took it; told by events, which may be lost.
    pub(crate) received: Option<Duration>,
    /// When its first verdict was seen.
    pub(crate) judged: Option<Duration>,
    /// Its first verdict.
    pub(crate) verdict: Option<Verdict>,
    /// Verdicts after the first.
    pub(crate) extra: u32,
    /// CPU time of the compiler, zero when an earlier build was reused.
    pub(crate) compile: CpuTime,
    /// CPU time of its runs.
    pub(crate) run: CpuTime,
}

/// Every submission of a run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
    unknown: u64,
}

/// What the ledger adds up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Acknowledged by the broker.
    pub(crate) submitted: u64,
    /// With a verdict.
    pub(crate) judged: u64,
    /// Acknowledged, without a verdict.
    pub(crate) lost: u64,
    /// With more than one verdict, or a verdict that nobody asked for.
    pub(crate) duplicated: u64,
    /// With a verdict other than expected, judge errors left out.
    pub(crate) wrong: u64,
    /// With the verdict JE.
    pub(crate) judge_errors: u64,
    /// Not stored: the broker refused or did not answer.
    pub(crate) refused: u64,
    /// Sent more than [`LATE`] after their time.
    pub(crate) late_sends: u64,
}

#[cfg(test)]
impl Sums {
    /// Whether nothing was lost, doubled, wrong, refused or failed.
    const fn is_clean(&self) -> bool {
        self.lost == 0
            && self.duplicated == 0
            && self.wrong == 0
            && self.judge_errors == 0
            && self.refused == 0
    }
}

impl Ledger {
    /// A ledger of planned submissions: the id, the time and the program of each.
    pub(crate) fn new(plan: impl IntoIterator<Item = (String, Duration, usize)>) -> Self {
        let mut ledger = Self::default();
        for (id, planned, program) in plan {
            ledger.by_id.insert(id, ledger.entries.len());
            ledger.entries.push(Entry { planned, program, ..Entry::default() });
        }
        ledger
    }

    /// Every entry, in the order of the plan.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Sending of entry `index` began.
    pub(crate) fn sent(&mut self, index: usize, at: Duration) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.sent = Some(at);
        }
    }

    /// The broker has stored entry `index`.
    pub(crate) fn acked(&mut self, index: usize, at: Duration) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.acked = Some(at);
        }
    }

    /// A slot has taken the submission; only the first time counts.
    pub(crate) fn received(&mut self, id: &str, at: Duration) {
        if let Some(entry) = self.entry(id) {
            entry.received.get_or_insert(at);
        }
    }

    /// A verdict was seen.
    pub(crate) fn judged(&mut self, judgement: &Judgement, at: Duration) {
        let Some(entry) = self.entry(judgement.submission.as_str()) else {
            self.unknown += 1;
            return;
        };
        if entry.verdict.is_some() {
            entry.extra += 1;
            return;
        }
        entry.verdict = Some(judgement.verdict);
        entry.judged = Some(at);
        entry.run =
            judgement.tests.iter().fold(CpuTime::ZERO, |sum, test| sum.saturating_add(test.cpu));
        if let Some(compile) = judgement.compile.as_ref().filter(|compile| !compile.cached) {
            entry.compile = compile.cpu;
        }
    }

    /// The indexes of acknowledged submissions without a verdict.
    pub(crate) fn missing(&self) -> impl Iterator<Item = usize> {
        let open = |entry: &Entry| entry.acked.is_some() && entry.verdict.is_none();
        self.entries.iter().enumerate().filter(move |(_, entry)| open(entry)).map(|(i, _)| i)
    }

    fn entry(&mut self, id: &str) -> Option<&mut Entry> {
        let index = *self.by_id.get(id)?;
        self.entries.get_mut(index)
    }

    /// Adds everything up. `expected` tells which verdicts a program of the mix may get.
    pub(crate) fn sums(&self, expected: impl Fn(usize, Verdict) -> bool) -> Sums {
        let mut sums = Sums { duplicated: self.unknown, ..Sums::default() };
        for entry in &self.entries {
            sums.late_sends +=
                u64::from(entry.sent.is_some_and(|sent| sent > entry.planned + LATE));
            sums.duplicated += u64::from(entry.extra > 0);
            if entry.acked.is_none() && entry.verdict.is_none() {
                sums.refused += u64::from(entry.sent.is_some());
                continue;
            }
            sums.submitted += 1;
            match entry.verdict {
                None => sums.lost += 1,
                Some(verdict) => {
                    sums.judged += 1;
                    let failed = verdict == Verdict::JudgeError;
                    sums.judge_errors += u64::from(failed);
                    sums.wrong += u64::from(!failed && !expected(entry.program, verdict));
                }
            }
        }
        sums
    }

    /// How often each expected verdict met each verdict.
    pub(crate) fn confusion(
        &self,
        expected: impl Fn(usize) -> String,
    ) -> BTreeMap<(String, String), u64> {
        let mut cells = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.acked.is_some()) {
            let got = entry.verdict.map_or("none", Verdict::as_str).to_owned();
            *cells.entry((expected(entry.program), got)).or_default() += 1;
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minos_model::{
        CompileResult, Generation, JudgedProblem, LanguageId, NodeId, ProblemId, SubmissionId,
        Tenant, WallTime,
    };

    fn judgement(id: &str, verdict: Verdict) -> Judgement {
        Judgement {
            submission: SubmissionId::new(id).unwrap(),
            tenant: Tenant::new("load").unwrap(),
            generation: Generation::FIRST,
            problem: JudgedProblem { id: ProblemId::new("p").unwrap(), revision: None },
            language: LanguageId::new("c17").unwrap(),
            verdict,
            score: None,
            decided_by: None,
            groups: Vec::new(),
            fault: None,
            compile: Some(CompileResult {
                ok: true,
                cached: true,
                cpu: CpuTime::from_ms(50),
                wall: WallTime::from_ms(60),
                log: String::new(),
            }),
            tests: vec![],
            node: NodeId::new("n").unwrap(),
            attempt: 1,
            isolation: None,
        }
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn ledger(count: usize) -> Ledger {
        let plan = (0..count).map(|i| (format!("s{i}"), at(10), 0));
        let mut ledger = Ledger::new(plan);
        for index in 0..count {
            ledger.sent(index, at(10));
            ledger.acked(index, at(12));
        }
        ledger
    }

    fn sums(ledger: &Ledger) -> Sums {
        ledger.sums(|_, verdict| verdict == Verdict::Accepted)
    }

    #[test]
    fn an_acknowledged_submission_without_a_verdict_is_lost() {
        let mut ledger = ledger(2);
        ledger.judged(&judgement("s0", Verdict::Accepted), at(20));
        let sums = sums(&ledger);
        assert_eq!((sums.submitted, sums.judged, sums.lost), (2, 1, 1));
        assert_eq!(ledger.missing().count(), 1);
        assert!(!sums.is_clean());
    }

    #[test]
    fn a_second_verdict_and_a_verdict_nobody_asked_for_are_duplicates() {
        let mut ledger = ledger(1);
        ledger.judged(&judgement("s0", Verdict::Accepted), at(20));
        assert!(sums(&ledger).is_clean());
        ledger.judged(&judgement("s0", Verdict::Accepted), at(21));
        assert_eq!(sums(&ledger).duplicated, 1);
        ledger.judged(&judgement("s9", Verdict::Accepted), at(22));
        assert_eq!(sums(&ledger).duplicated, 2);
    }

    #[test]
    fn a_wrong_verdict_and_a_judge_error_are_counted_apart() {
        let mut ledger = ledger(2);
        ledger.judged(&judgement("s0", Verdict::WrongAnswer), at(20));
        ledger.judged(&judgement("s1", Verdict::JudgeError), at(20));
        let sums = sums(&ledger);
        assert_eq!((sums.wrong, sums.judge_errors), (1, 1));
    }

    #[test]
    fn late_is_more_than_five_milliseconds_after_the_plan() {
        for (sent, late) in [(10, 0), (15, 0), (16, 1)] {
            let mut ledger = ledger(1);
            ledger.sent(0, at(sent));
            assert_eq!(sums(&ledger).late_sends, late, "{sent} ms");
        }
    }

    #[test]
    fn a_submission_the_broker_never_stored_is_refused_and_not_lost() {
        let mut ledger = Ledger::new([("s0".to_owned(), at(10), 0)]);
        ledger.sent(0, at(10));
        let sums = sums(&ledger);
        assert_eq!((sums.submitted, sums.lost, sums.refused), (0, 0, 1));
    }

    #[test]
    fn a_reused_build_costs_nothing() {
        let mut ledger = ledger(1);
        ledger.judged(&judgement("s0", Verdict::Accepted), at(20));
        assert_eq!(ledger.entries()[0].compile, CpuTime::ZERO);
    }
}
