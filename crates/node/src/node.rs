//! Starting a node, and the handle on a running one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minos_judge::BuildsError;
use minos_model::{Bytes, Isolation, LanguageId, Pool};
use minos_problem::{CacheError, LanguagesError};
use minos_queue::{Broker, Lanes, QueueError};
use minos_sandbox::SandboxError;
use ractor::{Actor, ActorRef};

use crate::ahead::{self, List};
use crate::beacon::{self, Who};
use crate::board::{Board, Count};
use crate::border::Seat;
use crate::cluster::{Cancelled, Cluster};
use crate::config::NodeConfig;
use crate::http::{self, Listener};
use crate::metrics;
use crate::opening::{self, Opened};
use crate::ready::Readiness;
use crate::reaper::{self, Watched};
use crate::slot::{Crew, Wish};
use crate::supervisor::{NodeMessage, Plan, Supervisor};
use crate::walk::Bounds;

/// How long a slot that failed too often is left alone, the first time.
const QUARANTINE: std::time::Duration = std::time::Duration::from_secs(30);
/// How long the threads of slots that have left may take to destroy their boxes.
const SEATS_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Why a node did not start, or ended. Never a contestant's doing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// This machine cannot make boxes.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The broker is not there, or not initialised.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The language files are wrong.
    #[error(transparent)]
    Languages(#[from] LanguagesError),
    /// The package cache cannot be used.
    #[error("failed to open the package cache: {0}")]
    Packages(#[from] CacheError),
    /// The store of builds cannot be used.
    #[error("failed to open the store of builds: {0}")]
    Builds(#[from] BuildsError),
    /// The state directory cannot be made.
    #[error("failed to make {dir}: {source} (hint: state_dir in node.toml)")]
    State {
        /// Which directory.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The self-test could not be made.
    #[error("the self-test failed: {0}")]
    SelfTest(String),
    /// No language's hello compiles and runs.
    #[error(
        "none of the languages {tried} works on this machine (hint: the log says why for each; install a compiler, e.g. `apt-get install g++`)"
    )]
    NoLanguage {
        /// Those that were tried.
        tried: String,
    },
    /// The health port cannot be had.
    #[error("failed to listen on {address}: {source} (hint: health.listen in node.toml)")]
    Health {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The node's own code failed: restart the process; every job it held comes back.
    #[error("the node's supervisor died: {0}")]
    Died(String),
}

impl NodeError {
    /// Whether a file given by the user is wrong (exit code 2), as opposed to a machine or an
    /// environment that cannot do it (exit code 3).
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Languages(_) => true,
            Self::Queue(error) => error.is_usage(),
            Self::Sandbox(_)
            | Self::Packages(_)
            | Self::Builds(_)
            | Self::State { .. }
            | Self::SelfTest(_)
            | Self::NoLanguage { .. }
            | Self::Health { .. }
            | Self::Died(_) => false,
        }
    }
}

/// A node of the cluster.
#[derive(Debug)]
pub struct Node;

/// A running node. Dropping it leaves the node running until the process ends; [`NodeHandle::wait`]
/// tells when it has ended.
#[derive(Debug)]
pub struct NodeHandle {
    supervisor: ActorRef<NodeMessage>,
    ended: tokio::task::JoinHandle<()>,
    seats: Vec<Seat>,
    board: Board,
    broker: Broker,
    /// Whether the node was told to leave.
    told: AtomicBool,
    isolation: Isolation,
    languages: Vec<LanguageId>,
    health: Option<Listener>,
}

impl Node {
    /// Starts a node: boxes, languages that pass their self-test, slots. Returns when its slots are
    /// being opened; they pull as soon as their wardens stand.
    ///
    /// # Errors
    /// What this machine, the broker or the files lack.
    pub async fn start(config: NodeConfig, broker: Broker) -> Result<NodeHandle, NodeError> {
        Self::start_opened(config, broker, opening::open).await
    }

    /// The same with another way to open what judges.
    pub(crate) async fn start_opened(
        config: NodeConfig,
        broker: Broker,
        opener: impl FnOnce(&NodeConfig, Broker, Board) -> Result<Opened, NodeError> + Send + 'static,
    ) -> Result<NodeHandle, NodeError> {
        // Installed first, so that whatever happens from here on is counted.
        metrics::install();
        let lanes = lanes(&config, &broker).await?;
        let board = Board::new(config.slots);
        let (opening, connection, shared) = (config.clone(), broker.clone(), board.clone());
        let opened = tokio::task::spawn_blocking(move || opener(&opening, connection, shared));
        let opened = opened.await.map_err(|panic| NodeError::Died(panic.to_string()))??;
        let isolation = opened.isolation;
        metrics::build(isolation.as_str());
        let languages: Vec<LanguageId> = opened.working.iter().cloned().collect();
        let seats: Vec<Seat> = (0..config.slots).map(|_| Seat::default()).collect();
        let world = World { opened, lanes, broker: broker.clone(), board: board.clone() };
        let plan = plan(&config, world, seats.clone());
        let health = match config.health {
            None => None,
            Some(address) => Some(
                http::listen(address, Readiness::new(board.clone()))
                    .await
                    .map_err(|source| NodeError::Health { address, source })?,
            ),
        };
        let (supervisor, ended) = Actor::spawn(None, Supervisor::new(), plan)
            .await
            .map_err(|error| NodeError::Died(error.to_string()))?;
        tracing::info!(
            node = %config.name,
            slots = config.slots,
            pools = config.pools().map(Pool::as_str).collect::<Vec<_>>().join(" "),
            %isolation,
            languages = languages.iter().map(LanguageId::as_str).collect::<Vec<_>>().join(" "),
            "node started"
        );
        let told = AtomicBool::new(false);
        Ok(NodeHandle {
            supervisor,
            ended,
            seats,
            board,
            broker,
            told,
            isolation,
            languages,
            health,
        })
    }
}

