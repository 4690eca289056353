//! `minos up`: the whole system on this machine, in one directory.

use std::fs;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use minos_node::{Node, NodeConfig, logs};
use minos_queue::server::LocalServer;
use minos_queue::{Broker, Topology, endpoint};

use super::serve::{self, Signals};
use super::workshop;
use crate::broker;
use crate::console::Console;
use crate::exit::{Failure, Outcome};

/// The whole system on this machine: a private broker with JetStream, and one node.
///
/// Everything lies in one directory. On the directory of a killed one it carries on: every
/// submission that was acknowledged still gets its one verdict. Offered are the languages whose
/// `hello` compiles and runs here; `MINOS_LANGUAGES` names a directory of other language files.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos up\n  \
    minos up --slots 2 --dir /var/lib/minos\n\n\
    SIGTERM or Ctrl-C finishes running jobs and ends; a second one ends at once.\n\
    Exit codes: 0 it was told to end and has, 3 this machine cannot do it, or the directory is in use.")]
pub(crate) struct Args {
    /// Submissions judged at once [default: one for each physical core, but one where there are more than two].
    #[arg(long, value_name = "N")]
    slots: Option<NonZeroU16>,
    /// Where everything is kept; other verbs find it there.
    #[arg(long, value_name = "DIR", env = "MINOS_DIR", default_value = "./.minos")]
    dir: PathBuf,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let dir = made(&args.dir)?;
    logs::init(&logs::Logs::text("warn")).map_err(Failure::input)?;
    broker::block_on(async {
        let mut signals = Signals::catch()?;
        let server = tokio::select! {
            server = LocalServer::start(&dir) => server.map_err(broker::failed)?,
            () = signals.next() => return Err(Failure::environment("ended before it had started")),
        };
        let outcome = serve(console, args, &dir, &server, &mut signals).await;
        // Whoever looks now is told that nothing runs here; a killed one leaves the file behind.
        drop(fs::remove_file(dir.join(endpoint::FILE)));
        server.stop().await;
        outcome
    })
}

async fn serve(
    console: Console,
    args: &Args,
    dir: &Path,
    server: &LocalServer,
    signals: &mut Signals,
) -> Outcome {
    let options = server.options().named("minos-up");
    let broker = Broker::connect(&options).await.map_err(broker::failed)?;
    broker.init(&Topology::built_in()).await.map_err(broker::failed)?;
    endpoint::write(dir, server.endpoint()).map_err(broker::failed)?;
    let mut config = NodeConfig::local(dir, options, args.slots);
    if let Ok(cache) = workshop::cache_dir() {
        config = config.remembering(cache.join("self-tested"));
    }
    if let Some(languages) = workshop::languages_dir() {
        config = config.with_languages(&languages);
    }
    let name = config.name().clone();
    let mut node = tokio::select! {
        node = Node::start(config, broker) => node.map_err(|error| serve::failed(&error))?,
        () = signals.next() => return Err(Failure::environment("ended before it had started")),
    };
    if node.isolation() == minos_model::Isolation::Rootless {
        console.note(serve::APPROXIMATE);
    }
    console.note(&greeting(&args.dir, server.url(), &name, &node));
    serve::until_stopped(Some(console), &mut node, signals).await
}

fn greeting(
    dir: &Path,
    url: &str,
    name: &minos_model::NodeId,
    node: &minos_node::NodeHandle,
) -> String {
    let languages: Vec<&str> =
        node.languages().iter().map(minos_model::LanguageId::as_str).collect();
    let here = if dir == Path::new("./.minos") {
        String::new()
    } else {
        format!(" --dir {}", dir.display())
    };
    format!(
        "minos: up: broker {url}, node {name}, isolation {}, languages {}\n\
         minos: to submit, in another terminal:\n  \
         minos problem push PACKAGE{here}\n  \
         minos submit --problem ID SOURCE --wait{here}",
        node.isolation(),
        languages.join(" ")
    )
}

/// Makes the directory, and its path without links: a later `cd` of nobody changes what is meant.
fn made(dir: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(dir)
        .and_then(|()| fs::canonicalize(dir))
        .map_err(|error| Failure::input(format!("--dir {}: {error}", dir.display())))
}
