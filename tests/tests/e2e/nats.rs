//! A client of the broker that knows nothing of our code: the protocol is text on a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

/// A connection.
pub(crate) struct Nats {
    out: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Nats {
    /// Connects to the broker of the `minos up` in a directory.
    pub(crate) fn of_directory(dir: &Path) -> Self {
        let text = std::fs::read_to_string(dir.join("endpoint.json")).expect("endpoint.json");
        let endpoint = crate::support::json(&text);
        let url = endpoint["url"].as_str().expect("a url");
        let out = TcpStream::connect(url.trim_start_matches("nats://")).expect("the broker");
        let lines = BufReader::new(out.try_clone().expect("a socket"));
        let mut nats = Self { out, lines };
        let options = serde_json::json!({"verbose": false, "pedantic": false, "protocol": 1,
            "auth_token": endpoint["token"], "lang": "test", "version": "0"});
        nats.send(&format!("CONNECT {options}\r\n"), b"");
        nats.flush();
        nats
    }

    /// Publishes a message and waits until the broker has read it.
    pub(crate) fn publish(&mut self, subject: &str, body: &[u8]) {
        self.send(&format!("PUB {subject} {}\r\n", body.len()), body);
        self.send("\r\n", b"");
        self.flush();
    }

    /// Asks, and reads the answer as JSON.
    pub(crate) fn request(&mut self, subject: &str) -> Value {
        self.request_with(subject, b"")
    }

    /// The same with something to say.
    pub(crate) fn request_with(&mut self, subject: &str, body: &[u8]) -> Value {
        self.send("SUB inbox.e2e 1\r\nUNSUB 1 1\r\n", b"");
        self.send(&format!("PUB {subject} inbox.e2e {}\r\n", body.len()), body);
        self.send("\r\n", b"");
        let head = self.line();
        let size = head.split_whitespace().last().and_then(|size| size.parse().ok());
        let mut body = vec![0; size.unwrap_or_else(|| panic!("no answer: {head}"))];
        self.lines.read_exact(&mut body).expect("the answer");
        assert_eq!(self.line(), "");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// How many messages a stream holds.
    pub(crate) fn messages(&mut self, stream: &str) -> u64 {
        let info = self.request(&format!("$JS.API.STREAM.INFO.{stream}"));
        info["state"]["messages"].as_u64().unwrap_or_else(|| panic!("no count: {info}"))
    }

    fn send(&mut self, head: &str, body: &[u8]) {
        self.out.write_all(head.as_bytes()).expect("the broker");
        self.out.write_all(body).expect("the broker");
    }

    fn flush(&mut self) {
        self.send("PING\r\n", b"");
        assert_eq!(self.line(), "PONG");
    }

    /// The next line that is no ping of the broker and no news of itself.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("the broker");
            assert!(read > 0 && !line.starts_with("-ERR"), "{line:?}");
            if line.trim_end() == "PING" {
                self.send("PONG\r\n", b"");
                continue;
            }
            if line.starts_with("INFO") {
                continue;
            }
            return line.trim_end().to_owned();
        }
    }
}
