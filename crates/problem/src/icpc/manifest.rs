//! `problem.yaml`.

use std::collections::BTreeMap;

use super::MANIFEST;
use super::place::Place;
use crate::yaml::{Field, Map, Node};
use crate::{IcpcVersion, Mode, Objective, PackageError, Passes};

/// What the manifest says, but its limits.
pub(super) struct Manifest {
    pub(super) file: String,
    pub(super) node: Node,
    pub(super) version: IcpcVersion,
    pub(super) name: Option<String>,
    pub(super) uuid: Option<String>,
    pub(super) scoring: bool,
    pub(super) objective: Objective,
    pub(super) mode: Mode,
    /// Whether output is validated by the package's own programs; `None` when their presence says.
    pub(super) custom_validation: Option<bool>,
    pub(super) validator_scores: bool,
    /// Flags for every test, before its group's.
    pub(super) validator_flags: Vec<String>,
    /// The codes of the languages that may be used; `None` for all.
    pub(super) languages: Option<Vec<String>>,
    pub(super) no_file_writing: bool,
    pub(super) constants: BTreeMap<String, String>,
    /// `grading` of old manifests: what `testdata.yaml` at the root would say.
    pub(super) grading: Grading,
}

/// What an old manifest says of scores.
#[derive(Debug, Clone, Default)]
pub(super) struct Grading {
    pub(super) accept_score: Option<f64>,
    pub(super) reject_score: Option<f64>,
    pub(super) range: Option<(f64, f64)>,
}

impl Manifest {
    pub(super) fn read(place: &Place<'_>) -> Result<Self, PackageError> {
        let file = place.opened.shown(MANIFEST);
        let node = place.yaml(MANIFEST)?;
        let map = Field::root(&node, &file).map()?;
        let version = version(&map)?;
        let mut read = Self {
            file: file.clone(),
            version,
            name: name(&map)?,
            uuid: map.get("uuid").map(|uuid| uuid.text("a text").map(str::to_owned)).transpose()?,
            scoring: false,
            objective: Objective::Maximise,
            mode: Mode::BATCH,
            custom_validation: None,
            validator_scores: false,
            validator_flags: Vec::new(),
            languages: languages(&map)?,
            no_file_writing: false,
            constants: BTreeMap::new(),
            grading: Grading::default(),
            node: Node { value: crate::yaml::Value::Null, line: 1 },
        };
        map.allow(&["uuid", "source", "license", "rights_owner", "keywords", "limits"]);
        if version.is_legacy() {
            read.legacy(&map)?;
        } else {
            read.recent(&map)?;
        }
        map.close()?;
        drop(map);
        read.node = node;
        Ok(read)
    }

    /// The mapping `limits`; empty when there is none.
    pub(super) fn limits(&self) -> Result<Map<'_>, PackageError> {
        const EMPTY: &Node = &Node { value: crate::yaml::Value::Null, line: 1 };
        let map = Field::root(&self.node, &self.file).map()?;
        map.get("limits").unwrap_or_else(|| Field::root(EMPTY, &self.file)).map()
    }

    fn legacy(&mut self, map: &Map<'_>) -> Result<(), PackageError> {
        // `libraries` stood in early editions of the format, `credits` in packages made for both.
        map.allow(&["author", "source_url", "libraries", "credits", "version", "embargo_until"]);
        if let Some(kind) = map.get("type") {
            match kind.text("pass-fail or scoring")? {
                "pass-fail" => {}
                "scoring" if self.version == IcpcVersion::Legacy => self.scoring = true,
                other => {
                    return Err(kind.wrong(format!("`{other}`; expected pass-fail or scoring")));
                }
            }
        }
        self.validation(map)?;
        // Packages made for several judges say the same twice.
        if let Some(args) = map.get("validator_args") {
            self.validator_flags = flags(&args)?;
        }
        if let Some(texts) = map.get("validator_flags") {
            self.validator_flags = flags(&texts)?;
        }
        let Some(grading) = map.get("grading") else { return Ok(()) };
        let keys = grading.map()?;
        keys.allow(&["show_test_data_groups"]);
        if let Some(objective) = keys.get("objective") {
            self.objective = match objective.text("min or max")? {
                "max" => Objective::Maximise,
                "min" => Objective::Minimise,
                other => return Err(objective.wrong(format!("`{other}`; expected min or max"))),
            };
        }
        let number = |key: &'static str| {
            keys.get(key).map(|field| field.number("a number such as 1")).transpose()
        };
        self.grading = Grading {
            accept_score: number("accept_score")?,
            reject_score: number("reject_score")?,
            range: keys.get("range").map(|field| range(&field)).transpose()?,
        };
        if !self.scoring {
            return Err(grading.wrong("only problems of type scoring have it"));
        }
        keys.close()
    }

    fn validation(&mut self, map: &Map<'_>) -> Result<(), PackageError> {
        let Some(field) = map.get("validation") else {
            self.custom_validation = Some(false);
            return Ok(());
        };
        let expected = "`default`, or `custom` and some of `score`, `interactive`, `multi-pass`";
        let text = field.text(expected)?;
        let mut words = text.split_whitespace();
        match words.next() {
            Some("default") => self.custom_validation = Some(false),
            Some("custom") => self.custom_validation = Some(true),
            _ => return Err(field.wrong(format!("`{text}`; expected {expected}"))),
        }
        for word in words {
            match word {
                _ if self.custom_validation == Some(false) => {
                    return Err(field.wrong(format!("`{text}`; expected {expected}")));
                }
                "score" if self.scoring => self.validator_scores = true,
                "score" => {
                    return Err(field.wrong("`score`: only problems of type scoring have it"));
                }
                "interactive" => self.mode.interactive = true,
                "multi-pass" => self.mode.passes = Passes::UpTo(2),
                _ => return Err(field.wrong(format!("`{word}`; expected {expected}"))),
            }
        }
        Ok(())
    }

    fn recent(&mut self, map: &Map<'_>) -> Result<(), PackageError> {
        map.need("name", "the problem's name, or a mapping from languages to names")?;
        map.allow(&["version", "credits", "embargo_until"]);
        if self.version == IcpcVersion::V202509 {
            super::about::check(map)?;
        }
        if let Some(kinds) = map.get("type") {
            self.kinds(&kinds)?;
        }
        if self.version == IcpcVersion::Draft202307 {
            // In its first months the draft had these from the old version.
            map.allow(&["author", "source_url"]);
            if map.get("validation").is_some() {
                self.validation(map)?;
            }
            if let Some(texts) = map.get("validator_flags") {
                self.validator_flags = flags(&texts)?;
            }
        }
        self.validator_scores = self.scoring;
        self.no_file_writing = match map.get("allow_file_writing") {
            Some(allowed) => !allowed.truth()?,
            None => true,
        };
        if let Some(constants) = map.get("constants") {
            for (name, value) in constants.map()?.all() {
                let mut letters = name.chars();
                let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
                if !first || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    return Err(value.wrong("no name of a constant; expected letters and digits"));
                }
                self.constants
                    .insert(name.to_owned(), value.text("a number or a text")?.to_owned());
            }
        }
        Ok(())
    }

    fn kinds(&mut self, field: &Field<'_>) -> Result<(), PackageError> {
        let expected = "pass-fail, scoring, multi-pass, interactive or submit-answer";
        let kinds = field.texts(expected)?;
        let has = |kind: &str| kinds.iter().any(|other| other == kind);
        for (index, kind) in kinds.iter().enumerate() {
            match kind.as_str() {
                "pass-fail" => {}
                "scoring" => self.scoring = true,
                "multi-pass" => self.mode.passes = Passes::UpTo(2),
                "interactive" => self.mode.interactive = true,
                "submit-answer" => self.mode.submit_answer = true,
                other => return Err(field.wrong(format!("`{other}`; expected {expected}"))),
            }
            if kinds.iter().take(index).any(|other| other == kind) {
                return Err(field.wrong(format!("`{kind}` is given twice")));
            }
        }
        for (one, other) in [
            ("pass-fail", "scoring"),
            ("submit-answer", "multi-pass"),
            ("submit-answer", "interactive"),
        ] {
            if has(one) && has(other) {
                return Err(field.wrong(format!("`{one}` and `{other}` exclude each other")));
            }
        }
        if kinds.is_empty() {
            return Err(field.wrong(format!("empty; expected {expected}")));
        }
        Ok(())
    }
}

