//! A broker, a problem, and the ledger of what was acknowledged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::broker::Broker;
use crate::namespace::Network;
use crate::node::{Node, through};
use crate::support::{Scratch, ended, eventually, minos, needs_root};
use crate::wire::request;

/// How long a verdict may take, faults included.
pub(crate) const VERDICT_MAX: Duration = Duration::from_secs(60);
/// Long enough on a test that a fault can fall into it.
pub(crate) const NAP: &str =
    "import time\na, b = map(int, input().split())\ntime.sleep(0.7)\nprint(a + b)\n";
/// Several times as long as a short grace.
pub(crate) const SLEEP: &str =
    "import time\na, b = map(int, input().split())\ntime.sleep(3)\nprint(a + b)\n";
const RIGHT: &str = "a, b = map(int, input().split())\nprint(a + b)\n";
const WRONG: &str = "a, b = map(int, input().split())\nprint(a - b)\n";

pub(crate) struct World {
    pub(crate) broker: Broker,
    /// What was acknowledged, with the verdict it must get.
    pub(crate) ledger: BTreeMap<String, &'static str>,
    pub(crate) scratch: Scratch,
}

impl World {
    /// A broker with its streams and one problem.
    pub(crate) fn new(name: &str) -> Self {
        Self::at(name, "127.0.0.1")
    }

    /// The same with a broker at an address of this machine.
    pub(crate) fn at(name: &str, host: &str) -> Self {
        needs_root();
        let scratch = Scratch::new(name);
        let broker = Broker::start(scratch.path(), host);
        let package = scratch.path().join("sum");
        write_package(&package);
        let mut push = minos(&["problem", "push", "--nats", &broker.url()]);
        let (code, _, stderr) = ended(push.arg(&package));
        assert_eq!(code, 0, "{stderr}");
        Self { broker, ledger: BTreeMap::new(), scratch }
    }

    pub(crate) fn node(&self, name: &str, number: u32) -> Node {
        self.node_at(name, number, &self.broker.url())
    }

    /// A node that reaches the broker at another address.
    pub(crate) fn node_at(&self, name: &str, number: u32, url: &str) -> Node {
        Node::start(self.scratch.path(), name, number, |args| {
            let mut command = minos(args);
            command.args(["--nats", url]);
            command
        })
    }

    /// A node that gives what runs so long when it is told to end.
    pub(crate) fn node_with_grace(&self, name: &str, number: u32, grace: &str) -> Node {
        let more = format!("[judging]\ndrain_grace = \"{grace}\"\n");
        Node::start_with(self.scratch.path(), (name, number), &more, |args| {
            let mut command = minos(args);
            command.args(["--nats", &self.broker.url()]);
            command
        })
    }

    /// A node in a network of its own.
    pub(crate) fn node_in(&self, network: &Network, name: &str, number: u32) -> Node {
        Node::start(self.scratch.path(), name, number, |args| {
            network.inside(minos(args).args(["--nats", &self.broker.url()]))
        })
    }

    /// A node that is process 1 of a namespace of its own.
    pub(crate) fn node_as_first_process(&self, name: &str, number: u32) -> Node {
        Node::start(self.scratch.path(), name, number, |args| {
            let mut unshare = Command::new("unshare");
            unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
            through(unshare, minos(args).args(["--nats", &self.broker.url()]))
        })
    }

    /// Waits until so many nodes beat.
    #[track_caller]
    pub(crate) fn nodes(&self, number: u64) {
        eventually(VERDICT_MAX, &format!("{number} nodes"), || {
            (self.broker.messages("KV_NODES")? == number).then_some(())
        });
    }

    /// Sends a submission again and again until the broker says that it has it.
    #[track_caller]
    pub(crate) fn submit(&mut self, id: &str, source: &str, verdict: &'static str) {
        let body = serde_json::json!({"schema": "minos.job/1", "problem": "sum",
            "language": "python3", "source": source});
        eventually(VERDICT_MAX, &format!("{id} is acknowledged"), || {
            let subject = format!("jobs.contest.any.default.{id}.1");
            let answer = request(&self.broker.address, &subject, &body.to_string()).ok()?;
            // Full for this subject: an earlier try, whose answer was lost, is stored.
            let stored = answer["seq"].is_u64() && answer["error"].is_null();
            (stored || answer["error"]["err_code"] == 10_077).then_some(())
        });
        self.ledger.insert(id.to_owned(), verdict);
    }