/// What the actors are made of.
struct World {
    opened: Opened,
    lanes: Lanes,
    broker: Broker,
    board: Board,
}

fn plan(config: &NodeConfig, world: World, seats: Vec<Seat>) -> Plan<Cluster> {
    let World { opened, lanes, broker, board } = world;
    let Opened { craft, isolation, languages, working, shelf, sources, ahead, sandbox } = opened;
    let cancelled = Arc::new(Cancelled::default());
    let cluster = Arc::new(Cluster {
        broker: broker.clone(),
        lanes,
        shelf,
        sources,
        languages,
        working,
        cancelled: Arc::clone(&cancelled),
        node: config.name.clone(),
    });
    let who = Who { node: config.name.clone(), pool: config.pool.clone(), isolation };
    let (board_too, broker_too) = (board.clone(), broker.clone());
    let state = config.state.clone();
    let watched = Watched { board: board_too, broker: broker_too, state, sandbox };
    let list = ahead.filter(|_| config.ahead > 0).map(|ahead| List {
        broker: broker.clone(),
        board: board.clone(),
        cluster: Arc::clone(&cluster),
        ahead,
        node: config.name.clone(),
        most: config.ahead,
        bytes: Bytes::new(config.packages_max.get() / 4),
    });
    let mut aides = vec![
        beacon::beacon(broker.clone(), board.clone(), who),
        beacon::ears(broker.clone(), config.name.clone(), cancelled),
        beacon::janitor(broker),
        reaper::reaper(watched),
    ];
    aides.extend(list.map(ahead::aide));
    let crew = Crew {
        outside: cluster,
        craft,
        board,
        node: config.name.clone(),
        bounds: Bounds { judging: config.judging, storing: config.storing },
    };
    Plan { crew, seats, grace: config.grace, aides, term: QUARANTINE }
}

/// The lanes of every pool of the node.
async fn lanes(config: &NodeConfig, broker: &Broker) -> Result<Lanes, QueueError> {
    let bind = async |pool: &Pool| {
        let lanes =
            if config.lanes.is_empty() { broker.lanes(pool).await? } else { config.lanes.clone() };
        broker.bind(&lanes, pool).await
    };
    let mut all = bind(&config.pool).await?;
    for pool in &config.more_pools {
        all = all.and(bind(pool).await?);
    }
    Ok(all)
}

impl NodeHandle {
    /// Begins to drain: running jobs are finished, nothing new is taken; what runs longer than the
    /// grace is handed back. [`NodeHandle::wait`] tells when it is done.
    pub fn drain(&self) {
        self.wish(Wish::Leave);
    }

    /// Hands every job back at once and ends.
    pub fn stop_now(&self) {
        self.wish(Wish::LeaveNow);
    }

    fn wish(&self, wish: Wish) {
        self.told.store(true, Ordering::SeqCst);
        // A node that has ended has no wishes.
        drop(self.supervisor.cast(NodeMessage::Wish(wish)));
    }

    /// Returns when the node has ended and every box is destroyed.
    ///
    /// # Errors
    /// [`NodeError::Died`] when it ended without being told to, or left a slot behind.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; it can be called again.
    pub async fn wait(&mut self) -> Result<(), NodeError> {
        let ended = (&mut self.ended).await;
        for (slot, seat) in self.seats.iter().enumerate() {
            let freed = tokio::time::timeout(SEATS_WAIT, seat.lock()).await;
            if freed.is_err() {
                return Err(NodeError::Died(format!("the thread of slot {slot} does not end")));
            }
        }
        self.health = None;
        // What the slots said last may still be on its way: an answer comes after all of it.
        if let Err(error) = self.broker.ping().await {
            tracing::warn!(%error, "the last words to the broker may be lost; jobs come back");
        }
        match ended {
            Err(error) => Err(NodeError::Died(error.to_string())),
            // ractor turns a panic into a plain end.
            Ok(()) if !self.told.load(Ordering::SeqCst) => {
                Err(NodeError::Died("it ended without being told to".to_owned()))
            }
            Ok(()) => Ok(()),
        }
    }

    /// What the slots are doing.
    #[must_use]
    pub fn slots(&self) -> Count {
        self.board.count()
    }

    /// Whether `/readyz` says yes.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        Readiness::new(self.board.clone()).ready().iter().all(|(_, check)| check.is_ok())
    }

    /// What isolates and measures the runs of this node.
    #[must_use]
    pub const fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// The languages that work here.
    #[must_use]
    pub fn languages(&self) -> &[LanguageId] {
        &self.languages
    }

    /// Where `/livez`, `/readyz` and `/metrics` are served.
    #[must_use]
    pub fn health(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(|listener| listener.address)
    }
}
