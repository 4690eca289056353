//! Test data of the new versions: `sample`, and `secret` with groups that have a highest score.

use std::collections::BTreeSet;

use super::data::{Data, folders_in, test_at, tests_in};
use super::groups::{self, MaxScore, Settings};
use super::manifest::Manifest;
use super::place::Place;
use crate::bounds::MAX_DEPTH;
use crate::{
    Answer, FeedbackPolicy, Group, IcpcVersion, Input, PackageError, PackageTest, PointsPolicy,
    Scoring, ValidatorArgs,
};

pub(super) fn read(place: &mut Place<'_>, manifest: &Manifest) -> Result<Data, PackageError> {
    let scoring = if manifest.scoring { Scoring::Points } else { Scoring::PassFail };
    let mut recent = Recent { place, manifest, data: Data::new(scoring) };
    let outer = groups::of_group(recent.place, "data")?;
    recent.sample(&outer)?;
    let settings = recent.settings("secret", &outer)?;
    recent.node("secret", None, &settings, 1)?;
    Ok(recent.data)
}

struct Recent<'a, 'b> {
    place: &'a mut Place<'b>,
    manifest: &'a Manifest,
    data: Data,
}

impl Recent<'_, '_> {
    fn sample(&mut self, outer: &Settings) -> Result<(), PackageError> {
        if !self.place.has_folder("data/sample") {
            return Ok(());
        }
        let settings = self.settings("sample", outer)?;
        let (tests, folders) = self.members("sample")?;
        if let Some(folder) = folders.first() {
            let path = format!("data/sample/{folder}");
            return Err(self.place.wrong(&path, "samples have no groups"));
        }
        let feedback = settings.full_feedback.unwrap_or(true);
        let points = self.manifest.scoring.then_some(0.0);
        let sample = Group {
            name: "sample".to_owned(),
            parent: None,
            points,
            points_policy: PointsPolicy::CompleteGroup,
            feedback_policy: FeedbackPolicy::Complete,
            dependencies: Vec::new(),
        };
        self.group(sample, feedback);
        let policy = PointsPolicy::CompleteGroup;
        let (of_sources, _) = self.of_sources("sample", &settings, policy, points)?;
        self.data.tests.extend(of_sources);
        self.tests("sample", &tests, &settings, points)
    }

    /// The group's test of the sources, if it has one, and what is left of its points for others.
    /// No other test can have that name.
    fn of_sources(
        &self,
        name: &str,
        settings: &Settings,
        policy: PointsPolicy,
        points: Option<f64>,
    ) -> Result<(Option<PackageTest>, Option<f64>), PackageError> {
        let Some(asked) = &settings.static_validation else { return Ok((None, points)) };
        let wrong = |problem: &str| {
            let path = format!("data/{name}/test_group.yaml");
            Err(self.place.wrong(&path, format!("static_validation_score: {problem}")))
        };
        let whole = policy == PointsPolicy::CompleteGroup;
        if asked.points.is_some() && (whole || !self.manifest.scoring) {
            return wrong("a number; expected pass-fail, as nothing here is scored test by test");
        }
        if asked.points.is_none() && !whole && self.manifest.scoring {
            return wrong("pass-fail; expected a number, as the group is scored test by test");
        }
        if let (Some(own), Some(most)) = (asked.points, points)
            && own > most
        {
            return wrong("more than the max_score of its group");
        }
        let sum = policy == PointsPolicy::EachTest;
        let left = points.map(|points| points - asked.points.filter(|_| sum).unwrap_or(0.0));
        let nothing = std::path::PathBuf::new;
        let test = PackageTest {
            name: format!("{name}/test_group"),
            input: Input::Sources,
            answer: Answer::File(nothing()),
            group: Some(name.to_owned()),
            points: asked.points,
            sample: name == "sample",
            description: None,
            from_file: None,
            args: Vec::new(),
            validator_args: asked.args.clone(),
            input_args: ValidatorArgs::default(),
            files: Vec::new(),
        };
        Ok((Some(test), left))
    }

