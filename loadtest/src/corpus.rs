//! Programs with the verdicts they must get, and mixes of them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use minos_model::{LanguageId, Verdict};
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use serde::Deserialize;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// The mix that is used when none is named.
const DEMO: &str = include_str!("../mixes/demo.toml");

/// One program of a mix.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// `honest/sums-c`.
    pub(crate) name: String,
    /// What it is written in.
    pub(crate) language: LanguageId,
    /// Its text.
    pub(crate) source: Vec<u8>,
    /// The verdicts it may get; the first is the one that is expected.
    pub(crate) expected: Vec<Verdict>,
    /// Whether it attacks or exhausts.
    pub(crate) hostile: bool,
    /// How often it is drawn among its kind.
    weight: f64,
}

/// A weighted choice of programs against one problem.
#[derive(Debug)]
pub(crate) struct Mix {
    /// The problem's short name.
    pub(crate) problem: String,
    programs: Vec<Program>,
}

/// What `expect.toml` says, as far as a replay is concerned.
#[derive(Debug, Deserialize)]
struct Expectation {
    language: String,
    verdict: String,
    /// Other verdicts that are as good, where the machine decides.
    #[serde(default)]
    or: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MixFile {
    problem: String,
    #[serde(default)]
    honest: BTreeMap<String, f64>,
    #[serde(default)]
    hostile: BTreeMap<String, f64>,
}

impl Mix {
    /// The built-in mix, or the one in a file; programs are those of the corpus.
    ///
    /// # Errors
    /// When the name is of a mix that does not exist, or the file names unknown programs.
    pub(crate) fn load(name: Option<&str>) -> Result<Self> {
        match name {
            None | Some("demo") => Self::parse(DEMO, "the built-in mix"),
            Some(planned @ ("warm" | "icpc" | "practice")) => bail!(
                "--mix {planned}: this version has no such mix; there is `demo` (the default), or \
                 name a FILE"
            ),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("--mix {path} (there is `demo`, or name a FILE)"))?;
                Self::parse(&text, path)
            }
        }
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let file: MixFile = toml::from_str(text).with_context(|| name.to_owned())?;
        let mut programs = Vec::new();
        for (kind, table) in [("honest", file.honest), ("hostile", file.hostile)] {
            for (program, weight) in table {
                let place = format!("{name}: {kind}.{program}");
                ensure!(weight.is_finite() && weight > 0.0, "{place}: the weight must be above 0");
                programs.push(program_named(kind, &program, weight).with_context(|| place)?);
            }
        }
        ensure!(!programs.is_empty(), "{name}: no programs under [honest] or [hostile]");
        Ok(Self { problem: file.problem, programs })
    }

    /// Every program, by the index that draws return.
    pub(crate) fn programs(&self) -> &[Program] {
        &self.programs
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
        let mut drawn = Vec::with_capacity(count);
        for _ in 0..count {
            let wanted = draws.random::<f64>() < hostile;
            let total: f64 = self.of_kind(wanted).map(|(_, weight)| weight).sum();
            let mut left = draws.random::<f64>() * total;
            let mut chosen = None;
            for (index, weight) in self.of_kind(wanted) {
                chosen = Some(index);
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
            let kind = if wanted { "hostile" } else { "honest" };
            drawn.push(chosen.with_context(|| format!("the mix has no {kind} program"))?);
        }
        Ok(drawn)
    }

    fn of_kind(&self, hostile: bool) -> impl Iterator<Item = (usize, f64)> {
        self.programs
            .iter()
            .enumerate()
            .filter(move |(_, program)| program.hostile == hostile)
            .map(|(index, program)| (index, program.weight))
    }
}

fn program_named(kind: &str, name: &str, weight: f64) -> Result<Program> {
    let folder = format!("{kind}/{name}/");
    let mut expectation = None;
    let mut source = None;
    for (path, content) in embedded::FILES {
        match path.strip_prefix(folder.as_str()) {
            Some("expect.toml") => expectation = Some(std::str::from_utf8(content)?),
            Some(file) if file.starts_with("source.") => source = Some(content.to_vec()),
            Some(_) | None => {}
        }
    }
    let expectation = expectation.context("the corpus has no such program")?;
    let expectation: Expectation = toml::from_str(expectation).context("expect.toml")?;
    let mut expected = vec![expectation.verdict.parse::<Verdict>()?];
    for verdict in &expectation.or {
        expected.push(verdict.parse()?);
    }
    Ok(Program {
        name: format!("{kind}/{name}"),
        language: expectation.language.parse()?,
        source: source.context("the program has no source.*")?,
        expected,
        hostile: kind == "hostile",
        weight,
    })
}

/// Writes the built-in package of that name into `dir`; false when there is none.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn unfold_package(name: &str, dir: &Path) -> Result<bool> {
    let folder = format!("packages/{name}/");
    let mut found = false;
    for (path, content) in embedded::FILES {
        let Some(inside) = path.strip_prefix(folder.as_str()) else { continue };
        let file = dir.join(inside);
        let parent = file.parent().context("a file of a package has a folder")?;
        std::fs::create_dir_all(parent)?;
        std::fs::write(&file, content).with_context(|| file.display().to_string())?;
        found = true;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_built_in_mix_is_whole_and_has_both_kinds() {
        let mix = Mix::load(None).unwrap();
        assert!(mix.programs().iter().any(|program| program.hostile));
        assert!(mix.programs().iter().any(|program| !program.hostile));
        let dir = std::env::temp_dir().join(format!("minos-load-test-{}", std::process::id()));
        assert!(unfold_package(&mix.problem, &dir).unwrap());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_share_of_hostile_programs_is_the_one_that_was_asked_for() {
        let mix = Mix::load(None).unwrap();
        for (share, least, most) in [(0.0, 0, 0), (0.2, 1_800, 2_200), (1.0, 10_000, 10_000)] {
            let mut draws = ChaCha12Rng::seed_from_u64(5);
            let drawn = mix.draw(10_000, share, &mut draws).unwrap();
            let hostile = drawn.iter().filter(|index| mix.programs()[**index].hostile).count();
            assert!((least..=most).contains(&hostile), "{share}: {hostile}");
        }
    }

    #[test]
    fn a_mix_that_does_not_exist_is_refused_by_naming_what_does() {
        for name in ["warm", "icpc", "practice", "/nowhere/mix.toml"] {
            let error = format!("{:#}", Mix::load(Some(name)).unwrap_err());
            assert!(error.contains("demo") && error.contains("FILE"), "{error}");
        }
    }
}
