//! Mixes: which programs, how often.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use minos_model::WallTime;
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use serde::Deserialize;

use super::distinct::{self, Pace};
use super::{Program, built_in, hostile_for, in_folder, warm};

/// What can be asked for by name.
const NAMED: [(&str, &str); 4] = [
    ("demo", include_str!("../../mixes/demo.toml")),
    ("warm", include_str!("../../mixes/warm.toml")),
    ("icpc", include_str!("../../mixes/icpc.toml")),
    ("practice", include_str!("../../mixes/practice.toml")),
];

/// A weighted choice of programs.
#[derive(Debug)]
pub(crate) struct Mix {
    /// The name it was asked for by.
    pub(crate) name: String,
    /// The share of hostile programs when nobody says.
    pub(crate) hostile: f64,
    /// Whether builds are made before the clock starts, and reused after.
    pub(crate) warm: bool,
    /// Whether every source is made its own, so that no build is reused.
    distinct: bool,
    pace: Option<Pace>,
    programs: Vec<Program>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MixFile {
    problem: String,
    /// The share of hostile programs, 0 to 1.
    #[serde(default = "fifth")]
    hostile_share: f64,
    /// Where programs of one's own are: a folder with a folder for each.
    programs: Option<PathBuf>,
    /// `true`: the generated programs.
    #[serde(default)]
    warm: bool,
    /// `true`: no two sources are the same.
    #[serde(default)]
    distinct: bool,
    pace: Option<PaceFile>,
    #[serde(default)]
    honest: BTreeMap<String, f64>,
    #[serde(default)]
    hostile: BTreeMap<String, f64>,
    /// Shares of the classes of the corpus's hostile programs.
    #[serde(default)]
    hostile_classes: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaceFile {
    mean: String,
    deviation: String,
}

const fn fifth() -> f64 {
    0.2
}

impl Mix {
    /// The mix of that name, or the one in a file; `demo` when none is named.
    ///
    /// # Errors
    /// When there is none, or the file names programs that have no expectation.
    pub(crate) fn load(name: Option<&str>) -> Result<Self> {
        let name = name.unwrap_or("demo");
        if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Self::parse(text, name, None);
        }
        let text = std::fs::read_to_string(name).with_context(|| {
            format!("--mix {name} (there is demo, warm, icpc and practice, or name a FILE)")
        })?;
        Self::parse(&text, name, Path::new(name).parent())
    }

    fn parse(text: &str, name: &str, beside: Option<&Path>) -> Result<Self> {
        let file: MixFile = toml::from_str(text).with_context(|| format!("--mix {name}"))?;
        ensure!(
            (0.0..=1.0).contains(&file.hostile_share),
            "{name}: hostile_share: a share lies between 0 and 1"
        );
        let mut programs = Vec::new();
        if file.warm {
            ensure!(file.problem == warm::PROBLEM, "{name}: problem: must be {}", warm::PROBLEM);
            programs.extend(warm::programs(&"c".parse()?));
        }
        let own =
            file.programs.as_ref().map(|dir| beside.unwrap_or_else(|| Path::new("")).join(dir));
        for (kind, table) in [("honest", &file.honest), ("hostile", &file.hostile)] {
            for (program, weight) in table {
                let place = || format!("{name}: {kind}.{program}");
                ensure!(weight.is_finite() && *weight > 0.0, "{}: not above 0", place());
                let folder = own.as_ref().map(|dir| dir.join(program)).filter(|dir| dir.is_dir());
                let found = match folder {
                    Some(folder) => in_folder(&folder, kind, &file.problem),
                    None => built_in(kind, program, &file.problem),
                };
                let found = found.with_context(place)?;
                programs.push(Program { weight: *weight, ..found });
            }
        }
        programs.extend(by_class(&file).with_context(|| name.to_owned())?);
        ensure!(!programs.is_empty(), "{name}: no programs under [honest] or [hostile]");
        let pace = file.pace.as_ref().map(PaceFile::pace).transpose();
        Ok(Self {
            name: name.to_owned(),
            hostile: file.hostile_share,
            warm: file.warm,
            distinct: file.distinct,
            pace: pace.with_context(|| format!("{name}: pace"))?,
            programs,
        })
    }

    /// Every program, by the index that draws return.
    pub(crate) fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The problems that are needed, each once.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut names: Vec<_> = self.programs.iter().map(|one| one.problem.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Adds the generated programs, for a storm of rejudgings beside another mix; the indexes that
    /// they have.
    ///
    /// # Errors
    /// Never in practice: `c` is an identifier.
    pub(crate) fn add_warm(&mut self) -> Result<Vec<usize>> {
        if !self.warm {
            let more = warm::programs(&"c".parse()?);
            self.programs.extend(more.into_iter().map(|one| Program { weight: 0.0, ..one }));
        }
        Ok(self.generated().map(|(index, _)| index).collect())
    }

    /// The generated programs, each with its index.
    pub(crate) fn generated(&self) -> impl Iterator<Item = (usize, &Program)> {
        let named = self.programs.iter().enumerate();
        named.filter(|(_, one)| one.problem == warm::PROBLEM && !one.hostile)
    }

    /// The source of a submission: `mark` is its own.
    pub(crate) fn source(&self, program: &Program, mark: &str, draws: &mut ChaCha12Rng) -> Vec<u8> {
        if self.distinct && program.weight > 0.0 {
            let pace = self.pace.map(|pace| pace.draw(draws));
            distinct::source(program, mark, pace)
        } else {
            program.source.clone()
        }
    }

    /// Draws `count` programs: a share of them hostile, by weight among their kind.
    ///
    /// # Errors
    /// When a kind that is wanted has no programs.
    pub(crate) fn draw(
        &self,
        count: usize,
        hostile: f64,
        draws: &mut ChaCha12Rng,
    ) -> Result<Vec<usize>> {
        let kinds = [self.sums(false), self.sums(true)];
        for (kind, sums, share) in
            [("honest", &kinds[0], 1.0 - hostile), ("hostile", &kinds[1], hostile)]
        {
            if share > 0.0 && sums.is_empty() {
                bail!("the mix has no {kind} program");
            }
        }
        let mut drawn = Vec::with_capacity(count);
        for _ in 0..count {
            let [honest, attacks] = &kinds;
            let sums = if draws.random::<f64>() < hostile { attacks } else { honest };
            let total = sums.last().map_or(0.0, |(sum, _)| *sum);
            let at = draws.random::<f64>() * total;
            let place = sums.partition_point(|(sum, _)| *sum <= at);
            let (_, index) =
                sums.get(place).or_else(|| sums.last()).context("the mix has no program")?;
            drawn.push(*index);
        }
        Ok(drawn)
    }

    /// Running sums of the weights of a kind, each with the program's index.
    fn sums(&self, hostile: bool) -> Vec<(f64, usize)> {
        let kind = self.programs.iter().enumerate();
        let kind = kind.filter(|(_, one)| one.hostile == hostile && one.weight > 0.0);
        kind.scan(0.0, |sum, (index, one)| {
            *sum += one.weight;
            Some((*sum, index))
        })
        .collect()
    }
}

/// The hostile programs of the corpus, so that each class has its share and every program of a
/// class the same.
fn by_class(file: &MixFile) -> Result<Vec<Program>> {
    let known = if file.hostile_classes.is_empty() { vec![] } else { hostile_for(&file.problem)? };
    let mut programs = Vec::new();
    for (class, share) in &file.hostile_classes {
        let place = || format!("hostile_classes.{class}");
        ensure!(share.is_finite() && *share > 0.0, "{}: not above 0", place());
        let of_class: Vec<_> = known.iter().filter(|(_, its)| its == class).collect();
        ensure!(!of_class.is_empty(), "{}: the corpus has no such program", place());
        let weight = share / crate::num::float_len(of_class.len());
        for (name, _) in of_class {
            let program = built_in("hostile", name, &file.problem)?;
            programs.push(Program { weight, ..program });
        }
    }
    Ok(programs)
}

impl PaceFile {
    fn pace(&self) -> Result<Pace> {
        let time = |text: &str| -> Result<std::time::Duration> {
            let time: WallTime = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
            ensure!(!time.duration().is_zero(), "`{text}`: must be above zero");
            Ok(time.duration())
        };
        Ok(Pace::new(time(&self.mean)?, time(&self.deviation)?))
    }
}

#[cfg(test)]
#[path = "mix_tests.rs"]
mod tests;
