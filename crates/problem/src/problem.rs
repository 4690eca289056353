//! A problem: a package made complete. Every test and every answer is a file.

use std::path::PathBuf;

use minos_model::{Digest, ProblemId};

use crate::{Checker, Group, Include, JuryProgram, Mode, Part, ProblemLimits, Rules, Scoring};

/// A complete problem, as it lies in the cache. Every path is absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The short name.
    pub id: ProblemId,
    /// The revision of the package it was prepared from.
    pub revision: Digest,
    /// The title for people.
    pub name: String,
    /// The directory everything lies in.
    pub dir: PathBuf,
    /// What a submission is and how it runs.
    pub mode: Mode,
    /// What a solution may use.
    pub limits: ProblemLimits,
    /// What the package asks for beside that.
    pub rules: Rules,
    /// The tests, in order.
    pub tests: Vec<Test>,
    /// Groups of tests; empty when the problem has none.
    pub groups: Vec<Group>,
    /// How verdict and score follow from the tests.
    pub scoring: Scoring,
    /// Who compares answers.
    pub checker: Checker,
    /// The program a submission talks to, of testlib's protocol; what it writes goes to the
    /// checker. Without one the checker of an interactive problem is [`Checker::Validators`] and
    /// talks to the submission itself.
    pub interactor: Option<Part>,
    /// The program that [`Grader::Custom`](crate::Grader) means.
    pub grader: Option<JuryProgram>,
    /// The program, of testlib's protocol, that makes the score from the results of all tests, in
    /// the place of what groups and tests add up to.
    pub scorer: Option<Part>,
    /// The program, of ICPC's protocol, that judges the tests which look at a submission's sources.
    pub static_validator: Option<JuryProgram>,
    /// Files that lie beside submissions.
    pub includes: Vec<Include>,
    /// The file a submission reads in its working directory; `None` for stdin.
    pub input_file: Option<String>,
    /// The file a submission writes in its working directory; `None` for stdout.
    pub output_file: Option<String>,
}

impl Problem {
    /// A pass/fail problem for programs that read stdin and write stdout, without any tests yet.
    #[must_use]
    pub fn new(id: ProblemId, revision: Digest, dir: PathBuf, limits: ProblemLimits) -> Self {
        Self {
            name: id.to_string(),
            id,
            revision,
            dir,
            mode: Mode::BATCH,
            limits,
            rules: Rules::default(),
            tests: Vec::new(),
            groups: Vec::new(),
            scoring: Scoring::PassFail,
            checker: Checker::Default,
            interactor: None,
            grader: None,
            scorer: None,
            static_validator: None,
            includes: Vec::new(),
            input_file: None,
            output_file: None,
        }
    }
}

/// One test of a complete problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The number as the package writes it: `01`, `100`; or its path below `data/`:
    /// `secret/07-max`.
    pub name: String,
    /// The input.
    pub input: PathBuf,
    /// The jury's answer.
    pub answer: PathBuf,
    /// The group it belongs to, the innermost.
    pub group: Option<String>,
    /// What it is worth at most; `None` when it has no points, or no bound.
    pub points: Option<f64>,
    /// Whether it stands in the statement.
    pub sample: bool,
    /// Words the submission is called with.
    pub args: Vec<String>,
    /// Words the checker is called with beside the files.
    pub validator_args: Vec<String>,
    /// Files in the submission's working directory: relative name and place.
    pub files: Vec<(String, PathBuf)>,
    /// Whether the submission is not run: [`Problem::static_validator`] looks at its sources, and
    /// input and answer are empty.
    pub of_sources: bool,
}

impl Test {
    /// A test of that name, outside of groups and without points.
    #[must_use]
    pub fn new(name: impl Into<String>, input: PathBuf, answer: PathBuf) -> Self {
        Self {
            name: name.into(),
            input,
            answer,
            group: None,
            points: None,
            sample: false,
            args: Vec::new(),
            validator_args: Vec::new(),
            files: Vec::new(),
            of_sources: false,
        }
    }
}
