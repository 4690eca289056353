//! `data/`: tests and their groups, and the cases that prove the validators.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::{self, Settings};
use super::manifest::Manifest;
use super::place::Place;
use super::{legacy, recent};
use crate::relative::base_name;
use crate::{
    Answer, CheckerTest, CheckerWord, Group, IcpcVersion, Input, InvalidInput, PackageError,
    PackageTest, Passes, Scoring, ValidatorArgs,
};

/// What `data/` holds.
pub(super) struct Data {
    pub(super) tests: Vec<PackageTest>,
    pub(super) groups: Vec<Group>,
    pub(super) scoring: Scoring,
    pub(super) checker_tests: Vec<CheckerTest>,
    pub(super) invalid_inputs: Vec<InvalidInput>,
    pub(super) custom_grader: bool,
}

impl Data {
    pub(super) const fn new(scoring: Scoring) -> Self {
        Self {
            tests: Vec::new(),
            groups: Vec::new(),
            scoring,
            checker_tests: Vec::new(),
            invalid_inputs: Vec::new(),
            custom_grader: false,
        }
    }

    pub(super) fn read(place: &mut Place<'_>, manifest: &Manifest) -> Result<Self, PackageError> {
        // Packages of the draft's first months have trees of groups as the old versions do.
        let early = manifest.version == IcpcVersion::Draft202307
            && place.below("data").iter().any(|path| base_name(path) == legacy::SETTINGS);
        let mut data = if manifest.version.is_legacy() || early {
            legacy::read(place, manifest)?
        } else {
            recent::read(place, manifest)?
        };
        if !data.tests.iter().any(|test| test.name.starts_with("secret/")) {
            if data.tests.is_empty() || manifest.scoring {
                let problem = "holds no test; expected files such as 1.in";
                return Err(place.wrong("data/secret", problem));
            }
            place.note("data/secret/ holds no test: only the samples judge submissions");
        }
        proofs(place, manifest, &mut data)?;
        Ok(data)
    }
}

/// Endings of the files that belong to a test beside its input.
const BESIDE: [&str; 15] = [
    "ans",
    "out",
    "yaml",
    "hint",
    "desc",
    "png",
    "jpg",
    "jpeg",
    "svg",
    "interaction",
    "in.statement",
    "ans.statement",
    "in.download",
    "ans.download",
    "files",
];

/// The tests directly in a folder below `data/`: their base names, in order. `settings` are the
/// names of files that say something about the folder.
pub(super) fn tests_in(
    place: &mut Place<'_>,
    folder: &str,
    settings: &[&str],
) -> Result<BTreeSet<String>, PackageError> {
    let listing = place.list(folder);
    let inputs = listing.files.iter().filter_map(|file| file.strip_suffix(".in"));
    let tests: BTreeSet<String> = inputs.map(str::to_owned).collect();
    for file in listing.files.iter().filter(|file| !file.ends_with(".in")) {
        let beside = BESIDE
            .iter()
            .filter_map(|ending| file.strip_suffix(ending)?.strip_suffix('.'))
            .any(|base| tests.contains(base));
        if beside || settings.contains(&file.as_str()) {
            continue;
        }
        if let Some(base) = file.strip_suffix(".ans") {
            let problem = format!("an answer to no test: there is no {base}.in beside it");
            return Err(place.wrong(&format!("{folder}/{file}"), problem));
        }
        place.note(format!("{folder}/{file} is no part of a test, and is not used"));
    }
    if let Some(name) = listing.folders.iter().find(|name| tests.contains(*name)) {
        let problem = format!("a folder beside the test {name}; expected another name");
        return Err(place.wrong(&format!("{folder}/{name}"), problem));
    }
    Ok(tests)
}

/// The folders in a folder below `data/` that hold tests of their own.
pub(super) fn folders_in(place: &Place<'_>, folder: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let of_test =
        |name: &String| name.strip_suffix(".files").is_some_and(|base| tests.contains(base));
    place.list(folder).folders.into_iter().filter(|name| !of_test(name)).collect()
}

