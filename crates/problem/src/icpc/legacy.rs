//! Test data of the old versions: a tree of groups, each with a grader.

use std::collections::BTreeSet;

use super::data::{Data, folders_in, test_at, tests_in};
use super::groups;
use super::manifest::{Manifest, flags, range, words};
use super::place::Place;
use crate::bounds::MAX_DEPTH;
use crate::yaml::{Field, Map};
use crate::{
    FeedbackPolicy, Graded, GradedGroup, Grader, GraderRules, GraderScore, GraderVerdict, Group,
    Member, OnReject, PackageError, PointsPolicy, Scoring, ValidatorArgs,
};

/// The settings of groups.
pub(super) const SETTINGS: &str = "testdata.yaml";

/// What a `testdata.yaml` says. A group without the file has those of the group around.
#[derive(Debug, Clone)]
struct Settings {
    on_reject: OnReject,
    grader: Grader,
    accept_score: f64,
    reject_score: f64,
    range: (f64, f64),
    validator_flags: Vec<String>,
    input_flags: ValidatorArgs,
}

pub(super) fn read(place: &mut Place<'_>, manifest: &Manifest) -> Result<Data, PackageError> {
    let default = Settings {
        on_reject: OnReject::Break,
        grader: Grader::Default(GraderRules::DEFAULT),
        accept_score: manifest.grading.accept_score.unwrap_or(1.0),
        reject_score: manifest.grading.reject_score.unwrap_or(0.0),
        range: manifest.grading.range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY)),
        validator_flags: Vec::new(),
        input_flags: ValidatorArgs::default(),
    };
    let mut tree = Tree { place, manifest, data: Data::new(Scoring::PassFail) };
    let settings = tree.settings("data", &default)?;
    let mut root = group(String::new(), &settings);
    for name in ["sample", "secret"] {
        if tree.place.has_folder(&format!("data/{name}")) {
            let inner = tree.node(name, &settings, 1)?;
            root.members.push(Member::Group(inner));
        }
    }
    let mut data = tree.data;
    let objective = manifest.scoring.then_some(manifest.objective);
    if manifest.scoring || !is_first_failure(&root) {
        data.scoring = Scoring::Graded(Graded { objective, root });
    }
    Ok(data)
}

fn group(name: String, settings: &Settings) -> GradedGroup {
    GradedGroup {
        name,
        on_reject: settings.on_reject,
        grader: settings.grader.clone(),
        accept_score: settings.accept_score,
        reject_score: settings.reject_score,
        range: settings.range,
        members: Vec::new(),
    }
}

/// Whether the first test that fails decides, whatever graders would do.
fn is_first_failure(group: &GradedGroup) -> bool {
    let plain = match &group.grader {
        Grader::Custom(_) => false,
        Grader::Default(rules) => {
            let breaks = group.on_reject == OnReject::Break;
            let first = rules.verdict == GraderVerdict::FirstError
                || (rules.verdict == GraderVerdict::WorstError && breaks);
            first && !rules.ignore_sample && !rules.accept_if_any_accepted
        }
    };
    plain
        && group.members.iter().all(|member| match member {
            Member::Test(_) => true,
            Member::Group(inner) => is_first_failure(inner),
        })
}

struct Tree<'a, 'b> {
    place: &'a mut Place<'b>,
    manifest: &'a Manifest,
    data: Data,
}

impl Tree<'_, '_> {
    fn node(
        &mut self,
        name: &str,
        outer: &Settings,
        depth: usize,
    ) -> Result<GradedGroup, PackageError> {
        let folder = format!("data/{name}");
        if depth > MAX_DEPTH {
            return Err(self.place.wrong(&folder, format!("more than {MAX_DEPTH} groups deep")));
        }
        let settings = self.settings(&folder, outer)?;
        let sample = name == "sample" || name.starts_with("sample/");
        self.data.groups.push(Group {
            name: name.to_owned(),
            parent: name.rsplit_once('/').map(|(parent, _)| parent.to_owned()),
            points: None,
            points_policy: PointsPolicy::EachTest,
            feedback_policy: if sample { FeedbackPolicy::Complete } else { FeedbackPolicy::Icpc },
            dependencies: Vec::new(),
        });
        let tests = tests_in(self.place, &folder, &[SETTINGS])?;
        let folders: BTreeSet<String> =
            folders_in(self.place, &folder, &tests).into_iter().collect();
        let mut group = group(name.to_owned(), &settings);
        // In order of their names, tests and groups alike.
        for member in tests.union(&folders) {
            let name = format!("{name}/{member}");
            if folders.contains(member) {
                let inner = self.node(&name, &settings, depth + 1)?;
                group.members.push(Member::Group(inner));
                continue;
            }
            let mut test = test_at(self.place, &name)?;
            test.validator_args.clone_from(&self.manifest.validator_flags);
            test.validator_args.extend(settings.validator_flags.iter().cloned());
            test.input_args = settings.input_flags.clone();
            if !self.manifest.version.is_legacy() {
                let own = groups::of_test(self.place, &format!("data/{name}.yaml"))?;
                test.args = own.args.unwrap_or_default();
                test.validator_args = own.validator_args.unwrap_or(test.validator_args);
                test.input_args = own.input_args.unwrap_or(test.input_args);
            }
            group.members.push(Member::Test(self.data.tests.len()));
            self.data.tests.push(test);
        }
        Ok(group)
    }

