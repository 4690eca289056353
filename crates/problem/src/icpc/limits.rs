//! `limits` of the manifest, `.timelimit` beside it, and what of them a submission is held to.

use minos_model::{Bytes, CpuTime, LimitError, Limits, RawLimits};

use super::manifest::Manifest;
use super::place::Place;
use crate::yaml::{Field, Map};
use crate::{Inference, PackageError, Passes, ProblemLimits, Rules};

/// Memory where a package gives no limit: the format's own example of a default.
const DEFAULT_MEMORY: Bytes = Bytes::from_mib(2048);

/// A file that names the time limit in seconds.
const TIME_LIMIT_FILE: &str = ".timelimit";

/// Settings of another judge, of which the time limit is read.
const DOMJUDGE_FILE: &str = "domjudge-problem.ini";

/// What a solution may use, and how its time limit follows when nobody says.
pub(super) struct Found {
    pub(super) limits: ProblemLimits,
    pub(super) inference: Option<Inference>,
}

pub(super) fn read(place: &Place<'_>, manifest: &Manifest) -> Result<Found, PackageError> {
    let map = manifest.limits()?;
    let legacy = manifest.version.is_legacy();
    if legacy {
        // Names of early editions, which nobody gives a meaning any more.
        map.allow(&["time_for_AC_submissions", "validation_filesize", "compilation_filesize"]);
    }
    let inference = inference(&map, legacy)?;
    let given = map.get("time_limit").map(|field| seconds(&field)).transpose()?;
    let given = match (time_limit_file(place)?, given) {
        (Some(cpu), _) | (None, Some(cpu)) => Some(cpu),
        (None, None) => domjudge_time_limit(place)?,
    };
    let memory = mebibytes(&map, "memory")?.unwrap_or(DEFAULT_MEMORY);
    let output = mebibytes(&map, "output")?.unwrap_or(ProblemLimits::DEFAULT_OUTPUT);
    let cpu = given.unwrap_or(Inference::CEILING);
    let limits = ProblemLimits { output, ..ProblemLimits::new(cpu, memory) };
    // The keys of the rules are asked for, so that what is left over is unknown.
    allowances(&map)?;
    map.allow(&["validation_passes"]);
    map.close()?;
    let defaults = RawLimits::default();
    Limits::new(limits.raw(defaults.processes, defaults.files)).map_err(|error| {
        let (LimitError::TooLow { name, .. } | LimitError::TooHigh { name, .. }) = &error;
        let key = match *name {
            "memory" => "memory",
            "output" => "output",
            _ => "time_limit",
        };
        map.wrong(key, error.to_string())
    })?;
    Ok(Found { limits, inference: given.is_none().then_some(inference) })
}

pub(super) fn rules(place: &Place<'_>, manifest: &Manifest) -> Result<Rules, PackageError> {
    let mut rules = allowances(&manifest.limits()?)?;
    rules.no_file_writing = manifest.no_file_writing;
    if let Some(codes) = &manifest.languages {
        let meant = codes.iter().filter_map(|code| super::languages_of(place.languages, code));
        rules.languages = Some(meant.flatten().collect());
    }
    Ok(rules)
}

/// How often a submission runs on each test.
pub(super) fn passes(manifest: &Manifest) -> Result<Passes, PackageError> {
    let map = manifest.limits()?;
    let Some(field) = map.get("validation_passes") else { return Ok(manifest.mode.passes) };
    if manifest.mode.passes == Passes::Once {
        return Err(field.wrong("only problems of type multi-pass have it"));
    }
    let expected = "a whole number from 2 to 1000";
    let text = field.text(expected)?;
    let passes = text.parse().ok().filter(|passes| (2..=1_000).contains(passes));
    passes.map(Passes::UpTo).ok_or_else(|| field.wrong(format!("`{text}`; expected {expected}")))
}

fn allowances(map: &Map<'_>) -> Result<Rules, PackageError> {
    let time = |key| map.get(key).map(|field| seconds(&field)).transpose();
    Ok(Rules {
        languages: None,
        code: kibibytes(map, "code")?,
        no_file_writing: false,
        compile_cpu: time("compilation_time")?,
        compile_memory: mebibytes(map, "compilation_memory")?,
        jury_cpu: time("validation_time")?,
        jury_memory: mebibytes(map, "validation_memory")?,
        jury_output: mebibytes(map, "validation_output")?,
    })
}

