//! The form of `problem.json`, version 2, and its ways to and from a [`Problem`](crate::Problem).

use std::path::Path;

use minos_model::{Bytes, CpuTime, LanguageId, WallTime};
use serde::{Deserialize, Serialize};

use crate::{
    Checker, Group, Include, IncludeFor, IncludeStage, JuryProgram, Mode, Part, ProblemLimits,
    Rules, Scoring, Scripts, StandardChecker, Test, Validators,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreparedV2 {
    pub(crate) schema: String,
    pub(crate) id: String,
    pub(crate) revision: String,
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) limits: LimitsV2,
    pub(crate) rules: RulesV2,
    pub(crate) scoring: Scoring,
    pub(crate) groups: Vec<Group>,
    pub(crate) checker: CheckerV2,
    pub(crate) interactor: Option<PartV2>,
    pub(crate) grader: Option<JuryV2>,
    // Added later: absent where a package has none, so that older readers read the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scorer: Option<PartV2>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) static_validator: Option<JuryV2>,
    pub(crate) includes: Vec<IncludeV2>,
    pub(crate) input_file: Option<String>,
    pub(crate) output_file: Option<String>,
    pub(crate) tests: Vec<TestV2>,
    /// Every file but the manifest, by path.
    pub(crate) files: Vec<FileV2>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsV2 {
    cpu_us: u64,
    wall_us: u64,
    memory_bytes: u64,
    output_bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesV2 {
    languages: Option<Vec<String>>,
    code_bytes: Option<u64>,
    no_file_writing: bool,
    compile_cpu_us: Option<u64>,
    compile_memory_bytes: Option<u64>,
    jury_cpu_us: Option<u64>,
    jury_memory_bytes: Option<u64>,
    jury_output_bytes: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum CheckerV2 {
    Standard(String),
    Program(PartV2),
    Default,
    Validators { programs: Vec<JuryV2>, scores: bool },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartV2 {
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) language: String,
    pub(crate) resources: Vec<String>,
    pub(crate) further: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum JuryV2 {
    Part(PartV2),
    Scripts { dir: String, files: Vec<String>, build: bool },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncludeV2 {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) languages: IncludeForV2,
    pub(crate) stage: IncludeStageV2,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncludeForV2 {
    All,
    Only(Vec<String>),
    AllBut(Vec<String>),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncludeStageV2 {
    Compile,
    Run,
    Both,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestV2 {
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) answer: String,
    pub(crate) group: Option<String>,
    pub(crate) points: Option<f64>,
    pub(crate) sample: bool,
    pub(crate) args: Vec<String>,
    pub(crate) validator_args: Vec<String>,
    pub(crate) files: Vec<(String, String)>,
    // Added later, as above.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) of_sources: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileV2 {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl PreparedV2 {
    /// Every path that something in the manifest stands for, but those of `files`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        for test in &self.tests {
            paths.extend([test.input.clone(), test.answer.clone()]);
            paths.extend(test.files.iter().map(|(_, path)| path.clone()));
        }
        match &self.checker {
            CheckerV2::Standard(_) | CheckerV2::Default => {}
            CheckerV2::Program(part) => part.paths(&mut paths),
            CheckerV2::Validators { programs, .. } => {
                programs.iter().for_each(|program| program.paths(&mut paths));
            }
        }
        if let Some(interactor) = &self.interactor {
            interactor.paths(&mut paths);
        }
        if let Some(grader) = &self.grader {
            grader.paths(&mut paths);
        }
        if let Some(scorer) = &self.scorer {
            scorer.paths(&mut paths);
        }
        if let Some(validator) = &self.static_validator {
            validator.paths(&mut paths);
        }
        paths.extend(self.includes.iter().map(|include| include.path.clone()));
        paths
    }
}

impl PartV2 {
    fn paths(&self, into: &mut Vec<String>) {
        into.push(self.source.clone());
        into.extend(self.resources.iter().chain(&self.further).cloned());
    }

    pub(crate) fn part(&self, dir: &Path) -> Result<Part, String> {
        let place = |paths: &[String]| paths.iter().map(|path| dir.join(path)).collect();
        Ok(Part {
            source: dir.join(&self.source),
            kind: self.kind.clone(),
            language: language(&self.language)?,
            resources: place(&self.resources),
            further: place(&self.further),
        })
    }
}

impl JuryV2 {
    fn paths(&self, into: &mut Vec<String>) {
        match self {
            Self::Part(part) => part.paths(into),
            Self::Scripts { dir, files, .. } => {
                into.extend(files.iter().map(|file| format!("{dir}/{file}")));
            }
        }
    }

    pub(crate) fn program(&self, root: &Path) -> Result<JuryProgram, String> {
        Ok(match self {
            Self::Part(part) => JuryProgram::Part(part.part(root)?),
            Self::Scripts { dir, files, build } => JuryProgram::Scripts(Scripts {
                dir: root.join(dir),
                files: files.clone(),
                build: *build,
            }),
        })
    }
}

impl CheckerV2 {
    pub(crate) fn checker(&self, dir: &Path) -> Result<Checker, String> {
        Ok(match self {
            Self::Default => Checker::Default,
            Self::Standard(name) => Checker::Standard(
                StandardChecker::named(name)
                    .ok_or_else(|| format!("checker `{name}` is not built in"))?,
            ),
            Self::Program(part) => Checker::Program(part.part(dir)?),
            Self::Validators { programs, scores } => {
                let programs: Result<_, String> =
                    programs.iter().map(|program| program.program(dir)).collect();
                Checker::Validators(Validators { programs: programs?, scores: *scores })
            }
        })
    }
}

impl IncludeV2 {
    pub(crate) fn of(include: &Include, path: String) -> Self {
        let ids = |ids: &[LanguageId]| ids.iter().map(ToString::to_string).collect();
        Self {
            name: include.name.clone(),
            path,
            languages: match &include.languages {
                IncludeFor::All => IncludeForV2::All,
                IncludeFor::Only(languages) => IncludeForV2::Only(ids(languages)),
                IncludeFor::AllBut(languages) => IncludeForV2::AllBut(ids(languages)),
            },
            stage: match include.stage {
                IncludeStage::Compile => IncludeStageV2::Compile,
                IncludeStage::Run => IncludeStageV2::Run,
                IncludeStage::Both => IncludeStageV2::Both,
            },
        }
    }

    pub(crate) fn include(&self, dir: &Path) -> Result<Include, String> {
        Ok(Include {
            name: self.name.clone(),
            path: dir.join(&self.path),
            languages: match &self.languages {
                IncludeForV2::All => IncludeFor::All,
                IncludeForV2::Only(ids) => IncludeFor::Only(languages(ids)?),
                IncludeForV2::AllBut(ids) => IncludeFor::AllBut(languages(ids)?),
            },
            stage: match self.stage {
                IncludeStageV2::Compile => IncludeStage::Compile,
                IncludeStageV2::Run => IncludeStage::Run,
                IncludeStageV2::Both => IncludeStage::Both,
            },
        })
    }
}

impl TestV2 {
    pub(crate) fn test(self, dir: &Path) -> Test {
        let place = |(name, path): (String, String)| (name, dir.join(path));
        Test {
            name: self.name,
            input: dir.join(self.input),
            answer: dir.join(self.answer),
            group: self.group,
            points: self.points,
            sample: self.sample,
            args: self.args,
            validator_args: self.validator_args,
            files: self.files.into_iter().map(place).collect(),
            of_sources: self.of_sources,
        }
    }
}

fn language(id: &str) -> Result<LanguageId, String> {
    LanguageId::new(id).map_err(|error| error.to_string())
}

fn languages(ids: &[String]) -> Result<Vec<LanguageId>, String> {
    ids.iter().map(|id| language(id)).collect()
}

impl From<ProblemLimits> for LimitsV2 {
    fn from(limits: ProblemLimits) -> Self {
        Self {
            cpu_us: limits.cpu.micros(),
            wall_us: limits.wall.micros(),
            memory_bytes: limits.memory.get(),
            output_bytes: limits.output.get(),
        }
    }
}

impl From<LimitsV2> for ProblemLimits {
    fn from(limits: LimitsV2) -> Self {
        Self {
            cpu: CpuTime::from_micros(limits.cpu_us),
            wall: WallTime::from_micros(limits.wall_us),
            memory: Bytes::new(limits.memory_bytes),
            output: Bytes::new(limits.output_bytes),
        }
    }
}

impl From<&Rules> for RulesV2 {
    fn from(rules: &Rules) -> Self {
        Self {
            languages: rules
                .languages
                .as_ref()
                .map(|ids| ids.iter().map(ToString::to_string).collect()),
            code_bytes: rules.code.map(Bytes::get),
            no_file_writing: rules.no_file_writing,
            compile_cpu_us: rules.compile_cpu.map(CpuTime::micros),
            compile_memory_bytes: rules.compile_memory.map(Bytes::get),
            jury_cpu_us: rules.jury_cpu.map(CpuTime::micros),
            jury_memory_bytes: rules.jury_memory.map(Bytes::get),
            jury_output_bytes: rules.jury_output.map(Bytes::get),
        }
    }
}

impl RulesV2 {
    pub(crate) fn rules(&self) -> Result<Rules, String> {
        Ok(Rules {
            languages: self.languages.as_deref().map(languages).transpose()?,
            code: self.code_bytes.map(Bytes::new),
            no_file_writing: self.no_file_writing,
            compile_cpu: self.compile_cpu_us.map(CpuTime::from_micros),
            compile_memory: self.compile_memory_bytes.map(Bytes::new),
            jury_cpu: self.jury_cpu_us.map(CpuTime::from_micros),
            jury_memory: self.jury_memory_bytes.map(Bytes::new),
            jury_output: self.jury_output_bytes.map(Bytes::new),
        })
    }
}
