//! One language file: `cluster-config/languages/cpp17.toml` explains every key.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use minos_model::{LanguageId, LimitError, Limits, RawLimits};
use toml::Table;

use crate::bounds::MAX_LANGUAGE_FILE;
use crate::keys::{Keys, Mistakes};
use crate::relative::normalise;
use crate::{Allowance, Language, LanguagesError, Mistake, RunStep, Step};

/// Names and texts of the language files of a directory, by name.
pub(crate) fn files_of(dir: &Path) -> Result<Vec<(String, String)>, LanguagesError> {
    let mut mistakes = Vec::new();
    let mut note = |path: &Path, problem: String| {
        let file = path.display().to_string();
        mistakes.push(Mistake { file, key: "file".to_owned(), problem });
    };
    let mut files = Vec::new();
    match fs::read_dir(dir) {
        Err(error) => note(dir, format!("cannot list the directory: {error}")),
        Ok(entries) => {
            for entry in entries.flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == "toml") {
                    match text_of(&path) {
                        Ok(text) => files.push((path.display().to_string(), text)),
                        Err(problem) => note(&path, problem),
                    }
                }
            }
        }
    }
    if files.is_empty() && mistakes.is_empty() {
        let (file, key) = (dir.display().to_string(), "file".to_owned());
        let problem = "no *.toml in this directory; expected one file per language".to_owned();
        mistakes.push(Mistake { file, key, problem });
    }
    files.sort();
    if mistakes.is_empty() { Ok(files) } else { Err(LanguagesError { mistakes }) }
}

fn text_of(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    let mut text = String::new();
    let mut bounded = file.take(MAX_LANGUAGE_FILE + 1);
    bounded.read_to_string(&mut text).map_err(|error| format!("cannot read it: {error}"))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_LANGUAGE_FILE {
        return Err(format!("more than {MAX_LANGUAGE_FILE} bytes"));
    }
    Ok(text)
}

/// Reads one file; the id is its name.
pub(crate) fn read(file: &str, text: &str) -> Result<Language, Vec<Mistake>> {
    let mistakes = Mistakes::of(file.to_owned());
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            mistakes.note("file", format!("line {line}: not TOML: {}", error.message()));
            return Err(mistakes.into_vec());
        }
    };
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let id = LanguageId::new(stem)
        .map_err(|error| mistakes.note("file", format!("{error}; rename the file")))
        .ok();
    let language = language(id, Keys::root(&table, &mistakes));
    match (language, mistakes.into_vec()) {
        (Some(language), found) if found.is_empty() => Ok(language),
        (_, found) => Err(found),
    }
}

fn language(id: Option<LanguageId>, mut keys: Keys<'_>) -> Option<Language> {
    let name = keys.text("name", "a name for people");
    let extensions = keys.texts("extensions", "extensions without the dot, such as [\"cpp\"]");
    let default_for = keys.texts("default_for", "some of the extensions, or []");
    for extension in extensions.iter().flatten() {
        if extension.starts_with('.') || *extension != extension.to_ascii_lowercase() {
            keys.wrong("extensions", format!("`{extension}`; expected lower case without a dot"));
        }
    }
    for extension in default_for.iter().flatten() {
        if !extensions.iter().flatten().any(|known| known == extension) {
            keys.wrong("default_for", format!("`{extension}` is not among `extensions`"));
        }
    }
    let source_name = keys.text("source", "a file name, such as main.cpp");
    if source_name.as_deref().is_some_and(|name| !is_plain(name) || name.contains('/')) {
        keys.wrong("source", "expected a plain file name, such as main.cpp");
    }
    let polygon = keys.texts("polygon", "source types of Polygon, such as [\"cpp.*\"], or []");
    for pattern in polygon.iter().flatten() {
        if pattern.matches('*').count() > 1 {
            keys.wrong("polygon", format!("`{pattern}` has more than one `*`"));
        }
    }
    let kattis = keys.perhaps_texts("kattis", "names of ICPC/Kattis packages, such as [\"cpp\"]");
    let packages = keys.perhaps_texts("packages", "Debian packages, such as [\"g++\"]");
    let (processes, files) = (keys.count("processes"), keys.count("files"));
    let version = command(&mut keys, "version");
    let hello = keys.text("hello", "a program that prints hello");
    let compile = keys.table("compile").map(step);
    let run = match keys.table("run") {
        Some(run) => run_step(run, compile.as_ref().map(Option::as_ref), source_name.as_deref()),
        None => {
            keys.wrong("run", "missing; expected a table with the command, argv");
            None
        }
    };
    if let (Some(processes), Some(files)) = (processes, files) {
        let raw = RawLimits { processes, files, ..RawLimits::default() };
        if let Err(error) = Limits::new(raw) {
            keys.wrong(limit_name(&error), error.to_string());
        }
    }
    keys.close();
    Some(Language {
        id: id?,
        name: name?,
        extensions: extensions?,
        default_for: default_for?,
        source_name: source_name?,
        compile: match compile {
            None => None,
            Some(step) => Some(step?),
        },
        run: run?,
        processes: processes?,
        files: files?,
        version: version?,
        hello: hello?,
        polygon: polygon?,
        kattis,
        packages,
    })
}