fn version(map: &Map<'_>) -> Result<IcpcVersion, PackageError> {
    let Some(field) = map.get("problem_format_version") else { return Ok(IcpcVersion::Legacy) };
    let text = field.text("a version such as 2025-09")?;
    // A draft of a version that has become final, and a final version that never did.
    let text = match text {
        "2023-07" => "2023-07-draft",
        "2025-09-draft" => "2025-09",
        text => text,
    };
    let found = IcpcVersion::ALL.into_iter().find(|version| version.as_str() == text);
    found.ok_or_else(|| {
        let known = IcpcVersion::ALL.map(IcpcVersion::as_str).join(", ");
        field.wrong(format!("`{text}` is none of the versions that are read: {known}"))
    })
}

/// The English name, else the first.
fn name(map: &Map<'_>) -> Result<Option<String>, PackageError> {
    let Some(field) = map.get("name") else { return Ok(None) };
    if !field.is_map() {
        return field.text("the problem's name").map(|name| Some(name.to_owned()));
    }
    let names = field.map()?;
    let mut first = None;
    for (language, name) in names.all() {
        let name = name.text("the problem's name in that language")?;
        if language == "en" {
            return Ok(Some(name.to_owned()));
        }
        first.get_or_insert(name);
    }
    Ok(first.map(str::to_owned))
}

fn languages(map: &Map<'_>) -> Result<Option<Vec<String>>, PackageError> {
    let Some(field) = map.get("languages") else { return Ok(None) };
    let codes = words(&field.texts("codes of languages, or all")?);
    if codes == ["all"] {
        return Ok(None);
    }
    for code in &codes {
        if super::programs::extensions_of(code).is_none() {
            return Err(field.wrong(format!("`{code}` is no code of a language, such as cpp")));
        }
    }
    Ok(Some(codes))
}

/// Flags in one text, as a shell would pass them on: quotes hold words together.
pub(super) fn flags(field: &Field<'_>) -> Result<Vec<String>, PackageError> {
    let mut all = Vec::new();
    for text in field.texts("flags in one text")? {
        all.extend(crate::command::words(&text).map_err(|problem| field.wrong(problem))?);
    }
    Ok(all)
}

/// The words of texts that hold several.
pub(super) fn words(texts: &[String]) -> Vec<String> {
    texts.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect()
}

/// Two numbers, of which the first may be `-inf` and the second `inf`.
pub(super) fn range(field: &Field<'_>) -> Result<(f64, f64), PackageError> {
    let expected = "two numbers such as `0 100`, or `-inf +inf`";
    let ends = words(&field.texts(expected)?);
    let end = |text: &String| match text.as_str() {
        "inf" | "+inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        text => crate::yaml::decimal(text),
    };
    match ends.as_slice() {
        [low, high] => end(low).zip(end(high)).filter(|(low, high)| low <= high),
        _ => None,
    }
    .ok_or_else(|| field.wrong(format!("`{}`; expected {expected}", ends.join(" "))))
}
