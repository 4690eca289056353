//! A network of one node: a namespace of its own, joined to this one by a pair of virtual
//! interfaces, whose packets can be dropped in one direction or in both.
//!
//! The namespace lives as long as the processes in it, the first of which ends with this test
//! however that ends: nothing is left on the machine, and its own firewall is not touched.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::node::through;
use crate::support::eventually;

/// Addresses for networks like this one, which no site uses for its machines: 100.64.0.0/10.
const FIRST: u32 = 0x6440_0000;
/// Networks of four addresses in it.
const NETWORKS: u32 = 1 << 20;
/// The interface inside.
const INSIDE: &str = "minos";

/// Which packets arrive nowhere, seen from the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    BothWays,
    FromNode,
    ToNode,
}

pub(crate) struct Network {
    /// Waits for the end of its input.
    holder: Child,
    /// The address of this end.
    pub(crate) here: Ipv4Addr,
}

impl Network {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let network = FIRST + (pid.wrapping_mul(16) + number) % NETWORKS * 4;
        let (here, there) = (Ipv4Addr::from(network + 1), Ipv4Addr::from(network + 2));
        let holder = Command::new("unshare")
            .args(["--net", "--", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("unshare (type: cargo xtask setup)");
        let network = Self { holder, here };
        let namespace = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
        let own = namespace("self");
        eventually(Duration::from_secs(10), "a namespace of its own", || {
            (namespace(&network.holder.id().to_string())? != own.clone()?).then_some(())
        });
        let (link, holder) = (format!("mn{pid}-{number}"), network.holder.id().to_string());
        run(
            "ip",
            &["link", "add", &link, "type", "veth", "peer", "name", INSIDE, "netns", &holder],
        );
        run("ip", &["address", "add", &format!("{here}/30"), "dev", &link]);
        run("ip", &["link", "set", &link, "up"]);
        network.run("ip", &["address", "add", &format!("{there}/30"), "dev", INSIDE]);
        network.run("ip", &["link", "set", INSIDE, "up"]);
        network.run("ip", &["link", "set", "lo", "up"]);
        network
    }

    /// The same command, inside.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut nsenter = Command::new("nsenter");
        nsenter.arg(format!("--net=/proc/{}/ns/net", self.holder.id()));
        through(nsenter, command)
    }

    pub(crate) fn cut(&self, cut: Cut) {
        let drop_all = |chain, interface| {
            self.run("iptables", &["-A", chain, interface, INSIDE, "-j", "DROP"]);
        };
        if matches!(cut, Cut::BothWays | Cut::FromNode) {
            drop_all("OUTPUT", "-o");
        }
        if matches!(cut, Cut::BothWays | Cut::ToNode) {
            drop_all("INPUT", "-i");
        }
    }

    pub(crate) fn mend(&self) {
        self.run("iptables", &["-F"]);
    }

    fn run(&self, program: &str, args: &[&str]) {
        succeed(&mut self.inside(Command::new(program).args(args)));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.holder.kill().and_then(|()| self.holder.wait()).ok();
    }
}

fn run(program: &str, args: &[&str]) {
    succeed(Command::new(program).args(args));
}

fn succeed(command: &mut Command) {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error} (cargo xtask setup)"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