/// A test by the path of its files below `data/`, as far as every version has it.
pub(super) fn test_at(place: &Place<'_>, name: &str) -> Result<PackageTest, PackageError> {
    let base = format!("data/{name}");
    let answer = format!("{base}.ans");
    if !place.holds(&answer) {
        let problem = format!("missing: the test {name} needs its answer beside its .in");
        return Err(place.wrong(&answer, problem));
    }
    let files = place.below(&format!("{base}.files")).into_iter();
    let placed = files.map(|file| {
        let path = place.path(&format!("{base}.files/{file}"));
        (file, path)
    });
    Ok(PackageTest {
        name: name.to_owned(),
        input: Input::File(place.path(&format!("{base}.in"))),
        answer: Answer::File(place.path(&answer)),
        group: name.rsplit_once('/').map(|(group, _)| group.to_owned()),
        points: None,
        sample: name.starts_with("sample/"),
        description: None,
        from_file: None,
        args: Vec::new(),
        validator_args: Vec::new(),
        input_args: ValidatorArgs::default(),
        files: placed.collect(),
    })
}

/// Inputs and outputs that prove the validators.
fn proofs(place: &Place<'_>, manifest: &Manifest, data: &mut Data) -> Result<(), PackageError> {
    let mut proofs = Proofs { place, manifest, known: BTreeMap::new() };
    for name in proofs.cases("invalid_input") {
        let settings = proofs.settings("invalid_input", &name)?;
        data.invalid_inputs.push(InvalidInput {
            input: place.path(&format!("data/invalid_input/{name}.in")),
            name: format!("invalid_input/{name}"),
            args: settings.input_args.unwrap_or_default(),
        });
    }
    for (folder, verdict) in
        [("invalid_output", CheckerWord::WrongAnswer), ("valid_output", CheckerWord::Ok)]
    {
        for name in proofs.cases(folder) {
            let settings = proofs.settings(folder, &name)?;
            let file = |ending: &str| {
                let path = format!("data/{folder}/{name}.{ending}");
                if place.holds(&path) {
                    return Ok(place.path(&path));
                }
                Err(place.wrong(&path, "missing; expected .in, .ans and .out for every case"))
            };
            data.checker_tests.push(CheckerTest {
                name: format!("{folder}/{name}"),
                input: file("in")?,
                output: file("out")?,
                answer: file("ans")?,
                args: settings.validator_args.unwrap_or_default(),
                input_args: Some(settings.input_args.unwrap_or_default()),
                verdict,
            });
        }
    }
    if manifest.version == IcpcVersion::V202509 {
        let shown = shown_samples(place, manifest, data);
        data.checker_tests.extend(shown);
    }
    Ok(())
}

/// What people are shown as right outputs of samples has to be right.
fn shown_samples(place: &Place<'_>, manifest: &Manifest, data: &Data) -> Vec<CheckerTest> {
    if manifest.mode.interactive || manifest.mode.passes != Passes::Once {
        return Vec::new();
    }
    let mut shown = Vec::new();
    for test in data.tests.iter().filter(|test| test.sample) {
        let file = |ending: &str| format!("data/{}.{ending}", test.name);
        let other = ["out", "ans.statement", "in.statement", "interaction"];
        let ending = if place.holds(&file("out")) {
            "out"
        } else if other.iter().any(|ending| place.holds(&file(ending))) {
            continue;
        } else {
            "ans"
        };
        let (Input::File(input), Answer::File(answer)) = (&test.input, &test.answer) else {
            continue;
        };
        shown.push(CheckerTest {
            name: format!("{}.{ending}", test.name),
            input: input.clone(),
            output: place.path(&file(ending)),
            answer: answer.clone(),
            args: test.validator_args.clone(),
            input_args: None,
            verdict: CheckerWord::Ok,
        });
    }
    shown
}

struct Proofs<'a, 'b> {
    place: &'a Place<'b>,
    manifest: &'a Manifest,
    /// Settings by folder.
    known: BTreeMap<String, Settings>,
}

impl Proofs<'_, '_> {
    fn cases(&self, folder: &str) -> Vec<String> {
        let files = self.place.below(&format!("data/{folder}"));
        files.iter().filter_map(|file| file.strip_suffix(".in")).map(str::to_owned).collect()
    }

    fn settings(&mut self, folder: &str, name: &str) -> Result<Settings, PackageError> {
        if self.manifest.version.is_legacy() {
            let flags = self.manifest.validator_flags.clone();
            return Ok(Settings { validator_args: Some(flags), ..Settings::default() });
        }
        let path = format!("data/{folder}/{name}");
        let around = crate::relative::folder(&path).to_owned();
        if !self.known.contains_key(&around) {
            let settings = groups::of_group(self.place, &around)?;
            self.known.insert(around.clone(), settings);
        }
        let own = groups::of_test(self.place, &format!("{path}.yaml"))?;
        Ok(match self.known.get(&around) {
            Some(outer) => own.within(outer),
            None => own,
        })
    }
}