fn inference(map: &Map<'_>, legacy: bool) -> Result<Inference, PackageError> {
    let factor =
        |field: Option<Field<'_>>, default: u32| field.map_or(Ok(default), |field| factor(&field));
    let (mut ac, mut tle) = (2_000, 1_500);
    if legacy {
        ac = factor(map.get("time_multiplier"), 5_000)?;
        tle = factor(map.get("time_safety_margin"), 2_000)?;
    }
    if let Some(multipliers) = map.get("time_multipliers") {
        let keys = multipliers.map()?;
        ac = factor(keys.get("ac_to_time_limit"), ac)?;
        tle = factor(keys.get("time_limit_to_tle"), tle)?;
        keys.close()?;
    }
    let resolution = match map.get("time_resolution") {
        Some(field) => seconds(&field)?,
        None => CpuTime::from_secs(1),
    };
    Ok(Inference { ac_to_limit_milli: ac, limit_to_tle_milli: tle, resolution })
}

/// A factor from 1, in thousandths.
fn factor(field: &Field<'_>) -> Result<u32, PackageError> {
    let expected = "a number from 1 to 1000, such as 2.5";
    let number = field.number(expected)?;
    if !(1.0..=1_000.0).contains(&number) {
        return Err(field.wrong(format!("`{number}`; expected {expected}")));
    }
    Ok(whole(number * 1_000.0).try_into().unwrap_or(u32::MAX))
}

/// A time in seconds, above zero.
fn seconds(field: &Field<'_>) -> Result<CpuTime, PackageError> {
    let expected = "seconds, such as 1.5";
    let number = field.number(expected)?;
    micros(number).ok_or_else(|| field.wrong(format!("`{number}`; expected {expected}")))
}

/// Seconds as a time, from a microsecond to a day.
fn micros(seconds: f64) -> Option<CpuTime> {
    let micros = seconds * 1e6;
    (1.0..=86_400e6).contains(&micros).then(|| CpuTime::from_micros(whole(micros)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "every caller has checked that the number is positive and far below the highest"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn mebibytes(map: &Map<'_>, key: &'static str) -> Result<Option<Bytes>, PackageError> {
    size(map, key, 1 << 20, "whole mebibytes, such as 256")
}

fn kibibytes(map: &Map<'_>, key: &'static str) -> Result<Option<Bytes>, PackageError> {
    size(map, key, 1 << 10, "whole kibibytes, such as 128")
}

fn size(
    map: &Map<'_>,
    key: &'static str,
    unit: u64,
    expected: &str,
) -> Result<Option<Bytes>, PackageError> {
    let Some(field) = map.get(key) else { return Ok(None) };
    let text = field.text(expected)?;
    let number = text.parse::<u64>().ok().filter(|number| (1..=1 << 20).contains(number));
    let number = number.ok_or_else(|| field.wrong(format!("`{text}`; expected {expected}")))?;
    Ok(Some(Bytes::new(number.saturating_mul(unit))))
}

fn time_limit_file(place: &Place<'_>) -> Result<Option<CpuTime>, PackageError> {
    if !place.holds(TIME_LIMIT_FILE) {
        return Ok(None);
    }
    let text = place.text(TIME_LIMIT_FILE)?;
    let read = crate::yaml::decimal(text.trim()).and_then(micros);
    let wrong = || place.wrong(TIME_LIMIT_FILE, "expected the time limit in seconds, such as 1.5");
    read.map(Some).ok_or_else(wrong)
}

/// `timelimit = 2` of another judge's settings.
fn domjudge_time_limit(place: &Place<'_>) -> Result<Option<CpuTime>, PackageError> {
    if !place.holds(DOMJUDGE_FILE) {
        return Ok(None);
    }
    let text = place.text(DOMJUDGE_FILE)?;
    let mut settings = text.lines().filter_map(|line| line.split_once('='));
    let Some((_, value)) = settings.find(|(key, _)| key.trim() == "timelimit") else {
        return Ok(None);
    };
    let value = value.trim().trim_matches(['\'', '"']);
    let wrong = || place.wrong(DOMJUDGE_FILE, "timelimit: expected seconds, such as 1.5");
    crate::yaml::decimal(value).and_then(micros).map(Some).ok_or_else(wrong)
}