    /// A few right and wrong ones.
    #[track_caller]
    pub(crate) fn submit_some(&mut self, prefix: &str, number: usize) {
        for index in 0..number {
            let (source, verdict) = if index % 3 == 2 { (WRONG, "WA") } else { (RIGHT, "AC") };
            self.submit(&format!("{prefix}{index}"), source, verdict);
        }
    }

    /// The verdict as it is stored.
    pub(crate) fn verdict(&self, id: &str) -> Option<Value> {
        let question = serde_json::json!({"last_by_subj": format!("results.default.{id}.1")});
        let get = "$JS.API.STREAM.MSG.GET.RESULTS";
        let answer = request(&self.broker.address, get, &question.to_string()).ok()?;
        let body = answer["message"]["data"].as_str()?;
        Some(serde_json::from_slice(&decode(body)).expect("a verdict in JSON"))
    }

    /// Waits for a verdict.
    #[track_caller]
    pub(crate) fn judged(&self, id: &str) -> Value {
        eventually(VERDICT_MAX, &format!("a verdict on {id}"), || self.verdict(id))
    }

    /// Waits until a submission's program runs on a test.
    #[track_caller]
    pub(crate) fn until_testing(&self, id: &str) {
        let question = serde_json::json!({"last_by_subj": format!("events.default.{id}.1")});
        eventually(VERDICT_MAX, &format!("{id} runs"), || {
            let get = "$JS.API.STREAM.MSG.GET.EVENTS";
            let answer = request(&self.broker.address, get, &question.to_string()).ok()?;
            let event = decode(answer["message"]["data"].as_str()?);
            String::from_utf8_lossy(&event).contains("testing").then_some(())
        });
    }

    /// Every acknowledged submission has its one verdict, the right one, and nothing is left over.
    #[track_caller]
    pub(crate) fn audit(&self) {
        for (id, verdict) in &self.ledger {
            let judgement = self.judged(id);
            assert_eq!(judgement["verdict"], *verdict, "{id}: {judgement}");
        }
        eventually(VERDICT_MAX, "the queue is empty", || {
            (self.broker.messages("JOBS")? == 0).then_some(())
        });
        let number = self.ledger.len() as u64;
        assert_eq!(self.broker.messages("RESULTS"), Some(number), "one verdict each, no more");
        assert_eq!(self.broker.messages("SUBMISSIONS"), Some(number), "each is kept for rejudges");
        assert_eq!(self.broker.messages("DEAD"), Some(0));
    }
}

/// Reads base64, in which the broker's answers carry messages.
fn decode(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = DIGITS.iter().position(|digit| *digit == byte).expect("base64");
        bits = bits << 6 | u32::try_from(digit).expect("a digit");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("a byte"));
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

fn write_package(dir: &Path) {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    file("tests/01", "1 2\n");
    file("tests/01.a", "3\n");
    file("tests/02", "10 -4\n");
    file("tests/02.a", "6\n");
    file("solutions/main.py", RIGHT);
    file(
        "problem.xml",
        r#"<?xml version="1.0" encoding="utf-8"?>
<problem revision="1" short-name="sum">
    <names><name language="english" value="Sum"/></names>
    <judging input-file="" output-file="">
        <testset name="tests">
            <time-limit>2000</time-limit>
            <memory-limit>268435456</memory-limit>
            <test-count>2</test-count>
            <input-path-pattern>tests/%02d</input-path-pattern>
            <answer-path-pattern>tests/%02d.a</answer-path-pattern>
            <tests><test method="manual"/><test method="manual"/></tests>
        </testset>
    </judging>
    <assets>
        <checker name="std::wcmp.cpp" type="testlib"/>
        <solutions>
            <solution tag="main"><source path="solutions/main.py" type="python.3"/></solution>
        </solutions>
    </assets>
</problem>
"#,
    );
}
