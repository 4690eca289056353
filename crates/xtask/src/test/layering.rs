//! Who may know whom: the table of rooms in `crates/README.md`, checked against Cargo's metadata.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::shell;

/// Crates by row: a crate knows crates of lower rows only. On the top row crates may also know
/// each other, for nothing is built upon them.
const ROWS: &[&[&str]] = &[
    &["minos-model"],
    &["minos-problem", "minos-sandbox", "minos-queue"],
    &["minos-judge"],
    &["minos-node"],
    &["minos-cli", "minos-load", "minos-tests", "minos-xtask"],
];

/// Outside packages, and the only crates that may depend on them.
const HOMES: &[(&str, &[&str])] = &[
    ("zip", &["minos-problem"]),
    ("roxmltree", &["minos-problem"]),
    ("saphyr-parser", &["minos-problem"]),
    ("nix", &["minos-sandbox"]),
    ("libc", &["minos-sandbox"]),
    ("seccompiler", &["minos-sandbox"]),
    ("async-nats", &["minos-queue"]),
    ("bincode", &["minos-queue"]),
    ("ractor", &["minos-node"]),
    ("metrics", &["minos-node"]),
    ("metrics-exporter-prometheus", &["minos-node"]),
    ("tracing-subscriber", &["minos-node"]),
    ("clap", &["minos-cli", "minos-load"]),
    ("indicatif", &["minos-cli", "minos-load"]),
    ("hdrhistogram", &["minos-load"]),
    ("anyhow", &["minos-cli", "minos-load", "minos-tests", "minos-xtask"]),
];

/// Crates without an async runtime, directly or through anything they depend on.
const SYNCHRONOUS: &[&str] = &["minos-model", "minos-problem", "minos-sandbox", "minos-judge"];
const RUNTIME: &str = "tokio";

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `null` for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

/// Checks the workspace as it is.
///
/// # Errors
/// Counts the arrows that point the wrong way, all of which have been printed.
pub(super) fn check() -> Result<()> {
    let args = ["metadata", "--format-version", "1", "--locked"];
    let json = shell::capture(&mut shell::command("cargo", &args))?;
    let metadata: Metadata =
        serde_json::from_str(&json).context("cargo metadata has another form than expected")?;
    let members = metadata.packages.iter().filter(|p| metadata.workspace_members.contains(&p.id));
    let mut findings = Vec::new();
    for package in members {
        for dependency in &package.dependencies {
            let kind = dependency.kind.as_deref();
            findings.extend(complaint(&package.name, &dependency.name, kind));
        }
    }
    findings.extend(runtimes(&metadata));
    for finding in &findings {
        println!("   {finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    Ok(())
}

/// What is wrong with `from` depending on `to`, if anything.
fn complaint(from: &str, to: &str, kind: Option<&str>) -> Option<String> {
    let Some(row) = row_of(from) else {
        return Some(format!("{from} stands in no row of the rooms; give it one"));
    };
    if let Some(below) = row_of(to) {
        let top = ROWS.len() - 1;
        // Tests of a room may use the end-to-end crate's corpus: nothing is built upon that.
        let corpus = kind == Some("dev") && to == "minos-tests";
        let allowed = below < row || (row == top && below == top) || corpus;
        return (!allowed).then(|| format!("{from} (row {row}) may not know {to} (row {below})"));
    }
    let (_, homes) = HOMES.iter().find(|(package, _)| *package == to)?;
    let outside = !homes.contains(&from);
    outside.then(|| format!("{from} may not use {to}, which lives in {}", homes.join(", ")))
}

fn row_of(name: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&name))
}

/// The synchronous crates from which the async runtime can be reached.
fn runtimes(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|p| SYNCHRONOUS.contains(&p.name.as_str())) {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![package.id.as_str()];
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let edges = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            let built = edges.iter().filter(|e| e.dep_kinds.iter().any(|k| k.kind.is_none()));
            waiting.extend(built.map(|edge| edge.pkg.as_str()));
        }
        if seen.iter().any(|id| names.get(id) == Some(&RUNTIME)) {
            findings.push(format!("{} reaches {RUNTIME}; it must stay synchronous", package.name));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn arrows_point_down_only() {
        let rows = [
            ("minos-judge", "minos-sandbox", None, true),
            ("minos-sandbox", "minos-judge", None, false),
            ("minos-queue", "minos-problem", None, false),
            ("minos-model", "serde", None, true),
            ("minos-load", "minos-tests", None, true),
            ("minos-node", "minos-cli", None, false),
            ("minos-judge", "minos-tests", Some("dev"), true),
            ("minos-judge", "minos-tests", None, false),
            ("minos-cli", "async-nats", None, false),
            ("minos-queue", "async-nats", None, true),
            ("minos-new", "serde", None, false),
        ];
        for (from, to, kind, allowed) in rows {
            assert_eq!(complaint(from, to, kind).is_none(), allowed, "{from} -> {to}");
        }
    }
}
