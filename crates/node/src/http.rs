//! `/livez`, `/readyz` and `/metrics` on one port, for probes and Prometheus: GET, one answer, the
//! connection closes. Nothing of a request but its first line is looked at.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::metrics;
use crate::ready::Readiness;

/// The longest request that is read.
const REQUEST_MAX: u64 = 8 << 10;
/// How long one connection may take.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 16;

/// The listener's task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    _task: JoinSet<()>,
    /// Where it listens; with the port the system chose when none was given.
    pub(crate) address: SocketAddr,
}

/// Listens at an address.
///
/// # Errors
/// The address cannot be bound.
pub(crate) async fn listen(address: SocketAddr, ready: Readiness) -> std::io::Result<Listener> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let mut task = JoinSet::new();
    task.spawn(accept(listener, ready));
    Ok(Listener { _task: task, address })
}

async fn accept(listener: TcpListener, ready: Readiness) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let ready = ready.clone();
                connections.spawn(async move {
                    // A probe that hangs up is its own problem.
                    drop(tokio::time::timeout(CONNECTION_WAIT, serve(stream, &ready)).await);
                    drop(permit);
                });
            }
            // Out of descriptors: the pause keeps this loop from spinning until there are some.
            Err(error) => {
                tracing::warn!(%error, "health: a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, ready: &Readiness) -> std::io::Result<()> {
    let (mut request, mut chunk) = (Vec::new(), [0; 1024]);
    let mut limited = (&mut stream).take(REQUEST_MAX);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match limited.read(&mut chunk).await? {
            0 => break,
            read => request.extend(chunk.iter().take(read)),
        }
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let (status, body) = answer(&String::from_utf8_lossy(line), ready);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

fn answer(line: &str, ready: &Readiness) -> (&'static str, String) {
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" {
        return ("405 Method Not Allowed", "only GET\n".to_owned());
    }
    match target.split('?').next().unwrap_or_default() {
        "/livez" => told(&ready.live()),
        "/readyz" | "/healthz" => told(&ready.ready()),
        "/metrics" => ("200 OK", metrics::render()),
        _ => ("404 Not Found", "there are /livez, /readyz, /healthz and /metrics\n".to_owned()),
    }
}

/// One line for each check, and yes only when every one says yes.
fn told(checks: &[(&'static str, Result<(), String>)]) -> (&'static str, String) {
    let mut body = String::new();
    for (name, check) in checks {
        let result = match check {
            Ok(()) => writeln!(body, "[+] {name} ok"),
            Err(why) => writeln!(body, "[-] {name}: {why}"),
        };
        result.expect("writing to a String cannot fail");
    }
    let good = checks.iter().all(|(_, check)| check.is_ok());
    (if good { "200 OK" } else { "503 Service Unavailable" }, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Board, Doing};

    async fn get(address: SocketAddr, target: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_probe_is_told_the_truth_with_each_check_by_name() {
        let board = Board::new(2);
        let loopback = "127.0.0.1:0".parse().unwrap();
        let listener = listen(loopback, Readiness::new(board.clone())).await.unwrap();
        let at = listener.address;
        let starting = get(at, "/readyz?verbose").await;
        assert!(starting.starts_with("HTTP/1.1 503 "), "{starting}");
        assert!(starting.contains("[-] slots: none is open"), "{starting}");
        assert!(starting.contains("[-] broker: "), "{starting}");
        board.set(0, Doing::Idle);
        board.beat();
        board.tick();
        let ready = get(at, "/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
        assert!(get(at, "/livez").await.starts_with("HTTP/1.1 200 OK"));
        board.set_draining(true);
        let draining = get(at, "/healthz").await;
        assert!(draining.contains("[-] drain: takes no new jobs"), "{draining}");
        assert!(get(at, "/livez").await.starts_with("HTTP/1.1 200 OK"), "draining is alive");
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let loopback = "127.0.0.1:0".parse().unwrap();
        let listener = listen(loopback, Readiness::new(Board::new(1))).await.unwrap();
        let answer = get(listener.address, "/etc/passwd").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        let mut stream = TcpStream::connect(listener.address).await.unwrap();
        stream.write_all(b"POST /metrics HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    }

    #[tokio::test]
    async fn metrics_are_prometheus_text_with_zeros_before_the_first_event() {
        let loopback = "127.0.0.1:0".parse().unwrap();
        let listener = listen(loopback, Readiness::new(Board::new(1))).await.unwrap();
        let answer = get(listener.address, "/metrics").await;
        for line in [
            "# TYPE minos_jobs_dead_lettered_total counter",
            "minos_jobs_dead_lettered_total{reason=\"undecodable\"} 0",
            "minos_results_publish_failures_total 0",
        ] {
            assert!(answer.contains(line), "{line}\n{answer}");
        }
    }
}