    /// A group with everything in it. In 2025-09 only `secret` has groups, and folders below those
    /// are part of the tests' names; in the draft groups nest.
    fn node(
        &mut self,
        name: &str,
        parent: Option<&str>,
        settings: &Settings,
        depth: usize,
    ) -> Result<(), PackageError> {
        let strict = self.manifest.version == IcpcVersion::V202509;
        let folder = format!("data/{name}");
        if depth > MAX_DEPTH {
            return Err(self.place.wrong(&folder, format!("more than {MAX_DEPTH} groups deep")));
        }
        let (tests, folders) = if depth == 1 || !strict {
            self.members(name)?
        } else {
            (self.tests_below(name)?, Vec::new())
        };
        if strict && !tests.is_empty() && !folders.is_empty() {
            let problem = "groups beside tests; expected either tests or groups in it";
            return Err(self.place.wrong(&folder, problem));
        }
        let is_static = settings.static_validation.is_some();
        if depth > 1 && tests.is_empty() && folders.is_empty() && !is_static {
            let problem = "a group without tests; expected files such as 1.in";
            return Err(self.place.wrong(&folder, problem));
        }
        let default = if depth == 1 { PointsPolicy::EachTest } else { PointsPolicy::CompleteGroup };
        let policy = settings.policy.unwrap_or(default);
        let points = self.points(name, parent, settings, policy)?;
        self.check_dependencies(name, &settings.require_pass)?;
        let group = Group {
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            points,
            points_policy: policy,
            feedback_policy: FeedbackPolicy::Icpc,
            dependencies: settings.require_pass.clone(),
        };
        self.group(group, settings.full_feedback.unwrap_or(false));
        let mut inner: Vec<(String, Settings)> = Vec::new();
        for folder in folders {
            let name = format!("{name}/{folder}");
            let settings = self.settings(&name, settings)?;
            inner.push((name, settings));
        }
        self.check_scores(name, (points, policy), &tests, &inner)?;
        let (of_sources, left) = self.of_sources(name, settings, policy, points)?;
        self.data.tests.extend(of_sources);
        let share = self.share(left, policy, tests.len(), &inner);
        let each = share.filter(|_| policy != PointsPolicy::CompleteGroup);
        self.tests(name, &tests, settings, each)?;
        for (inner, mut settings) in inner {
            // The draft shares out what no group in it claims.
            if settings.max_score.is_none() && !strict {
                settings.max_score = Some(share.map_or(MaxScore::Unbounded, MaxScore::Points));
            }
            self.node(&inner, Some(name), &settings, depth + 1)?;
        }
        Ok(())
    }

    /// What a test, or a group that names no score of its own, can reach.
    fn share(
        &self,
        points: Option<f64>,
        policy: PointsPolicy,
        tests: usize,
        inner: &[(String, Settings)],
    ) -> Option<f64> {
        let points = points.filter(|_| self.manifest.scoring)?;
        if policy == PointsPolicy::Minimum {
            return Some(points);
        }
        let claimed = |(_, settings): &(String, Settings)| match settings.max_score {
            Some(MaxScore::Points(points)) => points,
            Some(MaxScore::Unbounded) | None => 0.0,
        };
        let open = inner.iter().filter(|(_, settings)| settings.max_score.is_none()).count();
        let sharers = u32::try_from(tests + open).unwrap_or(u32::MAX).max(1);
        let left = points - inner.iter().map(claimed).sum::<f64>();
        Some(left.max(0.0) / f64::from(sharers))
    }

    /// The highest score of a group, and whether it may have that.
    fn points(
        &self,
        name: &str,
        parent: Option<&str>,
        settings: &Settings,
        policy: PointsPolicy,
    ) -> Result<Option<f64>, PackageError> {
        if !self.manifest.scoring {
            return Ok(None);
        }
        let path = format!("data/{name}/test_group.yaml");
        let wrong = |problem: &str| Err(self.place.wrong(&path, problem));
        let points = match settings.max_score {
            Some(MaxScore::Points(points)) => Some(points),
            None if parent.is_none() => Some(100.0),
            Some(MaxScore::Unbounded) | None => None,
        };
        let outer =
            parent.and_then(|name| self.data.groups.iter().find(|group| group.name == name));
        if let Some(outer) = outer {
            if points.is_none() && outer.points.is_some() {
                return wrong("max_score: missing or unbounded, but the group around has a number");
            }
            let passes = |policy| policy == PointsPolicy::CompleteGroup;
            if passes(outer.points_policy) && !passes(policy) {
                return wrong("score_aggregation: expected pass-fail, as the group around has");
            }
        }
        if points.is_none() && policy == PointsPolicy::CompleteGroup {
            return wrong("max_score: missing or unbounded; a pass-fail group needs a number");
        }
        Ok(points)
    }

