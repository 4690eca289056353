//! The blocking work of a real slot: a warden, a workshop, one submission after the other.

use std::sync::Arc;

use minos_judge::{Builds, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{Fault, Judgement, NodeId, Stage};
use minos_problem::{Languages, Problem};
use minos_sandbox::{Sandbox, Template};

use crate::border::{Craft, Desk, Failure, Orders, Task};

/// What every slot's thread works with.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) languages: Arc<Languages>,
    pub(crate) builds: Arc<Builds>,
    pub(crate) node: NodeId,
}

/// The work of a slot's thread.
pub(crate) fn craft(tools: Tools) -> Craft<Problem> {
    Arc::new(move |orders| work(&tools, orders))
}

fn work(tools: &Tools, orders: &mut Orders<Problem>) -> Result<(), String> {
    let template = Template::default();
    let warden = tools.sandbox.warden(orders.slot, template).map_err(|error| error.to_string())?;
    let (canceller, pid) = (warden.canceller(), warden.pid());
    let (languages, builds) = (Arc::clone(&tools.languages), Arc::clone(&tools.builds));
    let mut workshop = Workshop::new(Sandboxed::new(warden), languages, builds);
    orders.opened(Desk { cancel: Arc::new(move || canceller.cancel()), warden: Some(pid) });
    while let Some(order) = orders.next() {
        let mut told = |stage: Stage| {
            order.stages.send_replace(stage);
        };
        let answer = one(&mut workshop, &order.task, &tools.node, &mut told);
        let broken = matches!(&answer, Err(failure) if failure.broken);
        // Nobody listens to an order that was given up.
        drop(order.answer.send(answer));
        if broken {
            break;
        }
    }
    Ok(())
}

fn one(
    workshop: &mut Workshop<Sandboxed>,
    task: &Task<Problem>,
    node: &NodeId,
    told: &mut dyn FnMut(Stage),
) -> Result<Judgement, Failure> {
    let submission = SubmissionToJudge {
        id: task.submission.id.clone(),
        tenant: task.submission.tenant.clone(),
        generation: task.submission.generation,
        language: task.submission.language.clone(),
        source: &task.source,
        attempt: task.attempt,
        node: node.clone(),
    };
    judge(workshop, &submission, &task.problem, &Options::default(), told).map_err(|unjudged| {
        let trouble = unjudged.trouble;
        let broken = trouble.fault == Fault::Node;
        Failure { fault: trouble.fault, what: trouble.message, broken }
    })
}
