//! The files under `deploy/` that can be checked without starting anything.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{setup, shell};

const UNIT: &str = "deploy/systemd/minos-node.service";
/// Where the unit says the command is installed.
const INSTALLED: &str = "/usr/local/bin/minos";
const ALERTS: &str = "deploy/prometheus/alerts.yml";
const ALERT_TESTS: &str = "deploy/prometheus/alerts_test.yml";
const DASHBOARD: &str = "deploy/grafana/minos.json";
const RUNBOOK: &str = "deploy/runbook.md";
/// The one file that names metrics.
const METRICS: &str = "crates/node/src/metrics/names.rs";
const PROFILE: &str = "deploy/container/minos-node.json";
/// Calls that making a box needs.
const NEEDED: &[&str] = &[
    "clone3",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "execveat",
    "memfd_create",
    "pidfd_send_signal",
    "seccomp",
    "prctl",
    "capset",
    "setresuid",
    "setgroups",
    "sethostname",
];
/// The box's own filter. A call that it catches (to end the run, or to take note) is answered by a
/// notification, which is weaker than an errno: the container's profile must let it through.
const BOX_FILTER: &str = "cluster-config/seccomp/default.toml";
/// Calls that neither a node nor a box has any use for.
const REFUSED: &[&str] = &[
    "io_uring_setup",
    "perf_event_open",
    "process_vm_readv",
    "userfaultfd",
    "keyctl",
    "add_key",
    "clock_settime",
    "fsopen",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: String,
    syscalls: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    names: Vec<String>,
    action: String,
}

/// Those parts of the box's filter that matter here.
#[derive(Deserialize)]
struct BoxFilter {
    ends_the_run: Vec<Entry>,
    watched: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    calls: Vec<String>,
}

/// Those parts of a dashboard that matter here.
#[derive(Deserialize)]
struct Dashboard {
    panels: Vec<Panel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Panel {
    id: u64,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    targets: Vec<Target>,
    field_config: Option<FieldConfig>,
}

#[derive(Deserialize)]
struct FieldConfig {
    defaults: FieldDefaults,
}

#[derive(Deserialize)]
struct FieldDefaults {
    unit: String,
}

#[derive(Deserialize)]
struct Target {
    expr: String,
}

/// Checks the systemd unit, the container's system-call profile, the alerts and the dashboard.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(super) fn check() -> Result<()> {
    unit()?;
    profile()?;
    alerts()?;
    dashboard()
}

