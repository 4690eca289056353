//! A private nats-server with the built-in topology, until standard input ends:
//! `cargo run -p minos-queue --example local_server -- DIR`.
//!
//! It prints the address once the server answers, and writes `DIR/endpoint.json`.

#![expect(clippy::print_stdout, reason = "the address is what it is asked for")]

use std::error::Error;
use std::path::PathBuf;

use minos_queue::server::LocalServer;
use minos_queue::{Broker, Topology, endpoint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory =
        std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: local_server DIR")?;
    let server = LocalServer::start(&directory).await?;
    Broker::connect(&server.options()).await?.init(&Topology::built_in()).await?;
    endpoint::write(&directory, server.endpoint())?;
    println!("{}", server.url());
    tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    server.stop().await;
    Ok(())
}
