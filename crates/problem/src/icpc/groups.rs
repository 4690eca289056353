//! Settings of test groups and test cases in the new versions of the format.

use super::place::Place;
use crate::yaml::{Field, Map, Node};
use crate::{PackageError, PointsPolicy, ValidatorArgs};

/// What one `test_group.yaml`, or a test's own file, says.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) args: Option<Vec<String>>,
    pub(super) validator_args: Option<Vec<String>>,
    pub(super) input_args: Option<ValidatorArgs>,
    pub(super) full_feedback: Option<bool>,
    pub(super) max_score: Option<MaxScore>,
    pub(super) policy: Option<PointsPolicy>,
    pub(super) require_pass: Vec<String>,
    pub(super) static_validation: Option<StaticValidation>,
    pub(super) description: Option<String>,
    /// A key that only problems of type scoring have.
    pub(super) scored_key: Option<&'static str>,
}

/// The one test of a group that looks at a submission's sources.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct StaticValidation {
    /// What it is worth at most; `None` when it only has to pass.
    pub(super) points: Option<f64>,
    /// What the static validator is called with beside its three words.
    pub(super) args: Vec<String>,
}

/// The highest score of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum MaxScore {
    Points(f64),
    Unbounded,
}

impl Settings {
    /// What these settings leave open is as in the group they lie in. Scores are not handed down.
    pub(super) fn within(self, outer: &Self) -> Self {
        Self {
            args: self.args.or_else(|| outer.args.clone()),
            validator_args: self.validator_args.or_else(|| outer.validator_args.clone()),
            input_args: self.input_args.or_else(|| outer.input_args.clone()),
            full_feedback: self.full_feedback.or(outer.full_feedback),
            ..self
        }
    }
}

/// The settings of a folder below `data/`.
pub(super) fn of_group(place: &Place<'_>, folder: &str) -> Result<Settings, PackageError> {
    let path = format!("{folder}/test_group.yaml");
    if place.holds(&path) {
        return read_group(place, &path, folder);
    }
    let old = format!("{folder}/testdata.yaml");
    if !place.holds(&old) {
        return Ok(Settings::default());
    }
    let problem = "no file of this version of the format; expected test_group.yaml";
    Err(place.wrong(&old, problem))
}

fn read_group(place: &Place<'_>, path: &str, folder: &str) -> Result<Settings, PackageError> {
    let (node, file) = document(place, path)?;
    let map = Field::root(&node, &file).map()?;
    let mut settings = common(&map)?;
    settings.static_validation = static_validation(&map)?;
    // The draft has the three in a mapping of their own.
    let nested = map.get("scoring").map(|field| field.map()).transpose()?;
    let keys = nested.as_ref().unwrap_or(&map);
    let (max, aggregation) = if nested.is_some() {
        ("score", "aggregation")
    } else {
        ("max_score", "score_aggregation")
    };
    if let Some(field) = keys.get(max) {
        settings.scored_key = Some(max);
        settings.max_score = Some(max_score(&field)?);
    }
    if let Some(field) = keys.get(aggregation) {
        settings.scored_key = Some(aggregation);
        settings.policy = Some(match field.text("pass-fail, sum or min")? {
            "pass-fail" => PointsPolicy::CompleteGroup,
            "sum" => PointsPolicy::EachTest,
            "min" => PointsPolicy::Minimum,
            other => return Err(field.wrong(format!("`{other}`; expected pass-fail, sum or min"))),
        });
    }
    if let Some(field) = keys.get("require_pass") {
        settings.scored_key = Some("require_pass");
        settings.require_pass = field.texts("names of groups, such as secret/group1")?;
    }
    if let Some(nested) = &nested {
        nested.close()?;
    }
    if folder == "data/sample"
        && let Some(key) = settings.scored_key
    {
        return Err(map.wrong(key, "samples have no score"));
    }
    map.close()?;
    Ok(settings)
}