/// systemd's own opinion of the unit, with the command's path replaced by one that exists here.
fn unit() -> Result<()> {
    let text = read(UNIT)?;
    if !text.contains(INSTALLED) {
        bail!("{UNIT}: does not start {INSTALLED}");
    }
    let scratch = std::env::temp_dir().join(format!("minos-unit-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let copy = scratch.join("minos-node.service");
    fs::write(&copy, text.replace(INSTALLED, "/bin/true"))?;
    let verify = shell::command("systemd-analyze", &["verify", "--man=no"]).arg(&copy).output();
    fs::remove_dir_all(&scratch)?;
    let verify = verify.context("systemd-analyze is missing; type: cargo xtask setup")?;
    // It exits with 0 for a key it does not know, and says so on stderr.
    let said = String::from_utf8_lossy(&verify.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("minos-node")).collect();
    if !verify.status.success() || !ours.is_empty() {
        bail!("{UNIT}: {}", said.trim());
    }
    Ok(())
}

fn profile() -> Result<()> {
    let text = read(PROFILE)?;
    let profile: Profile = serde_json::from_str(&text).with_context(|| PROFILE.to_owned())?;
    if profile.default_action != "SCMP_ACT_ERRNO" {
        bail!("{PROFILE}: what is not listed must be refused, not {}", profile.default_action);
    }
    let allowed = |call: &str| {
        let rules = profile.syscalls.iter().filter(|rule| rule.action == "SCMP_ACT_ALLOW");
        rules.flat_map(|rule| &rule.names).any(|name| name == call)
    };
    if let Some(call) = NEEDED.iter().find(|call| !allowed(call)) {
        bail!("{PROFILE}: `{call}` is needed to make boxes and is not allowed");
    }
    let caught = caught_in_the_box()?;
    if let Some(call) = caught.iter().find(|call| !allowed(call)) {
        bail!("{PROFILE}: `{call}` must reach the box's filter, {BOX_FILTER}, which ends the run");
    }
    if let Some(call) = REFUSED.iter().find(|call| allowed(call)) {
        bail!("{PROFILE}: `{call}` is allowed and must not be");
    }
    Ok(())
}

fn caught_in_the_box() -> Result<Vec<String>> {
    let text = read(BOX_FILTER)?;
    let filter: BoxFilter = toml::from_str(&text).with_context(|| BOX_FILTER.to_owned())?;
    Ok(filter.ends_the_run.into_iter().chain(filter.watched).flat_map(|e| e.calls).collect())
}

/// Alerts speak of metrics that exist, and each has its page in the runbook, a test in which it fires
/// and one in which it does not.
fn alerts() -> Result<()> {
    let (alerts, metrics, runbook) = (read(ALERTS)?, read(METRICS)?, read(RUNBOOK)?);
    let tests = read(ALERT_TESTS)?;
    if let Some(name) = metric_names(&alerts).find(|name| !metrics.contains(&format!("\"{name}\"")))
    {
        bail!("{ALERTS}: {METRICS} has no metric `{name}`");
    }
    for name in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        if !runbook.lines().any(|line| line == format!("## {name}")) {
            bail!("{RUNBOOK}: has no page `## {name}`");
        }
        for (fires, what) in [(true, "fires"), (false, "is silent")] {
            if !tested(&tests, name).any(|fired| fired == fires) {
                bail!("{ALERT_TESTS}: has no row in which {name} {what}");
            }
        }
    }
    let promtool = setup::promtool()?;
    for args in [["check", "rules", ALERTS], ["test", "rules", ALERT_TESTS]] {
        let said = shell::command(&promtool, &args).output();
        let said = said.context("promtool is missing; type: cargo xtask setup")?;
        if !said.status.success() {
            let (out, err) =
                (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
            bail!("promtool {}: {out}{err}", args.join(" "));
        }
    }
    Ok(())
}

/// For each row of the alerts' tests about one of them whether it fires there.
fn tested<'a>(tests: &'a str, name: &'a str) -> impl Iterator<Item = bool> + 'a {
    let rows = tests.split("alertname: ").skip(1);
    let about = rows.filter_map(move |row| row.strip_prefix(name));
    // A longer name begins with this one too.
    let about = about.filter(|row| !row.starts_with(|c: char| c.is_ascii_alphanumeric()));
    about.filter_map(|row| row.split_once("exp_alerts:")).map(|(_, rest)| !rest.starts_with(" []"))
}

/// Each panel of the dashboard says what it shows, in a unit, from metrics that exist.
fn dashboard() -> Result<()> {
    let (text, metrics) = (read(DASHBOARD)?, read(METRICS)?);
    let dashboard: Dashboard = serde_json::from_str(&text).with_context(|| DASHBOARD.to_owned())?;
    let mut ids = std::collections::BTreeSet::new();
    for panel in &dashboard.panels {
        let wrong = |what: &str| bail!("{DASHBOARD}: panel `{}` {what}", panel.title);
        if !ids.insert(panel.id) {
            return wrong("has the id of another");
        }
        if panel.kind == "row" {
            continue;
        }
        let unit = panel.field_config.as_ref().map(|config| config.defaults.unit.as_str());
        if panel.description.is_empty() || unit.is_none_or(str::is_empty) {
            return wrong("has no description or no unit");
        }
        if panel.targets.is_empty() {
            return wrong("shows nothing");
        }
        for Target { expr } in &panel.targets {
            if let Some(fault) = fault_of(expr, &metrics) {
                return wrong(&format!("has an expression that {fault}: {expr}"));
            }
        }
    }
    Ok(())
}

/// What is wrong with an expression of a dashboard.
fn fault_of(expr: &str, metrics: &str) -> Option<String> {
    if let Some(name) = metric_names(expr).find(|name| !metrics.contains(&format!("\"{name}\""))) {
        return Some(format!("names `{name}`, which {METRICS} does not have"));
    }
    let counted = metric_names(expr).any(|name| name.ends_with("_total"));
    let rated = expr.contains("rate(") || expr.contains("increase(");
    if counted && !rated {
        return Some("shows a counter as it is".to_owned());
    }
    if rated && !expr.contains("[$__rate_interval]") {
        return Some("has a window of its own".to_owned());
    }
    (!expr.contains("$instance")).then(|| "is not of the chosen nodes".to_owned())
}

/// Every `minos_…` of a text, without the endings Prometheus adds to histograms.
fn metric_names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("minos_")).map(|word| {
        let endings = ["_bucket", "_sum", "_count"];
        endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word)
    })
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(shell::root().join(path)).with_context(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{fault_of, metric_names, tested};

    #[test]
    fn an_expression_of_the_dashboard_is_of_real_metrics_in_the_chosen_window_and_nodes() {
        let metrics = r#"const A: &str = "minos_a_total"; const B: &str = "minos_b";"#;
        for (expr, fault) in [
            (r#"rate(minos_a_total{instance=~"$instance"}[$__rate_interval])"#, None),
            (r#"minos_b{instance=~"$instance"}"#, None),
            (r#"minos_c{instance=~"$instance"}"#, Some("names `minos_c`")),
            (r#"minos_a_total{instance=~"$instance"}"#, Some("a counter as it is")),
            (r#"rate(minos_a_total{instance=~"$instance"}[5m])"#, Some("a window of its own")),
            ("minos_b", Some("the chosen nodes")),
        ] {
            let found = fault_of(expr, metrics);
            assert_eq!(found.is_some(), fault.is_some(), "{expr}: {found:?}");
            assert!(found.unwrap_or_default().contains(fault.unwrap_or_default()), "{expr}");
        }
    }

    #[test]
    fn a_row_of_the_alerts_tests_is_one_that_fires_or_one_that_is_silent() {
        let text = "- {eval_time: 9m, alertname: A, exp_alerts: []}\n- eval_time: 15m\n  \
                    alertname: AB\n  exp_alerts:\n    - exp_labels: {instance: a}\n";
        assert_eq!(tested(text, "A").collect::<Vec<_>>(), [false]);
        assert_eq!(tested(text, "AB").collect::<Vec<_>>(), [true]);
        assert_eq!(tested(text, "B").count(), 0);
    }

    #[test]
    fn metrics_are_found_in_expressions() {
        let text = r#"rate(minos_wait_seconds_bucket[2m]) / sum(minos_slots{state="busy"})"#;
        let names: Vec<_> = metric_names(text).collect();
        assert_eq!(names, ["minos_wait_seconds", "minos_slots"]);
    }
}