    fn settings(&mut self, folder: &str, outer: &Settings) -> Result<Settings, PackageError> {
        let path = format!("{folder}/{SETTINGS}");
        if !self.place.holds(&path) {
            return Ok(outer.clone());
        }
        let file = self.place.opened.shown(&path);
        let node = self.place.yaml(&path)?;
        let map = Field::root(&node, &file).map()?;
        let on_reject = match map.get("on_reject") {
            None => OnReject::Break,
            Some(field) => match field.text("break or continue")? {
                "break" => OnReject::Break,
                "continue" => OnReject::Continue,
                other => return Err(field.wrong(format!("`{other}`; expected break or continue"))),
            },
        };
        let number = |key: &'static str, default: f64| -> Result<f64, PackageError> {
            let Some(field) = map.get(key) else { return Ok(default) };
            if !self.manifest.scoring {
                return Err(field.wrong("only problems of type scoring have it"));
            }
            field.number("a number such as 1")
        };
        let (accept_score, reject_score) =
            (number("accept_score", 1.0)?, number("reject_score", 0.0)?);
        let mut settings = Settings {
            on_reject,
            grader: self.grader(&map)?,
            accept_score,
            reject_score,
            range: match map.get("range") {
                None => (f64::NEG_INFINITY, f64::INFINITY),
                Some(field) => range(&field)?,
            },
            validator_flags: match map.get("output_validator_flags") {
                None => Vec::new(),
                Some(field) => output_flags(&field)?,
            },
            input_flags: match map.get("input_validator_flags") {
                None => ValidatorArgs::default(),
                Some(field) => input_flags(&field)?,
            },
        };
        if !self.manifest.version.is_legacy() {
            if let Some(args) = map.get("output_validator_args") {
                settings.validator_flags = args.list_of_texts("a sequence of texts")?;
            }
            if let Some(args) = map.get("input_validator_args") {
                settings.input_flags = groups::input_args(&args)?;
            }
        }
        map.close()?;
        Ok(settings)
    }

    fn grader(&mut self, map: &Map<'_>) -> Result<Grader, PackageError> {
        let flags = match map.get("grader_flags") {
            None => Vec::new(),
            Some(field) => words(&field.texts("flags in one text")?),
        };
        let Some(field) = map.get("grading") else { return rules(&flags, map) };
        match field.text("default or custom")? {
            "default" => rules(&flags, map),
            "custom" => {
                self.data.custom_grader = true;
                Ok(Grader::Custom(flags))
            }
            other => Err(field.wrong(format!("`{other}`; expected default or custom"))),
        }
    }
}

fn rules(flags: &[String], map: &Map<'_>) -> Result<Grader, PackageError> {
    let mut rules = GraderRules::DEFAULT;
    for flag in flags {
        match flag.as_str() {
            "worst_error" => rules.verdict = GraderVerdict::WorstError,
            "first_error" => rules.verdict = GraderVerdict::FirstError,
            "always_accept" => rules.verdict = GraderVerdict::AlwaysAccept,
            "sum" => rules.score = GraderScore::Sum,
            "avg" => rules.score = GraderScore::Average,
            "min" => rules.score = GraderScore::Minimum,
            "max" => rules.score = GraderScore::Maximum,
            "ignore_sample" => rules.ignore_sample = true,
            "accept_if_any_accepted" => rules.accept_if_any_accepted = true,
            other => {
                let problem = format!(
                    "`{other}` is no flag of the default grader; expected worst_error, \
                     first_error, always_accept, sum, avg, min, max, ignore_sample or \
                     accept_if_any_accepted"
                );
                return Err(map.wrong("grader_flags", problem));
            }
        }
    }
    Ok(Grader::Default(rules))
}

/// Flags in one text.
fn output_flags(field: &Field<'_>) -> Result<Vec<String>, PackageError> {
    if field.is_map() {
        let problem = "a choice among several output validators is not read; expected flags";
        return Err(field.wrong(problem));
    }
    flags(field)
}

/// Flags in one text, or with the name of the one validator they are for.
fn input_flags(field: &Field<'_>) -> Result<ValidatorArgs, PackageError> {
    if !field.is_map() {
        return flags(field).map(ValidatorArgs::Each);
    }
    let keys = field.map()?;
    let name = keys.need("name", "the name of an input validator")?.text("a name")?.to_owned();
    let own = match keys.get("flags") {
        Some(texts) => flags(&texts)?,
        None => Vec::new(),
    };
    keys.close()?;
    Ok(ValidatorArgs::Named([(name, own)].into()))
}
