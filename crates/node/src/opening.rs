//! What has to be opened with blocking calls before a node can start.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use minos_judge::{AtHand, Builds, Equipment, Precompiled};
use minos_model::{Isolation, LanguageId};
use minos_problem::{Languages, Problem};
use minos_queue::Broker;
use minos_sandbox::Sandbox;

use crate::ahead::Ahead;
use crate::bench::{self, Tools};
use crate::board::Board;
use crate::border::Craft;
use crate::canary::Canary;
use crate::config::NodeConfig;
use crate::node::NodeError;
use crate::selftest;
use crate::sharing::Shared;
use crate::shelf::Shelf;
use crate::sources::Sources;

/// What has to be opened with blocking calls.
pub(crate) struct Opened {
    pub(crate) craft: Craft<Problem>,
    pub(crate) isolation: Isolation,
    pub(crate) languages: Arc<Languages>,
    /// Those whose self-test passed.
    pub(crate) working: BTreeSet<LanguageId>,
    pub(crate) shelf: Shelf<Broker>,
    pub(crate) sources: Sources,
    /// Where slots find problems to make ready, if they do that.
    pub(crate) ahead: Option<Ahead>,
    /// Where boxes are made, if any are.
    pub(crate) sandbox: Option<Arc<Sandbox>>,
}

/// The directory in which a node keeps what it can lose.
pub(crate) fn state(config: &NodeConfig) -> Result<&Path, NodeError> {
    let dir = &config.state;
    let made = std::fs::create_dir_all(dir);
    made.map_err(|source| NodeError::State { dir: dir.clone(), source })?;
    Ok(dir)
}

/// The large sources of an earlier life.
pub(crate) fn sources(config: &NodeConfig, dir: &Path) -> Result<Sources, NodeError> {
    let dir = dir.join("sources");
    let opened = Sources::open(&dir, config.sources_max);
    opened.map_err(|source| NodeError::State { dir, source })
}

/// Opens everything a node judges with: boxes, languages that pass their self-test, caches. Blocks.
///
/// # Errors
/// What this machine or the files lack.
pub(crate) fn open(config: &NodeConfig, broker: Broker, board: Board) -> Result<Opened, NodeError> {
    let dir = state(config)?;
    let tools = Tools {
        equipment: Equipment {
            sandbox: Arc::new(Sandbox::open(config.sandbox.clone())?),
            languages: Arc::new(config.languages()?),
            builds: Arc::new(
                Builds::open(dir.join("builds"), config.builds_max)?
                    .shared(Arc::new(Shared::over(broker.clone()))),
            ),
            at_hand: Arc::new(AtHand::new(config.memory_max, pieces())),
            fairness: config.fairness,
            quiet: Arc::default(),
            precompiled: precompiled(config)?,
        },
        ahead: config.precompile.after(),
        node: config.name.clone(),
    };
    let shelf = Shelf::open(&dir.join("packages"), config.packages_max, broker)?;
    let sources = sources(config, dir)?;
    let working = selftest::working(&tools, config.slots, &dir.join("self-test"), config.record())
        .map_err(NodeError::SelfTest)?;
    if working.is_empty() {
        let tried: Vec<&str> =
            tools.equipment.languages.iter().map(|one| one.id.as_str()).collect();
        return Err(NodeError::NoLanguage { tried: tried.join(", ") });
    }
    let tools = Arc::new(tools);
    bench::compile_ahead(&tools, config.slots, &working);
    let Equipment { sandbox, languages, .. } = &tools.equipment;
    let (isolation, languages) = (sandbox.isolation(), Arc::clone(languages));
    let sandbox = Some(Arc::clone(sandbox));
    let offered = languages.iter().filter(|language| working.contains(&language.id));
    let (offered, name) = (offered.cloned().collect(), config.name.clone());
    let canary = Canary::new(&dir.join("canary"), offered, name, board.clone())
        .map_err(NodeError::SelfTest)?;
    let ahead = Ahead::default();
    Ok(Opened {
        craft: bench::craft(tools, canary, board, ahead.clone()),
        isolation,
        languages,
        working,
        shelf,
        sources,
        ahead: Some(ahead),
        sandbox,
    })
}

/// How much content may be held for boxes at once: each piece is a descriptor, and most of this
/// process's are for other things.
fn pieces() -> usize {
    let open_files = minos_sandbox::open_files().unwrap_or(0);
    usize::try_from(open_files / 4).unwrap_or(usize::MAX).clamp(64, 4_096)
}

/// Where headers are compiled ahead, if they are.
fn precompiled(config: &NodeConfig) -> Result<Option<Arc<Precompiled>>, NodeError> {
    if config.precompile.after().is_none() {
        return Ok(None);
    }
    let dir = config.state.join("precompiled");
    let opened = Precompiled::open(&dir).map_err(|source| NodeError::State { dir, source })?;
    Ok(Some(Arc::new(opened)))
}
