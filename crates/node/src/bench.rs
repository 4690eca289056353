//! The blocking work of a real slot: a warden, a workshop, one submission after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use minos_judge::{
    AtHand, Builds, Fairness, Options, PRECOMPILED_INSIDE, Precompiled, Quiet, Sandboxed,
    SubmissionToJudge, Workshop, judge,
};
use minos_model::{Fault, Judgement, LanguageId, NodeId, Stage};
use minos_problem::{Language, Languages, Problem};
use minos_sandbox::{Bind, Blob, Sandbox, Template, Warden};

use crate::board::Board;
use crate::border::{Craft, Desk, Failure, Orders, Task};
use crate::canary::{Canary, LOOK_EVERY, in_doubt};

/// What every slot's thread works with.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) languages: Arc<Languages>,
    pub(crate) builds: Arc<Builds>,
    /// What all slots hold for their boxes.
    pub(crate) at_hand: Arc<AtHand<Blob>>,
    pub(crate) fairness: Fairness,
    /// What all slots share, so that one of them can have the machine for itself.
    pub(crate) quiet: Arc<Quiet>,
    /// Headers compiled ahead, and after how many sources that want one.
    pub(crate) precompiled: Option<(Arc<Precompiled>, u32)>,
    pub(crate) node: NodeId,
}

/// The work of a slot's thread.
pub(crate) fn craft(tools: Arc<Tools>, canary: Canary, board: Board) -> Craft<Problem> {
    Arc::new(move |orders| work(&tools, &canary, &board, orders))
}

fn work(
    tools: &Tools,
    canary: &Canary,
    board: &Board,
    orders: &mut Orders<Problem>,
) -> Result<(), String> {
    let warden = warden(tools, orders.slot)?;
    let (canceller, pid) = (warden.canceller(), warden.pid());
    let mut workshop = workshop(tools, warden);
    canary.opens(&mut workshop)?;
    orders.opened(Desk { cancel: Arc::new(move || canceller.cancel()), warden: Some(pid) });
    while let Ok(order) = orders.next_within(LOOK_EVERY) {
        let Some(order) = order else {
            if canary.between(&mut workshop) {
                continue;
            }
            break;
        };
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
        if broken || !canary.between(&mut workshop) {
            break;
        }
    }
    Ok(())
}

/// A warden whose boxes see the headers that were compiled ahead.
fn warden(tools: &Tools, slot: u16) -> Result<Warden, String> {
    let mut template = Template::default();
    if let Some((precompiled, _)) = &tools.precompiled {
        template.binds.push(Bind::read_only(precompiled.dir(), PRECOMPILED_INSIDE));
    }
    tools.sandbox.warden(slot, template).map_err(|error| error.to_string())
}

fn workshop(tools: &Tools, warden: Warden) -> Workshop<Sandboxed> {
    let (languages, builds) = (Arc::clone(&tools.languages), Arc::clone(&tools.builds));
    let boxes =
        Sandboxed::new(warden, Arc::clone(&tools.sandbox)).taking_turns(Arc::clone(&tools.quiet));
    let workshop = Workshop::new(boxes, languages, builds)
        .with_at_hand(Arc::clone(&tools.at_hand))
        .with_fairness(tools.fairness);
    match &tools.precompiled {
        Some((precompiled, _)) => workshop.with_precompiled(Arc::clone(precompiled)),
        None => workshop,
    }
}

/// How often is looked whether enough sources want a header.
const LOOK: Duration = Duration::from_millis(500);

/// The thread that compiles headers ahead, in a slot behind all others. It ends when all are made,
/// or with the node.
pub(crate) fn compile_ahead(tools: &Arc<Tools>, slot: u16, working: &BTreeSet<LanguageId>) {
    let Some((precompiled, sources)) = tools.precompiled.clone() else { return };
    let has_one = |language: &&Language| {
        working.contains(&language.id)
            && language.compile.as_ref().is_some_and(|step| step.precompiled.is_some())
    };
    let mut left: Vec<Language> = tools.languages.iter().filter(has_one).cloned().collect();
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
            let made = warden(&tools, slot).and_then(|warden| {
                let made = workshop(&tools, warden).precompile(&language);
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
    match judge(workshop, &submission, &task.problem, &Options::default(), told) {
        Ok(judgement) => canary.believes(workshop, &judgement).map(|()| judgement),
        Err(unjudged) => {
            let trouble = unjudged.trouble;
            canary.blames(workshop, trouble.fault, &task.submission.language)?;
            let broken = trouble.fault == Fault::Node;
            Err(Failure { fault: trouble.fault, what: trouble.message, broken })
        }
    }
}