fn step(mut keys: Keys<'_>) -> Option<Step> {
    let argv = command(&mut keys, "argv");
    let env = keys.variables("env");
    let artefacts = keys.texts("artefacts", "files that a run needs, such as [\"main\"]");
    if artefacts.as_ref().is_some_and(Vec::is_empty) {
        keys.wrong("artefacts", "an empty list; expected the files that a run needs");
    }
    for artefact in artefacts.iter().flatten().filter(|artefact| !is_plain(artefact)) {
        keys.wrong("artefacts", format!("`{artefact}`; expected plain paths relative to /w"));
    }
    let limits = match keys.table("limits") {
        Some(limits) => limits_of(limits),
        None => {
            keys.wrong("limits", "missing; expected a table of what the compiler may use");
            None
        }
    };
    let precompiled = keys.perhaps_text("precompiled", "a header, such as \"bits/stdc++.h\"");
    if precompiled.as_deref().is_some_and(|header| !is_plain(header)) {
        keys.wrong("precompiled", "expected a header's plain path, such as bits/stdc++.h");
    }
    keys.close();
    Some(Step { argv: argv?, env, artefacts: artefacts?, limits: limits?, precompiled })
}

fn limits_of(mut keys: Keys<'_>) -> Option<RawLimits> {
    let (cpu, wall) = (keys.parsed("cpu", "a time"), keys.parsed("wall", "a time"));
    let (memory, output) = (keys.parsed("memory", "a size"), keys.parsed("output", "a size"));
    let (processes, files) = (keys.count("processes"), keys.count("files"));
    let raw = (|| {
        Some(RawLimits {
            cpu: cpu?,
            wall: wall?,
            memory: memory?,
            output: output?,
            processes: processes?,
            files: files?,
            stack: None,
        })
    })();
    if let Some(Err(error)) = raw.map(Limits::new) {
        keys.wrong(limit_name(&error), error.to_string());
    }
    keys.close();
    raw
}

/// The run's command. `compile` is `None` without a compilation and `Some(None)` with a broken one.
fn run_step(
    mut keys: Keys<'_>,
    compile: Option<Option<&Step>>,
    source: Option<&str>,
) -> Option<RunStep> {
    let expected = "an absolute path, or ./ and an artefact, then arguments";
    let argv = keys.texts("argv", expected);
    let env = keys.variables("env");
    let allowance = keys.table("allowance").map_or_else(|| Some(Allowance::default()), allowance);
    match argv.as_ref().map(|argv| argv.first().map(String::as_str)) {
        None => {}
        Some(Some(program)) if program.starts_with('/') => {}
        Some(Some(program)) => {
            let artefact = program.strip_prefix("./");
            let there = match compile {
                Some(Some(step)) => {
                    artefact.is_some_and(|name| step.artefacts.iter().any(|known| known == name))
                }
                Some(None) => artefact.is_some(),
                None => artefact.is_some() && artefact == source,
            };
            if !there {
                keys.wrong("argv", format!("`{program}`; expected {expected}"));
            }
        }
        Some(None) => keys.wrong("argv", format!("an empty list; expected {expected}")),
    }
    keys.close();
    Some(RunStep { argv: argv?, env, allowance: allowance? })
}

fn allowance(mut keys: Keys<'_>) -> Option<Allowance> {
    let (cpu, memory) = (keys.parsed("cpu", "a time"), keys.parsed("memory", "a size"));
    keys.close();
    Some(Allowance { cpu: cpu?, memory: memory? })
}

/// A command of the machine: an absolute path, then arguments.
fn command(keys: &mut Keys<'_>, key: &'static str) -> Option<Vec<String>> {
    let expected = "a command: an absolute path, then its arguments";
    let argv = keys.texts(key, expected)?;
    if argv.first().is_none_or(|program| !program.starts_with('/')) {
        keys.wrong(key, format!("expected {expected}"));
        return None;
    }
    Some(argv)
}

/// Mistakes that no single file shows: an extension or a type that two languages claim.
pub(crate) fn clashes(languages: &[Language]) -> Vec<Mistake> {
    let mut claims: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for language in languages {
        let id = language.id.as_str();
        for extension in &language.default_for {
            claims.entry(("default_for", extension)).or_default().push(id);
        }
        for pattern in &language.polygon {
            claims.entry(("polygon", pattern)).or_default().push(id);
        }
        for name in &language.kattis {
            claims.entry(("kattis", name)).or_default().push(id);
        }
    }
    let mut mistakes = Vec::new();
    for ((key, value), ids) in claims {
        if let [first, second, ..] = ids.as_slice() {
            mistakes.push(Mistake {
                file: format!("{second}.toml"),
                key: key.to_owned(),
                problem: format!("`{value}` is already claimed by {first}.toml"),
            });
        }
    }
    mistakes
}

fn is_plain(path: &str) -> bool {
    normalise(path).is_ok_and(|normal| normal.as_deref() == Some(path))
}

const fn limit_name(error: &LimitError) -> &'static str {
    let (LimitError::TooLow { name, .. } | LimitError::TooHigh { name, .. }) = error;
    name
}
