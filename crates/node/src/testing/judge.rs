//! The simulated judge.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};

use minos_model::{Fault, Isolation, JudgedProblem, Judgement, NodeId, Submission, Verdict};

use crate::border::{Failure, Task};

/// Where `block` submissions wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    moved: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.moved.notify_all();
    }

    pub(super) fn cancel(&self, cancels: &AtomicU32) {
        let _open = self.open.lock().unwrap();
        cancels.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_all();
    }

    /// Whether the gate was opened, rather than the run cancelled.
    pub(super) fn pass(&self, cancels: &AtomicU32) -> bool {
        self.pass_since(cancels, cancels.load(Ordering::SeqCst))
    }

    /// The same for one that was cancelled since so many cancellations.
    pub(super) fn pass_since(&self, cancels: &AtomicU32, before: u32) -> bool {
        let mut open = self.open.lock().unwrap();
        while !*open && cancels.load(Ordering::SeqCst) == before {
            open = self.moved.wait(open).unwrap();
        }
        *open
    }
}

#[expect(clippy::panic_in_result_fn, reason = "a judge that panics is one of the tests")]
pub(super) fn judge(
    gate: &Gate,
    cancels: &AtomicU32,
    task: &Task<()>,
) -> Result<Judgement, Failure> {
    let id = task.submission.id.as_str();
    let failure = |fault, broken| Failure { fault, what: format!("{id} fails"), broken };
    let verdict = match id {
        _ if id.starts_with("panic") => panic!("the judge was made to panic"),
        _ if id.starts_with("fault") => return Err(failure(Fault::Node, true)),
        _ if id.starts_with("checker") => return Err(failure(Fault::Checker, false)),
        _ if id.starts_with("block") => {
            if gate.pass(cancels) {
                Verdict::Accepted
            } else {
                Verdict::Cancelled
            }
        }
        _ if id.starts_with("wa") => Verdict::WrongAnswer,
        _ => Verdict::Accepted,
    };
    Ok(judgement(&task.submission, verdict, task.attempt))
}

/// A judgement without tests.
pub(crate) fn judgement(submission: &Submission, verdict: Verdict, attempt: u32) -> Judgement {
    Judgement {
        submission: submission.id.clone(),
        tenant: submission.tenant.clone(),
        generation: submission.generation,
        problem: JudgedProblem { id: submission.problem.id.clone(), revision: None },
        language: submission.language.clone(),
        verdict,
        score: None,
        decided_by: None,
        groups: Vec::new(),
        fault: None,
        compile: None,
        tests: Vec::new(),
        node: NodeId::new("sim").unwrap(),
        attempt,
        isolation: Some(Isolation::Rootless),
    }
}
