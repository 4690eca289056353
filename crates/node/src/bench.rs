//! The blocking work of a real slot: a warden, a workshop, one submission after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minos_judge::{Equipment, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{CpuTime, Fault, Judgement, LanguageId, NodeId, Stage};
use minos_problem::{Language, Problem};

use crate::ahead::{Ahead, Way};
use crate::board::Board;
use crate::border::{Craft, Desk, Failure, Orders, Task};
use crate::canary::{Canary, LOOK_EVERY, in_doubt};
use crate::metrics::{self, Step};

/// What every slot's thread works with.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// What their workshops share.
    pub(crate) equipment: Equipment,
    /// After how many sources that want a header it is compiled ahead.
    pub(crate) ahead: Option<u32>,
    pub(crate) node: NodeId,
}

/// The work of a slot's thread.
pub(crate) fn craft(
    tools: Arc<Tools>,
    canary: Canary,
    board: Board,
    ahead: Ahead,
) -> Craft<Problem> {
    Arc::new(move |orders| work((&tools, &canary, &ahead), &board, orders))
}

fn work(
    (tools, canary, ahead): (&Tools, &Canary, &Ahead),
    board: &Board,
    orders: &mut Orders<Problem>,
) -> Result<(), String> {
    let warden = tools.equipment.warden(orders.slot).map_err(|error| error.to_string())?;
    let (way, pid) = (Arc::new(Way::new(warden.canceller())), warden.pid());
    let mut workshop = tools.equipment.workshop(warden);
    canary.opens(&mut workshop)?;
    orders.opened(desk(&way, pid));
    let mut look = LOOK_EVERY;
    while let Ok(order) = orders.next_within(look) {
        let Some(order) = order else {
            if !sings(canary, orders, &mut workshop, true) {
                break;
            }
            let made = ahead.make_ready((orders, &way), &mut workshop, board);
            // Perhaps this node only lacks what the package needs.
            if made == Some(Err(Fault::Node))
                && orders.apart(|| canary.opens(&mut workshop)).is_err()
            {
                break;
            }
            look = if made.is_some() { LOOK_SOON } else { LOOK_EVERY };
            continue;
        };
        look = LOOK_EVERY;
        if let Some(why) = board.doubt() {
            drop(order.answer.send(Err(in_doubt(&why))));
            continue;
        }
        let mut told = |stage: Stage| {
            order.stages.send_replace(stage);
        };
        let answer = one(&mut workshop, canary, &order.task, &tools.node, &mut told);
        let broken = matches!(&answer, Err(failure) if failure.broken);
        // Nobody listens to an order that was given up.
        drop(order.answer.send(answer));
        if broken || !sings(canary, orders, &mut workshop, false) {
            break;
        }
    }
    Ok(())
}

/// What the actor above is told of this thread.
fn desk(way: &Arc<Way>, warden: u32) -> Desk<Problem> {
    let (cancels, makes) = (Arc::clone(way), Arc::clone(way));
    let makes = move |problem: Option<&Problem>| {
        // Whether there was anything to end is nothing to the actor.
        let _under_way = makes.make(problem.map(|problem| &problem.revision));
    };
    Desk {
        cancel: Arc::new(move || cancels.cancel()),
        way: Some(Arc::new(makes)),
        warden: Some(warden),
    }
}

/// Judges a canary when one is due; whether the warden can be worked with.
fn sings(
    canary: &Canary,
    orders: &Orders<Problem>,
    workshop: &mut Workshop<Sandboxed>,
    idle: bool,
) -> bool {
    let due = canary.due(Instant::now(), idle);
    due.is_none_or(|language| orders.apart(|| canary.take(workshop, language)))
}

/// The same after something was made ready: the next may be there already.
const LOOK_SOON: Duration = Duration::from_millis(50);
/// How often is looked whether enough sources want a header.
const LOOK: Duration = Duration::from_millis(500);

/// The thread that compiles headers ahead, in a slot behind all others. It ends when all are made,
/// or with the node.
pub(crate) fn compile_ahead(tools: &Arc<Tools>, slot: u16, working: &BTreeSet<LanguageId>) {
    let (Some(precompiled), Some(sources)) = (tools.equipment.precompiled.clone(), tools.ahead)
    else {
        return;
    };
    let has_one = |language: &&Language| {
        working.contains(&language.id)
            && language.compile.as_ref().is_some_and(|step| step.precompiled.is_some())
    };
    let mut left: Vec<Language> =
        tools.equipment.languages.iter().filter(has_one).cloned().collect();
    let tools = Arc::downgrade(tools);
    let ahead = move || {
        while let (false, Some(tools)) = (left.is_empty(), tools.upgrade()) {
            let due = left.iter().position(|language| precompiled.is_due(&language.id, sources));
            let Some(at) = due else {
                drop(tools);
                thread::park_timeout(LOOK);
                continue;
            };
            let language = left.remove(at);
            let warden = tools.equipment.warden(slot).map_err(|error| error.to_string());
            let made = warden.and_then(|warden| {
                let made = tools.equipment.workshop(warden).precompile(&language);
                made.map_err(|trouble| trouble.to_string())
            });
            match made {
                Ok(()) => tracing::info!(language = %language.id, "its header is compiled ahead"),
                Err(why) => tracing::warn!(language = %language.id, why, "no header ahead"),
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("ahead".to_owned()).spawn(ahead) {
        tracing::warn!(%error, "no thread to compile headers ahead");
    }
}

fn one(
    workshop: &mut Workshop<Sandboxed>,
    canary: &Canary,
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
    let before = workshop.spent();
    let judged = judge(workshop, &submission, &task.problem, &Options::default(), told);
    let spent = workshop.spent().since(&before);
    let judgement = judged.as_ref().unwrap_or_else(|unjudged| &unjudged.judgement);
    let compiled = judgement.compile.as_ref().filter(|compile| !compile.cached);
    let own = compiled.map(|compile| compile.cpu).unwrap_or_default();
    for (step, cpu) in [(Step::Jury, spent.compile.saturating_sub(own)), (Step::Check, spent.check)]
    {
        if cpu > CpuTime::ZERO {
            metrics::step(step, cpu.duration());
        }
    }
    match judged {
        Ok(judgement) => canary.believes(workshop, &judgement).map(|()| judgement),
        Err(unjudged) => {
            let trouble = unjudged.trouble;
            canary.blames(workshop, trouble.fault, &task.submission.language)?;
            let broken = trouble.fault == Fault::Node;
            Err(Failure { fault: trouble.fault, what: trouble.message, broken })
        }
    }
}
