//! What the queue carries when judging is replaced by nothing, or by a pause: one nats-server, one
//! node in this process, submissions published while they are judged.
//!
//! `cargo run --release -p minos-node --example rehearsal -- [MODE] [key=value]…`. Needs root, as
//! `minos problem push` does. Modes:
//!
//! - `throughput` (the default): `slots=64 jobs=4000 judging=0ms sync=always window=64`. `sync` may
//!   be a time; `window` is how many publishes are under way at once. Several values separated by
//!   commas are measured one after the other.
//! - `backlog`: all are published before the node starts; tells what a long queue costs in memory,
//!   start-up and status. `jobs=1000000 sync=1s` takes some minutes.
//! - `flood`: what one team's flood does to the others in its lane; `slots=32 judging=100ms
//!   jobs=400`, of which each comes `every=50ms` from one of `teams=20`. Fails when the p95 of teams
//!   in other shards moves by more than a fifth.
//! - `rejudge`: all are judged, then again: `jobs=100000 sync=1s`.

#![expect(clippy::print_stdout, reason = "the figures are what it is asked for")]

mod flood;
mod plan;
mod queue;
mod rejudging;
mod stage;

use std::error::Error;

use plan::{Mode, Plan};
use stage::Stage;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // The package is verified in boxes, and this program is their warden: none lies beside it.
    minos_sandbox::announce_warden_verb();
    tokio::runtime::Runtime::new()?.block_on(rehearse())
}

async fn rehearse() -> Outcome<()> {
    let plans = Plan::read(std::env::args().skip(1))?;
    let directory = tempfile::tempdir()?;
    let package = stage::pack(directory.path())?;
    for plan in plans {
        let stage = Stage::set(&plan, &package).await?;
        match plan.mode {
            Mode::Throughput => queue::throughput(&stage, &plan).await?,
            Mode::Backlog => queue::backlog(&stage, &plan).await?,
            Mode::Flood => flood::measure(&stage, &plan).await?,
            Mode::Rejudge => rejudging::measure(&stage, &plan).await?,
        }
        stage.server.stop().await;
    }
    Ok(())
}