    /// Somebody gives the scores of tests without a highest one, and groups give no more than the
    /// group around.
    fn check_scores(
        &self,
        name: &str,
        (points, policy): (Option<f64>, PointsPolicy),
        tests: &BTreeSet<String>,
        inner: &[(String, Settings)],
    ) -> Result<(), PackageError> {
        if !self.manifest.scoring || policy == PointsPolicy::CompleteGroup {
            return Ok(());
        }
        let wrong = |problem: String| {
            Err(self.place.wrong(&format!("data/{name}/test_group.yaml"), problem))
        };
        let Some(most) = points else {
            let own = ["output_validator", "output_validators"];
            if tests.is_empty() || own.iter().any(|folder| self.place.has_folder(folder)) {
                return Ok(());
            }
            return wrong(
                "max_score: unbounded, but no output_validator/ is there to give scores".to_owned(),
            );
        };
        let claimed = inner.iter().filter_map(|(_, settings)| match settings.max_score {
            Some(MaxScore::Points(points)) => Some(points),
            Some(MaxScore::Unbounded) | None => None,
        });
        let claimed = match policy {
            PointsPolicy::Minimum => claimed.reduce(f64::min).unwrap_or(0.0),
            PointsPolicy::CompleteGroup | PointsPolicy::EachTest => claimed.sum(),
        };
        if claimed > most {
            return wrong(format!("max_score: {most}, but the groups within give {claimed}"));
        }
        Ok(())
    }

    /// Groups that have to pass come earlier, and pass or fail as a whole.
    fn check_dependencies(&self, name: &str, required: &[String]) -> Result<(), PackageError> {
        for other in required {
            let found = self.data.groups.iter().find(|group| group.name == *other);
            let whole =
                found.is_some_and(|group| group.points_policy == PointsPolicy::CompleteGroup);
            if !whole || name.starts_with(&format!("{other}/")) {
                let path = format!("data/{name}/test_group.yaml");
                let problem = format!(
                    "require_pass: `{other}` is no earlier group with pass-fail aggregation"
                );
                return Err(self.place.wrong(&path, problem));
            }
        }
        Ok(())
    }

    fn settings(&mut self, name: &str, outer: &Settings) -> Result<Settings, PackageError> {
        let folder = format!("data/{name}");
        let settings = groups::of_group(self.place, &folder)?.within(outer);
        if let Some(key) = settings.scored_key.filter(|_| !self.manifest.scoring) {
            let problem = format!("{key}: only problems of type scoring have it");
            return Err(self.place.wrong(&format!("{folder}/test_group.yaml"), problem));
        }
        Ok(settings)
    }

    /// The tests directly in a group, and the folders beside them.
    fn members(&mut self, name: &str) -> Result<(BTreeSet<String>, Vec<String>), PackageError> {
        let folder = format!("data/{name}");
        let tests = tests_in(self.place, &folder, &["test_group.yaml", "testdata.yaml"])?;
        let folders = folders_in(self.place, &folder, &tests);
        Ok((tests, folders))
    }

    /// The tests in a group and in folders below it, by their names relative to it.
    fn tests_below(&mut self, name: &str) -> Result<BTreeSet<String>, PackageError> {
        let mut all = BTreeSet::new();
        let mut left = vec![String::new()];
        while let Some(below) = left.pop() {
            let settings = format!("data/{name}/{below}test_group.yaml");
            if !below.is_empty() && self.place.holds(&settings) {
                return Err(self.place.wrong(&settings, "folders within groups are no groups"));
            }
            let folder = format!("{name}/{below}");
            let (tests, folders) = self.members(folder.trim_end_matches('/'))?;
            all.extend(tests.iter().map(|test| format!("{below}{test}")));
            left.extend(folders.iter().map(|folder| format!("{below}{folder}/")));
        }
        Ok(all)
    }

    fn group(&mut self, group: Group, full_feedback: bool) {
        let feedback_policy = match (full_feedback, self.manifest.scoring) {
            (true, _) => FeedbackPolicy::Complete,
            (false, true) => FeedbackPolicy::Points,
            (false, false) => FeedbackPolicy::Icpc,
        };
        self.data.groups.push(Group { feedback_policy, ..group });
    }

    fn tests(
        &mut self,
        group: &str,
        tests: &BTreeSet<String>,
        outer: &Settings,
        points: Option<f64>,
    ) -> Result<(), PackageError> {
        for test in tests {
            let name = format!("{group}/{test}");
            let own = groups::of_test(self.place, &format!("data/{name}.yaml"))?.within(outer);
            self.data.tests.push(PackageTest {
                group: Some(group.to_owned()),
                points,
                description: own.description,
                args: own.args.unwrap_or_default(),
                validator_args: own.validator_args.unwrap_or_default(),
                input_args: own.input_args.unwrap_or_default(),
                ..test_at(self.place, &name)?
            });
        }
        Ok(())
    }
}