/// Whether a group has a test of the sources: `static_validation_score` and its words, or the
/// draft's mapping.
fn static_validation(map: &Map<'_>) -> Result<Option<StaticValidation>, PackageError> {
    let texts = |field: &Field<'_>| field.list_of_texts("a sequence of texts");
    let args = map.get("static_validator_args");
    let points = |field: &Field<'_>| -> Result<Option<f64>, PackageError> {
        if field.text("a whole number from 0, or pass-fail")? == "pass-fail" {
            return Ok(None);
        }
        match max_score(field)? {
            MaxScore::Points(points) => Ok(Some(points)),
            MaxScore::Unbounded => Err(field.wrong("expected a whole number from 0, or pass-fail")),
        }
    };
    if let Some(field) = map.get("static_validation_score") {
        let args = args.map(|args| texts(&args)).transpose()?.unwrap_or_default();
        return Ok(Some(StaticValidation { points: points(&field)?, args }));
    }
    if let Some(args) = args {
        return Err(args.wrong("only beside static_validation_score"));
    }
    let Some(field) = map.get("static_validation") else { return Ok(None) };
    if !field.is_map() {
        return field.truth().map(|asked| asked.then(StaticValidation::default));
    }
    let keys = field.map()?;
    let args = keys.get("args").map(|args| texts(&args)).transpose()?.unwrap_or_default();
    let points = keys.get("score").map(|field| points(&field)).transpose()?.flatten();
    keys.close()?;
    Ok(Some(StaticValidation { points, args }))
}

/// The settings of one test; none when it has no file.
pub(super) fn of_test(place: &Place<'_>, path: &str) -> Result<Settings, PackageError> {
    if !place.holds(path) {
        return Ok(Settings::default());
    }
    let (node, file) = document(place, path)?;
    let map = Field::root(&node, &file).map()?;
    let settings = common(&map)?;
    map.close()?;
    Ok(settings)
}

fn document(place: &Place<'_>, path: &str) -> Result<(Node, String), PackageError> {
    let file = place.opened.shown(path);
    let text = place.constants.replaced(&place.text(path)?);
    Ok((crate::yaml::parse(&text, &file)?, file))
}

/// What groups and tests both have.
fn common(map: &Map<'_>) -> Result<Settings, PackageError> {
    map.allow(&["hint", "input_visualizer_args", "output_visualizer_args"]);
    let list = |key: &'static str| -> Result<Option<Vec<String>>, PackageError> {
        map.get(key).map(|field| field.list_of_texts("a sequence of texts")).transpose()
    };
    let description = map.get("description");
    let description = description.map(|field| field.text("a text").map(str::to_owned));
    Ok(Settings {
        args: list("args")?,
        validator_args: list("output_validator_args")?,
        input_args: map.get("input_validator_args").map(|field| input_args(&field)).transpose()?,
        full_feedback: map.get("full_feedback").map(|field| field.truth()).transpose()?,
        description: description.transpose()?,
        ..Settings::default()
    })
}

pub(super) fn input_args(field: &Field<'_>) -> Result<ValidatorArgs, PackageError> {
    let expected = "a sequence of texts, or a mapping from validators to such";
    if !field.is_map() {
        return field.list_of_texts(expected).map(ValidatorArgs::Each);
    }
    let named = field.map()?;
    let each = named
        .all()
        .map(|(name, args)| args.list_of_texts(expected).map(|args| (name.to_owned(), args)));
    each.collect::<Result<_, _>>().map(ValidatorArgs::Named)
}

fn max_score(field: &Field<'_>) -> Result<MaxScore, PackageError> {
    let expected = "a whole number from 0, or unbounded";
    let text = field.text(expected)?;
    if text == "unbounded" {
        return Ok(MaxScore::Unbounded);
    }
    let number = text.parse::<u32>().ok().filter(|number| *number <= 1_000_000_000);
    let number = number.ok_or_else(|| field.wrong(format!("`{text}`; expected {expected}")))?;
    Ok(MaxScore::Points(f64::from(number)))
}
