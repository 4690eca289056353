//! One request to a broker over a connection of its own, with none of our code: a broker that is
//! away is an answer that does not come.

use std::io::{BufRead, BufReader, Error, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Asks the broker at an address, and reads the answer as JSON.
///
/// # Errors
/// No broker, no answer, or none in JSON.
pub(crate) fn request(address: &str, subject: &str, body: &str) -> Result<Value, Error> {
    let mut out = TcpStream::connect(address)?;
    out.set_read_timeout(Some(ANSWER_MAX))?;
    let mut lines = BufReader::new(out.try_clone()?);
    let options =
        r#"{"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"protocol":1}"#;
    let size = body.len();
    write!(
        out,
        "CONNECT {options}\r\nSUB answer.chaos 1\r\nPUB {subject} answer.chaos {size}\r\n{body}\r\n"
    )?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(Error::other("the broker has closed"));
        }
        let mut words = line.split_whitespace();
        match words.next() {
            Some("MSG") => {
                let size = words.last().and_then(|size| size.parse().ok());
                let mut body = vec![0; size.ok_or_else(|| Error::other(line.clone()))?];
                lines.read_exact(&mut body)?;
                return serde_json::from_slice(&body).map_err(Error::other);
            }
            Some("PING") => out.write_all(b"PONG\r\n")?,
            Some("INFO" | "+OK" | "PONG") => {}
            _ => return Err(Error::other(line)),
        }
    }
}
