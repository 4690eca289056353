//! A node that judges nothing: every submission is accepted after a pause.
//!
//! Everything else is the node's: it pulls, keeps leases, fetches problems, stores verdicts,
//! acknowledges, drains. It shows what the queue alone carries, on a machine whose two cores could
//! not judge for two hundred slots. No verb of `minos` starts one.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use minos_model::{Isolation, JudgedProblem, Judgement, NodeId, SubmissionId, Verdict};
use minos_problem::Problem;
use minos_queue::Broker;

use crate::border::{Craft, Desk, Task};
use crate::opening::{Opened, sources, state};
use crate::shelf::Shelf;
use crate::{Node, NodeConfig, NodeError, NodeHandle};

/// Starts one; `judging` is how long it holds a submission, on the mean.
///
/// # Errors
/// What the broker or the files lack.
pub async fn start(
    config: NodeConfig,
    broker: Broker,
    judging: Duration,
) -> Result<NodeHandle, NodeError> {
    Node::start_opened(config, broker, move |config, broker, _board| open(config, broker, judging))
        .await
}

fn open(config: &NodeConfig, broker: Broker, judging: Duration) -> Result<Opened, NodeError> {
    let dir = state(config)?;
    let languages = Arc::new(config.languages()?);
    Ok(Opened {
        craft: craft(config.name().clone(), judging),
        isolation: Isolation::Rootless,
        working: languages.iter().map(|language| language.id.clone()).collect(),
        languages,
        shelf: Shelf::open(&dir.join("packages"), config.packages_max, broker)?,
        sources: sources(config, dir)?,
        ahead: None,
        sandbox: None,
    })
}

fn craft(node: NodeId, judging: Duration) -> Craft<Problem> {
    Arc::new(move |orders| {
        orders.opened(Desk { cancel: Arc::new(|| ()), way: None, warden: None });
        while let Some(order) = orders.next() {
            let pause = spread(judging, &order.task.submission.id);
            if !pause.is_zero() {
                std::thread::park_timeout(pause);
            }
            // Nobody listens to an order that was given up.
            drop(order.answer.send(Ok(accepted(&order.task, &node))));
        }
        Ok(())
    })
}

/// A pause between half and one and a half of this, by the submission: programs differ, and slots
/// that all took equally long would come free together.
fn spread(judging: Duration, submission: &SubmissionId) -> Duration {
    let mut hasher = DefaultHasher::new();
    submission.as_str().hash(&mut hasher);
    let thousandths = u32::try_from(hasher.finish() % 1_000).unwrap_or_default();
    judging / 2 + judging * thousandths / 1_000
}

fn accepted(task: &Task<Problem>, node: &NodeId) -> Judgement {
    let submission = &task.submission;
    Judgement {
        submission: submission.id.clone(),
        tenant: submission.tenant.clone(),
        generation: submission.generation,
        problem: JudgedProblem {
            id: submission.problem.id.clone(),
            revision: Some(task.problem.revision),
        },
        language: submission.language.clone(),
        verdict: Verdict::Accepted,
        score: None,
        decided_by: None,
        fault: None,
        compile: None,
        tests: Vec::new(),
        groups: Vec::new(),
        node: node.clone(),
        attempt: task.attempt,
        isolation: None,
    }
}
