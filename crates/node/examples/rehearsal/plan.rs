//! What is to be measured.

use std::collections::HashMap;
use std::time::Duration;

use minos_model::WallTime;

use crate::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Throughput,
    Backlog,
    Flood,
    Rejudge,
}

/// One measurement.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) slots: u16,
    pub(crate) jobs: usize,
    pub(crate) judging: Duration,
    pub(crate) sync: Duration,
    /// Publishes under way at once.
    pub(crate) window: usize,
    pub(crate) teams: usize,
    /// Between two submissions of the teams.
    pub(crate) every: Duration,
}

/// The command line, each key taken once.
struct Given(HashMap<String, String>);

impl Given {
    fn take(&mut self, key: &str, default: &str) -> String {
        self.0.remove(key).unwrap_or_else(|| default.into())
    }
}

fn time(text: &str) -> Outcome<Duration> {
    Ok(text.parse::<WallTime>()?.duration())
}

impl Plan {
    /// One for each combination of the values given.
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Outcome<Vec<Self>> {
        let (mut mode, mut given) = (Mode::Throughput, Given(HashMap::new()));
        for arg in args {
            match (arg.as_str(), arg.split_once('=')) {
                ("throughput", _) => mode = Mode::Throughput,
                ("backlog", _) => mode = Mode::Backlog,
                ("flood", _) => mode = Mode::Flood,
                ("rejudge", _) => mode = Mode::Rejudge,
                (_, Some((key, value))) => drop(given.0.insert(key.to_owned(), value.to_owned())),
                (other, None) => {
                    return Err(format!("`{other}` is no mode and no key=value").into());
                }
            }
        }
        let (slots, jobs, judging) = match mode {
            Mode::Throughput | Mode::Backlog => ("64", "4000", "0ms"),
            Mode::Flood => ("32", "400", "100ms"),
            Mode::Rejudge => ("64", "100000", "0ms"),
        };
        let jobs = given.take("jobs", jobs).parse()?;
        let window = given.take("window", "64").parse()?;
        let (teams, every) =
            (given.take("teams", "20").parse()?, time(&given.take("every", "50ms"))?);
        let (slots, judging) = (given.take("slots", slots), given.take("judging", judging));
        let syncs = given.take("sync", "always");
        if let Some(key) = given.0.keys().next() {
            return Err(format!("`{key}` is no key").into());
        }
        let mut plans = Vec::new();
        for sync in syncs.split(',') {
            let sync = if sync == "always" { Duration::ZERO } else { time(sync)? };
            for judging in judging.split(',') {
                for slots in slots.split(',') {
                    let (slots, judging) = (slots.parse()?, time(judging)?);
                    plans.push(Self { mode, slots, jobs, judging, sync, window, teams, every });
                }
            }
        }
        Ok(plans)
    }
}
